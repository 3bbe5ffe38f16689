//! Connect probes, the code flow the server runs for its clients, and the profile of the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use url::Url;

use crate::clock;
use crate::error::ApiError;
use crate::http::{cookie, is_loopback, own_origin};
use crate::lock::lock;
use crate::provider::Tokens;
use crate::server::{Caller, NOBODY, Server};
use crate::token;

type Shared = State<Arc<Server>>;
type Params = Query<Vec<(String, String)>>;

/// Seconds a sign-in may take.
const LOGIN_LIFETIME: i64 = 1800;
/// Scopes asked for.
const SCOPE: &str = "openid email profile";

/// A sign-in between the two visits of the browser.
#[derive(Debug, Clone)]
pub struct PendingLogin {
    return_to: String,
    redirect_uri: String,
    verifier: String,
    with_tokens: bool,
    expires: i64,
}

/// GET /api/ok
pub async fn ok() -> &'static str {
    "OK"
}

/// GET /api/login: the providers, or `{}` where nobody signs in.
pub async fn providers(State(server): Shared) -> Json<Value> {
    if !server.asks_for_sign_in() {
        return Json(json!({}));
    }
    let id = &server.profile.id;
    Json(json!({ id: {
        "id": id,
        "title": format!("Sign in with {}", server.profile.name),
        "server_url": server.provider.issuer(id),
        "token_validation_pem": "-----BEGIN PUBLIC KEY-----\ndemonstration: tokens are checked by this server only\n-----END PUBLIC KEY-----\n",
        "client_id": server.provider.realm(id).map(crate::provider::Realm::client_id),
        "scope": SCOPE,
    }}))
}

/// GET /api/v1/installation/identity
pub async fn identity(State(server): Shared) -> Json<Value> {
    let profile = &server.profile;
    Json(
        json!({"installation_id": profile.id, "name": profile.name, "description": profile.description}),
    )
}

/// GET /api/v1/installation/info
pub async fn info(State(server): Shared) -> Json<Value> {
    Json(json!({
        "id": server.profile.id,
        "agui_features": [],
        "sse_delivery_profiles": {"default": "fine", "profiles": [
            {"name": "fine", "strategy": "bounded", "description": "A few words at a time"},
            {"name": "whole", "strategy": "message", "description": "Each message in one piece"},
        ]},
    }))
}

/// GET /api/v1/installation/versions: for admins, that is, where nobody signs in.
pub async fn versions(caller: Caller) -> Result<Json<Value>, ApiError> {
    if caller.claims.is_some() {
        return Err(ApiError::Text(
            StatusCode::FORBIDDEN,
            "admin access required".to_owned(),
        ));
    }
    Ok(Json(
        json!({"soliplex": {"version": "0.87"}, "enfilade-demo": {"version": env!("CARGO_PKG_VERSION")}}),
    ))
}

/// GET /api/v1/user/authz
pub async fn rights(caller: Caller) -> Json<Value> {
    Json(json!({"is_admin_user": caller.claims.is_none()}))
}

/// GET /api/user_info
pub async fn user_info(State(server): Shared, caller: Caller) -> Result<Json<Value>, ApiError> {
    let Some(Value::Object(claims)) = caller.claims.filter(|_| server.asks_for_sign_in()) else {
        return Err(ApiError::not_found("system in no-auth mode"));
    };
    let mut profile = json!({
        "given_name": NOBODY, "family_name": NOBODY, "email": NOBODY, "preferred_username": NOBODY,
    });
    for (name, value) in claims {
        profile[name] = value;
    }
    Ok(Json(profile))
}

fn value<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

fn bad_request() -> ApiError {
    ApiError::Text(StatusCode::BAD_REQUEST, "authn bad request".to_owned())
}

fn unknown_provider(server: &Server, provider: &str) -> Result<(), ApiError> {
    if !server.asks_for_sign_in() || provider != server.profile.id {
        return Err(ApiError::not_found("unknown auth system"));
    }
    Ok(())
}

