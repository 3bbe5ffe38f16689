//! Chance that can be repeated: every journey that rolls dice tells its seed.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of numbers, good for tests only (xorshift64*).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Seeded by `ENFILADE_SEED`, else by the clock; prints the seed.
    pub fn from_env(journey: &str) -> Self {
        let given = env::var("ENFILADE_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        let clock = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            now.map_or(1, |now| now.as_secs())
        };
        let seed = given.unwrap_or_else(clock);
        println!("{journey}: ENFILADE_SEED={seed} repeats it");
        Self::seeded(seed)
    }

    /// The numbers of a seed.
    pub const fn seeded(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0) % sides.max(1)
    }

    /// One of these.
    ///
    /// # Panics
    /// On an empty list.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_all_sides_come_up() {
        let rolled = |seed| {
            let mut dice = Dice::seeded(seed);
            (0..100).map(|_| dice.roll(6)).collect::<Vec<_>>()
        };
        assert_eq!(rolled(7), rolled(7));
        assert_ne!(rolled(7), rolled(8));
        assert!((0..6).all(|side| rolled(0).contains(&side)));
    }
}
