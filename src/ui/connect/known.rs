//! The remembered servers on the connect page, each with its state and one thing to do.

use leptos::prelude::*;

use crate::core::route::Route;
use crate::i18n::connect as words;
use crate::state::server::Server;
use crate::ui::kit::{Button, Monogram, Size};
use crate::ui::shell::{ServerMenu, hue};
use crate::ui::{href, use_app};

/// Every remembered server but the one that the page is about.
#[component]
pub fn KnownServers() -> impl IntoView {
    let app = use_app();
    let (servers, waiting) = (app.servers(), app.connect().waiting());
    let is_waiting = {
        let waiting = waiting.clone();
        Memo::new(move |_| waiting.read().is_some())
    };
    let listed = Memo::new(move |_| {
        let about = waiting
            .read()
            .as_ref()
            .map(|waiting| waiting.server.clone());
        let mut servers = servers.get();
        servers.retain(|server| Some(server) != about.as_ref());
        servers
    });
    let heading = move || {
        if is_waiting.get() {
            words::OTHERS
        } else {
            words::KNOWN
        }
    };
    move || {
        listed.with(|servers| !servers.is_empty()).then(|| {
            view! {
                <section class="connect__recent" aria-label=heading>
                    <h2>{heading}</h2>
                    <ul>
                        <For
                            each=move || listed.get()
                            key=|server| server.id().clone()
                            children=row
                        />
                    </ul>
                </section>
            }
            .into_any()
        })
    }
}

fn row(server: Server) -> AnyView {
    let app = use_app();
    let name = {
        let server = server.clone();
        Memo::new(move |_| server.name())
    };
    let (standing, hue, host) = (server.standing(), hue(server.id()), server.host());
    let title = host.clone();
    let is_connected = {
        let server = server.clone();
        Memo::new(move |_| server.is_connected())
    };
    let action = {
        let server = server.clone();
        move || {
            if is_connected.get() {
                let link = format!("{}#{}", href(&Route::Lobby), server.alias());
                return view! {
                    <a
                        class="button"
                        data-variant="quiet"
                        data-size="small"
                        href=link
                        aria-label=move || words::open_server(&name.read())
                    >
                        {words::OPEN}
                    </a>
                }
                .into_any();
            }
            let (app, busy, server) = (app.clone(), server.busy(), server.clone());
            view! {
                <Button
                    size=Size::Small
                    label=Signal::derive(move || words::sign_in_to(&name.read()))
                    busy=busy
                    on_press=Callback::new(move |()| app.sign_in(&server, Some(Route::Lobby)))
                >
                    {words::SIGN_IN}
                </Button>
            }
            .into_any()
        }
    };
    view! {
        <li class="connect__server" data-state=move || standing.get().as_str()>
            <Monogram name=name hue=hue size=Size::Small />
            <span class="connect__name" title=title>
                <span class="truncate" dir="auto">
                    {move || name.get()}
                </span>
                <span class="connect__host">
                    {host} " · " {
                        let standing = server.standing();
                        move || standing.get().words()
                    }
                </span>
            </span>
            {action}
            <ServerMenu server=server />
        </li>
    }
    .into_any()
}
