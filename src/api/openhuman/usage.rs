//! What the person has left to spend; needs a session, and is never asked for without one.

use serde_json::Value;

use super::text;
use crate::core::rpc::account::Usage;
use crate::core::rpc::envelope::{Answer, Call};
use crate::core::time::parse_rfc3339;

/// What is left.
#[must_use]
pub fn usage() -> Call {
    Call::bare("openhuman.team_get_usage")
}

/// Reads what is left; what is not said is not there.
#[must_use]
pub fn read_usage(answer: &Answer) -> Usage {
    let amount = |name: &str| answer.value().get(name).and_then(Value::as_f64);
    Usage {
        remaining: amount("remainingUsd"),
        budget: amount("cycleBudgetUsd"),
        ends: text(answer.value(), "cycleEndsAt").and_then(|at| parse_rfc3339(&at)),
    }
}

/// Which plan the account is on.
#[must_use]
pub fn plan() -> Call {
    Call::bare("openhuman.billing_get_current_plan")
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
            (Some(1.5), Some(10.0), Some(1000))
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
