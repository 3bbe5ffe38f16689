//! Small things to do with the document: title, focus, scrolling, clipboard.

use std::sync::OnceLock;

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::window;

fn root() -> Option<Element> {
    window().document()?.document_element()
}

/// The folder that the app is served from, without its last slash; empty at the root.
///
/// Read from the page as it was built, because a content security policy may forbid `<base>` to work.
#[must_use]
pub fn folder() -> &'static str {
    static FOLDER: OnceLock<String> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let base = window()
            .document()
            .and_then(|document| document.query_selector("base[href]").ok().flatten())
            .and_then(|base| base.get_attribute("href"));
        let path = base
            .filter(|base| base.starts_with('/'))
            .unwrap_or_default();
        path.trim_end_matches('/').to_owned()
    })
}

/// The part of a path below the app's folder, beginning with a slash; `None` outside it.
#[must_use]
pub fn inside(path: &str) -> Option<String> {
    match path.strip_prefix(folder())? {
        "" => Some("/".to_owned()),
        rest => rest.starts_with('/').then(|| rest.to_owned()),
    }
}

/// Loads the page again.
pub fn reload() {
    if window().location().reload().is_err() {
        log::error!("the browser refuses to load the page again");
    }
}

/// Names the page.
pub fn set_title(title: &str) {
    if let Some(document) = window().document() {
        document.set_title(title);
    }
}

/// Says that the app takes input (`decisions.md` section 10), and takes the splash away.
pub fn set_ready() {
    if let Some(root) = root() {
        let _ = root.set_attribute("data-ready", "true");
    }
    if let Some(splash) = window()
        .document()
        .and_then(|document| document.get_element_by_id("splash"))
    {
        splash.remove();
    }
}

/// Chooses `system`, `light` or `dark`.
pub fn set_theme(theme: &str) {
    if let Some(root) = root() {
        let _ = root.set_attribute("data-theme", theme);
    }
}

/// Gives an element the focus.
pub fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// Puts a text on the clipboard; `false` where the browser refuses.
pub async fn copy_text(text: String) -> bool {
    let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
    // Missing outside secure contexts, whatever its type says.
    if clipboard.is_ok_and(|clipboard| clipboard.is_undefined()) {
        return false;
    }
    JsFuture::from(window().navigator().clipboard().write_text(&text))
        .await
        .is_ok()
}

/// Whether the main pointer is a finger.
#[must_use]
pub fn is_coarse_pointer() -> bool {
    window()
        .match_media("(pointer: coarse)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

/// Scrolls to the end, at once.
pub fn scroll_to_end(element: &Element) {
    element.set_scroll_top(element.scroll_height());
}

/// How far the end of the content is below the lower edge, in CSS pixels.
#[must_use]
pub fn distance_to_end(element: &Element) -> f64 {
    f64::from(element.scroll_height() - element.scroll_top() - element.client_height())
}

/// Whether a key belongs to an input method that is composing a character.
#[must_use]
pub fn is_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}
