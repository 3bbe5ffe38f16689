//! What a person has unfolded in a conversation, for as long as the app runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::core::thread::message::RowId;
use crate::state::task::lock;

/// How many unfolded things are remembered; the one unfolded first is forgotten first.
const MOST: usize = 200;

/// What is unfolded: rows come and go with what is in view, and this stays. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Opened(Arc<Mutex<VecDeque<(RowId, &'static str)>>>);

impl Opened {
    /// Whether this part of a row is unfolded.
    #[must_use]
    pub fn has(&self, row: &RowId, part: &'static str) -> bool {
        lock(&self.0)
            .iter()
            .any(|(known, name)| known == row && *name == part)
    }

    /// Notes that this part of a row was unfolded, or folded again.
    pub fn set(&self, row: &RowId, part: &'static str, is_open: bool) {
        let mut opened = lock(&self.0);
        opened.retain(|(known, name)| known != row || *name != part);
        if is_open {
            if opened.len() >= MOST {
                opened.pop_front();
            }
            opened.push_back((row.clone(), part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize) -> RowId {
        RowId(format!("row/{number}"))
    }

    #[test]
    fn what_was_unfolded_stays_so_until_it_is_folded() {
        let opened = Opened::default();
        opened.set(&row(1), "fold", true);
        let later = opened.clone();
        assert!(later.has(&row(1), "fold"));
        assert!(!later.has(&row(1), "more"), "each part by itself");
        assert!(!later.has(&row(2), "fold"));
        opened.set(&row(1), "fold", false);
        assert!(!later.has(&row(1), "fold"));
    }

    #[test]
    fn the_first_is_forgotten_when_there_are_too_many() {
        let opened = Opened::default();
        for number in 0..=MOST {
            opened.set(&row(number), "fold", true);
        }
        assert!(!opened.has(&row(0), "fold"));
        assert!(opened.has(&row(1), "fold") && opened.has(&row(MOST), "fold"));
        opened.set(&row(1), "fold", true);
        opened.set(&row(MOST + 1), "fold", true);
        assert!(opened.has(&row(1), "fold"), "unfolded again, it is new");
        assert!(!opened.has(&row(2), "fold"));
    }
}
