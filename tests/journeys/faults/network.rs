//! What happens on the way: nothing, too late, too much at once, somebody else's answer.

use enfilade::core::error::ApiError;
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use super::{ask, error, refresh_token, text};
use crate::fake::{Act, HOUR, MINUTE, SECOND, Tab, World, logged, reply, retry_after};

const PORTAL: &str = "<html><title>Hotel</title>Please accept our terms</html>";

#[test]
fn twenty_requests_at_one_expiry_make_one_token_request_and_none_fails() {
    // The token's time is over, or the server takes it no longer.
    for over in [true, false] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        if over {
            let gate = world.net.hold("POST /token");
            world.clock.suspend(2 * HOUR);
            assert_eq!(gate.waiting(), 1);
            let rooms = ask(&tab, &harbor, 20);
            tab.settle();
            gate.release();
            tab.settle();
            assert!(rooms.iter().all(|room| error(room).is_none()));
        } else {
            harbor.refuse_access();
            let rooms = ask(&tab, &harbor, 20);
            tab.settle();
            assert!(rooms.iter().all(|room| error(room).is_none()));
        }
        assert_eq!(world.net.count("POST /token"), 1);
        let fresh = tab.access(&harbor);
        let asked: Vec<_> = world
            .net
            .log()
            .into_iter()
            .filter(|sent| sent.url.ends_with("/agui"))
            .collect();
        let again = asked.iter().filter(|sent| sent.bearer == fresh).count();
        assert_eq!(again, 20, "each once with the new token");
        assert!(asked.len() <= 40, "and at most once with the old one");
        assert!(tab.toasts().is_empty(), "{:?}", tab.toasts());
    }
}

#[test]
fn offline_keeps_the_session_and_coming_online_makes_one_refresh() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1").composer().typed("half a".into());
    world.net.always("* ", Act::Fail(TransportError::Network));
    tab.set_online(false);
    assert!(!tab.app.online().get_untracked(), "the page says so");
    world.advance(3 * HOUR);
    tab.load(&harbor);
    assert!(world.stored(&harbor).unwrap().is_active());
    assert_ne!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(tab.visit(&harbor.path(None)), harbor.path(None));
    world.net.heal();
    world.net.forget_log();
    tab.set_online(true);
    assert_eq!(world.net.count("POST /token"), 1);
    world.advance(2 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(text(&tab, &harbor, "t-1"), "half a");
}

