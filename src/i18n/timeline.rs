//! Sentences between the rows of a conversation: days, what is new, steps, and what is older.

use crate::core::time::civil_from_days;

/// Divides what came since the last visit from what was read.
pub const NEW_MESSAGES: &str = "New messages";
/// Said while older messages are on their way.
pub const LOADING_OLDER: &str = "Loading older messages";
/// Older messages have not come.
pub const OLDER_FAILED: &str = "Older messages could not be loaded.";
/// There is nothing older.
pub const BEGINNING: &str = "Beginning of the conversation";

const WEEKDAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day as one speaks of it on the day `today`; both counted from 1970.
#[must_use]
pub fn day(day: i64, today: i64) -> String {
    let (year, month, of_month) = civil_from_days(day);
    let month = usize::try_from(month - 1)
        .ok()
        .and_then(|at| MONTHS.get(at));
    let date = format!("{of_month} {}", month.unwrap_or(&""));
    match today.saturating_sub(day) {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        2..=6 => {
            let weekday = usize::try_from(day.rem_euclid(7)).ok();
            let weekday = weekday.and_then(|at| WEEKDAYS.get(at));
            format!("{}, {date}", weekday.unwrap_or(&""))
        }
        _ if civil_from_days(today).0 == year => date,
        _ => format!("{date} {year}"),
    }
}

/// The line that work is folded into: how many steps, how long they took, and whether some failed.
#[must_use]
pub fn steps(count: usize, milliseconds: Option<i64>, failed: usize) -> String {
    let mut said = format!("{count} steps");
    if let Some(time) = milliseconds.filter(|time| *time >= 0).map(duration) {
        said = format!("{said} · {time}");
    }
    if failed > 0 {
        said = format!("{said} · {failed} failed");
    }
    said
}

/// A stretch of time, short.
#[must_use]
pub fn duration(milliseconds: i64) -> String {
    let tenths = (milliseconds + 50) / 100;
    let seconds = (milliseconds + 500) / 1000;
    match seconds {
        0..=59 => format!("{}.{} s", tenths / 10, tenths % 10),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday, 21 November 2026.
    const TODAY: i64 = 20_778;

    #[test]
    fn days_are_named_as_one_speaks_of_them() {
        for (ago, said) in [
            (0, "Today"),
            (1, "Yesterday"),
            (2, "Thursday, 19 November"),
            (6, "Sunday, 15 November"),
            (7, "14 November"),
            (324, "1 January"),
            (325, "31 December 2025"),
            // A clock elsewhere that is ahead.
            (-1, "22 November"),
        ] {
            assert_eq!(day(TODAY - ago, TODAY), said, "{ago} days ago");
        }
    }

    #[test]
    fn steps_say_how_many_how_long_and_what_failed() {
        assert_eq!(steps(5, Some(12_300), 0), "5 steps · 12.3 s");
        assert_eq!(steps(3, None, 1), "3 steps · 1 failed");
        assert_eq!(steps(9, Some(65_000), 2), "9 steps · 1 min 5 s · 2 failed");
        assert_eq!(duration(59_960), "1 min 0 s");
        assert_eq!(duration(7_260_000), "2 h 1 min");
        assert_eq!(duration(40), "0.0 s");
    }
}
