//! The rows of one conversation, changed by events of its runs and by what the person does.

mod past;
mod run;
mod track;

use self::track::RunTrack;
use super::history::{highest_image, shown};
use super::message::{Row, RowId, RowKind, RowState};
use crate::core::agui::event::Event;
use crate::core::agui::patch;
use crate::core::agui::run::{UserContent, WireMessage};
use crate::core::composer::outgoing::Outgoing;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// What a step changed, so that a view can update only that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Change {
    /// Whether rows were added or removed.
    pub order: bool,
    /// The rows that are new or whose content or state changed.
    pub rows: Vec<RowId>,
}

impl Change {
    /// Nothing changed.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.order && self.rows.is_empty()
    }

    /// Adds what another step changed.
    pub fn merge(&mut self, other: Self) {
        self.order |= other.order;
        for id in other.rows {
            if !self.rows.contains(&id) {
                self.rows.push(id);
            }
        }
    }

    fn row(id: RowId) -> Self {
        Self {
            order: false,
            rows: vec![id],
        }
    }

    fn order() -> Self {
        Self {
            order: true,
            rows: Vec::new(),
        }
    }
}

/// The rows of a conversation. Events may come twice, late or cut short; rows are neither doubled nor lost by that.
#[derive(Clone, Debug)]
pub struct Timeline {
    rows: Vec<Row>,
    index: HashMap<RowId, usize>,
    runs: HashMap<String, RunTrack>,
    /// Contents of user messages that are more than text, to be sent again as they were.
    parts: HashMap<RowId, UserContent>,
    state: Value,
    /// The highest number of an image so far.
    images: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeline {
    /// A conversation without rows.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: Vec::new(),
            index: HashMap::new(),
            runs: HashMap::new(),
            parts: HashMap::new(),
            state: Value::Object(Map::new()),
            images: 0,
        }
    }

    /// The rows, oldest first.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of this name.
    #[must_use]
    pub fn row(&self, id: &RowId) -> Option<&Row> {
        self.rows.get(*self.index.get(id)?)
    }

    /// The row of the user's message with this message id.
    #[must_use]
    pub fn user_row(&self, id: &str) -> Option<&Row> {
        self.row(&user_row_id(id))
    }

    /// The content of a message of the person that is more than text.
    #[must_use]
    pub fn parts(&self, id: &RowId) -> Option<&UserContent> {
        self.parts.get(id)
    }

    /// The AG-UI state after the last event; an object.
    #[must_use]
    pub fn state(&self) -> &Value {
        &self.state
    }

    /// Sets the state to start from; anything but an object is ignored.
    pub fn set_state(&mut self, state: Value) {
        if state.is_object() {
            self.state = state;
        }
    }

    /// Whether an event has ended this run.
    #[must_use]
    pub fn is_finished(&self, run: &str) -> bool {
        self.runs.get(run).is_some_and(|track| track.terminal)
    }

    /// Takes one event of a run; `received_at` (milliseconds since 1970) is used where neither the event nor its run has a time.
    pub fn apply(&mut self, event: &Event, run: &str, received_at: i64) -> Change {
        if !self.runs.contains_key(run) {
            self.runs.insert(run.to_owned(), RunTrack::default());
        }
        let Some(track) = self.runs.get(run) else {
            return Change::none();
        };
        if track.stopped {
            return Change::none();
        }
        let at = event.timestamp().or(track.started).unwrap_or(received_at);
        if !track.terminal
            || matches!(
                event,
                Event::RunStarted { .. } | Event::ToolCallResult { .. }
            )
        {
            self.apply_live(event, run, at)
        } else {
            self.apply_state(event, run, at)
        }
    }

    /// Adds what the person wrote before the server has it. A known id changes nothing unless its sending had failed.
    pub fn push_user(&mut self, id: &str, text: &str, at: impl Into<Option<i64>>) -> Change {
        self.push_user_content(id, text, UserContent::Text(text.to_owned()), at)
    }

    /// Like [`Self::push_user`], for a message with parts; `text` is what its row shows.
    pub fn push_user_content(
        &mut self,
        id: &str,
        text: &str,
        content: UserContent,
        at: impl Into<Option<i64>>,
    ) -> Change {
        self.images = self.images.max(highest_image(&content));
        let row_id = user_row_id(id);
        let kind = RowKind::User {
            text: text.to_owned(),
        };
        let known = self.row_mut(&row_id).map(|row| {
            let is_failed = row.state == RowState::Failed;
            if is_failed {
                row.state = RowState::Sending;
                row.kind = kind.clone();
            }
            is_failed
        });
        if known == Some(false) {
            return Change::none();
        }
        match content {
            UserContent::Parts(_) => self.parts.insert(row_id.clone(), content),
            UserContent::Text(_) => self.parts.remove(&row_id),
        };
        if known == Some(true) {
            return Change::row(row_id);
        }
        let row = Row {
            id: row_id,
            message_id: id.to_owned(),
            kind,
            state: RowState::Sending,
            at: at.into(),
            ended: None,
            run: None,
            rewrites: 0,
        };
        self.insert_at(self.rows.len(), row)
    }

    /// Like [`Self::push_user`], for a message with images, which are numbered on from those of the thread.
    pub fn push_outgoing(
        &mut self,
        id: &str,
        message: &Outgoing,
        at: impl Into<Option<i64>>,
    ) -> Change {
        let content = message.content(self.images + 1);
        self.push_user_content(id, &shown(&content), content, at)
    }

    /// Says which run a user's message started, so that the answer stays below it whatever else is written meanwhile.
    pub fn bind_user(&mut self, id: &str, run: &str) -> Change {
        let row_id = user_row_id(id);
        match self.row_mut(&row_id) {
            Some(row) if row.run.as_deref() != Some(run) => {
                row.run = Some(run.to_owned());
                Change::row(row_id)
            }
            _ => Change::none(),
        }
    }

    /// The server has taken the user's message.
    pub fn accept_user(&mut self, id: &str) -> Change {
        self.set_row_state(&user_row_id(id), RowState::Done)
    }

    /// The server has not taken the user's message.
    pub fn fail_user(&mut self, id: &str) -> Change {
        self.set_row_state(&user_row_id(id), RowState::Failed)
    }

    /// Takes the user's message out again, as when its text went back to the composer.
    pub fn remove(&mut self, id: &str) -> Change {
        let row_id = user_row_id(id);
        self.parts.remove(&row_id);
        self.remove_rows(|row| row.id == row_id)
    }

    /// The person stopped this run: what came is kept as partial and later events of the run are ignored.
    pub fn stop(&mut self, run: &str) -> Change {
        self.runs.entry(run.to_owned()).or_default().stopped = true;
        self.end_streaming(run, RowState::Partial)
    }

    /// The stream of this run was lost: what came is kept as partial, and goes on if the run is resumed.
    pub fn interrupt(&mut self, run: &str) -> Change {
        self.end_streaming(run, RowState::Partial)
    }

    /// Forgets what this run made, before all its events are replayed; the new rows take the place of the old.
    pub fn restart_run(&mut self, run: &str) -> Change {
        let made = |row: &Row| {
            row.run.as_deref() == Some(run) && !matches!(row.kind, RowKind::User { .. })
        };
        let first = self.rows.iter().position(made);
        let before = first.map(|position| {
            position
                .checked_sub(1)
                .and_then(|before| self.rows.get(before))
                .map(|row| row.id.clone())
        });
        let track = self.runs.entry(run.to_owned()).or_default();
        track.restart();
        if let Some(before) = before {
            track.place = Some(before);
        }
        self.remove_rows(made)
    }

    /// Adds an error that came from outside the run's events, such as a lost connection. One per run and text.
    pub fn push_error(&mut self, run: &str, text: &str, at: impl Into<Option<i64>>) -> Change {
        let id = RowId(format!("error/{run}/{text}"));
        self.insert(
            run,
            id,
            String::new(),
            RowKind::Error {
                text: text.to_owned(),
            },
            RowState::Done,
            at.into(),
        )
    }

    /// Marks a past run whose events could not be loaded.
    pub fn push_gap(&mut self, run: &str, at: impl Into<Option<i64>>) -> Change {
        self.insert(
            run,
            RowId(format!("gap/{run}")),
            String::new(),
            RowKind::Gap,
            RowState::Done,
            at.into(),
        )
    }

    /// Keeps something of a run that could not be read as a quiet row.
    pub fn push_unprocessed(
        &mut self,
        run: &str,
        kind: &str,
        payload: String,
        at: impl Into<Option<i64>>,
    ) -> Change {
        let track = self.runs.entry(run.to_owned()).or_default();
        let id = RowId(format!("notice/{run}/{}", track.notices));
        track.notices += 1;
        // A replay counts from 0 again and finds the rows it made the first time.
        if self.index.contains_key(&id) {
            return Change::none();
        }
        let kind = RowKind::Unprocessed {
            kind: kind.to_owned(),
            payload,
        };
        self.insert(run, id, String::new(), kind, RowState::Done, at.into())
    }

    /// The whole conversation as it is sent with the next run: partial answers too, but no failed messages, errors, reasoning or notices,
    /// and no tool call without a result, which model providers refuse.
    #[must_use]
    pub fn wire_messages(&self) -> Vec<WireMessage> {
        self.wire_messages_from(0)
    }

    /// The same, of the rows from this position on.
    #[must_use]
    pub fn wire_messages_from(&self, first: usize) -> Vec<WireMessage> {
        let mut used = HashSet::new();
        let mut unique = |id: &str, run: Option<&str>| {
            let mut id = id.to_owned();
            while !used.insert(id.clone()) {
                id = format!("{id}-{}", run.unwrap_or("again"));
            }
            id
        };
        let mut messages = Vec::new();
        for row in self.rows.iter().skip(first) {
            let run = row.run.as_deref();
            match &row.kind {
                RowKind::User { text } if row.state != RowState::Failed => {
                    let content = self
                        .parts
                        .get(&row.id)
                        .cloned()
                        .unwrap_or_else(|| UserContent::Text(text.clone()));
                    messages.push(WireMessage::User {
                        id: unique(&row.message_id, run),
                        content,
                    });
                }
                RowKind::Assistant { text } if !text.is_empty() => {
                    messages.push(WireMessage::assistant(&unique(&row.message_id, run), text));
                }
                RowKind::ToolCall {
                    name,
                    args,
                    result: Some(result),
                } => {
                    let call = &row.message_id;
                    let args = if args.is_empty() { "{}" } else { args };
                    messages.push(WireMessage::tool_call(
                        &unique(&format!("tool_call_{call}"), run),
                        call,
                        name,
                        args,
                    ));
                    let mut answer = WireMessage::tool_result(call, result);
                    if let WireMessage::Tool { id, .. } = &mut answer {
                        *id = unique(id, run);
                    }
                    messages.push(answer);
                }
                _ => {}
            }
        }
        messages
    }

    fn apply_state(&mut self, event: &Event, run: &str, at: i64) -> Change {
        match event {
            Event::StateSnapshot { snapshot, .. } if snapshot.is_object() => {
                snapshot.clone_into(&mut self.state);
                Change::none()
            }
            Event::StateSnapshot { snapshot, .. } => {
                self.push_unprocessed(run, "STATE_SNAPSHOT", snapshot.to_string(), at)
            }
            Event::StateDelta { delta, .. } => {
                if self.runs.get_mut(run).is_some_and(RunTrack::is_new_delta) {
                    patch::apply(&mut self.state, delta);
                }
                Change::none()
            }
            _ => Change::none(),
        }
    }

    fn row_mut(&mut self, id: &RowId) -> Option<&mut Row> {
        self.rows.get_mut(*self.index.get(id)?)
    }

    fn set_row_state(&mut self, id: &RowId, state: RowState) -> Change {
        match self.row_mut(id) {
            Some(row) if row.state != state => {
                row.state = state;
                Change::row(id.clone())
            }
            _ => Change::none(),
        }
    }

    fn end_streaming(&mut self, run: &str, state: RowState) -> Change {
        let mut change = Change::none();
        for row in &mut self.rows {
            if row.run.as_deref() == Some(run) && row.state == RowState::Streaming {
                row.state = state;
                change.rows.push(row.id.clone());
            }
        }
        change
    }

    /// Adds a row after the other rows of its run. A row of the same id is left alone.
    fn insert(
        &mut self,
        run: &str,
        id: RowId,
        message_id: String,
        kind: RowKind,
        state: RowState,
        at: Option<i64>,
    ) -> Change {
        if self.index.contains_key(&id) {
            return Change::none();
        }
        let row = Row {
            id,
            message_id,
            kind,
            state,
            at,
            ended: None,
            run: Some(run.to_owned()),
            rewrites: 0,
        };
        self.insert_at(self.place_for(run), row)
    }

    fn place_for(&self, run: &str) -> usize {
        if let Some(last) = self
            .rows
            .iter()
            .rposition(|row| row.run.as_deref() == Some(run))
        {
            return last + 1;
        }
        match self.runs.get(run).and_then(|track| track.place.as_ref()) {
            Some(None) => 0,
            Some(Some(before)) => self
                .index
                .get(before)
                .map_or(self.rows.len(), |position| position + 1),
            None => self.rows.len(),
        }
    }

    fn insert_at(&mut self, position: usize, row: Row) -> Change {
        let id = row.id.clone();
        if position >= self.rows.len() {
            self.index.insert(id.clone(), self.rows.len());
            self.rows.push(row);
        } else {
            self.rows.insert(position, row);
            self.reindex();
        }
        Change {
            order: true,
            rows: vec![id],
        }
    }

    fn remove_rows(&mut self, mut is_gone: impl FnMut(&Row) -> bool) -> Change {
        let before = self.rows.len();
        self.rows.retain(|row| !is_gone(row));
        if self.rows.len() == before {
            return Change::none();
        }
        self.reindex();
        Change::order()
    }

    fn reindex(&mut self) {
        self.index = self
            .rows
            .iter()
            .enumerate()
            .map(|(position, row)| (row.id.clone(), position))
            .collect();
    }
}

fn user_row_id(id: &str) -> RowId {
    RowId(format!("user/{id}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
