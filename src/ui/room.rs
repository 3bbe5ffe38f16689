//! A room: its threads at the side, one of them in the middle.

mod integrations;
mod notices;
mod threads;
mod welcome;

use leptos::{ev, prelude::*};

use self::integrations::{integrations_link, integrations_view, is_shown};
use self::notices::notices_button;
use self::threads::threads;
pub use self::welcome::welcome;
use super::banner::ServerBanner;
use super::kit::{Button, Icon, Panel, Skeleton, SkeletonShape, Tone, Variant};
use super::lobby::is_new;
use super::shell::{Page, ServerMenu};
use super::thread::{load_failed, new_thread_view, rehearse, thread_view};
use super::{href, use_app};
use crate::core::error::ApiError;
use crate::core::room::{Room, RoomId, ThreadId};
use crate::core::route::Route;
use crate::i18n::{lobby as lobby_words, room as words};
use crate::state::room::RoomState;
use crate::state::server::{Server, Standing};

/// The page of a room. Another thread of it changes the middle; another room is another page.
#[component]
pub fn RoomPage(
    /// The room.
    room: RoomState,
    /// Where in the room one is.
    #[prop(into)]
    route: Signal<Route>,
) -> impl IntoView {
    room.server().load_rooms();
    room.server().look_for_news();
    room.load_threads();
    let thread = Memo::new(move |_| match &*route.read() {
        Route::Thread { thread, .. } => Some(thread.clone()),
        _ => None,
    });
    let title = {
        let room = room.clone();
        Signal::derive(move || name(&room))
    };
    let side = {
        let room = room.clone();
        move || {
            view! {
                {heading(&room.server())} {rooms(&room, thread)} {integrations_link(&room, route)}
                {threads(&room, thread)}
            }
        }
    };
    let server = room.server();
    let (menu, banner, notices) = (server.clone(), server.clone(), room.unread().notices());
    watch_page(&room);
    let is_integrations = Memo::new(move |_| is_shown(&route.read()));
    rehearse(&room, route);
    let content = move || match thread.get() {
        None if is_integrations.get() => {
            room.unread().left();
            integrations_view(&room, route)
        }
        Some(id) => {
            room.opened(&id);
            thread_view(&room, &room.thread(&id), route)
        }
        None => {
            room.unread().left();
            new_thread_view(&room, route)
        }
    };
    view! {
        <Page
            title=title
            server=server
            side=side
            actions=move || view! { {notices_button(&notices)} <ServerMenu server=menu /> }
            fixed=true
        >
            <ServerBanner server=banner back=route />
            {content}
        </Page>
    }
}

/// What is new follows whether anybody sees the page, and what other tabs have read.
fn watch_page(room: &RoomState) {
    let (unread, server) = (room.unread(), room.server());
    unread.notices().reread();
    let news = server.news();
    let (seen, shown, hidden, stored) = (
        unread.clone(),
        unread.clone(),
        unread.clone(),
        unread.clone(),
    );
    let listeners = [
        window_event_listener(ev::focus, move |_| {
            seen.seen();
            server.look_for_news();
        }),
        window_event_listener(ev::visibilitychange, move |_| shown.seen()),
        window_event_listener(ev::pagehide, move |_| hidden.seen()),
        window_event_listener(ev::storage, move |event| {
            if let Some(key) = event.key() {
                stored.storage_changed(&key);
                news.storage_changed(&key);
            }
        }),
    ];
    on_cleanup(move || {
        listeners.into_iter().for_each(WindowListenerHandle::remove);
        unread.left();
    });
}

/// A room's name, or its id until the server has told the name (tracked).
#[must_use]
pub fn name(room: &RoomState) -> String {
    room.room()
        .map_or_else(|| room.id().to_string(), |room| room.name)
}

fn heading(server: &Server) -> AnyView {
    let server = server.clone();
    view! {
        <div class="side__title room-side__title">
            <span dir="auto">{move || server.name()}</span>
        </div>
    }
    .into_any()
}

/// The rooms of the same server.
fn rooms(room: &RoomState, thread: Memo<Option<ThreadId>>) -> AnyView {
    let (server, own) = (room.server(), room.id().clone());
    let list = server.rooms();
    let known = {
        let list = list.clone();
        Memo::new(move |_| list.with(|load| load.data.clone()))
    };
    let state = {
        let (server, standing) = (server.clone(), server.standing());
        move || {
            let is_away = standing.get() == Standing::Unreachable;
            list.with(|load| match (&load.error, &load.data) {
                // The banner says it, once for the whole page.
                (Some(_), _) if is_away => ().into_any(),
                (Some(error), _) if !load.busy && *error != ApiError::Unauthorized => {
                    let server = server.clone();
                    load_failed(error, Callback::new(move |()| server.reload_rooms()))
                }
                (_, None) => view! { <Skeleton shape=SkeletonShape::Rows count=3 /> }.into_any(),
                (_, Some(rooms)) if rooms.is_empty() => {
                    view! { <p class="side__note">{words::NO_ROOMS}</p> }.into_any()
                }
                (_, Some(_)) => ().into_any(),
            })
        }
    };
    let row = move |room: &Room| room_link(&server, room, &own, thread);
    let rows = move || known.with(|rooms| rooms.iter().flatten().map(&row).collect::<Vec<_>>());
    view! {
        <div class="room-side__rooms">
            <h2 class="side__group">{words::ROOMS}</h2>
            <ul aria-label=words::ROOMS>{rows}</ul>
            {state}
        </div>
    }
    .into_any()
}

fn room_link(
    server: &Server,
    room: &Room,
    own: &RoomId,
    thread: Memo<Option<ThreadId>>,
) -> AnyView {
    let is_own = room.id == *own;
    // Of the room on show, the list of threads says it.
    let is_new = (!is_own).then(|| is_new(server, &room.id));
    let is_new = move || is_new.is_some_and(|is_new| is_new.get());
    let name = room.name.clone();
    let label = move || is_new().then(|| lobby_words::room(&name, true));
    let current = move || {
        let is_page = thread.with(Option::is_none);
        is_own.then_some(if is_page { "page" } else { "true" })
    };
    view! {
        <li>
            <a
                class="side__item"
                href=href(&Route::room(server.alias(), room.id.clone()))
                aria-label=label
                aria-current=current
                data-current=is_own.then_some("true")
                data-unread=move || is_new().then_some("true")
            >
                <span class="truncate" dir="auto">
                    {room.name.clone()}
                </span>
            </a>
        </li>
    }
    .into_any()
}

/// Where there is no session any more while the room is open: the way to a new one.
pub fn server_panel(server: &Server, route: Signal<Route>) -> AnyView {
    let (app, server, standing) = (use_app(), server.clone(), server.standing());
    let content = move || match standing.get() {
        Standing::SignedIn | Standing::Open | Standing::Unreachable => ().into_any(),
        Standing::Expired | Standing::SignedOut => {
            let title = words::session_ended(&server.name());
            let (app, signing, busy) = (app.clone(), server.clone(), server.busy());
            let sign_in = move |()| app.sign_in(&signing, Some(route.get_untracked()));
            view! {
                <Panel
                    tone=Tone::Caution
                    icon=Icon::LockOpen
                    label=words::SESSION_EXPIRED
                    title=title
                    text=words::SESSION_ENDED_TEXT
                >
                    <Button
                        variant=Variant::Primary
                        busy=Signal::derive(move || busy.get())
                        on_press=Callback::new(sign_in)
                    >
                        {words::SIGN_IN}
                    </Button>
                </Panel>
            }
            .into_any()
        }
    };
    content.into_any()
}
