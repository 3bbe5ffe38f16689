//! What one run has made so far: its messages, its calls, and how much of them came.

use super::super::message::{RowId, RowKind};
use crate::core::agui::event::Event;
use serde_json::Value;
use std::collections::HashMap;

/// Where the events of one run stand.
#[derive(Clone, Debug, Default)]
pub(super) struct RunTrack {
    /// When the server made the newest event that has a time.
    pub(super) last: Option<i64>,
    pub(super) terminal: bool,
    /// Ended without an error: calls that have no result are for this side to carry out.
    pub(super) finished: bool,
    pub(super) stopped: bool,
    /// The rows it made, in the order of the timeline; a user's message that is only bound to it is not among them.
    pub(super) rows: Vec<RowId>,
    /// Rows that a lost stream has cut; they go on with the next event.
    pub(super) cut: Vec<RowId>,
    /// Rows whose end came without a time, though the run tells times: a server that fails closes so what it has left open.
    pub(super) torn: Vec<RowId>,
    /// Where rows go while the run has none: below this row, or at the top.
    pub(super) place: Option<Option<RowId>>,
    pub(super) begun: bool,
    pub(super) texts: HashMap<String, Slot>,
    pub(super) reasonings: HashMap<String, Slot>,
    pub(super) tools: HashMap<String, Slot>,
    /// The message or call that chunks without an id belong to.
    pub(super) chunk: Option<(Part, String)>,
    /// Older servers send reasoning without ids: which is open.
    pub(super) thought: Option<String>,
    /// Steps that have begun, the innermost last.
    pub(super) steps: Vec<(String, RowId)>,
    pub(super) activities: HashMap<String, Value>,
    /// Ids of what the answer rests on, each with the namespace it was named in.
    pub(super) cited: Vec<(String, String)>,
    pub(super) count: Counts,
    pub(super) state_events: Seen,
    pub(super) activity_events: Seen,
}

/// How many came of what has no id of its own; a replay counts anew and so finds the rows it made.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) notices: usize,
    pub(super) thoughts: usize,
    pub(super) chunks: usize,
    pub(super) steps: usize,
    pub(super) events: usize,
}

/// Counts events that must not be applied twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    seen: usize,
    applied: usize,
}

impl Seen {
    /// Whether the next event was not applied yet; a replay counts the old ones again.
    pub(super) fn is_new(&mut self) -> bool {
        self.seen += 1;
        let is_new = self.seen > self.applied;
        self.applied = self.applied.max(self.seen);
        is_new
    }

    pub(super) fn is_unused(&self) -> bool {
        self.applied == 0
    }
}

impl RunTrack {
    /// When an event happened: its own time, or that of the one before it, or now.
    pub(super) fn time_of(&mut self, event: &Event, received_at: i64) -> i64 {
        self.last = event.timestamp().or(self.last);
        self.last.unwrap_or(received_at)
    }

    pub(super) fn restart(&mut self) {
        *self = Self {
            place: self.place.take(),
            cited: std::mem::take(&mut self.cited),
            state_events: Seen {
                seen: 0,
                applied: self.state_events.applied,
            },
            ..Self::default()
        };
    }

    pub(super) fn slots(&mut self, part: Part) -> &mut HashMap<String, Slot> {
        match part {
            Part::Text => &mut self.texts,
            Part::Reasoning => &mut self.reasonings,
            Part::Tool => &mut self.tools,
        }
    }

    /// The run begins, perhaps a second time because its events are replayed. Says whether it is the first time.
    pub(super) fn begin(&mut self, at: Option<i64>) -> bool {
        if !std::mem::replace(&mut self.begun, true) {
            return self.state_events.is_unused();
        }
        self.last = at;
        self.count = Counts::default();
        self.thought = None;
        self.chunk = None;
        self.steps.clear();
        self.state_events.seen = 0;
        self.activity_events.seen = 0;
        for part in Part::ALL {
            self.slots(part)
                .values_mut()
                .filter(|slot| !slot.ended)
                .for_each(Slot::replay);
        }
        false
    }

    pub(super) fn end(&mut self, finished: bool) {
        self.terminal = true;
        self.finished = finished;
        self.chunk = None;
        for part in Part::ALL {
            self.slots(part)
                .values_mut()
                .for_each(|slot| slot.ended = true);
        }
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

/// One message or tool call of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    pub(super) row: Option<RowId>,
    pub(super) ended: bool,
    pub(super) is_user: bool,
    /// While text comes a second time: how many bytes of the row it has repeated.
    pub(super) replayed: Option<usize>,
}

/// How more text has changed a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// It repeats what is there.
    Not,
    /// It got longer.
    Longer,
    /// Its end was replaced.
    Rewritten,
}

impl Slot {
    pub(super) fn replay(&mut self) {
        self.replayed = self.row.is_some().then_some(0);
    }

    /// Adds text that may repeat what is there.
    pub(super) fn extend(&mut self, text: &mut String, delta: &str) -> Growth {
        let Some(from) = self.replayed.take() else {
            text.push_str(delta);
            return Growth::Longer;
        };
        let rest = text.get(from..).unwrap_or_default();
        if rest.starts_with(delta) {
            self.replayed = Some(from + delta.len());
            return Growth::Not;
        }
        if let Some(new) = delta.strip_prefix(rest) {
            text.push_str(new);
            return Growth::Longer;
        }
        text.truncate(from);
        text.push_str(delta);
        Growth::Rewritten
    }
}
