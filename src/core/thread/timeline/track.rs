//! What one run has made so far: its messages, its calls, and how much of them came.

use super::super::message::{RowId, RowKind};
use std::collections::HashMap;

/// Where the events of one run stand.
#[derive(Clone, Debug, Default)]
pub(super) struct RunTrack {
    pub(super) started: Option<i64>,
    pub(super) terminal: bool,
    pub(super) stopped: bool,
    pub(super) notices: usize,
    /// Where rows go while the run has none: below this row, or at the top.
    pub(super) place: Option<Option<RowId>>,
    pub(super) begun: bool,
    pub(super) texts: Streams,
    pub(super) reasonings: Streams,
    pub(super) tools: Streams,
    /// Older servers send reasoning without ids: how many came, and which is open.
    pub(super) thoughts: usize,
    pub(super) thought: Option<String>,
    pub(super) deltas_seen: usize,
    pub(super) deltas_applied: usize,
}

impl RunTrack {
    pub(super) fn restart(&mut self) {
        *self = Self {
            place: self.place.take(),
            deltas_applied: self.deltas_applied,
            ..Self::default()
        };
    }

    /// Whether the next state delta was not applied yet; a replay counts the old ones again.
    pub(super) fn is_new_delta(&mut self) -> bool {
        self.deltas_seen += 1;
        let is_new = self.deltas_seen > self.deltas_applied;
        self.deltas_applied = self.deltas_applied.max(self.deltas_seen);
        is_new
    }

    pub(super) fn streams(&mut self, part: Part) -> &mut Streams {
        match part {
            Part::Text => &mut self.texts,
            Part::Reasoning => &mut self.reasonings,
            Part::Tool => &mut self.tools,
        }
    }

    pub(super) fn begin(&mut self, at: Option<i64>) {
        self.started = self.started.or(at);
        if std::mem::replace(&mut self.begun, true) {
            self.notices = 0;
            self.thoughts = 0;
            self.thought = None;
            self.deltas_seen = 0;
            for part in Part::ALL {
                let streams = self.streams(part);
                streams.chunk = None;
                streams
                    .slots
                    .values_mut()
                    .filter(|slot| !slot.ended)
                    .for_each(Slot::replay);
            }
        }
    }

    pub(super) fn end(&mut self) {
        self.terminal = true;
        for part in Part::ALL {
            self.streams(part)
                .slots
                .values_mut()
                .for_each(|slot| slot.ended = true);
        }
    }

    pub(super) fn row_ids(&self) -> impl Iterator<Item = &RowId> {
        [&self.texts, &self.reasonings, &self.tools]
            .into_iter()
            .flat_map(|streams| streams.slots.values())
            .filter_map(|slot| slot.row.as_ref())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    Reasoning,
    Tool,
}

impl Part {
    const ALL: [Self; 3] = [Self::Text, Self::Reasoning, Self::Tool];

    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Reasoning => "reasoning",
            Self::Tool => "tool",
        }
    }

    pub(super) fn kind(self, text: String) -> RowKind {
        match self {
            Self::Text => RowKind::Assistant { text },
            Self::Reasoning => RowKind::Reasoning { text },
            Self::Tool => RowKind::ToolCall {
                name: String::new(),
                args: text,
                result: None,
            },
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    pub(super) slots: HashMap<String, Slot>,
    /// The id that chunks without an id belong to.
    pub(super) chunk: Option<String>,
}

/// One message or tool call of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    pub(super) row: Option<RowId>,
    pub(super) ended: bool,
    pub(super) is_user: bool,
    /// While text comes a second time: how many bytes of the row it has repeated.
    pub(super) replayed: Option<usize>,
}

impl Slot {
    pub(super) fn replay(&mut self) {
        self.replayed = self.row.is_some().then_some(0);
    }

    /// Adds text that may repeat what is there; returns whether it changed.
    pub(super) fn extend(&mut self, text: &mut String, delta: &str) -> bool {
        if let Some(from) = self.replayed.take() {
            let rest = text.get(from..).unwrap_or_default();
            if rest.starts_with(delta) {
                self.replayed = Some(from + delta.len());
                return false;
            }
            if !delta.starts_with(rest) {
                text.truncate(from);
                text.push_str(delta);
                return true;
            }
            let new = delta.len() - rest.len();
            text.push_str(delta.get(delta.len() - new..).unwrap_or_default());
            return true;
        }
        text.push_str(delta);
        true
    }
}
