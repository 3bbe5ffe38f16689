//! The conversation as it is sent with the next run.

use super::super::message::{Row, RowKind, RowState};
use super::Timeline;
use crate::core::agui::run::{UserContent, WireMessage};
use std::collections::HashSet;

impl Timeline {
    /// The whole conversation as it is sent with the next run: partial answers too, but no failed messages, errors, reasoning or notices,
    /// and no tool call without a result, which model providers refuse.
    #[must_use]
    pub fn wire_messages(&self) -> Vec<WireMessage> {
        self.wire_messages_from(0)
    }

    /// The same, of the rows from this position on.
    #[must_use]
    pub fn wire_messages_from(&self, first: usize) -> Vec<WireMessage> {
        let mut ids = Ids::default();
        let mut messages = Vec::new();
        for row in self.rows.iter().skip(first) {
            let run = row.run.as_deref();
            match &row.kind {
                RowKind::User { text } if row.state != RowState::Failed => {
                    let content = self
                        .parts
                        .get(&row.id)
                        .cloned()
                        .unwrap_or_else(|| UserContent::Text(text.clone()));
                    messages.push(WireMessage::User {
                        id: ids.message(&row.message_id, run),
                        content,
                    });
                }
                RowKind::Assistant { text } if !text.is_empty() => {
                    messages.push(WireMessage::assistant(
                        &ids.message(&row.message_id, run),
                        text,
                    ));
                }
                RowKind::ToolCall {
                    name,
                    args,
                    result: Some(result),
                } => messages.extend(ids.call(row, name, args, result)),
                _ => {}
            }
        }
        messages
    }
}

/// The ids used so far. Servers number anew in each run, and providers refuse an id that comes twice.
#[derive(Default)]
struct Ids {
    messages: HashSet<String>,
    calls: HashSet<String>,
}

impl Ids {
    fn message(&mut self, id: &str, run: Option<&str>) -> String {
        unique(&mut self.messages, id, run)
    }

    fn call(&mut self, row: &Row, name: &str, args: &str, result: &str) -> [WireMessage; 2] {
        let run = row.run.as_deref();
        let call = unique(&mut self.calls, &row.message_id, run);
        let args = if args.is_empty() { "{}" } else { args };
        let asked = self.message(&format!("tool_call_{call}"), run);
        let mut answer = WireMessage::tool_result(&call, result);
        if let WireMessage::Tool { id, error, .. } = &mut answer {
            *id = self.message(id, run);
            *error = (row.state == RowState::Failed).then(|| result.to_owned());
        }
        [WireMessage::tool_call(&asked, &call, name, args), answer]
    }
}

fn unique(used: &mut HashSet<String>, id: &str, run: Option<&str>) -> String {
    let mut id = id.to_owned();
    while !used.insert(id.clone()) {
        id = format!("{id}-{}", run.unwrap_or("again"));
    }
    id
}
