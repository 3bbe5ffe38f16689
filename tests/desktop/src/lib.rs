//! Journeys through the desktop shell: a home folder and a message bus of their own, the real window, the demo servers.
//!
//! `cargo xtask test --desktop` starts what they need and sets `ENFILADE_SHELL` (the shell's program), `ENFILADE_SIDECAR`
//! (the local server's) and `ENFILADE_SERVER1` to `3`. Finding, clicking and waiting come from the browser journeys.

pub mod desk;
pub mod person;
pub mod window;

pub use desk::{Bus, Desk};
pub use window::Window;
