use super::super::tests::{event, play, run_of, shown};
use super::*;
use serde_json::json;

/// A run that asks for two calls and leaves them.
fn asked(run: &str) -> Timeline {
    let mut timeline = Timeline::new();
    let _ = timeline.push_user("u", "hi", None);
    let _ = timeline.bind_user("u", run);
    let events = run_of(&[
        json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"}),
        json!({"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"{\"a\":1}"}),
        json!({"type":"TOOL_CALL_START","toolCallId":"d","toolCallName":"page"}),
        json!({"type":"RUN_FINISHED","timestamp":10}),
    ]);
    let _ = play(&mut timeline, run, &events);
    timeline
}

#[test]
fn calls_that_a_finished_run_leaves_are_pending_until_they_are_settled() {
    let mut timeline = asked("r");
    let call = |id: &str, name: &str, args: &str| (id.to_owned(), name.to_owned(), args.to_owned());
    assert_eq!(
        timeline.pending_calls("r"),
        [call("c", "clock", "{\"a\":1}"), call("d", "page", "")]
    );
    let change = timeline.settle_call("r", "c", "noon", false, 20);
    assert!(!change.order && change.rows.len() == 1);
    let _ = timeline.settle_call("r", "d", "denied", true, 30);
    assert_eq!(
        timeline.settle_call("r", "d", "again", false, 40),
        Change::none()
    );
    assert_eq!(
        timeline.settle_call("r", "none", "x", false, 40),
        Change::none()
    );
    assert!(timeline.pending_calls("r").is_empty());
    assert_eq!(
        &shown(&timeline)[1..],
        [
            "tool done clock({\"a\":1}) = noon",
            "tool failed page() = denied"
        ]
    );
    assert_eq!(timeline.rows()[1].ended, Some(20));
    let wire = timeline.wire_messages();
    assert_eq!(wire.len(), 5);
    assert!(
        matches!(&wire[4], WireMessage::Tool { content, error: Some(error), .. } if content == "denied" && error == content)
    );
}

#[test]
fn a_run_that_failed_or_was_stopped_leaves_no_calls() {
    for end in [Some(json!({"type":"RUN_ERROR","message":"x"})), None] {
        let mut timeline = Timeline::new();
        let call = json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"});
        let _ = play(&mut timeline, "r", &run_of(&[call]));
        assert!(timeline.pending_calls("r").is_empty(), "it still goes on");
        match end {
            Some(end) => drop(timeline.apply(&event(end), "r", 0)),
            None => drop(timeline.stop("r")),
        }
        assert!(timeline.pending_calls("r").is_empty());
    }
}

#[test]
fn results_are_read_back_from_the_messages_of_a_later_run() {
    let mut here = asked("r");
    let _ = here.settle_call("r", "c", "noon", false, 20);
    let _ = here.settle_call("r", "d", "denied", true, 30);
    let mut later = asked("r");
    assert_eq!(
        later.adopt_tool_results(&here.wire_messages()).rows.len(),
        2
    );
    assert_eq!(shown(&later), shown(&here));
    assert_eq!(
        later.adopt_tool_results(&here.wire_messages()),
        Change::none()
    );
}

#[test]
fn calls_of_two_runs_with_one_id_are_told_apart() {
    let mut timeline = asked("r");
    let _ = timeline.settle_call("r", "c", "one", false, 1);
    let again = run_of(&[
        json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"}),
        json!({"type":"RUN_FINISHED"}),
    ]);
    let _ = play(&mut timeline, "s", &again);
    let open = timeline.clone();
    let _ = timeline.settle_call("s", "c", "two", false, 2);
    let wire = timeline.wire_messages();
    let ids: Vec<_> = wire
        .iter()
        .filter_map(|message| match message {
            WireMessage::Tool { tool_call_id, .. } => Some(tool_call_id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(ids, ["c", "c-s"]);
    let mut later = open;
    let _ = later.adopt_tool_results(&wire);
    assert_eq!(shown(&later), shown(&timeline));
}

#[test]
fn a_result_in_the_next_run_belongs_to_the_call_of_the_last() {
    let mut timeline = asked("r");
    let result = json!({"type":"TOOL_CALL_RESULT","toolCallId":"d","content":"late"});
    let _ = timeline.apply(&event(result), "s", 0);
    assert_eq!(shown(&timeline)[2], "tool done page() = late");
}

#[test]
fn a_run_that_goes_on_with_a_turn_stays_above_the_next_question() {
    let mut timeline = asked("r");
    let _ = timeline.push_user("v", "next", None);
    timeline.follow_on("s", "r");
    let text = json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"noon"});
    let _ = timeline.apply(&event(text), "s", 0);
    let kinds: Vec<_> = timeline.rows().iter().map(|row| row.kind.role()).collect();
    assert_eq!(kinds, ["user", "tool", "tool", "assistant", "user"]);
}

#[test]
fn a_call_cut_in_mid_run_goes_on_with_the_next_event() {
    let mut timeline = Timeline::new();
    let call = json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"});
    let _ = play(&mut timeline, "r", &run_of(&[call]));
    let _ = timeline.interrupt("r");
    assert_eq!(shown(&timeline), ["tool partial clock() = ?"]);
    let _ = timeline.apply(&event(json!({"type":"RAW","event":1})), "r", 0);
    assert_eq!(shown(&timeline)[0], "tool streaming clock() = ?");
}
