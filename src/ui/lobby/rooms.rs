//! The rooms of one server: loading, none, failed, ready.

use leptos::prelude::*;

use super::server::retry;
use crate::core::error::ApiError;
use crate::core::lobby;
use crate::core::room::{Room, RoomId};
use crate::core::route::Route;
use crate::i18n::{errors, lobby as words};
use crate::state::server::{Server, Standing};
use crate::ui::kit::{Icon, Panel, Skeleton, SkeletonShape, Tone};
use crate::ui::{href, use_app};

/// What is on show of the rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Loading,
    None,
    NoMatch,
    Rooms,
}

/// The rooms that pass the filter; the last good list stays beside an error.
#[component]
pub fn RoomList(
    /// The server.
    server: Server,
    /// What the rooms are filtered by.
    filter: Signal<String>,
    /// How the server stands.
    standing: Memo<Standing>,
) -> impl IntoView {
    let load = server.rooms();
    let listed = {
        let load = load.clone();
        Memo::new(move |_| {
            let load = load.read();
            let rooms = load.data.as_deref().unwrap_or_default();
            lobby::filter(rooms, &filter.read())
                .into_iter()
                .cloned()
                .collect::<Vec<_>>()
        })
    };
    let shown = Memo::new(move |_| {
        let load = load.read();
        match &load.data {
            _ if standing.get() == Standing::SignedOut => Shown::Nothing,
            Some(rooms) if rooms.is_empty() => Shown::None,
            Some(_) if listed.read().is_empty() => Shown::NoMatch,
            Some(_) => Shown::Rooms,
            None if load.error.is_some() || standing.get() == Standing::Expired => Shown::Nothing,
            None => Shown::Loading,
        }
    });
    move || match shown.get() {
        Shown::Nothing => ().into_any(),
        Shown::Loading => view! {
            <p class="visually-hidden">{words::LOADING}</p>
            <Skeleton shape=SkeletonShape::Cards count=3 />
        }
        .into_any(),
        Shown::None => view! { <p class="lobby__none">{words::NONE}</p> }.into_any(),
        Shown::NoMatch => view! { <p class="lobby__none">{words::NO_MATCH}</p> }.into_any(),
        Shown::Rooms => {
            let server = server.clone();
            view! {
                <ul class="lobby__rooms" aria-label=words::ROOMS>
                    <For
                        each=move || listed.get()
                        key=|room| (room.id.clone(), room.name.clone(), room.description.clone())
                        children=move |room| card(&server, room, standing)
                    />
                </ul>
            }
            .into_any()
        }
    }
}

fn card(server: &Server, room: Room, standing: Memo<Standing>) -> AnyView {
    let app = use_app();
    let (activity, tick, id) = (server.activity(), app.clock_tick(), room.id.clone());
    let active = move || {
        // Brought up to date with the clock.
        let _ = tick.get();
        let then = activity.read().get(&id).copied()?;
        let words = words::active(app.now(), then);
        Some(view! { <span class="room-card__activity">{words}</span> })
    };
    let is_new = is_new(server, &room.id);
    let name = room.name.clone();
    let place = Route::room(server.alias(), room.id);
    let description = room.description.map(|text| {
        view! {
            <span class="room-card__text" dir="auto" title=text.clone()>
                {text.clone()}
            </span>
        }
    });
    let is_muted = move || !matches!(standing.get(), Standing::SignedIn | Standing::Open);
    view! {
        <li>
            <a
                class="room-card"
                href=href(&place)
                aria-label=move || words::room(&name, is_new.get())
                data-unread=move || is_new.get().then_some("true")
                data-muted=move || is_muted().then_some("true")
            >
                <span class="room-card__name">
                    <span class="truncate" dir="auto" title=room.name.clone()>
                        {room.name.clone()}
                    </span>
                </span>
                {description}
                {active}
            </a>
        </li>
    }
    .into_any()
}

/// Whether a room has something new.
pub fn is_new(server: &Server, room: &RoomId) -> Memo<bool> {
    let (news, room) = (server.news(), room.clone());
    Memo::new(move |_| news.is_in(&room))
}

/// Why the rooms could not be loaded, while the server itself answers.
pub fn load_panel(server: &Server) -> Option<AnyView> {
    let error = server.rooms().read().error.clone()?;
    let (title, text) = errors::api_error(&error);
    let is_refused = matches!(error, ApiError::PermissionDenied { .. });
    let (tone, icon) = if is_refused {
        (Tone::Info, Icon::Lock)
    } else {
        (Tone::Caution, Icon::Warning)
    };
    // Asking again cannot help where permission is missing.
    let again = (!is_refused).then(|| retry(server));
    Some(
        view! {
            <Panel tone=tone icon=icon title=title text=text>
                {again}
            </Panel>
        }
        .into_any(),
    )
}
