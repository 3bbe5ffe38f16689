//! What follows from an error that speaks of the session, for one server that holds the session itself.
//!
//! It says what is to be done and does nothing: time comes in, [`Action`]s go out, and their outcomes come in again. In this order
//! (`decisions.md` section 1):
//!
//! 1. A local session has nothing to expire. A verdict of an earlier sign-in ([`Epoch`]) says nothing about this one.
//! 2. While it is not known yet whether somebody is signed in, and while a sign-in is under way, a verdict is held. It is looked into
//!    once when that is over, whatever it was sure of.
//! 3. Within 10 s of the last attempt a verdict is dropped, unless it is sure and that attempt was not.
//! 4. An attempt has a number; an older one that is still asking does nothing any more.
//! 5. A sure verdict ends the session. For the others the server is asked whether it still holds a session, three times, 300 ms apart:
//!    only where it holds none three times over is it ended. Where it holds one, one call that needs it decides, and any doubt keeps it.
//! 6. The end is shown first ([`Action::Clear`]), then told once ([`Action::Report`]).
//!
//! It is to these servers what [`crate::core::session::machine`] and the holding back of `state::session` are to those whose tokens this
//! app keeps: there a refresh decides and tokens outlive the end; here there is neither. They share the [`Epoch`] and the
//! [`Debounce`]; here an epoch is counted, since no other tab names it.

use super::classify::{Certainty, RpcErrorKind};
use crate::core::session::machine::Epoch;
use crate::core::session::verdict::Debounce;

/// How often the server is asked whether it holds a session before it is believed that it does not.
const READS: u8 = 3;
/// Time between, in milliseconds.
const BETWEEN_READS: u32 = 300;
/// How long after an end a snapshot that was taken before it may still come, in milliseconds.
const GUARD: i64 = 5_000;
/// How long a sign-in may hold verdicts back, in milliseconds.
const WINDOW: i64 = 40_000;

/// Where the session that the server holds stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has been asked yet.
    Unknown,
    /// Somebody is signed in. A local session is one without an account behind it, which cannot expire.
    SignedIn {
        /// Whether it is a local one.
        is_local: bool,
    },
    /// Nobody is signed in.
    SignedOut,
    /// Somebody was signed in; the person has to sign in again.
    Expired,
}

/// Something that says, or hints, that the session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How sure it is.
    pub certainty: Certainty,
    /// Who has said it.
    pub source: Source,
    /// [`Cascade::epoch`] when the request was made that it answers.
    pub epoch: Epoch,
}

/// Where a verdict comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The answer to a call of this method.
    Call(&'static str),
    /// An event of a turn.
    Stream,
    /// A snapshot without a session.
    Snapshot,
    /// Held back before; where it came from is of no interest any more.
    Held,
}

/// What a snapshot of the server says of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// There is one.
    Session {
        /// Whether it is a local one.
        is_local: bool,
    },
    /// There is none.
    Nobody,
}

/// Whether the server holds a session, as one read has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// It does.
    Held,
    /// It does not.
    Gone,
    /// It could not be asked.
    Failed,
}

/// What came of the one call that needs a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The session works.
    Good,
    /// It was refused, for sure.
    Refused,
    /// Nobody knows.
    Unsure,
}

impl Asked {
    /// The outcome, by the kind of the error, if there was one.
    #[must_use]
    pub fn of(error: Option<RpcErrorKind>) -> Self {
        match error {
            None => Self::Good,
            Some(RpcErrorKind::AuthExpired(Certainty::Confirmed)) => Self::Refused,
            Some(_) => Self::Unsure,
        }
    }
}

