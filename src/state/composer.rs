//! What is being written in one place: kept while it is typed, given back when sending fails, forgotten
//! only when the server has accepted it.

mod images;
mod keep;
mod queue;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use reactive_graph::computed::ArcMemo;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Get, GetUntracked, Set, Update, With};

pub use self::queue::Waiting;
use super::shared::Shared;
use super::task::{lock, spawn};
use crate::core::composer::draft::{Draft, DraftKey, KeptMessage, VERSION};
use crate::core::composer::outgoing::Outgoing;
use crate::core::composer::written::{self, Slot, State, Written};

/// A pause in typing after which the draft is saved, in milliseconds (`decisions.md` section 6).
const PAUSE: u32 = 300;
/// Whoever types without such a pause has their text saved this often, in milliseconds.
const AT_LEAST_EVERY: i64 = 2_000;
/// A text of so many bytes takes a while to be saved: that happens less often.
const LARGE: usize = 100_000;
/// How much less often.
const LARGE_FACTOR: u32 = 5;

type Sender = Arc<dyn Fn(Outgoing) + Send + Sync>;

/// The composer of a thread, or of the "new thread" page of a room. Clones share it.
#[derive(Clone)]
pub struct Composer(Arc<Inner>);

struct Inner {
    shared: Shared,
    key: DraftKey,
    text: ArcRwSignal<String>,
    slots: ArcRwSignal<Vec<Slot>>,
    waiting: ArcRwSignal<Vec<Waiting>>,
    /// Counts the changes of the text that were not typed.
    revision: ArcRwSignal<u64>,
    sending: ArcRwSignal<bool>,
    /// A run is active: what is sent waits.
    blocked: ArcRwSignal<bool>,
    error: ArcRwSignal<Option<String>>,
    restored: ArcRwSignal<bool>,
    images: ArcMemo<Vec<Slot>>,
    image_state: ArcMemo<State>,
    can_send: ArcMemo<bool>,
    work: Mutex<Work>,
    sender: Mutex<Option<Sender>>,
    is_text_only: AtomicBool,
}

#[derive(Default)]
struct Work {
    /// Sent, but not yet accepted: still part of the draft.
    in_flight: Option<InFlight>,
    /// Counts key strokes, so that only the last one's pause saves.
    strokes: u64,
    /// Whether storage lags behind.
    dirty: bool,
    /// Since when it does, in milliseconds since 1970.
    dirty_since: i64,
    /// The place is gone for good: nothing is kept for it any more.
    closed: bool,
    /// Whose words these are has left: nothing is sent any more.
    left: bool,
    /// When storage was last known to be written, in milliseconds since 1970.
    saved_at: i64,
    /// The waiting messages that storage has.
    stored: BTreeSet<String>,
    /// The waiting messages whose fate was decided here since storage was last written.
    decided: BTreeSet<String>,
    /// The waiting messages that other tabs are sending.
    elsewhere: Vec<KeptMessage>,
}

struct InFlight {
    message: Outgoing,
    /// Where it stood among the waiting ones, if it did.
    waited: Option<Waiting>,
}

impl std::fmt::Debug for Composer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a person writes is nobody's business.
        f.write_str("Composer")
    }
}

