//! The app's window while it is open: its page, its commands, its end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use enfilade_e2e::app::App;
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::setup::Setup;
use enfilade_e2e::{Browser, Failure, Found, Outcome};
use serde_json::{Value, json};
use thirtyfour::{Capabilities, WebDriver};

/// Origin of the bundled page.
pub const ORIGIN: &str = "tauri://localhost";
const COMMAND: Duration = Duration::from_secs(120);

/// An open window, with the driver behind it.
pub struct Window {
    /// The page.
    pub browser: Browser,
    driver: Option<Child>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// With this value; `undefined` is the text `undefined`.
    Value(Value),
    /// With this refusal.
    Refused(Value),
    /// Not at all, while it was waited for.
    Silent,
}

impl Answer {
    /// The kind of a refusal.
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal["kind"].as_str(),
            _ => None,
        }
    }

    /// Whether it is this value.
    pub fn is(&self, value: &Value) -> bool {
        matches!(self, Self::Value(found) if found == value)
    }
}

impl Window {
    /// Waits for the driver and opens the window through it.
    pub(crate) async fn open(driver: Child, port: u16, program: &Path) -> Outcome<Self> {
        let address = format!("http://127.0.0.1:{port}");
        let mut window = Some(driver);
        let opened = session(&address, program).await;
        match opened {
            Ok(session) => Ok(Self {
                browser: Browser::of_window(session),
                driver: window,
            }),
            Err(failure) => {
                end(&mut window);
                Err(failure)
            }
        }
    }

    /// The app in it.
    pub fn app(&self, setup: &Setup) -> App {
        let setup = Setup {
            app: ORIGIN.to_owned(),
            ..setup.clone()
        };
        App::new(&self.browser, &setup)
    }

    /// Waits until the app takes input.
    pub async fn ready(&self) -> Outcome<()> {
        self.app(&Setup::from_env()).ready().await
    }

    /// Loads the page again and waits until it takes input.
    pub async fn reload(&self) -> Outcome<()> {
        self.browser.reload().await?;
        self.ready().await
    }

    /// From any page of the app to the one that asks for an address, and on with one.
    pub async fn add(&self, setup: &Setup, address: &str) -> Outcome<()> {
        let link = Found::named("link", "Add a server");
        self.browser.click(&link).await?;
        self.app(setup).connect(address).await
    }

    /// Calls a command as the page would, and waits for so long.
    pub async fn call_within(
        &self,
        limit: Duration,
        command: &str,
        arguments: Value,
    ) -> Outcome<Answer> {
        let script = format!(
            r"const done = arguments[arguments.length - 1];
            const silent = setTimeout(() => done(['silent']), {});
            const ended = (word) => (value) => {{ clearTimeout(silent); done([word, value === undefined ? 'undefined' : value]); }};
            try {{ window.__TAURI_INTERNALS__.invoke({}, {arguments}).then(ended('value'), ended('refused')); }}
            catch (error) {{ ended('refused')(String(error)); }}",
            limit.as_millis(),
            json!(command),
        );
        let told = self.browser.script_async(&script).await?;
        let value = told[1].clone();
        Ok(match told[0].as_str() {
            Some("value") => Answer::Value(value),
            Some("refused") => Answer::Refused(value),
            _ => Answer::Silent,
        })
    }

    /// Calls a command as the page would.
    pub async fn call(&self, command: &str, arguments: Value) -> Outcome<Answer> {
        self.call_within(PATIENCE, command, arguments).await
    }

    /// Closes the window and waits for the end of all that ran for it.
    pub async fn close(mut self) -> Outcome<()> {
        let quit = self.browser.clone().quit().await;
        end(&mut self.driver);
        quit
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        end(&mut self.driver);
    }
}

async fn session(address: &str, program: &Path) -> Outcome<WebDriver> {
    let mut wanted = Capabilities::new();
    wanted.set("tauri:options", json!({ "application": program }))?;
    // Its own port opens before that of the driver behind it, which it needs for everything.
    let until = Instant::now() + PATIENCE;
    while !reqwest::get(format!("{address}/status"))
        .await
        .is_ok_and(|answer| answer.status().is_success())
    {
        if Instant::now() > until {
            return Err(Failure::new(
                "tauri-driver does not answer: it, or WebKitWebDriver, is missing",
            ));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let session = WebDriver::builder(address, wanted)
        .request_timeout(COMMAND)
        // It drops connections that it kept open.
        .keep_alive(false)
        .await?;
    session.set_script_timeout(COMMAND).await?;
    Ok(session)
}

/// Ends a process group, politely.
fn end(driver: &mut Option<Child>) {
    let Some(mut child) = driver.take() else {
        return;
    };
    for signal in ["-TERM", "-KILL"] {
        let group = format!("-{}", child.id());
        // What has gone already is what is wanted.
        let _ = Command::new("kill").args([signal, "--", &group]).output();
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A port nobody listens on now.
pub(crate) fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
