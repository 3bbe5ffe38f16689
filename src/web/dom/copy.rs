//! Copying a text in two forms at once.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, ClipboardItem};

use crate::web::window;

/// Puts a text on the clipboard, and the same as HTML for programs that take it; `false` where the browser refuses.
pub async fn copy_rich(text: String, html: &str) -> bool {
    if let Some(item) = item(&text, html) {
        let items = Array::of1(&item);
        let clipboard = window().navigator().clipboard();
        if JsFuture::from(clipboard.write(&items)).await.is_ok() {
            return true;
        }
    }
    super::copy_text(text).await
}

/// `None` where the browser knows no such thing.
fn item(text: &str, html: &str) -> Option<ClipboardItem> {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into()).ok()?;
    if clipboard.is_undefined() {
        return None;
    }
    let forms = Object::new();
    for (kind, content) in [("text/plain", text), ("text/html", html)] {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let blob =
            Blob::new_with_str_sequence_and_options(&Array::of1(&content.into()), &options).ok()?;
        Reflect::set(&forms, &kind.into(), &blob).ok()?;
    }
    ClipboardItem::new_with_record_from_str_to_blob_promise(&forms).ok()
}
