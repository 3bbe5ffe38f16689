//! The cores as a client sees them.

#[path = "core/chat.rs"]
mod chat;
#[path = "core/envelope.rs"]
mod envelope;
#[path = "core/session.rs"]
mod session;
#[path = "core/support.rs"]
pub mod support;
#[path = "core/switches.rs"]
mod switches;
#[path = "core/threads.rs"]
mod threads;
