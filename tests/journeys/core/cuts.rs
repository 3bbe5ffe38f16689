//! A turn whose stream breaks, or whose page is closed, is taken up again as the core says it stands.

use enfilade::state::server::Standing;
use enfilade::state::thread::{RunPhase, ThreadState};
use reactive_graph::traits::GetUntracked;

use super::chat::{asked, phase, send};
use super::{door_in, lantern, look, room, server, standing, thread};
use crate::fake::{Core, ENDED, MINUTE, SECOND, Tab, World, rows};

fn reloaded(world: &World, tab: &Tab, core: &Core) -> Tab {
    tab.close();
    let tab = world.open();
    look(&tab, core);
    tab
}

#[test]
fn a_cut_stream_of_a_turn_under_way_is_taken_up_again() {
    let (world, core, _tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    core.cut();
    world.settle();
    assert!(
        matches!(phase(&thread), RunPhase::Resuming { .. }),
        "{:?}",
        phase(&thread)
    );
    // What is said now is heard by nobody.
    core.delta("t", "cau");
    world.advance(SECOND);
    assert_eq!(phase(&thread), RunPhase::Streaming);
    core.delta("t", "se.");
    core.done("t", "Because.");
    world.settle();
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
    assert_eq!(core.count("channel_web_chat"), 1, "nothing is asked twice");
}

#[test]
fn an_answer_that_another_tab_has_stored_is_shown() {
    let (world, core, _tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    core.cut();
    core.done("t", "Because.");
    core.add_message("t", "answer-req-1", "agent", "Because.");
    world.advance(SECOND);
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(core.stored("t").len(), 2);
}

#[test]
fn an_answer_that_nobody_has_heard_is_missed_and_can_be_asked_for_again() {
    let (world, core, _tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    core.cut();
    core.done("t", "Because.");
    world.advance(SECOND);
    let shown = rows(&thread);
    assert!(shown[1].ends_with(":Be"), "{shown:?}");
    assert!(shown[2].contains("nobody was listening"), "{shown:?}");
    assert_eq!(phase(&thread), RunPhase::Idle);
    assert_eq!(core.stored("t"), ["user:why"]);
}

#[test]
fn a_turn_that_died_with_its_core_is_shown_as_far_as_it_came() {
    let (world, core, _tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    core.kill_turns();
    core.restart(0);
    world.advance(SECOND);
    let shown = rows(&thread);
    assert!(shown[1].ends_with(":Be"), "{shown:?}");
    assert!(shown[2].contains("broke off"), "{shown:?}");
    assert_eq!(phase(&thread), RunPhase::Idle);
}

#[test]
fn a_cut_after_the_last_event_changes_nothing() {
    let (world, core, _tab, thread) = asked();
    core.delta("t", "Because.");
    core.done("t", "Because.");
    core.cut();
    world.advance(SECOND);
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn a_whole_answer_whose_storing_takes_too_long_is_stored_all_the_same() {
    let (world, core, _tab, thread) = asked();
    let gate = world.net.hold("RPC threads_messages_list");
    core.done("t", "Because.");
    world.settle();
    assert_eq!(gate.waiting(), 1);
    // The call gives up after half a minute, and is made again.
    world.advance(5 * MINUTE);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
}

#[test]
fn a_turn_of_which_nothing_more_is_heard_is_given_up() {
    let (world, core, _tab, thread) = asked();
    core.delta("t", "Be");
    for _ in 0..59 {
        world.advance(10 * SECOND);
        core.keepalive();
        world.settle();
    }
    assert_eq!(phase(&thread), RunPhase::Streaming);
    for _ in 0..2 {
        world.advance(10 * SECOND);
        core.keepalive();
        world.settle();
    }
    assert_eq!(phase(&thread), RunPhase::Idle);
    let shown = rows(&thread);
    assert!(shown[2].contains("ten minutes"), "{shown:?}");
}

#[test]
fn a_reload_in_the_middle_of_an_answer_goes_on_with_it() {
    let (world, core, tab, _thread) = asked();
    core.delta("t", "Be");
    world.settle();
    let tab = reloaded(&world, &tab, &core);
    core.delta("t", "cau");
    let again = thread(&tab, &core, "t");
    again.reload();
    tab.settle();
    assert_eq!(rows(&again), ["user:done:why", "assistant:streaming:Becau"]);
    core.delta("t", "se.");
    core.done("t", "Because.");
    world.settle();
    assert_eq!(rows(&again), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
    assert_eq!(core.stored_ids("t")[1], "answer-req-1");
}

fn runs(thread: &ThreadState) -> Vec<Option<String>> {
    let order = thread.order().get_untracked();
    let rows = order.iter().filter_map(|id| thread.row(id));
    rows.map(|row| row.get_untracked().run).collect()
}

#[test]
fn runs_have_the_same_names_after_a_reload() {
    let (world, core, tab, thread) = asked();
    core.done("t", "Because.");
    world.settle();
    send(&tab, &thread, "and then");
    core.done("t", "Nothing.");
    world.settle();
    let (shown, named) = (rows(&thread), runs(&thread));
    assert_eq!(shown.len(), 4);
    // Looking whether there is more finds nothing that is not known.
    tab.visit(&core.path("/thread/t"));
    for _ in 0..3 {
        tab.app.wake();
        world.advance(2 * MINUTE);
        server(&tab, &core).reload_rooms();
    }
    assert!(core.count("threads_messages_list") > 4, "it has looked");
    assert_eq!(
        (rows(&thread), runs(&thread)),
        (shown.clone(), named.clone())
    );
    let tab = reloaded(&world, &tab, &core);
    let again = super::thread(&tab, &core, "t");
    again.reload();
    tab.settle();
    assert_eq!((rows(&again), runs(&again)), (shown, named));
}

#[test]
fn what_was_asked_elsewhere_is_found_by_looking() {
    let (world, core, tab, thread) = asked();
    core.done("t", "Because.");
    world.settle();
    core.add_message("t", "q2", "user", "and then");
    core.add_message("t", "a2", "agent", "Nothing.");
    tab.visit(&core.path("/thread/t"));
    tab.app.wake();
    world.advance(2 * MINUTE);
    let stored = [
        "user:done:why",
        "assistant:done:Because.",
        "user:done:and then",
        "assistant:done:Nothing.",
    ];
    assert_eq!(rows(&thread), stored);
}

#[test]
fn an_answer_that_was_missed_is_not_taken_from_a_later_question() {
    let (world, core, _tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    core.cut();
    core.done("t", "Because.");
    core.add_message("t", "q2", "user", "and then");
    core.add_message("t", "a2", "agent", "Nothing.");
    world.advance(SECOND);
    let shown = rows(&thread);
    assert!(shown[1].ends_with(":Be"), "{shown:?}");
    assert!(shown[2].contains("nobody was listening"), "{shown:?}");
}

#[test]
fn a_thread_without_an_answer_says_so_when_it_is_opened() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    core.add_message("t", "q1", "user", "why");
    let thread = thread(&tab, &core, "t");
    thread.reload();
    tab.settle();
    // It was asked just now: somebody may still be about to send it.
    assert_eq!(rows(&thread), ["user:done:why"]);
    assert_eq!(phase(&thread), RunPhase::Streaming);
    world.advance(3 * SECOND);
    let shown = rows(&thread);
    assert_eq!(shown[0], "user:done:why");
    assert!(shown[1].contains("nobody was listening"), "{shown:?}");
    assert_eq!(phase(&thread), RunPhase::Idle);
}

#[test]
fn an_answer_that_takes_minutes_to_store_is_not_taken_for_a_missed_one() {
    let (world, core, _tab, thread) = asked();
    let gates = [0, 1].map(|_| world.net.hold("RPC threads_messages_list"));
    core.delta("t", "Because.");
    core.done("t", "Because.");
    world.advance(5 * MINUTE);
    assert!(gates.iter().all(|gate| gate.waiting() == 0));
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn a_turn_under_way_answers_the_newest_question_only() {
    let (world, core, tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    tab.desk
        .hidden
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let gate = world.net.hold(&events_of(&world));
    core.cut();
    core.done("t", "Because.");
    world.advance(SECOND);
    assert_eq!(gate.waiting(), 1);
    let other = world.open();
    look(&other, &core);
    let second = super::thread(&other, &core, "t");
    second.reload();
    world.advance(3 * SECOND);
    send(&other, &second, "and then");
    core.delta("t", "Noth");
    gate.release();
    world.settle();
    let shown = rows(&thread);
    assert!(shown[1].ends_with(":Be"), "{shown:?}");
    assert!(shown[2].contains("nobody was listening"), "{shown:?}");
    core.delta("t", "ing.");
    core.done("t", "Nothing.");
    world.advance(10 * SECOND);
    assert_eq!(rows(&second).last().unwrap(), "assistant:done:Nothing.");
    assert_eq!(core.stored("t").last().unwrap(), "agent:Nothing.");
}

/// The stream of events of this browser, as a request.
fn events_of(world: &World) -> String {
    let log = world.net.log();
    let stream = log.iter().find(|sent| sent.url.contains("/events?"));
    let url = &stream.expect("a stream").url;
    format!("GET {}", url.split("example").last().unwrap())
}

#[test]
fn a_question_that_another_tab_is_about_to_send_is_not_taken_for_a_missed_one() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    let first = thread(&tab, &core, "t");
    let gate = world.net.hold("RPC channel_web_chat");
    send(&tab, &first, "why");
    assert_eq!((core.stored("t").len(), gate.waiting()), (1, 1));
    let other = world.open();
    look(&other, &core);
    let second = thread(&other, &core, "t");
    second.reload();
    world.advance(20 * SECOND);
    assert_eq!(rows(&second), ["user:done:why"]);
    assert_eq!(phase(&second), RunPhase::Streaming);
    gate.release();
    world.advance(SECOND);
    core.delta("t", "Be");
    core.done("t", "Because.");
    world.advance(10 * SECOND);
    for thread in [&first, &second] {
        assert_eq!(rows(thread), ["user:done:why", "assistant:done:Because."]);
    }
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn an_answer_that_another_tab_is_about_to_store_is_not_taken_for_a_missed_one() {
    let (world, core, _tab, first) = asked();
    let gate = world.net.hold("RPC threads_message_append");
    core.done("t", "Because.");
    world.advance(15 * SECOND);
    assert_eq!(gate.waiting(), 1);
    let other = world.open();
    look(&other, &core);
    let second = thread(&other, &core, "t");
    second.reload();
    world.advance(10 * SECOND);
    assert_eq!(rows(&second), ["user:done:why"]);
    gate.release();
    world.advance(SECOND);
    for thread in [&first, &second] {
        assert_eq!(rows(thread), ["user:done:why", "assistant:done:Because."]);
    }
    assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
}

#[test]
fn a_question_of_another_device_is_waited_for_a_moment() {
    let (world, core, tab) = lantern();
    core.add_thread("t", "Chat Jan 15");
    core.add_message("t", "q1", "user", "why");
    let thread = thread(&tab, &core, "t");
    thread.reload();
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:why"]);
    core.add_message("t", "answer-elsewhere", "agent", "Because.");
    world.advance(3 * SECOND);
    assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
    assert_eq!(phase(&thread), RunPhase::Idle);
}

/// The session ends while an answer is under way, and the rest of it comes.
fn whole_after_the_end(ends_quietly: bool) -> (World, Core, Tab, ThreadState) {
    let (world, core, tab, thread) = asked();
    core.delta("t", "Be");
    world.settle();
    if ends_quietly {
        // Its threads go with it, and nobody has noticed yet.
        core.drop_session();
        core.fail("threads_message_append", 1, "thread t does not exist");
    } else {
        core.fail("threads_list", 1, ENDED);
        room(&tab, &core).reload_threads();
        world.advance(SECOND);
        assert_eq!(standing(&tab, &core), Standing::Expired);
    }
    core.delta("t", "cause.");
    core.done("t", "Because.");
    world.advance(10 * SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    (world, core, tab, thread)
}

#[test]
fn an_answer_that_is_whole_while_nobody_is_signed_in_is_stored_at_the_sign_in() {
    for ends_quietly in [false, true] {
        let (world, core, tab, thread) = whole_after_the_end(ends_quietly);
        assert_eq!(core.stored("t"), ["user:why"]);
        let shown = rows(&thread);
        assert_eq!(shown.len(), 2, "nothing but the end is told: {shown:?}");
        assert!(shown[1].ends_with(":Because."), "{shown:?}");
        core.hold("ann");
        door_in(&tab, &core);
        world.advance(10 * SECOND);
        assert_eq!(standing(&tab, &core), Standing::SignedIn);
        assert_eq!(core.stored("t"), ["user:why", "agent:Because."]);
        assert_eq!(rows(&thread), ["user:done:why", "assistant:done:Because."]);
        assert_eq!(phase(&thread), RunPhase::Idle);
        assert_eq!(core.count("channel_web_chat"), 1, "nothing is asked twice");
    }
}

#[test]
fn an_answer_of_one_person_is_not_stored_when_another_one_signs_in() {
    let (world, core, tab, _thread) = whole_after_the_end(false);
    core.hold("ben");
    door_in(&tab, &core);
    world.advance(10 * SECOND);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert_eq!(core.stored("t"), ["user:why"]);
}
