//! Conversations that are not on show: as many of those left last as fit are held, so that going back is instant; the others are loaded
//! again when somebody comes back.

use std::any::Any;
use std::cmp::Reverse;
use std::sync::Arc;

use super::{Inner, RoomState};
use crate::state::task::spawn;
use crate::state::thread::ThreadState;

/// How much is held of the conversations of a server that are not on show, in bytes: many of the usual length, none that is very long.
const HELD: usize = 2_000_000;
/// Nobody is in a hurry with it, in milliseconds; the page has let go of the rows by then.
const PAUSE: u32 = 1_000;

impl RoomState {
    /// Lets go of what is too much, a little later.
    pub(in crate::state) fn tidy_soon(&self) {
        let this = self.clone();
        let pause = self.0.server.shared().ports.clock.sleep(PAUSE);
        spawn(async move {
            pause.await;
            this.tidy();
        });
    }

    /// What is still under way anywhere stays as it is.
    fn tidy(&self) {
        let mut left: Vec<(i64, ThreadState)> = self
            .left_threads()
            .into_iter()
            .filter_map(|thread| Some((thread.left_at()?, thread)))
            .collect();
        left.sort_by_key(|(at, _)| Reverse(*at));
        let mut room = HELD;
        for (_, thread) in left {
            let weight = thread.weight();
            if weight > room && thread.is_at_rest() {
                thread.unload();
            } else {
                room = room.saturating_sub(weight);
            }
        }
    }

    /// Those of all rooms of the server.
    fn left_threads(&self) -> Vec<ThreadState> {
        let rooms = self.0.server.tenants().into_iter();
        let threads = rooms.map(|tenant| {
            let tenant: Arc<dyn Any + Send + Sync> = tenant;
            let room = tenant.downcast_ref::<Inner>();
            room.map(Inner::open_threads).unwrap_or_default()
        });
        threads.flatten().collect()
    }
}
