//! Keeps a verdict until the server has it, so that a tab that is closed takes none along.
//!
//! A page that is being closed may send one, and nobody learns whether it arrived. So it stays in storage until the answer is there, and
//! the next page that opens the room sends it again: the server keeps one verdict for each run, whichever came last.

use reactive_graph::traits::GetUntracked;
use serde::{Deserialize, Serialize};

use super::{Opinion, UNDO_MS};
use crate::core::record::{self, keys};
use crate::core::room::ThreadId;
use crate::state::room::RoomState;
use crate::state::task::spawn;
use crate::state::thread::ThreadState;

const VERSION: u32 = 1;
/// Another tab that is alive has dealt with its verdict so long after its time, in milliseconds.
const GRACE: u32 = 30_000;
/// Whoever says why has so long before another page takes them for gone, in milliseconds.
const EXPLAINING: u32 = 10 * 60_000;

/// A verdict that the server may not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    thread: String,
    run: String,
    up: bool,
    reason: String,
    /// When the tab that it was given in is gone if it is still here, in milliseconds since 1970.
    due: i64,
}

impl ThreadState {
    /// Keeps what is said of a run now, or forgets it where there is nothing to be sent.
    pub(super) fn keep_opinion(&self, run: &str, opinion: Opinion, reason: &str) {
        let (shared, key) = (self.0.room.server().shared().clone(), self.kept_key(run));
        let wait = match opinion {
            Opinion::Pending { .. } => UNDO_MS + GRACE,
            Opinion::Sending { .. } => GRACE,
            Opinion::Explaining { .. } => EXPLAINING,
            Opinion::None | Opinion::Sent { .. } => {
                if shared.get(&key).is_some() {
                    shared.remove(&key);
                }
                return;
            }
        };
        let kept = Kept {
            thread: self.0.key.thread.as_str().to_owned(),
            run: run.to_owned(),
            up: opinion.is_up().unwrap_or_default(),
            reason: reason.to_owned(),
            due: self.now() + i64::from(wait),
        };
        shared.save(&key, VERSION, &kept);
    }

    fn kept_key(&self, run: &str) -> String {
        let key = &self.0.key;
        keys::verdict(&key.server, &self.0.user, &key.room, &key.thread, run)
    }

    /// Sends a verdict that was given in a page that is gone, unless the person has said something else here.
    fn send_kept(&self, kept: &Kept) {
        let shown = self.opinion(&kept.run);
        if shown.get_untracked() == Opinion::None {
            self.send_opinion(&kept.run, kept.up, &kept.reason);
        }
    }
}

impl RoomState {
    /// Sends the verdicts that closed pages have left behind.
    pub(in crate::state) fn take_up_verdicts(&self) {
        let server = self.server();
        let prefix = keys::verdict_prefix(server.id(), &server.session().user(), self.id());
        for key in server.shared().keys(&prefix) {
            let this = self.clone();
            spawn(async move { this.take_up_verdict(&key).await });
        }
    }

    async fn take_up_verdict(&self, key: &str) {
        let shared = self.server().shared().clone();
        while let Some(kept) = read(shared.get(key)) {
            let wait = kept.due - shared.now();
            // The tab it was given in may still be there, and the person about to take it back. Clocks may have been set back.
            if wait > 0 && wait <= i64::from(EXPLAINING) {
                let wait = u32::try_from(wait).unwrap_or(EXPLAINING);
                shared.ports.clock.sleep(wait).await;
                continue;
            }
            if !self.is_gone() {
                let thread = ThreadId::from(kept.thread.as_str());
                self.thread(&thread).send_kept(&kept);
            }
            return;
        }
    }
}

fn read(text: Option<String>) -> Option<Kept> {
    record::decode(VERSION, &text?).ok()
}
