//! The made-up conversation that is shown once out of sight: it goes through everything, and leaves nothing.

use enfilade::state::task::spawn;
use enfilade::state::thread::RunPhase;
use reactive_graph::traits::{GetUntracked, WithUntracked};

use crate::fake::{World, rows};

#[test]
fn a_rehearsal_is_a_whole_conversation() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let thread = tab.room(&harbor).rehearsal();
    thread.open();
    let played = thread.clone();
    spawn(async move { played.rehearse().await });
    world.settle();
    let rows = rows(&thread);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row.contains(":done:")), "{rows:?}");
    assert!(rows[1].starts_with("assistant:done:A first paragraph"));
    assert!(rows[1].ends_with("~~almost~~.\n"));
    assert_eq!(thread.run().get_untracked(), RunPhase::Idle);
}

#[test]
fn nobody_hears_of_a_rehearsal() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.load(&harbor);
    let room = tab.room(&harbor);
    room.load_threads();
    tab.settle();
    world.net.forget_log();
    let kept = world.disk.all("");
    let thread = room.rehearsal();
    thread.open();
    spawn(async move { thread.rehearse().await });
    tab.settle();
    let sent = world.net.log();
    assert!(sent.is_empty(), "nothing is asked of the server");
    assert_eq!(world.disk.all(""), kept, "nothing is kept");
    assert!(room.running().with_untracked(|running| running.is_empty()));
    assert!(tab.toasts().is_empty() && tab.notices().is_empty());
}
