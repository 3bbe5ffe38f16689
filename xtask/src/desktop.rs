//! `cargo xtask desktop` and `cargo xtask test --desktop`: the app in a window of its own, shown, built and tried.

mod packages;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::build;
use crate::cli::{Desktop, Dev};
use crate::demo;
use crate::dev;
use crate::failure::{Failure, Outcome, Trying};
use crate::process::{Running, interrupted, output, pause, run, run_reading};
use crate::summary::Tally;
use crate::tools::{self, cargo, tool};
use crate::workspace::{root, shown, target};

use packages::{BUILD, TRY};

/// The feature of the app that looks for a shell around the page.
const APP_FEATURE: &str = "desktop";
/// The feature of the shell that takes the bundled app for its page.
const BUNDLED: &str = "custom-protocol";
const SERVER: &str = "enfilade-demo";
const SHELL: &str = "enfilade-desktop";

/// Shows the window, or builds it.
pub fn run_desktop(options: &Desktop) -> Outcome<()> {
    packages::need("the desktop shell", &[BUILD])?;
    if options.release {
        return release();
    }
    let result = show(options.port);
    if interrupted() {
        println!("\nended");
        return Ok(());
    }
    result
}

fn manifest() -> PathBuf {
    root().join("src-tauri/Cargo.toml")
}

/// Where the shell's configuration expects the bundled app.
fn bundled() -> PathBuf {
    root().join("target/desktop/dist")
}

/// Where cargo puts the shell: it is a workspace of its own.
fn built(profile: &str) -> PathBuf {
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || root().join("src-tauri/target"),
        |folder| root().join(folder),
    );
    folder.join(profile)
}

fn shell_cargo(command: &str) -> Command {
    let mut cargo = cargo();
    cargo
        .arg(command)
        .arg("--manifest-path")
        .arg(manifest())
        .arg("--locked");
    cargo
}

/// What `cargo xtask dev` starts, with a window in front of it, until that is closed.
fn show(port: u16) -> Outcome<()> {
    let options = Dev {
        port,
        llm: None,
        model: None,
        data: None,
        release: false,
    };
    // First, so that the window does not come minutes after everything else.
    run(
        "the build of the desktop shell",
        dev_config(&mut shell_cargo("build"), port),
    )?;
    let mut programs = dev::up(&options, &[APP_FEATURE])?;
    let mut window = Running::start("the window", dev_config(&mut shell_cargo("run"), port))?;
    while window.ended()?.is_none() {
        for program in &mut programs {
            program.must_run()?;
        }
        pause(Duration::from_millis(200))?;
    }
    Ok(())
}

/// The address of the page is part of the shell, so that no other page is taken for it.
fn dev_config(command: &mut Command, port: u16) -> &mut Command {
    command.env(
        "TAURI_CONFIG",
        format!(r#"{{"build":{{"devUrl":"http://127.0.0.1:{port}"}}}}"#),
    )
}

/// What is given to people: one program with the app inside, and the local server beside it.
fn release() -> Outcome<()> {
    build::build_for_shell(&bundled())?;
    let server = build_server()?;
    let beside = root().join("src-tauri/binaries");
    let name = format!("{SERVER}-{}{}", host()?, env::consts::EXE_SUFFIX);
    copy(&server, &beside.join(name))?;
    let mut command = shell_cargo("build");
    command.args(["--release", "--features", BUNDLED]);
    // The shell's build puts it beside the program, and a bundler into the package.
    command.env(
        "TAURI_CONFIG",
        r#"{"bundle":{"externalBin":["binaries/enfilade-demo"]}}"#,
    );
    run("the release build of the desktop shell", &mut command)?;
    let folder = built("release");
    println!("\n  {}", shown(&folder.join(program(SHELL))));
    println!(
        "  {}  (the local server: keep the two together)\n",
        shown(&folder.join(program(SERVER)))
    );
    Ok(())
}

fn program(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

fn build_server() -> Outcome<PathBuf> {
    const PROFILE: &str = "server";
    let mut command = cargo();
    command.args(["build", "--package", SERVER, "--profile", PROFILE]);
    run("the release build of the local server", &mut command)?;
    Ok(target().join(PROFILE).join(program(SERVER)))
}

/// The system this machine is, as a bundler wants it in the names of programs.
fn host() -> Outcome<String> {
    let told = output(tool("rustc").arg("-vV")).unwrap_or_default();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc -vV does not say what this system is"))
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    let trying = || format!("copy {} to {}", shown(from), shown(to));
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).trying(trying)?;
    }
    fs::copy(from, to).map(|_| ()).trying(trying)
}

