//! Threads and messages as a core stores them. The core stores neither question nor answer by itself: whoever shows them does.

use serde_json::{Value, json};

use super::{need, text, without_pseudo_links};
use crate::core::room::ThreadId;
use crate::core::rpc::envelope::{Answer, Call, RpcError};
use crate::core::rpc::thread::{
    CallStatus, Lifecycle, Message, Sender, ThreadEntry, TurnCall, TurnState,
};
use crate::core::time::{format_rfc3339, parse_rfc3339};

/// A title is made by a model, in milliseconds.
const TITLE: u64 = 60_000;

fn of(method: &'static str, thread: &ThreadId) -> Call {
    Call::new(method, json!({ "thread_id": thread.0 }))
}

/// The threads.
#[must_use]
pub fn list() -> Call {
    Call::bare("openhuman.threads_list")
}

/// Reads the threads, newest first; malformed ones are left out.
///
/// # Errors
/// [`RpcError`] where there is no list.
pub fn read_list(answer: &Answer) -> Result<Vec<ThreadEntry>, RpcError> {
    let mut threads: Vec<ThreadEntry> =
        items(answer, "threads")?.iter().filter_map(entry).collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(thread.last_activity.max(thread.created)));
    Ok(threads)
}

fn items<'a>(answer: &'a Answer, name: &str) -> Result<&'a Vec<Value>, RpcError> {
    let list = answer.value().get(name).and_then(Value::as_array);
    list.ok_or_else(|| RpcError::malformed(&format!("there is no list of {name}")))
}

fn entry(value: &Value) -> Option<ThreadEntry> {
    let made = text(value, "createdAt").unwrap_or_default();
    let labels: Vec<String> = value
        .get("labels")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|label| label.as_str().map(str::to_owned))
        .collect();
    Some(ThreadEntry {
        id: ThreadId(text(value, "id")?),
        title: text(value, "title").map(|title| title.trim().to_owned()),
        created: parse_rfc3339(&made),
        last_activity: text(value, "lastMessageAt").and_then(|at| parse_rfc3339(&at)),
        messages: value
            .get("messageCount")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        is_worker: labels.iter().any(|label| label == "worker")
            || text(value, "parentThreadId").is_some(),
        labels,
        made,
    })
}

/// Makes a thread. The core names it for now.
#[must_use]
pub fn create() -> Call {
    Call::new("openhuman.threads_create_new", json!({}))
}

/// Reads one thread: the answer to [`create`], [`rename`] and [`generate_title`].
///
/// # Errors
/// [`RpcError`] without an id.
pub fn read_thread(answer: &Answer) -> Result<ThreadEntry, RpcError> {
    entry(answer.value()).ok_or_else(|| RpcError::malformed("the thread has no id"))
}

/// Names a thread. Its labels stay.
#[must_use]
pub fn rename(thread: &ThreadEntry, title: &str) -> Call {
    Call::new(
        "openhuman.threads_upsert",
        json!({ "id": thread.id.0, "title": title, "created_at": thread.made }),
    )
}

/// Lets the core find a title, with the answer to go by. It only replaces one that the core has made up.
#[must_use]
pub fn generate_title(thread: &ThreadId, answer: Option<&str>) -> Call {
    let mut call = of("openhuman.threads_generate_title", thread)
        .within(TITLE)
        .in_place();
    if let (Some(answer), Some(params)) = (answer, call.params.as_object_mut()) {
        params.insert("assistant_message".to_owned(), json!(answer));
    }
    call
}

/// Deletes a thread, at this time (milliseconds since 1970).
#[must_use]
pub fn delete(thread: &ThreadId, now: i64) -> Call {
    Call::new(
        "openhuman.threads_delete",
        json!({ "thread_id": thread.0, "deleted_at": format_rfc3339(now) }),
    )
}

/// The messages of a thread; none of one that is not known.
#[must_use]
pub fn messages(thread: &ThreadId) -> Call {
    of("openhuman.threads_messages_list", thread)
}

/// Reads the messages, oldest first; malformed ones are left out.
///
/// # Errors
/// [`RpcError`] where there is no list.
pub fn read_messages(answer: &Answer) -> Result<Vec<Message>, RpcError> {
    Ok(items(answer, "messages")?
        .iter()
        .filter_map(message)
        .collect())
}

fn message(value: &Value) -> Option<Message> {
    let tool = value
        .get("extraMetadata")
        .and_then(|extra| text(extra, "tool_name"));
    let (sender, content) = (text(value, "sender")?, value.get("content")?.as_str()?);
    let sender = if sender == "user" {
        Sender::Person
    } else {
        Sender::Agent
    };
    Some(Message {
        id: text(value, "id")?,
        sender,
        text: match sender {
            Sender::Person => content.to_owned(),
            Sender::Agent => without_pseudo_links(content),
        },
        at: text(value, "createdAt").and_then(|at| parse_rfc3339(&at)),
        tool,
    })
}

/// Stores a message at the end of a thread. The core does not notice one that it has already.
#[must_use]
pub fn append(thread: &ThreadId, message: &Message, now: i64) -> Call {
    let sender = match message.sender {
        Sender::Person => "user",
        Sender::Agent => "agent",
    };
    Call::new(
        "openhuman.threads_message_append",
        json!({
            "thread_id": thread.0,
            "message": {
                "id": message.id,
                "content": message.text,
                "type": "text",
                "extraMetadata": {},
                "sender": sender,
                "createdAt": format_rfc3339(message.at.unwrap_or(now)),
            },
        }),
    )
}

/// Reads the stored message.
///
/// # Errors
/// [`RpcError`] where there is none in the answer.
pub fn read_append(answer: &Answer) -> Result<Message, RpcError> {
    message(answer.value()).ok_or_else(|| RpcError::malformed("there is no message"))
}

/// How far the turn of a thread is, if one is under way or broke off.
#[must_use]
pub fn turn_state(thread: &ThreadId) -> Call {
    of("openhuman.threads_turn_state_get", thread)
}

/// Reads how far it is; `None` where there is none.
///
/// # Errors
/// [`RpcError`] where one is there that does not say what it is.
pub fn read_turn_state(answer: &Answer) -> Result<Option<TurnState>, RpcError> {
    let Some(state) = answer
        .value()
        .get("turnState")
        .filter(|state| !state.is_null())
    else {
        return Ok(None);
    };
    let lifecycle = match state.get("lifecycle").and_then(Value::as_str) {
        Some("started") => Lifecycle::Started,
        Some("streaming") => Lifecycle::Streaming,
        // A word of a newer core: it cannot be followed, but tried again.
        Some(_) => Lifecycle::Interrupted,
        None => return Err(RpcError::malformed("the turn does not say how far it is")),
    };
    let calls = state.get("toolTimeline").and_then(Value::as_array);
    let round = state
        .get("iteration")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    Ok(Some(TurnState {
        request: need(state, "requestId")?,
        lifecycle,
        round: u32::try_from(round).unwrap_or_default(),
        text: text(state, "streamingText").unwrap_or_default(),
        thinking: text(state, "thinking").unwrap_or_default(),
        calls: calls.into_iter().flatten().filter_map(turn_call).collect(),
    }))
}

fn turn_call(value: &Value) -> Option<TurnCall> {
    Some(TurnCall {
        id: text(value, "id")?,
        name: text(value, "name")?,
        args: text(value, "argsBuffer"),
        is_child: value.get("subagent").is_some_and(|child| !child.is_null()),
        status: match value.get("status").and_then(Value::as_str) {
            Some("success") => CallStatus::Good,
            Some("error") => CallStatus::Failed,
            _ => CallStatus::Running,
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
