//! What a run is started with: the whole conversation, also where only its end is loaded, and the state to go on from.

use serde_json::Value;

use super::{ThreadState, Work};
use crate::core::agui::run::{RunInput, WireMessage};
use crate::core::thread::history::{RunSummary, StoredRun, input_state, messages_before};
use crate::core::thread::message::RowKind;
use crate::state::backend::{Answer, RunStream};
use crate::state::task::lock;

/// The conversation before the rows that a run is told from. Servers are sent the whole conversation with each run, so every run knows
/// what came before it: nothing older has to be loaded to go on.
#[derive(Default)]
pub(super) struct Earlier {
    /// As they were sent last.
    messages: Vec<Value>,
    /// The first run that is told from its rows, and whether it goes on after the calls of another; without one all rows are told.
    first: Option<(String, bool)>,
    /// The state to start from where no event has given one yet.
    pub(super) state: Option<Value>,
}

impl Earlier {
    /// What came before this run, which its own input tells.
    pub(super) fn before(run: &RunSummary, stored: &StoredRun) -> Self {
        let mut input = stored.input.clone();
        Self {
            state: input_state(&input).cloned(),
            messages: messages_before(&mut input, run.continues()),
            first: Some((run.id.clone(), run.continues())),
        }
    }

    /// The messages of the person among them, by content.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Value> {
        self.messages
            .iter()
            .filter_map(|message| message.get("content"))
    }
}

impl Work {
    /// The conversation, as it is sent.
    fn messages(&self) -> (&[Value], Vec<WireMessage>) {
        let Some((run, continues)) = &self.earlier.first else {
            return (&[], self.timeline.wire_messages());
        };
        let rows = self.timeline.rows();
        let first = rows.iter().position(|row| {
            let is_question = matches!(row.kind, RowKind::User { .. });
            row.run.as_ref() == Some(run) && !(*continues && is_question)
        });
        let first = first.unwrap_or(rows.len());
        let earlier = &self.earlier.messages;
        (earlier, self.timeline.wire_messages_from(first, earlier))
    }

    fn state(&self) -> Value {
        let known = self.timeline.state();
        let is_empty = known.as_object().is_none_or(serde_json::Map::is_empty);
        match &self.earlier.state {
            Some(state) if is_empty => state.clone(),
            _ => known.clone(),
        }
    }
}

impl ThreadState {
    /// Starts a run with the conversation as it stands.
    pub(super) fn start_stream(&self, run: &str) -> Answer<RunStream> {
        let key = &self.0.key;
        let tools = self.0.room.tools().definitions();
        let work = lock(&self.0.work);
        let (earlier, messages) = work.messages();
        let mut input = RunInput::new(&key.thread.0, run, work.state(), messages);
        input.tools = tools;
        self.backend().start(key, &input, earlier)
    }
}
