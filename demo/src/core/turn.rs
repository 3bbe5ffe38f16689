//! A turn under way: it says its events while it is the current one of its client and thread, and writes its snapshot
//! at boundaries.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Core;
use super::data::moment;
use super::dispatch::pause;
use super::talk::{Act, ROUNDS, Talk};
use crate::lock::lock;

/// By client id and thread.
pub type Turns = HashMap<(String, String), Current>;

/// The turn that is current for a client and a thread.
#[derive(Debug)]
pub struct Current {
    /// Request id.
    pub request: String,
    /// Ends its pauses.
    pub stop: CancellationToken,
    /// Whose data it writes to.
    pub user: String,
}

/// A turn.
#[derive(Debug)]
pub struct Turn {
    core: Arc<Core>,
    client: String,
    thread: String,
    request: String,
    user: String,
    state: Value,
    is_mute: bool,
    said: usize,
    cut: Option<usize>,
}

/// Fields that every event has.
fn payload(name: &str, client: &str, thread: &str, request: &str, fields: Value) -> Value {
    let mut payload =
        json!({"event": name, "client_id": client, "thread_id": thread, "request_id": request});
    for (key, value) in fields.as_object().into_iter().flatten() {
        payload[key] = value.clone();
    }
    payload
}

impl Core {
    /// Ends the current turn of a client and thread, telling why; its request id.
    pub fn abort_turn(&self, client: &str, thread: &str, text: &str) -> Option<String> {
        let mut turns = lock(&self.turns);
        let current = turns.remove(&(client.to_owned(), thread.to_owned()))?;
        current.stop.cancel();
        self.interrupt(&current.user, thread);
        let fields = json!({"error_type": "cancelled", "message": text});
        let data = payload("chat_error", client, thread, &current.request, fields);
        self.tell(client, "chat_error", data);
        Some(current.request)
    }

    /// Ends all turns without a word, as the end of the process does.
    pub fn kill_turns(&self) {
        for (_, current) in lock(&self.turns).drain() {
            current.stop.cancel();
        }
        self.change(|data| data.interrupt_all());
    }

    fn interrupt(&self, user: &str, thread: &str) {
        self.change(|data| {
            let states = data.users.get_mut(user).map(|user| &mut user.turn_states);
            if let Some(state) = states.and_then(|states| states.get_mut(thread)) {
                state["lifecycle"] = json!("interrupted");
                state["updatedAt"] = json!(moment());
            }
        });
    }

    /// Begins a turn in the background; its request id.
    pub fn begin_turn(self: &Arc<Self>, client: &str, thread: &str, talk: Talk) -> String {
        let request = uuid::Uuid::new_v4().to_string();
        let user = lock(&self.data).user_name();
        let stop = self.stop.child_token();
        let now = moment();
        let turn = Turn {
            core: self.clone(),
            client: client.to_owned(),
            thread: thread.to_owned(),
            request: request.clone(),
            user: user.clone(),
            state: json!({
                "threadId": thread, "requestId": request, "lifecycle": "started",
                "iteration": 0, "maxIterations": ROUNDS, "streamingText": "", "thinking": "",
                "toolTimeline": [], "startedAt": now, "updatedAt": now,
            }),
            is_mute: false,
            said: 0,
            cut: talk.cut,
        };
        let current = Current {
            request: request.clone(),
            stop: stop.clone(),
            user,
        };
        lock(&self.turns).insert((client.to_owned(), thread.to_owned()), current);
        self.switchboard.count_turn();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = turn.play(talk) => {}
            }
        });
        request
    }
}

impl Turn {
    async fn play(mut self, talk: Talk) {
        for (after, act) in talk.beats {
            pause(after).await;
            match act {
                Act::Say(name, fields) => {
                    let is_boundary = self.note(name, &fields);
                    if is_boundary {
                        self.write();
                    }
                    self.say(name, fields);
                }
                Act::Write => self.write(),
                Act::Drop => {
                    self.core.cut(Some(self.client.clone()));
                    self.is_mute = true;
                }
            }
        }
        self.finish(talk.end);
    }

