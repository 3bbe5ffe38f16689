//! What comes too late: a stop before the first word, and answers that nobody waits for any more.

use enfilade::port::TransportError;
use enfilade::state::thread::{RunPhase, ThreadState};
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use crate::fake::{
    Act, Backend, Gate, HOUR, MINUTE, SECOND, Tab, World, content, finished, reply, rows, started,
    text_end, text_start,
};

fn text(thread: &ThreadState) -> String {
    thread.composer().text().get_untracked()
}

fn send(tab: &Tab, thread: &ThreadState, words: &str) {
    thread.composer().typed(words.into());
    thread.composer().send();
    tab.settle();
}

fn phase(thread: &ThreadState) -> RunPhase {
    thread.run().get_untracked()
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

/// The next run begins at the server, or hangs before it gets there; nothing is heard of it.
fn unheard(world: &World, gets_there: bool) -> Gate {
    let gate = Gate::default();
    for number in 0..99 {
        let act = if gets_there {
            Act::Late(gate.clone())
        } else {
            Act::Hold(gate.clone())
        };
        world.net.once(&format!("POST /r-{number}"), act);
    }
    gate
}

/// Another person signs in.
fn change_person(world: &World, tab: &Tab, backend: &Backend) {
    backend.set_user("bob");
    tab.server(backend)
        .session()
        .sign_in(backend.provider(), backend.tokens(world.clock.time(), HOUR));
    tab.settle();
}

#[test]
fn a_run_stopped_before_its_first_word_keeps_the_question_and_is_not_asked_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.visit(&harbor.path(Some("t-1")));
    let thread = tab.thread(&harbor, "t-1");
    let gate = unheard(&world, true);
    send(&tab, &thread, "hello");
    assert_eq!(gate.waiting(), 1);
    thread.stop();
    tab.settle();
    assert_eq!(gate.waiting(), 0, "nobody listens");
    assert_eq!(phase(&thread), RunPhase::Idle);
    let shown = ["user:done:hello", "notice:partial:"];
    assert_eq!(rows(&thread), shown);
    assert_eq!(text(&thread), "", "the server has it");
    assert!(!thread.composer().sending().get_untracked());
    answer(&harbor, &harbor.last_run(), "too late");
    world.advance(MINUTE);
    tab.app.wake();
    world.advance(MINUTE);
    assert_eq!(rows(&thread), shown);
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(harbor.runs(), 1);
}

#[test]
fn a_run_stopped_before_its_server_has_it_gives_the_question_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    unheard(&world, false);
    send(&tab, &thread, "hello");
    thread.stop();
    tab.settle();
    assert_eq!(
        rows(&thread),
        ["user:done:hello", "notice:partial:"],
        "it may still arrive"
    );
    world.advance(2 * SECOND);
    assert_eq!(rows(&thread), [""; 0]);
    assert_eq!(text(&thread), "hello");
    assert_eq!(thread.composer().error().get_untracked(), None);
    assert_eq!(harbor.runs(), 0);
}

#[test]
fn where_the_server_does_not_say_whether_it_has_the_question_it_is_given_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    unheard(&world, true);
    send(&tab, &thread, "hello");
    for number in 0..99 {
        let what = format!("GET /r-{number}");
        world.net.once(&what, Act::Fail(TransportError::Network));
    }
    thread.stop();
    tab.settle();
    assert_eq!(rows(&thread), [""; 0]);
    assert_eq!(text(&thread), "hello");
    assert!(thread.composer().error().get_untracked().is_some());
}

#[test]
fn what_is_sent_while_it_is_unclear_whether_the_question_arrived_waits_for_that() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    unheard(&world, true);
    send(&tab, &thread, "first");
    let run = harbor.last_run();
    let gate = world.net.hold(&format!("GET /{run}"));
    thread.stop();
    send(&tab, &thread, "second");
    assert_eq!(harbor.runs(), 1);
    world.net.heal();
    gate.release();
    tab.settle();
    assert_eq!(harbor.runs(), 2);
    assert_eq!(
        rows(&thread),
        ["user:done:first", "notice:partial:", "user:done:second"]
    );
}

