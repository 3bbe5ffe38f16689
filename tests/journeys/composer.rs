//! Messages that wait for their turn, and images: sent once, in order, and given back whole.

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
fn what_is_sent_during_a_run_waits_and_goes_out_in_order_when_runs_end_well() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let composer = thread.composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "two");
    write(&composer, "three");
    assert_eq!(text(&composer), "");
    assert_eq!(waiting(&composer), ["two", "three"]);
    assert_eq!(asked(&thread), ["user:done:one"]);
    answer(&tab, &harbor, finished);
    assert_eq!(waiting(&composer), ["three"]);
    assert_eq!(asked(&thread), ["user:done:one", "user:done:two"]);
    answer(&tab, &harbor, finished);
    answer(&tab, &harbor, finished);
    assert_eq!(
        asked(&thread),
        ["user:done:one", "user:done:two", "user:done:three"]
    );
    assert_eq!(harbor.runs(), 3);
    world.advance(1_000);
    assert!(drafts(&world).is_empty(), "{:?}", drafts(&world));
}

#[test]
fn what_waits_stays_when_the_run_fails_or_is_stopped_and_goes_out_on_a_word() {
    for stops in [true, false] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let thread = tab.thread(&harbor, "t-1");
        let composer = thread.composer();
        write(&composer, "one");
        tab.settle();
        write(&composer, "two");
        write(&composer, "three");
        if stops {
            thread.stop();
            tab.settle();
        } else {
            answer(&tab, &harbor, |_| run_error("no"));
        }
        assert_eq!(waiting(&composer), ["held: two", "held: three"]);
        assert_eq!(harbor.runs(), 1);
        let id = composer.waiting().get_untracked()[0].id.clone();
        composer.send_now(&id);
        tab.settle();
        assert_eq!(waiting(&composer), ["three"], "which follows by itself");
        answer(&tab, &harbor, finished);
        assert_eq!(waiting(&composer), [""; 0]);
        assert_eq!(harbor.runs(), 3);
    }
}

#[test]
fn a_waiting_message_that_is_refused_keeps_its_place() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let composer = thread.composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "two");
    write(&composer, "three");
    composer.typed("four".into());
    world.net.once("POST /agui/t-1", reply(500, "{}"));
    answer(&tab, &harbor, finished);
    assert_eq!(waiting(&composer), ["held: two", "held: three"]);
    assert_eq!(text(&composer), "four", "nothing jumps into the field");
    assert!(composer.error().get_untracked().is_some());
    assert_eq!(asked(&thread), ["user:done:one"]);
    let stored = &drafts(&world)[0];
    assert_eq!(stored.matches("two").count(), 1, "{stored}");
}

#[test]
fn a_waiting_message_can_be_edited_or_removed() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let composer = thread.composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "two");
    attach(&composer, "cat.png");
    composer.send();
    attach(&composer, "dog.png");
    let ids: Vec<_> = composer
        .waiting()
        .get_untracked()
        .into_iter()
        .map(|waiting| waiting.id)
        .collect();
    composer.edit_waiting(&ids[1]);
    assert_eq!(text(&composer), "[Image 2]\n\n[Image 1]");
    assert_eq!(images(&composer), ["cat.png", "dog.png"]);
    composer.remove_waiting(&ids[0]);
    assert_eq!(waiting(&composer), [""; 0]);
    composer.edit_waiting(&ids[0]);
    answer(&tab, &harbor, finished);
    assert_eq!(harbor.runs(), 1);
    assert!(!drafts(&world)[0].contains("two"));
}

#[test]
fn a_crash_gives_what_waits_back_and_sends_nothing_by_itself() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "two");
    attach(&composer, "cat.png");
    composer.send();
    composer.typed("three".into());
    composer.flush();
    tab.close();

    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let composer = thread.composer();
    thread.open();
    tab.settle();
    assert_eq!(waiting(&composer), ["held: two", "held: [Image 1]"]);
    assert_eq!(text(&composer), "three");
    answer(&tab, &harbor, finished);
    assert_eq!(harbor.runs(), 1);
    let ids: Vec<_> = composer
        .waiting()
        .get_untracked()
        .into_iter()
        .map(|waiting| waiting.id)
        .collect();
    composer.send_now(&ids[1]);
    tab.settle();
    assert_eq!(harbor.runs(), 1, "its image is not here any more");
    composer.send_now(&ids[0]);
    tab.settle();
    assert_eq!(harbor.runs(), 2);
    composer.edit_waiting(&ids[1]);
    assert_eq!(images(&composer), ["gone: cat.png"]);
    assert!(!composer.can_send().get());
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
fn nothing_that_one_person_left_waiting_is_sent_for_the_next() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    let composer = thread.composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "Ann's");
    let sign_in = |user: &str| {
        harbor.set_user(user);
        tab.server(&harbor)
            .session()
            .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
        tab.settle();
    };
    sign_in("bob");
    let before = harbor.runs();
    composer.run_ended(true);
    if let Some(first) = composer.waiting().get_untracked().first() {
        composer.send_now(&first.id);
    }
    composer.typed("Ann's too".into());
    composer.send();
    tab.settle();
    assert_eq!(harbor.runs(), before);
    assert_eq!(waiting(&tab.thread(&harbor, "t-1").composer()), [""; 0]);
    sign_in("ann");
    let composer = tab.thread(&harbor, "t-1").composer();
    assert_eq!(waiting(&composer), ["held: Ann's"]);
}

