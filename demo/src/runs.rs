//! Runs: create, start, resume, stored events, label, usage, feedback (wire contract, sections 6 and 7).

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock;
use crate::error::{ApiError, object_body, path_id};
use crate::faults::{Cut, CutMode};
use crate::lock::lock;
use crate::rooms::Kind;
use crate::script::{self, Beat, Request};
use crate::server::{Caller, Server};
use crate::store::{Feedback, Run, Thread, ThreadMeta};
use crate::stream;
use crate::threads::run_view;

type Shared = State<Arc<Server>>;
type RunPath = Path<(String, String, String)>;

/// How long after a run its thread gets a title.
const TITLE_DELAY: Duration = Duration::from_secs(1);

/// So many events without a pause between them are stored before the listeners get their turn.
const MOST_TOGETHER: usize = 512;

fn unknown_run(id: Uuid) -> ApiError {
    ApiError::List(StatusCode::NOT_FOUND, format!("Unknown run: UUID {id}"))
}

fn ids(thread: &str, run: &str) -> Result<(Uuid, Uuid), ApiError> {
    Ok((path_id("thread_id", thread)?, path_id("run_id", run)?))
}

fn find(thread: &mut Thread, id: Uuid) -> Result<&mut Run, ApiError> {
    thread.run_mut(id).ok_or_else(|| unknown_run(id))
}

/// POST /api/v1/rooms/{room}/agui/{thread}: a run that was not started.
pub async fn create(
    State(server): Shared,
    caller: Caller,
    Path((room, thread)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let id = path_id("thread_id", &thread)?;
    let body = object_body(&body)?;
    let parent = match &body["parent_run_id"] {
        Value::Null => None,
        other => Some(
            other
                .as_str()
                .and_then(|text| Uuid::parse_str(text).ok())
                .ok_or_else(|| {
                    ApiError::wrong_type(
                        "uuid_parsing",
                        json!(["body", "parent_run_id"]),
                        "Input should be a valid UUID",
                        other.clone(),
                    )
                })?,
        ),
    };
    let meta = body
        .get("metadata")
        .filter(|meta| meta.is_object())
        .cloned();
    server.change_thread(&caller, &room, id, |thread| {
        if let Some(parent) = parent.filter(|parent| thread.run(*parent).is_none()) {
            return Err(ApiError::List(
                StatusCode::BAD_REQUEST,
                format!("Unknown parent run: UUID {parent}"),
            ));
        }
        let run = Run::new(parent, meta);
        let answer = run_view(thread, &run, json!([]));
        thread.last_activity = thread.last_activity.max(Some(run.created));
        thread.runs.push(run);
        Ok(Json(answer))
    })
}

/// GET /api/v1/rooms/{room}/agui/{thread}/{run}: with the events stored so far, also while it runs.
pub async fn read(
    State(server): Shared,
    caller: Caller,
    Path((room, thread, run)): RunPath,
) -> Result<Json<Value>, ApiError> {
    let (thread, id) = ids(&thread, &run)?;
    server.read_thread(&caller, &room, thread, |thread| {
        let run = thread.run(id).ok_or_else(|| unknown_run(id))?;
        let events: Vec<_> = run.events.iter().map(stored_form).collect();
        Ok(Json(run_view(thread, run, json!(events))))
    })
}

/// An event as it is read back: with the fields that were left out as nulls.
fn stored_form(event: &Value) -> Value {
    let optional: &[&str] = match event["type"].as_str().unwrap_or_default() {
        "RUN_STARTED" => &["parentRunId", "input"],
        "RUN_FINISHED" => &["result"],
        "RUN_ERROR" => &["code"],
        "TEXT_MESSAGE_START" => &["name"],
        "TOOL_CALL_START" => &["parentMessageId"],
        "TOOL_CALL_RESULT" => &["role"],
        _ => &[],
    };
    let mut event = event.clone();
    if let Some(fields) = event.as_object_mut() {
        for name in ["timestamp", "rawEvent"].iter().chain(optional) {
            fields.entry(*name).or_insert(Value::Null);
        }
    }
    event
}

/// GET …/{run}/usage: `null` until the run ended.
pub async fn usage(
    State(server): Shared,
    caller: Caller,
    Path((room, thread, run)): RunPath,
) -> Result<Json<Value>, ApiError> {
    let (thread, id) = ids(&thread, &run)?;
    server.read_thread(&caller, &room, thread, |thread| {
        Ok(Json(json!(
            thread.run(id).ok_or_else(|| unknown_run(id))?.usage
        )))
    })
}

/// POST …/{run}/meta: 205.
pub async fn label(
    State(server): Shared,
    caller: Caller,
    Path((room, thread, run)): RunPath,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let (thread, id) = ids(&thread, &run)?;
    let body = object_body(&body)?;
    server.change_thread(&caller, &room, thread, |thread| {
        find(thread, id)?.meta =
            (!body["label"].is_null()).then(|| json!({"label": body["label"]}));
        Ok(StatusCode::RESET_CONTENT)
    })
}

/// POST …/{run}/feedback: 205; a later one replaces an earlier one.
pub async fn give_feedback(
    State(server): Shared,
    caller: Caller,
    Path((room, thread, run)): RunPath,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let (thread, id) = ids(&thread, &run)?;
    let body = object_body(&body)?;
    let location = json!(["body", "feedback"]);
    let feedback = match body["feedback"].as_str() {
        Some(feedback @ ("thumbs_up" | "thumbs_down")) => feedback.to_owned(),
        _ if body["feedback"].is_null() => return Err(ApiError::missing(location, body)),
        _ => {
            let message = "Input should be 'thumbs_up' or 'thumbs_down'";
            return Err(ApiError::wrong_type(
                "literal_error",
                location,
                message,
                body["feedback"].clone(),
            ));
        }
    };
    let reason = body["reason"].as_str().map(str::to_owned);
    server.change_thread(&caller, &room, thread, |thread| {
        find(thread, id)?.feedback = Some(Feedback { feedback, reason });
        Ok(StatusCode::RESET_CONTENT)
    })
}

/// GET …/{run}/feedback: as there, 500 when none was given.
pub async fn feedback(
    State(server): Shared,
    caller: Caller,
    Path((room, thread, run)): RunPath,
) -> Result<Json<Value>, ApiError> {
    let (thread, id) = ids(&thread, &run)?;
    server.read_thread(&caller, &room, thread, |thread| {
        let run = thread.run(id).ok_or_else(|| unknown_run(id))?;
        Ok(Json(json!(run.feedback.as_ref().ok_or(ApiError::Crash)?)))
    })
}

/// The index after `:` in `Last-Event-ID`. Only the number counts; a malformed header counts as none.
fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    let (_, index) = headers
        .get("last-event-id")?
        .to_str()
        .ok()?
        .rsplit_once(':')?;
    index.trim().parse().ok().filter(|index| *index >= -1)
}

