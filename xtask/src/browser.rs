//! Chromium and its driver: found, installed, started.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::{Failure, Outcome, Trying};
use crate::http::{free_port, status, wait_until_up};
use crate::process::{Running, output, run};
use crate::tools::tool;
use crate::workspace::{root, target};

/// Where the browser's programs are.
pub struct Programs {
    /// `CHROME`, if set: otherwise the driver finds the browser.
    pub chrome: Option<OsString>,
    /// The driver.
    pub chromedriver: OsString,
}

fn answers(program: &OsString) -> bool {
    output(Command::new(program).arg("--version")).is_some()
}

/// The driver: `CHROMEDRIVER`, that of a hosted runner (`CHROMEWEBDRIVER` is a folder), or the one on the `PATH`.
fn chromedriver() -> Option<OsString> {
    let hosted = env::var_os("CHROMEWEBDRIVER")
        .map(|folder| Path::new(&folder).join("chromedriver").into_os_string());
    let places = [env::var_os("CHROMEDRIVER"), on_path("chromedriver"), hosted];
    places.into_iter().flatten().find(answers)
}

/// The whole path of a program: the test runner wants one.
fn on_path(name: &str) -> Option<OsString> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .map(PathBuf::into_os_string)
}

fn has_browser() -> bool {
    env::var_os("CHROME").is_some_and(|chrome| answers(&chrome))
        || [
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ]
        .into_iter()
        .filter_map(on_path)
        .any(|browser| answers(&browser))
}

/// Finds Chromium and its driver; installs Debian's where that is allowed, else says what to install.
pub fn need() -> Outcome<Programs> {
    if !has_browser() || chromedriver().is_none() {
        install().map_err(|failure| {
            Failure::new(format!(
                "the browser tests need Chromium and chromedriver ({failure}): install them, on Debian with `apt-get install chromium chromium-driver`, or set CHROME and CHROMEDRIVER"
            ))
        })?;
    }
    let chromedriver = chromedriver().ok_or_else(|| {
        Failure::new("chromedriver cannot be started: set CHROMEDRIVER to its path")
    })?;
    Ok(Programs {
        chrome: env::var_os("CHROME"),
        chromedriver,
    })
}

fn install() -> Outcome<()> {
    if on_path("apt-get").is_none() {
        return Err(Failure::new("there is no apt-get here"));
    }
    let is_root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !is_root && output(Command::new("sudo").args(["-n", "true"])).is_none() {
        return Err(Failure::new("only root may use apt-get here"));
    }
    println!("installing chromium and chromium-driver with apt-get: the browser tests run in them");
    let apt = |arguments: &[&str]| {
        let mut command = if is_root {
            tool("env")
        } else {
            let mut sudo = tool("sudo");
            sudo.args(["-n", "env"]);
            sudo
        };
        command
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
            .args(arguments);
        run("apt-get", &mut command)
    };
    apt(&["update", "-q"])?;
    apt(&["install", "-y", "-q", "chromium", "chromium-driver"])
}

/// A driver that listens; its browsers end with it.
pub struct Driver {
    running: Running,
    /// Where it listens.
    pub port: u16,
}

impl Driver {
    /// Starts the driver on a free port.
    pub fn start(programs: &Programs) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(&programs.chromedriver);
        command.arg(format!("--port={port}")).stdout(Stdio::null());
        let mut driver = Self {
            running: Running::start("chromedriver", &mut command)?,
            port,
        };
        let limit = Duration::from_secs(60);
        wait_until_up(&mut driver.running, "chromedriver", port, "/status", limit)?;
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Closes the browsers that a cut test left open; then the process itself is ended.
        status(self.port, "/shutdown");
    }
}

/// The capabilities file of the WASM tests, with the browser of `CHROME` if that is set.
pub fn webdriver_json(programs: &Programs) -> Outcome<PathBuf> {
    let file = root().join("tests").join("webdriver.json");
    let Some(chrome) = &programs.chrome else {
        return Ok(file);
    };
    let text = std::fs::read_to_string(&file).trying(|| "read tests/webdriver.json".to_owned())?;
    let made = target().join("webdriver.json");
    let chrome = chrome
        .to_string_lossy()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    std::fs::create_dir_all(target()).trying(|| "make the target folder".to_owned())?;
    std::fs::write(&made, with_binary(&text, &chrome))
        .trying(|| "write webdriver.json".to_owned())?;
    Ok(made)
}

/// Names the browser in front of its arguments.
fn with_binary(text: &str, chrome: &str) -> String {
    text.replacen(
        "\"args\"",
        &format!("\"binary\": \"{chrome}\", \"args\""),
        1,
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_of_the_environment_is_named_in_the_capabilities() {
        let text = std::fs::read_to_string(root().join("tests/webdriver.json")).unwrap();
        let made = with_binary(&text, "/opt/chrome");
        assert!(
            made.contains("\"binary\": \"/opt/chrome\", \"args\": ["),
            "{made}"
        );
    }
}
