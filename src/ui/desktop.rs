//! What is to be said in a desktop shell only: how its own server stands, and how sessions are kept.

use leptos::prelude::*;

use super::kit::{Button, Dialog, Icon, Panel, Size, Tone, Variant};
use super::use_app;
use crate::i18n::desktop as words;
use crate::state::server::Server;
use crate::state::shell::sidecar::Local;

/// The banner of the server on this computer, while it does not run.
pub fn local_banner(server: &Server, local: Local) -> Option<AnyView> {
    match local {
        Local::Running(_) | Local::Absent => None,
        Local::Starting => Some(
            view! {
                <Panel icon=Icon::Refresh title=words::STARTING text=words::STARTING_TEXT />
            }
            .into_any(),
        ),
        Local::Stopped(_) => {
            let server = server.clone();
            Some(
                view! {
                    <Panel
                        tone=Tone::Caution
                        icon=Icon::Offline
                        title=words::STOPPED
                        text=words::stopped_text(local.is_missing())
                    >
                        <Button
                            size=Size::Small
                            icon=Icon::Refresh
                            on_press=Callback::new(move |()| server.start_local())
                        >
                            {words::START_AGAIN}
                        </Button>
                    </Panel>
                }
                .into_any(),
            )
        }
    }
}

/// Asks how sessions are kept where nothing protects them; it has to be answered.
#[component]
pub fn KeepQuestion() -> impl IntoView {
    let app = use_app();
    let (keep, forget) = (app.clone(), app.clone());
    let foot = move || {
        view! {
            <Button
                variant=Variant::Primary
                on_press=Callback::new(move |()| keep.choose_how_to_keep(false))
            >
                {words::KEEP_THEM}
            </Button>
            <Button on_press=Callback::new(move |()| forget.choose_how_to_keep(true))>
                {words::KEEP_UNTIL_CLOSED}
            </Button>
        }
    };
    view! {
        <Dialog
            open=Signal::derive(move || app.asks_how_to_keep())
            title=words::KEEP_TITLE
            foot=foot
        >
            <p>{words::KEEP_TEXT}</p>
        </Dialog>
    }
    .into_any()
}
