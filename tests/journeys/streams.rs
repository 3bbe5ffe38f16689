//! Streams: every cut is healed where it can be, told where it cannot, and what came is kept.

use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use enfilade::state::thread::{RunPhase, ThreadState};
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use crate::fake::{
    Act, Backend, HOUR, MINUTE, SECOND, Tab, World, content, finished, reply, rows, run_error,
    started, text_end, text_start,
};

/// A run under way whose answer begins with "one ".
fn running(tab: &Tab, backend: &Backend, thread: &str) -> (ThreadState, String) {
    let thread = tab.thread(backend, thread);
    thread.composer().typed("count".into());
    thread.composer().send();
    tab.settle();
    let run = backend.last_run();
    backend.emit(
        &run,
        &[started(&run), text_start("m"), content("m", "one ")],
    );
    tab.settle();
    assert_eq!(
        rows(&thread),
        ["user:done:count", "assistant:streaming:one "]
    );
    (thread, run)
}

fn go_on(backend: &Backend, run: &str) {
    backend.emit(run, &[content("m", "two"), text_end("m"), finished(run)]);
}

fn cursors(world: &World, run: &str) -> Vec<Option<String>> {
    world
        .net
        .sent(&format!("POST /{run}"))
        .iter()
        .map(|sent| sent.header("last-event-id").map(str::to_owned))
        .collect()
}

#[test]
fn a_run_streams_to_its_end() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    assert_eq!(thread.run().get_untracked(), RunPhase::Streaming);
    assert_eq!(
        world.net.last(&format!("POST /{run}")).header("accept"),
        Some("text/event-stream")
    );
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
    assert_eq!(harbor.listeners(&run), 0, "the connection is closed");
}

#[test]
fn a_rude_cut_is_resumed_behind_the_last_event() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.cut(&run);
    tab.settle();
    assert_eq!(
        thread.run().get_untracked(),
        RunPhase::Resuming { attempt: 1, of: 5 }
    );
    go_on(&harbor, &run);
    world.advance(SECOND);
    assert_eq!(cursors(&world, &run), [None, Some(format!("{run}:2"))]);
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
}

#[test]
fn a_polite_end_without_a_last_word_is_resumed_too() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.end(&run);
    go_on(&harbor, &run);
    world.advance(SECOND);
    assert_eq!(cursors(&world, &run), [None, Some(format!("{run}:2"))]);
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
}

#[test]
fn a_frame_cut_in_the_middle_is_not_half_taken() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.emit_raw(
        &run,
        format!("id: {run}:3\ndata: {{\"type\":\"TEXT_MESS").as_bytes(),
    );
    harbor.cut(&run);
    go_on(&harbor, &run);
    world.advance(SECOND);
    assert_eq!(cursors(&world, &run)[1], Some(format!("{run}:2")));
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
}

#[test]
fn events_that_come_twice_count_once() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.set_overlap(1);
    harbor.cut(&run);
    go_on(&harbor, &run);
    world.advance(SECOND);
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
}

#[test]
fn after_five_attempts_the_loss_is_told_and_what_came_is_kept() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    world
        .net
        .always(&format!("POST /{run}"), Act::Fail(TransportError::Network));
    harbor.cut(&run);
    world.advance(MINUTE);
    assert_eq!(cursors(&world, &run).len(), 6, "one and five");
    let shown = rows(&thread);
    assert_eq!(shown[..2], ["user:done:count", "assistant:partial:one "]);
    assert!(
        shown[2].starts_with("error:done:") && shown[2].contains("kept"),
        "{shown:?}"
    );
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn the_attempts_are_counted_anew_whenever_something_came() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    for turn in 0..8 {
        harbor.cut(&run);
        world.advance(10 * SECOND);
        assert_eq!(
            thread.run().get_untracked(),
            RunPhase::Streaming,
            "turn {turn}"
        );
        harbor.emit(&run, &[content("m", &format!("{turn} "))]);
        tab.settle();
    }
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread)[1], "assistant:done:one 0 1 2 3 4 5 6 7 two");
}

#[test]
fn a_run_that_the_server_has_forgotten_ends_as_partial_without_an_endless_loop() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    world.net.always(&format!("POST /{run}"), reply(200, ""));
    harbor.end(&run);
    world.advance(MINUTE);
    assert_eq!(rows(&thread), ["user:done:count", "assistant:partial:one "]);
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
    assert!(cursors(&world, &run).len() <= 3);
}

#[test]
fn a_silent_stream_is_taken_for_dead_after_a_minute() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    for _ in 0..4 {
        world.advance(45 * SECOND);
        harbor.emit_raw(&run, b": keepalive\n\n");
    }
    assert_eq!(
        cursors(&world, &run).len(),
        1,
        "a keepalive is a sign of life"
    );
    world.advance(62 * SECOND);
    assert_eq!(cursors(&world, &run).len(), 2);
    assert_eq!(harbor.listeners(&run), 1, "the dead connection is closed");
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread)[1], "assistant:done:one two");
}

