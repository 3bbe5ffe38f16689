use super::*;
use crate::core::agui::event::parse;
use crate::core::agui::run::WireMessage;
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashSet;

pub(super) fn event(value: Value) -> Event {
    Event::from_value(value)
}

pub(super) fn run_of(events: &[Value]) -> Vec<Event> {
    events.iter().cloned().map(Event::from_value).collect()
}

pub(super) fn play(timeline: &mut Timeline, run: &str, events: &[Event]) -> Change {
    let mut change = Change::none();
    for event in events {
        change.merge(timeline.apply(event, run, 99));
    }
    change
}

/// What the rows say, whatever a view held before.
fn fail_user(timeline: &mut Timeline, id: &str) -> Change {
    timeline.set_row_state(&user_row_id(id), RowState::Failed)
}

fn content(timeline: &Timeline) -> Vec<Row> {
    let mut rows = timeline.rows().to_vec();
    rows.iter_mut().for_each(|row| row.rewrites = 0);
    rows
}

/// One line per row: role, state, what it shows.
pub(super) fn shown(timeline: &Timeline) -> Vec<String> {
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
    assert_eq!(
        timeline
            .settle_call("r", "c", "noon", false, None)
            .rows
            .len(),
        1
    );
    assert_eq!(shown(&timeline), ["tool done clock() = noon"]);
    assert!(timeline.pending_calls("r").is_empty());
    assert_eq!(
        timeline.settle_call("r", "c", "again", false, None),
        Change::none()
    );
    assert_eq!(
        timeline.settle_call("r", "lost", "x", false, None),
        Change::none()
    );
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
    assert_eq!(fail_user(&mut timeline, "u").rows.len(), 1);
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
        "STEP_STARTED",
        "STEP_FINISHED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "TEXT_MESSAGE_CHUNK",
        "REASONING_START",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END",
        "REASONING_MESSAGE_CHUNK",
        "REASONING_END",
        "REASONING_ENCRYPTED_VALUE",
        "THINKING_START",
        "THINKING_TEXT_MESSAGE_START",
        "THINKING_TEXT_MESSAGE_CONTENT",
        "THINKING_TEXT_MESSAGE_END",
        "THINKING_END",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_CHUNK",
        "TOOL_CALL_RESULT",
        "STATE_SNAPSHOT",
        "STATE_DELTA",
        "MESSAGES_SNAPSHOT",
        "ACTIVITY_SNAPSHOT",
        "ACTIVITY_DELTA",
        "RAW",
        "CUSTOM",
        "NEW",
    ]);
    let text = proptest::option::of("[xyé]{0,2}");
    let role = proptest::option::of("user|assistant");
    (kind, "[ab]", text, role, proptest::option::of(0..9_i64), any::<bool>()).prop_map(
        |(kind, id, text, role, at, flag)| {
            let patch = json!([{"op":"add","path":"/a/-","value":1},{"op":"add","path":"/rag/citations/-","value":"c"}]);
            let delta = if kind == "STATE_DELTA" { patch.clone() } else { json!(text) };
            let call = json!({"id":id,"type":"function","function":{"name":"f","arguments":"{}"}});
            let messages = json!([
                {"id":id,"role":"assistant","content":text,"toolCalls":[call]},
                {"id":"r","role":"tool","toolCallId":id,"content":"z"},
            ]);
            let with_id = flag || !kind.ends_with("CHUNK");
            event(json!({
                "type":kind,"messageId":with_id.then_some(&id),"toolCallId":with_id.then_some(&id),"toolCallName":"f","delta":delta,
                "role":role,"content":if kind.starts_with("ACTIVITY") { json!({"n":at}) } else { json!("z") },
                "snapshot":{"rag":{"citation_index":{"c":{"index":1}},"citations":["c"]}},"messages":messages,"stepName":id,
                "name":id,"value":at,"event":at,"replace":flag,"patch":patch,"activityType":"t","timestamp":at,
            }))
        },
    )
}

