//! Clocks that are wrong, machines that sleep, pages that freeze.

use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use super::{ask, error, leave, text};
use crate::fake::{HOUR, MINUTE, SECOND, World, content, logged, rows, started, text_start};

const YEAR: i64 = 365 * 24 * HOUR;

#[test]
fn after_eight_hours_of_sleep_one_refresh_comes_before_any_request_and_nobody_notices() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    tab.load(&harbor);
    let thread = tab.thread(&harbor, "t-1");
    thread.composer().typed("how many?".into());
    thread.composer().send();
    tab.settle();
    let run = harbor.last_run();
    harbor.emit(&run, &[started(&run), text_start("m"), content("m", "for")]);
    tab.settle();
    let dead = tab.access(&harbor);
    world.net.forget_log();
    world.clock.suspend(8 * HOUR);
    harbor.cut(&run);
    tab.app.wake();
    let rooms = ask(&tab, &harbor, 3);
    // A stream without a word is given up after a minute.
    world.advance(MINUTE - SECOND);
    for backend in [&harbor, &meadow] {
        let what = format!("POST {}/token", &backend.issuer()["https://".len()..]);
        assert_eq!(world.net.count(&what), 1);
        assert_eq!(tab.standing(backend), Standing::SignedIn);
    }
    assert!(rooms.iter().all(|room| error(room).is_none()));
    let log = world.net.log();
    assert!(log.iter().all(|sent| sent.bearer != dead));
    let first = |is: &dyn Fn(&str) -> bool| log.iter().position(|sent| is(&sent.url));
    let asked = first(&|url| url.starts_with(&harbor.origin())).unwrap();
    let renewed = first(&|url| url == format!("{}/token", harbor.issuer())).unwrap();
    assert!(renewed < asked, "expiry is looked at first");
    assert!(rows(&thread)[1].ends_with("for"), "{:?}", rows(&thread));
    assert!(harbor.listeners(&run) == 1, "the answer goes on");
    assert!(tab.toasts().is_empty(), "{:?}", tab.toasts());
    assert!(logged().iter().all(|line| !line.contains("has ended")));
}

#[test]
fn a_clock_that_is_set_by_an_hour_or_ten_years_ends_nothing() {
    for offset in [HOUR, -HOUR, 10 * YEAR, -10 * YEAR] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        tab.thread(&harbor, "t-1").composer().typed("half a".into());
        world.advance(MINUTE);
        for turn in [offset, -offset] {
            world.clock.set_by(turn);
            world.net.forget_log();
            tab.app.wake();
            tab.load(&harbor);
            assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
            world.advance(2 * HOUR);
            let tried = world.net.count("POST /token");
            assert!(tried <= 4, "{turn}: {tried} token requests in two hours");
            // Where a clock stands still for the server, its token ends when the server says so.
            harbor.refuse_access();
            tab.load(&harbor);
            assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
            assert_eq!(tab.standing(&harbor), Standing::SignedIn, "{turn}");
            assert_eq!(tab.visit(&harbor.path(None)), harbor.path(None));
        }
        assert_eq!(text(&tab, &harbor, "t-1"), "half a");
        assert!(tab.left().is_empty() && tab.toasts().is_empty());
    }
}

#[test]
fn a_sign_in_under_a_wrong_clock_works_and_does_not_go_round() {
    for offset in [HOUR, -HOUR, 10 * YEAR, -10 * YEAR] {
        let world = World::new();
        let harbor = world.backend("harbor");
        world.clock.set_by(offset);
        world.expired(&harbor);
        harbor.refuse_refresh();
        let tab = world.open();
        let place = harbor.path(None);
        tab.visit(&place);
        let callback = leave(&world, &tab, &harbor, &place);
        tab.close();
        world.advance(MINUTE);
        let tab = world.open_with(harbor.answer());
        assert_eq!(tab.visit(&callback), place, "{offset}");
        tab.load(&harbor);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        // The clock is put right.
        world.clock.set_by(-offset);
        tab.app.wake();
        harbor.refuse_access();
        tab.load(&harbor);
        assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
        assert_eq!(tab.visit(&place), place);
    }
}

