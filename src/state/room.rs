//! A room: its threads, and which of them have a live run.

mod edit;
mod elsewhere;
mod tidy;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Update, With, WithUntracked};

pub(super) use self::elsewhere::Word;
use super::Load;
use super::backend::{self, Abilities, Backend};
use super::composer::Composer;
use super::limit::Limit;
use super::server::{Server, Tenant};
use super::task::{lock, spawn};
use super::thread::ThreadState;
use super::tools::{Approval, Tools};
use super::unread::Unread;
use crate::core::composer::draft::DraftKey;
use crate::core::composer::outgoing::Outgoing;
use crate::core::room::{Room, RoomId, ThreadId};
use crate::core::route::Route;
use crate::core::server::alias::Alias;
use crate::core::thread::history::ThreadSummary;
use crate::i18n;

/// A title comes about a second after a run (wire contract section 5), in milliseconds.
const TITLE_DELAY: u32 = 1_800;
/// Where it has not come by then, it is looked for once more after this long.
const LATE_TITLE: u32 = 4_000;
/// Runs at once on one server; the others wait their turn. Browsers that speak HTTP/1.1 hold six connections to a server, and
/// each run takes one of them.
const RUNS_AT_ONCE: usize = 4;

/// A room of a server. Clones share it.
#[derive(Clone)]
pub struct RoomState(Arc<Inner>);

struct Inner {
    this: Weak<Inner>,
    server: Server,
    backend: Arc<dyn Backend>,
    id: RoomId,
    threads: ArcRwSignal<Load<Vec<ThreadSummary>>>,
    running: ArcRwSignal<BTreeSet<ThreadId>>,
    open: Mutex<BTreeMap<ThreadId, ThreadState>>,
    new_thread: Composer,
    tools: Tools,
    unread: Unread,
    /// One for all rooms of the server.
    turns: Limit,
    /// It was let go of: what is still on its way is asked for and noted no more.
    is_gone: AtomicBool,
}

impl PartialEq for RoomState {
    fn eq(&self, other: &Self) -> bool {
        self.0.server == other.0.server && self.0.id == other.0.id
    }
}

impl Eq for RoomState {}

impl std::fmt::Debug for RoomState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RoomState").field(&self.0.id).finish()
    }
}

impl Server {
    /// A room; the same one whenever it is asked for.
    #[must_use]
    pub fn room(&self, id: &RoomId) -> RoomState {
        let open = self.tenant(id);
        let tenant: Arc<dyn Any + Send + Sync> = match open {
            Some(tenant) => tenant,
            // Made outside any lock: a room reads its own draft.
            None => self.take_in(id, RoomState::new(self.clone(), id.clone()).0),
        };
        match tenant.downcast::<Inner>() {
            Ok(inner) => RoomState(inner),
            // Nothing else moves in.
            Err(_) => RoomState::new(self.clone(), id.clone()),
        }
    }
}

impl Tenant for Inner {
    fn flush(&self) {
        for composer in self.composers() {
            composer.flush();
        }
    }

    fn draft_changed(&self, key: &str) {
        for composer in self.composers() {
            composer.adopt(key);
        }
    }

    fn close(&self) {
        self.unread.close();
        for composer in self.composers() {
            composer.close();
        }
    }

    fn is_running(&self) -> bool {
        self.running.with_untracked(|running| !running.is_empty())
    }

    fn let_go(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
        self.tools.let_go();
        self.unread.let_go(|| {
            for thread in self.open_threads() {
                thread.let_go();
            }
        });
        // The room is left for good: who comes next sends nothing that was written here.
        for composer in self.composers() {
            composer.leave();
        }
        // Threads and their room hold each other: without this, for ever.
        let _gone = std::mem::take(&mut *lock(&self.open));
    }

    fn reconnected(&self) {
        let Some(this) = self.this.upgrade().map(RoomState) else {
            return;
        };
        if self
            .threads
            .with_untracked(|threads| threads.error.is_some())
        {
            this.reload_threads();
        }
        for thread in self.open_threads() {
            thread.reconnected();
        }
    }

    fn woken(&self) {
        let Some(this) = self.this.upgrade().map(RoomState) else {
            return;
        };
        let here = match this.0.server.shared().here() {
            Some(Route::Thread {
                alias,
                room,
                thread,
                ..
            }) if alias == this.0.server.alias() && room == this.0.id => Some(thread),
            _ => None,
        };
        for thread in self.open_threads() {
            thread.woken(here.as_ref() == Some(&thread.key().thread));
        }
    }

    fn moved(&self, last_activity: i64) {
        let is_behind = self
            .threads
            .with_untracked(|load| load.data.is_some() && !load.busy)
            && self.unread.is_behind(last_activity);
        if let Some(this) = self.this.upgrade().filter(|_| is_behind) {
            RoomState(this).reload_threads();
        }
    }

