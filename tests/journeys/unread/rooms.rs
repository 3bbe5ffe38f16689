//! Which rooms have something new, in the lobby and in the list of rooms.

use enfilade::core::record::keys;

use super::*;

const STATS: &str = "GET /api/v1/stats/rooms";
const ROOMS: &str = "GET /api/v1/rooms";

fn time(at: i64) -> String {
    format!("2027-01-15T08:{:02}:{:02}Z", at / 60, at % 60)
}

/// When something last happened in `echo` and in `den`, in seconds after eight in the morning; nothing ever, where it is not told.
fn stats(world: &World, echo: Option<i64>, den: Option<i64>) {
    let room = |at: Option<i64>| json!({ "last_activity": at.map(time) });
    let body = json!({ "echo": room(echo), "den": room(den) }).to_string();
    world.net.always(STATS, reply(200, &body));
    let rooms = json!({ "echo": {}, "den": {} }).to_string();
    world.net.always(ROOMS, reply(200, &rooms));
}

/// What the lobby does when somebody comes to it, a while after the last time.
fn look_in(world: &World, tab: &Tab, backend: &Backend) {
    world.advance(21 * SECOND);
    let server = tab.server(backend);
    server.load_rooms();
    server.look_for_news();
    tab.settle();
}

/// The rooms with a dot.
fn new(tab: &Tab, backend: &Backend) -> Vec<&'static str> {
    let news = tab.server(backend).news();
    let rooms = ["echo", "den"].into_iter();
    rooms
        .filter(|room| news.is_in(&RoomId::from(*room)))
        .collect()
}

const NONE: [&str; 0] = [];

#[test]
fn what_happens_in_a_room_after_it_was_first_seen_is_new() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), NONE, "nothing was seen before");
    world.net.heal();
    stats(&world, Some(6), Some(1));
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), ["echo", "den"]);
    let later = world.open();
    look_in(&world, &later, &harbor);
    assert_eq!(new(&later, &harbor), ["echo", "den"], "after a reload too");
}

#[test]
fn a_room_is_read_once_all_its_threads_are() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    list(&world, &[("t-1", "One", 8), ("t-2", "Two", 7)]);
    stats(&world, Some(8), None);
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), ["echo"]);
    refresh(&tab, &harbor);
    assert_eq!(
        unread(&tab, &harbor),
        ["t-1", "t-2"],
        "what came since the room was seen in the lobby"
    );
    look_at(&tab, &harbor, "t-1");
    assert_eq!(new(&tab, &harbor), ["echo"], "one is left");
    look_at(&tab, &harbor, "t-2");
    assert_eq!(new(&tab, &harbor), NONE);
    leave(&tab, &harbor);
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), NONE);
    let later = world.open();
    look_in(&world, &later, &harbor);
    assert_eq!(new(&later, &harbor), NONE, "and it stays read");
}

#[test]
fn what_happens_elsewhere_in_a_room_that_is_open_here_is_asked_for_thread_by_thread() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 5)]);
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    refresh(&tab, &harbor);
    look_at(&tab, &harbor, "t-1");
    list(&world, &[("t-1", "One", 9), ("t-2", "Two", 5)]);
    stats(&world, Some(9), None);
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), NONE, "that is what is on show");
    list(&world, &[("t-1", "One", 9), ("t-2", "Two", 12)]);
    stats(&world, Some(12), None);
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), ["echo"]);
    assert_eq!(unread(&tab, &harbor), ["t-2"]);
}

#[test]
fn ones_own_messages_make_no_room_new_and_an_answer_that_came_unseen_does() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    // By the server's clock this is an hour ahead of ours.
    list(&world, &[("t-1", "One", 3_590)]);
    stats(&world, Some(3_590), None);
    look_in(&world, &tab, &harbor);
    leave(&tab, &harbor);
    assert_eq!(new(&tab, &harbor), NONE);
    end(&tab, &harbor, &run);
    assert_eq!(new(&tab, &harbor), ["echo"], "at once");
    look_at(&tab, &harbor, "t-1");
    assert_eq!(new(&tab, &harbor), NONE);
}

#[test]
fn a_run_that_ends_before_ones_eyes_makes_no_room_new_whenever_its_list_comes() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    end(&tab, &harbor, &run);
    leave(&tab, &harbor);
    world.net.heal();
    let held = world.net.hold(LIST);
    stats(&world, Some(3_590), None);
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), NONE, "while the list is on its way");
    let thread = json!({ "thread_id": "t-1", "last_activity": time(3_590) });
    held.answer(reply(200, &json!({ "threads": [thread] }).to_string()));
    tab.settle();
    assert_eq!(new(&tab, &harbor), NONE);
}

