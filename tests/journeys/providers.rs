//! The provider: what its answers mean, and what of them is never shown.

use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use crate::fake::{Act, MINUTE, World, logged, reply};

const DISCOVERY: &str = "GET /.well-known/openid-configuration";

#[test]
fn a_refresh_brings_all_three_tokens() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let access = harbor.mint_access("ann");
    let body = json!({ "access_token": access, "refresh_token": "r-new", "id_token": "i-new", "expires_in": 900 });
    world.net.once("POST /token", reply(200, &body.to_string()));
    world.advance(56 * MINUTE);
    let session = world.stored(&harbor).unwrap();
    let tokens = session.tokens().unwrap();
    assert_eq!(tab.access(&harbor), Some(access));
    assert_eq!(tokens.refresh.as_ref().unwrap().expose(), "r-new");
    assert_eq!(tokens.id_token.as_ref().unwrap().expose(), "i-new");
    assert_eq!(tokens.lifetime, 15 * MINUTE);
}

#[test]
fn a_discovery_that_fails_ends_nothing_and_sends_no_token_anywhere() {
    for trouble in [
        Act::Fail(TransportError::Network),
        reply(500, ""),
        reply(404, "{}"),
        reply(200, "<html>"),
        reply(200, r#"{"issuer":"https://id.harbor.example"}"#),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always(DISCOVERY, trouble);
        harbor.refuse_access();
        tab.load(&harbor);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        assert_eq!(world.net.count("POST /token"), 0);
        world.net.heal();
        world.advance(2 * MINUTE);
        tab.load(&harbor);
        assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
    }
}

#[test]
fn what_a_provider_answers_in_its_trouble_is_neither_logged_nor_shown() {
    for answer in [
        reply(200, "<html>hush-hush</html>"),
        reply(200, r#"{"access_token":"","note":"hush-hush"}"#),
        reply(400, r#"{"error":"hush-hush"}"#),
        reply(401, r#"{"message":"hush-hush"}"#),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        harbor.refuse_access();
        world.net.always("POST /token", answer);
        tab.load(&harbor);
        assert_eq!(
            tab.standing(&harbor),
            Standing::SignedIn,
            "and it ends nothing"
        );
        assert!(
            logged()
                .iter()
                .any(|line| line.contains("unreadable answer")),
            "{:?}",
            logged()
        );
        let said = [logged(), tab.toasts()].concat();
        assert!(
            said.iter().all(|line| !line.contains("hush-hush")),
            "{said:?}"
        );
    }
}

#[test]
fn ten_requests_with_a_provider_that_is_down_ask_it_once_in_each_pause() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world
        .net
        .always("POST /token", Act::Fail(TransportError::Network));
    world.advance(55 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 1);
    for _ in 0..10 {
        tab.load(&harbor);
    }
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(
        world.net.count("GET /api/v1/rooms"),
        10,
        "the living token serves meanwhile"
    );
}
