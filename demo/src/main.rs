//! Starts the demonstration servers and says where they are.

use std::process::ExitCode;

use clap::Parser as _;
use enfilade_demo::cli::Cli;
use enfilade_demo::{Running, start};

/// Exit code when nothing could be started.
const NOT_STARTED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let running = match start(Cli::parse().into()).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(NOT_STARTED);
        }
    };
    tell(&running);
    let ended = tokio::signal::ctrl_c().await;
    running.stop().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Ctrl+C cannot be waited for: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell(running: &Running) {
    if let Some(app) = &running.app {
        println!("App       {app}");
    }
    for (name, address, has_sign_in) in &running.servers {
        let how = if *has_sign_in {
            "any name signs in, there is no password"
        } else {
            "no sign-in"
        };
        println!("{name:<9} {address}  ({how})");
    }
    for (name, address, bearer) in &running.cores {
        println!("{name:<9} {address}  (a core; its bearer is {bearer})");
    }
    println!("Provider  {}", running.provider);
    println!("Ctrl+C ends them.");
}
