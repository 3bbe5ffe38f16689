//! What a server tells of a turn.

use serde_json::{Value, json};

use crate::core::room::ThreadId;

/// One event of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnEvent {
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// The request that it answers.
    pub request: String,
    /// What has happened.
    pub kind: TurnEventKind,
}

/// What has happened in a turn. Rounds count from 1; 0 where the server does not say.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // The fields are what their names say.
pub enum TurnEventKind {
    /// The server has begun with it.
    Began,
    /// Another round begins.
    Round { round: u32 },
    /// More text.
    Text { round: u32, delta: String },
    /// More of what the agent thinks.
    Thinking { round: u32, delta: String },
    /// More of the arguments of a call; the first has its name.
    CallArgs {
        round: u32,
        call: String,
        name: Option<String>,
        delta: String,
    },
    /// A tool is called.
    Call {
        round: u32,
        call: String,
        name: String,
        args: Option<Value>,
    },
    /// A call is over. What it came to is not told, only how much that was.
    CallResult {
        call: String,
        name: String,
        is_good: bool,
        output: String,
    },
    /// Another agent works for this one.
    Child { task: String, step: Child },
    /// A piece of the answer, which is complete already.
    Segment {
        index: u32,
        total: Option<u32>,
        text: String,
    },
    /// The answer as a whole.
    Done { text: String },
    /// It has failed, or was stopped (`cancelled`).
    Failed { error: String, message: String },
    /// A message that nobody has asked for.
    Proactive { text: String },
    /// Something this app does not know.
    Unknown { name: String },
}

/// A step of an agent that works for another.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // The fields are what their names say.
pub enum Child {
    Spawned {
        agent: String,
        message: Option<String>,
    },
    Round {
        round: u32,
        of: Option<u32>,
    },
    Call {
        call: String,
        name: String,
    },
    CallResult {
        call: String,
        name: String,
        is_good: bool,
    },
    Completed {
        message: Option<String>,
        elapsed: Option<u32>,
    },
    Failed {
        message: Option<String>,
    },
}

impl Child {
    /// Writes the step into what is shown of the agent, as [`crate::core::thread::delegate`] reads it.
    pub(super) fn note(&self, shown: &mut Value) {
        match self {
            Self::Spawned { agent, message } => {
                set(shown, "agent", json!(agent));
                note_message(shown, message.as_ref());
            }
            Self::Round { round, of } => {
                set(shown, "round", json!(round));
                if let Some(of) = of {
                    set(shown, "rounds", json!(of));
                }
            }
            Self::Call { name, .. } => set(shown, "tool", json!(name)),
            Self::CallResult { name, is_good, .. } => {
                if let Some(shown) = shown.as_object_mut() {
                    shown.remove("tool");
                    let tools = shown.entry("tools").or_insert_with(|| json!([]));
                    if let Some(tools) = tools.as_array_mut() {
                        tools.push(json!({ "name": name, "good": is_good }));
                    }
                }
            }
            Self::Completed { message, elapsed } => {
                set(shown, "state", json!("done"));
                if let Some(elapsed) = elapsed {
                    set(shown, "elapsed", json!(elapsed));
                }
                note_message(shown, message.as_ref());
            }
            Self::Failed { message } => {
                set(shown, "state", json!("failed"));
                note_message(shown, message.as_ref());
            }
        }
    }

    fn key(&self) -> (&'static str, String) {
        match self {
            Self::Spawned { .. } => ("spawned", String::new()),
            Self::Round { round, .. } => ("child round", round.to_string()),
            Self::Call { call, .. } => ("child call", call.clone()),
            Self::CallResult { call, .. } => ("child result", call.clone()),
            Self::Completed { .. } => ("completed", String::new()),
            Self::Failed { .. } => ("failed", String::new()),
        }
    }
}

fn set(shown: &mut Value, name: &str, value: Value) {
    if let Some(shown) = shown.as_object_mut() {
        shown.insert(name.to_owned(), value);
    }
}

fn note_message(shown: &mut Value, message: Option<&String>) {
    if let Some(message) = message.filter(|message| !message.is_empty()) {
        set(shown, "message", json!(message));
    }
}

/// What an event is known by when it comes twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(&'static str, String);

impl TurnEventKind {
    /// `None` for pieces of a growing text: two that are alike may both be meant.
    pub(super) fn key(&self) -> Option<Key> {
        Some(match self {
            Self::Text { .. } | Self::Thinking { .. } | Self::CallArgs { .. } => return None,
            Self::Proactive { .. } | Self::Unknown { .. } => return None,
            Self::Began => Key("began", String::new()),
            Self::Round { round } => Key("round", round.to_string()),
            Self::Call { call, .. } => Key("call", call.clone()),
            Self::CallResult { call, .. } => Key("result", call.clone()),
            Self::Child { task, step } => {
                let (name, part) = step.key();
                Key(name, format!("{task}/{part}"))
            }
            Self::Segment { index, .. } => Key("segment", index.to_string()),
            Self::Done { .. } => Key("done", String::new()),
            Self::Failed { .. } => Key("failed", String::new()),
        })
    }
}
