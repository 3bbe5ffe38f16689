use super::super::tests::{play, run_of};
use super::*;
use serde_json::{Value, json};

fn state(cited: &[&str]) -> Value {
    json!({"rag":{"citations":cited,"searches":{"q":[1]},"citation_index":{
        "a":{"index":1,"document_uri":"file:///a.pdf"},
        "b":{"document_uri":"file:///b.pdf"},
        "c":{"index":9,"document_uri":"file:///c.pdf"},
    }}})
}

fn answer(text: &str) -> Value {
    json!({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":text})
}

fn snapshot(cited: &[&str]) -> Value {
    json!({"type":"STATE_SNAPSHOT","snapshot":state(cited)})
}

/// One line per row: its role, and what a row of sources lists.
fn listed(timeline: &Timeline) -> Vec<String> {
    let line = |row: &Row| match &row.kind {
        RowKind::Sources { sources } => {
            let sources = sources.iter();
            let names = sources.map(|source| format!("{} {}", source.number, source.title));
            names.collect::<Vec<_>>().join(", ")
        }
        kind => kind.role().to_owned(),
    };
    timeline.rows().iter().map(line).collect()
}

fn done() -> Value {
    json!({"type":"RUN_FINISHED"})
}

#[test]
fn sources_stand_below_the_last_answer_when_the_run_ends() {
    let mut timeline = Timeline::new();
    let call = json!({"type":"CUSTOM","name":"after"});
    let events = run_of(&[answer("x"), call, snapshot(&["b", "lost", "a", "b"])]);
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(
        listed(&timeline),
        ["assistant", "event"],
        "not before the end"
    );
    let _ = play(&mut timeline, "r", &run_of(&[done()]));
    assert_eq!(
        listed(&timeline),
        ["assistant", "1 b.pdf, 1 a.pdf", "event"]
    );
    let row = timeline.rows()[1].clone();
    assert_eq!((row.run.as_deref(), row.state), (Some("r"), RowState::Done));
    assert!(timeline.wire_messages().len() == 1);
}

#[test]
fn a_run_that_fails_or_is_stopped_keeps_its_sources_and_one_without_an_answer_has_none() {
    let mut failed = Timeline::new();
    let error = json!({"type":"RUN_ERROR","message":"x"});
    let _ = play(
        &mut failed,
        "r",
        &run_of(&[answer("x"), snapshot(&["a"]), error]),
    );
    assert_eq!(listed(&failed), ["assistant", "1 a.pdf", "error"]);
    let mut stopped = Timeline::new();
    let _ = play(&mut stopped, "r", &run_of(&[answer("x"), snapshot(&["c"])]));
    let _ = stopped.stop("r");
    assert_eq!(listed(&stopped), ["assistant", "9 c.pdf"]);
    let mut silent = Timeline::new();
    let _ = play(&mut silent, "r", &run_of(&[snapshot(&["a"]), done()]));
    assert_eq!(listed(&silent), ["notice"]);
}

#[test]
fn the_runs_of_one_turn_share_their_sources_and_a_new_question_begins_anew() {
    let mut timeline = Timeline::new();
    let _ = timeline.push_user("u", "hi", None);
    let _ = timeline.bind_user("u", "r");
    let _ = play(
        &mut timeline,
        "r",
        &run_of(&[answer("x"), snapshot(&["a"]), done()]),
    );
    assert_eq!(listed(&timeline), ["user", "assistant", "1 a.pdf"]);
    let begun = json!({"type":"RUN_STARTED"});
    let delta =
        json!({"type":"STATE_DELTA","delta":[{"op":"add","path":"/rag/citations/-","value":"c"}]});
    let _ = play(
        &mut timeline,
        "s",
        &run_of(&[begun.clone(), answer("y"), delta, done()]),
    );
    assert_eq!(
        listed(&timeline),
        ["user", "assistant", "assistant", "1 a.pdf, 9 c.pdf"]
    );
    assert_eq!(
        timeline.state()["rag"]["citations"],
        json!(["c"]),
        "emptied between the runs"
    );
    let _ = timeline.push_user("v", "next", None);
    let _ = timeline.bind_user("v", "t");
    let _ = play(&mut timeline, "t", &run_of(&[begun, answer("z"), done()]));
    assert_eq!(
        listed(&timeline).len(),
        6,
        "what an earlier turn cited is not cited again"
    );
}

#[test]
fn a_delta_cites_only_in_the_namespaces_it_is_about() {
    let mut timeline = Timeline::new();
    timeline.set_state(state(&["a"]));
    let other = json!({"type":"STATE_DELTA","delta":[{"op":"add","path":"/x","value":1}]});
    let _ = play(&mut timeline, "r", &run_of(&[answer("x"), other, done()]));
    assert_eq!(listed(&timeline), ["assistant"]);
}

#[test]
fn a_replay_does_not_undo_a_delta_with_an_older_snapshot() {
    let mut timeline = Timeline::new();
    let events = run_of(&[
        json!({"type":"RUN_STARTED"}),
        snapshot(&[]),
        json!({"type":"STATE_DELTA","delta":[{"op":"add","path":"/rag/citations/-","value":"a"}]}),
        answer("x"),
    ]);
    let _ = play(&mut timeline, "r", &events);
    let _ = timeline.restart_run("r");
    let _ = play(&mut timeline, "r", &events);
    assert_eq!(timeline.state()["rag"]["citations"], json!(["a"]));
    let _ = play(&mut timeline, "r", &run_of(&[done()]));
    assert_eq!(listed(&timeline), ["assistant", "1 a.pdf"]);
}
