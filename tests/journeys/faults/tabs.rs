//! Several tabs, and several people, at once.

use enfilade::core::record::keys;
use enfilade::port::Lock;
use enfilade::state::server::Standing;
use futures_util::FutureExt;
use reactive_graph::traits::GetUntracked;

use super::{ask, error, kill, leave, refresh_token, refuse, text};
use crate::fake::{Backend, HOUR, MINUTE, SECOND, Tab, World, reply};

fn sign_in(world: &World, tab: &Tab, backend: &Backend, user: &str) -> String {
    backend.set_user(user);
    let tokens = backend.tokens(world.clock.time(), HOUR);
    let access = tokens.access.expose().clone();
    tab.server(backend)
        .session()
        .sign_in(backend.provider(), tokens);
    access
}

#[test]
fn a_tab_that_dies_with_the_lock_keeps_no_other_from_renewing() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    let gate = world.net.hold("POST /token");
    one.server(&harbor).reload_rooms();
    two.server(&harbor).reload_rooms();
    world.settle();
    assert_eq!((gate.waiting(), world.locks.held().len()), (1, 1));
    let before = world.clock.time();
    kill(&world, &one);
    assert_eq!(world.clock.time(), before, "without any delay");
    assert_eq!(world.net.last("POST /token").tab, two.number);
    assert_eq!(two.server(&harbor).rooms().get_untracked().error, None);
    assert!(world.locks.held().is_empty());
}

#[test]
fn a_lock_that_is_never_granted_is_waited_for_no_longer_than_a_refresh_may_take() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let name = format!("{}refresh/{}", keys::PREFIX, harbor.id().as_str());
    let stranger = world
        .locks
        .acquire(name, 0)
        .now_or_never()
        .and_then(Result::ok);
    assert!(stranger.is_some());
    harbor.refuse_access();
    let rooms = ask(&tab, &harbor, 3);
    world.advance(40 * SECOND - 1);
    assert_eq!(world.net.count("POST /token"), 0);
    world.advance(SECOND);
    assert_eq!(world.net.count("POST /token"), 1);
    assert!(rooms.iter().all(|room| error(room).is_none()));
}

#[test]
fn whoever_waited_in_vain_for_the_lock_looks_first_at_what_the_other_has_stored() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let name = format!("{}refresh/{}", keys::PREFIX, harbor.id().as_str());
    let stranger = world
        .locks
        .acquire(name, 0)
        .now_or_never()
        .and_then(Result::ok);
    assert!(stranger.is_some());
    harbor.refuse_access();
    let rooms = ask(&one, &harbor, 1);
    world.advance(20 * SECOND);
    let fresh = sign_in(&world, &two, &harbor, "ann");
    world.advance(21 * SECOND);
    assert_eq!(world.net.count("POST /token"), 0, "it is not needed");
    assert_eq!(one.access(&harbor), Some(fresh));
    assert!(!rooms[0].threads().get_untracked().busy);
    assert_eq!(one.standing(&harbor), Standing::SignedIn);
}

#[test]
fn no_lock_is_held_while_the_page_is_left() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    assert_eq!((gate.waiting(), world.locks.held().len()), (1, 1));
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(tab.left().len(), 1, "on the way to the provider");
    assert!(world.locks.held().is_empty());
    assert!(world.stored_is_signed_out(&harbor));
}

#[test]
fn a_tab_that_heard_nothing_reads_again_when_it_is_looked_at() {
    let (world, harbor, meadow) = World::with_two();
    let (one, two) = (world.open(), world.open());
    two.load(&harbor);
    one.app.sign_out(&one.server(&harbor));
    let fresh = sign_in(&world, &one, &meadow, "ann");
    world.settle();
    assert_eq!(two.standing(&harbor), Standing::SignedIn, "nobody told it");
    two.app.wake();
    two.settle();
    assert_eq!(two.standing(&harbor), Standing::SignedOut);
    assert!(two.server(&harbor).rooms().get_untracked().data.is_none());
    assert_eq!(two.access(&meadow), Some(fresh));
}

#[test]
fn a_tab_that_heard_nothing_renews_nothing_that_is_renewed() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    harbor.refuse_access();
    one.load(&harbor);
    let stored = world.stored(&harbor);
    two.load(&harbor);
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(world.stored(&harbor), stored, "nothing older was written");
    assert_eq!(one.access(&harbor), two.access(&harbor));
}

#[test]
fn a_refresh_for_the_first_person_is_dropped_when_the_second_has_signed_in_elsewhere() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    one.thread(&harbor, "t-1").composer().typed("Ann's".into());
    harbor.refuse_access();
    let gate = world.net.hold("POST /token");
    one.server(&harbor).reload_rooms();
    world.settle();
    assert_eq!(gate.waiting(), 1);
    two.app.sign_out(&two.server(&harbor));
    world.settle();
    let bobs = sign_in(&world, &two, &harbor, "bob");
    let stored = world.stored(&harbor);
    harbor.set_user("ann");
    gate.release();
    world.settle();
    assert_eq!(world.stored(&harbor), stored, "Bob's, and untouched");
    assert_eq!(one.access(&harbor), Some(bobs));
    assert_eq!(text(&one, &harbor, "t-1"), "", "Ann's draft is hers");
    world.deliver();
    assert_eq!(world.stored(&harbor), stored);
}

