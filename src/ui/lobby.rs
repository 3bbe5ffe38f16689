//! The lobby: every server with its state and its rooms, each on its own.

mod rooms;
mod server;

use leptos::prelude::*;

use self::server::ServerSection;
use super::kit::{Icon, IconView};
use super::shell::Page;
use super::use_app;
use crate::i18n::{lobby as words, shell};

/// The lobby.
#[component]
pub fn LobbyPage() -> impl IntoView {
    let servers = use_app().servers();
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
