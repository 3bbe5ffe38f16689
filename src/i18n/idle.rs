//! What is said to somebody who has not done anything for long.

/// Title of the warning.
pub const TITLE: &str = "Are you still there?";
/// Goes on as before.
pub const STAY: &str = "Stay signed in";
/// Ends it at once.
pub const SIGN_OUT: &str = "Sign out now";

/// What the warning says; the time that is left stands below.
pub const WARNING: &str = "Nobody has used Enfilade for a while. To keep others out, you will be signed out of every server. What you typed is saved.";

/// The time that is left as `mm:ss`, in whole seconds that have begun; never below zero.
#[must_use]
pub fn countdown(left_ms: i64) -> String {
    let (minutes, seconds) = parts(left_ms);
    format!("{minutes:02}:{seconds:02}")
}

/// The same in words.
#[must_use]
pub fn time_left(left_ms: i64) -> String {
    let (minutes, seconds) = parts(left_ms);
    let word = |count: i64, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    let seconds_words = word(seconds, "second", "seconds");
    match (minutes, seconds) {
        (0, _) => seconds_words,
        (_, 0) => word(minutes, "minute", "minutes"),
        _ => format!("{} and {seconds_words}", word(minutes, "minute", "minutes")),
    }
}

fn parts(left_ms: i64) -> (i64, i64) {
    let seconds = left_ms.max(0).saturating_add(999) / 1000;
    (seconds / 60, seconds % 60)
}

/// Sessions have ended because nobody was there.
#[must_use]
pub fn signed_out_idle(minutes: i64) -> String {
    let minutes = match minutes {
        1 => "a minute".to_owned(),
        _ => format!("{minutes} minutes"),
    };
    format!("You were signed out after {minutes} without activity. What you typed is saved.")
}

/// Somebody has ended them at the warning.
#[must_use]
pub fn signed_out_now() -> String {
    "You are signed out of every server. What you typed is saved.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_in_minutes_and_seconds() {
        for (left, short, words) in [
            (247_000, "04:07", "4 minutes and 7 seconds"),
            (246_000, "04:06", "4 minutes and 6 seconds"),
            (300_000, "05:00", "5 minutes"),
            (61_000, "01:01", "1 minute and 1 second"),
            (60_000, "01:00", "1 minute"),
            (59_001, "01:00", "1 minute"),
            (1, "00:01", "1 second"),
            (0, "00:00", "0 seconds"),
            (-5_000, "00:00", "0 seconds"),
            (6_000_000, "100:00", "100 minutes"),
        ] {
            assert_eq!(countdown(left), short);
            assert_eq!(time_left(left), words);
        }
    }

    #[test]
    fn the_notice_names_the_time_and_no_one() {
        assert_eq!(
            signed_out_idle(15),
            "You were signed out after 15 minutes without activity. What you typed is saved."
        );
        assert!(signed_out_idle(1).contains("after a minute without"));
    }
}
