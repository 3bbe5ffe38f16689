//! The lobby: whose rooms and names are loaded, when, and what stays on show.

use enfilade::core::error::ApiError;
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Act, Backend, HOUR, MINUTE, Tab, World, reply};

const ROOMS: &str = "GET /api/v1/rooms";
const NAME: &str = "GET /api/user_info";

fn rooms(tab: &Tab, backend: &Backend) -> Option<usize> {
    let load = tab.server(backend).rooms().get_untracked();
    load.data.map(|rooms| rooms.len())
}

fn name(tab: &Tab, backend: &Backend) -> Option<String> {
    let profile = tab.server(backend).profile().get_untracked();
    profile.map(|profile| profile.name)
}

/// What the lobby does for every server on show.
fn show(tab: &Tab, backends: &[&Backend]) {
    for backend in backends {
        tab.server(backend).load_rooms();
    }
    tab.settle();
}

#[test]
fn rooms_are_loaded_once_for_every_connected_server_and_for_no_other() {
    let (world, harbor, meadow) = World::with_two();
    let (expired, nobody) = (world.backend("orchard"), world.backend("quarry"));
    world.expired(&expired);
    world.remember(&nobody);
    let all = [&harbor, &meadow, &expired, &nobody];
    let tab = world.open();
    let gate = world.net.hold("GET harbor.example/api/v1/rooms");
    show(&tab, &all);
    show(&tab, &all);
    assert!(
        tab.server(&harbor).rooms().get_untracked().busy,
        "still on its way"
    );
    assert_eq!(
        (rooms(&tab, &harbor), rooms(&tab, &meadow)),
        (None, Some(1))
    );
    gate.release();
    tab.settle();
    show(&tab, &all);
    assert_eq!(world.net.count(ROOMS), 2);
    assert_eq!((rooms(&tab, &expired), rooms(&tab, &nobody)), (None, None));
    assert_eq!(tab.standing(&nobody), Standing::SignedOut);
}

#[test]
fn a_server_that_is_added_later_is_loaded_once_too() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    show(&tab, &[&harbor]);
    let meadow = world.backend("meadow");
    meadow.set_open(true);
    tab.app.connect().open(Some(&meadow.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    show(&tab, &[&harbor, &meadow]);
    assert_eq!(rooms(&tab, &meadow), Some(1));
    assert_eq!(world.net.count(ROOMS), 2);
}

#[test]
fn a_list_that_cannot_be_loaded_says_why_and_ends_no_session() {
    for (trouble, error) in [
        (Act::Fail(TransportError::Timeout), ApiError::Timeout),
        (
            reply(500, ""),
            ApiError::Server {
                status: 500,
                detail: None,
            },
        ),
        (reply(404, "{}"), ApiError::NotFound { detail: None }),
        (
            reply(403, "{}"),
            ApiError::PermissionDenied { detail: None },
        ),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always(ROOMS, trouble);
        show(&tab, &[&harbor]);
        let load = tab.server(&harbor).rooms().get_untracked();
        assert_eq!((load.error, load.busy), (Some(error), false));
        assert_ne!(tab.standing(&harbor), Standing::Expired);
    }
}

#[test]
fn an_expiry_takes_nothing_off_the_screen_and_a_new_sign_in_loads_anew() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    show(&tab, &[&harbor]);
    assert_eq!(name(&tab, &harbor).as_deref(), Some("ann"));
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(rooms(&tab, &harbor), Some(1), "the last good list stays");
    assert_eq!(name(&tab, &harbor).as_deref(), Some("ann"));
    let asked = world.net.count(ROOMS);
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    tab.settle();
    assert_eq!(world.net.count(ROOMS), asked + 1);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
}

#[test]
fn a_sign_out_clears_rooms_and_name_and_a_sign_in_loads_them() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    show(&tab, &[&harbor]);
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!((rooms(&tab, &harbor), name(&tab, &harbor)), (None, None));
    harbor.set_user("bob");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    tab.settle();
    assert_eq!(rooms(&tab, &harbor), Some(1));
    assert_eq!(name(&tab, &harbor).as_deref(), Some("bob"));
}

#[test]
fn a_rotation_loads_nothing() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    show(&tab, &[&harbor]);
    world.net.forget_log();
    world.advance(3 * HOUR);
    assert!(world.net.count("POST /token") >= 2);
    assert_eq!((world.net.count(ROOMS), world.net.count(NAME)), (0, 0));
}

#[test]
fn a_session_that_is_revived_and_refused_again_settles_as_expired() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    show(&tab, &[&harbor]);
    world.net.always(ROOMS, reply(401, "{}"));
    tab.app.sign_in(&tab.server(&harbor), None);
    tab.settle();
    world.advance(10 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(
        world.net.count("POST /token"),
        2,
        "one to revive, one after the 401"
    );
    assert_eq!(world.net.count(ROOMS), 2);
    assert!(!tab.server(&harbor).rooms().get_untracked().busy);
}

#[test]
fn a_name_is_a_courtesy_but_its_401_is_about_the_session() {
    for (answer, standing, shown) in [
        (reply(500, ""), Standing::SignedIn, None),
        (reply(404, "{}"), Standing::SignedIn, None),
        (reply(403, "{}"), Standing::SignedIn, None),
        (reply(200, "[7]"), Standing::SignedIn, None),
        (
            reply(200, r#"{"given_name":"Ann"}"#),
            Standing::SignedIn,
            Some("Ann"),
        ),
        (reply(401, "{}"), Standing::Expired, None),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always(NAME, answer);
        show(&tab, &[&harbor]);
        assert_eq!(tab.standing(&harbor), standing);
        assert_eq!(name(&tab, &harbor).as_deref(), shown);
        assert_eq!(rooms(&tab, &harbor), Some(1));
    }
}

#[test]
fn a_name_that_comes_after_the_next_sign_in_is_dropped() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold(NAME);
    show(&tab, &[&harbor]);
    assert_eq!(gate.waiting(), 1);
    harbor.set_user("bob");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    gate.answer(reply(200, r#"{"given_name":"Ann"}"#));
    tab.settle();
    assert_ne!(name(&tab, &harbor).as_deref(), Some("Ann"));
}

#[test]
fn an_open_server_that_refuses_everything_says_so_and_does_not_spin() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_open(true);
    world.remember(&harbor);
    let tab = world.open();
    world.net.always(ROOMS, reply(401, "{}"));
    show(&tab, &[&harbor]);
    let load = tab.server(&harbor).rooms().get_untracked();
    assert_eq!(
        (load.error, load.busy),
        (Some(ApiError::Unauthorized), false)
    );
    world.advance(HOUR);
    assert!(world.net.count(ROOMS) <= 2);
}
