//! The rail: the way to every server, with its state as shape and in words.

use leptos::html;
use leptos::prelude::*;

use super::{Frame, hue};
use crate::core::route::Route;
use crate::core::server::id::ServerId;
use crate::core::session::guard::sign_in_place;
use crate::core::settings::Theme;
use crate::i18n::shell as words;
use crate::state::server::{Server, Standing};
use crate::ui::kit::{Icon, IconView, Mark, Menu, MenuItem, Monogram};
use crate::ui::{href, use_app};

/// The rail.
#[component]
pub fn Rail(
    /// The element, to focus it.
    node: NodeRef<html::Header>,
) -> impl IntoView {
    let route = Frame::use_frame().route();
    let servers = use_app().servers();
    let current = move |place: Route| move || (*route.read() == place).then_some("page");
    view! {
        <header class="rail" tabindex="-1" node_ref=node>
            <a
                class="rail__home"
                href=href(&Route::Lobby)
                aria-label=words::LOBBY
                title=words::LOBBY
                aria-current=current(Route::Lobby)
            >
                <Mark />
            </a>
            <nav class="rail__nav" aria-label=words::SERVERS>
                <ul class="rail__list">
                    <For
                        each=move || servers.get()
                        key=|server| server.id().clone()
                        children=|server| view! { <li>{server_link(server)}</li> }
                    />
                </ul>
            </nav>
            <a
                class="rail__add"
                href=href(&Route::home())
                aria-label=words::ADD_SERVER
                title=words::ADD_SERVER
                aria-current=current(Route::home())
            >
                <IconView icon=Icon::Plus />
            </a>
            <div class="rail__foot">{theme_menu()}</div>
        </header>
    }
    .into_any()
}

fn server_link(server: Server) -> AnyView {
    let frame = Frame::use_frame();
    let standing = server.standing();
    let id = server.id().clone();
    let is_here = {
        let (alias, id, route) = (server.alias(), id.clone(), frame.route());
        Memo::new(move |_| route.with(|route| is_about(route, &alias, &id)))
    };
    let link = {
        let (server, id) = (server.clone(), id.clone());
        move || {
            let alias = server.alias();
            let last = frame.last_place(&alias);
            match last {
                _ if !server.is_connected() => {
                    href(&sign_in_place(&id, &last.unwrap_or(Route::Lobby)))
                }
                Some(place) if !is_here.get() => href(&place),
                _ => format!("{}#{alias}", href(&Route::Lobby)),
            }
        }
    };
    let name = Memo::new(move |_| server.name());
    let words = {
        let standing = standing.clone();
        Memo::new(move |_| words::server_link(&name.read(), standing.get().words()))
    };
    let state = Memo::new(move |_| standing.get());
    let badge = move || {
        let (kind, icon) = match state.get() {
            Standing::SignedIn | Standing::Open => return None,
            Standing::Expired => ("expired", Icon::LockOpen),
            Standing::SignedOut => ("signed-out", Icon::SignIn),
            Standing::Unreachable => ("unreachable", Icon::Offline),
        };
        Some(view! {
            <span class="rail__badge" data-kind=kind>
                <IconView icon=icon />
            </span>
        })
    };
    view! {
        <a
            class="rail__server"
            href=link
            aria-label=move || words.get()
            title=move || words.get()
            data-state=move || state.get().as_str()
            aria-current=move || is_here.get().then_some("true")
            data-current=move || is_here.get().then_some("true")
            style:--hue=hue(&id).to_string()
        >
            <span class="rail__monogram">
                <Monogram name=name hue=hue(&id) />
                {badge}
            </span>
        </a>
    }
    .into_any()
}

/// Whether a place belongs to a server: its rooms, or the page that asks for its sign-in.
fn is_about(route: &Route, alias: &crate::core::server::alias::Alias, id: &ServerId) -> bool {
    match route {
        Route::Home { url: Some(url), .. } => ServerId::parse(url).is_ok_and(|url| url == *id),
        _ => route.alias() == Some(alias),
    }
}

fn theme_menu() -> AnyView {
    let app = use_app();
    let settings = app.settings();
    let items = Signal::derive(move || {
        let now = settings.read().theme;
        Theme::ALL
            .into_iter()
            .map(|theme| {
                let app = app.clone();
                let item = MenuItem::new(words::theme(theme), move || app.set_theme(theme));
                if theme == now {
                    item.icon(Icon::Check)
                } else {
                    item
                }
            })
            .collect::<Vec<_>>()
    });
    view! { <Menu label=words::THEME items=items icon=Icon::Settings opens_to_end=true /> }
        .into_any()
}
