//! Servers that are asked by JSON-RPC and hold the person's session themselves: calls, errors, the end of a session, polling, turns.
//!
//! | module | owns |
//! | --- | --- |
//! | [`envelope`] | what is sent and how an answer is taken apart |
//! | [`classify`] | what kind of error a text, a status and a structure stand for: the one table of texts |
//! | [`cascade`] | what follows from an error that speaks of the session |
//! | [`identity`] | what follows when somebody else is signed in |
//! | [`account`] | who is signed in there, and what they may spend |
//! | [`integration`] | the services that a person has connected |
//! | [`poll`] | when something is asked for again and again |
//! | [`redact`] | what may be said of an error in the log, and how loudly |
//! | [`thread`] | stored messages, and what has become of a turn that nobody followed |
//! | [`turn`] | the events of one answer, told to the timeline |
//!
//! These servers differ from those of [`crate::core::session`] in where the session lives: there this app holds the tokens, here the
//! server does, and a second secret, the bearer of its process, opens its door. The two are never mixed up: a refused bearer is a fault
//! in how the server was added, and no session ends by it.

pub mod account;
pub mod cascade;
pub mod classify;
pub mod envelope;
pub mod identity;
pub mod integration;
pub mod poll;
pub mod redact;
pub mod stored;
pub mod thread;
pub mod turn;
