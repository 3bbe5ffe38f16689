//! Tokens: what the provider answers, when to refresh, and what a failed refresh means.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::composer::draft::UserKey;
use crate::core::secret::Secret;

/// Longest access token lifetime that is believed: 30 days, in milliseconds.
const MAX_LIFETIME: i64 = 30 * 24 * 60 * 60 * 1000;
/// Lifetime at sign-in where the answer names none: 1 h, in milliseconds.
pub const DEFAULT_AT_SIGN_IN: i64 = 60 * 60 * 1000;
/// Lifetime at a refresh where the answer names none: 30 min, in milliseconds.
pub const DEFAULT_AT_REFRESH: i64 = 30 * 60 * 1000;
/// A token is refreshed ahead when less than this remains, in milliseconds, or a quarter of its lifetime.
const MARGIN: i64 = 5 * 60 * 1000;

/// The tokens of one sign-in, as they stand after the newest refresh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// Access token (RFC 6749 section 1.4), sent as a bearer to the server that it is for and nowhere else.
    pub access: Secret<String>,
    /// Refresh token (RFC 6749 section 1.5), sent to the provider's token endpoint only.
    pub refresh: Option<Secret<String>>,
    /// ID token (OpenID Connect Core section 2), kept as the hint for signing out.
    pub id_token: Option<Secret<String>>,
    /// When the access token ends, in milliseconds since 1970.
    pub expires_at: i64,
    /// How long the access token was to live when it was issued, in milliseconds.
    pub lifetime: i64,
    /// Whose they are, where the server has said so and the access token names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<UserKey>,
}

impl Tokens {
    /// Whose they are, as far as the access token says.
    #[must_use]
    pub fn user(&self) -> UserKey {
        UserKey::from_access_token(self.access.expose())
            .or_else(|| self.holder.clone())
            .unwrap_or_else(UserKey::server_bucket)
    }

    /// Whether the access token's time is over.
    #[must_use]
    pub fn is_dead(&self, now: i64) -> bool {
        now >= self.expires_at
    }

    /// When the next refresh ahead of time is due, in milliseconds since 1970; `None` without a refresh token.
    #[must_use]
    pub fn refresh_due_at(&self) -> Option<i64> {
        self.refresh.as_ref()?;
        Some(self.expires_at - MARGIN.min(self.lifetime / 4))
    }
}

/// A lifetime in milliseconds from an `expires_in` (seconds) that may be a number, a float or a text.
///
/// Anything else, and its absence, gives `default`. Clamped to 0..30 days.
#[must_use]
pub fn lifetime(expires_in: Option<&Value>, default: i64) -> i64 {
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        // serde_json reads numbers anyway; the standard library's reader would add its tables to the download.
        Some(Value::String(text)) => serde_json::from_str::<f64>(text.trim()).ok(),
        _ => None,
    };
    match seconds {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from f64 saturates, and the clamp follows"
        )]
        // JSON knows no NaN.
        Some(seconds) => ((seconds * 1000.0) as i64).clamp(0, MAX_LIFETIME),
        None => default,
    }
}

/// A good answer of the token endpoint (RFC 6749 section 5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct TokenAnswer {
    /// The new access token.
    pub access: Secret<String>,
    /// The new refresh token, where the provider rotates.
    pub refresh: Option<Secret<String>>,
    /// A new ID token, where there is one.
    pub id_token: Option<Secret<String>>,
    /// Lifetime of the access token in milliseconds.
    pub lifetime: i64,
}

impl TokenAnswer {
    /// The tokens after this answer; what it does not name is kept from `old`.
    #[must_use]
    pub fn renew(self, old: &Tokens, now: i64) -> Tokens {
        Tokens {
            access: self.access,
            refresh: self.refresh.or_else(|| old.refresh.clone()),
            id_token: self.id_token.or_else(|| old.id_token.clone()),
            expires_at: now + self.lifetime,
            lifetime: self.lifetime,
            holder: old.holder.clone(),
        }
    }
}

/// Why there are no new tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshFailure {
    /// `invalid_grant` (RFC 6749 section 5.2): the refresh token is of no more use.
    #[error("the provider does not accept the refresh token any more")]
    InvalidGrant,
    /// The provider refuses this client as such (`invalid_client` and its like): a matter of configuration.
    #[error("the provider refuses this client: {0}")]
    Configuration(String),
    /// Nobody answered, or not now. The session stays.
    #[error("the provider could not be asked")]
    Transient {
        /// How long the provider asks to wait, in milliseconds.
        retry_after: Option<u64>,
    },
    /// An answer that does not have the agreed form (a captive portal, for one). The session stays.
    #[error("the provider gave an unreadable answer")]
    Malformed,
    /// The answer is for another person than the one signed in; nothing of it is kept.
    #[error("the provider answered for another user")]
    OtherUser,
    /// There is no refresh token to try.
    #[error("there is no refresh token")]
    NoRefreshToken,
}

