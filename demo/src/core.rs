//! An OpenHuman-like core: JSON-RPC behind the bearer of the process, a session of its own at a hosted service that it
//! plays itself, threads on disk, and chat turns told over an event stream.

mod catalogue;
mod chat;
mod control;
mod data;
mod dispatch;
mod events;
mod expiry;
mod hosted;
mod integrations;
mod methods;
mod pages;
mod params;
mod session;
mod snapshot;
mod switches;
mod talk;
mod texts;
mod threads;
mod turn;
mod usage;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::core::data::{CoreData, Session};
use crate::core::events::Signal;
use crate::core::switches::Switchboard;
use crate::core::turn::Turns;
use crate::lock::lock;
use crate::provider::Person;

pub use crate::core::catalogue::to_json as texts_json;
pub use crate::core::wire::router;

/// Events that a slow reader may be behind; more are lost to it.
const EVENTS: usize = 512;

/// What stays the same while a core runs.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Name of its file.
    pub id: &'static str,
    /// Shown name.
    pub name: &'static str,
    /// Who may drive the process: known to everybody, as this is a demonstration.
    pub bearer: &'static str,
}

/// The cores, in the order of their ports.
pub const PROFILES: [Profile; 2] = [
    Profile {
        id: "lantern",
        name: "Lantern",
        bearer: "lantern-demo-bearer",
    },
    Profile {
        id: "quay",
        name: "Quay",
        bearer: "quay-demo-bearer",
    },
];

/// A running core.
#[derive(Debug)]
pub struct Core {
    /// Who it is.
    pub profile: Profile,
    /// TCP port on 127.0.0.1.
    pub port: u16,
    /// Its switches and counters.
    pub switchboard: Switchboard,
    /// Session, threads and the rest.
    pub data: Mutex<CoreData>,
    /// What the event streams carry.
    signals: broadcast::Sender<Signal>,
    /// Turns under way.
    turns: Mutex<Turns>,
    /// One-time tokens of the hosted sign-in that were not used yet.
    logins: Mutex<HashMap<String, Person>>,
    /// Rung when something is to be kept.
    dirty: Arc<Notify>,
    /// Cancelled when the process ends.
    stop: CancellationToken,
}

impl Core {
    /// A core that was just started with what was kept.
    pub fn new(
        profile: Profile,
        port: u16,
        mut kept: CoreData,
        dirty: Arc<Notify>,
        stop: CancellationToken,
    ) -> Self {
        kept.interrupt_all();
        Self {
            switchboard: Switchboard::new(profile.bearer),
            profile,
            port,
            data: Mutex::new(kept),
            signals: broadcast::channel(EVENTS).0,
            turns: Mutex::default(),
            logins: Mutex::default(),
            dirty,
            stop,
        }
    }

    /// Address of the hosted service: pages and refusals name it.
    fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}/hosted", self.port)
    }

    /// Reads the session as every method does, which a switch can spoil.
    fn session(&self) -> Option<Session> {
        if self.switchboard.is_unreadable() {
            return None;
        }
        lock(&self.data).session.clone()
    }

    /// Changes what is kept.
    fn change<T>(&self, change: impl FnOnce(&mut CoreData) -> T) -> T {
        let result = change(&mut lock(&self.data));
        self.dirty.notify_one();
        result
    }

    /// Drops session and active user; whether there was a session.
    fn clear_session(&self) -> bool {
        self.change(CoreData::clear)
    }

    /// A copy of what is to be kept.
    ///
    /// # Errors
    /// When the data cannot be written as JSON.
    pub fn snapshot(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&*lock(&self.data))
    }
}
