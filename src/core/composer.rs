//! What is being written: drafts, and messages on their way.

pub mod draft;
pub mod outgoing;