/// The number of an attempt to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt(pub u32);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Ask the server whether it holds a session, without asking anybody behind it; then [`Cascade::read`].
    Read(Attempt),
    /// Wait for so many milliseconds, then [`Cascade::waited`].
    Wait(Attempt, u32),
    /// Make one call that needs the session, whose refusal is not taken for a verdict of its own; then [`Cascade::asked`].
    Ask(Attempt),
    /// The session is over: show it first, drop what is under way in its name, then tell the server where that is said, and take a new
    /// snapshot, whatever came of it.
    Clear {
        /// The sign-in that is over.
        epoch: Epoch,
        /// Whether the server is to forget the session too; then [`Cascade::forgotten`].
        destroy: bool,
    },
    /// The session stays; the attempt is over.
    Keep(Attempt, Doubt),
    /// Tell this, once.
    Report(Report),
}

/// Why a session was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It works.
    Works,
    /// The server could not be asked whether it holds one.
    Unreadable,
    /// The server holds one, and nobody can say whether it works.
    Unsure,
}

/// What has changed, made of kinds and counts only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// What has changed.
    pub transition: Transition,
    /// How many verdicts were dropped since the last report.
    pub dropped: u32,
}

/// A change of standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The session has ended by itself.
    Expired {
        /// How sure the verdict was that led to it.
        certainty: Certainty,
        /// Where it came from.
        source: Source,
    },
    /// Somebody has signed in.
    SignedIn,
    /// Somebody has signed out, here or elsewhere.
    SignedOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Check {
    attempt: Attempt,
    verdict: Verdict,
    gone: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    until: i64,
    is_local: bool,
}

/// The session of one server, as far as this app knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cascade {
    standing: Standing,
    epoch: Epoch,
    window: Option<Window>,
    /// A verdict came while verdicts were held.
    is_held: bool,
    debounce: Debounce,
    /// The last attempt, as sure as its verdict was.
    slot: Option<Certainty>,
    attempts: u32,
    check: Option<Check>,
    guard: Option<i64>,
    /// The server still holds the session that has ended here.
    holds_dead: bool,
    dropped: u32,
}

impl Default for Cascade {
    fn default() -> Self {
        Self::new()
    }
}

impl Cascade {
    /// Before the first snapshot.
    #[must_use]
    pub fn new() -> Self {
        Self {
            standing: Standing::Unknown,
            epoch: Epoch(0),
            window: None,
            is_held: false,
            debounce: Debounce::default(),
            slot: None,
            attempts: 0,
            check: None,
            guard: None,
            holds_dead: false,
            dropped: 0,
        }
    }

    /// Where the session stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// The sign-in that requests are made in now.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// When [`Self::tick`] is due, in milliseconds.
    #[must_use]
    pub fn wakes_at(&self) -> Option<i64> {
        self.window.map(|window| window.until)
    }

    /// Something says that the session has ended.
    pub fn verdict(&mut self, verdict: Verdict, now: i64) -> Vec<Action> {
        let mut actions = self.tick(now);
        let is_local = self.standing == Standing::SignedIn { is_local: true }
            || self.window.is_some_and(|window| window.is_local);
        if is_local || verdict.epoch != self.epoch {
            return actions;
        }
        if self.standing == Standing::Unknown || self.window.is_some() {
            self.is_held = true;
            return actions;
        }
        if !matches!(self.standing, Standing::SignedIn { .. }) {
            return actions;
        }
        if !self.claim(verdict.certainty, now) {
            self.dropped = self.dropped.saturating_add(1);
            return actions;
        }
        actions.extend(match verdict.certainty {
            Certainty::Confirmed => {
                self.attempts = self.attempts.wrapping_add(1);
                self.expire(verdict, now)
            }
            Certainty::Unconfirmed => self.look_into(verdict),
        });
        actions
    }

    /// What a snapshot says that was asked for in `epoch`; a late one says nothing.
    pub fn snapshot(&mut self, seen: Seen, epoch: Epoch, now: i64) -> Vec<Action> {
        let mut actions = self.tick(now);
        if epoch != self.epoch {
            return actions;
        }
        actions.extend(match seen {
            Seen::Session { is_local } => self.seen_session(is_local, now),
            Seen::Nobody => self.seen_nobody(now),
        });
        actions
    }

