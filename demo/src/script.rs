//! What the rooms say: a request becomes a list of events with pauses, the same one each time.

pub mod flood;
mod modifiers;
mod show;
mod showroom;
mod tools;
pub mod words;

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::rooms::Kind;

pub use modifiers::{Modifiers, split_word};
use show::Show;

/// A posted run, read for an answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// Run id; ids of messages are made from it.
    pub run: Uuid,
    /// Thread id.
    pub thread: Uuid,
    /// Switches of the last user message.
    pub modifiers: Modifiers,
    /// The last user message without them.
    pub text: String,
    /// Pictures in the last user message.
    pub pictures: usize,
    /// Role and text of every message.
    pub messages: Vec<(String, String)>,
    /// State to send back.
    pub state: Value,
    /// Whether each message is sent in one piece.
    pub is_whole: bool,
    /// Names of the tools that the client carries out itself.
    pub tools: Vec<String>,
    /// What the client's tools gave back, where the conversation ends with that.
    pub results: Vec<String>,
}

/// The text of a message content, which is a string or a list of parts; and how many pictures it has.
fn content(value: &Value) -> (String, usize) {
    match value {
        Value::String(text) => (text.clone(), 0),
        Value::Array(parts) => {
            let is_label = |text: &str| text.starts_with("Image ") && text.ends_with(':');
            let texts = parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .filter(|text| !is_label(text));
            let pictures = parts.iter().filter(|part| part["type"] == "image").count();
            (texts.collect::<Vec<_>>().join("\n"), pictures)
        }
        _ => (String::new(), 0),
    }
}

impl Request {
    /// Reads a `RunAgentInput`.
    pub fn read(run: Uuid, thread: Uuid, input: &Value) -> Self {
        let empty = Vec::new();
        let messages = input["messages"].as_array().unwrap_or(&empty);
        let last = messages
            .iter()
            .rev()
            .find(|message| message["role"] == "user");
        let (text, pictures) = last
            .map(|message| content(&message["content"]))
            .unwrap_or_default();
        let (modifiers, text) = Modifiers::take(&text);
        let read = |message: &Value| {
            let role = message["role"].as_str().unwrap_or_default();
            let text = content(&message["content"]).0;
            let text = if role == "user" {
                Modifiers::take(&text).1
            } else {
                text
            };
            (role.to_owned(), text)
        };
        Self {
            run,
            thread,
            modifiers,
            text,
            pictures,
            messages: messages.iter().map(read).collect(),
            state: input["state"].clone(),
            is_whole: input["forwardedProps"]["agui_sse_delivery"] == "whole",
            tools: tools::offered(input),
            results: tools::results(messages),
        }
    }

    /// A title made of the first user message: its first words, at most 48 characters.
    pub fn title(&self) -> Option<String> {
        let text = self
            .messages
            .iter()
            .find(|(role, _)| role == "user")
            .map(|(_, text)| text.as_str())?;
        let mut title = String::new();
        for word in text.split_whitespace() {
            let word: String = word
                .chars()
                .filter(|letter| !"*_`#>[]".contains(*letter))
                .take(48)
                .collect();
            if word.is_empty() {
                continue;
            }
            if title.chars().count() + word.chars().count() >= 48 {
                break;
            }
            if !title.is_empty() {
                title.push(' ');
            }
            title.push_str(&word);
        }
        if title.is_empty() {
            return Some("Untitled talk".to_owned());
        }
        let mut letters = title.chars();
        let first = letters
            .next()
            .map(|letter| letter.to_uppercase().to_string())
            .unwrap_or_default();
        Some(first + letters.as_str())
    }

    /// An id that is the same each time this run is read.
    pub fn id(&self, part: &str) -> String {
        format!("{}-{part}", self.run)
    }
}

/// An event and the pause before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Beat {
    /// Pause.
    pub after: Duration,
    /// Event, without a time.
    pub event: Value,
}

