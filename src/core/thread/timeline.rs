//! The rows of one conversation, changed by events of its runs and by what the person does.

mod calls;
mod change;
mod extras;
mod parts;
mod past;
mod rows;
mod run;
mod snapshot;
mod sources;
mod track;
mod weight;
mod wire;

pub use self::change::Change;
use self::track::RunTrack;
use super::history::{highest_image, shown};
use super::message::{Row, RowId, RowKind, RowState};
use crate::core::agui::event::Event;
use crate::core::agui::run::UserContent;
use crate::core::composer::outgoing::Outgoing;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

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
    /// Rows that were taken out, and from which count of rewrites on one of the same name goes on.
    retired: HashMap<RowId, u32>,
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
            retired: HashMap::new(),
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
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        if track.stopped {
            return Change::none();
        }
        let at = track.time_of(event, received_at);
        match event {
            Event::StateSnapshot { .. } | Event::StateDelta { .. } => {
                let change = self.close_chunk_before(event, run, at);
                change.and(self.apply_state(event, run, at))
            }
            Event::RunStarted { .. } | Event::ToolCallResult { .. } => {
                self.apply_live(event, run, at)
            }
            _ if track.terminal => Change::none(),
            _ => self.apply_live(event, run, at),
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
                row.rewrites = row.rewrites.wrapping_add(1);
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
        let content = message.content(self.images.saturating_add(1));
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

    /// Takes the user's message out again, as when its text went back to the composer.
    pub fn remove(&mut self, id: &str) -> Change {
        let row_id = user_row_id(id);
        self.parts.remove(&row_id);
        self.remove_rows(|row| row.id == row_id)
    }

    /// The person stopped this run: what came is kept as partial and later events of the run are ignored.
    pub fn stop(&mut self, run: &str) -> Change {
        let track = self.runs.entry(run.to_owned()).or_default();
        let was_over = track.terminal || std::mem::replace(&mut track.stopped, true);
        track.stopped = true;
        let last = track.last;
        let mut change = self.cut_rows(run, last);
        if was_over {
            return change;
        }
        let kinds: Vec<_> = self.rows_of(run).map(|row| &row.kind).collect();
        let has_answer = |kind: &&RowKind| matches!(kind, RowKind::Assistant { .. });
        let has_answer = kinds.iter().any(has_answer);
        let is_shown =
            !kinds.is_empty() || self.rows.iter().any(|row| row.run.as_deref() == Some(run));
        if is_shown && !has_answer {
            change.merge(self.push_no_response(run, RowState::Partial, last));
        }
        change.and(self.settle_sources(run))
    }

    /// Takes out what a run has made: it turns out that there is none.
    pub fn withdraw(&mut self, run: &str) -> Change {
        self.runs.remove(run);
        self.remove_rows(|row| row.run.as_deref() == Some(run))
    }

    /// The stream of this run was lost: what came is kept as partial, and goes on if the run is resumed.
    pub fn interrupt(&mut self, run: &str) -> Change {
        let change = self.cut_rows(run, None);
        if let Some(track) = self.runs.get_mut(run) {
            track.cut.extend(change.rows.iter().cloned());
        }
        change
    }

    /// Forgets what this run made, before all its events are replayed; the new rows take the place of the old.
    pub fn restart_run(&mut self, run: &str) -> Change {
        let own: HashSet<RowId> = self.ids_of(run).into_iter().collect();
        // Its question is not of its making, unless the server repeats what was written elsewhere.
        let made = |row: &Row| {
            let is_question = matches!(row.kind, RowKind::User { .. }) && !own.contains(&row.id);
            row.run.as_deref() == Some(run) && !is_question
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
}

fn user_row_id(id: &str) -> RowId {
    RowId(format!("user/{id}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
