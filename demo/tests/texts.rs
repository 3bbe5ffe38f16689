//! The error texts of a core are kept in a file beside the tests of the app, which reads it: neither side can change them alone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use serde_json::Value;

#[test]
fn the_texts_are_those_that_the_app_is_held_against() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/core_texts.json");
    let texts = enfilade_demo::core_texts();
    if std::env::var_os("WRITE_TEXTS").is_some() {
        let text = serde_json::to_string_pretty(&texts).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(
        kept == texts,
        "run this with WRITE_TEXTS=1, then see what `cargo test --test rpc` says of the new ones"
    );
}
