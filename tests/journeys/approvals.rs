//! A run that waits for an answer of the person: over a reload, in several tabs, and on several devices.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use enfilade::core::tool::Definition;
use enfilade::state::thread::{RunPhase, ThreadState};
use enfilade::state::tools::{Answer, Approval, TIMEOUT, Tool};
use futures_util::FutureExt;
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use crate::fake::{
    Backend, HOUR, MINUTE, SECOND, Tab, World, content, finished, reply, rows, started, text_end,
    text_start,
};

/// How often the tool was used in all tabs.
type Used = Arc<AtomicUsize>;

fn used(used: &Used) -> usize {
    used.load(Ordering::Relaxed)
}

/// A tab that looks at the thread `t-1`, with a tool that asks.
fn tab(world: &World, backend: &Backend, used: &Used) -> (Tab, ThreadState) {
    let tab = world.open();
    let used = used.clone();
    tab.room(backend).tools().register(Tool {
        definition: Definition {
            name: "peek",
            description: "Looks at something of the person's.",
            parameters: json!({ "type": "object", "properties": {} }),
        },
        needs_approval: true,
        glance: None,
        timeout: TIMEOUT,
        run: Arc::new(move |_| {
            used.fetch_add(1, Ordering::Relaxed);
            async { Ok("a secret".to_owned()) }.boxed_local()
        }),
    });
    let thread = look(&tab, backend);
    (tab, thread)
}

/// What the page of the thread does when it comes on show.
fn look(tab: &Tab, backend: &Backend) -> ThreadState {
    tab.visit(&backend.path(Some("t-1")));
    let thread = tab.thread(backend, "t-1");
    thread.open();
    tab.room(backend).tools().look(thread.key());
    tab.settle();
    thread
}

fn close(world: &World, tab: &Tab) {
    tab.close();
    world.locks.died(tab.number);
}

fn send(tab: &Tab, thread: &ThreadState, words: &str) {
    thread.composer().typed(words.into());
    thread.composer().send();
    tab.settle();
}

fn call(backend: &Backend, run: &str) {
    backend.emit(
        run,
        &[
            started(run),
            json!({ "type": "TOOL_CALL_START", "toolCallId": "c-1", "toolCallName": "peek" }),
            json!({ "type": "TOOL_CALL_ARGS", "toolCallId": "c-1", "delta": "{}" }),
            json!({ "type": "TOOL_CALL_END", "toolCallId": "c-1" }),
            finished(run),
        ],
    );
}

fn answer(backend: &Backend, run: &str, words: &str) {
    backend.emit(
        run,
        &[
            started(run),
            text_start("m"),
            content("m", words),
            text_end("m"),
            finished(run),
        ],
    );
}

fn questions(tab: &Tab, backend: &Backend) -> Vec<Approval> {
    tab.room(backend).tools().waiting().get_untracked()
}

fn say(tab: &Tab, backend: &Backend, answer: Answer) {
    let asked = questions(tab, backend).pop().expect("a question");
    tab.room(backend).tools().answer(asked.id, answer);
    tab.settle();
}

fn phase(thread: &ThreadState) -> RunPhase {
    thread.run().get_untracked()
}

const WAITING: [&str; 2] = ["user:done:what is there?", "tool:partial:peek"];

/// A question waits in a tab.
fn asked() -> (World, Backend, Tab, ThreadState, Used) {
    let (world, harbor) = World::with_one();
    let count = Used::default();
    let (tab, thread) = tab(&world, &harbor, &count);
    send(&tab, &thread, "what is there?");
    call(&harbor, &harbor.last_run());
    tab.settle();
    assert_eq!(questions(&tab, &harbor).len(), 1);
    assert_eq!(rows(&thread), WAITING);
    (world, harbor, tab, thread, count)
}

/// The same after a reload.
fn asked_again() -> (World, Backend, Tab, ThreadState, Used) {
    let (world, harbor, old, _, count) = asked();
    close(&world, &old);
    let (tab, thread) = tab(&world, &harbor, &count);
    assert_eq!(rows(&thread), WAITING);
    assert_eq!(questions(&tab, &harbor).len(), 1, "it is asked again");
    assert_eq!(questions(&tab, &harbor)[0].call, "c-1");
    assert_eq!(used(&count), 0, "nothing is done without a yes");
    assert_eq!(harbor.runs(), 1);
    assert_eq!(phase(&thread), RunPhase::Streaming, "Stop is there");
    (world, harbor, tab, thread, count)
}

