//! A room: its threads, its runs, and what a refusal of any of them means.

use enfilade::core::error::ApiError;
use enfilade::core::room::ThreadId;
use enfilade::state::server::Standing;
use enfilade::state::thread::feedback::UNDO_MS;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Backend, HOUR, SECOND, Tab, World, content, reply, rows, started, text_start};

const LIST: &str = "GET /api/v1/rooms/echo/agui";

/// A 401 that no refresh heals, and what else a server may say.
fn refusals() -> [(u16, Standing); 3] {
    [
        (401, Standing::Expired),
        (403, Standing::SignedIn),
        (500, Standing::SignedIn),
    ]
}

fn signs_in_again(world: &World, tab: &Tab, harbor: &Backend) {
    world.net.heal();
    tab.server(harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    tab.settle();
}

#[test]
fn a_refused_list_of_threads_is_an_error_and_a_401_the_end() {
    for (status, standing) in refusals() {
        let (world, harbor) = World::with_one();
        harbor.add_run("t-1", "r-1", "hello");
        let tab = world.open();
        world.net.always(LIST, reply(status, "{}"));
        tab.room(&harbor).load_threads();
        tab.settle();
        assert_eq!(tab.standing(&harbor), standing, "{status}");
        let load = tab.room(&harbor).threads().get_untracked();
        assert_eq!(load.error, Some(ApiError::from_status(status, "{}", None)));
        if status == 401 {
            signs_in_again(&world, &tab, &harbor);
            let threads = tab.room(&harbor).threads().get_untracked();
            assert_eq!(
                (threads.data.map(|list| list.len()), threads.error),
                (Some(1), None)
            );
        }
    }
}

#[test]
fn a_refused_history_is_an_error_and_a_401_the_end() {
    for (status, standing) in refusals() {
        let (world, harbor) = World::with_one();
        harbor.add_run("t-1", "r-1", "hello");
        let tab = world.open();
        world.net.always("GET /agui/t-1", reply(status, "{}"));
        let thread = tab.thread(&harbor, "t-1");
        thread.open();
        tab.settle();
        assert_eq!(tab.standing(&harbor), standing, "{status}");
        let error = thread.history().get_untracked().error;
        assert_eq!(error, Some(ApiError::from_status(status, "{}", None)));
        if status == 401 {
            signs_in_again(&world, &tab, &harbor);
            assert_eq!(
                thread.history().get_untracked().error,
                None,
                "tried again by itself"
            );
            assert_eq!(rows(&thread)[0], "user:done:hello");
        }
    }
}

#[test]
fn a_thread_that_is_refused_gives_the_text_back_and_a_401_ends_the_session() {
    for (status, standing) in refusals() {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world
            .net
            .always("POST /api/v1/rooms/echo/agui", reply(status, "{}"));
        let composer = tab.room(&harbor).new_thread();
        composer.typed("hello".into());
        composer.send();
        tab.settle();
        assert_eq!(tab.standing(&harbor), standing, "{status}");
        assert_eq!(composer.text().get_untracked(), "hello");
        assert!(composer.error().get_untracked().is_some());
        tab.close();
        let kept = world.open().room(&harbor).new_thread();
        assert_eq!(kept.text().get_untracked(), "hello", "a draft, too");
    }
}

#[test]
fn a_refused_change_leaves_the_list_as_it_was_and_a_401_ends_the_session() {
    type Change = fn(&Tab, &Backend);
    let changes: [(&str, Change); 2] = [
        ("POST /agui/t-1/meta", |tab, harbor| {
            tab.room(harbor)
                .rename(&ThreadId::from("t-1"), "Tides".into());
        }),
        ("DELETE /agui/t-1", |tab, harbor| {
            tab.room(harbor).delete(&ThreadId::from("t-1"));
        }),
    ];
    for (status, standing) in refusals() {
        for (request, change) in changes {
            let (world, harbor) = World::with_one();
            harbor.add_run("t-1", "r-1", "hello");
            let tab = world.open();
            tab.room(&harbor).load_threads();
            tab.settle();
            let before = tab.room(&harbor).threads().get_untracked().data;
            world.net.always(request, reply(status, "{}"));
            change(&tab, &harbor);
            tab.settle();
            assert_eq!(tab.standing(&harbor), standing, "{request} {status}");
            assert_eq!(tab.room(&harbor).threads().get_untracked().data, before);
            assert_eq!(tab.toasts().len(), 1, "told once: {:?}", tab.toasts());
        }
    }
}

#[test]
fn a_401_to_feedback_ends_the_session_and_anything_else_is_told() {
    for (status, standing) in refusals() {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always("POST /r-1/feedback", reply(status, "{}"));
        tab.thread(&harbor, "t-1").rate("r-1", true);
        tab.settle();
        world.advance(i64::from(UNDO_MS));
        assert_eq!(tab.standing(&harbor), standing, "{status}");
        assert_eq!(tab.toasts().len(), 1);
        assert_eq!(
            tab.toasts()[0].contains("not sent"),
            status != 401,
            "{:?}",
            tab.toasts()
        );
    }
}

#[test]
fn a_run_in_the_background_that_is_refused_ends_the_session_by_itself() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    thread.composer().typed("count".into());
    thread.composer().send();
    tab.settle();
    let run = harbor.last_run();
    harbor.emit(
        &run,
        &[started(&run), text_start("m"), content("m", "one ")],
    );
    assert_eq!(tab.visit(&meadow.path(None)), meadow.path(None));
    harbor.refuse_access();
    harbor.refuse_refresh();
    harbor.cut(&run);
    world.advance(SECOND);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    assert_eq!(
        tab.visit(&meadow.path(None)),
        meadow.path(None),
        "nobody is sent anywhere"
    );
    assert_eq!(rows(&thread), ["user:done:count", "assistant:partial:one "]);
}

#[test]
fn a_send_that_fails_behind_ones_back_gives_the_text_back_where_it_was_written() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    tab.visit(&harbor.path(None));
    let gate = world.net.hold("POST /api/v1/rooms/echo/agui");
    let composer = tab.room(&harbor).new_thread();
    composer.typed("hello".into());
    composer.send();
    tab.settle();
    assert_eq!(tab.visit(&meadow.path(None)), meadow.path(None));
    gate.answer(reply(500, "{}"));
    tab.settle();
    assert_eq!(tab.went(), None, "nobody is called back");
    assert!(tab.toasts().is_empty(), "{:?}", tab.toasts());
    assert_eq!(composer.text().get_untracked(), "hello");
    assert_eq!(tab.room(&meadow).new_thread().text().get_untracked(), "");
}
