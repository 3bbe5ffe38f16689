//! A thread that is, or was, open: its rows, its run and its composer. Belongs to the app: leaving the
//! page ends nothing.

pub mod feedback;
pub mod opened;
mod run;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::future::{AbortHandle, join_all};
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Set, Update, WithUntracked};
use serde_json::Value;

use self::feedback::Verdicts;
use self::opened::Opened;
use super::Load;
use super::client::ApiClient;
use super::composer::Composer;
use super::room::RoomState;
use super::task::{lock, spawn};
use crate::api::soliplex;
use crate::core::composer::draft::DraftKey;
use crate::core::composer::outgoing::Outgoing;
use crate::core::error::ApiError;
use crate::core::room::{RoomId, ThreadId};
use crate::core::server::id::ServerId;
use crate::core::thread::history::{self, Stored};
use crate::core::thread::message::{Row, RowId, RowKind, RowState};
use crate::core::thread::picture::{Composed, compose};
use crate::core::thread::timeline::{Change, Timeline};
use crate::i18n;

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

/// A thread. Clones share it.
#[derive(Clone)]
pub struct ThreadState(Arc<Inner>);

struct Inner {
    room: RoomState,
    key: ThreadKey,
    composer: Composer,
    order: ArcRwSignal<Vec<RowId>>,
    rows: Mutex<HashMap<RowId, ArcRwSignal<Row>>>,
    history: ArcRwSignal<Load<()>>,
    phase: ArcRwSignal<RunPhase>,
    unread_after: ArcRwSignal<Option<RowId>>,
    opened: Opened,
    verdicts: Verdicts,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    timeline: Timeline,
    /// The state to start from where no event has given one yet.
    first_state: Option<Value>,
    live: Option<Live>,
    /// The message that is on its way, by its id, until the server has it.
    unsent: Option<(String, Outgoing)>,
    /// What has changed since the last frame.
    dirty: Change,
    flush_is_due: bool,
    /// A run whose stream was lost to the end of the session.
    lost: bool,
}

struct Live {
    run: Option<String>,
    handle: AbortHandle,
    /// Where the message was written that it answers.
    from: Option<Composer>,
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
        let draft = DraftKey {
            server: key.server.clone(),
            user: server.session().user(),
            room: key.room.clone(),
            thread: Some(key.thread.clone()),
        };
        let composer = Composer::new(server.shared(), draft);
        let this = Self(Arc::new(Inner {
            room,
            key,
            composer,
            order: ArcRwSignal::default(),
            rows: Mutex::default(),
            history: ArcRwSignal::default(),
            phase: ArcRwSignal::new(RunPhase::Idle),
            unread_after: ArcRwSignal::new(None),
            opened: Opened::default(),
            verdicts: Verdicts::default(),
            work: Mutex::default(),
        }));
        let weak = Arc::downgrade(&this.0);
        this.0.composer.on_send(move |message| {
            if let Some(inner) = weak.upgrade() {
                let this = Self(inner);
                let composer = this.composer();
                this.start(message, None, composer);
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

    fn client(&self) -> ApiClient {
        self.0.room.server().client().clone()
    }

    fn now(&self) -> i64 {
        self.0.room.server().shared().now()
    }

    /// Loads its past unless that is there or on its way.
    pub fn open(&self) {
        let wanted = self
            .0
            .history
            .with_untracked(|load| load.data.is_none() && !load.busy);
        if wanted && lock(&self.0.work).live.is_none() {
            self.reload();
        }
    }

    /// The session is back: what its end has cut is looked at again.
    pub(super) fn reconnected(&self) {
        let lost = std::mem::take(&mut lock(&self.0.work).lost);
        if lost || self.0.history.with_untracked(|load| load.error.is_some()) {
            self.reload();
        }
    }

    /// Loads its past anew; what is on show stays until then.
    pub fn reload(&self) {
        if self.0.history.with_untracked(|load| load.busy) {
            return;
        }
        self.0.history.update(|load| load.busy = true);
        let this = self.clone();
        spawn(async move {
            let loaded = this.load().await;
            let loaded = loaded.map(|history| {
                // A run that began meanwhile knows more than what was stored before it.
                if lock(&this.0.work).live.is_some() {
                    return Vec::new();
                }
                this.replace(history.timeline);
                history.unfinished
            });
            let unfinished = loaded
                .as_ref()
                .map(|runs| runs.last().cloned())
                .unwrap_or_default();
            this.0
                .history
                .update(|load| load.settle(loaded.map(|_| ())));
            if let Some(run) = unfinished {
                this.attach(run);
            }
        });
    }

    async fn load(&self) -> Result<history::History, ApiError> {
        let (client, key) = (self.client(), &self.0.key);
        let body = client
            .call(soliplex::thread(&key.room, &key.thread))
            .await?;
        let runs = history::runs(&crate::api::json(&body)?);
        let stored = join_all(runs.iter().map(|run| {
            let (client, id) = (client.clone(), run.id.clone());
            let started = run.finished.is_some() || run.user_message().is_some();
            async move {
                if !started {
                    return Ok(None);
                }
                let body = client
                    .call(soliplex::run(&key.room, &key.thread, &id))
                    .await;
                match body.and_then(|body| crate::api::json(&body)) {
                    Ok(value) => Ok(Some((id, Stored::Run(value)))),
                    // The session decides about the whole; a single run that fails is a gap.
                    Err(error @ (ApiError::Unauthorized | ApiError::Cancelled)) => Err(error),
                    Err(error) => {
                        log::warn!("a run could not be loaded: {error}");
                        Ok(Some((id, Stored::Failed)))
                    }
                }
            }
        }))
        .await;
        let stored: HashMap<String, Stored> = stored
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        lock(&self.0.work).first_state = history::latest_state(&runs, &stored);
        Ok(history::rebuild(&runs, &stored))
    }

    fn replace(&self, timeline: Timeline) {
        let change = Change {
            order: true,
            rows: timeline.rows().iter().map(|row| row.id.clone()).collect(),
        };
        lock(&self.0.work).timeline = timeline;
        self.touch(change);
        self.flush();
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

    /// Notes what changed; it is shown with the next frame, all at once.
    fn touch(&self, change: Change) {
        let starts = {
            let mut work = lock(&self.0.work);
            work.dirty.merge(change);
            !work.dirty.is_none() && !std::mem::replace(&mut work.flush_is_due, true)
        };
        if starts {
            let this = self.clone();
            let frame = self.0.room.server().shared().ports.clock.frame();
            spawn(async move {
                frame.await;
                this.flush();
            });
        }
    }

    fn flush(&self) {
        let (order, changed) = {
            let mut work = lock(&self.0.work);
            work.flush_is_due = false;
            let change = std::mem::take(&mut work.dirty);
            let changed: Vec<Row> = change
                .rows
                .iter()
                .filter_map(|id| work.timeline.row(id).cloned())
                .collect();
            let order = change.order.then(|| {
                work.timeline
                    .rows()
                    .iter()
                    .map(|row| row.id.clone())
                    .collect::<Vec<_>>()
            });
            (order, changed)
        };
        for row in changed {
            let known = lock(&self.0.rows).get(&row.id).cloned();
            match known {
                Some(signal) => {
                    if signal.with_untracked(|old| *old != row) {
                        signal.update(|old| old.catch_up(&row));
                    }
                }
                None => {
                    lock(&self.0.rows).insert(row.id.clone(), ArcRwSignal::new(row));
                }
            }
        }
        if let Some(order) = order
            && self.0.order.with_untracked(|old| *old != order)
        {
            self.0.order.set(order);
        }
    }
}
