//! Signing in through the person's own browser (RFC 8252).

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::state::connect::Step;
use enfilade::state::server::Standing;
use reactive_graph::traits::{GetUntracked, Set};
use serde_json::json;

use crate::fake::{
    Backend, Fault, HOUR, MINUTE, SECOND, Tab, World, listener, refused, reply, unregistered,
};

/// A shell whose session on `harbor` has ended, and a window on the page that asks for it.
fn ended() -> (World, Backend, Tab, String) {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    world.advance(3 * SECOND);
    harbor.refuse_refresh();
    let place = harbor.path(Some("t-1"));
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    (world, harbor, tab, place)
}

fn sign_in(world: &World, tab: &Tab, backend: &Backend, place: &str) -> String {
    let route = Route::parse_href(place);
    tab.app.sign_in(&tab.server(backend), Some(route));
    world.settle();
    assert!(tab.left().is_empty(), "the window stays where it is");
    let flow = world.disk.all(keys::PRE_AUTH_PREFIX).pop();
    let flow = flow.expect("a live sign-in");
    flow.strip_prefix(keys::PRE_AUTH_PREFIX).unwrap().to_owned()
}

/// The fragment that a server sends its tokens in.
fn tokens(backend: &Backend) -> String {
    let CallbackAnswer::Tokens {
        access, refresh, ..
    } = backend.answer()
    else {
        panic!("tokens");
    };
    let refresh = refresh.unwrap();
    format!(
        "#?token={}&refresh_token={}&expires_in=3600",
        access.expose(),
        refresh.expose()
    )
}

fn step(tab: &Tab) -> Step {
    tab.app.connect().step().get_untracked()
}

fn failed(tab: &Tab) -> bool {
    matches!(step(tab), Step::Failed { .. })
}

#[test]
fn the_servers_own_login_comes_back_to_this_machine_and_leads_where_one_was() {
    let (world, harbor, tab, place) = ended();
    let flow = sign_in(&world, &tab, &harbor, &place);
    let opened = world.shell.opened();
    let back = enfilade::core::route::encode_segment(&listener(&flow));
    assert_eq!(
        opened,
        [format!(
            "{}/api/login/main?return_to={back}",
            harbor.origin()
        )]
    );
    assert!(step(&tab) == Step::Outside);
    assert!(world.shell.come_back(&flow, "", &tokens(&harbor)));
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(tab.went(), Some(place));
    assert_eq!(step(&tab), Step::Address);
    assert!(world.disk.all(keys::PRE_AUTH_PREFIX).is_empty());
    assert!(world.shell.flows().is_empty());
}

#[test]
fn a_sign_in_from_elsewhere_leads_to_the_page_that_waits() {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    harbor.refuse_refresh();
    let meadow = world.backend("meadow");
    meadow.set_open(true);
    assert_eq!(tab.visit("/"), "/");
    let _ = tab.app.guard(&Route::Lobby);
    sign_in(&world, &tab, &harbor, "/lobby");
    assert_eq!(tab.went().as_deref(), Some("/"));
    assert!(step(&tab) == Step::Outside, "and it stays");
}