/// What holds of a timeline at any time.
fn assert_well_formed(timeline: &Timeline) -> Result<(), TestCaseError> {
    let mut ids = HashSet::new();
    for row in timeline.rows() {
        prop_assert!(ids.insert(&row.id), "{} is there twice", row.id);
        prop_assert_eq!(timeline.row(&row.id), Some(row));
    }
    let mut used = HashSet::new();
    let wire = timeline.wire_messages();
    for (nth, message) in wire.iter().enumerate() {
        prop_assert!(
            used.insert(message.id().to_owned()),
            "{} is sent twice",
            message.id()
        );
        let calls = match message {
            WireMessage::Assistant { tool_calls, .. } => &tool_calls[..],
            _ => &[],
        };
        for call in calls {
            let is_new = used.insert(format!("call {}", call.id));
            prop_assert!(is_new, "call {} is sent twice", call.id);
            let is_answered = matches!(&wire[nth + 1], WireMessage::Tool { tool_call_id, .. } if *tool_call_id == call.id);
            prop_assert!(is_answered, "{} has no result after it", call.id);
        }
    }
    Ok(())
}

/// Whether the rows of `before` that are still there stand in the same order; rows of sources move below the last answer.
fn keeps_order(before: &[RowId], timeline: &Timeline) -> bool {
    let known: HashSet<_> = before.iter().collect();
    let rows = timeline.rows().iter();
    let after = rows
        .map(|row| &row.id)
        .filter(|id| known.contains(id) && !id.0.starts_with("sources/"));
    let mut places = after.map(|id| before.iter().position(|old| old == id));
    let places: Vec<_> = places.by_ref().collect();
    places.is_sorted()
}

/// A view that follows only the changes, and copies only what is new of a text.
fn follow(
    view: &mut Vec<Row>,
    timeline: &Timeline,
    change: &Change,
    kept: &mut HashMap<RowId, Row>,
) {
    for id in &change.rows {
        if let Some(row) = timeline.row(id) {
            kept.entry(id.clone())
                .or_insert_with(|| row.clone())
                .catch_up(row);
        }
    }
    if change.order {
        *view = timeline
            .rows()
            .iter()
            .map(|row| kept[&row.id].clone())
            .collect();
    } else {
        for row in view.iter_mut() {
            row.clone_from(&kept[&row.id]);
        }
    }
}

proptest! {
    #[test]
    fn a_timeline_is_well_formed_and_its_changes_are_told_whatever_comes(
        steps in proptest::collection::vec((any_event(), "[rs]", 0..24_u8), 0..80),
    ) {
        let mut timeline = Timeline::new();
        // Rows stay here after they are taken out, as the signals of a thread do.
        let (mut view, mut kept) = (Vec::new(), HashMap::new());
        for (event, run, action) in steps {
            let before: Vec<_> = timeline.rows().iter().map(|row| row.id.clone()).collect();
            let change = match action {
                0 => timeline.restart_run(&run),
                1 => timeline.interrupt(&run),
                2 => timeline.push_user(&run, "hi", None),
                3 => timeline.remove(&run),
                4 => timeline.bind_user(&run, &run),
                5 => timeline.settle_call(&run, "a", "here", false, None),
                6 => fail_user(&mut timeline, &run),
                7 if event.timestamp() == Some(0) => timeline.stop(&run),
                8 => timeline.adopt_tool_results(&[WireMessage::tool_result("b", "later")]),
                _ => timeline.apply(&event, &run, 0),
            };
            follow(&mut view, &timeline, &change, &mut kept);
            prop_assert_eq!(&view[..], timeline.rows());
            prop_assert!(keeps_order(&before, &timeline));
            assert_well_formed(&timeline)?;
        }
        for run in ["r", "s"] {
            let end = event(json!({"type":"RUN_FINISHED"}));
            let _ = timeline.apply(&end, run, 0);
        }
        for row in timeline.rows() {
            prop_assert_ne!(row.state, RowState::Streaming, "{:?}", row);
        }
        assert_well_formed(&timeline)?;
    }

    #[test]
    fn no_json_makes_a_reader_or_a_reducer_panic(
        kinds in proptest::collection::vec((any_event(), any_json(), any_json(), "[a-zA-Z]{1,12}"), 0..12),
    ) {
        let mut timeline = Timeline::new();
        for (known, value, other, field) in kinds {
            // An event as it is, one with a field that holds anything, and anything.
            let mut odd = json!({"type":name_of(&known),"messageId":"a","toolCallId":"a","toolCallName":"f"});
            for name in ["delta", "content", "snapshot", "patch", "messages", "timestamp", field.as_str()] {
                odd[name] = value.clone();
            }
            let text = serde_json::to_string(&json!([odd, value, other])).unwrap();
            let cut = text.len() / 2;
            for event in parse(&text).into_iter().chain([known]).chain(parse(text.get(..cut).unwrap_or_default())) {
                let _ = timeline.apply(&event, "r", 0);
            }
            assert_well_formed(&timeline)?;
        }
    }
}

