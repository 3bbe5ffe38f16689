//! The endpoints of the provider: discovery, sign-in, token, revocation, end of session.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use url::Url;

use super::{AuthorizeRequest, Person, Provider, Realm, page};
use crate::faults::TokenFailure;
use crate::garbled::{Garbled, portal};
use crate::http::{allow_any_origin, cookie, is_loopback, preflight};

type Params = Query<Vec<(String, String)>>;

/// All routes of the provider.
pub fn router(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/{realm}/.well-known/openid-configuration", get(discovery))
        .route("/{realm}/authorize", get(authorize).post(sign_in))
        .route("/{realm}/token", post(token))
        .route("/{realm}/revoke", post(revoke))
        .route("/{realm}/userinfo", get(user_info))
        .route("/{realm}/jwks", get(|| async { Json(json!({"keys": []})) }))
        .route("/{realm}/logout", get(end_session))
        .fallback(|| async {
            page::notice(
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no such page at this provider.",
            )
        })
        .layer(middleware::from_fn(cross_origin))
        .with_state(provider)
}

/// The endpoints a page may call from elsewhere (RFC 10017: public clients refresh from the browser).
async fn cross_origin(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let path = request.uri().path();
    let is_open = [
        "/openid-configuration",
        "/token",
        "/revoke",
        "/userinfo",
        "/jwks",
    ]
    .iter()
    .any(|end| path.ends_with(end));
    if !is_open {
        return next.run(request).await;
    }
    if let Some(answer) = preflight(request.method(), request.headers()) {
        return answer;
    }
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    allow_any_origin(response.headers_mut(), origin);
    response
}

async fn home() -> Response {
    page::notice(
        StatusCode::OK,
        "Demonstration sign-in",
        "The provider behind the demonstration servers. Any name signs in.",
    )
}

fn unknown_realm() -> Response {
    (
        StatusCode::NOT_FOUND,
        Json(json!({"error": "Realm does not exist"})),
    )
        .into_response()
}

async fn discovery(State(provider): State<Arc<Provider>>, Path(realm): Path<String>) -> Response {
    let Some(realm) = provider.realm(&realm) else {
        return unknown_realm();
    };
    if realm.faults.read(|switches| switches.portal) {
        return portal();
    }
    let issuer = provider.issuer(&realm.id);
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile", "offline_access"],
        "claims_supported": ["iss", "sub", "azp", "preferred_username", "name", "email", "exp", "iat"],
        "prompt_values_supported": ["login"],
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

fn value<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

/// Checks what must be right before anything may be sent back to the client.
fn checked(realm: &Realm, params: &[(String, String)]) -> Result<AuthorizeRequest, &'static str> {
    let redirect_uri = value(params, "redirect_uri").ok_or("The redirect address is missing.")?;
    let url = Url::parse(redirect_uri).map_err(|_| "The redirect address cannot be read.")?;
    let is_registered = url.path().ends_with(&format!("/api/auth/{}", realm.id))
        && is_loopback(&url)
        && url.fragment().is_none();
    if !is_registered {
        return Err("The redirect address is not one of this client.");
    }
    if value(params, "client_id") != Some(realm.client_id().as_str()) {
        return Err("The client is not known here.");
    }
    if value(params, "response_type") != Some("code") {
        return Err("Only the code flow is offered.");
    }
    if value(params, "code_challenge_method") != Some("S256") {
        return Err("A PKCE challenge (S256) is needed.");
    }
    Ok(AuthorizeRequest {
        redirect_uri: redirect_uri.to_owned(),
        scope: value(params, "scope").unwrap_or("openid").to_owned(),
        state: value(params, "state").unwrap_or_default().to_owned(),
        nonce: value(params, "nonce").map(str::to_owned),
        code_challenge: value(params, "code_challenge")
            .ok_or("A PKCE challenge (S256) is needed.")?
            .to_owned(),
    })
}

