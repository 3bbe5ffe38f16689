//! A conversation: rows, and how events change them.

pub mod history;
pub mod message;
pub mod source;
pub mod timeline;
pub mod unread;
