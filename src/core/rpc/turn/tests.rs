use super::*;
use crate::core::rpc::thread::{Lifecycle, TurnCall};
use crate::core::thread::delegate::{Delegate, Progress};
use crate::core::thread::message::{Row, RowKind};
use crate::core::thread::timeline::Timeline;
use proptest::prelude::*;

const REQUEST: &str = "q1";

fn thread() -> ThreadId {
    ThreadId("thread-1".into())
}

fn event(kind: TurnEventKind) -> TurnEvent {
    TurnEvent {
        thread: thread(),
        request: REQUEST.into(),
        kind,
    }
}

fn text(round: u32, delta: &str) -> TurnEventKind {
    TurnEventKind::Text {
        round,
        delta: delta.into(),
    }
}

fn thinking(round: u32, delta: &str) -> TurnEventKind {
    TurnEventKind::Thinking {
        round,
        delta: delta.into(),
    }
}

fn round(round: u32) -> TurnEventKind {
    TurnEventKind::Round { round }
}

fn call(round: u32, id: &str) -> TurnEventKind {
    TurnEventKind::Call {
        round,
        call: id.into(),
        name: "web_search".into(),
        args: Some(json!({ "q": "x" })),
    }
}

fn result(id: &str, is_good: bool) -> TurnEventKind {
    TurnEventKind::CallResult {
        call: id.into(),
        name: "web_search".into(),
        is_good,
        output: "{}".into(),
    }
}

fn segment(index: u32, total: u32, text: &str) -> TurnEventKind {
    TurnEventKind::Segment {
        index,
        total: Some(total),
        text: text.into(),
    }
}

fn done(text: &str) -> TurnEventKind {
    TurnEventKind::Done { text: text.into() }
}

fn failed(error: &str, message: &str) -> TurnEventKind {
    TurnEventKind::Failed {
        error: error.into(),
        message: message.into(),
    }
}

fn carry_out(timeline: &mut Timeline, steps: Vec<Step>) {
    for step in steps {
        let _ = match step {
            Step::Apply(event) => timeline.apply(&event, REQUEST, 0),
            Step::CallFailed { call, content } => {
                timeline.settle_call(REQUEST, &call, &content, true, 0)
            }
        };
    }
}

fn play(kinds: Vec<TurnEventKind>) -> (Turn, Timeline) {
    let (mut turn, mut timeline) = (Turn::new(thread(), REQUEST, 0), Timeline::new());
    for kind in kinds {
        let steps = turn.take(&event(kind), 0);
        carry_out(&mut timeline, steps);
    }
    (turn, timeline)
}

fn shown(timeline: &Timeline) -> Vec<String> {
    let line = |row: &Row| {
        let text = match &row.kind {
            RowKind::ToolCall { name, args, .. } => format!("{name}({args})"),
            RowKind::Activity { content, .. } => content.clone(),
            kind => kind.text().to_owned(),
        };
        format!("{} {} {text}", row.kind.role(), row.state.as_str())
    };
    timeline.rows().iter().map(line).collect()
}

#[test]
fn a_streamed_answer_grows_and_ends_as_what_the_server_says() {
    let (turn, timeline) = play(vec![
        TurnEventKind::Began,
        round(1),
        thinking(1, "hm"),
        text(1, "Hel"),
        text(1, "lo"),
        done("Hello."),
    ]);
    assert_eq!(
        shown(&timeline),
        ["reasoning done hm", "assistant done Hello."]
    );
    assert_eq!(
        turn.outcome(),
        Some(&Outcome::Answered {
            text: "Hello.".into()
        })
    );
    assert!(timeline.is_finished(REQUEST));
}

#[test]
fn an_answer_that_was_not_streamed_comes_at_the_end() {
    let (_, timeline) = play(vec![TurnEventKind::Began, round(1), done("Hello.")]);
    assert_eq!(shown(&timeline), ["assistant done Hello."]);
}

#[test]
fn what_was_streamed_before_a_break_is_replaced() {
    for (live, whole) in [
        (&["Hel", "Hello"][..], "Hello"),
        (&["Hello [wave]"], "Hello"),
        (&["Something else"], "Hello"),
        (&["Hello"], "Hello"),
    ] {
        let mut kinds = vec![round(1)];
        kinds.extend(live.iter().map(|delta| text(1, delta)));
        kinds.push(done(whole));
        let (_, timeline) = play(kinds);
        assert_eq!(
            shown(&timeline),
            [format!("assistant done {whole}")],
            "{live:?}"
        );
    }
}

