//! Several tabs over one storage.

use enfilade::core::record::keys;
use enfilade::core::settings::Theme;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{HOUR, MINUTE, SECOND, World, reply};

#[test]
fn two_tabs_at_one_expiry_make_one_token_request() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    one.server(&harbor).reload_rooms();
    two.server(&harbor).reload_rooms();
    world.settle();
    assert_eq!(world.net.count("POST /token"), 1);
    let asked: Vec<usize> = world
        .net
        .sent("GET /api/v1/rooms")
        .iter()
        .map(|sent| sent.tab)
        .collect();
    assert_eq!(
        asked.iter().filter(|tab| **tab == one.number).count(),
        2,
        "refused, then answered"
    );
    assert_eq!(asked.iter().filter(|tab| **tab == two.number).count(), 2);
    assert_eq!(one.access(&harbor), two.access(&harbor));
    for tab in [&one, &two] {
        assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
    }
    assert!(world.locks.held().is_empty(), "the lock is given back");
}

#[test]
fn five_tabs_that_renew_ahead_of_time_make_one_token_request_each_round() {
    let (world, harbor) = World::with_one();
    let tabs: Vec<_> = (0..5).map(|_| world.open()).collect();
    world.advance(4 * HOUR);
    assert_eq!(world.net.count("POST /token"), 4);
    assert!(
        tabs.iter()
            .all(|tab| tab.standing(&harbor) == Standing::SignedIn)
    );
}

#[test]
fn a_second_tab_does_not_wait_for_ever_for_one_that_hangs() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    let _gate = world.net.hold("POST /token");
    one.server(&harbor).reload_rooms();
    world.settle();
    two.server(&harbor).reload_rooms();
    world.advance(2 * MINUTE);
    assert!(two.server(&harbor).rooms().get_untracked().data.is_some());
}

#[test]
fn without_locks_ten_tabs_at_one_expiry_make_one_token_request() {
    let (world, harbor) = World::with_one();
    world.locks.take_away();
    let tabs: Vec<_> = (0..10).map(|_| world.open()).collect();
    harbor.refuse_access();
    for tab in &tabs {
        tab.server(&harbor).reload_rooms();
    }
    world.advance(10 * SECOND);
    assert_eq!(world.net.count("POST /token"), 1);
    for tab in &tabs {
        assert_eq!(tab.access(&harbor), tabs[0].access(&harbor));
        assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
    }
    let left = world.disk.all(&keys::lease(&harbor.id()));
    assert!(left.is_empty(), "the lease is given back: {left:?}");
}

#[test]
fn a_tab_that_dies_with_the_lease_keeps_the_others_out_for_its_time_only() {
    let (world, harbor) = World::with_one();
    world.locks.take_away();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    let _gate = world.net.hold("POST /token");
    one.server(&harbor).reload_rooms();
    world.advance(SECOND);
    one.close();
    two.server(&harbor).reload_rooms();
    world.advance(30 * SECOND);
    assert!(two.server(&harbor).rooms().get_untracked().data.is_none());
    world.advance(30 * SECOND);
    assert!(two.server(&harbor).rooms().get_untracked().data.is_some());
}

#[test]
fn without_locks_a_lost_race_ends_no_session() {
    let (world, harbor) = World::with_one();
    world.locks.take_away();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    let late = world.net.hold("POST /token");
    one.server(&harbor).reload_rooms();
    world.advance(SECOND);
    // Somebody clears the note: storage is nobody's alone.
    world.disk.drop_key(&keys::lease(&harbor.id()));
    two.server(&harbor).reload_rooms();
    world.advance(SECOND);
    assert!(two.server(&harbor).rooms().get_untracked().data.is_some());
    late.release();
    world.settle();
    world.deliver();
    assert_eq!(
        one.standing(&harbor),
        Standing::SignedIn,
        "its own refresh token was spent by the other tab"
    );
    assert!(one.server(&harbor).rooms().get_untracked().data.is_some());
    assert_eq!(one.access(&harbor), two.access(&harbor));
}

#[test]
fn a_draft_reaches_the_other_tabs_unless_they_are_being_typed_in() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let (here, there) = (
        one.thread(&harbor, "t-1").composer(),
        two.thread(&harbor, "t-1").composer(),
    );
    here.typed("from one".into());
    one.app.flush();
    world.deliver();
    assert_eq!(there.text().get_untracked(), "from one");
    there.typed("being typed".into());
    here.typed("from one again".into());
    one.app.flush();
    world.deliver();
    assert_eq!(there.text().get_untracked(), "being typed");
}

