//! What every part of the state needs: ports, storage with its fallback to memory, notices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_util::future::{Either, LocalBoxFuture, select};
use reactive_graph::signal::ArcRwSignal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::limit::Limit;
use super::shell::Desktop;
use super::task::lock;
use super::toast::{Toasts, Tone};
use crate::core::record::{self, RecordError};
use crate::core::route::Route;
use crate::core::seal::Seal;
use crate::core::session::return_to::ReturnTo;
use crate::i18n;
use crate::port::{InShell, Ports, StoreError};

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
    vault: Arc<Mutex<Vault>>,
    here: Arc<Mutex<Option<Route>>>,
    turns: Limit,
    desktop: InShell<Desktop>,
}

/// How many servers are asked at once for what nobody waits for.
const TURNS: usize = 6;
/// How long one of them keeps the next waiting, in milliseconds.
const TURN: u32 = 2_000;

/// Whether stored tokens can be opened.
#[derive(Debug, Default)]
enum Vault {
    /// Nobody has asked for the key yet.
    #[default]
    Unasked,
    /// The key is there, or there is none.
    Asked(Option<Seal>),
}

/// How long the browser may take to hand over the key, in milliseconds.
const VAULT_WAIT: u32 = 2_000;

/// What could not be kept lives on here, until the page is closed.
#[derive(Default)]
struct Memory {
    kept: BTreeMap<String, Option<String>>,
    /// What a newer version of the app has written: it is neither read nor written over.
    newer: BTreeSet<String>,
    told: bool,
    told_newer: bool,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Tokens and what people write are among the values.
        f.debug_struct("Memory")
            .field("kept", &self.kept.len())
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Everything on top of these ports.
    #[must_use]
    pub fn new(mut ports: Ports) -> Self {
        let toasts = Toasts::new(ports.clock.clone());
        let tick = ArcRwSignal::new(ports.clock.now());
        let desktop = ports.shell.map(|shell| Desktop::new(shell, &ports));
        if let Some(desktop) = desktop.get() {
            ports.http = desktop.http(&ports.http);
        }
        Self {
            ports,
            toasts,
            tick,
            memory: Arc::default(),
            vault: Arc::default(),
            here: Arc::default(),
            turns: Limit::new(TURNS),
            desktop,
        }
    }

    /// What there is in a desktop shell only.
    #[must_use]
    #[inline]
    pub fn desktop(&self) -> Option<&Desktop> {
        self.desktop.get()
    }

    /// Does work that concerns one of perhaps many servers, a few at a time. A server that does not answer
    /// keeps the others waiting for a moment only.
    pub async fn in_turn(&self, work: LocalBoxFuture<'_, ()>) {
        let turn = self.turns.permit().await;
        if let Either::Right(((), work)) = select(work, self.ports.clock.sleep(TURN)).await {
            drop(turn);
            work.await;
        }
    }

    /// Asks the browser for the key to what is stored, once; waits two seconds at most.
    pub async fn open_vault(&self) {
        if self.vault_was_asked() {
            return;
        }
        let (key, limit) = (self.ports.vault.key(), self.ports.clock.sleep(VAULT_WAIT));
        let key = match select(key, limit).await {
            Either::Left((key, _)) => key,
            Either::Right(_) => None,
        };
        // Somebody else may have had an answer meanwhile: a key that is there stays.
        if key.is_none() && self.vault_was_asked() {
            return;
        }
        if key.is_none() {
            log::warn!("this browser keeps no key: what is stored is not encrypted");
        }
        *lock(&self.vault) = Vault::Asked(key);
    }

    /// Whether it is known by now how tokens are stored.
    #[must_use]
    pub fn vault_was_asked(&self) -> bool {
        matches!(*lock(&self.vault), Vault::Asked(_))
    }

    /// Seals and opens what is stored, where this browser can.
    #[must_use]
    pub fn seal(&self) -> Option<Seal> {
        match &*lock(&self.vault) {
            Vault::Asked(seal) => seal.clone(),
            Vault::Unasked => None,
        }
    }

    /// The place on show, as the guard has last seen it.
    #[must_use]
    pub fn here(&self) -> Option<Route> {
        lock(&self.here).clone()
    }

    /// Notes the place on show.
    pub fn arrived(&self, route: &Route) {
        if self.desktop().is_some()
            && let Some(place) = ReturnTo::from_route(route)
        {
            let _ = self
                .ports
                .store
                .set(&record::keys::last_place(), &place.to_path());
        }
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
        if self.is_newer(key, Some(text)) {
            return;
        }
        let outcome = self.ports.store.set(key, text);
        self.note(key, Some(text), outcome);
    }

    /// Forgets a text.
    pub fn remove(&self, key: &str) {
        if self.is_newer(key, None) {
            return;
        }
        let outcome = self.ports.store.remove(key);
        self.note(key, None, outcome);
    }

    /// Whether a newer version of the app owns that key; the value is then kept in memory only.
    fn is_newer(&self, key: &str, value: Option<&str>) -> bool {
        let mut memory = lock(&self.memory);
        let newer = memory.newer.contains(key);
        if newer {
            memory.kept.insert(key.to_owned(), value.map(str::to_owned));
        }
        newer
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

    /// Keeps the newest value of a key in memory only, and another one in its place in storage: one that is
    /// no longer than what lies there, so that not even a full storage refuses it.
    pub(super) fn set_apart(&self, key: &str, text: &str, instead: &str) {
        if self.is_newer(key, Some(text)) {
            return;
        }
        lock(&self.memory)
            .kept
            .insert(key.to_owned(), Some(text.to_owned()));
        let store = &self.ports.store;
        if store.set(key, instead).is_err() {
            // Rather nothing than what was there before.
            let _ = store.remove(key);
            let _ = store.set(key, instead);
        }
    }

    /// Where the newest value of a key could not be written, takes the older one out of storage: what
    /// was signed out must not come back with the next start.
    pub fn remove_stale(&self, key: &str) {
        let newer = lock(&self.memory).newer.contains(key);
        if !newer && self.is_volatile(key) && self.ports.store.remove(key).is_err() {
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
                self.unreadable(key, &text, version, error);
                None
            }
        }
    }

    /// What becomes of a record that cannot be read: one of a newer version of the app, which another tab may
    /// be running, is left alone and the person told; any other is moved aside.
    pub fn unreadable(&self, key: &str, text: &str, version: u32, error: RecordError) {
        if !error.is_newer(version) {
            log::warn!("the record {key} cannot be read and is set aside: {error}");
            self.set_aside(key, text);
            return;
        }
        let mut memory = lock(&self.memory);
        memory.newer.insert(key.to_owned());
        memory.kept.insert(key.to_owned(), None);
        if !memory.told_newer {
            memory.told_newer = true;
            log::warn!("the record {key} is of a newer version of the app");
            drop(memory);
            self.toasts.tell(Tone::Caution, i18n::newer_version());
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
