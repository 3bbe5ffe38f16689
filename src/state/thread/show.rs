//! Shows what has changed: one signal for each row, all of them once a frame.

use std::collections::hash_map::Entry;

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Set, Update, WithUntracked};

use super::ThreadState;
use crate::core::thread::message::RowId;
use crate::core::thread::timeline::{Change, Timeline};
use crate::state::task::{lock, spawn};

impl ThreadState {
    /// Shows another conversation in place of this one.
    pub(super) fn replace(&self, mut timeline: Timeline) {
        let change = Change {
            order: true,
            rows: timeline.rows().iter().map(|row| row.id.clone()).collect(),
        };
        {
            let mut work = lock(&self.0.work);
            timeline.replaces(&work.timeline);
            work.timeline = timeline;
            work.dirty = change;
        }
        self.flush();
    }

    /// Notes what changed; it is shown with the next frame, all at once.
    pub(super) fn touch(&self, change: Change) {
        let starts = {
            let mut work = lock(&self.0.work);
            work.dirty.merge(change);
            !work.dirty.is_none() && !std::mem::replace(&mut work.flush_is_due, true)
        };
        if starts {
            let this = self.clone();
            let frame = self.0.room.server().shared().ports.clock.frame();
            spawn(async move {
                frame.await;
                this.flush();
            });
        }
    }

    /// Changes the conversation and has the change shown.
    pub(super) fn change(&self, change: impl FnOnce(&mut Timeline) -> Change) {
        let change = change(&mut lock(&self.0.work).timeline);
        self.touch(change);
    }

    pub(super) fn flush(&self) {
        let order = {
            let mut work = lock(&self.0.work);
            work.flush_is_due = false;
            let change = std::mem::take(&mut work.dirty);
            self.show_rows(&work.timeline, &change.rows);
            change.order.then(|| self.row_ids(&work.timeline))
        };
        if let Some(order) = order
            && self.0.order.with_untracked(|old| *old != order)
        {
            self.0.order.set(order);
        }
    }

    /// A text that grows is not copied: only what is new of it goes to the row on show.
    fn show_rows(&self, timeline: &Timeline, changed: &[RowId]) {
        let mut rows = lock(&self.0.rows);
        for row in changed.iter().filter_map(|id| timeline.row(id)) {
            match rows.entry(row.id.clone()) {
                Entry::Occupied(entry) => {
                    let signal = entry.get();
                    // Texts of different lengths are told apart at once.
                    if signal.with_untracked(|old| old != row) {
                        signal.update(|old| old.catch_up(row));
                    }
                }
                Entry::Vacant(entry) => {
                    entry.insert(ArcRwSignal::new(row.clone()));
                }
            }
        }
    }

    fn row_ids(&self, timeline: &Timeline) -> Vec<RowId> {
        let ids: Vec<RowId> = timeline.rows().iter().map(|row| row.id.clone()).collect();
        let mut rows = lock(&self.0.rows);
        if rows.len() > ids.len() {
            rows.retain(|id, _| timeline.row(id).is_some());
        }
        ids
    }
}
