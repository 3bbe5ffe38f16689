//! Where the person is and goes. `navigate()` of the router is called here and nowhere else.

use std::cell::RefCell;

use wasm_bindgen::JsValue;

use super::window;
use crate::port::Navigator;

type Navigate = Box<dyn Fn(&str, bool)>;

thread_local! {
    static NAVIGATE: RefCell<Option<Navigate>> = const { RefCell::new(None) };
}

/// Registers the router's navigation; called once, by the component that holds the router.
pub fn register(navigate: Navigate) {
    NAVIGATE.with(|slot| *slot.borrow_mut() = Some(navigate));
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
        NAVIGATE.with(|slot| {
            if let Some(navigate) = slot.borrow().as_ref() {
                navigate(path, replace);
            }
        });
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
