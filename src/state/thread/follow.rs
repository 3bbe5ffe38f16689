//! Follows a run to its end, and on through the runs that go on after its calls.

use std::cell::Cell;

use reactive_graph::traits::ReadUntracked;

use super::again::Lost;
use super::calls::Next;
use super::{RunPhase, ThreadState};
use crate::api::ApiRequest;
use crate::core::agui::event::Event;
use crate::core::agui::run::Cursor;
use crate::core::error::ApiError;
use crate::core::session::verdict::hints_at_expiry;
use crate::core::thread::timeline::Change;
use crate::i18n;
use crate::port::ByteStream;
use crate::state::stream::{ATTEMPTS, Ending, Line, News, follow};
use crate::state::task::lock;

/// A stream that is open; without one it is taken up at the cursor.
pub(super) type Body = Option<Box<dyn ByteStream>>;

/// A run that is being followed.
pub(super) struct Course {
    pub(super) run: String,
    pub(super) request: ApiRequest,
    pub(super) cursor: Cursor,
    /// How many runs it goes on after.
    pub(super) depth: u32,
    /// Up to which event it was known before.
    pub(super) known: i64,
    /// When it last said something, where it was begun elsewhere.
    pub(super) last_sign: Option<i64>,
}

impl Course {
    pub(super) fn begin(run: String, request: ApiRequest) -> Self {
        Self {
            cursor: Cursor::start(&run),
            run,
            request,
            depth: 0,
            known: -1,
            last_sign: None,
        }
    }
}

impl ThreadState {
    /// Follows a run to its end, and the runs that go on after it.
    pub(super) async fn follow_on(&self, mut course: Course, mut body: Body) {
        let went_well = loop {
            let has_failed = Cell::new(false);
            let ending = self.follow_run(&mut course, body.take(), &has_failed).await;
            match ending {
                Ending::Finished => {}
                Ending::Lost(error) => {
                    self.lose(course, &error);
                    break false;
                }
                Ending::Empty => {
                    self.look_at_end(&course, false).await;
                    break false;
                }
                Ending::Quiet => {
                    self.look_at_end(&course, true).await;
                    break false;
                }
            }
            let now = self.now();
            lock(&self.0.work).past.settle(&course.run, now);
            if has_failed.get() {
                break false;
            }
            match self.go_on(&course).await {
                Next::Over => break true,
                Next::Run(next, stream) => (course, body) = (next, stream),
                Next::Elsewhere => {
                    self.ended(true);
                    self.look();
                    return;
                }
                Next::Failed(why) => {
                    self.tell_error(&course.run, &why);
                    break false;
                }
            }
        };
        self.ended(went_well);
    }

    async fn follow_run(&self, course: &mut Course, body: Body, has_failed: &Cell<bool>) -> Ending {
        let shared = self.0.room.server().shared().clone();
        let (run, client) = (course.run.clone(), self.client());
        let tell = |news| match news {
            News::Events(events) => {
                has_failed.set(has_failed.get() || self.note(&events));
                self.apply(&run, &events);
            }
            News::Resuming(attempt) => self.set_phase(RunPhase::Resuming {
                attempt,
                of: ATTEMPTS,
            }),
            News::Streaming => self.set_phase(RunPhase::Streaming),
        };
        let line = Line {
            shared: &shared,
            client: &client,
            request: &course.request,
            wake: &self.0.wake,
            last_sign: course.last_sign,
            known: course.known,
        };
        follow(&line, &mut course.cursor, body, &tell).await
    }

    /// Whether the run has failed by these events. What an agent says of a session is looked into.
    fn note(&self, events: &[Event]) -> bool {
        let mut has_failed = false;
        for event in events {
            if let Event::RunError { message, .. } = event {
                has_failed = true;
                if hints_at_expiry(message) {
                    let session = self.0.room.server().session().clone();
                    session.suspect(session.signal().read_untracked().epoch);
                }
            }
        }
        has_failed
    }

    fn apply(&self, run: &str, events: &[Event]) {
        let now = self.now();
        self.change(|timeline| {
            let mut change = Change::none();
            for event in events {
                change.merge(timeline.apply(event, run, now));
            }
            change
        });
    }

    /// The stream could not be had again: what came is kept, and taken up from there when the reason is gone.
    fn lose(&self, mut course: Course, error: &ApiError) {
        let is_session = matches!(error, ApiError::Unauthorized | ApiError::Cancelled);
        let now = self.now();
        let told = (!is_session).then(|| i18n::stream_lost(error));
        self.change(|timeline| {
            let mut change = timeline.interrupt(&course.run);
            if let Some(text) = &told {
                let at = timeline.last_time(&course.run).unwrap_or(now);
                change.merge(timeline.push_error(&course.run, text, at));
            }
            change
        });
        if is_session || error.is_transient() {
            course.last_sign = course.last_sign.or(Some(self.now()));
            lock(&self.0.work).lost = Some(Lost { course, told });
        }
    }

    /// Nothing more comes from the stream: what is stored has the last word.
    async fn look_at_end(&self, course: &Course, is_given_up: bool) {
        let run = course.run.as_str();
        let stored = self.stored(run).await;
        let events = stored.map(|stored| stored.events).unwrap_or_default();
        let events: Vec<Event> = events.into_iter().map(Event::from_value).collect();
        let is_over = events.iter().any(Event::is_terminal);
        let now = self.now();
        if is_over {
            self.apply(run, &events);
            lock(&self.0.work).past.settle(run, now);
        }
        self.change(|timeline| {
            let mut change = timeline.interrupt(run);
            if is_given_up && !is_over {
                let at = timeline.last_time(run).unwrap_or(now);
                change.merge(timeline.push_gap(run, at));
            }
            change
        });
    }

    /// Says below a run why it came to nothing: at the server's time, where it has told one.
    pub(super) fn tell_error(&self, run: &str, why: &str) {
        let now = self.now();
        self.change(|timeline| {
            let at = timeline.last_time(run).unwrap_or(now);
            timeline.push_error(run, why, at)
        });
    }
}