#[test]
fn stop_keeps_what_came_and_ends_the_connection() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    thread.stop();
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:count", "assistant:partial:one "]);
    assert_eq!(harbor.listeners(&run), 0);
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
    go_on(&harbor, &run);
    world.advance(MINUTE);
    assert_eq!(
        rows(&thread)[1],
        "assistant:partial:one ",
        "and nothing comes after"
    );
    assert_eq!(cursors(&world, &run).len(), 1);
}

#[test]
fn stop_also_ends_the_waiting_between_attempts() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.cut(&run);
    tab.settle();
    thread.stop();
    world.advance(MINUTE);
    assert_eq!(cursors(&world, &run).len(), 1);
    assert_eq!(rows(&thread)[1], "assistant:partial:one ");
}

#[test]
fn a_401_on_resume_renews_the_token_and_resumes_at_the_same_place() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.refuse_access();
    harbor.cut(&run);
    go_on(&harbor, &run);
    world.advance(SECOND);
    assert_eq!(
        cursors(&world, &run),
        [None, Some(format!("{run}:2")), Some(format!("{run}:2"))]
    );
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
}

#[test]
fn the_end_of_the_token_does_not_cut_a_stream() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
}

#[test]
fn a_stream_lost_to_the_end_of_the_session_is_had_again_after_signing_in() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.refuse_access();
    harbor.refuse_refresh();
    harbor.cut(&run);
    world.advance(SECOND);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(
        rows(&thread),
        ["user:done:count", "assistant:partial:one "],
        "kept, and no error of its own"
    );
    go_on(&harbor, &run);
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    world.advance(SECOND);
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
}

#[test]
fn a_run_goes_on_while_another_thread_is_open() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    tab.visit(&harbor.path(Some("t-2")));
    let other = tab.thread(&harbor, "t-2");
    other.open();
    other.composer().typed("second".into());
    other.composer().send();
    tab.settle();
    assert!(tab.server(&harbor).is_running());
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 2);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
    assert_eq!(rows(&other), ["user:done:second"]);
}

#[test]
fn a_reload_finds_the_unfinished_run_again_from_its_first_event() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (_, run) = running(&tab, &harbor, "t-1");
    tab.close();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    thread.open();
    tab.settle();
    assert_eq!(
        cursors(&world, &run).pop().flatten(),
        Some(format!("{run}:-1"))
    );
    assert_eq!(
        rows(&thread),
        ["user:done:count", "assistant:streaming:one "]
    );
    assert_eq!(thread.run().get_untracked(), RunPhase::Streaming);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
}

#[test]
fn a_finished_thread_is_shown_as_it_was_stored() {
    let (world, harbor) = World::with_one();
    harbor.add_run("t-1", "r-1", "count");
    harbor.emit(
        "r-1",
        &[
            started("r-1"),
            text_start("m"),
            content("m", "one two"),
            text_end("m"),
            finished("r-1"),
        ],
    );
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    thread.open();
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
    assert_eq!(world.net.count("POST /r-1"), 0);
}

#[test]
fn the_stream_of_another_server_does_not_notice_an_expiry() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let (thread, run) = running(&tab, &meadow, "t-1");
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(thread.run().get_untracked(), RunPhase::Streaming);
    go_on(&meadow, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:count", "assistant:done:one two"]);
    assert_eq!(cursors(&world, &run).len(), 1);
}

#[test]
fn an_error_of_the_agent_is_shown_below_what_came() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.emit(&run, &[run_error("the model is tired")]);
    tab.settle();
    let shown = rows(&thread);
    assert!(
        shown[1].contains("one ") && shown[2].contains("the model is tired"),
        "{shown:?}"
    );
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
}

#[test]
fn what_is_not_understood_is_kept_and_breaks_nothing() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = running(&tab, &harbor, "t-1");
    harbor.emit(
        &run,
        &[
            json!({ "type": "FROM_TOMORROW" }),
            json!(7),
            json!({ "type": "TEXT_MESSAGE_CONTENT" }),
        ],
    );
    go_on(&harbor, &run);
    tab.settle();
    assert!(rows(&thread).contains(&"assistant:done:one two".to_owned()));
    assert!(rows(&thread).len() > 2);
}

#[test]
fn a_sign_out_lets_go_of_the_stream() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (_, run) = running(&tab, &harbor, "t-1");
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(harbor.listeners(&run), 0);
    assert!(
        rows(&tab.thread(&harbor, "t-1")).is_empty(),
        "nothing private stays on show"
    );
    world.advance(MINUTE);
    assert_eq!(cursors(&world, &run).len(), 1);
}
