//! What is being written: drafts, the images in them, and messages on their way.

pub mod draft;
pub mod image;
pub mod outgoing;
pub mod written;
