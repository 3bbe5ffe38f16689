//! Texts in localStorage, and word of them to the other tabs.

use gloo_storage::{LocalStorage, Storage as _};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BroadcastChannel, MessageEvent};

use super::window;
use crate::port::{Store, StoreError};

/// `window.localStorage`. It may be missing, refused or full at any time.
#[derive(Debug)]
pub struct LocalStore;

const CHANNEL: &str = "enfilade";

thread_local! {
    static TABS: Option<BroadcastChannel> = channel();
}

/// The way to the other tabs. Where it is missing, the `storage` event and the next look at the page remain.
#[must_use]
pub fn channel() -> Option<BroadcastChannel> {
    BroadcastChannel::new(CHANNEL).ok()
}

/// Hears which key another tab has written to, for as long as the page lives.
pub fn on_written(handler: impl Fn(String) + 'static) {
    let callback = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        // Anything of this origin may send here: what is no text is not ours, and a key is only looked up.
        if let Some(key) = event.data().as_string() {
            handler(key);
        }
    });
    TABS.with(|tabs| {
        if let Some(tabs) = tabs {
            tabs.set_onmessage(Some(callback.as_ref().unchecked_ref()));
        }
    });
    callback.forget();
}

fn tell(key: &str) {
    TABS.with(|tabs| {
        if let Some(tabs) = tabs {
            // A channel that was closed with its page has nobody to tell.
            let _ = tabs.post_message(&key.into());
        }
    });
}

fn raw() -> Result<web_sys::Storage, StoreError> {
    // Asked each time: a browser may refuse by throwing, which `LocalStorage::raw` would turn into a panic.
    match window().local_storage() {
        Ok(Some(_)) => Ok(LocalStorage::raw()),
        _ => Err(StoreError::Unavailable),
    }
}

/// What this tab keeps over a reload, and no longer than itself. It may be missing or refused.
pub(super) fn of_tab() -> Option<web_sys::Storage> {
    let storage = js_sys::Reflect::get(&window(), &"sessionStorage".into());
    storage.ok()?.dyn_into().ok()
}

impl Store for LocalStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        raw()?.get_item(key).map_err(|_| StoreError::Unavailable)
    }

    fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        raw()?.set_item(key, value).map_err(|_| StoreError::Full)?;
        tell(key);
        Ok(())
    }

    fn remove(&self, key: &str) -> Result<(), StoreError> {
        raw()?
            .remove_item(key)
            .map_err(|_| StoreError::Unavailable)?;
        tell(key);
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let storage = raw()?;
        let length = storage.length().map_err(|_| StoreError::Unavailable)?;
        let keys = (0..length).filter_map(|index| storage.key(index).ok().flatten());
        Ok(keys.filter(|key| key.starts_with(prefix)).collect())
    }
}