#[test]
fn an_answer_in_a_hidden_page_is_not_taken_for_read() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    hide(&tab, true);
    end(&tab, &harbor, &run);
    list(&world, &[("t-1", "One", 3_590)]);
    stats(&world, Some(3_590), None);
    world.advance(MINUTE);
    let other = world.open();
    look_in(&world, &other, &harbor);
    assert_eq!(new(&other, &harbor), ["echo"]);
    hide(&tab, false);
    tab.room(&harbor).unread().seen();
    let user = tab.server(&harbor).session().user();
    let key = keys::room_marks(&harbor.id(), &user);
    other.server(&harbor).news().storage_changed(&key);
    assert_eq!(new(&other, &harbor), NONE, "read in the other tab");
}

#[test]
fn a_room_that_was_open_here_is_read_once_it_was_read_in_another_tab() {
    let (world, harbor) = World::with_one();
    let (tab, other) = (world.open(), world.open());
    list(&world, &[("t-1", "One", 5)]);
    stats(&world, Some(5), None);
    for tab in [&tab, &other] {
        look_in(&world, tab, &harbor);
        refresh(tab, &harbor);
    }
    list(&world, &[("t-1", "One", 9)]);
    stats(&world, Some(9), None);
    for tab in [&tab, &other] {
        look_in(&world, tab, &harbor);
        assert_eq!(new(tab, &harbor), ["echo"]);
    }
    look_at(&tab, &harbor, "t-1");
    let user = tab.server(&harbor).session().user();
    let key = keys::room_marks(&harbor.id(), &user);
    other.server(&harbor).news().storage_changed(&key);
    assert_eq!(new(&other, &harbor), NONE);
}

#[test]
fn a_server_that_does_not_tell_shows_nothing_and_is_not_asked_again() {
    for status in [403, 404] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always(STATS, reply(status, "{}"));
        for _ in 0..3 {
            look_in(&world, &tab, &harbor);
        }
        assert_eq!(new(&tab, &harbor), NONE);
        assert_eq!(world.net.count(STATS), 1);
    }
}

#[test]
fn an_answer_that_makes_no_sense_leaves_everything_as_it_was() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    for nonsense in [
        "[]",
        "<html>",
        r#"{"echo":7,"den":{"last_activity":"noon"}}"#,
    ] {
        world.net.heal();
        stats(&world, None, None);
        world.net.once(STATS, reply(200, nonsense));
        look_in(&world, &tab, &harbor);
    }
    world.net.heal();
    stats(&world, Some(5), Some(5));
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), NONE);
}

#[test]
fn going_back_and_forth_does_not_ask_each_time() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    for _ in 0..5 {
        world.advance(SECOND);
        tab.server(&harbor).look_for_news();
        tab.settle();
    }
    assert_eq!(world.net.count(STATS), 1);
    look_in(&world, &tab, &harbor);
    assert_eq!(world.net.count(STATS), 2);
}

#[test]
fn the_next_person_sees_nothing_of_what_one_has_read() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    stats(&world, Some(5), None);
    look_in(&world, &tab, &harbor);
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    harbor.set_user("bob");
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    let session = tab.server(&harbor).session().clone();
    session.sign_in(harbor.provider(), tokens);
    world.net.heal();
    stats(&world, Some(9), None);
    look_in(&world, &tab, &harbor);
    assert_eq!(new(&tab, &harbor), NONE, "the first time for bob");
    assert_eq!(world.disk.all("enfilade/read/").len(), 2);
}

#[test]
fn a_server_that_is_removed_leaves_nothing_of_its_rooms_behind() {
    let world = World::new();
    // Where nobody signs in, no end of a session keeps a late answer away.
    let commons = world.backend("commons");
    commons.set_open(true);
    world.remember(&commons);
    let tab = world.open();
    let held = world.net.hold(STATS);
    stats(&world, None, None);
    look_in(&world, &tab, &commons);
    tab.app.remove(&tab.server(&commons));
    tab.settle();
    let late = json!({ "echo": { "last_activity": time(9) } });
    held.answer(reply(200, &late.to_string()));
    tab.settle();
    assert_eq!(world.disk.all("enfilade/read/"), Vec::<String>::new());
}
