//! The only module that touches the browser.

#![allow(
    clippy::disallowed_methods,
    reason = "this is where the browser is reached"
)]

pub mod clock;
pub mod desk;
pub mod dom;
pub mod events;
pub mod fetch;
pub mod lock;
pub mod navigator;
pub mod random;
pub mod report;
#[cfg(feature = "desktop")]
pub mod shell;
pub mod storage;
pub mod vault;

use std::sync::Arc;

use crate::port::{DeskSlot, InShell, Ports};

/// Every effect, carried out by this browser.
#[must_use]
pub fn ports() -> Ports {
    Ports {
        http: Arc::new(fetch::Fetch),
        store: Arc::new(storage::LocalStore),
        clock: Arc::new(clock::BrowserClock),
        random: Arc::new(random::Crypto),
        lock: Arc::new(lock::WebLocks),
        vault: Arc::new(vault::KeyStore),
        navigator: Arc::new(navigator::Browser),
        desk: DeskSlot::default(),
        #[cfg(feature = "desktop")]
        shell: InShell::new(shell::find()),
        #[cfg(not(feature = "desktop"))]
        shell: InShell::default(),
    }
}

/// The window.
///
/// # Panics
/// Outside a page: the app runs nowhere else.
#[expect(clippy::expect_used, reason = "the app runs in a page")]
fn window() -> web_sys::Window {
    web_sys::window().expect("the app runs in a page")
}
