//! What the journeys run against, read from the environment.

use std::env;
use std::path::PathBuf;

/// The kind of server, which decides how a session is made to end and what the rooms are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The servers of `demo/`.
    Demo,
    /// Soliplex itself.
    Real,
}

/// The environment of a journey.
#[derive(Clone, Debug)]
pub struct Setup {
    /// `ENFILADE_APP`: origin of the app.
    pub app: String,
    /// `ENFILADE_KIND`: `demo` or `real`.
    pub kind: Kind,
    /// `ENFILADE_SERVER1`.
    pub server1: String,
    /// `ENFILADE_SERVER2`, where there is a second one.
    pub server2: Option<String>,
    /// `ENFILADE_USER`: the name to sign in with.
    pub user: String,
    /// `ENFILADE_IDP`: the sign-in provider of real servers.
    pub idp: String,
    /// `ENFILADE_CORE1` and `ENFILADE_CORE2`: address and core token of each core, with a space between. Real ones are not tried.
    pub cores: Vec<(String, String)>,
}

fn variable(name: &str) -> Option<String> {
    let value = env::var(name).ok()?;
    let value = value.trim_end_matches('/').to_owned();
    (!value.is_empty()).then_some(value)
}

impl Setup {
    /// Reads the environment; the defaults are what `cargo xtask dev` starts.
    pub fn from_env() -> Self {
        let or = |name, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        let kind = match variable("ENFILADE_KIND").as_deref() {
            Some("real") => Kind::Real,
            _ => Kind::Demo,
        };
        let server2 = match kind {
            Kind::Demo => Some(or("ENFILADE_SERVER2", "http://127.0.0.1:8702")),
            Kind::Real => variable("ENFILADE_SERVER2"),
        };
        let cores = match kind {
            Kind::Demo => vec![
                or(
                    "ENFILADE_CORE1",
                    "http://127.0.0.1:8704 lantern-demo-bearer",
                ),
                or("ENFILADE_CORE2", "http://127.0.0.1:8705 quay-demo-bearer"),
            ],
            Kind::Real => Vec::new(),
        };
        let cores = cores.iter().filter_map(|core| core.split_once(' '));
        Self {
            cores: cores
                .map(|(address, token)| (address.to_owned(), token.to_owned()))
                .collect(),
            app: or("ENFILADE_APP", "http://127.0.0.1:8080"),
            kind,
            server1: or("ENFILADE_SERVER1", "http://127.0.0.1:8701"),
            server2,
            user: or("ENFILADE_USER", "Robin"),
            idp: or("ENFILADE_IDP", "http://127.0.0.1:9410"),
        }
    }
}

/// The browser of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium and its kin.
    Chromium,
    /// Firefox.
    Firefox,
    /// WebKitGTK's test browser.
    WebKit,
}

impl Engine {
    /// `ENFILADE_BROWSER`: `chromium`, `firefox` or `webkit`.
    pub fn from_env() -> Self {
        match variable("ENFILADE_BROWSER").as_deref() {
            Some("firefox") => Self::Firefox,
            Some("webkit") => Self::WebKit,
            _ => Self::Chromium,
        }
    }

    /// Its word in `ENFILADE_BROWSER`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }
}

/// `ENFILADE_DRIVER`: a WebDriver server of that browser.
pub fn driver() -> String {
    variable("ENFILADE_DRIVER").unwrap_or_else(|| "http://127.0.0.1:9515".to_owned())
}

/// `ENFILADE_BINARY`: the browser, where the driver would not find it.
pub fn binary() -> Option<String> {
    variable("ENFILADE_BINARY")
}

/// Where failures leave their evidence.
pub fn evidence() -> PathBuf {
    // As cargo gives it to a test that runs: copies of the workspace may share a target folder.
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .join("../../target/e2e")
        .join(Engine::from_env().name())
}

/// `ENFILADE_AXE`: the file of the accessibility checker axe-core.
pub fn axe() -> Option<String> {
    variable("ENFILADE_AXE")
}
