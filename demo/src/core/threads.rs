//! Threads and their messages, which the client writes, and the snapshots of turns.

use std::sync::Arc;

use jiff::Zoned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Core;
use super::data::{Message, Thread, moment};
use super::dispatch::{Answer, Fault};
use super::params::Params;
use super::talk::Words;
use crate::lock::lock;

/// Label of threads that got none.
const LABEL: &str = "work";
/// Longest title, in characters.
const TITLE: usize = 80;
/// Words of a title made of the question alone.
const LOCAL_WORDS: usize = 12;
/// Words of a title made of question and answer.
const MODEL_WORDS: usize = 6;

/// `threads_list`
pub fn list(core: &Arc<Core>, _: &Params) -> Answer {
    let mut data = lock(&core.data);
    let mut threads: Vec<&Thread> = data.user().threads.iter().collect();
    threads.sort_by(|a, b| b.last_message_at().cmp(a.last_message_at()));
    let threads: Vec<_> = threads.into_iter().map(Thread::to_json).collect();
    Ok(json!({"count": threads.len(), "threads": threads}))
}

/// A thread with a title made up for now.
pub fn fresh(labels: Option<Vec<String>>) -> Thread {
    Thread {
        id: format!("thread-{}", Uuid::new_v4()),
        title: Zoned::now().strftime("Chat %b %-d %-I:%M %p").to_string(),
        is_placeholder: true,
        created_at: moment(),
        labels: labels.unwrap_or_else(|| vec![LABEL.to_owned()]),
        messages: Vec::new(),
    }
}

/// `threads_create_new`
pub fn create(core: &Arc<Core>, params: &Params) -> Answer {
    let thread = fresh(params.get("labels")?);
    let answer = thread.to_json();
    core.change(|data| data.user().threads.push(thread));
    Ok(answer)
}

/// `threads_upsert`, which also renames
pub fn upsert(core: &Arc<Core>, params: &Params) -> Answer {
    let (id, title) = (params.text("id")?, params.text("title")?);
    let created_at = params.text("created_at")?;
    let labels: Option<Vec<String>> = params.get("labels")?;
    core.change(|data| {
        let user = data.user();
        if let Some(thread) = user.thread_mut(&id) {
            thread.title = title;
            thread.is_placeholder = false;
            if let Some(labels) = labels {
                thread.labels = labels;
            }
            return Ok(thread.to_json());
        }
        let thread = Thread {
            id,
            title,
            is_placeholder: false,
            created_at,
            ..fresh(labels)
        };
        let answer = thread.to_json();
        user.threads.push(thread);
        Ok(answer)
    })
}

/// `threads_messages_list`; an unknown thread has none
pub fn messages(core: &Arc<Core>, params: &Params) -> Answer {
    let id = params.text("thread_id")?;
    let mut data = lock(&core.data);
    let messages = data
        .user()
        .thread_mut(&id)
        .map(|thread| thread.messages.clone());
    let messages = messages.unwrap_or_default();
    Ok(json!({"count": messages.len(), "messages": messages}))
}

/// Changes a thread of the user in use.
fn change_thread<T>(
    core: &Core,
    id: &str,
    missing: &str,
    change: impl FnOnce(&mut Thread) -> Result<T, Fault>,
) -> Result<T, Fault> {
    core.change(|data| match data.user().thread_mut(id) {
        Some(thread) => change(thread),
        None => Err(Fault::new(format!("thread {id} {missing}"))),
    })
}

/// `threads_message_append`; the same id may come twice
pub fn append(core: &Arc<Core>, params: &Params) -> Answer {
    let id = params.text("thread_id")?;
    let message: Message = params.get("message")?;
    let answer = json!(message);
    change_thread(core, &id, "does not exist", |thread| {
        thread.messages.push(message);
        Ok(answer)
    })
}

/// `threads_message_update`
pub fn update(core: &Arc<Core>, params: &Params) -> Answer {
    let (id, message_id) = (params.text("thread_id")?, params.text("message_id")?);
    let metadata: Option<Map<String, Value>> = params.get("extra_metadata")?;
    let missing = Fault::new(format!("message {message_id} not found in thread {id}"));
    core.change(|data| {
        let thread = data.user().thread_mut(&id).ok_or(missing.clone())?;
        let message = thread
            .messages
            .iter_mut()
            .find(|message| message.id == message_id)
            .ok_or(missing)?;
        message.extra_metadata = metadata.unwrap_or_default();
        Ok(json!(message))
    })
}

fn title_of(question: &str, words: usize) -> String {
    let title: Vec<_> = question.split_whitespace().take(words).collect();
    title.join(" ").chars().take(TITLE).collect()
}

/// `threads_generate_title`; only a title that was made up is replaced
pub fn title(core: &Arc<Core>, params: &Params) -> Answer {
    let id = params.text("thread_id")?;
    let answer: Option<String> = params.get("assistant_message")?;
    let is_model = answer.is_some_and(|answer| !answer.trim().is_empty());
    change_thread(core, &id, "not found", |thread| {
        let question = thread
            .messages
            .iter()
            .find(|message| message.sender == "user");
        if let Some(question) = question.filter(|_| thread.is_placeholder) {
            let question = Words::take(&question.content).1;
            let words = if is_model { MODEL_WORDS } else { LOCAL_WORDS };
            let title = title_of(&question, words);
            if !title.is_empty() {
                thread.title = title;
                thread.is_placeholder = false;
            }
        }
        Ok(thread.to_json())
    })
}

/// `threads_update_labels`
pub fn label(core: &Arc<Core>, params: &Params) -> Answer {
    let id = params.text("thread_id")?;
    let labels: Vec<String> = params.get("labels")?;
    change_thread(core, &id, "does not exist", |thread| {
        thread.labels = labels;
        Ok(thread.to_json())
    })
}

/// `threads_delete`
pub fn delete(core: &Arc<Core>, params: &Params) -> Answer {
    let id = params.text("thread_id")?;
    params.text("deleted_at")?;
    let is_gone = core.change(|data| {
        let user = data.user();
        let before = user.threads.len();
        user.threads.retain(|thread| thread.id != id);
        user.turn_states.remove(&id);
        user.threads.len() < before
    });
    Ok(json!({"deleted": is_gone}))
}

/// `threads_purge`
pub fn purge(core: &Arc<Core>, _: &Params) -> Answer {
    let threads = core.change(|data| {
        data.user().turn_states.clear();
        std::mem::take(&mut data.user().threads)
    });
    let messages: usize = threads.iter().map(|thread| thread.messages.len()).sum();
    Ok(
        json!({"messagesDeleted": messages, "agentThreadsDeleted": threads.len(), "agentMessagesDeleted": messages}),
    )
}

/// `threads_turn_state_get`
pub fn turn_state(core: &Arc<Core>, params: &Params) -> Answer {
    let id = params.text("thread_id")?;
    let state = lock(&core.data).user().turn_states.get(&id).cloned();
    Ok(state.map_or_else(|| json!({}), |state| json!({"turnState": state})))
}

/// `threads_turn_state_clear`
pub fn clear_turn_state(core: &Arc<Core>, params: &Params) -> Answer {
    let id = params.text("thread_id")?;
    let is_gone = core.change(|data| data.user().turn_states.remove(&id).is_some());
    Ok(json!({"cleared": is_gone}))
}

/// `threads_turn_state_list`
pub fn turn_states(core: &Arc<Core>, _: &Params) -> Answer {
    let states: Vec<Value> = lock(&core.data)
        .user()
        .turn_states
        .values()
        .cloned()
        .collect();
    Ok(json!({"count": states.len(), "turnStates": states}))
}
