//! When a refresh may be tried again, and when it is tried before anything else.

use reactive_graph::traits::WithUntracked;

use super::{Refreshed, ServerSession};
use crate::core::record::{self, keys};
use crate::core::session::token::LONGEST_PAUSE;
use crate::state::task::lock;

impl ServerSession {
    /// Says in every tab until when the provider wants to be left alone, in milliseconds since 1970.
    pub(super) fn tell_pause(&self, until: i64) {
        let (key, text) = (keys::pause(&self.0.id), record::encode(1, &until));
        // Without it each of the other tabs asks once for itself.
        let _ = self.0.shared.ports.store.set(&key, &text);
    }

    /// Whether a failure, here or in another tab, forbids another attempt now.
    pub(super) fn is_waiting(&self) -> bool {
        let now = self.0.shared.now();
        let told = self.0.shared.get(&keys::pause(&self.0.id));
        let until = told.and_then(|text| record::decode::<i64>(1, &text).ok());
        let mut flight = lock(&self.0.flight);
        // Further off than a provider is ever obeyed: the clock has been set since.
        if let Some(until) = until.filter(|until| (now..=now + LONGEST_PAUSE).contains(until)) {
            flight.backoff.hold(until);
        }
        !flight.backoff.allows(now)
    }

    /// At the start: a session whose access token is dead is renewed before it is shown as signed in.
    pub async fn check_restored(&self) {
        let now = self.0.shared.now();
        let dead = self.0.session.with_untracked(|session| {
            session.is_active() && session.tokens().is_some_and(|tokens| tokens.is_dead(now))
        });
        if dead {
            self.refresh(false).await;
        }
    }

    /// Tries the refresh token that an expired session has kept; `true` where the session lives again.
    pub async fn revive(&self) -> bool {
        let worth_it = self.0.session.with_untracked(|session| {
            session.is_expired()
                && session
                    .tokens()
                    .is_some_and(|tokens| tokens.refresh.is_some())
        });
        // A person asks: what was tried in vain before is tried again.
        lock(&self.0.flight).backoff.wake();
        worth_it && self.refresh(true).await == Refreshed::Fresh
    }
}
