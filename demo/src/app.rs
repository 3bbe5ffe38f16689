//! The routes of one server, and what happens around every answer: switches, counters, cross-origin headers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::faults::Failure;
use crate::garbled::portal;
use crate::http::{allow_any_origin, preflight};
use crate::server::{Server, Suggested};
use crate::{auth, control, rooms, runs, threads};

/// All routes of a server.
pub fn router(server: Arc<Server>) -> Router {
    let agui = "/api/v1/rooms/{room}/agui";
    let path = |rest: &str| format!("{agui}{rest}");
    Router::new()
        .route("/api/ok", get(auth::ok))
        .route("/api/login", get(auth::providers))
        .route("/api/login/{provider}", get(auth::login))
        .route("/api/auth/{provider}", get(auth::callback))
        .route("/api/auth/{provider}/logout", post(auth::logout))
        .route("/api/user_info", get(auth::user_info))
        .route("/api/v1/installation/identity", get(auth::identity))
        .route("/api/v1/installation/info", get(auth::info))
        .route("/api/v1/installation/versions", get(auth::versions))
        .route("/api/v1/user/authz", get(auth::rights))
        .route("/api/v1/rooms", get(rooms::list))
        .route("/api/v1/rooms/{room}", get(rooms::one))
        .route("/api/v1/rooms/{room}/documents", get(rooms::documents))
        .route("/api/v1/stats/rooms", get(rooms::all_stats))
        .route("/api/v1/stats/rooms/{room}", get(rooms::stats))
        .route(agui, get(threads::list).post(threads::create))
        .route(
            &path("/{thread}"),
            get(threads::read)
                .post(runs::create)
                .delete(threads::delete),
        )
        .route(&path("/{thread}/meta"), post(threads::rename))
        .route(
            &path("/{thread}/{run}"),
            get(runs::read).post(runs::start_or_follow),
        )
        .route(&path("/{thread}/{run}/meta"), post(runs::label))
        .route(&path("/{thread}/{run}/usage"), get(runs::usage))
        .route(
            &path("/{thread}/{run}/feedback"),
            get(runs::feedback).post(runs::give_feedback),
        )
        .route("/config.json", get(config))
        .merge(control::router())
        .method_not_allowed_fallback(|| async {
            ApiError::Text(
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed".to_owned(),
            )
        })
        .fallback(|| async { ApiError::not_found("Not Found") })
        .layer(middleware::from_fn_with_state(server.clone(), around))
        .with_state(server)
}

async fn config(State(server): State<Arc<Server>>, headers: HeaderMap) -> Json<Value> {
    // Behind a proxy this server is reached at the app's own address.
    if !headers.contains_key("x-forwarded-host") {
        return Json(config_json(&server.suggested));
    }
    let own = format!(":{}", server.port);
    let mut all = server.suggested.clone();
    for suggested in &mut all {
        if suggested.address.ends_with(&own) {
            suggested.address = "/".to_owned();
        }
    }
    Json(config_json(&all))
}

/// The servers an app that was served here offers at its start.
pub fn config_json(servers: &[Suggested]) -> Value {
    json!({ "servers": servers })
}

async fn around(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if path.starts_with("/test/") {
        return next.run(request).await;
    }
    if let Some(answer) = preflight(request.method(), request.headers()) {
        return answer;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let method = request.method().clone();
    let is_api = path.starts_with("/api");
    let delay = server.faults.read(|switches| switches.delay);
    if is_api && !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let failure = || server.faults.take_failure(&path).filter(|_| is_api);
    let mut response = if server.faults.read(|switches| switches.portal) {
        portal()
    } else if let Some(failure) = failure() {
        spoiled(&failure)
    } else {
        next.run(request).await
    };
    if is_api {
        server
            .faults
            .count_answer(method.as_str(), &path, response.status().as_u16());
    }
    // An unhandled fault there leaves before the cross-origin headers are added.
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        allow_any_origin(response.headers_mut(), origin);
    }
    response
}

/// The answer of a fault switch, in the shape the backend or the proxy before it would give it.
fn spoiled(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = |text: &str| ApiError::Text(status, text.to_owned()).into_response();
    let usual = || {
        match failure.status {
        401 => ApiError::unauthorized("invalid token").into_response(),
        403 => text("admin access required"),
        404 => text("Not Found"),
        429 => (status, Html("<html><head><title>429 Too Many Requests</title></head><body><center><h1>429 Too Many Requests</h1></center></body></html>")).into_response(),
        500 => ApiError::Crash.into_response(),
        502..=504 => {
            let body = json!({"error": "service_unavailable", "message": "The service is not available"});
            (status, Json(body)).into_response()
        }
        _ => text("A fault switch is on"),
    }
    };
    let mut response = match failure.body {
        Some(garbled) => garbled.answer(status),
        None => usual(),
    };
    if let Some(seconds) = failure.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
