//! The servers as a client sees them: every test starts its own on free ports and speaks HTTP to them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "wire/app_port.rs"]
mod app_port;
#[path = "wire/bench.rs"]
mod bench;
#[path = "wire/core.rs"]
mod core;
#[path = "wire/errors.rs"]
mod errors;
#[path = "wire/faults.rs"]
mod faults;
#[path = "wire/kept.rs"]
mod kept;
#[path = "wire/local.rs"]
mod local;
#[path = "wire/runs.rs"]
mod runs;
#[path = "wire/sign_in.rs"]
mod sign_in;
#[path = "wire/support.rs"]
mod support;
