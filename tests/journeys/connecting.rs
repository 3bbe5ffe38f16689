//! The whole way to a server: what is asked, what is kept on the way out, and where it ends.

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::server::registry::AuthMode;
use enfilade::core::session::pre_auth::{Callback, CallbackAnswer, FlowId, PreAuth};
use enfilade::port::TransportError;
use enfilade::state::app::CallbackState;
use enfilade::state::connect::{ConnectProblem, Step};
use enfilade::state::server::Standing;
use reactive_graph::traits::{GetUntracked, Set};

use crate::fake::{Act, Backend, HOUR, MINUTE, SECOND, Tab, World, reply};

fn submit(tab: &Tab, address: &str) -> Step {
    tab.app.connect().address().set(address.to_owned());
    tab.app.connect().submit();
    tab.settle();
    tab.app.connect().step().get_untracked()
}

fn problem(step: Step) -> ConnectProblem {
    match step {
        Step::Failed { problem } => problem,
        other => panic!("it went on: {other:?}"),
    }
}

/// The sign-ins under way, by their flows.
fn flows(world: &World) -> Vec<String> {
    let keys = world.disk.all(keys::PRE_AUTH_PREFIX);
    let flow = |key: &String| key.strip_prefix(keys::PRE_AUTH_PREFIX).map(str::to_owned);
    keys.iter().filter_map(flow).collect()
}

/// Leaves for the provider of a server; gives the flow.
fn leave(world: &World, tab: &Tab, backend: &Backend) -> String {
    let before = flows(world);
    let step = submit(tab, &backend.origin());
    assert!(matches!(step, Step::Leaving { .. }), "{step:?}");
    let new = flows(world).into_iter().find(|flow| !before.contains(flow));
    new.expect("a sign-in is kept")
}

fn come_back(world: &World, flow: &str, answer: CallbackAnswer) -> (Tab, String) {
    let tab = world.open_with(answer);
    let place = tab.visit(&format!("/auth/callback/{flow}"));
    (tab, place)
}

fn stored_flow(world: &World, flow: &str) -> PreAuth {
    let text = world.disk.read(&format!("{}{flow}", keys::PRE_AUTH_PREFIX));
    let flow = FlowId::parse(flow).unwrap();
    PreAuth::check(text.as_deref(), &flow, world.clock.time()).unwrap()
}

#[test]
fn a_first_sign_in_adds_the_server_with_what_it_says_of_itself() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.net.always(
        "GET /api/v1/installation/identity",
        reply(200, r#"{"name":"Harbour Lab","description":"by the sea"}"#),
    );
    let tab = world.open();
    let flow = leave(&world, &tab, &harbor);
    assert!(tab.left()[0].starts_with(&format!("{}/api/login/main?", harbor.origin())));
    assert!(!tab.left()[0].contains("prompt="));
    let kept = stored_flow(&world, &flow);
    assert_eq!((kept.provider, kept.return_to), (harbor.provider(), None));
    tab.close();
    let (tab, place) = come_back(&world, &flow, harbor.answer());
    assert_eq!(place, "/lobby");
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    tab.close();

    let tab = world.open();
    assert_eq!(
        tab.standing(&harbor),
        Standing::SignedIn,
        "also after a restart"
    );
    let record = tab.server(&harbor).record().get_untracked();
    assert_eq!(record.name.as_deref(), Some("Harbour Lab"));
    assert_eq!(record.description.as_deref(), Some("by the sea"));
    assert!(matches!(record.auth, AuthMode::Oidc { .. }));
    submit(&tab, &harbor.origin());
    assert_eq!(
        tab.app.servers().get_untracked().len(),
        1,
        "it is known now"
    );
    assert_eq!(tab.went().as_deref(), Some("/lobby"));
}

#[test]
fn two_sign_ins_at_once_do_not_mix_and_one_may_be_given_up() {
    let world = World::new();
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    let (one, two, three) = (world.open(), world.open(), world.open());
    let to_harbor = leave(&world, &one, &harbor);
    let _given_up = leave(&world, &two, &meadow);
    let to_meadow = leave(&world, &three, &meadow);
    let (tab, _) = come_back(&world, &to_harbor, harbor.answer());
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(tab.app.server_by_id(&meadow.id()).is_none());
    let (tab, _) = come_back(&world, &to_meadow, meadow.answer());
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    for backend in [&harbor, &meadow] {
        tab.load(backend);
        assert!(tab.server(backend).rooms().get_untracked().data.is_some());
    }
    // The world looks whether a token went to the wrong server when it ends.
}