/// Reads an answer of the token endpoint (RFC 6749 sections 5.1 and 5.2).
///
/// # Errors
/// [`RefreshFailure`], split by what the session has to do.
pub fn read_token_answer(
    status: u16,
    body: &str,
    retry_after: Option<u64>,
) -> Result<TokenAnswer, RefreshFailure> {
    let value: Option<Value> = serde_json::from_str(body).ok();
    if (200..300).contains(&status) {
        let value = value.ok_or(RefreshFailure::Malformed)?;
        let text = |name: &str| {
            value
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(|text| Secret::new(text.to_owned()))
        };
        return Ok(TokenAnswer {
            access: text("access_token").ok_or(RefreshFailure::Malformed)?,
            refresh: text("refresh_token"),
            id_token: text("id_token"),
            lifetime: lifetime(value.get("expires_in"), DEFAULT_AT_REFRESH),
        });
    }
    let code = value
        .as_ref()
        .and_then(|value| value.get("error"))
        .and_then(Value::as_str);
    match (status, code) {
        (400 | 401, Some("invalid_grant")) => Err(RefreshFailure::InvalidGrant),
        (
            400 | 401,
            Some(
                code @ ("invalid_client"
                | "unauthorized_client"
                | "invalid_scope"
                | "unsupported_grant_type"
                | "invalid_request"),
            ),
        ) => Err(RefreshFailure::Configuration(code.to_owned())),
        (408 | 429 | 500..=599, _) => Err(RefreshFailure::Transient { retry_after }),
        _ => Err(RefreshFailure::Malformed),
    }
}

/// The longest pause that a provider is given, in milliseconds. One that seems longer was written before the clock
/// was set.
pub const LONGEST_PAUSE: i64 = 120_000;

/// When the next automatic attempt may be made after failures: 1 s doubling to 60 s, with jitter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
    not_before: i64,
}

impl Backoff {
    /// Whether an attempt is allowed now.
    #[must_use]
    pub fn allows(&self, now: i64) -> bool {
        // A clock that was set back must not lock the door for hours.
        now >= self.not_before || self.not_before - now > LONGEST_PAUSE
    }

    /// When the next attempt is allowed, in milliseconds since 1970.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Notes a failure. `random` is any number; `retry_after` in milliseconds is obeyed where it is longer.
    pub fn failed(&mut self, now: i64, random: u64, retry_after: Option<u64>) {
        let full = 1000_u64 << self.failures.min(6);
        let full = full.min(60_000);
        // Half fixed, half random: spread, but never at once.
        let wait = full / 2 + random % (full / 2 + 1);
        let wait = wait.max(retry_after.unwrap_or(0).min(LONGEST_PAUSE.unsigned_abs()));
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.saturating_add(i64::try_from(wait).unwrap_or(60_000));
    }

    /// No attempt before this time, in milliseconds since 1970: another tab was told to wait.
    pub fn hold(&mut self, until: i64) {
        self.not_before = self.not_before.max(until);
    }

