//! Sending: accepted once, or given back; never lost and never doubled.

use enfilade::core::record::keys;
use enfilade::port::TransportError;
use enfilade::state::composer::Composer;
use enfilade::state::server::Standing;
use reactive_graph::traits::{Get, GetUntracked};

use crate::fake::{
    Act, HOUR, MINUTE, World, content, finished, reply, rows, started, text_end, text_start,
};

fn text(composer: &Composer) -> String {
    composer.text().get_untracked()
}

fn drafts(world: &World) -> Vec<String> {
    world
        .disk
        .all(keys::DRAFT_PREFIX)
        .iter()
        .map(|key| world.disk.read(key).unwrap())
        .collect()
}

fn write(composer: &Composer, words: &str) {
    composer.typed(words.into());
    composer.send();
}

#[test]
fn a_draft_is_deleted_only_when_the_server_has_accepted_the_message() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let create = world.net.hold("POST /agui/t-1");
    write(&thread.composer(), "hello");
    tab.settle();
    assert_eq!(text(&thread.composer()), "");
    assert_eq!(rows(&thread), ["user:sending:hello"]);
    assert_eq!(drafts(&world).len(), 1, "a crash now loses nothing");
    assert!(!thread.composer().can_send().get());
    create.release();
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:hello"]);
    assert!(drafts(&world).is_empty());
    assert!(!thread.composer().sending().get_untracked());
}

#[test]
fn an_answer_comes_and_the_next_question_brings_the_whole_conversation() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    write(&thread.composer(), "hello");
    tab.settle();
    let run = harbor.last_run();
    harbor.emit(
        &run,
        &[
            started(&run),
            text_start("m"),
            content("m", "hi"),
            text_end("m"),
            finished(&run),
        ],
    );
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:hello", "assistant:done:hi"]);
    write(&thread.composer(), "and?");
    tab.settle();
    let sent = world
        .net
        .last(&format!("POST /{}", harbor.last_run()))
        .json();
    let said: Vec<&str> = sent["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["hello", "hi", "and?"]);
    for field in [
        "threadId",
        "runId",
        "state",
        "messages",
        "tools",
        "context",
        "forwardedProps",
    ] {
        assert!(sent.get(field).is_some(), "{field}");
    }
}

#[test]
fn a_failed_send_gives_the_text_back_and_takes_the_echo_away() {
    for trouble in [
        Act::Fail(TransportError::Network),
        Act::Fail(TransportError::Timeout),
        reply(500, "{}"),
        reply(403, "{}"),
        reply(200, "no JSON"),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let thread = tab.thread(&harbor, "t-1");
        world.net.once("POST /agui/t-1", trouble);
        write(&thread.composer(), "hello");
        tab.settle();
        assert_eq!(text(&thread.composer()), "hello");
        assert!(rows(&thread).is_empty(), "{:?}", rows(&thread));
        assert!(thread.composer().error().get_untracked().is_some());
        assert!(drafts(&world)[0].contains("hello"));
        assert_ne!(tab.standing(&harbor), Standing::Expired);
        thread.composer().send();
        tab.settle();
        assert_eq!(
            rows(&thread),
            ["user:done:hello"],
            "and it can be sent again, once"
        );
        assert_eq!(thread.composer().error().get_untracked(), None);
    }
}

#[test]
fn a_send_that_fails_at_the_stream_gives_the_text_back_too() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let create = world.net.hold("POST /agui/t-1");
    write(&thread.composer(), "hello");
    tab.settle();
    create.answer(reply(200, r#"{"run_id":"gone"}"#));
    tab.settle();
    assert_eq!(text(&thread.composer()), "hello");
    assert!(rows(&thread).is_empty());
}

#[test]
fn what_was_typed_meanwhile_is_kept_behind_what_comes_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    let gate = world.net.hold("POST /agui/t-1");
    write(&composer, "first");
    composer.typed("second".into());
    world.advance(300);
    assert!(
        drafts(&world)[0].contains("first") && drafts(&world)[0].contains("second"),
        "both are safe"
    );
    gate.answer(reply(503, ""));
    tab.settle();
    assert_eq!(text(&composer), "first\n\nsecond");
}

#[test]
fn what_was_typed_meanwhile_stays_a_draft_after_acceptance() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    let gate = world.net.hold("POST /agui/t-1");
    write(&composer, "first");
    composer.typed("second".into());
    tab.settle();
    gate.release();
    tab.settle();
    assert_eq!(text(&composer), "second");
    assert_eq!(drafts(&world).len(), 1);
    assert!(!drafts(&world)[0].contains("first"));
}

#[test]
fn a_send_at_expiry_gives_the_text_back_and_it_survives_the_way_to_the_provider() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    harbor.refuse_access();
    harbor.refuse_refresh();
    write(&thread.composer(), "hello");
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(text(&thread.composer()), "hello");
    assert!(rows(&thread).is_empty());
    tab.close();
    let tab = world.open();
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    assert_eq!(text(&tab.thread(&harbor, "t-1").composer()), "hello");
}

