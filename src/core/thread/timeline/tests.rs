use super::*;
use crate::core::agui::event::parse;
use crate::core::agui::run::WireMessage;
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashSet;

fn event(value: Value) -> Event {
    Event::from_value(value)
}

fn run_of(events: &[Value]) -> Vec<Event> {
    events.iter().cloned().map(Event::from_value).collect()
}

fn play(timeline: &mut Timeline, run: &str, events: &[Event]) -> Change {
    let mut change = Change::none();
    for event in events {
        change.merge(timeline.apply(event, run, 99));
    }
    change
}

/// What the rows say, whatever a view held before.
fn content(timeline: &Timeline) -> Vec<Row> {
    let mut rows = timeline.rows().to_vec();
    rows.iter_mut().for_each(|row| row.rewrites = 0);
    rows
}

/// One line per row: role, state, what it shows.
fn shown(timeline: &Timeline) -> Vec<String> {
    let line = |row: &Row| {
        let text = match &row.kind {
            RowKind::User { text }
            | RowKind::Assistant { text }
            | RowKind::Reasoning { text }
            | RowKind::Error { text } => text.clone(),
            RowKind::ToolCall { name, args, result } => {
                format!("{name}({args}) = {}", result.as_deref().unwrap_or("?"))
            }
            RowKind::Unprocessed { kind, .. } => kind.clone(),
            RowKind::Event { name, payload } => format!("{name} {payload}"),
            RowKind::Activity { activity, content } => format!("{activity} {content}"),
            other => format!("{other:?}"),
        };
        format!("{} {} {text}", row.kind.role(), row.state.as_str())
    };
    timeline.rows().iter().map(line).collect()
}

fn full_run() -> Vec<Event> {
    run_of(&[
        json!({"type":"RUN_STARTED","timestamp":10,"threadId":"t","runId":"r"}),
        json!({"type":"REASONING_START","messageId":"th"}),
        json!({"type":"REASONING_MESSAGE_START","messageId":"th","role":"reasoning"}),
        json!({"type":"REASONING_MESSAGE_CONTENT","messageId":"th","delta":"hm"}),
        json!({"type":"REASONING_MESSAGE_CONTENT","messageId":"th","delta":"m"}),
        json!({"type":"REASONING_MESSAGE_END","messageId":"th"}),
        json!({"type":"REASONING_END","messageId":"th"}),
        json!({"type":"THINKING_START"}),
        json!({"type":"THINKING_TEXT_MESSAGE_START"}),
        json!({"type":"THINKING_TEXT_MESSAGE_CONTENT","delta":"old"}),
        json!({"type":"THINKING_TEXT_MESSAGE_END"}),
        json!({"type":"THINKING_END"}),
        json!({"type":"TEXT_MESSAGE_START","messageId":"p","role":"assistant"}),
        json!({"type":"TEXT_MESSAGE_END","messageId":"p"}),
        json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"search","parentMessageId":"p"}),
        json!({"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"{\"q\":"}),
        json!({"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"1}"}),
        json!({"type":"TOOL_CALL_END","toolCallId":"c"}),
        json!({"type":"TOOL_CALL_RESULT","messageId":"x","toolCallId":"c","content":"found"}),
        json!({"type":"STATE_DELTA","delta":[{"op":"add","path":"/list/-","value":1}]}),
        json!({"type":"BRAND_NEW","a":1}),
        json!({"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant","timestamp":20}),
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Gr"}),
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"öße","timestamp":25}),
        json!({"type":"TEXT_MESSAGE_END","messageId":"m"}),
        json!({"type":"CUSTOM","name":"n","value":1}),
        json!({"type":"STEP_STARTED","stepName":"s"}),
        json!({"type":"RAW","event":{}}),
        json!({"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"t","content":{}}),
        json!({"type":"TEXT_MESSAGE_CHUNK","messageId":"k","delta":"chu"}),
        json!({"type":"TEXT_MESSAGE_CHUNK","delta":"nk"}),
        json!({"type":"RUN_FINISHED","threadId":"t","runId":"r"}),
    ])
}

const FULL: [&str; 10] = [
    "reasoning done hmm",
    "reasoning done old",
    "tool done search({\"q\":1}) = found",
    "notice done BRAND_NEW",
    "assistant done Größe",
    "event done n 1",
    "event done s ",
    "event done RAW {}",
    "activity done t {}",
    "assistant done chunk",
];

