//! A thread that is, or was, open: its rows, its run and its composer. Belongs to the app: leaving the
//! page ends nothing.

mod again;
mod calls;
pub mod feedback;
mod follow;
mod input;
pub mod opened;
mod past;
mod rehearsal;
mod run;
mod show;
mod unload;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::future::AbortHandle;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set, WithUntracked};

use self::feedback::Verdicts;
use self::opened::Opened;
use super::Load;
use super::backend::Backend;
use super::composer::Composer;
use super::room::RoomState;
use super::stream::Wake;
use super::task::lock;
use super::tools::Tools;
use crate::core::composer::draft::{DraftKey, UserKey};
use crate::core::room::{RoomId, ThreadId};
use crate::core::server::id::ServerId;
use crate::core::thread::message::{Row, RowId, RowKind, RowState};
use crate::core::thread::picture::{Composed, compose};
use crate::core::thread::timeline::{Change, Timeline};
use crate::i18n;

use self::again::Lost;
use self::input::Earlier;
use self::past::Past;
use self::run::Message;

/// So long ago is a moment ago, in milliseconds.
const A_MOMENT: u64 = 1_000;

/// The full name of a thread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadKey {
    /// Its server.
    pub server: ServerId,
    /// Its room.
    pub room: RoomId,
    /// The thread.
    pub thread: ThreadId,
}

/// What a thread is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunPhase {
    /// Nothing.
    Idle,
    /// A message waits until one of the server's other runs has ended.
    Queued,
    /// A message is on its way.
    Starting,
    /// An answer is coming.
    Streaming,
    /// The stream was cut and is being had again.
    Resuming {
        /// Which attempt.
        attempt: u32,
        /// Out of how many.
        of: u32,
    },
}

/// What there is above the rows on show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// Nothing: the conversation begins with the first row.
    None,
    /// Earlier rows, not loaded yet.
    More,
    /// Earlier rows, on their way.
    Loading,
    /// Earlier rows, which could not be loaded.
    Failed,
}

/// A thread. Clones share it.
#[derive(Clone)]
pub struct ThreadState(Arc<Inner>);

struct Inner {
    room: RoomState,
    key: ThreadKey,
    /// Who has it open.
    user: UserKey,
    composer: Composer,
    order: ArcRwSignal<Vec<RowId>>,
    rows: Mutex<HashMap<RowId, ArcRwSignal<Row>>>,
    history: ArcRwSignal<Load<()>>,
    older: ArcRwSignal<Older>,
    phase: ArcRwSignal<RunPhase>,
    unread_after: ArcRwSignal<Option<RowId>>,
    opened: Opened,
    verdicts: Verdicts,
    /// Rung when the person, or the network, has come back.
    wake: Wake,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    timeline: Timeline,
    past: Past,
    /// What the next run is told of the conversation before the rows that are loaded.
    earlier: Earlier,
    live: Option<Live>,
    /// The message that is on its way, by its id, until the server has it.
    unsent: Option<(String, Message)>,
    /// What has changed since the last frame.
    dirty: Change,
    flush_is_due: bool,
    /// A run whose stream could not be had again.
    lost: Option<Lost>,
    /// Something may have happened elsewhere since this was last on show.
    is_stale: bool,
    looked_at: i64,
    /// When it went out of sight; `None` while it is on show, and before it ever was.
    left: Option<i64>,
    /// A run was stopped here: the server has more of it than is shown.
    is_own: bool,
    /// Whoever had it open has left, or it was deleted: nothing is loaded or begun here any more.
    is_gone: bool,
}

/// What was known of the conversation when something was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    turn: u64,
    tail: u64,
}

struct Live {
    run: Option<String>,
    handle: AbortHandle,
}

impl std::fmt::Debug for ThreadState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ThreadState")
            .field(&self.0.key.thread)
            .finish()
    }
}

impl ThreadState {
    pub(super) fn new(room: RoomState, thread: ThreadId) -> Self {
        let server = room.server();
        let key = ThreadKey {
            server: server.id().clone(),
            room: room.id().clone(),
            thread,
        };
        let user = server.session().user();
        let draft = DraftKey {
            server: key.server.clone(),
            user: user.clone(),
            room: key.room.clone(),
            thread: Some(key.thread.clone()),
        };
        let composer = Composer::new(server.shared(), draft);
        if !room.abilities().images {
            composer.take_text_only();
        }
        let this = Self(Arc::new(Inner {
            room,
            key,
            user,
            composer,
            order: ArcRwSignal::default(),
            rows: Mutex::default(),
            history: ArcRwSignal::default(),
            older: ArcRwSignal::new(Older::None),
            phase: ArcRwSignal::new(RunPhase::Idle),
            unread_after: ArcRwSignal::new(None),
            opened: Opened::default(),
            verdicts: Verdicts::default(),
            wake: Wake::default(),
            work: Mutex::default(),
        }));
        let weak = Arc::downgrade(&this.0);
        this.0.composer.on_send(move |message| {
            if let Some(inner) = weak.upgrade() {
                let this = Self(inner);
                this.start(Message::Typed(Box::new(message)), None);
            }
        });
        this
    }

