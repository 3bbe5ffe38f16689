//! How the events of a run change the timeline.

use super::super::message::{RowId, RowKind, RowState};
use super::track::{Part, Slot};
use super::{Change, Timeline, user_row_id};
use crate::core::agui::event::Event;

impl Timeline {
    pub(super) fn apply_live(&mut self, event: &Event, run: &str, at: i64) -> Change {
        match event {
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
            Event::TextStart {
                message_id, role, ..
            } => self.open(run, Part::Text, message_id, role == "user"),
            Event::TextContent {
                message_id, delta, ..
            } => self.extend(run, Part::Text, message_id, delta, at),
            Event::TextEnd { message_id, .. } => self.close(run, Part::Text, message_id),
            Event::TextChunk {
                message_id,
                role,
                delta,
                ..
            } => self.chunk(
                run,
                Part::Text,
                message_id.as_deref(),
                role.as_deref() == Some("user"),
                delta.as_deref(),
                at,
            ),
            Event::Unknown { kind, raw } => self.push_unprocessed(run, kind, raw.to_string(), at),
            Event::Malformed { raw, reason } => self.push_unprocessed(run, reason, raw.clone(), at),
            Event::StateSnapshot { .. } | Event::StateDelta { .. } => {
                self.apply_state(event, run, at)
            }
            Event::ToolCallStart { .. }
            | Event::ToolCallArgs { .. }
            | Event::ToolCallEnd { .. }
            | Event::ToolCallChunk { .. }
            | Event::ToolCallResult { .. } => self.apply_tool(event, run, at),
            _ => self.apply_reasoning(event, run, at),
        }
    }

