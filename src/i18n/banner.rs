//! Sentences of the banners about a server that is away and a session that is about to end.

/// Tries the server at once.
pub const TRY_NOW: &str = "Try now";
/// Signs in while the session is still good.
pub const SIGN_IN_AGAIN: &str = "Sign in again";
/// What happens while a server is away, and what is safe.
pub const AWAY_TEXT: &str = "Enfilade keeps trying; nothing you wrote is lost.";
/// What to do before the session ends.
pub const ENDING_TEXT: &str =
    "It cannot be renewed by itself. Sign in again now; your draft is kept.";

/// A server does not answer, or its session cannot be renewed just now.
#[must_use]
pub fn away(server: &str) -> String {
    format!("{server} does not answer")
}

/// How long a session still lasts; `left` in milliseconds. Stays true while the time goes on.
#[must_use]
pub fn ending(server: &str, left: i64) -> String {
    if left <= 0 {
        return format!("Your session on {server} has run out");
    }
    let (count, unit) = match left / 60_000 {
        0 => return format!("Your session on {server} ends in less than a minute"),
        minutes @ ..60 => (minutes + 1, "minutes"),
        minutes @ ..2_880 => (minutes / 60 + 1, "hours"),
        minutes => (minutes / 1_440 + 1, "days"),
    };
    format!("Your session on {server} ends in less than {count} {unit}")
}

/// Said once, when the banner comes: the time in it changes too often to be read out.
#[must_use]
pub fn ends_soon(server: &str) -> String {
    format!("Your session on {server} ends soon. Sign in again to go on without a break.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_told_is_never_shorter_than_what_is_left() {
        const MINUTE: i64 = 60_000;
        for (left, said) in [
            (-MINUTE, "has run out"),
            (0, "has run out"),
            (1, "ends in less than a minute"),
            (MINUTE - 1, "ends in less than a minute"),
            (MINUTE, "ends in less than 2 minutes"),
            (4 * MINUTE - 1, "ends in less than 4 minutes"),
            (60 * MINUTE - 1, "ends in less than 60 minutes"),
            (60 * MINUTE, "ends in less than 2 hours"),
            (48 * 60 * MINUTE - 1, "ends in less than 48 hours"),
            (48 * 60 * MINUTE, "ends in less than 3 days"),
        ] {
            assert_eq!(
                ending("Harbor", left),
                format!("Your session on Harbor {said}"),
                "{left}"
            );
        }
    }
}
