//! The programs a build needs: which versions, whether they are there, and how they get here.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Outcome, Trying};
use crate::process::{output, run};
use crate::workspace::{WASM, root, tools};

/// Must be the version of the `wasm-bindgen` crate in `Cargo.lock`.
pub const WASM_BINDGEN: &str = "0.2.130";
/// The newest that builds with the pinned Rust.
pub const TRUNK: &str = "0.21.14";
/// The npm release, whose `wasm-opt` calls itself `version_132`.
pub const BINARYEN: &str = "132";
/// The accessibility checker of the journeys, from npm.
const AXE: &str = "4.14.1";
/// What the app is measured beside, from npm.
const STREAMING_MARKDOWN: &str = "0.2.15";
/// Starts and drives Firefox; no distribution packages it with Firefox itself.
const GECKODRIVER: &str = "0.37.1";
/// Drives the desktop shell.
const TAURI_DRIVER: &str = "2.1.0";
/// Writes the loader that `leptos` expects of a split build.
pub const WASM_SPLIT: &str = "0.2.4";

/// `PATH` with this workspace's own tools first.
pub fn path() -> OsString {
    let mut folders: Vec<PathBuf> = vec![
        tools().join("bin"),
        tools().join("node_modules").join(".bin"),
    ];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).unwrap_or_else(|_| env::var_os("PATH").unwrap_or_default())
}

/// A command that finds this workspace's tools and runs in its folder.
pub fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", path()).current_dir(root());
    command
}

