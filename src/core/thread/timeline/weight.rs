//! About how much room a conversation takes.

use serde_json::Value;

use super::super::message::RowKind;
use super::Timeline;
use crate::core::agui::run::UserContent;

/// What a row takes beside its texts, in bytes: its names, the maps that know it.
const ROW: usize = 500;

impl Timeline {
    /// About how many bytes it holds.
    #[must_use]
    pub fn weight(&self) -> usize {
        let rows = self.rows.iter().map(|row| ROW + texts(&row.kind));
        let parts = self.parts.values().map(|content| match content {
            UserContent::Text(text) => text.len(),
            UserContent::Parts(parts) => parts.iter().map(strings).sum(),
        });
        rows.chain(parts).sum()
    }
}

fn texts(kind: &RowKind) -> usize {
    match kind {
        RowKind::ToolCall { args, result, .. } => {
            args.len() + result.as_ref().map_or(0, String::len)
        }
        RowKind::Activity { content: text, .. }
        | RowKind::Event { payload: text, .. }
        | RowKind::Unprocessed { payload: text, .. } => text.len(),
        RowKind::Sources { sources } => sources.len() * ROW,
        _ => kind.text().len(),
    }
}

/// The strings in a value: an image is one of them.
fn strings(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(strings).sum(),
        Value::Object(map) => map.values().map(strings).sum(),
        _ => 0,
    }
}
