//! What real servers have sent, replayed: cut anywhere, the conversation ends up the same. And the public test suite for JSON patches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod cuts;
mod patches;
