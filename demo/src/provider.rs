//! A small OpenID Connect provider: one realm per server, any name signs in.

pub mod page;
mod person;
pub mod routes;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock;
use crate::faults::Faults;
use crate::lock::lock;
use crate::token;

pub use person::{Person, username_of};

/// Seconds a code can be exchanged in.
const CODE_LIFETIME: i64 = 60;

/// A realm: the issuer that one server trusts.
#[derive(Debug)]
pub struct Realm {
    /// Path segment, the same as the provider id at the server.
    pub id: String,
    /// Shown on the sign-in page.
    pub title: String,
    /// The switches of its server.
    pub faults: Arc<Faults>,
}

impl Realm {
    /// The one client of the realm.
    pub fn client_id(&self) -> String {
        format!("enfilade-{}", self.id)
    }
}

/// A sign-in that later ones go straight through with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    realm: String,
    person: Person,
}

/// What a sign-in at one client allows: a family of refresh tokens, of which only the newest is good.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Grant {
    realm: String,
    session: String,
    person: Person,
    scope: String,
    nonce: Option<String>,
    auth_time: i64,
    current: String,
    revoked: bool,
}

/// What is kept with `--data`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ProviderData {
    key: String,
    sessions: HashMap<String, Session>,
    grants: HashMap<Uuid, Grant>,
}

/// A code on its way.
#[derive(Debug)]
struct Code {
    realm: String,
    session: String,
    person: Person,
    request: AuthorizeRequest,
    expires: i64,
}

/// The query of the authorization endpoint, checked.
#[derive(Debug, Clone)]
pub struct AuthorizeRequest {
    /// Where the code goes.
    pub redirect_uri: String,
    /// Scopes, blank-separated.
    pub scope: String,
    /// Comes back with the code.
    pub state: String,
    /// Goes into the id token.
    pub nonce: Option<String>,
    /// PKCE challenge (S256).
    pub code_challenge: String,
}

/// Tokens as the token endpoint gives them (RFC 6749, section 5.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// JWT.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds.
    pub expires_in: u64,
    /// The only good one of its family.
    pub refresh_token: String,
    /// As granted.
    pub scope: String,
    /// When the scope has `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

/// The provider and all it remembers.
#[derive(Debug)]
pub struct Provider {
    base: String,
    port: u16,
    key: Vec<u8>,
    realms: Vec<Realm>,
    data: Mutex<ProviderData>,
    codes: Mutex<HashMap<String, Code>>,
    serial: AtomicU64,
    dirty: Arc<Notify>,
}

impl Provider {
    /// A provider at `http://127.0.0.1:<port>`.
    pub fn new(port: u16, realms: Vec<Realm>, mut data: ProviderData, dirty: Arc<Notify>) -> Self {
        if data.key.is_empty() {
            data.key = token::random();
            dirty.notify_one();
        }
        Self {
            base: format!("http://127.0.0.1:{port}"),
            port,
            key: data.key.clone().into_bytes(),
            realms,
            data: Mutex::new(data),
            codes: Mutex::default(),
            serial: AtomicU64::new(1),
            dirty,
        }
    }

    /// `http://127.0.0.1:8700/harbor`
    pub fn issuer(&self, realm: &str) -> String {
        format!("{}/{realm}", self.base)
    }

    /// The realm of that id.
    pub fn realm(&self, id: &str) -> Option<&Realm> {
        self.realms.iter().find(|realm| realm.id == id)
    }

    /// The cookie of a realm. Cookies do not tell ports apart, so the name does.
    pub fn cookie(&self, realm: &str) -> String {
        format!("provider_{}_{realm}", self.port)
    }

