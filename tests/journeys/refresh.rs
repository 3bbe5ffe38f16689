//! Refresh: once for all who wait, never against the person, and never for ever.

use enfilade::core::error::ApiError;
use enfilade::core::session::machine::{ExpiryReason, SessionState};
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use crate::fake::{Act, Backend, HOUR, MINUTE, SECOND, Tab, World, reply, retry_after, token_body};

fn refresh_token(world: &World, harbor: &Backend) -> Option<String> {
    world
        .stored(harbor)?
        .tokens()?
        .refresh
        .as_ref()
        .map(|token| token.expose().clone())
}

fn version(tab: &Tab, backend: &Backend) -> u64 {
    tab.server(backend)
        .session()
        .signal()
        .get_untracked()
        .version
        .0
}

#[test]
fn a_401_leads_to_one_refresh_and_one_retry_with_the_new_token() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let old = tab.access(&harbor);
    harbor.refuse_access();
    tab.room(&harbor).load_threads();
    tab.settle();
    let asked = world.net.sent("GET /api/v1/rooms/echo/agui");
    assert_eq!(
        asked
            .iter()
            .map(|sent| sent.bearer.clone())
            .collect::<Vec<_>>(),
        [old, tab.access(&harbor)]
    );
    assert_eq!(world.net.count("POST /token"), 1);
    assert!(tab.room(&harbor).threads().get_untracked().data.is_some());
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn many_requests_at_one_expiry_make_one_token_request() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_access();
    tab.server(&harbor).reload_rooms();
    for room in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        tab.server(&harbor).room(&room.into()).load_threads();
    }
    tab.settle();
    assert_eq!(world.net.count("POST /token"), 1);
    for room in ["a", "h"] {
        assert!(
            tab.server(&harbor)
                .room(&room.into())
                .threads()
                .get_untracked()
                .data
                .is_some(),
            "{room}"
        );
    }
}

#[test]
fn requests_that_find_a_dead_token_wait_for_one_refresh() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.clock.suspend(2 * HOUR);
    tab.server(&harbor).reload_rooms();
    tab.room(&harbor).load_threads();
    tab.settle();
    assert_eq!(gate.waiting(), 1);
    assert_eq!(
        world.net.count("GET /api/v1/rooms"),
        0,
        "nothing goes out with a dead token"
    );
    gate.release();
    tab.settle();
    assert_eq!(world.net.count("POST /token"), 1);
    assert!(tab.room(&harbor).threads().get_untracked().data.is_some());
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
}

#[test]
fn a_slow_provider_does_not_hold_up_requests_while_the_token_lives() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.clock.suspend(57 * MINUTE);
    tab.room(&harbor).load_threads();
    tab.settle();
    assert_eq!(gate.waiting(), 1, "the refresh is under way");
    assert!(
        tab.room(&harbor).threads().get_untracked().data.is_some(),
        "and the request is not"
    );
    gate.release();
    tab.settle();
    assert_eq!(world.net.count("POST /token"), 1);
}

#[test]
fn the_token_is_renewed_ahead_of_time_though_nobody_asks() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let before = tab.access(&harbor);
    world.advance(55 * MINUTE - SECOND);
    assert_eq!(world.net.count("POST /token"), 0);
    world.advance(MINUTE);
    assert_eq!(world.net.count("POST /token"), 1);
    assert_ne!(tab.access(&harbor), before);
    world.advance(3 * HOUR);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_late_401_for_an_older_token_expires_nothing_and_is_asked_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("GET /api/v1/rooms");
    tab.server(&harbor).reload_rooms();
    tab.settle();
    harbor.refuse_access();
    tab.room(&harbor).load_threads();
    tab.settle();
    assert_eq!(
        version(&tab, &harbor),
        1,
        "another request has renewed the token meanwhile"
    );
    gate.answer(reply(401, "{}"));
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(world.net.count("POST /token"), 1);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
}

