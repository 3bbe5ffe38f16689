//! What one can do with a server, wherever it is listed.

use leptos::prelude::*;

use crate::core::route::Route;
use crate::i18n::{banner, connect as words, lobby};
use crate::state::server::{Server, Standing};
use crate::state::task::spawn;
use crate::state::toast::Tone;
use crate::ui::kit::{ConfirmDialog, Icon, Menu, MenuItem};
use crate::ui::shell::Frame;
use crate::ui::use_app;

/// The menu of a server, with the question before it is removed.
#[component]
pub fn ServerMenu(
    /// The server.
    server: Server,
) -> impl IntoView {
    let app = use_app();
    let route = Frame::use_frame().route();
    let is_asking = RwSignal::new(false);
    let name = {
        let server = server.clone();
        Memo::new(move |_| server.name())
    };
    let items = {
        let (server, app) = (server.clone(), app.clone());
        Signal::derive(move || items(&app, &server, route, is_asking))
    };
    let remove = move |()| {
        is_asking.set(false);
        app.remove(&server);
        if matches!(route.get_untracked(), Route::Home { .. }) {
            // The address may still name the server that is gone.
            app.replace(&Route::home());
        }
    };
    view! {
        <Menu label=Signal::derive(move || words::server_menu(&name.read())) items=items />
        <ConfirmDialog
            open=is_asking
            title=Signal::derive(move || words::remove_question(&name.read()))
            text=Signal::derive(move || words::remove_text(&name.read()))
            confirm_label=words::REMOVE
            cancel_label=words::CANCEL
            danger=true
            on_confirm=Callback::new(remove)
            on_cancel=Callback::new(move |()| is_asking.set(false))
        />
    }
    .into_any()
}

fn items(
    app: &crate::state::app::App,
    server: &Server,
    route: Memo<Route>,
    is_asking: RwSignal<bool>,
) -> Vec<MenuItem> {
    // Back to the page of this server that one is on, if it is one.
    let sign_in = |label: &'static str| {
        let (app, server) = (app.clone(), server.clone());
        let act = move || {
            let here = route.get_untracked();
            let is_own = here.alias() == Some(&server.alias());
            app.sign_in(&server, Some(if is_own { here } else { Route::Lobby }));
        };
        MenuItem::new(label, act).icon(Icon::SignIn)
    };
    let act = |label: &'static str, icon: Icon, act: fn(&crate::state::app::App, &Server)| {
        let (app, server) = (app.clone(), server.clone());
        MenuItem::new(label, move || act(&app, &server)).icon(icon)
    };
    let mut items = Vec::with_capacity(5);
    if server.is_connected() {
        if server.ends_in().is_some() {
            items.push(sign_in(banner::SIGN_IN_AGAIN));
        }
        items.push(act(lobby::RELOAD, Icon::Refresh, |_, server| {
            server.reload_rooms()
        }));
    } else {
        items.push(sign_in(words::SIGN_IN));
    }
    // The one on this computer has no address for anybody else, and is there with every window.
    let is_local = server.local().is_some();
    if !is_local {
        items.push(act(words::COPY_ADDRESS, Icon::Copy, |app, server| {
            let (toasts, address) = (app.toasts(), server.id().as_str().to_owned());
            spawn(async move {
                if crate::web::dom::copy_text(address).await {
                    toasts.tell(Tone::Success, words::COPIED);
                } else {
                    toasts.tell(Tone::Caution, words::NOT_COPIED);
                }
            });
        }));
    }
    let can_sign_out = !matches!(server.standing().get(), Standing::SignedOut)
        && !server.record().read().auth.is_none();
    if can_sign_out {
        items.push(act(words::SIGN_OUT, Icon::SignOut, |app, server| {
            app.sign_out(server)
        }));
    }
    if !is_local {
        items.push(
            MenuItem::new(words::REMOVE_MENU, move || is_asking.set(true))
                .icon(Icon::Trash)
                .danger(),
        );
    }
    items
}
