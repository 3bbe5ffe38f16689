//! Connecting: what is probed, what is found, and what is said when nothing is.

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::server::registry::AuthMode;
use enfilade::core::session::machine::Session;
use enfilade::port::TransportError;
use enfilade::state::connect::Step;
use enfilade::state::server::Standing;
use reactive_graph::traits::{GetUntracked, Set};

use crate::fake::{Act, Backend, DiskMode, HOUR, MINUTE, Tab, World, reply};

fn submit(tab: &Tab, address: &str) -> Step {
    tab.app.connect().address().set(address.to_owned());
    tab.app.connect().submit();
    tab.settle();
    tab.app.connect().step().get_untracked()
}

#[test]
fn a_typed_host_is_found_and_one_is_sent_to_its_provider() {
    let world = World::new();
    let harbor = world.backend("harbor");
    let tab = world.open();
    assert_eq!(
        submit(&tab, " Harbor.EXAMPLE/ "),
        Step::Leaving {
            name: "harbor".into()
        }
    );
    assert!(tab.left()[0].starts_with(&harbor.origin()));
    assert!(
        tab.app.servers().get_untracked().is_empty(),
        "it is known only when the sign-in is done"
    );
}

#[test]
fn an_address_that_is_none_is_told_without_a_request() {
    let world = World::new();
    let tab = world.open();
    for address in ["", "ftp://x", "a b", "http://"] {
        assert!(
            matches!(submit(&tab, address), Step::Failed { .. }),
            "{address}"
        );
    }
    assert_eq!(world.net.count("GET /api/login"), 0);
}

#[test]
fn nothing_there_is_told_and_both_schemes_were_tried() {
    let world = World::new();
    let tab = world.open();
    assert!(matches!(
        submit(&tab, "nobody.example"),
        Step::Failed { .. }
    ));
    let tried: Vec<String> = world
        .net
        .sent("GET /api/login")
        .into_iter()
        .map(|sent| sent.url)
        .collect();
    assert_eq!(
        tried,
        [
            "https://nobody.example/api/login",
            "http://nobody.example/api/login"
        ]
    );
}

#[test]
fn a_page_that_is_no_server_is_told_apart_and_http_is_not_tried_then() {
    let world = World::new();
    world.backend("harbor");
    world
        .net
        .always("GET /api/login", reply(200, "<!doctype html>"));
    let tab = world.open();
    assert!(matches!(
        submit(&tab, "harbor.example"),
        Step::Failed { .. }
    ));
    assert_eq!(world.net.count("GET /api/login"), 1);
}

#[test]
fn a_probe_that_hangs_ends_after_five_seconds_and_a_cancelled_one_changes_nothing() {
    let world = World::new();
    let harbor = world.backend("harbor");
    let tab = world.open();
    let gate = world.net.hold("GET /api/login");
    assert!(matches!(
        submit(&tab, &harbor.origin()),
        Step::Probing { .. }
    ));
    world.advance(5_000);
    assert!(matches!(
        tab.app.connect().step().get_untracked(),
        Step::Failed { .. }
    ));
    assert_eq!(gate.waiting(), 0);

    let gate = world.net.hold("GET /api/login");
    submit(&tab, &harbor.origin());
    tab.app.connect().cancel();
    gate.release();
    tab.settle();
    assert_eq!(tab.app.connect().step().get_untracked(), Step::Address);
    assert!(tab.left().is_empty());
}

#[test]
fn an_unencrypted_server_is_asked_about_first() {
    let world = World::new();
    let tab = world.open();
    world
        .net
        .always("GET http://lab.example/api/login", reply(200, "{}"));
    world.net.always(
        "GET https://lab.example/api/login",
        Act::Fail(TransportError::Network),
    );
    assert!(matches!(submit(&tab, "lab.example"), Step::Insecure { .. }));
    assert!(tab.app.servers().get_untracked().is_empty());
    tab.app.connect().accept_insecure();
    tab.settle();
    assert_eq!(tab.app.servers().get_untracked().len(), 1);
    assert_eq!(tab.went().as_deref(), Some("/lobby"));
}

