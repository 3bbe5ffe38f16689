//! The state of one session and every step it can take.

use serde::{Deserialize, Serialize};

use super::token::{TokenAnswer, Tokens};
use crate::core::composer::draft::UserKey;
use crate::core::server::registry::Provider;

/// Names one sign-in or sign-out of one server; drawn at random, so that two tabs never name the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// Counts the refreshes within an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenVersion(pub u64);

/// Which session a request was made in; an answer counts only while this still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The sign-in it was made in.
    pub epoch: Epoch,
    /// The token it was made with.
    pub version: TokenVersion,
}

/// Why a session ended without the person asking for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryReason {
    /// The server refused the token, also after a refresh.
    Refused,
    /// The provider does not accept the refresh token any more.
    InvalidGrant,
    /// The access token's time is over and there is no refresh token.
    Elapsed,
}

/// Where the session of one server stands. Tokens survive expiry: the refresh token may still be good,
/// and the person's drafts are found by them.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionState {
    /// Nobody is signed in.
    SignedOut,
    /// Signed in, as far as anybody knows.
    Active {
        /// Who vouches for the person.
        provider: Provider,
        /// The newest tokens.
        tokens: Tokens,
    },
    /// Was signed in; the person has to sign in again.
    Expired {
        /// Who vouched for the person.
        provider: Provider,
        /// The last tokens.
        tokens: Tokens,
        /// Why it ended.
        reason: ExpiryReason,
    },
}

/// The session of one server. Also the stored record: a `SignedOut` one is the tombstone that keeps a
/// late write of another tab from bringing the session back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Session {
    /// Where it stands.
    pub state: SessionState,
    /// The sign-in or sign-out that made it so.
    pub epoch: Epoch,
    /// The refreshes since.
    pub version: TokenVersion,
}

/// The stored form: flat, since serde's tagged enums weigh three times as much in the download.
#[derive(Serialize, Deserialize)]
struct Stored {
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<Provider>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
    epoch: Epoch,
    version: TokenVersion,
}

impl From<Session> for Stored {
    fn from(session: Session) -> Self {
        let (state, parts) = match session.state {
            SessionState::SignedOut => ("signed_out", None),
            SessionState::Active { provider, tokens } => ("active", Some((provider, tokens))),
            SessionState::Expired {
                provider,
                tokens,
                reason,
            } => (reason.as_str(), Some((provider, tokens))),
        };
        let (provider, tokens) = parts.unzip();
        Self {
            state: state.to_owned(),
            provider,
            tokens,
            epoch: session.epoch,
            version: session.version,
        }
    }
}

impl TryFrom<Stored> for Session {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let state = match (stored.state.as_str(), stored.provider.zip(stored.tokens)) {
            ("signed_out", _) => SessionState::SignedOut,
            ("active", Some((provider, tokens))) => SessionState::Active { provider, tokens },
            (other, Some((provider, tokens))) => {
                let reason = ExpiryReason::parse(other).ok_or("unknown state")?;
                SessionState::Expired {
                    provider,
                    tokens,
                    reason,
                }
            }
            _ => return Err("a session without tokens"),
        };
        Ok(Self {
            state,
            epoch: stored.epoch,
            version: stored.version,
        })
    }
}

impl ExpiryReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "expired_refused",
            Self::InvalidGrant => "expired_invalid_grant",
            Self::Elapsed => "expired_elapsed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Refused, Self::InvalidGrant, Self::Elapsed]
            .into_iter()
            .find(|reason| reason.as_str() == text)
    }
}

/// What a 401 to a request means for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On401 {
    /// The request was made in another session: its answer says nothing about this one.
    Stale,
    /// The token has been refreshed since: ask again with the current one.
    RetryWithCurrent,
    /// Refresh once, then ask again.
    Refresh,
    /// There is nothing to refresh with, or the session has ended already.
    Expire,
}

/// Why new tokens were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The session has changed since the refresh began.
    #[error("the session has changed since")]
    Stale,
    /// They are for another person.
    #[error("the tokens are for another user")]
    OtherUser,
}

impl Session {
    /// Nobody is signed in.
    #[must_use]
    pub fn signed_out(epoch: Epoch) -> Self {
        Self {
            state: SessionState::SignedOut,
            epoch,
            version: TokenVersion(0),
        }
    }

    /// A fresh sign-in.
    #[must_use]
    pub fn signed_in(epoch: Epoch, provider: Provider, tokens: Tokens) -> Self {
        Self {
            state: SessionState::Active { provider, tokens },
            epoch,
            version: TokenVersion(0),
        }
    }

