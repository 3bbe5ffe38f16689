//! Carries out the calls that a run has left to this side, and goes on with what they came to: in one tab only, and also after a reload.
//!
//! Several tabs may follow the same run, and each hears of its end. The one that began it goes first; the others wait until it has gone
//! on, or is gone. That a run waits for this browser is kept in storage until the next run has begun or the person has stopped it, so
//! that neither a thread from long ago nor one of another device asks anything when it is opened.

use futures_util::future::join_all;
use serde_json::json;

use super::follow::{Body, Course};
use super::{Live, RunPhase, ThreadState};
use crate::api::soliplex;
use crate::core::error::ApiError;
use crate::core::record::{self, keys};
use crate::i18n;
use crate::port::{LockGuard, NotLocked};
use crate::state::task::{lock, spawn_abortable};
use crate::state::tools::ToolCall;

/// So many runs at most go on after the calls of one before: an agent that always asks again comes to an end.
const DEPTH: u32 = 10;
/// A tab that has only followed a run leaves its calls for so long to the one that began it, in milliseconds.
const AFTER_YOU: u32 = 1_000;
/// Nobody else has the calls of a run if they can be had within this time, in milliseconds. A page that was reloaded may hold them for a moment.
const FREE: u32 = 300;
const FREE_AFTER_RELOAD: u32 = 2_000;
/// How long to wait at once for whoever has them, in milliseconds.
const TAKEN: u32 = 60 * 60_000;
/// Version of the record.
const VERSION: u32 = 1;

/// What comes after a run.
pub(super) enum Next {
    /// Nothing: it has left no calls to us.
    Over,
    /// The run that goes on after its calls.
    Run(Course, Body),
    /// Its calls were answered by another tab or device, where it has gone on.
    Elsewhere,
    /// It could not go on; why, in words for the person.
    Failed(String),
}

/// The right to answer the calls of a run, in this browser.
struct Held {
    /// None where the browser has no locks.
    _guard: Option<Box<dyn LockGuard>>,
    /// Whether nobody can have answered them before.
    is_first: bool,
}

impl ThreadState {
    /// Carries out the calls that this run has left to us, and starts the run that goes on after them.
    pub(super) async fn go_on(&self, course: &Course) -> Next {
        if self.own_calls(&course.run).is_empty() {
            return Next::Over;
        }
        if course.depth >= DEPTH {
            return Next::Failed(i18n::errors::too_deep(DEPTH));
        }
        let held = self.hold_calls(&course.run).await;
        if !held.is_first && self.has_gone_on(&course.run).await == Ok(true) {
            return Next::Elsewhere;
        }
        self.answer_calls(course, held).await
    }

    /// The calls of a run that a tool of ours can answer.
    fn own_calls(&self, run: &str) -> Vec<ToolCall> {
        let tools = self.0.room.tools();
        let pending = lock(&self.0.work).timeline.pending_calls(run);
        let known = pending.into_iter().filter(|(_, name, _)| tools.knows(name));
        known
            .map(|(id, name, args)| ToolCall { id, name, args })
            .collect()
    }

    async fn hold_calls(&self, run: &str) -> Held {
        let mut is_first = lock(&self.0.work).past.own.contains(run);
        let ports = self.0.room.server().shared().ports.clone();
        if !is_first {
            ports.clock.sleep(AFTER_YOU).await;
        }
        let mut patience = FREE;
        loop {
            match ports.lock.acquire(self.lock_name(run), patience).await {
                Ok(guard) => {
                    return Held {
                        _guard: Some(guard),
                        is_first,
                    };
                }
                Err(NotLocked::Missing) => {
                    return Held {
                        _guard: None,
                        is_first,
                    };
                }
                Err(NotLocked::Late) => (is_first, patience) = (false, TAKEN),
            }
        }
    }

    async fn answer_calls(&self, course: &Course, held: Held) -> Next {
        let (run, tools) = (course.run.as_str(), self.0.room.tools());
        let calls = self.own_calls(run);
        self.note_left(Some(run));
        self.flush();
        // A person takes their time, and may have answered on another device meanwhile.
        let may_be_late = !held.is_first || calls.iter().any(|call| tools.asks(&call.name));
        let begun = self.now();
        let outcomes = join_all(calls.iter().map(|call| tools.call(&self.0.key, call))).await;
        if may_be_late {
            match self.has_gone_on(run).await {
                Ok(true) => {
                    self.note_left(None);
                    return Next::Elsewhere;
                }
                Err(error) if !held.is_first => {
                    return Next::Failed(i18n::errors::not_gone_on(&error));
                }
                _ => {}
            }
        }
        // The clocks of this device and of the server differ.
        let took = self.now() - begun;
        let last = lock(&self.0.work).timeline.last_time(run);
        let ended = last.unwrap_or(begun) + took;
        for (call, outcome) in calls.iter().zip(outcomes) {
            let (text, is_error) = (outcome.content, outcome.is_error);
            self.change(|timeline| timeline.settle_call(run, &call.id, &text, is_error, ended));
        }
        match self.open_run(None, None).await {
            Ok((mut next, body)) => {
                self.note_left(None);
                next.depth = course.depth + 1;
                Next::Run(next, body)
            }
            Err(error) => Next::Failed(i18n::errors::not_gone_on(&error)),
        }
    }

