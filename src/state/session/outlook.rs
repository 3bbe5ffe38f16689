//! What is to be expected of a session that is still good: whether it goes on by itself.

use reactive_graph::traits::{Set, Track, With, WithUntracked};

use super::ServerSession;
use crate::core::session::machine::{Session, Stamp};
use crate::core::session::verdict::AfterFailure;
use crate::state::task::lock;

/// With less left than this, a session without a refresh token is said to end soon, in milliseconds.
const SOON: i64 = 5 * 60 * 1000;

/// How renewing the tokens of one stamp has failed last. New tokens have another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setback {
    stamp: Stamp,
    /// Trying again is of no use before something changes.
    barred: bool,
    /// The server has refused the access token, whatever its time.
    refused: bool,
}

impl ServerSession {
    /// Notes that the tokens of this stamp could not be renewed, and that the session stays all the same.
    pub(super) fn note_setback(&self, stamp: Stamp, after: AfterFailure, refused: bool) {
        {
            let mut flight = lock(&self.0.flight);
            // A provider that is away after a refusal has not taken the refusal back.
            let was_barred = flight
                .setback
                .is_some_and(|old| old.stamp == stamp && old.barred);
            flight.setback = Some(Setback {
                stamp,
                barred: after == AfterFailure::KeepAndStop || was_barred,
                refused,
            });
        }
        // What is told relative to the time is looked at anew.
        self.0.shared.tick.set(self.0.shared.now());
    }

    /// Whether the access token is of no more use while a new one could not be had, for a reason that
    /// passes (tracked). The session is kept, and its requests wait.
    #[must_use]
    pub fn is_lapsed(&self) -> bool {
        self.0.shared.tick.track();
        self.0.session.track();
        self.lapsed().is_some()
    }

    /// The same, untracked.
    #[must_use]
    pub fn is_lapsed_now(&self) -> bool {
        self.lapsed().is_some()
    }

    fn lapsed(&self) -> Option<Setback> {
        let (setback, now) = (lock(&self.0.flight).setback, self.0.shared.now());
        self.0.session.with_untracked(|session| {
            let is_dead = session.tokens().is_some_and(|tokens| tokens.is_dead(now));
            of(setback, session).filter(|setback| !setback.barred && (setback.refused || is_dead))
        })
    }

    /// How long the session still lasts, in milliseconds, where it will not be renewed by itself and that
    /// matters now (tracked): its provider refuses to, or there is nothing to renew it with.
    #[must_use]
    pub fn ends_in(&self) -> Option<i64> {
        self.0.shared.tick.track();
        let (setback, now) = (lock(&self.0.flight).setback, self.0.shared.now());
        self.0.session.with(|session| {
            let tokens = session.tokens().filter(|_| session.is_active())?;
            let left = (tokens.expires_at - now).max(0);
            match of(setback, session) {
                Some(setback) if setback.barred && setback.refused => Some(0),
                Some(setback) if setback.barred => Some(left),
                _ => (tokens.refresh.is_none() && left < SOON).then_some(left),
            }
        })
    }

    /// Tries once more to renew a session that has lapsed, unless the pause after the last try is not over.
    pub async fn retry_lapsed(&self) {
        let is_time = lock(&self.0.flight).backoff.allows(self.0.shared.now());
        if let Some(setback) = self.lapsed().filter(|_| is_time) {
            // The outcome shows in the session.
            self.refresh(setback.refused).await;
        }
    }
}

/// The setback, if it is about these very tokens of a living session.
fn of(setback: Option<Setback>, session: &Session) -> Option<Setback> {
    setback.filter(|setback| session.is_active() && setback.stamp == session.stamp())
}
