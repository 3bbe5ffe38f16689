//! Sentences of the room page: its threads and its neighbours.

/// The list of a server's rooms.
pub const ROOMS: &str = "Rooms";
/// The list of a room's threads.
pub const THREADS: &str = "Threads";
/// Begins a thread; also the name of a thread without one.
pub const NEW_THREAD: &str = "New thread";
/// Heading of the threads of this day.
pub const TODAY: &str = "Today";
/// Heading of all other threads.
pub const EARLIER: &str = "Earlier";
/// Said of a thread whose answer is being written.
pub const RUNNING: &str = "answering";
/// The room has no threads.
pub const NO_THREADS: &str = "No threads yet. Your first message begins one.";
/// The server has no rooms for this person.
pub const NO_ROOMS: &str = "No rooms for you here.";
/// Tries again what failed.
pub const RETRY: &str = "Try again";
/// Changes a thread's name.
pub const RENAME: &str = "Rename";
/// Removes a thread.
pub const DELETE: &str = "Delete";
/// Leaves things as they are.
pub const CANCEL: &str = "Cancel";
/// The field in which a thread is renamed.
pub const THREAD_NAME: &str = "Thread name";
/// Asks before a thread is deleted.
pub const DELETE_TITLE: &str = "Delete this thread?";
/// Signs in again.
pub const SIGN_IN: &str = "Sign in";
/// The panel of an ended session.
pub const SESSION_EXPIRED: &str = "Session expired";

/// The room does not exist, or is not for this person.
pub const ROOM_NOT_HERE: &str = "This room is not here";
/// What to do without the room.
pub const ROOM_NOT_HERE_TEXT: &str =
    "It may have been removed, or it is not open to you. The other rooms are where they were.";
/// Leads to the lobby.
pub const TO_LOBBY: &str = "Go to the lobby";

/// The button with a thread's actions.
#[must_use]
pub fn thread_actions(name: &str) -> String {
    format!("Actions for {name}")
}

/// What deleting a thread means.
#[must_use]
pub fn delete_text(name: &str) -> String {
    format!("“{name}” and everything in it will be removed from the server. This cannot be undone.")
}

/// The session has ended while the room is open.
#[must_use]
pub fn session_ended(server: &str) -> String {
    format!("Your session on {server} has ended")
}

/// What is safe after the session has ended.
pub const SESSION_ENDED_TEXT: &str = "What you typed is saved. Sign in to go on where you are.";

/// How long ago something was, in one short word; `elapsed` in milliseconds.
#[must_use]
pub fn ago(elapsed: i64) -> String {
    let minutes = elapsed / 60_000;
    match minutes {
        ..1 => "now".to_owned(),
        1..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        1_440..43_200 => format!("{} d", minutes / 1_440),
        43_200..525_600 => format!("{} mo", minutes / 43_200),
        _ => format!("{} y", minutes / 525_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_largest_whole_unit() {
        for (elapsed, want) in [
            (-5_000, "now"),
            (59_999, "now"),
            (60_000, "1 min"),
            (3_599_999, "59 min"),
            (3_600_000, "1 h"),
            (86_399_999, "23 h"),
            (86_400_000, "1 d"),
            (29 * 86_400_000, "29 d"),
            (30 * 86_400_000, "1 mo"),
            (364 * 86_400_000, "12 mo"),
            (365 * 86_400_000, "1 y"),
        ] {
            assert_eq!(ago(elapsed), want, "{elapsed}");
        }
    }
}
