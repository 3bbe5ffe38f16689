//! Sentences of the lobby.

/// Heading of the page's content.
pub const ROOMS_HEADING: &str = "Your rooms";
/// The list of rooms.
pub const ROOMS: &str = "Rooms";
/// The filter over all rooms.
pub const FILTER: &str = "Filter rooms";
/// Rooms are on their way.
pub const LOADING: &str = "Loading rooms";
/// The server has no rooms.
pub const NONE: &str = "No rooms here yet. Whoever runs the server can add some.";
/// The filter leaves nothing.
pub const NO_MATCH: &str = "No room here matches the filter.";
/// Loads again.
pub const RETRY: &str = "Retry";
/// Loads again, from a menu.
pub const RELOAD: &str = "Reload rooms";
/// The state of a server without accounts.
pub const OPEN: &str = "open, no sign-in needed";
/// Signed out by choice.
pub const SIGNED_OUT: &str = "You are signed out";

/// What signing in gives.
#[must_use]
pub fn signed_out_text(server: &str) -> String {
    format!("Sign in to see the rooms of {server}.")
}

/// A room in a list.
#[must_use]
pub fn room(name: &str, is_new: bool) -> String {
    if is_new {
        format!("{name}, {}", super::unread::NEW)
    } else {
        name.to_owned()
    }
}

/// How many servers can be used now.
#[must_use]
pub fn summary(connected: usize, all: usize) -> String {
    match (connected, all) {
        (1, 1) => "1 server connected".to_owned(),
        (connected, all) if connected == all => format!("{all} servers connected"),
        (connected, all) => format!("{connected} of {all} servers connected"),
    }
}

/// When something last happened in a room; times in milliseconds since 1970.
#[must_use]
pub fn active(now: i64, then: i64) -> String {
    let minutes = now.saturating_sub(then) / 60_000;
    let (count, unit) = match minutes {
        ..1 => return "Active just now".to_owned(),
        1..60 => (minutes, "min"),
        60..1_440 => (minutes / 60, "h"),
        1_440..43_200 => (minutes / 1_440, "d"),
        43_200..525_600 => (minutes / 43_200, "mo"),
        _ => (minutes / 525_600, "y"),
    };
    format!("Active {count} {unit} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_largest_unit_that_fits() {
        const MINUTE: i64 = 60_000;
        for (age, said) in [
            (-5 * MINUTE, "Active just now"),
            (59_999, "Active just now"),
            (MINUTE, "Active 1 min ago"),
            (59 * MINUTE, "Active 59 min ago"),
            (60 * MINUTE, "Active 1 h ago"),
            (24 * 60 * MINUTE, "Active 1 d ago"),
            (40 * 24 * 60 * MINUTE, "Active 1 mo ago"),
            (800 * 24 * 60 * MINUTE, "Active 2 y ago"),
        ] {
            assert_eq!(active(0, -age), said, "{age}");
        }
        assert_eq!(
            active(i64::MAX, i64::MIN),
            format!("Active {} y ago", i64::MAX / 60_000 / 525_600)
        );
    }

    #[test]
    fn the_summary_counts_only_what_can_be_used() {
        assert_eq!(summary(1, 1), "1 server connected");
        assert_eq!(summary(3, 3), "3 servers connected");
        assert_eq!(summary(1, 3), "1 of 3 servers connected");
    }
}
