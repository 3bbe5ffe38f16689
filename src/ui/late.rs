//! Parts that are loaded when they are first needed, so that the first page comes sooner.
//!
//! With the feature `split` (`cargo xtask build`) each is a WASM file of its own; without it, as under
//! Trunk, they are plain functions of the one file. Their style sheets are those that `index.html` marks `data-late`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use send_wrapper::SendWrapper;

use super::app::{NotFoundPage, StatusPage};
use super::connect::{KeyQuestion, KnownServers, OutsidePanel, SharedQuestion, WaitingPanel};
use super::desktop::KeepQuestion;
use super::idle::StillThere;
use super::kit::{Button, Mark, Variant};
use super::lobby::LobbyPage;
use super::room::RoomPage;
use super::shell::{BarePage, Rail};
use crate::core::markdown::formula::formula;
use crate::core::markdown::tree::Node;
use crate::core::room::RoomId;
use crate::core::route::Route;
use crate::i18n::shell as words;
use crate::state::connect::{Connect, Waiting};
use crate::state::server::Server;
use crate::state::shell::IS_BUILT;

/// The file of a part could not be fetched.
#[cfg(feature = "split")]
type Missing = leptos::wasm_split::SplitLoaderError;
/// Every part is here already.
#[cfg(not(feature = "split"))]
type Missing = std::convert::Infallible;

/// A formula as elements, or what is wrong with it.
type Formula = Result<Vec<Node>, String>;

/// What is of use only to somebody who knows a server already.
pub enum Piece {
    /// The list of servers at the edge.
    Rail(NodeRef<html::Header>),
    /// The remembered servers on the connect page.
    Known,
    /// Whether to go on with a sign-in that another server uses too.
    Shared(Connect),
    /// What opens a server that keeps the session itself.
    Key(Connect),
    /// The sign-in that happens in the person's browser.
    Outside(Connect),
    /// The server that waits for sign-in, and the way back as it stands in the address.
    Waiting(Waiting, Signal<Option<String>>),
    /// The lobby.
    Lobby,
    /// A page that tells how things stand, with its title.
    Status(&'static str),
    /// An address that leads nowhere.
    NotFound,
    /// The question whether somebody is still there.
    StillThere,
}

fn home_view(piece: Piece) -> AnyView {
    match piece {
        // The question comes with the servers that it is about, over whatever is on show.
        Piece::Rail(node) => view! {
            <Rail node=node />
            {IS_BUILT.then(|| view! { <KeepQuestion /> })}
        }
        .into_any(),
        Piece::Known => view! { <KnownServers /> }.into_any(),
        Piece::Shared(connect) => view! { <SharedQuestion connect=connect /> }.into_any(),
        Piece::Key(connect) => view! { <KeyQuestion connect=connect /> }.into_any(),
        Piece::Outside(connect) if IS_BUILT => {
            view! { <OutsidePanel connect=connect /> }.into_any()
        }
        Piece::Outside(_) => ().into_any(),
        Piece::Waiting(waiting, return_to) => {
            view! { <WaitingPanel waiting=waiting return_to=return_to /> }.into_any()
        }
        Piece::Lobby => view! { <LobbyPage /> }.into_any(),
        Piece::Status(title) => view! { <StatusPage title=title /> }.into_any(),
        Piece::NotFound => view! { <NotFoundPage /> }.into_any(),
        Piece::StillThere => view! { <StillThere /> }.into_any(),
    }
}

fn room_view(server: &Server, room: &RoomId, route: Memo<Route>) -> AnyView {
    server.install_desk(Arc::new(crate::web::desk::BrowserDesk::new()));
    view! { <RoomPage room=server.room(room) route=route /> }.into_any()
}

// Not leptos' own `#[lazy]`: that panics where a file cannot be fetched, and a connection may fail at any time.
#[cfg(feature = "split")]
mod part {
    use super::*;

