//! One answer of a server that tells of it in events of its own: what the timeline is told of it, each thing once.
//!
//! The events become those of a run ([`crate::core::agui::event::Event`]), so that one timeline serves all servers; the run is named by
//! the request. What such a server does differently is settled here:
//!
//! * An answer comes in rounds. Text of a round in which a tool is called is interim: it stays in a message of its own, and is no part of
//!   the answer.
//! * The last round's text is replaced by the whole answer at the end, since a stream that breaks on the server is begun anew.
//! * The answer may come in pieces before that end. They are shown where nothing else came, and stand in for an end without text.
//! * Events may come twice, except the pieces of a growing text, which cannot be told apart.
//!
//! The answer to the request itself may come later than its first events: keep those and hand them in then.

pub mod event;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use self::event::{Child, Key, TurnEvent, TurnEventKind};
use super::classify::{Certainty, Failure, Origin, RpcErrorKind, classify};
use super::redact::told;
use super::thread::{CallStatus, TurnCall, TurnState};
use crate::core::agui::event::Event;
use crate::core::room::ThreadId;
use crate::core::thread::delegate;

/// How long a turn may be silent before it is given up, in milliseconds.
pub const SILENCE: i64 = 600_000;

/// A change of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `Timeline::apply`, with the request as the run.
    Apply(Event),
    /// `Timeline::settle_call` with this text, as an error: there is no event for it.
    CallFailed {
        /// The call.
        call: String,
        /// What is known of it.
        content: String,
    },
}

/// How a turn has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With an answer, which is to be stored under [`answer_id`]; empty where it had none.
    Answered {
        /// The whole answer.
        text: String,
    },
    /// It was stopped, by the person or by a newer question: `Timeline::stop`.
    Cancelled,
    /// It has failed; the timeline has been told.
    Failed {
        /// What it was. A hint at the end of a session is never sure here.
        kind: RpcErrorKind,
        /// What the server says about it.
        message: Option<String>,
    },
}

/// The id that the answer to this request is stored under: the same wherever it is received, so that it is known when it comes twice.
#[must_use]
pub fn answer_id(request: &str) -> String {
    format!("answer-{request}")
}

/// One answer under way.
#[derive(Debug, Clone)]
pub struct Turn {
    thread: ThreadId,
    request: String,
    begun: bool,
    round: u32,
    /// The message that text goes to now, and what is in it.
    text: Option<(String, String)>,
    texts: u32,
    thought: Option<String>,
    thoughts: u32,
    calls: HashSet<String>,
    children: BTreeMap<String, Value>,
    pieces: BTreeMap<u32, String>,
    /// The text on show is made of the pieces.
    is_pieced: bool,
    seen: HashSet<Key>,
    last: i64,
    outcome: Option<Outcome>,
}

impl Turn {
    /// The turn of this request, which was accepted at this time.
    #[must_use]
    pub fn new(thread: ThreadId, request: &str, now: i64) -> Self {
        Self {
            thread,
            request: request.to_owned(),
            begun: false,
            round: 0,
            text: None,
            texts: 0,
            thought: None,
            thoughts: 0,
            calls: HashSet::new(),
            children: BTreeMap::new(),
            pieces: BTreeMap::new(),
            is_pieced: false,
            seen: HashSet::new(),
            last: now,
            outcome: None,
        }
    }

    /// A turn that was under way when this page was opened, and what is known of it. What was said since that was written comes with the
    /// end.
    #[must_use]
    pub fn resume(thread: ThreadId, state: &TurnState, now: i64) -> (Self, Vec<Step>) {
        let mut turn = Self::new(thread, &state.request, now);
        let mut steps = Vec::new();
        turn.begin(&mut steps);
        turn.round = state.round;
        if !state.thinking.is_empty() {
            turn.think(&state.thinking, &mut steps);
            turn.end_thought(&mut steps);
        }
        for call in &state.calls {
            if call.is_child {
                turn.resume_child(call, &mut steps);
                continue;
            }
            let args = call.args.as_deref().unwrap_or_default();
            turn.call(&call.id, &call.name, args, &mut steps);
            match call.status {
                CallStatus::Running => {}
                CallStatus::Good => turn.result(&call.id, true, "", &mut steps),
                CallStatus::Failed => turn.result(&call.id, false, "", &mut steps),
            }
        }
        // All rounds are in one text there. It stays open: the end replaces it.
        if !state.text.is_empty() {
            turn.say(&state.text, &mut steps);
        }
        (turn, steps)
    }

    fn resume_child(&mut self, call: &TurnCall, steps: &mut Vec<Step>) {
        let (agent, message, elapsed) = (call.name.clone(), None, None);
        let spawned = Child::Spawned {
            agent,
            message: None,
        };
        self.child(&call.id, &spawned, steps);
        match call.status {
            CallStatus::Running => {}
            CallStatus::Good => {
                self.child(&call.id, &Child::Completed { message, elapsed }, steps);
            }
            CallStatus::Failed => self.child(&call.id, &Child::Failed { message }, steps),
        }
    }

    /// The request, which is also the name of the run.
    #[must_use]
    pub fn request(&self) -> &str {
        &self.request
    }