#[test]
fn a_refresh_in_one_tab_reaches_the_others() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    one.load(&harbor);
    world.deliver();
    assert_eq!(one.access(&harbor), two.access(&harbor));
    two.load(&harbor);
    assert_eq!(world.net.count("POST /token"), 1);
}

#[test]
fn a_sign_out_in_one_tab_reaches_the_others() {
    let (world, harbor, meadow) = World::with_two();
    let (one, two) = (world.open(), world.open());
    two.load(&harbor);
    two.thread(&harbor, "t-1").composer().typed("half a".into());
    one.app.sign_out(&one.server(&harbor));
    world.deliver();
    assert_eq!(two.standing(&harbor), Standing::SignedOut);
    assert_eq!(two.standing(&meadow), Standing::SignedIn);
    assert!(two.server(&harbor).rooms().get_untracked().data.is_none());
    assert_eq!(
        world.disk.all(keys::DRAFT_PREFIX).len(),
        1,
        "what was typed there is saved for its writer"
    );
}

#[test]
fn a_sign_in_in_one_tab_reaches_the_others_and_loads_what_is_missing() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let (one, two) = (world.open(), world.open());
    two.server(&harbor).load_rooms();
    one.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    world.deliver();
    assert_eq!(two.standing(&harbor), Standing::SignedIn);
    assert!(two.server(&harbor).rooms().get_untracked().data.is_some());
}

#[test]
fn an_expiry_in_one_tab_reaches_the_others() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    harbor.refuse_refresh();
    one.load(&harbor);
    world.deliver();
    assert_eq!(two.standing(&harbor), Standing::Expired);
}

#[test]
fn an_end_that_one_tab_sees_late_does_not_undo_the_sign_in_of_another() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in_briefly(&harbor, HOUR);
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    let fresh = tokens.access.expose().clone();
    two.server(&harbor)
        .session()
        .sign_in(harbor.provider(), tokens);
    one.load(&harbor);
    assert!(world.stored(&harbor).unwrap().is_active());
    assert_eq!(one.access(&harbor), Some(fresh));
    world.deliver();
    assert_eq!(
        (one.standing(&harbor), two.standing(&harbor)),
        (Standing::SignedIn, Standing::SignedIn)
    );
}

#[test]
fn a_sign_out_elsewhere_is_not_undone_by_a_refresh_under_way_here() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    let gate = world.net.hold("POST /token");
    one.server(&harbor).reload_rooms();
    world.settle();
    two.app.sign_out(&two.server(&harbor));
    gate.release();
    world.settle();
    assert!(world.stored_is_signed_out(&harbor));
    assert_eq!(one.standing(&harbor), Standing::SignedOut);
}

#[test]
fn the_list_of_servers_reaches_the_other_tabs() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let meadow = world.backend("meadow");
    meadow.set_open(true);
    one.app.connect().open(Some(&meadow.origin()), None);
    one.app.connect().submit();
    world.settle();
    world.deliver();
    assert_eq!(two.standing(&meadow), Standing::Open);

    two.thread(&harbor, "t-1").composer().typed("text".into());
    one.app.remove(&one.server(&harbor));
    world.deliver();
    assert!(two.app.server_by_id(&harbor.id()).is_none());
    assert_eq!(two.visit(&harbor.path(None)), "/lobby");
    world.advance(2 * HOUR);
    let left = world.disk.all("");
    assert!(
        left.iter().all(|key| !key.contains("harbor")),
        "nothing comes back: {left:?}"
    );
}

#[test]
fn a_list_that_another_tab_has_set_aside_drops_no_server_here() {
    let (world, harbor) = World::with_one();
    let one = world.open();
    world.disk.put(&keys::servers(), r#"{"v":99,"data":{}}"#);
    one.app.storage_changed(&keys::servers());
    let _two = world.open();
    world.deliver();
    assert_eq!(one.standing(&harbor), Standing::SignedIn);
}

#[test]
fn the_theme_reaches_the_other_tabs() {
    let (world, _) = World::with_one();
    let (one, two) = (world.open(), world.open());
    one.app.set_theme(Theme::Dark);
    world.deliver();
    assert_eq!(two.app.settings().get_untracked().theme, Theme::Dark);
}

#[test]
fn another_person_signing_in_elsewhere_takes_everything_off_the_screen_here() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    one.load(&harbor);
    one.thread(&harbor, "t-1").composer().typed("Ann's".into());
    harbor.set_user("bob");
    world.net.always("GET /api/v1/rooms", reply(200, "{}"));
    two.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    world.deliver();
    assert_eq!(
        one.thread(&harbor, "t-1").composer().text().get_untracked(),
        ""
    );
    assert!(
        one.server(&harbor)
            .rooms()
            .get_untracked()
            .data
            .is_none_or(|rooms| rooms.is_empty())
    );
}
