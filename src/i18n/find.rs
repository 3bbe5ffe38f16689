//! Sentences of the search in a conversation.

/// The field, and the region that it is in.
pub const FIND: &str = "Find in conversation";
/// Goes to the match below.
pub const NEXT: &str = "Next match";
/// Goes to the match above.
pub const PREVIOUS: &str = "Previous match";
/// Ends the search.
pub const CLOSE: &str = "Close search";

/// Where one is among the matches; `more` while not everything has been looked through.
#[must_use]
pub fn count(current: usize, all: usize, more: bool) -> String {
    match (all, more) {
        (0, true) => "Searching".to_owned(),
        (0, false) => "No matches".to_owned(),
        (_, true) => format!("{current} of {all}, searching"),
        (_, false) => format!("{current} of {all}"),
    }
}
