//! What only a browser can answer: the effects of `web`, and the pages as a person finds them.
//! Run by `cargo xtask test browser`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at the browser itself"
)]

#[path = "browser/composer.rs"]
mod composer;
#[path = "browser/fake.rs"]
mod fake;
#[path = "browser/idle.rs"]
mod idle;
#[path = "browser/list.rs"]
mod list;
#[path = "browser/markdown.rs"]
mod markdown;
#[path = "browser/news.rs"]
mod news;
#[path = "browser/page.rs"]
mod page;
#[path = "browser/pages.rs"]
mod pages;
#[path = "browser/ports.rs"]
mod ports;
#[path = "browser/requests.rs"]
mod requests;
#[path = "browser/rows.rs"]
mod rows;
#[cfg(feature = "desktop")]
#[path = "browser/shell.rs"]
mod shell;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
