//! What the page may know of the shell around it.

use serde::Serialize;

/// The shell.
#[derive(Debug, Serialize)]
pub struct Info {
    /// Whether the page is the bundled app and not a development server.
    production: bool,
    /// Version of the shell.
    version: &'static str,
    /// `linux`, `macos`, `windows` …
    platform: &'static str,
}

/// This shell.
pub fn info() -> Info {
    Info {
        production: !tauri::is_dev(),
        version: env!("CARGO_PKG_VERSION"),
        platform: std::env::consts::OS,
    }
}
