//! What a person has not seen yet of the threads of a room: dots, the count before the title, notices, previews.
//!
//! Read marks are kept per device, server, person and room. The thread on show is never unread. A run that ends while its
//! thread is not on show, or while nobody sees the page, lights up at once; the list of threads confirms it later.

mod notices;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Get, GetUntracked, Set, Update, With, WithUntracked};

pub use self::notices::{Notices, Wish};
use super::server::{News, Server};
use super::shared::Shared;
use super::task::lock;
use super::thread::ThreadState;
use crate::core::record::keys;
use crate::core::room::{RoomId, ThreadId};
use crate::core::thread::history::ThreadSummary;
use crate::core::thread::message::{RowId, RowKind};
use crate::core::thread::unread::{Marks, VERSION, preview};

/// How many of the last rows are looked through for a preview.
const RECENT: usize = 20;

/// What is new in a room. Clones share it.
#[derive(Clone)]
pub struct Unread(Arc<Inner>);

struct Inner {
    shared: Shared,
    /// Where the marks are kept: those of the person who was there when the room was opened.
    key: String,
    /// The room's own name among those that count.
    place: String,
    room: RoomId,
    news: News,
    notices: Notices,
    marks: ArcRwSignal<Marks>,
    /// Runs of these threads have ended unseen in this tab.
    fresh: ArcRwSignal<BTreeSet<ThreadId>>,
    /// The thread on show.
    open: ArcRwSignal<Option<ThreadId>>,
    previews: ArcRwSignal<BTreeMap<ThreadId, String>>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    /// The thread on show.
    open: Option<ThreadState>,
    /// Whether it was opened before it was known if it has something new.
    is_undecided: bool,
    /// These were seen to their end: what the list says of them next is read.
    seen: BTreeSet<ThreadId>,
    /// What the list of threads says: when something last happened in each.
    listed: Option<BTreeMap<ThreadId, Option<i64>>>,
    /// Something has happened here, and was seen, of which the list does not tell yet.
    is_ahead: bool,
    /// These wait for an answer.
    waiting: BTreeSet<ThreadId>,
    /// Runs end because whoever had this open is gone: that is no news.
    is_quiet: bool,
    /// The server has been removed: nothing is kept for it any more.
    is_closed: bool,
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unread")
    }
}

impl Unread {
    /// What is new in a room for whoever is signed in now.
    #[must_use]
    pub fn new(server: &Server, room: &RoomId) -> Self {
        let shared = server.shared();
        let key = keys::read_marks(server.id(), &server.session().user(), room);
        let marks = shared.load(&key, VERSION).unwrap_or_default();
        Self(Arc::new(Inner {
            shared: shared.clone(),
            place: key.clone(),
            key,
            room: room.clone(),
            news: server.news(),
            notices: Notices::new(shared),
            marks: ArcRwSignal::new(marks),
            fresh: ArcRwSignal::default(),
            open: ArcRwSignal::default(),
            previews: ArcRwSignal::default(),
            work: Mutex::default(),
        }))
    }

    /// Notices outside the page.
    #[must_use]
    pub fn notices(&self) -> Notices {
        self.0.notices.clone()
    }

    /// Whether a thread has something new (tracked).
    #[must_use]
    pub fn is_unread(&self, thread: &ThreadId, last_activity: Option<i64>) -> bool {
        let is_open = self.0.open.get().as_ref() == Some(thread);
        let is_fresh = self.0.fresh.with(|fresh| fresh.contains(thread));
        let is_new = self
            .0
            .marks
            .with(|marks| marks.is_unread(thread, last_activity));
        !is_open && (is_fresh || is_new)
    }

    /// The beginning of the last message of a thread that was open in this tab (tracked).
    #[must_use]
    pub fn preview(&self, thread: &ThreadId) -> Option<String> {
        self.0
            .previews
            .with(|previews| previews.get(thread).cloned())
    }

    /// A thread comes on show. What it had new is marked, as it stands now, for as long as it stays.
    pub(super) fn opened(&self, thread: &ThreadState, listed: Option<&ThreadSummary>) {
        let id = &thread.key().thread;
        if self.0.open.with_untracked(|open| open.as_ref() == Some(id)) {
            return;
        }
        self.left();
        thread.came();
        self.reread();
        {
            let mut work = lock(&self.0.work);
            work.open = Some(thread.clone());
            work.is_undecided = listed.is_none();
        }
        self.divide(thread, listed.and_then(|listed| listed.last_activity));
        self.0.open.set(Some(id.clone()));
        // Until the list has come, it is not known whether there is something new; reading waits for that.
        if let Some(listed) = listed {
            self.read(thread, listed.last_activity);
        }
        self.tell();
    }

    /// Puts the divider where the reading ended, if anything came after it.
    fn divide(&self, thread: &ThreadState, last_activity: Option<i64>) {
        let id = &thread.key().thread;
        let anchor = self
            .is_new(id, last_activity)
            .then(|| self.0.marks.with_untracked(|marks| marks.anchor(id)))
            .flatten()
            // Where the rows are there already, it is known whether one follows.
            .filter(|anchor| last_row(thread).as_ref() != Some(anchor));
        thread.unread_after().set(anchor);
    }

