//! How each browser is started, and how what a page writes to its console is heard.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use thirtyfour::bidi::events::LogEntryAdded;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::common::capabilities::firefox::FirefoxPreferences;
use thirtyfour::{
    Capabilities, CapabilitiesHelper, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
};

use crate::failure::{Failure, Outcome};
use crate::setup::{self, Engine};

const CHROMIUM_FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--lang=en-US",
    "--window-size=1280,860",
];
const FIREFOX_FLAGS: [&str; 3] = ["-headless", "--width=1280", "--height=860"];
/// What Firefox would otherwise ask the network for by itself; its driver turns off the rest.
const FIREFOX_OFF: [&str; 8] = [
    "app.normandy.enabled",
    "browser.safebrowsing.malware.enabled",
    "browser.safebrowsing.phishing.enabled",
    "browser.search.update",
    "dom.push.connection.enabled",
    "extensions.systemAddon.update.enabled",
    "network.captive-portal-service.enabled",
    "network.connectivity-service.enabled",
];
/// A first start on a busy machine takes longer than most commands ever do.
const COMMAND: Duration = Duration::from_secs(180);

/// What pages write to the console.
#[derive(Clone)]
pub enum Console {
    /// The driver keeps it until it is asked.
    Kept,
    /// It is told as it happens and gathered here, as level and text.
    Told(Arc<Mutex<Vec<(String, String)>>>),
    /// The driver has no way to it.
    Unheard,
}

impl Console {
    /// What was written since the last call.
    pub async fn take(&self, driver: &WebDriver) -> Outcome<Vec<(String, String)>> {
        match self {
            Self::Kept => {
                let entries = driver.browser_log().await?;
                let pairs = entries
                    .into_iter()
                    .map(|entry| (entry.level, entry.message));
                Ok(pairs.collect())
            }
            Self::Unheard => Ok(Vec::new()),
            Self::Told(lines) => Ok(std::mem::take(
                &mut *lines.lock().unwrap_or_else(PoisonError::into_inner),
            )),
        }
    }
}

/// Starts a browser with an empty profile.
pub async fn start(engine: Engine) -> Outcome<(WebDriver, Console)> {
    let wanted: Capabilities = match engine {
        Engine::Chromium => chromium()?,
        Engine::Firefox => firefox()?,
        Engine::WebKit => webkit()?,
    };
    let driver = WebDriver::builder(setup::driver(), wanted)
        .request_timeout(COMMAND)
        .await
        .map_err(|error| {
            Failure::new(format!(
                "no browser: {error}. `cargo xtask test e2e` starts what the journeys need"
            ))
        })?;
    let console = match engine {
        Engine::Chromium => Ok(Console::Kept),
        Engine::Firefox => listen(&driver).await,
        // It takes no size at its start.
        Engine::WebKit => match driver.set_window_rect(0, 0, 1280, 860).await {
            Ok(()) => Ok(Console::Unheard),
            Err(error) => Err(error.into()),
        },
    };
    match console {
        Ok(console) => Ok((driver, console)),
        Err(failure) => {
            // The driver of Firefox has one session at a time: one left over would stop all other journeys.
            driver.quit().await?;
            Err(failure)
        }
    }
}

fn chromium() -> Outcome<Capabilities> {
    let mut wanted = DesiredCapabilities::chrome();
    for flag in CHROMIUM_FLAGS {
        wanted.add_arg(flag)?;
    }
    if let Some(binary) = setup::binary() {
        wanted.set_binary(&binary)?;
    }
    wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(wanted.into())
}

fn firefox() -> Outcome<Capabilities> {
    let mut wanted = DesiredCapabilities::firefox();
    for flag in FIREFOX_FLAGS {
        wanted.add_arg(flag)?;
    }
    if let Some(binary) = setup::binary() {
        wanted.set_firefox_binary(&binary)?;
    }
    let mut preferences = FirefoxPreferences::new();
    for name in FIREFOX_OFF {
        preferences.set(name, false)?;
    }
    preferences.set("intl.accept_languages", "en-US")?;
    wanted.set_preferences(preferences)?;
    wanted.enable_bidi()?;
    Ok(wanted.into())
}

fn webkit() -> Outcome<Capabilities> {
    let binary = setup::binary().unwrap_or_else(|| "MiniBrowser".to_owned());
    let mut wanted = Capabilities::new();
    let options = json!({"binary": binary, "args": ["--automation"]});
    wanted.set("webkitgtk:browserOptions", options)?;
    Ok(wanted)
}

async fn listen(driver: &WebDriver) -> Outcome<Console> {
    // An error says that another journey has made the choice.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut entries = driver.bidi().await?.subscribe::<LogEntryAdded>().await?;
    let kept = lines.clone();
    tokio::spawn(async move {
        while let Some(entry) = entries.next().await {
            let line = (
                entry.level.to_string().to_uppercase(),
                entry.text.unwrap_or_default(),
            );
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    });
    Ok(Console::Told(lines))
}
