//! What is being written in one place: kept while it is typed, given back when sending fails, forgotten
//! only when the server has accepted it.

use std::sync::{Arc, Mutex};

use reactive_graph::computed::ArcMemo;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Get, GetUntracked, Set, With, WithUntracked};

use super::shared::Shared;
use super::task::{lock, spawn};
use crate::core::composer::draft::{Draft, DraftKey, VERSION};
use crate::core::composer::outgoing::Outgoing;
use crate::core::record;

/// A pause in typing after which the draft is saved, in milliseconds (`decisions.md` section 6).
const PAUSE: u32 = 300;
/// Whoever types without such a pause has their text saved this often, in milliseconds.
const AT_LEAST_EVERY: i64 = 2_000;

type Sender = Box<dyn Fn(Outgoing) + Send + Sync>;

/// The composer of a thread, or of the "new thread" page of a room. Clones share it.
#[derive(Clone)]
pub struct Composer(Arc<Inner>);

struct Inner {
    shared: Shared,
    key: DraftKey,
    text: ArcRwSignal<String>,
    sending: ArcRwSignal<bool>,
    /// A run is active: what is typed waits.
    blocked: ArcRwSignal<bool>,
    error: ArcRwSignal<Option<String>>,
    restored: ArcRwSignal<bool>,
    can_send: ArcMemo<bool>,
    work: Mutex<Work>,
    sender: Mutex<Option<Sender>>,
}

#[derive(Default)]
struct Work {
    /// Sent, but not yet accepted: still part of the draft.
    in_flight: Option<String>,
    /// Counts key strokes, so that only the last one's pause saves.
    strokes: u64,
    /// Whether storage lags behind.
    dirty: bool,
    /// Since when it does, in milliseconds since 1970.
    dirty_since: i64,
    /// The place is gone for good: nothing is kept for it any more.
    closed: bool,
}

impl std::fmt::Debug for Composer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a person writes is nobody's business.
        f.write_str("Composer")
    }
}

fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.trim().is_empty()) {
        (_, true) => first.to_owned(),
        (true, _) => second.to_owned(),
        _ => format!("{first}\n\n{second}"),
    }
}

impl Composer {
    /// The composer for a place, with the draft that was kept there.
    #[must_use]
    pub fn new(shared: &Shared, key: DraftKey) -> Self {
        let now = shared.now();
        let place = key.storage_key();
        let kept = shared.get(&place).and_then(|text| {
            let draft = Draft::decode(&text, now);
            if draft.is_none() {
                match record::decode::<Draft>(VERSION, &text) {
                    // Too old, or nothing in it.
                    Ok(_) => shared.remove(&place),
                    Err(error) => shared.unreadable(&place, &text, VERSION, error),
                }
            }
            draft
        });
        let kept = kept
            .filter(|draft| !draft.is_blank())
            .map(|draft| draft.text);
        let restored = ArcRwSignal::new(kept.is_some());
        let text = ArcRwSignal::new(kept.unwrap_or_default());
        let (sending, blocked) = (ArcRwSignal::new(false), ArcRwSignal::new(false));
        let can_send = {
            let (text, sending, blocked) = (text.clone(), sending.clone(), blocked.clone());
            ArcMemo::new(move |_| {
                !sending.get() && !blocked.get() && text.with(|text| !text.trim().is_empty())
            })
        };
        Self(Arc::new(Inner {
            shared: shared.clone(),
            key,
            text,
            sending,
            blocked,
            error: ArcRwSignal::new(None),
            restored,
            can_send,
            work: Mutex::default(),
            sender: Mutex::default(),
        }))
    }

    /// Says what sending means here.
    pub fn on_send(&self, sender: impl Fn(Outgoing) + Send + Sync + 'static) {
        *lock(&self.0.sender) = Some(Box::new(sender));
    }

    /// The text in the field.
    #[must_use]
    pub fn text(&self) -> ArcRwSignal<String> {
        self.0.text.clone()
    }

    /// Whether there is something to send, and nothing in the way.
    #[must_use]
    pub fn can_send(&self) -> ArcMemo<bool> {
        self.0.can_send.clone()
    }

    /// Whether a message is on its way and not yet accepted.
    #[must_use]
    pub fn sending(&self) -> ArcRwSignal<bool> {
        self.0.sending.clone()
    }

    /// Whether a run is in the way.
    #[must_use]
    pub fn blocked(&self) -> ArcRwSignal<bool> {
        self.0.blocked.clone()
    }

    /// Why the last message was not accepted; its text is back in the field.
    #[must_use]
    pub fn error(&self) -> ArcRwSignal<Option<String>> {
        self.0.error.clone()
    }

