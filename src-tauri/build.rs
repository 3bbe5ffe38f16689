//! Lists the commands that the page may be given: without this list every command would be open to it.

use tauri_build::{AppManifest, Attributes};

/// Every command of the shell, as `src/lib.rs` registers it and `capabilities/main.json` allows it.
const COMMANDS: &[&str] = &[
    "check_keychain",
    "store_refresh_token",
    "load_refresh_token",
    "clear_refresh_token",
    "start_backend",
    "get_backend_port",
    "stop_backend",
    "check_backend_health",
    "begin_sign_in",
    "wait_sign_in",
    "end_sign_in",
    "request_token",
    "open_in_browser",
    "notify",
    "shell_info",
    "take_link",
];

fn main() {
    let attributes = Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