#[test]
fn giving_up_leaves_a_usable_app_and_what_comes_then_is_refused() {
    let (world, harbor, tab, place) = ended();
    let flow = sign_in(&world, &tab, &harbor, &place);
    tab.app.connect().cancel();
    world.settle();
    assert_eq!(step(&tab), Step::Address);
    assert_eq!(world.shell.flows(), Vec::<String>::new(), "no listener");
    world.net.forget_log();
    let link = format!("enfilade://auth/callback/{flow}{}", tokens(&harbor));
    world.shell.open_link(&link);
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(world.net.log().is_empty());
    // And another try works.
    let flow = sign_in(&world, &tab, &harbor, &place);
    assert!(world.shell.come_back(&flow, "", &tokens(&harbor)));
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_browser_that_is_closed_ends_nothing_and_a_listener_that_ends_is_told() {
    let (world, harbor, tab, place) = ended();
    let flow = sign_in(&world, &tab, &harbor, &place);
    world.advance(9 * MINUTE);
    assert!(step(&tab) == Step::Outside, "still waiting");
    world.shell.time_out(&flow);
    world.settle();
    assert!(failed(&tab));
    assert_eq!(tab.visit("/"), "/");
}

#[test]
fn without_a_listener_the_link_of_the_app_leads_back() {
    for fault in [
        unregistered("begin_sign_in"),
        refused("failed"),
        Fault::Never,
        Fault::Says(Ok(None)),
    ] {
        let (world, harbor, tab, place) = ended();
        world.shell.set("begin_sign_in", fault);
        let flow = sign_in(&world, &tab, &harbor, &place);
        world.advance(3 * SECOND);
        let opened = world.shell.opened();
        let link = format!("enfilade://auth/callback/{flow}");
        let back = enfilade::core::route::encode_segment(&link);
        assert!(opened[0].ends_with(&format!("return_to={back}")));
        world.shell.open_link(&format!("{link}{}", tokens(&harbor)));
        world.settle();
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        assert_eq!(tab.went(), Some(place));
    }
}

#[test]
fn a_link_that_nobody_waits_for_is_ignored() {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    let session = world.expired(&harbor);
    let tab = world.open();
    world.advance(3 * SECOND);
    let here = tab.moves().len();
    world.net.forget_log();
    for link in [
        format!(
            "enfilade://auth/callback/{}{}",
            "0f".repeat(16),
            tokens(&harbor)
        ),
        "enfilade://auth?code=c1&state=s1".to_owned(),
        "enfilade://auth?token=t1".to_owned(),
        "enfilade://auth/callback/../../lobby".to_owned(),
        "enfilade://".to_owned(),
        "https://harbor.example/#?token=t1".to_owned(),
    ] {
        world.shell.open_link(&link);
        world.settle();
        assert_eq!(tab.moves().len(), here, "{link}");
        assert!(world.net.log().is_empty());
        assert_eq!(step(&tab), Step::Address);
        let now = tab.server(&harbor).session().signal().get_untracked().epoch;
        assert_eq!(now, session.epoch);
    }
}

#[test]
fn the_link_that_has_opened_the_app_finishes_the_sign_in_of_the_window_before() {
    let (world, harbor, tab, place) = ended();
    world.shell.set("begin_sign_in", refused("failed"));
    let flow = sign_in(&world, &tab, &harbor, &place);
    tab.close();
    let link = format!("enfilade://auth/callback/{flow}{}", tokens(&harbor));
    world.shell.set_link(&link);
    let tab = world.open();
    world.advance(3 * SECOND);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(tab.went(), Some(place));
}

#[test]
fn a_reload_in_between_goes_on_waiting() {
    let (world, harbor, tab, place) = ended();
    let flow = sign_in(&world, &tab, &harbor, &place);
    tab.close();
    let tab = world.open();
    world.advance(3 * SECOND);
    assert!(world.shell.come_back(&flow, "", &tokens(&harbor)));
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(tab.went(), Some(place));
}

#[test]
fn a_browser_that_does_not_open_is_told_and_opened_again() {
    let (world, harbor, tab, place) = ended();
    world
        .shell
        .set("open_in_browser", Fault::Says(Ok(Some("null".into()))));
    sign_in(&world, &tab, &harbor, &place);
    let desktop = tab.app.desktop().unwrap().clone();
    let outside = || desktop.outside().get_untracked().unwrap();
    assert!(outside().not_opened && outside().url.is_some());
    world.shell.heal();
    desktop.open_outside();
    world.settle();
    assert!(!outside().not_opened);
    assert_eq!(world.shell.opened().len(), 2);
}

#[test]
fn what_the_provider_refuses_is_told_where_the_person_is() {
    let (world, harbor, tab, place) = ended();
    let flow = sign_in(&world, &tab, &harbor, &place);
    assert!(world.shell.come_back(&flow, "?error=access_denied", ""));
    world.settle();
    assert!(failed(&tab));
    assert!(world.disk.all(keys::PRE_AUTH_PREFIX).is_empty());
    let flow = sign_in(&world, &tab, &harbor, &place);
    assert!(world.shell.come_back(&flow, "", ""), "nothing at all");
    world.settle();
    assert!(failed(&tab));
}

/// The provider knows an address of this machine, and says so.
fn registered() -> (World, Backend, Tab, String) {
    let (world, harbor, tab, place) = ended();
    let issuer = harbor.issuer();
    let config = json!({ "loopback": [{ "issuer": issuer, "client_id": "web" }] });
    world
        .net
        .always("GET /config.json", reply(200, &config.to_string()));
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "authorization_response_iss_parameter_supported": true,
    });
    world.net.always(
        "GET /.well-known/openid-configuration",
        reply(200, &document.to_string()),
    );
    (world, harbor, tab, place)
}

fn state_of(url: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    enfilade::core::route::query_value(query, "state").unwrap()
}

#[test]
fn where_an_address_of_this_machine_is_registered_a_code_is_redeemed_with_its_proof() {
    let (world, harbor, tab, place) = registered();
    let flow = sign_in(&world, &tab, &harbor, &place);
    let opened = world.shell.opened().pop().unwrap();
    assert!(
        opened.starts_with(&format!("{}/auth?response_type=code", harbor.issuer())),
        "{opened}"
    );
    assert!(opened.contains("code_challenge_method=S256"));
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    let refresh = tokens.refresh.unwrap();
    let body = crate::fake::token_body(tokens.access.expose(), Some(refresh.expose()));
    world.net.once("POST /token", reply(200, &body));
    let query = format!(
        "?code=c1&state={}&iss={}",
        state_of(&opened),
        harbor.issuer()
    );
    assert!(world.shell.come_back(&flow, &query, ""));
    world.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(tab.went(), Some(place));
    let sent = world.net.last("POST /token").body.unwrap();
    assert!(sent.starts_with("grant_type=authorization_code&code=c1&code_verifier="));
    assert!(sent.contains("127.0.0.1%3A4300"));
}

