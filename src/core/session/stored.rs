//! The stored form of a session: what everybody may read of it, and its tokens, sealed where that is possible.

use serde::{Deserialize, Serialize};

use super::machine::{Epoch, ExpiryReason, Session, SessionState, TokenVersion};
use super::token::Tokens;
use crate::core::composer::draft::UserKey;
use crate::core::record::{self, RecordError};
use crate::core::seal::Seal;
use crate::core::server::registry::Provider;

/// Version of the stored record. Version 1 had its tokens in clear only; it is still read.
pub const VERSION: u32 = 2;
const FIRST_VERSION: u32 = 1;

/// Flat, since serde's tagged enums weigh three times as much in the download.
#[derive(Serialize, Deserialize)]
struct Stored {
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<Provider>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    epoch: Epoch,
    version: TokenVersion,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The session. One whose tokens cannot be opened is expired, as [`ExpiryReason::Sealed`].
    pub session: Session,
    /// Its tokens stand there in clear.
    pub in_clear: bool,
}

/// Stands for tokens that another store holds; no seal opens it.
const ELSEWHERE: &str = "elsewhere";

/// What the tokens are sealed to: their server's record and their version, so that neither those of another
/// server nor older ones can be put in their place.
fn place(key: &str, stored: &Stored) -> String {
    format!("{key} {} {}", stored.epoch.0, stored.version.0)
}

/// The record with its tokens in clear.
fn flat(session: &Session) -> Stored {
    Stored {
        state: match &session.state {
            SessionState::SignedOut => "signed_out",
            SessionState::Active { .. } => "active",
            SessionState::Expired { reason, .. } => reason.as_str(),
        }
        .to_owned(),
        provider: session.provider().cloned(),
        user: session.user(),
        tokens: session.tokens().cloned(),
        sealed: None,
        epoch: session.epoch,
        version: session.version,
    }
}

/// Writes the record of a session whose tokens another store holds.
#[must_use]
pub fn encode_reference(session: &Session) -> String {
    let mut stored = flat(session);
    stored.sealed = stored.tokens.take().map(|_| ELSEWHERE.to_owned());
    record::encode(VERSION, &stored)
}

/// Writes the record that lies at `key`. `random` must never come twice.
#[must_use]
pub fn encode(session: &Session, key: &str, seal: Option<&Seal>, random: [u8; 16]) -> String {
    let mut stored = flat(session);
    if let (Some(seal), Some(tokens)) = (seal, &stored.tokens) {
        let text = serde_json::to_string(tokens).unwrap_or_default();
        stored.sealed = seal.close(&text, &place(key, &stored), random);
        if stored.sealed.is_some() {
            stored.tokens = None;
        }
    }
    record::encode(VERSION, &stored)
}

