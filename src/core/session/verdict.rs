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
