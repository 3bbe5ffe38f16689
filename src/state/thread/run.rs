//! The run of a thread: from the message to the end of its answer, or to Stop.

use futures_util::FutureExt;
use reactive_graph::traits::Update;
use serde_json::Value;

use super::follow::{Body, Course};
use super::{Live, RunPhase, ThreadState};
use crate::api::soliplex;
use crate::core::agui::run::UserContent;
use crate::core::composer::outgoing::Outgoing;
use crate::core::error::ApiError;
use crate::core::thread::history::shown;
use crate::core::thread::message::RowKind;
use crate::core::thread::timeline::{Change, Timeline};
use crate::i18n;
use crate::state::limit::Permit;
use crate::state::room::Word;
use crate::state::task::{lock, spawn, spawn_abortable};

/// How long a request that was dropped may take to arrive all the same, in milliseconds.
const ARRIVES: u32 = 1_000;

/// What a run is to answer.
#[derive(Clone)]
pub(super) enum Message {
    /// Just written; if it is not taken, it goes back to where it was written.
    Typed(Box<Outgoing>),
    /// What was asked before, asked once more.
    Again(UserContent),
}

impl Message {
    pub(super) fn push(&self, timeline: &mut Timeline, id: &str, at: i64) -> Change {
        match self {
            Self::Typed(message) => timeline.push_outgoing(id, message, at),
            Self::Again(content) => {
                timeline.push_user_content(id, &shown(content), content.clone(), at)
            }
        }
    }
}

impl ThreadState {
    /// Begins a thread that was just made; its composer has the message by now.
    pub(in crate::state) fn begin(
        &self,
        message: Outgoing,
        run: Option<String>,
        state: Option<Value>,
    ) {
        lock(&self.0.work).earlier.state = state;
        self.0.history.update(|load| load.settle(Ok(())));
        self.start(Message::Typed(Box::new(message)), run);
    }

    pub(super) fn start(&self, message: Message, run: Option<String>) {
        if self.is_gone() {
            self.take_back(&message, None);
            return;
        }
        let id = format!("user-{}", self.0.room.server().shared().uuid());
        let now = self.now();
        {
            let mut work = lock(&self.0.work);
            work.unsent = Some((id.clone(), message.clone()));
            work.lost = None;
        }
        self.change(|timeline| message.push(timeline, &id, now));
        self.set_phase(RunPhase::Starting);
        let this = self.clone();
        let handle = spawn_abortable(async move { this.run_to_end(id, message, run).await });
        lock(&self.0.work).live = Some(Live { run: None, handle });
    }

    /// Waits until fewer runs than allowed are under way on this server. Held until the run has ended in one way or another.
    pub(super) async fn turn(&self) -> Permit {
        let turns = self.0.room.turns();
        let mut turn = Box::pin(turns.permit());
        if let Some(turn) = turn.as_mut().now_or_never() {
            return turn;
        }
        self.set_phase(RunPhase::Queued);
        turn.await
    }

