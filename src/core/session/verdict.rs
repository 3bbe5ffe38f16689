//! What a failed refresh and a repeated round trip mean for a session.

use super::machine::ExpiryReason;
use super::token::{RefreshFailure, Tokens};

/// What follows from a failed refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// The session stays; the next attempt comes by itself.
    KeepAndRetry,
    /// The session stays, but trying again is of no use before something changes.
    KeepAndStop,
    /// The session ends now.
    Expire(ExpiryReason),
}

/// What a failed refresh means (`decisions.md` section 2). `refused` says that the server has already
/// refused the access token, so that its remaining lifetime counts for nothing.
#[must_use]
pub fn after_failure(
    failure: &RefreshFailure,
    tokens: &Tokens,
    now: i64,
    refused: bool,
) -> AfterFailure {
    let living = !refused && !tokens.is_dead(now);
    match failure {
        RefreshFailure::Transient { .. } | RefreshFailure::Malformed => AfterFailure::KeepAndRetry,
        RefreshFailure::Configuration(_) => AfterFailure::KeepAndStop,
        RefreshFailure::InvalidGrant
        | RefreshFailure::OtherUser
        | RefreshFailure::NoRefreshToken
            if living =>
        {
            AfterFailure::KeepAndStop
        }
        RefreshFailure::InvalidGrant | RefreshFailure::OtherUser => {
            AfterFailure::Expire(ExpiryReason::InvalidGrant)
        }
        RefreshFailure::NoRefreshToken if refused => AfterFailure::Expire(ExpiryReason::Refused),
        RefreshFailure::NoRefreshToken => AfterFailure::Expire(ExpiryReason::Elapsed),
    }
}

/// How long an unconfirmed verdict on a server silences the next, in milliseconds.
const QUIET: i64 = 10_000;

/// Holds unconfirmed verdicts of one server apart, so that a dozen of them ask the server once
/// (`decisions.md` section 1). A confirmed one is never held back, and makes those after it superfluous.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Debounce(Option<i64>);

impl Debounce {
    /// Whether an unconfirmed verdict is to be looked into now; it then takes the slot.
    pub fn admits(&mut self, now: i64) -> bool {
        // A clock that was set back must not silence anything for hours.
        if self.0.is_some_and(|at| (0..QUIET).contains(&(now - at))) {
            return false;
        }
        self.0 = Some(now);
        true
    }

    /// Notes a confirmed verdict.
    pub fn confirmed(&mut self, now: i64) {
        self.0 = Some(now);
    }
}

/// Whether the text of an error hints at a session that has ended. It proves nothing: an answer of a model or a
/// tool may say the same of something else, so the server is asked before anything is done about it.
#[must_use]
pub fn hints_at_expiry(text: &str) -> bool {
    const HINTS: [&str; 7] = [
        "401",
        "unauthorized",
        "not authenticated",
        "unauthenticated",
        "session expired",
        "token expired",
        "token has expired",
    ];
    let text: String = text
        .chars()
        .take(400)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    HINTS.iter().any(|hint| text.contains(hint))
}

/// How many sign-ins that lead nowhere are let through, and within which time (milliseconds).
const TRIPS: usize = 3;
const TRIP_WINDOW: i64 = 60_000;

/// Counts the trips guard -> sign-in -> guard of one server, so that a provider that keeps issuing
/// tokens which the server refuses does not send a person round for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trips(Vec<i64>);

impl Trips {
    /// Notes that a sign-in was completed.
    pub fn signed_in(&mut self, now: i64) {
        self.0.retain(|at| (0..TRIP_WINDOW).contains(&(now - at)));
        self.0.push(now);
    }

    /// Whether the person has signed in so often within the window that going round again is of no use.
    #[must_use]
    pub fn is_stuck(&self, now: i64) -> bool {
        self.0
            .iter()
            .filter(|at| (0..TRIP_WINDOW).contains(&(now - **at)))
            .count()
            >= TRIPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::secret::Secret;

    fn tokens() -> Tokens {
        Tokens {
            access: Secret::new("a".into()),
            refresh: None,
            id_token: None,
            expires_at: 1000,
            lifetime: 1000,
            holder: None,
        }
    }

    #[test]
    fn invalid_grant_ends_a_session_only_when_its_access_token_is_dead() {
        let failure = RefreshFailure::InvalidGrant;
        assert_eq!(
            after_failure(&failure, &tokens(), 999, false),
            AfterFailure::KeepAndStop
        );
        assert_eq!(
            after_failure(&failure, &tokens(), 1000, false),
            AfterFailure::Expire(ExpiryReason::InvalidGrant)
        );
        assert_eq!(
            after_failure(&failure, &tokens(), 0, true),
            AfterFailure::Expire(ExpiryReason::InvalidGrant)
        );
    }

    #[test]
    fn without_a_refresh_token_the_end_says_whether_the_server_or_the_time_has_decided() {
        let failure = RefreshFailure::NoRefreshToken;
        let after = |now, refused| after_failure(&failure, &tokens(), now, refused);
        assert_eq!(after(999, false), AfterFailure::KeepAndStop);
        assert_eq!(
            after(1000, false),
            AfterFailure::Expire(ExpiryReason::Elapsed)
        );
        assert_eq!(after(0, true), AfterFailure::Expire(ExpiryReason::Refused));
    }

    #[test]
    fn trouble_on_the_way_never_ends_a_session() {
        for failure in [
            RefreshFailure::Transient { retry_after: None },
            RefreshFailure::Malformed,
            RefreshFailure::Configuration("invalid_client".into()),
        ] {
            for (now, refused) in [(0, false), (0, true), (5000, false), (5000, true)] {
                assert!(
                    !matches!(
                        after_failure(&failure, &tokens(), now, refused),
                        AfterFailure::Expire(_)
                    ),
                    "{failure:?} {now} {refused}"
                );
            }
        }
    }

    #[test]
    fn a_dozen_unconfirmed_verdicts_within_ten_seconds_count_once() {
        let mut debounce = Debounce::default();
        assert!(debounce.admits(1_000));
        assert!(!debounce.admits(1_001) && !debounce.admits(10_999));
        assert!(debounce.admits(11_000));
        debounce.confirmed(15_000);
        assert!(!debounce.admits(24_999) && debounce.admits(25_000));
        assert!(debounce.admits(0), "a clock set back");
    }

    #[test]
    fn a_hint_is_found_in_any_case_and_not_beyond_the_first_words() {
        assert!(hints_at_expiry("HTTP 401 Unauthorized"));
        assert!(hints_at_expiry("Your Session Expired."));
        assert!(!hints_at_expiry("the tool has failed"));
        assert!(!hints_at_expiry(&format!("{}401", "x".repeat(500))));
    }

    #[test]
    fn three_sign_ins_within_a_minute_that_lead_nowhere_are_enough() {
        let mut trips = Trips::default();
        trips.signed_in(0);
        trips.signed_in(20_000);
        assert!(!trips.is_stuck(30_000));
        trips.signed_in(40_000);
        assert!(trips.is_stuck(50_000));
        assert!(!trips.is_stuck(60_000), "the first is forgotten");
        assert!(!trips.is_stuck(-1_000_000), "a clock set back");
    }
}
