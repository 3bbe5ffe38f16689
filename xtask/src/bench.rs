//! `cargo xtask bench`: what things cost, natively and in the browser, held to what was promised.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::browser::{self, Browser, Driver};
use crate::build;
use crate::cli::Bench;
use crate::failure::{Failure, Outcome, Trying};
use crate::http::{free_port, must_be_free, wait_until_up};
use crate::process::{Running, run};
use crate::tools::{self, cargo};
use crate::workspace::{dist, root, target};

/// How many ports the demo takes.
const PORTS: u16 = 6;
/// The server that asks nobody to sign in, counted from the first of them.
const COMMONS: u16 = 3;
const START: Duration = Duration::from_secs(30);
/// Attempts to find ports side by side.
const ATTEMPTS: usize = 50;

/// Runs the native measurements and those in the browser, all of them, before it fails for any.
pub fn run_bench(options: &Bench) -> Outcome<()> {
    let mut broken = Vec::new();
    if options.parts.is_empty() || options.parts.iter().any(|part| part == "native") {
        for name in native()? {
            println!("\n== {name} ==");
            let mut command = cargo();
            command.args(["bench", "--package", "enfilade", "--bench", &name]);
            if run(&format!("the measurement {name}"), &mut command).is_err() {
                broken.push(name);
            }
        }
    }
    let mut parts = options.parts.clone();
    parts.retain(|part| part != "native");
    if options.parts.is_empty() || !parts.is_empty() {
        println!("\n== in the browser ==");
        if let Err(failure) = in_browser(options, &parts) {
            broken.push(format!("in the browser ({failure})"));
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "not as promised: {}",
        broken.join(", ")
    )))
}

/// The measurements in `benches/`, by name.
fn native() -> Outcome<Vec<String>> {
    let files = fs::read_dir(root().join("benches")).trying(|| "read benches/".to_owned())?;
    let paths = files.flatten().map(|file| file.path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn in_browser(options: &Bench, parts: &[String]) -> Outcome<()> {
    if is_stale()? {
        println!("dist/ is older than its sources, or not there: building it");
        build::run_build()?;
    }
    let programs = browser::need(Browser::Chromium)?;
    let package = tools::need_streaming_markdown()?;
    let site = site(&package)?;
    run(
        "the build of the demo servers",
        cargo().args(["build", "--package", "enfilade-demo", "--profile", "bench"]),
    )?;
    run(
        "the build of the measurements",
        cargo().args(["build", "--package", "enfilade-e2e", "--bin", "bench"]),
    )?;
    let (base, app) = ports()?;
    let _demo = demo(&site, base, app)?;
    let driver = Driver::start(&programs)?;
    let mut command = program("debug", "bench");
    command
        .env("ENFILADE_APP", format!("http://127.0.0.1:{app}"))
        .env(
            "ENFILADE_SERVER1",
            format!("http://127.0.0.1:{}", base + COMMONS),
        )
        .env(
            "ENFILADE_DRIVER",
            format!("http://127.0.0.1:{}", driver.port),
        )
        .env("ENFILADE_BENCH", parts.join(" "));
    if options.quick {
        command.env("ENFILADE_QUICK", "1");
    }
    if let Some(binary) = &programs.binary {
        command.env("ENFILADE_BINARY", binary);
    }
    run("the measurement in the browser", &mut command)
}

fn program(profile: &str, name: &str) -> Command {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(target().join(profile).join(name));
    command.current_dir(root());
    command
}

/// Whether the release lacks, or lacks something that was written since.
fn is_stale() -> Outcome<bool> {
    let made = dist().join("index.html");
    if !made.is_file() {
        return Ok(true);
    }
    let made = changed(&made)?;
    let sources = [
        "src",
        "style",
        "public",
        "index.html",
        "Cargo.toml",
        "Cargo.lock",
    ];
    for source in sources {
        if newest(&root().join(source))? > made {
            return Ok(true);
        }
    }
    Ok(false)
}

fn changed(path: &Path) -> Outcome<SystemTime> {
    let read = || fs::metadata(path)?.modified();
    read().trying(|| format!("look at {}", path.display()))
}

fn newest(path: &Path) -> Outcome<SystemTime> {
    let mut newest = changed(path)?;
    if path.is_dir() {
        for entry in entries(path)? {
            newest = newest.max(self::newest(&entry)?);
        }
    }
    Ok(newest)
}

fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let read = || {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let entries: std::io::Result<Vec<PathBuf>> = read();
    entries.trying(|| format!("read {}", folder.display()))
}

/// The release with the comparison pages in its folder `bench`, so that both come from the same port.
fn site(package: &Path) -> Outcome<PathBuf> {
    let site = target().join("bench-site");
    if site.exists() {
        fs::remove_dir_all(&site).trying(|| format!("empty {}", site.display()))?;
    }
    copy(&dist(), &site)?;
    let pages = site.join("bench");
    copy(&root().join("benches").join("pages"), &pages)?;
    fs::copy(package, pages.join("smd.js")).trying(|| "copy streaming-markdown".to_owned())?;
    Ok(site)
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to).trying(|| format!("make {}", to.display()))?;
    for entry in entries(from)? {
        let Some(name) = entry.file_name() else {
            continue;
        };
        let target = to.join(name);
        if entry.is_dir() {
            copy(&entry, &target)?;
        } else {
            fs::copy(&entry, &target).trying(|| format!("copy {}", entry.display()))?;
        }
    }
    Ok(())
}

/// Ports for the demo, side by side, and one for the app.
fn ports() -> Outcome<(u16, u16)> {
    let is_free = |port| must_be_free(port, "", "").is_ok();
    for _ in 0..ATTEMPTS {
        let base = free_port()?;
        let Some(end) = base.checked_add(PORTS) else {
            continue;
        };
        let app = free_port()?;
        if (base..end).all(is_free) && !(base..end).contains(&app) {
            return Ok((base, app));
        }
    }
    Err(Failure::new("cannot find six free ports side by side"))
}

/// The demo servers with the site beside them.
fn demo(site: &Path, base: u16, app: u16) -> Outcome<Running> {
    // Optimised, so that it is not the server that is measured.
    let mut command = program("release", "enfilade-demo");
    command
        .args([
            "--base-port",
            &base.to_string(),
            "--app-port",
            &app.to_string(),
            "--app",
        ])
        .arg(site);
    let mut demo = Running::start("the demo", &mut command)?;
    wait_until_up(&mut demo, "the demo", base + COMMONS, "/api/login", START)?;
    wait_until_up(&mut demo, "the app", app, "/", START)?;
    Ok(demo)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_native_measurement_is_found() {
        assert!(native().unwrap().contains(&"session".to_owned()));
    }

    #[test]
    fn the_ports_of_the_demo_lie_side_by_side_and_the_app_elsewhere() {
        let (base, app) = ports().unwrap();
        assert!(!(base..base + PORTS).contains(&app));
    }
}