#[test]
fn a_sign_in_that_is_over_leaves_no_record_however_it_ended() {
    let world = World::new();
    let harbor = world.backend("harbor");
    let refused = CallbackAnswer::Error {
        code: "access_denied".into(),
        description: None,
    };
    let tab = world.open();
    let flow = leave(&world, &tab, &harbor);
    come_back(&world, &flow, refused);
    assert!(flows(&world).is_empty(), "refused");

    tab.app.connect().cancel();
    let flow = leave(&world, &tab, &harbor);
    world.advance(31 * MINUTE);
    come_back(&world, &flow, harbor.answer());
    assert!(flows(&world).is_empty(), "late");

    tab.app.connect().cancel();
    let flow = leave(&world, &tab, &harbor);
    world
        .disk
        .put(&format!("{}{flow}", keys::PRE_AUTH_PREFIX), "{");
    come_back(&world, &flow, harbor.answer());
    assert!(flows(&world).is_empty(), "unreadable");

    tab.app.connect().cancel();
    leave(&world, &tab, &harbor);
    world.advance(31 * MINUTE);
    world.open();
    assert!(flows(&world).is_empty(), "never finished");
}

#[test]
fn a_tampered_way_back_costs_only_itself() {
    for place in [
        "https://evil.example/",
        "//evil.example",
        "http://evil.example/lobby",
        "/auth/callback/x",
        "/?url=x",
    ] {
        let world = World::new();
        let harbor = world.backend("harbor");
        let tab = world.open();
        let flow = leave(&world, &tab, &harbor);
        let mut kept = stored_flow(&world, &flow);
        kept.return_to = Some(place.to_owned());
        world
            .disk
            .put(&format!("{}{flow}", keys::PRE_AUTH_PREFIX), &kept.encode());
        let (tab, arrived) = come_back(&world, &flow, harbor.answer());
        assert_eq!(arrived, "/lobby", "{place}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

#[test]
fn an_unsafe_way_back_in_the_address_is_ignored_and_connecting_goes_on() {
    let world = World::new();
    let harbor = world.backend("harbor");
    let tab = world.open();
    tab.visit(&harbor.sign_in_path("https://evil.example/"));
    tab.app.connect().submit();
    tab.settle();
    let flow = flows(&world).pop().unwrap();
    assert_eq!(stored_flow(&world, &flow).return_to, None);
    assert_eq!(come_back(&world, &flow, harbor.answer()).1, "/lobby");
}

#[test]
fn a_server_that_was_signed_out_is_signed_in_again_or_opens_where_no_accounts_are_left() {
    for is_open in [false, true] {
        let world = World::new();
        let harbor = world.backend("harbor");
        world.remember(&harbor);
        let tab = world.open();
        assert_eq!(tab.standing(&harbor), Standing::SignedOut);
        harbor.set_open(is_open);
        tab.app.sign_in(&tab.server(&harbor), Some(Route::Lobby));
        tab.settle();
        if is_open {
            assert_eq!(tab.follow(), "/lobby");
            assert_eq!(tab.standing(&harbor), Standing::Open);
        } else {
            let flow = flows(&world).pop().unwrap();
            let (tab, place) = come_back(&world, &flow, harbor.answer());
            assert_eq!(place, "/lobby");
            assert_eq!(tab.standing(&harbor), Standing::SignedIn);
            assert_eq!(tab.app.servers().get_untracked().len(), 1);
        }
    }
}

#[test]
fn coming_back_by_the_back_button_finds_a_page_that_works() {
    let world = World::new();
    let harbor = world.backend("harbor");
    let tab = world.open();
    leave(&world, &tab, &harbor);
    let stuck = submit(&tab, &harbor.origin());
    assert!(matches!(stuck, Step::Leaving { .. }));
    assert_eq!(tab.left().len(), 1, "on its way already");
    tab.app.connect().shown_again();
    assert_eq!(tab.app.connect().step().get_untracked(), Step::Address);
    leave(&world, &tab, &harbor);
    assert_eq!(tab.left().len(), 2);
}

#[test]
fn an_answer_counts_on_the_callback_page_only() {
    let found = |path: &str, query| Callback::at(&Route::parse_href(path), query, "").is_some();
    for query in ["?token=T", "?error=access_denied"] {
        assert!(found(
            "/auth/callback/0123456789abcdef0123456789abcdef",
            query
        ));
        for path in [
            "/",
            "/lobby",
            "/room/a/r",
            "/diagnostics",
            "/auth",
            "/nothing",
        ] {
            assert!(!found(path, query), "{path}{query}");
        }
    }
    let both = Callback::from_location("?token=T&access_token=other", "");
    assert!(matches!(both, Some(CallbackAnswer::Tokens { access, .. }) if access.expose() == "T"));
}

#[test]
fn an_app_in_a_folder_comes_back_to_its_folder() {
    let (world, harbor) = World::with_one();
    let meadow = world.backend("meadow");
    let tab = world.open();
    tab.serve_from("/chat");
    leave(&world, &tab, &meadow);
    assert!(
        tab.left()[0].contains("return_to=https%3A%2F%2Fapp.example%2Fchat%2Fauth%2Fcallback%2F")
    );
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert!(
        tab.left()[1].contains("post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fchat&"),
        "{:?}",
        tab.left()
    );
}

#[test]
fn a_typed_scheme_is_the_only_one_that_is_asked() {
    for address in ["https://nobody.example", "http://127.0.0.1:9"] {
        let world = World::new();
        let tab = world.open();
        problem(submit(&tab, address));
        let asked = world.net.sent("GET /api/login");
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].url, format!("{address}/api/login"));
    }
}

#[test]
fn where_https_hangs_http_is_tried_for_a_bare_host_only() {
    let world = World::new();
    let tab = world.open();
    world
        .net
        .always("GET http://lab.example/api/login", reply(200, "{}"));
    let _gate = world.net.hold("GET https://lab.example/api/login");
    submit(&tab, "lab.example");
    world.advance(5 * SECOND);
    let Step::Insecure { found } = tab.app.connect().step().get_untracked() else {
        panic!("asked first")
    };
    assert!(found.fell_back);
    tab.app.connect().cancel();
    let _gate = world.net.hold("GET https://lab.example/api/login");
    submit(&tab, "https://lab.example");
    world.advance(5 * SECOND);
    let told = problem(tab.app.connect().step().get_untracked());
    assert!(told.title.contains("too long"), "{told:?}");
    assert!(told.text.contains("https://lab.example"), "{told:?}");
}

#[test]
fn falling_back_to_an_unencrypted_connection_is_said() {
    let fell_back = |address: &str| {
        let world = World::new();
        let tab = world.open();
        world
            .net
            .always("GET http://lab.example/api/login", reply(200, "{}"));
        let Step::Insecure { found } = submit(&tab, address) else {
            panic!("asked first")
        };
        assert!(tab.app.servers().get_untracked().is_empty());
        found.fell_back
    };
    assert!(fell_back("lab.example"));
    assert!(
        !fell_back("http://lab.example"),
        "that is what was asked for"
    );
    let said = |fell_back| enfilade::i18n::connect::insecure_text("http://lab.example", fell_back);
    assert!(said(true).contains("https") && !said(false).contains("https"));
}

#[test]
fn a_secure_page_that_may_not_ask_an_unencrypted_server_says_so() {
    let world = World::new();
    let tab = world.open();
    let told = problem(submit(&tab, "http://lab.example"));
    assert!(
        told.text.contains("not encrypted") && told.text.contains("https address"),
        "{told:?}"
    );
    let told = problem(submit(&tab, "http://localhost:9"));
    assert!(
        !told.text.contains("not encrypted"),
        "a browser lets it ask this machine: {told:?}"
    );
}

#[test]
fn a_server_that_answers_with_an_error_is_described_in_words() {
    for (answer, words) in [
        (reply(403, r#"{"detail":"x"}"#), "does not let anybody in"),
        (reply(401, ""), "does not let anybody in"),
        (reply(404, "{}"), "not a chat server"),
        (reply(500, ""), "has a problem"),
        (reply(503, r#"{"detail":"Back at noon"}"#), "Back at noon"),
        (Act::Fail(TransportError::Network), "No server answers"),
        (Act::Fail(TransportError::Timeout), "too long"),
    ] {
        let world = World::new();
        let harbor = world.backend("harbor");
        world.net.always("GET /api/login", answer);
        let tab = world.open();
        let told = problem(submit(&tab, &harbor.origin()));
        let said = format!("{} {}", told.title, told.text);
        assert!(said.contains(words), "{said}");
        assert!(said.contains(&harbor.origin()), "which server: {said}");
        assert!(tab.left().is_empty() && tab.app.servers().get_untracked().is_empty());
    }
}

#[test]
fn a_server_that_does_not_say_its_name_is_found_all_the_same() {
    for answer in [
        Some(reply(404, "{}")),
        Some(reply(500, "")),
        Some(reply(200, r#"{"name":"  "}"#)),
        Some(Act::Fail(TransportError::Network)),
        None,
    ] {
        let world = World::new();
        let harbor = world.backend("harbor");
        harbor.set_open(true);
        let tab = world.open();
        let identity = "GET /api/v1/installation/identity";
        let _gate = match answer {
            Some(answer) => {
                world.net.always(identity, answer);
                None
            }
            None => Some(world.net.hold(identity)),
        };
        submit(&tab, "harbor.example");
        world.advance(5 * SECOND);
        assert_eq!(tab.standing(&harbor), Standing::Open);
        let record = tab.server(&harbor).record().get_untracked();
        assert_eq!(
            (record.name.as_deref(), record.display_name()),
            (None, "harbor.example")
        );
    }
}

#[test]
fn scheme_port_and_path_tell_servers_apart_and_nothing_else_does() {
    let world = World::new();
    let tab = world.open();
    for origin in [
        "https://lab.example",
        "http://lab.example:8000",
        "http://lab.example:9000",
        "https://lab.example/a",
        "https://lab.example/b",
    ] {
        world
            .net
            .always(&format!("GET {origin}/api/login"), reply(200, "{}"));
        let asks_first = matches!(submit(&tab, origin), Step::Insecure { .. });
        assert_eq!(asks_first, origin.starts_with("http:"), "{origin}");
        tab.app.connect().accept_insecure();
        tab.settle();
    }
    submit(&tab, "HTTPS://user:pw@LAB.example:443/?x#y");
    let servers = tab.app.servers().get_untracked();
    let aliases: std::collections::BTreeSet<String> = servers
        .iter()
        .map(|server| server.alias().to_string())
        .collect();
    assert_eq!((servers.len(), aliases.len()), (5, 5), "{aliases:?}");
    assert!(
        world
            .net
            .log()
            .iter()
            .all(|sent| !sent.url.contains("pw@") && !sent.url.contains('#'))
    );
    assert!(
        world
            .disk
            .all("")
            .iter()
            .all(|key| { !key.contains("pw") && !world.disk.read(key).unwrap().contains("pw@") })
    );
}

#[test]
fn a_name_in_routes_is_free_again_when_its_server_is_removed() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_open(true);
    let tab = world.open();
    submit(&tab, &harbor.origin());
    let alias = tab.server(&harbor).alias();
    assert_eq!(tab.app.server(&alias), Some(tab.server(&harbor)));
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    assert_eq!(tab.app.server(&alias), None);
    submit(&tab, &harbor.origin());
    assert_eq!(tab.server(&harbor).alias(), alias);
}

#[test]
fn without_an_end_session_endpoint_one_stays_on_the_page_and_is_signed_out() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let issuer = harbor.issuer();
    let document =
        serde_json::json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token") });
    world.net.always(
        "GET /.well-known/openid-configuration",
        reply(200, &document.to_string()),
    );
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert!(tab.left().is_empty());
    assert_eq!(tab.toasts().len(), 1);
    tab.app.sign_out(&tab.server(&harbor));
    world.advance(HOUR);
    assert_eq!(
        world.net.count("GET /.well-known/openid-configuration"),
        1,
        "nothing left to end"
    );
}

#[test]
fn a_callback_that_fails_says_what_is_safe_and_where_to_go() {
    let world = World::new();
    let harbor = world.backend("harbor");
    let tab = world.open();
    let flow = leave(&world, &tab, &harbor);
    for (code, description) in [
        ("access_denied", None),
        ("server_error", Some("Please come back later")),
    ] {
        let answer = CallbackAnswer::Error {
            code: code.into(),
            description: description.map(str::to_owned),
        };
        let text = world
            .disk
            .read(&format!("{}{flow}", keys::PRE_AUTH_PREFIX))
            .unwrap();
        let (tab, _) = come_back(&world, &flow, answer);
        let CallbackState::Failed {
            text: said, retry, ..
        } = tab.app.callback().get_untracked()
        else {
            panic!("told")
        };
        assert!(
            said.contains(description.unwrap_or(code)) && said.contains("safe"),
            "{said}"
        );
        assert!(matches!(retry, Some(Route::Home { url: Some(_), .. })));
        world
            .disk
            .put(&format!("{}{flow}", keys::PRE_AUTH_PREFIX), &text);
    }
}

#[test]
fn choosing_a_provider_can_be_given_up() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_providers(3);
    let tab = world.open();
    assert!(matches!(
        submit(&tab, &harbor.origin()),
        Step::Choose { .. }
    ));
    tab.app.connect().choose("nobody");
    assert!(matches!(
        tab.app.connect().step().get_untracked(),
        Step::Choose { .. }
    ));
    tab.app.connect().cancel();
    assert_eq!(tab.app.connect().step().get_untracked(), Step::Address);
    tab.app.connect().choose("second");
    assert!(tab.left().is_empty() && flows(&world).is_empty());
}

#[test]
fn a_server_whose_provider_is_down_can_be_removed() {
    for what in ["GET /.well-known/openid-configuration", "POST /revoke"] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always(what, Act::Fail(TransportError::Network));
        tab.app.remove(&tab.server(&harbor));
        tab.settle();
        assert!(tab.app.servers().get_untracked().is_empty());
        assert_eq!(world.disk.read(&keys::session(&harbor.id())), None);
        assert!(world.open().app.servers().get_untracked().is_empty());
    }
}
