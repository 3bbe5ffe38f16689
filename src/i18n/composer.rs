//! Sentences of the field in which a message is written.

use crate::core::composer::image::{MOST, MOST_BYTES, Refusal};

/// The field.
pub const MESSAGE: &str = "Message";
/// Sends the message.
pub const SEND: &str = "Send";
/// What sending does while an answer is being written.
pub const SEND_LATER: &str = "Send after this answer";
/// Ends the answer that is being written.
pub const STOP: &str = "Stop";
/// The text is from before.
pub const RESTORED: &str = "Draft restored";
/// The message is on its way.
pub const STARTING: &str = "Waiting for the answer";
/// The server is answering as much at once as it may.
pub const QUEUED: &str = "Waits for another answer on this server";
/// The browser has no network.
pub const OFFLINE: &str = "Offline. What you write is kept.";
/// What the keys do.
pub const KEYS: &str = "Enter sends, Shift+Enter begins a line";
/// What the keys do during a run.
pub const KEYS_LATER: &str = "Enter puts it in line, Shift+Enter begins a line";
/// Closes a notice.
pub const DISMISS: &str = "Dismiss";
/// Copies the text of an error.
pub const COPY_ERROR: &str = "Copy";

/// The list of the messages that wait for their turn.
pub const WAITING: &str = "Waiting messages";
/// What becomes of them during a run.
pub const WAITING_NOTE: &str = "Sent one by one when the answer is complete";
/// What becomes of them after a failure, or a reload.
pub const HELD_NOTE: &str = "Kept here, not sent by themselves";
/// Takes a waiting message back into the field.
pub const EDIT: &str = "Edit";
/// Removes a waiting message.
pub const REMOVE: &str = "Remove";
/// Sends a waiting message.
pub const SEND_NOW: &str = "Send now";
/// Said where an image of it is not here any more.
pub const HAS_MISSING: &str = "An image of it has to be chosen again: edit it first.";

/// Chooses images.
pub const ADD_IMAGES: &str = "Add images";
/// The images of the message.
pub const IMAGES: &str = "Images";
/// Chooses such an image again.
pub const CHOOSE_AGAIN: &str = "Choose again";
/// An image is being read.
pub const READING: &str = "Reading the image";
/// What stands in the way of a message with an image that is not here.
pub const MISSING: &str = "Choose the missing image again, or remove it";

/// There are more images in the message than may be sent.
#[must_use]
pub fn too_much() -> String {
    format!("{} Remove one.", limits())
}

fn limits() -> String {
    format!(
        "A message takes at most {MOST} images of {} MiB together.",
        MOST_BYTES / 1024 / 1024
    )
}

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

/// How long a very long message is.
#[must_use]
pub fn characters(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} characters")
}

/// What an image is called.
#[must_use]
pub fn image(number: u32) -> String {
    format!("Image {number}")
}

/// What the image of a kept draft is called.
#[must_use]
pub fn image_gone(number: u32) -> String {
    format!("Image {number}, not available")
}

/// Takes an image out of the message.
#[must_use]
pub fn remove_image(number: u32) -> String {
    format!("Remove image {number}")
}

/// How many images a waiting message has.
#[must_use]
pub fn images(count: usize) -> String {
    if count == 1 {
        "1 image".to_owned()
    } else {
        format!("{count} images")
    }
}

/// How many names are said.
const NAMES: usize = 4;

/// Which files do not go with the message, and why; nothing if there are none.
#[must_use]
pub fn refused(files: &[(String, Refusal)]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in files.iter().take(NAMES) {
        names.push(name);
    }
    let mut said = format!("Not added: {}", names.join(", "));
    if files.len() > NAMES {
        said.push_str(&format!(" and {} more", files.len() - NAMES));
    }
    said.push('.');
    let has = |wanted: &[Refusal]| files.iter().any(|(_, why)| wanted.contains(why));
    if has(&[Refusal::Heic]) {
        said.push_str(" HEIC photos have to be saved as JPEG first.");
    }
    if has(&[Refusal::Svg, Refusal::Other, Refusal::Heic]) {
        said.push_str(" PNG, JPEG, WebP and GIF images can be sent.");
    }
    if has(&[Refusal::TooMany, Refusal::TooLarge]) {
        said.push_str(&format!(" {}", limits()));
    }
    if has(&[Refusal::Unwanted]) {
        said.push_str(" This server takes text only.");
    }
    if has(&[Refusal::Unreadable]) {
        said.push_str(" The browser could not read every file.");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_files_are_named_up_to_four_and_each_reason_is_said_once() {
        let files = |list: &[(&str, Refusal)]| {
            let owned = |(name, why): &(&str, Refusal)| ((*name).to_owned(), *why);
            refused(&list.iter().map(owned).collect::<Vec<_>>())
        };
        assert_eq!(files(&[]), "");
        assert_eq!(
            files(&[("a.svg", Refusal::Svg)]),
            "Not added: a.svg. PNG, JPEG, WebP and GIF images can be sent."
        );
        assert_eq!(
            files(&[
                ("a", Refusal::TooMany),
                ("b", Refusal::TooLarge),
                ("c", Refusal::TooMany),
                ("d", Refusal::TooMany),
                ("e", Refusal::Heic),
                ("f", Refusal::Unreadable),
            ]),
            "Not added: a, b, c, d and 2 more. HEIC photos have to be saved as JPEG first. PNG, JPEG, WebP and GIF \
             images can be sent. A message takes at most 4 images of 15 MiB together. The browser could not read every file."
        );
    }

    #[test]
    fn a_count_has_its_thousands_apart() {
        assert_eq!(characters(20_001), "20,001 characters");
        assert_eq!(characters(1_000_000), "1,000,000 characters");
        assert_eq!(characters(7), "7 characters");
    }
}