#[test]
fn a_link_to_an_unknown_server_only_fills_the_field() {
    let (world, _) = World::with_one();
    let tab = world.open();
    tab.visit("/?url=https%3A%2F%2Fevil.example");
    assert_eq!(
        tab.app.connect().address().get_untracked(),
        "https://evil.example"
    );
    assert!(
        world
            .net
            .log()
            .iter()
            .all(|sent| !sent.url.contains("evil"))
    );
}

#[test]
fn the_waiting_panel_says_what_comes_back() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.add_run("t-1", "r-1", "hello");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    tab.load(&harbor);
    tab.room(&harbor).load_threads();
    tab.settle();
    let thread = tab.thread(&harbor, "t-1");
    thread.composer().typed("half a thought".into());
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    tab.visit(&harbor.path(Some("t-1")));
    let waiting = tab.app.connect().waiting().get_untracked().unwrap();
    assert_eq!(waiting.server, tab.server(&harbor));
    let place = waiting.place.unwrap();
    assert!(
        place.contains("Echo") && place.contains("About t-1"),
        "{place}"
    );
    assert!(waiting.has_draft);
    assert!(!waiting.stuck);
}

#[test]
fn a_known_server_is_brought_up_to_date_by_a_probe() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    world.net.always(
        "GET /api/v1/installation/identity",
        reply(200, r#"{"name":"Harbour Lab","description":"new"}"#),
    );
    let tab = world.open();
    tab.visit(&harbor.path(None));
    let record = tab.server(&harbor).record().get_untracked();
    assert_eq!(
        (record.name.as_deref(), record.description.as_deref()),
        (Some("Harbour Lab"), Some("new"))
    );
    assert_eq!(
        world.open().server(&harbor).record().get_untracked(),
        record,
        "and remembered"
    );
}

#[test]
fn an_open_server_that_begins_to_ask_for_accounts_is_signed_out() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_open(true);
    world.remember(&harbor);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::Open);
    harbor.set_open(false);
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(
        tab.visit(&harbor.path(None)),
        harbor.sign_in_path(&harbor.path(None))
    );
}

#[test]
fn suggestions_leave_out_known_servers_and_what_is_no_address() {
    let (world, harbor) = World::with_one();
    let list = serde_json::json!({ "servers": [harbor.origin(), "https://meadow.example", "javascript:x", 7, "/"] }).to_string();
    world.net.always("GET /config.json", reply(200, &list));
    let tab = world.open();
    tab.visit("/");
    let listed = tab.app.connect().suggestions().get_untracked();
    let addresses: Vec<&str> = listed
        .iter()
        .map(|suggestion| suggestion.id.as_str())
        .collect();
    assert_eq!(addresses, ["https://meadow.example", "https://app.example"]);
}

#[test]
fn a_sign_in_from_the_lobby_that_finds_nobody_is_told() {
    let world = World::new();
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    world.expired(&harbor);
    world.signed_in(&meadow, HOUR);
    let tab = world.open();
    tab.visit("/lobby");
    world.net.always(
        "GET harbor.example/api/login",
        Act::Fail(TransportError::Network),
    );
    harbor.refuse_refresh();
    tab.app.sign_in(&tab.server(&harbor), None);
    tab.settle();
    assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
    assert!(!tab.server(&harbor).busy().get_untracked());
}

/// `meadow` says that it signs people in with this client of this provider.
fn advertises(world: &World, meadow: &Backend, issuer: &str, client: &str) {
    let list = serde_json::json!({ "main": { "title": "Accounts", "server_url": issuer, "client_id": client } });
    let what = format!("GET {}.example/api/login", meadow.name());
    world.net.always(&what, reply(200, &list.to_string()));
}