/// Whether tokens may be sent there: a path of this origin, this origin, loopback, or an origin on the list.
fn is_trusted(return_to: &str, own: &str, allowed: &[String]) -> bool {
    let is_odd = |letter: char| letter.is_control() || letter == '\\' || letter.is_whitespace();
    if return_to.chars().any(is_odd) {
        return false;
    }
    if return_to.starts_with('/') {
        return !return_to.starts_with("//");
    }
    let Ok(url) = Url::parse(return_to) else {
        return false;
    };
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    let origin = url.origin().ascii_serialization();
    match url.scheme() {
        "http" => origin == own || is_loopback(&url),
        "https" => {
            origin == own
                || allowed
                    .iter()
                    .any(|entry| entry.trim_end_matches('/') == origin)
        }
        _ => false,
    }
}

/// GET /api/login/{provider}: sends the browser to the provider.
pub async fn login(
    State(server): Shared,
    Path(provider): Path<String>,
    Query(params): Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    unknown_provider(&server, &provider)?;
    let return_to = value(&params, "return_to")
        .ok_or_else(|| ApiError::missing(json!(["query", "return_to"]), Value::Null))?;
    let own = own_origin(&headers, server.port);
    if !is_trusted(return_to, &own, &server.allowed_origins) {
        return Err(bad_request());
    }
    let delivery = value(&params, "delivery").unwrap_or("fragment");
    if !matches!(delivery, "fragment" | "cookie") {
        return Err(bad_request());
    }
    let name = session_cookie(&server);
    let session = cookie(&headers, &name).unwrap_or_else(token::random);
    let (state, verifier) = (token::random(), token::random());
    let redirect_uri = format!("{own}/api/auth/{provider}");
    let location = authorize_url(
        &server,
        &redirect_uri,
        &state,
        &verifier,
        value(&params, "prompt"),
    );
    let now = clock::now_seconds();
    let pending = PendingLogin {
        return_to: return_to.to_owned(),
        redirect_uri,
        verifier,
        with_tokens: delivery == "fragment",
        expires: now + LOGIN_LIFETIME,
    };
    let mut logins = lock(&server.logins);
    logins.retain(|_, login| login.expires > now);
    logins.insert((session.clone(), state), pending);
    drop(logins);
    let cookie =
        format!("{name}={session}; Path=/; Max-Age={LOGIN_LIFETIME}; HttpOnly; SameSite=Lax");
    Ok((
        StatusCode::FOUND,
        [(header::LOCATION, location), (header::SET_COOKIE, cookie)],
    )
        .into_response())
}

/// Browsers share cookies between the ports of a host, so the name carries the port.
fn session_cookie(server: &Server) -> String {
    format!("session_{}", server.port)
}

fn authorize_url(
    server: &Server,
    redirect_uri: &str,
    state: &str,
    verifier: &str,
    prompt: Option<&str>,
) -> String {
    let issuer = server.provider.issuer(&server.profile.id);
    let client_id = server
        .provider
        .realm(&server.profile.id)
        .map(crate::provider::Realm::client_id)
        .unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", SCOPE)
        .append_pair("state", state)
        .append_pair("nonce", &token::random())
        .append_pair("code_challenge", &token::challenge(verifier))
        .append_pair("code_challenge_method", "S256");
    if let Some(prompt) = prompt {
        query.append_pair("prompt", prompt);
    }
    format!("{issuer}/authorize?{}", query.finish())
}

