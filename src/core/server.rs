//! Which servers there are and what they are called.

pub mod alias;
pub mod id;
pub mod profile;
pub mod registry;
