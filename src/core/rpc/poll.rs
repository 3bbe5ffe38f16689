//! When something is asked for again and again, and when not.

use super::classify::RpcErrorKind;
use super::envelope::RpcError;
use crate::core::session::token::Backoff;

/// Time between two looks at the integrations, in milliseconds.
pub const INTEGRATIONS: u32 = 5_000;
/// Time between two looks while the person connects one elsewhere, in milliseconds.
pub const CONNECTING: u32 = 4_000;
/// How long is looked for that, in milliseconds.
pub const CONNECTING_FOR: i64 = 300_000;
/// How long one part of what is shown may take, in milliseconds.
pub const PART_LIMIT: u64 = 8_000;
/// After how long a part that failed is asked for once more before anything is said, in milliseconds.
const ONCE_MORE: u32 = 400;

/// After how many milliseconds a part that failed is asked for once more; `None` where that is of no use, or was done.
#[must_use]
pub fn once_more(kind: RpcErrorKind, tried: u32) -> Option<u32> {
    (tried == 0
        && matches!(
            kind,
            RpcErrorKind::Timeout | RpcErrorKind::Transport | RpcErrorKind::Unknown
        ))
    .then_some(ONCE_MORE)
}

/// Whether there is any sense in asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct World {
    /// Somebody is signed in, and has not expired.
    pub is_signed_in: bool,
    /// Somebody can see it.
    pub is_visible: bool,
    /// There is a network.
    pub is_online: bool,
}

impl World {
    fn is_good(self) -> bool {
        self.is_signed_in && self.is_visible && self.is_online
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask.
    Now,
    /// Look again at this time, in milliseconds.
    At(i64),
    /// An answer is on its way.
    Waiting,
    /// Nothing until the world changes.
    Asleep,
    /// Nothing any more on this connection.
    Stopped,
}

/// What is worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The first failure in a row; the others are only counted.
    Failing(RpcErrorKind),
    /// It works again, after so many failures.
    Works {
        /// How many there were.
        failures: u32,
    },
    /// It cannot work before something changes.
    Stopped(RpcErrorKind),
}

/// The times at which something is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    every: i64,
    until: Option<i64>,
    world: World,
    due: Option<i64>,
    backoff: Backoff,
    failures: u32,
    in_flight: bool,
    is_stopped: bool,
    generation: u32,
}

impl Poll {
    /// Every so many milliseconds; never where that is 0.
    #[must_use]
    pub fn every(ms: u32) -> Self {
        Self {
            every: i64::from(ms),
            until: None,
            world: World::default(),
            due: None,
            backoff: Backoff::default(),
            failures: 0,
            in_flight: false,
            is_stopped: ms == 0,
            generation: 0,
        }
    }

    /// Not after this time, in milliseconds.
    #[must_use]
    pub fn until(mut self, end: i64) -> Self {
        self.until = Some(end);
        self
    }

    /// How often it has failed since it last worked.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// What to do at this time.
    #[must_use]
    pub fn next(&self, now: i64) -> Next {
        if self.is_stopped || self.until.is_some_and(|end| now >= end) {
            return Next::Stopped;
        }
        if !self.world.is_good() {
            return Next::Asleep;
        }
        if self.in_flight {
            return Next::Waiting;
        }
        match self.due.map(|due| due.max(self.backoff.not_before())) {
            // A clock that was set back must not silence it for hours.
            Some(due) if now < due && due - now <= self.every.max(LONGEST) => Next::At(due),
            _ => Next::Now,
        }
    }

    /// What is around has changed. Where asking makes sense again, it is done at once.
    pub fn world(&mut self, world: World) {
        let wakes = !self.world.is_good() && world.is_good();
        let is_new = !self.world.is_signed_in && world.is_signed_in;
        self.world = world;
        if is_new {
            self.renew_answers();
            self.backoff.succeeded();
        }
        if wakes {
            self.wake();
        }
    }

    /// Asks at once: somebody wants to see it anew.
    pub fn wake(&mut self) {
        self.due = None;
        self.backoff.wake();
    }

    /// A connection of its own begins: what could not work before may work now.
    pub fn connect(&mut self) {
        self.is_stopped = self.every == 0;
        self.failures = 0;
        self.renew_answers();
        self.backoff.succeeded();
        self.wake();
    }

    /// Asking begins, if it is time: the answer is given back with the number. One is under way at most.
    pub fn begin(&mut self, now: i64) -> Option<u32> {
        if self.next(now) != Next::Now {
            return None;
        }
        self.in_flight = true;
        Some(self.generation)
    }

    /// The answer to [`Self::begin`] is there; `random` is any number. `None` for an answer that is not wanted any more, and where there
    /// is nothing to say.
    pub fn end(
        &mut self,
        generation: u32,
        outcome: Result<(), &RpcError>,
        now: i64,
        random: u64,
    ) -> Option<Note> {
        if generation != self.generation {
            return None;
        }
        self.in_flight = false;
        self.due = Some(now.saturating_add(self.every));
        let error = match outcome {
            Ok(()) => {
                self.backoff.succeeded();
                let failures = std::mem::take(&mut self.failures);
                return (failures > 0).then_some(Note::Works { failures });
            }
            Err(error) => error,
        };
        if error.kind == RpcErrorKind::Cancelled {
            return None;
        }
        self.backoff.failed(now, random, error.retry_after);
        // Not a fault of what is asked for: the session has its own report.
        if error.kind.expiry().is_some() {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        if matches!(
            error.kind,
            RpcErrorKind::MethodNotFound | RpcErrorKind::BearerRejected
        ) {
            self.is_stopped = true;
            return Some(Note::Stopped(error.kind));
        }
        (self.failures == 1).then_some(Note::Failing(error.kind))
    }

    /// Whether an answer with this number is still wanted.
    #[must_use]
    pub fn is_wanted(&self, generation: u32) -> bool {
        generation == self.generation
    }

    fn renew_answers(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.in_flight = false;
    }
}

/// Longest pause that is believed, in milliseconds.
const LONGEST: i64 = crate::core::session::token::LONGEST_PAUSE;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
