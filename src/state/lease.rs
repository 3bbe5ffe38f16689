//! Mutual exclusion between tabs: by the browser's locks, and by a note in storage where it has none.

use super::shared::Shared;
use crate::core::record::keys;
use crate::core::server::id::ServerId;
use crate::port::{LockGuard, NotLocked};

/// How long a note keeps others out, in milliseconds, should the tab that wrote it die: no shorter than what it
/// is held for may take.
const HELD_FOR: i64 = 40_000;
/// How long one waits before believing to be the one whose note stands, in milliseconds: storage has no
/// compare-and-swap, and a write takes a moment to reach other tabs.
const SETTLE: u32 = 100;
/// How often one looks whether the note is gone, in milliseconds.
const LOOK: u32 = 250;

/// A note in storage; taken away when dropped.
struct Lease {
    shared: Shared,
    key: String,
    owner: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    owner: u64,
    until: i64,
}

impl Note {
    fn parse(text: &str) -> Option<Self> {
        let (owner, until) = text.split_once(' ')?;
        Some(Self {
            owner: owner.parse().ok()?,
            until: until.parse().ok()?,
        })
    }

    /// Whether it keeps others out. One from far in the future was written before the clock was set back.
    fn holds(self, now: i64) -> bool {
        (now..=now + HELD_FOR).contains(&self.until)
    }
}

impl LockGuard for Lease {}

impl Drop for Lease {
    fn drop(&mut self) {
        if note(&self.shared, &self.key).is_some_and(|note| note.owner == self.owner) {
            self.shared.remove(&self.key);
        }
    }
}

fn note(shared: &Shared, key: &str) -> Option<Note> {
    Note::parse(&shared.get(key)?)
}

/// Waits up to `timeout` milliseconds until no other tab renews the tokens for that server. `None`: nobody gave
/// way in time; what is stored has to be looked at before anything is done.
pub async fn acquire(
    shared: &Shared,
    server: &ServerId,
    timeout: u32,
) -> Option<Box<dyn LockGuard>> {
    let name = format!("{}refresh/{}", keys::PREFIX, server.as_str());
    match shared.ports.lock.acquire(name, timeout).await {
        Ok(guard) => Some(guard),
        Err(NotLocked::Late) => None,
        Err(NotLocked::Missing) => {
            let lease = lease(shared, keys::lease(server), timeout).await?;
            Some(Box::new(lease))
        }
    }
}

async fn lease(shared: &Shared, key: String, timeout: u32) -> Option<Lease> {
    let owner = shared.random();
    let begun = shared.now();
    loop {
        let now = shared.now();
        if !note(shared, &key).is_some_and(|note| note.holds(now)) {
            shared.set(&key, &format!("{owner} {}", now + HELD_FOR));
            shared.ports.clock.sleep(SETTLE).await;
            if note(shared, &key).is_some_and(|note| note.owner == owner) {
                return Some(Lease {
                    shared: shared.clone(),
                    key,
                    owner,
                });
            }
        }
        if !(0..i64::from(timeout)).contains(&(now - begun)) {
            return None;
        }
        shared.ports.clock.sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_holds_for_its_time_and_not_after_the_clock_was_set_back() {
        let note = Note::parse("7 50000");
        assert_eq!(
            note,
            Some(Note {
                owner: 7,
                until: 50_000
            })
        );
        let holds = |now| note.is_some_and(|note| note.holds(now));
        assert!(holds(10_000) && holds(50_000));
        assert!(!holds(50_001) && !holds(9_999) && !holds(-1_000_000));
    }

    #[test]
    fn what_is_no_note_holds_nobody() {
        for text in ["", "7", "x 1", "7 x", "7 1 1"] {
            assert_eq!(Note::parse(text), None, "{text}");
        }
    }
}
