//! One row of a conversation and what can be in it.

use std::fmt;

/// Names a row; unique within a timeline and stable over replays and reloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub String);

impl fmt::Display for RowId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One row of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub id: RowId,
    /// The id the server or the app gave the message (or tool call); empty for rows that are no message.
    pub message_id: String,
    /// What it shows.
    pub kind: RowKind,
    /// How complete it is.
    pub state: RowState,
    /// When it began, in milliseconds since 1970.
    pub at: Option<i64>,
    /// When it was complete, in milliseconds since 1970.
    pub ended: Option<i64>,
    /// The run that made it; for a user's message, the run it started.
    pub run: Option<String>,
    /// How often its text did anything but grow: as long as this stays, the text only gets longer.
    pub rewrites: u32,
}

impl Row {
    /// Becomes `newer`, a later state of this row; a text that has only grown is not copied again.
    pub fn catch_up(&mut self, newer: &Self) {
        let is_same_text = self.id == newer.id && self.rewrites == newer.rewrites;
        match (&mut self.kind, &newer.kind) {
            (RowKind::Assistant { text }, RowKind::Assistant { text: longer })
            | (RowKind::Reasoning { text }, RowKind::Reasoning { text: longer })
                if is_same_text && longer.len() >= text.len() =>
            {
                text.push_str(longer.get(text.len()..).unwrap_or_default());
                self.state = newer.state;
                self.at = newer.at;
                self.ended = newer.ended;
            }
            _ => self.clone_from(newer),
        }
    }
}

/// How complete a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowState {
    /// Written here, not yet accepted by the server.
    Sending,
    /// More may come.
    Streaming,
    /// Complete.
    Done,
    /// Cut: by Stop, by a lost stream or by an error. What came is kept.
    Partial,
    /// The server did not take it; of a tool call: it was carried out and went wrong.
    Failed,
}

impl RowState {
    /// The value of `data-state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Streaming => "streaming",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// What the person wrote; plain text.
    User {
        /// The text; `[Image N]` stands where an image was.
        text: String,
    },
    /// The agent's answer; markdown.
    Assistant {
        /// The text so far.
        text: String,
    },
    /// What the agent thought before its answer.
    Reasoning {
        /// The text so far.
        text: String,
    },
    /// A tool the agent called.
    ToolCall {
        /// Tool name.
        name: String,
        /// JSON text so far; may be incomplete.
        args: String,
        /// The result, once there is one.
        result: Option<String>,
    },
    /// What the agent is doing, as it describes it itself (AG-UI activity).
    Activity {
        /// The kind of activity, a name of the server's own.
        activity: String,
        /// Its content, JSON text.
        content: String,
    },
    /// A step, or an event of the server's own (`STEP_*`, `CUSTOM`, `RAW`): something happened that has no other row.
    Event {
        /// What the server calls it.
        name: String,
        /// What came with it, JSON text; empty where nothing did.
        payload: String,
    },
    /// The sources that the answer above rests on.
    Sources {
        /// One entry for each source, in the server's order.
        sources: Vec<super::source::Source>,
    },
    /// The run failed.
    Error {
        /// What the server said.
        text: String,
    },
    /// An event that was not understood, kept to be looked at.
    Unprocessed {
        /// Its type, or why it could not be read.
        kind: String,
        /// The event as it came.
        payload: String,
    },
    /// The run ended without an answer: of itself (done), or because it was stopped (partial). Where it failed, an error says so instead.
    NoResponse,
    /// The events of a past run could not be loaded.
    Gap,
}

impl RowKind {
    /// The text of a message; empty for what is none.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::User { text }
            | Self::Assistant { text }
            | Self::Reasoning { text }
            | Self::Error { text } => text,
            _ => "",
        }
    }

    /// The value of `data-role`.
    #[must_use]
    pub fn role(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Assistant { .. } => "assistant",
            Self::Reasoning { .. } => "reasoning",
            Self::ToolCall { .. } => "tool",
            Self::Activity { .. } => "activity",
            Self::Event { .. } => "event",
            Self::Sources { .. } => "sources",
            Self::Error { .. } => "error",
            Self::Unprocessed { .. } | Self::NoResponse | Self::Gap => "notice",
        }
    }
}
