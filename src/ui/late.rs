//! Parts that are loaded when they are first needed, so that the first page comes sooner.
//!
//! With the feature `split` (`cargo xtask build`) each is a WASM file of its own; without it, as under
//! Trunk, they are plain functions of the one file.

use std::future::Future;

use leptos::html;
use leptos::prelude::*;
use send_wrapper::SendWrapper;

use super::app::{NotFoundPage, StatusPage};
use super::connect::{KnownServers, WaitingPanel};
use super::lobby::LobbyPage;
use super::room::RoomPage;
use super::shell::Rail;
use crate::core::room::RoomId;
use crate::core::route::Route;
use crate::state::connect::Waiting;
use crate::state::server::Server;

/// What is of use only to somebody who knows a server already.
pub enum Piece {
    /// The list of servers at the edge.
    Rail(NodeRef<html::Header>),
    /// The remembered servers on the connect page.
    Known,
    /// The server that waits for sign-in, and the way back as it stands in the address.
    Waiting(Waiting, Signal<Option<String>>),
    /// The lobby.
    Lobby,
    /// A page that tells how things stand, with its title.
    Status(&'static str),
    /// An address that leads nowhere.
    NotFound,
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn home_part(piece: Piece) -> AnyView {
    match piece {
        Piece::Rail(node) => view! { <Rail node=node /> }.into_any(),
        Piece::Known => view! { <KnownServers /> }.into_any(),
        Piece::Waiting(waiting, return_to) => {
            view! { <WaitingPanel waiting=waiting return_to=return_to /> }.into_any()
        }
        Piece::Lobby => view! { <LobbyPage /> }.into_any(),
        Piece::Status(title) => view! { <StatusPage title=title /> }.into_any(),
        Piece::NotFound => view! { <NotFoundPage /> }.into_any(),
    }
}

#[cfg_attr(feature = "split", leptos::lazy)]
async fn room_part(server: Server, room: RoomId, route: Memo<Route>) -> AnyView {
    view! { <RoomPage room=server.room(&room) route=route /> }.into_any()
}

/// A part for somebody who knows a server already.
pub fn home(piece: Piece) -> AnyView {
    when_here(home_part(piece))
}

/// A room with its threads.
pub fn room(server: Server, room: RoomId, route: Memo<Route>) -> AnyView {
    when_here(room_part(server, room, route))
}

fn when_here(part: impl Future<Output = AnyView> + 'static) -> AnyView {
    let part: std::pin::Pin<Box<dyn Future<Output = AnyView>>> = Box::pin(part);
    Suspend::new(SendWrapper::new(part)).into_any()
}

/// Fetches what has not been opened yet, once the first page stands, so that opening it waits for nothing.
pub fn preload() {
    #[cfg(feature = "split")]
    crate::state::task::spawn(async {
        __preload_home_part().await;
        __preload_room_part().await;
    });
}
