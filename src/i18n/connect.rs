//! Sentences of the connect page and of everything about signing in.

use crate::core::session::machine::ExpiryReason;

/// Title of the page.
pub const TITLE: &str = "Connect to a server";
/// What it is for.
pub const LEAD: &str =
    "Enter the address of an agent server. Each server keeps a session of its own.";
/// The field.
pub const ADDRESS: &str = "Server address";
/// An example in the field.
pub const EXAMPLE: &str = "chat.example.org";
/// The button.
pub const CONNECT: &str = "Connect";
/// What happens next.
pub const NEXT: &str = "Enfilade looks for the server, then takes you to its own sign-in page. Your password stays there.";
/// Stops looking.
pub const CANCEL: &str = "Cancel";
/// The connection would not be encrypted.
pub const INSECURE: &str = "This connection is not encrypted";
/// Goes on all the same.
pub const INSECURE_GO_ON: &str = "Connect anyway";
/// Goes on after a warning.
pub const GO_ON: &str = "Go on";
/// Above the providers.
pub const CHOOSE: &str = "Choose how to sign in";
/// Below the page while the provider's page is loading.
pub const LEAVING_TEXT: &str = "You come back here afterwards.";
/// The remembered servers.
pub const KNOWN: &str = "Your servers";
/// Addresses that whoever runs this app suggests.
pub const SUGGESTED: &str = "Suggested";
/// Signs in.
pub const SIGN_IN: &str = "Sign in";
/// Signs out.
pub const SIGN_OUT: &str = "Sign out";
/// Opens the lobby at a server.
pub const OPEN: &str = "Open";
/// Copies the address of a server.
pub const COPY_ADDRESS: &str = "Copy address";
/// The address is in the clipboard.
pub const COPIED: &str = "Address copied.";
/// The browser did not let it into the clipboard.
pub const NOT_COPIED: &str =
    "This browser does not let Enfilade copy. The address stands below the server's name.";
/// Forgets a server.
pub const REMOVE: &str = "Remove";
/// Forgets a server, in a menu: something is asked first.
pub const REMOVE_MENU: &str = "Remove…";
/// Name of the panel about a session that has ended.
pub const EXPIRED_REGION: &str = "Session expired";
/// What was being written is kept.
pub const DRAFT_SAVED: &str = "Your draft is saved.";
/// Nothing was being written, as far as is known.
pub const NOTHING_LOST: &str = "Nothing you wrote is lost.";
/// Title of the callback page.
pub const SIGNING_IN: &str = "Signing you in";
/// Tries once more.
pub const TRY_AGAIN: &str = "Try again";
/// Leads to the connect page.
pub const TO_CONNECT: &str = "Back to the connect page";
/// Leads to an empty connect page.
pub const OTHER_SERVER: &str = "Connect to another server";
/// The remembered servers, beside the one the page is about.
pub const OTHERS: &str = "Your other servers";

/// The server is being looked for.
#[must_use]
pub fn probing(address: &str) -> String {
    format!("Looking for a server at {address}")
}

/// What an unencrypted connection means. `fell_back`: an encrypted one was tried first.
#[must_use]
pub fn insecure_text(address: &str, fell_back: bool) -> String {
    let tried = if fell_back {
        "An encrypted connection (https) was tried first and did not work. "
    } else {
        ""
    };
    format!(
        "{tried}Anyone on the way to {address} could read what you write and use your session. Connect only if you trust the whole network between you and it."
    )
}

/// Two servers have one sign-in.
#[must_use]
pub fn shared_title(server: &str, other: &str) -> String {
    format!("{server} uses the same sign-in as {other}")
}

/// What that means.
#[must_use]
pub fn shared_text(server: &str, other: &str) -> String {
    format!(
        "{server} signs people in through the same provider and client as {other}. Only go on if both are run by people you trust: each of them could then act in your name on the other."
    )
}

/// On the way to the sign-in page.
#[must_use]
pub fn leaving(server: &str) -> String {
    format!("Taking you to the sign-in page of {server}")
}

/// A sign-in button among several servers.
#[must_use]
pub fn sign_in_to(server: &str) -> String {
    format!("Sign in to {server}")
}

/// The link to a server's rooms among several servers.
#[must_use]
pub fn open_server(server: &str) -> String {
    format!("Open {server}")
}

/// The menu of a server.
#[must_use]
pub fn server_menu(server: &str) -> String {
    format!("More for {server}")
}

/// The question before a server is forgotten.
#[must_use]
pub fn remove_question(server: &str) -> String {
    format!("Remove {server}?")
}

/// What removing a server does.
#[must_use]
pub fn remove_text(server: &str) -> String {
    format!(
        "You are signed out of {server}, and this browser forgets it together with the drafts you have there. Your threads stay on the server."
    )
}

/// Heading of the panel about a session that has ended.
#[must_use]
pub fn waiting_title(server: &str, ended: bool) -> String {
    if ended {
        format!("Your session on {server} has ended")
    } else {
        format!("Sign in to {server} to go on")
    }
}

/// Why one is here.
#[must_use]
pub fn waiting_why(server: &str, end: Option<ExpiryReason>) -> String {
    match end {
        None => format!("You are signed out of {server}. That is about {server} only."),
        Some(ExpiryReason::Inactive) => {
            "Nobody had used Enfilade for a while, so it signed you out.".to_owned()
        }
        Some(ExpiryReason::Sealed) => {
            format!("This browser has lost the key to the session that was kept for {server}.")
        }
        Some(ExpiryReason::Elapsed) => format!(
            "Its time was over, and {server} has nothing to renew it with. That is about {server} only."
        ),
        Some(ExpiryReason::Refused | ExpiryReason::InvalidGrant) => {
            format!("{server} no longer accepts the session you had. That is about {server} only.")
        }
    }
}

/// What comes back after the sign-in.
#[must_use]
pub fn waiting_place(place: &str) -> String {
    format!("You come back to {place}.")
}

/// Why nothing happens by itself any more.
#[must_use]
pub fn stuck(server: &str) -> String {
    format!(
        "{server} ended the session right after each of the last sign-ins, so Enfilade has stopped sending you there. The server's clock or its sign-in settings may be wrong. You can try once more, or tell whoever runs {server}."
    )
}

/// The panel of an expired server in the lobby.
#[must_use]
pub fn expired_text(server: &str) -> String {
    format!("Sign in to {server} to go on where you were. What you typed is saved.")
}
