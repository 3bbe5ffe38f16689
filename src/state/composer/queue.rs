//! Messages that wait for the end of a run: in order, each sent once.

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set, Update, WithUntracked};

use super::Composer;
use super::keep::slots;
use crate::core::composer::draft::KeptMessage;
use crate::core::composer::written::Written;
use crate::state::task::{lock, spawn};

/// A message that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Tells it from all others, in every tab.
    pub id: String,
    /// What it says.
    pub written: Written,
    /// Whether it is sent by itself when its turn comes. One that was restored, came from another tab or was
    /// overtaken by a failure waits for a word of the person.
    pub is_released: bool,
}

impl Waiting {
    pub(super) fn restored(kept: &KeptMessage) -> Self {
        Self {
            id: kept.id.clone(),
            written: Written {
                text: kept.text.clone(),
                slots: slots(&kept.images, &[]),
            },
            is_released: false,
        }
    }
}

impl Composer {
    /// The messages that wait, first come first.
    #[must_use]
    pub fn waiting(&self) -> ArcRwSignal<Vec<Waiting>> {
        self.0.waiting.clone()
    }

    pub(super) fn wait(&self, written: Written) {
        let waiting = Waiting {
            id: self.0.shared.uuid(),
            written: written.tidy(),
            is_released: true,
        };
        self.0.waiting.update(|list| list.push(waiting));
        self.save();
    }

    pub(super) fn wait_first(&self, waiting: Waiting) {
        let waiting = Waiting {
            is_released: false,
            ..waiting
        };
        // Storage knows it as being sent.
        self.decide(&waiting.id);
        lock(&self.0.work).stored.remove(&waiting.id);
        self.0.waiting.update(|list| list.insert(0, waiting));
        self.save();
    }

    /// Nothing is sent by itself any more.
    pub(super) fn hold(&self) {
        let is_any = |list: &Vec<Waiting>| list.iter().any(|waiting| waiting.is_released);
        if self.0.waiting.with_untracked(is_any) {
            self.0.waiting.update(|list| {
                for waiting in list {
                    waiting.is_released = false;
                }
            });
        }
    }

    /// The run has ended: if it went well, the first of the waiting messages is sent; if it failed or was stopped,
    /// they stay until the person says so.
    pub fn run_ended(&self, went_well: bool) {
        if !went_well {
            self.hold();
            return;
        }
        let has_next = |list: &Vec<Waiting>| list.first().is_some_and(|first| first.is_released);
        if self.0.waiting.with_untracked(has_next) {
            // Once the run has put everything away.
            let this = self.clone();
            spawn(async move { this.send_next() });
        }
    }

    fn send_next(&self) {
        // The first one may have been sent or taken back by another tab meanwhile.
        self.sync();
        let first = self.0.waiting.with_untracked(|list| {
            let first = list.first().filter(|first| first.is_released);
            first.map(|first| first.id.clone())
        });
        if let Some(id) = first {
            self.send_waiting(&id);
        }
    }

    /// Sends a waiting message out of its turn; those behind it follow by themselves.
    pub fn send_now(&self, id: &str) {
        if !self.is_busy() && self.send_waiting(id) {
            self.0.waiting.update(|list| {
                for waiting in list {
                    waiting.is_released = true;
                }
            });
        }
    }

    fn send_waiting(&self, id: &str) -> bool {
        if self.is_busy() || self.has_left() {
            return false;
        }
        // Another tab may have sent it meanwhile, or taken it back.
        self.sync();
        let Some(waiting) = self.found(id) else {
            return false;
        };
        let Some(message) = waiting.written.outgoing() else {
            return false;
        };
        self.without(id);
        self.dispatch(message, Some(waiting));
        true
    }

    /// Takes a waiting message back into the field, before what is there.
    pub fn edit_waiting(&self, id: &str) {
        self.sync();
        let Some(waiting) = self.found(id) else {
            return;
        };
        self.without(id);
        self.decide(id);
        let mut written = self.written();
        written.put_written_before(&waiting.written);
        self.show(written);
        self.save();
    }

    /// Removes a waiting message.
    pub fn remove_waiting(&self, id: &str) {
        self.without(id);
        self.decide(id);
        self.save();
    }

    pub(super) fn take_waiting(&self) -> Vec<Waiting> {
        let list = self.0.waiting.get_untracked();
        self.0.waiting.set(Vec::new());
        for waiting in &list {
            self.decide(&waiting.id);
        }
        list
    }

    fn found(&self, id: &str) -> Option<Waiting> {
        self.0.waiting.with_untracked(|list| {
            let found = list.iter().find(|waiting| waiting.id == id);
            found.cloned()
        })
    }

    /// What becomes of a message is this tab's word, whatever storage says of it.
    pub(super) fn decide(&self, id: &str) {
        lock(&self.0.work).decided.insert(id.to_owned());
    }

    fn without(&self, id: &str) {
        self.0
            .waiting
            .update(|list| list.retain(|waiting| waiting.id != id));
    }
}
