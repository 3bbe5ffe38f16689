//! Small things to do with the document: title, focus, scrolling, clipboard.

pub mod copy;
pub mod field;
pub mod files;
pub mod idle;
pub mod mark;
mod script;
pub mod tab;
pub mod time;
pub mod tree;
pub mod view;

use std::cell::RefCell;
use std::sync::OnceLock;

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
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

thread_local! {
    /// The loading of the late style sheet, once asked for.
    static LATE_STYLE: RefCell<Option<Promise>> = const { RefCell::new(None) };
}

/// Waits for the style sheet of the parts that come later; `false` where it could not be fetched, which is tried
/// again the next time. A page made by Trunk has it already.
pub async fn late_style() -> bool {
    let loading = LATE_STYLE.with(|slot| {
        let asked = || late_style_asked().unwrap_or_else(|| Promise::resolve(&JsValue::UNDEFINED));
        slot.borrow_mut().get_or_insert_with(asked).clone()
    });
    let is_here = JsFuture::from(loading).await.is_ok();
    if !is_here {
        LATE_STYLE.with(|slot| slot.borrow_mut().take());
    }
    is_here
}

/// `None` where the page names no late style sheet.
fn late_style_asked() -> Option<Promise> {
    let document = window().document()?;
    let named = document.query_selector("meta[name=late-style]").ok()??;
    let link = document.create_element("link").ok()?;
    link.set_attribute("rel", "stylesheet").ok()?;
    link.set_attribute("href", &named.get_attribute("content")?)
        .ok()?;
    let link: HtmlElement = link.dyn_into().ok()?;
    let loading = Promise::new(&mut |here, missing| {
        link.set_onload(Some(&here));
        link.set_onerror(Some(&missing));
    });
    named.after_with_node_1(&link).ok()?;
    Some(loading)
}

/// Loads the page again.
pub fn reload() {
    if window().location().reload().is_err() {
        log::error!("the browser refuses to load the page again");
    }
}

thread_local! {
    /// What stands before the title.
    static BADGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Names the page.
pub fn set_title(title: &str) {
    if let Some(document) = window().document() {
        BADGE.with_borrow(|badge| document.set_title(&[badge.as_str(), title].concat()));
    }
}

/// Puts a text before the title, whatever that is and becomes.
pub fn set_badge(badge: String) {
    let title = window()
        .document()
        .and_then(|document| js_sys::Reflect::get(&document, &"title".into()).ok())
        .and_then(|title| title.as_string())
        .unwrap_or_default();
    let old = BADGE.replace(badge);
    set_title(title.strip_prefix(&old).unwrap_or(&title));
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

/// Whether a key belongs to an input method that is composing a character.
#[must_use]
pub fn is_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}
