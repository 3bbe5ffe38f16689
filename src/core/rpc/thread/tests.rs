use super::*;
use crate::core::rpc::stored::exchanges;
use crate::core::thread::history::{self, Stored};
use crate::core::thread::message::{Row, RowKind, RowState};
use crate::core::thread::timeline::Timeline;

fn message(id: &str, sender: Sender, text: &str) -> Message {
    Message {
        id: id.into(),
        sender,
        text: text.into(),
        at: Some(1_000),
        tool: None,
    }
}

fn asked(id: &str, text: &str) -> Message {
    message(id, Sender::Person, text)
}

fn answered(id: &str, text: &str) -> Message {
    message(id, Sender::Agent, text)
}

fn turn(lifecycle: Lifecycle) -> TurnState {
    TurnState {
        request: "q".into(),
        lifecycle,
        round: 1,
        text: String::new(),
        thinking: String::new(),
        calls: Vec::new(),
    }
}

/// The rows of a thread as it is stored.
fn rebuild(messages: &[Message]) -> Timeline {
    let runs = exchanges(messages);
    let list: Vec<_> = runs.iter().map(|run| run.summary()).collect();
    let stored = runs
        .iter()
        .map(|run| (run.id.clone(), Stored::Run(run.stored())));
    let open = runs.last().filter(|run| run.is_open());
    history::rebuild(&list, stored.collect(), open.map(|run| run.id.as_str()))
}

fn shown(timeline: &Timeline) -> Vec<String> {
    let line = |row: &Row| {
        let text = match &row.kind {
            RowKind::ToolCall { name, result, .. } => format!("{name} = {result:?}"),
            kind => kind.text().to_owned(),
        };
        format!("{} {} {text}", row.kind.role(), row.state.as_str())
    };
    timeline.rows().iter().map(line).collect()
}

#[test]
fn questions_and_answers_become_rows_in_their_order() {
    let timeline = rebuild(&[
        asked("u1", "Hi"),
        answered("a1", "Hello"),
        asked("u2", "More"),
        answered("a2", "One."),
        answered("a3", "Two."),
        asked("u3", "And?"),
    ]);
    assert_eq!(
        shown(&timeline),
        [
            "user done Hi",
            "assistant done Hello",
            "user done More",
            "assistant done One.",
            "assistant done Two.",
            "user done And?",
        ]
    );
    assert!(timeline.rows().iter().all(|row| row.at == Some(1_000)));
}

#[test]
fn an_answer_without_a_question_stands_by_itself() {
    assert_eq!(
        shown(&rebuild(&[answered("a", "Good morning")])),
        ["assistant done Good morning"]
    );
    assert_eq!(rebuild(&[]).rows().len(), 0);
}

#[test]
fn a_message_that_was_stored_twice_is_shown_once() {
    let timeline = rebuild(&[
        asked("u", "Hi"),
        answered("answer-q", "Hello"),
        answered("answer-q", "Hello"),
    ]);
    assert_eq!(timeline.rows().len(), 2);
}

#[test]
fn an_answer_that_was_stored_again_later_answers_nothing_else() {
    let timeline = rebuild(&[
        asked("u1", "Hi"),
        answered("answer-q", "Hello"),
        asked("u2", "More"),
        answered("answer-q", "Hello"),
    ]);
    assert_eq!(
        shown(&timeline),
        ["user done Hi", "assistant done Hello", "user done More"]
    );
}

#[test]
fn what_a_tool_came_to_is_a_row_of_its_own() {
    let mut tool = asked("t", "{\"n\":1}");
    tool.tool = Some("web".into());
    let timeline = rebuild(&[asked("u", "Hi"), tool, answered("a", "Done")]);
    assert_eq!(
        shown(&timeline),
        [
            "user done Hi",
            "tool done web = Some(\"{\\\"n\\\":1}\")",
            "assistant done Done"
        ]
    );
    assert!(
        timeline
            .rows()
            .iter()
            .all(|row| row.state == RowState::Done)
    );
}

#[test]
fn the_end_of_a_thread_says_what_is_to_be_repaired() {
    let question = || {
        vec![
            asked("u1", "Hi"),
            answered("a1", "Hello"),
            asked("u2", "More"),
        ]
    };
    let whole = || {
        question()
            .into_iter()
            .chain([answered("a2", "Yes")])
            .collect::<Vec<_>>()
    };
    let missed = Repair::Missed {
        question: "u2".into(),
    };
    for (messages, state, want) in [
        (vec![], None, Repair::Settled),
        (whole(), None, Repair::Settled),
        (question(), None, missed),
        (question(), Some(Lifecycle::Started), Repair::Follow),
        (question(), Some(Lifecycle::Streaming), Repair::Follow),
        (
            question(),
            Some(Lifecycle::Interrupted),
            Repair::Interrupted,
        ),
        (whole(), Some(Lifecycle::Interrupted), Repair::Interrupted),
    ] {
        let state = state.map(turn);
        assert_eq!(
            repair(&messages, state.as_ref()),
            want,
            "{messages:?} {state:?}"
        );
    }
}

#[test]
fn a_turn_whose_answer_is_stored_needs_no_repair() {
    let messages = [asked("u", "Hi"), answered("answer-q", "Hello")];
    for lifecycle in [
        Lifecycle::Started,
        Lifecycle::Streaming,
        Lifecycle::Interrupted,
    ] {
        assert_eq!(repair(&messages, Some(&turn(lifecycle))), Repair::Settled);
    }
}
