//! Runs belong to the app: they wait their turn, go on elsewhere and after calls, and are found again.

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

#[test]
fn four_runs_go_at_once_and_the_others_have_their_turn_in_order() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    let (fifth, sixth) = (tab.thread(&harbor, "b-5"), tab.thread(&harbor, "b-6"));
    send(&tab, &fifth, "fifth");
    send(&tab, &sixth, "sixth");
    assert_eq!(phase(&fifth), RunPhase::Queued);
    assert_eq!(rows(&fifth), ["user:sending:fifth"]);
    assert_eq!(harbor.runs(), 4);
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 6);
    answer(&harbor, &live[1].1, "done");
    tab.settle();
    assert_eq!(phase(&fifth), RunPhase::Streaming);
    assert_eq!(phase(&sixth), RunPhase::Queued);
    assert_eq!(rows(&fifth), ["user:done:fifth"]);
}

#[test]
fn a_turn_is_given_back_however_a_run_ends() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    harbor.emit(&live[0].1, &[run_error("no")]);
    live[1].0.stop();
    tab.room(&harbor).delete(&live[2].0.key().thread);
    world.net.once("DELETE /b-3", reply(204, ""));
    tab.room(&harbor).delete(&live[2].0.key().thread);
    let lost = format!("POST /{}", live[3].1);
    world.net.always(&lost, Act::Fail(TransportError::Network));
    harbor.cut(&live[3].1);
    world.advance(MINUTE);
    assert_eq!(
        live.iter()
            .map(|(thread, _)| phase(thread))
            .collect::<Vec<_>>(),
        [RunPhase::Idle; 4]
    );
    for number in 5..=8 {
        let thread = tab.thread(&harbor, &format!("b-{number}"));
        send(&tab, &thread, "next");
        assert_eq!(phase(&thread), RunPhase::Streaming, "{number}");
    }
    let ninth = tab.thread(&harbor, "b-9");
    world.net.once("POST /agui/b-9", reply(503, ""));
    send(&tab, &ninth, "wait");
    assert_eq!(phase(&ninth), RunPhase::Queued);
    tab.thread(&harbor, "b-5").stop();
    tab.settle();
    assert_eq!(phase(&ninth), RunPhase::Idle, "refused");
    send(&tab, &tab.thread(&harbor, "b-10"), "and");
    assert_eq!(phase(&tab.thread(&harbor, "b-10")), RunPhase::Streaming);
}

#[test]
fn a_waiting_message_can_be_stopped_and_comes_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    let fifth = tab.thread(&harbor, "b-5");
    send(&tab, &fifth, "fifth");
    fifth.stop();
    tab.settle();
    assert_eq!(phase(&fifth), RunPhase::Idle);
    assert_eq!(text(&fifth.composer()), "fifth");
    assert!(rows(&fifth).is_empty());
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 4);
    answer(&harbor, &live[0].1, "done");
    world.advance(MINUTE / 2);
    assert_eq!(harbor.runs(), 4, "it is not sent after all");
}

#[test]
fn new_threads_can_be_begun_while_others_wait() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    let new_thread = tab.room(&harbor).new_thread();
    for words in ["first", "second"] {
        new_thread.typed(words.into());
        new_thread.send();
        tab.settle();
        assert!(!new_thread.sending().get_untracked());
        assert_eq!(text(&new_thread), "");
    }
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 6);
    assert_eq!(harbor.runs(), 4);
    answer(&harbor, &live[0].1, "done");
    answer(&harbor, &live[1].1, "done");
    tab.settle();
    assert_eq!(harbor.runs(), 6);
    assert_eq!(world.net.count("POST /api/v1/rooms/echo/agui"), 2);
}

#[test]
fn servers_do_not_wait_for_each_other() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    busy(&tab, &harbor, 4);
    let thread = tab.thread(&meadow, "b-1");
    send(&tab, &thread, "hello");
    assert_eq!(phase(&thread), RunPhase::Streaming);
}

#[test]
fn the_network_coming_back_ends_the_pause_at_once() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    tab.set_online(false);
    harbor.cut(&run);
    world.advance(5 * SECOND);
    assert_eq!(cursors(&world, &run).len(), 1, "no attempt is wasted");
    assert_eq!(phase(&thread), RunPhase::Resuming { attempt: 1, of: 5 });
    tab.set_online(true);
    assert_eq!(cursors(&world, &run), [None, Some(format!("{run}:2"))]);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
}

#[test]
fn what_was_lost_with_the_network_goes_on_when_it_is_back_and_the_error_goes() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    let what = format!("POST /{run}");
    world.net.always(&what, Act::Fail(TransportError::Network));
    harbor.cut(&run);
    world.advance(MINUTE);
    assert_eq!(rows(&thread).len(), 3);
    assert_eq!(phase(&thread), RunPhase::Idle);
    world.net.heal();
    tab.app.wake();
    tab.settle();
    assert_eq!(
        cursors(&world, &run).pop().flatten(),
        Some(format!("{run}:2"))
    );
    assert_eq!(rows(&thread), ["user:done:work", "assistant:partial:one "]);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
}

#[test]
fn a_connection_that_died_in_its_sleep_is_had_again_at_once() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    world.advance(30 * SECOND);
    tab.app.wake();
    world.advance(SECOND);
    assert_eq!(cursors(&world, &run).len(), 2);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread)[1], "assistant:done:one two");
}

#[test]
fn after_a_sign_in_a_run_goes_on_behind_its_last_event() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    harbor.refuse_access();
    harbor.refuse_refresh();
    harbor.cut(&run);
    world.advance(SECOND);
    assert_eq!(phase(&thread), RunPhase::Idle);
    tab.app.wake();
    tab.settle();
    let asked = cursors(&world, &run).len();
    let session = tab.server(&harbor).session().clone();
    session.sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    tab.settle();
    assert_eq!(cursors(&world, &run).len(), asked + 1);
    assert_eq!(
        cursors(&world, &run).pop().flatten(),
        Some(format!("{run}:2"))
    );
    assert_eq!(
        world.net.count("GET /agui/b-1"),
        1,
        "nothing is loaded again"
    );
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
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
