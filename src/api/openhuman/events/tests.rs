use serde_json::json;

use super::*;
use crate::core::agui::sse::Decoder;

fn frames(events: &[(&str, Value)]) -> Vec<Result<TurnEvent, RpcError>> {
    let text: String = events
        .iter()
        .map(|(name, data)| format!("event: {name}\ndata: {data}\n\n: keep-alive\n\n"))
        .collect();
    let frames = Decoder::new().push(text.as_bytes());
    frames
        .into_iter()
        .map(|frame| read(&frame.unwrap()))
        .collect()
}

fn kind(name: &str, mut fields: Value) -> Result<TurnEventKind, RpcError> {
    for (key, value) in [
        ("event", name),
        ("client_id", "c"),
        ("thread_id", "t"),
        ("request_id", "q"),
    ] {
        fields[key] = json!(value);
    }
    frames(&[(name, fields)]).remove(0).map(|event| {
        assert_eq!((event.thread.as_str(), event.request.as_str()), ("t", "q"));
        event.kind
    })
}

fn good(name: &str, fields: Value) -> TurnEventKind {
    kind(name, fields).unwrap()
}

#[test]
fn the_stream_is_named_by_the_client_and_encoded() {
    assert_eq!(stream("c-1 &x").path, "/events?client_id=c-1%20%26x");
}

#[test]
fn text_thoughts_and_rounds_are_read() {
    assert_eq!(good("inference_start", json!({})), TurnEventKind::Began);
    assert_eq!(
        good(
            "iteration_start",
            json!({"round":1,"message":"Iteration 1/10"})
        ),
        TurnEventKind::Round { round: 1 }
    );
    assert_eq!(
        good(
            "text_delta",
            json!({"round":1,"delta":" ","delta_kind":"text"})
        ),
        TurnEventKind::Text {
            round: 1,
            delta: " ".into()
        }
    );
    assert_eq!(
        good(
            "thinking_delta",
            json!({"delta":"hm","delta_kind":"thinking"})
        ),
        TurnEventKind::Thinking {
            round: 0,
            delta: "hm".into()
        }
    );
}

#[test]
fn calls_are_read_from_their_first_piece_to_their_result() {
    assert_eq!(
        good(
            "tool_args_delta",
            json!({"round":1,"tool_call_id":"c1","tool_name":"web","delta":"","skill_id":"web_channel"})
        ),
        TurnEventKind::CallArgs {
            round: 1,
            call: "c1".into(),
            name: Some("web".into()),
            delta: String::new()
        }
    );
    assert_eq!(
        good(
            "tool_args_delta",
            json!({"round":1,"tool_call_id":"c1","delta":"{\"q\""})
        ),
        TurnEventKind::CallArgs {
            round: 1,
            call: "c1".into(),
            name: None,
            delta: "{\"q\"".into()
        }
    );
    assert_eq!(
        good(
            "tool_call",
            json!({"round":1,"tool_call_id":"c1","tool_name":"web","args":{"q":"x"}})
        ),
        TurnEventKind::Call {
            round: 1,
            call: "c1".into(),
            name: "web".into(),
            args: Some(json!({"q":"x"}))
        }
    );
    assert_eq!(
        good(
            "tool_result",
            json!({"tool_call_id":"c1","tool_name":"web","success":false,"output":"{}"})
        ),
        TurnEventKind::CallResult {
            call: "c1".into(),
            name: "web".into(),
            is_good: false,
            output: "{}".into()
        }
    );
}

#[test]
fn agents_that_work_for_another_are_read_by_their_task() {
    let fields = || json!({"tool_name":"researcher","skill_id":"task-1","round":1,"message":"m"});
    let child = |name: &str, fields| match good(name, fields) {
        TurnEventKind::Child { task, step } => {
            assert_eq!(task, "task-1");
            step
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        child("subagent_spawned", fields()),
        Child::Spawned {
            agent: "researcher".into(),
            message: Some("m".into())
        }
    );
    assert_eq!(
        child("subagent_completed", fields()),
        Child::Completed {
            message: Some("m".into()),
            elapsed: None
        }
    );
    assert_eq!(
        child("subagent_failed", fields()),
        Child::Failed {
            message: Some("m".into())
        }
    );
    let mut inner = fields();
    inner["subagent"] = json!({"child_iteration":2,"child_max_iterations":5});
    assert_eq!(
        child("subagent_iteration_start", inner),
        Child::Round {
            round: 2,
            of: Some(5)
        }
    );
    let mut inner = fields();
    inner["tool_call_id"] = json!("c");
    inner["success"] = json!(true);
    assert_eq!(
        child("subagent_tool_call", inner.clone()),
        Child::Call {
            call: "c".into(),
            name: "researcher".into()
        }
    );
    assert_eq!(
        child("subagent_tool_result", inner),
        Child::CallResult {
            call: "c".into(),
            name: "researcher".into(),
            is_good: true
        }
    );
}

#[test]
fn an_answer_and_its_pieces_are_read() {
    assert_eq!(
        good(
            "chat_segment",
            json!({"full_response":"One.","segment_index":0,"segment_total":3,"reaction_emoji":"x"})
        ),
        TurnEventKind::Segment {
            index: 0,
            total: Some(3),
            text: "One.".into()
        }
    );
    assert_eq!(
        good(
            "chat_done",
            json!({"full_response":"Top up <openhuman-link path=\"/b\">here</openhuman-link>","citations":[]})
        ),
        TurnEventKind::Done {
            text: "Top up here".into()
        }
    );
    assert_eq!(
        good("chat:done", json!({"full_response":"x"})),
        TurnEventKind::Done { text: "x".into() }
    );
    assert_eq!(
        good(
            "chat_error",
            json!({"error_type":"inference","message":"See <openhuman-link path=\"x\">it</openhuman-link>"})
        ),
        TurnEventKind::Failed {
            error: "inference".into(),
            message: "See it".into()
        }
    );
    assert_eq!(
        good(
            "proactive_message",
            json!({"full_response":"psst","success":true})
        ),
        TurnEventKind::Proactive {
            text: "psst".into()
        }
    );
}

#[test]
fn what_is_not_known_is_named_and_what_lacks_something_is_told() {
    assert_eq!(
        good("mood_change", json!({})),
        TurnEventKind::Unknown {
            name: "mood_change".into()
        }
    );
    assert_eq!(
        good("subagent_dreams", json!({})),
        TurnEventKind::Unknown {
            name: "subagent_dreams".into()
        }
    );
    for (name, fields) in [
        ("text_delta", json!({"delta":7})),
        ("tool_call", json!({"tool_name":"web"})),
        ("tool_result", json!({})),
        ("chat_segment", json!({"full_response":"x"})),
        ("chat_done", json!({})),
        ("subagent_spawned", json!({})),
    ] {
        assert!(kind(name, fields).is_err(), "{name}");
    }
    let broken = frames(&[
        ("chat_done", json!("x")),
        ("chat_done", json!({"full_response":"x"})),
    ]);
    assert!(
        broken.iter().all(Result::is_err),
        "without a thread it belongs nowhere"
    );
}
