//! The line between what was read and what is new.

use super::*;

#[test]
fn the_divider_stands_where_the_reading_ended_and_does_not_move() {
    let (world, harbor) = World::with_one();
    harbor.add_run("t-1", "r-1", "hello");
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    look_at(&tab, &harbor, "t-1");
    let thread = tab.thread(&harbor, "t-1");
    assert_eq!(thread.unread_after().get_untracked(), None);
    let last = thread.order().get_untracked().last().cloned();
    assert!(last.is_some());
    leave(&tab, &harbor);
    // Another device goes on, and this one starts afresh.
    harbor.add_run("t-1", "r-2", "and more");
    list(&world, &[("t-1", "One", 3_599)]);
    let later = world.open();
    refresh(&later, &harbor);
    assert_eq!(unread(&later, &harbor), ["t-1"]);
    look_at(&later, &harbor, "t-1");
    let thread = later.thread(&harbor, "t-1");
    assert_eq!(thread.unread_after().get_untracked(), last);
    assert!(thread.order().get_untracked().len() > 1);
    refresh(&later, &harbor);
    assert_eq!(thread.unread_after().get_untracked(), last, "it stays");
    leave(&later, &harbor);
    look_at(&later, &harbor, "t-1");
    assert_eq!(
        thread.unread_after().get_untracked(),
        None,
        "everything was read"
    );
}

#[test]
fn a_thread_opened_before_its_room_is_known_gets_its_divider_with_the_list() {
    let (world, harbor) = World::with_one();
    harbor.add_run("t-1", "r-1", "hello");
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    look_at(&tab, &harbor, "t-1");
    let last = tab.thread(&harbor, "t-1").order().get_untracked();
    leave(&tab, &harbor);
    harbor.add_run("t-1", "r-2", "and more");
    list(&world, &[("t-1", "One", 3_599)]);
    let later = world.open();
    look_at(&later, &harbor, "t-1");
    refresh(&later, &harbor);
    let thread = later.thread(&harbor, "t-1");
    assert_eq!(thread.unread_after().get_untracked().as_ref(), last.last());
    leave(&later, &harbor);
    assert_eq!(unread(&later, &harbor), Vec::<String>::new());
}