    /// Whether the text is a kept draft that has not been touched since.
    #[must_use]
    pub fn restored(&self) -> ArcRwSignal<bool> {
        self.0.restored.clone()
    }

    /// Takes what was typed; saved after a pause.
    pub fn typed(&self, text: String) {
        self.0.text.set(text);
        if self.0.restored.get_untracked() {
            self.0.restored.set(false);
        }
        let now = self.0.shared.now();
        let (stroke, waited) = {
            let mut work = lock(&self.0.work);
            work.strokes += 1;
            if !std::mem::replace(&mut work.dirty, true) {
                work.dirty_since = now;
            }
            (work.strokes, now - work.dirty_since)
        };
        if waited >= AT_LEAST_EVERY {
            self.flush();
        }
        let this = self.clone();
        let pause = self.0.shared.ports.clock.sleep(PAUSE);
        spawn(async move {
            pause.await;
            if lock(&this.0.work).strokes == stroke {
                this.flush();
            }
        });
    }

    /// Saves now: the field lost the focus, the page is being hidden, the session has flipped.
    pub fn flush(&self) {
        let in_flight = {
            let mut work = lock(&self.0.work);
            if !std::mem::take(&mut work.dirty) {
                return;
            }
            work.in_flight.clone().unwrap_or_default()
        };
        let text = self.0.text.with_untracked(|text| join(&in_flight, text));
        self.save(text);
    }

    /// Takes over what another tab has written here, unless something is being written in this one.
    pub(super) fn adopt(&self, key: &str) {
        let busy = {
            let work = lock(&self.0.work);
            work.dirty || work.closed || work.in_flight.is_some()
        };
        if busy || self.0.key.storage_key() != key {
            return;
        }
        let now = self.0.shared.now();
        let kept = self.0.shared.get(key);
        let text = match kept.as_deref().map(|text| Draft::decode(text, now)) {
            Some(Some(draft)) => draft.text,
            // What cannot be read takes nothing away here.
            Some(None) => return,
            None => String::new(),
        };
        if self.0.text.with_untracked(|old| *old != text) {
            self.0.text.set(text);
        }
    }

    /// Keeps nothing any more: the server has been removed.
    pub(super) fn close(&self) {
        lock(&self.0.work).closed = true;
    }

    fn save(&self, text: String) {
        if lock(&self.0.work).closed {
            return;
        }
        let key = self.0.key.storage_key();
        if text.trim().is_empty() {
            self.0.shared.remove(&key);
            return;
        }
        let draft = Draft {
            text,
            saved_at: self.0.shared.now(),
            caret: None,
        };
        self.0.shared.set(&key, &draft.encode());
    }

    /// Sends, where there is something to send and nothing in the way.
    pub fn send(&self) {
        if !self.0.can_send.get_untracked() {
            return;
        }
        let text = self.0.text.get_untracked();
        // Kept until it is accepted: a crash in between loses nothing.
        self.save(text.clone());
        lock(&self.0.work).in_flight = Some(text.clone());
        self.0.error.set(None);
        self.0.restored.set(false);
        self.0.sending.set(true);
        self.0.text.set(String::new());
        if let Some(sender) = lock(&self.0.sender).as_ref() {
            sender(Outgoing::text(text));
        }
    }

    /// The server has accepted the message: what remains is what was typed since.
    pub fn accepted(&self) {
        lock(&self.0.work).in_flight = None;
        self.0.sending.set(false);
        self.save(self.0.text.get_untracked());
    }

    /// The message was not accepted: its text comes back, before anything typed since.
    pub fn give_back(&self, why: Option<String>) {
        let Some(lost) = lock(&self.0.work).in_flight.take() else {
            return;
        };
        self.0.sending.set(false);
        self.put(&lost, why);
    }

    /// Puts a text into the field, before what is there.
    pub fn put(&self, text: &str, why: Option<String>) {
        let text = self.0.text.with_untracked(|typed| join(text, typed));
        self.save(text.clone());
        self.0.text.set(text);
        self.0.error.set(why);
    }

    /// A run of this place has come to its end; `went_well` unless it failed, was stopped or was lost.
    pub fn run_ended(&self, went_well: bool) {
        log::debug!("a run has ended, well: {went_well}");
    }

    /// Takes back a text that another composer (or this one) has sent in vain.
    pub fn put_back(&self, from: &Composer, message: &Outgoing, why: Option<String>) {
        if Arc::ptr_eq(&self.0, &from.0) {
            self.give_back(why);
        } else {
            self.put(&message.text, why);
            from.accepted();
        }
    }
}