#[test]
fn a_server_with_the_sign_in_of_another_is_asked_about_before_anything_leaves() {
    let (world, harbor) = World::with_one();
    let meadow = world.backend("meadow");
    advertises(&world, &meadow, "https://ID.Harbor.example:443/", "web");
    let tab = world.open();
    let Step::Shared { found, other, .. } = submit(&tab, &meadow.origin()) else {
        panic!("{:?}", tab.app.connect().step().get_untracked());
    };
    assert_eq!((found.name.as_str(), other.as_str()), ("meadow", "harbor"));
    assert!(tab.left().is_empty());
    assert!(world.disk.all(keys::PRE_AUTH_PREFIX).is_empty());
    tab.app.connect().cancel();
    assert!(
        matches!(submit(&tab, &meadow.origin()), Step::Shared { .. }),
        "no answer is no consent"
    );
    tab.app.connect().accept_shared();
    assert!(tab.left()[0].starts_with(&meadow.origin()));
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    tab.close();

    let tab = world.open();
    let step = submit(&tab, &meadow.origin());
    assert!(
        matches!(step, Step::Leaving { .. }),
        "not asked again: {step:?}"
    );
}

#[test]
fn the_same_provider_with_another_client_or_another_realm_is_no_question() {
    for (issuer, client) in [
        ("https://id.harbor.example", "meadow-web"),
        ("https://id.harbor.example/realms/meadow", "web"),
    ] {
        let (world, _) = World::with_one();
        let meadow = world.backend("meadow");
        advertises(&world, &meadow, issuer, client);
        let step = submit(&world.open(), &meadow.origin());
        assert!(matches!(step, Step::Leaving { .. }), "{step:?}");
    }
}

#[test]
fn a_known_server_that_takes_over_the_sign_in_of_another_is_asked_about_too() {
    let (world, _, meadow) = World::with_two();
    let tab = world.open();
    tab.visit("/lobby");
    meadow.refuse_access();
    meadow.refuse_refresh();
    tab.load(&meadow);
    advertises(&world, &meadow, "https://id.harbor.example", "web");
    tab.app.sign_in(&tab.server(&meadow), Some(Route::Lobby));
    tab.settle();
    let step = tab.app.connect().step().get_untracked();
    assert!(matches!(step, Step::Shared { .. }), "{step:?}");
    assert!(tab.left().is_empty());
    assert_eq!(
        tab.went().as_deref(),
        Some("/"),
        "the question is asked there"
    );
}

#[test]
fn a_removed_server_is_asked_about_anew() {
    let (world, _) = World::with_one();
    let meadow = world.backend("meadow");
    world.signed_in(&meadow, HOUR);
    advertises(&world, &meadow, "https://id.harbor.example", "web");
    let tab = world.open();
    world.disk.put(
        &keys::trusted(&meadow.id()),
        "1\nhttps://id.harbor.example web\n",
    );
    tab.app.remove(&tab.server(&meadow));
    tab.settle();
    let step = submit(&tab, &meadow.origin());
    assert!(matches!(step, Step::Shared { .. }), "{step:?}");
}

