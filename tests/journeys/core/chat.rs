//! A conversation with a core: it stores nothing by itself, so question and answer are stored here, each once.

use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use enfilade::state::thread::{RunPhase, ThreadState};
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use super::{ends, lantern, look, room, standing, thread};
use crate::fake::{Act, Core, ENDED, Gate, SECOND, Tab, World, rows};

pub fn send(tab: &Tab, thread: &ThreadState, words: &str) {
    thread.composer().typed(words.into());
    thread.composer().send();
    tab.settle();
}

pub fn phase(thread: &ThreadState) -> RunPhase {
    thread.run().get_untracked()
}

/// A thread that is there, with a question just sent.
pub fn asked() -> (World, Core, Tab, ThreadState) {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    let thread = thread(&tab, &core, "t");
    send(&tab, &thread, "why");
    (world, core, tab, thread)
}

#[test]
fn the_question_is_stored_before_it_is_sent_and_the_answer_once_it_is_whole() {
    let (world, core, tab, thread) = asked();
    let steps = core.order(&["threads_message_append", "channel_web_chat"]);
    assert_eq!(steps, ["threads_message_append", "channel_web_chat"]);
    assert_eq!(core.stored("t"), ["user:why"]);
    core.delta("t", "Be");
    core.delta("t", "cause");
    world.settle();
    assert_eq!(
        rows(&thread),
        ["user:done:why", "assistant:streaming:Because"]
    );
    assert_eq!(core.stored("t"), ["user:why"]);
    core.done("t", "Because.");
    world.settle();
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
    let titles = core.calls("threads_generate_title");
    assert_eq!(titles.len(), 1);
    assert_eq!(titles[0]["assistant_message"], json!("Because."));
    room(&tab, &core).load_threads();
    world.advance(10 * SECOND);
    let list = room(&tab, &core).threads().get_untracked();
    let names: Vec<_> = list.data.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, [Some("A title".to_owned())]);
    assert_eq!(core.listeners(), 0, "nobody listens for nothing");
}

#[test]
fn the_stream_is_open_before_the_question_is_sent() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    let thread = thread(&tab, &core, "t");
    let gate = Gate::default();
    world
        .net
        .once("RPC channel_web_chat", Act::Late(gate.clone()));
    send(&tab, &thread, "why");
    assert_eq!((gate.waiting(), core.listeners()), (1, 1));
    core.delta("t", "early");
    let log = world.net.log();
    let streams = log.iter().filter(|sent| sent.url.contains("/events?"));
    assert_eq!(streams.count(), 1);
    gate.release();
    world.settle();
    assert_eq!(rows(&thread)[1], "assistant:streaming:early");
}

#[test]
fn a_question_that_could_not_be_stored_goes_back_to_the_field() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    core.fail("threads_message_append", 1, "the disk is full");
    let thread = thread(&tab, &core, "t");
    send(&tab, &thread, "why");
    assert_eq!(core.count("channel_web_chat"), 0);
    assert_eq!(rows(&thread), Vec::<String>::new());
    assert_eq!(thread.composer().text().get_untracked(), "why");
    send(&tab, &thread, "why");
    core.done("t", "Because.");
    world.settle();
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn a_question_that_is_refused_stands_with_the_reason() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    core.fail(
        "channel_web_chat",
        1,
        "This message was blocked by a security policy.",
    );
    let thread = thread(&tab, &core, "t");
    send(&tab, &thread, "why");
    let shown = rows(&thread);
    assert_eq!(shown[0], "user:done:why");
    assert!(
        shown[1].starts_with("error:") && shown[1].contains("security policy"),
        "{shown:?}"
    );
    assert_eq!(core.stored("t"), ["user:why"]);
    world.settle();
    assert_eq!(phase(&thread), RunPhase::Idle);
}

#[test]
fn an_answer_that_cannot_be_stored_at_first_is_tried_again() {
    let (world, core, _tab, thread) = asked();
    world.net.once(
        "RPC threads_messages_list",
        Act::Fail(TransportError::Network),
    );
    core.done("t", "Because.");
    world.settle();
    assert_eq!(core.stored("t").len(), 1);
    world.advance(SECOND);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
}

