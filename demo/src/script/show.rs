//! What an answer can show beside text: one word for each kind of event, so that every row can be looked at.

use std::time::Duration;

use serde_json::{Value, json};

use super::Script;

/// Something that `show KIND` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// An activity, as a whole and then changed.
    Activity,
    /// Steps around the answer.
    Steps,
    /// An event of the server's own.
    Custom,
    /// An event of another system, passed on.
    Raw,
    /// Events of a type that nobody knows.
    Unknown,
    /// Events that lack what they must have.
    Malformed,
    /// Reasoning as old servers send it.
    Thinking,
    /// A text in chunks, without start and end.
    Chunks,
    /// Calls of every outcome, with long arguments and a huge result.
    Calls,
    /// Passages that the answer rests on.
    Sources,
    /// No answer.
    Empty,
    /// An image in the markdown of the answer.
    Image,
}

const NAMES: [(&str, Show); 12] = [
    ("activity", Show::Activity),
    ("steps", Show::Steps),
    ("custom", Show::Custom),
    ("raw", Show::Raw),
    ("unknown", Show::Unknown),
    ("malformed", Show::Malformed),
    ("thinking", Show::Thinking),
    ("chunks", Show::Chunks),
    ("calls", Show::Calls),
    ("sources", Show::Sources),
    ("empty", Show::Empty),
    ("image", Show::Image),
];

/// A picture of three doors, one behind the other.
const DOORS: &str = "iVBORw0KGgoAAAANSUhEUgAAAKAAAABgCAIAAAAVRe7OAAABB0lEQVR42u3WMQ2AMABE0YpAHQsDnggaUFIxTFWAABZCSNMjL/kK7i1Xztb044oJAAuwAAuwOgIftSoowIABAxZgZQK7o6MFGDBgwIABC7AAC7AAA+4JPG+7HgYYMGDAgAEDBvwW2O/9dhzAgAEDBgwYMGDAgAEDBgwYcBbwtKwRAQYMGDBgwIABJwOP84EBAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIABAwYMGDBgwIAB37oAqNeSmRUIJJ8AAAAASUVORK5CYII=";

impl Show {
    /// What this word asks for; `all` asks for everything that goes together with an answer.
    pub fn named(word: &str) -> Option<Vec<Self>> {
        if word == "all" {
            let all = NAMES.iter().map(|(_, show)| *show);
            return Some(all.filter(|show| *show != Self::Empty).collect());
        }
        let (_, show) = NAMES.iter().find(|(name, _)| *name == word)?;
        Some(vec![*show])
    }
}

