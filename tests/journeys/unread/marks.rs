//! What is kept of what was read, on this device, in all tabs.

use super::*;

#[test]
fn marks_survive_a_reload_and_reach_other_tabs() {
    let (world, harbor) = World::with_one();
    let (tab, other) = (world.open(), world.open());
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    refresh(&other, &harbor);
    list(&world, &[("t-1", "One", 12)]);
    refresh(&tab, &harbor);
    refresh(&other, &harbor);
    assert_eq!(unread(&other, &harbor), ["t-1"]);
    look_at(&tab, &harbor, "t-1");
    let user = tab.server(&harbor).session().user();
    let key = keys::read_marks(&harbor.id(), &user, &RoomId::from("echo"));
    other.room(&harbor).unread().storage_changed(&key);
    assert_eq!(unread(&other, &harbor), Vec::<String>::new());
    tab.close();
    let third = world.open();
    refresh(&third, &harbor);
    assert_eq!(unread(&third, &harbor), Vec::<String>::new());
}

#[test]
fn two_tabs_do_not_undo_each_others_marks() {
    let (world, harbor) = World::with_one();
    let (tab, other) = (world.open(), world.open());
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 5)]);
    for tab in [&tab, &other] {
        refresh(tab, &harbor);
    }
    list(&world, &[("t-1", "One", 12), ("t-2", "Two", 12)]);
    for tab in [&tab, &other] {
        refresh(tab, &harbor);
    }
    look_at(&tab, &harbor, "t-1");
    look_at(&other, &harbor, "t-2");
    let third = world.open();
    refresh(&third, &harbor);
    assert_eq!(unread(&third, &harbor), Vec::<String>::new());
}

#[test]
fn unreadable_marks_are_set_aside_and_the_room_begins_anew() {
    let (world, harbor) = World::with_one();
    let key = {
        let tab = world.open();
        let user = tab.server(&harbor).session().user();
        keys::read_marks(&harbor.id(), &user, &RoomId::from("echo"))
    };
    world.disk.put(&key, "{broken");
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    assert_eq!(unread(&tab, &harbor), Vec::<String>::new());
    assert_eq!(
        world.disk.read(&keys::aside(&key)).as_deref(),
        Some("{broken")
    );
}

#[test]
fn a_thread_can_be_marked_as_read_without_opening_it() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 5)]);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    look_at(&tab, &harbor, "t-2");
    end(&tab, &harbor, &run);
    list(&world, &[("t-1", "One", 3_599), ("t-2", "Two", 5)]);
    refresh(&tab, &harbor);
    assert_eq!(unread(&tab, &harbor), ["t-1"]);
    let at = summaries(&tab, &harbor)[0].last_activity;
    let marked = ThreadId::from("t-1");
    tab.room(&harbor).unread().mark_read(&marked, at);
    assert_eq!(unread(&tab, &harbor), Vec::<String>::new());
    assert_eq!(count(&tab), 0);
}

#[test]
fn a_server_that_is_removed_leaves_no_marks_behind() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    let kept = |backend: &Backend| {
        let user = tab.server(backend).session().user();
        keys::read_marks(&backend.id(), &user, &RoomId::from("echo"))
    };
    let (gone, stays) = (kept(&harbor), kept(&meadow));
    for backend in [&harbor, &meadow] {
        refresh(&tab, backend);
    }
    assert!(world.disk.read(&gone).is_some());
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    assert_eq!(world.disk.read(&gone), None);
    assert!(world.disk.read(&stays).is_some());
}

#[test]
fn a_server_that_is_removed_while_it_is_on_show_leaves_no_marks_behind() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    look_at(&tab, &harbor, "t-1");
    let room = tab.room(&harbor);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    world.advance(HOUR);
    // The page goes when the server has gone already.
    room.unread().left();
    tab.settle();
    assert!(
        world.disk.all("enfilade/read/").is_empty(),
        "{:?}",
        world.disk.all("enfilade/read/")
    );
}
