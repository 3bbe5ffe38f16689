//! What every part of the state needs: ports, storage with its fallback to memory, notices.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reactive_graph::signal::ArcRwSignal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::task::lock;
use super::toast::{Toasts, Tone};
use crate::core::record;
use crate::core::route::Route;
use crate::i18n;
use crate::port::{Ports, StoreError};

/// Handed to everything in `state`.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Effects.
    pub ports: Ports,
    /// Notices.
    pub toasts: Toasts,
    /// The time, brought up to date now and then, for what is told relative to it.
    pub tick: ArcRwSignal<i64>,
    memory: Arc<Mutex<Memory>>,
    here: Arc<Mutex<Option<Route>>>,
}

/// What could not be kept lives on here, until the page is closed.
#[derive(Default)]
struct Memory {
    kept: BTreeMap<String, Option<String>>,
    told: bool,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Tokens and what people write are among the values.
        f.debug_struct("Memory")
            .field("kept", &self.kept.len())
            .field("told", &self.told)
            .finish()
    }
}

impl Shared {
    /// Everything on top of these ports.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        let toasts = Toasts::new(ports.clock.clone());
        let tick = ArcRwSignal::new(ports.clock.now());
        Self {
            ports,
            toasts,
            tick,
            memory: Arc::default(),
            here: Arc::default(),
        }
    }

    /// The place on show, as the guard has last seen it.
    #[must_use]
    pub fn here(&self) -> Option<Route> {
        lock(&self.here).clone()
    }

    /// Notes the place on show.
    pub fn arrived(&self, route: &Route) {
        *lock(&self.here) = Some(route.clone());
    }

    /// Goes to a place; `replace` leaves no step back. The path comes from a typed route, never from a text.
    pub fn go(&self, route: &Route, replace: bool) {
        self.ports.navigator.go(&route.to_path(), replace);
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.ports.clock.now()
    }

    /// 64 random bits.
    #[must_use]
    pub fn random(&self) -> u64 {
        let bytes = self.ports.random.bytes();
        bytes
            .iter()
            .take(8)
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }

    /// A random UUID, version 4 (RFC 9562 section 5.4).
    #[must_use]
    pub fn uuid(&self) -> String {
        let mut bytes = self.ports.random.bytes();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }

    /// Reads a text: from memory where storage failed for this key, else from storage.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        if let Some(kept) = lock(&self.memory).kept.get(key) {
            return kept.clone();
        }
        self.ports.store.get(key).ok().flatten()
    }

    /// Keeps a text. Where storage is missing, refused or full, it is kept in memory, and the person is
    /// told once.
    pub fn set(&self, key: &str, text: &str) {
        let outcome = self.ports.store.set(key, text);
        self.note(key, Some(text), outcome);
    }

    /// Forgets a text.
    pub fn remove(&self, key: &str) {
        let outcome = self.ports.store.remove(key);
        self.note(key, None, outcome);
    }

    fn note(&self, key: &str, value: Option<&str>, outcome: Result<(), StoreError>) {
        let mut memory = lock(&self.memory);
        match outcome {
            Ok(()) => {
                memory.kept.remove(key);
            }
            Err(error) => {
                memory.kept.insert(key.to_owned(), value.map(str::to_owned));
                if !memory.told {
                    memory.told = true;
                    log::warn!("storage: {error}");
                    self.toasts
                        .tell(Tone::Caution, i18n::storage_lost(error == StoreError::Full));
                }
            }
        }
    }

    /// Where the newest value of a key could not be written, takes the older one out of storage: what
    /// was signed out must not come back with the next start.
    pub fn remove_stale(&self, key: &str) {
        if self.is_volatile(key) && self.ports.store.remove(key).is_err() {
            log::warn!("an older record stays in storage");
        }
    }

    /// Whether the newest value of a key is only in memory.
    #[must_use]
    pub fn is_volatile(&self, key: &str) -> bool {
        lock(&self.memory).kept.contains_key(key)
    }

    /// All keys that begin so, in storage and in memory.
    #[must_use]
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys = self.ports.store.keys(prefix).unwrap_or_default();
        let memory = lock(&self.memory);
        for (key, value) in memory
            .kept
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
        {
            keys.retain(|known| known != key);
            if value.is_some() {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// Reads a record; one that cannot be read is moved aside, so that nothing is lost and nothing breaks.
    #[must_use]
    pub fn load<T: DeserializeOwned>(&self, key: &str, version: u32) -> Option<T> {
        let text = self.get(key)?;
        match record::decode(version, &text) {
            Ok(value) => Some(value),
            Err(error) => {
                log::warn!("the record {key} cannot be read and is set aside: {error}");
                self.set_aside(key, &text);
                None
            }
        }
    }

    /// Moves a text that cannot be read to a key of its own.
    pub fn set_aside(&self, key: &str, text: &str) {
        // A huge broken record is not worth the room that drafts may need.
        if text.len() <= 64 * 1024 {
            self.set(&record::keys::aside(key), text);
        }
        self.remove(key);
    }

    /// Writes a record.
    pub fn save<T: Serialize>(&self, key: &str, version: u32, value: &T) {
        self.set(key, &record::encode(version, value));
    }
}
