//! Usage, plan and balance, as the hosted service tells them.

use std::sync::Arc;

use serde_json::json;

use super::Core;
use super::dispatch::Answer;
use super::hosted::Request;
use super::params::Params;

/// `team_get_usage`
pub fn usage(core: &Arc<Core>, _: &Params) -> Answer {
    Request::plain("GET", "/teams/me/usage").session(core)?;
    Ok(json!({
        "remainingUsd": 7.25, "cycleBudgetUsd": 20.0, "cycleLimit5hr": 1.4, "cycleLimit7day": 6.1,
        "fiveHourCapUsd": 4.0, "fiveHourResetsAt": "2030-01-01T05:00:00Z",
        "cycleStartDate": "2029-12-25T00:00:00Z", "cycleEndsAt": "2030-01-01T00:00:00Z",
    }))
}

/// `team_list_teams`
pub fn teams(core: &Arc<Core>, _: &Params) -> Answer {
    let session = Request::plain("GET", "/teams").session(core)?;
    Ok(json!([{"_id": session.user["activeTeamId"], "name": "Personal", "role": "ADMIN"}]))
}

/// `billing_get_current_plan`
pub fn plan(core: &Arc<Core>, _: &Params) -> Answer {
    Request::plain("GET", "/billing/plan").session(core)?;
    Ok(
        json!({"plan": "BASIC", "hasActiveSubscription": true, "planExpiry": "2030-01-01T00:00:00Z", "subscription": {"status": "active"}}),
    )
}

/// `billing_get_balance`
pub fn balance(core: &Arc<Core>, _: &Params) -> Answer {
    Request::plain("GET", "/billing/balance").session(core)?;
    Ok(json!({"promotionBalanceUsd": 2.5, "teamTopupUsd": 0.0}))
}
