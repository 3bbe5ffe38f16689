//! Storage that fails half way, is emptied, or holds what it should not.

use enfilade::core::record::keys;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use super::{kill, refresh_token, text};
use crate::fake::{Act, DiskMode, HOUR, MINUTE, Tab, World, logged};

#[test]
fn what_a_full_storage_does_not_take_lives_in_memory_until_there_is_room() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let first = refresh_token(&world, &harbor);
    world.disk.set_mode(DiskMode::Full);
    tab.thread(&harbor, "t-1").composer().typed("half a".into());
    for _ in 0..3 {
        harbor.refuse_access();
        tab.load(&harbor);
        assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    }
    world.advance(MINUTE);
    assert_eq!(refresh_token(&world, &harbor), first, "nothing was written");
    assert_eq!(world.net.count("POST /token"), 3, "each with the newest");
    assert_eq!(text(&tab, &harbor, "t-1"), "half a");
    world.disk.set_mode(DiskMode::Works);
    harbor.refuse_access();
    tab.load(&harbor);
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("half a thought".into());
    world.advance(MINUTE);
    kill(&world, &tab);
    let tab = world.open();
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    assert_eq!(text(&tab, &harbor, "t-1"), "half a thought");
}

#[test]
fn five_megabytes_of_nonsense_under_any_key_cost_nothing_else() {
    let nonsense = format!(r#"{{"v":1,"data":"{}"#, "x".repeat(5 << 20));
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    tab.thread(&harbor, "t-1").composer().typed("text".into());
    tab.thread(&meadow, "t-1").composer().typed("text".into());
    tab.app.flush();
    kill(&world, &tab);
    let draft = world
        .disk
        .all(&keys::draft_prefix(&harbor.id()))
        .pop()
        .unwrap();
    for key in [
        keys::session(&harbor.id()),
        draft,
        keys::settings(),
        keys::lobby(),
        keys::trips(&harbor.id()),
        keys::pause(&harbor.id()),
        keys::retired(),
        format!("{}0123456789abcdef0123456789abcdef", keys::PRE_AUTH_PREFIX),
    ] {
        let kept = world.disk.read(&key);
        world.disk.put(&key, &nonsense);
        let tab = world.open();
        tab.visit(&harbor.path(Some("t-1")));
        assert_eq!(tab.standing(&meadow), Standing::SignedIn, "{key}");
        assert_eq!(text(&tab, &meadow, "t-1"), "text", "{key}");
        tab.load(&meadow);
        assert_eq!(tab.server(&meadow).rooms().get_untracked().error, None);
        assert!(
            world.disk.all(keys::ASIDE_PREFIX).is_empty(),
            "{key}: too large to be kept twice"
        );
        kill(&world, &tab);
        if let Some(kept) = kept {
            world.disk.put(&key, &kept);
        }
    }
    assert!(logged().iter().all(|line| line.len() < 1_000));
}

#[test]
fn storage_that_the_browser_has_emptied_leaves_no_half_of_a_session() {
    let (world, harbor) = World::with_one();
    world.disk.clear();
    let tab = world.open();
    assert!(tab.app.servers().get_untracked().is_empty());
    assert_eq!(tab.visit(&harbor.path(None)), "/");
    assert!(tab.toasts().is_empty(), "it looks like the first time");

    // Only a part of it is gone.
    let (world, harbor) = World::with_one();
    world.remember(&harbor);
    let list = world.disk.read(&keys::servers()).unwrap();
    world.disk.clear();
    world.disk.put(&keys::servers(), &list);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(tab.access(&harbor), None);
    let place = harbor.path(None);
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
}

/// The provider has rotated, and the tab dies before it could store the answer.
fn crash_before_the_write(world: &World, tab: &Tab) {
    world.net.once("POST /token", Act::Lose);
    world.advance(55 * MINUTE);
    kill(world, tab);
    assert_eq!(world.net.count("POST /token"), 1);
    world.net.forget_log();
}

#[test]
fn a_crash_between_the_answer_and_the_write_is_tried_once_and_then_told() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1").composer().typed("half a".into());
    crash_before_the_write(&world, &tab);
    world.clock.suspend(HOUR);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(world.net.count("POST /token"), 1, "once");
    assert_eq!(text(&tab, &harbor, "t-1"), "half a");
    world.advance(2 * HOUR);
    assert_eq!(world.net.count("POST /token"), 1);
}

#[test]
fn after_such_a_crash_a_living_access_token_serves_to_its_end() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    crash_before_the_write(&world, &tab);
    let tab = world.open();
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    world.advance(4 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    world.advance(2 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(world.net.count("POST /token"), 1);
}

#[test]
fn a_tab_whose_storage_was_cleared_by_hand_signs_nobody_else_in_or_out() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    world.disk.clear();
    one.app.storage_changed(&keys::session(&harbor.id()));
    two.app.wake();
    two.settle();
    harbor.refuse_access();
    one.load(&harbor);
    world.deliver();
    for tab in [&one, &two] {
        tab.load(&harbor);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
    }
    assert_eq!(one.access(&harbor), two.access(&harbor));
}
