//! Storage that is missing, full, cleared or full of nonsense.

use enfilade::core::record::keys;
use enfilade::core::session::stored;
use enfilade::core::settings::Theme;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{DiskMode, HOUR, SECOND, VaultMode, World};

const NONSENSE: [&str; 6] = [
    "",
    "{",
    "null",
    "[]",
    r#"{"v":1,"data":7}"#,
    r#"{"v":0,"data":{}}"#,
];

#[test]
fn a_session_that_cannot_be_read_is_set_aside_and_the_other_is_kept() {
    for nonsense in NONSENSE {
        let (world, harbor, meadow) = World::with_two();
        let key = keys::session(&harbor.id());
        world.disk.put(&key, nonsense);
        let tab = world.open();
        assert_eq!(tab.standing(&harbor), Standing::SignedOut);
        assert_eq!(tab.standing(&meadow), Standing::SignedIn);
        assert_eq!(
            world
                .disk
                .read(&enfilade::core::record::keys::aside(&key))
                .as_deref(),
            Some(nonsense)
        );
        assert_eq!(world.disk.read(&key), None);
    }
}

#[test]
fn a_list_of_servers_that_cannot_be_read_is_set_aside_and_told() {
    for nonsense in NONSENSE
        .into_iter()
        .filter(|text| *text != r#"{"v":1,"data":[]}"#)
    {
        let (world, harbor) = World::with_one();
        world.disk.put(&keys::servers(), nonsense);
        let tab = world.open();
        assert!(tab.app.servers().get_untracked().is_empty());
        assert_eq!(
            world.disk.read(&keys::aside(&keys::servers())).as_deref(),
            Some(nonsense)
        );
        assert_eq!(tab.toasts().len(), 1, "{nonsense}");
        assert!(
            world.stored(&harbor).unwrap().is_active(),
            "its session is kept"
        );
    }
}

#[test]
fn a_single_broken_entry_costs_no_other() {
    let (world, harbor, meadow) = World::with_two();
    let text = world.disk.read(&keys::servers()).unwrap();
    world.disk.put(
        &keys::servers(),
        &text.replacen("https://harbor.example", "nowhere", 1),
    );
    let tab = world.open();
    assert!(tab.app.server_by_id(&harbor.id()).is_none());
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
}

#[test]
fn a_draft_that_cannot_be_read_is_set_aside() {
    for nonsense in NONSENSE {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        tab.thread(&harbor, "t-1").composer().typed("x".into());
        tab.app.flush();
        tab.close();
        let key = world.disk.all(keys::DRAFT_PREFIX).pop().unwrap();
        world.disk.put(&key, nonsense);
        let tab = world.open();
        assert_eq!(
            tab.thread(&harbor, "t-1").composer().text().get_untracked(),
            ""
        );
        assert_eq!(
            world.disk.read(&keys::aside(&key)).as_deref(),
            Some(nonsense)
        );
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

#[test]
fn settings_that_cannot_be_read_are_set_aside() {
    for nonsense in NONSENSE {
        let (world, harbor) = World::with_one();
        world.disk.put(&keys::settings(), nonsense);
        let tab = world.open();
        assert_eq!(tab.app.settings().get_untracked().theme, Theme::System);
        if nonsense != r#"{"v":1,"data":[]}"# {
            assert_eq!(
                world.disk.read(&keys::aside(&keys::settings())).as_deref(),
                Some(nonsense)
            );
        }
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        tab.app.set_theme(Theme::Dark);
        assert_eq!(
            world.open().app.settings().get_untracked().theme,
            Theme::Dark
        );
    }
}

#[test]
fn a_sign_in_that_cannot_be_read_is_refused_and_costs_no_other() {
    for nonsense in NONSENSE {
        let (world, harbor) = World::with_one();
        let flow = "0123456789abcdef0123456789abcdef";
        world
            .disk
            .put(&format!("{}{flow}", keys::PRE_AUTH_PREFIX), nonsense);
        let tab = world.open_with(harbor.answer());
        let before = world.stored(&harbor);
        world.net.forget_log();
        tab.visit(&format!("/auth/callback/{flow}"));
        assert_eq!(world.stored(&harbor), before);
        assert!(world.net.log().is_empty());
        assert!(tab.went().is_none());
    }
}

#[test]
fn counted_trips_that_cannot_be_read_are_set_aside() {
    for nonsense in NONSENSE {
        let world = World::new();
        let harbor = world.backend("harbor");
        world.expired(&harbor);
        world.disk.put(&keys::trips(&harbor.id()), nonsense);
        let tab = world.open();
        tab.visit(&harbor.path(None));
        assert!(!tab.app.connect().waiting().get_untracked().unwrap().stuck);
        assert_eq!(
            world.disk.read(&keys::trips(&harbor.id())).is_some(),
            nonsense == r#"{"v":1,"data":[]}"#
        );
    }
}

#[test]
fn without_storage_a_session_lives_in_memory_and_that_is_told_once() {
    for mode in [DiskMode::Missing, DiskMode::Full] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.disk.set_mode(mode);
        tab.app.set_theme(Theme::Dark);
        tab.thread(&harbor, "t-1")
            .composer()
            .typed("kept in memory".into());
        tab.app.flush();
        harbor.refuse_access();
        tab.load(&harbor);
        assert!(
            tab.server(&harbor).rooms().get_untracked().data.is_some(),
            "renewed and used"
        );
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
        harbor.refuse_access();
        harbor.refuse_refresh();
        tab.load(&harbor);
        tab.server(&harbor)
            .session()
            .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
        assert_eq!(
            tab.thread(&harbor, "t-1").composer().text().get_untracked(),
            "kept in memory"
        );
    }
}

#[test]
fn a_start_without_storage_works() {
    let world = World::new();
    world.disk.set_mode(DiskMode::Missing);
    let harbor = world.backend("harbor");
    harbor.set_open(true);
    let tab = world.open();
    tab.app.connect().open(Some(&harbor.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::Open);
    tab.load(&harbor);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
    assert_eq!(tab.toasts().len(), 1);
}

#[test]
fn a_sign_out_that_cannot_be_written_does_not_come_undone_with_the_next_start() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world.disk.set_mode(DiskMode::Full);
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    tab.close();
    world.disk.set_mode(DiskMode::Works);
    assert_eq!(world.open().standing(&harbor), Standing::SignedOut);
}

#[test]
fn cleared_storage_ends_nothing_that_is_in_use() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    world.disk.clear();
    for key in [
        keys::servers(),
        keys::session(&harbor.id()),
        keys::settings(),
    ] {
        tab.app.storage_changed(&key);
    }
    tab.app.wake();
    tab.settle();
    assert_eq!(tab.app.servers().get_untracked().len(), 2);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    harbor.refuse_access();
    tab.load(&harbor);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
}

