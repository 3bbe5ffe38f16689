//! Runs whose connection is lost, and what brings them back.

use super::*;

#[test]
fn the_network_coming_back_ends_the_pause_at_once() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    tab.set_online(false);
    harbor.cut(&run);
    world.advance(5 * SECOND);
    assert_eq!(cursors(&world, &run).len(), 1, "no attempt is wasted");
    assert_eq!(phase(&thread), RunPhase::Resuming { attempt: 1, of: 5 });
    tab.set_online(true);
    assert_eq!(cursors(&world, &run), [None, Some(format!("{run}:2"))]);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
}

#[test]
fn what_was_lost_with_the_network_goes_on_when_it_is_back_and_the_error_goes() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    let what = format!("POST /{run}");
    world.net.always(&what, Act::Fail(TransportError::Network));
    harbor.cut(&run);
    world.advance(MINUTE);
    assert_eq!(rows(&thread).len(), 3);
    assert_eq!(phase(&thread), RunPhase::Idle);
    world.net.heal();
    tab.app.wake();
    tab.settle();
    assert_eq!(
        cursors(&world, &run).pop().flatten(),
        Some(format!("{run}:2"))
    );
    assert_eq!(rows(&thread), ["user:done:work", "assistant:partial:one "]);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
}

#[test]
fn a_connection_that_died_in_its_sleep_is_had_again_at_once() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    world.advance(30 * SECOND);
    tab.app.wake();
    world.advance(SECOND);
    assert_eq!(cursors(&world, &run).len(), 2);
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread)[1], "assistant:done:one two");
}

#[test]
fn after_a_sign_in_a_run_goes_on_behind_its_last_event() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let (thread, run) = busy(&tab, &harbor, 1).remove(0);
    begin(&harbor, &run);
    tab.settle();
    harbor.refuse_access();
    harbor.refuse_refresh();
    harbor.cut(&run);
    world.advance(SECOND);
    assert_eq!(phase(&thread), RunPhase::Idle);
    tab.app.wake();
    tab.settle();
    let asked = cursors(&world, &run).len();
    let session = tab.server(&harbor).session().clone();
    session.sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    tab.settle();
    assert_eq!(cursors(&world, &run).len(), asked + 1);
    assert_eq!(
        cursors(&world, &run).pop().flatten(),
        Some(format!("{run}:2"))
    );
    assert_eq!(
        world.net.count("GET /agui/b-1"),
        1,
        "nothing is loaded again"
    );
    go_on(&harbor, &run);
    tab.settle();
    assert_eq!(rows(&thread), ["user:done:work", "assistant:done:one two"]);
}
