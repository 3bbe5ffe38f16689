//! How the events of a run change the timeline.

use super::super::message::{RowId, RowKind, RowState};
use super::track::Part;
use super::{Change, Timeline};
use crate::core::agui::event::Event;

impl Timeline {
    pub(super) fn apply_live(&mut self, event: &Event, run: &str, at: i64) -> Change {
        let before = self.close_chunk_before(event, run, at);
        let change = match event {
            Event::TextContent { .. }
            | Event::TextStart { .. }
            | Event::TextEnd { .. }
            | Event::TextChunk { .. } => self.apply_text(event, run, at),
            Event::RunStarted { at: sent, .. } => self.begin_run(run, *sent),
            Event::RunFinished { .. } => self.finish_run(run, at),
            Event::RunError { message, code, .. } => {
                let text = if message.is_empty() {
                    code.as_deref().unwrap_or_default()
                } else {
                    message
                };
                self.break_run(run, text, at)
            }
            Event::ToolCallStart { .. }
            | Event::ToolCallArgs { .. }
            | Event::ToolCallEnd { .. }
            | Event::ToolCallChunk { .. }
            | Event::ToolCallResult { .. } => self.apply_tool(event, run, at),
            Event::Unknown { kind, raw } => self.push_unprocessed(run, kind, raw.to_string(), at),
            Event::Malformed { raw, reason } => self.push_unprocessed(run, reason, raw.clone(), at),
            _ => self.apply_reasoning(event, run, at),
        };
        if before.is_none() {
            self.resumed(run).and(change)
        } else {
            self.resumed(run).and(before).and(change)
        }
    }

    fn apply_text(&mut self, event: &Event, run: &str, at: i64) -> Change {
        match event {
            Event::TextContent {
                message_id, delta, ..
            } => self.extend(run, Part::Text, message_id, delta, at),
            Event::TextStart {
                message_id, role, ..
            } => self.open(run, Part::Text, message_id, role == "user"),
            Event::TextEnd {
                message_id,
                at: sent,
            } => self.close_text(run, message_id, *sent, at),
            Event::TextChunk {
                message_id,
                role,
                delta,
                ..
            } => {
                let (id, is_user) = (message_id.as_deref(), role.as_deref() == Some("user"));
                self.chunk(run, Part::Text, id, is_user, delta.as_deref(), at)
            }
            _ => Change::none(),
        }
    }

    fn apply_reasoning(&mut self, event: &Event, run: &str, at: i64) -> Change {
        match event {
            Event::ReasoningMessageStart { message_id, .. } => {
                self.open(run, Part::Reasoning, message_id, false)
            }
            Event::ReasoningMessageContent {
                message_id, delta, ..
            } => self.extend(run, Part::Reasoning, message_id, delta, at),
            Event::ReasoningMessageEnd { message_id, .. } => {
                self.close(run, Part::Reasoning, message_id, at)
            }
            Event::ReasoningMessageChunk {
                message_id, delta, ..
            } => {
                let (id, delta) = (message_id.as_deref(), delta.as_deref());
                self.chunk(run, Part::Reasoning, id, false, delta, at)
            }
            Event::ThinkingTextStart { .. } => {
                let change = self.close_thought(run, at);
                self.open_thought(run);
                change
            }
            Event::ThinkingTextContent { delta, .. } => {
                let key = self.open_thought(run);
                self.extend(run, Part::Reasoning, &key, delta, at)
            }
            Event::ThinkingTextEnd { .. } | Event::ThinkingEnd { .. } => {
                self.close_thought(run, at)
            }
            _ => self.apply_extra(event, run, at),
        }
    }

    /// Rows that a lost stream has cut go on.
    fn resumed(&mut self, run: &str) -> Change {
        let cut = match self.runs.get_mut(run) {
            Some(track) if !track.cut.is_empty() => std::mem::take(&mut track.cut),
            _ => return Change::none(),
        };
        let is_over = self.runs.get(run).is_some_and(|track| track.terminal);
        let mut change = Change::none();
        for id in cut {
            let is_partial = self
                .row(&id)
                .is_some_and(|row| row.state == RowState::Partial);
            if is_partial && !is_over {
                change.merge(self.set_row_state(&id, RowState::Streaming));
            }
        }
        change
    }

    fn begin_run(&mut self, run: &str, at: Option<i64>) -> Change {
        let is_first = self
            .runs
            .get_mut(run)
            .is_some_and(|track| track.begin(at) && !track.terminal);
        if is_first {
            // As the server has it: what belongs to one run only was not sent with this one.
            self.empty_run_state();
        }
        let mut change = Change::none();
        // Most runs have one question, and it is among the last rows.
        let own = self.ids_of(run);
        let question = self.rows.iter().rposition(|row| {
            matches!(row.kind, RowKind::User { .. })
                && row.run.as_deref() == Some(run)
                && !own.contains(&row.id)
        });
        if let Some(row) = question.and_then(|at| self.rows.get_mut(at)) {
            let is_sent = row.state == RowState::Sending;
            // The clock of this device counts only until the server tells its time.
            let is_late = at.is_some() && row.at != at;
            if is_sent {
                row.state = RowState::Done;
            }
            if is_late {
                row.at = at;
            }
            if is_sent || is_late {
                change.rows.push(row.id.clone());
            }
        }
        change
    }

    /// When the server last said something of this run; nothing where it tells no times.
    #[must_use]
    pub fn last_time(&self, run: &str) -> Option<i64> {
        self.runs.get(run)?.last
    }

    fn finish_run(&mut self, run: &str, at: i64) -> Change {
        if let Some(track) = self.runs.get_mut(run) {
            track.end(true);
        }
        let mut change = Change::none();
        let (mut has_text, mut has_open_call) = (false, false);
        for id in self.ids_of(run) {
            let Some(row) = self.row_mut(&id) else {
                continue;
            };
            has_text |= matches!(row.kind, RowKind::Assistant { .. });
            if matches!(row.kind, RowKind::ToolCall { result: None, .. }) {
                has_open_call = true;
                change.merge(self.set_row_state(&id, RowState::Partial));
            } else {
                // A lost stream that was resumed to its end has lost nothing.
                change.merge(self.complete(&id, at));
            }
        }
        if !has_text && !has_open_call {
            change.merge(self.push_no_response(run, RowState::Done, Some(at)));
        }
        change.and(self.settle_sources(run))
    }

    /// An answer that never came. Done where the run ended without one, partial where it was stopped before one; where it failed, the error
    /// says so.
    pub(super) fn push_no_response(
        &mut self,
        run: &str,
        state: RowState,
        at: Option<i64>,
    ) -> Change {
        let id = RowId(format!("no-response/{run}"));
        self.insert(run, id, String::new(), RowKind::NoResponse, state, at)
    }

    fn break_run(&mut self, run: &str, text: &str, at: i64) -> Change {
        if let Some(track) = self.runs.get_mut(run) {
            track.end(false);
        }
        let mut change = self.cut_rows(run, Some(at));
        let track = self.runs.get_mut(run);
        for id in track
            .map(|track| std::mem::take(&mut track.torn))
            .unwrap_or_default()
        {
            change.merge(self.set_row_state(&id, RowState::Partial));
        }
        let change = change.and(self.push_error(run, text, at));
        change.and(self.settle_sources(run))
    }
}