#[test]
fn a_run_becomes_rows_in_the_order_of_its_events() {
    let mut timeline = Timeline::new();
    let _ = play(&mut timeline, "r", &full_run());
    assert_eq!(shown(&timeline), FULL);
    assert!(timeline.is_finished("r"));
    assert_eq!(timeline.rows()[0].at, Some(10));
    assert_eq!(timeline.rows()[4].message_id, "m");
    assert_eq!(timeline.state(), &json!({"list":[1]}));
}

#[test]
fn a_replay_from_any_point_to_any_point_changes_nothing() {
    let events = full_run();
    let mut once = Timeline::new();
    let _ = play(&mut once, "r", &events);
    for cut in 0..=events.len() {
        let mut timeline = Timeline::new();
        let _ = play(&mut timeline, "r", &events[..cut]);
        let _ = timeline.interrupt("r");
        let _ = play(&mut timeline, "r", &events);
        assert_eq!(timeline.rows(), once.rows(), "cut at {cut}");
        assert_eq!(timeline.state(), once.state(), "cut at {cut}");
        assert_eq!(play(&mut timeline, "r", &events), Change::none());
    }
}

#[test]
fn a_replay_in_other_pieces_gives_the_same_text() {
    let text =
        |delta: &str| event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":delta}));
    let start = event(json!({"type":"TEXT_MESSAGE_START","messageId":"m"}));
    let mut timeline = Timeline::new();
    let _ = play(
        &mut timeline,
        "r",
        &[start.clone(), text("ab"), text("cd"), start.clone()],
    );
    assert_eq!(timeline.apply(&text("a"), "r", 0), Change::none());
    assert_eq!(timeline.apply(&text("bcdé"), "r", 0).rows.len(), 1);
    assert_eq!(shown(&timeline), ["assistant streaming abcdé"]);
    assert_eq!(timeline.rows()[0].rewrites, 0, "it has only grown");
    let _ = play(&mut timeline, "r", &[start, text("ab"), text("XY")]);
    assert_eq!(shown(&timeline), ["assistant streaming abXY"]);
    assert_eq!(timeline.rows()[0].rewrites, 1);
}

#[test]
fn a_restarted_run_is_rebuilt_in_its_place() {
    let mut timeline = Timeline::new();
    let _ = timeline.push_user("u1", "one", 1);
    let _ = timeline.bind_user("u1", "r");
    let _ = play(&mut timeline, "r", &full_run());
    let _ = timeline.push_user("u2", "two", 2);
    let before = content(&timeline);
    assert!(timeline.restart_run("r").order);
    assert_eq!(shown(&timeline), ["user done one", "user sending two"]);
    let _ = timeline.restart_run("r");
    let _ = play(&mut timeline, "r", &full_run());
    assert_eq!(content(&timeline), before);
    assert_eq!(timeline.state(), &json!({"list":[1]}));
    for row in timeline.rows() {
        assert_eq!(timeline.row(&row.id), Some(row));
    }
}

#[test]
fn a_restarted_run_without_a_question_keeps_its_place_too() {
    let mut timeline = Timeline::new();
    let _ = play(&mut timeline, "a", &full_run());
    let _ = play(&mut timeline, "b", &full_run());
    let before = content(&timeline);
    let _ = timeline.restart_run("a");
    let _ = play(&mut timeline, "a", &full_run());
    assert_eq!(content(&timeline), before);
}

#[test]
fn older_runs_go_above_without_renaming_what_is_there() {
    let mut older = Timeline::new();
    let _ = older.push_user("u1", "one", 1);
    let _ = older.bind_user("u1", "a");
    let _ = play(&mut older, "a", &full_run());
    let mut newer = Timeline::new();
    let _ = newer.push_user("u2", "two", 2);
    let _ = newer.bind_user("u2", "b");
    let _ = play(&mut newer, "b", &full_run());
    newer.set_state(json!({"newest":1}));
    let (above, below) = (older.rows().to_vec(), newer.rows().to_vec());
    let change = newer.prepend(older.clone());
    assert!(change.order && change.rows.len() == above.len());
    assert_eq!(newer.rows(), [above, below].concat());
    assert_eq!(newer.state(), &json!({"newest":1}));
    for row in newer.rows() {
        assert_eq!(newer.row(&row.id), Some(row));
    }
    assert_eq!(newer.prepend(older), Change::none(), "twice is once");
    let text = event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"n","delta":"x"}));
    let _ = newer.apply(&text, "c", 0);
    assert_eq!(shown(&newer).last().unwrap(), "assistant streaming x");
}