/// Reads the record that lies at `key`.
///
/// # Errors
/// [`RecordError`] where there is no session to be had from it.
pub fn decode(text: &str, key: &str, seal: Option<&Seal>) -> Result<Kept, RecordError> {
    let stored: Stored = match record::decode(VERSION, text) {
        Err(RecordError::OtherVersion(FIRST_VERSION)) => record::decode(FIRST_VERSION, text)?,
        other => other?,
    };
    let (epoch, version) = (stored.epoch, stored.version);
    if stored.state == "signed_out" {
        return Ok(Kept {
            session: Session::signed_out(epoch),
            in_clear: false,
        });
    }
    let in_clear = stored.tokens.is_some();
    let opened = stored.sealed.as_ref().and_then(|sealed| {
        let text = seal?.open(sealed, &place(key, &stored))?;
        serde_json::from_str::<Tokens>(&text).ok()
    });
    let is_sealed = stored.sealed.is_some();
    let tokens = stored.tokens.or(opened);
    let provider = stored.provider.ok_or(RecordError::Corrupt)?;
    let user = tokens
        .as_ref()
        .map(Tokens::user)
        .or(stored.user)
        .unwrap_or_else(UserKey::server_bucket);
    let reason = ExpiryReason::parse(&stored.state);
    let state = match (reason, tokens) {
        (None, Some(tokens)) if stored.state == "active" => {
            SessionState::Active { provider, tokens }
        }
        (None, None) if stored.state == "active" && is_sealed => SessionState::Expired {
            provider,
            tokens: None,
            user,
            reason: ExpiryReason::Sealed,
        },
        (Some(reason), tokens) => SessionState::Expired {
            provider,
            reason: if tokens.is_none() && is_sealed {
                ExpiryReason::Sealed
            } else {
                reason
            },
            tokens,
            user,
        },
        _ => return Err(RecordError::Corrupt),
    };
    Ok(Kept {
        session: Session {
            state,
            epoch,
            version,
        },
        in_clear,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::secret::Secret;

    const KEY: &str = "enfilade/session/x";
    const SEAL: Seal = Seal::new([7; 32]);
    const PROVIDER: &str =
        r#""provider":{"id":"p","title":"P","server_url":"https://id.example","client_id":"c"}"#;

    fn tokens() -> Tokens {
        Tokens {
            // {"iss":"i","sub":"ann"}
            access: Secret::new("e30.eyJpc3MiOiJpIiwic3ViIjoiYW5uIn0.s".into()),
            refresh: Some(Secret::new("refresh-0".into())),
            id_token: None,
            expires_at: 1000,
            lifetime: 1000,
            holder: None,
        }
    }

    fn active() -> Session {
        let provider = Provider {
            id: "p".into(),
            title: "P".into(),
            server_url: "https://id.example".into(),
            client_id: "c".into(),
            scope: None,
        };
        Session::signed_in(Epoch(7), provider, tokens())
    }

    fn expired(reason: ExpiryReason) -> Session {
        let mut session = active();
        session.expire(Epoch(7), reason);
        session
    }

    fn read(text: &str, seal: Option<&Seal>) -> Session {
        decode(text, KEY, seal).unwrap().session
    }

    #[test]
    fn every_state_survives_storage_sealed_and_in_clear() {
        let mut inactive = active();
        inactive.end_inactive(Epoch(8));
        for session in [
            active(),
            expired(ExpiryReason::Refused),
            expired(ExpiryReason::InvalidGrant),
            expired(ExpiryReason::Elapsed),
            inactive,
            Session::signed_out(Epoch(9)),
        ] {
            for seal in [None, Some(&SEAL)] {
                let text = encode(&session, KEY, seal, [1; 16]);
                assert_eq!(read(&text, seal), session);
                assert_eq!(
                    text.contains("refresh-0"),
                    seal.is_none() && session.tokens().is_some(),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn the_first_version_is_still_read() {
        let text = r#"{"v":1,"data":{"state":"active","provider":{"id":"p","title":"P","server_url":"https://id.example","client_id":"c","scope":null},"tokens":{"access":"a","refresh":"r","id_token":null,"expires_at":5,"lifetime":5},"epoch":3,"version":2}}"#;
        let kept = decode(text, KEY, Some(&SEAL)).unwrap();
        assert!(kept.in_clear && kept.session.is_active());
        assert_eq!(kept.session.version, TokenVersion(2));
    }

    #[test]
    fn a_record_of_a_newer_version_is_told_apart() {
        assert_eq!(
            decode(r#"{"v":3,"data":{"anything":1}}"#, KEY, None),
            Err(RecordError::OtherVersion(3))
        );
    }

    #[test]
    fn tokens_that_cannot_be_opened_leave_an_expired_session_of_the_same_user() {
        let text = encode(&active(), KEY, Some(&SEAL), [1; 16]);
        for seal in [None, Some(&Seal::new([8; 32]))] {
            let session = read(&text, seal);
            assert!(session.is_expired() && session.tokens().is_none());
            assert_eq!(session.user(), active().user());
            assert!(session.yields_to(&active()), "once they can be opened");
        }
    }

    #[test]
    fn tokens_of_another_server_or_an_older_version_do_not_open() {
        let text = encode(&active(), KEY, Some(&SEAL), [1; 16]);
        let elsewhere = decode(&text, "enfilade/session/y", Some(&SEAL)).unwrap();
        assert!(elsewhere.session.tokens().is_none());
        let moved = text.replace(r#""version":0"#, r#""version":1"#);
        assert_ne!(moved, text);
        assert!(read(&moved, Some(&SEAL)).tokens().is_none());
    }

    #[test]
    fn a_session_without_tokens_is_corrupt_unless_it_has_ended() {
        for text in [
            r#"{"v":2,"data":{"state":"active","epoch":1,"version":0}}"#,
            r#"{"v":2,"data":{"state":"expired_refused","epoch":1,"version":0}}"#,
            r#"{"v":2,"data":{"state":"nonsense","epoch":1,"version":0}}"#,
            &format!(r#"{{"v":2,"data":{{"state":"active",{PROVIDER},"epoch":1,"version":0}}}}"#),
            &format!(
                r#"{{"v":2,"data":{{"state":"nonsense",{PROVIDER},"sealed":"x","epoch":1,"version":0}}}}"#
            ),
            &format!(
                r#"{{"v":2,"data":{{"state":"nonsense",{PROVIDER},"tokens":{{"access":"a","refresh":null,"id_token":null,"expires_at":5,"lifetime":5}},"epoch":1,"version":0}}}}"#
            ),
            r#"{"v":2,"data":{"state":"active"}}"#,
            r#"{"v":2,"data":[]}"#,
        ] {
            assert_eq!(decode(text, KEY, None), Err(RecordError::Corrupt), "{text}");
        }
    }
}