    fn apply_tool(&mut self, event: &Event, run: &str, at: i64) -> Change {
        match event {
            Event::ToolCallStart { call_id, name, .. } => self.open_tool(run, call_id, name, at),
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
                    (Some(call_id), Some(name)) => self.open_tool_chunk(run, call_id, name, at),
                    _ => Change::none(),
                };
                let mut change = self.chunk(
                    run,
                    Part::Tool,
                    call_id.as_deref(),
                    false,
                    delta.as_deref(),
                    at,
                );
                change.merge(opened);
                change
            }
            Event::ToolCallResult {
                call_id, content, ..
            } => self.complete_tool(run, call_id, content, at),
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
                self.close(run, Part::Reasoning, message_id)
            }
            Event::ReasoningMessageChunk {
                message_id, delta, ..
            } => self.chunk(
                run,
                Part::Reasoning,
                message_id.as_deref(),
                false,
                delta.as_deref(),
                at,
            ),
            Event::ReasoningEnd { .. } => self.close_chunk(run, Part::Reasoning),
            Event::ThinkingTextStart { .. } => {
                let change = self.close_thought(run);
                self.open_thought(run);
                change
            }
            Event::ThinkingTextContent { delta, .. } => {
                let key = self.open_thought(run);
                self.extend(run, Part::Reasoning, &key, delta, at)
            }
            Event::ThinkingTextEnd { .. } | Event::ThinkingEnd { .. } => self.close_thought(run),
            // Steps, activities, raw and custom events are for other parts of the app; message snapshots repeat what is known.
            _ => Change::none(),
        }
    }

    fn begin_run(&mut self, run: &str, at: Option<i64>) -> Change {
        if let Some(track) = self.runs.get_mut(run) {
            track.begin(at);
        }
        let mut change = Change::none();
        for row in &mut self.rows {
            let is_sent =
                matches!(row.kind, RowKind::User { .. }) && row.state == RowState::Sending;
            if is_sent && row.run.as_deref() == Some(run) {
                row.state = RowState::Done;
                row.at = row.at.or(at);
                change.rows.push(row.id.clone());
            }
        }
        change
    }

    fn finish_run(&mut self, run: &str, at: i64) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        track.end();
        let mut change = Change::none();
        let (mut has_text, mut has_open_call) = (false, false);
        for id in track.row_ids() {
            let Some(row) = self
                .index
                .get(id)
                .and_then(|position| self.rows.get_mut(*position))
            else {
                continue;
            };
            let is_open_call = matches!(row.kind, RowKind::ToolCall { result: None, .. });
            has_open_call |= is_open_call;
            has_text |= matches!(row.kind, RowKind::Assistant { .. });
            // A lost stream that was resumed to its end has lost nothing.
            let state = if is_open_call {
                RowState::Partial
            } else {
                RowState::Done
            };
            if row.state != state {
                row.state = state;
                change.rows.push(id.clone());
            }
        }
        if !has_text && !has_open_call {
            let id = RowId(format!("no-response/{run}"));
            change.merge(self.insert(
                run,
                id,
                String::new(),
                RowKind::NoResponse,
                RowState::Done,
                Some(at),
            ));
        }
        change
    }

    fn break_run(&mut self, run: &str, text: &str, at: i64) -> Change {
        if let Some(track) = self.runs.get_mut(run) {
            track.end();
        }
        let mut change = self.end_streaming(run, RowState::Partial);
        change.merge(self.push_error(run, text, at));
        change
    }

    fn slot(&mut self, run: &str, part: Part, key: &str) -> Option<&mut Slot> {
        let slots = &mut self.runs.get_mut(run)?.streams(part).slots;
        if !slots.contains_key(key) {
            slots.insert(key.to_owned(), Slot::default());
        }
        slots.get_mut(key)
    }

    // No row yet: servers announce a message for every tool call and leave it empty.
    fn open(&mut self, run: &str, part: Part, key: &str, is_user: bool) -> Change {
        let is_known_user = is_user && self.index.contains_key(&user_row_id(key));
        if let Some(slot) = self.slot(run, part, key) {
            slot.is_user = is_user;
            if slot.row.is_none() {
                slot.ended = is_known_user;
            } else if !slot.ended {
                slot.replay();
            }
        }
        Change::none()
    }

    fn extend(&mut self, run: &str, part: Part, key: &str, delta: &str, at: i64) -> Change {
        let Some(streams) = self.runs.get_mut(run).map(|track| track.streams(part)) else {
            return Change::none();
        };
        if delta.is_empty() {
            return Change::none();
        }
        let Some(slot) = streams.slots.get_mut(key) else {
            streams.slots.insert(key.to_owned(), Slot::default());
            return self.add_row(run, part, key, delta, at);
        };
        if slot.ended {
            return Change::none();
        }
        let Some(id) = slot.row.as_ref() else {
            return self.add_row(run, part, key, delta, at);
        };
        let id = id.clone();
        let Some(row) = self
            .index
            .get(&id)
            .and_then(|position| self.rows.get_mut(*position))
        else {
            return Change::none();
        };
        let (RowKind::User { text }
        | RowKind::Assistant { text }
        | RowKind::Reasoning { text }
        | RowKind::ToolCall { args: text, .. }) = &mut row.kind
        else {
            return Change::none();
        };
        let mut is_changed = slot.extend(text, delta);
        is_changed |= std::mem::replace(&mut row.state, RowState::Streaming) != RowState::Streaming;
        if is_changed {
            Change::row(id)
        } else {
            Change::none()
        }
    }

    fn add_row(&mut self, run: &str, part: Part, key: &str, text: &str, at: i64) -> Change {
        let Some(slot) = self.slot(run, part, key) else {
            return Change::none();
        };
        let is_user = slot.is_user;
        let mut id = if is_user {
            user_row_id(key)
        } else {
            RowId(format!("{}/{run}/{key}", part.prefix()))
        };
        while self.index.contains_key(&id) {
            id.0.push('+');
        }
        if let Some(slot) = self.slot(run, part, key) {
            slot.row = Some(id.clone());
        }
        let kind = if is_user {
            RowKind::User {
                text: text.to_owned(),
            }
        } else {
            part.kind(text.to_owned())
        };
        self.insert(run, id, key.to_owned(), kind, RowState::Streaming, Some(at))
    }

    fn close(&mut self, run: &str, part: Part, key: &str) -> Change {
        let Some(slot) = self.slot(run, part, key) else {
            return Change::none();
        };
        if std::mem::replace(&mut slot.ended, true) {
            return Change::none();
        }
        match slot.row.clone() {
            Some(id) => self.set_row_state(&id, RowState::Done),
            None => Change::none(),
        }
    }

    fn chunk(
        &mut self,
        run: &str,
        part: Part,
        key: Option<&str>,
        is_user: bool,
        delta: Option<&str>,
        at: i64,
    ) -> Change {
        let open = self
            .runs
            .get_mut(run)
            .and_then(|track| track.streams(part).chunk.clone());
        let key = key.or(open.as_deref()).unwrap_or("chunk").to_owned();
        let mut change = Change::none();
        if open.as_ref() != Some(&key) {
            change = self.close_chunk(run, part);
            if part != Part::Tool {
                change.merge(self.open(run, part, &key, is_user));
            }
            if let Some(track) = self.runs.get_mut(run) {
                track.streams(part).chunk = Some(key.clone());
            }
        }
        change.merge(self.extend(run, part, &key, delta.unwrap_or_default(), at));
        change
    }

    fn close_chunk(&mut self, run: &str, part: Part) -> Change {
        let open = self
            .runs
            .get_mut(run)
            .and_then(|track| track.streams(part).chunk.take());
        match (open, part) {
            (None, _) => Change::none(),
            (Some(key), Part::Tool) => {
                if let Some(slot) = self.slot(run, part, &key) {
                    slot.ended = true;
                }
                Change::none()
            }
            (Some(key), _) => self.close(run, part, &key),
        }
    }

    fn open_tool(&mut self, run: &str, call_id: &str, name: &str, at: i64) -> Change {
        let Some(slot) = self.slot(run, Part::Tool, call_id) else {
            return Change::none();
        };
        let mut change = match slot.row {
            Some(_) if slot.ended => return Change::none(),
            Some(_) => {
                slot.replay();
                Change::none()
            }
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

    fn open_tool_chunk(&mut self, run: &str, call_id: &str, name: &str, at: i64) -> Change {
        let is_open = self
            .runs
            .get(run)
            .is_some_and(|track| track.tools.chunk.as_deref() == Some(call_id));
        if is_open {
            Change::none()
        } else {
            self.open_tool(run, call_id, name, at)
        }
    }

    pub(super) fn complete_tool(
        &mut self,
        run: &str,
        call_id: &str,
        content: &str,
        at: i64,
    ) -> Change {
        let slot = self
            .runs
            .get_mut(run)
            .and_then(|track| track.tools.slots.get_mut(call_id));
        let id = slot.and_then(|slot| {
            slot.ended = true;
            slot.row.clone()
        });
        let Some(row) = id.as_ref().and_then(|id| self.row_mut(id)) else {
            return self.push_unprocessed(
                run,
                "TOOL_CALL_RESULT",
                format!("{call_id}: {content}"),
                at,
            );
        };
        match &mut row.kind {
            RowKind::ToolCall {
                result: result @ None,
                ..
            } => *result = Some(content.to_owned()),
            _ => return Change::none(),
        }
        row.state = RowState::Done;
        id.map_or_else(Change::none, Change::row)
    }

    fn open_thought(&mut self, run: &str) -> String {
        let Some(track) = self.runs.get_mut(run) else {
            return String::new();
        };
        let key = track
            .thought
            .clone()
            .unwrap_or_else(|| format!("thinking-{}", track.thoughts));
        if track.thought.is_none() {
            track.thoughts += 1;
            track.thought = Some(key.clone());
        }
        key
    }

    fn close_thought(&mut self, run: &str) -> Change {
        match self
            .runs
            .get_mut(run)
            .and_then(|track| track.thought.take())
        {
            Some(key) => self.close(run, Part::Reasoning, &key),
            None => Change::none(),
        }
    }
}
