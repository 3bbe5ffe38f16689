//! The root: one place at a time, chosen by the address and the guard.

mod link;
mod plain;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::Router;
use leptos_router::hooks::{use_location, use_navigate};

pub use self::plain::{NotFoundPage, StatusPage};
use super::connect::{CallbackPage, ConnectPage};
use super::late::{self, Piece};
use super::shell::{Frame, Shell};
use crate::core::room::RoomId;
use crate::core::route::Route;
use crate::core::server::alias::Alias;
use crate::core::session::guard::{Decision, Notice};
use crate::i18n::shell as words;
use crate::state::app::{App, use_app};
use crate::state::toast::Tone;

/// The `href` of a place, with the folder that the app is served from.
#[must_use]
pub fn href(route: &Route) -> String {
    format!("{}{}", crate::web::dom::folder(), route.to_path())
}

/// Shows the app in the page; the splash goes when the first place is decided.
pub fn mount(app: App) {
    leptos::mount::mount_to_body(move || {
        provide_context(app);
        view! {
            <Router>
                <Root />
            </Router>
        }
    });
}

/// What is on show. A change of anything that is not in here does not build the page anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// Nothing yet: sessions are being restored, or a redirect is under way.
    Wait,
    Connect,
    Lobby,
    Room(Alias, RoomId),
    Callback(String),
    Diagnostics,
    Versions,
    NotFound,
}

impl Place {
    fn of(route: &Route) -> Self {
        match route {
            Route::Home { .. } => Self::Connect,
            Route::Lobby => Self::Lobby,
            Route::Room { alias, room, .. } | Route::Thread { alias, room, .. } => {
                Self::Room(alias.clone(), room.clone())
            }
            Route::Callback { flow } => Self::Callback(flow.clone()),
            Route::Diagnostics => Self::Diagnostics,
            Route::Versions => Self::Versions,
            Route::NotFound => Self::NotFound,
        }
    }
}

#[component]
fn Root() -> impl IntoView {
    let app = use_app();
    register_navigation();
    let location = use_location();
    let route = Memo::new(move |_| {
        let path = location.pathname.get();
        match crate::web::dom::inside(&path) {
            Some(path) => Route::parse(&path, &location.search.read(), &location.hash.read()),
            None => Route::NotFound,
        }
    });
    let decision = guard(&app, route);
    let place = Memo::new(move |_| match &*decision.read() {
        Decision::Stay => Place::of(&route.read()),
        Decision::Wait | Decision::Go { .. } => Place::Wait,
    });
    let is_ready = Memo::new(move |was: Option<&bool>| {
        was == Some(&true) || place.with(|place| *place != Place::Wait)
    });
    Effect::new(move |_| {
        if is_ready.get() {
            // After the effects that build the page.
            request_animation_frame(|| {
                crate::web::dom::set_ready();
                late::preload();
            });
        }
    });

    let settings = app.settings();
    Effect::new(move |_| crate::web::dom::set_theme(settings.read().theme.as_str()));
    let frame = Frame::new(route);
    provide_context(frame);
    let has_rail = {
        let servers = app.servers();
        Memo::new(move |_| {
            let is_bare = place.with(|place| matches!(place, Place::Connect | Place::Callback(_)));
            is_ready.get() && !(is_bare && servers.read().is_empty())
        })
    };
    let follow = {
        let app = app.clone();
        move |event| {
            if let Some((route, hash)) = link::pressed(&event) {
                frame.show_section(&route, &hash);
                app.go(&route);
            }
        }
    };
    view! {
        <Shell has_rail=has_rail on_press=follow>
            <For
                each=move || [place.get()]
                key=|place| place.clone()
                children=move |place| page(&app, place, route)
            />
        </Shell>
    }
}

/// Asks the guard about every place, and again whenever a server's connection flips; carries out its redirects.
fn guard(app: &App, route: Memo<Route>) -> Memo<Decision> {
    let decision = {
        let app = app.clone();
        Memo::new(move |_| app.guard(&route.read()))
    };
    let app = app.clone();
    Effect::new(move |_| {
        if let Decision::Go { route, notice } = decision.get() {
            if notice == Some(Notice::UnknownServer) {
                app.toasts().tell(Tone::Caution, words::UNKNOWN_SERVER);
            }
            app.replace(&route);
        }
    });
    decision
}

fn page(app: &App, place: Place, route: Memo<Route>) -> AnyView {
    match place {
        Place::Wait => ().into_any(),
        Place::Connect => view! { <ConnectPage route=route /> }.into_any(),
        Place::Lobby => late::home(Piece::Lobby),
        Place::Callback(flow) => view! { <CallbackPage flow=flow /> }.into_any(),
        Place::Diagnostics => late::home(Piece::Status(words::DIAGNOSTICS)),
        Place::Versions => late::home(Piece::Status(words::VERSIONS)),
        Place::NotFound => late::home(Piece::NotFound),
        Place::Room(alias, room) => match app.server(&alias) {
            Some(server) => {
                let own = own_route(alias, room.clone(), route);
                late::room(server, room, own)
            }
            // Removed this very moment: the guard leads away.
            None => ().into_any(),
        },
    }
}

/// The route as long as it is in this room: a page that is about to go never sees another room's.
fn own_route(alias: Alias, room: RoomId, route: Memo<Route>) -> Memo<Route> {
    let place = Place::Room(alias.clone(), room.clone());
    Memo::new(move |was: Option<&Route>| {
        let now = route.get();
        if Place::of(&now) == place {
            now
        } else {
            was.cloned()
                .unwrap_or_else(|| Route::room(alias.clone(), room.clone()))
        }
    })
}

fn register_navigation() {
    let navigate = use_navigate();
    crate::web::navigator::register(Box::new(move |path: &str, replace: bool| {
        let options = NavigateOptions {
            resolve: false,
            replace,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&format!("{}{path}", crate::web::dom::folder()), options);
    }));
}
