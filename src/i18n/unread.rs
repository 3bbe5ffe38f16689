//! Sentences about what is new, and about telling it outside the page.

/// Said of a thread with something new.
pub const NEW: &str = "new";
/// Said of a thread whose agent waits for the person's answer.
pub const WAITS: &str = "waits for your answer";
/// Said of a thread whose message waits until another run has ended.
pub const QUEUED: &str = "queued";

/// Turns notices on.
pub const NOTIFY: &str = "Notify me when an answer is done";
/// Turns them off.
pub const NOTIFY_OFF: &str = "Notices are on. Turn them off";
/// They are on now.
pub const NOTIFY_ON: &str =
    "You will be notified when an answer is done, or waits for you, while this page is hidden.";
/// The browser does not let the app tell anything.
pub const BLOCKED: &str = "Your browser blocks notices from this page. Allow them in the site's settings, beside its address, then try again.";

/// The words of a notice.
pub const DONE_BODY: &str = "The answer is done.";
/// The words of a notice where the answer is not whole.
pub const STOPPED_BODY: &str = "The answer has ended early. What came is kept.";
/// The words of a notice where a question waits.
pub const WAITS_BODY: &str = "The agent waits for your answer.";

/// The title of a notice: the thread, or its room where the thread has no name yet.
#[must_use]
pub fn notice_title(thread: Option<&str>, room: &str) -> String {
    match thread {
        Some(thread) => thread.to_owned(),
        None => format!("New thread in {room}"),
    }
}
