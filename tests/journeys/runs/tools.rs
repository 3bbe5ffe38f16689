//! Runs that call tools of this app, and go on with what came of it.

use super::*;

#[test]
fn a_call_of_one_of_our_tools_is_carried_out_and_the_answer_goes_on() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    clock_tool(&tab, &harbor, Ok("noon"));
    let thread = tab.thread(&harbor, "t-1");
    send(&tab, &thread, "what time is it?");
    let first = harbor.last_run();
    let offered = world.net.last(&format!("POST /{first}")).json()["tools"].clone();
    assert!(offered.to_string().contains("tell_time"));
    call(&harbor, &first, "c-1", "tell_time");
    tab.settle();
    let second = harbor.last_run();
    assert_ne!(first, second);
    assert_eq!(phase(&thread), RunPhase::Streaming, "it is one answer");
    let input = world.net.last(&format!("POST /{second}")).json();
    assert_eq!(roles(&input), ["user", "assistant", "tool"]);
    assert_eq!(input["messages"][2]["content"], "noon");
    answer(&harbor, &second, "It is noon.");
    tab.settle();
    let expected = [
        "user:done:what time is it?",
        "tool:done:tell_time",
        "assistant:done:It is noon.",
    ];
    assert_eq!(rows(&thread), expected);
    assert_eq!(phase(&thread), RunPhase::Idle);
    // And after a reload.
    tab.close();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    thread.open();
    tab.settle();
    assert_eq!(rows(&thread), expected);
    let id = thread.order().get_untracked()[1].clone();
    let row = thread.row(&id).unwrap().get_untracked();
    assert_eq!(row.state, RowState::Done);
    assert!(matches!(row.kind, RowKind::ToolCall { result: Some(result), .. } if result == "noon"));
}

#[test]
fn a_tool_that_nobody_here_knows_ends_the_answer() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    send(&tab, &thread, "go");
    call(&harbor, &harbor.last_run(), "c-1", "launch");
    world.advance(SECOND);
    assert_eq!(harbor.runs(), 1);
    assert_eq!(phase(&thread), RunPhase::Idle);
}

#[test]
fn an_agent_that_asks_for_ever_comes_to_an_end() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    clock_tool(&tab, &harbor, Err("broken"));
    let thread = tab.thread(&harbor, "t-1");
    send(&tab, &thread, "go");
    for turn in 0..11 {
        call(
            &harbor,
            &harbor.last_run(),
            &format!("c-{turn}"),
            "tell_time",
        );
        tab.settle();
    }
    world.advance(SECOND);
    assert_eq!(harbor.runs(), 11);
    assert_eq!(phase(&thread), RunPhase::Idle);
    let last = rows(&thread).pop().unwrap();
    assert!(
        last.starts_with("error:") && last.contains("10 times"),
        "{last}"
    );
}

#[test]
fn stop_during_a_call_starts_no_further_run() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    clock_tool(&tab, &harbor, Ok("noon"));
    send(&tab, &thread, "go");
    let gate = world.net.hold("POST /agui/t-1");
    call(&harbor, &harbor.last_run(), "c-1", "tell_time");
    tab.settle();
    thread.stop();
    tab.settle();
    assert_eq!(gate.waiting(), 0);
    assert_eq!(harbor.runs(), 1);
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(text(&thread.composer()), "", "the message had been taken");
}

#[test]
fn a_run_that_cannot_go_on_after_its_call_says_so() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    clock_tool(&tab, &harbor, Ok("noon"));
    send(&tab, &thread, "go");
    world.net.once("POST /agui/t-1", reply(503, ""));
    call(&harbor, &harbor.last_run(), "c-1", "tell_time");
    tab.settle();
    let last = rows(&thread).pop().unwrap();
    assert!(
        last.starts_with("error:") && last.contains("could not go on"),
        "{last}"
    );
    assert_eq!(phase(&thread), RunPhase::Idle);
}
