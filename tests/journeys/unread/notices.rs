//! Notices of the system, for those who want them.

use super::*;

#[test]
fn notices_are_off_until_the_person_wants_them() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    *tab.desk.permission.lock().unwrap() = Permission::Granted;
    let run = begin(&tab, &harbor, "t-1");
    hide(&tab, true);
    end(&tab, &harbor, &run);
    assert_eq!(told(&tab), []);
}

#[test]
fn a_hidden_page_tells_of_the_end_by_the_threads_name_alone() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(
        &world,
        &[("t-1", "About tides", 5), ("t-2", "New Thread", 5)],
    );
    refresh(&tab, &harbor);
    wants_notices(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    end(&tab, &harbor, &run);
    assert_eq!(told(&tab), [], "whoever looks needs no notice");
    let run = begin(&tab, &harbor, "t-1");
    hide(&tab, true);
    end(&tab, &harbor, &run);
    hide(&tab, false);
    let run = begin(&tab, &harbor, "t-2");
    hide(&tab, true);
    harbor.emit(&run, &[run_error("out of order")]);
    tab.settle();
    assert_eq!(
        told(&tab),
        [
            ("About tides".to_owned(), "The answer is done.".to_owned()),
            (
                "New thread in echo".to_owned(),
                "The answer has ended early. What came is kept.".to_owned()
            ),
        ]
    );
    let tag = tab.desk.told.lock().unwrap()[0].2.clone();
    assert_eq!(tag, harbor.path(Some("t-1")));
    tab.desk.press(0);
    assert_eq!(tab.went(), Some(harbor.path(Some("t-1"))));
}

#[test]
fn a_browser_that_blocks_notices_is_told_of_with_what_to_do() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    *tab.desk.answer.lock().unwrap() = Permission::Denied;
    wants_notices(&tab, &harbor);
    let notices = tab.room(&harbor).unread().notices();
    assert_eq!(notices.wish().get_untracked(), Wish::Off);
    assert!(
        tab.toasts()[0].contains("site's settings"),
        "{:?}",
        tab.toasts()
    );
    *tab.desk.answer.lock().unwrap() = Permission::Granted;
    wants_notices(&tab, &harbor);
    assert_eq!(notices.wish().get_untracked(), Wish::On);
}

#[test]
fn the_wish_for_notices_is_remembered_and_can_be_taken_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    wants_notices(&tab, &harbor);
    let other = world.open();
    *other.desk.permission.lock().unwrap() = Permission::Granted;
    let notices = other.room(&harbor).unread().notices();
    assert_eq!(notices.wish().get_untracked(), Wish::On);
    wants_notices(&tab, &harbor);
    other
        .room(&harbor)
        .unread()
        .storage_changed(&keys::notices());
    assert_eq!(notices.wish().get_untracked(), Wish::Off);
}

#[test]
fn signing_out_tells_nothing_and_leaves_no_count() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 5)]);
    refresh(&tab, &harbor);
    wants_notices(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    look_at(&tab, &harbor, "t-2");
    end(&tab, &harbor, &run);
    begin(&tab, &harbor, "t-2");
    assert_eq!(count(&tab), 1);
    hide(&tab, true);
    tab.server(&harbor).session().sign_out();
    tab.settle();
    assert_eq!(told(&tab), []);
    assert_eq!(count(&tab), 0);
}
