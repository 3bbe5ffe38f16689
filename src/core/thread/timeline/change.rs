//! What a step changed.

use super::super::message::RowId;
use std::collections::HashSet;

/// Up to here a list is searched for a row it may name already.
const SHORT: usize = 32;

/// What a step changed, so that a view can update only that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Change {
    /// Whether rows were added or removed.
    pub order: bool,
    /// The rows that are new or whose content or state changed. A long list may name a row more than once.
    pub rows: Vec<RowId>,
}

impl Change {
    /// Nothing changed.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.order && self.rows.is_empty()
    }

    /// Adds what another step changed.
    pub fn merge(&mut self, other: Self) {
        self.order |= other.order;
        if self.rows.is_empty() {
            self.rows = other.rows;
            return;
        }
        for id in other.rows {
            self.add(id);
        }
    }

    /// Both.
    pub fn and(mut self, other: Self) -> Self {
        self.merge(other);
        self
    }

    /// Names one more row. The time it takes does not depend on how many are named already: those named last are looked through,
    /// and doubles are taken out of a long list when it would have to grow.
    fn add(&mut self, id: RowId) {
        if self.rows.iter().rev().take(SHORT).any(|known| *known == id) {
            return;
        }
        if self.rows.len() > SHORT && self.rows.len() == self.rows.capacity() {
            let mut seen = HashSet::new();
            self.rows.retain(|row| seen.insert(row.clone()));
            self.rows.reserve(self.rows.len());
        }
        self.rows.push(id);
    }

    pub(super) fn row(id: RowId) -> Self {
        Self {
            order: false,
            rows: vec![id],
        }
    }

    pub(super) fn order() -> Self {
        Self {
            order: true,
            rows: Vec::new(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn changes_merge_without_naming_a_row_twice() {
        let mut change = Change::row(RowId("a".into()));
        change.merge(Change {
            order: true,
            rows: vec![RowId("a".into()), RowId("b".into())],
        });
        assert_eq!(
            change,
            Change {
                order: true,
                rows: vec![RowId("a".into()), RowId("b".into())]
            }
        );
        assert!(Change::none().is_none() && !change.is_none());
    }

    #[test]
    fn a_list_of_many_rows_stays_near_their_number() {
        let mut change = Change::none();
        for step in 0..100_000 {
            change.merge(Change::row(RowId((step % 1_000).to_string())));
        }
        let named: HashSet<_> = change.rows.iter().collect();
        assert_eq!(named.len(), 1_000);
        assert!(change.rows.len() <= 4_000, "{}", change.rows.len());
    }
}
