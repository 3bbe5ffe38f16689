//! Verdicts on answers: taken back for a moment, then sent, and never twice.

use enfilade::state::thread::ThreadState;
use enfilade::state::thread::feedback::{Opinion, UNDO_MS};
use reactive_graph::traits::GetUntracked;
use serde_json::{Value, json};

use crate::fake::{Backend, HOUR, Tab, World, reply};

const REQUEST: &str = "POST /r-1/feedback";

fn world() -> (World, Backend, Tab, ThreadState) {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.thread(&harbor, "t-1");
    world.net.always(REQUEST, reply(205, ""));
    (world, harbor, tab, thread)
}

fn opinion(thread: &ThreadState) -> Opinion {
    thread.opinion("r-1").get_untracked()
}

fn sent(world: &World) -> Vec<Value> {
    let asked = world.net.sent(REQUEST);
    asked.iter().map(|request| request.json()).collect()
}

fn wait(world: &World, milliseconds: u32) {
    world.advance(i64::from(milliseconds));
}

#[test]
fn a_verdict_is_sent_once_its_time_is_over() {
    let (world, _, _tab, thread) = world();
    thread.rate("r-1", true);
    wait(&world, UNDO_MS - 1);
    assert!(matches!(
        opinion(&thread),
        Opinion::Pending { up: true, .. }
    ));
    assert!(sent(&world).is_empty());
    wait(&world, 1);
    assert_eq!(opinion(&thread), Opinion::Sent { up: true });
    assert_eq!(
        sent(&world),
        [json!({"feedback": "thumbs_up", "reason": null})]
    );
    thread.rate("r-1", true);
    wait(&world, UNDO_MS);
    assert_eq!(sent(&world).len(), 1, "the same again says nothing new");
}

#[test]
fn the_same_thumb_takes_the_verdict_back_and_the_other_one_begins_anew() {
    let (world, _, _tab, thread) = world();
    thread.rate("r-1", true);
    wait(&world, UNDO_MS - 1);
    thread.rate("r-1", true);
    wait(&world, UNDO_MS);
    assert_eq!(opinion(&thread), Opinion::None);
    thread.rate("r-1", true);
    wait(&world, UNDO_MS - 1);
    thread.rate("r-1", false);
    wait(&world, UNDO_MS - 1);
    assert!(sent(&world).is_empty(), "a whole time for the other one");
    wait(&world, 1);
    assert_eq!(
        sent(&world),
        [json!({"feedback": "thumbs_down", "reason": null})]
    );
}