impl Composer {
    /// The composer for a place, with the draft that was kept there.
    #[must_use]
    pub fn new(shared: &Shared, key: DraftKey) -> Self {
        let kept = Self::kept(shared, &key);
        let restored = ArcRwSignal::new(!kept.text.trim().is_empty());
        let is_being_sent = kept.waiting.iter().any(|message| message.sending);
        let stored = kept.waiting.iter().map(|message| message.id.clone());
        let work = Work {
            stored: stored.collect(),
            saved_at: kept.saved_at,
            ..Work::default()
        };
        let waiting = ArcRwSignal::new(kept.waiting.iter().map(Waiting::restored).collect());
        let slots = ArcRwSignal::new(keep::slots(&kept.images, &[]));
        let text = ArcRwSignal::new(kept.text);
        let images = {
            let (text, slots) = (text.clone(), slots.clone());
            ArcMemo::new(move |_| {
                slots.with(|slots| {
                    // A text without images need not be looked through at every key.
                    if slots.is_empty() {
                        return Vec::new();
                    }
                    let shown = text.with(|text| written::shown(text, slots));
                    shown.into_iter().map(|(_, slot)| slot.clone()).collect()
                })
            })
        };
        let image_state = {
            let (text, slots) = (text.clone(), slots.clone());
            ArcMemo::new(move |_| {
                slots.with(|slots| {
                    if slots.is_empty() {
                        State::Fine
                    } else {
                        text.with(|text| written::state(text, slots))
                    }
                })
            })
        };
        let can_send = {
            let (text, state) = (text.clone(), image_state.clone());
            ArcMemo::new(move |_| {
                state.get() == State::Fine && text.with(|text| !text.trim().is_empty())
            })
        };
        let this = Self(Arc::new(Inner {
            shared: shared.clone(),
            key,
            text,
            slots,
            waiting,
            revision: ArcRwSignal::new(0),
            sending: ArcRwSignal::new(false),
            blocked: ArcRwSignal::new(false),
            error: ArcRwSignal::new(None),
            restored,
            images,
            image_state,
            can_send,
            work: Mutex::new(work),
            sender: Mutex::default(),
            is_text_only: AtomicBool::new(false),
        }));
        if is_being_sent {
            this.reclaim();
        }
        this
    }

    fn kept(shared: &Shared, key: &DraftKey) -> Draft {
        let place = key.storage_key();
        let Some(text) = shared.get(&place) else {
            return Draft::default();
        };
        match Draft::decode(&text, shared.now()) {
            Some(draft) => return draft,
            None => match Draft::read(&text) {
                // Too old, or nothing in it.
                Ok(_) => shared.remove(&place),
                Err(error) => shared.unreadable(&place, &text, VERSION, error),
            },
        }
        Draft::default()
    }

    /// Says what sending means here.
    pub fn on_send(&self, sender: impl Fn(Outgoing) + Send + Sync + 'static) {
        *lock(&self.0.sender) = Some(Arc::new(sender));
    }

    /// The text in the field, with a token for each image.
    #[must_use]
    pub fn text(&self) -> ArcRwSignal<String> {
        self.0.text.clone()
    }

    /// Counts the changes of the text that the field does not know of: not those that were typed in it.
    #[must_use]
    pub fn revision(&self) -> ArcRwSignal<u64> {
        self.0.revision.clone()
    }

    /// Whether there is something to send, and all of it is here.
    #[must_use]
    pub fn can_send(&self) -> ArcMemo<bool> {
        self.0.can_send.clone()
    }

    /// Whether a message is on its way and not yet accepted.
    #[must_use]
    pub fn sending(&self) -> ArcRwSignal<bool> {
        self.0.sending.clone()
    }

    /// Whether a run is in the way: what is sent waits for its end.
    #[must_use]
    pub fn blocked(&self) -> ArcRwSignal<bool> {
        self.0.blocked.clone()
    }

    /// Why the last message was not accepted; its text is back.
    #[must_use]
    pub fn error(&self) -> ArcRwSignal<Option<String>> {
        self.0.error.clone()
    }

    /// Whether the text is a kept draft that has not been touched since.
    #[must_use]
    pub fn restored(&self) -> ArcRwSignal<bool> {
        self.0.restored.clone()
    }

    /// Takes what was typed into the field; saved after a pause.
    pub fn typed(&self, text: String) {
        let factor = if text.len() > LARGE { LARGE_FACTOR } else { 1 };
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
        if waited >= AT_LEAST_EVERY * i64::from(factor) {
            self.flush();
        }
        let this = self.clone();
        let pause = self.0.shared.ports.clock.sleep(PAUSE * factor);
        spawn(async move {
            pause.await;
            if lock(&this.0.work).strokes == stroke {
                this.flush();
            }
        });
    }

    /// Puts a text into the field as if it had been typed, in place of what is there.
    pub fn fill(&self, text: String) {
        self.typed(text);
        self.0.revision.update(|revision| *revision += 1);
    }

    fn written(&self) -> Written {
        Written {
            text: self.0.text.get_untracked(),
            slots: self.0.slots.get_untracked(),
        }
    }

