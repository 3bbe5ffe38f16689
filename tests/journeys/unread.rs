//! What is new in a room: dots, the count before the title, notices, titles and previews.

use enfilade::core::record::keys;
use enfilade::core::room::{RoomId, ThreadId};
use enfilade::core::thread::history::ThreadSummary;
use enfilade::port::Permission;
use enfilade::state::thread::ThreadKey;
use enfilade::state::tools::{Answer, ToolCall};
use enfilade::state::unread::Wish;
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use crate::fake::{
    Backend, HOUR, MINUTE, SECOND, Tab, World, content, finished, reply, run_error, started,
    text_end, text_start,
};

const LIST: &str = "GET /api/v1/rooms/echo/agui";

/// What the server says of its threads from now on: name and last activity, in seconds after eight in the morning.
fn list(world: &World, threads: &[(&str, &str, i64)]) {
    let threads: Vec<_> = threads
        .iter()
        .map(|(id, name, at)| {
            json!({
                "thread_id": id,
                "metadata": { "name": name },
                "last_activity": format!("2027-01-15T08:{:02}:{:02}Z", at / 60, at % 60),
            })
        })
        .collect();
    let body = json!({ "threads": threads }).to_string();
    world.net.heal();
    world.net.always(LIST, reply(200, &body));
}

fn refresh(tab: &Tab, backend: &Backend) {
    tab.room(backend).reload_threads();
    tab.settle();
}

fn look_at(tab: &Tab, backend: &Backend, thread: &str) {
    tab.visit(&backend.path(Some(thread)));
    tab.room(backend).opened(&ThreadId::from(thread));
    tab.thread(backend, thread).open();
    tab.settle();
}

fn leave(tab: &Tab, backend: &Backend) {
    tab.visit("/lobby");
    tab.room(backend).unread().left();
    tab.settle();
}

fn summaries(tab: &Tab, backend: &Backend) -> Vec<ThreadSummary> {
    let threads = tab.room(backend).threads().get_untracked();
    threads.data.unwrap_or_default()
}

/// The threads with a dot.
fn unread(tab: &Tab, backend: &Backend) -> Vec<String> {
    let unread = tab.room(backend).unread();
    summaries(tab, backend)
        .into_iter()
        .filter(|thread| unread.is_unread(&thread.id, thread.last_activity))
        .map(|thread| thread.id.to_string())
        .collect()
}

fn count(tab: &Tab) -> usize {
    tab.desk.counts.lock().unwrap().values().sum()
}

fn hide(tab: &Tab, hidden: bool) {
    let flag = &tab.desk.hidden;
    flag.store(hidden, std::sync::atomic::Ordering::Relaxed);
}

/// Starts a run in a thread that is on show; its answer has begun.
fn begin(tab: &Tab, backend: &Backend, thread: &str) -> String {
    look_at(tab, backend, thread);
    let composer = tab.thread(backend, thread).composer();
    composer.typed("count".into());
    composer.send();
    tab.settle();
    let run = backend.last_run();
    backend.emit(
        &run,
        &[started(&run), text_start("m"), content("m", "## One, ")],
    );
    tab.settle();
    run
}

fn end(tab: &Tab, backend: &Backend, run: &str) {
    backend.emit(run, &[content("m", "two"), text_end("m"), finished(run)]);
    tab.settle();
}

fn wants_notices(tab: &Tab, backend: &Backend) {
    tab.room(backend).unread().notices().toggle();
    tab.settle();
}

fn told(tab: &Tab) -> Vec<(String, String)> {
    let told = tab.desk.told.lock().unwrap();
    let words = told
        .iter()
        .map(|(title, body, _)| (title.clone(), body.clone()));
    words.collect()
}

#[test]
fn a_room_seen_for_the_first_time_has_no_dots_and_what_happens_later_has() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 9)]);
    refresh(&tab, &harbor);
    assert_eq!(unread(&tab, &harbor), Vec::<String>::new());
    list(&world, &[("t-1", "One", 12), ("t-2", "Two", 9)]);
    refresh(&tab, &harbor);
    assert_eq!(unread(&tab, &harbor), ["t-1"]);
}