    /// The thread goes out of sight; what came while it was on show is read.
    pub fn left(&self) {
        let left = lock(&self.0.work).open.take();
        let Some(thread) = left else { return };
        if self.is_seen() {
            self.read(&thread, None);
        }
        self.note_preview(&thread);
        self.0.open.set(None);
        thread.put_by();
        self.tell();
    }

    /// The person sees the page again, or is about to leave it.
    pub fn seen(&self) {
        self.reread();
        let open = lock(&self.0.work).open.clone();
        if let Some(thread) = open.filter(|_| self.is_seen()) {
            self.read(&thread, None);
        }
        self.tell();
    }

    /// The person says that they know what is in a thread, without opening it.
    pub fn mark_read(&self, thread: &ThreadId, last_activity: Option<i64>) {
        self.fresh_no_more(thread);
        let at = self.0.shared.now().max(last_activity.unwrap_or(i64::MIN));
        let mut marks = self.0.marks.get_untracked();
        marks.read(thread, at, None);
        self.keep(marks);
        self.tell();
    }

    /// The list of threads has come.
    pub(super) fn listed(&self, threads: &[ThreadSummary]) {
        let activities = threads.iter().filter_map(|thread| thread.last_activity);
        let mut marks = self.0.marks.get_untracked();
        let mut is_changed = marks.begin(activities, self.0.news.read_until(&self.0.room));
        let (open, is_undecided, seen) = {
            let mut work = lock(&self.0.work);
            let listed = threads
                .iter()
                .map(|thread| (thread.id.clone(), thread.last_activity));
            work.listed = Some(listed.collect());
            work.is_ahead = false;
            let is_undecided = std::mem::take(&mut work.is_undecided);
            (
                work.open.clone(),
                is_undecided,
                std::mem::take(&mut work.seen),
            )
        };
        let open = open.filter(|_| self.is_seen());
        let open_id = open.as_ref().map(|open| open.key().thread.clone());
        for listed in threads {
            let is_open = open_id.as_ref() == Some(&listed.id);
            if is_open
                && is_undecided
                && let Some(open) = &open
            {
                self.divide(open, listed.last_activity);
            }
            if let Some(at) = listed.last_activity
                && (is_open || seen.contains(&listed.id))
            {
                let row = open.as_ref().filter(|_| is_open).and_then(last_row);
                marks.read(&listed.id, at, row);
                is_changed = true;
            }
        }
        if is_changed {
            self.keep(marks);
        }
        self.tell();
    }

    /// Whether something happened here then of which the list of threads does not tell.
    pub(super) fn is_behind(&self, last_activity: i64) -> bool {
        let work = lock(&self.0.work);
        work.listed.as_ref().is_none_or(|listed| {
            let last = listed.values().flatten().max();
            last.is_none_or(|last| *last < last_activity)
        })
    }

    /// Tells the lists of rooms whether there is anything new here, once the threads are known.
    fn tell(&self) {
        let (listed, is_ahead) = {
            let work = lock(&self.0.work);
            if work.is_closed || work.is_quiet {
                return;
            }
            (work.listed.clone(), work.is_ahead)
        };
        let Some(listed) = listed else { return };
        let open = self.0.open.get_untracked().filter(|_| self.is_seen());
        // A thread that was begun here may be in no list yet.
        let fresh = self.0.fresh.get_untracked();
        let others = fresh.iter().map(|id| (id, &None));
        let is_any_unread = listed
            .iter()
            .chain(others)
            .any(|(id, at)| Some(id) != open.as_ref() && self.is_new(id, *at));
        let read_until = (!is_any_unread).then(|| {
            let last = listed.values().flatten().max().copied();
            let now = is_ahead.then(|| self.0.shared.now());
            last.max(now).unwrap_or_default()
        });
        self.0.news.tell(&self.0.room, read_until);
    }

    fn is_new(&self, thread: &ThreadId, last_activity: Option<i64>) -> bool {
        let is_fresh = self.0.fresh.with_untracked(|fresh| fresh.contains(thread));
        is_fresh
            || self
                .0
                .marks
                .with_untracked(|marks| marks.is_unread(thread, last_activity))
    }

    /// A run begins: what the person writes themselves is nothing new to them.
    pub(super) fn began(&self, thread: &ThreadState) {
        let anchor = thread.unread_after();
        if anchor.with_untracked(|anchor| anchor.is_some() && *anchor == last_row(thread)) {
            anchor.set(None);
        }
        lock(&self.0.work).is_ahead = true;
        self.tell();
    }