    #[leptos::wasm_split::wasm_split(
        home_part,
        wasm_split_path = ::leptos::wasm_split,
        preload(#[doc(hidden)] fetch_home),
        fallible
    )]
    pub fn home(piece: Piece) -> Result<AnyView, Missing> {
        Ok(home_view(piece))
    }

    #[leptos::wasm_split::wasm_split(
        room_part,
        wasm_split_path = ::leptos::wasm_split,
        preload(#[doc(hidden)] fetch_room),
        fallible
    )]
    pub fn room(server: Server, room: RoomId, route: Memo<Route>) -> Result<AnyView, Missing> {
        Ok(room_view(&server, &room, route))
    }

    #[leptos::wasm_split::wasm_split(
        maths_part,
        wasm_split_path = ::leptos::wasm_split,
        fallible
    )]
    pub fn maths(source: String, is_large: bool) -> Result<Formula, Missing> {
        Ok(formula(&source, is_large))
    }
}

#[cfg(not(feature = "split"))]
mod part {
    use super::*;

    pub async fn home(piece: Piece) -> Result<AnyView, Missing> {
        Ok(home_view(piece))
    }

    pub async fn room(
        server: Server,
        room: RoomId,
        route: Memo<Route>,
    ) -> Result<AnyView, Missing> {
        Ok(room_view(&server, &room, route))
    }

    pub async fn maths(source: String, is_large: bool) -> Result<Formula, Missing> {
        Ok(formula(&source, is_large))
    }
}

/// A part for somebody who knows a server already.
pub fn home(piece: Piece) -> AnyView {
    let otherwise: fn() -> AnyView = match piece {
        // The page beside them says what is wrong.
        Piece::Rail(_) | Piece::Known | Piece::StillThere => || ().into_any(),
        Piece::Waiting(..) | Piece::Shared(_) | Piece::Key(_) | Piece::Outside(_) => missing,
        _ => missing_page,
    };
    when_here(Box::pin(part::home(piece)), otherwise)
}

/// A room with its threads.
pub fn room(server: Server, room: RoomId, route: Memo<Route>) -> AnyView {
    when_here(Box::pin(part::room(server, room, route)), missing_page)
}

/// A formula, drawn up, or what is wrong with it; `None` while the part that can do it cannot be fetched.
pub async fn maths(source: String, is_large: bool) -> Option<Formula> {
    part::maths(source, is_large).await.ok()
}

fn when_here(
    part: Pin<Box<dyn Future<Output = Result<AnyView, Missing>>>>,
    otherwise: fn() -> AnyView,
) -> AnyView {
    let view = async move {
        // First, so that nothing is built and then kept from the page.
        if crate::web::dom::late_style().await {
            part.await.unwrap_or_else(|_| otherwise())
        } else {
            otherwise()
        }
    };
    Suspend::new(SendWrapper::new(view)).into_any()
}

fn missing_page() -> AnyView {
    view! { <BarePage title=words::PART_MISSING>{missing()}</BarePage> }.into_any()
}

/// Says that a part could not be fetched. Loading the page anew also finds the files of a newer version.
fn missing() -> AnyView {
    view! {
        <div class="empty" role="alert">
            <Mark shut=true />
            <p class="empty__title">{words::PART_MISSING}</p>
            <p class="empty__text">{words::PART_MISSING_TEXT}</p>
            <Button variant=Variant::Primary on_press=Callback::new(|()| crate::web::dom::reload())>
                {words::RELOAD}
            </Button>
        </div>
    }
    .into_any()
}

/// Fetches what has not been opened yet, once the first page stands, so that opening it waits for nothing.
pub fn preload() {
    #[cfg(feature = "split")]
    crate::state::task::spawn(async {
        let fetched = crate::web::dom::late_style().await
            && part::fetch_home().await.is_ok()
            && part::fetch_room().await.is_ok();
        if !fetched {
            log::warn!(
                "a part of the app could not be fetched ahead; it is asked for again when it is needed"
            );
        }
    });
}
