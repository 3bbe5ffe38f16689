//! The switches as routes: `POST /test/…` and `GET /test/…`, for callers on this machine only.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::data::{CoreData, Message, moment};
use super::expiry::Generation;
use super::switches::{Consequence, Planned};
use super::{Core, catalogue, integrations, session, threads};
use crate::control::local_only;
use crate::garbled::Garbled;
use crate::lock::lock;
use crate::provider::Person;

type Shared = State<Arc<Core>>;

/// The routes under `/test`.
pub fn router() -> Router<Arc<Core>> {
    Router::new()
        .route("/test/answer", post(answer))
        .route("/test/delay", post(delay))
        .route("/test/without", post(without))
        .route("/test/hosted", post(hosted))
        .route("/test/generation", post(generation))
        .route("/test/sign-in", post(sign_in))
        .route("/test/local", post(local))
        .route("/test/vanish", post(vanish))
        .route("/test/dead", post(dead))
        .route("/test/lose-store", post(lose_store))
        .route("/test/unreadable", post(unreadable))
        .route("/test/restart", post(restart))
        .route("/test/bearer", post(bearer))
        .route("/test/onboarding", post(onboarding))
        .route("/test/connection", post(connection))
        .route("/test/seed", post(seed))
        .route("/test/event", post(event))
        .route("/test/proactive", post(proactive))
        .route("/test/cut", post(cut))
        .route("/test/keepalive", post(keepalive))
        .route("/test/portal", post(portal))
        .route("/test/reset", post(reset))
        .route("/test/stats", get(stats))
        .route("/test/journal", get(journal))
        .route("/test/texts", get(catalogue::list))
        .route("/test/token", get(token))
        .route("/test/login-token", get(login_token))
        .route_layer(middleware::from_fn(local_only))
}

const DONE: StatusCode = StatusCode::NO_CONTENT;

fn one() -> u32 {
    1
}

fn forever() -> u32 {
    u32::MAX
}

fn wrong(detail: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "detail": detail }))).into_response()
}

#[derive(Deserialize)]
struct AnswerQuery {
    method: String,
    #[serde(default = "one")]
    count: u32,
    id: Option<String>,
    text: Option<String>,
    status: Option<u16>,
    data: Option<String>,
    raw: Option<String>,
    body: Option<Garbled>,
    #[serde(default)]
    delay: u64,
    #[serde(default)]
    late: u64,
    #[serde(default)]
    session: Consequence,
}

async fn answer(State(core): Shared, Query(query): Query<AnswerQuery>) -> Response {
    let mut planned = Planned {
        count: query.count,
        method: query.method,
        status: query.status,
        text: query.text,
        data: Value::Null,
        raw: query.raw,
        garbled: query.body,
        delay: Duration::from_millis(query.delay),
        late: Duration::from_millis(query.late),
        session: query.session,
    };
    if let Some(id) = query.id {
        let Some(known) = catalogue::named(&id) else {
            return wrong("no text has this id: see GET /test/texts");
        };
        planned.text = Some(known.text);
        planned.status = planned.status.or(known.status);
        planned.data = known.data;
    }
    if let Some(data) = query.data {
        match serde_json::from_str(&data) {
            Ok(data) => planned.data = data,
            Err(_) => return wrong("data must be JSON"),
        }
    }
    core.switchboard.change(|switches| {
        if planned.count == 0 {
            switches
                .planned
                .retain(|known| known.method != planned.method);
        } else {
            switches.planned.push(planned);
        }
    });
    DONE.into_response()
}

#[derive(Deserialize)]
struct DelayQuery {
    method: String,
    ms: u64,
}

async fn delay(State(core): Shared, Query(query): Query<DelayQuery>) -> StatusCode {
    let wait = Duration::from_millis(query.ms);
    core.switchboard
        .change(|switches| switches.delays.insert(query.method, wait));
    DONE
}

#[derive(Deserialize)]
struct Prefix {
    prefix: String,
    #[serde(default = "one")]
    on: u32,
}

async fn without(State(core): Shared, Query(query): Query<Prefix>) -> StatusCode {
    core.switchboard.change(|switches| {
        switches.without.retain(|known| *known != query.prefix);
        if query.on == 1 {
            switches.without.push(query.prefix);
        }
    });
    DONE
}

