//! Starts the demonstration servers and says where they are.

use std::process::ExitCode;

use clap::Parser as _;
use enfilade_demo::cli::{Asked, Cli};
use enfilade_demo::{Running, left_alone, start, start_local};

/// Exit code when nothing could be started.
const NOT_STARTED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let asked = Cli::parse().into();
    let is_local = matches!(asked, Asked::Local(_));
    let started = match asked {
        Asked::All(options) => start(options).await,
        Asked::Local(options) => start_local(options).await,
    };
    let running = match started {
        Ok(running) => running,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(NOT_STARTED);
        }
    };
    let ended = if is_local {
        tell_port(&running);
        tokio::select! {
            () = left_alone() => Ok(()),
            ended = tokio::signal::ctrl_c() => ended,
        }
    } else {
        tell(&running);
        tokio::signal::ctrl_c().await
    };
    running.stop().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Ctrl+C cannot be waited for: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The one line that the desktop app reads.
fn tell_port(running: &Running) {
    for (_, address, _) in &running.servers {
        println!("listening {address}");
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
