//! What is to be expected of a session that is still good: away for a while, or about to end.

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Act, Backend, HOUR, MINUTE, SECOND, Tab, World, reply, retry_after};

fn ends_in(tab: &Tab, backend: &Backend) -> Option<i64> {
    tab.server(backend).ends_in()
}

/// What the page of the lobby does first.
fn open_lobby(tab: &Tab, backend: &Backend) {
    tab.server(backend).load_rooms();
    tab.settle();
}

fn no_answer() -> Act {
    Act::Fail(TransportError::Network)
}

#[test]
fn a_dead_token_that_cannot_be_renewed_yet_is_away_and_comes_back_by_itself() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    open_lobby(&tab, &harbor);
    world
        .net
        .always("POST id.harbor.example/token", no_answer());
    world.advance(59 * MINUTE);
    assert_eq!(
        tab.standing(&harbor),
        Standing::SignedIn,
        "there is life left in the token"
    );
    world.advance(2 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    assert_eq!(ends_in(&tab, &harbor), None, "it does not end");
    assert_eq!(
        tab.visit(&harbor.path(Some("t-1"))),
        harbor.path(Some("t-1")),
        "nobody is sent away"
    );
    let toasts = tab.toasts();
    assert!(toasts.is_empty(), "{toasts:?}");
    tab.load(&harbor);
    assert!(tab.server(&harbor).rooms().get_untracked().error.is_some());
    world.net.heal();
    world.advance(2 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    let rooms = tab.server(&harbor).rooms().get_untracked();
    assert!(
        rooms.error.is_none(),
        "what is missing is loaded without being asked for"
    );
}

#[test]
fn a_session_restored_with_a_dead_token_and_no_provider_is_away_and_not_signed_out() {
    let (world, harbor) = World::with_one();
    world.clock.suspend(2 * HOUR);
    world.net.always("POST /token", retry_after(503, 1_000));
    let tab = world.open();
    assert!(tab.app.restored().get_untracked());
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
    assert_eq!(tab.visit(&harbor.path(None)), harbor.path(None));
}

#[test]
fn a_refused_token_that_cannot_be_renewed_yet_is_away_and_tried_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    open_lobby(&tab, &harbor);
    open_lobby(&tab, &harbor);
    harbor.refuse_access();
    world.net.always("POST /token", no_answer());
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
    world.advance(10 * MINUTE);
    let tried = world.net.count("POST /token");
    assert!((5..=40).contains(&tried), "less and less: {tried}");
    world.net.heal();
    world.advance(2 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
}

#[test]
fn try_now_does_not_wait_and_says_when_it_was_in_vain() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    open_lobby(&tab, &harbor);
    for path in ["GET /api/v1/rooms", "GET /api/login"] {
        world.net.always(path, no_answer());
    }
    tab.load(&harbor);
    world.advance(30 * MINUTE);
    world.net.forget_log();
    tab.server(&harbor).try_now();
    assert!(tab.server(&harbor).trying().get_untracked());
    tab.settle();
    assert!(!tab.server(&harbor).trying().get_untracked());
    assert_eq!(world.net.count("GET /api/login"), 1);
    assert!(
        tab.toasts()[0].contains("harbor still does not answer"),
        "{:?}",
        tab.toasts()
    );
    world.net.heal();
    tab.server(&harbor).try_now();
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(tab.server(&harbor).rooms().get_untracked().error.is_none());
}

#[test]
fn try_now_renews_a_session_whose_token_is_dead() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world.net.always("POST /token", reply(503, ""));
    world.advance(61 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
    world.net.heal();
    world.net.forget_log();
    tab.server(&harbor).try_now();
    tab.settle();
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_removed_server_is_not_asked_for_any_more() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    for path in ["GET /api/v1/rooms", "GET /api/login"] {
        world.net.always(path, no_answer());
    }
    tab.load(&harbor);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    world.net.forget_log();
    world.advance(10 * MINUTE);
    assert!(world.net.log().is_empty(), "{}", world.net.log().len());
}

#[test]
fn a_session_that_its_provider_will_not_renew_says_how_long_it_lasts() {
    for configuration in [false, true] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        if configuration {
            let body = r#"{"error":"invalid_client"}"#;
            world.net.always("POST /token", reply(401, body));
        } else {
            harbor.refuse_refresh();
        }
        world.advance(54 * MINUTE);
        assert_eq!(ends_in(&tab, &harbor), None, "nothing has been refused yet");
        world.advance(2 * MINUTE);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        assert_eq!(ends_in(&tab, &harbor), Some(4 * MINUTE));
        world.advance(3 * MINUTE + 30 * SECOND);
        assert_eq!(ends_in(&tab, &harbor), Some(30 * SECOND));
    }
}

