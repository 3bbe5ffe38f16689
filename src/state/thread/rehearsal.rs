//! A conversation that was never had. A browser makes most code ready only when it is first run, which takes longer than running it: so what
//! is shown, sent and read goes through it once before somebody waits.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reactive_graph::traits::{Set, Update};

use super::follow::Course;
use super::{RunPhase, ThreadState};
use crate::core::agui::event::Event;
use crate::core::composer::outgoing::Outgoing;
use crate::core::room::ThreadId;
use crate::port::{ByteStream, Clock, TransportError};
use crate::state::backend::RunStream;
use crate::state::room::RoomState;
use crate::state::stream::{Line, News, follow};

const THREAD: &str = "rehearsal";
const QUESTION: &str = "question";
const RUN: &str = "run";

/// What an answer is usually made of. In pieces, so that a text that grows is part of it.
const ANSWER: [&str; 7] = [
    "A first paragraph with **bold**, *italic* and `code`, and ",
    "a [link](https://example.org) in it.\n\nA second",
    " one.\n\n## Heading\n\n- one\n- two\n\n1. first\n2. second\n\n> Quoted\n\n",
    "```rust\nfn main() {}\n",
    "let a = 1; // one\n```\n\n| a | b |\n| - | -: |\n| 1 | 2 |\n",
    "| 3 | 4 |\n\n### Heading\n\nThe",
    " end, ~~almost~~.\n",
];

/// The stream of the answer: a piece with each frame, so that no frame is late for it.
struct Tape {
    clock: Arc<dyn Clock>,
    /// The last one first.
    frames: Vec<Vec<u8>>,
}

impl Tape {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let text = |delta: &&str| serde_json::json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": "answer", "delta": delta});
        let mut events = vec![
            serde_json::json!({"type": "RUN_STARTED", "threadId": THREAD, "runId": RUN}),
            serde_json::json!({"type": "TEXT_MESSAGE_START", "messageId": "answer", "role": "assistant"}),
        ];
        events.extend(ANSWER.iter().map(text));
        events.extend([
            serde_json::json!({"type": "TEXT_MESSAGE_END", "messageId": "answer"}),
            serde_json::json!({"type": "RUN_FINISHED", "threadId": THREAD, "runId": RUN}),
        ]);
        let frame = |(at, event)| format!("id: {RUN}:{at}\ndata: {event}\n\n").into_bytes();
        let mut frames: Vec<_> = events.iter().enumerate().map(frame).collect();
        frames.reverse();
        Self { clock, frames }
    }
}

impl ByteStream for Tape {
    fn next(&mut self) -> LocalBoxFuture<'_, Option<Result<Vec<u8>, TransportError>>> {
        let piece = self.frames.pop().map(Ok);
        self.clock.frame().map(|()| piece).boxed_local()
    }
}

impl RoomState {
    /// A thread for a rehearsal. Nobody else knows it: no server, no list, no storage.
    #[must_use]
    pub fn rehearsal(&self) -> ThreadState {
        let this = ThreadState::new(self.clone(), ThreadId(THREAD.to_owned()));
        this.0.history.update(|load| load.settle(Ok(())));
        this
    }
}

impl ThreadState {
    /// Asks, in a rehearsal, and gets an answer.
    pub async fn rehearse(&self) {
        let now = self.now();
        self.change(|timeline| timeline.push_outgoing(QUESTION, &Outgoing::text(RUN), now));
        self.0.phase.set(RunPhase::Starting);
        let shared = self.0.room.server().shared().clone();
        let _begun = self.start_stream(RUN);
        let mut course = Course::begin(RUN.to_owned());
        let line = Line {
            shared: &shared,
            backend: self.backend(),
            thread: &self.0.key,
            wake: &self.0.wake,
            last_sign: None,
            known: -1,
        };
        let tell = |news| match news {
            News::Events(events) => self.hear(&events),
            _ => self.0.phase.set(RunPhase::Streaming),
        };
        let tape = RunStream::Frames(Box::new(Tape::new(shared.ports.clock.clone())));
        let _over = follow(&line, &mut course.cursor, Some(tape), &tell).await;
        self.0.phase.set(RunPhase::Idle);
        shared.ports.clock.frame().await;
    }

    fn hear(&self, events: &[Event]) {
        let now = self.now();
        self.change(|timeline| {
            let mut change = timeline.accept_user(QUESTION);
            for event in events {
                change.merge(timeline.apply(event, RUN, now));
            }
            change
        });
    }
}
