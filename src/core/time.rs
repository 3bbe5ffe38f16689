//! Points in time, as milliseconds since 1970 in UTC, and their text form.

/// A day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// A day of the calendar, where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalDay {
    number: i64,
    year: i64,
}

/// How far back a day is, as far as people have words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayDistance {
    /// The same day.
    Today,
    /// The day before.
    Yesterday,
    /// Two to six days ago: the name of the day says which.
    ThisWeek,
    /// Some other day of the same year.
    ThisYear,
    /// A day of another year.
    OtherYear,
}

impl LocalDay {
    /// The day of this year, month and day of the month, both from 1.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Self {
        Self {
            number: days_from_civil(year, month, day),
            year,
        }
    }

    /// How far back this day is from `today`. A day that is still to come is told by its date.
    #[must_use]
    pub fn distance(self, today: Self) -> DayDistance {
        match today.number - self.number {
            0 => DayDistance::Today,
            1 => DayDistance::Yesterday,
            2..=6 => DayDistance::ThisWeek,
            _ if self.year == today.year => DayDistance::ThisYear,
            _ => DayDistance::OtherYear,
        }
    }
}

/// Reads an RFC 3339 time as milliseconds since 1970 UTC.
///
/// Servers write times without a zone; those are UTC. Fractions of any length are cut to milliseconds.
/// `None` for everything that is not a time.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.trim().as_bytes();
    let (date, rest) = bytes.split_at_checked(10)?;
    if date.get(4) != Some(&b'-') || date.get(7) != Some(&b'-') {
        return None;
    }
    let year = digits(date.get(0..4)?)?;
    let month = digits(date.get(5..7)?)?;
    let day = digits(date.get(8..10)?)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let (clock, rest) = rest.split_at_checked(9)?;
    if !matches!(clock.first(), Some(b'T' | b't' | b' '))
        || clock.get(3) != Some(&b':')
        || clock.get(6) != Some(&b':')
    {
        return None;
    }
    let hour = digits(clock.get(1..3)?)?;
    let minute = digits(clock.get(4..6)?)?;
    // 60 is a leap second: it becomes the first second of the next minute.
    let second = digits(clock.get(7..9)?)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, zone) = fraction(rest)?;
    let offset = zone_offset(zone)?;
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(days_from_civil(year, month, day) * DAY_MS + seconds * 1000 + millis - offset)
}

/// Writes milliseconds since 1970 as RFC 3339 in UTC, always with three decimals and `Z`.
#[must_use]
pub fn format_rfc3339(ms: i64) -> String {
    let (year, month, day) = civil_from_days(ms.div_euclid(DAY_MS));
    let rest = ms.rem_euclid(DAY_MS);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        rest % 1000
    )
}

/// Writes milliseconds since 1970 as RFC 3339 in a zone so many minutes ahead of UTC, to the second.
#[must_use]
pub fn format_local(ms: i64, offset: i32) -> String {
    let local = format_rfc3339(ms + i64::from(offset) * 60_000);
    let local = local.split('.').next().unwrap_or_default();
    if offset == 0 {
        return format!("{local}Z");
    }
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The day of the week, by its English name.
#[must_use]
pub fn weekday(ms: i64) -> &'static str {
    // 1 January 1970 was a Thursday.
    match ms.div_euclid(DAY_MS).rem_euclid(7) {
        0 => "Thursday",
        1 => "Friday",
        2 => "Saturday",
        3 => "Sunday",
        4 => "Monday",
        5 => "Tuesday",
        _ => "Wednesday",
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |sum: i64, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.' | b',', tail)) = rest.split_first() else {
        return Some((0, rest));
    };
    let len = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, zone) = tail.split_at_checked(len)?;
    if number.is_empty() {
        return None;
    }
    let kept = number.get(..3.min(len))?;
    let scale = [100, 10, 1].get(kept.len() - 1)?;
    Some((digits(kept)? * scale, zone))
}

fn zone_offset(zone: &[u8]) -> Option<i64> {
    let sign = match zone.first() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (zone.len() == 1).then_some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let (hours, minutes) = match zone.get(1..)? {
        [a, b] => (digits(&[*a, *b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// Both directions count years from March, so that the leap day is the last day of a year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of the month of a day that is counted from 1970.
#[must_use]
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_times_are_read_to_the_millisecond() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("1969-12-31T23:59:59.5Z", -500),
            ("2026-11-20T15:54:53.665531", 1_795_190_093_665),
            ("2026-11-20 15:54:53.665531Z", 1_795_190_093_665),
            ("2026-11-20T16:54:53.665+01:00", 1_795_190_093_665),
            ("2026-11-20T07:54:53.665-0800", 1_795_190_093_665),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] {
            assert_eq!(parse_rfc3339(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn days_are_told_by_how_far_back_they_are() {
        let today = LocalDay::new(2026, 3, 3);
        for ((year, month, day), distance) in [
            ((2026, 3, 3), DayDistance::Today),
            ((2026, 3, 2), DayDistance::Yesterday),
            ((2026, 3, 1), DayDistance::ThisWeek),
            ((2026, 2, 25), DayDistance::ThisWeek),
            ((2026, 2, 24), DayDistance::ThisYear),
            ((2026, 3, 4), DayDistance::ThisYear),
            ((2025, 12, 31), DayDistance::OtherYear),
            ((2027, 1, 1), DayDistance::OtherYear),
        ] {
            let day = LocalDay::new(year, month, day);
            assert_eq!(day.distance(today), distance, "{day:?}");
        }
        let new_year = LocalDay::new(2026, 1, 1);
        assert_eq!(
            LocalDay::new(2025, 12, 31).distance(new_year),
            DayDistance::Yesterday,
            "also over the turn of a year"
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026",
            "2026-11-20",
            "2026-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1",
            "2026-01-01T00:00:00Zjunk",
            "2026-01-01X00:00:00Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00€",
            "２026-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_with_milliseconds_and_zone() {
        assert_eq!(
            format_rfc3339(1_795_190_093_665),
            "2026-11-20T15:54:53.665Z"
        );
        assert_eq!(format_rfc3339(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(format_rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn a_local_time_tells_its_zone_and_its_day() {
        let at = 1_795_190_093_665;
        assert_eq!(format_local(at, 0), "2026-11-20T15:54:53Z");
        assert_eq!(format_local(at, 330), "2026-11-20T21:24:53+05:30");
        assert_eq!(format_local(at, -570), "2026-11-20T06:24:53-09:30");
        assert_eq!(weekday(at), "Friday");
        assert_eq!(weekday(0), "Thursday");
        assert_eq!(weekday(-1), "Wednesday");
    }

    proptest! {
        #[test]
        fn a_written_time_reads_back_as_itself(ms in -62_167_219_200_000_i64..253_402_300_800_000) {
            prop_assert_eq!(parse_rfc3339(&format_rfc3339(ms)), Some(ms));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            let _ = parse_rfc3339(&text);
        }

        #[test]
        fn no_number_makes_the_writer_panic(ms in any::<i64>()) {
            prop_assert!(format_rfc3339(ms).ends_with('Z'));
        }
    }
}