    /// What a read has found.
    pub fn read(&mut self, attempt: Attempt, read: Read, now: i64) -> Vec<Action> {
        let Some(check) = self.running(attempt) else {
            return Vec::new();
        };
        match read {
            Read::Held => vec![Action::Ask(attempt)],
            Read::Failed => self.keep(attempt, Doubt::Unreadable),
            Read::Gone => {
                check.gone = check.gone.saturating_add(1);
                if check.gone < READS {
                    return vec![Action::Wait(attempt, BETWEEN_READS)];
                }
                let verdict = check.verdict;
                self.expire(verdict, now)
            }
        }
    }

    /// The wait between two reads is over.
    pub fn waited(&mut self, attempt: Attempt) -> Vec<Action> {
        match self.running(attempt) {
            Some(_) => vec![Action::Read(attempt)],
            None => Vec::new(),
        }
    }

    /// What the call that needs the session has come to.
    pub fn asked(&mut self, attempt: Attempt, asked: Asked, now: i64) -> Vec<Action> {
        let Some(check) = self.running(attempt) else {
            return Vec::new();
        };
        let verdict = Verdict {
            certainty: Certainty::Confirmed,
            ..check.verdict
        };
        match asked {
            Asked::Good => self.keep(attempt, Doubt::Works),
            Asked::Unsure => self.keep(attempt, Doubt::Unsure),
            Asked::Refused => self.expire(verdict, now),
        }
    }

    /// A sign-in is under way: verdicts are held until [`Self::sign_in_ends`], or until it has taken too long.
    pub fn sign_in_begins(&mut self, is_local: bool, now: i64) {
        // What was being looked into belongs to what may be replaced any moment.
        self.is_held |= self.check.take().is_some();
        self.guard = None;
        self.window = Some(Window {
            until: now.saturating_add(WINDOW),
            is_local,
        });
    }

    /// The sign-in is over. `stored` says that the server was asked again and holds the new session.
    pub fn sign_in_ends(&mut self, stored: bool, now: i64) -> Vec<Action> {
        let is_local = self.window.take().is_some_and(|window| window.is_local);
        let mut actions = Vec::new();
        if stored {
            actions.extend(self.sign_in(is_local));
        }
        actions.extend(self.release(now));
        actions
    }

    /// The person signs out.
    pub fn sign_out(&mut self, now: i64) -> Vec<Action> {
        if !matches!(self.standing, Standing::SignedIn { .. } | Standing::Expired) {
            return Vec::new();
        }
        let clear = self.end(Standing::SignedOut, true, now);
        vec![clear, self.report(Transition::SignedOut)]
    }

    /// Whether the server has forgotten the session, as [`Action::Clear`] has asked for. Where it has not, that session does not come to
    /// life again by being seen.
    pub fn forgotten(&mut self, done: bool) {
        self.holds_dead &= !done;
    }

    /// Ends a sign-in that has taken too long.
    pub fn tick(&mut self, now: i64) -> Vec<Action> {
        match self.window {
            // Set back by more than the window, the clock says nothing.
            Some(window) if now >= window.until || window.until - now > WINDOW => {
                self.sign_in_ends(false, now)
            }
            _ => Vec::new(),
        }
    }

    fn running(&mut self, attempt: Attempt) -> Option<&mut Check> {
        self.check.as_mut().filter(|check| check.attempt == attempt)
    }

    /// Whether this verdict is looked into; it then holds the slot.
    fn claim(&mut self, certainty: Certainty, now: i64) -> bool {
        let overrides =
            certainty == Certainty::Confirmed && self.slot == Some(Certainty::Unconfirmed);
        if !self.debounce.admits(now) && !overrides {
            return false;
        }
        if certainty == Certainty::Confirmed {
            self.debounce.confirmed(now);
        }
        self.slot = Some(certainty);
        true
    }

