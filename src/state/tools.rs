//! The tools that this app offers to agents, and what a person has allowed.

use serde_json::Value;

use super::shared::Shared;
use super::thread::ThreadKey;

/// A call of one of our tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The id the server gave it.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Its arguments, JSON text as it came.
    pub args: String,
}

/// What a call came to; a failure is told to the agent as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutcome {
    /// The text of the result.
    pub content: String,
    /// Whether it failed, was refused or took too long.
    pub is_error: bool,
}

/// The tools of a room. Clones share what was allowed and what waits for an answer.
#[derive(Clone)]
pub struct Tools {
    #[expect(dead_code, reason = "the tools come with the next change")]
    shared: Shared,
}

impl Tools {
    /// The tools there are.
    #[must_use]
    pub fn new(shared: &Shared) -> Self {
        Self {
            shared: shared.clone(),
        }
    }

    /// How they are declared to a server (AG-UI `Tool`: name, description, JSON Schema of the parameters).
    #[must_use]
    pub fn definitions(&self) -> Vec<Value> {
        Vec::new()
    }

    /// Whether a tool of that name is ours.
    #[must_use]
    pub fn knows(&self, _name: &str) -> bool {
        false
    }

    /// Carries a call out, after asking the person where the tool needs that. Never fails: what goes wrong is the outcome.
    pub async fn call(&self, _thread: &ThreadKey, call: &ToolCall) -> ToolOutcome {
        ToolOutcome {
            content: format!("There is no tool {}.", call.name),
            is_error: true,
        }
    }

    /// Answers everything that waits in this thread with no: its run was stopped.
    pub fn cancel(&self, _thread: &ThreadKey) {}
}
