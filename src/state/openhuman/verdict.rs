//! Carries out what [`crate::core::rpc::cascade`] decides about the session of a core.

use reactive_graph::traits::WithUntracked;

use super::client::{CoreClient, knock, log_level};
use crate::api::openhuman::session as account;
use crate::core::rpc::cascade::{Action, Asked, Read, Report, Seen, Standing, Verdict};
use crate::core::rpc::redact::level_of;
use crate::core::session::machine::{Epoch, Session};
use crate::state::task::{lock, spawn};

impl CoreClient {
    /// Something says, or hints, that the session has ended.
    pub fn judge(&self, verdict: Verdict) {
        let actions = lock(&self.0.cascade).verdict(verdict, self.now());
        self.carry_out(actions);
    }

    /// Asks the core whether it still holds the session; what follows from a no is looked into.
    pub(super) async fn verify(&self) {
        let epoch = self.epoch();
        let answer = self.call(account::state()).await;
        let read = answer.and_then(|answer| account::read_state(&answer));
        if read == Ok(Read::Gone) {
            self.saw(Seen::Nobody, epoch);
        }
    }

    /// Takes what a snapshot says that was asked for when the cascade was in `epoch`.
    pub(super) fn saw(&self, seen: Seen, epoch: Epoch) {
        let now = self.now();
        let actions = {
            let mut cascade = lock(&self.0.cascade);
            // Somebody was signed in when this page was closed: a core that has just started may not have read its disk yet.
            let is_active = self.0.session.is_active_untracked();
            let is_over = matches!(cascade.standing(), Standing::SignedOut | Standing::Expired);
            let mut actions = Vec::new();
            if seen == Seen::Nobody && cascade.standing() == Standing::Unknown && is_active {
                actions = cascade.snapshot(Seen::Session { is_local: false }, epoch, now);
            }
            // Somebody has signed in in another tab: that session is looked after here too.
            if let Seen::Session { is_local } = seen
                && is_active
                && is_over
            {
                cascade.sign_in_begins(is_local, now);
                actions = cascade.sign_in_ends(true, now);
            }
            actions.extend(cascade.snapshot(seen, epoch, now));
            actions
        };
        self.carry_out(actions);
    }

    /// A sign-in begins: verdicts wait.
    pub(super) fn sign_in_begins(&self, is_local: bool) {
        lock(&self.0.cascade).sign_in_begins(is_local, self.now());
    }

    /// A sign-in is over; `stored`: the core has said that it holds the session.
    pub(super) fn sign_in_ends(&self, stored: bool) {
        let actions = lock(&self.0.cascade).sign_in_ends(stored, self.now());
        self.carry_out(actions);
    }

    /// The person signs out.
    pub(super) fn signs_out(&self) {
        // What is to be done has its own way: the session is over here by now.
        let _ = lock(&self.0.cascade).sign_out(self.now());
    }

    /// What can be done at once is; the rest is asked for, one thing after the other.
    fn carry_out(&self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Clear { destroy, .. } => {
                    if !self.clear(destroy) {
                        return;
                    }
                }
                Action::Keep(_, doubt) => {
                    log::debug!(
                        "the session on {} stays: {doubt:?}",
                        self.0.id.host_and_port()
                    );
                }
                Action::Report(report) => self.report(&report),
                ask @ (Action::Read(_) | Action::Wait(..) | Action::Ask(_)) => {
                    let this = self.clone();
                    spawn(async move {
                        let next = this.ask(ask).await;
                        this.carry_out(next);
                    });
                }
            }
        }
    }

    async fn ask(&self, action: Action) -> Vec<Action> {
        match action {
            Action::Read(attempt) => {
                let answer = self.send(&account::state()).await;
                let read = answer.and_then(|answer| account::read_state(&answer));
                lock(&self.0.cascade).read(attempt, read.unwrap_or(Read::Failed), self.now())
            }
            Action::Wait(attempt, pause) => {
                self.0.shared.ports.clock.sleep(pause).await;
                lock(&self.0.cascade).waited(attempt)
            }
            Action::Ask(attempt) => {
                let error = self.send(&account::me()).await.err();
                let asked = Asked::of(error.map(|error| error.kind));
                lock(&self.0.cascade).asked(attempt, asked, self.now())
            }
            Action::Clear { .. } | Action::Keep(..) | Action::Report(_) => Vec::new(),
        }
    }

    /// Shown first, then told to the core, where it has to be. `false` where another tab has signed in meanwhile: what has ended is
    /// over there too, and its session stays.
    fn clear(&self, destroy: bool) -> bool {
        let session = &self.0.session;
        let tokens = session
            .signal()
            .with_untracked(|session| Session::tokens(session).cloned());
        let standing = lock(&self.0.cascade).standing();
        if standing == Standing::Expired {
            session.ended_there();
        } else {
            session.sign_out();
        }
        if session.is_active_untracked() {
            let mut cascade = lock(&self.0.cascade);
            cascade.sign_in_begins(false, self.now());
            // Nothing was held back.
            let _ = cascade.sign_in_ends(true, self.now());
            return false;
        }
        if let Some(tokens) = tokens.filter(|_| destroy) {
            let this = self.clone();
            spawn(async move {
                let forgotten =
                    knock(&this.0.shared, &this.0.id, &tokens.access, account::clear()).await;
                lock(&this.0.cascade).forgotten(forgotten.is_ok());
            });
        }
        true
    }

    /// One line for each change of standing.
    fn report(&self, report: &Report) {
        log::log!(
            log_level(level_of(report.transition)),
            "the session on {}: {:?}; {} further signs were dropped",
            self.0.id.host_and_port(),
            report.transition,
            report.dropped
        );
    }
}
