//! Requests: in whose name they go out, when they wait, and what a refusal means.

use enfilade::core::error::ApiError;
use enfilade::core::room::RoomId;
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use enfilade::state::thread::RunPhase;
use reactive_graph::traits::GetUntracked;

use crate::fake::{
    Act, Backend, HOUR, MINUTE, SECOND, Tab, World, content, finished, reply, rows, started,
    text_end, text_start,
};

const THREADS: &str = "GET /agui";

/// Asks for the threads of that many rooms at once.
fn ask(tab: &Tab, harbor: &Backend, rooms: usize) {
    for room in 0..rooms {
        tab.server(harbor)
            .room(&RoomId(format!("{room}")))
            .load_threads();
    }
    tab.settle();
}

/// How many of those rooms have their threads.
fn answered(tab: &Tab, harbor: &Backend, rooms: usize) -> usize {
    (0..rooms)
        .filter(|room| {
            let room = tab.server(harbor).room(&RoomId(format!("{room}")));
            room.threads().get_untracked().data.is_some()
        })
        .count()
}

/// Sends a message whose answer will be the run that is named: ids are given out in turn.
fn next_run(harbor: &Backend, tab: &Tab) -> String {
    let thread = tab.thread(harbor, "t-first");
    thread.composer().typed("first".into());
    thread.composer().send();
    tab.settle();
    let last = harbor.last_run();
    harbor.emit(&last, &[started(&last), finished(&last)]);
    tab.settle();
    let number: u32 = last.strip_prefix("r-").unwrap().parse().unwrap();
    format!("r-{}", number + 1)
}

fn send(tab: &Tab, harbor: &Backend) -> enfilade::state::thread::ThreadState {
    let thread = tab.thread(harbor, "t-1");
    thread.composer().typed("hello".into());
    thread.composer().send();
    tab.settle();
    thread
}

#[test]
fn a_401_that_cannot_be_looked_into_is_a_lost_connection_and_keeps_the_session() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_access();
    world
        .net
        .always("POST /token", Act::Fail(TransportError::Network));
    ask(&tab, &harbor, 3);
    assert_eq!(world.net.count(THREADS), 3, "no retry with the same token");
    assert_eq!(world.net.count("POST /token"), 1);
    for room in ["0", "1", "2"] {
        let threads = tab
            .server(&harbor)
            .room(&room.into())
            .threads()
            .get_untracked();
        assert_eq!(
            threads.error,
            Some(ApiError::Network),
            "everybody who waits is told"
        );
    }
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
}

#[test]
fn a_401_without_a_way_to_renew_is_not_tried_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_access();
    harbor.refuse_refresh();
    ask(&tab, &harbor, 3);
    assert_eq!(world.net.count(THREADS), 3);
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
}

#[test]
fn a_place_in_the_queue_is_kept_over_refresh_and_retry() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    harbor.refuse_access();
    ask(&tab, &harbor, 9);
    assert_eq!(
        world.net.count(THREADS),
        6,
        "six are refused and wait for the token"
    );
    gate.release();
    tab.settle();
    assert_eq!(answered(&tab, &harbor, 9), 9, "nobody waits for ever");
    assert_eq!(world.net.count(THREADS), 6 + 9);
    assert_eq!(world.net.count("POST /token"), 1);
}

#[test]
fn a_request_that_fails_gives_its_place_to_the_next() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gates: Vec<_> = (0..6)
        .map(|room| world.net.hold(&format!("GET /rooms/{room}/agui")))
        .collect();
    ask(&tab, &harbor, 8);
    assert_eq!(answered(&tab, &harbor, 8), 0);
    gates[0].answer(Act::Fail(TransportError::Network));
    gates[1].answer(reply(500, "{}"));
    tab.settle();
    assert_eq!(answered(&tab, &harbor, 8), 2);
}

