//! An eye on the clock, so that a session is renewed and ends though nobody asks anything of its server.

use std::sync::Arc;

use reactive_graph::traits::{GetUntracked, WithUntracked};

use super::{Refreshed, ServerSession, TICK};
use crate::core::session::machine::{ExpiryReason, Session};
use crate::state::task::{lock, spawn};

/// Nobody asks for anything: this long after a token was issued the next one is asked for at the earliest,
/// in milliseconds.
const BREATH: i64 = 10_000;

impl ServerSession {
    /// Keeps an eye on the clock: refreshes ahead of time, and ends a session whose time is over even
    /// when nothing is asked of the server.
    pub(super) fn watch(&self) {
        let turn = {
            let mut flight = lock(&self.0.flight);
            flight.watch += 1;
            flight.watch
        };
        if !self.0.session.with_untracked(Session::is_active) {
            return;
        }
        let weak = Arc::downgrade(&self.0);
        let clock = self.0.shared.ports.clock.clone();
        spawn(async move {
            loop {
                let wait = {
                    let Some(inner) = weak.upgrade() else { return };
                    let this = Self(inner);
                    if lock(&this.0.flight).watch != turn {
                        return;
                    }
                    match this.watch_step().await {
                        Some(wait) => wait,
                        None => return,
                    }
                };
                clock.sleep(wait).await;
            }
        });
    }

    /// One look at the clock: how long to sleep until the next, or `None` when there is nothing to watch.
    async fn watch_step(&self) -> Option<u32> {
        let now = self.0.shared.now();
        let session = self.0.session.get_untracked();
        let tokens = session.tokens().filter(|_| session.is_active())?;
        if tokens.refresh.is_none() && tokens.is_dead(now) {
            self.mark_expired(session.epoch, ExpiryReason::Elapsed);
            return None;
        }
        // What cannot succeed is not tried by itself; a spent token is, since that only marks the end.
        let stopped = {
            let flight = lock(&self.0.flight);
            flight.stopped && flight.spent != Some(session.stamp())
        };
        if !stopped && self.refresh_is_due(now) && self.refresh(false).await == Refreshed::Fresh {
            // The refresh has started a watch of its own.
            return None;
        }
        if !self.0.session.with_untracked(Session::is_active) {
            return None;
        }
        let now = self.0.shared.now();
        let flight = lock(&self.0.flight);
        let due = match tokens.refresh_due_at() {
            // Tokens that live for seconds are renewed when they are needed, not one after the other.
            Some(due) if !flight.stopped => due
                .max(tokens.expires_at - tokens.lifetime + BREATH)
                .max(flight.backoff.not_before()),
            _ if stopped && tokens.is_dead(now) => now + TICK,
            _ => tokens.expires_at.max(flight.backoff.not_before()),
        };
        u32::try_from((due - now).clamp(250, TICK)).ok()
    }
}
