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
    /// Nobody touched the app for so long that it has forgotten the tokens.
    Inactive,
    /// The stored tokens cannot be opened here: the browser has lost the key to them.
    Sealed,
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
        /// The last tokens, where they are still there.
        tokens: Option<Tokens>,
        /// Who was signed in.
        user: UserKey,
        /// Why it ended.
        reason: ExpiryReason,
    },
}

/// The session of one server. It is also what is stored (`stored`): a `SignedOut` one is the tombstone that
/// keeps a late write of another tab from bringing the session back.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Where it stands.
    pub state: SessionState,
    /// The sign-in or sign-out that made it so.
    pub epoch: Epoch,
    /// The refreshes since.
    pub version: TokenVersion,
}

impl ExpiryReason {
    const ALL: [Self; 5] = [
        Self::Refused,
        Self::InvalidGrant,
        Self::Elapsed,
        Self::Inactive,
        Self::Sealed,
    ];

    /// The word for it in storage.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "expired_refused",
            Self::InvalidGrant => "expired_invalid_grant",
            Self::Elapsed => "expired_elapsed",
            Self::Inactive => "expired_inactive",
            Self::Sealed => "expired_sealed",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
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
            SessionState::Active { tokens, .. } => Some(tokens),
            SessionState::Expired { tokens, .. } => tokens.as_ref(),
        }
    }

    /// Why it has ended by itself, if it has.
    #[must_use]
    pub fn expiry(&self) -> Option<ExpiryReason> {
        match self.state {
            SessionState::Expired { reason, .. } => Some(reason),
            _ => None,
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
        match &self.state {
            SessionState::SignedOut => None,
            SessionState::Active { tokens, .. } => Some(tokens.user()),
            SessionState::Expired { user, .. } => Some(user.clone()),
        }
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
            user: tokens.user(),
            tokens: Some(tokens.clone()),
            reason,
        };
        true
    }

    /// Ends a session that nobody has used for long, and drops its tokens, also those that an expired one
    /// has kept, or cannot open; `true` where this changed anything.
    pub fn end_inactive(&mut self, epoch: Epoch) -> bool {
        let (Some(provider), Some(user), true) = (
            self.provider().cloned(),
            self.user(),
            self.tokens().is_some() || self.expiry() == Some(ExpiryReason::Sealed),
        ) else {
            return false;
        };
        self.state = SessionState::Expired {
            provider,
            tokens: None,
            user,
            reason: ExpiryReason::Inactive,
        };
        // As after a sign-out, nothing that is still under way counts.
        self.epoch = epoch;
        self.version = TokenVersion(0);
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
        let (Some(provider), Some(tokens)) = (self.provider(), self.tokens()) else {
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
        // What cannot be opened says nothing about a session that is in use here.
        let sealed = Some(ExpiryReason::Sealed);
        if stored.expiry() == sealed || self.expiry() == sealed {
            return self.expiry() == sealed && stored.expiry() != sealed;
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
            holder: None,
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
        assert!(session.is_active() && !session.is_expired());
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
    fn a_session_that_nobody_used_ends_without_its_tokens_but_with_its_user() {
        let mut expired = active();
        expired.expire(Epoch(7), ExpiryReason::Refused);
        for mut session in [active(), expired] {
            let before = session.stamp();
            assert!(session.end_inactive(Epoch(8)));
            assert_eq!(session.expiry(), Some(ExpiryReason::Inactive));
            assert_eq!((session.tokens(), session.user()), (None, active().user()));
            assert_eq!(
                session.refreshed(before, answer(ANN), 0),
                Err(NotTaken::Stale)
            );
            assert_eq!(
                session.refreshed(session.stamp(), answer(ANN), 0),
                Err(NotTaken::Stale)
            );
            assert_eq!(session.on_401(before), On401::Stale);
            assert!(active().yields_to(&session) && !session.yields_to(&session.clone()));
            assert!(!session.end_inactive(Epoch(9)), "once");
        }
        assert!(!Session::signed_out(Epoch(1)).end_inactive(Epoch(2)));
    }

    #[test]
    fn a_record_that_cannot_be_opened_does_not_replace_a_session_in_use() {
        let mut sealed = active();
        sealed.end_inactive(Epoch(7));
        if let SessionState::Expired { reason, .. } = &mut sealed.state {
            *reason = ExpiryReason::Sealed;
        }
        assert!(!active().yields_to(&sealed));
        assert!(sealed.yields_to(&active()), "it can be opened now");
        assert!(!sealed.yields_to(&sealed.clone()));
        sealed.epoch = Epoch(8);
        assert!(active().yields_to(&sealed), "another sign-in");
    }

    #[test]
    fn no_token_is_printed() {
        let text = format!("{:?}", active());
        assert!(!text.contains(ANN) && !text.contains("r0"), "{text}");
    }
}
