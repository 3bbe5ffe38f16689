//! Threads and runs as a server stores them, and the conversation rebuilt from them.

mod read;

pub use self::read::{input_of, runs};

use super::message::RowKind;
use super::timeline::{Change, Timeline};
use crate::core::agui::event::Event;
use crate::core::agui::run::{UserContent, WireMessage};
use crate::core::room::ThreadId;
use crate::core::time::parse_rfc3339;
use serde_json::Value;
use std::collections::HashMap;

/// A thread as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadSummary {
    /// Thread id.
    pub id: ThreadId,
    /// Its name, where it has one that is not blank.
    pub name: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<i64>,
    /// When something last happened in it, in milliseconds since 1970.
    pub last_activity: Option<i64>,
}

/// A thread that was just made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewThread {
    /// Its id.
    pub id: ThreadId,
    /// The run that came with it.
    pub run: Option<String>,
    /// The state to start from.
    pub state: Option<Value>,
}

/// A run of a thread, without its events.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Run id.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<i64>,
    /// When it ended, in milliseconds since 1970; `None` while it runs, and for ever if the server was stopped meanwhile.
    pub finished: Option<i64>,
    /// The message it was started to answer.
    pub user: Option<UserMessage>,
    /// What calls came to that were carried out here, where the run goes on after an earlier one: they are stored nowhere else.
    pub results: Vec<WireMessage>,
}

impl RunSummary {
    /// Whether there is anything of it: a thread is made with a run that nobody may ever start.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.finished.is_some() || self.user.is_some()
    }

    /// Whether it goes on after the calls of the run before it, with the same question.
    #[must_use]
    pub fn continues(&self) -> bool {
        !self.results.is_empty()
    }
}

/// A message of the person, read back from a stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct UserMessage {
    /// Message id.
    pub id: String,
    /// What is shown; `[Image 1]` stands where an image was.
    pub text: String,
    /// What is sent again.
    pub content: UserContent,
}

/// The events of one run, or that they could not be had.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// The run as `GET …/agui/{thread}/{run}` gives it.
    Run(StoredRun),
    /// The run could not be loaded: its place shows a gap.
    Failed,
}

/// A run as it is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredRun {
    /// Whether it has ended.
    pub is_finished: bool,
    /// What it was started with; null if it was not started.
    pub input: Value,
    /// Its events so far, in order.
    pub events: Vec<Value>,
}

impl StoredRun {
    /// Takes the answer apart.
    #[must_use]
    pub fn new(mut answer: Value) -> Self {
        let is_finished = present(&answer, "finished").is_some();
        let mut take = |field| answer.get_mut(field).map(Value::take).unwrap_or_default();
        Self {
            is_finished,
            input: take("run_input"),
            events: match take("events") {
                Value::Array(events) => events,
                _ => Vec::new(),
            },
        }
    }

    /// When it last said something, in milliseconds since 1970.
    #[must_use]
    pub fn last_sign(&self) -> Option<i64> {
        let times = self.events.iter().rev();
        times
            .filter_map(|event| event.get("timestamp")?.as_i64())
            .next()
    }
}

/// The messages that a run was started with, its own question aside: the conversation before it.
#[must_use]
pub fn messages_before(input: &mut Value, continues: bool) -> Vec<Value> {
    let messages = input.get_mut("messages").map(Value::take);
    let Some(Value::Array(mut messages)) = messages else {
        return Vec::new();
    };
    if !continues && let Some(last) = messages.iter().rposition(is_user) {
        messages.truncate(last);
    }
    messages
}

/// Reads the threads of `GET …/agui`, in the server's order; entries without an id are skipped.
#[must_use]
pub fn threads(answer: &Value) -> Vec<ThreadSummary> {
    entries(answer.get("threads").unwrap_or(answer))
        .filter_map(|(key, entry)| thread(entry, key))
        .collect()
}

