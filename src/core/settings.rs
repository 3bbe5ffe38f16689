//! What a person has chosen.