    /// What a request made now is stamped with.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp {
            epoch: self.epoch,
            version: self.version,
        }
    }

    /// Whether this is a signed-in session.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.state, SessionState::Active { .. })
    }

    /// Whether this session has ended by itself.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        matches!(self.state, SessionState::Expired { .. })
    }

    /// The tokens, also of an expired session.
    #[must_use]
    pub fn tokens(&self) -> Option<&Tokens> {
        match &self.state {
            SessionState::SignedOut => None,
            SessionState::Active { tokens, .. } | SessionState::Expired { tokens, .. } => {
                Some(tokens)
            }
        }
    }

    /// The provider, also of an expired session.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        match &self.state {
            SessionState::SignedOut => None,
            SessionState::Active { provider, .. } | SessionState::Expired { provider, .. } => {
                Some(provider)
            }
        }
    }

    /// Who is, or was, signed in; the bucket of drafts and other local things.
    #[must_use]
    pub fn user(&self) -> Option<UserKey> {
        let tokens = self.tokens()?;
        Some(
            UserKey::from_access_token(tokens.access.expose())
                .unwrap_or_else(UserKey::server_bucket),
        )
    }

    /// What a 401 to a request with this stamp means.
    #[must_use]
    pub fn on_401(&self, stamp: Stamp) -> On401 {
        if stamp.epoch != self.epoch {
            return On401::Stale;
        }
        match &self.state {
            SessionState::SignedOut => On401::Stale,
            SessionState::Expired { .. } => On401::Expire,
            SessionState::Active { .. } if stamp.version < self.version => On401::RetryWithCurrent,
            SessionState::Active { tokens, .. } if tokens.refresh.is_some() => On401::Refresh,
            SessionState::Active { .. } => On401::Expire,
        }
    }

    /// Ends an active session of that epoch; `true` where this changed anything.
    pub fn expire(&mut self, epoch: Epoch, reason: ExpiryReason) -> bool {
        if self.epoch != epoch {
            return false;
        }
        let SessionState::Active { provider, tokens } = &self.state else {
            return false;
        };
        self.state = SessionState::Expired {
            provider: provider.clone(),
            tokens: tokens.clone(),
            reason,
        };
        true
    }

    /// Takes the answer to a refresh that began at `stamp`. An expired session lives again by it.
    ///
    /// # Errors
    /// [`NotTaken`]; the session is then unchanged.
    pub fn refreshed(
        &mut self,
        stamp: Stamp,
        answer: TokenAnswer,
        now: i64,
    ) -> Result<(), NotTaken> {
        if stamp != self.stamp() {
            return Err(NotTaken::Stale);
        }
        let (SessionState::Active { provider, tokens }
        | SessionState::Expired {
            provider, tokens, ..
        }) = &self.state
        else {
            return Err(NotTaken::Stale);
        };
        let user = |access: &str| UserKey::from_access_token(access);
        // An opaque token names nobody: nothing to compare then.
        if let (Some(old), Some(new)) = (user(tokens.access.expose()), user(answer.access.expose()))
            && old != new
        {
            return Err(NotTaken::OtherUser);
        }
        let tokens = answer.renew(tokens, now);
        self.state = SessionState::Active {
            provider: provider.clone(),
            tokens,
        };
        self.version = TokenVersion(self.version.0 + 1);
        Ok(())
    }

    /// Whether a stored session of another tab is to replace this one: a later refresh of the same
    /// sign-in, its expiry, or another sign-in or sign-out altogether.
    #[must_use]
    pub fn yields_to(&self, stored: &Session) -> bool {
        if stored.epoch != self.epoch {
            return true;
        }
        stored.version > self.version
            || (stored.version == self.version && self.is_active() && stored.is_expired())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::core::secret::Secret;

    // {"iss":"i","sub":"NAME"} as the payload of an unsigned token.
    const ANN: &str = "e30.eyJpc3MiOiJpIiwic3ViIjoiYW5uIn0.s";
    const BOB: &str = "e30.eyJpc3MiOiJpIiwic3ViIjoiYm9iIn0.s";

    fn provider() -> Provider {
        Provider {
            id: "p".into(),
            title: "P".into(),
            server_url: "https://id.example".into(),
            client_id: "c".into(),
            scope: None,
        }
    }

    fn tokens(access: &str) -> Tokens {
        Tokens {
            access: Secret::new(access.into()),
            refresh: Some(Secret::new("r0".into())),
            id_token: None,
            expires_at: 1000,
            lifetime: 1000,
        }
    }

    fn answer(access: &str) -> TokenAnswer {
        TokenAnswer {
            access: Secret::new(access.into()),
            refresh: Some(Secret::new("r1".into())),
            id_token: None,
            lifetime: 500,
        }
    }

    fn active() -> Session {
        Session::signed_in(Epoch(7), provider(), tokens(ANN))
    }

    #[test]
    fn a_401_of_another_epoch_says_nothing() {
        let session = active();
        let stamp = Stamp {
            epoch: Epoch(6),
            version: TokenVersion(0),
        };
        assert_eq!(session.on_401(stamp), On401::Stale);
        assert_eq!(
            Session::signed_out(Epoch(7)).on_401(session.stamp()),
            On401::Stale
        );
    }

    #[test]
    fn a_401_for_an_older_token_is_retried_and_expires_nothing() {
        let mut session = active();
        let old = session.stamp();
        session.refreshed(old, answer(ANN), 0).unwrap();
        assert_eq!(session.on_401(old), On401::RetryWithCurrent);
        assert_eq!(session.on_401(session.stamp()), On401::Refresh);
    }

    #[test]
    fn a_401_without_a_refresh_token_ends_the_session() {
        let mut bare = tokens(ANN);
        bare.refresh = None;
        let session = Session::signed_in(Epoch(7), provider(), bare);
        assert_eq!(session.on_401(session.stamp()), On401::Expire);
    }

    #[test]
    fn tokens_survive_expiry_and_the_user_is_still_known() {
        let mut session = active();
        assert!(
            !session.expire(Epoch(6), ExpiryReason::Refused),
            "another epoch"
        );
        assert!(session.is_active());
        assert!(session.expire(Epoch(7), ExpiryReason::Refused));
        assert!(session.is_expired());
        assert_eq!(session.tokens(), Some(&tokens(ANN)));
        assert_eq!(session.user(), active().user());
        assert!(!session.expire(Epoch(7), ExpiryReason::Elapsed), "once");
    }

    #[test]
    fn a_refresh_that_comes_late_changes_nothing() {
        let mut session = active();
        let stamp = session.stamp();
        session.refreshed(stamp, answer(ANN), 0).unwrap();
        let before = session.clone();
        assert_eq!(
            session.refreshed(stamp, answer(ANN), 0),
            Err(NotTaken::Stale)
        );
        let mut out = Session::signed_out(Epoch(8));
        assert_eq!(out.refreshed(stamp, answer(ANN), 0), Err(NotTaken::Stale));
        assert_eq!(session, before);
        assert_eq!(out, Session::signed_out(Epoch(8)));
    }

    #[test]
    fn tokens_of_another_user_are_refused() {
        let mut session = active();
        assert_eq!(
            session.refreshed(session.stamp(), answer(BOB), 0),
            Err(NotTaken::OtherUser)
        );
        assert_eq!(session, active());
    }

    #[test]
    fn an_expired_session_lives_again_by_its_kept_refresh_token() {
        let mut session = active();
        session.expire(Epoch(7), ExpiryReason::Elapsed);
        session.refreshed(session.stamp(), answer(ANN), 10).unwrap();
        assert!(session.is_active());
        assert_eq!(session.tokens().unwrap().expires_at, 510);
        assert_eq!(
            session.tokens().unwrap().refresh,
            Some(Secret::new("r1".into()))
        );
    }

    #[test]
    fn another_tabs_newer_session_wins_and_an_older_one_does_not() {
        let old = active();
        let mut new = active();
        new.refreshed(new.stamp(), answer(ANN), 0).unwrap();
        assert!(old.yields_to(&new));
        assert!(!new.yields_to(&old));
        let mut expired = active();
        expired.expire(Epoch(7), ExpiryReason::Refused);
        assert!(old.yields_to(&expired));
        assert!(!new.yields_to(&expired), "it ended before the refresh");
        assert!(!expired.yields_to(&old));
        assert!(new.yields_to(&Session::signed_out(Epoch(9))));
    }

    #[test]
    fn an_expired_session_is_stored_and_read_as_expired() {
        let mut session = active();
        session.expire(Epoch(7), ExpiryReason::InvalidGrant);
        let text = serde_json::to_string(&session).unwrap();
        assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
        assert!(
            text.contains(r#""state":"expired_invalid_grant""#),
            "{text}"
        );
    }

    #[test]
    fn no_token_is_printed() {
        let text = format!("{:?}", active());
        assert!(!text.contains(ANN) && !text.contains("r0"), "{text}");
    }
}