#[derive(Deserialize)]
struct Hosted {
    status: u16,
    #[serde(default = "forever")]
    count: u32,
}

async fn hosted(State(core): Shared, Query(query): Query<Hosted>) -> StatusCode {
    let is_on = query.count > 0 && query.status != 200;
    core.switchboard
        .change(|switches| switches.hosted = is_on.then_some((query.status, query.count)));
    DONE
}

#[derive(Deserialize)]
struct Age {
    is: Generation,
}

async fn generation(State(core): Shared, Query(age): Query<Age>) -> StatusCode {
    core.switchboard
        .change(|switches| switches.generation = age.is);
    DONE
}

#[derive(Deserialize)]
struct User {
    user: String,
    seconds: Option<i64>,
}

async fn sign_in(State(core): Shared, Query(query): Query<User>) -> Response {
    match Person::named(&query.user) {
        Some(person) => {
            session::sign_in_as(&core, &person);
            DONE.into_response()
        }
        None => wrong("user must be a name"),
    }
}

async fn local(State(core): Shared) -> StatusCode {
    core.switchboard
        .change(|switches| switches.generation = Generation::Newer);
    let user = json!({"_id": "offline", "firstName": "Offline"});
    session::sign_in(&core, "demo.offline.local".to_owned(), user, true);
    DONE
}

/// The credential is gone and nobody was told: the user's data stays in use.
async fn vanish(State(core): Shared) -> StatusCode {
    core.change(|data| data.session = None);
    DONE
}

async fn dead(State(core): Shared) -> StatusCode {
    core.change(|data| {
        if let Some(session) = &mut data.session {
            session.is_dead = true;
        }
    });
    DONE
}

#[derive(Deserialize)]
struct Times {
    #[serde(default = "one")]
    count: u32,
}

async fn lose_store(State(core): Shared, Query(times): Query<Times>) -> StatusCode {
    core.switchboard
        .change(|switches| switches.lost_stores = times.count);
    DONE
}

#[derive(Deserialize)]
struct Unreadable {
    #[serde(default)]
    count: u32,
    #[serde(default)]
    ms: u64,
    bearer: Option<String>,
}

impl Unreadable {
    fn set(&self, core: &Core) {
        core.switchboard.change(|switches| {
            switches.unreadable = self.count;
            switches.unreadable_until = Instant::now().checked_add(Duration::from_millis(self.ms));
        });
    }
}

async fn unreadable(State(core): Shared, Query(query): Query<Unreadable>) -> StatusCode {
    query.set(&core);
    DONE
}

async fn restart(State(core): Shared, Query(query): Query<Unreadable>) -> StatusCode {
    core.kill_turns();
    core.cut(None);
    query.set(&core);
    if let Some(bearer) = query.bearer {
        core.switchboard.change(|switches| switches.bearer = bearer);
    }
    DONE
}

#[derive(Deserialize)]
struct Bearer {
    token: Option<String>,
}

async fn bearer(State(core): Shared, Query(query): Query<Bearer>) -> StatusCode {
    let bearer = query
        .token
        .unwrap_or_else(|| core.profile.bearer.to_owned());
    core.switchboard.change(|switches| switches.bearer = bearer);
    DONE
}

#[derive(Deserialize)]
struct Steps {
    done: u8,
}

async fn onboarding(State(core): Shared, Query(steps): Query<Steps>) -> StatusCode {
    core.change(|data| data.has_first_steps = steps.done != 1);
    DONE
}

#[derive(Deserialize)]
struct ConnectionQuery {
    toolkit: Option<String>,
    id: Option<String>,
    status: String,
}

async fn connection(State(core): Shared, Query(query): Query<ConnectionQuery>) -> Response {
    let id = match (query.id, query.toolkit) {
        (Some(id), _) => integrations::decide(&core, &id, &query.status).map(|known| known.id),
        (None, Some(toolkit)) => Some(integrations::add(&core, &toolkit, &query.status)),
        (None, None) => None,
    };
    match id {
        Some(id) => Json(json!({ "connection_id": id })).into_response(),
        None => wrong("toolkit, or the id of a connection, is needed"),
    }
}

