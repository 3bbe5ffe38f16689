//! What is to be said of a server whose session is still good: it is away, or it is about to end.

use leptos::prelude::*;

use super::desktop::local_banner;
use super::kit::{Button, Icon, Panel, Size, Tone, Variant};
use super::use_app;
use crate::core::route::Route;
use crate::i18n::banner as words;
use crate::state::server::{Server, Standing};
use crate::state::shell::IS_BUILT;
use crate::state::shell::sidecar::Local;

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Away,
    Ending,
    /// It is the one on this computer, and does not run.
    Local(Local),
}

/// The banner of a server; nothing most of the time. It goes by itself when things are well again.
#[component]
pub fn ServerBanner(
    /// The server.
    server: Server,
    /// Where to come back to after signing in again.
    #[prop(into)]
    back: Signal<Route>,
) -> impl IntoView {
    let online = use_app().online();
    let name = {
        let server = server.clone();
        Memo::new(move |_| server.name())
    };
    let left = {
        let server = server.clone();
        Memo::new(move |_| server.ends_in())
    };
    let (standing, local) = (server.standing(), server.local());
    let said = Memo::new(
        move |_| match (standing.get(), local.as_ref().map(Get::get)) {
            (_, Some(local)) if !matches!(local, Local::Running(_)) => Said::Local(local),
            // Without a network every server is away; that is told once for all of them.
            (Standing::Unreachable, _) if online.get() => Said::Away,
            (Standing::SignedIn, _) if left.read().is_some() => Said::Ending,
            _ => Said::Nothing,
        },
    );
    let ends_soon = move || (said.get() == Said::Ending).then(|| words::ends_soon(&name.read()));
    let away = {
        let server = server.clone();
        move || match said.get() {
            Said::Away => Some(away(&server, name)),
            Said::Local(local) if IS_BUILT => local_banner(&server, local),
            _ => None,
        }
    };
    let ending = move || (said.get() == Said::Ending).then(|| ending(&server, name, left, back));
    view! {
        <div class="banner">
            <p class="visually-hidden" role="status">
                {ends_soon}
            </p>
            <div role="status">{away}</div>
            {ending}
        </div>
    }
    .into_any()
}

fn away(server: &Server, name: Memo<String>) -> AnyView {
    let (trying, server) = (server.trying(), server.clone());
    view! {
        <Panel
            tone=Tone::Caution
            icon=Icon::Offline
            title=Signal::derive(move || words::away(&name.read()))
            text=words::AWAY_TEXT
        >
            <Button
                size=Size::Small
                icon=Icon::Refresh
                busy=Signal::derive(move || trying.get())
                on_press=Callback::new(move |()| server.try_now())
            >
                {words::TRY_NOW}
            </Button>
        </Panel>
    }
    .into_any()
}

fn ending(
    server: &Server,
    name: Memo<String>,
    left: Memo<Option<i64>>,
    back: Signal<Route>,
) -> AnyView {
    let (app, busy, server) = (use_app(), server.busy(), server.clone());
    let title = move || words::ending(&name.read(), left.get().unwrap_or(0));
    view! {
        <Panel tone=Tone::Caution title=Signal::derive(title) text=words::ENDING_TEXT>
            <Button
                variant=Variant::Primary
                size=Size::Small
                icon=Icon::SignIn
                busy=Signal::derive(move || busy.get())
                on_press=Callback::new(move |()| app.sign_in(&server, Some(back.get_untracked())))
            >
                {words::SIGN_IN_AGAIN}
            </Button>
        </Panel>
    }
    .into_any()
}