/// The tests of the shell, then the journeys through it.
pub fn test(tally: &mut Tally) -> Outcome<()> {
    packages::need("the tests of the desktop shell", &[BUILD, TRY])?;
    tools::need_tauri_driver()?;
    build::build_for_shell(&bundled())?;
    run(
        "the format check of the desktop shell",
        cargo()
            .args(["fmt", "--check", "--manifest-path"])
            .arg(manifest()),
    )?;
    let mut clippy = shell_cargo("clippy");
    clippy.args([
        "--all-targets",
        "--features",
        BUNDLED,
        "--",
        "-D",
        "warnings",
    ]);
    run("clippy for the desktop shell", &mut clippy)?;
    let mut tests = shell_cargo("test");
    tests.args(["--features", BUNDLED]);
    passed(run_reading(
        "the tests of the desktop shell",
        &mut tests,
        |line| tally.read(line),
    )?)?;
    let mut shell = shell_cargo("build");
    shell.args(["--features", BUNDLED]);
    run("the build of the desktop shell", &mut shell)?;
    journeys(tally)
}

fn journeys(tally: &mut Tally) -> Outcome<()> {
    demo::build()?;
    let _demo = demo::start(demo::TEST_PORT, &[])?;
    let mut command = tool("xvfb-run");
    command
        .args(["-a", "--server-args=-screen 0 1400x1000x24"])
        .arg(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "test",
            "--package",
            "enfilade-desktop-e2e",
            "--no-fail-fast",
            "--",
        ])
        .args(["--test-threads=1", "--show-output"])
        .env("ENFILADE_KIND", "demo")
        // The page is drawn by WebKit, which decides where evidence is kept.
        .env("ENFILADE_BROWSER", "webkit")
        .env("ENFILADE_SHELL", built("debug").join(program(SHELL)))
        .env(
            "ENFILADE_SIDECAR",
            target().join("debug").join(program(SERVER)),
        );
    for (number, port) in demo::ports(demo::TEST_PORT).enumerate() {
        command.env(
            format!("ENFILADE_SERVER{}", number + 1),
            format!("http://127.0.0.1:{port}"),
        );
    }
    passed(run_reading(
        "the journeys of the desktop shell",
        &mut command,
        |line| tally.read(line),
    )?)
}

fn passed(passed: bool) -> Outcome<()> {
    if passed {
        Ok(())
    } else {
        Err(Failure::new("see the failures above"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_looks_for_the_bundled_app_where_it_is_put() {
        let config = fs::read_to_string(root().join("src-tauri/tauri.conf.json")).unwrap();
        assert!(
            config.contains("\"frontendDist\": \"../target/desktop/dist\""),
            "{config}"
        );
        assert!(bundled().ends_with("target/desktop/dist"));
    }

    #[test]
    fn every_command_of_the_shell_is_registered_listed_and_allowed() {
        let read = |file: &str| fs::read_to_string(root().join("src-tauri").join(file)).unwrap();
        let (build, lib, allowed) = (
            read("build.rs"),
            read("src/lib.rs"),
            read("capabilities/main.json"),
        );
        let listed: Vec<&str> = build
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
            .collect();
        let registered: Vec<&str> = lib
            .lines()
            .filter_map(|line| line.trim().strip_prefix("commands::")?.strip_suffix(','))
            .collect();
        let permitted: Vec<String> = allowed
            .lines()
            .filter_map(|line| {
                line.trim()
                    .strip_prefix("\"allow-")?
                    .trim_end_matches(',')
                    .strip_suffix('"')
            })
            .map(|name| name.replace('-', "_"))
            .collect();
        assert!(listed.len() > 10, "{listed:?}");
        assert_eq!(listed, registered);
        assert_eq!(listed, permitted);
    }

    #[test]
    fn the_capability_opens_no_plugin() {
        let allowed = fs::read_to_string(root().join("src-tauri/capabilities/main.json")).unwrap();
        for word in [
            "core:",
            "shell:",
            "fs:",
            "http:",
            "opener:",
            "\"remote\"",
            "*",
        ] {
            assert!(!allowed.contains(word), "{word}");
        }
    }
}
