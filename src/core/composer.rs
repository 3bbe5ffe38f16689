//! What is being written: drafts.

pub mod draft;
