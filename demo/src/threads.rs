//! Threads: list, create, read, rename, delete (wire contract, section 5).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{self, Micros};
use crate::error::{ApiError, object_body, path_id};
use crate::lock::lock;
use crate::server::{Caller, Ordered, Server};
use crate::store::{Run, Thread, ThreadMeta};

type Shared = State<Arc<Server>>;

// Borrowed, because a thread may have thousands of runs.
#[derive(Debug, Serialize)]
struct ThreadView<'a> {
    room_id: &'a str,
    thread_id: Uuid,
    runs: Option<Ordered<RunView<'a>>>,
    created: String,
    metadata: Option<&'a ThreadMeta>,
    last_activity: Option<String>,
}

fn view<'a>(
    thread: &'a Thread,
    runs: Option<Ordered<RunView<'a>>>,
    created: impl Fn(Micros) -> String,
) -> ThreadView<'a> {
    ThreadView {
        room_id: &thread.room,
        thread_id: thread.id,
        runs,
        created: created(thread.created),
        metadata: thread.meta.as_ref(),
        last_activity: thread.last_activity.map(clock::zoned),
    }
}

#[derive(Debug, Serialize)]
struct RunView<'a> {
    thread_id: Uuid,
    run_id: Uuid,
    parent_run_id: Option<Uuid>,
    run_input: Option<&'a Value>,
    created: String,
    finished: Option<String>,
    events: Value,
    metadata: Option<&'a Value>,
    usage: Option<&'a Value>,
}

impl<'a> RunView<'a> {
    fn new(thread: &Thread, run: &'a Run, events: Value) -> Self {
        Self {
            thread_id: thread.id,
            run_id: run.id,
            parent_run_id: run.parent,
            run_input: run.input.as_ref(),
            created: clock::naive(run.created),
            finished: run.finished.map(clock::naive),
            events,
            metadata: run.meta.as_ref(),
            usage: run.usage.as_ref(),
        }
    }
}

/// A run as an answer gives it, with these events.
pub fn run_view(thread: &Thread, run: &Run, events: Value) -> Value {
    json!(RunView::new(thread, run, events))
}

/// `{"name", "description"}` out of a body; nothing of both erases.
fn meta(value: &Value) -> Result<Option<ThreadMeta>, ApiError> {
    let text = |name: &str| match &value[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(ApiError::wrong_type(
            "string_type",
            json!(["body", name]),
            "Input should be a valid string",
            other.clone(),
        )),
    };
    let meta = ThreadMeta {
        name: text("name")?,
        description: text("description")?,
    };
    Ok((meta.name.is_some() || meta.description.is_some()).then_some(meta))
}

/// GET /api/v1/rooms/{room}/agui: the caller's own threads.
pub async fn list(
    State(server): Shared,
    caller: Caller,
    Path(room): Path<String>,
) -> Result<Json<Value>, ApiError> {
    server.room(&room)?;
    let data = lock(&server.data);
    let mut threads: Vec<_> = data
        .threads
        .values()
        .filter(|thread| thread.user == caller.user && thread.room == room)
        .collect();
    threads.sort_by_key(|thread| thread.created);
    let threads: Vec<_> = threads
        .into_iter()
        .map(|thread| json!(view(thread, None, clock::naive)))
        .collect();
    Ok(Json(json!({ "threads": threads })))
}

/// POST /api/v1/rooms/{room}/agui: a thread with one run in it, which was not started.
pub async fn create(
    State(server): Shared,
    caller: Caller,
    Path(room): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = object_body(&body)?;
    let found = server.room(&room)?;
    let id = Uuid::new_v4();
    let mut run = Run::new(None, None);
    run.input = Some(json!({
        "threadId": id, "runId": run.id, "parentRunId": null, "state": found.initial_state(),
        "messages": [], "tools": [], "context": [], "forwardedProps": null,
    }));
    let thread = Thread {
        room,
        id,
        user: caller.user,
        created: clock::now(),
        meta: meta(&body["metadata"])?,
        last_activity: Some(run.created),
        runs: vec![run],
    };
    let runs = thread
        .runs
        .iter()
        .map(|run| (run.id.to_string(), RunView::new(&thread, run, json!([]))));
    let answer = json!(view(&thread, Some(Ordered(runs.collect())), clock::zoned));
    lock(&server.data).threads.insert(id, thread);
    server.touch();
    Ok(Json(answer))
}

/// GET /api/v1/rooms/{room}/agui/{thread}: with every run, without their events.
pub async fn read(
    State(server): Shared,
    caller: Caller,
    Path((room, thread)): Path<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let id = path_id("thread_id", &thread)?;
    server.read_thread(&caller, &room, id, |thread| {
        let runs = thread.runs.iter().map(|run| {
            let view = RunView::new(thread, run, Value::Null);
            (run.id.to_string(), view)
        });
        let view = view(thread, Some(Ordered(runs.collect())), clock::naive);
        let body = serde_json::to_vec(&view).map_err(|_| ApiError::Crash)?;
        Ok(([(header::CONTENT_TYPE, "application/json")], body))
    })
}

/// POST /api/v1/rooms/{room}/agui/{thread}/meta: 205; what is left out is erased.
pub async fn rename(
    State(server): Shared,
    caller: Caller,
    Path((room, thread)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let id = path_id("thread_id", &thread)?;
    let meta = meta(&object_body(&body)?)?;
    server.change_thread(&caller, &room, id, |thread| {
        thread.meta = meta;
        Ok(StatusCode::RESET_CONTENT)
    })
}

/// DELETE /api/v1/rooms/{room}/agui/{thread}: 204, also when it is gone already.
pub async fn delete(
    State(server): Shared,
    caller: Caller,
    Path((room, thread)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let id = path_id("thread_id", &thread)?;
    match server.read_thread(&caller, &room, id, |_| Ok(())) {
        Ok(()) => {
            lock(&server.data).threads.remove(&id);
            server.touch();
        }
        Err(ApiError::List(StatusCode::NOT_FOUND, _)) => {}
        Err(error) => return Err(error),
    }
    Ok(StatusCode::NO_CONTENT)
}