/// How runs are added to a conversation.
pub struct Adding<'a> {
    /// The run that is about to be followed: its rows go on. What is only stored does not grow.
    pub going: Option<&'a str>,
    /// Tells message ids that stand elsewhere in the conversation.
    pub is_taken: &'a dyn Fn(&str) -> bool,
}

/// Rebuilds a conversation from its runs (oldest first) and what is stored of each, by run id; `going` is about to be followed.
#[must_use]
pub fn rebuild(
    runs: &[RunSummary],
    stored: HashMap<String, Stored>,
    going: Option<&str>,
) -> Timeline {
    let mut timeline = Timeline::new();
    let is_taken = &|_: &str| false;
    let _ = extend(&mut timeline, runs, stored, &Adding { going, is_taken });
    timeline
}

/// Adds runs (oldest first) to the end of a conversation, with what is stored of each, by run id.
///
/// A run without an entry in `stored` shows only the message that started it; that is right for a run still going on, which is
/// then replayed live.
pub fn extend(
    timeline: &mut Timeline,
    runs: &[RunSummary],
    mut stored: HashMap<String, Stored>,
    adding: &Adding<'_>,
) -> Change {
    let before = timeline.rows().len();
    let mut change = Change::none();
    for run in runs {
        let (record, is_gap) = match stored.remove(&run.id) {
            Some(Stored::Run(record)) => (record, false),
            Some(Stored::Failed) => (StoredRun::default(), true),
            None => (StoredRun::default(), false),
        };
        let late = last_user_message(&record.input, &run.id);
        let user = late.or_else(|| run.user.clone());
        if let Some(state) = input_state(&record.input) {
            timeline.set_state(state.clone());
        }
        if let Some(user) = user {
            let at = started(&record.events).or(run.created);
            push_user(timeline, run, user, at, adding.is_taken);
        }
        change.merge(timeline.adopt_tool_results(&run.results));
        if is_gap {
            let _ = timeline.push_gap(&run.id, run.created);
        }
        replay(timeline, run, record.events);
        if adding.going != Some(&run.id) {
            let _ = timeline.interrupt(&run.id);
        }
    }
    let made = timeline.rows().iter().skip(before);
    change.rows.extend(made.map(|row| row.id.clone()));
    change.order = timeline.rows().len() > before;
    change
}

/// Replays stored events of a run; what is known of them already is not doubled.
pub fn replay(timeline: &mut Timeline, run: &RunSummary, events: Vec<Value>) {
    for event in events {
        let _ = timeline.apply(
            &Event::from_value(event),
            &run.id,
            run.created.unwrap_or_default(),
        );
    }
}

fn push_user(
    timeline: &mut Timeline,
    run: &RunSummary,
    user: UserMessage,
    at: Option<i64>,
    is_taken: &dyn Fn(&str) -> bool,
) {
    let known = timeline.user_row(&user.id).map(|row| row.kind.clone());
    let id = match known {
        // The same message again: a run that goes on after client tools.
        Some(RowKind::User { text }) if text == user.text => return,
        Some(_) => format!("user-{}", run.id),
        None if is_taken(&user.id) => format!("user-{}", run.id),
        None => user.id,
    };
    let _ = timeline.push_user_content(&id, &user.text, user.content, at);
    let _ = timeline.bind_user(&id, &run.id);
    let _ = timeline.accept_user(&id);
}

fn started(events: &[Value]) -> Option<i64> {
    let event = events
        .iter()
        .find(|event| text(event, "type") == Some("RUN_STARTED"))?;
    Event::from_value(event.clone()).timestamp()
}

fn thread(entry: &Value, key: Option<&str>) -> Option<ThreadSummary> {
    Some(ThreadSummary {
        id: ThreadId(id(entry, "thread_id", key)?),
        name: present(entry, "metadata")
            .and_then(|metadata| text(metadata, "name"))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        created: time(entry, "created"),
        last_activity: time(entry, "last_activity"),
    })
}

