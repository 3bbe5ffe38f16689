//! What a turn says: the words at the start of a message steer it, and it becomes a list of events with pauses.

use std::time::Duration;

use serde_json::{Value, json};

use super::data::moment;
use super::texts;
use crate::script::words::{pieces, quoted, sections};
use crate::script::{Modifiers, flood, split_word};

/// Pause between two pieces when nobody says otherwise, milliseconds.
const PACE: u64 = 30;
/// Pause before a piece of a finished answer, milliseconds.
const SEGMENT_PACE: u64 = 500;
/// Answers from so many bytes on are cut into pieces.
const SEGMENTED: usize = 80;
/// Most pieces.
const SEGMENTS: usize = 5;
/// A turn whose events are lost can be seen in its snapshot for so long.
const LINGER: Duration = Duration::from_secs(3);
/// Most rounds of a turn.
pub const ROUNDS: u64 = 10;

/// Switches at the start of a message: those of the other servers, and some of cores alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    /// `pace`, `long`, `wait`, `boom`, `cut`, `flood`, `rate`.
    pub shared: Modifiers,
    /// `think`: thoughts before the answer.
    pub think: bool,
    /// `tools`: a round with a call that works and one that does not.
    pub tools: bool,
    /// `agent`: a round with a sub-agent.
    pub agent: bool,
    /// `badagent`: the same, and it fails.
    pub bad_agent: bool,
    /// `prose`: an answer that is sent in segments at the end.
    pub prose: bool,
    /// `cite`: sources with the answer.
    pub cite: bool,
    /// `emoji`: a reaction to the question.
    pub emoji: bool,
    /// `drop`: the event stream breaks off, and the rest of the turn is never heard of.
    pub drop: bool,
    /// `credits`: the answer asks to top up.
    pub credits: bool,
    /// `budget`, `ratelimit`, `key`, `fail TYPE`: type and text of the error it ends with.
    pub failure: Option<(&'static str, &'static str)>,
    /// `guard`, `flag`: refused at once, with this text.
    pub refusal: Option<&'static str>,
}

/// Types of errors that `fail` can end a turn with.
const FAILURES: [(&str, &str); 5] = [
    ("inference", texts::INFERENCE),
    (
        "network",
        "error sending request for url (https://models.example/v1): client error (Connect)",
    ),
    ("timeout", "operation timed out after 30s"),
    ("tool_error", "tool failed: unknown method: web_search"),
    ("session_expired", texts::JWT_REQUIRED),
];

impl Words {
    /// Takes the words off the front of a message.
    pub fn take(text: &str) -> (Self, String) {
        let mut words = Self::default();
        let mut rest = text.trim_start();
        while let Some(after) = words.take_one(rest) {
            rest = after.trim_start();
        }
        (words, rest.trim_end().to_owned())
    }

    fn take_one<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (word, after) = split_word(text);
        let failed = |text| Some(("inference", text));
        match word {
            "think" => self.think = true,
            "tools" => self.tools = true,
            "agent" => self.agent = true,
            "badagent" => self.bad_agent = true,
            "prose" => self.prose = true,
            "cite" => self.cite = true,
            "emoji" => self.emoji = true,
            "drop" => self.drop = true,
            "credits" => self.credits = true,
            "budget" => self.failure = failed(texts::BUDGET),
            "ratelimit" => self.failure = failed(texts::RATE_LIMIT),
            "key" => self.failure = failed(texts::PROVIDER_KEY),
            "guard" => self.refusal = Some(texts::BLOCKED),
            "flag" => self.refusal = Some(texts::FLAGGED),
            "fail" => {
                let (kind, rest) = split_word(after.trim_start());
                let known = FAILURES.iter().find(|(name, _)| *name == kind)?;
                self.failure = Some(*known);
                return Some(rest);
            }
            "show" => return None,
            _ => return self.shared.take_one(text),
        }
        Some(after)
    }
}

/// One step of a turn.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// An event: name, and fields besides those that all have.
    Say(&'static str, Value),
    /// The snapshot of the turn is written.
    Write,
    /// The stream breaks off and nothing more is heard.
    Drop,
}