    /// How it has ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// When it is given up if nothing more comes, in milliseconds.
    #[must_use]
    pub fn gives_up_at(&self) -> i64 {
        self.last.saturating_add(SILENCE)
    }

    /// Takes an event; one of another turn, one that came before, and whatever comes after the end changes nothing.
    pub fn take(&mut self, event: &TurnEvent, now: i64) -> Vec<Step> {
        let mut steps = Vec::new();
        let is_own = event.thread == self.thread && event.request == self.request;
        if !is_own || self.outcome.is_some() {
            return steps;
        }
        self.last = now;
        if event.kind.key().is_some_and(|key| !self.seen.insert(key)) {
            return steps;
        }
        if !matches!(
            event.kind,
            TurnEventKind::Proactive { .. } | TurnEventKind::Unknown { .. }
        ) {
            self.begin(&mut steps);
        }
        self.apply(&event.kind, &mut steps);
        steps
    }

    fn apply(&mut self, kind: &TurnEventKind, steps: &mut Vec<Step>) {
        match kind {
            TurnEventKind::Began
            | TurnEventKind::Proactive { .. }
            | TurnEventKind::Unknown { .. } => {}
            TurnEventKind::Round { round } => self.enter(*round, steps),
            TurnEventKind::Text { round, delta } => {
                self.enter(*round, steps);
                self.end_thought(steps);
                self.say(delta, steps);
            }
            TurnEventKind::Thinking { round, delta } => {
                self.enter(*round, steps);
                self.think(delta, steps);
            }
            TurnEventKind::CallArgs { .. }
            | TurnEventKind::Call { .. }
            | TurnEventKind::CallResult { .. } => self.apply_call(kind, steps),
            TurnEventKind::Child { task, step } => self.child(task, step, steps),
            TurnEventKind::Segment { index, text, .. } => self.piece(*index, text, steps),
            TurnEventKind::Done { text } => self.finish(text, steps),
            TurnEventKind::Failed { error, message } => self.fail(error, message, steps),
        }
    }

    fn apply_call(&mut self, kind: &TurnEventKind, steps: &mut Vec<Step>) {
        match kind {
            TurnEventKind::CallArgs {
                round,
                call,
                name,
                delta,
            } => {
                self.enter(*round, steps);
                self.extend_call(call, name.as_deref(), delta, steps);
            }
            TurnEventKind::Call {
                round,
                call,
                name,
                args,
            } => {
                self.enter(*round, steps);
                let args = args.as_ref().map(Value::to_string).unwrap_or_default();
                self.call(call, name, &args, steps);
            }
            TurnEventKind::CallResult {
                call,
                name,
                is_good,
                output,
            } => {
                if !self.calls.contains(call) {
                    self.call(call, name, "", steps);
                }
                self.result(call, *is_good, output, steps);
            }
            _ => {}
        }
    }

    fn begin(&mut self, steps: &mut Vec<Step>) {
        if !std::mem::replace(&mut self.begun, true) {
            steps.push(Step::Apply(Event::RunStarted {
                thread_id: self.thread.0.clone(),
                run_id: self.request.clone(),
                at: None,
            }));
        }
    }

    fn enter(&mut self, round: u32, steps: &mut Vec<Step>) {
        if round <= self.round {
            return;
        }
        // What came before another round was on the way to the answer.
        self.end_text(steps);
        self.end_thought(steps);
        self.round = round;
    }

    fn say(&mut self, delta: &str, steps: &mut Vec<Step>) {
        if delta.is_empty() {
            return;
        }
        let id = match &mut self.text {
            Some((id, text)) => {
                text.push_str(delta);
                id.clone()
            }
            None => {
                let id = format!("{}/text-{}", self.request, self.texts);
                self.texts += 1;
                steps.push(Step::Apply(text_start(&id)));
                self.text = Some((id.clone(), delta.to_owned()));
                id
            }
        };
        steps.push(Step::Apply(Event::TextContent {
            message_id: id,
            delta: delta.to_owned(),
            at: None,
        }));
    }

    fn end_text(&mut self, steps: &mut Vec<Step>) {
        if let Some((message_id, _)) = self.text.take() {
            steps.push(Step::Apply(Event::TextEnd {
                message_id,
                at: None,
            }));
        }
    }

    fn think(&mut self, delta: &str, steps: &mut Vec<Step>) {
        if delta.is_empty() {
            return;
        }
        let id = match &self.thought {
            Some(id) => id.clone(),
            None => {
                let id = format!("{}/thought-{}", self.request, self.thoughts);
                self.thoughts += 1;
                steps.push(Step::Apply(Event::ReasoningMessageStart {
                    message_id: id.clone(),
                    at: None,
                }));
                self.thought = Some(id.clone());
                id
            }
        };
        steps.push(Step::Apply(Event::ReasoningMessageContent {
            message_id: id,
            delta: delta.to_owned(),
            at: None,
        }));
    }

    fn end_thought(&mut self, steps: &mut Vec<Step>) {
        if let Some(message_id) = self.thought.take() {
            steps.push(Step::Apply(Event::ReasoningMessageEnd {
                message_id,
                at: None,
            }));
        }
    }

