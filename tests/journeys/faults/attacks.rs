//! Somebody wants in: forged ways back, foreign providers, servers that claim to be others.

use enfilade::core::record::keys;
use enfilade::core::server::registry::{AuthMode, Provider};
use enfilade::core::session::pre_auth::{Callback, CallbackAnswer};
use enfilade::port::TransportError;
use enfilade::state::app::CallbackState;
use enfilade::state::connect::Step;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use super::{kill, leave, refresh_token, refuse};
use crate::fake::{Act, Backend, HOUR, MINUTE, World, reply};

fn discovery(issuer: &str, endpoint: &str) -> Act {
    reply(
        200,
        &json!({ "issuer": issuer, "token_endpoint": endpoint, "revocation_endpoint": endpoint,
            "end_session_endpoint": endpoint })
        .to_string(),
    )
}

#[test]
fn a_forged_callback_stores_nothing_asks_nothing_and_signs_nobody_in() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    harbor.refuse_refresh();
    let tab = world.open();
    let live = leave(&world, &tab, &harbor, &harbor.path(None));
    let mallory = "0123456789abcdef0123456789abcdef";
    let before = world.disk.all("");
    let session = world.stored(&harbor);
    world.net.forget_log();
    let upper = live
        .to_uppercase()
        .replace("/AUTH/CALLBACK/", "/auth/callback/");
    for path in [
        "/auth/callback/".to_owned(),
        "/auth/callback/-".to_owned(),
        format!("/auth/callback/{mallory}"),
        format!("{live}0"),
        live[..live.len() - 1].to_owned(),
        format!("{live}/x"),
        format!("{live}%00"),
        upper,
    ] {
        let tab = world.open_with(harbor.answer());
        tab.visit(&path);
        assert_eq!(world.stored(&harbor), session, "{path}");
        assert_eq!(world.disk.all(""), before, "{path}");
        assert!(world.net.log().is_empty(), "{path}");
        assert!(!tab.app.server_by_id(&harbor.id()).unwrap().is_connected());
        kill(&world, &tab);
    }
    let tab = world.open_with(harbor.answer());
    assert_eq!(tab.visit(&live), harbor.path(None), "the true one is good");
}

#[test]
fn tokens_in_an_address_that_is_no_callback_are_ignored() {
    let (world, harbor) = World::with_one();
    let session = world.stored(&harbor);
    for place in [
        "/lobby?token=evil&refresh_token=evil",
        "/lobby#token=evil",
        "/?token=evil",
        "/?access_token=evil#?token=evil",
    ] {
        let tab = world.open();
        tab.visit(place);
        assert_eq!(world.stored(&harbor), session, "{place}");
        assert_eq!(tab.access(&harbor).unwrap(), {
            let tokens = session.as_ref().unwrap().tokens().unwrap();
            tokens.access.expose().clone()
        });
    }
}

#[test]
fn a_provider_that_changes_its_issuer_gets_neither_refresh_token_nor_revocation() {
    for (issuer, endpoint) in [
        ("https://evil.example", "https://evil.example/token"),
        ("https://evil.example", "https://id.harbor.example/token"),
        ("https://id.harbor.example", "https://evil.example/token"),
        (
            "https://id.harbor.example",
            "http://id.harbor.example/token",
        ),
        (
            "https://id.harbor.example",
            "https://id.harbor.example@evil.example/token",
        ),
        (
            "https://id.harbor.example",
            "https://id.harbor.example:8443/token",
        ),
        (
            "https://id.harbor.example.evil.example",
            "https://id.harbor.example/token",
        ),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        // It was trusted once; then its document changes.
        world.advance(56 * MINUTE);
        assert_eq!(world.net.count("POST /token"), 1);
        let kept = refresh_token(&world, &harbor);
        world.net.always(
            "GET /.well-known/openid-configuration",
            discovery(issuer, endpoint),
        );
        world.advance(56 * MINUTE);
        // Within its hour the old document still counts; after it the new one is refused.
        let before = world.net.count("POST /token");
        world.advance(3 * HOUR);
        assert_eq!(
            world.net.count("POST /token"),
            before,
            "{issuer} {endpoint}"
        );
        assert!(before <= 2);
        assert!(
            world.stored(&harbor).unwrap().is_active(),
            "kept, and named"
        );
        assert!(kept.is_some());
        let posts = |world: &World| {
            let log = world.net.log();
            log.iter().filter(|sent| sent.method == "POST").count()
        };
        let count = posts(&world);
        tab.app.sign_out(&tab.server(&harbor));
        tab.settle();
        assert!(world.stored_is_signed_out(&harbor));
        assert!(tab.left().is_empty(), "nobody is sent there");
        assert_eq!(posts(&world), count, "and nothing is revoked there");
    }
}

