//! One clock for several tabs.

use enfilade::state::server::Standing;

use super::{TOLD, has_ended, is_asked, leave, with_one, with_two};
use crate::fake::{HOUR, MINUTE, SECOND};

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
