//! The fault switches as routes: `POST /test/…` and `GET /test/stats`, for callers on this machine only.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::faults::{Cut, CutMode, Failure, TokenFailure};
use crate::garbled::Garbled;
use crate::http::is_loopback;
use crate::lock::lock;
use crate::provider::username_of;
use crate::seed;
use crate::server::Server;

type Shared = State<Arc<Server>>;

/// The routes under `/test`.
pub fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/test/token-lifetime", post(token_lifetime))
        .route("/test/keepalive", post(keepalive))
        .route("/test/expire", post(expire))
        .route("/test/revoke", post(revoke))
        .route("/test/fail", post(fail))
        .route("/test/delay", post(delay))
        .route("/test/cut", post(cut))
        .route("/test/refuse-tokens", post(refuse_tokens))
        .route("/test/auth-mode", post(auth_mode))
        .route("/test/delivery", post(delivery))
        .route("/test/token-endpoint", post(token_endpoint))
        .route("/test/reset", post(reset))
        .route("/test/portal", post(portal))
        .route("/test/seed", post(seed::seed))
        .route("/test/stats", get(stats))
        .route("/test/tokens", get(tokens))
        .route("/test/referrers", get(referrers))
        .route("/test/csp-reports", get(csp_reports))
        .route_layer(middleware::from_fn(local_only))
}

/// Lets callers on this machine pass, and pages of this machine.
pub async fn local_only(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN);
    let is_own = origin.is_none_or(|origin| {
        origin
            .to_str()
            .ok()
            .and_then(|origin| Url::parse(origin).ok())
            .is_some_and(|origin| is_loopback(&origin))
    });
    if peer.ip().is_loopback() && is_own {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        Json(json!({"detail": "the switches are for this machine only"})),
    )
        .into_response()
}

fn done() -> StatusCode {
    StatusCode::NO_CONTENT
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
struct Lifetime {
    seconds: u64,
}

async fn token_lifetime(State(server): Shared, Query(lifetime): Query<Lifetime>) -> StatusCode {
    server
        .faults
        .change(|switches| switches.token_lifetime = lifetime.seconds);
    done()
}

#[derive(Deserialize)]
struct Wait {
    ms: u64,
}

async fn keepalive(State(server): Shared, Query(wait): Query<Wait>) -> StatusCode {
    server
        .faults
        .change(|switches| switches.keepalive = Duration::from_millis(wait.ms.max(1)));
    done()
}

async fn delay(State(server): Shared, Query(wait): Query<Wait>) -> StatusCode {
    server
        .faults
        .change(|switches| switches.delay = Duration::from_millis(wait.ms));
    done()
}

#[derive(Deserialize)]
struct User {
    user: String,
    #[serde(default)]
    session: u8,
}

async fn expire(State(server): Shared, Query(user): Query<User>) -> StatusCode {
    let next = server.provider.next_serial();
    server.faults.change(|switches| {
        switches
            .expired_before
            .insert(username_of(&user.user), next)
    });
    done()
}

async fn revoke(State(server): Shared, Query(user): Query<User>) -> StatusCode {
    server.provider.revoke_user(
        &server.profile.id,
        &username_of(&user.user),
        user.session == 1,
    );
    done()
}

#[derive(Deserialize)]
struct Fail {
    #[serde(default = "one")]
    count: u32,
    status: u16,
    path: Option<String>,
    retry_after: Option<u64>,
    body: Option<Garbled>,
}

async fn fail(State(server): Shared, Query(fail): Query<Fail>) -> Response {
    if StatusCode::from_u16(fail.status).is_err() || fail.status < 200 {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({"detail": "status must be from 200 to 999"})),
        )
            .into_response();
    }
    let failure = Failure {
        count: fail.count,
        status: fail.status,
        path: fail.path.unwrap_or_else(|| "/api".to_owned()),
        retry_after: fail.retry_after,
        body: fail.body,
    };
    server.faults.change(|switches| {
        if failure.count == 0 {
            switches.failures.retain(|known| known.path != failure.path);
        } else {
            switches.failures.push(failure);
        }
    });
    done().into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Rude,
    Polite,
}