#[test]
fn text_before_a_tool_is_interim_and_no_part_of_the_answer() {
    let (turn, timeline) = play(vec![
        round(1),
        text(1, "Let me look. "),
        call(1, "c1"),
        result("c1", true),
        round(2),
        text(2, "It is "),
        text(2, "blue."),
        done("It is blue."),
    ]);
    assert_eq!(
        shown(&timeline),
        [
            "assistant done Let me look. ",
            r#"tool done web_search({"q":"x"})"#,
            "assistant done It is blue.",
        ]
    );
    assert_eq!(
        turn.outcome(),
        Some(&Outcome::Answered {
            text: "It is blue.".into()
        })
    );
}

#[test]
fn arguments_that_grew_are_replaced_by_those_of_the_call() {
    let args = |name: Option<&str>, delta: &str| TurnEventKind::CallArgs {
        round: 1,
        call: "c1".into(),
        name: name.map(str::to_owned),
        delta: delta.into(),
    };
    let (_, timeline) = play(vec![
        args(Some("web_search"), ""),
        args(None, "{ \"q\""),
        args(None, ": \"x\" }"),
        call(1, "c1"),
        result("c1", true),
        done("ok"),
    ]);
    assert_eq!(
        shown(&timeline),
        [r#"tool done web_search({"q":"x"})"#, "assistant done ok"]
    );
}

#[test]
fn a_tool_that_went_wrong_is_shown_as_such() {
    let (_, timeline) = play(vec![call(1, "c1"), result("c1", false), done("no luck")]);
    assert_eq!(
        shown(&timeline),
        [
            r#"tool failed web_search({"q":"x"})"#,
            "assistant done no luck"
        ]
    );
}

#[test]
fn a_result_of_a_call_that_nobody_heard_of_brings_its_call() {
    let (_, timeline) = play(vec![result("c9", true), done("ok")]);
    assert_eq!(
        shown(&timeline),
        ["tool done web_search()", "assistant done ok"]
    );
}

#[test]
fn whatever_comes_twice_counts_once() {
    let kinds = vec![
        TurnEventKind::Began,
        round(1),
        call(1, "c1"),
        result("c1", true),
        TurnEventKind::Child {
            task: "t1".into(),
            step: Child::CallResult {
                call: "c".into(),
                name: "web".into(),
                is_good: true,
            },
        },
        segment(0, 2, "One."),
        segment(1, 2, "Two."),
        done("One. Two."),
    ];
    let (_, once) = play(kinds.clone());
    let twice = kinds
        .iter()
        .flat_map(|kind| [kind.clone(), kind.clone()])
        .collect();
    let (_, twice) = play(twice);
    let (_, again) = play(kinds.iter().chain(&kinds).cloned().collect());
    assert_eq!(shown(&once), shown(&twice));
    assert_eq!(shown(&once), shown(&again));
}

#[test]
fn pieces_are_shown_where_nothing_else_came_and_are_replaced_by_the_whole() {
    let pieces = vec![round(1), segment(0, 2, "One."), segment(1, 2, "Two.")];
    let (_, timeline) = play(pieces.clone());
    assert_eq!(shown(&timeline), ["assistant streaming One.\n\nTwo."]);
    let mut whole = pieces;
    whole.push(done("One. Two."));
    assert_eq!(shown(&play(whole).1), ["assistant done One. Two."]);
    let live = vec![
        text(1, "One. Two."),
        segment(0, 2, "One."),
        segment(1, 2, "Two."),
    ];
    assert_eq!(shown(&play(live).1), ["assistant streaming One. Two."]);
}

#[test]
fn an_end_without_text_takes_what_came_before_it() {
    let (turn, _) = play(vec![text(1, "live"), done(" ")]);
    assert_eq!(
        turn.outcome(),
        Some(&Outcome::Answered {
            text: "live".into()
        })
    );
    let (turn, timeline) = play(vec![segment(1, 2, "Two."), segment(0, 2, "One."), done("")]);
    assert_eq!(
        turn.outcome(),
        Some(&Outcome::Answered {
            text: "One.\n\nTwo.".into()
        })
    );
    assert_eq!(shown(&timeline), ["assistant done One.\n\nTwo."]);
    let (turn, timeline) = play(vec![done("")]);
    assert_eq!(
        turn.outcome(),
        Some(&Outcome::Answered {
            text: String::new()
        })
    );
    assert_eq!(shown(&timeline), ["notice done "]);
}

#[test]
fn events_of_another_turn_or_after_the_end_change_nothing() {
    let mut turn = Turn::new(thread(), REQUEST, 0);
    for other in [
        TurnEvent {
            request: "q0".into(),
            ..event(text(1, "x"))
        },
        TurnEvent {
            thread: ThreadId("thread-2".into()),
            ..event(text(1, "x"))
        },
    ] {
        assert_eq!(turn.take(&other, 0), []);
    }
    let _ = turn.take(&event(done("ok")), 0);
    for late in [
        text(1, "x"),
        done("other"),
        failed("inference", "x"),
        call(1, "c"),
    ] {
        assert_eq!(turn.take(&event(late), 0), []);
    }
    assert_eq!(
        turn.outcome(),
        Some(&Outcome::Answered { text: "ok".into() })
    );
}

#[test]
fn a_turn_that_was_stopped_keeps_what_came_and_shows_no_error() {
    let (turn, mut timeline) = play(vec![
        text(1, "half"),
        failed("cancelled", "Cancelled by newer request"),
    ]);
    assert_eq!(turn.outcome(), Some(&Outcome::Cancelled));
    let _ = timeline.stop(REQUEST);
    assert_eq!(shown(&timeline), ["assistant partial half"]);
}

#[test]
fn a_turn_that_failed_says_why_and_keeps_what_came() {
    let (turn, timeline) = play(vec![
        text(1, "half"),
        failed("inference", "Something went wrong."),
    ]);
    assert_eq!(
        shown(&timeline),
        ["assistant partial half", "error done Something went wrong."]
    );
    let Some(Outcome::Failed { kind, message }) = turn.outcome() else {
        panic!("it has failed")
    };
    assert_eq!(
        (*kind, message.as_deref()),
        (RpcErrorKind::Unknown, Some("Something went wrong."))
    );
}

#[test]
fn a_failure_has_the_kind_of_its_words_and_is_never_sure_of_an_end() {
    for (error, message, kind) in [
        (
            "inference",
            "Budget exceeded: top up",
            RpcErrorKind::BudgetExceeded,
        ),
        ("inference", "429 rate limit", RpcErrorKind::RateLimited),
        (
            "inference",
            "OpenAI API error (401 Unauthorized): bad key",
            RpcErrorKind::ProviderAuth,
        ),
        (
            "inference",
            "Session expired. Please log in again.",
            RpcErrorKind::AuthExpired(Certainty::Unconfirmed),
        ),
        (
            "session_expired",
            "",
            RpcErrorKind::AuthExpired(Certainty::Unconfirmed),
        ),
        ("network", "", RpcErrorKind::Transport),
        ("timeout", "", RpcErrorKind::Timeout),
        ("", "", RpcErrorKind::Unknown),
    ] {
        let (turn, _) = play(vec![failed(error, message)]);
        assert!(
            matches!(turn.outcome(), Some(Outcome::Failed { kind: is, .. }) if *is == kind),
            "{error} {message}: {:?}",
            turn.outcome()
        );
    }
}

#[test]
fn an_agent_that_works_for_another_is_one_row_that_changes() {
    let child = |step| TurnEventKind::Child {
        task: "t1".into(),
        step,
    };
    let (_, timeline) = play(vec![
        child(Child::Spawned {
            agent: "researcher".into(),
            message: Some("look".into()),
        }),
        child(Child::Round {
            round: 1,
            of: Some(4),
        }),
        child(Child::Call {
            call: "c".into(),
            name: "web".into(),
        }),
        child(Child::CallResult {
            call: "c".into(),
            name: "web".into(),
            is_good: true,
        }),
        child(Child::Completed {
            message: None,
            elapsed: Some(1200),
        }),
        done("ok"),
    ]);
    assert_eq!(timeline.rows().len(), 2);
    let RowKind::Activity { activity, content } = &timeline.rows()[0].kind else {
        panic!("it is an activity")
    };
    let content: Value = serde_json::from_str(content).unwrap();
    assert_eq!(activity, crate::core::thread::delegate::ACTIVITY);
    assert_eq!(
        content,
        json!({"task":"t1","state":"done","agent":"researcher","message":"look","round":1,"rounds":4,"tools":[{"name":"web","good":true}],"elapsed":1200})
    );
}

#[test]
fn what_is_not_known_and_what_nobody_asked_for_begins_nothing() {
    let (_, timeline) = play(vec![
        TurnEventKind::Unknown {
            name: "new_event".into(),
        },
        TurnEventKind::Proactive {
            text: "psst".into(),
        },
    ]);
    assert_eq!(timeline.rows().len(), 0);
}

fn half_way() -> TurnState {
    TurnState {
        request: REQUEST.into(),
        lifecycle: Lifecycle::Streaming,
        round: 2,
        text: "Let me look. It".into(),
        thinking: "hm".into(),
        calls: vec![TurnCall {
            id: "c1".into(),
            name: "web_search".into(),
            args: Some("{}".into()),
            status: CallStatus::Good,
            is_child: false,
        }],
    }
}

#[test]
fn an_agent_that_was_set_to_work_before_is_its_own_row_and_goes_on() {
    for (status, want) in [
        (CallStatus::Running, "done"),
        (CallStatus::Good, "done"),
        (CallStatus::Failed, "failed"),
    ] {
        let mut state = half_way();
        state.calls.push(TurnCall {
            id: "t1".into(),
            name: "researcher".into(),
            args: None,
            status,
            is_child: true,
        });
        let mut timeline = Timeline::new();
        let (mut turn, steps) = Turn::resume(thread(), &state, 0);
        carry_out(&mut timeline, steps);
        let agents = |timeline: &Timeline| {
            let kinds = timeline.rows().iter().map(|row| row.kind.clone());
            let contents = kinds.filter_map(|kind| match kind {
                RowKind::Activity { activity, content } => Delegate::read(&activity, &content),
                _ => None,
            });
            contents.collect::<Vec<_>>()
        };
        assert_eq!(agents(&timeline)[0].agent.as_deref(), Some("researcher"));
        if status == CallStatus::Running {
            let step = Child::Completed {
                message: Some("Found".into()),
                elapsed: None,
            };
            let task = "t1".into();
            let steps = turn.take(&event(TurnEventKind::Child { task, step }), 0);
            carry_out(&mut timeline, steps);
        }
        let found = agents(&timeline);
        let state = if want == "done" {
            Progress::Done
        } else {
            Progress::Failed
        };
        assert_eq!((found.len(), found[0].progress), (1, state));
    }
}

#[test]
fn a_turn_that_was_under_way_goes_on_and_ends_as_one() {
    let mut timeline = Timeline::new();
    let (mut turn, steps) = Turn::resume(thread(), &half_way(), 0);
    carry_out(&mut timeline, steps);
    for kind in [text(2, " is blue."), done("It is blue.")] {
        let steps = turn.take(&event(kind), 0);
        carry_out(&mut timeline, steps);
    }
    assert_eq!(
        shown(&timeline),
        [
            "reasoning done hm",
            "tool done web_search({})",
            "assistant done It is blue."
        ]
    );
}

#[test]
fn a_turn_is_given_up_after_ten_minutes_of_silence() {
    let mut turn = Turn::new(thread(), REQUEST, 1_000);
    assert_eq!(turn.gives_up_at(), 601_000);
    let _ = turn.take(&event(text(1, "x")), 50_000);
    assert_eq!(turn.gives_up_at(), 650_000);
}

fn any_kind() -> impl Strategy<Value = TurnEventKind> {
    prop_oneof![
        Just(TurnEventKind::Began),
        (0_u32..4).prop_map(round),
        (0_u32..4, "[a-c ]{0,4}").prop_map(|(at, delta)| text(at, &delta)),
        (0_u32..4, "[a-c ]{0,4}").prop_map(|(at, delta)| thinking(at, &delta)),
        (0_u32..4, "[cd]").prop_map(|(at, id)| call(at, &id)),
        ("[cd]", any::<bool>()).prop_map(|(id, is_good)| result(&id, is_good)),
        (0_u32..3, "[a-c]{0,4}").prop_map(|(index, piece)| segment(index, 3, &piece)),
        "[a-c]{1,6}".prop_map(|id| TurnEventKind::Child {
            task: id,
            step: Child::Completed {
                message: None,
                elapsed: None
            }
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_came_before_the_end_the_last_message_is_the_answer(
        kinds in proptest::collection::vec(any_kind(), 0..30),
        answer in "[a-z]{1,8}( [a-z]{1,8}){0,3}",
    ) {
        let mut kinds = kinds;
        kinds.push(done(&answer));
        let (turn, timeline) = play(kinds);
        prop_assert_eq!(turn.outcome(), Some(&Outcome::Answered { text: answer.clone() }));
        let is_answer = |row: &&Row| matches!(&row.kind, RowKind::Assistant { text } if *text == answer);
        prop_assert!(timeline.rows().iter().rev().find(is_answer).is_some(), "{:?}", shown(&timeline));
        let is_growing = |row: &Row| row.state.as_str() == "streaming";
        prop_assert!(!timeline.rows().iter().any(is_growing), "{:?}", shown(&timeline));
    }
}