/// Cargo, the one that runs us.
pub fn cargo() -> Command {
    tool(&env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// The version in a program's answer to `--version`: its first word that begins with a digit.
fn version_in(text: &str) -> Option<&str> {
    text.split(|c: char| c.is_whitespace() || c == '(' || c == ')')
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

fn installed(name: &str) -> Option<String> {
    let text = output(tool(name).arg("--version"))?;
    version_in(&text).map(str::to_owned)
}

/// True if `name` is there in exactly that version; says why it is going to be installed otherwise.
fn is_there(name: &str, wanted: &str, purpose: &str) -> bool {
    let found = installed(name);
    if found.as_deref() == Some(wanted) {
        return true;
    }
    let state = found.map_or_else(
        || "not here".to_owned(),
        |version| format!("{version} here"),
    );
    println!("installing {name} {wanted} into tools/ ({state}): {purpose}");
    false
}

/// Adds the WASM target to the Rust in use. Never installs or updates a toolchain.
pub fn need_wasm_target() -> Outcome<()> {
    let folder = output(tool("rustc").args(["--print", "target-libdir", "--target", WASM]));
    if folder.is_some_and(|folder| PathBuf::from(folder).is_dir()) {
        return Ok(());
    }
    println!("adding the Rust target {WASM}: the app runs as WebAssembly");
    run(
        "rustup target add",
        tool("rustup").args(["target", "add", WASM]),
    )
    .map_err(|failure| {
        Failure::new(format!(
            "{failure}; install rustup (https://rustup.rs), or the target {WASM} by hand"
        ))
    })
}

fn cargo_install(package: &str, arguments: &[&str]) -> Outcome<()> {
    let mut command = cargo();
    // Their own release profiles take many times as long to build for no gain here.
    command
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env_remove("CARGO_TARGET_DIR")
        .args(["install", package, "--root"])
        .arg(tools())
        .args(arguments);
    run(&format!("cargo install {package}"), &mut command)
}

/// Turns the compiled app into a module a browser loads; also brings the runner of the browser tests.
pub fn need_wasm_bindgen() -> Outcome<()> {
    if is_there(
        "wasm-bindgen",
        WASM_BINDGEN,
        "it links the app to the browser",
    ) && installed("wasm-bindgen-test-runner").as_deref() == Some(WASM_BINDGEN)
    {
        return Ok(());
    }
    // Its lock file names a version that was withdrawn, hence no --locked.
    cargo_install(&format!("wasm-bindgen-cli@{WASM_BINDGEN}"), &[])
}

/// Rebuilds and serves the app during development.
pub fn need_trunk() -> Outcome<()> {
    if is_there("trunk", TRUNK, "it rebuilds and serves the app") {
        return Ok(());
    }
    cargo_install(&format!("trunk@{TRUNK}"), &["--locked"])
}

/// Drives Firefox in the journeys.
pub fn need_geckodriver() -> Outcome<()> {
    if is_there("geckodriver", GECKODRIVER, "it drives Firefox") {
        return Ok(());
    }
    cargo_install(&format!("geckodriver@{GECKODRIVER}"), &["--locked"])
}

/// Drives the desktop shell in its journeys.
pub fn need_tauri_driver() -> Outcome<()> {
    // It does not know --version.
    let found = output(tool("tauri-driver").arg("--help"));
    if found.is_some_and(|help| help.contains("--native-port")) {
        return Ok(());
    }
    println!("installing tauri-driver {TAURI_DRIVER} into tools/: it drives the desktop shell");
    cargo_install(&format!("tauri-driver@{TAURI_DRIVER}"), &["--locked"])
}

/// Moves parts of a WASM file into files of their own.
pub fn need_wasm_split() -> Outcome<()> {
    // It does not know --version.
    let found = output(tool("wasm-split-cli").arg("--help"));
    if found.is_some_and(|help| help.contains("--out-name")) {
        return Ok(());
    }
    println!(
        "installing wasm-split-cli {WASM_SPLIT} into tools/: it puts what is loaded later into files of its own"
    );
    cargo_install(
        &format!("wasm_split_cli_support@{WASM_SPLIT}"),
        &["--locked", "--features", "build-binary"],
    )
}

/// Shrinks WASM files.
pub fn need_wasm_opt() -> Outcome<()> {
    if is_there("wasm-opt", BINARYEN, "it makes the release smaller") {
        return Ok(());
    }
    npm_install().map_err(|failure| {
        Failure::new(format!(
            "{failure}; a release needs Node.js with npm (https://nodejs.org), or wasm-opt {BINARYEN} on the PATH"
        ))
    })
}

/// Where the accessibility checker of the journeys is; installs it where it is missing.
pub fn need_axe() -> Outcome<PathBuf> {
    let script = tools().join("node_modules/axe-core/axe.min.js");
    if !script.is_file() {
        println!(
            "installing axe-core {AXE} into tools/: the journeys check every page's accessibility with it"
        );
        npm_install().map_err(|failure| {
            Failure::new(format!(
                "{failure}; the journeys need Node.js with npm (https://nodejs.org)"
            ))
        })?;
    }
    Ok(script)
}

/// Where the library of the comparison page is; installs it where it is missing.
pub fn need_streaming_markdown() -> Outcome<PathBuf> {
    let script = tools().join("node_modules/streaming-markdown/smd.js");
    if !script.is_file() {
        println!(
            "installing streaming-markdown {STREAMING_MARKDOWN} into tools/: the app is measured beside it"
        );
        npm_install().map_err(|failure| {
            Failure::new(format!(
                "{failure}; the measurements need Node.js with npm (https://nodejs.org)"
            ))
        })?;
    }
    Ok(script)
}

/// All packages at once: npm removes what an installation does not name.
fn npm_install() -> Outcome<()> {
    std::fs::create_dir_all(tools()).trying(|| "make the folder tools".to_owned())?;
    let mut npm = tool("npm");
    npm.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-save",
        "--prefix",
    ])
    .arg(tools())
    .arg(format!("binaryen@{BINARYEN}"))
    .arg(format!("axe-core@{AXE}"))
    .arg(format!("streaming-markdown@{STREAMING_MARKDOWN}"));
    run("npm install", &mut npm)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn text_of(file: &str) -> String {
        std::fs::read_to_string(root().join(file)).unwrap()
    }

    #[test]
    fn versions_are_read_from_what_the_tools_print() {
        assert_eq!(version_in("wasm-bindgen 0.2.130"), Some("0.2.130"));
        assert_eq!(version_in("trunk 0.21.14"), Some("0.21.14"));
        assert_eq!(
            version_in("wasm-opt version 132 (version_132)"),
            Some("132")
        );
        assert_eq!(version_in("no version here"), None);
    }

    #[test]
    fn the_bindgen_tool_is_the_version_of_the_locked_crate() {
        let locked = format!("name = \"wasm-bindgen\"\nversion = \"{WASM_BINDGEN}\"\n");
        assert!(text_of("Cargo.lock").contains(&locked));
    }

    #[test]
    fn trunk_asks_for_the_same_tools() {
        let config = text_of("Trunk.toml");
        assert!(config.contains(&format!("wasm_bindgen = \"{WASM_BINDGEN}\"")));
        assert!(config.contains(&format!("wasm_opt = \"version_{BINARYEN}\"")));
        assert!(config.contains(&format!("trunk-version = \">={TRUNK}\"")));
    }
}