impl Script<'_> {
    /// What comes before the answer.
    pub(super) fn show_before(&mut self, show: Show) {
        match show {
            Show::Activity => self.activity(),
            Show::Steps => self.say(json!({"type": "STEP_STARTED", "stepName": "look_around"})),
            Show::Custom => self.say(json!({
                "type": "CUSTOM", "name": "demo.progress", "value": {"step": "looking", "of": 3, "notes": ["door", "window"]},
            })),
            Show::Raw => self.say(json!({
                "type": "RAW", "source": "demo", "event": {"event": "on_chain_start", "data": {"input": "doors"}},
            })),
            Show::Unknown => self.say(json!({"type": "DEMO_FIREWORKS", "colour": "teal", "count": 12})),
            Show::Malformed => {
                self.say(json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": 7, "delta": {"not": "text"}}));
                self.say(json!({"delta": "an event without a type"}));
            }
            Show::Thinking => self.thinking(),
            Show::Chunks => self.chunks(),
            Show::Calls => self.calls(),
            Show::Sources | Show::Empty | Show::Image => {}
        }
    }

    /// What comes after it.
    pub(super) fn show_after(&mut self, show: Show) {
        if show == Show::Steps {
            self.say(json!({"type": "STEP_FINISHED", "stepName": "look_around"}));
        }
    }

    fn activity(&mut self) {
        let id = self.request.id("activity");
        self.say(json!({
            "type": "ACTIVITY_SNAPSHOT", "messageId": id, "activityType": "skill_tool_call", "replace": true,
            "content": {"tool_name": "look_around", "status": "running", "found": []},
        }));
        for found in ["a door", "a window", "another door"] {
            self.pause += Duration::from_millis(300);
            self.say(json!({
                "type": "ACTIVITY_DELTA", "messageId": id, "activityType": "skill_tool_call",
                "patch": [{"op": "add", "path": "/found/-", "value": found}],
            }));
        }
        self.say(json!({
            "type": "ACTIVITY_DELTA", "messageId": id, "activityType": "skill_tool_call",
            "patch": [{"op": "replace", "path": "/status", "value": "done"}],
        }));
        self.say(json!({
            "type": "ACTIVITY_SNAPSHOT", "messageId": self.request.id("plan"), "activityType": "PLAN",
            "content": {"steps": [{"title": "Open the door", "done": true}, {"title": "Walk through", "done": false}]},
        }));
    }

    fn thinking(&mut self) {
        self.say(json!({"type": "THINKING_START", "title": "Old ways"}));
        self.say(json!({"type": "THINKING_TEXT_MESSAGE_START"}));
        for piece in super::words::pieces(
            "Servers of some years ago send their thoughts **without** a name:\n\n- one thought\n- and the next",
        ) {
            self.pause += self.pace;
            self.say(json!({"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": piece}));
        }
        self.say(json!({"type": "THINKING_TEXT_MESSAGE_END"}));
        self.say(json!({"type": "THINKING_END"}));
    }

    fn chunks(&mut self) {
        let id = self.request.id("chunks");
        let pieces = super::words::pieces(
            "This text came in chunks, of which only the first says whose it is.",
        );
        for (place, piece) in pieces.iter().enumerate() {
            self.pause += self.pace;
            let mut chunk = json!({"type": "TEXT_MESSAGE_CHUNK", "delta": piece});
            if place == 0 {
                chunk["messageId"] = json!(id);
                chunk["role"] = json!("assistant");
            }
            self.say(chunk);
        }
    }

    fn calls(&mut self) {
        let script = (1..=12)
            .map(|line| format!("print(\"door {line}\")"))
            .collect::<Vec<_>>()
            .join("\n");
        self.call(
            "call-script",
            "run_script",
            &json!({"script": script, "timeout": 5}),
            &json!({"stdout": "door 1\ndoor 2"}),
        );
        self.call("call-bare", "now", &json!({}), &json!("15:30"));
        let many: Vec<Value> = (0..3000)
            .map(|number| json!({"door": number, "opens": number % 2 == 0, "leads_to": "another room"}))
            .collect();
        self.call(
            "call-huge",
            "list_doors",
            &json!({"query": "every door"}),
            &json!(many),
        );
        let id = self.request.id("call-lost");
        self.say(json!({"type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": "knock"}));
        self.say(json!({"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": "{\"door\": "}));
        self.say(json!({"type": "TOOL_CALL_END", "toolCallId": id}));
    }
}

/// What the answer says about what is shown, where it shows something itself.
pub fn sentence(show: Show) -> Option<String> {
    match show {
        Show::Image => Some(format!("![Three doors](data:image/png;base64,{DOORS})")),
        Show::Sources => Some("The doors are described in two places [1, 2].".to_owned()),
        _ => None,
    }
}

/// The state with the passages that the answer rests on.
pub fn cited(mut state: Value) -> Value {
    if !state.is_object() {
        state = json!({});
    }
    let passage = |index: u64,
                   title: &str,
                   uri: &str,
                   pages: Value,
                   headings: Value,
                   content: &str| {
        let chunk = format!("doors-{index}");
        json!({
            "index": index, "document_id": title, "source": "demo", "chunk_id": chunk, "chunk_ids": [chunk], "chunk_meta": {},
            "document_uri": uri, "document_title": title, "document_meta": {}, "page_numbers": pages, "headings": headings,
            "content": content, "doc_item_refs": [], "picture_refs": [],
        })
    };
    let long =
        "A door is a way through a wall. It can be shut, and then it is a wall again. ".repeat(12);
    state["rag"] = json!({
        "citation_index": {
            "doors-1": passage(1, "A history of doors", "https://example.org/doors", json!([12, 13, 14]), json!(["Doors", "In rows"]), &long),
            "doors-2": passage(2, "Enfilade", "file:///enfilade.pdf", json!([3]), json!(null), "Rooms in one line, door behind door."),
        },
        "citations": ["doors-1", "doors-2"], "document_filter": null,
    });
    state
}