    fn start_call(&mut self, call: &str, name: &str, steps: &mut Vec<Step>) {
        self.end_text(steps);
        self.end_thought(steps);
        self.calls.insert(call.to_owned());
        steps.push(Step::Apply(Event::ToolCallStart {
            call_id: call.to_owned(),
            name: name.to_owned(),
            parent_message_id: None,
            at: None,
        }));
    }

    fn extend_call(&mut self, call: &str, name: Option<&str>, delta: &str, steps: &mut Vec<Step>) {
        if !self.calls.contains(call) {
            self.start_call(call, name.unwrap_or_default(), steps);
        }
        if !delta.is_empty() {
            steps.push(Step::Apply(call_args(call, delta)));
        }
    }

    /// The call as it is made: what came of its arguments before is replaced.
    fn call(&mut self, call: &str, name: &str, args: &str, steps: &mut Vec<Step>) {
        self.start_call(call, name, steps);
        if !args.is_empty() {
            steps.push(Step::Apply(call_args(call, args)));
        }
        steps.push(Step::Apply(Event::ToolCallEnd {
            call_id: call.to_owned(),
            at: None,
        }));
    }

    fn result(&mut self, call: &str, is_good: bool, output: &str, steps: &mut Vec<Step>) {
        let (call, content) = (call.to_owned(), output.to_owned());
        steps.push(if is_good {
            Step::Apply(Event::ToolCallResult {
                message_id: None,
                call_id: call,
                content,
                failed: false,
                at: None,
            })
        } else {
            Step::CallFailed { call, content }
        });
    }

    /// What an agent does that this one has set to work, as one row that changes.
    fn child(&mut self, task: &str, step: &Child, steps: &mut Vec<Step>) {
        let state = self
            .children
            .entry(task.to_owned())
            .or_insert_with(|| json!({ "task": task, "state": "running" }));
        step.note(state);
        steps.push(Step::Apply(Event::ActivitySnapshot {
            message_id: format!("{}/{task}", self.request),
            activity_type: delegate::ACTIVITY.to_owned(),
            content: state.clone(),
            replace: true,
            at: None,
        }));
    }

    /// Where text is on show that came live, the pieces only repeat it.
    fn piece(&mut self, index: u32, text: &str, steps: &mut Vec<Step>) {
        let is_live = self.text.is_some() && self.pieces.is_empty();
        let is_next = usize::try_from(index).ok() == Some(self.pieces.len());
        self.is_pieced |= !is_live && index == 0;
        self.pieces.insert(index, text.to_owned());
        if self.is_pieced && is_next {
            self.end_thought(steps);
            let glue = if index == 0 { "" } else { "\n\n" };
            self.say(&format!("{glue}{text}"), steps);
        }
    }

    fn finish(&mut self, text: &str, steps: &mut Vec<Step>) {
        self.end_thought(steps);
        let live = self.text.take();
        let answer = if text.trim().is_empty() {
            let pieces: Vec<&str> = self.pieces.values().map(String::as_str).collect();
            let live = live.as_ref().map(|(_, text)| text.clone());
            live.unwrap_or_else(|| pieces.join("\n\n"))
        } else {
            text.to_owned()
        };
        if !answer.trim().is_empty() {
            let (message_id, is_same) = match live {
                Some((id, live)) => (id, live == answer),
                None => (format!("{}/text-{}", self.request, self.texts), false),
            };
            if !is_same {
                // Begun again, a message takes what comes for all of its text.
                steps.push(Step::Apply(text_start(&message_id)));
                steps.push(Step::Apply(Event::TextContent {
                    message_id: message_id.clone(),
                    delta: answer.clone(),
                    at: None,
                }));
            }
            steps.push(Step::Apply(Event::TextEnd {
                message_id,
                at: None,
            }));
        }
        steps.push(Step::Apply(Event::RunFinished {
            result: None,
            at: None,
        }));
        self.outcome = Some(Outcome::Answered { text: answer });
    }

    fn fail(&mut self, error: &str, message: &str, steps: &mut Vec<Step>) {
        self.end_thought(steps);
        self.text = None;
        if error == "cancelled" {
            self.outcome = Some(Outcome::Cancelled);
            return;
        }
        let kind = match error {
            "session_expired" => RpcErrorKind::AuthExpired(Certainty::Unconfirmed),
            "network" => RpcErrorKind::Transport,
            "timeout" => RpcErrorKind::Timeout,
            _ => classify(&Failure::said(Origin::Stream, message)),
        };
        let message = told(message);
        steps.push(Step::Apply(Event::RunError {
            message: message.clone().unwrap_or_default(),
            code: Some(error.to_owned()),
            at: None,
        }));
        self.outcome = Some(Outcome::Failed { kind, message });
    }
}

fn text_start(id: &str) -> Event {
    Event::TextStart {
        message_id: id.to_owned(),
        role: "assistant".to_owned(),
        at: None,
    }
}

fn call_args(call: &str, delta: &str) -> Event {
    Event::ToolCallArgs {
        call_id: call.to_owned(),
        delta: delta.to_owned(),
        at: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
