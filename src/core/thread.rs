//! A conversation: rows, and how events change them.

pub mod message;
pub mod timeline;
pub mod history;