    /// Shows another text with its images.
    fn show(&self, written: Written) {
        // The images first: a text never stands there with tokens of none.
        self.0.slots.set(written.slots);
        self.0.text.set(written.text);
        self.0.revision.update(|revision| *revision += 1);
    }

    /// Sends, where there is something to send; while something else is on its way it waits for its turn.
    pub fn send(&self) {
        let written = self.written();
        let Some(message) = written.outgoing() else {
            return;
        };
        if self.has_left() {
            return;
        }
        self.0.error.set(None);
        self.0.restored.set(false);
        self.show(Written::default());
        if self.is_busy() {
            self.wait(written);
        } else {
            self.dispatch(message, None);
        }
    }

    /// Sends a text that stands for itself, whatever is in the field; not while something else is on its way.
    pub fn send_alone(&self, text: String) {
        if !self.is_busy() && !self.has_left() {
            self.dispatch(Outgoing::text(text), None);
        }
    }

    fn is_busy(&self) -> bool {
        self.0.blocked.get_untracked() || self.0.sending.get_untracked()
    }

    fn dispatch(&self, message: Outgoing, waited: Option<Waiting>) {
        lock(&self.0.work).in_flight = Some(InFlight {
            message: message.clone(),
            waited,
        });
        // Kept until it is accepted: a crash in between loses nothing.
        self.save();
        self.0.error.set(None);
        self.0.sending.set(true);
        // Called without the lock: what it does is not known here.
        let sender = lock(&self.0.sender).clone();
        if let Some(sender) = sender {
            sender(message);
        }
    }

    /// The server has accepted the message: what remains is what was typed since.
    pub fn accepted(&self) {
        let accepted = lock(&self.0.work).in_flight.take();
        if let Some(waited) = accepted.and_then(|flight| flight.waited) {
            self.decide(&waited.id);
        }
        self.0.sending.set(false);
        self.save();
    }

    /// The message was not accepted: it comes back, before anything typed since, or to its place among the
    /// waiting ones, none of which is sent by itself any more.
    pub fn give_back(&self, why: Option<String>) {
        let Some(lost) = lock(&self.0.work).in_flight.take() else {
            return;
        };
        self.0.sending.set(false);
        self.hold();
        match lost.waited {
            Some(waiting) => {
                self.wait_first(waiting);
                self.0.error.set(why);
            }
            None => self.put(&lost.message, why),
        }
    }

    /// Puts a message into the field, before what is there.
    pub fn put(&self, message: &Outgoing, why: Option<String>) {
        let mut written = self.written();
        written.put_before(message);
        self.show(written);
        self.save();
        self.0.error.set(why);
    }

    /// Nobody wants to read any more why the last message was not accepted.
    pub fn dismiss_error(&self) {
        self.0.error.set(None);
    }

    /// Takes over what is on its way and what waits in another composer, whose thread has just been made; `with_text`
    /// also what is being written there.
    pub(super) fn take_over(&self, from: &Composer, with_text: bool) {
        // Its run may have to wait for others: the next thread can be begun meanwhile.
        let in_flight = lock(&from.0.work).in_flight.take();
        if in_flight.is_some() {
            lock(&self.0.work).in_flight = in_flight;
            self.0.sending.set(true);
            from.0.sending.set(false);
        }
        let waiting = from.take_waiting();
        self.0.waiting.update(|list| list.extend(waiting));
        if with_text {
            let typed = from.written();
            if !typed.is_blank() {
                let mut written = self.written();
                written.put_written_before(&typed);
                self.show(written);
            }
            from.show(Written::default());
            // Whatever was to be saved there is here now.
            lock(&from.0.work).dirty = false;
        }
        self.save();
        from.save();
    }

    /// Keeps nothing any more: the server has been removed.
    pub(super) fn close(&self) {
        let mut work = lock(&self.0.work);
        work.closed = true;
        work.left = true;
    }

    /// Sends nothing any more: whoever has written here is not signed in any longer.
    pub(super) fn leave(&self) {
        lock(&self.0.work).left = true;
    }

    /// Whether whoever has written here is gone.
    pub(super) fn has_left(&self) -> bool {
        lock(&self.0.work).left
    }
}
