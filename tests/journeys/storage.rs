//! Storage that is missing, full, cleared or full of nonsense.

use enfilade::core::record::keys;
use enfilade::core::settings::Theme;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{DiskMode, HOUR, World};

const NONSENSE: [&str; 6] = [
    "",
    "{",
    "null",
    "[]",
    r#"{"v":1,"data":7}"#,
    r#"{"v":99,"data":{}}"#,
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