#[test]
fn an_answer_that_cannot_be_stored_says_so_and_stays_on_show() {
    let (world, core, _tab, thread) = asked();
    core.fail("threads_message_append", 9, "the disk is full");
    core.delta("t", "Because.");
    core.done("t", "Because.");
    world.advance(20 * SECOND);
    let shown = rows(&thread);
    assert!(shown[1].ends_with(":Because."), "{shown:?}");
    assert!(shown[2].contains("could not store"), "{shown:?}");
    assert_eq!(phase(&thread), RunPhase::Idle);
}

#[test]
fn an_answer_whose_storing_was_heard_but_not_confirmed_is_stored_once() {
    let (world, core, _tab, _thread) = asked();
    world.net.once("RPC threads_message_append", Act::Lose);
    core.done("t", "Because.");
    world.advance(10 * SECOND);
    assert_eq!(core.count("threads_generate_title"), 1);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn two_tabs_that_follow_store_the_answer_once() {
    let (world, core, tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    let other = world.open();
    look(&other, &core);
    let second = super::thread(&other, &core, "t");
    second.reload();
    world.settle();
    assert_eq!(core.listeners(), 2);
    assert_eq!(rows(&second), ["user:done:why", "assistant:streaming:Be"]);
    core.delta("t", "cause");
    core.done("t", "Because.");
    world.advance(10 * SECOND);
    for thread in [&thread, &second] {
        assert_eq!(rows(thread), ["user:done:why", "assistant:done:Because."]);
    }
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
    assert_eq!(core.count("threads_generate_title"), 1);
    drop(tab);
}

#[test]
fn tools_and_rounds_are_shown_in_their_order() {
    let (world, core, _tab, thread) = asked();
    core.say("t", "iteration_start", json!({ "round": 1 }));
    core.delta("t", "I look it up.");
    core.say(
        "t",
        "tool_call",
        json!({ "round": 1, "tool_call_id": "c", "tool_name": "search", "args": { "q": "why" } }),
    );
    core.say(
        "t",
        "tool_result",
        json!({ "round": 1, "tool_call_id": "c", "tool_name": "search", "success": true, "output": "a lot" }),
    );
    core.say(
        "t",
        "tool_result",
        json!({ "round": 1, "tool_call_id": "d", "tool_name": "read", "success": false, "output": "{}" }),
    );
    core.say(
        "t",
        "text_delta",
        json!({ "round": 2, "delta": "Because." }),
    );
    core.done("t", "Because.");
    world.settle();
    let shown = rows(&thread);
    assert_eq!(shown.len(), 5, "{shown:?}");
    assert_eq!(shown[2], "tool:done:search");
    assert_eq!(shown[3], "tool:failed:read");
    assert_eq!(shown[4], "assistant:done:Because.");
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn an_error_of_a_turn_is_told_in_place_and_the_session_stays() {
    for (kind, text, advice) in [
        (
            "inference",
            "Budget exceeded: the monthly limit of this account is used up",
            "Left to spend",
        ),
        (
            "inference",
            "HTTP 429 rate-limit exceeded: try again in 20 seconds",
            "ask again in a few minutes",
        ),
        (
            "inference",
            "OpenAI API error (401 Unauthorized): Incorrect API key provided",
            "settings of the core",
        ),
        ("timeout", "the model took too long", "You can ask again"),
        ("network", "error sending request", "You can ask again"),
        (
            "session_expired",
            "Session expired. Please log in again.",
            "",
        ),
        (
            "inference",
            "SESSION_EXPIRED: backend rejected session token on POST /chat",
            "",
        ),
    ] {
        let (world, core, tab, thread) = asked();
        core.delta("t", "Be");
        core.chat_error("t", kind, text);
        world.advance(3 * SECOND);
        let shown = rows(&thread);
        assert_eq!(shown[0], "user:done:why", "{text}");
        assert!(shown[1].ends_with(":Be"), "{text}: {shown:?}");
        let words: Vec<&str> = text.split_whitespace().take(2).collect();
        assert!(
            shown[2].starts_with("error:") && shown[2].contains(&words.join(" ")),
            "{text}: {shown:?}"
        );
        assert!(shown[2].contains(advice), "{text}: {shown:?}");
        assert_eq!(standing(&tab, &core), Standing::SignedIn, "{text}");
        assert!(tab.toasts().is_empty() && ends().is_empty(), "{text}");
        assert_eq!(phase(&thread), RunPhase::Idle);
        assert_eq!(core.count("auth_clear_session"), 0);
        // It goes on from there.
        send(&tab, &thread, "again");
        core.done("t", "Because.");
        world.settle();
        assert_eq!(
            core.stored("t"),
            ["user:why", "user:again", "agent:Because."]
        );
    }
}

#[test]
fn an_end_in_a_turn_is_looked_into() {
    let (world, core, tab, thread) = asked();
    core.drop_session();
    core.chat_error(
        "t",
        "session_expired",
        "Session expired. Please log in again.",
    );
    world.advance(2 * SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!((tab.toasts().len(), ends().len()), (1, 1));
    assert!(core.count("auth_get_state") >= 3);
    assert!(rows(&thread).iter().any(|row| row == "user:done:why"));
}

#[test]
fn what_is_written_while_a_turn_runs_is_sent_after_it() {
    let (world, core, tab, thread) = asked();
    send(&tab, &thread, "and then");
    assert_eq!(core.count("channel_web_chat"), 1);
    core.done("t", "Because.");
    world.settle();
    assert_eq!(core.count("channel_web_chat"), 2);
    core.done("t", "Nothing.");
    world.settle();
    let stored = [
        "user:why",
        "agent:Because.",
        "user:and then",
        "agent:Nothing.",
    ];
    assert_eq!(core.stored("t"), stored);
}

#[test]
fn stop_is_told_to_the_core_and_keeps_what_came() {
    let (world, core, tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    thread.stop();
    tab.settle();
    assert_eq!(core.count("channel_web_cancel"), 1);
    assert!(!core.is_answering("t"));
    let shown = rows(&thread);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[1].ends_with(":Be"), "{shown:?}");
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(core.stored("t"), ["user:why"]);
    assert_eq!(core.listeners(), 0);
    send(&tab, &thread, "again");
    core.done("t", "Because.");
    world.settle();
    assert_eq!(rows(&thread)[3], "assistant:done:Because.");
}

#[test]
fn a_question_stopped_while_it_is_sent_stands_where_the_core_has_it() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    let thread = thread(&tab, &core, "t");
    let gate = world.net.hold("RPC channel_web_chat");
    send(&tab, &thread, "why");
    assert_eq!(gate.waiting(), 1);
    thread.stop();
    world.advance(5 * SECOND);
    assert_eq!(core.stored("t"), ["user:why"]);
    assert_eq!(rows(&thread)[0], "user:done:why");
    assert_eq!(thread.composer().text().get_untracked(), "");
    assert_eq!(core.count("channel_web_cancel"), 1);
}

#[test]
fn a_question_stopped_before_the_core_has_it_goes_back_to_the_field() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    let thread = thread(&tab, &core, "t");
    world.net.hold("RPC threads_message_append");
    send(&tab, &thread, "why");
    thread.stop();
    world.advance(5 * SECOND);
    assert!(core.stored("t").is_empty());
    assert_eq!(rows(&thread), Vec::<String>::new());
    assert_eq!(thread.composer().text().get_untracked(), "why");
}

#[test]
fn a_thread_is_made_and_renamed_there() {
    let (world, core, tab) = lantern();
    let room = room(&tab, &core);
    tab.visit(&core.path(""));
    room.load_threads();
    tab.settle();
    room.new_thread().typed("why".into());
    room.new_thread().send();
    tab.settle();
    let place = tab.went().expect("the new thread is shown");
    let id = place.rsplit('/').next().unwrap().to_owned();
    core.done(&id, "Because.");
    world.advance(10 * SECOND);
    assert_eq!(core.stored(&id), ["user:why", "agent:Because."]);
    let thread = enfilade::core::room::ThreadId::from(id.as_str());
    room.rename(&thread, "Reasons".into());
    tab.settle();
    assert_eq!(core.title(&id), "Reasons");
}

#[test]
fn a_question_that_was_stored_without_our_hearing_of_it_is_asked_once() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    let thread = thread(&tab, &core, "t");
    world.net.once("RPC threads_message_append", Act::Lose);
    send(&tab, &thread, "why");
    assert_eq!(core.stored("t"), ["user:why"]);
    core.done("t", "Because.");
    world.settle();
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
    assert_eq!(thread.composer().text().get_untracked(), "");
}

#[test]
fn a_whole_answer_is_stored_although_somebody_presses_stop() {
    let (world, core, tab, thread) = asked();
    let gate = world.net.hold("RPC threads_messages_list");
    core.delta("t", "Because.");
    core.done("t", "Because.");
    world.settle();
    assert_eq!(gate.waiting(), 1);
    thread.stop();
    tab.settle();
    gate.release();
    world.settle();
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn a_title_is_a_courtesy_whose_refusal_concerns_nobody() {
    let (world, core, tab, thread) = asked();
    core.fail("threads_generate_title", 1, ENDED);
    core.done("t", "Because.");
    world.advance(SECOND);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert!(tab.toasts().is_empty() && ends().is_empty());
    // A core that cannot make any is not asked again.
    core.lacks("threads_generate_title");
    for _ in 0..3 {
        send(&tab, &thread, "and then");
        core.done("t", "Nothing.");
        world.advance(SECOND);
    }
    assert_eq!(core.count("threads_generate_title"), 2);
    assert_eq!(core.stored("t").len(), 8);
}

#[test]
fn an_end_in_the_middle_of_an_answer_keeps_what_came_and_what_is_written() {
    let (world, core, tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    thread.composer().typed("half a thought".into());
    core.fail("threads_list", 1, ENDED);
    room(&tab, &core).reload_threads();
    world.advance(SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert!(rows(&thread)[1].ends_with(":Be"), "{:?}", rows(&thread));
    core.hold("ann");
    super::door_in(&tab, &core);
    world.advance(SECOND);
    let thread = super::thread(&tab, &core, "t");
    assert_eq!(thread.composer().text().get_untracked(), "half a thought");
    core.delta("t", "cause.");
    core.done("t", "Because.");
    world.advance(10 * SECOND);
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn the_events_of_a_core_are_listened_to_without_its_token() {
    let (world, core, _tab, _thread) = asked();
    let bearer = core.bearer();
    let log = world.net.log().into_iter();
    let own = log.filter(|sent| sent.url.starts_with(&core.origin()));
    let (mut streams, mut calls) = (0, 0);
    for sent in own {
        let is_call = sent.url.ends_with("/rpc");
        let wanted = is_call.then_some(bearer.as_str());
        assert_eq!(sent.bearer.as_deref(), wanted, "{}", sent.url);
        streams += usize::from(sent.url.contains("/events?"));
        calls += usize::from(is_call);
    }
    assert!(streams == 1 && calls > 3, "{streams} {calls}");
}

const BUDGET: &str = "Budget exceeded: the monthly limit of this account is used up";

#[test]
fn an_answer_that_fails_for_want_of_budget_says_what_is_left() {
    const LEFT: &str = "Left to spend: $0.00 of $20.00.";
    const PLAN: &str = "Your plan: BASIC.";
    for (fails, text, told) in [
        ("", "", format!("{BUDGET}\n\n{LEFT} {PLAN}")),
        (
            "team_get_usage",
            "GET /usage failed (401 Unauthorized): no",
            format!("{BUDGET}\n\n{PLAN}"),
        ),
        (
            "billing_get_current_plan",
            ENDED,
            format!("{BUDGET}\n\n{LEFT}"),
        ),
        ("t", "no session JWT required", BUDGET.to_owned()),
    ] {
        let (world, core, tab, thread) = asked();
        assert_eq!(core.count("team_get_usage"), 0, "only where it is wanted");
        if fails == "t" {
            core.lacks("team_get_usage");
            core.lacks("billing_get_current_plan");
        } else if !fails.is_empty() {
            core.fail(fails, 1, text);
        }
        core.chat_error("t", "inference", BUDGET);
        world.advance(2 * SECOND);
        assert_eq!(rows(&thread).last(), Some(&format!("error:done:{told}")));
        assert_eq!(standing(&tab, &core), Standing::SignedIn, "{fails}");
        assert!(tab.toasts().is_empty(), "{fails}");
        assert_eq!(core.count("team_get_usage"), 1);
    }
}

#[test]
fn nobody_is_asked_what_is_left_while_nobody_is_signed_in() {
    let (world, core, tab, thread) = asked();
    core.fail("threads_list", 1, ENDED);
    room(&tab, &core).reload_threads();
    world.advance(SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    core.chat_error("t", "inference", BUDGET);
    world.advance(2 * SECOND);
    assert!(rows(&thread).last().unwrap().ends_with(BUDGET));
    let asked = core.count("team_get_usage") + core.count("billing_get_current_plan");
    assert_eq!(asked, 0);
}
