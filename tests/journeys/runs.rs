//! Runs belong to the app: they wait their turn, go on elsewhere and after calls, and are found again.

mod network;
mod tools;
mod turns;

use std::sync::atomic::Ordering;

use enfilade::core::thread::message::{RowKind, RowState};
use enfilade::port::TransportError;
use enfilade::state::composer::Composer;
use enfilade::state::thread::{RunPhase, ThreadState};
use enfilade::state::tools::{TIMEOUT, Tool};
use futures_util::FutureExt;
use reactive_graph::traits::GetUntracked;
use serde_json::{Value, json};

use crate::fake::{
    Act, Backend, HOUR, MINUTE, SECOND, Tab, World, content, finished, reply, rows, run_error,
    started, text_end, text_start,
};

fn text(composer: &Composer) -> String {
    composer.text().get_untracked()
}

fn send(tab: &Tab, thread: &ThreadState, words: &str) {
    thread.composer().typed(words.into());
    thread.composer().send();
    tab.settle();
}

/// Threads with a live run each, in order of their sending.
fn busy(tab: &Tab, backend: &Backend, count: usize) -> Vec<(ThreadState, String)> {
    (1..=count)
        .map(|number| {
            let thread = tab.thread(backend, &format!("b-{number}"));
            send(tab, &thread, "work");
            (thread, backend.last_run())
        })
        .collect()
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

fn begin(backend: &Backend, run: &str) {
    backend.emit(run, &[started(run), text_start("m"), content("m", "one ")]);
}

fn go_on(backend: &Backend, run: &str) {
    backend.emit(run, &[content("m", "two"), text_end("m"), finished(run)]);
}

fn cursors(world: &World, run: &str) -> Vec<Option<String>> {
    let sent = world.net.sent(&format!("POST /{run}"));
    sent.iter()
        .map(|sent| sent.header("last-event-id").map(str::to_owned))
        .collect()
}

fn clock_tool(tab: &Tab, backend: &Backend, result: Result<&'static str, &'static str>) {
    let definition = enfilade::core::tool::Definition {
        name: "tell_time",
        description: "Tells the time.",
        parameters: json!({ "type": "object", "properties": {} }),
    };
    tab.room(backend).tools().register(Tool {
        definition,
        needs_approval: false,
        glance: None,
        timeout: TIMEOUT,
        run: std::sync::Arc::new(move |_| {
            async move { result.map(str::to_owned).map_err(str::to_owned) }.boxed_local()
        }),
    });
}

fn call(backend: &Backend, run: &str, id: &str, tool: &str) {
    backend.emit(
        run,
        &[
            started(run),
            json!({ "type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": tool }),
            json!({ "type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": "{}" }),
            json!({ "type": "TOOL_CALL_END", "toolCallId": id }),
            finished(run),
        ],
    );
}

fn roles(input: &Value) -> Vec<&str> {
    let messages = input["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["role"].as_str().unwrap())
        .collect()
}

#[test]
fn after_a_reload_nothing_that_is_on_show_shrinks_while_it_is_replayed() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (_, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    tab.close();
    // The replay is cut in the middle.
    let half = format!("id: {run}:0\ndata: {}\n\n", started(&run));
    world.net.once(&format!("POST /{run}"), reply(200, &half));
    let tab = world.open();
    let thread = tab.thread(&harbor, "b-1");
    thread.open();
    tab.settle();
    assert_eq!(phase(&thread), RunPhase::Resuming { attempt: 1, of: 5 });
    assert_eq!(
        rows(&thread),
        ["user:done:work", "assistant:streaming:one "]
    );
    world.advance(SECOND);
    assert_eq!(
        cursors(&world, &run).pop().flatten(),
        Some(format!("{run}:0"))
    );
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
}

#[test]
fn a_run_that_ended_while_the_page_was_loading_shows_its_whole_answer() {
    let (world, harbor) = World::with_one();
    harbor.add_run("b-1", "r-1", "work");
    begin(&harbor, "r-1");
    let gate = world.net.hold("POST /r-1");
    let tab = world.open();
    let thread = tab.thread(&harbor, "b-1");
    thread.open();
    tab.settle();
    go_on(&harbor, "r-1");
    gate.release();
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
    assert_eq!(phase(&thread), RunPhase::Idle);
}

#[test]
fn a_run_whose_server_was_stopped_does_not_block_the_thread_for_ever() {
    let (world, harbor) = World::with_one();
    harbor.add_run("b-1", "r-1", "work");
    begin(&harbor, "r-1");
    world.advance(20 * MINUTE);
    let tab = world.open();
    let thread = tab.thread(&harbor, "b-1");
    thread.open();
    tab.settle();
    assert_eq!(phase(&thread), RunPhase::Streaming);
    for _ in 0..5 {
        world.advance(15 * SECOND);
        harbor.emit_raw("r-1", b": keepalive\n\n");
    }
    tab.settle();
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(harbor.listeners("r-1"), 0);
    assert_eq!(
        rows(&thread),
        ["user:done:work", "assistant:partial:one ", "notice:done:"]
    );
    // It went on after all.
    go_on(&harbor, "r-1");
    thread.retry_gap("r-1");
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
    world.advance(2 * HOUR);
    harbor.add_run("b-2", "r-2", "work");
    begin(&harbor, "r-2");
    world.advance(2 * HOUR);
    let old = tab.thread(&harbor, "b-2");
    old.open();
    tab.settle();
    assert_eq!(phase(&old), RunPhase::Idle, "this old it is not waited for");
    assert_eq!(rows(&old)[1], "assistant:partial:one ");
}

#[test]
fn a_slow_run_of_this_page_is_waited_for_as_long_as_it_takes() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    for _ in 0..200 {
        world.advance(15 * SECOND);
        harbor.emit_raw(&run, b": keepalive\n\n");
    }
    assert_eq!(phase(&thread), RunPhase::Streaming);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread)[1], "assistant:done:one two");
}