    fn look_into(&mut self, verdict: Verdict) -> Vec<Action> {
        self.attempts = self.attempts.wrapping_add(1);
        let attempt = Attempt(self.attempts);
        self.check = Some(Check {
            attempt,
            verdict,
            gone: 0,
        });
        vec![Action::Read(attempt)]
    }

    /// Looks into what came while verdicts were held.
    fn release(&mut self, now: i64) -> Vec<Action> {
        let is_held = std::mem::take(&mut self.is_held);
        if !is_held || self.standing != (Standing::SignedIn { is_local: false }) {
            return Vec::new();
        }
        self.debounce = Debounce::default();
        self.claim(Certainty::Unconfirmed, now);
        self.look_into(Verdict {
            certainty: Certainty::Unconfirmed,
            source: Source::Held,
            epoch: self.epoch,
        })
    }

    fn keep(&mut self, attempt: Attempt, doubt: Doubt) -> Vec<Action> {
        self.check = None;
        vec![Action::Keep(attempt, doubt)]
    }

    fn expire(&mut self, verdict: Verdict, now: i64) -> Vec<Action> {
        // One that the server does not hold any more need not be forgotten there.
        let destroy = verdict.certainty == Certainty::Confirmed;
        let clear = self.end(Standing::Expired, destroy, now);
        let report = self.report(Transition::Expired {
            certainty: verdict.certainty,
            source: verdict.source,
        });
        vec![clear, report]
    }

    fn end(&mut self, standing: Standing, destroy: bool, now: i64) -> Action {
        let epoch = self.epoch;
        self.next_epoch();
        self.standing = standing;
        self.window = None;
        self.guard = Some(now.saturating_add(GUARD));
        self.holds_dead = destroy;
        Action::Clear { epoch, destroy }
    }

    fn sign_in(&mut self, is_local: bool) -> Vec<Action> {
        self.next_epoch();
        self.standing = Standing::SignedIn { is_local };
        self.guard = None;
        self.holds_dead = false;
        vec![self.report(Transition::SignedIn)]
    }

    fn next_epoch(&mut self) {
        self.epoch = Epoch(self.epoch.0.wrapping_add(1));
        self.debounce = Debounce::default();
        self.slot = None;
        self.check = None;
    }

    fn report(&mut self, transition: Transition) -> Action {
        let dropped = std::mem::take(&mut self.dropped);
        Action::Report(Report {
            transition,
            dropped,
        })
    }

    fn is_guarded(&self, now: i64) -> bool {
        self.guard
            .is_some_and(|until| now < until && until - now <= GUARD)
    }

    fn seen_session(&mut self, is_local: bool, now: i64) -> Vec<Action> {
        match self.standing {
            Standing::Unknown => {
                self.standing = Standing::SignedIn { is_local };
                if self.window.is_some() {
                    return Vec::new();
                }
                self.release(now)
            }
            Standing::SignedIn { .. } => {
                self.standing = Standing::SignedIn { is_local };
                Vec::new()
            }
            _ if self.window.is_some() || self.holds_dead || self.is_guarded(now) => Vec::new(),
            Standing::SignedOut | Standing::Expired => self.sign_in(is_local),
        }
    }

    fn seen_nobody(&mut self, now: i64) -> Vec<Action> {
        match self.standing {
            Standing::Unknown => {
                self.standing = Standing::SignedOut;
                self.is_held &= self.window.is_some();
                Vec::new()
            }
            Standing::SignedOut | Standing::Expired => {
                self.guard = None;
                self.holds_dead = false;
                Vec::new()
            }
            Standing::SignedIn { .. } if self.window.is_some() => Vec::new(),
            Standing::SignedIn { is_local: true } => {
                let clear = self.end(Standing::SignedOut, false, now);
                vec![clear, self.report(Transition::SignedOut)]
            }
            // A server that has just started may not have read its disk yet.
            Standing::SignedIn { is_local: false } => {
                let verdict = Verdict {
                    certainty: Certainty::Unconfirmed,
                    source: Source::Snapshot,
                    epoch: self.epoch,
                };
                self.verdict(verdict, now)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