#[derive(Deserialize)]
struct Seed {
    #[serde(default)]
    messages: usize,
    title: Option<String>,
}

/// Longest thread that can be made.
const LONGEST: usize = 10_000;

async fn seed(State(core): Shared, Query(query): Query<Seed>) -> Json<Value> {
    let mut thread = threads::fresh(None);
    if let Some(title) = query.title {
        thread.title = title;
        thread.is_placeholder = false;
    }
    let message = |number: usize| Message {
        id: format!("msg_{number}"),
        content: format!("Message {} of the past.", number + 1),
        kind: "text".to_owned(),
        extra_metadata: Map::new(),
        sender: if number.is_multiple_of(2) {
            "user"
        } else {
            "agent"
        }
        .to_owned(),
        created_at: moment(),
    };
    thread.messages = (0..query.messages.min(LONGEST)).map(message).collect();
    let answer = json!({"thread_id": thread.id});
    core.change(|data| data.user().threads.push(thread));
    Json(answer)
}

#[derive(Deserialize)]
struct EventQuery {
    client_id: String,
    name: String,
    data: String,
}

async fn event(State(core): Shared, Query(query): Query<EventQuery>) -> Response {
    let Ok(data) = serde_json::from_str(&query.data) else {
        return wrong("data must be JSON");
    };
    core.tell(&query.client_id, &query.name, data);
    DONE.into_response()
}

#[derive(Deserialize)]
struct Proactive {
    text: String,
    job: Option<String>,
}

async fn proactive(State(core): Shared, Query(query): Query<Proactive>) -> StatusCode {
    let job = query.job.unwrap_or_else(|| "daily".to_owned());
    let data = json!({
        "event": "proactive_message", "client_id": "system", "thread_id": format!("proactive:{job}"),
        "request_id": uuid::Uuid::new_v4().to_string(), "full_response": query.text, "success": true,
    });
    core.tell("system", "proactive_message", data);
    DONE
}

#[derive(Deserialize)]
struct CutQuery {
    client_id: Option<String>,
}

async fn cut(State(core): Shared, Query(query): Query<CutQuery>) -> StatusCode {
    core.cut(query.client_id);
    DONE
}

#[derive(Deserialize)]
struct Wait {
    ms: u64,
}

async fn keepalive(State(core): Shared, Query(wait): Query<Wait>) -> StatusCode {
    core.switchboard
        .change(|switches| switches.keepalive = Duration::from_millis(wait.ms.max(1)));
    DONE
}

#[derive(Deserialize)]
struct Switch {
    on: u8,
}

async fn portal(State(core): Shared, Query(switch): Query<Switch>) -> StatusCode {
    core.switchboard
        .change(|switches| switches.portal = switch.on == 1);
    DONE
}

#[derive(Deserialize)]
struct Reset {
    #[serde(default)]
    data: u8,
}

async fn reset(State(core): Shared, Query(reset): Query<Reset>) -> StatusCode {
    core.switchboard.reset();
    if reset.data == 1 {
        core.kill_turns();
        core.change(|data| *data = CoreData::default());
        lock(&core.logins).clear();
    }
    DONE
}

async fn stats(State(core): Shared) -> Json<Value> {
    let mut stats = core.switchboard.stats();
    let data = lock(&core.data);
    stats["session"] = session::state_of(data.session.as_ref());
    stats["user"] = json!(data.user_name());
    Json(stats)
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn journal(State(core): Shared, Query(query): Query<Since>) -> Json<Vec<Value>> {
    Json(core.switchboard.journal(query.since))
}

async fn token(State(core): Shared, Query(query): Query<User>) -> Response {
    match Person::named(&query.user) {
        Some(person) => {
            let token = session::issue(&core, &person, query.seconds);
            Json(json!({ "token": token })).into_response()
        }
        None => wrong("user must be a name"),
    }
}

async fn login_token(State(core): Shared, Query(query): Query<User>) -> Response {
    match Person::named(&query.user) {
        Some(person) => {
            let login = session::issue_login(&core, person);
            Json(json!({ "token": login })).into_response()
        }
        None => wrong("user must be a name"),
    }
}
