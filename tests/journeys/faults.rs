//! Faults of the network, of providers, clocks, storage and tabs, one by one: `tests/faults.md` lists them.

mod attacks;
mod network;
mod provider;
mod sign_in;
mod storage;
mod tabs;
mod time;

use enfilade::core::error::ApiError;
use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::state::room::RoomState;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Backend, Tab, World};

/// The stored refresh token.
fn refresh_token(world: &World, backend: &Backend) -> Option<String> {
    let session = world.stored(backend)?;
    let tokens = session.tokens()?;
    tokens.refresh.as_ref().map(|token| token.expose().clone())
}

fn text(tab: &Tab, backend: &Backend, thread: &str) -> String {
    tab.thread(backend, thread)
        .composer()
        .text()
        .get_untracked()
}

/// The tab crashes, and the browser takes its locks from it.
pub fn kill(world: &World, tab: &Tab) {
    tab.close();
    world.locks.died(tab.number);
    world.settle();
}

/// Asks for the threads of that many rooms at once.
pub fn ask(tab: &Tab, backend: &Backend, requests: usize) -> Vec<RoomState> {
    (0..requests)
        .map(|number| {
            let name = format!("room-{number}");
            let room = tab.server(backend).room(&name.as_str().into());
            room.reload_threads();
            room
        })
        .collect()
}

/// What came of it: an error, or `None` where all was well.
pub fn error(room: &RoomState) -> Option<ApiError> {
    let threads = room.threads().get_untracked();
    assert!(!threads.busy, "it is over");
    threads.error
}

/// Leaves for the provider, to come back to `place`; gives the path of the callback.
pub fn leave(world: &World, tab: &Tab, backend: &Backend, place: &str) -> String {
    let before = world.disk.all(keys::PRE_AUTH_PREFIX);
    tab.app
        .sign_in(&tab.server(backend), Some(Route::parse_href(place)));
    tab.settle();
    let flows = world.disk.all(keys::PRE_AUTH_PREFIX);
    let mut fresh = flows.iter().filter(|key| !before.contains(key));
    let key = fresh.next().expect("a sign-in under way");
    assert_eq!(fresh.next(), None);
    let flow = key.strip_prefix(keys::PRE_AUTH_PREFIX).unwrap();
    let sent_to = tab.left().pop().expect("sent to the provider");
    assert!(sent_to.starts_with(&backend.origin()) && sent_to.ends_with(flow));
    format!("/auth/callback/{flow}")
}

/// Ends the session on every side.
pub fn refuse(backend: &Backend) {
    backend.refuse_access();
    backend.refuse_refresh();
}
