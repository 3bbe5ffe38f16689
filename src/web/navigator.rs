//! Where the person is and goes: the only place that moves the browser's history.

use std::cell::RefCell;

use wasm_bindgen::JsValue;

use super::events::Listener;
use super::window;
use crate::port::Navigator;

/// Hears of every move, for as long as the page lives.
struct Follower {
    moved: Box<dyn Fn()>,
    _back_and_forth: Listener,
}

thread_local! {
    static FOLLOWER: RefCell<Option<Follower>> = const { RefCell::new(None) };
}

/// Calls `moved` after every change of the address, also by the browser's own buttons; called once, by the component
/// that shows the places.
pub fn follow(moved: Box<dyn Fn()>) {
    let follower = Follower {
        moved,
        _back_and_forth: Listener::window("popstate", |_| tell()),
    };
    FOLLOWER.with(|slot| *slot.borrow_mut() = Some(follower));
}

fn tell() {
    FOLLOWER.with(|slot| {
        if let Some(follower) = slot.borrow().as_ref() {
            (follower.moved)();
        }
    });
}

/// This page's history and address.
#[derive(Debug)]
pub struct Browser;

impl Navigator for Browser {
    fn base(&self) -> (String, String) {
        (
            window().location().origin().unwrap_or_default(),
            super::dom::folder().to_owned(),
        )
    }

    fn go(&self, path: &str, replace: bool) {
        let url = format!("{}{path}", super::dom::folder());
        let (here, query, fragment) = location();
        let moved = window().history().and_then(|history| {
            if replace {
                history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
            } else if url == format!("{here}{query}{fragment}") {
                Ok(())
            } else {
                history.push_state_with_url(&JsValue::NULL, "", Some(&url))
            }
        });
        match moved {
            Ok(()) => tell(),
            // Browsers limit how often a page may change its address: loading the place leads there too.
            Err(_) => self.leave(&url),
        }
    }

    fn leave(&self, url: &str) {
        if window().location().assign(url).is_err() {
            log::error!("the browser refuses to leave the page");
        }
    }

    fn online(&self) -> bool {
        window().navigator().on_line()
    }
}

/// Path, query and fragment of the address, as the browser has them.
#[must_use]
pub fn location() -> (String, String, String) {
    let location = window().location();
    (
        location.pathname().unwrap_or_default(),
        location.search().unwrap_or_default(),
        location.hash().unwrap_or_default(),
    )
}

/// Cleans the address of its query and fragment, in the history too: before anything else is loaded.
pub fn clean_address() {
    let (path, _, _) = location();
    let history = window().history();
    let cleaned =
        history.and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&path)));
    if cleaned.is_err() {
        log::error!("the address could not be cleaned");
    }
}
