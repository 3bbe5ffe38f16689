//! The AG-UI state, and the sources of an answer, which a run names in it.

use super::super::message::{Row, RowId, RowKind, RowState};
use super::super::source::{self, Source};
use super::{Change, Timeline};
use crate::core::agui::event::Event;
use crate::core::agui::patch;
use crate::core::agui::run::state_for_next_run;
use std::collections::HashSet;
use std::ops::Range;

impl Timeline {
    /// Takes an event about the state; a replay applies none twice.
    pub(super) fn apply_state(&mut self, event: &Event, run: &str, at: i64) -> Change {
        let Some(track) = self.runs.get_mut(run) else {
            return Change::none();
        };
        let touched = match event {
            Event::StateSnapshot { snapshot, .. } if !snapshot.is_object() => {
                if track.terminal {
                    return Change::none();
                }
                return self.push_unprocessed(run, "STATE_SNAPSHOT", snapshot.to_string(), at);
            }
            _ if !track.state_events.is_new() => return Change::none(),
            Event::StateSnapshot { snapshot, .. } => {
                snapshot.clone_into(&mut self.state);
                None
            }
            Event::StateDelta { delta, .. } => {
                patch::apply(&mut self.state, delta);
                Some(patch::namespaces(delta))
            }
            _ => return Change::none(),
        };
        let known: HashSet<_> = track.cited.iter().cloned().collect();
        let is_touched = |name: &str| match &touched {
            Some(names) => names.iter().any(|touched| touched == name),
            None => true,
        };
        let new = source::cited(&self.state)
            .filter(|named| is_touched(&named.0) && !known.contains(named));
        track.cited.extend(new);
        if track.terminal || track.stopped {
            return self.settle_sources(run);
        }
        Change::none()
    }

    pub(super) fn empty_run_state(&mut self) {
        self.state = state_for_next_run(&self.state);
    }

    /// At the end of a run: one row with the sources of the whole turn (all runs between two messages of the person) below its last answer.
    pub(super) fn settle_sources(&mut self, run: &str) -> Change {
        let rows = self.rows.get(self.turn_of(run)).unwrap_or_default();
        let is_answer = |row: &&Row| matches!(row.kind, RowKind::Assistant { .. });
        let Some(answer) = rows.iter().rfind(is_answer) else {
            return Change::none();
        };
        let answer_id = answer.id.clone();
        let row = row_of_sources(answer, run, self.sources_of(rows));
        let is_old = |row: &&Row| matches!(row.kind, RowKind::Sources { .. });
        let old: Vec<RowId> = rows
            .iter()
            .filter(is_old)
            .map(|row| row.id.clone())
            .collect();
        let below = |this: &Self| this.index.get(&answer_id).map_or(0, |at| at + 1);
        if let (Some(row), [_]) = (&row, &old[..])
            && self
                .rows
                .get(below(self))
                .is_some_and(|there| there.id == row.id && there.kind == row.kind)
        {
            return Change::none();
        }
        let change = self.remove_rows(|row| old.contains(&row.id));
        match row {
            Some(row) => {
                let below = below(self);
                change.and(self.insert_at(below, row))
            }
            None => change,
        }
    }

    /// The rows between the person's message before the rows of this run and the one after them.
    fn turn_of(&self, run: &str) -> Range<usize> {
        let last = self.rows_of(run).last();
        let Some(last) = last.and_then(|row| self.index.get(&row.id)).copied() else {
            return 0..0;
        };
        let is_question = |row: &Row| matches!(row.kind, RowKind::User { .. });
        let above = self.rows.get(..=last).unwrap_or_default();
        let below = self.rows.get(last + 1..).unwrap_or_default();
        let start = above.iter().rposition(is_question).map_or(0, |at| at + 1);
        let end = below.iter().position(is_question);
        start..end.map_or(self.rows.len(), |at| last + 1 + at)
    }

    /// What the runs of these rows have named, in the order they named it; what cannot be looked up is left out.
    fn sources_of(&self, rows: &[Row]) -> Vec<Source> {
        let (mut runs, mut named) = (Vec::new(), HashSet::new());
        for run in rows.iter().filter_map(|row| row.run.as_deref()) {
            if runs.last() != Some(&run) && !runs.contains(&run) {
                runs.push(run);
            }
        }
        let mut sources = Vec::new();
        let tracks = runs.into_iter().filter_map(|run| self.runs.get(run));
        for named_by_run in tracks.flat_map(|track| &track.cited) {
            if named.insert(named_by_run) {
                let (namespace, id) = named_by_run;
                let number = sources.len() as u64 + 1;
                sources.extend(source::look_up(&self.state, namespace, id, number));
            }
        }
        sources
    }
}

/// The row below an answer; none where nothing was named.
fn row_of_sources(answer: &Row, run: &str, sources: Vec<Source>) -> Option<Row> {
    (!sources.is_empty()).then(|| Row {
        id: RowId(format!("sources/{}", answer.run.as_deref().unwrap_or(run))),
        message_id: String::new(),
        kind: RowKind::Sources { sources },
        state: RowState::Done,
        at: answer.at,
        ended: answer.ended,
        run: answer.run.clone(),
        rewrites: 0,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