    async fn run_to_end(self, id: String, message: Message, run: Option<String>) {
        let _turn = self.turn().await;
        self.set_phase(RunPhase::Starting);
        let opened = match self.have_past().await {
            Ok(()) => self.open_run(Some(&id), run).await,
            Err(error) => Err(error),
        };
        let (course, body) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.refused(&id, &message, &error);
                return;
            }
        };
        lock(&self.0.work).unsent = None;
        self.change(|timeline| timeline.accept_user(&id));
        if let Message::Typed(_) = message {
            self.0.composer.accepted();
        }
        self.follow_on(course, body).await;
    }

    /// Makes a run, unless there is one, and starts it: to answer this message, or to go on after calls.
    pub(super) async fn open_run(
        &self,
        message: Option<&str>,
        run: Option<String>,
    ) -> Result<(Course, Body), ApiError> {
        let (client, key) = (self.client(), &self.0.key);
        let run = match run {
            Some(run) => run,
            None => {
                let body = client
                    .call(soliplex::create_run(&key.room, &key.thread))
                    .await?;
                soliplex::read_new_run(&body)?
            }
        };
        let now = self.now();
        {
            let mut work = lock(&self.0.work);
            // The answer belongs below its question, whatever else is written meanwhile.
            if let Some(message) = message {
                let change = work.timeline.bind_user(message, &run);
                work.dirty.merge(change);
            }
            work.past.begin(&run, now);
            if let Some(live) = &mut work.live {
                live.run = Some(run.clone());
            }
        }
        let request = self.start_request(&run);
        let body = client.open_stream(request, None).await?;
        self.0.room.tell_tabs(&key.thread, Word::Began);
        let request = self.resume_request(&run);
        Ok((Course::begin(run, request), Some(body)))
    }

    /// The server did not take the message: its row goes, its text comes back.
    fn refused(&self, id: &str, message: &Message, error: &ApiError) {
        {
            let work = &mut *lock(&self.0.work);
            work.unsent = None;
            if let Some(run) = work.live.as_ref().and_then(|live| live.run.as_ref()) {
                work.past.forget(run);
            }
        }
        self.change(|timeline| timeline.remove(id));
        self.take_back(message, Some(i18n::errors::not_sent(error)));
        self.ended(false);
    }

    fn take_back(&self, message: &Message, why: Option<String>) {
        let composer = &self.0.composer;
        match message {
            Message::Typed(_) => composer.give_back(why),
            // It still stands where it was asked first.
            Message::Again(_) if why.is_some() => composer.put(&Outgoing::default(), why),
            Message::Again(_) => {}
        }
    }

    pub(super) fn ended(&self, went_well: bool) {
        let is_own = {
            let mut work = lock(&self.0.work);
            work.live = None;
            work.looked_at = 0;
            let last = work.past.runs.last();
            last.is_some_and(|last| work.past.own.contains(&last.id))
        };
        self.flush();
        self.set_phase(RunPhase::Idle);
        self.fill();
        if is_own {
            self.0.room.tell_tabs(&self.0.key.thread, Word::Ended);
        }
        self.look_if_stale();
        // Last: it may begin the next run.
        self.0.composer.run_ended(went_well);
    }

    /// Asks again what this run was asked: its message is sent once more, as a new run of the same thread.
    pub fn retry(&self, run: &str) {
        if self.is_live() || self.0.composer.has_left() {
            return;
        }
        let content = {
            let timeline = &lock(&self.0.work).timeline;
            let rows = timeline.rows();
            // A run that goes on after calls answers the question of the first one.
            let last = rows.iter().rposition(|row| row.run.as_deref() == Some(run));
            let above = rows.get(..=last.unwrap_or_default()).unwrap_or_default();
            let mut asked = above.iter().rev().filter(|_| last.is_some());
            let question = asked.find(|row| matches!(row.kind, RowKind::User { .. }));
            question.and_then(|row| timeline.content_of(&row.id))
        };
        if let Some(content) = content {
            self.start(Message::Again(content), None);
        }
    }

    /// Stops following the run; what came is kept and marked. The server has no way to be told, and
    /// stores the whole answer.
    pub fn stop(&self) {
        let (live, unsent) = {
            let mut work = lock(&self.0.work);
            let live = work.live.take();
            // What was stopped before is being asked about already.
            let unsent = live.is_some().then(|| work.unsent.take()).flatten();
            (live, unsent)
        };
        let Some(live) = live else { return };
        live.handle.abort();
        self.0.room.tools().cancel(&self.0.key);
        if let Some(run) = &live.run {
            let now = self.now();
            let mut work = lock(&self.0.work);
            work.past.settle(run, now);
            work.is_own = true;
        }
        self.note_left(None);
        match (unsent, live.run) {
            (Some((id, message)), Some(run)) => self.stop_unheard(id, message, run),
            // No run has been asked for: the message goes back to the field.
            (Some((id, message)), None) => {
                self.change(|timeline| timeline.remove(&id));
                self.take_back(&message, None);
            }
            (None, Some(run)) => self.change(|timeline| timeline.stop(&run)),
            (None, None) => {}
        }
        self.ended(false);
    }

    /// Stops a run that was asked for, of which nothing has been heard: the server may have begun it. The question stands, as one whose
    /// answer was stopped, unless the server says that it does not have it; then, and where it does not say, it goes back to the field.
    fn stop_unheard(&self, id: String, message: Message, run: String) {
        self.change(|timeline| timeline.accept_user(&id).and(timeline.stop(&run)));
        let this = self.clone();
        spawn(async move {
            let is_begun = this.has_begun(&run).await;
            if this.is_gone() {
                return;
            }
            let why = match is_begun {
                Ok(true) => {
                    if let Message::Typed(_) = message {
                        this.0.composer.accepted();
                    }
                    // What was sent meanwhile has waited for this.
                    this.0.composer.run_ended(true);
                    return;
                }
                Ok(false) => None,
                Err(error) => Some(i18n::errors::not_sent(&error)),
            };
            lock(&this.0.work).past.forget(&run);
            this.change(|timeline| timeline.remove(&id).and(timeline.withdraw(&run)));
            this.take_back(&message, why);
        });
    }

    /// Whether the server has begun a run. A request that has just been dropped may still be on its way there.
    async fn has_begun(&self, run: &str) -> Result<bool, ApiError> {
        let clock = self.0.room.server().shared().ports.clock.clone();
        for pause in [0, ARRIVES] {
            if pause > 0 {
                clock.sleep(pause).await;
            }
            if !self.stored(run).await?.input.is_null() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets go of a live run without a word: the person has left this server.
    pub(in crate::state) fn let_go(&self) {
        self.forget_opinions();
        let live = {
            let mut work = lock(&self.0.work);
            work.is_gone = true;
            work.live.take()
        };
        // Also the words of a run that was stopped before its server had answered.
        self.0.composer.give_back(None);
        // Whoever comes back has said no to what waited.
        self.note_left(None);
        if let Some(live) = live {
            live.handle.abort();
            self.0.room.tools().cancel(&self.0.key);
            self.set_phase(RunPhase::Idle);
        }
    }
}