#[test]
fn a_second_401_right_after_a_refresh_ends_the_session_once() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world.net.always("GET /api/v1/rooms", reply(401, "{}"));
    world
        .net
        .always("GET /api/v1/rooms/echo/agui", reply(401, "{}"));
    tab.server(&harbor).reload_rooms();
    tab.room(&harbor).load_threads();
    tab.settle();
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(world.net.count("GET /api/v1/rooms"), 2);
    let Some(SessionState::Expired { reason, .. }) =
        world.stored(&harbor).map(|session| session.state)
    else {
        panic!("expired")
    };
    assert_eq!(reason, ExpiryReason::Refused);
    assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
    assert_eq!(
        tab.server(&harbor).rooms().get_untracked().error,
        Some(ApiError::Unauthorized)
    );
}

#[test]
fn a_refused_refresh_token_ends_a_refused_session() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(world.net.count("POST /token"), 1);
    world.net.forget_log();
    tab.load(&harbor);
    world.advance(2 * HOUR);
    assert!(
        world.net.log().is_empty(),
        "an ended session asks for nothing"
    );
}

#[test]
fn with_a_refused_refresh_token_a_living_access_token_serves_to_its_end_and_nothing_is_asked_then()
{
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_refresh();
    world.advance(56 * MINUTE);
    assert_eq!(
        world.net.count("POST /token"),
        1,
        "tried once, ahead of time"
    );
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
    world.advance(4 * MINUTE - SECOND);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.net.forget_log();
    world.advance(SECOND);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(world.net.log().is_empty(), "it is known already");
}

#[test]
fn a_provider_in_trouble_ends_nothing_and_is_asked_less_and_less() {
    for trouble in [
        Act::Fail(TransportError::Network),
        Act::Fail(TransportError::Timeout),
        reply(500, ""),
        reply(503, "<html>busy</html>"),
        retry_after(429, 1_000),
        reply(200, "<html>Please accept the terms of this hotel</html>"),
        reply(200, "{}"),
        reply(400, "no JSON"),
        reply(404, "{}"),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always("POST /token", trouble);
        world.advance(3 * HOUR);
        assert_eq!(tab.standing(&harbor), Standing::Unreachable);
        let tried = world.net.count("POST /token");
        assert!((100..=300).contains(&tried), "about once a minute: {tried}");
        world.net.heal();
        world.advance(2 * MINUTE);
        tab.load(&harbor);
        assert!(
            tab.server(&harbor).rooms().get_untracked().data.is_some(),
            "and goes on afterwards"
        );
    }
}

#[test]
fn a_dead_token_with_an_unreachable_provider_is_not_sent_and_not_called_signed_out() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world
        .net
        .always("POST /token", Act::Fail(TransportError::Network));
    world.advance(2 * HOUR);
    world.net.forget_log();
    tab.load(&harbor);
    assert_eq!(world.net.count("GET /api/v1/rooms"), 0);
    assert_eq!(
        tab.server(&harbor).rooms().get_untracked().error,
        Some(ApiError::Network)
    );
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
}

#[test]
fn retry_after_is_obeyed() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world.net.always("POST /token", retry_after(429, 90_000));
    world.advance(55 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 1);
    tab.load(&harbor);
    world.advance(89 * SECOND);
    assert_eq!(
        world.net.count("POST /token"),
        1,
        "not before the time is over, and not for a request either"
    );
    world.advance(2 * SECOND);
    assert_eq!(world.net.count("POST /token"), 2);
}

#[test]
fn a_provider_that_refuses_this_app_is_named_and_not_asked_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world
        .net
        .always("POST /token", reply(401, r#"{"error":"invalid_client"}"#));
    world.advance(3 * HOUR);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn, "kept");
    assert_eq!(
        world.net.count("POST /token"),
        1,
        "no more attempts by itself"
    );
    assert!(
        tab.toasts()
            .iter()
            .any(|text| text.contains("invalid_client")),
        "{:?}",
        tab.toasts()
    );
}

