//! The run of a thread: from the message to the end of its answer, or to Stop.

use reactive_graph::traits::{GetUntracked, ReadUntracked, Set, Update};
use serde_json::Value;

use super::{Live, RunPhase, ThreadState};
use crate::api::{ApiRequest, soliplex};
use crate::core::agui::event::Event;
use crate::core::agui::run::{Cursor, RunInput};
use crate::core::composer::outgoing::Outgoing;
use crate::core::error::ApiError;
use crate::core::session::verdict::hints_at_expiry;
use crate::core::thread::timeline::Change;
use crate::i18n;
use crate::port::ByteStream;
use crate::state::composer::Composer;
use crate::state::stream::{ATTEMPTS, Ending, News, follow};
use crate::state::task::{lock, spawn_abortable};

impl ThreadState {
    /// Begins a thread that was just made; `from` is the composer that the text comes from.
    pub(in crate::state) fn begin(
        &self,
        message: Outgoing,
        run: Option<String>,
        state: Option<Value>,
        from: Composer,
    ) {
        lock(&self.0.work).first_state = state;
        self.0.history.update(|load| load.settle(Ok(())));
        self.start(message, run, from);
    }

    pub(super) fn start(&self, message: Outgoing, run: Option<String>, from: Composer) {
        let this = self.clone();
        self.set_phase(RunPhase::Starting);
        let composer = from.clone();
        let handle = spawn_abortable(async move { this.run_to_end(message, run, composer).await });
        lock(&self.0.work).live = Some(Live {
            run: None,
            handle,
            from: Some(from),
        });
    }