    /// A copy of what is to be kept.
    pub fn snapshot(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&*lock(&self.data))
    }

    /// Who that session cookie belongs to.
    pub fn person(&self, realm: &str, session: &str) -> Option<Person> {
        lock(&self.data)
            .sessions
            .get(session)
            .filter(|found| found.realm == realm)
            .map(|found| found.person.clone())
    }

    /// A new session; its id is the cookie.
    pub fn open_session(&self, realm: &str, person: Person) -> String {
        let id = token::random();
        lock(&self.data).sessions.insert(
            id.clone(),
            Session {
                realm: realm.to_owned(),
                person,
            },
        );
        self.dirty.notify_one();
        id
    }

    /// Ends a session and the grants made in it.
    pub fn end_session(&self, realm: &str, session: &str) {
        let mut data = lock(&self.data);
        if data
            .sessions
            .get(session)
            .is_some_and(|found| found.realm == realm)
        {
            data.sessions.remove(session);
        }
        for grant in data
            .grants
            .values_mut()
            .filter(|grant| grant.realm == realm && grant.session == session)
        {
            grant.revoked = true;
        }
        drop(data);
        self.dirty.notify_one();
    }

    /// Ends every session and grant of a realm.
    pub fn clear(&self, realm: &str) {
        let mut data = lock(&self.data);
        data.sessions.retain(|_, session| session.realm != realm);
        data.grants.retain(|_, grant| grant.realm != realm);
        drop(data);
        self.dirty.notify_one();
    }

    /// Refuses the refresh tokens a user has so far; with `and_session` the next sign-in asks for the name again.
    pub fn revoke_user(&self, realm: &str, username: &str, and_session: bool) {
        let mut data = lock(&self.data);
        let is_theirs =
            |in_realm: &str, person: &Person| in_realm == realm && person.username == username;
        for grant in data
            .grants
            .values_mut()
            .filter(|grant| is_theirs(&grant.realm, &grant.person))
        {
            grant.revoked = true;
        }
        if and_session {
            data.sessions
                .retain(|_, session| !is_theirs(&session.realm, &session.person));
        }
        drop(data);
        self.dirty.notify_one();
    }

    /// A code for the client, good once and for a minute.
    pub fn issue_code(
        &self,
        realm: &str,
        session: &str,
        person: Person,
        request: AuthorizeRequest,
    ) -> String {
        let code = token::random();
        let now = clock::now_seconds();
        let mut codes = lock(&self.codes);
        codes.retain(|_, code| code.expires > now);
        codes.insert(
            code.clone(),
            Code {
                realm: realm.to_owned(),
                session: session.to_owned(),
                person,
                request,
                expires: now + CODE_LIFETIME,
            },
        );
        code
    }

    /// Code for tokens, with PKCE checked. `None` is `invalid_grant`.
    pub fn exchange(
        &self,
        realm: &Realm,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Option<Tokens> {
        // Taken out before any check: a code is spent by the first attempt.
        let code = lock(&self.codes).remove(code)?;
        let is_good = code.realm == realm.id
            && code.expires > clock::now_seconds()
            && code.request.redirect_uri == redirect_uri
            && code.request.code_challenge == token::challenge(verifier);
        if !is_good {
            return None;
        }
        let id = Uuid::new_v4();
        let grant = Grant {
            realm: realm.id.clone(),
            session: code.session,
            person: code.person,
            scope: code.request.scope,
            nonce: code.request.nonce,
            auth_time: clock::now_seconds(),
            current: token::random(),
            revoked: false,
        };
        let tokens = self.tokens(realm, id, &grant);
        lock(&self.data).grants.insert(id, grant);
        self.dirty.notify_one();
        Some(tokens)
    }

    /// The next tokens for a refresh token. An older one of the same family revokes the family. `None` is `invalid_grant`.
    pub fn refresh(&self, realm: &Realm, refresh_token: &str) -> Option<Tokens> {
        let (id, secret) = split(refresh_token)?;
        let mut data = lock(&self.data);
        let grant = data
            .grants
            .get_mut(&id)
            .filter(|grant| grant.realm == realm.id && !grant.revoked)?;
        self.dirty.notify_one();
        if grant.current != secret {
            grant.revoked = true;
            return None;
        }
        grant.current = token::random();
        let grant = grant.clone();
        drop(data);
        Some(self.tokens(realm, id, &grant))
    }

    /// Revokes the grant of a refresh token (RFC 7009). An unknown one is no error there.
    pub fn revoke(&self, realm: &Realm, refresh_token: &str) {
        let Some((id, _)) = split(refresh_token) else {
            return;
        };
        if let Some(grant) = lock(&self.data)
            .grants
            .get_mut(&id)
            .filter(|grant| grant.realm == realm.id)
        {
            grant.revoked = true;
        }
        self.dirty.notify_one();
    }

    /// The claims of any token this provider signed for the realm, expired or not.
    pub fn claims(&self, realm: &str, token: &str) -> Option<Value> {
        token::open(&self.key, token).filter(|claims| claims["iss"] == self.issuer(realm))
    }

    /// The claims of an access token that is good now.
    pub fn verify(&self, realm: &Realm, token: &str) -> Option<Value> {
        let claims = self.claims(&realm.id, token)?;
        let username = claims["preferred_username"].as_str()?;
        let serial: u64 = claims["jti"].as_str()?.rsplit('-').next()?.parse().ok()?;
        let is_good = claims["typ"] == "Bearer"
            && claims["azp"] == realm.client_id()
            && claims["sub"].is_string()
            && claims["exp"].as_i64()? > clock::now_seconds();
        let is_refused = realm.faults.read(|switches| {
            switches.refuse_tokens
                || switches
                    .expired_before
                    .get(username)
                    .is_some_and(|first| serial < *first)
        });
        (is_good && !is_refused).then_some(claims)
    }

    /// The serial number the next access token gets.
    pub fn next_serial(&self) -> u64 {
        self.serial.load(Ordering::SeqCst)
    }

    fn tokens(&self, realm: &Realm, id: Uuid, grant: &Grant) -> Tokens {
        let lifetime = realm.faults.read(|switches| switches.token_lifetime);
        let now = clock::now_seconds();
        let expires = now.saturating_add_unsigned(lifetime);
        let Person { name, username } = &grant.person;
        let serial = self.serial.fetch_add(1, Ordering::SeqCst);
        let subject = subject(&grant.realm, username);
        let issuer = self.issuer(&realm.id);
        let (given, family) = name.split_once(' ').unwrap_or((name, ""));
        let mut access = json!({
            "iss": issuer, "sub": subject, "azp": realm.client_id(), "typ": "Bearer", "iat": now, "exp": expires,
            "jti": format!("{}-{serial}", id.simple()), "sid": grant.session, "scope": grant.scope,
            "preferred_username": username, "name": name, "given_name": given,
            "email": format!("{username}@{}.example", realm.id),
        });
        if !family.is_empty() {
            access["family_name"] = json!(family);
        }
        let id_token = grant
            .scope
            .split(' ')
            .any(|scope| scope == "openid")
            .then(|| {
                let mut claims = access.clone();
                claims["aud"] = json!(realm.client_id());
                claims["typ"] = json!("ID");
                claims["auth_time"] = json!(grant.auth_time);
                if let Some(nonce) = &grant.nonce {
                    claims["nonce"] = json!(nonce);
                }
                token::sign(&self.key, &claims)
            });
        let tokens = Tokens {
            access_token: token::sign(&self.key, &access),
            token_type: "Bearer".to_owned(),
            expires_in: lifetime,
            refresh_token: format!("{}.{}", id.simple(), grant.current),
            scope: grant.scope.clone(),
            id_token,
        };
        let (access, refresh) = (&tokens.access_token, &tokens.refresh_token);
        let all = [Some(access), Some(refresh), tokens.id_token.as_ref()];
        realm.faults.issued(all.into_iter().flatten().cloned());
        tokens
    }
}

