//! The events of a run (AG-UI), read from JSON without ever failing: what is not understood is kept to be shown.

mod piece;

use self::piece::Piece;
use serde_json::{Map, Value};

/// One event. `at` is its timestamp in milliseconds since 1970, where the server gave one.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // Names and fields are those of the AG-UI types they stand for.
pub enum Event {
    RunStarted {
        thread_id: String,
        run_id: String,
        at: Option<i64>,
    },
    RunFinished {
        result: Option<Value>,
        at: Option<i64>,
    },
    RunError {
        message: String,
        code: Option<String>,
        at: Option<i64>,
    },
    StepStarted {
        name: String,
        at: Option<i64>,
    },
    StepFinished {
        name: String,
        at: Option<i64>,
    },
    TextStart {
        message_id: String,
        role: String,
        at: Option<i64>,
    },
    TextContent {
        message_id: String,
        delta: String,
        at: Option<i64>,
    },
    TextEnd {
        message_id: String,
        at: Option<i64>,
    },
    TextChunk {
        message_id: Option<String>,
        role: Option<String>,
        delta: Option<String>,
        at: Option<i64>,
    },
    ReasoningStart {
        message_id: Option<String>,
        at: Option<i64>,
    },
    ReasoningEnd {
        message_id: Option<String>,
        at: Option<i64>,
    },
    ReasoningMessageStart {
        message_id: String,
        at: Option<i64>,
    },
    ReasoningMessageContent {
        message_id: String,
        delta: String,
        at: Option<i64>,
    },
    ReasoningMessageEnd {
        message_id: String,
        at: Option<i64>,
    },
    ReasoningMessageChunk {
        message_id: Option<String>,
        delta: Option<String>,
        at: Option<i64>,
    },
    ReasoningEncryptedValue {
        subtype: Option<String>,
        entity_id: Option<String>,
        value: Option<String>,
        at: Option<i64>,
    },
    ToolCallStart {
        call_id: String,
        name: String,
        parent_message_id: Option<String>,
        at: Option<i64>,
    },
    ToolCallArgs {
        call_id: String,
        delta: String,
        at: Option<i64>,
    },
    ToolCallEnd {
        call_id: String,
        at: Option<i64>,
    },
    ToolCallChunk {
        call_id: Option<String>,
        name: Option<String>,
        delta: Option<String>,
        at: Option<i64>,
    },
    ToolCallResult {
        message_id: Option<String>,
        call_id: String,
        content: String,
        failed: bool,
        at: Option<i64>,
    },
    StateSnapshot {
        snapshot: Value,
        at: Option<i64>,
    },
    StateDelta {
        delta: Vec<Value>,
        at: Option<i64>,
    },
    MessagesSnapshot {
        messages: Vec<Value>,
        at: Option<i64>,
    },
    ActivitySnapshot {
        message_id: String,
        activity_type: String,
        content: Value,
        replace: bool,
        at: Option<i64>,
    },
    ActivityDelta {
        message_id: String,
        activity_type: String,
        patch: Vec<Value>,
        at: Option<i64>,
    },
    Raw {
        event: Value,
        source: Option<String>,
        at: Option<i64>,
    },
    Custom {
        name: String,
        value: Value,
        at: Option<i64>,
    },
    /// Older servers: reasoning without ids.
    ThinkingStart {
        title: Option<String>,
        at: Option<i64>,
    },
    ThinkingEnd {
        at: Option<i64>,
    },
    ThinkingTextStart {
        at: Option<i64>,
    },
    ThinkingTextContent {
        delta: String,
        at: Option<i64>,
    },
    ThinkingTextEnd {
        at: Option<i64>,
    },
    /// A type this app does not know.
    Unknown {
        kind: String,
        raw: Value,
    },
    /// Not JSON, not an object, or a known type without a field it needs.
    Malformed {
        raw: String,
        reason: String,
    },
}

/// Reads the data of one frame: an object is one event, an array a batch of them.
#[must_use]
pub fn parse(data: &str) -> Vec<Event> {
    if let Some(event) = Piece::read(data) {
        return vec![event];
    }
    match serde_json::from_str(data) {
        Ok(Value::Array(batch)) => batch.into_iter().map(Event::from_value).collect(),
        Ok(value) => vec![Event::from_value(value)],
        Err(error) => vec![Event::Malformed {
            raw: data.to_owned(),
            reason: format!("not JSON: {error}"),
        }],
    }
}