#[test]
fn what_another_tab_has_sent_is_there_when_the_person_comes_back() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 1);
    let (here, there) = (world.open(), world.open());
    there.visit(&harbor.path(Some("t-1")));
    let (sender, reader) = (here.thread(&harbor, "t-1"), there.thread(&harbor, "t-1"));
    for (tab, thread) in [(&here, &sender), (&there, &reader)] {
        thread.open();
        tab.settle();
    }
    let before = reader.order().get_untracked();
    there.desk.hidden.store(true, Ordering::Relaxed);
    send(&here, &sender, "from here");
    let run = harbor.last_run();
    begin(&harbor, &run);
    world.advance(MINUTE / 2);
    assert_eq!(rows(&reader).len(), 2);
    there.desk.hidden.store(false, Ordering::Relaxed);
    there.app.wake();
    there.settle();
    let shown = [
        "user:done:question 1",
        "assistant:done:answer 1",
        "user:done:from here",
    ];
    assert_eq!(rows(&reader)[..3], shown);
    assert_eq!(rows(&reader)[3], "assistant:streaming:one ");
    assert!(reader.order().get_untracked().starts_with(&before));
    assert_eq!(phase(&reader), RunPhase::Streaming);
    go_on(&harbor, &run);
    there.settle();
    assert_eq!(rows(&reader), rows(&sender));
    world.net.forget_log();
    there.app.wake();
    there.app.wake();
    there.settle();
    assert!(world.net.count("GET /agui/t-1") <= 1);
}

#[test]
fn a_thread_that_is_not_on_show_is_looked_at_when_it_is_opened_again() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 1);
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    thread.open();
    tab.settle();
    harbor.add_run("t-1", "r-9", "from elsewhere");
    answer(&harbor, "r-9", "there");
    world.advance(MINUTE);
    tab.app.wake();
    tab.settle();
    assert_eq!(rows(&thread).len(), 2);
    thread.open();
    tab.settle();
    assert_eq!(
        rows(&thread)[2..],
        ["user:done:from elsewhere", "assistant:done:there"]
    );
}

#[test]
fn a_stopped_answer_stays_as_it_was_stopped() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    tab.visit(&harbor.path(Some("b-1")));
    begin(&harbor, &run);
    tab.settle();
    thread.stop();
    go_on(&harbor, &run);
    world.advance(MINUTE);
    tab.app.wake();
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:partial:one "]);
}

#[test]
fn deleting_a_thread_stops_its_run_and_a_removed_server_lets_go_of_all() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 3);
    world.net.once("DELETE /b-1", reply(204, ""));
    tab.room(&harbor).delete(&live[0].0.key().thread);
    tab.settle();
    assert_eq!(harbor.listeners(&live[0].1), 0);
    assert_eq!(harbor.listeners(&live[1].1), 1);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    assert_eq!(
        harbor.listeners(&live[1].1) + harbor.listeners(&live[2].1),
        0
    );
    world.advance(MINUTE);
    assert_eq!(cursors(&world, &live[1].1).len(), 1);
}

#[test]
fn a_question_can_be_asked_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    clock_tool(&tab, &harbor, Ok("noon"));
    let thread = tab.thread(&harbor, "t-1");
    send(&tab, &thread, "go");
    let first = harbor.last_run();
    thread.retry(&first);
    tab.settle();
    assert_eq!(harbor.runs(), 1, "not while it is being answered");
    call(&harbor, &first, "c-1", "tell_time");
    tab.settle();
    let second = harbor.last_run();
    harbor.emit(&second, &[run_error("tired")]);
    tab.settle();
    thread.retry("nothing");
    thread.retry(&second);
    tab.settle();
    let third = harbor.last_run();
    let input = world.net.last(&format!("POST /{third}")).json();
    assert_eq!(roles(&input), ["user", "assistant", "tool", "user"]);
    assert_eq!(input["messages"][3]["content"], "go");
    answer(&harbor, &third, "there");
    tab.settle();
    let shown = rows(&thread);
    assert_eq!(
        shown[shown.len() - 2..],
        ["user:done:go", "assistant:done:there"]
    );
    world.net.once("POST /agui/t-1", reply(503, ""));
    thread.composer().typed("my draft".into());
    thread.retry(&third);
    tab.settle();
    assert_eq!(text(&thread.composer()), "my draft");
    assert!(thread.composer().error().get_untracked().is_some());
    assert_eq!(rows(&thread), shown);
}

