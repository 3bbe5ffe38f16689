//! Signing in: the way out, the way back, and where one arrives.

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::server::registry::AuthMode;
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::state::app::CallbackState;
use enfilade::state::connect::Step;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Backend, DiskMode, HOUR, MINUTE, SECOND, Tab, World, logged, reply};

/// Leaves for the provider from the sign-in page of an expired server; gives the callback's flow.
fn leave(world: &World, tab: &Tab, backend: &Backend, place: &str) -> String {
    backend.refuse_refresh();
    assert_eq!(tab.visit(place), backend.sign_in_path(place));
    sign_in(tab, backend, place);
    let left = tab.left();
    assert_eq!(left.len(), 1, "sent to the provider");
    let flow = world.disk.all(keys::PRE_AUTH_PREFIX).pop().unwrap();
    let flow = flow.strip_prefix(keys::PRE_AUTH_PREFIX).unwrap().to_owned();
    assert!(left[0].starts_with(&format!(
        "{}/api/login/main?return_to=https%3A%2F%2Fapp.example%2Fauth%2Fcallback%2F{flow}",
        backend.origin()
    )));
    flow
}

fn sign_in(tab: &Tab, backend: &Backend, place: &str) {
    tab.app.sign_in(
        &tab.server(backend),
        Some(enfilade::core::route::Route::parse_href(place)),
    );
    tab.settle();
}

fn callback(flow: &str) -> String {
    format!("/auth/callback/{flow}")
}

/// A world in which the session of `harbor` has ended and the browser has left to sign in again.
fn away(place: impl Fn(&Backend) -> String) -> (World, Backend, String) {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    let flow = leave(&world, &tab, &harbor, &place(&harbor));
    tab.close();
    world.net.forget_log();
    (world, harbor, flow)
}

fn is_refused(world: &World, tab: &Tab, backend: &Backend) -> bool {
    let refused = matches!(
        tab.app.callback().get_untracked(),
        CallbackState::Failed { .. }
    );
    refused
        && world.net.log().is_empty()
        && world
            .stored(backend)
            .is_none_or(|session| !session.is_active())
}

#[test]
fn a_live_flow_signs_in_and_arrives_where_one_was() {
    let (world, harbor, flow) = away(|harbor| format!("{}#m3", harbor.path(Some("t-1"))));
    world.advance(5 * MINUTE);
    let tab = world.open_with(harbor.answer());
    assert_eq!(
        tab.visit(&callback(&flow)),
        format!("{}#m3", harbor.path(Some("t-1")))
    );
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(world.stored(&harbor).unwrap().is_active());
    assert!(
        world.disk.all(keys::PRE_AUTH_PREFIX).is_empty(),
        "one flow, one sign-in"
    );
    assert_eq!(tab.app.callback().get_untracked(), CallbackState::Done);
}

#[test]
fn a_callback_without_a_flow_is_refused() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let before = world.disk.all("");
    for flow in ["0123456789abcdef0123456789abcdef", "nonsense", "..", "%00"] {
        let tab = world.open_with(harbor.answer());
        tab.visit(&callback(flow));
        assert!(is_refused(&world, &tab, &harbor), "{flow}");
    }
    assert_eq!(world.disk.all(""), before, "nothing is stored");
}

#[test]
fn a_flow_is_good_for_one_answer_only() {
    let (world, harbor, flow) = away(|harbor| harbor.path(None));
    world.open_with(harbor.answer()).visit(&callback(&flow));
    let session = world.stored(&harbor).unwrap();
    harbor.set_user("mallory");
    let tab = world.open_with(harbor.answer());
    world.net.forget_log();
    tab.visit(&callback(&flow));
    assert!(matches!(
        tab.app.callback().get_untracked(),
        CallbackState::Failed { .. }
    ));
    assert_eq!(world.stored(&harbor).unwrap(), session);
    assert!(world.net.log().is_empty());
}

