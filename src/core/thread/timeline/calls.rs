//! Tool calls: as the server tells of them, and those that are left for this side to carry out.

use super::super::message::{Row, RowId, RowKind, RowState};
use super::track::Part;
use super::{Change, Timeline};
use crate::core::agui::event::Event;
use crate::core::agui::run::WireMessage;

impl Timeline {
    pub(super) fn apply_tool(&mut self, event: &Event, run: &str, at: i64) -> Change {
        match event {
            Event::ToolCallStart { call_id, name, .. } => {
                self.open_tool(run, call_id, name, at, true)
            }
            Event::ToolCallArgs { call_id, delta, .. } => {
                self.extend(run, Part::Tool, call_id, delta, at)
            }
            // The row goes on streaming until its result is there.
            Event::ToolCallEnd { call_id, .. } => {
                if let Some(slot) = self.slot(run, Part::Tool, call_id) {
                    slot.ended = true;
                }
                Change::none()
            }
            Event::ToolCallChunk {
                call_id,
                name,
                delta,
                ..
            } => {
                let opened = match (call_id, name) {
                    (Some(call_id), Some(name)) => self.open_tool(run, call_id, name, at, false),
                    _ => Change::none(),
                };
                let (id, delta) = (call_id.as_deref(), delta.as_deref());
                opened.and(self.chunk(run, Part::Tool, id, false, delta, at))
            }
            Event::ToolCallResult {
                call_id,
                content,
                failed,
                ..
            } => self.complete_tool(run, call_id, content, outcome(*failed), at),
            _ => Change::none(),
        }
    }

    fn open_tool(&mut self, run: &str, call_id: &str, name: &str, at: i64, anew: bool) -> Change {
        let Some(slot) = self.slot(run, Part::Tool, call_id) else {
            return Change::none();
        };
        let mut change = match slot.row {
            Some(_) if slot.ended => return Change::none(),
            Some(_) if anew => {
                slot.replay();
                Change::none()
            }
            Some(_) => Change::none(),
            None => self.add_row(run, Part::Tool, call_id, "", at),
        };
        let id = self
            .slot(run, Part::Tool, call_id)
            .and_then(|slot| slot.row.clone());
        if let Some(id) = id
            && let Some(row) = self.row_mut(&id)
            && let RowKind::ToolCall { name: known, .. } = &mut row.kind
            && known != name
        {
            name.clone_into(known);
            change.merge(Change::row(id));
        }
        change
    }

    fn complete_tool(
        &mut self,
        run: &str,
        call_id: &str,
        content: &str,
        outcome: RowState,
        at: i64,
    ) -> Change {
        let slot = self
            .runs
            .get_mut(run)
            .and_then(|track| track.tools.get_mut(call_id));
        let own = slot.and_then(|slot| {
            slot.ended = true;
            slot.row.clone()
        });
        // A run that goes on after another may answer a call of that one.
        match own.or_else(|| self.call_without_result(call_id)) {
            Some(id) => self.set_result(&id, content, outcome, Some(at)),
            None => {
                self.push_unprocessed(run, "TOOL_CALL_RESULT", format!("{call_id}: {content}"), at)
            }
        }
    }

    /// The first result counts: one that comes again changes nothing.
    pub(super) fn set_result(
        &mut self,
        id: &RowId,
        content: &str,
        state: RowState,
        at: Option<i64>,
    ) -> Change {
        let Some(row) = self.row_mut(id) else {
            return Change::none();
        };
        match &mut row.kind {
            RowKind::ToolCall {
                result: result @ None,
                ..
            } => *result = Some(content.to_owned()),
            _ => return Change::none(),
        }
        row.state = state;
        row.ended = at;
        Change::row(id.clone())
    }

    /// The newest call of this id, in whichever run, that has no result.
    fn call_without_result(&self, call_id: &str) -> Option<RowId> {
        let is_it = |row: &&Row| {
            matches!(row.kind, RowKind::ToolCall { result: None, .. }) && is_call(row, call_id)
        };
        self.rows.iter().rev().find(is_it).map(|row| row.id.clone())
    }

    /// Whether a call of this id has come to this already: the same message comes with every later run.
    fn has_result(&self, call_id: &str, content: &str) -> bool {
        let is_it = |row: &Row| match &row.kind {
            RowKind::ToolCall {
                result: Some(result),
                ..
            } => result == content && is_call(row, call_id),
            _ => false,
        };
        self.rows.iter().any(is_it)
    }

    /// The calls that a finished run has left for this side to carry out: id, name and arguments (JSON text, empty where there are none).
    #[must_use]
    pub fn pending_calls(&self, run: &str) -> Vec<(String, String, String)> {
        let is_due = |track: &super::RunTrack| track.finished && !track.stopped;
        if !self.runs.get(run).is_some_and(is_due) {
            return Vec::new();
        }
        let pending = |row: &Row| match &row.kind {
            RowKind::ToolCall {
                name,
                args,
                result: None,
            } => Some((row.message_id.clone(), name.clone(), args.clone())),
            _ => None,
        };
        self.rows_of(run).filter_map(pending).collect()
    }

    /// Notes how a call ended that was carried out here: its result, or what went wrong, which the model is told too.
    pub fn settle_call(
        &mut self,
        run: &str,
        call_id: &str,
        content: &str,
        is_error: bool,
        at: impl Into<Option<i64>>,
    ) -> Change {
        let is_it = |row: &&Row| {
            matches!(row.kind, RowKind::ToolCall { result: None, .. }) && row.message_id == call_id
        };
        let id = self.rows_of(run).find(is_it).map(|row| row.id.clone());
        match id {
            Some(id) => self.set_result(&id, content, outcome(is_error), at.into()),
            None => Change::none(),
        }
    }

    /// Takes the results of calls from the messages that a later run was started with: those of calls carried out on this side are stored
    /// nowhere else.
    pub fn adopt_tool_results(&mut self, messages: &[WireMessage]) -> Change {
        let mut change = Change::none();
        for message in messages {
            if let WireMessage::Tool {
                tool_call_id,
                content,
                error,
                ..
            } = message
                && !self.has_result(tool_call_id, content)
                && let Some(id) = self.call_without_result(tool_call_id)
            {
                change.merge(self.set_result(&id, content, outcome(error.is_some()), None));
            }
        }
        change
    }
}

fn outcome(is_error: bool) -> RowState {
    if is_error {
        RowState::Failed
    } else {
        RowState::Done
    }
}

/// Whether a call goes by this id, which is sent with the run's where an earlier run had one of the same.
fn is_call(row: &Row, call_id: &str) -> bool {
    call_id
        .strip_prefix(row.message_id.as_str())
        .is_some_and(|rest| {
            rest.is_empty()
                || rest
                    .strip_prefix('-')
                    .is_some_and(|run| row.run.as_deref() == Some(run))
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