#[test]
fn a_send_with_a_token_that_died_unnoticed_is_sent_once_with_a_new_one() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_access();
    let thread = tab.thread(&harbor, "t-1");
    write(&thread.composer(), "hello");
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:hello"]);
    assert_eq!((world.net.count("POST /token"), harbor.runs()), (1, 1));
}

#[test]
fn the_first_message_makes_the_thread_and_leads_there() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.visit(&format!("{}?from=mail", harbor.path(None)));
    write(&tab.room(&harbor).new_thread(), "hello");
    tab.settle();
    let path = tab.went().unwrap();
    let thread = path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(path, harbor.path(Some(&thread)));
    assert_eq!(rows(&tab.thread(&harbor, &thread)), ["user:done:hello"]);
    assert_eq!(text(&tab.room(&harbor).new_thread()), "");
    assert!(drafts(&world).is_empty());
    let listed = tab.room(&harbor).threads().get_untracked().data.unwrap();
    assert_eq!(listed[0].id.0, thread);
    assert!(
        tab.room(&harbor)
            .running()
            .get_untracked()
            .contains(&listed[0].id)
    );
}

#[test]
fn whoever_has_gone_elsewhere_meanwhile_is_not_called_back() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    tab.visit(&harbor.path(None));
    let gate = world.net.hold("POST /api/v1/rooms/echo/agui");
    write(&tab.room(&harbor).new_thread(), "hello");
    tab.settle();
    tab.visit(&meadow.path(None));
    gate.release();
    tab.settle();
    assert_eq!(tab.went(), None);
    assert_eq!(harbor.runs(), 1, "it was sent all the same");
}

#[test]
fn a_thread_that_cannot_be_made_gives_the_text_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world
        .net
        .once("POST /api/v1/rooms/echo/agui", reply(500, "{}"));
    write(&tab.room(&harbor).new_thread(), "hello");
    tab.settle();
    assert_eq!(text(&tab.room(&harbor).new_thread()), "hello");
    assert_eq!(tab.went(), None);
}

#[test]
fn a_failure_after_the_thread_was_made_puts_the_text_into_that_thread() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.visit(&harbor.path(None));
    let made = world.net.hold("POST /api/v1/rooms/echo/agui");
    write(&tab.room(&harbor).new_thread(), "hello");
    tab.settle();
    made.answer(reply(200, r#"{"thread_id":"t-9","runs":{"gone":{}}}"#));
    tab.settle();
    assert_eq!(tab.went(), Some(harbor.path(Some("t-9"))));
    assert_eq!(text(&tab.thread(&harbor, "t-9").composer()), "hello");
    assert!(
        tab.thread(&harbor, "t-9")
            .composer()
            .error()
            .get_untracked()
            .is_some()
    );
    assert_eq!(text(&tab.room(&harbor).new_thread()), "");
    assert_eq!(drafts(&world).len(), 1, "under one place only");
}

#[test]
fn stopping_a_message_that_is_still_on_its_way_gives_it_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let gate = world.net.hold("POST /agui/t-1");
    write(&thread.composer(), "hello");
    tab.settle();
    thread.stop();
    tab.settle();
    assert_eq!(gate.waiting(), 0, "the request is ended");
    assert_eq!(text(&thread.composer()), "hello");
    assert!(rows(&thread).is_empty());
    assert!(thread.composer().can_send().get());
}

#[test]
fn stopping_one_thread_does_not_double_a_message_of_another() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    write(&thread.composer(), "long story");
    tab.settle();
    let gate = world.net.hold("POST /api/v1/rooms/echo/agui");
    write(&tab.room(&harbor).new_thread(), "another matter");
    tab.settle();
    thread.stop();
    gate.release();
    tab.settle();
    assert_eq!(harbor.runs(), 2);
    assert_eq!(
        text(&tab.room(&harbor).new_thread()),
        "",
        "it was sent, so it is not in the field"
    );
}

#[test]
fn six_requests_at_most_are_in_flight_to_one_server() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gates: Vec<_> = (0..8)
        .map(|room| world.net.hold(&format!("GET /rooms/{room}/agui")))
        .collect();
    for room in 0..8 {
        tab.server(&harbor)
            .room(&room.to_string().as_str().into())
            .load_threads();
    }
    tab.settle();
    let waiting = || gates.iter().map(|gate| gate.waiting()).sum::<usize>();
    assert_eq!(waiting(), 6);
    gates[0].release();
    tab.settle();
    assert_eq!(waiting(), 6);
    world.advance(2 * MINUTE);
    assert_eq!(waiting(), 0, "what hangs for a minute is given up");
}
