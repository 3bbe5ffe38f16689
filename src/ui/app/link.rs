//! Links inside the app: a press becomes a typed place, so that no text ever reaches the browser's history.

use leptos::ev::MouseEvent;
use leptos::prelude::location;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlAnchorElement};

use crate::core::route::Route;

/// Where a press on a link of the app leads: the place, and the fragment as it stands in the address.
///
/// `None` where the browser is to deal with it: another window, another site, a download, a key held down.
pub fn pressed(event: &MouseEvent) -> Option<(Route, String)> {
    let has_key = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || has_key {
        return None;
    }
    let target: Element = event.target()?.dyn_into().ok()?;
    let link: HtmlAnchorElement = target.closest("a[href]").ok()??.dyn_into().ok()?;
    if !link.target().is_empty()
        || link.has_attribute("download")
        || link.rel().contains("external")
    {
        return None;
    }
    let path = link.pathname();
    let is_ours = location()
        .origin()
        .is_ok_and(|origin| link.origin() == origin);
    let inner = crate::web::dom::inside(&path).filter(|_| is_ours)?;
    let hash = link.hash();
    let route = Route::parse(&inner, &link.search(), &hash);
    if route == Route::NotFound {
        return None;
    }
    event.prevent_default();
    Some((route, hash.trim_start_matches('#').to_owned()))
}
