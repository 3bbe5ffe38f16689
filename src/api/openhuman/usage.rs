//! What the person has left to spend; needs a session, and is never asked for without one.

use serde_json::Value;

use super::text;
use crate::core::rpc::account::Usage;
use crate::core::rpc::envelope::{Answer, Call};
use crate::core::time::parse_rfc3339;

/// Whoever waits for an answer waits for this too, in milliseconds.
const SHORT: u64 = 5_000;

/// What is left.
#[must_use]
pub fn usage() -> Call {
    Call::bare("openhuman.team_get_usage")
        .within(SHORT)
        .in_place()
}

/// Reads what is left; what is not said is not there.
#[must_use]
pub fn read_usage(answer: &Answer) -> Usage {
    let amount = |name: &str| answer.value().get(name).and_then(Value::as_f64).map(cents);
    Usage {
        remaining: amount("remainingUsd"),
        budget: amount("cycleBudgetUsd"),
        ends: text(answer.value(), "cycleEndsAt").and_then(|at| parse_rfc3339(&at)),
    }
}

/// Amounts come as dollars with a fraction.
fn cents(dollars: f64) -> i64 {
    // A float that is out of bounds, or none, becomes the nearest bound, or 0.
    #[allow(clippy::cast_possible_truncation)]
    let cents = (dollars * 100.0).round() as i64;
    cents
}

/// Which plan the account is on.
#[must_use]
pub fn plan() -> Call {
    Call::bare("openhuman.billing_get_current_plan")
        .within(SHORT)
        .in_place()
}

/// Reads the plan.
#[must_use]
pub fn read_plan(answer: &Answer) -> Option<String> {
    text(answer.value(), "plan")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_is_read_as_far_as_it_is_told() {
        let answer = Answer::from(
            json!({"result":{"remainingUsd":1.5,"cycleBudgetUsd":10,"cycleEndsAt":"1970-01-01T00:00:01Z"},"logs":["x"]}),
        );
        let usage = read_usage(&answer);
        assert_eq!(
            (usage.remaining, usage.budget, usage.ends),
            (Some(150), Some(1_000), Some(1000))
        );
        assert_eq!(
            read_usage(&Answer::from(json!({"remainingUsd":"much"}))),
            Usage::default()
        );
        assert_eq!(
            read_plan(&Answer::from(json!({"plan":"PRO"}))).as_deref(),
            Some("PRO")
        );
        assert_eq!(read_plan(&Answer::from(json!([]))), None);
    }
}
