//! Signing in: interrupted, cancelled, by somebody else, and to a server that is gone.

use enfilade::core::record::keys;
use enfilade::core::session::guard::Notice;
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::state::app::CallbackState;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use super::{kill, leave, refuse, text};
use crate::fake::{Backend, HOUR, MINUTE, SECOND, Tab, World, logged};

fn write(tab: &Tab, backend: &Backend, words: &str) {
    tab.thread(backend, "t-1").composer().typed(words.into());
}

/// The session ends while somebody writes in a thread; `stop` says after how many steps the page is loaded anew.
fn interrupted(stop: usize) {
    let (world, harbor) = World::with_one();
    let place = harbor.path(Some("t-1"));
    let mut tab = world.open();
    let mut done = 0;
    let mut reload = |tab: &mut Tab, answer: Option<CallbackAnswer>| {
        done += 1;
        if done == stop {
            kill(&world, tab);
            *tab = match answer {
                Some(answer) => world.open_with(answer),
                None => world.open(),
            };
        }
        done == stop
    };
    assert_eq!(tab.visit(&place), place);
    write(&tab, &harbor, "half a thought");
    world.advance(300);
    if reload(&mut tab, None) {
        assert_eq!(tab.visit(&place), place);
    }
    refuse(&harbor);
    tab.load(&harbor);
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    if reload(&mut tab, None) {
        assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    }
    let mut callback = leave(&world, &tab, &harbor, &place);
    if reload(&mut tab, None) {
        // Back from the provider by the Back button, then forward once more.
        assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
        callback = leave(&world, &tab, &harbor, &place);
    }
    kill(&world, &tab);
    tab = world.open_with(harbor.answer());
    if reload(&mut tab, None) {
        // The address has been cleaned, so the answer is gone: the page offers the same way again.
        tab.visit(&callback);
        let CallbackState::Failed { retry, .. } = tab.app.callback().get_untracked() else {
            panic!("told")
        };
        let again = retry.expect("a way on").to_path();
        assert_eq!(again, harbor.sign_in_path(&place));
        callback = leave(&world, &tab, &harbor, &place);
        kill(&world, &tab);
        tab = world.open_with(harbor.answer());
    }
    assert_eq!(tab.visit(&callback), place);
    if reload(&mut tab, None) {
        assert_eq!(tab.visit(&place), place);
    }
    assert_eq!(tab.standing(&harbor), Standing::SignedIn, "{stop}");
    assert_eq!(text(&tab, &harbor, "t-1"), "half a thought", "{stop}");
    // Back to the callback, and reload there: never a second sign-in.
    let session = world.stored(&harbor);
    for _ in 0..2 {
        let late = world.open();
        assert_eq!(late.visit(&callback), "/lobby");
        assert_eq!(world.stored(&harbor), session);
    }
}

#[test]
fn a_reload_at_any_step_of_the_sign_in_loses_nothing() {
    for stop in 0..=5 {
        interrupted(stop);
    }
}

#[test]
fn cancelling_at_the_provider_concerns_that_server_only_and_leads_back() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    tab.visit(&place);
    write(&tab, &harbor, "half a thought");
    refuse(&harbor);
    tab.load(&harbor);
    let callback = leave(&world, &tab, &harbor, &place);
    kill(&world, &tab);
    let tab = world.open_with(CallbackAnswer::Error {
        code: "access_denied".into(),
        description: None,
    });
    tab.visit(&callback);
    let CallbackState::Failed { retry, .. } = tab.app.callback().get_untracked() else {
        panic!("told")
    };
    assert_eq!(retry.unwrap().to_path(), harbor.sign_in_path(&place));
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    assert_eq!(tab.visit(&meadow.path(None)), meadow.path(None));
    let callback = leave(&world, &tab, &harbor, &place);
    kill(&world, &tab);
    let tab = world.open_with(harbor.answer());
    assert_eq!(tab.visit(&callback), place);
    assert_eq!(text(&tab, &harbor, "t-1"), "half a thought");
}