fn refused(text: &str) -> Response {
    page::notice(StatusCode::BAD_REQUEST, "This sign-in cannot go on", text)
}

fn back(request: &AuthorizeRequest, issuer: &str, answer: &[(&str, &str)]) -> Option<String> {
    let mut url = Url::parse(&request.redirect_uri).ok()?;
    url.query_pairs_mut()
        .extend_pairs(answer)
        .append_pair("state", &request.state)
        .append_pair("iss", issuer);
    Some(url.into())
}

fn found(location: Option<String>, cookie: Option<String>) -> Response {
    let Some(location) = location else {
        return refused("The redirect address cannot be read.");
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn authorize(
    State(provider): State<Arc<Provider>>,
    Path(realm): Path<String>,
    Query(params): Params,
    headers: HeaderMap,
) -> Response {
    let Some(realm) = provider.realm(&realm) else {
        return unknown_realm();
    };
    let request = match checked(realm, &params) {
        Ok(request) => request,
        Err(text) => return refused(text),
    };
    let issuer = provider.issuer(&realm.id);
    let prompts: Vec<_> = value(&params, "prompt")
        .unwrap_or_default()
        .split(' ')
        .collect();
    let session = cookie(&headers, &provider.cookie(&realm.id));
    let signed_in = session.and_then(|session| {
        provider
            .person(&realm.id, &session)
            .map(|person| (session, person))
    });
    match signed_in {
        Some((session, person)) if !prompts.contains(&"login") => {
            let code = provider.issue_code(&realm.id, &session, person, request.clone());
            found(back(&request, &issuer, &[("code", &code)]), None)
        }
        _ if prompts.contains(&"none") => found(
            back(&request, &issuer, &[("error", "login_required")]),
            None,
        ),
        _ => form(realm, &request, &issuer, params, None),
    }
}

fn form(
    realm: &Realm,
    request: &AuthorizeRequest,
    issuer: &str,
    mut params: Vec<(String, String)>,
    problem: Option<&str>,
) -> Response {
    params.retain(|(name, _)| name != "name");
    let denied = [
        ("error", "access_denied"),
        ("error_description", "The sign-in was cancelled"),
    ];
    let cancel = back(request, issuer, &denied).unwrap_or_default();
    page::sign_in(
        &realm.title,
        &format!("{issuer}/authorize"),
        &params,
        &cancel,
        problem,
    )
}

async fn sign_in(
    State(provider): State<Arc<Provider>>,
    Path(realm): Path<String>,
    Form(params): Form<Vec<(String, String)>>,
) -> Response {
    let Some(realm) = provider.realm(&realm) else {
        return unknown_realm();
    };
    let request = match checked(realm, &params) {
        Ok(request) => request,
        Err(text) => return refused(text),
    };
    let issuer = provider.issuer(&realm.id);
    let Some(person) = value(&params, "name").and_then(Person::named) else {
        return form(
            realm,
            &request,
            &issuer,
            params,
            Some("Please type a name with at least one letter or digit."),
        );
    };
    let session = provider.open_session(&realm.id, person.clone());
    let code = provider.issue_code(&realm.id, &session, person, request.clone());
    let cookie = format!(
        "{}={session}; Path=/{}; HttpOnly; SameSite=Lax",
        provider.cookie(&realm.id),
        realm.id
    );
    found(back(&request, &issuer, &[("code", &code)]), Some(cookie))
}

fn oauth_error(status: StatusCode, error: &str, description: &str) -> Response {
    (
        status,
        Json(json!({"error": error, "error_description": description})),
    )
        .into_response()
}

fn invalid_grant() -> Response {
    oauth_error(
        StatusCode::BAD_REQUEST,
        "invalid_grant",
        "Token is not active",
    )
}

fn spoiled(failure: &TokenFailure) -> Response {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = failure.error.as_deref().unwrap_or(match failure.status {
        400 => "invalid_grant",
        401 => "invalid_client",
        _ => "temporarily_unavailable",
    });
    let mut response = match failure.body {
        Some(garbled) => garbled.answer(status),
        None => oauth_error(status, error, "A fault switch is on"),
    };
    if let Some(seconds) = failure.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

async fn token(
    State(provider): State<Arc<Provider>>,
    Path(realm): Path<String>,
    Form(params): Form<Vec<(String, String)>>,
) -> Response {
    let Some(realm) = provider.realm(&realm) else {
        return unknown_realm();
    };
    let grant = value(&params, "grant_type").unwrap_or_default();
    realm.faults.count_token_request(grant);
    let hang = realm.faults.read(|switches| switches.token_hang);
    if !hang.is_zero() {
        tokio::time::sleep(hang).await;
    }
    if realm.faults.read(|switches| switches.portal) {
        return portal();
    }
    if let Some(failure) = realm.faults.take_token_failure() {
        return spoiled(&failure);
    }
    if value(&params, "client_id") != Some(realm.client_id().as_str()) {
        return oauth_error(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Invalid client or Invalid client credentials",
        );
    }
    let text = |name| value(&params, name).unwrap_or_default();
    let tokens = match grant {
        "authorization_code" => provider.exchange(
            realm,
            text("code"),
            text("redirect_uri"),
            text("code_verifier"),
        ),
        "refresh_token" => provider.refresh(realm, text("refresh_token")),
        _ => {
            return oauth_error(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "Unsupported grant_type",
            );
        }
    };
    let Some(tokens) = tokens else {
        return invalid_grant();
    };
    if realm.faults.take_token_loss() {
        return lost();
    }
    Json(tokens).into_response()
}

/// An answer whose connection breaks off before the body is through.
fn lost() -> Response {
    Garbled::Cut.answer(StatusCode::OK)
}

async fn revoke(
    State(provider): State<Arc<Provider>>,
    Path(realm): Path<String>,
    Form(params): Form<Vec<(String, String)>>,
) -> Response {
    let Some(realm) = provider.realm(&realm) else {
        return unknown_realm();
    };
    realm.faults.count_token_request("revocation");
    provider.revoke(realm, value(&params, "token").unwrap_or_default());
    StatusCode::OK.into_response()
}

async fn user_info(
    State(provider): State<Arc<Provider>>,
    Path(realm): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(realm) = provider.realm(&realm) else {
        return unknown_realm();
    };
    let claims: Option<Value> =
        crate::http::bearer(&headers).and_then(|token| provider.verify(realm, token));
    match claims {
        Some(claims) => Json(claims).into_response(),
        None => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")],
        )
            .into_response(),
    }
}

async fn end_session(
    State(provider): State<Arc<Provider>>,
    Path(realm): Path<String>,
    Query(params): Params,
    headers: HeaderMap,
) -> Response {
    let Some(realm) = provider.realm(&realm) else {
        return unknown_realm();
    };
    let hinted = value(&params, "id_token_hint")
        .and_then(|token| provider.claims(&realm.id, token))
        .and_then(|claims| claims["sid"].as_str().map(str::to_owned));
    let name = provider.cookie(&realm.id);
    for session in [cookie(&headers, &name), hinted].into_iter().flatten() {
        provider.end_session(&realm.id, &session);
    }
    let gone = format!(
        "{name}=; Path=/{}; Max-Age=0; HttpOnly; SameSite=Lax",
        realm.id
    );
    let Some(target) = value(&params, "post_logout_redirect_uri") else {
        let mut response = page::notice(
            StatusCode::OK,
            "You are signed out",
            "You can close this page.",
        );
        if let Ok(cookie) = HeaderValue::from_str(&gone) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        return response;
    };
    let Some(mut url) = Url::parse(target).ok().filter(is_loopback) else {
        return refused("The address to go to after signing out is not one of this client.");
    };
    if let Some(state) = value(&params, "state") {
        url.query_pairs_mut().append_pair("state", state);
    }
    found(Some(url.into()), Some(gone))
}
