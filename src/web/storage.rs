//! Texts in localStorage.

use gloo_storage::{LocalStorage, Storage as _};

use super::window;
use crate::port::{Store, StoreError};

/// `window.localStorage`. It may be missing, refused or full at any time.
#[derive(Debug)]
pub struct LocalStore;

fn raw() -> Result<web_sys::Storage, StoreError> {
    // Asked each time: a browser may refuse by throwing, which `LocalStorage::raw` would turn into a panic.
    match window().local_storage() {
        Ok(Some(_)) => Ok(LocalStorage::raw()),
        _ => Err(StoreError::Unavailable),
    }
}

impl Store for LocalStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        raw()?.get_item(key).map_err(|_| StoreError::Unavailable)
    }

    fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        raw()?.set_item(key, value).map_err(|_| StoreError::Full)
    }

    fn remove(&self, key: &str) -> Result<(), StoreError> {
        raw()?.remove_item(key).map_err(|_| StoreError::Unavailable)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let storage = raw()?;
        let length = storage.length().map_err(|_| StoreError::Unavailable)?;
        let keys = (0..length).filter_map(|index| storage.key(index).ok().flatten());
        Ok(keys.filter(|key| key.starts_with(prefix)).collect())
    }
}
