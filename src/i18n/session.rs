//! What is said of sessions and of what is stored.

/// Another tab runs a newer version of the app.
#[must_use]
pub fn newer_version() -> String {
    "Another tab runs a newer version of Enfilade. Reload this page to use what is kept there; until then this tab keeps nothing of its own there.".to_owned()
}

/// The browser cannot encrypt what is stored.
#[must_use]
pub fn stored_in_clear() -> String {
    "This browser cannot encrypt what Enfilade keeps. Sign out when you are done, if others use this device.".to_owned()
}