impl Event {
    /// Reads one event, as sent or as stored; nulls count as absent.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        let Value::Object(map) = value else {
            return Self::Malformed {
                raw: value.to_string(),
                reason: "not an object".to_owned(),
            };
        };
        let Some(kind) = map.get("type").and_then(Value::as_str) else {
            return Self::Malformed {
                raw: Value::Object(map).to_string(),
                reason: "no type".to_owned(),
            };
        };
        let kind = kind.to_owned();
        match known(&kind, &Fields(&map)) {
            Ok(Some(event)) => event,
            Ok(None) => Self::Unknown {
                kind,
                raw: Value::Object(map),
            },
            Err(Missing(field)) => Self::Malformed {
                reason: format!("{kind} without {field}"),
                raw: Value::Object(map).to_string(),
            },
        }
    }

    /// When the server made the event, in milliseconds since 1970.
    #[must_use]
    pub fn timestamp(&self) -> Option<i64> {
        match self {
            Self::RunStarted { at, .. }
            | Self::RunFinished { at, .. }
            | Self::RunError { at, .. }
            | Self::StepStarted { at, .. }
            | Self::StepFinished { at, .. }
            | Self::TextStart { at, .. }
            | Self::TextContent { at, .. }
            | Self::TextEnd { at, .. }
            | Self::TextChunk { at, .. }
            | Self::ReasoningStart { at, .. }
            | Self::ReasoningEnd { at, .. }
            | Self::ReasoningMessageStart { at, .. }
            | Self::ReasoningMessageContent { at, .. }
            | Self::ReasoningMessageEnd { at, .. }
            | Self::ReasoningMessageChunk { at, .. }
            | Self::ReasoningEncryptedValue { at, .. }
            | Self::ToolCallStart { at, .. }
            | Self::ToolCallArgs { at, .. }
            | Self::ToolCallEnd { at, .. }
            | Self::ToolCallChunk { at, .. }
            | Self::ToolCallResult { at, .. }
            | Self::StateSnapshot { at, .. }
            | Self::StateDelta { at, .. }
            | Self::MessagesSnapshot { at, .. }
            | Self::ActivitySnapshot { at, .. }
            | Self::ActivityDelta { at, .. }
            | Self::Raw { at, .. }
            | Self::Custom { at, .. }
            | Self::ThinkingStart { at, .. }
            | Self::ThinkingEnd { at }
            | Self::ThinkingTextStart { at }
            | Self::ThinkingTextContent { at, .. }
            | Self::ThinkingTextEnd { at } => *at,
            Self::Unknown { raw, .. } => raw.as_object().and_then(|map| Fields(map).at()),
            Self::Malformed { .. } => None,
        }
    }

    /// Whether the run is over with this event.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::RunFinished { .. } | Self::RunError { .. })
    }
}

