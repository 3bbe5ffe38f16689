//! Short notices, told once and gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Update, WithUntracked};

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
#[derive(Debug, Clone, Default)]
pub struct Toasts {
    list: ArcRwSignal<Vec<Toast>>,
    next: Arc<AtomicU64>,
}

/// More than this many at once help nobody.
const MOST: usize = 4;

impl Toasts {
    /// The notices, oldest first.
    #[must_use]
    pub fn list(&self) -> ArcRwSignal<Vec<Toast>> {
        self.list.clone()
    }

    /// Tells something; the same text is not told twice at a time.
    pub fn tell(&self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        if self.list.with_untracked(|list| list.iter().any(|toast| toast.text == text)) {
            return;
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.list.update(|list| {
            list.push(Toast { id, tone, text, assertive: matches!(tone, Tone::Danger) });
            if list.len() > MOST {
                list.remove(0);
            }
        });
    }

    /// Takes one away.
    pub fn dismiss(&self, id: u64) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }
}