#[test]
fn a_code_of_another_request_or_provider_is_not_redeemed() {
    for forge in [
        |state: &str, iss: &str| format!("?code=c1&state=x{state}&iss={iss}"),
        |state: &str, _: &str| format!("?code=c1&state={state}&iss=https://evil.example"),
        |state: &str, _: &str| format!("?code=c1&state={state}"),
        |state: &str, iss: &str| format!("?state={state}&iss={iss}"),
    ] {
        let (world, harbor, tab, place) = registered();
        let flow = sign_in(&world, &tab, &harbor, &place);
        let state = state_of(&world.shell.opened().pop().unwrap());
        let query = forge(&state, &harbor.issuer());
        assert!(world.shell.come_back(&flow, &query, ""));
        world.settle();
        assert!(failed(&tab), "{query}");
        assert_eq!(world.net.count("POST /token"), 1, "the vain refresh only");
        assert!(world.disk.all(keys::PRE_AUTH_PREFIX).is_empty());
    }
}

#[test]
fn tokens_are_renewed_through_the_shell_where_it_can() {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    let refresh = tokens.refresh.unwrap();
    let body = crate::fake::token_body(tokens.access.expose(), Some(refresh.expose()));
    let said = json!({ "status": 200, "body": body, "retry_after": null });
    world
        .shell
        .set("request_token", Fault::Says(Ok(Some(said.to_string()))));
    let session = tab.server(&harbor).session().clone();
    enfilade::state::task::spawn(async move {
        session.refresh(true).await;
    });
    world.settle();
    assert_eq!(world.net.count("POST /token"), 0);
    assert_eq!(tab.access(&harbor).as_ref(), Some(tokens.access.expose()));
    // A shell without the command leaves it to the page; one that gives no answer has perhaps sent it.
    for (fault, requests) in [
        (unregistered("request_token"), 1),
        (refused("failed"), 0),
        (Fault::Says(Ok(None)), 0),
    ] {
        world.net.forget_log();
        world.shell.set("request_token", fault);
        let session = tab.server(&harbor).session().clone();
        world.advance(2 * MINUTE);
        session.wake();
        enfilade::state::task::spawn(async move {
            session.refresh(true).await;
        });
        world.settle();
        assert_eq!(world.net.count("POST /token"), requests);
        assert!(tab.server(&harbor).session().is_active_untracked());
    }
}

#[test]
fn an_account_token_that_a_link_brings_counts_only_while_a_core_asks_for_one() {
    let world = World::new();
    world.shell.install();
    let core = world.core("desk");
    let tab = world.open();
    world.advance(3 * SECOND);
    let connect = tab.app.connect();
    connect.address().set(core.id().as_str().to_owned());
    connect.submit();
    world.settle();
    let door = enfilade::state::openhuman::door::Door::at(&tab.app, &connect).expect("a core");
    let token = core.login_token("ann");
    let link = format!("enfilade://auth?token={token}");
    world.shell.open_link(&link);
    world.settle();
    assert!(tab.app.servers().get_untracked().is_empty(), "not yet");
    door.enter(&core.bearer());
    world.settle();
    world.shell.open_link(&link);
    world.settle();
    let server = tab.app.server_by_id(&core.id()).expect("signed in");
    assert!(server.session().is_active_untracked());
}

#[test]
fn an_answer_counts_once() {
    let (world, harbor, tab, place) = ended();
    let flow = sign_in(&world, &tab, &harbor, &place);
    assert!(world.shell.come_back(&flow, "", &tokens(&harbor)));
    world.settle();
    let token = tab.access(&harbor);
    let steps = tab.moves().len();
    let again = format!("enfilade://auth/callback/{flow}{}", tokens(&harbor));
    world.shell.open_link(&again);
    world.settle();
    assert_eq!(tab.access(&harbor), token);
    assert_eq!(tab.moves().len(), steps);
}

#[test]
fn a_sign_out_stays_in_the_window() {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    let issuer = harbor.issuer();
    let document = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/token"),
        "end_session_endpoint": format!("{issuer}/end"),
    });
    world.net.always(
        "GET /.well-known/openid-configuration",
        reply(200, &document.to_string()),
    );
    tab.app.sign_out(&tab.server(&harbor));
    world.settle();
    assert!(tab.left().is_empty() && world.shell.opened().is_empty());
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(tab.toasts().len(), 1);
}
