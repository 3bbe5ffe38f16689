//! One trait for each effect.
