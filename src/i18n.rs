//! Every sentence of the app, as typed functions: what happened, what is safe, what to do.

pub mod banner;
pub mod composer;
pub mod connect;
pub mod desktop;
mod session;
mod sign_in;

pub mod errors;
pub mod find;
pub mod idle;

pub use session::*;
pub use sign_in::*;
pub mod lobby;
pub mod openhuman;
pub mod room;
pub mod rows;
pub mod shell;
pub mod thread;
pub mod timeline;
pub mod tools;
pub mod unread;

/// Storage could not be used; `full` says that it has no room left.
#[must_use]
pub fn storage_lost(full: bool) -> String {
    if full {
        "This browser's storage is full. What you type is safe while this page is open, but not after it is closed."
    } else {
        "This browser does not let Enfilade keep anything. What you type is safe while this page is open, but not after it is closed."
    }
    .to_owned()
}

/// A session has ended by itself.
#[must_use]
pub fn session_ended(server: &str) -> String {
    format!(
        "Your session on {server} has ended. What you typed is saved. Other servers go on working."
    )
}

/// The provider does not accept this app.
#[must_use]
pub fn provider_refuses_client(server: &str, code: &str) -> String {
    format!(
        "{server} cannot renew your session: its sign-in service does not accept this app ({code}). Your session goes on until it ends by itself. Please tell whoever runs the server."
    )
}

/// A server was tried in vain.
#[must_use]
pub fn still_no_answer(server: &str) -> String {
    format!("{server} still does not answer. Enfilade keeps trying.")
}

/// A thread could not be renamed.
#[must_use]
pub fn rename_failed() -> String {
    "The thread keeps its old name.".to_owned()
}

/// A thread could not be deleted.
#[must_use]
pub fn delete_failed() -> String {
    "The thread was not deleted.".to_owned()
}

/// The stream of an answer could not be had again.
#[must_use]
pub fn stream_lost(error: &crate::core::error::ApiError) -> String {
    let (title, _) = errors::api_error(error);
    format!(
        "{title}. What has arrived is kept. The server goes on working: open this thread again later to see the whole answer."
    )
}

/// Feedback was not taken.
#[must_use]
pub fn feedback_failed() -> String {
    "Your feedback was not sent.".to_owned()
}

/// A room as a place to go back to.
#[must_use]
pub fn place_room(room: &str) -> String {
    format!("the room \u{201c}{room}\u{201d}")
}

/// A thread as a place to go back to.
#[must_use]
pub fn place_thread(room: &str, thread: Option<&str>) -> String {
    match thread {
        Some(thread) => format!("the thread \u{201c}{thread}\u{201d} in \u{201c}{room}\u{201d}"),
        None => format!("your thread in \u{201c}{room}\u{201d}"),
    }
}

/// The list of servers could not be read.
#[must_use]
pub fn servers_unreadable() -> String {
    "The list of your servers could not be read and was set aside. Your drafts are safe: add the servers again to reach them.".to_owned()
}

/// The provider was not told of a sign-out.
#[must_use]
pub fn provider_not_told(server: &str) -> String {
    format!(
        "You are signed out of {server} here. Its sign-in service could not be told, so you may still be signed in there: close the browser on a shared computer."
    )
}

/// A server that keeps the session itself was not told of a sign-out.
#[must_use]
pub fn server_not_told(server: &str) -> String {
    format!(
        "You are signed out of {server} here. It could not be told, so your account may still be signed in there."
    )
}

/// The provider's own session goes on.
#[must_use]
pub fn provider_session_left(server: &str) -> String {
    format!(
        "You are signed out of {server} here. Its sign-in service may still know you: it was not visited, because another server is answering."
    )
}

/// Signed out.
#[must_use]
pub fn signed_out(server: &str) -> String {
    format!("You are signed out of {server}.")
}
