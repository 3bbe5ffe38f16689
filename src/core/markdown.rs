//! Markdown to a tree of nodes; text from a server is never HTML.

pub mod incremental;
pub mod link;
pub mod node;
pub mod parse;
pub mod rich;