    fn thread_name(&self, id: &ThreadId) -> Option<String> {
        self.threads.with_untracked(|load| {
            load.data
                .as_ref()?
                .iter()
                .find(|thread| thread.id == *id)?
                .name
                .clone()
        })
    }
}

impl Inner {
    fn composers(&self) -> Vec<Composer> {
        self.open_threads()
            .iter()
            .map(ThreadState::composer)
            .chain([self.new_thread.clone()])
            .collect()
    }

    fn open_threads(&self) -> Vec<ThreadState> {
        lock(&self.open).values().cloned().collect()
    }
}

impl RoomState {
    fn new(server: Server, id: RoomId) -> Self {
        let key = DraftKey {
            server: server.id().clone(),
            user: server.session().user(),
            room: id.clone(),
            thread: None,
        };
        let new_thread = Composer::new(server.shared(), key);
        let backend = backend::of(&server);
        if !backend.abilities().images {
            new_thread.take_text_only();
        }
        let tools = Tools::new(&server);
        let unread = Unread::new(&server, &id);
        let turns = server
            .tenants()
            .into_iter()
            .find_map(|tenant| {
                let tenant: Arc<dyn Any + Send + Sync> = tenant;
                Some(tenant.downcast_ref::<Inner>()?.turns.clone())
            })
            .unwrap_or_else(|| Limit::new(RUNS_AT_ONCE));
        let this = Self(Arc::new_cyclic(|this| Inner {
            this: this.clone(),
            backend,
            server,
            id,
            threads: ArcRwSignal::default(),
            running: ArcRwSignal::default(),
            open: Mutex::default(),
            new_thread,
            tools,
            unread,
            turns,
            is_gone: AtomicBool::new(false),
        }));
        let weak = Arc::downgrade(&this.0);
        this.0.tools.on_change(move |asked, is_new| {
            if let Some(inner) = weak.upgrade() {
                Self(inner).note_question(asked, is_new);
            }
        });
        this.hear_tabs();
        this.take_up_verdicts();
        let weak = Arc::downgrade(&this.0);
        this.0.new_thread.on_send(move |message| {
            if let Some(inner) = weak.upgrade() {
                let this = Self(inner);
                spawn(async move { this.start_thread(message).await });
            }
        });
        this
    }

    /// Its server.
    #[must_use]
    pub fn server(&self) -> Server {
        self.0.server.clone()
    }

    /// What its server can do, beyond a conversation.
    #[must_use]
    pub fn abilities(&self) -> Abilities {
        self.0.backend.abilities()
    }

    pub(super) fn backend(&self) -> &dyn Backend {
        self.0.backend.as_ref()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.0.id
    }

    /// What the server says of it (tracked).
    #[must_use]
    pub fn room(&self) -> Option<Room> {
        self.0.server.rooms().with(|rooms| {
            rooms
                .data
                .as_ref()?
                .iter()
                .find(|room| room.id == self.0.id)
                .cloned()
        })
    }

    /// Its threads, newest first.
    #[must_use]
    pub fn threads(&self) -> ArcRwSignal<Load<Vec<ThreadSummary>>> {
        self.0.threads.clone()
    }

    /// The threads with a live run.
    #[must_use]
    pub fn running(&self) -> ArcRwSignal<BTreeSet<ThreadId>> {
        self.0.running.clone()
    }

    /// The composer of the "new thread" page.
    #[must_use]
    pub fn new_thread(&self) -> Composer {
        self.0.new_thread.clone()
    }

    /// The tools that its agents may call in this app.
    #[must_use]
    pub fn tools(&self) -> Tools {
        self.0.tools.clone()
    }

    /// What is new in it.
    #[must_use]
    pub fn unread(&self) -> Unread {
        self.0.unread.clone()
    }

    /// A thread comes on show.
    pub fn opened(&self, id: &ThreadId) {
        let thread = self.thread(id);
        let listed = self.0.threads.with_untracked(|load| {
            let threads = load.data.as_ref()?;
            threads.iter().find(|thread| thread.id == *id).cloned()
        });
        self.0.unread.opened(&thread, listed.as_ref());
    }

    /// A thread; the same one whenever it is asked for.
    #[must_use]
    pub fn thread(&self, id: &ThreadId) -> ThreadState {
        if let Some(thread) = lock(&self.0.open).get(id) {
            return thread.clone();
        }
        let thread = ThreadState::new(self.clone(), id.clone());
        lock(&self.0.open)
            .entry(id.clone())
            .or_insert(thread)
            .clone()
    }

    /// Lets runs of this server begin, a few at once.
    pub(super) fn turns(&self) -> Limit {
        self.0.turns.clone()
    }

