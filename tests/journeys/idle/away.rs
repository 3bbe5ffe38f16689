//! Machines that sleep, tabs that are closed, clocks that are set.

use enfilade::core::record::keys;
use enfilade::state::server::Standing;
use reactive_graph::effect::ImmediateEffect;
use reactive_graph::traits::{Get, GetUntracked};

use super::{TOLD, has_ended, is_asked, is_marked, leave, with_one, with_two};
use crate::fake::{HOUR, MINUTE, SECOND, VaultMode, World, content, started, text_start};

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
