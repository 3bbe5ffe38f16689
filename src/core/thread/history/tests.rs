use super::*;
use crate::core::agui::run::WireMessage;
use crate::core::thread::message::{RowKind, RowState};
use serde_json::json;

fn user(id: &str, text: &str) -> Value {
    json!({"messages":[{"id":id,"role":"user","content":text}],"state":{"rag":{"citations":[]}}})
}

fn answer(run: &str, text: &str) -> Value {
    json!([
        {"type":"RUN_STARTED","timestamp":1000,"rawEvent":null,"threadId":"t","runId":run},
        {"type":"TEXT_MESSAGE_START","timestamp":null,"messageId":"m","role":"assistant","name":null},
        {"type":"TEXT_MESSAGE_CONTENT","timestamp":null,"messageId":"m","delta":text},
        {"type":"TEXT_MESSAGE_END","timestamp":2000,"messageId":"m"},
        {"type":"STATE_SNAPSHOT","timestamp":null,"snapshot":{"rag":{"citations":[run]}}},
        {"type":"RUN_FINISHED","timestamp":3000,"threadId":"t","runId":run},
    ])
}

fn two_runs() -> (Vec<RunSummary>, HashMap<String, Stored>) {
    let thread = json!({"runs":{
        "a":{"run_id":"a","created":"2026-11-20T15:54:57","finished":"2026-11-20T15:54:58","run_input":user("user-1","first"),"events":null},
        "b":{"run_id":"b","created":"2026-11-20T15:55:57Z","finished":"x","run_input":user("user-2","second"),"events":null},
    }});
    let records = HashMap::from([
        ("a".to_owned(), stored(json!({"events":answer("a", "one")}))),
        ("b".to_owned(), stored(json!({"events":answer("b", "two")}))),
    ]);
    (runs(&thread), records)
}

fn runs(thread: &Value) -> Vec<RunSummary> {
    super::runs(&thread.to_string()).unwrap()
}

fn stored(answer: Value) -> Stored {
    Stored::Run(StoredRun::new(answer))
}