#[test]
fn a_session_that_ran_out_under_a_wrong_configuration_is_neither_away_nor_signed_out() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let body = r#"{"error":"invalid_client"}"#;
    world.net.always("POST /token", reply(401, body));
    world.advance(2 * HOUR);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(ends_in(&tab, &harbor), Some(0));
    world.net.always("POST /token", no_answer());
    tab.load(&harbor);
    assert_eq!(
        ends_in(&tab, &harbor),
        Some(0),
        "a provider that is away now does not make the configuration right"
    );
}

#[test]
fn without_a_refresh_token_the_last_five_minutes_are_told() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in_briefly(&harbor, 10 * MINUTE);
    let tab = world.open();
    assert_eq!(ends_in(&tab, &harbor), None);
    world.advance(5 * MINUTE);
    assert_eq!(ends_in(&tab, &harbor), None);
    world.advance(MINUTE);
    assert_eq!(ends_in(&tab, &harbor), Some(4 * MINUTE));
    world.advance(4 * MINUTE);
    assert_eq!(
        (tab.standing(&harbor), ends_in(&tab, &harbor)),
        (Standing::Expired, None)
    );
}

#[test]
fn new_tokens_of_another_tab_take_the_end_away() {
    let (world, harbor) = World::with_one();
    let (tab, other) = (world.open(), world.open());
    let body = r#"{"error":"invalid_client"}"#;
    world.net.always("POST /token", reply(401, body));
    world.advance(56 * MINUTE);
    assert!(ends_in(&tab, &harbor).is_some());
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    other
        .server(&harbor)
        .session()
        .sign_in(harbor.provider(), tokens);
    world.deliver();
    assert_eq!(ends_in(&tab, &harbor), None);
    other.close();
    world.net.heal();
    world.net.forget_log();
    world.advance(56 * MINUTE);
    assert_eq!(
        world.net.count("POST /token"),
        1,
        "and they are renewed ahead of time here too"
    );
}

#[test]
fn signing_in_again_goes_to_the_provider_at_once_and_comes_back_with_the_draft() {
    let (world, harbor) = World::with_one();
    harbor.add_run("t-1", "r-1", "hello");
    let tab = world.open();
    tab.load(&harbor);
    let place = harbor.path(Some("t-1"));
    tab.visit(&place);
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("half a thought".into());
    harbor.refuse_refresh();
    world.advance(56 * MINUTE);
    assert!(ends_in(&tab, &harbor).is_some());
    world.net.forget_log();
    tab.app
        .sign_in(&tab.server(&harbor), Some(Route::parse_href(&place)));
    tab.settle();
    assert_eq!(
        world.net.count("POST /token"),
        0,
        "what was refused is not tried again"
    );
    assert_eq!(tab.left().len(), 1, "{:?}", tab.moves());
    assert_eq!(
        tab.standing(&harbor),
        Standing::SignedIn,
        "until the new one is there"
    );
    tab.close();
    let flow = world.disk.all(keys::PRE_AUTH_PREFIX).pop().unwrap();
    let flow = flow.strip_prefix(keys::PRE_AUTH_PREFIX).unwrap().to_owned();
    let tab = world.open_with(harbor.answer());
    assert_eq!(tab.visit(&format!("/auth/callback/{flow}")), place);
    assert_eq!(
        tab.thread(&harbor, "t-1").composer().text().get_untracked(),
        "half a thought"
    );
    assert_eq!(ends_in(&tab, &harbor), None);
}

#[test]
fn signing_in_again_keeps_to_the_provider_of_the_session() {
    let (world, harbor) = World::with_one();
    harbor.set_providers(3);
    let list = serde_json::json!({
        "a": { "title": "Other", "server_url": "https://id.other.example", "client_id": "web" },
        "main": harbor.provider(),
    });
    world
        .net
        .always("GET /api/login", reply(200, &list.to_string()));
    let tab = world.open();
    tab.visit("/lobby");
    tab.app.sign_in(&tab.server(&harbor), None);
    tab.settle();
    let left = tab.left();
    assert!(
        left.iter().any(|url| url.contains("/api/login/main?")),
        "{left:?}"
    );
}
