//! Which servers there are and what they are called.

pub mod id;
pub mod alias;
pub mod registry;