#[test]
fn a_message_that_is_too_long_and_a_room_that_is_gone_are_told() {
    for (status, told) in [
        (413, "too long"),
        (422, "too long"),
        (404, "not there any more"),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let thread = tab.thread(&harbor, "t-1");
        world.net.once("POST /agui/t-1", reply(status, "<html>"));
        send(&tab, &thread, "hello");
        let why = thread.composer().error().get_untracked().unwrap();
        assert!(why.contains(told), "{why}");
        assert_eq!(text(&thread.composer()), "hello");
    }
}

#[test]
fn nothing_is_asked_again_in_the_name_of_the_next_person() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    send(&tab, &thread, "Ann's");
    let run = harbor.last_run();
    answer(&harbor, &run, "there");
    tab.settle();
    harbor.set_user("bob");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    tab.settle();
    let before = harbor.runs();
    thread.retry(&run);
    tab.settle();
    assert_eq!(harbor.runs(), before);
}

#[test]
fn a_removed_server_without_accounts_is_let_go_of_too() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_open(true);
    world.remember(&harbor);
    let tab = world.open();
    let live = busy(&tab, &harbor, 2);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    for (_, run) in &live {
        assert_eq!(harbor.listeners(run), 0);
    }
}

#[test]
fn a_message_whose_arrival_nobody_heard_of_comes_with_its_answer_when_the_network_is_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.visit(&harbor.path(Some("t-1")));
    let thread = tab.thread(&harbor, "t-1");
    thread.open();
    tab.settle();
    for number in 0..99 {
        world.net.once(&format!("POST /r-{number}"), Act::Lose);
    }
    send(&tab, &thread, "hello");
    world.advance(MINUTE);
    world.net.heal();
    assert_eq!(text(&thread.composer()), "hello");
    assert_eq!(rows(&thread), [""; 0]);
    let run = harbor.last_run();
    answer(&harbor, &run, "there");
    world.advance(MINUTE);
    tab.app.wake();
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:hello", "assistant:done:there"]);
    assert_eq!(text(&thread.composer()), "hello", "the person decides");
}

#[test]
fn what_one_person_had_open_is_not_held_when_they_are_gone() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let held = std::sync::Arc::new("noon");
    let (probe, answer) = (std::sync::Arc::downgrade(&held), held);
    let definition = enfilade::core::tool::Definition {
        name: "tell_time",
        description: "Tells the time.",
        parameters: json!({}),
    };
    tab.room(&harbor).tools().register(Tool {
        definition,
        needs_approval: false,
        glance: None,
        timeout: TIMEOUT,
        run: std::sync::Arc::new(move |_| {
            let answer = (*answer).to_owned();
            async move { Ok(answer) }.boxed_local()
        }),
    });
    let live = busy(&tab, &harbor, 2);
    tab.settle();
    assert!(probe.upgrade().is_some());
    drop(live);
    tab.server(&harbor).session().sign_out();
    world.advance(MINUTE);
    assert!(probe.upgrade().is_none());
}

/// Where the time of the server stands while this device shows another one.
fn rows_at(thread: &ThreadState) -> Vec<i64> {
    let order = thread.order().get_untracked();
    let rows = order.iter().filter_map(|id| thread.row(id));
    rows.filter_map(|row| row.get_untracked().at).collect()
}

#[test]
fn a_clock_that_is_wrong_by_days_puts_no_row_on_another_day_than_the_server() {
    for days in [-3, 3] {
        let (world, harbor) = World::with_one();
        // So much later, or earlier, is it at the server.
        let there = world.clock.time() - days * 24 * HOUR;
        let tab = world.open();
        clock_tool(&tab, &harbor, Ok("noon"));
        let thread = tab.thread(&harbor, "t-1");
        send(&tab, &thread, "hello");
        let run = harbor.last_run();
        let at = |mut event: Value, after: i64| {
            event["timestamp"] = json!(there + after);
            event
        };
        harbor.emit(
            &run,
            &[
                at(started(&run), 0),
                at(json!({ "type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "tell_time" }), 10),
                at(json!({ "type": "TOOL_CALL_END", "toolCallId": "c" }), 20),
                at(finished(&run), 30),
            ],
        );
        tab.settle();
        let second = harbor.last_run();
        assert_ne!(run, second);
        harbor.emit(&second, &[at(started(&second), 1_000)]);
        let what = format!("POST /{second}");
        world.net.always(&what, Act::Fail(TransportError::Network));
        harbor.cut(&second);
        world.advance(MINUTE);
        assert!(
            rows(&thread)[2].starts_with("error:"),
            "{:?}",
            rows(&thread)
        );
        assert_eq!(rows_at(&thread), [there, there + 10, there + 1_000]);
        let id = thread.order().get_untracked()[1].clone();
        let call = thread.row(&id).unwrap().get_untracked();
        assert_eq!(call.ended, Some(there + 30), "it took as long as it took");
    }
}