/// POST …/{run}: starts the run, or follows it from `Last-Event-ID` on.
pub async fn start_or_follow(
    State(server): Shared,
    caller: Caller,
    Path((room, thread, run)): RunPath,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let (thread_id, id) = ids(&thread, &run)?;
    let accept = headers.get(header::ACCEPT).cloned();
    if let Some(last) = last_event_id(&headers) {
        server.read_thread(&caller, &room, thread_id, |_| Ok(()))?;
        let next = usize::try_from(last.saturating_add(1)).unwrap_or(usize::MAX);
        let cut = server.faults.take_cut();
        return Ok(stream::response(server, (thread_id, id), next, cut, accept));
    }
    let input = object_body(&body)?;
    let kind = server.room(&room)?.kind;
    const REQUIRED: [&str; 7] = [
        "threadId",
        "runId",
        "state",
        "messages",
        "tools",
        "context",
        "forwardedProps",
    ];
    if REQUIRED.iter().any(|name| input.get(*name).is_none()) || !input["messages"].is_array() {
        return Err(ApiError::Crash);
    }
    if input["threadId"] != thread.as_str() || input["runId"] != run.as_str() {
        return Err(ApiError::Text(
            StatusCode::BAD_REQUEST,
            "Invalid run input".to_owned(),
        ));
    }
    let request = Request::read(id, thread_id, &input);
    server.change_thread(&caller, &room, thread_id, |thread| {
        let run = find(thread, id)?;
        if run.is_started {
            return Err(ApiError::List(
                StatusCode::BAD_REQUEST,
                format!("Run already started: UUID {id}"),
            ));
        }
        run.is_started = true;
        run.input = Some(input);
        Ok(())
    })?;
    server.faults.count_run();
    let asked = request.modifiers.cut.map(|after| Cut {
        after,
        mode: CutMode::Rude,
    });
    let cut = asked.or_else(|| server.faults.take_cut());
    let recorder = Recorder::new(server.clone(), (thread_id, id), &request);
    let stop = server.stop.clone();
    tokio::spawn(async move {
        stop.run_until_cancelled_owned(answer(recorder, kind, request))
            .await
    });
    Ok(stream::response(server, (thread_id, id), 0, cut, accept))
}

/// Answers to the end, whether or not anybody listens.
async fn answer(recorder: Recorder, kind: Kind, request: Request) {
    let llm = recorder.server.llm.clone();
    let keeps_rate = request.modifiers.rate.is_some();
    match llm.filter(|_| kind == Kind::Live && !request.messages.is_empty()) {
        Some(llm) => llm.answer(&recorder, &request).await,
        None => {
            if !recorder
                .play(script::beats(kind, &request), keeps_rate)
                .await
            {
                return;
            }
        }
    }
    tokio::time::sleep(TITLE_DELAY).await;
    recorder.name_thread(&request);
}

