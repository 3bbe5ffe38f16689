//! Storage that tabs share, and that can fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use enfilade::port::StoreError;

/// How the storage behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiskMode {
    /// As it should.
    #[default]
    Works,
    /// It is not there, or forbidden.
    Missing,
    /// Reading and removing work, writing does not.
    Full,
    /// What is written over something must not be longer; there is no room for anything new.
    Tight,
}

/// What is stored. Clones share it.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    mode: DiskMode,
    kept: BTreeMap<String, String>,
    written: Vec<(usize, String)>,
}

impl Disk {
    pub fn set_mode(&self, mode: DiskMode) {
        self.0.lock().unwrap().mode = mode;
    }

    /// Past all failures.
    pub fn read(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap().kept.get(key).cloned()
    }

    /// Past all failures.
    pub fn put(&self, key: &str, value: &str) {
        self.0
            .lock()
            .unwrap()
            .kept
            .insert(key.to_owned(), value.to_owned());
    }

    /// The person clears the site's data.
    pub fn clear(&self) {
        self.0.lock().unwrap().kept.clear();
    }

    /// Somebody else takes it away.
    pub fn drop_key(&self, key: &str) {
        self.0.lock().unwrap().kept.remove(key);
    }

    pub fn all(&self, prefix: &str) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .kept
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }

    pub fn holds(&self, text: &str) -> bool {
        let inner = self.0.lock().unwrap();
        inner.kept.values().any(|value| value.contains(text))
    }

    pub fn take_written(&self) -> Vec<(usize, String)> {
        std::mem::take(&mut self.0.lock().unwrap().written)
    }

    pub fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let inner = self.0.lock().unwrap();
        match inner.mode {
            DiskMode::Missing => Err(StoreError::Unavailable),
            _ => Ok(inner.kept.get(key).cloned()),
        }
    }

    pub fn set(&self, tab: usize, key: &str, value: &str) -> Result<(), StoreError> {
        let mut inner = self.0.lock().unwrap();
        match inner.mode {
            DiskMode::Missing => return Err(StoreError::Unavailable),
            DiskMode::Full => return Err(StoreError::Full),
            DiskMode::Tight if inner.kept.get(key).map_or(0, String::len) < value.len() => {
                return Err(StoreError::Full);
            }
            DiskMode::Works | DiskMode::Tight => {}
        }
        inner.kept.insert(key.to_owned(), value.to_owned());
        inner.written.push((tab, key.to_owned()));
        Ok(())
    }

    pub fn remove(&self, tab: usize, key: &str) -> Result<(), StoreError> {
        let mut inner = self.0.lock().unwrap();
        if inner.mode == DiskMode::Missing {
            return Err(StoreError::Unavailable);
        }
        if inner.kept.remove(key).is_some() {
            inner.written.push((tab, key.to_owned()));
        }
        Ok(())
    }

    pub fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        if self.0.lock().unwrap().mode == DiskMode::Missing {
            return Err(StoreError::Unavailable);
        }
        Ok(self.all(prefix))
    }
}
