//! Browser journeys: a fresh browser per test, elements found by role and name, evidence kept of every failure.
//!
//! `cargo xtask test e2e` and `cargo xtask conformance` start what the journeys need and set the environment that
//! [`setup::Setup`] reads.

pub mod app;
pub mod browser;
pub mod dice;
mod engine;
pub mod failure;
pub mod found;
pub mod journey;
pub mod server;
pub mod setup;
pub mod steps;
pub mod traces;

pub use browser::Browser;
pub use failure::{Failure, Outcome};
pub use found::Found;
pub use journey::journey;
pub use server::Server;
pub use setup::{Engine, Kind, Setup};
