//! What is stored of a thread: its messages, and the turn that may still be under way in it.

use crate::core::room::ThreadId;

/// A thread as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadEntry {
    /// Its id.
    pub id: ThreadId,
    /// Its title, where it has one that is not blank.
    pub title: Option<String>,
    /// When it was made, as the server writes it: it wants that back with every new title.
    pub made: String,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<i64>,
    /// When something was last said in it, in milliseconds since 1970.
    pub last_activity: Option<i64>,
    /// How many messages there are.
    pub messages: u64,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether an agent works in it for another, and nobody talks there.
    pub is_worker: bool,
}

/// Who has written a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The person.
    Person,
    /// The agent.
    Agent,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, chosen by whoever has stored it.
    pub id: String,
    /// Who has written it.
    pub sender: Sender,
    /// The text; of an agent, markdown.
    pub text: String,
    /// When it was written, in milliseconds since 1970.
    pub at: Option<i64>,
    /// The tool whose outcome it is: such messages are stored where an agent works for another.
    pub tool: Option<String>,
}

/// How far a turn is, as the server has noted it at its last boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnState {
    /// The request that it answers.
    pub request: String,
    /// Whether it goes on.
    pub lifecycle: Lifecycle,
    /// The round it is in, from 1.
    pub round: u32,
    /// What was said so far, in all rounds.
    pub text: String,
    /// What was thought so far.
    pub thinking: String,
    /// The calls so far.
    pub calls: Vec<TurnCall>,
}

/// Whether a turn goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Accepted.
    Started,
    /// Under way.
    Streaming,
    /// It has failed, was stopped, or died with its server.
    Interrupted,
}

/// A call of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnCall {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, JSON text.
    pub args: Option<String>,
    /// How it stands.
    pub status: CallStatus,
    /// It is another agent that was set to work.
    pub is_child: bool,
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStatus {
    /// It is being carried out.
    Running,
    /// It went well.
    Good,
    /// It did not.
    Failed,
}

/// What is to be done about the end of a thread that nobody has followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Nothing: it ends with an answer, or is empty.
    Settled,
    /// Follow the turn under way ([`super::turn::Turn::resume`]).
    Follow,
    /// The turn broke off: what there is of it is shown as partial, and the question can be sent again. Dismissing that clears the turn.
    Interrupted,
    /// The question with this id was answered, or its server died, while nobody was there: it can be sent again.
    Missed {
        /// The message that has no answer.
        question: String,
    },
}

/// What is to be done, by what is stored. A turn leaves no state when it has succeeded.
#[must_use]
pub fn repair(messages: &[Message], turn: Option<&TurnState>) -> Repair {
    // The answer may be stored already: another tab was there.
    let is_answered = |turn: &&TurnState| {
        let id = super::turn::answer_id(&turn.request);
        messages.iter().any(|message| message.id == id)
    };
    match turn
        .filter(|turn| !is_answered(turn))
        .map(|turn| turn.lifecycle)
    {
        Some(Lifecycle::Started | Lifecycle::Streaming) => return Repair::Follow,
        Some(Lifecycle::Interrupted) => return Repair::Interrupted,
        None => {}
    }
    match messages.last() {
        Some(last) if last.sender == Sender::Person && last.tool.is_none() => Repair::Missed {
            question: last.id.clone(),
        },
        _ => Repair::Settled,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
