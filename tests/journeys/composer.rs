//! Messages that wait for their turn, and images: sent once, in order, and given back whole.

mod images;
mod waiting;

use std::sync::Mutex;

use enfilade::core::composer::outgoing::Image;
use enfilade::core::composer::written::Content;
use enfilade::core::record::keys;
use enfilade::state::composer::Composer;
use enfilade::state::thread::ThreadState;
use reactive_graph::traits::{Get, GetUntracked};

use crate::fake::{
    Backend, HOUR, Tab, World, content, finished, reply, rows, run_error, started, text_end,
    text_start,
};

fn text(composer: &Composer) -> String {
    composer.text().get_untracked()
}

fn waiting(composer: &Composer) -> Vec<String> {
    let list = composer.waiting().get_untracked();
    list.into_iter()
        .map(|waiting| {
            let mark = if waiting.is_released { "" } else { "held: " };
            format!("{mark}{}", waiting.written.text)
        })
        .collect()
}

fn drafts(world: &World) -> Vec<String> {
    world
        .disk
        .all(keys::DRAFT_PREFIX)
        .iter()
        .map(|key| world.disk.read(key).unwrap())
        .collect()
}

fn write(composer: &Composer, words: &str) {
    composer.typed(words.into());
    composer.send();
}

fn image(name: &str) -> Image {
    Image {
        name: name.into(),
        mime: "image/png",
        size: 3,
        data: "AAAA".into(),
    }
}

/// Puts an image behind the text, as the field does.
fn attach(composer: &Composer, name: &str) {
    let token = composer.add_image(image(name));
    composer.typed(text(composer) + &token);
}

fn images(composer: &Composer) -> Vec<String> {
    let shown = composer.images().get();
    shown
        .iter()
        .map(|slot| match &slot.content {
            Content::Here(image) => image.name.clone(),
            Content::Gone(name) => format!("gone: {name}"),
        })
        .collect()
}

fn answer(tab: &Tab, harbor: &Backend, ending: impl Fn(&str) -> serde_json::Value) {
    let run = harbor.last_run();
    harbor.emit(
        &run,
        &[
            started(&run),
            text_start("m"),
            content("m", "well"),
            text_end("m"),
            ending(&run),
        ],
    );
    tab.settle();
}

fn asked(thread: &ThreadState) -> Vec<String> {
    let rows = rows(thread);
    rows.into_iter()
        .filter(|row| row.starts_with("user:"))
        .collect()
}

#[test]
fn two_tabs_send_a_waiting_message_once() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let (here, there) = (
        one.thread(&harbor, "t-1").composer(),
        two.thread(&harbor, "t-1").composer(),
    );
    write(&here, "one");
    one.settle();
    let first = harbor.last_run();
    write(&here, "two");
    write(&here, "three");
    write(&here, "four");
    world.deliver();
    assert_eq!(waiting(&there), ["held: two", "held: three", "held: four"]);
    let ids: Vec<_> = there
        .waiting()
        .get_untracked()
        .into_iter()
        .map(|waiting| waiting.id)
        .collect();
    // The other tab hears of nothing yet, and the one does not either.
    there.send_now(&ids[0]);
    there.remove_waiting(&ids[1]);
    two.settle();
    assert_eq!(harbor.runs(), 2);
    harbor.emit(&first, &[started(&first), finished(&first)]);
    one.settle();
    world.deliver();
    assert_eq!(waiting(&here), [""; 0], "the fourth is on its way");
    assert_eq!(harbor.runs(), 3, "two and four, each once");
    world.deliver();
    assert!(drafts(&world).is_empty(), "{:?}", drafts(&world));
}

#[test]
fn typing_in_one_tab_keeps_what_waits_in_the_other() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let (here, there) = (
        one.thread(&harbor, "t-1").composer(),
        two.thread(&harbor, "t-1").composer(),
    );
    there.typed("being typed".into());
    write(&here, "one");
    one.settle();
    write(&here, "two");
    there.flush();
    world.deliver();
    assert_eq!(waiting(&here), ["two"]);
    assert_eq!(waiting(&there), ["held: two"]);
    let stored = &drafts(&world)[0];
    assert!(stored.contains("two"), "{stored}");
}

#[test]
fn what_is_written_while_a_thread_is_made_goes_along() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.visit(&harbor.path(None));
    let made = world.net.hold("POST /api/v1/rooms/echo/agui");
    let page = tab.room(&harbor).new_thread();
    write(&page, "hello");
    write(&page, "and then");
    page.typed("half a th".into());
    tab.settle();
    made.release();
    tab.settle();
    let id = tab.went().unwrap().rsplit('/').next().unwrap().to_owned();
    let thread = tab.thread(&harbor, &id);
    assert_eq!(text(&thread.composer()), "half a th");
    assert_eq!(text(&page), "");
    assert_eq!(waiting(&thread.composer()), ["and then"]);
    answer(&tab, &harbor, finished);
    assert_eq!(asked(&thread), ["user:done:hello", "user:done:and then"]);
    assert_eq!(harbor.runs(), 2);
}