#[test]
fn a_call_that_was_carried_out_here_is_completed_once() {
    let mut timeline = Timeline::new();
    let call = json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"});
    let _ = play(
        &mut timeline,
        "r",
        &run_of(&[call, json!({"type":"RUN_FINISHED"})]),
    );
    let call = ("c".to_owned(), "clock".to_owned(), String::new());
    assert_eq!(timeline.pending_calls("r"), [call]);
    assert!(timeline.pending_calls("other").is_empty());
    assert_eq!(timeline.complete_call("r", "c", "noon").rows.len(), 1);
    assert_eq!(shown(&timeline), ["tool done clock() = noon"]);
    assert!(timeline.pending_calls("r").is_empty());
    assert_eq!(timeline.complete_call("r", "c", "again"), Change::none());
    assert_eq!(timeline.complete_call("r", "lost", "x"), Change::none());
}

#[test]
fn the_answer_stays_below_its_question_when_more_is_written_meanwhile() {
    let mut timeline = Timeline::new();
    let text = |run: &str, delta: &str| {
        event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":run,"delta":delta}))
    };
    for (id, run) in [("u1", "r1"), ("u2", "r2")] {
        let _ = timeline.push_user(id, id, None);
        let _ = timeline.bind_user(id, run);
    }
    let _ = timeline.apply(&text("r2", "late"), "r2", 0);
    let _ = timeline.apply(&text("r1", "early"), "r1", 0);
    assert_eq!(
        shown(&timeline),
        [
            "user sending u1",
            "assistant streaming early",
            "user sending u2",
            "assistant streaming late"
        ]
    );
}

#[test]
fn an_empty_message_makes_no_row_but_may_be_filled_later() {
    let mut timeline = Timeline::new();
    let pair = run_of(&[
        json!({"type":"TEXT_MESSAGE_START","messageId":"m"}),
        json!({"type":"TEXT_MESSAGE_END","messageId":"m"}),
    ]);
    assert_eq!(play(&mut timeline, "r", &pair), Change::none());
    assert_eq!(
        timeline.apply(
            &event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":""})),
            "r",
            0
        ),
        Change::none()
    );
    let _ = timeline.apply(&pair[0], "r", 0);
    let _ = timeline.apply(
        &event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"})),
        "r",
        0,
    );
    assert_eq!(shown(&timeline), ["assistant streaming x"]);
}

#[test]
fn a_delta_names_only_the_row_it_changes() {
    let mut timeline = Timeline::new();
    let text =
        |delta: &str| event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":delta}));
    let first = timeline.apply(&text("a"), "r", 7);
    let id = timeline.rows()[0].id.clone();
    assert_eq!(
        first,
        Change {
            order: true,
            rows: vec![id.clone()]
        }
    );
    assert_eq!(
        timeline.apply(&text("b"), "r", 8),
        Change {
            order: false,
            rows: vec![id]
        }
    );
    assert_eq!(timeline.rows()[0].at, Some(7));
}

#[test]
fn an_error_keeps_the_partial_text_and_is_shown_once() {
    let mut timeline = Timeline::new();
    let events = run_of(&[
        json!({"type":"RUN_STARTED"}),
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"half"}),
        json!({"type":"RUN_ERROR","message":"boom","code":"x"}),
        json!({"type":"RUN_ERROR","message":"again"}),
        json!({"type":"RUN_FINISHED"}),
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"late"}),
        json!({"type":"STATE_SNAPSHOT","snapshot":{"after":1}}),
    ]);
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(
        shown(&timeline),
        ["assistant partial half", "error done boom"]
    );
    assert_eq!(timeline.state(), &json!({"after":1}));
    let mut bare = Timeline::new();
    let _ = bare.apply(&event(json!({"type":"RUN_ERROR","code":"quota"})), "r", 0);
    assert_eq!(shown(&bare), ["error done quota"]);
}

#[test]
fn a_run_that_ends_in_mid_message_commits_it() {
    let mut timeline = Timeline::new();
    let events = run_of(&[
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}),
        json!({"type":"RUN_FINISHED"}),
    ]);
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(shown(&timeline), ["assistant done x"]);
}

#[test]
fn a_run_without_an_answer_says_so_unless_a_tool_call_is_left_to_do() {
    let mut timeline = Timeline::new();
    let thought = json!({"type":"REASONING_MESSAGE_CONTENT","messageId":"t","delta":"x"});
    let _ = play(
        &mut timeline,
        "r",
        &run_of(&[thought.clone(), json!({"type":"RUN_FINISHED"})]),
    );
    assert_eq!(
        shown(&timeline),
        ["reasoning done x", "notice done NoResponse"]
    );

    let mut pending = Timeline::new();
    let call = json!({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"ask"});
    let _ = play(
        &mut pending,
        "r",
        &run_of(&[thought, call, json!({"type":"RUN_FINISHED"})]),
    );
    assert_eq!(
        shown(&pending),
        ["reasoning done x", "tool partial ask() = ?"]
    );
    assert!(pending.wire_messages().is_empty());
    let _ = pending.apply(
        &event(json!({"type":"TOOL_CALL_RESULT","toolCallId":"c","content":"42"})),
        "r",
        0,
    );
    assert_eq!(shown(&pending)[1], "tool done ask() = 42");
}

