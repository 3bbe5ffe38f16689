//! Which part of a long list is drawn: heights, measured or guessed, and where they put each item.

use std::ops::Range;

/// The heights of a list, in CSS pixels. Everything asked of it takes the logarithm of the length.
#[derive(Clone, Debug, Default)]
pub struct Window {
    heights: Vec<f64>,
    /// Fenwick tree: the entry at `n` sums the heights before `n` that its lowest bit reaches.
    sums: Vec<f64>,
}

impl Window {
    /// A list of these heights.
    #[must_use]
    pub fn new(heights: Vec<f64>) -> Self {
        let mut sums = vec![0.0; heights.len() + 1];
        for (at, height) in heights.iter().enumerate() {
            if let Some(sum) = sums.get_mut(at + 1) {
                *sum = *height;
            }
        }
        for at in 1..sums.len() {
            let (sum, above) = (sums.get(at).copied(), at + lowest_bit(at));
            if let (Some(sum), Some(above)) = (sum, sums.get_mut(above)) {
                *above += sum;
            }
        }
        Self { heights, sums }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heights.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heights.is_empty()
    }

    /// The height of one item; nothing where there is none.
    #[must_use]
    pub fn height(&self, at: usize) -> f64 {
        self.heights.get(at).copied().unwrap_or_default()
    }

    /// Notes how high an item is.
    pub fn set(&mut self, at: usize, height: f64) {
        let Some(old) = self.heights.get_mut(at) else {
            return;
        };
        let more = height - *old;
        *old = height;
        let mut place = at + 1;
        while let Some(sum) = self.sums.get_mut(place) {
            *sum += more;
            place += lowest_bit(place);
        }
    }

    /// Where an item begins; beyond the last, where the list ends.
    #[must_use]
    pub fn top(&self, at: usize) -> f64 {
        let (mut place, mut sum) = (at.min(self.len()), 0.0);
        while place > 0 {
            sum += self.sums.get(place).copied().unwrap_or_default();
            place -= lowest_bit(place);
        }
        sum
    }

    /// The height of all.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.top(self.len())
    }

    /// The item at this distance from the beginning: the first before it, the last beyond the end.
    #[must_use]
    pub fn at(&self, offset: f64) -> usize {
        let (mut place, mut left) = (0, offset);
        let mut step = (self.len() + 1).next_power_of_two();
        while step > 0 {
            if let Some(sum) = self.sums.get(place + step)
                && *sum <= left
            {
                place += step;
                left -= sum;
            }
            step /= 2;
        }
        place.min(self.len().saturating_sub(1))
    }

    /// The items between two distances from the beginning, those that are cut by them too.
    #[must_use]
    pub fn between(&self, from: f64, to: f64) -> Range<usize> {
        if self.is_empty() {
            return 0..0;
        }
        self.at(from)..self.at(to.max(from)) + 1
    }

    /// The last items, as many as this height needs.
    #[must_use]
    pub fn last(&self, height: f64) -> Range<usize> {
        let total = self.total();
        self.between(total - height, total)
    }

    /// Whether these items fill everything between two distances, as far as there is anything.
    #[must_use]
    pub fn covers(&self, items: &Range<usize>, from: f64, to: f64) -> bool {
        let starts = items.start == 0 || self.top(items.start) <= from;
        let ends = items.end >= self.len() || self.top(items.end) >= to;
        starts && ends
    }

    /// The room above each of the drawn items that belongs to those left out, and the room below the last.
    #[must_use]
    pub fn gaps(&self, drawn: &[usize]) -> (Vec<f64>, f64) {
        let mut end = 0.0;
        let mut next = 0;
        let before = drawn
            .iter()
            .map(|at| {
                let top = self.top(*at);
                // Neighbours have nothing between them, whatever the sums are off by.
                let gap = if *at == next {
                    0.0
                } else {
                    (top - end).max(0.0)
                };
                end = top + self.height(*at);
                next = at + 1;
                gap
            })
            .collect();
        let after = if next >= self.len() {
            0.0
        } else {
            (self.total() - end).max(0.0)
        };
        (before, after)
    }

    /// How far the view is scrolled when an item stands this far below its upper edge.
    #[must_use]
    pub fn scroll_for(&self, at: usize, below: f64) -> f64 {
        self.top(at) - below
    }
}

fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
