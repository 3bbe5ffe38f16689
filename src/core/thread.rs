//! A conversation: rows, and how events change them.

pub mod delegate;
pub mod find;
pub mod history;
pub mod items;
pub mod message;
pub mod picture;
pub mod source;
pub mod timeline;
pub mod unread;
pub mod window;