#[test]
fn a_thread_that_cannot_be_made_leaves_everything_on_its_page() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let made = world.net.hold("POST /api/v1/rooms/echo/agui");
    let page = tab.room(&harbor).new_thread();
    write(&page, "hello");
    write(&page, "and then");
    tab.settle();
    made.answer(reply(500, "{}"));
    tab.settle();
    assert_eq!(text(&page), "hello");
    assert_eq!(waiting(&page), ["held: and then"]);
}

#[test]
fn a_draft_of_an_older_version_is_still_there() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1").composer().typed("x".into());
    tab.app.flush();
    let key = world.disk.all(keys::DRAFT_PREFIX)[0].clone();
    tab.close();
    let now = world.clock.time();
    world.disk.put(
        &key,
        &format!(r#"{{"v":1,"data":{{"text":"old words","saved_at":{now}}}}}"#),
    );
    let tab = world.open();
    assert_eq!(text(&tab.thread(&harbor, "t-1").composer()), "old words");
}

#[test]
fn a_large_text_is_saved_less_often_and_still_at_once_when_the_page_is_left() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    composer.typed("x".repeat(1_000_000));
    world.advance(1_499);
    assert!(drafts(&world).is_empty());
    world.advance(1);
    assert_eq!(drafts(&world).len(), 1);
    composer.typed("y".repeat(1_000_000));
    tab.app.flush();
    assert!(drafts(&world)[0].contains('y'));
}

#[test]
fn a_waiting_message_whose_tab_has_died_while_sending_it_stays_until_it_is_sent() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "two");
    let gate = world.net.hold("POST /agui/t-1");
    answer(&tab, &harbor, finished);
    assert_eq!(gate.waiting(), 1, "it is being sent");
    tab.close();
    world.net.heal();

    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    assert_eq!(waiting(&composer), ["held: two"]);
    composer.typed("three".into());
    composer.flush();
    assert_eq!(waiting(&composer), ["held: two"]);
    let before = harbor.runs();
    let id = composer.waiting().get_untracked()[0].id.clone();
    composer.send_now(&id);
    tab.settle();
    assert_eq!(harbor.runs(), before + 1);
    assert_eq!(waiting(&composer), [""; 0]);
    assert!(!drafts(&world)[0].contains("two"), "{:?}", drafts(&world));
}

#[test]
fn a_tab_that_is_opened_while_another_is_sending_lets_go_of_the_message_when_it_is_sent() {
    let (world, harbor) = World::with_one();
    let one = world.open();
    let here = one.thread(&harbor, "t-1").composer();
    write(&here, "one");
    one.settle();
    write(&here, "two");
    let gate = world.net.hold("POST /agui/t-1");
    answer(&one, &harbor, finished);
    assert_eq!(gate.waiting(), 1, "it is being sent");
    let two = world.open();
    let there = two.thread(&harbor, "t-1").composer();
    world.deliver();
    assert_eq!(waiting(&here), [""; 0]);
    gate.release();
    one.settle();
    world.deliver();
    assert_eq!(waiting(&there), [""; 0]);
    assert_eq!(harbor.runs(), 2);
    assert!(drafts(&world).is_empty(), "{:?}", drafts(&world));
}

#[test]
fn a_message_that_another_tab_has_sent_does_not_come_back_with_the_next_key() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let (here, there) = (
        one.thread(&harbor, "t-1").composer(),
        two.thread(&harbor, "t-1").composer(),
    );
    write(&here, "one");
    one.settle();
    write(&here, "two");
    world.deliver();
    let gate = world.net.hold("POST /agui/t-1");
    answer(&one, &harbor, finished);
    assert_eq!(gate.waiting(), 1, "it is being sent");
    world.deliver();
    assert_eq!(waiting(&there), [""; 0]);
    gate.release();
    one.settle();
    // The news of it is still on its way.
    there.typed("three".into());
    there.flush();
    let stored = drafts(&world);
    assert!(!stored[0].contains("two"), "{stored:?}");
}

#[test]
fn a_text_that_stands_here_outlives_its_draft() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "two");
    composer.typed("three".into());
    composer.flush();
    world.advance(25 * HOUR);
    // Its start takes away what is too old.
    let _other = world.open();
    world.deliver();
    assert_eq!(text(&composer), "three");
    assert_eq!(waiting(&composer), ["held: two"]);
}

#[test]
fn what_sending_does_may_change_what_sending_does() {
    // In a thread of its own: where the sender is called under its lock, it waits for itself for ever.
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let composer = tab.thread(&harbor, "t-1").composer();
        let (same, told) = (composer.clone(), std::sync::Arc::new(Mutex::new(0)));
        let count = told.clone();
        composer.on_send(move |_| {
            *count.lock().unwrap() += 1;
            same.on_send(|_| ());
        });
        composer.send_alone("hello".into());
        let told = *told.lock().unwrap();
        let _ = done.send(told);
    });
    let told = is_done.recv_timeout(std::time::Duration::from_secs(20));
    assert_eq!(told, Ok(1));
}
