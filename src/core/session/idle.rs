//! When sessions that nobody uses end: first a warning, then the end, by the wall clock alone.

use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
/// Longer than anybody waits, and far from where sums overflow, in milliseconds.
const LONGEST: i64 = 365 * 24 * 60 * MINUTE;

/// How long nobody may do anything. Where either time is zero or less, sessions never end for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// From the last activity to the warning, in milliseconds.
    pub warn_after_ms: i64,
    /// From the warning to the end, in milliseconds.
    pub sign_out_after_ms: i64,
}

impl Default for Limits {
    /// 10 minutes, then 5.
    fn default() -> Self {
        Self {
            warn_after_ms: 10 * MINUTE,
            sign_out_after_ms: 5 * MINUTE,
        }
    }
}

/// Where the clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Sessions do not end for this.
    Off,
    /// All is well until then, in milliseconds since 1970.
    Watching {
        /// When the warning is due.
        until: i64,
    },
    /// Somebody has to say that they are still there.
    Warned {
        /// When sessions end, in milliseconds since 1970.
        deadline: i64,
    },
    /// Sessions have ended.
    Over,
}

impl Limits {
    /// Reads `{"warn_after_minutes": 10, "sign_out_after_minutes": 5}`; what is missing or no number takes its
    /// default.
    #[must_use]
    pub fn from_config(value: &serde_json::Value) -> Self {
        let minutes = |name: &str, default: i64| {
            let minutes = value.get(name).and_then(serde_json::Value::as_f64);
            minutes.map_or(default, |minutes| milliseconds(minutes).clamp(0, LONGEST))
        };
        let default = Self::default();
        Self {
            warn_after_ms: minutes("warn_after_minutes", default.warn_after_ms),
            sign_out_after_ms: minutes("sign_out_after_minutes", default.sign_out_after_ms),
        }
    }

    /// Whether sessions end for this at all.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.warn_after_ms > 0 && self.sign_out_after_ms > 0
    }

    /// From the last activity to the end, in whole minutes, at least one.
    #[must_use]
    pub fn minutes(self) -> i64 {
        let all = self.warn_after_ms.saturating_add(self.sign_out_after_ms);
        (all / MINUTE).max(1)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "too large a number becomes the largest there is"
)]
fn milliseconds(minutes: f64) -> i64 {
    // Rounded up: a little more than zero is not "never".
    (minutes * 60_000.0).ceil() as i64
}

/// Where the clock stands at `now`, when somebody last did something at `last`. A clock that was set back leaves
/// `last` in the future: then somebody was there just now. A leap forward is a machine that has slept.
#[must_use]
pub fn phase(last: i64, now: i64, limits: Limits) -> Phase {
    if !limits.is_on() {
        return Phase::Off;
    }
    let until = last.min(now).saturating_add(limits.warn_after_ms);
    let deadline = until.saturating_add(limits.sign_out_after_ms);
    if now < until {
        Phase::Watching { until }
    } else if now < deadline {
        Phase::Warned { deadline }
    } else {
        Phase::Over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn the_longest_time_is_a_year() {
        assert_eq!(LONGEST, 31_536_000_000);
    }

    fn limits(warn_after_ms: i64, sign_out_after_ms: i64) -> Limits {
        Limits {
            warn_after_ms,
            sign_out_after_ms,
        }
    }

    #[test]
    fn the_warning_comes_after_ten_minutes_and_the_end_five_later() {
        let limits = Limits::default();
        assert_eq!(limits, self::limits(10 * MINUTE, 5 * MINUTE));
        assert_eq!(limits.minutes(), 15);
        let (until, deadline) = (NOW + 10 * MINUTE, NOW + 15 * MINUTE);
        for (now, expected) in [
            (NOW, Phase::Watching { until }),
            (until - 1, Phase::Watching { until }),
            (until, Phase::Warned { deadline }),
            (deadline - 1, Phase::Warned { deadline }),
            (deadline, Phase::Over),
            (NOW + 1000 * deadline, Phase::Over),
        ] {
            assert_eq!(phase(NOW, now, limits), expected);
        }
    }

    #[test]
    fn zero_or_less_of_either_time_turns_it_off() {
        for (warn, end) in [
            (0, 0),
            (0, 1),
            (1, 0),
            (-1, 1),
            (1, -1),
            (i64::MIN, i64::MAX),
        ] {
            assert!(!limits(warn, end).is_on());
            assert_eq!(phase(0, NOW, limits(warn, end)), Phase::Off);
        }
        assert!(limits(1, 1).is_on());
    }

    #[test]
    fn a_clock_that_was_set_back_is_no_reason_to_end_anything() {
        let until = NOW + 10 * MINUTE;
        assert_eq!(
            phase(NOW + 365 * 24 * 60 * MINUTE, NOW, Limits::default()),
            Phase::Watching { until }
        );
    }

    #[test]
    fn the_configuration_speaks_of_minutes() {
        let read = |value| Limits::from_config(&value);
        assert_eq!(
            read(json!({"warn_after_minutes": 20, "sign_out_after_minutes": 0.5})),
            limits(20 * MINUTE, MINUTE / 2)
        );
        assert_eq!(
            read(json!({"warn_after_minutes": 0})),
            limits(0, 5 * MINUTE)
        );
        assert!(!read(json!({"warn_after_minutes": -3})).is_on());
        assert!(read(json!({"warn_after_minutes": 1e-9})).is_on());
        assert_eq!(
            read(json!({"warn_after_minutes": 1e300, "sign_out_after_minutes": -1e300})),
            limits(LONGEST, 0)
        );
        for nothing in [
            json!(null),
            json!([]),
            json!("off"),
            json!({}),
            json!({"warn_after_minutes": "20", "sign_out_after_minutes": null}),
        ] {
            assert_eq!(read(nothing), Limits::default());
        }
    }

    proptest! {
        #[test]
        fn no_numbers_make_it_panic(last in any::<i64>(), now in any::<i64>(), warn in any::<i64>(), end in any::<i64>()) {
            let limits = limits(warn, end);
            let _ = limits.minutes();
            prop_assert_eq!(phase(last, now, limits) == Phase::Off, !limits.is_on());
        }

        #[test]
        fn time_only_brings_the_end_nearer_and_activity_only_moves_it_away(
            last in 0..NOW, now in 0..NOW, later in 0..NOW, warn in 1..LONGEST, end in 1..LONGEST,
        ) {
            let limits = limits(warn, end);
            let rank = |phase| match phase {
                Phase::Off => unreachable!("both times are above zero"),
                Phase::Watching { .. } => 0,
                Phase::Warned { .. } => 1,
                Phase::Over => 2,
            };
            let now_at = rank(phase(last, now, limits));
            prop_assert!(rank(phase(last, now + later, limits)) >= now_at);
            prop_assert!(rank(phase(last + later, now, limits)) <= now_at);
            prop_assert_eq!(rank(phase(now, now, limits)), 0);
            match phase(last, now, limits) {
                Phase::Watching { until } => prop_assert_eq!(rank(phase(last.min(now), until, limits)), 1),
                Phase::Warned { deadline } => prop_assert_eq!(phase(last, deadline, limits), Phase::Over),
                _ => {}
            }
        }
    }
}
