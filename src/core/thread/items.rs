//! What a conversation shows, in order: its rows, dividers of days and of what is new, and work folded into steps.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::message::{RowId, RowKind};

/// So many rows of work in a row become one line.
const FOLDED_FROM: usize = 3;
/// How high a line between the rows may be, in CSS pixels.
const DIVIDER: f64 = 36.0;

/// Stands for a [`RowId`] within one [`Display`]: small and cheap to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(u32);

/// One thing in the list, named so that it stays the same while others come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A day begins, counted in days since 1970 where the person is.
    Day(i64),
    /// What follows came since the last visit.
    Unread,
    /// A row.
    Row(RowKey),
    /// The line that stands for the work beginning with this row.
    Steps(RowKey),
}

/// What a row is to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Something said.
    Message,
    /// Something done on the way to an answer.
    Work,
    /// Anything else.
    Note,
}

impl Part {
    /// What a row of this kind is.
    #[must_use]
    pub fn of(kind: &RowKind) -> Self {
        match kind {
            RowKind::User { .. } | RowKind::Assistant { .. } | RowKind::Error { .. } => {
                Self::Message
            }
            RowKind::Reasoning { .. }
            | RowKind::ToolCall { .. }
            | RowKind::Activity { .. }
            | RowKind::Event { .. } => Self::Work,
            _ => Self::Note,
        }
    }
}

/// What the list needs to know of a row when it first sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// What it is.
    pub part: Part,
    /// Its run.
    pub run: Option<String>,
    /// Its day, in days since 1970 where the person is.
    pub day: Option<i64>,
    /// How high it may be, in CSS pixels, until it is measured.
    pub guess: f64,
}

/// What else decides about the list.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The day it is.
    pub today: i64,
    /// Whether the run of the last row goes on.
    pub is_live: bool,
    /// The last row that was read before; `None` where nothing is new.
    pub unread_after: Option<RowKey>,
    /// The folded work that is unfolded, by its first row.
    pub open: &'a HashSet<RowKey>,
}

#[derive(Clone, Copy, Debug)]
struct Fact {
    key: RowKey,
    part: Part,
    run: Option<u32>,
    day: Option<i64>,
    guess: f64,
}

/// The list, kept up to date with the rows. Rows that it knows are not looked at again.
#[derive(Clone, Debug, Default)]
pub struct Display {
    ids: Vec<RowId>,
    keys: HashMap<RowId, RowKey>,
    runs: HashMap<String, u32>,
    rows: Vec<Fact>,
    list: List,
    folds: HashMap<RowKey, Range<usize>>,
}

/// What is on show, in order.
#[derive(Clone, Debug, Default)]
struct List {
    items: Vec<Item>,
    /// How high each item may be.
    guesses: Vec<f64>,
    /// For each item, how many rows are shown up to and with the row that it stands at.
    positions: Vec<usize>,
    /// How many rows are shown.
    shown: usize,
    /// The rows on show below the line that they can be folded into.
    unfolded: HashSet<RowKey>,
}

impl List {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            items: Vec::with_capacity(capacity),
            guesses: Vec::with_capacity(capacity),
            positions: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    fn push_line(&mut self, line: Item) {
        self.items.push(line);
        self.guesses.push(DIVIDER);
    }

    fn push_row(&mut self, fact: &Fact) {
        self.items.push(Item::Row(fact.key));
        self.guesses.push(fact.guess);
        self.shown += 1;
    }

    /// A row and the lines above it stand at one position.
    fn count(&mut self) {
        self.positions.resize(self.items.len(), self.shown);
    }
}

impl Display {
    /// Takes the rows as they are now; `look` is asked about those that are new.
    pub fn take_rows(&mut self, order: &[RowId], mut look: impl FnMut(&RowId) -> Option<Seen>) {
        let is_same = |fact: &Fact, id: &RowId| {
            self.ids
                .get(fact.key.0 as usize)
                .is_some_and(|old| old == id)
        };
        let kept = self
            .rows
            .iter()
            .zip(order)
            .take_while(|(fact, id)| is_same(fact, id))
            .count();
        let most = (self.rows.len() - kept).min(order.len() - kept);
        let tail = self
            .rows
            .iter()
            .rev()
            .zip(order.iter().rev())
            .take(most)
            .take_while(|(fact, id)| is_same(fact, id))
            .count();
        let changed = order.get(kept..order.len() - tail).unwrap_or_default();
        if !changed.is_empty()
            && let Some(last) = kept.checked_sub(1)
            && let Some(seen) = order.get(last).and_then(&mut look)
            && let Some(fact) = self.rows.get_mut(last)
        {
            // A question has the time of this device until its answer begins.
            fact.day = seen.day;
        }
        let between = kept..self.rows.len() - tail;
        let before: HashMap<RowKey, Fact> = self
            .rows
            .get(between.clone())
            .unwrap_or_default()
            .iter()
            .map(|fact| (fact.key, *fact))
            .collect();
        let facts: Vec<Fact> = changed
            .iter()
            .filter_map(
                |id| match self.keys.get(id).and_then(|key| before.get(key)) {
                    Some(known) => Some(*known),
                    None => look(id).map(|seen| self.fact(id, seen)),
                },
            )
            .collect();
        self.rows.splice(between, facts);
    }

