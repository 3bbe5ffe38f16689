//! `cargo xtask dev`: the demo servers and the app, rebuilt whenever a file changes.

use std::time::Duration;

use crate::cli::Dev;
use crate::demo;
use crate::failure::{Failure, Outcome};
use crate::http::{must_be_free, wait_until_up};
use crate::process::{Running, interrupted, pause, run};
use crate::tools::{self, cargo, tool};
use crate::workspace::{APP_BIN, WASM, target};

/// Starts all of it and stays until Ctrl+C.
pub fn run_dev(options: &Dev) -> Outcome<()> {
    let result = up(options, &[]).and_then(|mut running| stay(&mut running));
    if interrupted() {
        println!("\nended");
        return Ok(());
    }
    result
}

/// Starts the demo servers and the app, built with those features.
pub fn up(options: &Dev, features: &[&str]) -> Outcome<[Running; 2]> {
    must_be_free(options.port, "the app", "choose another one with --port")?;
    tools::need_wasm_target()?;
    tools::need_wasm_bindgen()?;
    tools::need_trunk()?;
    if options.release {
        tools::need_wasm_opt()?;
    }
    demo::build()?;
    build_app(options, features)?;
    let mut demo = demo::start(demo::DEV_PORT, &demo_options(options))?;
    let mut app = serve(options, features)?;
    let limit = Duration::from_secs(600);
    wait_until_up(&mut app, "the app", options.port, "/", limit)?;
    demo.must_run()?;
    print!("{}", greeting(options.port));
    Ok([demo, app])
}

/// Stays until one of them ends, which is a failure, or Ctrl+C.
pub fn stay(running: &mut [Running]) -> Outcome<()> {
    loop {
        for program in running.iter_mut() {
            program.must_run()?;
        }
        pause(Duration::from_millis(300))?;
    }
}

fn demo_options(options: &Dev) -> Vec<&str> {
    let data = options.data.as_ref().and_then(|folder| folder.to_str());
    let pairs = [
        ("--llm", options.llm.as_deref()),
        ("--model", options.model.as_deref()),
        ("--data", data),
    ];
    pairs
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| [name, value]))
        .flatten()
        .collect()
}

/// Once before trunk does: trunk goes on after a failed build, and this command should not.
fn build_app(options: &Dev, features: &[&str]) -> Outcome<()> {
    let mut command = cargo();
    command.args(["build", "--target", WASM, "--package", "enfilade"]);
    command.args(["--bin", APP_BIN]);
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    if options.release {
        command.arg("--release");
    }
    run("the build of the app", &mut command)
}

fn serve(options: &Dev, features: &[&str]) -> Outcome<Running> {
    let mut trunk = tool("trunk");
    trunk
        // What it would download is here already, and it takes NO_COLOR=1 for an error.
        .args(["serve", "--offline=true", "--skip-version-check"])
        .env_remove("NO_COLOR")
        .args(["--port", &options.port.to_string()])
        .arg("--dist")
        .arg(target().join("dev-web"));
    if options.release {
        trunk.arg("--release");
    }
    if !features.is_empty() {
        trunk.args(["--features", &features.join(",")]);
    }
    Running::start("trunk serve", &mut trunk)
}

fn greeting(port: u16) -> String {
    let mut text = format!("\n  Enfilade is ready: http://127.0.0.1:{port}/\n\n");
    let servers = demo::SERVERS.into_iter().zip(demo::ports(demo::DEV_PORT));
    let cores = demo::CORES
        .into_iter()
        .zip(demo::core_ports(demo::DEV_PORT));
    for ((name, sign_in), port) in servers.chain(cores) {
        text.push_str(&format!("  {name:<8} http://127.0.0.1:{port}  {sign_in}\n"));
    }
    text + "\n  Ctrl+C ends all of it.\n\n"
}

/// A folder that does not exist cannot be told from a typing mistake: it is made by the demo, so only its form is checked.
pub fn check(options: &Dev) -> Outcome<()> {
    match &options.data {
        Some(folder) if folder.is_file() => Err(Failure::new(format!(
            "--data {} is a file: name a folder",
            folder.display()
        ))),
        Some(folder) if folder.to_str().is_none() => {
            Err(Failure::new("--data: the folder's name is not Unicode"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn options() -> Dev {
        Dev {
            port: 8080,
            llm: Some("http://127.0.0.1:9".to_owned()),
            model: None,
            data: Some(PathBuf::from("kept")),
            release: false,
        }
    }

    #[test]
    fn the_demo_gets_the_options_that_were_given() {
        assert_eq!(
            demo_options(&options()),
            ["--llm", "http://127.0.0.1:9", "--data", "kept"]
        );
    }

    #[test]
    fn the_greeting_names_the_app_and_every_demo_server() {
        let text = greeting(9000);
        assert!(text.contains("http://127.0.0.1:9000/"));
        for (name, _) in demo::SERVERS.into_iter().chain(demo::CORES) {
            assert!(text.contains(name), "{text}");
        }
        for port in 8701..=8705 {
            assert!(text.contains(&format!("http://127.0.0.1:{port}")), "{text}");
        }
    }

    #[test]
    fn a_file_cannot_be_the_data_folder() {
        let mut options = options();
        assert!(check(&options).is_ok());
        options.data = Some(crate::workspace::root().join("Cargo.toml"));
        assert!(check(&options).is_err());
    }
}