/// GET /api/auth/{provider}: the provider sends the browser back; the tokens go on to the app.
pub async fn callback(
    State(server): Shared,
    Path(provider): Path<String>,
    Query(params): Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    unknown_provider(&server, &provider)?;
    let failed = || ApiError::Text(StatusCode::UNAUTHORIZED, "JWT validation failed".to_owned());
    let session = cookie(&headers, &session_cookie(&server)).ok_or_else(|| {
        ApiError::Text(
            StatusCode::BAD_REQUEST,
            "no return_to stored in session".to_owned(),
        )
    })?;
    let state = value(&params, "state").ok_or_else(failed)?;
    let login = lock(&server.logins)
        .remove(&(session, state.to_owned()))
        .ok_or_else(failed)?;
    let issuer = server.provider.issuer(&server.profile.id);
    if login.expires <= clock::now_seconds()
        || value(&params, "iss").is_some_and(|iss| iss != issuer)
    {
        return Err(failed());
    }
    let code = value(&params, "code").ok_or_else(failed)?;
    let realm = server
        .provider
        .realm(&server.profile.id)
        .ok_or_else(failed)?;
    server.faults.count_token_request("authorization_code");
    let tokens = server
        .provider
        .exchange(realm, code, &login.redirect_uri, &login.verifier)
        .ok_or_else(failed)?;
    let location = if login.with_tokens {
        let is_query = server.faults.read(|switches| switches.query_delivery);
        deliver(&login.return_to, &tokens, is_query)
    } else {
        login.return_to
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
}

/// The address with the tokens in it: in the fragment (0.82 and later), or in the query without id token (up to 0.81).
fn deliver(return_to: &str, tokens: &Tokens, in_query: bool) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("token", &tokens.access_token)
        .append_pair("refresh_token", &tokens.refresh_token)
        .append_pair("expires_in", &tokens.expires_in.to_string());
    if let Some(id_token) = tokens.id_token.as_deref().filter(|_| !in_query) {
        query.append_pair("id_token", id_token);
    }
    let query = query.finish();
    let (page, fragment) = return_to
        .split_once('#')
        .map_or((return_to, None), |(page, rest)| (page, Some(rest)));
    let joint = |text: &str| if text.contains('?') { '&' } else { '?' };
    if in_query {
        let hash = fragment
            .map(|fragment| format!("#{fragment}"))
            .unwrap_or_default();
        return format!("{page}{}{query}{hash}", joint(page));
    }
    let fragment = fragment.unwrap_or_default();
    format!("{page}#{fragment}{}{query}", joint(fragment))
}

/// POST /api/auth/{provider}/logout
pub async fn logout(
    State(server): Shared,
    Path(provider): Path<String>,
) -> Result<Response, ApiError> {
    unknown_provider(&server, &provider)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let gone =
        HeaderValue::from_static("soliplex_authn=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    response.headers_mut().insert(header::SET_COOKIE, gone);
    Ok(response)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn tokens() -> Tokens {
        Tokens {
            access_token: "A".into(),
            token_type: "Bearer".into(),
            expires_in: 600,
            refresh_token: "R".into(),
            scope: "openid".into(),
            id_token: Some("I".into()),
        }
    }

    #[test]
    fn tokens_come_in_the_fragment_or_before_it() {
        let hash = "http://127.0.0.1:8080/#/auth/callback";
        let plain = "http://127.0.0.1:8080/auth/callback/f1";
        assert_eq!(
            deliver(hash, &tokens(), false),
            "http://127.0.0.1:8080/#/auth/callback?token=A&refresh_token=R&expires_in=600&id_token=I"
        );
        assert_eq!(
            deliver(plain, &tokens(), false),
            "http://127.0.0.1:8080/auth/callback/f1#?token=A&refresh_token=R&expires_in=600&id_token=I"
        );
        assert_eq!(
            deliver(hash, &tokens(), true),
            "http://127.0.0.1:8080/?token=A&refresh_token=R&expires_in=600#/auth/callback"
        );
        assert_eq!(
            deliver("/x?a=1", &tokens(), true),
            "/x?a=1&token=A&refresh_token=R&expires_in=600"
        );
    }

    #[test]
    fn tokens_are_sent_to_trusted_addresses_only() {
        let allowed = ["https://app.example.org".to_owned()];
        let own = "http://127.0.0.1:8701";
        for good in [
            "/auth",
            "http://127.0.0.1:8701/x",
            "http://localhost:8080/auth/callback/f",
            "http://[::1]:1/",
            "https://app.example.org/#/auth/callback",
        ] {
            assert!(is_trusted(good, own, &allowed), "{good}");
        }
        for bad in [
            "//evil.example/",
            "https://evil.example/",
            "http://app.example.org/",
            "javascript:alert(1)",
            "http://127.0.0.1@evil.example/",
            "/\\evil.example",
            "http://127.0.0.1:80 80/",
            "relative",
            "",
        ] {
            assert!(!is_trusted(bad, own, &allowed), "{bad}");
        }
    }
}
