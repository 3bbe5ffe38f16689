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
    let stored = HashMap::from([
        (
            "a".to_owned(),
            Stored::Run(json!({"events":answer("a", "one")})),
        ),
        (
            "b".to_owned(),
            Stored::Run(json!({"events":answer("b", "two")})),
        ),
    ]);
    (runs(&thread), stored)
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
    let (runs, stored) = two_runs();
    let history = rebuild(&runs, &stored);
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
    let (runs, stored) = two_runs();
    let history = rebuild(&runs, &stored);
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
    let (runs, mut stored) = two_runs();
    stored.insert("a".into(), Stored::Failed);
    let history = rebuild(&runs, &stored);
    assert_eq!(
        texts(&history.timeline),
        ["user: first", "Gap", "user: second", "assistant: two"]
    );
}

#[test]
fn a_loaded_run_takes_the_place_of_its_gap() {
    let (runs, mut stored) = two_runs();
    stored.insert("a".into(), Stored::Failed);
    let mut timeline = rebuild(&runs, &stored).timeline;
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
    let history = rebuild(&runs(&thread), &HashMap::new());
    assert_eq!(history.unfinished, ["going"]);
    assert_eq!(texts(&history.timeline), ["user: hi"]);
}

#[test]
fn a_run_that_ended_after_the_list_was_made_is_not_unfinished() {
    let thread = json!({"runs":{"a":{"created":"2026-11-20T15:54:57Z","finished":null,"run_input":user("u","hi")}}});
    let stored = HashMap::from([(
        "a".to_owned(),
        Stored::Run(json!({"finished":"2026-11-20T15:55:57Z","events":answer("a", "one")})),
    )]);
    assert!(rebuild(&runs(&thread), &stored).unfinished.is_empty());
}

#[test]
fn a_run_that_goes_on_after_client_tools_does_not_double_the_question() {
    let thread = json!({"runs":[
        {"run_id":"a","created":"2026-11-20T15:54:57Z","finished":"x","run_input":user("u","hi")},
        {"run_id":"b","created":"2026-11-20T15:54:58Z","finished":"x","run_input":user("u","hi")},
        {"run_id":"c","created":"2026-11-20T15:54:59Z","finished":"x","run_input":user("u","other")},
    ]});
    let history = rebuild(&runs(&thread), &HashMap::new());
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
    let history = rebuild(&runs(&thread), &HashMap::new());
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
        json!({"runs":null}),
        json!({"runs":7}),
        json!({"runs":[1,"x",{"run_id":""},[]]}),
        json!({"runs":{"a":5}}),
    ] {
        assert!(runs(&odd).is_empty(), "{odd}");
    }
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
fn the_next_run_starts_from_the_state_the_newest_run_ended_with() {
    let (runs, mut stored) = two_runs();
    assert_eq!(
        latest_state(&runs, &stored),
        Some(json!({"rag":{"citations":["b"]}}))
    );
    stored.remove("b");
    assert_eq!(
        latest_state(&runs, &stored),
        Some(json!({"rag":{"citations":[]}}))
    );
    assert_eq!(latest_state(&[], &stored), None);
}

#[test]
fn a_run_stored_up_to_the_middle_shows_a_partial_answer() {
    let thread = json!({"runs":{"a":{"created":"2026-11-20T15:54:57Z","finished":null,"run_input":user("u","hi")}}});
    let events: Vec<_> = answer("a", "one").as_array().unwrap()[..3].to_vec();
    let stored = HashMap::from([(
        "a".to_owned(),
        Stored::Run(json!({"finished":null,"events":events})),
    )]);
    let history = rebuild(&runs(&thread), &stored);
    assert_eq!(texts(&history.timeline), ["user: hi", "assistant: one"]);
    assert_eq!(history.timeline.rows()[1].state, RowState::Partial);
    assert_eq!(history.unfinished, ["a"]);
}