#[test]
fn the_end_of_a_session_keeps_what_waits() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    write(&composer, "one");
    tab.settle();
    write(&composer, "two");
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    tab.close();
    let tab = world.open();
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    let composer = tab.thread(&harbor, "t-1").composer();
    assert_eq!(waiting(&composer), ["held: two"]);
}

#[test]
fn images_go_with_the_message_in_the_order_of_the_text() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    composer.typed("see ".into());
    attach(&composer, "cat.png");
    attach(&composer, "dog.png");
    composer.typed("see [Image 2] beside [Image 1]".into());
    assert_eq!(images(&composer), ["dog.png", "cat.png"]);
    composer.send();
    tab.settle();
    assert_eq!((text(&composer).as_str(), images(&composer).len()), ("", 0));
    let sent = world
        .net
        .last(&format!("POST /{}", harbor.last_run()))
        .json();
    let parts = sent["messages"][0]["content"].as_array().unwrap().clone();
    let kinds: Vec<_> = parts
        .iter()
        .map(|part| part["text"].as_str().unwrap_or("(image)").trim().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "see", "Image 1:", "(image)", "beside", "Image 2:", "(image)"
        ]
    );
}

#[test]
fn a_failed_send_gives_text_and_images_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    attach(&composer, "cat.png");
    let gate = world.net.hold("POST /agui/t-1");
    composer.send();
    attach(&composer, "dog.png");
    tab.settle();
    gate.answer(reply(503, ""));
    tab.settle();
    assert_eq!(text(&composer), "[Image 2]\n\n[Image 1]");
    assert_eq!(images(&composer), ["cat.png", "dog.png"]);
    assert!(composer.can_send().get(), "nothing has to be chosen again");
}

#[test]
fn a_failure_after_the_thread_was_made_brings_images_and_what_waits_there() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.visit(&harbor.path(None));
    let made = world.net.hold("POST /api/v1/rooms/echo/agui");
    let page = tab.room(&harbor).new_thread();
    attach(&page, "cat.png");
    page.send();
    write(&page, "and then");
    attach(&page, "dog.png");
    tab.settle();
    assert_eq!(waiting(&page), ["and then"]);
    made.answer(reply(200, r#"{"thread_id":"t-9","runs":{"gone":{}}}"#));
    tab.settle();
    let composer = tab.thread(&harbor, "t-9").composer();
    assert_eq!(images(&composer), ["cat.png", "dog.png"]);
    assert_eq!(waiting(&composer), ["held: and then"]);
    assert_eq!(text(&page), "");
    assert_eq!((images(&page).len(), waiting(&page).len()), (0, 0));
    assert_eq!(drafts(&world).len(), 1, "under one place only");
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
fn a_draft_names_its_images_and_they_can_be_chosen_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    composer.typed("look ".into());
    attach(&composer, "cat.png");
    attach(&composer, "dog.png");
    world.advance(300);
    assert!(!drafts(&world)[0].contains("AAAA"), "no bytes are kept");
    tab.close();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    assert_eq!(text(&composer), "look [Image 1][Image 2]");
    assert_eq!(images(&composer), ["gone: cat.png", "gone: dog.png"]);
    assert!(!composer.can_send().get());
    composer.replace_image(1, image("other.png"));
    assert!(!composer.can_send().get());
    composer.remove_image(2);
    assert_eq!(text(&composer), "look [Image 1]");
    assert!(composer.can_send().get());
    assert!(drafts(&world)[0].contains("other.png"));
}

#[test]
fn an_image_comes_back_with_its_token() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    attach(&composer, "cat.png");
    composer.typed("cut".into());
    assert_eq!(images(&composer), [""; 0]);
    assert_eq!(composer.load(), (0, 0));
    attach(&composer, "dog.png");
    assert_eq!(text(&composer), "cut[Image 2]");
    composer.typed("[Image 1] cut[Image 2]".into());
    assert_eq!(images(&composer), ["cat.png", "dog.png"]);
    drop(world);
}

#[test]
fn a_draft_with_images_reaches_the_other_tabs_by_name_and_leaves_this_one_alone() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let (here, there) = (
        one.thread(&harbor, "t-1").composer(),
        two.thread(&harbor, "t-1").composer(),
    );
    attach(&here, "cat.png");
    here.flush();
    world.deliver();
    assert_eq!(images(&there), ["gone: cat.png"]);
    there.typed(text(&there) + " a cat");
    there.flush();
    world.deliver();
    assert_eq!(text(&here), "[Image 1] a cat");
    assert_eq!(images(&here), ["cat.png"]);
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
