//! One session in two stores: the durable copy and the keychain of the system, and which of them counts.
//!
//! Every copy carries a number that only grows, over sign-outs too. The newest counts, and the other one is put right. The durable copy
//! is written first, so it says at least how far the numbers have come: an older token is never used because the newer one was lost.

use super::machine::{ExpiryReason, Session, SessionState};
use super::stored;
use super::token::Tokens;
use crate::core::record::RecordError;
use crate::core::seal::Seal;
use crate::core::secret::Secret;
use serde_json::Value;

/// The number of a copy, in its envelope.
const NUMBER: &str = "n";
/// The number of the newest session, in a copy that could not take it in.
const MARK: &str = "m";
/// A record for the keychain is not longer than this, in bytes: some keep little more for one name.
const LONGEST: usize = 2_000;

/// What a store holds of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// Which of the copies it is.
    pub number: u64,
    /// The session.
    pub session: Session,
    /// The tokens of this number are in the other store, if anywhere.
    pub lacks_tokens: bool,
    /// They stand there in clear.
    pub in_clear: bool,
}

/// What the keychain has answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Keychain {
    /// Nothing that counts as an answer.
    Silent,
    /// That it holds nothing.
    Empty,
    /// Something that is no record of this app.
    Unreadable,
    /// A copy.
    Holds(Box<Copy>),
}

/// What has to be put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Nothing.
    Nothing,
    /// The keychain is to hold what the durable copy has.
    StoreInKeychain,
    /// The keychain is to hold nothing.
    ClearKeychain,
    /// The durable copy is behind.
    WriteDurable,
}

/// Which copy counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The session to take over from the keychain; `None`: the durable copy counts.
    pub from_keychain: Option<Session>,
    /// What has to be put right.
    pub repair: Repair,
}

/// Weighs the two copies of one session.
///
/// Without a durable copy nobody is signed in: what the keychain holds then may be older than what was lost.
#[must_use]
pub fn weigh(durable: Option<&Copy>, keychain: &Keychain) -> Verdict {
    let keep = |repair| Verdict {
        from_keychain: None,
        repair,
    };
    let Some(durable) = durable else {
        return keep(match keychain {
            Keychain::Holds(_) | Keychain::Unreadable => Repair::ClearKeychain,
            Keychain::Silent | Keychain::Empty => Repair::Nothing,
        });
    };
    if let Keychain::Holds(held) = keychain {
        let is_newer = held.number > durable.number;
        if is_newer || (held.number == durable.number && durable.lacks_tokens) {
            return Verdict {
                from_keychain: Some(held.session.clone()),
                repair: Repair::WriteDurable,
            };
        }
    }
    let is_there = matches!(keychain, Keychain::Holds(held) if held.number == durable.number);
    keep(match (durable.session.tokens(), keychain) {
        (Some(_), _) if is_there => Repair::Nothing,
        (Some(_), _) => Repair::StoreInKeychain,
        (None, Keychain::Empty) => Repair::Nothing,
        // It may answer later, with just what is missing.
        (None, Keychain::Silent) if durable.lacks_tokens => Repair::Nothing,
        (None, _) => Repair::ClearKeychain,
    })
}

/// A record with its number. Other versions of the app, and a page without a shell, read past it.
#[must_use]
pub fn numbered(record: &str, number: u64) -> String {
    with(record, NUMBER, number)
}

fn with(record: &str, name: &str, number: u64) -> String {
    match record.strip_prefix('{') {
        Some(rest) => format!("{{\"{name}\":{number},{rest}"),
        None => record.to_owned(),
    }
}

/// What is written over a durable copy that cannot take in the session of this number. It is no longer than the shortest record, so that
/// there is room for it where there was room for any.
#[must_use]
pub fn marker(number: u64) -> String {
    let nobody = Session::signed_out(super::machine::Epoch(0));
    with(&stored::encode_reference(&nobody), MARK, number)
}

/// The number of a record, and whether it only marks where the newest session should be.
#[must_use]
pub fn number(text: &str) -> (u64, bool) {
    let record: Value = serde_json::from_str(text).unwrap_or_default();
    let read = |name: &str| record.get(name).and_then(Value::as_u64);
    match read(MARK) {
        Some(number) => (number, true),
        // Written before there were numbers, or by a page without a shell.
        None => (read(NUMBER).unwrap_or_default(), false),
    }
}

/// A number above that of the stored record and above all that were seen, also before anything was cleared here: time only grows.
#[must_use]
pub fn next_number(stored: Option<&str>, seen: u64, now: i64) -> u64 {
    let stored = stored.map_or(0, |text| number(text).0);
    let now = u64::try_from(now).unwrap_or_default();
    (seen.max(stored) + 1).max(now)
}

/// Reads the durable copy that lies at `key`.
///
/// # Errors
/// [`RecordError`] where there is no session to be had from it.
pub fn read_durable(text: &str, key: &str, seal: Option<&Seal>) -> Result<Copy, RecordError> {
    let kept = stored::decode(text, key, seal)?;
    let (number, is_mark) = number(text);
    Ok(Copy {
        number,
        lacks_tokens: is_mark || kept.session.expiry() == Some(ExpiryReason::Sealed),
        in_clear: kept.in_clear,
        session: kept.session,
    })
}

/// The record for the keychain, where the session has anything to keep there. What is too long for it is left out: the refresh
/// token gets all the others.
#[must_use]
pub fn for_keychain(session: &Session, key: &str, number: u64) -> Option<String> {
    let tokens = session.tokens()?;
    let without_id = Tokens {
        id_token: None,
        ..tokens.clone()
    };
    let refresh_only = Tokens {
        access: Secret::new(String::new()),
        expires_at: 0,
        holder: Some(tokens.user()),
        ..without_id.clone()
    };
    let write = |tokens: &Tokens| {
        let text = stored::encode(&with_tokens(session, tokens), key, None, [0; 16]);
        numbered(&text, number)
    };
    let fits = |text: &String| text.len() <= LONGEST;
    let short = || tokens.refresh.as_ref().map(|_| write(&refresh_only));
    [tokens, &without_id]
        .into_iter()
        .map(write)
        .find(fits)
        .or_else(short)
        .or_else(|| Some(write(&without_id)))
}

/// Reads what the keychain holds.
#[must_use]
pub fn read_keychain(text: Option<&str>, key: &str) -> Keychain {
    let Some(text) = text else {
        return Keychain::Empty;
    };
    let read = stored::decode(text, key, None).ok();
    match read.filter(|kept| kept.session.tokens().is_some()) {
        Some(kept) => Keychain::Holds(Box::new(Copy {
            number: number(text).0,
            session: kept.session,
            lacks_tokens: false,
            in_clear: true,
        })),
        None => Keychain::Unreadable,
    }
}

/// The session as it is shown until both stores have answered: nobody uses its tokens before it is known that they are the newest.
#[must_use]
pub fn veiled(session: Session) -> Session {
    let (Some(provider), Some(user)) = (session.provider().cloned(), session.user()) else {
        return session;
    };
    Session {
        state: SessionState::Expired {
            provider,
            tokens: None,
            user,
            reason: ExpiryReason::Sealed,
        },
        ..session
    }
}

fn with_tokens(session: &Session, tokens: &Tokens) -> Session {
    let mut session = session.clone();
    match &mut session.state {
        SessionState::SignedOut => {}
        SessionState::Active { tokens: own, .. } => *own = tokens.clone(),
        SessionState::Expired { tokens: own, .. } => *own = Some(tokens.clone()),
    }
    session
}

#[cfg(test)]
mod tests;
