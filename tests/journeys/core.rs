//! A server that keeps the session itself: opening it, the end of its session, what comes back, and what is said there.

mod back;
mod chat;
mod cuts;
mod door;
mod expiry;
mod panel;

use enfilade::core::room::{RoomId, ThreadId};
use enfilade::state::openhuman::door::{Door, Wants};
use enfilade::state::room::RoomState;
use enfilade::state::server::{Server, Standing};
use enfilade::state::thread::ThreadState;
use reactive_graph::traits::{Get, GetUntracked, Set};

use crate::fake::{Core, Tab, World, logged};

fn server(tab: &Tab, core: &Core) -> Server {
    tab.app.server_by_id(&core.id()).expect("a known server")
}

fn standing(tab: &Tab, core: &Core) -> Standing {
    server(tab, core).standing().get()
}

fn room(tab: &Tab, core: &Core) -> RoomState {
    server(tab, core).room(&RoomId::from("chat"))
}

fn thread(tab: &Tab, core: &Core, id: &str) -> ThreadState {
    room(tab, core).thread(&ThreadId::from(id))
}

/// What its pages do first.
fn look(tab: &Tab, core: &Core) {
    server(tab, core).load_rooms();
    tab.settle();
}

/// A core where somebody is signed in, and a tab that has looked at it.
fn lantern() -> (World, Core, Tab) {
    let world = World::new();
    let core = world.opened_core("lantern", "ann");
    let tab = world.open();
    look(&tab, &core);
    (world, core, tab)
}

/// The lines about the end of a session.
fn ends() -> Vec<String> {
    let lines = logged().into_iter();
    lines
        .filter(|line| line.contains("has ended") || line.contains("Expired"))
        .collect()
}

/// The form that asks for what opens a core.
fn door(tab: &Tab) -> Door {
    let door = Door::at(&tab.app, &tab.app.connect()).expect("a core was found");
    tab.settle();
    door
}

/// Opens a core at which somebody is signed in.
fn door_in(tab: &Tab, core: &Core) {
    tab.app.connect().address().set(core.origin());
    tab.app.connect().submit();
    tab.settle();
    let door = door(tab);
    if door.wants().get_untracked() == Wants::CoreToken {
        door.enter(&core.bearer());
        tab.settle();
    }
}
