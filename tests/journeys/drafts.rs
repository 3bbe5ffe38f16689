//! What is being written is never lost, and never shown to anybody else.

use enfilade::core::record::keys;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Backend, HOUR, MINUTE, SECOND, Tab, World};

fn stored(world: &World) -> Vec<String> {
    world
        .disk
        .all(keys::DRAFT_PREFIX)
        .iter()
        .map(|key| world.disk.read(key).unwrap())
        .collect()
}

fn text(tab: &Tab, backend: &Backend, thread: &str) -> String {
    tab.thread(backend, thread)
        .composer()
        .text()
        .get_untracked()
}

#[test]
fn a_draft_is_saved_300_ms_after_the_last_key() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    composer.typed("The tide".into());
    world.advance(299);
    assert!(stored(&world).is_empty());
    composer.typed("The tide tables".into());
    world.advance(299);
    assert!(
        stored(&world).is_empty(),
        "the pause begins anew with each key"
    );
    world.advance(1);
    assert_eq!(stored(&world).len(), 1);
    assert!(stored(&world)[0].contains("The tide tables"));
    composer.typed("  ".into());
    world.advance(300);
    assert!(stored(&world).is_empty(), "nothing is not worth keeping");
}

#[test]
fn whoever_types_without_a_pause_is_saved_every_two_seconds() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    let mut words = String::new();
    for number in 0..=20 {
        words.push_str("la ");
        composer.typed(words.clone());
        assert_eq!(stored(&world).len(), usize::from(number >= 20), "{number}");
        world.advance(100);
    }
    assert!(stored(&world)[0].contains(words.trim_end()));
}

#[test]
fn a_draft_is_saved_at_once_on_flush_and_restored_in_a_new_tab() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("The tide".into());
    tab.room(&harbor).new_thread().typed("A new thought".into());
    tab.app.flush();
    tab.close();
    let tab = world.open();
    assert_eq!(text(&tab, &harbor, "t-1"), "The tide");
    assert_eq!(
        tab.room(&harbor).new_thread().text().get_untracked(),
        "A new thought"
    );
    let composer = tab.thread(&harbor, "t-1").composer();
    assert!(composer.restored().get_untracked());
    composer.typed("The tides".into());
    assert!(!composer.restored().get_untracked());
    assert_eq!(
        text(&tab, &harbor, "t-2"),
        "",
        "drafts of other places stay there"
    );
}

#[test]
fn a_session_flip_saves_first_and_the_text_is_back_after_signing_in_as_the_same_person() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("half a th".into());
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(
        stored(&world)[0].contains("half a th"),
        "before the pause was over"
    );
    assert_eq!(
        text(&tab, &harbor, "t-1"),
        "half a th",
        "and still in the field"
    );
    tab.close();

    let tab = world.open();
    let tokens = harbor.tokens(world.clock.time(), HOUR);
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), tokens);
    assert_eq!(text(&tab, &harbor, "t-1"), "half a th");
}

#[test]
fn another_person_does_not_see_it_and_the_first_one_finds_it_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("Ann's secret".into());
    let sign_in = |user: &str| {
        harbor.set_user(user);
        tab.server(&harbor)
            .session()
            .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
        tab.settle();
    };
    sign_in("bob");
    assert_eq!(text(&tab, &harbor, "t-1"), "");
    tab.thread(&harbor, "t-1").composer().typed("Bob's".into());
    sign_in("ann");
    assert_eq!(text(&tab, &harbor, "t-1"), "Ann's secret");
    sign_in("bob");
    assert_eq!(text(&tab, &harbor, "t-1"), "Bob's");
}

#[test]
fn a_sign_out_keeps_the_draft_for_its_writer_and_hides_it() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("for later".into());
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(text(&tab, &harbor, "t-1"), "");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    assert_eq!(text(&tab, &harbor, "t-1"), "for later");
}

#[test]
fn a_draft_lives_for_a_day() {
    for (age, kept) in [(24 * HOUR, true), (24 * HOUR + SECOND, false)] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        tab.thread(&harbor, "t-1").composer().typed("old".into());
        tab.app.flush();
        tab.close();
        world.clock.suspend(age);
        world.signed_in(&harbor, HOUR);
        let tab = world.open();
        assert_eq!(text(&tab, &harbor, "t-1") == "old", kept, "{age}");
        assert_eq!(stored(&world).len(), usize::from(kept));
    }
}

#[test]
fn removing_a_server_deletes_its_drafts_and_no_others() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    for backend in [&harbor, &meadow] {
        tab.thread(backend, "t-1").composer().typed("text".into());
    }
    tab.app.flush();
    assert_eq!(stored(&world).len(), 2);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    world.advance(MINUTE);
    let left = world.disk.all("");
    assert!(left.iter().all(|key| !key.contains("harbor")), "{left:?}");
    assert_eq!(stored(&world).len(), 1);
    assert!(world.stored(&meadow).unwrap().is_active());
}

#[test]
fn what_is_typed_or_sent_just_before_a_removal_does_not_come_back() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    let (thread, new_thread) = (
        tab.thread(&harbor, "t-1").composer(),
        tab.room(&harbor).new_thread(),
    );
    let gate = world.net.hold("POST /api/v1/rooms/echo/agui");
    new_thread.typed("sent".into());
    new_thread.send();
    tab.settle();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    thread.typed("typed after the end".into());
    tab.app.remove(&tab.server(&harbor));
    gate.release();
    world.advance(MINUTE);
    assert!(stored(&world).is_empty(), "{:?}", stored(&world));
}
