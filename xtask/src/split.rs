//! The optional step that moves parts of the app behind `#[lazy]` into WASM files of their own.

use std::path::Path;

use crate::failure::Outcome;
use crate::process::run;
use crate::tools::tool;

/// Features of the app that make it splittable.
pub const FEATURES: &str = "split";
/// The splitter follows relocations and names, which a release usually lacks.
pub const LINK_ARGUMENTS: [&str; 2] = ["-Clink-args=--emit-relocs", "-Cstrip=none"];
/// What `wasm-bindgen` must keep for the parts to be joined again.
pub const BINDGEN_ARGUMENTS: [&str; 2] = ["--keep-lld-exports", "--no-demangle"];

/// The parts lack the list of features that tells `wasm-opt` what Rust's WASM uses.
pub const OPT_ARGUMENTS: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Splits `wasm` into `folder`: `app.wasm`, `__wasm_split.js` and one file per part.
pub fn split(wasm: &Path, folder: &Path) -> Outcome<()> {
    run(
        "wasm-split-cli",
        tool("wasm-split-cli")
            .args(["--target", "web", "--out-name", "app"])
            .arg(wasm)
            .arg(folder),
    )
}