fn id(entry: &Value, field: &str, key: Option<&str>) -> Option<String> {
    let id = entry
        .as_object()
        .and_then(|_| text(entry, field).or(key))?
        .trim();
    (!id.is_empty()).then(|| id.to_owned())
}

fn entries(value: &Value) -> Box<dyn Iterator<Item = (Option<&str>, &Value)> + '_> {
    match value {
        Value::Array(list) => Box::new(list.iter().map(|entry| (None, entry))),
        Value::Object(map) => Box::new(map.iter().map(|(key, entry)| (Some(key.as_str()), entry))),
        _ => Box::new(std::iter::empty()),
    }
}

fn present<'a>(value: &'a Value, field: &str) -> Option<&'a Value> {
    value.get(field).filter(|value| !value.is_null())
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

fn time(value: &Value, field: &str) -> Option<i64> {
    parse_rfc3339(text(value, field)?)
}

/// The AG-UI state that a run was started with.
#[must_use]
pub fn input_state(input: &Value) -> Option<&Value> {
    input.get("state").filter(|state| state.is_object())
}

fn last_user_message(input: &Value, run: &str) -> Option<UserMessage> {
    let messages = input.get("messages")?.as_array()?;
    user_message(messages.iter().rev().find(|message| is_user(message))?, run)
}

fn is_user(message: &Value) -> bool {
    message.is_object() && present(message, "role").is_none_or(|role| role == "user")
}

fn user_message(message: &Value, run: &str) -> Option<UserMessage> {
    let id = text(message, "id")
        .map(str::trim)
        .filter(|id| !id.is_empty());
    let (text, content) = match message.get("content")? {
        Value::String(text) => (text.clone(), UserContent::Text(text.clone())),
        Value::Array(parts) => {
            let content = UserContent::Parts(parts.clone());
            (shown(&content), content)
        }
        _ => return None,
    };
    Some(UserMessage {
        id: id.map_or_else(|| format!("user-{run}"), str::to_owned),
        text,
        content,
    })
}

fn call_result(message: &Value) -> Option<WireMessage> {
    let call = ["toolCallId", "tool_call_id"]
        .iter()
        .find_map(|name| text(message, name))?;
    let mut result = WireMessage::tool_result(call, text(message, "content").unwrap_or_default());
    if let WireMessage::Tool { error, .. } = &mut result {
        *error = text(message, "error").map(str::to_owned);
    }
    Some(result)
}

/// What people see of a message: a label such as "Image 1:" before an image is for the model; they see the image's place instead.
#[must_use]
pub fn shown(content: &UserContent) -> String {
    let parts = match content {
        UserContent::Text(text) => return text.clone(),
        UserContent::Parts(parts) => parts,
    };
    let mut shown = Vec::new();
    for (position, part) in parts.iter().enumerate() {
        let next = parts.get(position + 1);
        match text(part, "type") {
            Some("text") => {
                let text = text(part, "text").unwrap_or_default();
                let label = next
                    .and_then(image_number)
                    .map(|number| format!("Image {number}:"));
                if !text.is_empty() && label.as_deref() != Some(text.trim()) {
                    shown.push(text.to_owned());
                }
            }
            Some("image") => shown.push(image_number(part).map_or_else(
                || "[Image]".to_owned(),
                |number| format!("[Image {number}]"),
            )),
            Some(kind) => shown.push(format!("[{kind}]")),
            None => {}
        }
    }
    shown.join("\n")
}

/// The highest number that an image of this message has; 0 without any.
pub(super) fn highest_image(content: &UserContent) -> u64 {
    match content {
        UserContent::Text(_) => 0,
        UserContent::Parts(parts) => parts.iter().filter_map(image_number).max().unwrap_or(0),
    }
}

pub(super) fn image_number(part: &Value) -> Option<u64> {
    part.get("metadata")?.get("soliplex_image_number")?.as_u64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
