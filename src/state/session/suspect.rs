//! Verdicts that are not sure: looked into before anything is done about them.

use reactive_graph::traits::{ReadUntracked, WithUntracked};

use super::ServerSession;
use crate::core::session::machine::{Epoch, ExpiryReason, Session};
use crate::state::task::lock;

impl ServerSession {
    /// Says how the server is asked whether the session still holds. A refusal of that call is a confirmed
    /// verdict and takes its own way; every other answer keeps the session.
    pub fn on_suspicion(&self, ask: impl Fn() + Send + Sync + 'static) {
        *lock(&self.0.ask_server) = Some(Box::new(ask));
    }

    /// Something hints that the session of that epoch has ended, without proving it: an error text, a refusal
    /// during a restore or a sign-in. Storage is read again, then the server is asked; on any doubt the session
    /// stays.
    pub fn suspect(&self, epoch: Epoch) {
        {
            let mut flight = lock(&self.0.flight);
            if flight.holds > 0 {
                flight.suspected = Some(epoch);
                return;
            }
        }
        let before = self.0.session.read_untracked().stamp();
        self.adopt_stored();
        let holds = self.0.session.with_untracked(|session| {
            session.epoch == epoch && session.is_active() && session.stamp() == before
        });
        let now = self.0.shared.now();
        // Another tab has renewed or ended it, or it was looked into just now.
        if !holds || !lock(&self.0.flight).debounce.admits(now) {
            return;
        }
        if let Some(ask) = lock(&self.0.ask_server).as_ref() {
            ask();
        }
    }

    /// The server that keeps the session itself has said for certain that it is over.
    pub fn ended_there(&self) {
        let epoch = self.signal().read_untracked().epoch;
        self.mark_expired(epoch, ExpiryReason::Refused);
    }

    /// Holds verdicts back while the session is being restored or signed in to, until [`Self::release`].
    pub fn hold(&self) {
        lock(&self.0.flight).holds += 1;
    }

    /// Lets verdicts through again; one that has come meanwhile is looked into now.
    pub fn release(&self) {
        let suspected = {
            let mut flight = lock(&self.0.flight);
            flight.holds = flight.holds.saturating_sub(1);
            if flight.holds > 0 {
                return;
            }
            flight.suspected.take()
        };
        if let Some(epoch) = suspected
            && self.0.session.with_untracked(Session::is_active)
        {
            self.suspect(epoch);
        }
    }

    pub(super) fn is_held(&self) -> bool {
        lock(&self.0.flight).holds > 0
    }
}
