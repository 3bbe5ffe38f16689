//! Short notices, told once and gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Update, WithUntracked};

use super::task::spawn;
use crate::port::Clock;

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Info,
    /// Something went well.
    Success,
    /// Something to look at.
    Caution,
    /// Something failed.
    Danger,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Tells it from the others.
    pub id: u64,
    /// How it is meant.
    pub tone: Tone,
    /// What it says.
    pub text: String,
    /// Whether a screen reader is to interrupt for it.
    pub assertive: bool,
}

/// The notices on show.
#[derive(Clone)]
pub struct Toasts {
    list: ArcRwSignal<Vec<Toast>>,
    next: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Toasts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Toasts")
    }
}

impl Tone {
    /// How long a notice of this tone stays, in milliseconds; a failure stays until it was seen to.
    fn stays(self) -> Option<u32> {
        match self {
            Self::Info | Self::Success => Some(8_000),
            Self::Caution => Some(30_000),
            Self::Danger => None,
        }
    }
}

/// More than this many at once help nobody.
const MOST: usize = 4;

impl Toasts {
    /// No notices yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            list: ArcRwSignal::default(),
            next: Arc::default(),
            clock,
        }
    }

    /// The notices, oldest first.
    #[must_use]
    pub fn list(&self) -> ArcRwSignal<Vec<Toast>> {
        self.list.clone()
    }

    /// Tells something; the same text is not told twice at a time.
    pub fn tell(&self, tone: Tone, text: impl Into<String>) {
        self.add(tone, text.into(), tone.stays());
    }

    /// Tells something to somebody who may not be there now.
    pub fn tell_until_seen(&self, tone: Tone, text: String) {
        self.add(tone, text, None);
    }

    fn add(&self, tone: Tone, text: String, stays: Option<u32>) {
        if self
            .list
            .with_untracked(|list| list.iter().any(|toast| toast.text == text))
        {
            return;
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.list.update(|list| {
            list.push(Toast {
                id,
                tone,
                text,
                assertive: matches!(tone, Tone::Danger),
            });
            if list.len() > MOST {
                list.remove(0);
            }
        });
        if let Some(stays) = stays {
            let (this, pause) = (self.clone(), self.clock.sleep(stays));
            spawn(async move {
                pause.await;
                this.dismiss(id);
            });
        }
    }

    /// Takes one away.
    pub fn dismiss(&self, id: u64) {
        if !self
            .list
            .with_untracked(|list| list.iter().any(|toast| toast.id == id))
        {
            return;
        }
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }
}
