//! Messages that wait until the answer before them has ended.

use super::*;

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