#[test]
fn a_refresh_goes_to_the_provider_of_the_session_whatever_the_server_says_by_now() {
    let (world, harbor) = World::with_one();
    let evil = world.backend("evil");
    let tab = world.open();
    for (issuer, client) in [(evil.issuer(), "web"), (harbor.issuer(), "other")] {
        world.net.heal();
        advertises(&world, &harbor, &issuer, client);
        let server = tab.server(&harbor);
        let task = async move { server.reconcile().await };
        futures_util::FutureExt::now_or_never(task);
        tab.settle();
        let AuthMode::Oidc { providers } = tab.server(&harbor).record().get_untracked().auth else {
            panic!("with sign-in");
        };
        assert_eq!(
            (&providers[0].server_url, providers[0].client_id.as_str()),
            (&issuer, client),
            "the server has said so"
        );
        world.net.forget_log();
        world.advance(56 * MINUTE);
        assert_eq!(world.net.count("POST id.harbor.example/token"), 1);
        assert_eq!(world.net.count("POST id.evil.example/token"), 0);
        let body = world.net.last("POST /token").body.unwrap();
        assert!(body.contains("client_id=web"), "the client of the session");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

#[test]
fn an_ended_session_whose_server_names_another_provider_sends_its_token_there_neither() {
    let world = World::new();
    let (harbor, evil) = (world.backend("harbor"), world.backend("evil"));
    world.expired(&harbor);
    harbor.refuse_refresh();
    advertises(&world, &harbor, &evil.issuer(), "web");
    let tab = world.open();
    tab.visit(&harbor.path(None));
    tab.app.sign_in(&tab.server(&harbor), None);
    tab.settle();
    assert_eq!(world.net.count("POST id.harbor.example/token"), 1);
    assert!(
        world
            .net
            .log()
            .iter()
            .all(|sent| !sent.url.starts_with(&evil.issuer())),
        "only the browser goes there, with nothing in its hands"
    );
    assert!(tab.left()[0].starts_with(&harbor.origin()));
}

#[test]
fn a_redirect_to_the_encrypted_address_is_followed_and_shown() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.net.always(
        "GET http://harbor.example/api/login",
        Act::Redirect("https://harbor.example/api/login".into()),
    );
    let tab = world.open();
    let step = submit(&tab, "http://harbor.example");
    assert!(matches!(step, Step::Leaving { .. }), "{step:?}");
    assert_eq!(tab.app.connect().address().get_untracked(), harbor.origin());
    assert!(tab.left()[0].starts_with("https://harbor.example/api/login/main?"));
}

#[test]
fn a_redirect_to_an_unencrypted_address_is_asked_about() {
    let world = World::new();
    world.backend("harbor");
    world.net.always(
        "GET https://harbor.example/api/login",
        Act::Redirect("http://lab.example/base/api/login".into()),
    );
    world
        .net
        .always("GET http://lab.example/base/api/login", reply(200, "{}"));
    let tab = world.open();
    let Step::Insecure { found } = submit(&tab, "https://harbor.example") else {
        panic!("{:?}", tab.app.connect().step().get_untracked());
    };
    assert_eq!(found.id.as_str(), "http://lab.example/base");
}

#[test]
fn a_redirect_to_something_else_is_told_as_such() {
    let world = World::new();
    let portal = "https://portal.example/welcome?from=/api/login";
    world
        .net
        .always("GET harbor.example/api/login", Act::Redirect(portal.into()));
    world.net.always(
        "GET ?from=/api/login",
        reply(200, "<html>Please accept</html>"),
    );
    let tab = world.open();
    let Step::Failed { problem } = submit(&tab, "harbor.example") else {
        panic!("{:?}", tab.app.connect().step().get_untracked());
    };
    assert_eq!(problem.title, "That address leads elsewhere");
    assert!(
        problem.text.contains("portal.example") && !problem.text.contains("welcome"),
        "{}",
        problem.text
    );
}

#[test]
fn a_known_server_that_has_moved_is_not_followed_by_a_sign_in() {
    let world = World::new();
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    world.expired(&harbor);
    harbor.refuse_refresh();
    world.net.always(
        "GET harbor.example/api/login",
        Act::Redirect("https://meadow.example/api/login".into()),
    );
    let tab = world.open();
    tab.visit("/lobby");
    tab.app.sign_in(&tab.server(&harbor), Some(Route::Lobby));
    tab.settle();
    assert!(tab.left().is_empty());
    assert_eq!(tab.went().as_deref(), Some("/"));
    assert_eq!(tab.app.connect().address().get_untracked(), meadow.origin());
    assert!(tab.toasts()[0].contains("has moved"), "{:?}", tab.toasts());
}

#[test]
fn a_redirect_carries_no_token_and_ends_no_session() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    for path in ["GET /api/v1/rooms", "GET harbor.example/api/login"] {
        let end = format!(
            "https://evil.example{}",
            path.split_once('/').map_or("", |(_, end)| end)
        );
        world.net.always(path, Act::Redirect(end));
    }
    tab.load(&harbor);
    world.advance(10_000);
    assert!(world.net.count("GET /api/login") > 0, "looked for again");
    assert!(
        world
            .net
            .log()
            .iter()
            .all(|sent| !sent.url.contains("evil")),
        "nothing is sent on"
    );
    assert_eq!(tab.standing(&harbor), Standing::Unreachable);
    assert!(tab.access(&harbor).is_some());
    world.net.heal();
    world.advance(2 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(
        world
            .net
            .sent("GET /api/v1/rooms")
            .iter()
            .all(|sent| sent.refuse_redirects)
    );
}

#[test]
fn a_sign_in_from_the_lobby_that_cannot_be_kept_is_told_there() {
    for mode in [DiskMode::Full, DiskMode::Missing] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        tab.visit("/lobby");
        world.disk.set_mode(mode);
        tab.app.sign_in(&tab.server(&harbor), Some(Route::Lobby));
        tab.settle();
        assert!(tab.left().is_empty());
        assert!(
            tab.toasts()
                .iter()
                .any(|text| text.contains("The sign-in cannot be started")),
            "{:?}",
            tab.toasts()
        );
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

/// A tab that has read the names of the room and the thread, and whose session then ends.
fn read_and_ended(world: &World, harbor: &Backend) {
    harbor.add_run("t-1", "r-1", "hello");
    let tab = world.open();
    tab.load(harbor);
    tab.room(harbor).load_threads();
    tab.settle();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(harbor);
    tab.close();
}

#[test]
fn after_a_reload_the_waiting_panel_still_knows_the_names() {
    let (world, harbor) = World::with_one();
    read_and_ended(&world, &harbor);
    let tab = world.open();
    tab.visit(&harbor.path(Some("t-1")));
    let place = tab.app.connect().waiting().get_untracked().unwrap().place;
    let place = place.unwrap();
    assert!(
        place.contains("Echo") && place.contains("About t-1"),
        "{place}"
    );
}

#[test]
fn names_are_forgotten_at_sign_out_for_another_person_and_with_the_server() {
    for what in ["sign-out", "other", "removal"] {
        let (world, harbor) = World::with_one();
        read_and_ended(&world, &harbor);
        let key = keys::names(&harbor.id());
        assert!(world.disk.read(&key).unwrap().contains("About t-1"));
        let tab = world.open();
        let server = tab.server(&harbor);
        match what {
            "sign-out" => tab.app.sign_out(&server),
            "removal" => tab.app.remove(&server),
            _ => {
                harbor.set_user("bob");
                let tokens = harbor.tokens(world.clock.time(), HOUR);
                server.session().sign_in(harbor.provider(), tokens);
            }
        }
        tab.settle();
        let kept = world.disk.read(&key).unwrap_or_default();
        assert!(!kept.contains("About t-1"), "{what}: {kept}");
    }
}

#[test]
fn somebody_who_signed_out_is_not_asked_about_the_sign_in_of_before() {
    let (world, harbor) = World::with_one();
    let meadow = world.backend("meadow");
    // Signed in to both by one client of one provider, and content with it.
    let mut shared = meadow.provider();
    shared.server_url = harbor.issuer();
    let mut tokens = meadow.tokens(world.clock.time(), HOUR);
    tokens.refresh = None;
    world.keep(&meadow, &Session::signed_in(world.epoch(), shared, tokens));
    advertises(&world, &meadow, &harbor.issuer(), "web");
    let tab = world.open();
    tab.app.sign_out(&tab.server(&meadow));
    tab.settle();
    let step = submit(&tab, &meadow.origin());
    assert!(matches!(step, Step::Leaving { .. }), "{step:?}");
}
