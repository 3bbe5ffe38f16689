//! The list of rows: where one is, where a new one goes, how complete each is.

use super::super::message::{Row, RowId, RowKind, RowState};
use super::{Change, Timeline};

impl Timeline {
    pub(super) fn row_mut(&mut self, id: &RowId) -> Option<&mut Row> {
        self.rows.get_mut(*self.index.get(id)?)
    }

    pub(super) fn set_row_state(&mut self, id: &RowId, state: RowState) -> Change {
        match self.row_mut(id) {
            Some(row) if row.state != state => {
                row.state = state;
                Change::row(id.clone())
            }
            _ => Change::none(),
        }
    }

    /// The row is complete; one that was complete before keeps its time.
    pub(super) fn complete(&mut self, id: &RowId, at: i64) -> Change {
        match self.row_mut(id) {
            Some(row) if matches!(row.state, RowState::Streaming | RowState::Partial) => {
                row.state = RowState::Done;
                row.ended = Some(at);
                Change::row(id.clone())
            }
            _ => Change::none(),
        }
    }

    /// What of this run is not complete becomes partial. With a time it is over; without, it may go on.
    pub(super) fn cut_rows(&mut self, run: &str, ended: Option<i64>) -> Change {
        let mut change = Change::none();
        for id in self.ids_of(run) {
            if let Some(row) = self.row_mut(&id)
                && row.state == RowState::Streaming
            {
                row.state = RowState::Partial;
                row.ended = ended;
                change.rows.push(id);
            }
        }
        change
    }

    /// The rows that this run has made.
    pub(super) fn rows_of(&self, run: &str) -> impl Iterator<Item = &Row> {
        let track = self.runs.get(run);
        let ids = track.map_or(&[][..], |track| track.rows.as_slice());
        ids.iter().filter_map(|id| self.row(id))
    }

    /// Their names.
    pub(super) fn ids_of(&self, run: &str) -> Vec<RowId> {
        self.runs
            .get(run)
            .map(|track| track.rows.clone())
            .unwrap_or_default()
    }

    /// Adds a row after the other rows of its run. A row of the same id is left alone.
    pub(super) fn insert(
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
            ended: if state == RowState::Done { at } else { None },
            run: Some(run.to_owned()),
            rewrites: 0,
        };
        self.insert_at(self.place_for(run), row)
    }

    fn place_for(&self, run: &str) -> usize {
        let track = self.runs.get(run);
        let newest = track.and_then(|track| self.index.get(track.rows.last()?));
        if let Some(position) = newest {
            return position + 1;
        }
        let own = |row: &Row| row.run.as_deref() == Some(run);
        if let Some(last) = self.rows.iter().rposition(own) {
            return last + 1;
        }
        match track.and_then(|track| track.place.as_ref()) {
            Some(None) => 0,
            Some(Some(before)) => self
                .index
                .get(before)
                .map_or(self.rows.len(), |position| position + 1),
            None => self.rows.len(),
        }
    }

    /// Puts a row in; the list of rows its run has made is kept in the order of the rows.
    pub(super) fn insert_at(&mut self, position: usize, mut row: Row) -> Change {
        // A view may still hold what a row of this name was before.
        row.rewrites = self.retired.remove(&row.id).unwrap_or(row.rewrites);
        let id = row.id.clone();
        if let Some(track) = row.run.as_ref().and_then(|run| self.runs.get_mut(run)) {
            let after = |known: &RowId| self.index.get(known).is_none_or(|at| *at < position);
            let slot = track.rows.iter().rposition(after);
            track
                .rows
                .insert(slot.map_or(0, |slot| slot + 1), id.clone());
        }
        if position >= self.rows.len() {
            self.index.insert(id.clone(), self.rows.len());
            self.rows.push(row);
        } else {
            for later in self.rows.iter().skip(position) {
                if let Some(at) = self.index.get_mut(&later.id) {
                    *at += 1;
                }
            }
            self.index.insert(id.clone(), position);
            self.rows.insert(position, row);
        }
        Change {
            order: true,
            rows: vec![id],
        }
    }

    pub(super) fn remove_rows(&mut self, is_gone: impl Fn(&Row) -> bool) -> Change {
        let before = self.rows.len();
        for row in self.rows.iter().filter(|row| is_gone(row)) {
            let run = row.run.as_ref().and_then(|run| self.runs.get_mut(run));
            if let Some(track) = run {
                track.rows.retain(|known| *known != row.id);
            }
            self.retired
                .insert(row.id.clone(), row.rewrites.wrapping_add(1));
        }
        self.rows.retain(|row| !is_gone(row));
        if self.rows.len() == before {
            return Change::none();
        }
        self.reindex();
        Change::order()
    }

    pub(super) fn reindex(&mut self) {
        self.index = self
            .rows
            .iter()
            .enumerate()
            .map(|(position, row)| (row.id.clone(), position))
            .collect();
    }
}
