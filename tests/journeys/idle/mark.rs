//! After the end: the password is asked for, and what was written is there.

use enfilade::core::record::keys;
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::state::app::CallbackState;
use enfilade::state::server::Standing;
use reactive_graph::traits::{GetUntracked, Set};

use super::{ended, is_asked, is_marked, leave, with_one, with_two};
use crate::fake::{DiskMode, HOUR, MINUTE};

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
