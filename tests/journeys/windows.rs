//! Two windows side by side: what is begun in one shows in the other, without anybody touching it.

use std::sync::atomic::Ordering;

use enfilade::state::thread::{RunPhase, ThreadState};
use reactive_graph::traits::GetUntracked;

use crate::fake::{
    Backend, MINUTE, SECOND, Tab, World, content, finished, rows, started, text_end, text_start,
};

fn send(tab: &Tab, thread: &ThreadState, words: &str) {
    thread.composer().typed(words.into());
    thread.composer().send();
    tab.settle();
}

fn begin(backend: &Backend, run: &str) {
    backend.emit(run, &[started(run), text_start("m"), content("m", "one ")]);
}

fn go_on(backend: &Backend, run: &str) {
    backend.emit(run, &[content("m", "two"), text_end("m"), finished(run)]);
}

/// A window that shows a thread.
fn window(world: &World, backend: &Backend, thread: &str) -> (Tab, ThreadState) {
    let tab = world.open();
    tab.room(backend).load_threads();
    tab.visit(&backend.path(Some(thread)));
    let thread = tab.thread(backend, thread);
    thread.open();
    tab.settle();
    (tab, thread)
}

/// Two windows with the same thread.
fn side_by_side() -> (World, Backend, [(Tab, ThreadState); 2]) {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 1);
    let windows = [
        window(&world, &harbor, "t-1"),
        window(&world, &harbor, "t-1"),
    ];
    (world, harbor, windows)
}

#[test]
fn a_message_sent_in_one_window_shows_in_the_other_with_its_answer_as_it_grows() {
    let (world, harbor, [left, right]) = side_by_side();
    send(&left.0, &left.1, "from the left");
    let run = harbor.last_run();
    assert_eq!(rows(&right.1)[2..], ["user:done:from the left"]);
    assert_eq!(right.1.run().get_untracked(), RunPhase::Streaming);
    let asked = world.net.last(&format!("POST /{run}"));
    assert_eq!(
        (asked.tab, asked.header("last-event-id")),
        (right.0.number, Some(&*format!("{run}:-1")))
    );
    begin(&harbor, &run);
    world.settle();
    assert_eq!(rows(&right.1)[3], "assistant:streaming:one ");
    go_on(&harbor, &run);
    world.settle();
    assert_eq!(rows(&right.1), rows(&left.1));
    assert_eq!(right.1.run().get_untracked(), RunPhase::Idle);
    send(&right.0, &right.1, "from the right");
    assert_eq!(rows(&left.1)[4..], ["user:done:from the right"]);
}

#[test]
fn the_next_message_shows_too_however_soon_it_comes() {
    let (world, harbor, [left, right]) = side_by_side();
    for words in ["first", "second", "third"] {
        send(&left.0, &left.1, words);
        let run = harbor.last_run();
        begin(&harbor, &run);
        go_on(&harbor, &run);
        world.settle();
    }
    assert_eq!(rows(&right.1).len(), 8);
    assert_eq!(rows(&right.1), rows(&left.1));
}

#[test]
fn a_window_that_nobody_sees_follows_nothing_until_somebody_does() {
    let (world, harbor, [left, right]) = side_by_side();
    right.0.desk.hidden.store(true, Ordering::Relaxed);
    world.net.forget_log();
    send(&left.0, &left.1, "hello");
    begin(&harbor, &harbor.last_run());
    world.advance(SECOND);
    let asked = world.net.log().into_iter();
    assert_eq!(asked.filter(|sent| sent.tab == right.0.number).count(), 0);
    right.0.desk.hidden.store(false, Ordering::Relaxed);
    right.0.app.wake();
    world.settle();
    assert_eq!(rows(&right.1), rows(&left.1));
}

#[test]
fn a_window_with_another_thread_shows_it_when_that_thread_is_opened_again() {
    let (world, harbor, [left, right]) = side_by_side();
    right.0.visit(&harbor.path(Some("t-2")));
    send(&left.0, &left.1, "hello");
    let run = harbor.last_run();
    begin(&harbor, &run);
    world.settle();
    assert_eq!(harbor.listeners(&run), 1);
    right.0.visit(&harbor.path(Some("t-1")));
    world.advance(MINUTE);
    right.1.open();
    world.settle();
    assert_eq!(rows(&right.1), rows(&left.1));
}

#[test]
fn what_was_begun_in_the_other_window_during_a_run_shows_when_that_has_ended() {
    let (world, harbor, [left, right]) = side_by_side();
    right.0.desk.hidden.store(true, Ordering::Relaxed);
    send(&left.0, &left.1, "left");
    let first = harbor.last_run();
    // Nothing was heard of it in the other one, where somebody writes now.
    right.0.desk.hidden.store(false, Ordering::Relaxed);
    send(&right.0, &right.1, "right");
    let second = harbor.last_run();
    begin(&harbor, &second);
    go_on(&harbor, &second);
    world.settle();
    assert_eq!(rows(&right.1)[4..], ["user:done:left"]);
    begin(&harbor, &first);
    go_on(&harbor, &first);
    world.settle();
    for (_, thread) in [&left, &right] {
        let mut shown = rows(thread);
        shown.sort();
        assert_eq!(shown.len(), 6, "{shown:?}");
        assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
    }
}

#[test]
fn a_thread_begun_in_one_window_is_listed_in_the_other() {
    let (world, harbor, [left, right]) = side_by_side();
    let listed = |tab: &Tab| {
        let threads = tab.room(&harbor).threads().get_untracked().data;
        threads.map_or(0, |threads| threads.len())
    };
    assert_eq!(listed(&right.0), 1);
    let new_thread = left.0.room(&harbor).new_thread();
    new_thread.typed("something new".into());
    new_thread.send();
    world.settle();
    assert_eq!(listed(&right.0), 2);
    world.net.forget_log();
    let run = harbor.last_run();
    begin(&harbor, &run);
    go_on(&harbor, &run);
    world.advance(10 * SECOND);
    let lists = world.net.sent("GET /echo/agui");
    assert!(
        lists.iter().any(|sent| sent.tab == right.0.number),
        "its title is looked for"
    );
}

#[test]
fn what_is_told_of_elsewhere_or_by_others_asks_for_nothing() {
    use enfilade::port::Desk;
    let (world, _, [left, right]) = side_by_side();
    world.net.forget_log();
    for told in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"server":"https://harbor.example","room":"echo"}"#,
        r#"{"server":"https://harbor.example","room":"other","thread":"t-1","began":true}"#,
        r#"{"server":"https://meadow.example","room":"echo","thread":"t-1","began":true}"#,
    ] {
        left.0.desk.tell_tabs(told);
    }
    world.advance(MINUTE);
    let asked = world.net.log().into_iter();
    assert_eq!(asked.filter(|sent| sent.tab == right.0.number).count(), 0);
}
