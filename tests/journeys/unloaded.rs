//! Conversations that are not on show: a very long one is not held, and nothing of it is lost by that.

use enfilade::core::room::ThreadId;
use enfilade::core::thread::message::RowId;
use enfilade::state::thread::feedback::{Opinion, UNDO_MS};
use enfilade::state::thread::{Older, RunPhase, ThreadState};
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use crate::fake::{
    Backend, SECOND, Tab, World, content, finished, reply, rows, run_error, started, text_end,
    text_start,
};

/// More than is held of conversations that nobody sees.
const LONG: usize = 1_500_000;
/// More than are loaded without being asked for.
const RUNS: usize = 230;

fn look_at(tab: &Tab, backend: &Backend, thread: &str) -> ThreadState {
    tab.visit(&backend.path(Some(thread)));
    tab.room(backend).opened(&ThreadId::from(thread));
    let state = tab.thread(backend, thread);
    state.open();
    tab.settle();
    state
}

/// Leaves the thread and does something else for a while.
fn leave(world: &World, tab: &Tab, backend: &Backend) {
    tab.visit(&backend.path(None));
    tab.room(backend).unread().left();
    world.advance(5 * SECOND);
}

fn is_held(thread: &ThreadState) -> bool {
    !thread.order().get_untracked().is_empty()
}

fn send(tab: &Tab, thread: &ThreadState, text: &str) {
    thread.composer().typed(text.into());
    thread.composer().send();
    tab.settle();
}

/// Adds a question and a very long answer.
fn add_long(backend: &Backend, thread: &str, run: &str) {
    add_answer(backend, thread, run, LONG);
}

fn add_answer(backend: &Backend, thread: &str, run: &str, length: usize) {
    let input = json!({ "messages": [{ "id": run, "role": "user", "content": "tell me all" }] });
    backend.add_run_with(thread, run, input);
    let message = format!("a-{run}");
    backend.emit(
        run,
        &[
            started(run),
            text_start(&message),
            content(&message, &"x".repeat(length)),
            text_end(&message),
            finished(run),
        ],
    );
}

fn with_long() -> (World, Backend, Tab, ThreadState) {
    let (world, harbor) = World::with_one();
    add_long(&harbor, "t-1", "long");
    let tab = world.open();
    let thread = look_at(&tab, &harbor, "t-1");
    assert!(is_held(&thread));
    (world, harbor, tab, thread)
}

#[test]
fn a_long_conversation_that_was_left_is_let_go_of_and_is_there_again_on_return() {
    let (world, harbor, tab, thread) = with_long();
    let before = rows(&thread);
    leave(&world, &tab, &harbor);
    assert!(!is_held(&thread));
    assert!(thread.row(&RowId("user/long".into())).is_none());
    let again = look_at(&tab, &harbor, "t-1");
    assert_eq!(rows(&again), before);
    assert_eq!(world.net.count("GET /long"), 2);
}

#[test]
fn what_is_on_show_stays_however_long_it_is() {
    let (world, harbor, tab, thread) = with_long();
    world.advance(60 * SECOND);
    assert!(is_held(&thread));
    // Left for a moment only.
    tab.room(&harbor).unread().left();
    tab.settle();
    look_at(&tab, &harbor, "t-1");
    world.advance(60 * SECOND);
    assert!(is_held(&thread));
    assert_eq!(world.net.count("GET /long"), 1);
}

#[test]
fn going_back_to_conversations_of_the_usual_length_asks_for_nothing() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 4);
    let tab = world.open();
    let thread = look_at(&tab, &harbor, "t-1");
    leave(&world, &tab, &harbor);
    let long = {
        add_long(&harbor, "t-2", "long");
        look_at(&tab, &harbor, "t-2")
    };
    leave(&world, &tab, &harbor);
    assert!(is_held(&thread) && !is_held(&long));
    let again = look_at(&tab, &harbor, "t-1");
    assert_eq!(rows(&again).len(), 8);
    assert_eq!(world.net.count("GET /run-4"), 1);
}

