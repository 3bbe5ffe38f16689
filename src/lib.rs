//! Enfilade: one lobby for every agent server a person uses, and no door that closes on unfinished work.

pub mod api;
pub mod core;
pub mod i18n;
pub mod port;
pub mod state;

#[cfg(target_arch = "wasm32")]
pub mod ui;
#[cfg(target_arch = "wasm32")]
pub mod web;
