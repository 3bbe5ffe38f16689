//! The session that a core holds: whether there is one, whose it is, beginning and ending it.

use serde_json::{Value, json};

use super::{is_done, need, text};
use crate::core::rpc::account::{Snapshot, User};
use crate::core::rpc::cascade::{Read, Seen};
use crate::core::rpc::envelope::{Answer, Call, RpcError};
use crate::core::secret::Secret;

/// A core without network takes half a minute to notice.
const SLOW: u64 = 60_000;
/// Whether a session works is not worth a longer wait, in milliseconds.
const SHORT: u64 = 10_000;

/// The state of the core and who is signed in. With a session and without network it takes its time.
#[must_use]
pub fn snapshot() -> Call {
    Call::bare("openhuman.app_state_snapshot").within(SLOW)
}

/// Reads a snapshot. The token of the session and the key of the local data are in it: they are looked at and dropped.
///
/// # Errors
/// [`RpcError`] where it does not say whether somebody is signed in.
pub fn read_snapshot(answer: &Answer) -> Result<Snapshot, RpcError> {
    let value = answer.value();
    let auth = value.get("auth").unwrap_or(&Value::Null);
    let is_signed_in = is_signed_in(auth)?;
    let token = value.get("sessionToken").and_then(Value::as_str);
    // A blank token is none, whatever is said beside it.
    let seen = match token {
        _ if !is_signed_in => Seen::Nobody,
        Some(token) if token.trim().is_empty() => Seen::Nobody,
        token => Seen::Session {
            is_local: token.is_some_and(is_local),
        },
    };
    let named = || {
        text(auth, "userId").map(|id| User {
            id,
            name: None,
            email: None,
        })
    };
    let user = [value.get("currentUser"), auth.get("user")]
        .into_iter()
        .flatten()
        .find_map(read_user)
        .or_else(named);
    Ok(Snapshot {
        seen,
        user: user.filter(|_| seen != Seen::Nobody),
        is_onboarded: value.get("chatOnboardingCompleted") != Some(&Value::Bool(false)),
    })
}

fn is_signed_in(auth: &Value) -> Result<bool, RpcError> {
    let told = auth.get("isAuthenticated").and_then(Value::as_bool);
    told.ok_or_else(|| RpcError::malformed("it is not said whether somebody is signed in"))
}

/// A session without an account: three parts, the third of which says so.
fn is_local(token: &str) -> bool {
    let parts: Vec<&str> = token.trim().split('.').collect();
    matches!(parts.as_slice(), [_, _, "local"])
}

/// What a person may paste to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// That of a session.
    Session,
    /// That of a session without an account.
    Local,
    /// That of a sign-in link, to be exchanged once.
    Login,
}

/// What kind of token this is, by its form.
#[must_use]
pub fn kind(token: &Secret<String>) -> TokenKind {
    let token = token.expose();
    if is_local(token) {
        TokenKind::Local
    } else if token.split('.').count() == 3 {
        TokenKind::Session
    } else {
        TokenKind::Login
    }
}

fn read_user(value: &Value) -> Option<User> {
    let id = ["_id", "id", "userId"]
        .iter()
        .find_map(|name| text(value, name))?;
    let full = [text(value, "firstName"), text(value, "lastName")];
    let full = full.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let other = || {
        ["name", "displayName", "fullName", "username"]
            .iter()
            .find_map(|name| text(value, name))
    };
    Some(User {
        id,
        name: Some(full).filter(|name| !name.is_empty()).or_else(other),
        email: text(value, "email"),
    })
}

/// Whether the core holds a session: it reads its disk and asks nobody.
#[must_use]
pub fn state() -> Call {
    Call::bare("openhuman.auth_get_state").within(SHORT)
}

/// Reads whether it does.
///
/// # Errors
/// [`RpcError`] where it does not say.
pub fn read_state(answer: &Answer) -> Result<Read, RpcError> {
    Ok(if is_signed_in(answer.value())? {
        Read::Held
    } else {
        Read::Gone
    })
}

/// The one call that shows whether the session works: the core asks the account service.
#[must_use]
pub fn me() -> Call {
    Call::bare("openhuman.auth_get_me").within(SHORT).in_place()
}

/// Gives the core a session. It asks the account service first; a refusal is about this token, not about a session that is there.
#[must_use]
pub fn store(token: &Secret<String>) -> Call {
    Call::new(
        "openhuman.auth_store_session",
        json!({ "token": token.expose(), "user": {} }),
    )
    .within(SLOW)
    .in_place()
}

/// Reads whether it was stored. Read it back with [`state`] all the same.
///
/// # Errors
/// [`RpcError`] where the core does not say that it holds a token now.
pub fn read_store(answer: &Answer) -> Result<(), RpcError> {
    if is_done(answer, "hasToken") {
        Ok(())
    } else {
        Err(RpcError::malformed(
            "the core does not say that it holds the session",
        ))
    }
}

/// Makes the core forget its session. Nobody else is told.
#[must_use]
pub fn clear() -> Call {
    Call::bare("openhuman.auth_clear_session").in_place()
}

/// Trades the token of a sign-in link for that of a session, once. It is not stored by that.
#[must_use]
pub fn exchange(login_token: &Secret<String>) -> Call {
    Call::new(
        "openhuman.auth_consume_login_token",
        json!({ "loginToken": login_token.expose() }),
    )
    .within(SLOW)
    .in_place()
}

/// Reads the token of the session.
///
/// # Errors
/// [`RpcError`] without one.
pub fn read_exchange(answer: &Answer) -> Result<Secret<String>, RpcError> {
    need(answer.value(), "jwtToken").map(Secret::new)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