/// The type of an event, as it is sent.
fn name_of(event: &Event) -> &'static str {
    match event {
        Event::StateSnapshot { .. } => "STATE_SNAPSHOT",
        Event::StateDelta { .. } => "STATE_DELTA",
        Event::MessagesSnapshot { .. } => "MESSAGES_SNAPSHOT",
        Event::ActivitySnapshot { .. } => "ACTIVITY_SNAPSHOT",
        Event::ActivityDelta { .. } => "ACTIVITY_DELTA",
        Event::TextContent { .. } => "TEXT_MESSAGE_CONTENT",
        Event::ToolCallResult { .. } => "TOOL_CALL_RESULT",
        _ => "CUSTOM",
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(
                "[a-z/~]{0,3}|op|path|citations|citation_index|rag",
                inner,
                0..4
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn a_conversation_loaded_anew_tells_a_view_which_texts_are_not_the_old_ones_grown() {
    let text = |id: &str, delta: &str| {
        event(json!({"type":"TEXT_MESSAGE_CONTENT","messageId":id,"delta":delta}))
    };
    let mut old = Timeline::new();
    let _ = play(
        &mut old,
        "r",
        &[text("same", "ab"), text("other", "ab"), text("gone", "ab")],
    );
    let mut new = Timeline::new();
    let _ = play(&mut new, "r", &[text("same", "abc"), text("other", "xyz")]);
    new.replaces(&old);
    let mut view = old.rows().to_vec();
    let _ = new.apply(&text("gone", "cd"), "r", 0);
    for (copy, row) in view.iter_mut().zip(new.rows()) {
        copy.catch_up(row);
    }
    assert_eq!(&view[..], new.rows());
    let rewrites: Vec<_> = new.rows().iter().map(|row| row.rewrites).collect();
    assert_eq!(rewrites, [0, 1, 1]);
}

#[test]
fn a_text_that_comes_again_and_ends_earlier_is_shortened() {
    let mut timeline = Timeline::new();
    let part = |kind: &str, delta: &str| json!({"type":kind,"messageId":"m","delta":delta});
    let start = || json!({"type":"TEXT_MESSAGE_START","messageId":"m"});
    let mut events = vec![start(), part("TEXT_MESSAGE_CONTENT", "Hello, and more")];
    events.extend([start(), part("TEXT_MESSAGE_CONTENT", "Hello")]);
    let _ = play(&mut timeline, "r", &run_of(&events));
    let before = timeline.rows()[0].rewrites;
    assert_eq!(shown(&timeline), ["assistant streaming Hello, and more"]);
    let _ = play(
        &mut timeline,
        "r",
        &run_of(&[json!({"type":"TEXT_MESSAGE_END","messageId":"m"})]),
    );
    assert_eq!(shown(&timeline), ["assistant done Hello"]);
    assert_ne!(
        timeline.rows()[0].rewrites,
        before,
        "it did anything but grow"
    );
}

#[test]
fn a_beginning_that_comes_twice_takes_nothing_away() {
    let mut timeline = Timeline::new();
    let start = || json!({"type":"TEXT_MESSAGE_START","messageId":"m"});
    let events = [
        start(),
        json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hello"}),
        start(),
        json!({"type":"TEXT_MESSAGE_END","messageId":"m"}),
    ];
    let _ = play(&mut timeline, "r", &run_of(&events));
    assert_eq!(shown(&timeline), ["assistant done Hello"]);
}