#[test]
fn a_thread_is_read_while_it_is_on_show_and_stays_so_after_leaving() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    list(&world, &[("t-1", "One", 12)]);
    refresh(&tab, &harbor);
    look_at(&tab, &harbor, "t-1");
    assert_eq!(unread(&tab, &harbor), Vec::<String>::new());
    // By the server's clock this is an hour ahead of ours.
    list(&world, &[("t-1", "One", 3_599)]);
    refresh(&tab, &harbor);
    leave(&tab, &harbor);
    assert_eq!(unread(&tab, &harbor), Vec::<String>::new());
}

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
fn a_run_that_ends_elsewhere_lights_up_at_once_and_is_counted() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 5)]);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    look_at(&tab, &harbor, "t-2");
    assert_eq!(count(&tab), 0);
    end(&tab, &harbor, &run);
    assert_eq!(unread(&tab, &harbor), ["t-1"]);
    assert_eq!(count(&tab), 1);
    look_at(&tab, &harbor, "t-1");
    assert_eq!(unread(&tab, &harbor), Vec::<String>::new());
    assert_eq!(count(&tab), 0);
}

#[test]
fn a_run_that_ends_before_ones_eyes_never_lights_up() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    end(&tab, &harbor, &run);
    // Gone before the list has told of the end, by a clock that is ahead of ours.
    leave(&tab, &harbor);
    list(&world, &[("t-1", "One", 3_599)]);
    world.advance(2 * SECOND);
    assert_eq!(unread(&tab, &harbor), Vec::<String>::new());
    assert_eq!(count(&tab), 0);
}

#[test]
fn an_answer_in_a_hidden_page_counts_until_the_page_is_seen() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5)]);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    hide(&tab, true);
    end(&tab, &harbor, &run);
    assert_eq!(count(&tab), 1);
    assert_eq!(
        unread(&tab, &harbor),
        Vec::<String>::new(),
        "the thread on show has no dot"
    );
    hide(&tab, false);
    tab.room(&harbor).unread().seen();
    assert_eq!(count(&tab), 0);
}

#[test]
fn a_question_is_counted_as_long_as_it_waits() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let tools = tab.room(&harbor).tools();
    let key = ThreadKey {
        server: harbor.id(),
        room: RoomId::from("echo"),
        thread: ThreadId::from("t-1"),
    };
    let call = ToolCall {
        id: "c".into(),
        name: "read_clipboard".into(),
        args: "{}".into(),
    };
    let asking = tools.clone();
    enfilade::state::task::spawn(async move {
        asking.call(&key, &call).await;
    });
    tab.settle();
    assert_eq!(count(&tab), 1);
    let id = tools.waiting().get_untracked()[0].id;
    tools.answer(id, Answer::Deny);
    tab.settle();
    assert_eq!(count(&tab), 0);
}

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

#[test]
fn a_deleted_thread_is_not_counted_any_more() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 5)]);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    look_at(&tab, &harbor, "t-2");
    end(&tab, &harbor, &run);
    assert_eq!(count(&tab), 1);
    tab.room(&harbor).delete(&ThreadId::from("t-1"));
    tab.settle();
    assert_eq!(count(&tab), 0);
}

#[test]
fn a_title_that_comes_late_is_looked_for_once_more() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "New Thread", 5)]);
    refresh(&tab, &harbor);
    let run = begin(&tab, &harbor, "t-1");
    end(&tab, &harbor, &run);
    let asked = || world.net.sent(LIST).len();
    let before = asked();
    world.advance(2 * SECOND);
    assert_eq!(asked(), before + 1);
    list(&world, &[("t-1", "About counting", 9)]);
    world.advance(4 * SECOND);
    let names: Vec<_> = summaries(&tab, &harbor)
        .into_iter()
        .filter_map(|thread| thread.name)
        .collect();
    assert_eq!(names, ["About counting"]);
    let run = begin(&tab, &harbor, "t-1");
    end(&tab, &harbor, &run);
    let before = asked();
    world.advance(MINUTE);
    assert_eq!(
        asked(),
        before + 1,
        "a thread with a title needs no second look"
    );
}

#[test]
fn threads_that_were_open_have_a_preview() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    list(&world, &[("t-1", "One", 5), ("t-2", "Two", 5)]);
    refresh(&tab, &harbor);
    let unread = tab.room(&harbor).unread();
    assert_eq!(unread.preview(&ThreadId::from("t-1")), None);
    let run = begin(&tab, &harbor, "t-1");
    end(&tab, &harbor, &run);
    assert_eq!(
        unread.preview(&ThreadId::from("t-1")).as_deref(),
        Some("One, two")
    );
    assert_eq!(unread.preview(&ThreadId::from("t-2")), None);
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