#[test]
fn what_a_newer_version_has_stored_is_neither_read_nor_written_over() {
    const NEWER: &str = r#"{"v":99,"data":{"later":true}}"#;
    let (world, harbor, meadow) = World::with_two();
    let session = keys::session(&harbor.id());
    for key in [&session, &keys::settings()] {
        world.disk.put(key, NEWER);
    }
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    assert_eq!(tab.toasts().len(), 1, "told once: {:?}", tab.toasts());

    tab.app.set_theme(Theme::Dark);
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    assert_eq!(tab.standing(&harbor), Standing::SignedIn, "in memory");
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    for key in [&session, &keys::settings()] {
        assert_eq!(world.disk.read(key).as_deref(), Some(NEWER));
    }
}

#[test]
fn a_list_of_servers_of_a_newer_version_is_left_alone() {
    const NEWER: &str = r#"{"v":99,"data":[]}"#;
    let (world, _) = World::with_one();
    world.disk.put(&keys::servers(), NEWER);
    let tab = world.open();
    let meadow = world.backend("meadow");
    meadow.set_open(true);
    tab.app.connect().open(Some(&meadow.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    assert_eq!(tab.standing(&meadow), Standing::Open, "it works here");
    assert_eq!(world.disk.read(&keys::servers()).as_deref(), Some(NEWER));
}

#[test]
fn tokens_are_sealed_in_storage() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.refuse_access();
    tab.load(&harbor);
    let text = world.disk.read(&keys::session(&harbor.id())).unwrap();
    let access = tab.access(&harbor).unwrap();
    assert!(!text.contains(&access), "a refreshed token too");
    assert!(text.contains("sealed"));
    let again = world.open();
    assert_eq!(again.access(&harbor), Some(access));
}

#[test]
fn a_record_of_the_first_version_is_read_and_sealed_at_the_start() {
    let (world, harbor) = World::with_one();
    let key = keys::session(&harbor.id());
    let sealed = world.stored(&harbor).unwrap();
    let first = stored::encode(&sealed, &key, None, [0; 16]).replacen(r#""v":2"#, r#""v":1"#, 1);
    world.disk.put(&key, &first);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    let text = world.disk.read(&key).unwrap();
    assert!(text.starts_with(r#"{"v":2"#) && !text.contains(&tab.access(&harbor).unwrap()));
}

#[test]
fn where_the_browser_keeps_no_key_tokens_lie_in_clear_and_that_is_told_once() {
    for mode in [VaultMode::Missing, VaultMode::Hangs] {
        let world = World::new();
        world.vault.set_mode(mode);
        let harbor = world.backend("harbor");
        world.expired(&harbor);
        let tab = world.open();
        world.advance(3 * SECOND);
        for _ in 0..2 {
            tab.server(&harbor)
                .session()
                .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
        }
        assert_eq!(tab.toasts().len(), 1, "{mode:?}: {:?}", tab.toasts());
        let again = world.open();
        world.advance(3 * SECOND);
        assert_eq!(again.standing(&harbor), Standing::SignedIn, "{mode:?}");
        assert!(again.toasts().is_empty());
    }
}

#[test]
fn a_key_that_was_lost_costs_the_session_but_neither_its_place_nor_its_drafts() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1").composer().typed("half a".into());
    tab.app.flush();
    tab.close();
    world.vault.set_mode(VaultMode::Renewed);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    let end = tab.visit(&harbor.path(Some("t-1")));
    assert!(end.contains("returnTo="), "{end}");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    assert_eq!(
        tab.thread(&harbor, "t-1").composer().text().get_untracked(),
        "half a"
    );
    assert_eq!(world.open().standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_key_that_is_late_leaves_the_record_as_it_is() {
    let (world, harbor) = World::with_one();
    let text = world.disk.read(&keys::session(&harbor.id()));
    world.vault.set_mode(VaultMode::Hangs);
    let tab = world.open();
    world.advance(5 * SECOND);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    tab.close();
    assert_eq!(world.disk.read(&keys::session(&harbor.id())), text);
    world.vault.set_mode(VaultMode::Works);
    assert_eq!(world.open().standing(&harbor), Standing::SignedIn);
}

#[test]
fn drafts_whose_time_is_over_are_swept_at_the_start_and_others_stay() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "old").composer().typed("old".into());
    tab.app.flush();
    world.clock.suspend(25 * HOUR);
    tab.thread(&harbor, "new").composer().typed("new".into());
    tab.app.flush();
    tab.close();
    let _tab = world.open();
    let left = world.disk.all(keys::DRAFT_PREFIX);
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].ends_with("/new"));
}
