//! One session per server: what it survives, what ends it, and whom its end concerns.

use enfilade::core::error::ApiError;
use enfilade::core::session::machine::{ExpiryReason, SessionState};
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::{Get, GetUntracked};

use crate::fake::{Act, HOUR, MINUTE, SECOND, World, logged, reply, run_error, started};

#[test]
fn an_expired_session_is_restored_as_expired_with_its_tokens() {
    let world = World::new();
    let harbor = world.backend("harbor");
    let kept = world.expired(&harbor);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(
        tab.access(&harbor),
        kept.tokens().map(|tokens| tokens.access.expose().clone())
    );
    assert!(
        world.net.log().is_empty(),
        "nothing is asked in the name of an ended session"
    );
}

#[test]
fn tokens_survive_expiry_in_memory_and_in_storage() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let before = tab.access(&harbor).unwrap();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(tab.access(&harbor).unwrap(), before);
    let Some(SessionState::Expired {
        tokens: Some(tokens),
        reason,
        ..
    }) = world.stored(&harbor).map(|session| session.state)
    else {
        panic!("stored as expired");
    };
    assert!(tokens.refresh.is_some() && tokens.id_token.is_some());
    assert_eq!(
        (tokens.access.expose().clone(), reason),
        (before, ExpiryReason::InvalidGrant)
    );
}

#[test]
fn an_end_is_told_once_and_names_its_server() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.room(&harbor).load_threads();
    tab.server(&harbor).reload_rooms();
    tab.settle();
    let told: Vec<String> = tab
        .toasts()
        .into_iter()
        .filter(|text| text.contains("harbor"))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    assert_eq!(
        logged()
            .iter()
            .filter(|line| line.contains("has ended"))
            .count(),
        1
    );
}

#[test]
fn a_403_leaves_the_session_alone_and_is_not_retried() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world.net.always(
        "GET /api/v1/rooms",
        reply(403, r#"{"detail":"not for you"}"#),
    );
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(world.net.count("GET /api/v1/rooms"), 1);
    assert_eq!(world.net.count("POST /token"), 0);
    let error = tab.server(&harbor).rooms().get_untracked().error;
    assert_eq!(
        error,
        Some(ApiError::PermissionDenied {
            detail: Some("not for you".into())
        })
    );
}

#[test]
fn an_unreachable_server_is_neither_signed_out_nor_redirected() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.load(&harbor);
    world
        .net
        .always("GET /api/v1/rooms", Act::Fail(TransportError::Network));
    world
        .net
        .always("GET /api/login", Act::Fail(TransportError::Network));
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
    assert_eq!(
        tab.visit(&harbor.path(None)),
        harbor.path(None),
        "still there"
    );
    let rooms = tab.server(&harbor).rooms().get_untracked();
    assert_eq!(
        rooms.data.map(|rooms| rooms.len()),
        Some(1),
        "the last good list stays"
    );
    world.net.heal();
    world.advance(2 * MINUTE);
    assert_eq!(
        tab.standing(&harbor),
        Standing::SignedIn,
        "it comes back by itself"
    );
}

#[test]
fn a_session_without_refresh_token_ends_at_its_time_though_nobody_asks() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in_briefly(&harbor, 10 * MINUTE);
    let tab = world.open();
    world.net.forget_log();
    world.advance(10 * MINUTE - SECOND);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(SECOND);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(world.net.log().is_empty());
}

#[test]
fn coming_back_to_the_page_asks_about_the_session_at_most_once_a_minute() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.app.wake();
    tab.app.wake();
    tab.settle();
    assert_eq!(world.net.count("GET /api/user_info"), 1);
    harbor.refuse_access();
    harbor.refuse_refresh();
    world.advance(MINUTE);
    assert_eq!(
        tab.standing(&harbor),
        Standing::SignedIn,
        "nobody has asked"
    );
    tab.app.wake();
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
}

#[test]
fn a_session_that_died_while_the_machine_slept_sends_nothing_with_its_dead_token() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let old = tab.access(&harbor).unwrap();
    world.net.forget_log();
    world.clock.suspend(3 * HOUR);
    tab.app.wake();
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(world.net.count("POST /token"), 1);
    assert!(
        world
            .net
            .log()
            .iter()
            .all(|sent| sent.bearer.as_ref() != Some(&old))
    );
}

#[test]
fn a_dead_session_is_renewed_before_it_is_shown() {
    let (world, harbor) = World::with_one();
    world.clock.suspend(2 * HOUR);
    let gate = world.net.hold("POST /token");
    let tab = world.open();
    assert!(!tab.app.restored().get(), "still at the splash");
    assert_eq!(tab.visit(&harbor.path(None)), "(splash)");
    gate.release();
    tab.settle();
    assert!(tab.app.restored().get());
    assert_eq!(tab.visit(&harbor.path(None)), harbor.path(None));
}

#[test]
fn a_silent_provider_keeps_nobody_at_the_splash_for_long() {
    let (world, harbor, meadow) = World::with_two();
    world.clock.suspend(2 * HOUR);
    world.signed_in(&meadow, HOUR);
    let _gate = world.net.hold("POST id.harbor.example/token");
    let tab = world.open();
    assert!(!tab.app.restored().get());
    world.advance(3 * SECOND);
    assert!(tab.app.restored().get());
    assert_eq!(tab.visit(&meadow.path(None)), meadow.path(None));
    assert_eq!(
        tab.standing(&harbor),
        Standing::SignedIn,
        "unknown is not signed out"
    );
}

