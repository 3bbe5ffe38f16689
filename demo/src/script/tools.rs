//! `call NAME {json} [&& NAME {json}]`: calls of tools, those of the client as well.

use serde_json::{Value, json};

use super::{Request, Script, words};

/// The names of the tools that a posted run offers.
pub fn offered(input: &Value) -> Vec<String> {
    let tools = input["tools"].as_array();
    tools
        .into_iter()
        .flatten()
        .filter_map(|tool| tool["name"].as_str().map(str::to_owned))
        .collect()
}

/// The results at the end of a conversation.
pub fn results(messages: &[Value]) -> Vec<String> {
    let mut results: Vec<String> = messages
        .iter()
        .rev()
        .take_while(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap_or_default().to_owned())
        .collect();
    results.reverse();
    results
}

/// Whether a message asks for calls.
pub fn is_call(text: &str) -> bool {
    !calls(text).is_empty()
}

/// Name and arguments of each call; none where the text is none of these.
fn calls(text: &str) -> Vec<(&str, &str)> {
    let Some(list) = text.strip_prefix("call ") else {
        return Vec::new();
    };
    let one = |call| -> Option<(&str, &str)> {
        let call: &str = call;
        let (name, args) = call
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((call.trim(), "{}"));
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        is_name(name).then(|| (name, args.trim()))
    };
    list.split("&&")
        .map(one)
        .collect::<Option<_>>()
        .unwrap_or_default()
}

/// Makes the calls. The client's have no result: the run ends, and the next one brings it.
pub fn call(script: &mut Script<'_>) {
    let request = script.request;
    let mut is_ours = true;
    for (index, (name, args)) in calls(&request.text).into_iter().enumerate() {
        let part = format!("call-{}", index + 1);
        if request.tools.iter().any(|known| known == name) {
            script.call_open(&part, name, args);
            is_ours = false;
        } else {
            let args = serde_json::from_str(args).unwrap_or(Value::Null);
            let result = json!(format!("Unknown tool name: '{name}'. No tools available."));
            script.call(&part, name, &args, &result);
        }
    }
    if is_ours {
        script.text(
            "answer",
            "None of these tools is here. The client may offer some.",
        );
    }
}

/// What is said once the results are there.
pub fn answer(request: &Request) -> String {
    let quotes: Vec<String> = request
        .results
        .iter()
        .map(|result| {
            let lines: Vec<String> = result.lines().map(|line| format!("> {line}")).collect();
            lines.join("\n")
        })
        .collect();
    let opening = match quotes.len() {
        1 => "Your tool gave this back:",
        _ => "Your tools gave this back:",
    };
    format!("{opening}\n\n{}", quotes.join("\n\n---\n\n"))
}

impl Script<'_> {
    /// A call without a result.
    fn call_open(&mut self, part: &str, name: &str, arguments: &str) {
        let parent = format!("{part}-parent");
        self.text(&parent, "");
        let (id, parent) = (self.request.id(part), self.request.id(&parent));
        self.say(json!({"type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": name, "parentMessageId": parent}));
        for piece in words::pieces(arguments) {
            self.pause += self.pace;
            self.say(json!({"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": piece}));
        }
        self.say(json!({"type": "TOOL_CALL_END", "toolCallId": id}));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use uuid::Uuid;

    use super::super::beats;
    use super::*;
    use crate::rooms::Kind;

    fn run(text: &str, tools: &[&str], results: &[&str]) -> Vec<Value> {
        let mut messages = vec![json!({"id": "1", "role": "user", "content": text})];
        messages.extend(results.iter().map(
            |result| json!({"id": "t", "role": "tool", "toolCallId": "c", "content": result}),
        ));
        let tools: Vec<Value> = tools.iter().map(|name| json!({"name": name})).collect();
        let input =
            json!({"state": {}, "messages": messages, "tools": tools, "forwardedProps": {}});
        let request = Request::read(Uuid::nil(), Uuid::nil(), &input);
        let beats = beats(Kind::Echo, &request);
        beats.into_iter().map(|beat| beat.event).collect()
    }

    fn text(events: &[Value]) -> String {
        let deltas = events
            .iter()
            .filter(|event| event["type"] == "TEXT_MESSAGE_CONTENT");
        deltas.filter_map(|event| event["delta"].as_str()).collect()
    }

    fn count(events: &[Value], kind: &str) -> usize {
        events.iter().filter(|event| event["type"] == kind).count()
    }

    #[test]
    fn a_tool_of_the_client_is_called_and_not_answered() {
        let events = run("call now {\"a\": 1} && there", &["now", "there"], &[]);
        assert_eq!(count(&events, "TOOL_CALL_START"), 2);
        assert_eq!(count(&events, "TOOL_CALL_RESULT"), 0);
        assert_eq!(count(&events, "RUN_FINISHED"), 1);
        assert_eq!(text(&events), "");
        let args: String = events
            .iter()
            .filter(|event| event["type"] == "TOOL_CALL_ARGS")
            .filter_map(|event| event["delta"].as_str())
            .collect();
        assert_eq!(args, "{\"a\": 1}{}");
    }

    #[test]
    fn a_tool_that_nobody_has_gets_a_result_that_says_so() {
        let events = run("call now {}", &["other"], &[]);
        assert_eq!(count(&events, "TOOL_CALL_RESULT"), 1);
        assert!(text(&events).starts_with("None of these tools"));
    }

    #[test]
    fn the_results_are_said_back() {
        let events = run(
            "call now {} && there {}",
            &["now", "there"],
            &["it is five", "Vienna"],
        );
        assert_eq!(count(&events, "TOOL_CALL_START"), 0);
        assert_eq!(
            text(&events),
            "Your tools gave this back:\n\n> it is five\n\n---\n\n> Vienna"
        );
    }

    #[test]
    fn a_sentence_about_a_call_is_no_call() {
        assert_eq!(text(&run("call me, maybe", &[], &[])), "call me, maybe");
        assert!(is_call("call now"));
        assert!(!is_call("call "));
    }
}
