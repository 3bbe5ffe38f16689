//! Connecting and signing in, in words: each with a title, and a sentence that says what to do.

use crate::core::error::ApiError;
use crate::core::server::id::AddressError;

/// What was typed is no address.
#[must_use]
pub fn bad_address(error: &AddressError) -> (String, String) {
    let text = match error {
        AddressError::Empty => "Type the address of a server, for example chat.example.org.".to_owned(),
        AddressError::InnerSpace => "An address has no spaces in it. Check what you typed.".to_owned(),
        AddressError::Scheme(scheme) => format!("Enfilade speaks to servers over https or http, not \u{201c}{scheme}\u{201d}."),
        AddressError::NonAsciiHost => "Type the name in its ASCII form (it begins with xn--).".to_owned(),
        _ => "Check the spelling. An address looks like chat.example.org or https://chat.example.org/base.".to_owned(),
    };
    ("This is not an address".to_owned(), text)
}

/// No server was found at the addresses tried. `mixed`: a secure page may not ask an insecure server.
#[must_use]
pub fn probe_failed(error: &ApiError, tried: &[String], mixed: bool) -> (String, String) {
    let list = tried.join(" or ");
    if mixed {
        return (
            "This page may not ask that server".to_owned(),
            format!(
                "{list} is not encrypted, and a browser does not let a secure page speak to it. Ask for its https address."
            ),
        );
    }
    let (title, rest) = match error {
        ApiError::Network => (
            "No server answers there",
            "Check the spelling, and whether the server is running. It may also have a certificate that this browser does not trust, or not allow this page to ask it: open the address in a new tab to see.".to_owned(),
        ),
        ApiError::Timeout => ("The server takes too long to answer", "It may be starting, or busy. Try again in a moment.".to_owned()),
        ApiError::NotFound { .. } => ("This is not a chat server", "Something answers there, but it does not know what Enfilade asks for. Check the address, also its path.".to_owned()),
        ApiError::Malformed { .. } => ("This is not a chat server", "Something answers there, but not as a chat server does. Check the address, also its path.".to_owned()),
        ApiError::Unauthorized | ApiError::PermissionDenied { .. } => ("The server does not let anybody in there", "It asks for credentials before it says how to sign in. Ask whoever runs it.".to_owned()),
        other => {
            let (title, text) = super::errors::api_error(other);
            return (title, format!("Asked: {list}. {text}"));
        }
    };
    (title.to_owned(), format!("Asked: {list}. {rest}"))
}

/// An address leads to a place that is no server.
#[must_use]
pub fn leads_elsewhere(address: &str, host: &str) -> (String, String) {
    (
        "That address leads elsewhere".to_owned(),
        format!(
            "{address} sends you on to {host}, and not to a chat server there. Check the address."
        ),
    )
}

/// A known server sends its visitors on to another address.
#[must_use]
pub fn server_moved(server: &str, address: &str) -> String {
    format!(
        "{server} has moved to {address}. If you trust that, connect to it there. What you typed is kept."
    )
}

/// The sign-in could not be kept for the way back.
#[must_use]
pub fn sign_in_cannot_be_kept() -> (String, String) {
    (
        "The sign-in cannot be started".to_owned(),
        "This browser does not let Enfilade keep what it needs for the way back. Allow it to store data, or make room, then try again.".to_owned(),
    )
}

/// Somebody came back from a sign-in that is not under way here.
#[must_use]
pub fn sign_in_not_live(expired: bool) -> (String, String) {
    if expired {
        (
            "This sign-in took too long".to_owned(),
            "It was started more than half an hour ago. Nothing was changed and what you typed is safe. Please sign in again.".to_owned(),
        )
    } else {
        (
            "This sign-in was not started here".to_owned(),
            "The address you came with does not belong to a sign-in of this browser, so it was not used. Nothing was changed. Please start the sign-in here.".to_owned(),
        )
    }
}

/// The way back brought nothing.
#[must_use]
pub fn sign_in_without_answer() -> (String, String) {
    (
        "The sign-in was not finished".to_owned(),
        "The server sent no answer along. What you typed is safe. Please sign in again.".to_owned(),
    )
}

/// The provider said no.
#[must_use]
pub fn sign_in_refused(code: &str, description: Option<&str>) -> (String, String) {
    let said = description.unwrap_or(code);
    let title = if code == "access_denied" {
        "The sign-in was cancelled"
    } else {
        "The sign-in did not work"
    };
    (
        title.to_owned(),
        format!("The sign-in service says: {said}. What you typed is safe. You can try again."),
    )
}
