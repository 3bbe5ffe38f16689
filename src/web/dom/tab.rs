//! What this tab keeps over a reload.

use super::super::storage::of_tab;

/// What is kept under a key.
#[must_use]
pub fn kept(key: &str) -> Option<String> {
    of_tab()?.get_item(key).ok().flatten()
}

/// Keeps a text, or forgets it. Where the browser refuses, a place is lost and nothing else.
pub fn keep(key: &str, text: Option<&str>) {
    let Some(storage) = of_tab() else {
        return;
    };
    let done = match text {
        Some(text) => storage.set_item(key, text),
        None => storage.remove_item(key),
    };
    if done.is_err() {
        log::warn!("this tab keeps nothing");
    }
}
