//! The lobby: every server with its state and its rooms, each on its own.

mod rooms;
mod server;

use leptos::{ev, prelude::*};

pub use self::rooms::is_new;
use self::server::ServerSection;
use super::kit::{Icon, IconView};
use super::shell::Page;
use super::use_app;
use crate::i18n::{lobby as words, shell};
use crate::state::app::App;
use crate::state::server::Server;

/// The lobby.
#[component]
pub fn LobbyPage() -> impl IntoView {
    let app = use_app();
    watch_page(&app);
    let servers = app.servers();
    let filter = RwSignal::new(String::new());
    let meta = {
        let servers = servers.clone();
        MaybeProp::derive(move || {
            let servers = servers.read();
            let connected = servers
                .iter()
                .filter(|server| server.is_connected())
                .count();
            Some(words::summary(connected, servers.len()))
        })
    };
    view! {
        <Page title=shell::LOBBY meta=meta>
            <div class="lobby">
                <div class="lobby__head">
                    <h2 class="lobby__title">{words::ROOMS_HEADING}</h2>
                    <div class="lobby__search search">
                        <IconView icon=Icon::Search />
                        <input
                            class="field__input"
                            type="search"
                            dir="auto"
                            autocomplete="off"
                            spellcheck="false"
                            aria-label=words::FILTER
                            placeholder=words::FILTER
                            prop:value=move || filter.get()
                            on:input=move |event| filter.set(event_target_value(&event))
                        />
                    </div>
                </div>
                <For
                    each=move || servers.get()
                    key=|server| server.id().clone()
                    children=move |server| view! { <ServerSection server=server filter=filter /> }
                />
            </div>
        </Page>
    }
    .into_any()
}

/// What is new is asked for again when somebody comes back to the page, and is not new any more once it was read in another tab.
fn watch_page(app: &App) {
    let (seen, stored) = (app.servers(), app.servers());
    let listeners = [
        window_event_listener(ev::focus, move |_| {
            seen.with_untracked(|servers| servers.iter().for_each(Server::look_for_news));
        }),
        window_event_listener(ev::storage, move |event| {
            if let Some(key) = event.key() {
                stored.with_untracked(|servers| {
                    for server in servers {
                        server.news().storage_changed(&key);
                    }
                });
            }
        }),
    ];
    on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
}