struct Script<'a> {
    request: &'a Request,
    pace: Duration,
    beats: Vec<Beat>,
    pause: Duration,
}

impl Script<'_> {
    fn say(&mut self, event: Value) {
        self.beats.push(Beat {
            after: std::mem::take(&mut self.pause),
            event,
        });
    }

    fn deltas(&mut self, kind: &str, id: &str, text: &str) {
        let pieces = words::pieces(text);
        if self.request.is_whole {
            self.pause += self.pace * u32::try_from(pieces.len()).unwrap_or(u32::MAX);
            return self.say(json!({"type": kind, "messageId": id, "delta": text}));
        }
        for piece in pieces {
            self.pause += self.pace;
            self.say(json!({"type": kind, "messageId": id, "delta": piece}));
        }
    }

    fn text(&mut self, part: &str, text: &str) {
        let id = self.request.id(part);
        self.say(json!({"type": "TEXT_MESSAGE_START", "messageId": id, "role": "assistant"}));
        if !text.is_empty() {
            self.deltas("TEXT_MESSAGE_CONTENT", &id, text);
        }
        self.say(json!({"type": "TEXT_MESSAGE_END", "messageId": id}));
    }

    /// The pieces that were asked for, one event each: measurements count them.
    fn flood(&mut self) {
        let id = self.request.id("answer");
        let Modifiers { flood, rate, .. } = self.request.modifiers;
        let pause = rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX)
        });
        self.say(json!({"type": "TEXT_MESSAGE_START", "messageId": id, "role": "assistant"}));
        for piece in flood::pieces(flood.unwrap_or_default()) {
            self.pause += pause;
            self.say(json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": id, "delta": piece}));
        }
        self.say(json!({"type": "TEXT_MESSAGE_END", "messageId": id}));
    }

    fn reasoning(&mut self, part: &str, text: &str) {
        let id = self.request.id(part);
        self.say(json!({"type": "REASONING_START", "messageId": id}));
        self.say(json!({"type": "REASONING_MESSAGE_START", "messageId": id, "role": "reasoning"}));
        self.deltas("REASONING_MESSAGE_CONTENT", &id, text);
        self.say(json!({"type": "REASONING_MESSAGE_END", "messageId": id}));
        self.say(json!({"type": "REASONING_END", "messageId": id}));
    }

    /// A call as the backend sends it: behind an empty message that is its parent.
    fn call(&mut self, part: &str, name: &str, arguments: &Value, result: &Value) {
        let parent = format!("{part}-parent");
        self.text(&parent, "");
        let id = self.request.id(part);
        let parent = self.request.id(&parent);
        self.say(json!({"type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": name, "parentMessageId": parent}));
        for piece in words::pieces(&arguments.to_string()) {
            self.pause += self.pace;
            self.say(json!({"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": piece}));
        }
        self.say(json!({"type": "TOOL_CALL_END", "toolCallId": id}));
        self.pause += self.pace * 8;
        let message = self.request.id(&format!("{part}-result"));
        self.say(json!({
            "type": "TOOL_CALL_RESULT", "messageId": message, "toolCallId": id, "role": "tool",
            "content": result.to_string(),
        }));
    }
}

fn default_pace(kind: Kind) -> u64 {
    match kind {
        Kind::Echo => 60,
        Kind::Markdown => 12,
        Kind::Tools => 50,
        Kind::Slow | Kind::Live => 107,
    }
}

