//! Journeys through the state layer: real state, fake effects, a fake clock. Nothing sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod approvals;
mod composer;
mod connect;
mod connecting;
mod core;
mod drafts;
mod fake;
mod faults;
mod feedback;
mod guard;
mod history;
mod idle;
mod late;
mod lobby;
mod outlook;
mod people;
mod properties;
mod providers;
mod refresh;
mod rehearsal;
mod requests;
mod rooms;
mod runs;
mod sending;
mod session_rules;
mod sessions;
mod sign_in;
mod sign_out;
mod storage;
mod streams;
mod tabs;
mod tools;
mod unloaded;
mod unread;
mod windows;
