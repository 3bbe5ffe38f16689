//! The browsers and their drivers: found, installed, started.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::{Failure, Outcome, Trying};
use crate::http::{free_port, status, wait_until_up};
use crate::process::{Running, output, run};
use crate::tools::{self, tool};
use crate::workspace::{root, target};

/// A browser that tests run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Chromium or Chrome.
    Chromium,
    /// Firefox.
    Firefox,
    /// WebKitGTK's test browser: run on demand, the other two always.
    WebKit,
}

impl Browser {
    /// Those that every test run takes, the quickest first.
    pub const USUAL: [Self; 2] = [Self::Chromium, Self::Firefox];
    const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }

    /// The browser of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|browser| browser.name() == word)
    }

    /// Names of its program.
    const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
            ],
            Self::Firefox => &["firefox-esr", "firefox"],
            Self::WebKit => &["MiniBrowser"],
        }
    }

    /// The environment variables of the browser, of its driver, and of the folder in which a hosted runner has that.
    const fn variables(self) -> [&'static str; 3] {
        match self {
            Self::Chromium => ["CHROME", "CHROMEDRIVER", "CHROMEWEBDRIVER"],
            Self::Firefox => ["FIREFOX", "GECKODRIVER", "GECKOWEBDRIVER"],
            Self::WebKit => ["MINIBROWSER", "WEBKITWEBDRIVER", "WEBKITWEBDRIVER_FOLDER"],
        }
    }

    const fn driver(self) -> &'static str {
        match self {
            Self::Chromium => "chromedriver",
            Self::Firefox => "geckodriver",
            Self::WebKit => "WebKitWebDriver",
        }
    }

    /// Debian's packages of what must be installed there.
    const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium", "chromium-driver"],
            Self::Firefox => &["firefox-esr"],
            Self::WebKit => &["webkit2gtk-driver", "xvfb"],
        }
    }

    fn find(self) -> Option<OsString> {
        let [browser, ..] = self.variables();
        env::var_os(browser)
            .into_iter()
            .chain(self.programs().iter().copied().filter_map(on_path))
            .chain(self.hidden())
            .find(|program| self == Self::WebKit || answers(program))
    }

    /// Debian keeps WebKit's browser out of the `PATH`: `/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser`.
    fn hidden(self) -> Vec<OsString> {
        let inside = |folder: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect()
        };
        let [program, ..] = self.programs() else {
            return Vec::new();
        };
        inside(Path::new("/usr/lib"))
            .iter()
            .flat_map(|folder| inside(folder))
            .filter(|folder| folder.to_string_lossy().contains("/webkit2gtk-"))
            .map(|folder| folder.join(program))
            .filter(|file| self == Self::WebKit && file.is_file())
            .map(PathBuf::into_os_string)
            .collect()
    }

    /// As the environment says, or the one on the `PATH`, or that of a hosted runner.
    fn find_driver(self) -> Option<OsString> {
        let [_, driver, folder] = self.variables();
        let hosted =
            env::var_os(folder).map(|folder| Path::new(&folder).join(self.driver()).into());
        let places = [env::var_os(driver), on_path(self.driver()), hosted];
        places.into_iter().flatten().find(answers)
    }
}

/// Where the programs of a browser are.
pub struct Programs {
    /// Whose they are.
    pub browser: Browser,
    /// The browser, where the driver would not find it by itself.
    pub binary: Option<OsString>,
    /// The driver.
    pub driver: OsString,
}

fn answers(program: &OsString) -> bool {
    output(Command::new(program).arg("--version")).is_some()
}

/// The whole path of a program: the test runner wants one.
fn on_path(name: &str) -> Option<OsString> {
    env::split_paths(&tools::path())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .map(PathBuf::into_os_string)
}

/// Finds a browser and its driver; installs what is missing where that is allowed, else says what to install.
pub fn need(browser: Browser) -> Outcome<Programs> {
    let [variable, driver_variable, _] = browser.variables();
    let has_driver = || browser.find_driver().is_some();
    if browser.find().is_none() || (browser != Browser::Firefox && !has_driver()) {
        let packages = browser.packages().join(" ");
        install(browser).map_err(|failure| {
            Failure::new(format!(
                "the browser tests need {} ({failure}): install it with its driver, on Debian with `apt-get install {packages}`, or set {variable} and {driver_variable}",
                browser.name()
            ))
        })?;
    }
    if browser == Browser::Firefox && !has_driver() {
        tools::need_geckodriver()?;
    }
    let driver = browser.find_driver().ok_or_else(|| {
        Failure::new(format!(
            "{} cannot be started: set {driver_variable} to its path",
            browser.driver()
        ))
    })?;
    let binary = match browser {
        // Its driver knows the usual places.
        Browser::Chromium => env::var_os(variable),
        Browser::Firefox | Browser::WebKit => browser.find(),
    };
    Ok(Programs {
        browser,
        binary,
        driver,
    })
}

fn install(browser: Browser) -> Outcome<()> {
    if on_path("apt-get").is_none() {
        return Err(Failure::new("there is no apt-get here"));
    }
    let is_root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !is_root && output(Command::new("sudo").args(["-n", "true"])).is_none() {
        return Err(Failure::new("only root may use apt-get here"));
    }
    println!(
        "installing {} with apt-get: the journeys run in {}",
        browser.packages().join(" and "),
        browser.name()
    );
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
    apt(&[&["install", "-y", "-q"], browser.packages()].concat())
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
        let name = programs.browser.driver();
        let mut command = Command::new(&programs.driver);
        if programs.browser == Browser::WebKit && env::var_os("DISPLAY").is_none() {
            // It knows no headless mode.
            command = Command::new("xvfb-run");
            command.arg("-a").arg(&programs.driver);
        }
        command.arg(format!("--port={port}")).stdout(Stdio::null());
        if programs.browser == Browser::Firefox {
            // Its own default is one fixed port, which a second run would want too.
            command.arg("--websocket-port=0");
            // Firefox tells of faults of its own there, none of which concern a page.
            command.stderr(Stdio::null());
        }
        let mut driver = Self {
            running: Running::start(name, &mut command)?,
            port,
        };
        let limit = Duration::from_secs(60);
        wait_until_up(&mut driver.running, name, port, "/status", limit)?;
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Chromium's: closes the browsers that a cut test left open; then the process itself is ended.
        status(self.port, "/shutdown");
    }
}

/// The capabilities file of the WASM tests in Chromium, with the browser of `CHROME` if that is set.
pub fn webdriver_json(programs: &Programs) -> Outcome<PathBuf> {
    let file = root().join("tests").join("webdriver.json");
    let Some(chrome) = &programs.binary else {
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
