//! One call from its envelope to its answer: switches, the method, wrappers, and what a failure does to the session.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::methods::{self, Method};
use super::params::Params;
use super::switches::{Consequence, Planned};
use super::{Core, texts};

/// The only code of JSON-RPC errors there is.
const CODE: i64 = -32000;

/// A request; batches and notifications do not exist.
#[derive(Debug, Deserialize)]
pub struct Request {
    #[serde(rename = "jsonrpc")]
    _jsonrpc: Value,
    id: Value,
    method: String,
    #[serde(default)]
    params: Value,
}

/// Why a method failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// For people, and all that a client has to go by.
    pub text: String,
    /// Structured part; null but for switches.
    pub data: Value,
}

impl Fault {
    /// A text alone.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            data: Value::Null,
        }
    }
}

/// What a method gives.
pub type Answer = Result<Value, Fault>;

/// How the value of a method is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrap {
    /// Not at all.
    Bare,
    /// `{"result": …, "logs": […]}`
    Logs,
    /// `{"data": …, "meta": {…}}`
    Envelope,
}

impl Wrap {
    fn around(self, method: &Method, value: Value) -> Value {
        match self {
            Self::Bare => value,
            Self::Logs => {
                // As there: paths and ids, which no client may show.
                let log = format!(
                    "{} ok (/home/demo/.openhuman/users)",
                    method.name.trim_start_matches("openhuman.")
                );
                json!({"result": value, "logs": [log]})
            }
            Self::Envelope => {
                let mut meta = json!({"request_id": Uuid::new_v4().to_string()});
                let lists = [("threads", "num_threads"), ("messages", "num_messages")];
                for (list, name) in lists {
                    if let Some(list) = value[list].as_array() {
                        meta["counts"] = json!({ name: list.len() });
                    }
                }
                json!({"data": value, "meta": meta})
            }
        }
    }
}

/// Answers a call.
pub async fn call(core: Arc<Core>, request: Request) -> Response {
    let Request {
        id, method, params, ..
    } = request;
    let (planned, wait) = core.switchboard.take(&method);
    let (delay, late) = planned
        .as_ref()
        .map(|planned| (planned.delay, planned.late))
        .unwrap_or_default();
    pause(wait + delay).await;
    let planned = planned.filter(Planned::is_answer);
    let answer = match planned {
        Some(planned) => {
            let text = planned.text.clone().unwrap_or_default();
            suffer(&core, planned.session, &text);
            if !planned.is_rpc() {
                let response = answer_of(planned);
                let outcome = format!("http {}", response.status().as_u16());
                let text = Some(text.as_str());
                core.switchboard.note(&method, &params, &outcome, text);
                return response;
            }
            Err(Fault {
                text,
                data: planned.data,
            })
        }
        None => {
            let answer = run(&core, &method, &params);
            if let Err(fault) = &answer {
                after_failure(&core, &fault.text);
            }
            answer
        }
    };
    let text = answer.as_ref().err().map(|fault| fault.text.as_str());
    let outcome = if text.is_some() { "error" } else { "ok" };
    core.switchboard.note(&method, &params, outcome, text);
    pause(late).await;
    let body = match answer {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(Fault { text, data }) => {
            let error = json!({"code": CODE, "message": text, "data": data});
            json!({"jsonrpc": "2.0", "id": id, "error": error})
        }
    };
    Json(body).into_response()
}

/// Waits, if there is anything to wait for.
pub async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

/// What a planned failure does to the session.
fn suffer(core: &Core, consequence: Consequence, text: &str) {
    match consequence {
        Consequence::Keep => {}
        Consequence::Rule => after_failure(core, text),
        Consequence::Clear => {
            core.clear_session();
        }
    }
}

/// An answer that is not JSON-RPC.
pub fn answer_of(planned: Planned) -> Response {
    let status = planned
        .status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::OK);
    match (planned.garbled, planned.raw) {
        (Some(garbled), _) => garbled.answer(status),
        (None, Some(raw)) => {
            (status, [(header::CONTENT_TYPE, "application/json")], raw).into_response()
        }
        (None, None) => (status, planned.text.unwrap_or_default()).into_response(),
    }
}

/// A session that a call proved dead goes, as a core of this age sees it.
fn after_failure(core: &Core, text: &str) {
    let generation = core.switchboard.read(|switches| switches.generation);
    if generation.drops_session(text) {
        core.change(|data| {
            // An offline session cannot expire.
            if !data
                .session
                .as_ref()
                .is_some_and(|session| session.is_local)
            {
                data.clear();
            }
        });
    }
}

fn run(core: &Arc<Core>, name: &str, params: &Value) -> Answer {
    let is_missing = core.switchboard.read(|switches| {
        switches
            .without
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
    });
    let method = methods::named(name)
        .filter(|_| !is_missing)
        .ok_or_else(|| Fault::new(texts::unknown_method(name)))?;
    let (namespace, function) = method.parts();
    let params = if method.takes_anything {
        Params::default()
    } else {
        Params::read(params, namespace, function, method.inputs)?
    };
    let value = (method.run)(core, &params)?;
    Ok(method.wrap.around(method, value))
}
