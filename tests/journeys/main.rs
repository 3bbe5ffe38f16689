//! Journeys through the state layer: real state, fake effects, a fake clock. Nothing sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod connect;
mod drafts;
mod fake;
mod guard;
mod idle;
mod refresh;
mod sending;
mod sessions;
mod sign_in;
mod sign_out;
mod storage;
mod streams;
mod tabs;
