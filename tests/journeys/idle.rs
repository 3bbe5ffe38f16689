//! Nobody is there: first the question, then the end, in every tab and over sleep.

mod away;
mod config;
mod mark;
mod tabs;

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::session::machine::ExpiryReason;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{
    Backend, HOUR, MINUTE, SECOND, Tab, World, content, finished, started, text_start,
};

const TOLD: &str =
    "You were signed out after 15 minutes without activity. What you typed is saved.";

fn with_one() -> (World, Backend) {
    let (world, harbor) = World::with_one();
    world.set_limits(10, 5);
    (world, harbor)
}

fn with_two() -> (World, Backend, Backend) {
    let (world, harbor, meadow) = World::with_two();
    world.set_limits(10, 5);
    (world, harbor, meadow)
}

fn is_asked(tab: &Tab) -> bool {
    tab.app.warned().get_untracked().is_some()
}

fn has_ended(world: &World, backend: &Backend) -> bool {
    let session = world.stored(backend).unwrap();
    session.expiry() == Some(ExpiryReason::Inactive) && session.tokens().is_none()
}

fn is_marked(world: &World, backend: &Backend) -> bool {
    world.disk.read(&keys::prompt(&backend.id())).is_some()
}

/// Presses "Sign in" and leaves for the provider; the address, and the path of the way back.
fn leave(world: &World, tab: &Tab, backend: &Backend, place: &str) -> (String, String) {
    let before = tab.left().len();
    tab.app
        .sign_in(&tab.server(backend), Some(Route::parse_href(place)));
    tab.settle();
    assert_eq!(tab.left().len(), before + 1, "sent to the provider");
    let flow = world.disk.all(keys::PRE_AUTH_PREFIX).pop().unwrap();
    let flow = flow.strip_prefix(keys::PRE_AUTH_PREFIX).unwrap();
    (tab.left().pop().unwrap(), format!("/auth/callback/{flow}"))
}

/// A session that nobody was there for has ended, and its tab is still open.
fn ended() -> (World, Backend, Tab) {
    let (world, harbor) = with_one();
    let tab = world.open();
    world.advance(15 * MINUTE);
    assert!(has_ended(&world, &harbor));
    (world, harbor, tab)
}

#[test]
fn the_question_comes_after_ten_minutes_and_not_a_second_before() {
    let (world, harbor) = with_one();
    let tab = world.open();
    let start = world.clock.time();
    world.advance(10 * MINUTE - SECOND);
    assert!(!is_asked(&tab));
    world.advance(SECOND);
    assert_eq!(tab.app.warned().get_untracked(), Some(start + 15 * MINUTE));
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(5 * MINUTE - 1);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(1);
    assert!(!is_asked(&tab));
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(has_ended(&world, &harbor));
    assert_eq!(tab.toasts(), [TOLD]);
}

#[test]
fn the_reason_is_still_told_to_whoever_comes_back_hours_later() {
    let (world, _, tab) = ended();
    world.advance(3 * HOUR);
    assert_eq!(tab.toasts(), [TOLD]);
}

#[test]
fn nobody_is_asked_where_nobody_is_signed_in() {
    let world = World::new();
    world.set_limits(10, 5);
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    world.expired(&harbor);
    meadow.set_open(true);
    world.remember(&meadow);
    let tab = world.open();
    for _ in 0..60 {
        world.advance(MINUTE);
        assert!(!is_asked(&tab));
    }
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(tab.standing(&meadow), Standing::Open);
    assert!(tab.toasts().is_empty());
}

#[test]
fn an_app_with_open_servers_only_starts_and_never_asks() {
    let world = World::new();
    world.set_limits(10, 5);
    let meadow = world.backend("meadow");
    meadow.set_open(true);
    world.remember(&meadow);
    let tab = world.open();
    assert_eq!(tab.visit("/lobby"), "/lobby");
    tab.app.touch();
    world.advance(HOUR);
    assert!(!is_asked(&tab));
    tab.app.stay_signed_in();
    tab.app.sign_out_idle();
    assert_eq!(tab.standing(&meadow), Standing::Open);
    assert_eq!(tab.visit("/lobby"), "/lobby");
    assert_eq!(world.disk.read(&keys::activity()), None);
}

#[test]
fn an_expired_session_without_tokens_is_left_alone() {
    let (world, _, tab) = ended();
    let before = world.disk.all("");
    world.advance(HOUR);
    assert_eq!(world.disk.all(""), before);
    assert!(!is_asked(&tab));
}