#[test]
fn what_one_person_sends_is_not_sent_again_in_the_name_of_the_next() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let composer = one.thread(&harbor, "t-1").composer();
    composer.typed("Ann's words".into());
    harbor.refuse_access();
    let bobs = sign_in(&world, &two, &harbor, "bob");
    composer.send();
    world.settle();
    let by_bob: Vec<String> = world
        .net
        .log()
        .into_iter()
        .filter(|sent| sent.method == "POST" && sent.bearer.as_ref() == Some(&bobs))
        .map(|sent| sent.url)
        .collect();
    assert_eq!(by_bob, Vec::<String>::new());
    assert_eq!(harbor.runs(), 0);
    sign_in(&world, &one, &harbor, "ann");
    assert_eq!(text(&one, &harbor, "t-1"), "Ann's words", "kept for her");
}

#[test]
fn what_waits_for_a_renewal_is_not_sent_in_the_name_of_the_next() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let gate = world.net.hold("POST /token");
    world.clock.suspend(2 * HOUR);
    assert_eq!(gate.waiting(), 1);
    let composer = one.room(&harbor).new_thread();
    composer.typed("Ann's words".into());
    composer.send();
    world.settle();
    sign_in(&world, &two, &harbor, "bob");
    world.net.forget_log();
    gate.release();
    world.settle();
    assert_eq!(world.net.count("POST /api/v1/rooms/echo/agui"), 0);
    sign_in(&world, &one, &harbor, "ann");
    assert_eq!(
        one.room(&harbor).new_thread().text().get_untracked(),
        "Ann's words"
    );
}

#[test]
fn a_message_between_two_requests_does_not_change_hands() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let composer = one.room(&harbor).new_thread();
    let made = world.net.hold("POST /api/v1/rooms/echo/agui");
    composer.typed("Ann's words".into());
    composer.send();
    world.settle();
    assert_eq!(made.waiting(), 1);
    let bobs = sign_in(&world, &two, &harbor, "bob");
    world.deliver();
    assert_eq!(one.access(&harbor), Some(bobs));
    made.release();
    world.settle();
    assert_eq!(harbor.runs(), 0, "nothing was said in Bob's name");
    sign_in(&world, &one, &harbor, "ann");
    assert_eq!(
        one.room(&harbor).new_thread().text().get_untracked(),
        "Ann's words"
    );
}

#[test]
fn two_sign_ins_at_once_each_end_at_their_own_server() {
    let world = World::new();
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    for backend in [&harbor, &meadow] {
        world.expired(backend);
        backend.refuse_refresh();
    }
    let (one, two) = (world.open(), world.open());
    let to_harbor = leave(&world, &one, &harbor, &harbor.path(None));
    let to_meadow = leave(&world, &two, &meadow, &meadow.path(Some("t-1")));
    one.close();
    two.close();
    // They come back in the other order.
    let two = world.open_with(meadow.answer());
    assert_eq!(two.visit(&to_meadow), meadow.path(Some("t-1")));
    let one = world.open_with(harbor.answer());
    assert_eq!(one.visit(&to_harbor), harbor.path(None));
    for backend in [&harbor, &meadow] {
        let session = world.stored(backend).unwrap();
        assert!(session.is_active());
        assert_eq!(session.provider(), Some(&backend.provider()));
        one.load(backend);
        assert_eq!(one.server(backend).rooms().get_untracked().error, None);
    }
}

#[test]
fn a_sign_out_here_and_an_expiry_there_leave_one_signed_out_session() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let gate = world.net.hold("GET /api/v1/rooms");
    two.server(&harbor).reload_rooms();
    world.settle();
    refuse(&harbor);
    one.app.sign_out(&one.server(&harbor));
    gate.answer(reply(401, "{}"));
    world.settle();
    assert!(world.stored_is_signed_out(&harbor));
    world.deliver();
    assert_eq!(two.standing(&harbor), Standing::SignedOut);
}

#[test]
fn ten_tabs_take_over_each_rotation_and_never_use_a_spent_token() {
    let (world, harbor) = World::with_one();
    let tabs: Vec<Tab> = (0..10).map(|_| world.open()).collect();
    for round in 1..=5 {
        harbor.refuse_access();
        for tab in &tabs {
            tab.server(&harbor).reload_rooms();
        }
        world.settle();
        assert_eq!(world.net.count("POST /token"), round);
        let now = refresh_token(&world, &harbor);
        assert!(now.is_some());
        for tab in &tabs {
            assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
        }
    }
}
