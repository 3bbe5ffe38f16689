//! Pages that are loaded when they are first opened, so that the first page comes sooner.
//!
//! With the feature `split` (`cargo xtask build`) each is a WASM file of its own; without it, as under
//! Trunk, they are plain functions of the one file.

use std::future::Future;

use leptos::prelude::*;
use send_wrapper::SendWrapper;

use super::lobby::LobbyPage;
use super::room::RoomPage;
use crate::core::room::RoomId;
use crate::core::route::Route;
use crate::state::server::Server;

#[cfg_attr(feature = "split", leptos::lazy)]
async fn lobby_part() -> AnyView {
    view! { <LobbyPage /> }.into_any()
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn room_part(server: Server, room: RoomId, route: Memo<Route>) -> AnyView {
    view! { <RoomPage room=server.room(&room) route=route /> }.into_any()
}

/// The lobby.
pub fn lobby() -> AnyView {
    when_here(lobby_part())
}

/// A room with its threads.
pub fn room(server: Server, room: RoomId, route: Memo<Route>) -> AnyView {
    when_here(room_part(server, room, route))
}

fn when_here(part: impl Future<Output = AnyView> + 'static) -> AnyView {
    Suspend::new(SendWrapper::new(part)).into_any()
}

/// Fetches what has not been opened yet, once the first page stands, so that opening it waits for nothing.
pub fn preload() {
    #[cfg(feature = "split")]
    crate::state::task::spawn(async {
        __preload_lobby_part().await;
        __preload_room_part().await;
    });
}