#[test]
fn activity_after_nine_minutes_starts_the_clock_anew() {
    let (world, harbor) = with_one();
    let tab = world.open();
    world.advance(9 * MINUTE);
    tab.app.touch();
    world.advance(10 * MINUTE - SECOND);
    assert!(!is_asked(&tab));
    world.advance(SECOND);
    assert!(is_asked(&tab));
    world.advance(5 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
}

#[test]
fn activity_is_not_written_down_for_every_key() {
    let (world, _) = with_one();
    let tab = world.open();
    world.advance(MINUTE);
    world.disk.take_written();
    for _ in 0..100 {
        tab.app.touch();
        world.advance(100);
    }
    let written = world.disk.take_written();
    let count = written
        .iter()
        .filter(|(_, key)| *key == keys::activity())
        .count();
    assert!((1..=3).contains(&count), "{count}");
}

#[test]
fn a_second_sign_in_leaves_the_clock_alone_and_the_first_starts_it() {
    let world = World::new();
    world.set_limits(10, 5);
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    for backend in [&harbor, &meadow] {
        world.remember(backend);
    }
    let tab = world.open();
    let (_, first) = leave(&world, &tab, &harbor, "/lobby");
    tab.close();
    world.advance(20 * MINUTE);
    let tab = world.open_with(harbor.answer());
    tab.visit(&first);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(9 * MINUTE);
    assert!(!is_asked(&tab), "the first one has started it");
    let (_, second) = leave(&world, &tab, &meadow, "/lobby");
    world.advance(30 * SECOND);
    tab.close();
    let tab = world.open_with(meadow.answer());
    tab.visit(&second);
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    // The press of "Sign in" was the last that anybody did.
    world.advance(9 * MINUTE + 30 * SECOND - 1);
    assert!(!is_asked(&tab));
    world.advance(1);
    assert!(is_asked(&tab), "the second one has not");
}

#[test]
fn at_the_question_activity_counts_for_nothing_and_the_end_comes_in_time() {
    let (world, harbor) = with_one();
    let (one, two) = (world.open(), world.open());
    world.advance(10 * MINUTE);
    for _ in 0..10 {
        one.app.touch();
        two.app.touch();
        world.deliver();
        world.advance(30 * SECOND - 1);
        assert!(is_asked(&one) && is_asked(&two));
    }
    one.app.touch();
    world.advance(10);
    assert_eq!(one.standing(&harbor), Standing::Expired);
    world.deliver();
    assert_eq!(two.standing(&harbor), Standing::Expired);
}

#[test]
fn staying_starts_the_clock_anew() {
    let (world, harbor) = with_one();
    let tab = world.open();
    world.advance(12 * MINUTE);
    assert!(is_asked(&tab));
    tab.app.stay_signed_in();
    assert!(!is_asked(&tab));
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(10 * MINUTE - SECOND);
    assert!(!is_asked(&tab));
    world.advance(SECOND);
    assert!(is_asked(&tab));
    assert!(tab.toasts().is_empty());
}

#[test]
fn staying_comes_too_late_after_the_end() {
    let (world, harbor) = with_one();
    let tab = world.open();
    world.advance(10 * MINUTE);
    // The timers are late, the finger is not.
    world.clock.set(world.clock.time() + 5 * MINUTE);
    assert!(is_asked(&tab));
    tab.app.stay_signed_in();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(has_ended(&world, &harbor));
}

#[test]
fn after_fifteen_minutes_every_session_has_ended_and_the_next_sign_in_asks_for_the_password() {
    let (world, harbor, meadow) = with_two();
    let tab = world.open();
    world.net.forget_log();
    world.advance(15 * MINUTE);
    assert!(!is_asked(&tab));
    for backend in [&harbor, &meadow] {
        assert_eq!(tab.standing(backend), Standing::Expired);
        assert!(has_ended(&world, backend) && is_marked(&world, backend));
        assert!(tab.access(backend).is_none());
    }
    assert!(
        world.net.log().is_empty(),
        "nobody is told: {:?}",
        world
            .net
            .log()
            .iter()
            .map(|sent| &sent.url)
            .collect::<Vec<_>>()
    );
    assert_eq!(tab.toasts(), [TOLD], "told once, and no name in it");
    assert!(tab.left().is_empty());
}

#[test]
fn sign_out_now_ends_every_session_at_once() {
    let (world, harbor, meadow) = with_two();
    let (tab, other) = (world.open(), world.open());
    world.advance(10 * MINUTE);
    world.net.forget_log();
    tab.app.sign_out_idle();
    assert!(!is_asked(&tab));
    for backend in [&harbor, &meadow] {
        assert_eq!(tab.standing(backend), Standing::Expired);
        assert!(has_ended(&world, backend) && is_marked(&world, backend));
    }
    tab.settle();
    assert!(world.net.log().is_empty());
    assert_eq!(tab.toasts().len(), 1);
    assert!(!tab.toasts()[0].contains("15 minutes"));
    world.deliver();
    assert!(!is_asked(&other));
    assert_eq!(other.standing(&harbor), Standing::Expired);
}

#[test]
fn the_question_goes_when_the_last_session_ends_otherwise() {
    for how in ["sign out", "refused", "removed", "elsewhere"] {
        let (world, harbor) = with_one();
        let tab = world.open();
        let other = world.open();
        world.advance(10 * MINUTE);
        assert!(is_asked(&tab), "{how}");
        match how {
            "sign out" => tab.app.sign_out(&tab.server(&harbor)),
            "refused" => {
                harbor.refuse_access();
                harbor.refuse_refresh();
                tab.load(&harbor);
                assert_eq!(tab.standing(&harbor), Standing::Expired);
            }
            "removed" => tab.app.remove(&tab.server(&harbor)),
            _ => {
                other.app.sign_out(&other.server(&harbor));
                world.deliver();
            }
        }
        assert!(!is_asked(&tab), "{how}");
        tab.settle();
        let before = tab.toasts();
        world.advance(HOUR);
        assert!(!is_asked(&tab), "{how}");
        assert!(
            !tab.toasts().iter().any(|text| text == TOLD),
            "{how}: {before:?}"
        );
    }
}

#[test]
fn a_closed_tab_ends_nothing_and_an_open_one_does() {
    let (world, harbor) = with_one();
    let tab = world.open();
    tab.close();
    world.advance(HOUR);
    assert!(world.stored(&harbor).unwrap().is_active());
    assert!(!is_marked(&world, &harbor));
}

#[test]
fn an_answer_that_is_written_for_twenty_minutes_counts_as_activity() {
    let (world, harbor) = with_one();
    let (tab, other) = (world.open(), world.open());
    let thread = tab.thread(&harbor, "t-1");
    thread.composer().typed("count".into());
    thread.composer().send();
    tab.settle();
    let run = harbor.last_run();
    harbor.emit(&run, &[started(&run), text_start("m")]);
    for _ in 0..40 {
        harbor.emit(&run, &[content("m", "more ")]);
        world.advance(30 * SECOND);
        world.deliver();
        assert!(!is_asked(&tab) && !is_asked(&other));
    }
    harbor.emit(&run, &[finished(&run)]);
    world.advance(10 * MINUTE);
    assert!(!tab.server(&harbor).is_running());
    assert!(is_asked(&tab));
    world.advance(5 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
}

#[test]
fn the_tokens_that_an_expired_session_has_kept_go_too() {
    let (world, harbor) = with_one();
    let meadow = world.backend("meadow");
    let kept = world.expired(&meadow);
    assert!(kept.tokens().is_some());
    let tab = world.open();
    world.net.forget_log();
    world.advance(15 * MINUTE);
    for backend in [&harbor, &meadow] {
        assert!(has_ended(&world, backend) && is_marked(&world, backend));
        assert!(tab.access(backend).is_none());
    }
    assert!(world.net.log().is_empty());
    let (url, _) = leave(&world, &tab, &meadow, "/lobby");
    assert!(url.ends_with("&prompt=login"));
    assert_eq!(world.net.count("POST /token"), 0);
}

#[test]
fn kept_tokens_go_quietly_where_nobody_is_signed_in() {
    let world = World::new();
    world.set_limits(10, 5);
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    world.advance(14 * MINUTE);
    tab.app.touch();
    assert!(world.stored(&harbor).unwrap().tokens().is_some());
    world.advance(15 * MINUTE);
    assert!(has_ended(&world, &harbor) && is_marked(&world, &harbor));
    assert!(tab.toasts().is_empty(), "nobody was signed in");
}