struct Missing(&'static str);

fn known(kind: &str, fields: &Fields<'_>) -> Result<Option<Event>, Missing> {
    let at = fields.at();
    Ok(Some(match kind {
        "RUN_STARTED" => Event::RunStarted {
            thread_id: fields.or_empty("threadId"),
            run_id: fields.or_empty("runId"),
            at,
        },
        "RUN_FINISHED" => Event::RunFinished {
            result: fields.value("result").cloned(),
            at,
        },
        "RUN_ERROR" => Event::RunError {
            message: fields.or_empty("message"),
            code: fields.text("code"),
            at,
        },
        "STEP_STARTED" => Event::StepStarted {
            name: fields.or_empty("stepName"),
            at,
        },
        "STEP_FINISHED" => Event::StepFinished {
            name: fields.or_empty("stepName"),
            at,
        },
        "STATE_SNAPSHOT" => Event::StateSnapshot {
            snapshot: fields.need_value("snapshot")?,
            at,
        },
        "STATE_DELTA" => Event::StateDelta {
            delta: fields.need_list("delta")?,
            at,
        },
        "MESSAGES_SNAPSHOT" => Event::MessagesSnapshot {
            messages: fields.need_list("messages")?,
            at,
        },
        "RAW" => Event::Raw {
            event: fields.or_null("event"),
            source: fields.text("source"),
            at,
        },
        "CUSTOM" => Event::Custom {
            name: fields.or_empty("name"),
            value: fields.or_null("value"),
            at,
        },
        _ => return known_message(kind, fields, at),
    }))
}

fn known_message(
    kind: &str,
    fields: &Fields<'_>,
    at: Option<i64>,
) -> Result<Option<Event>, Missing> {
    let message_id = || fields.need("messageId");
    let call_id = || fields.need("toolCallId");
    let delta = || fields.need("delta");
    Ok(Some(match kind {
        "TEXT_MESSAGE_START" => Event::TextStart {
            message_id: message_id()?,
            role: fields
                .text("role")
                .unwrap_or_else(|| "assistant".to_owned()),
            at,
        },
        "TEXT_MESSAGE_CONTENT" => Event::TextContent {
            message_id: message_id()?,
            delta: delta()?,
            at,
        },
        "TEXT_MESSAGE_END" => Event::TextEnd {
            message_id: message_id()?,
            at,
        },
        "TEXT_MESSAGE_CHUNK" => Event::TextChunk {
            message_id: fields.text("messageId"),
            role: fields.text("role"),
            delta: fields.text("delta"),
            at,
        },
        "TOOL_CALL_START" => Event::ToolCallStart {
            call_id: call_id()?,
            name: fields.need("toolCallName")?,
            parent_message_id: fields.text("parentMessageId"),
            at,
        },
        "TOOL_CALL_ARGS" => Event::ToolCallArgs {
            call_id: call_id()?,
            delta: delta()?,
            at,
        },
        "TOOL_CALL_END" => Event::ToolCallEnd {
            call_id: call_id()?,
            at,
        },
        "TOOL_CALL_CHUNK" => Event::ToolCallChunk {
            call_id: fields.text("toolCallId"),
            name: fields.text("toolCallName"),
            delta: fields.text("delta"),
            at,
        },
        "TOOL_CALL_RESULT" => Event::ToolCallResult {
            message_id: fields.text("messageId"),
            call_id: call_id()?,
            content: fields.content("content")?,
            failed: false,
            at,
        },
        "ACTIVITY_SNAPSHOT" => Event::ActivitySnapshot {
            message_id: message_id()?,
            activity_type: fields.or_empty("activityType"),
            content: fields.or_null("content"),
            replace: fields
                .value("replace")
                .and_then(Value::as_bool)
                .unwrap_or(true),
            at,
        },
        "ACTIVITY_DELTA" => Event::ActivityDelta {
            message_id: message_id()?,
            activity_type: fields.or_empty("activityType"),
            patch: fields.need_list("patch")?,
            at,
        },
        _ => return known_reasoning(kind, fields, at),
    }))
}

fn known_reasoning(
    kind: &str,
    fields: &Fields<'_>,
    at: Option<i64>,
) -> Result<Option<Event>, Missing> {
    let message_id = || fields.need("messageId");
    let delta = || fields.need("delta");
    Ok(Some(match kind {
        "REASONING_START" => Event::ReasoningStart {
            message_id: fields.text("messageId"),
            at,
        },
        "REASONING_END" => Event::ReasoningEnd {
            message_id: fields.text("messageId"),
            at,
        },
        "REASONING_MESSAGE_START" => Event::ReasoningMessageStart {
            message_id: message_id()?,
            at,
        },
        "REASONING_MESSAGE_CONTENT" => Event::ReasoningMessageContent {
            message_id: message_id()?,
            delta: delta()?,
            at,
        },
        "REASONING_MESSAGE_END" => Event::ReasoningMessageEnd {
            message_id: message_id()?,
            at,
        },
        "REASONING_MESSAGE_CHUNK" => Event::ReasoningMessageChunk {
            message_id: fields.text("messageId"),
            delta: fields.text("delta"),
            at,
        },
        "REASONING_ENCRYPTED_VALUE" => Event::ReasoningEncryptedValue {
            subtype: fields.text("subtype"),
            entity_id: fields.text("entityId"),
            value: fields.text("encryptedValue"),
            at,
        },
        "THINKING_START" => Event::ThinkingStart {
            title: fields.text("title"),
            at,
        },
        "THINKING_END" => Event::ThinkingEnd { at },
        "THINKING_TEXT_MESSAGE_START" => Event::ThinkingTextStart { at },
        "THINKING_TEXT_MESSAGE_CONTENT" => Event::ThinkingTextContent {
            delta: delta()?,
            at,
        },
        "THINKING_TEXT_MESSAGE_END" => Event::ThinkingTextEnd { at },
        _ => return Ok(None),
    }))
}

struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.as_str().map(str::to_owned)
    }

    fn or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    fn or_null(&self, name: &str) -> Value {
        self.value(name).cloned().unwrap_or_default()
    }

    fn need(&self, name: &'static str) -> Result<String, Missing> {
        self.text(name).ok_or(Missing(name))
    }

    fn need_value(&self, name: &'static str) -> Result<Value, Missing> {
        self.value(name).cloned().ok_or(Missing(name))
    }

    fn need_list(&self, name: &'static str) -> Result<Vec<Value>, Missing> {
        self.value(name)
            .and_then(Value::as_array)
            .cloned()
            .ok_or(Missing(name))
    }

    // A result should be text; some servers send the object itself.
    fn content(&self, name: &'static str) -> Result<String, Missing> {
        match self.value(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None => Err(Missing(name)),
        }
    }

    fn at(&self) -> Option<i64> {
        let value = self.value("timestamp")?;
        #[allow(clippy::cast_possible_truncation)]
        // A float beyond i64 saturates; no time is that far away.
        value
            .as_i64()
            .or_else(|| value.as_f64().map(|ms| ms as i64))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
