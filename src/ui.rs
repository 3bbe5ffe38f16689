//! Components: what a person sees, and what they can do about it.

mod app;
mod banner;
pub mod composer;
mod connect;
mod desktop;
mod idle;
pub mod kit;
mod late;
mod lobby;
pub mod markdown;
pub mod room;
pub mod shell;
pub mod thread;

pub use self::app::{href, mount};
pub use crate::state::app::use_app;
