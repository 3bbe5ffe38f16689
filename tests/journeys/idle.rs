//! Nobody is there: first the question, then the end, in every tab and over sleep.

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::session::machine::ExpiryReason;
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::state::app::CallbackState;
use enfilade::state::server::Standing;
use reactive_graph::effect::ImmediateEffect;
use reactive_graph::traits::{Get, GetUntracked, Set};
use serde_json::json;

use crate::fake::{
    Backend, DiskMode, HOUR, MINUTE, SECOND, Tab, VaultMode, World, content, finished, reply,
    started, text_start,
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
fn a_sign_in_elsewhere_does_not_save_a_session_that_is_over() {
    for is_first in [false, true] {
        let (world, harbor, meadow) = with_two();
        let tab = world.open();
        tab.app.sign_out(&tab.server(&meadow));
        tab.settle();
        let (_, back) = leave(&world, &tab, &meadow, "/lobby");
        tab.close();
        world.clock.suspend(20 * MINUTE);
        if is_first {
            world.vault.set_mode(VaultMode::Hangs);
        }
        let tab = world.open_at_once(Some(meadow.answer()));
        if is_first {
            // The sign-in is done before anything else is restored.
            tab.settle();
            world.vault.set_mode(VaultMode::Works);
        }
        tab.app.finish_sign_in(back.rsplit('/').next().unwrap());
        tab.settle();
        assert_eq!(tab.standing(&meadow), Standing::SignedIn);
        assert!(has_ended(&world, &harbor));
        world.advance(10 * MINUTE - SECOND);
        assert_eq!(tab.standing(&meadow), Standing::SignedIn);
        // What is stored from here on is sealed, as the end of this world sees.
        meadow.refuse_access();
        tab.load(&meadow);
        assert_eq!(world.net.count("POST id.meadow.example/token"), 1);
    }
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
fn times_shorter_than_the_pause_between_two_looks_are_kept_too() {
    let (world, harbor) = World::with_one();
    let config =
        json!({ "inactivity": { "warn_after_minutes": 0.05, "sign_out_after_minutes": 5 } });
    world
        .net
        .always("GET /config.json", reply(200, &config.to_string()));
    let (one, two) = (world.open(), world.open());
    for _ in 0..4 {
        world.deliver();
        assert!(!is_asked(&one) && !is_asked(&two));
        world.advance(3 * SECOND);
        assert!(is_asked(&one) && is_asked(&two));
        one.app.stay_signed_in();
    }
    assert_eq!(one.standing(&harbor), Standing::SignedIn);
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
fn nothing_happens_where_it_is_turned_off() {
    for (warn_after, sign_out_after) in [(0, 0), (0, 5), (10, 0), (-1, 5), (10, -1)] {
        let (world, harbor) = World::with_one();
        world.set_limits(warn_after, sign_out_after);
        let tab = world.open();
        for _ in 0..30 {
            world.advance(4 * MINUTE);
            assert!(!is_asked(&tab));
        }
        tab.app.wake();
        tab.settle();
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        tab.close();
        world.clock.suspend(10 * HOUR);
        assert_eq!(world.open().standing(&harbor), Standing::SignedIn);
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
fn the_mark_is_kept_for_each_server_until_somebody_has_signed_in_there() {
    let (world, harbor, meadow) = with_two();
    let tab = world.open();
    assert!(!is_marked(&world, &harbor) && !is_marked(&world, &meadow));
    tab.app.sign_out(&tab.server(&meadow));
    tab.settle();
    world.advance(15 * MINUTE);
    assert!(is_marked(&world, &harbor));
    assert!(!is_marked(&world, &meadow), "it had no session to end");
    let place = harbor.path(Some("t-1"));
    for _ in 0..2 {
        let (url, _) = leave(&world, &tab, &harbor, &place);
        assert!(url.ends_with("&prompt=login"), "{url}");
        assert!(is_marked(&world, &harbor), "asking for it keeps it");
    }
    let (url, _) = leave(&world, &tab, &meadow, "/lobby");
    assert!(!url.contains("prompt"), "{url}");
    let (_, back) = leave(&world, &tab, &harbor, &place);
    tab.close();
    let tab = world.open_with(harbor.answer());
    assert_eq!(tab.visit(&back), place);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(!is_marked(&world, &harbor));
}

#[test]
fn a_sign_in_that_fails_keeps_the_mark() {
    let refused = || CallbackAnswer::Error {
        code: "access_denied".into(),
        description: None,
    };
    for answer in [Some(refused()), None] {
        let (world, harbor, tab) = ended();
        let (_, back) = leave(&world, &tab, &harbor, "/lobby");
        tab.close();
        let tab = world.open_at_once(answer);
        tab.settle();
        tab.visit(&back);
        assert!(matches!(
            tab.app.callback().get_untracked(),
            CallbackState::Failed { .. }
        ));
        assert!(is_marked(&world, &harbor));
        let (url, _) = leave(&world, &tab, &harbor, "/lobby");
        assert!(url.ends_with("&prompt=login"), "{url}");
    }
    let (world, harbor, tab) = ended();
    tab.close();
    let tab = world.open_with(harbor.answer());
    tab.visit("/auth/callback/0123456789abcdef0123456789abcdef");
    assert!(
        is_marked(&world, &harbor),
        "a forged way back is no sign-in"
    );
}

#[test]
fn the_mark_outlives_the_servers_removal() {
    let (world, harbor, tab) = ended();
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    assert!(is_marked(&world, &harbor));
    tab.visit("/");
    tab.app.connect().address().set(harbor.origin());
    tab.app.connect().submit();
    tab.settle();
    let url = tab.left().pop().unwrap();
    assert!(url.ends_with("&prompt=login"), "{url}");
}

#[test]
fn storage_that_fails_breaks_nothing() {
    for mode in [DiskMode::Missing, DiskMode::Full] {
        let (world, harbor) = with_one();
        let tab = world.open();
        world.disk.set_mode(mode);
        tab.app.touch();
        world.advance(9 * MINUTE);
        tab.app.touch();
        world.advance(9 * MINUTE);
        assert!(!is_asked(&tab));
        world.advance(6 * MINUTE);
        assert_eq!(tab.standing(&harbor), Standing::Expired);
        tab.app.sign_in(&tab.server(&harbor), None);
        tab.settle();
        assert!(
            tab.left().is_empty(),
            "a sign-in that cannot be kept is not begun"
        );
        if mode == DiskMode::Full {
            assert_eq!(
                world.stored(&harbor),
                None,
                "what could not be replaced is gone"
            );
        }
        tab.close();
        world.disk.set_mode(DiskMode::Works);
        // The mark was lost with the tab: that is read as "no", and harms nothing.
        world.disk.drop_key(&keys::session(&harbor.id()));
        let tab = world.open();
        let (url, _) = leave(&world, &tab, &harbor, "/lobby");
        assert!(!url.contains("prompt"), "{url}");
    }
}

#[test]
fn a_machine_that_sleeps_past_the_end_wakes_signed_out_before_any_request() {
    for wakes_by_event in [true, false] {
        let (world, harbor) = with_one();
        let tab = world.open();
        tab.load(&harbor);
        world.net.forget_log();
        if wakes_by_event {
            world.clock.set(world.clock.time() + 20 * MINUTE);
            tab.app.wake();
            assert_eq!(tab.standing(&harbor), Standing::Expired);
        } else {
            world.clock.suspend(2 * HOUR);
        }
        tab.settle();
        assert_eq!(tab.standing(&harbor), Standing::Expired);
        assert!(has_ended(&world, &harbor));
        assert!(
            world.net.log().is_empty(),
            "{:?}",
            world
                .net
                .log()
                .iter()
                .map(|sent| &sent.url)
                .collect::<Vec<_>>()
        );
        assert_eq!(tab.toasts(), [TOLD]);
    }
}

#[test]
fn nothing_uses_a_token_once_the_time_is_over() {
    for is_refresh in [false, true] {
        let (world, harbor) = with_one();
        let tab = world.open();
        let server = tab.server(&harbor);
        world.net.forget_log();
        // Before any timer, and without a word from the browser.
        world.clock.set(world.clock.time() + 15 * MINUTE);
        if is_refresh {
            let session = server.session().clone();
            enfilade::state::task::spawn(async move {
                session.refresh(true).await;
            });
        } else {
            server.reload_rooms();
        }
        tab.settle();
        assert!(world.net.log().is_empty());
        assert_eq!(tab.standing(&harbor), Standing::Expired);
    }
}

#[test]
fn a_machine_that_sleeps_past_the_question_wakes_to_it() {
    let (world, harbor) = with_one();
    let tab = world.open();
    world.clock.set(world.clock.time() + 12 * MINUTE);
    tab.app.wake();
    assert!(is_asked(&tab));
    tab.app.touch();
    assert!(is_asked(&tab));
    tab.settle();
    world.advance(3 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
}

#[test]
fn a_tab_that_was_closed_for_twenty_minutes_opens_signed_out_and_uses_no_token() {
    for (vault, lifetime) in [
        (VaultMode::Works, 10 * MINUTE),
        (VaultMode::Missing, 10 * MINUTE),
        (VaultMode::Works, HOUR),
    ] {
        let (world, harbor) = World::with_one();
        world.set_limits(10, 5);
        world.vault.set_mode(vault);
        let session = world.signed_in(&harbor, lifetime);
        let tab = world.open();
        tab.app.touch();
        tab.app.flush();
        tab.close();
        world.clock.suspend(20 * MINUTE);
        world.net.forget_log();
        let tab = world.open_at_once(None);
        let (restored, server) = (tab.app.restored(), tab.server(&harbor));
        let first = std::sync::Arc::new(std::sync::Mutex::new(None));
        let seen = first.clone();
        let watch = ImmediateEffect::new(move || {
            if restored.get() {
                let standing = server.standing().get_untracked();
                seen.lock().unwrap().get_or_insert(standing);
            }
        });
        tab.settle();
        drop(watch);
        assert_eq!(*first.lock().unwrap(), Some(Standing::Expired));
        assert_eq!(tab.standing(&harbor), Standing::Expired);
        assert!(has_ended(&world, &harbor) && is_marked(&world, &harbor));
        assert_ne!(world.stored(&harbor).unwrap().epoch, session.epoch);
        assert!(world.net.log().is_empty());
        let place = harbor.path(Some("t-1"));
        assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
        assert!(
            tab.toasts().contains(&TOLD.to_owned()),
            "{:?}",
            tab.toasts()
        );
    }
}

#[test]
fn a_tab_that_was_closed_for_twelve_minutes_opens_with_the_question() {
    let (world, harbor) = with_one();
    let tab = world.open();
    tab.app.touch();
    tab.app.flush();
    tab.close();
    let left_at = world.clock.time();
    world.clock.suspend(12 * MINUTE);
    let tab = world.open();
    assert_eq!(
        tab.app.warned().get_untracked(),
        Some(left_at + 15 * MINUTE)
    );
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    tab.app.stay_signed_in();
    world.advance(9 * MINUTE);
    assert!(!is_asked(&tab));
}

#[test]
fn a_tab_that_was_closed_for_nine_minutes_opens_as_if_nothing_was() {
    let (world, harbor) = with_one();
    let tab = world.open();
    tab.app.flush();
    tab.close();
    world.clock.suspend(9 * MINUTE);
    let tab = world.open();
    assert!(!is_asked(&tab));
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(MINUTE);
    assert!(
        is_asked(&tab),
        "opening a page is nothing that only its owner does"
    );
}

#[test]
fn activity_in_one_tab_keeps_the_question_from_the_other() {
    let (world, harbor) = with_one();
    let (one, two) = (world.open(), world.open());
    for told in [true, false] {
        for _ in 0..60 {
            world.advance(30 * SECOND);
            two.app.touch();
            if told {
                world.deliver();
            }
            assert!(!is_asked(&one) && !is_asked(&two));
        }
    }
    world.deliver();
    assert_eq!(one.standing(&harbor), Standing::SignedIn);
    two.close();
    world.advance(10 * MINUTE);
    assert!(is_asked(&one));
}

#[test]
fn the_question_in_one_tab_is_answered_from_the_other() {
    let (world, harbor) = with_one();
    let (one, two) = (world.open(), world.open());
    world.advance(11 * MINUTE);
    assert!(is_asked(&one) && is_asked(&two));
    two.app.stay_signed_in();
    world.deliver();
    assert!(!is_asked(&one) && !is_asked(&two));
    world.advance(9 * MINUTE + 59 * SECOND);
    assert!(!is_asked(&one) && !is_asked(&two));
    world.advance(SECOND);
    assert!(is_asked(&one) && is_asked(&two));
    assert_eq!(one.standing(&harbor), Standing::SignedIn);
}

#[test]
fn the_end_reaches_every_tab_and_is_told_in_each() {
    let (world, harbor, meadow) = with_two();
    let (one, two) = (world.open(), world.open());
    world.advance(15 * MINUTE);
    world.deliver();
    let stored = world.stored(&harbor).unwrap();
    for tab in [&one, &two] {
        for backend in [&harbor, &meadow] {
            assert_eq!(tab.standing(backend), Standing::Expired);
        }
        assert_eq!(tab.toasts(), [TOLD]);
    }
    world.advance(MINUTE);
    world.deliver();
    assert_eq!(world.stored(&harbor).unwrap(), stored, "they agree");
}

#[test]
fn a_tab_that_wakes_late_does_not_end_what_began_since() {
    let (world, harbor) = with_one();
    let stale = world.open();
    // It hears nothing, and its timers stand still.
    world.clock.set(world.clock.time() + 16 * MINUTE);
    let other = world.open_at_once(None);
    other.settle();
    let (_, back) = leave(&world, &other, &harbor, "/lobby");
    other.close();
    let fresh = world.open_with(harbor.answer());
    fresh.visit(&back);
    assert_eq!(fresh.standing(&harbor), Standing::SignedIn);
    stale.app.wake();
    stale.settle();
    assert_eq!(stale.standing(&harbor), Standing::SignedIn);
    assert!(world.stored(&harbor).unwrap().is_active());
    assert_eq!(stale.access(&harbor), fresh.access(&harbor));
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
fn an_answer_that_slept_with_the_machine_is_nobodys_activity() {
    let (world, harbor) = with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    thread.composer().typed("count".into());
    thread.composer().send();
    tab.settle();
    let run = harbor.last_run();
    harbor.emit(
        &run,
        &[started(&run), text_start("m"), content("m", "one ")],
    );
    world.advance(MINUTE);
    assert!(tab.server(&harbor).is_running());
    world.clock.set(world.clock.time() + 20 * MINUTE);
    tab.app.wake();
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(harbor.listeners(&run), 0);
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

#[test]
fn tokens_that_could_not_be_opened_do_not_come_back_after_the_end() {
    let (world, harbor, meadow) = with_two();
    let tab = world.open();
    tab.app.sign_out(&tab.server(&meadow));
    tab.settle();
    let (_, back) = leave(&world, &tab, &meadow, "/lobby");
    tab.close();
    world.vault.set_mode(VaultMode::Missing);
    world.clock.suspend(20 * MINUTE);
    let tab = world.open_with(meadow.answer());
    tab.visit(&back);
    tab.close();
    world.vault.set_mode(VaultMode::Works);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(has_ended(&world, &harbor));
    assert_eq!(
        tab.standing(&meadow),
        Standing::SignedIn,
        "somebody was there since"
    );
}

#[test]
fn the_draft_and_the_place_are_back_after_signing_in() {
    let (world, harbor) = with_one();
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    assert_eq!(tab.visit(&place), place);
    tab.load(&harbor);
    tab.app.touch();
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("half a th".into());
    world.advance(15 * MINUTE);
    assert!(
        tab.server(&harbor).rooms().get_untracked().data.is_none(),
        "what was on the screen is gone"
    );
    assert!(tab.server(&harbor).profile().get_untracked().is_none());
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    let waiting = tab.app.connect().waiting().get_untracked().unwrap();
    assert!(waiting.has_draft && waiting.place.is_some());
    let (_, back) = leave(&world, &tab, &harbor, &place);
    tab.close();
    let tab = world.open_with(harbor.answer());
    assert_eq!(tab.visit(&back), place);
    let composer = tab.thread(&harbor, "t-1").composer();
    assert_eq!(composer.text().get_untracked(), "half a th");
    assert!(composer.restored().get_untracked());
}

#[test]
fn what_is_typed_in_the_last_moment_is_saved() {
    let (world, harbor) = with_one();
    let tab = world.open();
    world.advance(10 * MINUTE);
    tab.thread(&harbor, "t-1").composer().typed("last".into());
    tab.app.sign_out_idle();
    tab.close();
    let left = world.disk.all(keys::DRAFT_PREFIX);
    assert_eq!(left.len(), 1);
    assert!(world.disk.read(&left[0]).unwrap().contains("last"));
}

#[test]
fn another_person_who_signs_in_afterwards_finds_nothing() {
    let (world, harbor) = with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1").composer().typed("Ann's".into());
    world.advance(15 * MINUTE);
    harbor.set_user("bob");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    assert_eq!(
        tab.thread(&harbor, "t-1").composer().text().get_untracked(),
        ""
    );
}

#[test]
fn a_refresh_under_way_does_not_undo_the_end() {
    for other_tab in [false, true] {
        let (world, harbor) = with_one();
        let (tab, other) = (world.open(), world.open());
        world.advance(14 * MINUTE + 59 * SECOND);
        let gate = world.net.hold("POST /token");
        let session = if other_tab { &other } else { &tab }
            .server(&harbor)
            .session()
            .clone();
        enfilade::state::task::spawn(async move {
            session.refresh(true).await;
        });
        tab.settle();
        assert_eq!(gate.waiting(), 1);
        tab.app.sign_out_idle();
        gate.release();
        world.settle();
        world.deliver();
        world.advance(HOUR);
        for tab in [&tab, &other] {
            assert_eq!(tab.standing(&harbor), Standing::Expired);
            assert!(tab.access(&harbor).is_none());
        }
        assert!(has_ended(&world, &harbor));
    }
}

#[test]
fn a_clock_that_is_set_back_ends_nothing_and_goes_on_from_there() {
    let (world, harbor) = with_one();
    let tab = world.open();
    tab.app.touch();
    tab.app.flush();
    world.clock.set(world.clock.time() - 3 * HOUR);
    tab.app.wake();
    tab.settle();
    assert!(!is_asked(&tab));
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    tab.close();
    // The record of the time to come has been put right.
    world.clock.suspend(16 * MINUTE);
    assert_eq!(world.open().standing(&harbor), Standing::Expired);
}

#[test]
fn a_record_that_cannot_be_read_ends_nothing() {
    let (world, harbor) = with_one();
    world.disk.put(&keys::activity(), "soon");
    let tab = world.open();
    assert!(!is_asked(&tab));
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(10 * MINUTE);
    assert!(is_asked(&tab));
}

#[test]
fn the_configuration_is_read_once_in_idle_time_and_known_at_the_next_start() {
    let (world, harbor) = World::with_one();
    let config = |warn: i64, end: i64| {
        json!({ "servers": ["https://meadow.example"], "inactivity": { "warn_after_minutes": warn, "sign_out_after_minutes": end } })
            .to_string()
    };
    world
        .net
        .always("GET /config.json", reply(200, &config(2, 1)));
    let tab = world.open();
    let order: Vec<String> = world
        .net
        .log()
        .iter()
        .map(|sent| sent.url.clone())
        .collect();
    assert!(order.last().unwrap().ends_with("/config.json"), "{order:?}");
    tab.visit("/");
    assert_eq!(tab.app.connect().suggestions().get_untracked().len(), 1);
    assert_eq!(
        world.net.count("GET /config.json"),
        1,
        "one reading for all"
    );
    world.advance(2 * MINUTE);
    assert!(is_asked(&tab));
    world.advance(MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(
        tab.toasts()[0].contains("after 3 minutes"),
        "{:?}",
        tab.toasts()
    );
    tab.close();

    world.net.heal();
    world.disk.drop_key(&keys::activity());
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    tab.app.touch();
    world.advance(2 * MINUTE);
    assert!(is_asked(&tab), "remembered although it could not be read");
    tab.close();
}

#[test]
fn a_configuration_that_is_gone_gives_the_defaults_and_one_that_is_broken_changes_nothing() {
    for (answer, asks) in [
        (reply(404, ""), true),
        (reply(200, "{}"), true),
        (reply(200, "<!doctype html>"), false),
        (reply(503, "{}"), false),
    ] {
        let (world, _) = World::with_one();
        world.set_limits(0, 0);
        world.net.always("GET /config.json", answer);
        let tab = world.open();
        world.advance(10 * MINUTE);
        assert_eq!(is_asked(&tab), asks);
        tab.close();
    }
}

#[test]
fn somebody_without_a_session_asks_for_the_configuration_once() {
    let world = World::new();
    let tab = world.open();
    assert_eq!(world.net.count("GET /config.json"), 0);
    tab.visit("/");
    tab.visit("/");
    assert_eq!(world.net.count("GET /config.json"), 1);
}

#[test]
fn what_one_tab_has_read_of_the_configuration_holds_in_the_others() {
    let (world, _) = World::with_one();
    let one = world.open();
    let config = json!({ "inactivity": { "warn_after_minutes": 1, "sign_out_after_minutes": 1 } });
    world
        .net
        .always("GET /config.json", reply(200, &config.to_string()));
    world.open();
    world.deliver();
    world.advance(MINUTE);
    assert!(is_asked(&one));
}