/// A step and the pause before it.
pub type Beat = (Duration, Act);

/// A whole turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Talk {
    /// In order.
    pub beats: Vec<Beat>,
    /// Fields of `chat_done`, or type and text of `chat_error`.
    pub end: Result<Value, (&'static str, String)>,
    /// The stream breaks off after so many events.
    pub cut: Option<usize>,
}

impl Talk {
    /// A turn that fails before it has said anything.
    pub fn failing(kind: &'static str, text: impl Into<String>) -> Self {
        Self {
            beats: vec![(Duration::ZERO, Act::Say("inference_start", json!({})))],
            end: Err((kind, text.into())),
            cut: None,
        }
    }

    /// The turn a message asks for.
    pub fn about(message: &str) -> Self {
        let (words, text) = Words::take(message);
        let mut script = Script {
            pace: Duration::from_millis(words.shared.pace.unwrap_or(PACE)),
            round: 0,
            beats: Vec::new(),
            pause: Duration::from_millis(words.shared.wait),
        };
        script.say("inference_start", json!({}));
        script.next_round();
        if words.think {
            script.deltas("thinking_delta", "thinking", &pieces(&thoughts(&text)));
        }
        script.work(&words);
        let cut = words.shared.cut;
        let end = script.answer(&words, &text);
        Self {
            beats: script.beats,
            end,
            cut,
        }
    }
}

fn thoughts(text: &str) -> String {
    format!(
        "They wrote: {}. Is there more to it than it says? Probably not, so a short answer will do.",
        quoted(text)
    )
}

fn answer_to(words: &Words, text: &str) -> Vec<String> {
    if let Some(count) = words.shared.flood {
        return flood::pieces(count);
    }
    let answer = if words.credits {
        texts::TOP_UP.to_owned()
    } else if let Some(count) = words.shared.long {
        format!("You said: *{}*\n\n{}", quoted(text), sections(count))
    } else if words.prose {
        format!(
            "You said: {}. That is a good place to start from. The rest follows from it without much trouble. If something is missing, say so and it will be added. Until then, this is the whole answer.",
            quoted(text)
        )
    } else if text.is_empty() {
        "You wrote nothing that could be said back.".to_owned()
    } else {
        text.to_owned()
    };
    pieces(&answer)
}

/// The pieces a finished answer is sent in; none for one that is short or not prose.
fn segments(text: &str) -> Vec<String> {
    let is_structured = text.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with(['-', '*', '#', '|', '>'])
            || line.starts_with(|first: char| first.is_ascii_digit())
    });
    if text.len() < SEGMENTED || text.contains("```") || is_structured {
        return Vec::new();
    }
    let sentences: Vec<_> = text.split_inclusive(". ").collect();
    let size = sentences.len().div_ceil(SEGMENTS).max(1);
    sentences
        .chunks(size)
        .map(|chunk| chunk.concat().trim().to_owned())
        .collect()
}

struct Script {
    pace: Duration,
    round: u64,
    beats: Vec<Beat>,
    pause: Duration,
}

impl Script {
    fn act(&mut self, act: Act) {
        self.beats.push((std::mem::take(&mut self.pause), act));
    }

    /// An event with the round it belongs to.
    fn say(&mut self, name: &'static str, mut fields: Value) {
        if self.round > 0 {
            fields["round"] = json!(self.round);
        }
        self.act(Act::Say(name, fields));
    }

    fn next_round(&mut self) {
        self.round += 1;
        let message = format!("Iteration {}/{ROUNDS}", self.round);
        self.say("iteration_start", json!({ "message": message }));
    }

    fn deltas(&mut self, name: &'static str, kind: &str, pieces: &[String]) {
        for piece in pieces {
            self.pause += self.pace;
            self.say(name, json!({"delta": piece, "delta_kind": kind}));
        }
    }

