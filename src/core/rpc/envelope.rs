//! What is sent to a JSON-RPC 2.0 server, and how its answer is taken apart.

use std::fmt;

use serde_json::{Map, Value, json};

use super::classify::{Failure, Origin, RpcErrorKind, classify};
use super::redact::told;
use crate::core::error::ApiError;

/// How long a call may take: half a minute where nothing else is said, a second at least and ten minutes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// Half a minute.
    pub const DEFAULT: Self = Self(30_000);
    const SHORTEST: u32 = 1_000;
    const LONGEST: u32 = 600_000;

    /// A limit in milliseconds, moved into the bounds.
    #[must_use]
    pub const fn of(ms: u64) -> Self {
        if ms > Self::LONGEST as u64 {
            Self(Self::LONGEST)
        } else if ms < Self::SHORTEST as u64 {
            Self(Self::SHORTEST)
        } else {
            #[allow(clippy::cast_possible_truncation)] // It is within the bounds.
            Self(ms as u32)
        }
    }

    /// In milliseconds.
    #[must_use]
    pub const fn ms(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The ids of the calls on one connection: each is one more than the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ids(u64);

impl Ids {
    /// The id of the next call.
    pub fn next_id(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}

/// A call, before it has an id. What it is called with is not printed: it may hold a token.
#[derive(Clone, PartialEq)]
pub struct Call {
    /// The method, as the server spells it.
    pub method: &'static str,
    /// Its parameters by name, or null.
    pub params: Value,
    /// How long the answer may take.
    pub limit: Limit,
    /// A refusal is told where the call was made and says nothing to the session: it may be about something narrower.
    pub in_place: bool,
}

impl Call {
    /// A call without parameters.
    #[must_use]
    pub fn bare(method: &'static str) -> Self {
        Self::new(method, Value::Null)
    }

    /// A call with parameters by name.
    #[must_use]
    pub fn new(method: &'static str, params: Value) -> Self {
        Self {
            method,
            params,
            limit: Limit::DEFAULT,
            in_place: false,
        }
    }

    /// With another limit, in milliseconds.
    #[must_use]
    pub fn within(mut self, ms: u64) -> Self {
        self.limit = Limit::of(ms);
        self
    }

    /// Whose refusal says nothing to the session.
    #[must_use]
    pub fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// The body of the request.
    #[must_use]
    pub fn body(&self, id: u64) -> String {
        let (method, params) = (self.method, &self.params);
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self
            .params
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .collect();
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("params", &names)
            .field("limit", &self.limit)
            .field("in_place", &self.in_place)
            .finish()
    }
}

/// What a method has answered, out of its wrappers. It is not printed: it may hold a token.
#[derive(Clone, PartialEq)]
pub struct Answer(Value);

impl Answer {
    /// The value, to be read field by field.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Answer {
    /// Takes a result out of its wrappers: what a method has logged is dropped, since it may hold paths and names.
    fn from(mut result: Value) -> Self {
        let is_logged = result.get("logs").is_some_and(Value::is_array);
        if is_logged && let Some(inner) = result.get_mut("result") {
            result = inner.take();
        }
        let has_meta = result.get("meta").is_some();
        if has_meta && let Some(inner) = result.get_mut("data") {
            result = inner.take();
        }
        Self(result)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// A call that did not give the answer that was asked for. Callers branch on the kind and never on the text, which is not printed.
#[derive(Clone, PartialEq)]
pub struct RpcError {
    /// What it means.
    pub kind: RpcErrorKind,
    /// HTTP status, where it was not a good one.
    pub status: Option<u16>,
    /// Code of the error, where it has one.
    pub code: Option<i64>,
    /// What the server says, for people: short, no HTML, no tokens. `None` where it says nothing.
    pub message: Option<String>,
    /// What came with the error.
    pub data: Option<Box<Value>>,
    /// How long the server asks to wait, in milliseconds.
    pub retry_after: Option<u64>,
}

impl RpcError {
    /// An error of this side.
    #[must_use]
    pub fn of(kind: RpcErrorKind) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            message: None,
            data: None,
            retry_after: None,
        }
    }

    /// An answer that does not have the agreed form; `reason` never quotes it.
    #[must_use]
    pub fn malformed(reason: &str) -> Self {
        Self {
            message: Some(reason.to_owned()),
            ..Self::of(RpcErrorKind::Malformed)
        }
    }

    /// No answer within the limit of a call.
    #[must_use]
    pub fn late(call: &Call) -> Self {
        Self {
            message: Some(format!(
                "{} timed out after {}ms",
                call.method,
                call.limit.ms()
            )),
            ..Self::of(RpcErrorKind::Timeout)
        }
    }

    /// With the time that the server asks to be left alone, in milliseconds.
    #[must_use]
    pub fn after(mut self, retry_after: Option<u64>) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// Whether it tells that this thread is gone: one that names no thread does.
    #[must_use]
    pub fn is_about(&self, thread: &str) -> bool {
        let data = self.data.as_deref();
        let named = data.and_then(|data| data.get("threadId").or(data.get("thread_id")));
        self.kind == RpcErrorKind::ThreadNotFound
            && named
                .and_then(Value::as_str)
                .is_none_or(|named| named == thread)
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        match self.status {
            Some(status) => write!(f, " (status {status})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for RpcError {}

impl From<ApiError> for RpcError {
    /// A request that got no answer at all.
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Timeout => Self::of(RpcErrorKind::Timeout),
            ApiError::Cancelled => Self::of(RpcErrorKind::Cancelled),
            ApiError::Malformed { reason } => Self::malformed(&reason),
            ApiError::RateLimited { retry_after } => {
                Self::of(RpcErrorKind::RateLimited).after(retry_after)
            }
            _ => Self::of(RpcErrorKind::Transport),
        }
    }
}

impl From<RpcError> for ApiError {
    /// For views that know the errors of all servers. One that doubts the session is not one that has lost it.
    fn from(error: RpcError) -> Self {
        let detail = error.message;
        match error.kind {
            RpcErrorKind::AuthExpired(super::classify::Certainty::Confirmed) => Self::Unauthorized,
            RpcErrorKind::PermissionDenied => Self::PermissionDenied { detail },
            RpcErrorKind::ThreadNotFound => Self::NotFound { detail },
            RpcErrorKind::RateLimited => Self::RateLimited {
                retry_after: error.retry_after,
            },
            RpcErrorKind::Timeout => Self::Timeout,
            RpcErrorKind::Transport => Self::Network,
            RpcErrorKind::Cancelled => Self::Cancelled,
            RpcErrorKind::BearerRejected => Self::Rejected {
                status: 401,
                detail,
            },
            RpcErrorKind::Malformed => Self::Malformed {
                reason: detail.unwrap_or_default(),
            },
            _ => Self::Rpc {
                code: error.code.unwrap_or_default(),
                message: detail.unwrap_or_default(),
            },
        }
    }
}

/// Reads the answer to the call with this id.
///
/// # Errors
/// [`RpcError`]: what the server has said against it, or [`RpcErrorKind::Malformed`] where this is no answer to that call.
pub fn read(status: u16, body: &str, id: u64) -> Result<Answer, RpcError> {
    let is_good = (200..300).contains(&status);
    let told_status = (!is_good).then_some(status);
    match serde_json::from_str(body) {
        Ok(Value::Object(answer)) if is_answer(&answer) => read_answer(answer, told_status, id),
        _ if is_good => Err(RpcError::malformed("no answer of a JSON-RPC server")),
        _ => Err(failed(
            &Failure {
                status: told_status,
                ..Failure::said(Origin::Door, body)
            },
            None,
        )),
    }
}

fn is_answer(answer: &Map<String, Value>) -> bool {
    let has_outcome =
        answer.contains_key("result") || answer.get("error").is_some_and(Value::is_object);
    answer.contains_key("jsonrpc") || (answer.contains_key("id") && has_outcome)
}

fn read_answer(
    mut answer: Map<String, Value>,
    status: Option<u16>,
    id: u64,
) -> Result<Answer, RpcError> {
    if answer.get("id").and_then(Value::as_u64) != Some(id) {
        return Err(RpcError::malformed("the answer to another call"));
    }
    if let Some(error) = answer.remove("error").filter(|error| !error.is_null()) {
        return Err(refused(error, status));
    }
    let result = answer.remove("result");
    let result = result.ok_or_else(|| RpcError::malformed("missing result"))?;
    match result
        .get("error")
        .filter(|error| error.is_object() && result.get("meta").is_some())
    {
        Some(error) => Err(refused(error.clone(), status)),
        None => Ok(Answer::from(result)),
    }
}

/// The error that a method has answered with.
fn refused(mut error: Value, status: Option<u16>) -> RpcError {
    let code = error.get("code").and_then(Value::as_i64);
    let data = error.get_mut("data").map(Value::take);
    let data = data.filter(|data| !data.is_null());
    let text = match &error {
        Value::String(text) => text.as_str(),
        error => error
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default(),
    };
    let failure = Failure {
        origin: Origin::Handler,
        status,
        code,
        text,
        data: data.as_ref(),
    };
    failed(&failure, data.clone())
}

fn failed(failure: &Failure<'_>, data: Option<Value>) -> RpcError {
    RpcError {
        kind: classify(failure),
        status: failure.status,
        code: failure.code,
        message: told(failure.text),
        data: data.map(Box::new),
        retry_after: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