#[test]
fn a_question_is_asked_again_after_a_reload_and_a_yes_goes_on() {
    let (world, harbor, tab, thread, count) = asked_again();
    say(&tab, &harbor, Answer::Once);
    assert_eq!(used(&count), 1);
    let second = harbor.last_run();
    let input = world.net.last(&format!("POST /{second}")).json();
    assert_eq!(input["messages"][2]["content"], "a secret");
    answer(&harbor, &second, "There it is.");
    tab.settle();
    let shown = [
        "user:done:what is there?",
        "tool:done:peek",
        "assistant:done:There it is.",
    ];
    assert_eq!(rows(&thread), shown);
    assert_eq!(phase(&thread), RunPhase::Idle);
    close(&world, &tab);
    let (tab, thread) = self::tab(&world, &harbor, &count);
    world.advance(MINUTE);
    assert_eq!(rows(&thread), shown);
    assert!(questions(&tab, &harbor).is_empty());
    assert_eq!(harbor.runs(), 2);
    assert!(world.disk.all("enfilade/undone/").is_empty());
}

#[test]
fn a_question_is_asked_again_after_a_reload_and_a_no_is_told_to_the_agent() {
    let (world, harbor, tab, thread, count) = asked_again();
    say(&tab, &harbor, Answer::Deny);
    assert_eq!(used(&count), 0);
    let input = world
        .net
        .last(&format!("POST /{}", harbor.last_run()))
        .json();
    let told = input["messages"][2]["content"].as_str().unwrap();
    assert!(told.contains("did not allow"), "{told}");
    answer(&harbor, &harbor.last_run(), "Well then.");
    tab.settle();
    assert_eq!(
        rows(&thread)[1..],
        ["tool:failed:peek", "assistant:done:Well then."]
    );
}

#[test]
fn a_question_that_was_stopped_is_not_asked_again() {
    let (world, harbor, tab, thread, count) = asked_again();
    thread.stop();
    tab.settle();
    assert!(questions(&tab, &harbor).is_empty());
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(rows(&thread), WAITING);
    close(&world, &tab);
    let (tab, thread) = self::tab(&world, &harbor, &count);
    world.advance(MINUTE);
    assert!(questions(&tab, &harbor).is_empty());
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!((used(&count), harbor.runs()), (0, 1));
}

#[test]
fn a_question_stays_one_question_when_the_person_leaves_the_thread_and_comes_back() {
    let (world, harbor, tab, _, count) = asked();
    tab.visit(&harbor.path(Some("t-2")));
    tab.room(&harbor).unread().left();
    world.advance(HOUR);
    look(&tab, &harbor);
    assert_eq!(questions(&tab, &harbor).len(), 1);
    say(&tab, &harbor, Answer::Once);
    assert_eq!((used(&count), harbor.runs()), (1, 2));
}

#[test]
fn a_page_that_is_closed_between_yes_and_the_next_run_asks_again() {
    let (world, harbor, old, _, count) = asked();
    let gate = world.net.hold("POST /agui/t-1");
    say(&old, &harbor, Answer::Once);
    assert_eq!(gate.waiting(), 1);
    close(&world, &old);
    world.net.heal();
    let (tab, _) = tab(&world, &harbor, &count);
    assert_eq!(questions(&tab, &harbor).len(), 1);
    assert_eq!(used(&count), 1, "a yes is for once");
}

#[test]
fn a_call_of_long_ago_or_of_another_device_asks_nothing_when_its_thread_is_opened() {
    let (world, harbor) = World::with_one();
    harbor.add_run("t-1", "r-900", "what is there?");
    call(&harbor, "r-900");
    let count = Used::default();
    let (tab, thread) = tab(&world, &harbor, &count);
    world.advance(MINUTE);
    assert_eq!(rows(&thread), WAITING);
    assert!(questions(&tab, &harbor).is_empty());
    assert_eq!((used(&count), harbor.runs()), (0, 1));
}

#[test]
fn a_question_that_was_overtaken_elsewhere_is_not_asked_again() {
    let (world, harbor, old, _, count) = asked();
    close(&world, &old);
    harbor.add_run("t-1", "r-900", "never mind");
    answer(&harbor, "r-900", "fine");
    let (tab, thread) = tab(&world, &harbor, &count);
    world.advance(MINUTE);
    assert!(questions(&tab, &harbor).is_empty());
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert!(world.disk.all("enfilade/undone/").is_empty());
}

#[test]
fn a_question_is_not_put_to_the_next_person() {
    let (world, harbor, old, _, count) = asked();
    close(&world, &old);
    let (tab, _) = tab(&world, &harbor, &count);
    harbor.set_user("bob");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    look(&tab, &harbor);
    world.advance(MINUTE);
    assert!(questions(&tab, &harbor).is_empty());
    assert_eq!((used(&count), harbor.runs()), (0, 1));
}

/// A run that two tabs follow; the first has begun it.
fn followed() -> (World, Backend, [(Tab, ThreadState); 2], Used) {
    let (world, harbor) = World::with_one();
    let count = Used::default();
    let first = tab(&world, &harbor, &count);
    send(&first.0, &first.1, "what is there?");
    let run = harbor.last_run();
    harbor.emit(&run, &[started(&run)]);
    let second = tab(&world, &harbor, &count);
    assert_eq!(harbor.listeners(&run), 2);
    (world, harbor, [first, second], count)
}

