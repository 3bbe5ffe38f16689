//! Sentences of the desktop shell.

/// The server that the shell brings along.
pub const THIS_COMPUTER: &str = "This computer";
/// Where it runs, in place of an address.
pub const ON_THIS_COMPUTER: &str = "runs with this window";
/// It is on its way.
pub const STARTING: &str = "The server on this computer is starting";
/// What that means.
pub const STARTING_TEXT: &str = "This takes a few seconds. What you type is safe meanwhile.";
/// It does not run.
pub const STOPPED: &str = "The server on this computer has stopped";
/// Starts it.
pub const START_AGAIN: &str = "Try again";
/// Opens the browser once more.
pub const OPEN_AGAIN: &str = "Open again";
/// Gives up.
pub const CANCEL: &str = "Cancel";
/// What to do meanwhile.
pub const OUTSIDE_TEXT: &str = "Sign in there; this window goes on by itself afterwards. You can close the browser's page at any time and nothing is lost.";
/// The browser did not open.
pub const NOT_OPENED: &str = "Your browser could not be opened";
/// What to do then.
pub const NOT_OPENED_TEXT: &str =
    "Try again, or copy the address and open it in a browser on this computer.";
/// Copies the address of the sign-in page.
pub const COPY_ADDRESS: &str = "Copy address";
/// It is copied.
pub const COPIED: &str = "Address copied.";
/// It is not copied.
pub const NOT_COPIED: &str = "This window may not copy. Please open the address again.";
/// How sessions are kept.
pub const KEEP_TITLE: &str = "Your sign-ins are kept on this computer without protection";
/// Why, and what one may choose.
pub const KEEP_TEXT: &str = "No keychain answers here, so they lie in Enfilade's own storage, where other programs that run as you could read them. You can have them forgotten as soon as you close the window instead; then you sign in each time.";
/// Goes on so.
pub const KEEP_THEM: &str = "Keep me signed in";
/// Not so.
pub const KEEP_UNTIL_CLOSED: &str = "Keep until I close the window only";
/// The browser did not open for a link.
pub const LINK_NOT_OPENED: &str =
    "Your browser could not be opened for this link. Please try again.";

/// Why the server on this computer does not run.
#[must_use]
pub fn stopped_text(is_missing: bool) -> &'static str {
    if is_missing {
        "Its program is missing from this installation. Your other servers go on working, and what you typed is safe."
    } else {
        "It may start again by itself. You stay signed in, your other servers go on working, and what you typed is safe."
    }
}

/// The sign-in page is open elsewhere.
#[must_use]
pub fn outside_title(server: &str) -> String {
    format!("The sign-in page of {server} is open in your browser")
}

/// It is about to open.
#[must_use]
pub fn opening(server: &str) -> String {
    format!("Opening the sign-in page of {server} in your browser")
}

/// Signed out in this window.
#[must_use]
pub fn signed_out(server: &str) -> String {
    format!(
        "You are signed out of {server} here. Your browser may still be signed in at its sign-in service."
    )
}

/// Another provider, or another request, has been answered.
#[must_use]
pub fn code_refused() -> (String, String) {
    (
        "The answer was not for this sign-in".to_owned(),
        "What came back from the sign-in page does not belong to the sign-in of this window, so it was not used. What you typed is safe. Please sign in again.".to_owned(),
    )
}

/// The code could not be redeemed.
#[must_use]
pub fn code_not_redeemed(server: &str) -> (String, String) {
    (
        "The sign-in was not finished".to_owned(),
        format!(
            "The sign-in service of {server} gave no session for it. What you typed is safe. Please sign in again; if it happens again, tell whoever runs {server}."
        ),
    )
}