#[test]
fn a_request_that_waited_for_its_turn_goes_out_with_the_newest_token() {
    let (world, harbor) = World::with_one();
    let (tab, other) = (world.open(), world.open());
    let gates: Vec<_> = (0..6)
        .map(|room| world.net.hold(&format!("GET /rooms/{room}/agui")))
        .collect();
    ask(&tab, &harbor, 7);
    harbor.refuse_access();
    other.load(&harbor);
    world.deliver();
    gates[0].answer(reply(500, "{}"));
    tab.settle();
    let seventh = world.net.sent("GET /rooms/6/agui");
    assert_eq!(seventh.len(), 1, "it was never refused");
    assert_eq!(seventh[0].bearer, other.access(&harbor));
}

#[test]
fn streams_take_no_place_of_requests() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    for number in 0..8 {
        let thread = tab.thread(&harbor, &format!("t-{number}"));
        thread.composer().typed("go".into());
        thread.composer().send();
        tab.settle();
    }
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 8);
    ask(&tab, &harbor, 2);
    assert_eq!(answered(&tab, &harbor, 2), 2);
    assert_eq!(world.net.count("POST /token"), 0);
}

#[test]
fn a_401_at_the_start_of_a_stream_leads_to_one_refresh_and_the_stream_is_opened() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let run = next_run(&harbor, &tab);
    world.net.once(&format!("POST /{run}"), reply(401, "{}"));
    let thread = send(&tab, &harbor);
    assert_eq!(world.net.count(&format!("POST /{run}")), 2);
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(rows(&thread), ["user:done:hello"]);
    assert_eq!(thread.run().get_untracked(), RunPhase::Streaming);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_stream_that_is_refused_at_its_start_gives_the_text_back_and_is_not_tried_again() {
    for (status, told) in [
        (400, "did not accept"),
        (403, "permission"),
        (404, "not there any more"),
        (500, "problem"),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let run = next_run(&harbor, &tab);
        world
            .net
            .always(&format!("POST /{run}"), reply(status, "{}"));
        let thread = send(&tab, &harbor);
        world.advance(MINUTE);
        assert_eq!(world.net.count(&format!("POST /{run}")), 1, "{status}");
        assert_eq!(thread.composer().text().get_untracked(), "hello");
        let error = thread.composer().error().get_untracked().unwrap();
        assert!(error.contains(told), "{status}: {error}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

#[test]
fn a_stream_is_opened_with_a_token_that_lives_or_not_at_all() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let old = tab.access(&harbor).unwrap();
    world
        .net
        .always("POST /token", Act::Fail(TransportError::Network));
    world.clock.suspend(2 * HOUR);
    world.net.forget_log();
    let thread = send(&tab, &harbor);
    assert_eq!(
        thread.composer().text().get_untracked(),
        "hello",
        "given back"
    );
    assert_eq!(harbor.runs(), 0);
    world.net.heal();
    world.advance(2 * MINUTE);
    thread.composer().send();
    tab.settle();
    assert_eq!(harbor.runs(), 1);
    assert!(
        world
            .net
            .log()
            .iter()
            .all(|sent| sent.bearer.as_ref() != Some(&old))
    );
}

#[test]
fn a_cut_before_the_first_event_is_resumed_from_the_start() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = send(&tab, &harbor);
    let run = harbor.last_run();
    harbor.cut(&run);
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
    world.advance(SECOND);
    let last = world.net.last(&format!("POST /{run}"));
    assert_eq!(
        last.header("last-event-id"),
        Some(format!("{run}:-1").as_str())
    );
    assert_eq!(rows(&thread), ["user:done:hello", "assistant:done:hi"]);
}

#[test]
fn stopping_what_does_not_run_changes_nothing() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = send(&tab, &harbor);
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
    let before = (rows(&thread), world.net.log().len());
    thread.stop();
    tab.thread(&harbor, "t-2").stop();
    tab.settle();
    assert_eq!((rows(&thread), world.net.log().len()), before);
}
