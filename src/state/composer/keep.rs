//! What of a composer is in storage, and what other tabs have put there.

use reactive_graph::traits::{GetUntracked, Set, WithUntracked};

use super::{Composer, Waiting};
use crate::core::composer::draft::{Draft, KeptImage, KeptMessage, TTL_MS};
use crate::core::composer::written::{Content, Slot, Written};
use crate::state::task::lock;

/// The images of a stored text: those that are known here with their bytes, the others by name.
pub(super) fn slots(kept: &[KeptImage], known: &[Slot]) -> Vec<Slot> {
    let slot = |image: &KeptImage| {
        let same = |slot: &&Slot| slot.number == image.number && slot.name() == image.name;
        known.iter().find(same).cloned().unwrap_or_else(|| Slot {
            number: image.number,
            content: Content::Gone(image.name.clone()),
        })
    };
    kept.iter().map(slot).collect()
}

fn images(written: &Written) -> Vec<KeptImage> {
    let kept = |slot: &Slot| KeptImage {
        number: slot.number,
        name: slot.name().to_owned(),
    };
    written.shown().into_iter().map(kept).collect()
}

fn message(waiting: &Waiting, sending: bool) -> KeptMessage {
    KeptMessage {
        id: waiting.id.clone(),
        text: waiting.written.text.clone(),
        images: images(&waiting.written),
        sending,
    }
}

impl Composer {
    /// Saves now: the field lost the focus, the page is being hidden, the session has flipped.
    pub fn flush(&self) {
        if std::mem::take(&mut lock(&self.0.work).dirty) {
            self.save();
        }
    }

    pub(super) fn save(&self) {
        if lock(&self.0.work).closed {
            return;
        }
        self.sync();
        let mut written = self.written();
        let list = self.0.waiting.get_untracked();
        let waiting = {
            let mut work = lock(&self.0.work);
            let mut waiting = work.elsewhere.clone();
            if let Some(flight) = &work.in_flight {
                match &flight.waited {
                    Some(first) => waiting.push(message(first, true)),
                    None => written.put_before(&flight.message),
                }
            }
            waiting.extend(list.iter().map(|waiting| message(waiting, false)));
            work.stored = waiting.iter().map(|message| message.id.clone()).collect();
            waiting
        };
        let saved_at = self.0.shared.now();
        lock(&self.0.work).saved_at = saved_at;
        let draft = Draft {
            images: images(&written),
            text: written.text,
            saved_at,
            caret: None,
            waiting,
        };
        let key = self.0.key.storage_key();
        if draft.is_blank() {
            self.0.shared.remove(&key);
        } else {
            self.0.shared.set(&key, &draft.encode());
        }
        lock(&self.0.work).decided.clear();
    }

    /// A tab that was sending may have died over it: what it sent waits here from now on. One that lives knows what it sends all the same,
    /// and takes it out of storage when it is accepted.
    pub(super) fn reclaim(&self) {
        {
            let work = &mut *lock(&self.0.work);
            work.decided = std::mem::take(&mut work.stored);
        }
        self.save();
    }

    /// Takes over what another tab has written here, unless something is being written in this one.
    pub(in crate::state) fn adopt(&self, key: &str) {
        if self.0.key.storage_key() != key {
            return;
        }
        let now = self.0.shared.now();
        let kept = self.0.shared.get(key);
        let busy = {
            let mut work = lock(&self.0.work);
            // What has grown too old goes out of storage; nobody has taken it from where it is on show.
            let is_over = kept.is_none() && now.saturating_sub(work.saved_at) > TTL_MS;
            if work.closed || is_over {
                return;
            }
            work.saved_at = now;
            work.dirty || work.in_flight.is_some()
        };
        let draft = match kept.as_deref().map(|text| Draft::decode(text, now)) {
            Some(Some(draft)) => draft,
            // What cannot be read takes nothing away here.
            Some(None) => return,
            None => Draft::default(),
        };
        self.reconcile(&draft.waiting);
        if busy {
            return;
        }
        let slots = slots(&draft.images, &self.0.slots.get_untracked());
        let is_same = self.0.text.with_untracked(|old| *old == draft.text)
            && self.0.images.get_untracked() == slots;
        if !is_same {
            let text = draft.text;
            self.show(Written { text, slots });
        }
    }

    /// Looks at what the other tabs have done to the waiting messages; storage has the last word on them.
    pub(super) fn sync(&self) {
        let Some(text) = self.0.shared.get(&self.0.key.storage_key()) else {
            // Whatever they were sending has arrived.
            lock(&self.0.work).elsewhere.clear();
            return;
        };
        let has_none = self.0.waiting.with_untracked(Vec::is_empty);
        // Most drafts are a text alone, and a long one takes a while to be read.
        if has_none && !text.contains("\"waiting\":[") {
            lock(&self.0.work).elsewhere.clear();
            return;
        }
        if let Ok(draft) = Draft::read(&text) {
            self.reconcile(&draft.waiting);
        }
    }

    fn reconcile(&self, stored: &[KeptMessage]) {
        let mut list = self.0.waiting.get_untracked();
        let before = list.clone();
        {
            let mut work = lock(&self.0.work);
            let own = work.in_flight.as_ref().and_then(|flight| {
                let waited = flight.waited.as_ref()?;
                Some(waited.id.clone())
            });
            let others: Vec<&KeptMessage> = stored
                .iter()
                .filter(|kept| Some(&kept.id) != own.as_ref() && !work.decided.contains(&kept.id))
                .collect();
            let (sending, still): (Vec<_>, Vec<_>) =
                others.into_iter().partition(|kept| kept.sending);
            work.elsewhere = sending.into_iter().cloned().collect();
            let is_there = |id: &str| still.iter().any(|kept| kept.id == id);
            // What was stored and is not any more was sent, taken back or removed elsewhere.
            list.retain(|waiting| !work.stored.contains(&waiting.id) || is_there(&waiting.id));
            for kept in still {
                if !list.iter().any(|waiting| waiting.id == kept.id) {
                    list.push(Waiting::restored(kept));
                    work.stored.insert(kept.id.clone());
                }
            }
        }
        if list != before {
            self.0.waiting.set(list);
        }
    }
}