#[test]
fn a_page_that_is_closed_while_it_is_unclear_whether_the_question_arrived_keeps_it() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    unheard(&world, false);
    send(&tab, &thread, "hello");
    thread.stop();
    tab.settle();
    tab.close();
    let tab = world.open();
    assert_eq!(text(&tab.thread(&harbor, "t-1")), "hello");
}

/// A thread in which something has happened elsewhere; the look for it hangs.
fn looking(world: &World, backend: &Backend) -> (Tab, ThreadState, Gate) {
    backend.add_talk("t-1", 1);
    let tab = world.open();
    tab.visit(&backend.path(Some("t-1")));
    let thread = tab.thread(backend, "t-1");
    thread.open();
    tab.settle();
    backend.add_run("t-1", "r-900", "from elsewhere");
    answer(backend, "r-900", "there");
    world.advance(MINUTE);
    let gate = world.net.hold("GET /r-900");
    tab.app.wake();
    tab.settle();
    assert_eq!(gate.waiting(), 1);
    (tab, thread, gate)
}

#[test]
fn a_late_look_changes_nothing_where_a_run_was_begun_and_ended_meanwhile() {
    let (world, harbor) = World::with_one();
    let (tab, thread, gate) = looking(&world, &harbor);
    send(&tab, &thread, "mine");
    answer(&harbor, &harbor.last_run(), "yours");
    tab.settle();
    let shown = rows(&thread);
    assert_eq!(
        shown[2..],
        ["user:done:mine", "assistant:done:yours"].map(str::to_owned)
    );
    gate.release();
    tab.settle();
    assert_eq!(rows(&thread), shown, "nothing is put below what came later");
}

#[test]
fn a_late_look_changes_nothing_where_the_thread_was_unloaded_or_loaded_anew() {
    let (world, harbor) = World::with_one();
    let (tab, thread, gate) = looking(&world, &harbor);
    thread.reload();
    tab.settle();
    let shown = rows(&thread);
    assert_eq!(shown.len(), 4);
    gate.release();
    tab.settle();
    assert_eq!(rows(&thread), shown);
}

#[test]
fn a_late_look_changes_nothing_where_another_person_has_come() {
    let (world, harbor) = World::with_one();
    let (tab, thread, gate) = looking(&world, &harbor);
    let before = rows(&thread);
    change_person(&world, &tab, &harbor);
    world.net.forget_log();
    gate.release();
    world.advance(MINUTE);
    assert_eq!(rows(&thread), before);
    assert_eq!(world.net.count("GET /agui/t-1"), 0);
    assert_eq!(world.net.count("POST /r-900"), 0);
}

#[test]
fn a_thread_whose_person_has_left_loads_and_follows_nothing_any_more() {
    let (world, harbor) = World::with_one();
    harbor.add_run("t-1", "r-900", "work");
    harbor.emit("r-900", &[started("r-900")]);
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let gate = world.net.hold("GET /r-900");
    thread.open();
    tab.settle();
    change_person(&world, &tab, &harbor);
    world.net.forget_log();
    gate.release();
    thread.open();
    thread.reload();
    thread.load_all();
    world.advance(MINUTE);
    assert_eq!(world.net.count("POST /r-900"), 0);
    assert_eq!(world.net.count("GET /agui/t-1"), 0);
    assert_eq!(phase(&thread), RunPhase::Idle);
}

/// A thread with a run that could not be had, whose retry hangs.
fn filling(world: &World, backend: &Backend) -> (Tab, ThreadState, Gate) {
    backend.add_talk("t-1", 2);
    let tab = world.open();
    let thread = tab.thread(backend, "t-1");
    world.net.once("GET /run-2", reply(503, ""));
    thread.open();
    tab.settle();
    assert_eq!(rows(&thread)[2..], ["user:done:question 2", "notice:done:"]);
    let gate = world.net.hold("GET /run-2");
    thread.retry_gap("run-2");
    tab.settle();
    (tab, thread, gate)
}