fn split(refresh_token: &str) -> Option<(Uuid, &str)> {
    let (id, secret) = refresh_token.split_once('.')?;
    Some((Uuid::parse_str(id).ok()?, secret))
}

/// The same person has the same subject in a realm for ever, and another one in every other realm.
fn subject(realm: &str, username: &str) -> String {
    let digest = Sha256::digest(format!("{realm}/{username}").as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|index| digest[index]);
    Uuid::from_bytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::time::Duration;

    use super::*;

    fn provider() -> Provider {
        let faults = Arc::new(Faults::new(Duration::from_secs(15)));
        let realm = Realm {
            id: "harbor".into(),
            title: "Harbor".into(),
            faults,
        };
        Provider::new(8700, vec![realm], ProviderData::default(), Arc::default())
    }

    fn code(provider: &Provider) -> String {
        let request = AuthorizeRequest {
            redirect_uri: "http://127.0.0.1:8701/api/auth/harbor".into(),
            scope: "openid".into(),
            state: "s".into(),
            nonce: Some("n".into()),
            code_challenge: token::challenge("verifier"),
        };
        provider.issue_code(
            "harbor",
            "session",
            Person::named("Ann Lee").unwrap(),
            request,
        )
    }

    fn exchange(provider: &Provider, code: &str, verifier: &str) -> Option<Tokens> {
        provider.exchange(
            provider.realm("harbor").unwrap(),
            code,
            "http://127.0.0.1:8701/api/auth/harbor",
            verifier,
        )
    }

    #[test]
    fn a_code_is_good_once_and_only_with_its_verifier() {
        let provider = provider();
        let first = code(&provider);
        assert!(exchange(&provider, &first, "verifier").is_some());
        assert!(exchange(&provider, &first, "verifier").is_none());
        let second = code(&provider);
        assert!(exchange(&provider, &second, "guess").is_none());
        assert!(exchange(&provider, &second, "verifier").is_none());
    }

    #[test]
    fn an_old_refresh_token_revokes_its_whole_family() {
        let provider = provider();
        let realm = provider.realm("harbor").unwrap();
        let first = exchange(&provider, &code(&provider), "verifier").unwrap();
        let second = provider.refresh(realm, &first.refresh_token).unwrap();
        assert_ne!(first.refresh_token, second.refresh_token);
        assert!(provider.refresh(realm, &first.refresh_token).is_none());
        assert!(provider.refresh(realm, &second.refresh_token).is_none());
    }

    #[test]
    fn an_expired_user_needs_a_newer_token() {
        let provider = provider();
        let realm = provider.realm("harbor").unwrap();
        let tokens = exchange(&provider, &code(&provider), "verifier").unwrap();
        assert_eq!(
            provider.verify(realm, &tokens.access_token).unwrap()["name"],
            "Ann Lee"
        );
        assert!(provider.verify(realm, &tokens.id_token.unwrap()).is_none());
        let next = provider.next_serial();
        realm
            .faults
            .change(|switches| switches.expired_before.insert("ann.lee".into(), next));
        assert!(provider.verify(realm, &tokens.access_token).is_none());
        let newer = provider.refresh(realm, &tokens.refresh_token).unwrap();
        assert!(provider.verify(realm, &newer.access_token).is_some());
    }
}