fn texts(timeline: &Timeline) -> Vec<String> {
    timeline
        .rows()
        .iter()
        .map(|row| match &row.kind {
            RowKind::User { text } | RowKind::Assistant { text } => {
                format!("{}: {text}", row.kind.role())
            }
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_thread_is_rebuilt_with_its_messages_in_order() {
    let (runs, records) = two_runs();
    let history = rebuild(&runs, records);
    assert_eq!(
        texts(&history.timeline),
        [
            "user: first",
            "assistant: one",
            "user: second",
            "assistant: two"
        ]
    );
    assert!(
        history
            .timeline
            .rows()
            .iter()
            .all(|row| row.state == RowState::Done)
    );
    assert_eq!(history.timeline.rows()[0].at, Some(1000));
    assert_eq!(history.timeline.rows()[1].at, Some(1000));
    assert_eq!(history.timeline.rows()[2].run.as_deref(), Some("b"));
    assert_eq!(
        history.timeline.state(),
        &json!({"rag":{"citations":["b"]}})
    );
    assert!(history.unfinished.is_empty());
}

#[test]
fn a_message_id_used_in_two_runs_gives_two_rows_and_two_wire_ids() {
    let (runs, records) = two_runs();
    let history = rebuild(&runs, records);
    let ids: Vec<_> = history
        .timeline
        .wire_messages()
        .iter()
        .map(|message| message.id().to_owned())
        .collect();
    assert_eq!(ids, ["user-1", "m", "user-2", "m-b"]);
}

#[test]
fn a_run_that_could_not_be_loaded_leaves_a_gap_below_its_question() {
    let (runs, mut records) = two_runs();
    records.insert("a".into(), Stored::Failed);
    let history = rebuild(&runs, records);
    assert_eq!(
        texts(&history.timeline),
        ["user: first", "Gap", "user: second", "assistant: two"]
    );
}

#[test]
fn a_loaded_run_takes_the_place_of_its_gap() {
    let (runs, mut records) = two_runs();
    records.insert("a".into(), Stored::Failed);
    let mut timeline = rebuild(&runs, records).timeline;
    assert!(timeline.restart_run("a").order);
    for event in answer("a", "one").as_array().unwrap() {
        let _ = timeline.apply(&Event::from_value(event.clone()), "a", 0);
    }
    assert_eq!(
        texts(&timeline),
        [
            "user: first",
            "assistant: one",
            "user: second",
            "assistant: two"
        ]
    );
}

#[test]
fn a_run_still_going_on_is_listed_and_one_never_started_is_not() {
    let thread = json!({"runs":{
        "going":{"created":"2026-11-20T15:54:57Z","finished":null,"run_input":user("u","hi")},
        "empty":{"created":"2026-11-20T15:54:58Z","finished":null,"run_input":{"messages":[],"state":{}}},
        "bare":{"created":"2026-11-20T15:54:59Z","finished":null,"run_input":null},
    }});
    let history = rebuild(&runs(&thread), HashMap::new());
    assert_eq!(history.unfinished, ["going"]);
    assert_eq!(texts(&history.timeline), ["user: hi"]);
}

#[test]
fn a_run_that_ended_after_the_list_was_made_is_not_unfinished() {
    let thread = json!({"runs":{"a":{"created":"2026-11-20T15:54:57Z","finished":null,"run_input":user("u","hi")}}});
    let records = HashMap::from([(
        "a".to_owned(),
        stored(json!({"finished":"2026-11-20T15:55:57Z","events":answer("a", "one")})),
    )]);
    assert!(rebuild(&runs(&thread), records).unfinished.is_empty());
}

#[test]
fn a_run_that_goes_on_after_client_tools_does_not_double_the_question() {
    let thread = json!({"runs":[
        {"run_id":"a","created":"2026-11-20T15:54:57Z","finished":"x","run_input":user("u","hi")},
        {"run_id":"b","created":"2026-11-20T15:54:58Z","finished":"x","run_input":user("u","hi")},
        {"run_id":"c","created":"2026-11-20T15:54:59Z","finished":"x","run_input":user("u","other")},
    ]});
    let history = rebuild(&runs(&thread), HashMap::new());
    assert_eq!(texts(&history.timeline), ["user: hi", "user: other"]);
}

#[test]
fn images_keep_their_place_in_the_text_and_are_sent_again_unchanged() {
    let parts = json!([
        {"type":"text","text":"Image 1:"},
        {"type":"image","source":{"type":"data","value":"AA","mimeType":"image/png"},"metadata":{"soliplex_image_number":1}},
        {"type":"text","text":"Image 2: is my own text"},
        {"type":"audio"},
    ]);
    let thread =
        json!({"runs":[{"run_id":"a","run_input":{"messages":[{"id":" ","content":parts}]}}]});
    let history = rebuild(&runs(&thread), HashMap::new());
    assert_eq!(
        texts(&history.timeline),
        ["user: [Image 1]\nImage 2: is my own text\n[audio]"]
    );
    assert_eq!(
        history.timeline.wire_messages(),
        [WireMessage::User {
            id: "user-a".into(),
            content: UserContent::Parts(parts.as_array().unwrap().clone())
        }]
    );
}

#[test]
fn malformed_entries_are_skipped_one_by_one() {
    let list = json!({"threads":[
        7, null, {"thread_id":null}, {"thread_id":" "},
        {"thread_id":"t1","created":"2026-11-20T15:54:53.665531","metadata":{"name":" Dams "},"last_activity":"2026-11-20T15:54:57.144585Z"},
        {"thread_id":"t2","created":5,"metadata":{"name":"  "},"last_activity":null},
        {"thread_id":"t3","metadata":null},
    ]});
    let threads = threads(&list);
    assert_eq!(threads.len(), 3);
    assert_eq!(
        threads[0],
        ThreadSummary {
            id: ThreadId::from("t1"),
            name: Some("Dams".into()),
            created: Some(1_795_190_093_665),
            last_activity: Some(1_795_190_097_144)
        }
    );
    assert_eq!((&threads[1].name, threads[1].created), (&None, None));
    for odd in [
        json!(null),
        json!([[{}], 7]),
        json!({"runs":{"a":[{"x":[]}],"b":"x","c":true}}),
        json!({"runs":null}),
        json!({"runs":7}),
        json!({"runs":[1,"x",{"run_id":""},[]]}),
        json!({"runs":{"a":5}}),
    ] {
        assert!(runs(&odd).is_empty(), "{odd}");
    }
    let odd = json!({"runs":{
        "a":{"created":{},"finished":[1],"run_input":{"messages":[7,{"role":"user","content":3},{"role":{},"content":"x"}]}},
        "b":{"run_input":{"messages":{"a":1}}}, "c":{"run_input":[1]}, "d":{"run_input":{"state":1}},
    }});
    let odd = runs(&odd);
    assert_eq!(odd.len(), 4);
    assert!(odd[0].finished.is_some() && odd.iter().all(|run| run.user.is_none()));
    assert!(super::runs("{\"runs\":").is_err() && super::runs("{} x").is_err());
}

#[test]
fn runs_are_sorted_by_time_with_the_undated_last() {
    let thread = json!({"runs":{
        "a":{"created":null}, "b":{"created":"2026-11-20T15:54:59Z"}, "c":{"created":"2026-11-20T15:54:57Z"},
    }});
    let ids: Vec<_> = runs(&thread).into_iter().map(|run| run.id).collect();
    assert_eq!(ids, ["c", "b", "a"]);
}

#[test]
fn the_state_is_that_of_the_newest_run_as_it_ended_or_else_as_it_began() {
    let (runs, mut records) = two_runs();
    let began = json!({"rag":{"began":true}});
    records.insert(
        "b".into(),
        stored(json!({"run_input":{"state":began},"events":[]})),
    );
    assert_eq!(rebuild(&runs, records).timeline.state(), &began);
}

#[test]
fn results_of_calls_carried_out_here_come_from_the_run_that_went_on() {
    let call = json!([{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"clock"}, {"type":"RUN_FINISHED"}]);
    let mut input = user("u", "hi");
    let more = [
        json!({"role":"assistant","id":"x","toolCalls":[]}),
        json!({"role":"tool","toolCallId":"c","content":"noon"}),
    ];
    input["messages"].as_array_mut().unwrap().extend(more);
    let thread = json!({"runs":{
        "a":{"created":"2026-11-20T15:54:57Z","finished":"x","run_input":user("u","hi")},
        "b":{"created":"2026-11-20T15:54:58Z","finished":"x","run_input":input},
    }});
    let runs = runs(&thread);
    assert!(!runs[0].continues() && runs[1].continues());
    let records = HashMap::from([
        ("a".to_owned(), stored(json!({"events":call}))),
        (
            "b".to_owned(),
            stored(json!({"events":answer("b", "it is noon")})),
        ),
    ]);
    let rows = rebuild(&runs, records).timeline;
    let ids: Vec<_> = rows.rows().iter().map(|row| row.kind.role()).collect();
    assert_eq!(ids, ["user", "tool", "assistant"]);
    assert!(
        matches!(&rows.rows()[1].kind, RowKind::ToolCall { result: Some(result), .. } if result == "noon")
    );
}

#[test]
fn what_a_run_was_started_with_holds_the_conversation_before_it() {
    let mut input = json!({"messages":[
        {"id":"u1","role":"user","content":"one"}, {"id":"a1","role":"assistant","content":"yes"},
        {"id":"u2","role":"user","content":[{"type":"image"}]}, {"role":"tool","toolCallId":"c","content":"x"},
    ]});
    let before = messages_before(&mut input.clone(), false);
    assert_eq!(before.len(), 2);
    assert_eq!(messages_before(&mut input, true).len(), 4);
    assert!(messages_before(&mut json!(7), false).is_empty());
}

#[test]
fn the_input_of_one_run_can_be_had_whole() {
    let body = json!({"runs":{"a":{"run_input":user("u","hi")},"b":{"run_input":7}}}).to_string();
    assert_eq!(input_of(&body, "a"), Some(user("u", "hi")));
    assert_eq!(input_of(&body, "b"), Some(json!(7)));
    assert_eq!(input_of(&body, "c"), None);
    assert_eq!(input_of("{", "a"), None);
}

#[test]
fn a_long_answer_is_read_without_keeping_it() {
    let entry = |n: usize| {
        let messages: Vec<_> = (0..40)
            .map(|m| json!({"id":format!("m{m}"),"role":if m % 2 == 0 {"user"} else {"assistant"},"content":"word ".repeat(20)}))
            .collect();
        let state = json!({"rag":{"citation_index":{"a":"x".repeat(400)}}});
        (
            format!("r{n:04}"),
            json!({"created":"2026-11-20T15:54:57Z","finished":"x","run_input":{"state":state,"messages":messages}}),
        )
    };
    let map: serde_json::Map<_, _> = (0..500).map(entry).collect();
    let body = json!({"runs":map}).to_string();
    let runs = super::runs(&body).unwrap();
    assert_eq!(runs.len(), 500);
    assert!(
        runs.iter()
            .all(|run| run.user.as_ref().unwrap().id == "m38")
    );
}

#[test]
fn a_run_stored_up_to_the_middle_shows_a_partial_answer() {
    let thread = json!({"runs":{"a":{"created":"2026-11-20T15:54:57Z","finished":null,"run_input":user("u","hi")}}});
    let events: Vec<_> = answer("a", "one").as_array().unwrap()[..3].to_vec();
    let records = HashMap::from([(
        "a".to_owned(),
        stored(json!({"finished":null,"events":events})),
    )]);
    let history = rebuild(&runs(&thread), records);
    assert_eq!(texts(&history.timeline), ["user: hi", "assistant: one"]);
    assert_eq!(history.timeline.rows()[1].state, RowState::Partial);
    assert_eq!(history.unfinished, ["a"]);
}