    /// Rounds before the answer.
    fn work(&mut self, words: &Words) {
        if words.tools {
            let interim = "Let me look that up first.";
            self.deltas("text_delta", "text", &pieces(interim));
            self.tool("web_search", &json!({"q": "enfilade", "limit": 3}), true);
            self.tool("calendar_lookup", &json!({"day": "today"}), false);
            self.next_round();
        }
        if words.agent || words.bad_agent {
            self.deltas(
                "text_delta",
                "text",
                &pieces("Somebody else knows more about this."),
            );
            self.agent(!words.bad_agent);
            self.next_round();
        }
    }

    fn open_tool(&mut self, name: &str, args: &Value) -> String {
        let id = format!("call_{}", self.beats.len());
        let fields = json!({"tool_call_id": id, "tool_name": name, "delta": "", "delta_kind": "tool_args", "skill_id": "web_channel"});
        self.say("tool_args_delta", fields);
        let text = args.to_string();
        let middle = text.len() / 2;
        // Arguments are ASCII, so any place is a boundary.
        for part in [text.get(..middle), text.get(middle..)]
            .into_iter()
            .flatten()
        {
            self.pause += self.pace;
            self.say(
                "tool_args_delta",
                json!({"tool_call_id": id, "delta": part, "delta_kind": "tool_args"}),
            );
        }
        self.say(
            "tool_call",
            json!({"tool_call_id": id, "tool_name": name, "skill_id": "web_channel", "args": args}),
        );
        id
    }

    fn close_tool(&mut self, id: &str, name: &str, is_success: bool) {
        let output = json!({"output_chars": 812, "elapsed_ms": 950}).to_string();
        self.say("tool_result", json!({"tool_call_id": id, "tool_name": name, "skill_id": "web_channel", "success": is_success, "output": output}));
    }

    fn tool(&mut self, name: &str, args: &Value, is_success: bool) {
        let id = self.open_tool(name, args);
        self.pause += self.pace * 10;
        self.close_tool(&id, name, is_success);
    }

    fn agent(&mut self, is_success: bool) {
        let call = self.open_tool("spawn_subagent", &json!({"agent": "researcher"}));
        let task = format!("task-{call}");
        let base = json!({"tool_name": "researcher", "skill_id": task});
        let with = |more: Value| {
            let mut fields = base.clone();
            for (key, value) in more.as_object().into_iter().flatten() {
                fields[key] = value.clone();
            }
            fields
        };
        self.say("subagent_spawned", with(json!({"message": "Researching", "subagent": {"mode": "typed", "dedicated_thread": false, "prompt_chars": 120}})));
        self.say(
            "subagent_iteration_start",
            with(json!({"subagent": {"child_iteration": 1, "child_max_iterations": 6}})),
        );
        let child = json!({"agent_id": "researcher", "task_id": task, "child_iteration": 1});
        let tool = json!({"tool_name": "read_page", "skill_id": task, "tool_call_id": format!("{call}-a"), "subagent": child});
        self.pause += self.pace * 5;
        self.say("subagent_tool_call", tool.clone());
        let mut result = tool;
        result["success"] = json!(true);
        result["output"] = json!(json!({"output_chars": 90, "elapsed_ms": 40}).to_string());
        self.pause += self.pace * 5;
        self.say("subagent_tool_result", result);
        if is_success {
            self.say("subagent_completed", with(json!({"message": "Found two sources", "success": true, "subagent": {"elapsed_ms": 1200, "iterations": 1, "output_chars": 90}})));
        } else {
            self.say(
                "subagent_failed",
                with(json!({"message": "The page could not be read", "success": false})),
            );
        }
        self.close_tool(&call, "spawn_subagent", is_success);
    }