#[derive(Deserialize)]
struct CutQuery {
    after: usize,
    mode: Option<Mode>,
    #[serde(default = "one")]
    count: u32,
}

async fn cut(State(server): Shared, Query(query): Query<CutQuery>) -> StatusCode {
    let mode = match query.mode {
        Some(Mode::Polite) => CutMode::Polite,
        _ => CutMode::Rude,
    };
    let cut = Cut {
        after: query.after,
        mode,
    };
    server.faults.change(|switches| {
        switches
            .cuts
            .extend((0..query.count.min(1000)).map(|_| cut))
    });
    done()
}

#[derive(Deserialize)]
struct Switch {
    on: u8,
}

async fn refuse_tokens(State(server): Shared, Query(switch): Query<Switch>) -> StatusCode {
    server
        .faults
        .change(|switches| switches.refuse_tokens = switch.on == 1);
    done()
}

async fn portal(State(server): Shared, Query(switch): Query<Switch>) -> StatusCode {
    server
        .faults
        .change(|switches| switches.portal = switch.on == 1);
    done()
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Auth {
    Oidc,
    None,
}

#[derive(Deserialize)]
struct AuthMode {
    mode: Auth,
}

async fn auth_mode(State(server): Shared, Query(query): Query<AuthMode>) -> StatusCode {
    server
        .faults
        .change(|switches| switches.without_sign_in = Some(matches!(query.mode, Auth::None)));
    done()
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Fragment,
    Query,
}

#[derive(Deserialize)]
struct Delivery {
    mode: Form,
}

async fn delivery(State(server): Shared, Query(query): Query<Delivery>) -> StatusCode {
    server
        .faults
        .change(|switches| switches.query_delivery = matches!(query.mode, Form::Query));
    done()
}

#[derive(Deserialize)]
struct TokenEndpoint {
    status: Option<u16>,
    #[serde(default = "one")]
    count: u32,
    error: Option<String>,
    retry_after: Option<u64>,
    body: Option<Garbled>,
    hang: Option<u64>,
    lose: Option<u32>,
}

async fn token_endpoint(State(server): Shared, Query(query): Query<TokenEndpoint>) -> StatusCode {
    server.faults.change(|switches| {
        if let Some(status) = query.status {
            let failure = TokenFailure {
                count: query.count,
                status,
                error: query.error,
                retry_after: query.retry_after,
                body: query.body,
            };
            switches.token_failure = (query.count > 0).then_some(failure);
        }
        if let Some(hang) = query.hang {
            switches.token_hang = Duration::from_millis(hang);
        }
        if let Some(lose) = query.lose {
            switches.token_losses = lose;
        }
    });
    done()
}

#[derive(Deserialize)]
struct Reset {
    #[serde(default)]
    data: u8,
}

async fn reset(State(server): Shared, Query(query): Query<Reset>) -> StatusCode {
    server.faults.reset();
    server.seen.reset();
    if query.data == 1 {
        lock(&server.data).threads.clear();
        lock(&server.logins).clear();
        server.provider.clear(&server.profile.id);
        server.touch();
    }
    done()
}

async fn stats(State(server): Shared) -> Json<Value> {
    let mut stats = server.faults.stats();
    stats["most_open"] = json!(server.seen.most_open());
    Json(stats)
}

async fn tokens(State(server): Shared) -> Json<Vec<String>> {
    Json(server.faults.tokens())
}

async fn referrers(State(server): Shared) -> Json<BTreeSet<String>> {
    Json(server.seen.referrers())
}

async fn csp_reports(State(server): Shared) -> Json<Vec<Value>> {
    Json(server.seen.reports())
}