#[test]
fn stop_keeps_what_came_and_ignores_what_comes_late() {
    let mut timeline = Timeline::new();
    let text = event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}));
    let _ = timeline.apply(&text, "r", 0);
    let _ = timeline.apply(&text, "other", 0);
    assert_eq!(timeline.stop("r").rows.len(), 1);
    assert_eq!(timeline.apply(&text, "r", 0), Change::none());
    assert_eq!(timeline.stop("never seen"), Change::none());
    assert_eq!(timeline.apply(&text, "never seen", 0), Change::none());
    assert_eq!(
        shown(&timeline),
        ["assistant partial x", "assistant streaming x"]
    );
    let _ = timeline.restart_run("r");
    let _ = timeline.apply(&text, "r", 0);
    assert!(shown(&timeline).contains(&"assistant streaming x".to_owned()));
}

#[test]
fn an_interrupted_run_goes_on_when_it_is_resumed() {
    let mut timeline = Timeline::new();
    let text =
        |delta: &str| event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":delta}));
    let _ = timeline.apply(&text("a"), "r", 0);
    let _ = timeline.interrupt("r");
    assert_eq!(shown(&timeline), ["assistant partial a"]);
    let _ = timeline.apply(&text("b"), "r", 0);
    assert_eq!(shown(&timeline), ["assistant streaming ab"]);
    let _ = timeline.interrupt("r");
    let _ = timeline.apply(&event(json!({"type":"RUN_FINISHED"})), "r", 0);
    assert_eq!(shown(&timeline), ["assistant done ab"]);
}

#[test]
fn a_message_of_the_person_goes_from_sending_to_done_or_failed_and_can_be_sent_again() {
    let mut timeline = Timeline::new();
    assert!(timeline.push_user("u", "hi", None).order);
    assert_eq!(timeline.push_user("u", "hi", None), Change::none());
    assert_eq!(timeline.fail_user("u").rows.len(), 1);
    assert!(timeline.wire_messages().is_empty());
    let again = timeline.push_user("u", "hi there", None);
    assert!(!again.order && again.rows.len() == 1);
    let _ = timeline.bind_user("u", "r");
    let _ = timeline.apply(&event(json!({"type":"RUN_STARTED","timestamp":5})), "r", 0);
    assert_eq!(shown(&timeline), ["user done hi there"]);
    assert_eq!(timeline.rows()[0].at, Some(5));
    assert_eq!(timeline.accept_user("u"), Change::none());
    assert_eq!(timeline.accept_user("nobody"), Change::none());
    assert!(timeline.remove("u").order);
    assert!(timeline.rows().is_empty() && timeline.row(&user_row_id("u")).is_none());
}

#[test]
fn a_message_of_the_person_that_is_echoed_is_not_doubled() {
    let mut timeline = Timeline::new();
    let _ = timeline.push_user("u", "hi", None);
    let echo = run_of(&[
        json!({"type":"TEXT_MESSAGE_START","messageId":"u","role":"user"}),
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"u","delta":"hi"}),
        json!({"type":"TEXT_MESSAGE_END","messageId":"u"}),
        json!({"type":"TEXT_MESSAGE_START","messageId":"v","role":"user"}),
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"v","delta":"new"}),
        json!({"type":"TEXT_MESSAGE_END","messageId":"v"}),
    ]);
    let _ = play(&mut timeline, "r", &echo);
    assert_eq!(shown(&timeline), ["user sending hi", "user done new"]);
}

#[test]
fn ids_used_by_two_runs_stay_apart() {
    let mut timeline = Timeline::new();
    let text = event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}));
    for run in ["a", "b", "a/b"] {
        let _ = timeline.apply(&text, run, 0);
    }
    let slash = event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"b/m","delta":"y"}));
    let _ = timeline.apply(&slash, "a", 0);
    let ids: HashSet<_> = timeline.rows().iter().map(|row| row.id.clone()).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(
        shown(&timeline)
            .iter()
            .filter(|line| line.ends_with(" y"))
            .count(),
        1
    );
}