#[test]
fn another_person_who_signs_in_finds_nothing_of_the_first_who_finds_it_all_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    tab.visit(&place);
    tab.load(&harbor);
    write(&tab, &harbor, "Ann's secret");
    refuse(&harbor);
    tab.load(&harbor);
    for user in ["bob", "ann"] {
        let callback = leave(&world, &tab, &harbor, &place);
        harbor.set_user(user);
        let page = world.open_with(harbor.answer());
        assert_eq!(page.visit(&callback), place);
        let expected = if user == "ann" { "Ann's secret" } else { "" };
        assert_eq!(text(&page, &harbor, "t-1"), expected, "{user}");
        let profile = page.server(&harbor).profile();
        page.load(&harbor);
        assert_eq!(profile.get_untracked().unwrap().name, user);
        // The tab that was there first hears of it, and shows no more than the new one.
        world.deliver();
        assert_eq!(text(&tab, &harbor, "t-1"), expected, "{user}");
        refuse(&harbor);
        page.load(&harbor);
        world.deliver();
        kill(&world, &page);
    }
}

#[test]
fn an_answer_that_comes_too_late_is_refused_and_the_way_back_is_kept() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    harbor.refuse_refresh();
    let place = harbor.path(Some("t-1"));
    let tab = world.open();
    let callback = leave(&world, &tab, &harbor, &place);
    kill(&world, &tab);
    world.advance(30 * MINUTE + SECOND);
    let tab = world.open_with(harbor.answer());
    tab.visit(&callback);
    assert!(!world.stored(&harbor).unwrap().is_active());
    let CallbackState::Failed { retry, .. } = tab.app.callback().get_untracked() else {
        panic!("told")
    };
    let again = retry.expect("another try").to_path();
    assert_eq!(tab.visit(&again), again, "it asks for sign-in");
    let callback = leave(&world, &tab, &harbor, &place);
    kill(&world, &tab);
    let tab = world.open_with(harbor.answer());
    assert_eq!(tab.visit(&callback), place);
}

#[test]
fn the_name_of_a_removed_server_never_leads_to_another_and_comes_back_with_it() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let place = harbor.path(None);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    // Another server that calls itself the same.
    let other = world.backend("harbour");
    other.set_open(true);
    other.set_title("harbor");
    tab.app.connect().open(Some(&other.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    let alias = tab.server(&other).alias();
    assert_ne!(alias, harbor.alias());
    for page in [&tab, &world.open()] {
        assert_eq!(page.visit(&place), "/lobby");
        assert_eq!(page.notices(), [Notice::UnknownServer]);
    }
    harbor.set_open(true);
    tab.app.connect().open(Some(&harbor.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    assert_eq!(tab.server(&harbor).alias(), harbor.alias());
    assert_eq!(tab.visit(&place), place);
    let kept = world.disk.read(&keys::retired()).unwrap();
    assert!(!kept.contains("example"), "only a mark of it was kept");
}

#[test]
fn a_session_that_ends_while_somebody_writes_asks_once_and_gives_the_text_back() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    tab.visit(&place);
    write(&tab, &harbor, "half a th");
    refuse(&harbor);
    tab.load(&harbor);
    write(&tab, &harbor, "half a thought");
    world.advance(300);
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    let waiting = tab.app.connect().waiting().get_untracked().unwrap();
    assert!(waiting.has_draft && !waiting.stuck);
    let callback = leave(&world, &tab, &harbor, &place);
    kill(&world, &tab);
    let tab = world.open_with(harbor.answer());
    assert_eq!(tab.visit(&callback), place);
    assert_eq!(text(&tab, &harbor, "t-1"), "half a thought");
    assert_eq!(text(&tab, &meadow, "t-1"), "");
    assert_eq!(
        logged()
            .iter()
            .filter(|line| line.contains("has ended"))
            .count(),
        1
    );
    world.signed_in(&meadow, HOUR);
}

#[test]
fn what_a_provider_says_is_shown_as_text_of_a_bearable_length() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    harbor.refuse_refresh();
    let tab = world.open();
    let callback = leave(&world, &tab, &harbor, &harbor.path(None));
    let query = format!(
        "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E{}",
        "x".repeat(1 << 20)
    );
    let answer = enfilade::core::session::pre_auth::Callback::from_location(&query, "");
    let tab = world.open_with(answer.unwrap());
    tab.visit(&callback);
    let CallbackState::Failed { text, .. } = tab.app.callback().get_untracked() else {
        panic!("told")
    };
    assert!(text.contains("<script>"), "as it was said: {text}");
    assert!(text.chars().count() < 600, "{}", text.chars().count());
    assert!(logged().iter().all(|line| !line.contains("script")));
}
