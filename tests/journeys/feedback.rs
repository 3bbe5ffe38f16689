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