#[test]
fn what_is_not_understood_becomes_a_quiet_row() {
    let mut timeline = Timeline::new();
    for bad in parse(
        r#"[{"type":"NEW"}, 7, {"type":"TOOL_CALL_RESULT","toolCallId":"lost","content":"x"}, {"type":"STATE_SNAPSHOT","snapshot":7}]"#,
    ) {
        let _ = timeline.apply(&bad, "r", 0);
    }
    assert_eq!(
        shown(&timeline),
        [
            "notice done NEW",
            "notice done not an object",
            "notice done TOOL_CALL_RESULT",
            "notice done STATE_SNAPSHOT"
        ]
    );
    assert_eq!(timeline.state(), &json!({}));
}

#[test]
fn tool_chunks_make_one_call() {
    let mut timeline = Timeline::new();
    let _ = play(
        &mut timeline,
        "r",
        &run_of(&[
            json!({"type":"TOOL_CALL_CHUNK","toolCallId":"c","toolCallName":"f","delta":"{"}),
            json!({"type":"TOOL_CALL_CHUNK","toolCallId":"c","toolCallName":"f","delta":"}"}),
            json!({"type":"TOOL_CALL_CHUNK","toolCallId":"d","toolCallName":"g"}),
            json!({"type":"TOOL_CALL_CHUNK","delta":"[]"}),
            json!({"type":"TOOL_CALL_RESULT","toolCallId":"c","content":"ok"}),
        ]),
    );
    assert_eq!(
        shown(&timeline),
        ["tool done f({}) = ok", "tool streaming g([]) = ?"]
    );
}

#[test]
fn the_conversation_is_sent_again_without_what_is_only_for_eyes() {
    let mut timeline = Timeline::new();
    let _ = timeline.push_user("u", "hi", None);
    let _ = play(&mut timeline, "r", &full_run());
    let _ = timeline.push_error("r", "lost", None);
    let _ = timeline.push_gap("g", None);
    let _ = timeline.apply(
        &event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"half"})),
        "s",
        0,
    );
    let _ = timeline.interrupt("s");
    assert_eq!(
        timeline.wire_messages(),
        [
            WireMessage::user("u", "hi"),
            WireMessage::tool_call("tool_call_c", "c", "search", "{\"q\":1}"),
            WireMessage::tool_result("c", "found"),
            WireMessage::assistant("m", "Größe"),
            WireMessage::assistant("k", "chunk"),
            WireMessage::assistant("m-s", "half"),
        ]
    );
}

fn any_event() -> impl Strategy<Value = Event> {
    let kind = proptest::sample::select(vec![
        "RUN_STARTED",
        "RUN_FINISHED",
        "RUN_ERROR",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "TEXT_MESSAGE_CHUNK",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END",
        "REASONING_MESSAGE_CHUNK",
        "REASONING_END",
        "THINKING_TEXT_MESSAGE_START",
        "THINKING_TEXT_MESSAGE_CONTENT",
        "THINKING_END",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_CHUNK",
        "TOOL_CALL_RESULT",
        "STATE_SNAPSHOT",
        "STATE_DELTA",
        "NEW",
    ]);
    (kind, "[ab]", proptest::option::of("[xyé]{0,2}"), proptest::option::of("user|assistant")).prop_map(|(kind, id, delta, role)| {
        let delta = if kind == "STATE_DELTA" { json!([{"op":"add","path":"/a/-","value":1}]) } else { json!(delta) };
        event(json!({"type":kind,"messageId":id,"toolCallId":id,"toolCallName":"f","delta":delta,"role":role,"content":"z","snapshot":{}}))
    })
}

proptest! {
    #[test]
    fn rows_and_index_agree_whatever_comes(
        steps in proptest::collection::vec((any_event(), "[rs]", 0..12_u8), 0..60),
    ) {
        let mut timeline = Timeline::new();
        let mut copy: Vec<Row> = Vec::new();
        for (event, run, action) in steps {
            let change = match action {
                0 => timeline.restart_run(&run),
                1 => timeline.interrupt(&run),
                2 => timeline.push_user(&run, "hi", None),
                3 => timeline.remove(&run),
                4 => timeline.bind_user(&run, &run),
                _ => timeline.apply(&event, &run, 0),
            };
            // A view that follows only the changes must end up with the rows.
            let rows = timeline.rows();
            if change.order {
                copy = rows.iter().map(|row| copy.iter().find(|old| old.id == row.id).unwrap_or(row).clone()).collect();
            }
            for id in &change.rows {
                let row = timeline.row(id).unwrap();
                *copy.iter_mut().find(|old| old.id == *id).unwrap() = row.clone();
            }
            prop_assert_eq!(&copy[..], rows);
            for row in rows {
                prop_assert_eq!(timeline.row(&row.id), Some(row));
            }
            let _ = timeline.wire_messages();
        }
    }
}