/// The whole answer, from RUN_STARTED to RUN_FINISHED or RUN_ERROR.
pub fn beats(kind: Kind, request: &Request) -> Vec<Beat> {
    let modifiers = &request.modifiers;
    let pace = Duration::from_millis(modifiers.pace.unwrap_or_else(|| default_pace(kind)));
    let mut script = Script {
        request,
        pace,
        beats: Vec::new(),
        pause: Duration::ZERO,
    };
    script.say(json!({"type": "RUN_STARTED", "threadId": request.thread, "runId": request.run}));
    script.pause = Duration::from_millis(modifiers.wait);
    if request.messages.is_empty() {
        return failed(script, "There is no message to answer.", "no_messages");
    }
    for shown in &modifiers.show {
        script.show_before(*shown);
    }
    let mut state = request.state.clone();
    if modifiers.show.contains(&Show::Sources) {
        state = show::cited(state);
    }
    let sections = || words::sections(modifiers.long.unwrap_or(0));
    match kind {
        _ if !request.results.is_empty() => script.text("answer", &tools::answer(request)),
        _ if tools::is_call(&request.text) => tools::call(&mut script),
        _ if modifiers.show.contains(&Show::Empty) => {}
        _ if !modifiers.show.is_empty() => {
            let said = modifiers.show.iter().copied().filter_map(show::sentence);
            let said: Vec<String> = std::iter::once(words::echo(request)).chain(said).collect();
            script.text("answer", &with_sections(said.join("\n\n"), &sections()));
        }
        _ if modifiers.flood.is_some() => script.flood(),
        Kind::Echo => script.text("answer", &with_sections(words::echo(request), &sections())),
        Kind::Markdown => script.text(
            "answer",
            &with_sections(showroom::answer(&request.text), &sections()),
        ),
        Kind::Slow => script.text("answer", &words::walk(request, modifiers.long)),
        Kind::Tools => {
            state = tools(&mut script, &sections());
        }
        Kind::Live => script.text(
            "answer",
            "No model is connected: start the server with `--llm URL`.",
        ),
    }
    for shown in &modifiers.show {
        script.show_after(*shown);
    }
    if modifiers.boom {
        let half = script.beats.len().div_ceil(2);
        script.beats.truncate(half);
        return failed(script, "The demonstration was asked to fail here.", "boom");
    }
    script.say(json!({"type": "STATE_SNAPSHOT", "snapshot": state}));
    script.say(json!({"type": "RUN_FINISHED", "threadId": request.thread, "runId": request.run}));
    script.beats
}

fn failed(mut script: Script<'_>, message: &str, code: &str) -> Vec<Beat> {
    script.say(json!({"type": "STATE_SNAPSHOT", "snapshot": script.request.state}));
    script.say(json!({"type": "RUN_ERROR", "message": message, "code": code}));
    script.beats
}

fn with_sections(text: String, sections: &str) -> String {
    if sections.is_empty() {
        text
    } else {
        format!("{text}\n\n{sections}")
    }
}

/// Thinks, looks two things up, answers, cites. Gives the state with the citation in it.
fn tools(script: &mut Script<'_>, sections: &str) -> Value {
    let request = script.request;
    script.reasoning(
        "reasoning-1",
        "The question is about the harbour. The handbook may say something, and the tide table has today's figures. I will look into both before I answer.",
    );
    let chunk = "handbook-tides";
    script.call(
        "call-search",
        "search",
        &json!({"query": request.text, "limit": 3}),
        &json!({"hits": [{"chunk_id": chunk, "score": 0.91, "document_title": "Harbour handbook", "content": HANDBOOK}]}),
    );
    script.call(
        "call-tides",
        "tide_table",
        &json!({"place": "Harbor, north pier", "days": 1}),
        &json!({"high": [{"at": "04:12", "metres": 3.8}, {"at": "16:37", "metres": 4.1}], "low": [{"at": "10:25", "metres": 0.7}]}),
    );
    script.say(json!({"type": "CUSTOM", "name": "demo.progress", "value": {"step": "answering", "sources": 1}}));
    script.reasoning(
        "reasoning-2",
        "Both agree: the evening tide is the higher one.",
    );
    let answer = format!(
        "You asked: *{}*\n\nThe higher tide today comes at **16:37** with **4.1 m**; the morning one reached 3.8 m. \
         The ferry leaves an hour before high water, so be at the north pier by **15:30**.\n\n\
         | tide | time | height |\n| --- | --- | ---: |\n| high | 04:12 | 3.8 m |\n| low | 10:25 | 0.7 m |\n| high | 16:37 | 4.1 m |",
        words::quoted(&request.text)
    );
    script.text("answer", &with_sections(answer, sections));
    let mut state = if request.state.is_object() {
        request.state.clone()
    } else {
        json!({})
    };
    if !state["rag"]["citation_index"].is_object() {
        state["rag"] = json!({"citation_index": {}, "citations": [], "document_filter": null});
    }
    state["rag"]["citation_index"][chunk] = json!({
        "index": 1, "document_id": "handbook", "source": "harbor", "chunk_id": chunk, "chunk_ids": [chunk],
        "chunk_meta": {}, "document_uri": "file:///handbook.pdf", "document_title": "Harbour handbook",
        "document_meta": {"source_url": "https://example.org/handbook"}, "page_numbers": [12],
        "headings": ["Tides", "The north pier"], "content": HANDBOOK, "doc_item_refs": [], "picture_refs": [],
    });
    state["rag"]["citations"] = json!([chunk]);
    state
}

