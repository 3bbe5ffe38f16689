//! What a room is.
