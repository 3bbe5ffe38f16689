//! Markdown to a tree of nodes; text from a server is never HTML.

pub mod code;
pub mod formula;
pub mod incremental;
pub mod link;
mod math;
pub mod node;
pub mod outline;
pub mod parse;
pub mod rich;
pub mod tree;
