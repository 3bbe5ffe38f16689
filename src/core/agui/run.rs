//! The resume cursor of a run and the body that starts one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far the stream of a run was read; says where to resume (`Last-Event-ID`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The run id.
    pub run: String,
    /// Index of the last event seen; -1 before the first.
    pub index: i64,
}

impl Cursor {
    /// A cursor before the first event: resuming from it replays the whole run.
    #[must_use]
    pub fn start(run: &str) -> Self {
        Self {
            run: run.to_owned(),
            index: -1,
        }
    }

    /// The value of the `Last-Event-ID` header.
    #[must_use]
    pub fn header_value(&self) -> String {
        format!("{}:{}", self.run, self.index)
    }

    /// Moves on to the event with this id; never back, and not for an id without a number.
    pub fn advance(&mut self, id: &str) {
        if let Some(index) = index_of(id) {
            self.index = self.index.max(index);
        }
    }

    /// Whether the event with this id was already taken, as after a resume that overlaps. An id without a number never was.
    #[must_use]
    pub fn seen(&self, id: &str) -> bool {
        index_of(id).is_some_and(|index| index <= self.index)
    }
}

// Servers read only the number after the last colon; so do we, whatever the spelling of the run id.
fn index_of(id: &str) -> Option<i64> {
    let number = id.rsplit(':').next()?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| number.parse().ok())?
}

/// The body of a run request (AG-UI `RunAgentInput`). All seven fields are always written: a server answers 500 when one is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunInput {
    /// Must equal the thread of the path.
    pub thread_id: String,
    /// Must equal the run of the path.
    pub run_id: String,
    /// The last known AG-UI state, without what belongs to one run only.
    pub state: Value,
    /// The whole conversation; servers do not merge earlier runs.
    pub messages: Vec<WireMessage>,
    /// Tools the client offers.
    pub tools: Vec<Value>,
    /// Extra context entries.
    pub context: Vec<Value>,
    /// Options for the server, such as the grain of the stream.
    pub forwarded_props: Value,
}

impl RunInput {
    /// An input without tools, context and options; `state` is the last known one ([`state_for_next_run`] is done to it here).
    #[must_use]
    pub fn new(thread_id: &str, run_id: &str, state: Value, messages: Vec<WireMessage>) -> Self {
        Self {
            thread_id: thread_id.to_owned(),
            run_id: run_id.to_owned(),
            state: state_for_next_run(&state),
            messages,
            tools: Vec::new(),
            context: Vec::new(),
            forwarded_props: Value::Object(serde_json::Map::new()),
        }
    }
}

/// Keys of a retrieval namespace that belong to one run: they are sent empty, so that what comes back is of the run it comes with.
const RUN_SCOPED: [&str; 3] = ["citations", "searches", "executions"];

/// The AG-UI state as it is sent with the next run: in every namespace that has a `citation_index`, what belongs to one run only is emptied
/// where it is present. The index itself stays.
#[must_use]
pub fn state_for_next_run(state: &Value) -> Value {
    let mut state = state.clone();
    let Value::Object(namespaces) = &mut state else {
        return state;
    };
    for namespace in namespaces.values_mut() {
        if !namespace
            .get("citation_index")
            .is_some_and(Value::is_object)
        {
            continue;
        }
        for key in RUN_SCOPED {
            match namespace.get_mut(key) {
                Some(Value::Array(list)) => list.clear(),
                Some(Value::Object(map)) => map.clear(),
                _ => {}
            }
        }
    }
    state
}

/// A message as it is sent to a server (AG-UI `Message`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum WireMessage {
    /// What a person wrote.
    User {
        /// Message id.
        id: String,
        /// Text or parts.
        content: UserContent,
    },
    /// What the agent answered, or the tools it called.
    #[serde(rename_all = "camelCase")]
    Assistant {
        /// Message id.
        id: String,
        /// Absent on a message of tool calls.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<String>,
        /// Empty on a message of text.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<WireToolCall>,
    },
    /// The result of one tool call.
    #[serde(rename_all = "camelCase")]
    Tool {
        /// Message id, `tool_result_<call id>`.
        id: String,
        /// The call it answers.
        tool_call_id: String,
        /// The result.
        content: String,
        /// What went wrong, if something did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// An instruction.
    System {
        /// Message id.
        id: String,
        /// The instruction.
        content: String,
    },
}

impl WireMessage {
    /// A user message of plain text.
    #[must_use]
    pub fn user(id: &str, text: &str) -> Self {
        Self::User {
            id: id.to_owned(),
            content: UserContent::Text(text.to_owned()),
        }
    }

    /// An assistant message of text.
    #[must_use]
    pub fn assistant(id: &str, text: &str) -> Self {
        Self::Assistant {
            id: id.to_owned(),
            content: Some(text.to_owned()),
            tool_calls: Vec::new(),
        }
    }

    /// An assistant message with one tool call; `arguments` is JSON text.
    #[must_use]
    pub fn tool_call(id: &str, call_id: &str, name: &str, arguments: &str) -> Self {
        Self::Assistant {
            id: id.to_owned(),
            content: None,
            tool_calls: vec![WireToolCall::function(call_id, name, arguments)],
        }
    }

    /// The result of a tool call.
    #[must_use]
    pub fn tool_result(call_id: &str, content: &str) -> Self {
        Self::Tool {
            id: format!("tool_result_{call_id}"),
            tool_call_id: call_id.to_owned(),
            content: content.to_owned(),
            error: None,
        }
    }

