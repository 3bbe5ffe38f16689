//! What the rooms and threads of a server are called, also after the page was loaded anew.

use reactive_graph::traits::WithUntracked;
use serde_json::{Map, Value};

use super::Server;
use crate::core::record::keys;
use crate::core::room::{Room, RoomId, ThreadId};
use crate::core::route::{Route, encode_segment};
use crate::core::thread::history::ThreadSummary;

/// Version of the stored record: an object whose keys are `<room>` and `<room>/<thread>`.
const RECORD: u32 = 1;
/// So many rooms, and so many threads of each, are kept by name.
const MOST: usize = 100;
/// A longer name is cut after so many letters.
const LONGEST: usize = 100;

impl Server {
    /// The name of a room, as far as it is or was known.
    #[must_use]
    pub fn room_name(&self, room: &RoomId) -> Option<String> {
        let known = self.0.rooms.with_untracked(|rooms| {
            let rooms = rooms.data.as_ref()?;
            let known = rooms.iter().find(|known| known.id == *room)?;
            Some(known.name.clone())
        });
        known.or_else(|| self.kept_name(&encode_segment(room.as_str())))
    }

    /// The name of a thread, as far as it is or was known.
    #[must_use]
    pub fn thread_name(&self, room: &RoomId, thread: &ThreadId) -> Option<String> {
        let open = self.tenant(room).and_then(|room| room.thread_name(thread));
        open.or_else(|| self.kept_name(&key(room, thread)))
    }

    fn kept_name(&self, key: &str) -> Option<String> {
        let names = self.names();
        names.get(key).and_then(Value::as_str).map(str::to_owned)
    }

    fn names(&self) -> Value {
        let shared = &self.0.shared;
        shared
            .load(&keys::names(&self.0.id), RECORD)
            .unwrap_or_default()
    }

    /// Notes what the rooms are called now; rooms that are gone are forgotten with their threads.
    pub(super) fn note_rooms(&self, rooms: &[Room]) {
        let old = match self.names() {
            Value::Object(old) => old,
            _ => Map::new(),
        };
        let mut names = Map::new();
        for room in rooms.iter().take(MOST) {
            names.insert(encode_segment(room.id.as_str()), short(&room.name));
        }
        for (key, name) in old {
            if key
                .split_once('/')
                .is_some_and(|(room, _)| names.contains_key(room))
            {
                names.insert(key, name);
            }
        }
        self.keep_names(names);
    }

    /// Notes what the threads of a room are called now: the newest, and the one on show.
    pub(in crate::state) fn note_threads(&self, room: &RoomId, threads: &[ThreadSummary]) {
        let mut names = match self.names() {
            Value::Object(names) => names,
            _ => Map::new(),
        };
        let prefix = format!("{}/", encode_segment(room.as_str()));
        names.retain(|key, _| !key.starts_with(&prefix));
        let here = self.0.shared.here();
        let is_here =
            |id: &ThreadId| matches!(&here, Some(Route::Thread { thread, .. }) if thread == id);
        for (at, thread) in threads.iter().enumerate() {
            if let Some(name) = &thread.name
                && (at < MOST || is_here(&thread.id))
            {
                names.insert(key(room, &thread.id), short(name));
            }
        }
        self.keep_names(names);
    }

    fn keep_names(&self, names: Map<String, Value>) {
        let names = Value::Object(names);
        if names != self.names() {
            self.0.shared.save(&keys::names(&self.0.id), RECORD, &names);
        }
    }

    /// The names are one person's.
    pub(super) fn forget_names(&self) {
        self.0.shared.remove(&keys::names(&self.0.id));
    }
}

fn key(room: &RoomId, thread: &ThreadId) -> String {
    format!(
        "{}/{}",
        encode_segment(room.as_str()),
        encode_segment(thread.as_str())
    )
}

fn short(name: &str) -> Value {
    Value::String(name.chars().take(LONGEST).collect())
}
