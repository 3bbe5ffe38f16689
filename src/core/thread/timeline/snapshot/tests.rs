use super::super::tests::{event, play, run_of, shown};
use super::*;
use crate::core::agui::event::Event;
use serde_json::json;

fn snapshot(messages: Value) -> Event {
    event(json!({"type":"MESSAGES_SNAPSHOT","messages":messages}))
}

#[test]
fn a_snapshot_adds_only_what_is_missing() {
    let mut timeline = Timeline::new();
    let _ = timeline.push_user("u", "hi", None);
    let _ = timeline.bind_user("u", "r");
    let events = run_of(&[
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"known"}),
        json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"}),
    ]);
    let _ = play(&mut timeline, "r", &events);
    let call =
        |id: &str| json!({"id":id,"type":"function","function":{"name":"page","arguments":"{}"}});
    let all = snapshot(json!([
        {"id":"u","role":"user","content":"hi"},
        {"id":"x","role":"user","content":"never written here"},
        {"id":"m","role":"assistant","content":"known, and told otherwise"},
        {"id":"other","role":"assistant","content":" known "},
        {"id":"t","role":"assistant","toolCalls":[call("c"), call("new")]},
        {"id":"r1","role":"tool","toolCallId":"c","content":"noon"},
        {"id":"r2","role":"tool","toolCallId":"new","content":"read"},
        {"id":"n","role":"assistant","content":"missing"},
        {"id":"e","role":"assistant","content":"  "},
        {"role":"wizard"}, 7,
    ]));
    let change = timeline.apply(&all, "r", 0);
    assert!(change.order);
    let want = [
        "user sending hi",
        "assistant streaming known",
        "tool done clock() = noon",
        "tool done page({}) = read",
        "assistant done missing",
    ];
    assert_eq!(shown(&timeline), want);
    assert_eq!(
        timeline.apply(&all, "r", 0),
        Change::none(),
        "twice is once"
    );
    assert_eq!(
        timeline.apply(&all, "s", 0),
        Change::none(),
        "also in the next run"
    );
}

#[test]
fn a_snapshot_of_what_was_sent_adds_nothing() {
    let mut timeline = Timeline::new();
    for run in ["r", "s"] {
        let events = run_of(&[
            json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":run}),
            json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"}),
            json!({"type":"TOOL_CALL_RESULT","toolCallId":"c","content":"noon"}),
            json!({"type":"RUN_FINISHED"}),
        ]);
        let _ = play(&mut timeline, run, &events);
    }
    let sent = serde_json::to_value(timeline.wire_messages()).unwrap();
    assert_eq!(timeline.apply(&snapshot(sent), "t", 0), Change::none());
}