#[test]
fn of_two_tabs_that_follow_a_run_the_one_that_began_it_asks_and_goes_on() {
    let (world, harbor, [first, second], count) = followed();
    call(&harbor, &harbor.last_run());
    world.advance(10 * SECOND);
    assert_eq!(questions(&first.0, &harbor).len(), 1);
    assert!(questions(&second.0, &harbor).is_empty());
    say(&first.0, &harbor, Answer::Once);
    world.advance(SECOND);
    assert_eq!((used(&count), harbor.runs()), (1, 2));
    answer(&harbor, &harbor.last_run(), "There it is.");
    world.settle();
    assert_eq!(rows(&second.1), rows(&first.1));
    assert_eq!(phase(&second.1), RunPhase::Idle);
}

#[test]
fn where_the_tab_that_asks_is_closed_the_other_one_asks() {
    let (world, harbor, [first, second], count) = followed();
    call(&harbor, &harbor.last_run());
    world.advance(10 * SECOND);
    close(&world, &first.0);
    world.settle();
    assert_eq!(questions(&second.0, &harbor).len(), 1);
    say(&second.0, &harbor, Answer::Once);
    assert_eq!((used(&count), harbor.runs()), (1, 2));
    answer(&harbor, &harbor.last_run(), "There it is.");
    world.settle();
    assert_eq!(rows(&second.1).len(), 3);
}

#[test]
fn a_tab_that_is_opened_beside_the_one_that_asks_asks_nothing() {
    let (world, harbor, first, _, count) = asked();
    let (second, thread) = tab(&world, &harbor, &count);
    world.advance(MINUTE);
    assert!(questions(&second, &harbor).is_empty());
    assert_eq!(phase(&thread), RunPhase::Idle);
    // The person comes back to it when the other one is gone.
    close(&world, &first);
    second.app.wake();
    world.settle();
    assert_eq!(questions(&second, &harbor).len(), 1);
    say(&second, &harbor, Answer::Once);
    assert_eq!((used(&count), harbor.runs()), (1, 2));
}

#[test]
fn a_browser_without_locks_goes_on_once_all_the_same() {
    let (world, harbor, [first, second], count) = {
        let (world, harbor) = World::with_one();
        world.locks.take_away();
        let count = Used::default();
        let first = tab(&world, &harbor, &count);
        send(&first.0, &first.1, "what is there?");
        let run = harbor.last_run();
        harbor.emit(&run, &[started(&run)]);
        let second = tab(&world, &harbor, &count);
        (world, harbor, [first, second], count)
    };
    call(&harbor, &harbor.last_run());
    world.advance(10 * SECOND);
    say(&first.0, &harbor, Answer::Once);
    say(&second.0, &harbor, Answer::Once);
    assert_eq!(harbor.runs(), 2);
    assert!(used(&count) >= 1);
    answer(&harbor, &harbor.last_run(), "There it is.");
    world.settle();
    assert_eq!(rows(&second.1), rows(&first.1));
}

#[test]
fn what_was_answered_on_another_device_is_not_answered_again() {
    let (world, harbor, tab, thread, _) = asked();
    // There the agent was told, and has gone on.
    let run = harbor.last_run();
    let asked = world.net.last(&format!("POST /{run}")).json()["messages"][0].clone();
    let messages = json!([
        asked,
        { "id": "a", "role": "assistant", "toolCalls": [
            { "id": "c-1", "type": "function", "function": { "name": "peek", "arguments": "{}" } } ] },
        { "id": "t", "role": "tool", "toolCallId": "c-1", "content": "theirs" },
    ]);
    harbor.add_run_with("t-1", "r-900", json!({ "messages": messages, "state": {} }));
    answer(&harbor, "r-900", "I see.");
    assert_ne!(run, harbor.last_run());
    say(&tab, &harbor, Answer::Once);
    world.settle();
    assert_eq!(harbor.runs(), 2, "it has gone on once");
    assert_eq!(
        rows(&thread)[1..],
        ["tool:done:peek", "assistant:done:I see."]
    );
    assert_eq!(phase(&thread), RunPhase::Idle);
}

#[test]
fn a_run_that_cannot_go_on_after_a_yes_asks_again_after_the_next_reload() {
    let (world, harbor, old, thread, count) = asked();
    world.net.once("POST /agui/t-1", reply(503, ""));
    say(&old, &harbor, Answer::Once);
    assert!(rows(&thread).pop().unwrap().starts_with("error:"));
    close(&world, &old);
    let (tab, _) = tab(&world, &harbor, &count);
    assert_eq!(questions(&tab, &harbor).len(), 1);
}
