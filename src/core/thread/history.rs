//! Threads and runs as a server stores them, and the conversation rebuilt from them.

use super::timeline::Timeline;
use crate::core::agui::event::Event;
use crate::core::agui::run::UserContent;
use crate::core::room::ThreadId;
use crate::core::time::parse_rfc3339;
use serde_json::Value;
use std::cmp::Ordering;
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

/// A run of a thread, without its events.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Run id.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<i64>,
    /// When it ended, in milliseconds since 1970; `None` while it runs, and for ever if the server was stopped meanwhile.
    pub finished: Option<i64>,
    /// What it was started with (`run_input`); null if it was not started.
    pub input: Value,
}

impl RunSummary {
    /// The AG-UI state it was started with.
    #[must_use]
    pub fn state(&self) -> Option<&Value> {
        input_state(&self.input)
    }

    /// The message it was started to answer.
    #[must_use]
    pub fn user_message(&self) -> Option<UserMessage> {
        last_user_message(&self.input, &self.id)
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
    Run(Value),
    /// The run could not be loaded: its place shows a gap.
    Failed,
}

/// A conversation rebuilt from storage.
#[derive(Clone, Debug)]
pub struct History {
    /// Its rows and its AG-UI state.
    pub timeline: Timeline,
    /// Runs that were started and have not ended, oldest first. To follow one, replay it from `<run>:-1` after
    /// [`Timeline::restart_run`].
    pub unfinished: Vec<String>,
}

/// Reads the threads of `GET …/agui`, in the server's order; entries without an id are skipped.
#[must_use]
pub fn threads(answer: &Value) -> Vec<ThreadSummary> {
    entries(answer.get("threads").unwrap_or(answer))
        .filter_map(|(key, entry)| thread(entry, key))
        .collect()
}

/// Reads the runs of a thread, oldest first, those without a time last; entries without an id are skipped.
#[must_use]
pub fn runs(thread: &Value) -> Vec<RunSummary> {
    let mut runs: Vec<_> = entries(thread.get("runs").unwrap_or(&Value::Null))
        .filter_map(|(key, entry)| run(entry, key))
        .collect();
    runs.sort_by(|a, b| match (a.created, b.created) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
    runs
}

/// Rebuilds a conversation from its runs (oldest first) and what is stored of each, by run id.
///
/// A run without an entry in `stored` shows only the message that started it; that is right for a run still going on, which is
/// then replayed live.
#[must_use]
pub fn rebuild(runs: &[RunSummary], stored: &HashMap<String, Stored>) -> History {
    let mut timeline = Timeline::new();
    let mut unfinished = Vec::new();
    for run in runs {
        let record = stored.get(&run.id);
        let input = match record {
            Some(Stored::Run(value)) => present(value, "run_input").unwrap_or(&run.input),
            _ => &run.input,
        };
        let events = record.map_or(&[][..], Stored::events);
        let user = last_user_message(input, &run.id);
        if run.finished.is_none()
            && record.is_none_or(|record| !record.is_finished())
            && (user.is_some() || !events.is_empty())
        {
            unfinished.push(run.id.clone());
        }
        if let Some(state) = input_state(input) {
            timeline.set_state(state.clone());
        }
        if let Some(user) = user {
            push_user(&mut timeline, run, user, started(events).or(run.created));
        }
        if record == Some(&Stored::Failed) {
            let _ = timeline.push_gap(&run.id, run.created);
        }
        replay(&mut timeline, run, events);
        // What is stored does not grow: only a stream that follows the run makes its rows go on.
        let _ = timeline.interrupt(&run.id);
    }
    History {
        timeline,
        unfinished,
    }
}

/// The AG-UI state to start the next run from: that of the newest run that has one, as it ended or else as it began.
#[must_use]
pub fn latest_state(runs: &[RunSummary], stored: &HashMap<String, Stored>) -> Option<Value> {
    runs.iter().rev().find_map(|run| {
        let record = stored.get(&run.id);
        let ended = record.and_then(|record| {
            let snapshots = record
                .events()
                .iter()
                .rev()
                .filter(|event| text(event, "type") == Some("STATE_SNAPSHOT"));
            snapshots
                .filter_map(|event| event.get("snapshot"))
                .find(|snapshot| snapshot.is_object())
        });
        let began = match record {
            Some(Stored::Run(value)) => present(value, "run_input").and_then(input_state),
            _ => None,
        };
        ended.or(began).or(run.state()).cloned()
    })
}

impl Stored {
    fn events(&self) -> &[Value] {
        match self {
            Self::Run(value) => value
                .get("events")
                .and_then(Value::as_array)
                .map_or(&[], Vec::as_slice),
            Self::Failed => &[],
        }
    }

    // The list of runs may be older than the run.
    fn is_finished(&self) -> bool {
        matches!(self, Self::Run(value) if present(value, "finished").is_some())
    }
}

fn replay(timeline: &mut Timeline, run: &RunSummary, events: &[Value]) {
    for event in events {
        let _ = timeline.apply(
            &Event::from_value(event.clone()),
            &run.id,
            run.created.unwrap_or_default(),
        );
    }
}

fn push_user(timeline: &mut Timeline, run: &RunSummary, user: UserMessage, at: Option<i64>) {
    let known = timeline.user_row(&user.id).map(|row| row.kind.clone());
    let id = match known {
        // The same message again: a run that goes on after client tools.
        Some(super::message::RowKind::User { text }) if text == user.text => return,
        Some(_) => format!("user-{}", run.id),
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

fn run(entry: &Value, key: Option<&str>) -> Option<RunSummary> {
    let created = time(entry, "created");
    Some(RunSummary {
        id: id(entry, "run_id", key)?,
        created,
        // A time that cannot be read still says that the run has ended.
        finished: present(entry, "finished")
            .map(|_| time(entry, "finished").or(created).unwrap_or_default()),
        input: entry.get("run_input").cloned().unwrap_or_default(),
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

fn input_state(input: &Value) -> Option<&Value> {
    input.get("state").filter(|state| state.is_object())
}

fn last_user_message(input: &Value, run: &str) -> Option<UserMessage> {
    let messages = input.get("messages")?.as_array()?;
    let message = messages.iter().rev().find(|message| {
        message.is_object() && present(message, "role").is_none_or(|role| role == "user")
    })?;
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

/// What people see of a message: a label such as "Image 1:" before an image is for the model; they see the image's place instead.
pub(super) fn shown(content: &UserContent) -> String {
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

fn image_number(part: &Value) -> Option<u64> {
    part.get("metadata")?.get("soliplex_image_number")?.as_u64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