    /// Its full name.
    #[must_use]
    pub fn key(&self) -> &ThreadKey {
        &self.0.key
    }

    /// Its composer.
    #[must_use]
    pub fn composer(&self) -> Composer {
        self.0.composer.clone()
    }

    /// Its rows, by name, in order.
    #[must_use]
    pub fn order(&self) -> ArcRwSignal<Vec<RowId>> {
        self.0.order.clone()
    }

    /// One row.
    #[must_use]
    pub fn row(&self, id: &RowId) -> Option<ArcRwSignal<Row>> {
        lock(&self.0.rows).get(id).cloned()
    }

    /// How the loading of its past stands.
    #[must_use]
    pub fn history(&self) -> ArcRwSignal<Load<()>> {
        self.0.history.clone()
    }

    /// What there is above the first row.
    #[must_use]
    pub fn older(&self) -> ArcRwSignal<Older> {
        self.0.older.clone()
    }

    /// What it is doing.
    #[must_use]
    pub fn run(&self) -> ArcRwSignal<RunPhase> {
        self.0.phase.clone()
    }

    /// The last row that was read before the thread was opened this time; what comes after it is new.
    #[must_use]
    pub fn unread_after(&self) -> ArcRwSignal<Option<RowId>> {
        self.0.unread_after.clone()
    }

    /// How the last run ended, in the words of a notice.
    pub(super) fn end_in_words(&self) -> &'static str {
        let last = self.0.order.with_untracked(|order| order.last().cloned());
        let is_whole = last.and_then(|id| self.row(&id)).is_none_or(|row| {
            row.with_untracked(|row| {
                row.state == RowState::Done
                    && !matches!(row.kind, RowKind::Error { .. } | RowKind::NoResponse)
            })
        });
        if is_whole {
            i18n::unread::DONE_BODY
        } else {
            i18n::unread::STOPPED_BODY
        }
    }

    fn backend(&self) -> &dyn Backend {
        self.0.room.backend()
    }

    /// The tools that its agent may call in this app.
    #[must_use]
    pub fn tools(&self) -> Tools {
        self.0.room.tools()
    }

    fn set_phase(&self, phase: RunPhase) {
        let before = self.0.phase.get_untracked();
        if before == phase {
            return;
        }
        self.0.phase.set(phase);
        let (ran, runs) = (before != RunPhase::Idle, phase != RunPhase::Idle);
        self.0.composer.blocked().set(runs);
        if ran != runs {
            self.0.room.note_running(&self.0.key.thread, runs);
        }
    }

    fn now(&self) -> i64 {
        self.0.room.server().shared().now()
    }

    /// Whether a row was finished a moment ago, so that all of it may have come at once.
    #[must_use]
    pub fn is_just_done(&self, row: &Row) -> bool {
        row.ended
            .is_some_and(|ended| self.now().abs_diff(ended) < A_MOMENT)
    }

    fn is_live(&self) -> bool {
        lock(&self.0.work).live.is_some()
    }

    fn is_gone(&self) -> bool {
        lock(&self.0.work).is_gone
    }

    fn stamp(&self) -> Stamp {
        lock(&self.0.work).past.stamp()
    }

    /// Whether what was asked for with this stamp still belongs here, and to nobody who came in between.
    fn is_wanted(&self, stamp: Stamp) -> bool {
        let work = lock(&self.0.work);
        !work.is_gone && work.live.is_none() && work.past.stamp() == stamp
    }

    /// Loads its past unless that is there or on its way.
    pub fn open(&self) {
        let (is_there, is_busy) = self
            .0
            .history
            .with_untracked(|load| (load.data.is_some(), load.busy));
        if !is_there && !is_busy && !self.is_live() {
            self.reload();
        } else if is_there && lock(&self.0.work).is_stale {
            self.look();
        }
    }

    /// What the person has unfolded in it.
    #[must_use]
    pub fn opened(&self) -> Opened {
        self.0.opened.clone()
    }

    /// The text and images of a message of the person that is more than text.
    #[must_use]
    pub fn composed(&self, id: &RowId) -> Option<Composed> {
        lock(&self.0.work).timeline.parts(id).map(compose)
    }
}