#[test]
fn nothing_is_sent_while_the_person_says_why() {
    let (world, _, _tab, thread) = world();
    thread.rate("r-1", false);
    thread.explain("r-1");
    wait(&world, UNDO_MS * 3);
    assert_eq!(opinion(&thread), Opinion::Explaining { up: false });
    thread.explain_nothing("r-1");
    wait(&world, UNDO_MS - 1);
    assert!(sent(&world).is_empty(), "the time begins anew");
    thread.explain("r-1");
    thread.submit_opinion("r-1", "  The tide is wrong. ");
    world.settle();
    assert_eq!(
        sent(&world),
        [json!({"feedback": "thumbs_down", "reason": "The tide is wrong."})]
    );
    wait(&world, UNDO_MS);
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn leaving_the_conversation_sends_what_was_said() {
    let (world, _, _tab, thread) = world();
    thread.rate("r-1", true);
    thread.submit_opinions();
    world.settle();
    assert_eq!(sent(&world).len(), 1);
    wait(&world, UNDO_MS);
    thread.submit_opinions();
    world.settle();
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn after_it_was_sent_the_other_direction_can_be_chosen_and_taken_back() {
    let (world, _, _tab, thread) = world();
    thread.rate("r-1", true);
    wait(&world, UNDO_MS);
    thread.rate("r-1", false);
    thread.rate("r-1", false);
    assert_eq!(opinion(&thread), Opinion::Sent { up: true });
    thread.rate("r-1", false);
    wait(&world, UNDO_MS);
    assert_eq!(opinion(&thread), Opinion::Sent { up: false });
    assert_eq!(sent(&world).len(), 2);
}

#[test]
fn a_verdict_that_could_not_be_sent_can_be_given_again() {
    let (world, _, tab, thread) = world();
    world.net.heal();
    world.net.always(REQUEST, reply(503, "{}"));
    thread.rate("r-1", true);
    wait(&world, UNDO_MS);
    assert_eq!(opinion(&thread), Opinion::None);
    assert_eq!(tab.toasts().len(), 1);
    world.net.heal();
    world.net.always(REQUEST, reply(205, ""));
    thread.rate("r-1", true);
    wait(&world, UNDO_MS);
    assert_eq!(opinion(&thread), Opinion::Sent { up: true });
}

#[test]
fn an_answer_that_comes_late_does_not_undo_the_other_thumb() {
    let (world, _, _tab, thread) = world();
    world.net.heal();
    let gate = world.net.hold(REQUEST);
    thread.rate("r-1", true);
    wait(&world, UNDO_MS);
    assert_eq!(opinion(&thread), Opinion::Sending { up: true });
    thread.rate("r-1", false);
    gate.answer(reply(205, ""));
    world.settle();
    assert!(matches!(
        opinion(&thread),
        Opinion::Pending { up: false, .. }
    ));
    thread.rate("r-1", false);
    assert_eq!(opinion(&thread), Opinion::Sent { up: true });
}

#[test]
fn what_one_person_thinks_is_never_sent_in_the_name_of_the_next() {
    for explains in [false, true] {
        let (world, harbor, tab, thread) = world();
        thread.rate("r-1", true);
        if explains {
            thread.explain("r-1");
        }
        harbor.set_user("bob");
        tab.server(&harbor)
            .session()
            .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
        tab.settle();
        // The page of the one before goes a little later.
        thread.submit_opinions();
        wait(&world, UNDO_MS);
        thread.rate("r-1", false);
        wait(&world, UNDO_MS);
        assert!(sent(&world).is_empty());
    }
}

/// The tab is closed, and the room opened in another one.
fn reopen(world: &World, backend: &Backend, tab: &Tab) -> (Tab, ThreadState) {
    tab.close();
    let tab = world.open();
    let thread = tab.thread(backend, "t-1");
    tab.settle();
    (tab, thread)
}

fn kept(world: &World) -> usize {
    world.disk.all("enfilade/undone/").len()
}

#[test]
fn a_verdict_whose_tab_is_closed_before_it_is_sent_is_sent_by_the_next_one() {
    let (world, harbor, tab, thread) = world();
    thread.rate("r-1", false);
    wait(&world, UNDO_MS / 2);
    let (_tab, thread) = reopen(&world, &harbor, &tab);
    wait(&world, UNDO_MS);
    assert!(
        sent(&world).is_empty(),
        "the other tab may still be there, and take it back"
    );
    wait(&world, 60_000);
    assert_eq!(
        sent(&world),
        [json!({"feedback": "thumbs_down", "reason": null})]
    );
    assert_eq!(opinion(&thread), Opinion::Sent { up: false });
    assert_eq!(kept(&world), 0);
}

#[test]
fn a_verdict_that_a_closing_page_has_sent_in_vain_is_sent_again_with_its_reason() {
    let (world, harbor, tab, thread) = world();
    world.net.heal();
    let gate = world.net.hold(REQUEST);
    thread.rate("r-1", true);
    thread.explain("r-1");
    thread.submit_opinion("r-1", "to the point");
    tab.settle();
    assert_eq!(gate.waiting(), 1);
    let (tab, _) = reopen(&world, &harbor, &tab);
    world.net.forget_log();
    wait(&world, 60_000);
    let said = json!({"feedback": "thumbs_up", "reason": "to the point"});
    assert_eq!(sent(&world), [said]);
    let (_tab, _) = reopen(&world, &harbor, &tab);
    wait(&world, 60_000);
    assert_eq!(sent(&world).len(), 1, "the server has it");
}

#[test]
fn a_page_that_is_left_sends_its_verdict_at_once_and_only_once() {
    let (world, harbor, tab, thread) = world();
    thread.rate("r-1", true);
    // What the page does when it is hidden for good.
    thread.submit_opinions();
    tab.settle();
    assert_eq!(sent(&world).len(), 1);
    assert_eq!(kept(&world), 0);
    reopen(&world, &harbor, &tab);
    wait(&world, 60_000);
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn a_verdict_that_was_taken_back_or_answered_is_kept_nowhere() {
    let (world, harbor, tab, thread) = world();
    thread.rate("r-1", true);
    assert_eq!(kept(&world), 1);
    thread.rate("r-1", true);
    assert_eq!(kept(&world), 0);
    world.net.heal();
    world.net.always(REQUEST, reply(400, ""));
    thread.rate("r-1", true);
    wait(&world, UNDO_MS);
    assert!(!tab.toasts().is_empty(), "the person knows");
    assert_eq!(kept(&world), 0);
    reopen(&world, &harbor, &tab);
    wait(&world, 60_000);
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn a_verdict_taken_back_in_its_own_tab_is_not_sent_by_another_one() {
    let (world, harbor, _tab, thread) = world();
    thread.rate("r-1", true);
    let other = world.open();
    let there = other.thread(&harbor, "t-1");
    other.settle();
    thread.rate("r-1", true);
    wait(&world, 60_000);
    assert!(sent(&world).is_empty());
    assert_eq!(opinion(&there), Opinion::None);
    // Who is still saying why is not overtaken either.
    thread.rate("r-1", false);
    thread.explain("r-1");
    let third = world.open();
    let _ = third.thread(&harbor, "t-1");
    wait(&world, 5 * 60_000);
    assert!(sent(&world).is_empty());
}

#[test]
fn a_verdict_that_was_kept_is_not_sent_in_the_name_of_the_next_person() {
    let (world, harbor, tab, thread) = world();
    thread.rate("r-1", true);
    tab.close();
    let tab = world.open();
    harbor.set_user("bob");
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    tab.settle();
    let _ = tab.thread(&harbor, "t-1");
    wait(&world, 60_000);
    assert!(sent(&world).is_empty());
    assert_eq!(kept(&world), 1, "it is Ann's to send");
    drop(thread);
}
