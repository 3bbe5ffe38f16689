//! Whether a server answers, and what follows when it does again.

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Get, GetUntracked, Set, WithUntracked};

use super::{Server, Standing};
use crate::i18n;
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

impl Server {
    /// How long the session still lasts, in milliseconds, where it ends and will not be renewed by itself
    /// (tracked).
    #[must_use]
    pub fn ends_in(&self) -> Option<i64> {
        let is_signed_in = self.0.standing.get() == Standing::SignedIn;
        is_signed_in.then(|| self.0.session.ends_in()).flatten()
    }

    /// Whether the server is being tried because somebody wants it to be.
    #[must_use]
    pub fn trying(&self) -> ArcRwSignal<bool> {
        self.0.trying.clone()
    }

    /// Tries the server at once, and says so where it still does not answer.
    pub fn try_now(&self) {
        if self.0.trying.get_untracked() {
            return;
        }
        self.0.trying.set(true);
        self.0.session.wake();
        let this = self.clone();
        spawn(async move {
            let is_back = this.is_back().await;
            this.0.trying.set(false);
            if is_back {
                this.load_missing();
            } else {
                let notice = i18n::still_no_answer(&this.0.session.server_name());
                this.0.shared.toasts.tell(Tone::Info, notice);
            }
        });
    }

    /// Looks again at a server that did not answer.
    pub fn look_again(&self) {
        for room in self.tenants() {
            room.woken();
        }
        if self.0.standing.get_untracked() == Standing::Unreachable {
            self.watch_wanted(0);
        }
    }

    /// The server has stopped answering.
    pub(super) fn lost_reach(&self) {
        self.watch_wanted(3_000);
    }

    fn watch_wanted(&self, first: u32) {
        let watch = lock(&self.0.personal).watch;
        if let Some(watch) = watch {
            watch(self, first);
        }
    }

    /// Waits, at first for so many milliseconds, until the server answers again and the session can be
    /// renewed; then loads what is missing.
    pub(super) fn watch_reach(&self, first: u32) {
        let turn = {
            let mut personal = lock(&self.0.personal);
            if first > 0 && personal.watches_reach {
                return;
            }
            personal.watches_reach = true;
            personal.reach_turn += 1;
            personal.reach_turn
        };
        let this = self.clone();
        spawn(async move {
            let mut wait = first;
            loop {
                this.0.shared.ports.clock.sleep(wait).await;
                let is_back = !this.is_wanted() || this.is_back().await;
                let mut personal = lock(&this.0.personal);
                if personal.reach_turn != turn {
                    return;
                }
                if is_back {
                    personal.watches_reach = false;
                    break;
                }
                wait = (wait * 2).clamp(3_000, 60_000);
            }
            if this.is_wanted() {
                this.load_missing();
            }
        });
    }

    /// Whether anybody can use it: else nobody needs to know whether it answers.
    fn is_wanted(&self) -> bool {
        let is_connected = self.0.session.is_active_untracked() || self.0.session.is_open();
        is_connected && !lock(&self.0.personal).is_closed
    }

    async fn is_back(&self) -> bool {
        self.0.session.retry_lapsed().await;
        let client = &self.0.client;
        let answers = !client.unreachable().get_untracked() || client.poke(&self.0.id).await;
        answers && self.0.standing.get_untracked() != Standing::Unreachable
    }

    fn load_missing(&self) {
        let is_missing = self
            .0
            .rooms
            .with_untracked(|rooms| rooms.data.is_none() || rooms.error.is_some());
        if is_missing {
            self.reload_wanted();
        }
        for room in self.tenants() {
            room.reconnected();
        }
    }
}
