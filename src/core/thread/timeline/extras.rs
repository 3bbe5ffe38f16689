//! What happens beside the answer: steps, activities, events of the server's own, and what was not understood.

use super::super::message::{RowId, RowKind, RowState};
use super::{Change, Timeline};
use crate::core::agui::event::Event;
use crate::core::agui::patch;
use serde_json::Value;

impl Timeline {
    /// Reasoning that only opens and closes blocks, and what a provider keeps for itself (encrypted values), is silent.
    pub(super) fn apply_extra(&mut self, event: &Event, run: &str, at: i64) -> Change {
        match event {
            Event::StepStarted { name, .. } => self.begin_step(run, name, at),
            Event::StepFinished { name, .. } => self.end_step(run, name, at),
            Event::ActivitySnapshot {
                message_id,
                activity_type,
                content,
                replace,
                ..
            } => {
                if !content.is_object() {
                    return self.push_unprocessed(
                        run,
                        "ACTIVITY_SNAPSHOT",
                        content.to_string(),
                        at,
                    );
                }
                self.set_activity(run, message_id, activity_type, content, *replace, at)
            }
            Event::ActivityDelta {
                message_id,
                activity_type,
                patch,
                ..
            } => self.patch_activity(run, message_id, activity_type, patch),
            Event::Custom { name, value, .. } => self.push_event(run, name, value, at),
            Event::Raw { event, source, .. } => {
                self.push_event(run, source.as_deref().unwrap_or("RAW"), event, at)
            }
            Event::MessagesSnapshot { messages, .. } => self.reconcile(run, messages, at),
            _ => Change::none(),
        }
    }

    fn begin_step(&mut self, run: &str, name: &str, at: i64) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        let id = RowId(format!("step/{run}/{}", track.count.steps));
        track.count.steps += 1;
        track.steps.push((name.to_owned(), id.clone()));
        let kind = RowKind::Event {
            name: name.to_owned(),
            payload: String::new(),
        };
        self.insert(run, id, String::new(), kind, RowState::Streaming, Some(at))
    }

    /// Ends the innermost step of this name; steps may be nested, and one may end before another that it is within.
    fn end_step(&mut self, run: &str, name: &str, at: i64) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        match track.steps.iter().rposition(|(open, _)| open == name) {
            Some(position) => {
                let (_, id) = track.steps.remove(position);
                self.complete(&id, at)
            }
            None => Change::none(),
        }
    }

    fn push_event(&mut self, run: &str, name: &str, payload: &Value, at: i64) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        let id = RowId(format!("event/{run}/{}", track.count.events));
        track.count.events += 1;
        // A replay counts from 0 again and finds the rows it made the first time.
        if self.index.contains_key(&id) {
            return Change::none();
        }
        let kind = RowKind::Event {
            name: name.to_owned(),
            payload: if payload.is_null() {
                String::new()
            } else {
                payload.to_string()
            },
        };
        self.insert(run, id, String::new(), kind, RowState::Done, Some(at))
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
        let id = RowId(format!("notice/{run}/{}", track.count.notices));
        track.count.notices += 1;
        if self.index.contains_key(&id) {
            return Change::none();
        }
        let kind = RowKind::Unprocessed {
            kind: kind.to_owned(),
            payload,
        };
        self.insert(run, id, String::new(), kind, RowState::Done, at.into())
    }

    fn set_activity(
        &mut self,
        run: &str,
        message_id: &str,
        activity: &str,
        content: &Value,
        replace: bool,
        at: i64,
    ) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        let is_known = track.activities.contains_key(message_id);
        if !track.activity_events.is_new() || (is_known && !replace) {
            return Change::none();
        }
        track
            .activities
            .insert(message_id.to_owned(), content.clone());
        let id = activity_row_id(run, message_id);
        let kind = RowKind::Activity {
            activity: activity.to_owned(),
            content: content.to_string(),
        };
        match self.row_mut(&id) {
            Some(row) if row.kind == kind => Change::none(),
            Some(row) => {
                row.kind = kind;
                row.rewrites = row.rewrites.wrapping_add(1);
                Change::row(id)
            }
            None => {
                let message_id = message_id.to_owned();
                self.insert(run, id, message_id, kind, RowState::Streaming, Some(at))
            }
        }
    }

    /// Changes what an activity shows. Without a snapshot before it, or for an activity of another type, there is nothing to change.
    fn patch_activity(
        &mut self,
        run: &str,
        message_id: &str,
        activity: &str,
        operations: &[Value],
    ) -> Change {
        let id = activity_row_id(run, message_id);
        let known = self.row(&id).map(|row| row.kind.clone());
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        let is_new = track.activity_events.is_new();
        let (
            Some(value),
            Some(RowKind::Activity {
                activity: type_, ..
            }),
        ) = (track.activities.get_mut(message_id), known)
        else {
            return Change::none();
        };
        if !is_new || (!activity.is_empty() && activity != type_) {
            return Change::none();
        }
        patch::apply(value, operations);
        let text = value.to_string();
        match self.row_mut(&id) {
            Some(row) if matches!(&row.kind, RowKind::Activity { content, .. } if *content != text) =>
            {
                row.kind = RowKind::Activity {
                    activity: type_,
                    content: text,
                };
                row.rewrites = row.rewrites.wrapping_add(1);
                Change::row(id)
            }
            _ => Change::none(),
        }
    }
}

fn activity_row_id(run: &str, message_id: &str) -> RowId {
    RowId(format!("activity/{run}/{message_id}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
