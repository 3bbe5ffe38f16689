//! Enfilade: one lobby for every agent server a person uses, and no door that closes on unfinished work.
//!
//! # The map
//!
//! | module | owns | may use |
//! | --- | --- | --- |
//! | [`core`] | rules and data, pure: no browser, clock, randomness or async | nothing of ours |
//! | [`api`] | each endpoint as a request value and a reader of its answer | `core` |
//! | [`i18n`] | every sentence, as typed functions | `core` |
//! | [`port`] | one trait for each effect | `core` |
//! | [`state`] | signals, and the tasks that change them | `core`, `api`, `i18n`, `port` |
//! | `web` | the browser, and nothing else touches it | `core`, `port` |
//! | `ui` | components | `core`, `i18n`, `state`, and `web` for the document and the router |
//!
//! `web` and `ui` exist for WebAssembly only, so that a native test cannot reach a browser.
//! `tests/architecture.rs` holds the table.
//!
//! # How things flow
//!
//! 1. A press calls a method of `state`; nothing is an event that somebody watches for.
//! 2. `state` asks `core` what to do, carries it out through [`port`], and feeds the answer back, stamped with
//!    the sign-in and the token it was made with ([`core::session::machine::Stamp`]). A late answer is dropped.
//! 3. A reducer says what changed ([`core::thread::timeline::Change`]); one signal for each row, flushed once a frame.
//! 4. Runs, refreshes and drafts belong to the app. Leaving a page ends nothing; only Stop does.
//!
//! # The places to know
//!
//! * A session ends in one function, [`state::session::ServerSession::mark_expired`], called by the client for
//!   every request alike. No view calls it.
//! * The guard, [`core::session::guard::decide`], reads the connection revision ([`state::app::App::revision`]):
//!   it changes when a server's connectedness flips, never when a token is renewed.
//! * Something that only hints at an end goes to [`state::session::ServerSession::suspect`], which asks the server.
//! * Rooms reach their server through [`state::backend::Backend`], so they do not know which kind it is. A server that keeps the
//!   session itself is looked after by [`state::openhuman`]: [`core::rpc::classify`] is the one table of what its errors mean, and
//!   [`core::rpc::cascade`] decides when the session there has ended.
//! * What is stored of a session is written and read in [`core::session::stored`], its tokens sealed by
//!   [`core::seal`]; tabs agree on who renews them in `state::lease`.
//! * The bytes of a run become events in [`core::agui::reader`], events become rows in
//!   [`core::thread::timeline::Timeline`], and rows become signals in `state::thread`. A run is started, resumed and
//!   continued after tools there; which older runs are loaded is decided there too.
//! * A markdown text that grows is read by [`core::markdown::incremental`], which says what to change; `web::dom::tree`
//!   changes it. `ui::thread` draws only the rows near what is read, as [`core::thread::window`] works out.
//! * In a desktop shell a session is kept in two stores: [`core::session::two_stores`] says which copy counts, [`state::shell`] carries it
//!   out and knows the server that the shell brings along and the person's browser. [`port::SHELL`] keeps all of it out of the web build.
//! * The way back after a sign-in is a [`core::session::return_to::ReturnTo`], which only parses if it is a place
//!   of this app; it is followed by one rule, [`state::app::App::arrive`].

pub mod api;
pub mod core;
pub mod i18n;
pub mod port;
pub mod state;

#[cfg(target_arch = "wasm32")]
pub mod ui;
#[cfg(target_arch = "wasm32")]
pub mod web;
