use super::super::tests::{event, play, run_of, shown};
use super::*;
use crate::core::agui::event::parse;
use serde_json::json;

fn activity(id: &str, type_: &str, content: Value) -> Event {
    event(json!({"type":"ACTIVITY_SNAPSHOT","messageId":id,"activityType":type_,"content":content}))
}

fn change_of(id: &str, type_: &str, patch: Value) -> Event {
    event(json!({"type":"ACTIVITY_DELTA","messageId":id,"activityType":type_,"patch":patch}))
}

#[test]
fn a_step_is_a_row_from_its_beginning_to_its_end() {
    let mut timeline = Timeline::new();
    let events = run_of(&[
        json!({"type":"STEP_STARTED","stepName":"plan","timestamp":10}),
        json!({"type":"STEP_STARTED","stepName":"look","timestamp":20}),
        json!({"type":"STEP_FINISHED","stepName":"look","timestamp":30}),
        json!({"type":"STEP_FINISHED","stepName":"never begun"}),
    ]);
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(
        shown(&timeline),
        ["event streaming plan ", "event done look "]
    );
    assert_eq!(
        (timeline.rows()[1].at, timeline.rows()[1].ended),
        (Some(20), Some(30))
    );
    let finish = json!({"type":"RUN_FINISHED","timestamp":40});
    let _ = play(&mut timeline, "r", &run_of(&[finish]));
    assert_eq!(shown(&timeline)[0], "event done plan ");
    assert_eq!(timeline.rows()[0].ended, Some(40));
}

#[test]
fn steps_of_one_name_end_from_the_inside_and_a_failed_run_leaves_them_partial() {
    let mut timeline = Timeline::new();
    let begin = json!({"type":"STEP_STARTED","stepName":"s"});
    let events = run_of(&[
        begin.clone(),
        begin,
        json!({"type":"STEP_FINISHED","stepName":"s"}),
        json!({"type":"RUN_ERROR","message":"boom"}),
    ]);
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(
        shown(&timeline),
        ["event partial s ", "event done s ", "error done boom"]
    );
    assert!(timeline.rows()[0].ended.is_some());
}

#[test]
fn an_event_of_the_servers_own_is_a_row_with_its_payload() {
    let mut timeline = Timeline::new();
    let events = run_of(&[
        json!({"type":"CUSTOM","name":"note","value":{"a":1}}),
        json!({"type":"CUSTOM","name":"bare"}),
        json!({"type":"RAW","event":{"b":2},"source":"graph"}),
        json!({"type":"RAW","event":null}),
        json!({"type":"REASONING_ENCRYPTED_VALUE","subtype":"message","entityId":"x","encryptedValue":"y"}),
        json!({"type":"REASONING_START","messageId":"x"}),
        json!({"type":"THINKING_START","title":"x"}),
    ]);
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(
        shown(&timeline),
        [
            "event done note {\"a\":1}",
            "event done bare ",
            "event done graph {\"b\":2}",
            "event done RAW "
        ]
    );
}

#[test]
fn an_activity_is_replaced_patched_and_ends_with_its_run() {
    let mut timeline = Timeline::new();
    let _ = timeline.apply(&activity("a", "search", json!({"n":1})), "r", 5);
    let add = json!([{"op":"add","path":"/of/-","value":2},{"op":"bad"}]);
    assert_eq!(
        timeline
            .apply(&change_of("a", "search", add.clone()), "r", 6)
            .rows
            .len(),
        1
    );
    assert_eq!(
        shown(&timeline),
        ["activity streaming search {\"n\":1,\"of\":[2]}"]
    );
    let replaced = activity("a", "read", json!({"m":1}));
    assert_eq!(timeline.apply(&replaced, "r", 7).rows.len(), 1);
    assert_eq!(
        timeline.apply(&replaced, "r", 7),
        Change::none(),
        "nothing new"
    );
    let _ = timeline.apply(&event(json!({"type":"RUN_FINISHED"})), "r", 9);
    assert_eq!(
        shown(&timeline),
        ["activity done read {\"m\":1}", "notice done NoResponse"]
    );
    assert_eq!(
        (timeline.rows()[0].at, timeline.rows()[0].ended),
        (Some(5), Some(9))
    );
}

#[test]
fn an_activity_that_must_not_be_replaced_stays_and_odd_deltas_change_nothing() {
    let mut timeline = Timeline::new();
    let add = json!([{"op":"add","path":"/x","value":1}]);
    assert_eq!(
        timeline.apply(&change_of("a", "t", add.clone()), "r", 0),
        Change::none()
    );
    let _ = timeline.apply(&activity("a", "t", json!({})), "r", 0);
    assert_eq!(
        timeline.apply(&change_of("a", "other", add), "r", 0),
        Change::none()
    );
    let keep = json!({"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"t","content":{"b":1},"replace":false});
    assert_eq!(timeline.apply(&event(keep), "r", 0), Change::none());
    let root = json!([{"op":"replace","path":"","value":7}]);
    assert_eq!(
        timeline.apply(&change_of("a", "t", root), "r", 0),
        Change::none()
    );
    assert_eq!(shown(&timeline), ["activity streaming t {}"]);
    let _ = timeline.apply(&activity("b", "t", json!("text")), "r", 0);
    assert_eq!(shown(&timeline)[1], "notice done ACTIVITY_SNAPSHOT");
}

#[test]
fn a_replay_does_not_patch_an_activity_twice() {
    let mut timeline = Timeline::new();
    let add = json!([{"op":"add","path":"/list/-","value":2}]);
    let events = [
        event(json!({"type":"RUN_STARTED"})),
        activity("a", "t", json!({})),
        change_of("a", "t", add),
    ];
    for _ in 0..3 {
        let _ = play(&mut timeline, "r", &events);
        assert_eq!(shown(&timeline), ["activity streaming t {\"list\":[2]}"]);
    }
    let _ = timeline.restart_run("r");
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(shown(&timeline), ["activity streaming t {\"list\":[2]}"]);
}

#[test]
fn another_event_ends_a_message_of_chunks_and_more_under_its_id_goes_on() {
    let mut timeline = Timeline::new();
    let chunks = parse(
        r#"[{"type":"TEXT_MESSAGE_CHUNK","messageId":"m","delta":"a"},{"type":"RAW","event":1},
            {"type":"TEXT_MESSAGE_CHUNK","delta":"b"},{"type":"REASONING_MESSAGE_CHUNK","messageId":"t","delta":"x"},
            {"type":"REASONING_MESSAGE_CHUNK","delta":"y"},{"type":"STEP_STARTED","stepName":"s"},
            {"type":"TEXT_MESSAGE_CHUNK","messageId":"m","delta":"c"},{"type":"TOOL_CALL_CHUNK","toolCallId":"c","toolCallName":"f","delta":"{"},
            {"type":"TOOL_CALL_CHUNK","delta":"}"},{"type":"TEXT_MESSAGE_CHUNK","delta":"no id"},{"type":"STEP_STARTED","stepName":"s"},
            {"type":"TEXT_MESSAGE_CHUNK","delta":"nor here"},{"type":"STEP_FINISHED","stepName":"s"},{"type":"TOOL_CALL_CHUNK","delta":"lost"}]"#,
    );
    let _ = play(&mut timeline, "r", &chunks);
    assert_eq!(
        shown(&timeline),
        [
            "assistant done abc",
            "event done RAW 1",
            "reasoning done xy",
            "event streaming s ",
            "tool streaming f({}) = ?",
            "assistant done no id",
            "event done s ",
            "assistant done nor here",
            "notice done TOOL_CALL_CHUNK without toolCallId"
        ]
    );
}
