//! Sentences of a conversation.

/// The conversation.
pub const CONVERSATION: &str = "Conversation";
/// Goes to the end of the conversation.
pub const JUMP: &str = "Jump to latest";
/// An answer has begun.
pub const STARTED: &str = "Answer started";
/// An answer is whole.
pub const COMPLETE: &str = "Answer complete";
/// An answer was ended by the person.
pub const STOPPED: &str = "Answer stopped";
/// There is no answer, for a reason that the page tells.
pub const FAILED: &str = "Answer failed";
/// The stream of an answer has broken and is taken up again.
pub const LOST: &str = "Connection lost, resuming";
/// A cut answer.
pub const PARTIAL: &str = "This answer is incomplete.";
/// A message that the server did not take.
pub const NOT_SENT: &str = "Not sent.";
/// A past run whose events are missing.
pub const GAP: &str =
    "This part of the conversation could not be loaded. Nothing else is affected.";
/// Reasoning that goes on.
pub const THINKING: &str = "Thinking…";
/// Reasoning that is over.
pub const THOUGHT: &str = "Thought";
/// What a tool was called with.
pub const ARGUMENTS: &str = "Arguments";
/// What a tool gave back.
pub const RESULT: &str = "Result";
/// A tool that is still at work.
pub const TOOL_RUNNING: &str = "running";
/// A tool whose result never came.
pub const TOOL_NO_RESULT: &str = "no result";
/// Copies a message.
pub const COPY: &str = "Copy";
/// Copies a code block.
pub const COPY_CODE: &str = "Copy code";
/// Said after copying.
pub const COPIED: &str = "Copied";
/// Said when the browser refuses to copy.
pub const NOT_COPIED: &str = "Could not copy";
/// Breaks the long lines of a code block.
pub const WRAP: &str = "Wrap lines";
/// A code block whose language is not known.
pub const CODE: &str = "code";
/// Tells the server that an answer was good.
pub const GOOD: &str = "Good answer";
/// Tells the server that an answer was bad.
pub const BAD: &str = "Bad answer";
/// The thread does not exist, or is another's.
pub const NOT_HERE: &str = "This thread is not here";
/// What to do without the thread.
pub const NOT_HERE_TEXT: &str = "It may have been deleted, or it belongs to someone else. Your other threads are where they were.";
/// Said while the conversation is being loaded.
pub const LOADING: &str = "Loading the conversation";
/// Invites to write, where a room says nothing itself.
pub const BEGIN: &str = "Type a message to begin.";

/// Who or what a message is from; `role` as in `data-role`.
#[must_use]
pub fn author(role: &str) -> &'static str {
    match role {
        "user" => "You",
        "assistant" => "Answer",
        "reasoning" => "Reasoning",
        "tool" => "Tool call",
        "activity" => "Activity",
        "event" => "Event",
        "sources" => "Sources",
        "error" => "Error",
        _ => "Notice",
    }
}

/// A tool that the agent called.
#[must_use]
pub fn tool_call(name: &str) -> String {
    format!("Tool call: {name}")
}

/// The button that goes to the end, with the number of messages below.
#[must_use]
pub fn jump(new: usize) -> String {
    match new {
        0 => JUMP.to_owned(),
        1 => "1 new message".to_owned(),
        _ => format!("{new} new messages"),
    }
}

/// A picture elsewhere, as a link.
#[must_use]
pub fn image(alt: &str) -> String {
    if alt.trim().is_empty() {
        "Image".to_owned()
    } else {
        format!("Image: {alt}")
    }
}
/// A ticked box of a task list.
pub const DONE: &str = "Done";
/// An empty box of a task list.
pub const TO_DO: &str = "To do";
/// An image did not load, for a reason that nobody tells.
pub const IMAGE_FAILED: &str = "It could not be loaded.";
/// An image from elsewhere that the page may not load.
pub const IMAGE_REFUSED: &str =
    "The policy of the server of this page does not allow images from elsewhere.";
/// Leads to an image that is not shown.
pub const IMAGE_OPEN: &str = "Open it in a new tab";

/// The button that loads an image from elsewhere.
#[must_use]
pub fn show_image(host: &str) -> String {
    format!("Show image from {host}")
}

/// A footnote, and what points to it.
#[must_use]
pub fn note(label: &str) -> String {
    format!("Note {label}")
}

/// Goes from a footnote to where the text points to it.
#[must_use]
pub fn note_back(label: &str) -> String {
    format!("Back to note {label} in the text")
}

/// A formula that cannot be drawn, with what is wrong in it.
#[must_use]
pub fn bad_formula(error: &str) -> String {
    format!("This formula is shown as its source: {error}")
}
