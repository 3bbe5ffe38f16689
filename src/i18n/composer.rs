//! Sentences of the field in which a message is written.

/// The field.
pub const MESSAGE: &str = "Message";
/// Sends the message.
pub const SEND: &str = "Send";
/// Ends the answer that is being written.
pub const STOP: &str = "Stop";
/// The text is from before.
pub const RESTORED: &str = "Draft restored";
/// The message is on its way.
pub const STARTING: &str = "Waiting for the answer";
/// What the keys do.
pub const KEYS: &str = "Enter sends, Shift+Enter begins a line";

/// What the field says while it is empty.
#[must_use]
pub fn placeholder(room: &str) -> String {
    format!("Message {room}")
}

/// The stream has broken and is taken up again.
#[must_use]
pub fn resuming(attempt: u32, of: u32) -> String {
    format!("Connection lost, resuming ({attempt} of {of})")
}
