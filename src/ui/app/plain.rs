//! Pages that need no server.

use leptos::prelude::*;

use crate::core::route::Route;
use crate::i18n::shell as words;
use crate::ui::kit::Mark;
use crate::ui::shell::Page;
use crate::ui::{href, use_app};

/// An address that leads nowhere.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Page title=words::NOT_FOUND>
            <div class="empty">
                <Mark shut=true />
                <p class="empty__title">{words::NOT_FOUND}</p>
                <p class="empty__text">{words::NOT_FOUND_TEXT}</p>
                <a class="button" data-variant="primary" href=href(&Route::Lobby)>
                    {words::TO_LOBBY}
                </a>
            </div>
        </Page>
    }
}

/// The version of the app, and how every server stands.
#[component]
pub fn StatusPage(
    /// What the page is called.
    title: &'static str,
) -> impl IntoView {
    let servers = use_app().servers();
    let rows = move || {
        let servers = servers.get();
        servers
            .into_iter()
            .map(|server| {
                let (name, standing) = (server.clone(), server.standing());
                view! {
                    <tr>
                        <th scope="row" dir="auto">
                            {move || name.name()}
                        </th>
                        <td class="mono">{server.id().as_str().to_owned()}</td>
                        <td>{move || standing.get().words()}</td>
                    </tr>
                }
            })
            .collect_view()
    };
    view! {
        <Page title=title>
            <div class="lobby">
                <p>{words::version(env!("CARGO_PKG_VERSION"))}</p>
                <table class="table" aria-label=words::SERVERS>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Page>
    }
}