#[test]
fn a_refresh_that_is_answered_after_a_sign_out_is_dropped() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    assert_eq!(gate.waiting(), 1);
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    gate.release();
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert!(world.stored_is_signed_out(&harbor), "the tombstone stays");
    assert_eq!(world.open().standing(&harbor), Standing::SignedOut);
}

#[test]
fn tokens_for_another_person_are_refused() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let before = (tab.access(&harbor), refresh_token(&world, &harbor));
    harbor.set_user("bob");
    world.advance(56 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(
        (tab.access(&harbor), refresh_token(&world, &harbor)),
        before
    );
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(5 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(tab.access(&harbor), before.0);
}

#[test]
fn the_new_refresh_token_is_kept_and_a_missing_one_keeps_the_old() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let first = refresh_token(&world, &harbor);
    world.advance(56 * MINUTE);
    let second = refresh_token(&world, &harbor);
    assert_ne!(first, second);
    harbor.set_rotates(false);
    world.advance(56 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 2);
    assert_eq!(refresh_token(&world, &harbor), second);
    let id_token = world
        .stored(&harbor)
        .unwrap()
        .tokens()
        .unwrap()
        .id_token
        .clone();
    assert!(id_token.is_some(), "the answers had none");
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_lifetime_may_be_a_number_a_float_a_text_or_missing() {
    for (value, lifetime) in [
        (json!(600), 600_000),
        (json!(600.5), 600_500),
        (json!("600"), 600_000),
        (json!(null), 1_800_000),
        (json!(1e12), 30 * 24 * HOUR),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        harbor.set_expires_in(value.clone());
        harbor.refuse_access();
        tab.load(&harbor);
        let expires_at = world.stored(&harbor).unwrap().tokens().unwrap().expires_at;
        assert_eq!(expires_at - world.clock.time(), lifetime, "{value}");
    }
}

#[test]
fn a_token_that_is_born_dead_does_not_lead_to_a_storm() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.set_expires_in(json!(0));
    world.advance(HOUR);
    let tried = world.net.count("POST /token");
    assert!(tried < 200, "{tried} token requests in an hour");
    tab.load(&harbor);
}

#[test]
fn tokens_go_to_no_endpoint_on_another_origin() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let document =
        json!({ "issuer": harbor.issuer(), "token_endpoint": "https://elsewhere.example/token" })
            .to_string();
    world.net.always(
        "GET /.well-known/openid-configuration",
        reply(200, &document),
    );
    world.advance(56 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 0);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(
        tab.toasts()
            .iter()
            .any(|text| text.contains("another origin")),
        "{:?}",
        tab.toasts()
    );
}

#[test]
fn the_discovery_document_is_kept_for_an_hour() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    for _ in 0..3 {
        harbor.refuse_access();
        tab.load(&harbor);
    }
    assert_eq!(world.net.count("POST /token"), 3);
    assert_eq!(world.net.count("GET /.well-known/openid-configuration"), 1);
}

#[test]
fn waking_up_ends_the_waiting() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world
        .net
        .always("POST /token", Act::Fail(TransportError::Network));
    world.advance(2 * HOUR);
    world.net.heal();
    world.net.forget_log();
    tab.set_online(true);
    assert_eq!(
        world.net.count("POST /token"),
        1,
        "at once, not after the back-off"
    );
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_form_without_json_error_is_no_verdict() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_access();
    world
        .net
        .always("POST /token", reply(403, r#"{"error":"access_denied"}"#));
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
    world.net.heal();
    world.net.once(
        "POST /token",
        reply(200, &token_body(&harbor.mint_access("ann"), None)),
    );
    world.advance(2 * MINUTE);
    tab.load(&harbor);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
}

#[test]
fn a_refresh_that_is_answered_after_a_new_sign_in_is_dropped() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    let fresh = tokens.access.expose().clone();
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), tokens);
    gate.release();
    tab.settle();
    assert_eq!(tab.access(&harbor), Some(fresh));
    assert_eq!(version(&tab, &harbor), 0);
}
