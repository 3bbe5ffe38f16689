//! Notices of the system while nobody sees the page: only where the person has asked for them on this device.

use std::fmt;

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set};

use crate::core::record::keys;
use crate::i18n::unread as words;
use crate::port::Permission;
use crate::state::shared::Shared;
use crate::state::task::spawn;
use crate::state::toast::Tone;

/// Version of the stored wish.
const VERSION: u32 = 1;

/// Whether the person wants notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// No, or not asked for yet.
    Off,
    /// Yes.
    On,
}

/// Notices of the system. Clones share the wish.
#[derive(Clone)]
pub struct Notices {
    shared: Shared,
    wish: ArcRwSignal<Wish>,
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}

impl Notices {
    pub(super) fn new(shared: &Shared) -> Self {
        let this = Self {
            shared: shared.clone(),
            wish: ArcRwSignal::new(Wish::Off),
        };
        this.reread();
        this
    }

    /// Whether the person wants them, and the browser lets the app.
    #[must_use]
    pub fn wish(&self) -> ArcRwSignal<Wish> {
        self.wish.clone()
    }

    /// Takes over what was chosen in another room or tab, or in the browser's own settings.
    pub fn reread(&self) {
        let wanted = self.shared.load::<bool>(&keys::notices(), VERSION) == Some(true);
        let wish = if wanted && self.is_granted() {
            Wish::On
        } else {
            Wish::Off
        };
        if self.wish.get_untracked() != wish {
            self.wish.set(wish);
        }
    }

    pub(super) fn storage_changed(&self, key: &str) {
        if key == keys::notices() {
            self.reread();
        }
    }

    /// The person turns them on, or off again. A browser that has said no is told of, with what to do.
    pub fn toggle(&self) {
        if self.wish.get_untracked() == Wish::On {
            self.shared.remove(&keys::notices());
            self.reread();
            return;
        }
        let Some(desk) = self.shared.ports.desk.get() else {
            return;
        };
        let (this, asking) = (self.clone(), desk.ask_permission());
        spawn(async move {
            if asking.await == Permission::Granted {
                this.shared.save(&keys::notices(), VERSION, &true);
                this.shared.toasts.tell(Tone::Success, words::NOTIFY_ON);
            } else {
                this.shared.toasts.tell(Tone::Caution, words::BLOCKED);
            }
            this.reread();
        });
    }

    fn is_granted(&self) -> bool {
        let desk = self.shared.ports.desk.get();
        desk.is_some_and(|desk| desk.permission() == Permission::Granted)
    }

    /// Tells something, if they are wanted and nobody sees the page. `tag` replaces an older notice of the same thread.
    pub(in crate::state) fn tell(
        &self,
        title: &str,
        body: &str,
        tag: &str,
        on_press: impl Fn() + 'static,
    ) {
        self.reread();
        let desk = self.shared.ports.desk.get();
        if let Some(desk) = desk.filter(|desk| desk.is_hidden())
            && self.wish.get_untracked() == Wish::On
        {
            desk.notify(title, body, tag, Box::new(on_press));
        }
    }
}