#[test]
fn a_gap_is_filled_late_but_not_where_the_thread_was_loaded_anew() {
    let (world, harbor) = World::with_one();
    let (tab, thread, gate) = filling(&world, &harbor);
    world.net.once("GET /run-2", reply(503, ""));
    thread.reload();
    tab.settle();
    let shown = rows(&thread);
    gate.release();
    tab.settle();
    assert_eq!(rows(&thread), shown, "the answer belongs to what is gone");
    thread.retry_gap("run-2");
    tab.settle();
    assert_eq!(rows(&thread)[3], "assistant:done:answer 2");
}

#[test]
fn a_gap_that_is_filled_during_a_run_stays_in_its_place_and_leaves_the_state_alone() {
    let (world, harbor) = World::with_one();
    let (tab, thread, gate) = filling(&world, &harbor);
    harbor.emit(
        "run-2",
        &[json!({ "type": "STATE_SNAPSHOT", "snapshot": { "turn": "old" } })],
    );
    send(&tab, &thread, "mine");
    let run = harbor.last_run();
    let now = json!({ "type": "STATE_SNAPSHOT", "snapshot": { "turn": "new" } });
    harbor.emit(&run, &[started(&run), now]);
    tab.settle();
    gate.release();
    tab.settle();
    assert_eq!(
        rows(&thread)[2..],
        [
            "user:done:question 2",
            "assistant:done:answer 2",
            "user:done:mine"
        ]
    );
    answer(&harbor, &run, "yours");
    tab.settle();
    send(&tab, &thread, "next");
    let sent = world.net.last(&format!("POST /{}", harbor.last_run()));
    assert_eq!(sent.json()["state"], json!({ "turn": "new" }));
}

#[test]
fn a_gap_whose_run_is_followed_by_now_is_not_filled_a_second_time() {
    let (world, harbor) = World::with_one();
    harbor.add_run("t-1", "r-900", "work");
    harbor.emit(
        "r-900",
        &[started("r-900"), text_start("m"), content("m", "one ")],
    );
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    world.net.once("GET /r-900", reply(503, ""));
    thread.open();
    tab.settle();
    let gate = world.net.hold("GET /r-900");
    thread.retry_gap("r-900");
    thread.retry_gap("r-900");
    tab.settle();
    assert_eq!(phase(&thread), RunPhase::Streaming);
    let shown = rows(&thread);
    assert_eq!(shown[1], "assistant:streaming:one ");
    gate.release();
    tab.settle();
    assert_eq!(rows(&thread), shown);
    assert_eq!(harbor.listeners("r-900"), 1);
}

#[test]
fn a_room_that_was_let_go_of_asks_for_no_title_and_notes_none() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let room = tab.room(&harbor);
    room.load_threads();
    let thread = tab.thread(&harbor, "t-1");
    send(&tab, &thread, "hello");
    answer(&harbor, &harbor.last_run(), "there");
    tab.settle();
    change_person(&world, &tab, &harbor);
    world.net.forget_log();
    world.advance(MINUTE);
    assert_eq!(world.net.count("GET /echo/agui"), 0);
    room.reload_threads();
    tab.settle();
    assert_eq!(world.net.count("GET /echo/agui"), 0);
}

#[test]
fn a_list_of_threads_that_comes_after_its_person_has_left_is_not_noted() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 1);
    let tab = world.open();
    let room = tab.room(&harbor);
    room.load_threads();
    tab.settle();
    // The server is removed while its list of threads is on its way.
    let gate = world.net.hold("GET /echo/agui");
    room.reload_threads();
    tab.settle();
    let before = room.threads().get_untracked().data.unwrap_or_default();
    harbor.add_run("t-2", "r-900", "more");
    tab.app.remove(&tab.server(&harbor));
    gate.answer(Act::Hold(Gate::default()));
    tab.settle();
    assert_eq!(
        room.threads().get_untracked().data.unwrap_or_default(),
        before
    );
}

#[test]
fn older_runs_are_not_loaded_in_the_name_of_the_next_person() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 30);
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    thread.open();
    tab.settle();
    assert_eq!(rows(&thread).len(), 12);
    change_person(&world, &tab, &harbor);
    world.net.forget_log();
    thread.load_all();
    world.advance(MINUTE);
    let asked = world.net.log().into_iter();
    let runs = asked.filter(|sent| sent.url.contains("/agui/t-1"));
    assert_eq!(runs.count(), 0);
}
