//! Which rooms of a server have something new for the person who is signed in, on this device.
//!
//! A room that is open in this tab knows that itself; of the others the server says when something last happened there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set, Update, With, WithUntracked};

use super::Server;
use crate::api::soliplex;
use crate::core::error::ApiError;
use crate::core::lobby::unread::{self, Times, VERSION};
use crate::core::record::{self, keys};
use crate::core::room::RoomId;
use crate::state::shared::Shared;
use crate::state::task::{lock, spawn};

/// The server is asked no more often than this, in milliseconds: going back and forth is no reason to.
const PAUSE: i64 = 20_000;

/// What is new in the rooms of a server. Clones share it.
#[derive(Clone)]
pub struct News(Arc<Inner>);

struct Inner {
    shared: Shared,
    /// Where it is kept up to when each room was read, by the person who was there when this was made.
    key: String,
    activity: ArcRwSignal<Times>,
    read: ArcRwSignal<Times>,
    /// What the rooms that are open in this tab say themselves.
    open: ArcRwSignal<BTreeMap<RoomId, bool>>,
    asking: Mutex<Asking>,
}

#[derive(Default)]
struct Asking {
    at: Option<i64>,
    /// This server does not tell when something has happened.
    is_vain: bool,
}

impl std::fmt::Debug for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("News")
    }
}

impl Server {
    /// What is new in its rooms; the same for as long as the same person is signed in.
    #[must_use]
    pub fn news(&self) -> News {
        let known = lock(&self.0.personal).news.clone();
        let known = known.and_then(|news| news.downcast::<Inner>().ok());
        News(known.unwrap_or_else(|| {
            let news = Arc::new(Inner::new(self));
            lock(&self.0.personal).news = Some(news.clone());
            news
        }))
    }

    /// Asks the server whether something has happened in its rooms, once they are known, unless that was asked a moment ago.
    pub fn look_for_news(&self) {
        let is_ready = self
            .0
            .rooms
            .with_untracked(|rooms| rooms.data.is_some() && !rooms.busy);
        let is_connected = self.0.session.is_active_untracked() || self.0.session.is_open();
        if is_ready && is_connected && self.news().is_due() {
            let this = self.clone();
            spawn(async move {
                let work = this.ask_for_news().boxed_local();
                this.0.shared.in_turn(work).await;
            });
        }
    }

    pub(super) async fn ask_for_news(&self) {
        let news = self.news();
        lock(&news.0.asking).at = Some(self.0.shared.now());
        match self.0.client.call(soliplex::room_stats()).await {
            Ok(body) => self.take_news(&news, soliplex::read_room_stats(&body)),
            // An older server has no such thing, or not for everybody.
            Err(ApiError::NotFound { .. } | ApiError::PermissionDenied { .. }) => {
                lock(&news.0.asking).is_vain = true;
            }
            Err(_) => {}
        }
    }

    fn take_news(&self, news: &News, activity: Times) {
        self.0.rooms.with_untracked(|rooms| {
            let rooms = rooms.data.iter().flatten().map(|room| &room.id);
            news.list(rooms, &activity);
        });
        let open = lock(&self.0.personal).rooms.clone();
        for (id, room) in open {
            if let Some(at) = activity.get(&id) {
                room.moved(*at);
            }
        }
        self.0.activity.set(activity);
    }
}

impl Inner {
    fn new(server: &Server) -> Self {
        let shared = server.shared();
        let key = keys::room_marks(server.id(), &server.session().user());
        let read = shared.load(&key, VERSION).unwrap_or_default();
        Self {
            shared: shared.clone(),
            key,
            activity: server.activity(),
            read: ArcRwSignal::new(read),
            open: ArcRwSignal::default(),
            asking: Mutex::default(),
        }
    }
}

impl News {
    /// Whether a room has something new (tracked).
    #[must_use]
    pub fn is_in(&self, room: &RoomId) -> bool {
        let own = self.0.open.with(|open| open.get(room).copied());
        own.unwrap_or_else(|| {
            let activity = &self.0.activity;
            self.0
                .read
                .with(|read| activity.with(|activity| unread::is_unread(read, room, activity)))
        })
    }

    /// Up to when everything in a room was read, as far as it was ever seen.
    pub(in crate::state) fn read_until(&self, room: &RoomId) -> Option<i64> {
        self.0.read.with_untracked(|read| read.get(room).copied())
    }

    /// A room that is open says whether it has something new; where not, up to when everything in it was read.
    pub(in crate::state) fn tell(&self, room: &RoomId, read_until: Option<i64>) {
        let is_new = read_until.is_none();
        let told = self.0.open.with_untracked(|open| open.get(room).copied());
        if told != Some(is_new) {
            self.0.open.update(|open| {
                open.insert(room.clone(), is_new);
            });
        }
        if let Some(at) = read_until {
            self.change(|read| unread::mark(read, room, at));
        }
    }

    /// Another tab has written to a key of the storage.
    pub fn storage_changed(&self, key: &str) {
        if key != self.0.key {
            return;
        }
        self.change(|_| false);
        let (read, activity) = (self.0.read.get_untracked(), self.0.activity.get_untracked());
        let mut open = self.0.open.get_untracked();
        for (room, is_new) in &mut open {
            // Where everything was read there, nothing is new here.
            *is_new &= unread::is_unread(&read, room, &activity);
        }
        if self.0.open.with_untracked(|old| *old != open) {
            self.0.open.set(open);
        }
    }

    fn is_due(&self) -> bool {
        let asking = lock(&self.0.asking);
        let now = self.0.shared.now();
        !asking.is_vain && asking.at.is_none_or(|at| !(0..PAUSE).contains(&(now - at)))
    }

    /// An answer that tells nothing of any room may be no answer at all: it begins nothing.
    fn list<'a>(&self, rooms: impl Iterator<Item = &'a RoomId>, activity: &Times) {
        if !activity.is_empty() {
            self.change(|read| unread::list(read, rooms, activity));
        }
    }

    /// Marks are written beside those of other tabs.
    fn change(&self, change: impl FnOnce(&mut Times) -> bool) {
        let mut read = self.0.read.get_untracked();
        let stored: Times = self.0.shared.load(&self.0.key, VERSION).unwrap_or_default();
        let is_merged = unread::merge(&mut read, stored);
        let is_changed = change(&mut read);
        if is_changed {
            self.0
                .shared
                .set(&self.0.key, &record::encode(VERSION, &read));
        }
        if is_changed || is_merged {
            self.0.read.set(read);
        }
    }
}