    async fn run_to_end(self, outgoing: Outgoing, run: Option<String>, from: Composer) {
        let message = format!("user-{}", self.0.room.server().shared().uuid());
        let now = self.now();
        let change = {
            let mut work = lock(&self.0.work);
            work.unsent = Some((message.clone(), outgoing.clone()));
            work.timeline.push_outgoing(&message, &outgoing, now)
        };
        self.touch(change);
        let opened = self.open_run(&message, run).await;
        let (run, request, body) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.refused(&message, &outgoing, &from, &error);
                return;
            }
        };
        let change = {
            let mut work = lock(&self.0.work);
            work.unsent = None;
            work.timeline.accept_user(&message)
        };
        self.touch(change);
        from.accepted();
        self.follow_run(run.clone(), request, Cursor::start(&run), Some(body))
            .await;
    }

    async fn open_run(
        &self,
        message: &str,
        run: Option<String>,
    ) -> Result<(String, ApiRequest, Box<dyn ByteStream>), ApiError> {
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
        let input = {
            let mut work = lock(&self.0.work);
            // The answer belongs below its question, whatever else is written meanwhile.
            let change = work.timeline.bind_user(message, &run);
            work.dirty.merge(change);
            if let Some(live) = &mut work.live {
                live.run = Some(run.clone());
            }
            let known = work.timeline.state().clone();
            let empty = known.as_object().is_none_or(serde_json::Map::is_empty);
            let state = if empty {
                work.first_state.clone().unwrap_or(known)
            } else {
                known
            };
            RunInput::new(&key.thread.0, &run, state, work.timeline.wire_messages())
        };
        let request = soliplex::stream(&key.room, &key.thread, &run, &input);
        let body = client.open_stream(request.clone(), None).await?;
        Ok((run, request, body))
    }

    /// The server did not take the message: its row goes, its text comes back.
    fn refused(&self, message: &str, outgoing: &Outgoing, from: &Composer, error: &ApiError) {
        let change = {
            let mut work = lock(&self.0.work);
            work.unsent = None;
            work.timeline.remove(message)
        };
        self.touch(change);
        let why = Some(i18n::errors::api_error_line(error));
        let own = self.composer();
        // A new thread exists by now: the text belongs to it, not to the page it came from.
        own.put_back(from, outgoing, why);
        self.ended();
    }

    /// Follows a run that goes on at the server: after a reload, or in another tab.
    pub(super) fn attach(&self, run: String) {
        let key = &self.0.key;
        let input = RunInput::new(&key.thread.0, &run, Value::Null, Vec::new());
        let request = soliplex::stream(&key.room, &key.thread, &run, &input);
        let change = lock(&self.0.work).timeline.restart_run(&run);
        lock(&self.0.work).dirty.merge(change);
        self.set_phase(RunPhase::Streaming);
        let this = self.clone();
        let name = run.clone();
        let handle = spawn_abortable(async move {
            let cursor = Cursor::start(&run);
            let body = this
                .client()
                .open_stream(request.clone(), Some(cursor.header_value()))
                .await
                .ok();
            this.follow_run(run, request, cursor, body).await;
        });
        lock(&self.0.work).live = Some(Live {
            run: Some(name),
            handle,
            from: None,
        });
    }

    async fn follow_run(
        &self,
        run: String,
        request: ApiRequest,
        cursor: Cursor,
        body: Option<Box<dyn ByteStream>>,
    ) {
        let shared = self.0.room.server().shared().clone();
        let tell = |news| match news {
            News::Events(events) => {
                let now = self.now();
                let mut change = Change::none();
                for event in &events {
                    if let Event::RunError { message, .. } = event
                        && hints_at_expiry(message)
                    {
                        let session = self.0.room.server().session().clone();
                        session.suspect(session.signal().read_untracked().epoch);
                    }
                }
                {
                    let mut work = lock(&self.0.work);
                    for event in &events {
                        change.merge(work.timeline.apply(event, &run, now));
                    }
                }
                self.touch(change);
            }
            News::Resuming(attempt) => self.set_phase(RunPhase::Resuming {
                attempt,
                of: ATTEMPTS,
            }),
            News::Streaming => self.set_phase(RunPhase::Streaming),
        };
        let ending = follow(&shared, &self.client(), &request, cursor, body, &tell).await;
        if let Ending::Lost(error) = &ending {
            let mut work = lock(&self.0.work);
            let mut change = work.timeline.interrupt(&run);
            if matches!(error, ApiError::Unauthorized | ApiError::Cancelled) {
                work.lost = true;
            } else {
                change.merge(work.timeline.push_error(
                    &run,
                    &i18n::stream_lost(error),
                    shared.now(),
                ));
            }
            drop(work);
            self.touch(change);
        } else if ending == Ending::Empty {
            let change = lock(&self.0.work).timeline.interrupt(&run);
            self.touch(change);
        }
        self.ended();
    }

    fn ended(&self) {
        lock(&self.0.work).live = None;
        self.flush();
        self.set_phase(RunPhase::Idle);
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

    /// Asks again what this run was asked: its message is sent once more, as a new run of the same thread.
    pub fn retry(&self, run: &str) {
        log::debug!("nothing is asked again yet for {run}");
    }

    /// Stops following the run; what came is kept and marked. The server has no way to be told, and
    /// stores the whole answer.
    pub fn stop(&self) {
        let live = lock(&self.0.work).live.take();
        let Some(live) = live else { return };
        live.handle.abort();
        if let Some(run) = live.run {
            let change = lock(&self.0.work).timeline.stop(&run);
            self.touch(change);
        }
        // A message that the server may not have taken yet goes back to the field.
        if let Some(from) = live.from {
            self.take_back_unsent(&from);
        }
        self.ended();
    }

    fn take_back_unsent(&self, from: &Composer) {
        let unsent = lock(&self.0.work).unsent.take();
        if let Some((message, outgoing)) = unsent {
            let change = lock(&self.0.work).timeline.remove(&message);
            self.touch(change);
            self.composer().put_back(from, &outgoing, None);
        }
        // Stopped before its row was there.
        self.composer().give_back(None);
    }

    /// Lets go of a live run without a word: the person has left this server.
    pub(in crate::state) fn let_go(&self) {
        let live = lock(&self.0.work).live.take();
        if let Some(live) = live {
            live.handle.abort();
            self.0.composer.give_back(None);
            self.set_phase(RunPhase::Idle);
        }
    }
}