    fn fact(&mut self, id: &RowId, seen: Seen) -> Fact {
        let key = match self.keys.get(id) {
            Some(key) => *key,
            None => {
                let key = RowKey(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
                self.ids.push(id.clone());
                self.keys.insert(id.clone(), key);
                key
            }
        };
        let next = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        let run = seen.run.map(|run| *self.runs.entry(run).or_insert(next));
        Fact {
            key,
            part: seen.part,
            run,
            day: seen.day,
            guess: seen.guess,
        }
    }

    /// Makes the list anew; whether anything in it has changed.
    pub fn arrange(&mut self, setting: Setting<'_>) -> bool {
        let days = self.days(setting.today);
        let folds = self.find_folds(&days, setting);
        let mut list = List::with_capacity(self.rows.len() + days.len() / 8);
        let (mut day, mut hidden_until, mut inside_until) = (None, 0, 0);
        for (at, (fact, today)) in self.rows.iter().zip(&days).enumerate() {
            // Clocks differ: a row that claims to be older than the one above does not open its day again.
            if day.is_none_or(|day| *today > day) {
                day = Some(*today);
                list.push_line(Item::Day(*today));
            }
            if let Some(fold) = folds.get(&fact.key) {
                list.push_line(Item::Steps(fact.key));
                inside_until = fold.end;
                if !setting.open.contains(&fact.key) {
                    hidden_until = fold.end;
                }
            }
            if at >= hidden_until {
                list.push_row(fact);
                if at < inside_until {
                    list.unfolded.insert(fact.key);
                }
            }
            list.count();
            let is_last = at + 1 == self.rows.len();
            if Some(fact.key) == setting.unread_after && !is_last {
                list.push_line(Item::Unread);
                list.count();
            }
        }
        let is_changed = list.items != self.list.items || folds != self.folds;
        self.list = list;
        self.folds = folds;
        is_changed
    }

    /// The day of each row; without a time it is that of the row before, else of the first that has one.
    fn days(&self, today: i64) -> Vec<i64> {
        let first = self.rows.iter().find_map(|fact| fact.day);
        let mut last = first.unwrap_or(today);
        self.rows
            .iter()
            .map(|fact| {
                last = fact.day.unwrap_or(last);
                last
            })
            .collect()
    }

    /// Work of a run that has gone on to say something, or is over.
    fn find_folds(&self, days: &[i64], setting: Setting<'_>) -> HashMap<RowKey, Range<usize>> {
        let live = self.rows.last().and_then(|fact| fact.run);
        let live = live.filter(|_| setting.is_live);
        let mut said = HashMap::new();
        for (at, fact) in self.rows.iter().enumerate() {
            if let (Part::Message, Some(run)) = (fact.part, fact.run) {
                said.insert(run, at);
            }
        }
        let mut folds = HashMap::new();
        let mut start = 0;
        while let Some(first) = self.rows.get(start) {
            let belongs = |at: usize| {
                self.rows
                    .get(at)
                    .is_some_and(|fact| fact.part == Part::Work && fact.run == first.run)
                    && days.get(at) == days.get(start)
                    && (at == start
                        || self.rows.get(at - 1).map(|fact| fact.key) != setting.unread_after)
            };
            let end = (start..).find(|at| !belongs(*at)).unwrap_or(start);
            if let Some(run) = first.run {
                let is_closed = Some(run) != live || said.get(&run).is_some_and(|at| *at >= end);
                if end - start >= FOLDED_FROM && is_closed {
                    folds.insert(first.key, start..end);
                }
            }
            start = end.max(start + 1);
        }
        folds
    }

    /// The list.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.list.items
    }

    /// How high each item may be, in CSS pixels, until it is measured.
    #[must_use]
    pub fn guesses(&self) -> &[f64] {
        &self.list.guesses
    }

    /// The name of a row.
    #[must_use]
    pub fn id(&self, key: RowKey) -> Option<&RowId> {
        self.ids.get(key.0 as usize)
    }

    /// What stands for the row of this name.
    #[must_use]
    pub fn key(&self, id: &RowId) -> Option<RowKey> {
        self.keys.get(id).copied()
    }

    /// The last row.
    #[must_use]
    pub fn last(&self) -> Option<RowKey> {
        self.rows.last().map(|fact| fact.key)
    }

    /// Where a row is seen: itself, or the line of the work that it is folded into.
    #[must_use]
    pub fn item_of(&self, key: RowKey) -> Option<Item> {
        match self.fold_of(key) {
            Some(first) if !self.list.items.contains(&Item::Row(key)) => Some(Item::Steps(first)),
            _ => self
                .rows
                .iter()
                .any(|fact| fact.key == key)
                .then_some(Item::Row(key)),
        }
    }

    /// The first row of the work that a row belongs to, where that has a line of its own.
    #[must_use]
    pub fn fold_of(&self, key: RowKey) -> Option<RowKey> {
        let at = self.rows.iter().position(|fact| fact.key == key)?;
        self.folds
            .iter()
            .find_map(|(first, fold)| fold.contains(&at).then_some(*first))
    }

    /// Whether a row is on show below the line that it can be folded into.
    #[must_use]
    pub fn is_unfolded(&self, key: RowKey) -> bool {
        self.list.unfolded.contains(&key)
    }

    /// The rows that a line of work stands for.
    #[must_use]
    pub fn steps(&self, first: RowKey) -> Vec<RowId> {
        let range = self.folds.get(&first).cloned().unwrap_or_default();
        let rows = self.rows.get(range).unwrap_or_default();
        rows.iter()
            .filter_map(|fact| self.id(fact.key).cloned())
            .collect()
    }

    /// Which of the shown rows the item at this place is, counted from one, and how many there are.
    #[must_use]
    pub fn position(&self, at: usize) -> (usize, usize) {
        let position = self.list.positions.get(at).copied().unwrap_or_default();
        (
            position,
            self.list.positions.last().copied().unwrap_or_default(),
        )
    }

    /// The rows that came after this one at the end.
    pub fn after(&self, key: Option<RowKey>) -> impl Iterator<Item = (RowKey, Part)> {
        let new = self
            .rows
            .iter()
            .rev()
            .take_while(move |fact| Some(fact.key) != key);
        new.map(|fact| (fact.key, fact.part))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