#[test]
fn an_answer_that_comes_too_late_is_refused_and_called_late() {
    let (world, harbor, flow) = away(|harbor| harbor.path(None));
    world.advance(30 * MINUTE + SECOND);
    let tab = world.open_with(harbor.answer());
    tab.visit(&callback(&flow));
    assert!(is_refused(&world, &tab, &harbor));
    let (title, text) = enfilade::i18n::sign_in_not_live(true);
    let retry = Route::parse_href(&harbor.sign_in_path(&harbor.path(None)));
    assert_eq!(
        tab.app.callback().get_untracked(),
        CallbackState::Failed {
            title,
            text,
            retry: Some(retry),
        }
    );
}

#[test]
fn a_record_of_another_flow_is_refused() {
    let (world, harbor, flow) = away(|harbor| harbor.path(None));
    let text = world
        .disk
        .read(&format!("{}{flow}", keys::PRE_AUTH_PREFIX))
        .unwrap();
    let other = "0123456789abcdef0123456789abcdef";
    world
        .disk
        .put(&format!("{}{other}", keys::PRE_AUTH_PREFIX), &text);
    let tab = world.open_with(harbor.answer());
    tab.visit(&callback(other));
    assert!(is_refused(&world, &tab, &harbor));
}

#[test]
fn the_word_of_the_provider_is_shown_when_it_refuses() {
    let (world, harbor, flow) = away(|harbor| harbor.path(None));
    let answer = CallbackAnswer::Error {
        code: "access_denied".into(),
        description: Some("Ann is on leave".into()),
    };
    let tab = world.open_with(answer);
    tab.visit(&callback(&flow));
    let CallbackState::Failed { title, text, retry } = tab.app.callback().get_untracked() else {
        panic!("told")
    };
    assert!(
        format!("{title} {text}").contains("Ann is on leave"),
        "{text}"
    );
    assert_eq!(
        retry.map(|route| route.to_path()),
        Some(harbor.sign_in_path(&harbor.path(None)))
    );
    assert!(is_refused(&world, &tab, &harbor));
}

#[test]
fn coming_back_without_an_answer_offers_another_try() {
    let (world, harbor, flow) = away(|harbor| harbor.path(None));
    let tab = world.open();
    tab.visit(&callback(&flow));
    assert!(is_refused(&world, &tab, &harbor));
    let back = world.open_with(harbor.answer());
    assert_eq!(
        back.visit(&callback(&flow)),
        harbor.path(None),
        "the flow is still good"
    );
}

#[test]
fn going_back_to_a_finished_callback_leads_to_the_lobby() {
    let (world, harbor, flow) = away(|harbor| harbor.path(None));
    world.open_with(harbor.answer()).visit(&callback(&flow));
    assert_eq!(world.open().visit(&callback(&flow)), "/lobby");
}

#[test]
fn a_way_back_to_another_server_is_not_followed() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    sign_in(&tab, &harbor, &meadow.path(None));
    let flow = world.disk.all(keys::PRE_AUTH_PREFIX).pop().unwrap();
    let tab = world.open_with(harbor.answer());
    assert_eq!(
        tab.visit(&callback(flow.strip_prefix(keys::PRE_AUTH_PREFIX).unwrap())),
        "/lobby"
    );
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_way_back_that_breaks_a_rule_leads_to_the_lobby_and_only_the_rule_is_logged() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    for place in [
        "//evil.example",
        "/\\evil.example",
        "/room/..%2f..%2fx",
        "/auth/callback/x",
        "https://evil.example/",
        "/lobby\u{200b}",
    ] {
        tab.app.arrive(&tab.server(&harbor), Some(place));
        assert_eq!(tab.went().as_deref(), Some("/lobby"), "{place}");
    }
    assert!(
        logged()
            .iter()
            .all(|line| !line.contains("evil") && !line.contains("%2f")),
        "{:?}",
        logged()
    );
    assert!(logged().iter().any(|line| line.contains("double-slash")));
}