fn pauses(world: &World) -> Vec<i64> {
    let at: Vec<i64> = world
        .net
        .sent("POST /token")
        .iter()
        .map(|sent| sent.at)
        .collect();
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn the_pauses_between_attempts_grow_to_a_minute_and_are_not_all_alike() {
    let (world, _harbor) = World::with_one();
    let _tab = world.open();
    world.net.always("POST /token", reply(502, ""));
    world.advance(2 * HOUR);
    let pauses = pauses(&world);
    assert!(
        (500..=1_250).contains(&pauses[0]),
        "about a second: {pauses:?}"
    );
    for (number, pause) in pauses.iter().enumerate() {
        let full = 1_000_i64 << number.min(6);
        let full = full.min(60_000);
        assert!(
            (full / 2..=full + 250).contains(pause),
            "{number}: {pauses:?}"
        );
    }
    let late = &pauses[8..];
    assert!(late.iter().any(|pause| *pause != late[0]), "{late:?}");
}

#[test]
fn a_busy_provider_is_asked_again_when_it_says_so() {
    for status in [500, 502, 503] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.once("POST /token", retry_after(status, 50_000));
        world.advance(56 * MINUTE);
        assert_eq!(pauses(&world).len(), 1);
        assert!((50_000..51_000).contains(&pauses(&world)[0]), "{status}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

#[test]
fn after_a_429_no_tab_asks_before_its_time_and_no_request_makes_it() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    world.net.always("POST /token", retry_after(429, 30_000));
    one.load(&harbor);
    assert_eq!(world.net.count("POST /token"), 1);
    for _ in 0..29 {
        for tab in [&one, &two] {
            tab.load(&harbor);
            ask(tab, &harbor, 5);
        }
        world.advance(SECOND);
    }
    assert_eq!(world.net.count("POST /token"), 1, "not before it may");
    world.net.heal();
    world.advance(2 * SECOND);
    for tab in [&one, &two] {
        tab.load(&harbor);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    }
    assert_eq!(world.net.count("POST /token"), 2);
}

#[test]
fn a_token_request_that_hangs_is_given_up_after_half_a_minute_and_frees_the_lock() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let before = refresh_token(&world, &harbor);
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    assert_eq!(gate.waiting(), 1);
    assert_eq!(world.locks.held().len(), 1);
    world.advance(30 * SECOND - 1);
    assert_eq!(gate.waiting(), 1);
    world.advance(1);
    assert_eq!(gate.waiting(), 0, "given up");
    assert!(world.locks.held().is_empty());
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(refresh_token(&world, &harbor), before);
    world.advance(2 * SECOND);
    assert_eq!(world.net.count("POST /token"), 2, "and tried again");
    assert_ne!(refresh_token(&world, &harbor), before);
}

#[test]
fn an_answer_cut_in_the_middle_is_no_answer() {
    for cut in [
        Act::Fail(TransportError::Network),
        reply(200, r#"{"access_token":"e30.e30.cut","refresh_tok"#),
        reply(200, r#"{"access_token":"#),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let before = world.stored(&harbor);
        world.net.once("POST /token", cut);
        world.advance(55 * MINUTE);
        assert_eq!(world.net.count("POST /token"), 1);
        assert_eq!(world.stored(&harbor), before, "nothing of it is kept");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        world.advance(2 * SECOND);
        assert_eq!(world.net.count("POST /token"), 2);
        assert!(world.stored(&harbor).unwrap().version > before.unwrap().version);
    }
}

#[test]
fn a_captive_portal_ends_nothing_and_everything_works_behind_it() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    tab.load(&harbor);
    tab.thread(&harbor, "t-1").composer().typed("half a".into());
    let before = world.stored(&harbor);
    world.net.always("* ", reply(200, PORTAL));
    world.advance(2 * HOUR);
    for backend in [&harbor, &meadow] {
        tab.load(backend);
        assert!(matches!(
            tab.standing(backend),
            Standing::SignedIn | Standing::Unreachable
        ));
        assert_eq!(tab.visit(&backend.path(None)), backend.path(None));
    }
    assert_eq!(world.stored(&harbor), before);
    let rooms = tab.server(&harbor).rooms().get_untracked();
    assert!(rooms.data.is_some(), "the last good list stays");
    assert!(rooms.error.is_some(), "and that it is old is said");
    assert!(tab.left().is_empty(), "nobody is sent anywhere");
    world.net.heal();
    tab.app.wake();
    world.advance(2 * MINUTE);
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    assert_eq!(text(&tab, &harbor, "t-1"), "half a");
    let said = format!("{:?} {:?}", logged(), tab.toasts());
    assert!(
        !said.contains("accept our terms"),
        "its page is quoted nowhere"
    );
}

#[test]
fn a_token_endpoint_that_cors_closes_to_this_page_leaves_the_server_reachable() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    // All that a browser tells of a refusal by CORS.
    world
        .net
        .always("POST /token", Act::Fail(TransportError::Network));
    world.advance(57 * MINUTE);
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(HOUR);
    tab.load(&harbor);
    assert_eq!(
        tab.server(&harbor).rooms().get_untracked().error,
        Some(ApiError::Network)
    );
    assert!(world.stored(&harbor).unwrap().is_active());
}

fn signed_in_and_asks(tab: &Tab, world: &World) -> usize {
    tab.settle();
    world.net.count("GET /api/v1/rooms")
}

#[test]
fn no_error_of_the_server_is_taken_for_the_end_of_the_session() {
    for status in [
        400, 402, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503, 504,
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always(
            "GET /api/v1/rooms",
            reply(
                status,
                r#"{"error":"invalid_grant","detail":"token expired"}"#,
            ),
        );
        tab.load(&harbor);
        assert_eq!(signed_in_and_asks(&tab, &world), 1, "{status}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn, "{status}");
        assert_eq!(world.net.count("POST /token"), 0, "{status}");
    }
}
