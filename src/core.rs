//! The pure part: rules and data, with no browser, clock, randomness or async in it.

pub mod agui;
pub mod composer;
pub mod error;
pub mod fields;
pub mod lobby;
pub mod markdown;
pub mod record;
pub mod room;
pub mod route;
pub mod rpc;
pub mod seal;
pub mod secret;
pub mod server;
pub mod session;
pub mod settings;
pub mod thread;
pub mod time;
pub mod tool;