    /// Says an event, unless another turn has taken over.
    fn say(&mut self, name: &'static str, fields: Value) {
        let turns = lock(&self.core.turns);
        if !self.is_current(&turns) {
            return;
        }
        if self.cut == Some(self.said) {
            self.core.cut(Some(self.client.clone()));
        }
        self.said += 1;
        if !self.is_mute {
            let data = payload(name, &self.client, &self.thread, &self.request, fields);
            self.core.tell(&self.client, name, data);
        }
    }

    fn is_current(&self, turns: &Turns) -> bool {
        turns
            .get(&(self.client.clone(), self.thread.clone()))
            .is_some_and(|current| current.request == self.request)
    }

    fn finish(mut self, end: Result<Value, (&'static str, String)>) {
        match end {
            Ok(fields) => {
                self.forget();
                self.say("chat_done", fields);
            }
            Err((kind, text)) => {
                self.state["lifecycle"] = json!("interrupted");
                self.write();
                let fields = json!({"error_type": kind, "message": text});
                self.say("chat_error", fields);
            }
        }
        let mut turns = lock(&self.core.turns);
        if self.is_current(&turns) {
            turns.remove(&(self.client.clone(), self.thread.clone()));
        }
    }

    /// Removes the snapshot, unless another turn has taken over.
    fn forget(&self) {
        let turns = lock(&self.core.turns);
        if !self.is_current(&turns) {
            return;
        }
        self.core.change(|data| {
            if let Some(user) = data.users.get_mut(&self.user) {
                user.turn_states.remove(&self.thread);
            }
        });
    }

    /// Writes the snapshot, unless another turn has taken over.
    fn write(&mut self) {
        let turns = lock(&self.core.turns);
        if !self.is_current(&turns) {
            return;
        }
        self.state["updatedAt"] = json!(moment());
        self.core.change(|data| {
            let user = data.users.entry(self.user.clone()).or_default();
            user.turn_states
                .insert(self.thread.clone(), self.state.clone());
        });
    }

    /// Takes an event into the snapshot; whether it is one at which the snapshot is written.
    fn note(&mut self, name: &str, fields: &Value) -> bool {
        let state = &mut self.state;
        match name {
            "inference_start" => {}
            "iteration_start" => {
                state["lifecycle"] = json!("streaming");
                state["iteration"] = fields["round"].clone();
                state["phase"] = json!("thinking");
            }
            "text_delta" => return append(&mut state["streamingText"], &fields["delta"]),
            "thinking_delta" => return append(&mut state["thinking"], &fields["delta"]),
            "tool_call" => {
                state["phase"] = json!("tool_use");
                state["activeTool"] = fields["tool_name"].clone();
                push(state, "tool_call_id", "argsBuffer", fields);
            }
            "tool_result" => {
                remove(state, "activeTool");
                settle(state, &fields["tool_call_id"], &fields["success"]);
            }
            "subagent_spawned" => {
                state["phase"] = json!("subagent");
                state["activeSubagent"] = fields["tool_name"].clone();
                push(state, "skill_id", "subagent", fields);
            }
            "subagent_completed" | "subagent_failed" => {
                remove(state, "activeSubagent");
                settle(state, &fields["skill_id"], &fields["success"]);
            }
            _ => return false,
        }
        true
    }
}

fn append(text: &mut Value, more: &Value) -> bool {
    let whole = format!(
        "{}{}",
        text.as_str().unwrap_or_default(),
        more.as_str().unwrap_or_default()
    );
    *text = json!(whole);
    false
}

/// An entry of what runs; `id` is the field with its id, `more` the key under which it tells what it was begun with.
fn push(state: &mut Value, id: &str, more: &str, fields: &Value) {
    let mut entry = json!({
        "id": fields[id], "name": fields["tool_name"], "round": fields["round"], "status": "running",
    });
    entry[more] = match more {
        "argsBuffer" => json!(fields["args"].to_string()),
        _ => fields[more].clone(),
    };
    if let Some(timeline) = state["toolTimeline"].as_array_mut() {
        timeline.push(entry);
    }
}

fn remove(state: &mut Value, key: &str) {
    if let Some(state) = state.as_object_mut() {
        state.remove(key);
    }
}

fn settle(state: &mut Value, id: &Value, success: &Value) {
    let status = if *success == json!(true) {
        "success"
    } else {
        "error"
    };
    let entries = state["toolTimeline"].as_array_mut().into_iter().flatten();
    for entry in entries.filter(|entry| entry["id"] == *id) {
        entry["status"] = json!(status);
    }
}
