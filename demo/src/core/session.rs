//! The account session: stored after the hosted service has confirmed it, read back, cleared.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Core;
use super::data::{Session, moment};
use super::dispatch::{Answer, Fault};
use super::expiry::Generation;
use super::hosted::Request;
use super::params::Params;
use super::texts;
use crate::clock;
use crate::lock::lock;
use crate::provider::Person;
use crate::token;

/// Profile a session is kept under.
const PROFILE: &str = "app-session:default";
/// Life of a token the hosted sign-in gives.
const LIFE: i64 = 30 * 24 * 3600;
/// Third part of the token of an offline session.
const OFFLINE: &str = "local";

/// `auth_get_state`, also part of the snapshot.
pub fn state_of(session: Option<&Session>) -> Value {
    let Some(session) = session else {
        return json!({"isAuthenticated": false, "userId": null, "user": null, "profileId": null});
    };
    json!({"isAuthenticated": true, "userId": session.user_id, "user": session.user, "profileId": PROFILE})
}

/// Who the hosted service knows under this token.
fn person_of(core: &Core, session_token: &str) -> Option<Person> {
    if let Some(name) = session_token.strip_prefix("demo-") {
        return Person::named(name);
    }
    let claims = token::open(core.profile.id.as_bytes(), session_token)?;
    let is_live = claims["exp"].as_i64()? > clock::now_seconds();
    Person::named(claims["name"].as_str().filter(|_| is_live)?)
}

/// As who-am-I answers.
fn user_of(person: &Person) -> Value {
    let (first, last) = person.name.split_once(' ').unwrap_or((&person.name, ""));
    json!({
        "_id": format!("u-{}", person.username),
        "firstName": first,
        "lastName": last,
        "username": person.username,
        "email": format!("{}@example.org", person.username),
        "role": "user",
        "activeTeamId": format!("team-{}", person.username),
    })
}

/// A session token as the hosted sign-in gives it.
pub fn issue(core: &Core, person: &Person, seconds: Option<i64>) -> String {
    let now = clock::now_seconds();
    let claims = json!({
        "sub": format!("u-{}", person.username),
        "name": person.name,
        "iat": now,
        "exp": now + seconds.unwrap_or(LIFE),
        "jti": token::random(),
    });
    token::sign(core.profile.id.as_bytes(), &claims)
}

/// A one-time token as the hosted sign-in hands it to the app.
pub fn issue_login(core: &Core, person: Person) -> String {
    let login = format!("login-{}", token::random());
    lock(&core.logins).insert(login.clone(), person);
    login
}

/// Stores a session for somebody without asking anybody.
pub fn sign_in(core: &Core, session_token: String, user: Value, is_local: bool) {
    let user_id = user["_id"].as_str().unwrap_or(OFFLINE).to_owned();
    let session = Session {
        token: session_token,
        user_id,
        user,
        is_local,
        is_dead: false,
        updated: clock::now(),
    };
    core.change(|data| data.store(session));
}

/// Stores a session for the person of that name.
pub fn sign_in_as(core: &Core, person: &Person) {
    sign_in(core, issue(core, person, None), user_of(person), false);
}

/// `auth_get_state`
pub fn state(core: &Arc<Core>, _: &Params) -> Answer {
    Ok(state_of(core.session().as_ref()))
}

/// `auth_get_session_token`
pub fn token(core: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"token": core.session().map(|session| session.token)}))
}

/// `auth_store_session`
pub fn store(core: &Arc<Core>, params: &Params) -> Answer {
    let session_token = params.text("token")?.trim().to_owned();
    let user_id: Option<String> = params.get("user_id")?;
    let given: Value = params.get("user")?;
    if session_token.is_empty() {
        return Err(Fault::new("token is required"));
    }
    store_token(core, &session_token, user_id, &given)?;
    Ok(json!({
        "id": PROFILE, "provider": "app-session", "profileName": "default", "kind": "token",
        "accountId": null, "workspaceId": null, "metadataKeys": ["user_id", "user_json"],
        "updatedAt": moment(), "hasToken": true, "hasTokenSet": false,
    }))
}

fn is_offline(session_token: &str) -> bool {
    let parts: Vec<_> = session_token.split('.').collect();
    matches!(parts[..], [_, _, OFFLINE])
}

fn store_token(
    core: &Core,
    session_token: &str,
    user_id: Option<String>,
    given: &Value,
) -> Result<(), Fault> {
    let is_newer = core.switchboard.read(|switches| switches.generation) == Generation::Newer;
    let (mut user, is_local) = if is_newer && is_offline(session_token) {
        if given.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(Fault::new(texts::LOCAL_WITHOUT_USER));
        }
        (given.clone(), true)
    } else {
        (confirmed(core, session_token)?, false)
    };
    if let Some(user_id) = user_id {
        user["_id"] = json!(user_id);
    }
    let is_lost = core.switchboard.change(|switches| {
        let is_lost = switches.lost_stores > 0;
        switches.lost_stores = switches.lost_stores.saturating_sub(1);
        is_lost
    });
    if !is_lost {
        sign_in(core, session_token.to_owned(), user, is_local);
    }
    Ok(())
}

/// The user of a token that the hosted service takes.
fn confirmed(core: &Core, session_token: &str) -> Answer {
    let question = Request::WHO_AM_I;
    let asked = question.reached(core).and_then(|()| {
        person_of(core, session_token)
            .ok_or_else(|| question.refused(core, 401, texts::INVALID_TOKEN))
    });
    match asked {
        Ok(person) => Ok(user_of(&person)),
        Err(fault) => Err(Fault::new(texts::validation_failed(&fault.text))),
    }
}

/// `auth_clear_session`
pub fn clear(core: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"removed": core.clear_session()}))
}

/// `auth_consume_login_token`
pub fn consume(core: &Arc<Core>, params: &Params) -> Answer {
    let login = params.text("loginToken")?;
    if login.trim().is_empty() {
        return Err(Fault::new("loginToken is required"));
    }
    Ok(json!({"jwtToken": traded(core, login.trim())?}))
}

/// The session token for a one-time token.
///
/// # Errors
/// When it was used before, or was never given.
fn traded(core: &Core, login: &str) -> Result<String, Fault> {
    let question = Request::plain("POST", "/auth/login-token/consume");
    question.reached(core)?;
    let person = lock(&core.logins).remove(login);
    let person = person.ok_or_else(|| {
        let body = r#"{"success":false,"error":"Login token expired or already used"}"#;
        question.refused(core, 401, body)
    })?;
    Ok(issue(core, &person, None))
}

/// What the address for Telegram does: trade and store.
///
/// # Errors
/// As both.
pub fn trade_and_store(core: &Core, login: &str) -> Result<(), Fault> {
    let session_token = traded(core, login)?;
    store_token(core, &session_token, None, &Value::Null)
}

/// `auth_get_me`
pub fn me(core: &Arc<Core>, _: &Params) -> Answer {
    Ok(Request::WHO_AM_I.session(core)?.user)
}

/// `socket_connect_with_session`
pub fn socket(core: &Arc<Core>, _: &Params) -> Answer {
    let session = core.session();
    session.ok_or_else(|| Fault::new("no session token stored"))?;
    Ok(json!({"connected": true}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_third_part_local_makes_a_token_offline() {
        for (text, expected) in [
            ("a.b.local", true),
            ("a.b.local.", false),
            ("a.b.c.local", false),
            ("a.b.Local", false),
            ("local", false),
        ] {
            assert_eq!(is_offline(text), expected, "{text}");
        }
    }
}