    /// Whether the server knows a later run than this one.
    async fn has_gone_on(&self, run: &str) -> Result<bool, ApiError> {
        let key = &self.0.key;
        let request = soliplex::thread(&key.room, &key.thread);
        let runs = soliplex::read_runs(&self.client().call(request).await?)?;
        let known = runs.iter().rposition(|known| known.id == run);
        let mut later = runs
            .iter()
            .skip(known.map_or(runs.len(), |known| known + 1));
        Ok(later.any(|run| run.is_started()))
    }

    /// Puts again to the person what this browser was asked before it was closed or reloaded. Says whether it does.
    pub(super) fn take_up_calls(&self) -> bool {
        let Some((course, stamp)) = self.left_course().map(|course| (course, self.stamp())) else {
            return false;
        };
        let this = self.clone();
        crate::state::task::spawn(async move {
            let ports = this.0.room.server().shared().ports.clone();
            let name = this.lock_name(&course.run);
            let guard = match ports.lock.acquire(name, FREE_AFTER_RELOAD).await {
                Ok(guard) => Some(guard),
                Err(NotLocked::Missing) => None,
                // Another tab asks.
                Err(NotLocked::Late) => return,
            };
            let is_left = this.left_run().as_ref() == Some(&course.run);
            if is_left && this.is_wanted(stamp) {
                let held = Held {
                    _guard: guard,
                    is_first: false,
                };
                this.go_on_anew(course, held);
            }
        });
        true
    }

    /// The run that waits for this browser, if it is still the newest one.
    fn left_course(&self) -> Option<Course> {
        let run = self.left_run()?;
        let (is_newest, depth) = {
            let runs = &lock(&self.0.work).past.runs;
            let mut started = runs.iter().rev().filter(|run| run.is_started());
            let is_newest = started.clone().next().is_some_and(|last| last.id == run);
            let depth = started.by_ref().take_while(|run| run.continues()).count();
            (is_newest, u32::try_from(depth).unwrap_or(DEPTH))
        };
        if !is_newest {
            self.note_left(None);
            return None;
        }
        // A run that could not be loaded shows no calls: it may be had another time.
        let has_calls = !self.own_calls(&run).is_empty();
        has_calls.then(|| Course {
            depth,
            ..Course::begin(run.clone(), self.resume_request(&run))
        })
    }

    fn go_on_anew(&self, course: Course, held: Held) {
        self.set_phase(RunPhase::Streaming);
        let (this, run) = (self.clone(), course.run.clone());
        let handle = spawn_abortable(async move {
            let _turn = this.turn().await;
            this.set_phase(RunPhase::Streaming);
            match this.answer_calls(&course, held).await {
                Next::Run(next, body) => this.follow_on(next, body).await,
                Next::Failed(why) => {
                    this.tell_error(&course.run, &why);
                    this.ended(false);
                }
                Next::Over | Next::Elsewhere => {
                    this.ended(true);
                    this.look();
                }
            }
        });
        let run = Some(run);
        lock(&self.0.work).live = Some(Live { run, handle });
    }

    fn lock_name(&self, run: &str) -> String {
        format!("{}calls/{}/{run}", keys::PREFIX, self.0.key.server.as_str())
    }

    fn left_key(&self) -> String {
        let key = &self.0.key;
        keys::calls(&key.server, &self.0.user, &key.room, &key.thread)
    }

    /// The run whose calls this browser was about to answer when it was last here.
    fn left_run(&self) -> Option<String> {
        let text = self.0.room.server().shared().get(&self.left_key())?;
        let value: serde_json::Value = record::decode(VERSION, &text).ok()?;
        Some(value.get("run")?.as_str()?.to_owned())
    }

    /// Keeps the name of the run that waits for this browser, or forgets it.
    pub(super) fn note_left(&self, run: Option<&str>) {
        let (shared, key) = (self.0.room.server().shared().clone(), self.left_key());
        match run {
            Some(run) => shared.save(&key, VERSION, &json!({ "run": run })),
            None if shared.get(&key).is_some() => shared.remove(&key),
            None => {}
        }
    }
}
