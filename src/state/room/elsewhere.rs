//! What happens to the threads of a room in other tabs of this browser: a page that is in sight shows it at once.

use std::sync::Arc;

use reactive_graph::traits::WithUntracked;
use serde_json::{Value, json};

use super::RoomState;
use crate::core::room::ThreadId;
use crate::core::route::Route;
use crate::state::task::{lock, spawn};

/// What has happened to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::state) enum Word {
    /// The server has begun it.
    Began,
    /// It has come to an end, or is not followed any more.
    Ended,
}

impl RoomState {
    /// Tells the other tabs that something has happened in a thread.
    pub(in crate::state) fn tell_tabs(&self, thread: &ThreadId, word: Word) {
        if let Some(desk) = self.0.server.shared().ports.desk.get() {
            let told = json!({
                "server": self.0.server.id().as_str(),
                "room": self.0.id.as_str(),
                "thread": thread.as_str(),
                "began": word == Word::Began,
            });
            desk.tell_tabs(&told.to_string());
        }
    }

    pub(super) fn hear_tabs(&self) {
        let Some(desk) = self.0.server.shared().ports.desk.get() else {
            return;
        };
        let weak = Arc::downgrade(&self.0);
        desk.hear_tabs(Box::new(move |told| {
            let room = weak.upgrade().map(Self).filter(|room| !room.is_gone());
            if let Some(room) = &room {
                room.heard(told);
            }
            room.is_some()
        }));
    }

    /// Anything of this origin may tell something: all it can do is to have the server asked.
    fn heard(&self, told: &str) {
        let told: Value = serde_json::from_str(told).unwrap_or_default();
        let text = |field: &str| told.get(field).and_then(Value::as_str);
        let is_here = text("server") == Some(self.0.server.id().as_str())
            && text("room") == Some(self.0.id.as_str());
        let Some(id) = text("thread").filter(|_| is_here).map(ThreadId::from) else {
            return;
        };
        let is_in_sight = self.is_in_sight();
        let thread = lock(&self.0.open).get(&id).cloned();
        let is_begun = told.get("began") == Some(&Value::Bool(true));
        if let Some(thread) = thread.filter(|_| is_begun) {
            thread.went_on_elsewhere(is_in_sight && self.is_on_show(&id));
        }
        let is_listed = self.0.threads.with_untracked(|load| {
            let mut threads = load.data.iter().flatten();
            threads.any(|thread| thread.id == id)
        });
        let is_followed = self
            .0
            .running
            .with_untracked(|running| running.contains(&id));
        if !is_in_sight || is_followed {
            return;
        }
        if !is_begun {
            let this = self.clone();
            spawn(async move { this.look_for_title(&id).await });
        } else if !is_listed {
            self.reload_threads();
        }
    }

    fn is_in_sight(&self) -> bool {
        let desk = self.0.server.shared().ports.desk.get();
        desk.is_none_or(|desk| !desk.is_hidden())
    }

    /// Whether the page shows this thread.
    pub(in crate::state) fn is_on_show(&self, id: &ThreadId) -> bool {
        match self.0.server.shared().here() {
            Some(Route::Thread {
                alias,
                room,
                thread,
                ..
            }) => alias == self.0.server.alias() && room == self.0.id && thread == *id,
            _ => false,
        }
    }
}