#[test]
fn one_server_ends_and_the_other_goes_on() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    tab.load(&meadow);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    assert_eq!(
        tab.server(&meadow)
            .rooms()
            .get_untracked()
            .data
            .map(|rooms| rooms.len()),
        Some(1)
    );
    assert_eq!(world.net.count("POST id.meadow.example/token"), 0);
}

#[test]
fn an_answer_to_a_request_of_an_earlier_sign_in_is_dropped() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("GET /api/v1/rooms");
    tab.load(&harbor);
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), tokens);
    tab.settle();
    gate.answer(reply(401, "{}"));
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(world.net.count("POST /token"), 0);
}

#[test]
fn what_was_asked_for_one_person_is_not_shown_to_the_next() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("GET /api/v1/rooms");
    tab.server(&harbor).reload_rooms();
    tab.settle();
    harbor.set_user("bob");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    gate.answer(reply(200, r#"{"private":{"name":"Ann's room"}}"#));
    tab.settle();
    assert!(
        tab.server(&harbor)
            .rooms()
            .get_untracked()
            .data
            .is_none_or(|rooms| rooms.iter().all(|room| room.name != "Ann's room"))
    );
}

#[test]
fn a_hint_alone_ends_no_session() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let session = tab.server(&harbor).session().clone();
    world.advance(MINUTE);
    world.net.forget_log();
    let epoch = session.signal().get_untracked().epoch;
    for _ in 0..5 {
        session.suspect(epoch);
    }
    world.settle();
    assert_eq!(world.net.count("GET /api/user_info"), 1, "asked once");
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    for trouble in [reply(500, ""), reply(403, ""), reply(200, "<html>")] {
        world.advance(MINUTE);
        world.net.once("GET /api/user_info", trouble);
        session.suspect(epoch);
        world.settle();
        assert_eq!(tab.standing(&harbor), Standing::SignedIn, "on any doubt");
    }
    world.advance(MINUTE);
    harbor.refuse_access();
    harbor.refuse_refresh();
    session.suspect(epoch);
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired, "it was confirmed");
}

#[test]
fn a_hint_about_an_earlier_sign_in_asks_nobody() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let session = tab.server(&harbor).session().clone();
    let old = session.signal().get_untracked().epoch;
    session.sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    world.settle();
    world.net.forget_log();
    session.suspect(old);
    world.settle();
    assert!(world.net.log().is_empty());
}

#[test]
fn a_verdict_that_comes_while_verdicts_are_held_is_looked_into_afterwards() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in_briefly(&harbor, HOUR);
    let tab = world.open();
    let session = tab.server(&harbor).session().clone();
    world.advance(MINUTE);
    harbor.refuse_access();
    session.hold();
    tab.load(&harbor);
    assert_ne!(tab.standing(&harbor), Standing::Expired, "held");
    session.release();
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired, "not dropped");
}

#[test]
fn a_run_error_that_sounds_like_an_expiry_is_checked_and_believed_only_then() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world.advance(MINUTE);
    let thread = tab.thread(&harbor, "t-1");
    world.net.forget_log();
    thread.composer().typed("hello".into());
    thread.composer().send();
    world.settle();
    let run = harbor.last_run();
    harbor.emit(
        &run,
        &[
            started(&run),
            run_error("401 Unauthorized by the weather service"),
        ],
    );
    world.settle();
    assert_eq!(world.net.count("GET /api/user_info"), 1);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_hundred_servers_start_without_a_hundred_requests_at_once() {
    let world = World::new();
    let servers: Vec<_> = (0..100)
        .map(|number| world.backend(&format!("server{number}")))
        .collect();
    for (number, server) in servers.iter().enumerate() {
        if number < 10 {
            world.expired(server);
        } else {
            // A dead access token: each has to be renewed.
            world.signed_in(server, -SECOND);
        }
    }
    let gate = world.net.hold("GET /.well-known/openid-configuration");
    let tab = world.open();
    assert!(gate.waiting() <= 8, "{} at once", gate.waiting());
    world.advance(3 * SECOND);
    assert!(
        tab.app.restored().get_untracked(),
        "the start does not wait"
    );
    gate.release();
    world.settle();
    world.advance(MINUTE);
    assert_eq!(world.net.count("POST /token"), 90);
    for (number, server) in servers.iter().enumerate() {
        let standing = if number < 10 {
            Standing::Expired
        } else {
            Standing::SignedIn
        };
        assert_eq!(tab.standing(server), standing, "server {number}");
    }
}

#[test]
fn a_refusal_during_a_sign_in_is_looked_into_afterwards() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in_briefly(&harbor, HOUR);
    let tab = world.open();
    world.advance(MINUTE);
    harbor.refuse_access();
    let probe = world.net.hold("GET /api/login");
    tab.app.sign_in(&tab.server(&harbor), None);
    tab.load(&harbor);
    assert_ne!(tab.standing(&harbor), Standing::Expired, "held");
    probe.release();
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired, "not dropped");
    assert_eq!(tab.left().len(), 1, "and the sign-in goes on");
}