/// Writes the events of one run down.
#[derive(Debug)]
pub struct Recorder {
    server: Arc<Server>,
    thread: Uuid,
    run: Uuid,
    input_tokens: usize,
    model: String,
}

impl Recorder {
    fn new(server: Arc<Server>, (thread, run): (Uuid, Uuid), request: &Request) -> Self {
        let input_tokens = request.messages.iter().map(|(_, text)| words(text)).sum();
        let model = server
            .llm
            .as_ref()
            .map_or_else(|| "demo-script".to_owned(), |llm| llm.model.clone());
        Self {
            server,
            thread,
            run,
            input_tokens,
            model,
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Thread) -> Option<T>) -> Option<T> {
        let result = change(lock(&self.server.data).threads.get_mut(&self.thread)?);
        self.server.touch();
        result
    }

    /// Stores events with the pauses between them, those without a pause together. `false` when the thread is gone.
    ///
    /// Where a rate is to be kept, pauses count from the start, so that many short ones do not add up their delays.
    /// Elsewhere each is as long as it says: a slow machine gets a slow answer, not one that catches up.
    async fn play(&self, beats: Vec<Beat>, keeps_rate: bool) -> bool {
        let mut due = Instant::now();
        let mut ready = Vec::new();
        for beat in beats {
            if !beat.after.is_zero() || ready.len() >= MOST_TOGETHER {
                if !self.emit_all(std::mem::take(&mut ready)) {
                    return false;
                }
                let from = if keeps_rate { due } else { Instant::now() };
                due = from + beat.after;
                match due > Instant::now() {
                    true => tokio::time::sleep_until(due).await,
                    false => tokio::task::yield_now().await,
                }
            }
            ready.push(beat.event);
        }
        self.emit_all(ready)
    }

    /// Stores an event, stamped with the time unless it is a snapshot; the last one ends the run.
    /// `false` when the thread is gone.
    pub fn emit(&self, event: Value) -> bool {
        self.emit_all(vec![event])
    }

    fn emit_all(&self, mut events: Vec<Value>) -> bool {
        for event in &mut events {
            if event["type"] != "STATE_SNAPSHOT" {
                event["timestamp"] = json!(clock::now() / 1000);
            }
        }
        let last = events.last().and_then(|event| event["type"].as_str());
        let is_end = matches!(last, Some("RUN_FINISHED" | "RUN_ERROR"));
        self.change(|thread| {
            let run = thread.run_mut(self.run)?;
            run.events.append(&mut events);
            if is_end {
                run.usage = Some(self.usage(&run.events));
                run.finished = Some(clock::now());
                thread.last_activity = run.finished;
            }
            Some(())
        })
        .is_some()
    }

    /// Words stand for tokens.
    fn usage(&self, events: &[Value]) -> Value {
        let output: usize = events
            .iter()
            .filter_map(|event| event["delta"].as_str())
            .map(words)
            .sum();
        let calls = events
            .iter()
            .filter(|event| event["type"] == "TOOL_CALL_START")
            .count();
        let input = self.input_tokens;
        json!({
            "input_tokens": input, "output_tokens": output, "requests": calls + 1, "tool_calls": calls,
            "final_input_tokens": input, "final_output_tokens": output, "resolved_model_name": self.model,
        })
    }

    fn name_thread(&self, request: &Request) {
        let Some(title) = request.title() else { return };
        self.change(|thread| {
            let ended_well = thread.run(self.run)?.events.last()?["type"] == "RUN_FINISHED";
            if ended_well && thread.is_unnamed() {
                thread.meta = Some(ThreadMeta {
                    name: Some(title),
                    description: None,
                });
            }
            Some(())
        });
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn only_the_number_of_a_last_event_id_counts() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("last-event-id", text.parse().unwrap());
            last_event_id(&headers)
        };
        assert_eq!(read("0b2e:7"), Some(7));
        assert_eq!(read("whatever:-1"), Some(-1));
        assert_eq!(read("7"), None);
        assert_eq!(read("run:x"), None);
        assert_eq!(read("run:-2"), None);
        assert_eq!(last_event_id(&HeaderMap::new()), None);
    }

    #[test]
    fn stored_events_have_explicit_nulls() {
        let stored =
            stored_form(&json!({"type": "TEXT_MESSAGE_START", "messageId": "m", "timestamp": 5}));
        assert_eq!(
            stored,
            json!({"type": "TEXT_MESSAGE_START", "messageId": "m", "timestamp": 5, "rawEvent": null, "name": null})
        );
    }
}
