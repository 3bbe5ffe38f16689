//! Where things are: the folders of this workspace.

use std::env;
use std::path::{Path, PathBuf};

/// The app's binary target.
pub const APP_BIN: &str = "enfilade-app";
/// The target triple of a browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The workspace's folder, as cargo gives it when it runs us: copies of the workspace may share a target folder.
pub fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().unwrap_or(&package).to_owned()
}

/// Cargo's output folder, as the environment or the default has it.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The release of the app.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Tools that were installed for this workspace alone.
pub fn tools() -> PathBuf {
    root().join("tools")
}

/// `path` as it is best printed: from the workspace's folder on.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