#[test]
fn what_was_written_and_rated_is_still_there() {
    let (world, harbor, tab, thread) = with_long();
    world.net.always("POST /long/feedback", reply(205, ""));
    thread.composer().typed("not sent yet".into());
    thread.rate("long", true);
    thread.submit_opinions();
    leave(&world, &tab, &harbor);
    assert!(!is_held(&thread));
    let again = look_at(&tab, &harbor, "t-1");
    assert_eq!(again.composer().text().get_untracked(), "not sent yet");
    assert_eq!(
        again.opinion("long").get_untracked(),
        Opinion::Sent { up: true }
    );
}

#[test]
fn a_verdict_that_can_be_taken_back_holds_the_conversation_until_it_is_sent() {
    let (world, harbor, tab, thread) = with_long();
    world.net.always("POST /long/feedback", reply(205, ""));
    thread.rate("long", true);
    tab.room(&harbor).unread().left();
    world.advance(i64::from(UNDO_MS) - SECOND);
    assert!(is_held(&thread));
    world.advance(2 * SECOND);
    leave(&world, &tab, &harbor);
    look_at(&tab, &harbor, "t-2");
    leave(&world, &tab, &harbor);
    assert!(!is_held(&thread));
}

#[test]
fn a_run_goes_on_unseen_and_its_conversation_goes_once_it_has_ended() {
    let (world, harbor, tab, thread) = with_long();
    send(&tab, &thread, "more");
    let run = harbor.last_run();
    harbor.emit(&run, &[started(&run), text_start("m"), content("m", "o")]);
    leave(&world, &tab, &harbor);
    assert!(is_held(&thread));
    assert_eq!(thread.run().get_untracked(), RunPhase::Streaming);
    harbor.emit(&run, &[content("m", "ne"), text_end("m"), finished(&run)]);
    world.advance(5 * SECOND);
    assert!(!is_held(&thread));
    let again = look_at(&tab, &harbor, "t-1");
    assert_eq!(rows(&again)[2..], ["user:done:more", "assistant:done:one"]);
}

#[test]
fn what_was_stopped_stays_as_it_was_stopped() {
    let (world, harbor, tab, thread) = with_long();
    send(&tab, &thread, "more");
    let run = harbor.last_run();
    harbor.emit(&run, &[started(&run), text_start("m"), content("m", "o")]);
    tab.settle();
    thread.stop();
    leave(&world, &tab, &harbor);
    assert!(is_held(&thread));
    let again = look_at(&tab, &harbor, "t-1");
    assert_eq!(again.run().get_untracked(), RunPhase::Idle);
    assert_eq!(rows(&again)[3], "assistant:partial:o");
}

#[test]
fn a_message_that_waits_holds_its_conversation() {
    let (world, harbor, tab, thread) = with_long();
    send(&tab, &thread, "more");
    send(&tab, &thread, "and more");
    let run = harbor.last_run();
    harbor.emit(&run, &[started(&run), run_error("no")]);
    tab.settle();
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
    leave(&world, &tab, &harbor);
    assert!(is_held(&thread));
    let waiting = thread.composer().waiting().get_untracked();
    assert_eq!(waiting.len(), 1);
}

#[test]
fn whoever_was_reading_far_above_finds_the_way_back() {
    let (world, harbor) = World::with_one();
    for number in 1..=RUNS {
        add_answer(&harbor, "t-1", &format!("run-{number:03}"), 2 * LONG / RUNS);
    }
    let tab = world.open();
    let thread = look_at(&tab, &harbor, "t-1");
    thread.load_all();
    world.advance(SECOND);
    assert_eq!(rows(&thread).len(), 2 * RUNS);
    leave(&world, &tab, &harbor);
    assert!(!is_held(&thread));
    thread.come_back();
    look_at(&tab, &harbor, "t-1");
    assert_eq!(rows(&thread).len(), 2 * RUNS);
    leave(&world, &tab, &harbor);
    // At the end nobody needs all of it.
    look_at(&tab, &harbor, "t-1");
    assert_eq!(rows(&thread).len(), 12);
    assert_eq!(thread.older().get_untracked(), Older::More);
}
