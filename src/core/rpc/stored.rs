//! A stored conversation as runs: each question with what follows it, told in the events of a run.

use std::collections::HashSet;

use serde_json::json;

use super::thread::{Message, Sender};
use crate::core::agui::run::UserContent;
use crate::core::thread::history::{RunSummary, StoredRun, UserMessage};

/// A question with what follows it.
pub struct Exchange<'a> {
    /// The id of its first message, which names the run.
    pub id: String,
    question: Option<&'a Message>,
    answers: Vec<&'a Message>,
    is_last: bool,
}

/// The runs of a conversation, oldest first. A message that was stored twice counts once.
#[must_use]
pub fn exchanges(messages: &[Message]) -> Vec<Exchange<'_>> {
    let mut runs: Vec<Exchange<'_>> = Vec::new();
    let mut seen = HashSet::new();
    for message in messages {
        if !seen.insert(message.id.as_str()) {
            continue;
        }
        let is_question = message.sender == Sender::Person && message.tool.is_none();
        match runs.last_mut().filter(|_| !is_question) {
            Some(run) => run.answers.push(message),
            None => runs.push(Exchange {
                id: message.id.clone(),
                question: is_question.then_some(message),
                answers: if is_question {
                    Vec::new()
                } else {
                    vec![message]
                },
                is_last: false,
            }),
        }
    }
    if let Some(last) = runs.last_mut() {
        last.is_last = true;
    }
    runs
}

impl Exchange<'_> {
    /// Only the newest question may still get an answer.
    /// Whether an answer may still come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_last && self.answers.is_empty()
    }

    fn ended(&self) -> Option<i64> {
        let last = self.answers.last().copied().or(self.question);
        last.and_then(|message| message.at)
    }

    /// As the list of runs has it.
    #[must_use]
    pub fn summary(&self) -> RunSummary {
        let first = self.question.or(self.answers.first().copied());
        RunSummary {
            id: self.id.clone(),
            created: first.and_then(|message| message.at),
            finished: (!self.is_open()).then(|| self.ended().unwrap_or_default()),
            user: self.question.map(|question| UserMessage {
                id: format!("user-{}", question.id),
                text: question.text.clone(),
                content: UserContent::Text(question.text.clone()),
            }),
            results: Vec::new(),
        }
    }

    /// As a stored run, with the events that would have told of it.
    #[must_use]
    pub fn stored(&self) -> StoredRun {
        let mut events = Vec::new();
        for message in &self.answers {
            let (id, at) = (&message.id, message.at);
            match &message.tool {
                None => events.extend([
                    json!({ "type": "TEXT_MESSAGE_START", "messageId": id, "role": "assistant", "timestamp": at }),
                    json!({ "type": "TEXT_MESSAGE_CONTENT", "messageId": id, "delta": message.text, "timestamp": at }),
                    json!({ "type": "TEXT_MESSAGE_END", "messageId": id, "timestamp": at }),
                ]),
                Some(name) => events.extend([
                    json!({ "type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": name, "timestamp": at }),
                    json!({ "type": "TOOL_CALL_END", "toolCallId": id, "timestamp": at }),
                    json!({ "type": "TOOL_CALL_RESULT", "messageId": id, "toolCallId": id, "content": message.text, "timestamp": at }),
                ]),
            }
        }
        let is_finished = !self.is_open();
        if is_finished {
            events.push(json!({ "type": "RUN_FINISHED", "runId": self.id, "threadId": "", "timestamp": self.ended() }));
        }
        StoredRun {
            is_finished,
            // It was asked, however it was.
            input: json!({}),
            events,
        }
    }
}
