//! What is new in a room: dots, the count before the title, notices, titles and previews.

mod divider;
mod marks;
mod notices;
mod rooms;

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