const HANDBOOK: &str = "The ferry leaves the north pier one hour before high water. At spring tide the evening tide is the higher one.";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn request(text: &str) -> Request {
        let input = json!({"state": {}, "messages": [{"id": "1", "role": "user", "content": text}], "forwardedProps": {}});
        Request::read(Uuid::nil(), Uuid::nil(), &input)
    }

    fn kinds(beats: &[Beat]) -> Vec<&str> {
        beats
            .iter()
            .map(|beat| beat.event["type"].as_str().unwrap_or("none"))
            .collect()
    }

    fn spoken(beats: &[Beat]) -> String {
        let texts = beats
            .iter()
            .filter(|beat| beat.event["type"] == "TEXT_MESSAGE_CONTENT");
        texts
            .map(|beat| beat.event["delta"].as_str().unwrap_or_default())
            .collect()
    }

    #[test]
    fn an_echo_comes_back_as_it_was_written() {
        let text = "Hello  there,\n**world**";
        let beats = beats(Kind::Echo, &request(text));
        assert_eq!(spoken(&beats), text);
        assert_eq!(kinds(&beats).first(), Some(&"RUN_STARTED"));
        assert_eq!(
            kinds(&beats)[beats.len() - 2..],
            ["STATE_SNAPSHOT", "RUN_FINISHED"]
        );
    }

    #[test]
    fn boom_breaks_off_half_way_and_ends_with_an_error() {
        let beats = beats(Kind::Echo, &request("boom one two three four"));
        assert!(!spoken(&beats).is_empty());
        assert!(spoken(&beats).len() < "one two three four".len());
        assert_eq!(kinds(&beats).last(), Some(&"RUN_ERROR"));
    }

    #[test]
    fn the_tools_room_thinks_calls_and_cites() {
        let beats = beats(Kind::Tools, &request("When is high tide?"));
        let kinds = kinds(&beats);
        for kind in [
            "REASONING_START",
            "TOOL_CALL_ARGS",
            "TOOL_CALL_RESULT",
            "CUSTOM",
        ] {
            assert!(kinds.contains(&kind), "{kind}");
        }
        let arguments: String = beats
            .iter()
            .filter(|beat| beat.event["type"] == "TOOL_CALL_ARGS")
            .filter(|beat| {
                beat.event["toolCallId"]
                    .as_str()
                    .unwrap()
                    .ends_with("call-search")
            })
            .map(|beat| beat.event["delta"].as_str().unwrap())
            .collect();
        assert_eq!(
            serde_json::from_str::<Value>(&arguments).unwrap()["query"],
            "When is high tide?"
        );
        let snapshot = &beats[beats.len() - 2].event["snapshot"];
        assert_eq!(snapshot["rag"]["citations"], json!(["handbook-tides"]));
    }

    #[test]
    fn the_slow_room_takes_about_forty_seconds() {
        let total: Duration = beats(Kind::Slow, &request("walk"))
            .iter()
            .map(|beat| beat.after)
            .sum();
        assert!((35..=45).contains(&total.as_secs()), "{total:?}");
        let quick = beats(Kind::Slow, &request("pace 0 long 2 walk"));
        assert!(quick.iter().all(|beat| beat.after.is_zero()));
        assert_eq!(spoken(&quick).matches("## ").count(), 2);
    }

    #[test]
    fn a_flood_comes_at_once_or_at_its_rate() {
        let quick = beats(Kind::Tools, &request("flood 30 go"));
        let contents = kinds(&quick)
            .iter()
            .filter(|kind| **kind == "TEXT_MESSAGE_CONTENT")
            .count();
        assert_eq!(contents, 30);
        assert!(quick.iter().all(|beat| beat.after.is_zero()));
        let paced = beats(Kind::Echo, &request("flood 30 rate 10 go"));
        let total: Duration = paced.iter().map(|beat| beat.after).sum();
        assert_eq!(total, Duration::from_secs(3));
    }

    #[test]
    fn an_answer_can_be_asked_for_in_one_piece() {
        let mut request = request("one two three");
        request.is_whole = true;
        let beats = beats(Kind::Echo, &request);
        assert_eq!(
            kinds(&beats)
                .iter()
                .filter(|kind| **kind == "TEXT_MESSAGE_CONTENT")
                .count(),
            1
        );
    }

    #[test]
    fn no_message_is_an_error_of_the_run() {
        let input = json!({"state": {}, "messages": [], "forwardedProps": {}});
        let beats = beats(Kind::Echo, &Request::read(Uuid::nil(), Uuid::nil(), &input));
        assert_eq!(
            kinds(&beats),
            ["RUN_STARTED", "STATE_SNAPSHOT", "RUN_ERROR"]
        );
    }

    #[test]
    fn a_title_is_made_of_the_first_message_without_its_switches() {
        assert_eq!(
            request("pace 5 what is **enfilade**?").title().unwrap(),
            "What is enfilade?"
        );
        assert_eq!(request("boom").title().unwrap(), "Untitled talk");
        assert!(
            request(&"word ".repeat(40))
                .title()
                .unwrap()
                .chars()
                .count()
                <= 48
        );
    }

    #[test]
    fn everything_can_be_shown_and_each_kind_alone() {
        let everything = beats(Kind::Echo, &request("pace 0 show all hello"));
        let kinds_of_all = kinds(&everything);
        for kind in [
            "ACTIVITY_SNAPSHOT",
            "ACTIVITY_DELTA",
            "STEP_STARTED",
            "STEP_FINISHED",
            "CUSTOM",
            "RAW",
            "THINKING_TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_CHUNK",
            "TOOL_CALL_RESULT",
        ] {
            assert!(kinds_of_all.contains(&kind), "{kind}");
        }
        assert!(spoken(&everything).contains("data:image/png;base64,"));
        let snapshot = &everything[everything.len() - 2].event["snapshot"];
        assert_eq!(snapshot["rag"]["citations"], json!(["doors-1", "doors-2"]));
        let nothing = beats(Kind::Echo, &request("show empty hello"));
        assert_eq!(
            kinds(&nothing),
            ["RUN_STARTED", "STATE_SNAPSHOT", "RUN_FINISHED"]
        );
        assert_eq!(spoken(&beats(Kind::Echo, &request("show me"))), "show me");
    }

    #[test]
    fn pictures_are_counted_and_their_labels_left_out() {
        let content = json!([{"type": "text", "text": "Image 1:"}, {"type": "image", "source": {}}, {"type": "text", "text": "look"}]);
        let input = json!({"state": {}, "messages": [{"role": "user", "content": content}], "forwardedProps": {}});
        let request = Request::read(Uuid::nil(), Uuid::nil(), &input);
        assert_eq!((request.text.as_str(), request.pictures), ("look", 1));
    }
}
