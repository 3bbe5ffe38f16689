//! A conversation that was left and has nothing under way need not be held: the server has it all.

use std::collections::HashMap;

use reactive_graph::traits::{GetUntracked, Set, WithUntracked};

use super::{Older, RunPhase, ThreadState};
use crate::core::thread::timeline::Timeline;
use crate::state::Load;
use crate::state::task::lock;

/// What is known of a run, in bytes: its question twice, and names.
const RUN: usize = 500;

impl ThreadState {
    /// It comes on show.
    pub(in crate::state) fn came(&self) {
        lock(&self.0.work).left = None;
    }

    /// It goes out of sight, and may be unloaded from now on.
    pub(in crate::state) fn put_by(&self) {
        let now = self.now();
        lock(&self.0.work).left = Some(now);
        self.0.room.tidy_soon();
    }

    /// When it went out of sight; `None` while it is on show, and before it ever was.
    pub(in crate::state) fn left_at(&self) -> Option<i64> {
        lock(&self.0.work).left
    }

    /// About how many bytes unloading it would free.
    pub(in crate::state) fn weight(&self) -> usize {
        let work = lock(&self.0.work);
        // On show is a copy of each row.
        2 * work.timeline.weight() + RUN * work.past.runs.len()
    }

    /// Whether the server has everything that is shown here, and nothing is about to change it.
    pub(in crate::state) fn is_at_rest(&self) -> bool {
        let is_idle = self.0.phase.get_untracked() == RunPhase::Idle
            && self.0.composer.waiting().with_untracked(Vec::is_empty)
            && self.0.verdicts.are_settled()
            && !self.0.history.with_untracked(|load| load.busy);
        let work = lock(&self.0.work);
        is_idle
            && work.left.is_some()
            && work.live.is_none()
            && work.unsent.is_none()
            && work.lost.is_none()
            && work.dirty.is_none()
            && !work.is_own
    }

    /// Forgets the rows and the past; they are loaded again when somebody comes back. What is written, unfolded, marked and rated stays.
    pub(in crate::state) fn unload(&self) {
        {
            let mut work = lock(&self.0.work);
            work.timeline = Timeline::new();
            work.earlier = Default::default();
            work.is_stale = false;
            work.past.unload();
        }
        *lock(&self.0.rows) = HashMap::new();
        self.0.order.set(Vec::new());
        self.0.older.set(Older::None);
        self.0.history.set(Load::default());
    }

    /// Somebody comes back who was reading above the end: as much as was loaded before is loaded again.
    pub fn come_back(&self) {
        lock(&self.0.work).past.come_back();
    }
}