    pub(super) fn note_running(&self, thread: &ThreadId, runs: bool) {
        self.0.running.update(|running| {
            if runs {
                running.insert(thread.clone());
            } else {
                running.remove(thread);
            }
        });
        let Some(state) = lock(&self.0.open).get(thread).cloned() else {
            return;
        };
        if runs {
            self.0.unread.began(&state);
            return;
        }
        if self.0.unread.ended(&state) {
            self.notify(thread, state.end_in_words());
        }
        self.tidy_soon();
        let (this, thread) = (self.clone(), thread.clone());
        spawn(async move { this.look_for_title(&thread).await });
    }

    /// The title comes a little later than the end.
    async fn look_for_title(&self, thread: &ThreadId) {
        let clock = self.0.server.shared().ports.clock.clone();
        clock.sleep(TITLE_DELAY).await;
        self.refresh_threads().await;
        let name = self.0.thread_name(thread);
        if !self.is_gone() && name.is_none_or(|name| name == self.0.backend.unnamed()) {
            clock.sleep(LATE_TITLE).await;
            self.refresh_threads().await;
        }
    }

    fn note_question(&self, asked: &Approval, is_new: bool) {
        let waiting = self.0.tools.waiting().with_untracked(|waiting| {
            let threads = waiting.iter().map(|asked| asked.thread.thread.clone());
            threads.collect()
        });
        self.0.unread.waiting(waiting);
        if is_new {
            self.notify(&asked.thread.thread, i18n::unread::WAITS_BODY);
        }
    }

    /// Tells somebody who does not see the page; nothing of the conversation but the thread's name.
    fn notify(&self, thread: &ThreadId, body: &str) {
        let name = self.0.thread_name(thread);
        let name = name.filter(|name| name != self.0.backend.unnamed());
        let room = self.0.server.rooms().with_untracked(|load| {
            let rooms = load.data.iter().flatten();
            let own = rooms.into_iter().find(|room| room.id == self.0.id);
            own.map_or_else(|| self.0.id.to_string(), |room| room.name.clone())
        });
        let title = i18n::unread::notice_title(name.as_deref(), &room);
        let shared = self.0.server.shared().clone();
        let route = Route::thread(self.0.server.alias(), self.0.id.clone(), thread.clone());
        let tag = route.to_path();
        let go = move || shared.go(&route, false);
        self.0.unread.notices().tell(&title, body, &tag, go);
    }

    /// Whether whoever had it open has left: it is never used again.
    pub(super) fn is_gone(&self) -> bool {
        self.0.is_gone.load(Ordering::Relaxed)
    }

    /// Loads the threads unless they are there or on their way.
    pub fn load_threads(&self) {
        if self
            .0
            .threads
            .with_untracked(|threads| threads.data.is_none() && !threads.busy)
        {
            self.reload_threads();
        }
    }

    /// Loads the threads anew; those on show stay until then.
    pub fn reload_threads(&self) {
        let this = self.clone();
        spawn(async move { this.refresh_threads().await });
    }

    async fn refresh_threads(&self) {
        if self.is_gone() || self.0.threads.with_untracked(|threads| threads.busy) {
            return;
        }
        self.0.threads.update(|threads| threads.busy = true);
        let threads = self.0.backend.threads(&self.0.id).await;
        if self.is_gone() {
            return;
        }
        if let Ok(threads) = &threads {
            self.0.server.note_threads(&self.0.id, threads);
            self.0.unread.listed(threads);
        }
        self.0.threads.update(|load| load.settle(threads));
    }

    async fn start_thread(&self, message: Outgoing) {
        let made = match self.0.backend.create_thread(&self.0.id).await {
            Ok(made) => made,
            Err(error) => {
                self.0
                    .new_thread
                    .give_back(Some(i18n::errors::api_error_line(&error)));
                return;
            }
        };
        let thread = self.thread(&made.id);
        let shared = self.0.server.shared();
        let is_here =
            |alias: &Alias, room: &RoomId| *alias == self.0.server.alias() && *room == self.0.id;
        let is_here = matches!(shared.here(), Some(Route::Room { alias, room, .. }) if is_here(&alias, &room));
        // What was written meanwhile goes along.
        thread.composer().take_over(&self.0.new_thread, is_here);
        // The request is under way while its page is made.
        thread.begin(message, made.run, made.state);
        if is_here {
            // The page of the new thread takes the place of the empty one.
            shared.go(
                &Route::thread(self.0.server.alias(), self.0.id.clone(), made.id.clone()),
                true,
            );
        }
        self.0.threads.update(|load| {
            let fresh = ThreadSummary {
                id: made.id.clone(),
                name: Some(self.0.backend.unnamed().to_owned()),
                created: Some(shared.now()),
                last_activity: Some(shared.now()),
            };
            load.data.get_or_insert_default().insert(0, fresh);
        });
    }
}