#[test]
fn a_server_that_names_another_provider_later_does_not_draw_the_old_token_there() {
    let (world, harbor) = World::with_one();
    let evil = world.backend("evil");
    let tab = world.open();
    let listed = json!({ "main": { "id": "main", "title": "Accounts", "server_url": evil.issuer(), "client_id": "web" } });
    world.net.always(
        "GET harbor.example/api/login",
        reply(200, &listed.to_string()),
    );
    tab.app.connect().open(Some(&harbor.origin()), None);
    let learnt = AuthMode::Oidc {
        providers: vec![Provider {
            server_url: evil.issuer(),
            ..harbor.provider()
        }],
    };
    tab.server(&harbor).learn(learnt, None);
    world.advance(3 * HOUR);
    assert_eq!(world.net.count("POST id.evil.example/token"), 0);
    assert!(world.net.count("POST id.harbor.example/token") >= 2);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

/// A server that claims the provider and the client of another.
fn impostor(world: &World, victim: &Backend) -> Backend {
    let impostor = world.backend("impostor");
    let listed = json!({ "main": { "id": "main", "title": "Accounts main", "server_url": victim.issuer(), "client_id": "web" } });
    world.net.always(
        "GET impostor.example/api/login",
        reply(200, &listed.to_string()),
    );
    impostor
}

#[test]
fn a_server_that_claims_the_provider_of_another_gets_nothing_of_that_session() {
    let (world, harbor) = World::with_one();
    let impostor = impostor(&world, &harbor);
    let tab = world.open();
    let before = world.stored(&harbor);
    tab.app.connect().open(Some(&impostor.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    // Its sign-in goes through its own login page, and comes back under a flow of its own.
    let left = tab.left();
    assert!(left.iter().all(|url| url.starts_with(&impostor.origin())));
    assert_eq!(world.stored(&harbor), before);
    tab.load(&harbor);
    world.advance(2 * HOUR);
    let drawn = world
        .net
        .log()
        .into_iter()
        .filter(|sent| {
            sent.url.contains("impostor") && (sent.bearer.is_some() || sent.body.is_some())
        })
        .count();
    assert_eq!(drawn, 0);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_list_of_suggestions_brings_in_nothing_but_web_addresses() {
    let world = World::new();
    let list = json!({ "servers": ["javascript:alert(1)", "JAVASCRIPT://%0aalert(1)", "data:text/html,x", "file:///etc",
        "ftp://x.example", "//", "https://user:pw@", "https://", {"address": "javascript:x", "name": "Good"}, null,
        {"name": "nowhere"}, "https://good.example"] });
    world
        .net
        .always("GET /config.json", reply(200, &list.to_string()));
    let tab = world.open();
    tab.visit("/");
    let listed: Vec<String> = tab
        .app
        .connect()
        .suggestions()
        .get_untracked()
        .iter()
        .map(|suggestion| suggestion.id.as_str().to_owned())
        .collect();
    assert!(
        listed
            .iter()
            .all(|address| address.starts_with("https://") || address.starts_with("http://")),
        "{listed:?}"
    );
    assert!(listed.contains(&"https://good.example".to_owned()));
    assert!(
        tab.app.servers().get_untracked().is_empty() && world.net.count("GET /api/login") == 0,
        "nothing is added or asked by itself"
    );
}

#[test]
fn an_unencrypted_server_is_not_connected_to_without_a_yes() {
    let world = World::new();
    let tab = world.open();
    world
        .net
        .always("GET http://plain.example/api/login", reply(200, "{}"));
    tab.app.connect().open(Some("http://plain.example"), None);
    tab.app.connect().submit();
    tab.settle();
    assert!(matches!(
        tab.app.connect().step().get_untracked(),
        Step::Insecure { .. }
    ));
    assert!(tab.app.servers().get_untracked().is_empty());
}

#[test]
fn an_answer_with_an_error_and_tokens_is_an_error() {
    let answer = Callback::from_location("", "?error=access_denied&token=evil");
    assert!(matches!(answer, Some(CallbackAnswer::Error { .. })));
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    harbor.refuse_refresh();
    let tab = world.open();
    let callback = leave(&world, &tab, &harbor, &harbor.path(None));
    let tab = world.open_with(answer.unwrap());
    tab.visit(&callback);
    assert!(matches!(
        tab.app.callback().get_untracked(),
        CallbackState::Failed { .. }
    ));
    assert!(!world.stored(&harbor).unwrap().is_active());
}

/// What a world ends with: no secret may be in an address, a log line, a notice or a debug text.
#[test]
fn no_secret_shows_in_a_whole_life_of_a_session() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    tab.visit(&place);
    for backend in [&harbor, &meadow] {
        tab.load(backend);
        tab.thread(backend, "t-1").composer().typed("hello".into());
        tab.thread(backend, "t-1").composer().send();
    }
    tab.settle();
    world.advance(3 * HOUR);
    for body in [r#"{"error":"invalid_client"}"#, "<html>", "[]"] {
        world.net.once("POST /token", reply(400, body));
        harbor.refuse_access();
        tab.load(&harbor);
        world.advance(2 * MINUTE);
    }
    refuse(&harbor);
    tab.load(&harbor);
    let callback = leave(&world, &tab, &harbor, &place);
    let back = world.open_with(harbor.answer());
    assert_eq!(back.visit(&callback), place);
    back.load(&harbor);
    world.deliver();
    world
        .net
        .always("POST /revoke", Act::Fail(TransportError::Network));
    back.app.sign_out(&back.server(&harbor));
    tab.app.remove(&tab.server(&meadow));
    world.advance(HOUR);
    let secrets = world.net.secrets();
    assert!(secrets.len() > 8, "there was something to look for");
    for key in world.disk.all("") {
        if key.starts_with(keys::SESSION_PREFIX) {
            continue;
        }
        let text = world.disk.read(&key).unwrap();
        let told = secrets.iter().find(|secret| text.contains(&secret.text));
        assert!(
            told.is_none(),
            "a {} is kept under {key}",
            told.unwrap().kind
        );
    }
}