#[test]
fn a_server_that_is_connected_already_arrives_by_the_same_rule() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    assert_eq!(
        tab.visit(&harbor.sign_in_path(&harbor.path(Some("t-1")))),
        harbor.path(Some("t-1"))
    );
    assert_eq!(
        tab.visit(&harbor.sign_in_path(&meadow.path(None))),
        "/lobby"
    );
    assert_eq!(tab.visit(&harbor.sign_in_path("//evil.example")), "/lobby");
}

#[test]
fn a_server_without_accounts_arrives_by_the_same_rule() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_open(true);
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    assert_eq!(
        tab.visit(&harbor.sign_in_path(&place)),
        harbor.sign_in_path(&place),
        "an unknown server only fills the field"
    );
    assert!(world.net.count("GET /api/login") == 0);
    tab.app.connect().submit();
    tab.settle();
    assert_eq!(tab.follow(), place);
    assert_eq!(tab.standing(&harbor), Standing::Open);
}

#[test]
fn an_expired_session_is_revived_by_its_kept_token_and_arrives_by_the_same_rule() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    let place = format!("{}#m3", harbor.path(Some("t-1")));
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    sign_in(&tab, &harbor, &place);
    assert!(tab.left().is_empty(), "the provider's page is not needed");
    assert_eq!(tab.follow(), place);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(world.stored(&harbor).unwrap().is_active());
}

#[test]
fn an_expired_server_that_needs_no_accounts_any_more_lets_one_in() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    harbor.set_open(true);
    let tab = world.open();
    assert_eq!(tab.visit(&harbor.path(None)), harbor.path(None));
    assert_eq!(tab.standing(&harbor), Standing::Open);
    assert_eq!(
        tab.server(&harbor).record().get_untracked().auth,
        AuthMode::None
    );
}

#[test]
fn a_sign_in_that_cannot_be_kept_stops_before_leaving() {
    for mode in [DiskMode::Full, DiskMode::Missing] {
        let world = World::new();
        let harbor = world.backend("harbor");
        let tab = world.open();
        world.disk.set_mode(mode);
        tab.app.connect().open(Some(&harbor.origin()), None);
        tab.app.connect().submit();
        tab.settle();
        assert!(tab.left().is_empty(), "it could not be finished");
        assert!(matches!(
            tab.app.connect().step().get_untracked(),
            Step::Failed { .. }
        ));
    }
}

#[test]
fn several_providers_are_offered_and_the_chosen_one_is_used() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_providers(2);
    let tab = world.open();
    tab.app.connect().open(Some(&harbor.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    let Step::Choose { found } = tab.app.connect().step().get_untracked() else {
        panic!("asked")
    };
    assert_eq!(found.providers.len(), 2);
    tab.app.connect().choose("second");
    assert!(
        tab.left()[0].contains("/api/login/second?"),
        "{:?}",
        tab.left()
    );
}

#[test]
fn going_round_three_times_within_a_minute_is_noticed() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let place = harbor.path(None);
    for round in 0..3 {
        let tab = world.open();
        let stuck = |tab: &Tab| tab.app.connect().waiting().get_untracked().unwrap().stuck;
        let flow = leave(&world, &tab, &harbor, &place);
        assert!(!stuck(&tab), "round {round}");
        tab.close();
        let tab = world.open_with(harbor.answer());
        assert_eq!(tab.visit(&callback(&flow)), place);
        world.net.once("GET /api/v1/rooms", reply(401, "{}"));
        harbor.refuse_refresh();
        tab.load(&harbor);
        assert_eq!(tab.standing(&harbor), Standing::Expired);
        tab.close();
        world.advance(10 * SECOND);
    }
    let tab = world.open();
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    assert!(tab.app.connect().waiting().get_untracked().unwrap().stuck);
    assert!(tab.left().is_empty());
    world.advance(MINUTE);
    tab.visit(&place);
    assert!(
        !tab.app.connect().waiting().get_untracked().unwrap().stuck,
        "a minute later it may be tried again"
    );
}

#[test]
fn signing_in_anew_over_a_living_session_takes_its_place() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    let access = tokens.access.expose().clone();
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), tokens);
    tab.load(&harbor);
    assert_eq!(world.net.last("GET /api/v1/rooms").bearer, Some(access));
}