    /// The message id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::User { id, .. }
            | Self::Assistant { id, .. }
            | Self::Tool { id, .. }
            | Self::System { id, .. } => id,
        }
    }
}

/// The content of a user message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UserContent {
    /// Plain text.
    Text(String),
    /// Parts (`text`, `image`, …), kept as they came so that they can be sent again unchanged.
    Parts(Vec<Value>),
}

/// One call inside an assistant message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireToolCall {
    /// Call id.
    pub id: String,
    /// Always `function`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is called.
    pub function: WireFunction,
}

impl WireToolCall {
    /// A function call; `arguments` is JSON text.
    #[must_use]
    pub fn function(id: &str, name: &str, arguments: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind: "function".to_owned(),
            function: WireFunction {
                name: name.to_owned(),
                arguments: arguments.to_owned(),
            },
        }
    }
}

/// Name and arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireFunction {
    /// Function name.
    pub name: String,
    /// JSON text.
    pub arguments: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_cursor_asks_for_the_whole_run() {
        assert_eq!(Cursor::start("5f0d").header_value(), "5f0d:-1");
    }

    #[test]
    fn a_cursor_only_moves_forward() {
        let mut cursor = Cursor::start("r");
        for (id, index) in [
            ("r:0", 0),
            ("r:4", 4),
            ("r:2", 4),
            ("junk", 4),
            ("r:", 4),
            ("r:-7", 4),
            ("r:+9", 4),
            ("a:b:5", 5),
        ] {
            cursor.advance(id);
            assert_eq!(cursor.index, index, "{id}");
        }
    }

    #[test]
    fn an_event_at_or_before_the_cursor_was_seen() {
        let cursor = Cursor {
            run: "r".into(),
            index: 3,
        };
        assert!(cursor.seen("r:0") && cursor.seen("r:3"));
        assert!(!cursor.seen("r:4") && !cursor.seen("junk") && !cursor.seen(""));
    }

    #[test]
    fn only_what_belongs_to_one_run_is_emptied_for_the_next() {
        let state = json!({
            "rag":{"citation_index":{"c":{"index":1}},"citations":["c"],"searches":{"q":[1]},"executions":[1],"document_filter":"id = 'x'"},
            "docs":{"citation_index":{},"citations":"odd","searches":null},
            "own":{"citations":["kept"]},
            "list":["citation_index"],
        });
        assert_eq!(
            state_for_next_run(&state),
            json!({
                "rag":{"citation_index":{"c":{"index":1}},"citations":[],"searches":{},"executions":[],"document_filter":"id = 'x'"},
                "docs":{"citation_index":{},"citations":"odd","searches":null},
                "own":{"citations":["kept"]},
                "list":["citation_index"],
            })
        );
        assert_eq!(state_for_next_run(&json!(7)), json!(7));
    }

    #[test]
    fn stored_messages_are_read_with_their_nulls_and_bad_ones_refused() {
        let stored = [
            json!({"id":"u","role":"user","content":"hi","name":null,"encryptedValue":null}),
            json!({"id":"t","role":"assistant","content":null,"toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"encryptedValue":null}]}),
            json!({"id":"r","role":"tool","content":"blue","toolCallId":"c","error":null}),
            json!({"id":"x","role":"wizard"}),
            json!(7),
            json!(null),
        ];
        let read = |message: &Value| WireMessage::deserialize(message).ok();
        let messages: Vec<_> = stored.iter().filter_map(read).collect();
        assert_eq!(messages.len(), 3);
        assert_eq!(
            messages[2],
            WireMessage::Tool {
                id: "r".into(),
                tool_call_id: "c".into(),
                content: "blue".into(),
                error: None
            }
        );
    }

    #[test]
    fn all_seven_fields_are_always_written() {
        let input = RunInput::new("t", "r", json!({}), Vec::new());
        assert_eq!(
            serde_json::to_value(&input).unwrap(),
            json!({"threadId":"t","runId":"r","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}})
        );
    }

    #[test]
    fn messages_have_the_shapes_of_the_protocol() {
        let messages = [
            WireMessage::user("u", "hi"),
            WireMessage::User {
                id: "p".into(),
                content: UserContent::Parts(vec![json!({"type":"text","text":"hi"})]),
            },
            WireMessage::assistant("a", "yes"),
            WireMessage::tool_call("m", "c", "search", "{}"),
            WireMessage::tool_result("c", "found"),
            WireMessage::System {
                id: "s".into(),
                content: "be kind".into(),
            },
        ];
        let want = json!([
            {"role":"user","id":"u","content":"hi"},
            {"role":"user","id":"p","content":[{"type":"text","text":"hi"}]},
            {"role":"assistant","id":"a","content":"yes"},
            {"role":"assistant","id":"m","toolCalls":[{"id":"c","type":"function","function":{"name":"search","arguments":"{}"}}]},
            {"role":"tool","id":"tool_result_c","toolCallId":"c","content":"found"},
            {"role":"system","id":"s","content":"be kind"},
        ]);
        assert_eq!(serde_json::to_value(&messages).unwrap(), want);
        assert_eq!(
            serde_json::from_value::<Vec<WireMessage>>(want).unwrap(),
            messages
        );
    }
}
