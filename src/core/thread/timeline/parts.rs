//! Texts that grow: messages, reasoning, and the arguments of calls.

use super::super::message::{Row, RowId, RowKind, RowState};
use super::track::{Growth, Part, Slot};
use super::{Change, Timeline, user_row_id};
use crate::core::agui::event::Event;

impl Timeline {
    pub(super) fn slot(&mut self, run: &str, part: Part, key: &str) -> Option<&mut Slot> {
        let slots = self.runs.get_mut(run)?.slots(part);
        if !slots.contains_key(key) {
            slots.insert(key.to_owned(), Slot::default());
        }
        slots.get_mut(key)
    }

    // No row yet: servers announce a message for every tool call and leave it empty.
    pub(super) fn open(&mut self, run: &str, part: Part, key: &str, is_user: bool) -> Change {
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

    pub(super) fn extend(
        &mut self,
        run: &str,
        part: Part,
        key: &str,
        delta: &str,
        at: i64,
    ) -> Change {
        let Some(slots) = self.runs.get_mut(run).map(|track| track.slots(part)) else {
            return Change::none();
        };
        if delta.is_empty() {
            return Change::none();
        }
        let Some(slot) = slots.get_mut(key) else {
            slots.insert(key.to_owned(), Slot::default());
            return self.add_row(run, part, key, delta, at);
        };
        if slot.ended {
            return Change::none();
        }
        let Some(id) = slot.row.clone() else {
            return self.add_row(run, part, key, delta, at);
        };
        let position = self.index.get(&id);
        let Some(row) = position.and_then(|position| self.rows.get_mut(*position)) else {
            return Change::none();
        };
        if grow(row, slot, delta) {
            Change::row(id)
        } else {
            Change::none()
        }
    }

    pub(super) fn add_row(
        &mut self,
        run: &str,
        part: Part,
        key: &str,
        text: &str,
        at: i64,
    ) -> Change {
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

    pub(super) fn close(&mut self, run: &str, part: Part, key: &str, at: i64) -> Change {
        let Some(slot) = self.slot(run, part, key) else {
            return Change::none();
        };
        if std::mem::replace(&mut slot.ended, true) {
            return Change::none();
        }
        let repeated = slot.replayed.take();
        let Some(id) = slot.row.clone() else {
            return Change::none();
        };
        let row = repeated.and_then(|repeated| Some((repeated, self.row_mut(&id)?)));
        let change = match row.is_some_and(|(repeated, row)| shorten(row, repeated)) {
            true => Change::row(id.clone()),
            false => Change::none(),
        };
        change.and(self.complete(&id, at))
    }

    pub(super) fn close_text(
        &mut self,
        run: &str,
        key: &str,
        sent: Option<i64>,
        at: i64,
    ) -> Change {
        let change = self.close(run, Part::Text, key, at);
        if let Some(track) = self.runs.get_mut(run)
            && sent.is_none()
            && track.last.is_some()
        {
            track.torn.extend(change.rows.iter().cloned());
        }
        change
    }

    /// A chunk without an id belongs to the one before it; one that belongs to none begins a message of its own, and a call cannot be without
    /// an id.
    pub(super) fn chunk(
        &mut self,
        run: &str,
        part: Part,
        key: Option<&str>,
        is_user: bool,
        delta: Option<&str>,
        at: i64,
    ) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        let open = track.chunk.as_ref().map(|(_, open)| open.as_str());
        let Some(key) = key.or(open).map(str::to_owned).or_else(|| {
            track.count.chunks += 1;
            (part != Part::Tool).then(|| format!("chunk-{}", track.count.chunks - 1))
        }) else {
            let payload = delta.unwrap_or_default().to_owned();
            return self.push_unprocessed(run, "TOOL_CALL_CHUNK without toolCallId", payload, at);
        };
        let mut change = Change::none();
        if open != Some(key.as_str()) {
            change = self.close_chunk(run, at);
            let is_new = self
                .runs
                .get_mut(run)
                .is_some_and(|track| !track.slots(part).contains_key(&key));
            if is_new && part != Part::Tool {
                change.merge(self.open(run, part, &key, is_user));
            }
            if let Some(track) = self.runs.get_mut(run) {
                track.chunk = Some((part, key.clone()));
            }
        }
        change.and(self.extend(run, part, &key, delta.unwrap_or_default(), at))
    }

    /// Whatever is no further chunk of the open message ends it, except what only passes by.
    pub(super) fn close_chunk_before(&mut self, event: &Event, run: &str, at: i64) -> Change {
        let open = self.runs.get(run).and_then(|track| track.chunk.as_ref());
        let Some((part, _)) = open else {
            return Change::none();
        };
        match (event, part) {
            (Event::TextChunk { .. }, Part::Text)
            | (Event::ReasoningMessageChunk { .. }, Part::Reasoning)
            | (Event::ToolCallChunk { .. }, Part::Tool)
            // The beginning comes again in a replay, which opens the message anew.
            | (Event::RunStarted { .. }, _)
            | (Event::Raw { .. } | Event::Unknown { .. } | Event::Malformed { .. }, _) => {
                Change::none()
            }
            _ => self.close_chunk(run, at),
        }
    }

    // Complete, but open to more under the same id: servers send the chunks of several messages in turn.
    fn close_chunk(&mut self, run: &str, at: i64) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        match track.chunk.take() {
            Some((part, key)) if part != Part::Tool => {
                let slot = track.slots(part).get(&key);
                match slot.and_then(|slot| slot.row.clone()) {
                    Some(id) => self.complete(&id, at),
                    None => Change::none(),
                }
            }
            // A call goes on until its result is there.
            _ => Change::none(),
        }
    }

    pub(super) fn open_thought(&mut self, run: &str) -> String {
        let Some(track) = self.runs.get_mut(run) else {
            return String::new();
        };
        let count = &mut track.count.thoughts;
        let open = track.thought.get_or_insert_with(|| {
            *count += 1;
            format!("thinking-{}", *count - 1)
        });
        open.clone()
    }

    pub(super) fn close_thought(&mut self, run: &str, at: i64) -> Change {
        let track = self.runs.get_mut(run);
        match track.and_then(|track| track.thought.take()) {
            Some(key) => self.close(run, Part::Reasoning, &key, at),
            None => Change::none(),
        }
    }
}

/// A text that came a second time and ended before the first had: the second is what counts. Says whether it was so.
fn shorten(row: &mut Row, len: usize) -> bool {
    let (RowKind::Assistant { text } | RowKind::Reasoning { text }) = &mut row.kind else {
        return false;
    };
    // A beginning may come twice without what follows it.
    if len == 0 || text.len() <= len || !text.is_char_boundary(len) {
        return false;
    }
    text.truncate(len);
    row.rewrites = row.rewrites.wrapping_add(1);
    true
}

/// Adds to the text of a row; says whether the row has changed.
fn grow(row: &mut Row, slot: &mut Slot, delta: &str) -> bool {
    let (RowKind::User { text }
    | RowKind::Assistant { text }
    | RowKind::Reasoning { text }
    | RowKind::ToolCall { args: text, .. }) = &mut row.kind
    else {
        return false;
    };
    let growth = slot.extend(text, delta);
    if growth == Growth::Rewritten {
        row.rewrites = row.rewrites.wrapping_add(1);
    }
    // What only comes again is as complete as it was.
    if growth == Growth::Not && matches!(row.state, RowState::Streaming | RowState::Done) {
        return false;
    }
    row.state = RowState::Streaming;
    row.ended = None;
    true
}