    /// Notes a success.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Lets the next attempt happen at once (waking up, coming online), keeping the count.
    pub fn wake(&mut self) {
        self.not_before = 0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    pub(crate) fn tokens(expires_at: i64, lifetime: i64) -> Tokens {
        Tokens {
            access: Secret::new("a".into()),
            refresh: Some(Secret::new("r".into())),
            id_token: Some(Secret::new("i".into())),
            expires_at,
            lifetime,
            holder: None,
        }
    }

    #[test]
    fn the_times_are_those_of_the_rules() {
        assert_eq!(MAX_LIFETIME, 2_592_000_000, "30 days");
        assert_eq!(DEFAULT_AT_SIGN_IN, 3_600_000, "1 h");
        assert_eq!(DEFAULT_AT_REFRESH, 1_800_000, "30 min");
        assert_eq!(MARGIN, 300_000, "5 min");
    }

    #[test]
    fn a_lifetime_is_read_from_every_form_and_clamped() {
        for (given, want) in [
            (json!(3600), 3_600_000),
            (json!("3600"), 3_600_000),
            (json!(3600.0), 3_600_000),
            (json!(0), 0),
            (json!(-5), 0),
            (json!(1e12), MAX_LIFETIME),
            (json!("x"), 7),
            (json!(null), 7),
            (json!([]), 7),
            (json!("NaN"), 7),
        ] {
            assert_eq!(lifetime(Some(&given), 7), want, "{given}");
        }
        assert_eq!(lifetime(None, 7), 7);
    }

    #[test]
    fn a_refresh_is_due_five_minutes_or_a_quarter_of_the_lifetime_ahead() {
        assert_eq!(
            tokens(3_600_000, 3_600_000).refresh_due_at(),
            Some(3_300_000)
        );
        assert_eq!(tokens(20_000, 20_000).refresh_due_at(), Some(15_000));
        let mut without = tokens(20_000, 20_000);
        without.refresh = None;
        assert_eq!(without.refresh_due_at(), None);
    }

    #[test]
    fn what_a_refresh_does_not_name_is_kept() {
        let answer = read_token_answer(200, r#"{"access_token":"new"}"#, None).unwrap();
        let renewed = answer.renew(&tokens(1, 1), 10);
        assert_eq!(renewed.access.expose(), "new");
        assert_eq!(renewed.refresh, Some(Secret::new("r".into())));
        assert_eq!(renewed.id_token, Some(Secret::new("i".into())));
        assert_eq!(renewed.expires_at, 10 + DEFAULT_AT_REFRESH);
    }

    #[test]
    fn only_invalid_grant_ends_a_session() {
        for (status, body, want) in [
            (
                400,
                r#"{"error":"invalid_grant"}"#,
                RefreshFailure::InvalidGrant,
            ),
            (
                401,
                r#"{"error":"invalid_grant"}"#,
                RefreshFailure::InvalidGrant,
            ),
            (
                400,
                r#"{"error":"invalid_client"}"#,
                RefreshFailure::Configuration("invalid_client".into()),
            ),
            (400, "<html>", RefreshFailure::Malformed),
            (200, "<html>", RefreshFailure::Malformed),
            (200, "[]", RefreshFailure::Malformed),
            (200, "", RefreshFailure::Malformed),
            (200, r#"{"access_token":""}"#, RefreshFailure::Malformed),
            (
                503,
                r#"{"error":"invalid_grant"}"#,
                RefreshFailure::Transient {
                    retry_after: Some(5),
                },
            ),
            (
                429,
                "",
                RefreshFailure::Transient {
                    retry_after: Some(5),
                },
            ),
            (404, "", RefreshFailure::Malformed),
        ] {
            assert_eq!(
                read_token_answer(status, body, Some(5)),
                Err(want),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn waiting_doubles_to_a_minute_and_obeys_the_server() {
        let mut backoff = Backoff::default();
        assert!(backoff.allows(0));
        let mut waits = Vec::new();
        for _ in 0..9 {
            backoff.failed(0, u64::MAX, None);
            waits.push(backoff.not_before());
        }
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert!(
            waits[0] >= 500 && waits[0] <= 1000 && waits[8] <= 60_000 && waits[8] >= 30_000,
            "{waits:?}"
        );
        backoff.succeeded();
        backoff.failed(0, 0, Some(30_000));
        assert!(!backoff.allows(29_999) && backoff.allows(30_000));
    }

    #[test]
    fn half_of_a_pause_is_fixed_and_half_is_chance() {
        let pause = |random| {
            let mut backoff = Backoff::default();
            backoff.failed(1_000_000, random, None);
            assert!(!backoff.allows(1_000_000));
            backoff.not_before() - 1_000_000
        };
        assert_eq!((pause(0), pause(250), pause(500)), (500, 750, 1000));
        assert_eq!(pause(501), 500, "and begins anew");
    }

    #[test]
    fn a_pause_is_lengthened_by_another_tab_ended_by_waking_and_forgotten_after_a_success() {
        let mut backoff = Backoff::default();
        backoff.failed(0, 0, None);
        backoff.hold(30_000);
        assert_eq!(backoff.not_before(), 30_000);
        backoff.hold(10_000);
        assert_eq!(backoff.not_before(), 30_000, "never shortened");
        backoff.wake();
        assert!(backoff.allows(0));
        backoff.failed(0, 0, None);
        assert_eq!(backoff.not_before(), 1_000, "the count goes on");
        backoff.succeeded();
        assert!(backoff.allows(0));
        backoff.failed(0, 0, None);
        assert_eq!(backoff.not_before(), 500, "it begins anew");
    }

    #[test]
    fn two_minutes_are_the_longest_that_is_obeyed() {
        let mut backoff = Backoff::default();
        backoff.failed(0, 0, Some(10_000_000));
        assert!(!backoff.allows(0) && !backoff.allows(119_999));
        assert!(backoff.allows(120_000));
        assert!(backoff.allows(-1), "a clock set back");
    }

    #[test]
    fn a_clock_set_back_does_not_lock_the_door() {
        let mut backoff = Backoff::default();
        backoff.failed(1_000_000_000, 0, None);
        assert!(backoff.allows(0));
    }
}