    /// The last round, up to the end.
    fn answer(&mut self, words: &Words, text: &str) -> Result<Value, (&'static str, String)> {
        let mut said = answer_to(words, text);
        if words.shared.flood.is_some() {
            self.pace = words.shared.rate.map_or(Duration::ZERO, |rate| {
                Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX)
            });
        }
        let full: String = said.concat();
        let fails = words.shared.boom || words.failure.is_some();
        let rest = said.split_off(said.len() / 2);
        self.deltas("text_delta", "text", &said);
        if words.drop {
            self.act(Act::Drop);
        }
        if fails {
            let (kind, text) = words.failure.unwrap_or(("inference", texts::INFERENCE));
            return Err((kind, text.to_owned()));
        }
        self.deltas("text_delta", "text", &rest);
        if words.drop {
            self.act(Act::Write);
            self.pause = LINGER;
            self.act(Act::Write);
        }
        Ok(self.done(words, full))
    }

    fn done(&mut self, words: &Words, full: String) -> Value {
        let mut done = json!({});
        let mut extra = json!({});
        if words.cite {
            extra["citations"] = json!([{"id": "m1", "key": "notes/walk.md", "namespace": "memory", "score": 0.82, "timestamp": moment(), "snippet": "The doors stand in one line."}]);
        }
        if words.emoji {
            extra["reaction_emoji"] = json!("👍");
        }
        let parts = if words.shared.flood.is_some() {
            Vec::new()
        } else {
            segments(&full)
        };
        let gap = words
            .shared
            .pace
            .map_or(SEGMENT_PACE, |pace| (pace * 10).min(1400));
        for (index, part) in parts.iter().enumerate() {
            self.pause += Duration::from_millis(gap);
            let mut fields = json!({"full_response": part, "segment_index": index, "segment_total": parts.len()});
            if index == 0 {
                merge(&mut fields, &extra);
            }
            self.act(Act::Say("chat_segment", fields));
        }
        done["full_response"] = json!(full);
        if !parts.is_empty() {
            done["segment_total"] = json!(parts.len());
            // Told with the first piece.
            if let Some(extra) = extra.as_object_mut() {
                extra.remove("reaction_emoji");
            }
        }
        merge(&mut done, &extra);
        done
    }
}

fn merge(fields: &mut Value, more: &Value) {
    for (key, value) in more.as_object().into_iter().flatten() {
        fields[key] = value.clone();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn names(message: &str) -> Vec<&'static str> {
        let mut names: Vec<_> = Talk::about(message)
            .beats
            .into_iter()
            .filter_map(|(_, act)| match act {
                Act::Say(name, _) => Some(name),
                _ => None,
            })
            .collect();
        names.dedup();
        names
    }

    #[test]
    fn words_of_cores_and_of_all_servers_mix() {
        let (words, rest) = Words::take("pace 5 tools long 2 think fail timeout tell me tools");
        assert_eq!((words.shared.pace, words.shared.long), (Some(5), Some(2)));
        assert!(words.tools && words.think);
        assert_eq!(words.failure.unwrap().0, "timeout");
        assert_eq!(rest, "tell me tools");
        assert_eq!(Words::take("fail me").1, "fail me");
        assert_eq!(Words::take("show all").1, "show all");
    }

    #[test]
    fn a_round_with_tools_comes_before_that_of_the_answer() {
        assert_eq!(
            names("think tools hi"),
            [
                "inference_start",
                "iteration_start",
                "thinking_delta",
                "text_delta",
                "tool_args_delta",
                "tool_call",
                "tool_result",
                "tool_args_delta",
                "tool_call",
                "tool_result",
                "iteration_start",
                "text_delta"
            ]
        );
        assert!(names("badagent hi").contains(&"subagent_failed"));
    }

    #[test]
    fn only_prose_of_some_length_is_sent_in_segments() {
        let end = Talk::about("prose hi").end.unwrap();
        assert!(names("prose hi").contains(&"chat_segment"));
        assert_eq!(end["segment_total"], 5);
        assert!(!names("long 2 hi").contains(&"chat_segment"));
        assert!(!names("hi").contains(&"chat_segment"));
        assert_eq!(
            Talk::about("hi").end.unwrap(),
            json!({"full_response": "hi"})
        );
    }

    #[test]
    fn a_turn_that_fails_has_said_half_of_its_answer() {
        let talk = Talk::about("boom one two three four");
        assert_eq!(talk.end.unwrap_err().0, "inference");
        let text = format!("{:?}", talk.beats);
        assert!(text.contains("two ") && !text.contains("three"));
    }
}
