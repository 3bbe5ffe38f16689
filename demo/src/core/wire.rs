//! The routes of a core and what happens around every answer: preflights, the bearer, cross-origin headers.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::switches::Planned;
use super::{Core, control, dispatch, events, methods, pages, snapshot};
use crate::garbled::portal;

/// Paths that need no bearer, to the letter.
const PUBLIC: [&str; 5] = ["/", "/health", "/schema", "/events", "/auth/telegram"];

/// All routes of a core.
pub fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/", get(root))
        .route("/health", get(|| async { Json(json!({"ok": true})) }))
        .route("/schema", get(|| async { Json(methods::schema()) }))
        .route("/events", get(events::listen))
        .route("/rpc", post(rpc))
        .route("/auth/telegram", get(pages::telegram))
        .route(
            "/hosted/connect/{id}",
            get(pages::connect).post(pages::decided),
        )
        .route(
            "/hosted/auth/{provider}/login",
            get(pages::sign_in).post(pages::signed_in),
        )
        .merge(control::router())
        .fallback(missing)
        .layer(middleware::from_fn_with_state(core.clone(), around))
        .with_state(core)
}

async fn root(State(core): State<Arc<Core>>) -> Json<Value> {
    Json(snapshot::root(&core))
}

async fn missing() -> Response {
    let body = json!({"ok": false, "error": "not_found", "message": "No such route. See GET / for those that exist."});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

async fn rpc(
    State(core): State<Arc<Core>>,
    request: Result<Json<dispatch::Request>, JsonRejection>,
) -> Response {
    match request {
        Ok(Json(request)) => dispatch::call(core, request).await,
        Err(rejection) => {
            let response = rejection.into_response();
            note(&core, "POST /rpc", response.status());
            response
        }
    }
}

fn note(core: &Core, name: &str, status: StatusCode) {
    let outcome = format!("http {}", status.as_u16());
    core.switchboard.note(name, &Value::Null, &outcome, None);
}

async fn around(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if path.starts_with("/test/") {
        return next.run(request).await;
    }
    let mut response = answer(&core, &path, request, next).await;
    allow_all(response.headers_mut());
    response
}

async fn answer(core: &Core, path: &str, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    if core.switchboard.read(|switches| switches.portal) {
        return portal();
    }
    let name = format!("{} {path}", request.method());
    let is_public = PUBLIC.contains(&path) || path.starts_with("/hosted/");
    if !is_public && !is_driver(core, request.headers()) {
        let response = unauthorized();
        note(core, &name, response.status());
        return response;
    }
    if path == "/rpc" {
        return next.run(request).await;
    }
    let (planned, wait) = core.switchboard.take(path);
    dispatch::pause(
        wait + planned
            .as_ref()
            .map(|planned| planned.delay)
            .unwrap_or_default(),
    )
    .await;
    let response = match planned.filter(Planned::is_answer) {
        Some(planned) => dispatch::answer_of(planned),
        None => next.run(request).await,
    };
    note(core, &name, response.status());
    response
}

/// Whether the bearer is that of the process: to the letter, prefix included.
fn is_driver(core: &Core, headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    core.switchboard
        .read(|switches| given == Some(switches.bearer.as_str()))
}

/// What every call gets without the bearer.
fn unauthorized() -> Response {
    let body = json!({"ok": false, "error": "unauthorized", "message": "Missing or wrong core token. Send Authorization: Bearer <core token>."});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

fn allow_all(headers: &mut HeaderMap) {
    let pairs: [(HeaderName, &str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Content-Type, Authorization",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    for (name, value) in pairs {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
