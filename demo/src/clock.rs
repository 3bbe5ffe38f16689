//! The time formats of the wire: ISO-8601 with microseconds, with and without a zone, and epoch milliseconds.

use jiff::Timestamp;

/// A moment in microseconds since the epoch, as stored.
pub type Micros = i64;

/// Now.
pub fn now() -> Micros {
    Timestamp::now().as_microsecond()
}

/// Now, in whole seconds since the epoch (JWT claims).
pub fn now_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// `2026-11-20T15:54:53.665531`: the form without a zone, which means UTC.
pub fn naive(moment: Micros) -> String {
    Timestamp::from_microsecond(moment)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%S%.6f")
        .to_string()
}

/// The same with a `Z`.
pub fn zoned(moment: Micros) -> String {
    format!("{}Z", naive(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_microseconds_with_and_without_a_zone() {
        assert_eq!(naive(1_500_001), "1970-01-01T00:00:01.500001");
        assert_eq!(zoned(0), "1970-01-01T00:00:00.000000Z");
    }
}
