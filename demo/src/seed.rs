//! Threads that were not talked but made, for measurements: `POST /test/seed`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{self, Micros};
use crate::error::ApiError;
use crate::lock::lock;
use crate::provider::username_of;
use crate::script::flood;
use crate::server::{NOBODY, Server};
use crate::store::{Run, Thread, ThreadMeta};

/// Most messages that can be asked for.
const MOST: usize = 100_000;
/// From one exchange to the next.
const STEP: Micros = 11 * 60 * 1_000_000;
/// How long an exchange took.
const LENGTH: Micros = 20 * 1_000_000;

/// How the messages are spread over runs.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    /// A run for each question and its answer.
    #[default]
    Many,
    /// One question, all answers in one run.
    One,
}

/// What to make.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    room: String,
    messages: usize,
    user: Option<String>,
    #[serde(default)]
    shape: Shape,
}

/// POST /test/seed: makes a thread and tells its id.
pub async fn seed(
    State(server): State<Arc<Server>>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    server.room(&wanted.room)?;
    let user = wanted.user.as_deref().map(username_of);
    let thread = made(&wanted, user.unwrap_or_else(|| NOBODY.to_owned()));
    let id = thread.id;
    lock(&server.data).threads.insert(id, thread);
    server.touch();
    Ok(Json(json!({ "thread_id": id })))
}

fn made(wanted: &Wanted, user: String) -> Thread {
    let total = wanted.messages.clamp(2, MOST);
    let (id, now) = (Uuid::new_v4(), clock::now());
    let runs: Vec<Run> = match wanted.shape {
        Shape::One => vec![run(id, now - STEP, 1, 2..=total, total)],
        Shape::Many => {
            let count = total / 2;
            let begun = |exchange: usize| {
                now - STEP * Micros::try_from(count - exchange).unwrap_or_default()
            };
            (0..count)
                .map(|number| {
                    let asked = 2 * number + 1;
                    run(id, begun(number), asked, asked + 1..=asked + 1, 2 * count)
                })
                .collect()
        }
    };
    Thread {
        room: wanted.room.clone(),
        id,
        user,
        created: runs.first().map_or(now, |run| run.created),
        meta: Some(ThreadMeta {
            name: Some(format!("Seed of {total}")),
            description: None,
        }),
        last_activity: runs.last().and_then(|run| run.finished),
        runs,
    }
}

/// A finished run: message `asked` of `total`, and the answers of those numbers.
fn run(
    thread: Uuid,
    begun: Micros,
    asked: usize,
    answers: impl Iterator<Item = usize>,
    total: usize,
) -> Run {
    let mut run = Run::new(None, None);
    let question = json!({
        "id": format!("{}-question", run.id), "role": "user",
        "content": format!("And what about section {asked}? (message {asked} of {total})"),
    });
    run.created = begun;
    run.is_started = true;
    run.finished = Some(begun + LENGTH);
    run.input = Some(json!({
        "threadId": thread, "runId": run.id, "parentRunId": null, "state": {}, "messages": [question],
        "tools": [], "context": [], "forwardedProps": {},
    }));
    let (id, time) = (run.id, begun / 1000);
    let mut say = |mut event: Value| {
        event["timestamp"] = json!(time);
        run.events.push(event);
    };
    say(json!({"type": "RUN_STARTED", "threadId": thread, "runId": id}));
    for number in answers {
        let message = format!("{id}-answer-{number}");
        say(json!({"type": "TEXT_MESSAGE_START", "messageId": message, "role": "assistant"}));
        for delta in answer(number, total) {
            say(json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": delta}));
        }
        say(json!({"type": "TEXT_MESSAGE_END", "messageId": message}));
    }
    say(json!({"type": "RUN_FINISHED", "threadId": thread, "runId": id}));
    run.usage = Some(json!({
        "input_tokens": 12, "output_tokens": 90, "requests": 1, "tool_calls": 0, "final_input_tokens": 12,
        "final_output_tokens": 90, "resolved_model_name": "demo-script",
    }));
    run
}

/// From one line to several sections.
fn answer(number: usize, total: usize) -> Vec<String> {
    let ending = format!("This was message {number} of {total}.");
    let mut parts: Vec<String> = match number / 2 % 5 {
        0 => vec!["Yes, as *before*. ".to_owned()],
        1 | 2 => vec![flood::section(number)],
        3 => vec!["The water is `rising`, and the log is kept.\n\n".to_owned()],
        _ => (0..3).map(|more| flood::section(number + more)).collect(),
    };
    parts.push(ending);
    parts
}