#[test]
fn a_clock_that_is_set_while_the_person_is_at_the_provider_offers_another_try() {
    for offset in [HOUR, -HOUR, 10 * YEAR, -10 * YEAR] {
        let world = World::new();
        let harbor = world.backend("harbor");
        world.expired(&harbor);
        harbor.refuse_refresh();
        let tab = world.open();
        let callback = leave(&world, &tab, &harbor, &harbor.path(None));
        tab.close();
        world.clock.set_by(offset);
        let tab = world.open_with(harbor.answer());
        tab.visit(&callback);
        assert!(!world.stored(&harbor).unwrap().is_active());
        let callback = leave(&world, &tab, &harbor, &harbor.path(None));
        tab.close();
        let tab = world.open_with(harbor.answer());
        assert_eq!(tab.visit(&callback), harbor.path(None), "{offset}");
    }
}

#[test]
fn a_clock_set_back_in_mid_session_leads_to_no_rush() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world
        .net
        .always("POST /token", crate::fake::reply(503, "busy"));
    world.advance(2 * HOUR);
    for back in [SECOND, MINUTE, HOUR, 24 * HOUR] {
        world.net.forget_log();
        world.clock.set_by(-back);
        world.advance(10 * MINUTE);
        let tried = world.net.count("POST /token");
        assert!(tried <= 25, "{back}: {tried} in ten minutes");
    }
    world.net.heal();
    harbor.refuse_access();
    world.advance(2 * MINUTE);
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
}

#[test]
fn a_token_of_thirty_days_is_renewed_in_time_and_not_before() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.set_expires_in(json!(30 * 24 * 3600));
    harbor.refuse_access();
    tab.load(&harbor);
    assert_eq!(world.net.count("POST /token"), 1);
    let before = tab.access(&harbor);
    // Longer than a browser's timer can be set for in one go (2^31 ms, 24.8 days).
    world.advance(30 * 24 * HOUR - 6 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(tab.access(&harbor), before);
    world.advance(2 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 2);
    assert_ne!(tab.access(&harbor), before);
}

#[test]
fn a_tab_hidden_for_two_hours_shows_no_refusal_when_it_is_looked_at() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.load(&harbor);
    // Hidden pages get their timers once a minute, if at all.
    for _ in 0..120 {
        world.clock.suspend(MINUTE);
    }
    world.net.forget_log();
    tab.app.wake();
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    assert_eq!(world.net.count("GET /api/v1/rooms"), 1, "not refused first");
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_page_frozen_during_a_refresh_goes_on_when_it_thaws_and_holds_no_lock() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    assert_eq!((gate.waiting(), world.locks.held().len()), (1, 1));
    world.clock.suspend(2 * HOUR);
    tab.app.wake();
    world.advance(2 * SECOND);
    assert!(world.locks.held().is_empty());
    assert!(world.net.count("POST /token") <= 2);
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_page_from_the_back_forward_cache_reads_again_and_shows_nothing_of_the_signed_out() {
    let (world, harbor) = World::with_one();
    let (cached, other) = (world.open(), world.open());
    cached.load(&harbor);
    let thread = cached.thread(&harbor, "t-1");
    thread.composer().typed("half a".into());
    cached.app.flush();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    assert_eq!(gate.waiting(), 1, "left in the middle of a refresh");
    other.app.sign_out(&other.server(&harbor));
    other.settle();
    gate.release();
    cached.app.wake();
    world.settle();
    assert_eq!(cached.standing(&harbor), Standing::SignedOut);
    assert!(world.stored_is_signed_out(&harbor));
    let server = cached.server(&harbor);
    assert!(server.rooms().get_untracked().data.is_none());
    assert!(server.profile().get_untracked().is_none());
    assert_eq!(text(&cached, &harbor, "t-1"), "");
    let place = harbor.path(Some("t-1"));
    assert_ne!(cached.visit(&place), place, "the guard shows it no more");
}
