//! Connecting: what is probed, what is found, and what is said when nothing is.

use enfilade::port::TransportError;
use enfilade::state::connect::Step;
use enfilade::state::server::Standing;
use reactive_graph::traits::{GetUntracked, Set};

use crate::fake::{Act, HOUR, Tab, World, reply};

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