    /// A run has ended. Says whether nobody saw it.
    pub(super) fn ended(&self, thread: &ThreadState) -> bool {
        self.note_preview(thread);
        let id = &thread.key().thread;
        let is_open = self.0.open.with_untracked(|open| open.as_ref() == Some(id));
        if is_open && self.is_seen() {
            // The list that tells of this end comes later.
            {
                let mut work = lock(&self.0.work);
                work.seen.insert(id.clone());
                work.is_ahead = true;
            }
            self.read(thread, None);
            self.tell();
            return false;
        }
        if lock(&self.0.work).is_quiet {
            return false;
        }
        self.0.fresh.update(|fresh| {
            fresh.insert(id.clone());
        });
        self.count();
        self.tell();
        true
    }

    /// These threads wait for an answer.
    pub(super) fn waiting(&self, threads: BTreeSet<ThreadId>) {
        lock(&self.0.work).waiting = threads;
        self.count();
    }

    /// A thread is gone.
    pub(super) fn forget(&self, thread: &ThreadId) {
        if self
            .0
            .open
            .with_untracked(|open| open.as_ref() == Some(thread))
        {
            lock(&self.0.work).open = None;
            self.0.open.set(None);
        }
        self.fresh_no_more(thread);
        self.0.previews.update(|previews| {
            previews.remove(thread);
        });
        let mut marks = self.0.marks.get_untracked();
        marks.forget(thread);
        self.store(&marks);
        self.0.marks.set(marks);
        if let Some(listed) = &mut lock(&self.0.work).listed {
            listed.remove(thread);
        }
        self.tell();
    }

    /// Whoever had this open is gone; `end` ends what they had.
    pub(super) fn let_go(&self, end: impl FnOnce()) {
        lock(&self.0.work).is_quiet = true;
        end();
        {
            let mut work = lock(&self.0.work);
            work.is_quiet = false;
            work.waiting.clear();
        }
        self.0.fresh.set(BTreeSet::new());
        self.0.previews.set(BTreeMap::new());
        self.count();
    }

    /// Keeps nothing any more: the server has been removed, and its page goes a little later.
    pub(super) fn close(&self) {
        lock(&self.0.work).is_closed = true;
    }

    /// Another tab has written to a key of the storage.
    pub fn storage_changed(&self, key: &str) {
        if key == self.0.key {
            self.reread();
        }
        self.0.notices.storage_changed(key);
    }

    /// Takes over what other tabs have read meanwhile.
    pub fn reread(&self) {
        let Some(stored) = self.0.shared.load::<Marks>(&self.0.key, VERSION) else {
            return;
        };
        let mut marks = self.0.marks.get_untracked();
        marks.merge(stored);
        if self.0.marks.with_untracked(|old| *old != marks) {
            self.0.marks.set(marks);
            self.tell();
        }
    }

    fn read(&self, thread: &ThreadState, last_activity: Option<i64>) {
        let id = &thread.key().thread;
        self.fresh_no_more(id);
        // The clocks of this device and of the server differ: the later one counts.
        let at = self.0.shared.now().max(last_activity.unwrap_or(i64::MIN));
        let mut marks = self.0.marks.get_untracked();
        marks.read(id, at, last_row(thread));
        self.keep(marks);
    }

    /// Marks are written beside those of other tabs.
    fn keep(&self, mut marks: Marks) {
        if let Some(stored) = self.0.shared.load::<Marks>(&self.0.key, VERSION) {
            marks.merge(stored);
        }
        if self.0.marks.with_untracked(|old| *old == marks) {
            return;
        }
        self.store(&marks);
        self.0.marks.set(marks);
    }

    fn store(&self, marks: &Marks) {
        if !lock(&self.0.work).is_closed {
            self.0.shared.set(&self.0.key, &marks.encode());
        }
    }

    fn fresh_no_more(&self, thread: &ThreadId) {
        if self.0.fresh.with_untracked(|fresh| fresh.contains(thread)) {
            self.0.fresh.update(|fresh| {
                fresh.remove(thread);
            });
            self.count();
        }
    }

    fn note_preview(&self, thread: &ThreadState) {
        let id = &thread.key().thread;
        let order = thread.order();
        let recent = order.with_untracked(|order| -> Vec<RowId> {
            order.iter().rev().take(RECENT).cloned().collect()
        });
        let text = recent.iter().find_map(|row| {
            thread.row(row)?.with_untracked(|row| match &row.kind {
                RowKind::User { text } | RowKind::Assistant { text } => preview(text),
                _ => None,
            })
        });
        if let Some(text) = text {
            self.0.previews.update(|previews| {
                previews.insert(id.clone(), text);
            });
        }
    }

    fn is_seen(&self) -> bool {
        let desk = self.0.shared.ports.desk.get();
        desk.is_none_or(|desk| !desk.is_hidden())
    }

    /// Puts the count before the title.
    fn count(&self) {
        let waiting = lock(&self.0.work).waiting.clone();
        let count = self
            .0
            .fresh
            .with_untracked(|fresh| fresh.union(&waiting).count());
        if let Some(desk) = self.0.shared.ports.desk.get() {
            desk.badge(&self.0.place, count);
        }
    }
}

fn last_row(thread: &ThreadState) -> Option<RowId> {
    thread.order().with_untracked(|order| order.last().cloned())
}
