//! A snapshot of the conversation (`MESSAGES_SNAPSHOT`): only what is missing is taken from it.

use super::super::message::{RowKind, RowState};
use super::track::Part;
use super::{Change, Timeline};
use crate::core::agui::run::{WireMessage, WireToolCall};
use serde_json::Value;
use std::collections::HashSet;

impl Timeline {
    /// Adds the answers, calls and results that the timeline does not know, below the rows of this run.
    ///
    /// A snapshot repeats the whole conversation, under ids that the server may have made anew, so an answer is known if its id or its text
    /// is. Nothing is changed or taken out: what was shown stays. What the person wrote is never taken from the server.
    pub(super) fn reconcile(&mut self, run: &str, messages: &[Value], at: i64) -> Change {
        let known = self.known();
        let mut change = Change::none();
        for message in messages {
            let message = serde_json::from_value(message.clone());
            match message {
                Ok(WireMessage::Assistant {
                    id,
                    content,
                    tool_calls,
                }) => {
                    let text = content.unwrap_or_default();
                    let is_new = !known.contains(&id) && !known.contains(text.trim());
                    if is_new && !text.trim().is_empty() {
                        change.merge(self.extend(run, Part::Text, &id, &text, at));
                        change.merge(self.close(run, Part::Text, &id, at));
                    }
                    for call in &tool_calls {
                        if !known.contains(&call.id) {
                            change.merge(self.add_call(run, call, at));
                        }
                    }
                }
                Ok(message @ WireMessage::Tool { .. }) => {
                    change.merge(self.adopt_tool_results(&[message]));
                }
                _ => {}
            }
        }
        change
    }

    fn add_call(&mut self, run: &str, call: &WireToolCall, at: i64) -> Change {
        let slot = self.slot(run, Part::Tool, &call.id);
        if slot.is_none_or(|slot| slot.row.is_some() || slot.ended) {
            return Change::none();
        }
        let change = self.add_row(run, Part::Tool, &call.id, &call.function.arguments, at);
        let slot = self.slot(run, Part::Tool, &call.id);
        let id = slot.and_then(|slot| {
            slot.ended = true;
            slot.row.clone()
        });
        if let Some(row) = id.and_then(|id| self.row_mut(&id))
            && let RowKind::ToolCall { name, .. } = &mut row.kind
        {
            call.function.name.clone_into(name);
        }
        change
    }

    /// The ids and the texts of all messages, as they are here and as they are sent.
    fn known(&self) -> HashSet<String> {
        let mut known = HashSet::new();
        for row in &self.rows {
            match &row.kind {
                RowKind::Assistant { text } => {
                    known.insert(row.message_id.clone());
                    known.insert(text.trim().to_owned());
                }
                RowKind::ToolCall { .. } => {
                    known.insert(row.message_id.clone());
                }
                RowKind::User { .. } if row.state != RowState::Failed => {
                    known.insert(row.message_id.clone());
                }
                _ => {}
            }
        }
        for message in self.wire_messages() {
            if let WireMessage::Assistant { tool_calls, .. } = &message {
                known.extend(tool_calls.iter().map(|call| call.id.clone()));
            }
            known.insert(message.id().to_owned());
        }
        known
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
