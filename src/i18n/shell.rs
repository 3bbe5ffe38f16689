//! Sentences of the frame around every page.

use crate::core::settings::Theme;

/// The product.
pub const APP: &str = "Enfilade";
/// The list of servers in the rail.
pub const SERVERS: &str = "Servers";
/// The page with every server and its rooms.
pub const LOBBY: &str = "Lobby";
/// Leads to the connect page.
pub const ADD_SERVER: &str = "Add a server";
/// A file of the app could not be fetched.
pub const PART_MISSING: &str = "A part of Enfilade could not be fetched";
/// What that means and what to do.
pub const PART_MISSING_TEXT: &str =
    "What you typed is saved. Check your connection, then load the page again.";
/// Loads the page again.
pub const RELOAD: &str = "Load again";
/// Opens the panels beside the page on a narrow screen.
pub const OPEN_MENU: &str = "Show servers and rooms";
/// Closes them again.
pub const CLOSE_MENU: &str = "Close";
/// Jumps over rail and panel.
pub const SKIP: &str = "Skip to the page";
/// The panel beside the page.
pub const SIDE: &str = "Beside the page";
/// Dismisses a notice.
pub const DISMISS: &str = "Dismiss";
/// The menu of light and dark.
pub const THEME: &str = "Appearance";
/// The address leads nowhere.
pub const NOT_FOUND: &str = "There is no such page";
/// The same, and what to do.
pub const NOT_FOUND_TEXT: &str =
    "The address may have a slip in it. Nothing you were writing is lost.";
/// Leads to the lobby.
pub const TO_LOBBY: &str = "Go to the lobby";
/// A link named a server that is not known here.
pub const UNKNOWN_SERVER: &str = "That link is for a server that is not connected here. Add the server, then open the link again.";
/// The browser has no network.
pub const OFFLINE: &str =
    "You are offline. What you type is kept, and everything goes on when the connection is back.";
/// Title of the page with the version.
pub const VERSIONS: &str = "Versions";
/// Title of the page with the state of every server.
pub const DIAGNOSTICS: &str = "Diagnostics";
/// In the place of an account where none is needed.
pub const NO_ACCOUNT: &str = "no sign-in needed";

/// A server in the rail: its name, then its state.
#[must_use]
pub fn server_link(name: &str, state: &str) -> String {
    format!("{name}, {state}")
}

/// The title of the document.
#[must_use]
pub fn document_title(title: &str, server: Option<&str>) -> String {
    match server {
        Some(server) => format!("{title} – {server} – {APP}"),
        None => format!("{title} – {APP}"),
    }
}

/// A way to choose light or dark.
#[must_use]
pub const fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "As the system",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    }
}

/// The version of the app.
#[must_use]
pub fn version(number: &str) -> String {
    format!("{APP} {number}")
}
