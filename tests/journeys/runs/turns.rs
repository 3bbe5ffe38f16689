//! A few runs at once on a server; the others have their turn.

use super::*;

#[test]
fn four_runs_go_at_once_and_the_others_have_their_turn_in_order() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    let (fifth, sixth) = (tab.thread(&harbor, "b-5"), tab.thread(&harbor, "b-6"));
    send(&tab, &fifth, "fifth");
    send(&tab, &sixth, "sixth");
    assert_eq!(phase(&fifth), RunPhase::Queued);
    assert_eq!(rows(&fifth), ["user:sending:fifth"]);
    assert_eq!(harbor.runs(), 4);
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 6);
    answer(&harbor, &live[1].1, "done");
    tab.settle();
    assert_eq!(phase(&fifth), RunPhase::Streaming);
    assert_eq!(phase(&sixth), RunPhase::Queued);
    assert_eq!(rows(&fifth), ["user:done:fifth"]);
}

#[test]
fn a_turn_is_given_back_however_a_run_ends() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    harbor.emit(&live[0].1, &[run_error("no")]);
    live[1].0.stop();
    tab.room(&harbor).delete(&live[2].0.key().thread);
    world.net.once("DELETE /b-3", reply(204, ""));
    tab.room(&harbor).delete(&live[2].0.key().thread);
    let lost = format!("POST /{}", live[3].1);
    world.net.always(&lost, Act::Fail(TransportError::Network));
    harbor.cut(&live[3].1);
    world.advance(MINUTE);
    assert_eq!(
        live.iter()
            .map(|(thread, _)| phase(thread))
            .collect::<Vec<_>>(),
        [RunPhase::Idle; 4]
    );
    for number in 5..=8 {
        let thread = tab.thread(&harbor, &format!("b-{number}"));
        send(&tab, &thread, "next");
        assert_eq!(phase(&thread), RunPhase::Streaming, "{number}");
    }
    let ninth = tab.thread(&harbor, "b-9");
    world.net.once("POST /agui/b-9", reply(503, ""));
    send(&tab, &ninth, "wait");
    assert_eq!(phase(&ninth), RunPhase::Queued);
    tab.thread(&harbor, "b-5").stop();
    tab.settle();
    assert_eq!(phase(&ninth), RunPhase::Idle, "refused");
    send(&tab, &tab.thread(&harbor, "b-10"), "and");
    assert_eq!(phase(&tab.thread(&harbor, "b-10")), RunPhase::Streaming);
}

#[test]
fn a_waiting_message_can_be_stopped_and_comes_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    let fifth = tab.thread(&harbor, "b-5");
    send(&tab, &fifth, "fifth");
    fifth.stop();
    tab.settle();
    assert_eq!(phase(&fifth), RunPhase::Idle);
    assert_eq!(text(&fifth.composer()), "fifth");
    assert!(rows(&fifth).is_empty());
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 4);
    answer(&harbor, &live[0].1, "done");
    world.advance(MINUTE / 2);
    assert_eq!(harbor.runs(), 4, "it is not sent after all");
}

#[test]
fn new_threads_can_be_begun_while_others_wait() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let live = busy(&tab, &harbor, 4);
    let new_thread = tab.room(&harbor).new_thread();
    for words in ["first", "second"] {
        new_thread.typed(words.into());
        new_thread.send();
        tab.settle();
        assert!(!new_thread.sending().get_untracked());
        assert_eq!(text(&new_thread), "");
    }
    assert_eq!(tab.room(&harbor).running().get_untracked().len(), 6);
    assert_eq!(harbor.runs(), 4);
    answer(&harbor, &live[0].1, "done");
    answer(&harbor, &live[1].1, "done");
    tab.settle();
    assert_eq!(harbor.runs(), 6);
    assert_eq!(world.net.count("POST /api/v1/rooms/echo/agui"), 2);
}

#[test]
fn servers_do_not_wait_for_each_other() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    busy(&tab, &harbor, 4);
    let thread = tab.thread(&meadow, "b-1");
    send(&tab, &thread, "hello");
    assert_eq!(phase(&thread), RunPhase::Streaming);
}
