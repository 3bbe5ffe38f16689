//! The services that a server connects its agent to: a panel of the room.

use leptos::prelude::*;

use super::server_panel;
use crate::core::route::Route;
use crate::core::rpc::integration::{Integration, Link};
use crate::i18n::openhuman as words;
use crate::state::openhuman::integrations::{Doing, Integrations};
use crate::state::room::RoomState;
use crate::ui::href;
use crate::ui::kit::{
    Button, ConfirmDialog, Icon, IconView, Mark, Monogram, Size, Skeleton, SkeletonShape, Variant,
};

/// The query of the room's address that shows the panel: so a sign-in leads back to it.
const QUERY: &str = "panel=integrations";

/// Whether this place shows the panel.
pub fn is_shown(route: &Route) -> bool {
    matches!(route, Route::Room { query: Some(query), .. } if query.split('&').any(|part| part == QUERY))
}

/// The way to the panel, where the server has one.
pub fn integrations_link(room: &RoomState, route: Signal<Route>) -> Option<AnyView> {
    if !room.abilities().integrations {
        return None;
    }
    let place = Route::Room {
        alias: room.server().alias(),
        room: room.id().clone(),
        query: Some(QUERY.to_owned()),
        anchor: None,
    };
    let current = move || is_shown(&route.read()).then_some("page");
    Some(
        view! {
            <a class="side__item side__panel" href=href(&place) aria-current=current>
                <IconView icon=Icon::Tool />
                <span>{words::INTEGRATIONS}</span>
            </a>
        }
        .into_any(),
    )
}

/// The panel.
pub fn integrations_view(room: &RoomState, route: Signal<Route>) -> AnyView {
    let Some(integrations) = room.server().integrations() else {
        return ().into_any();
    };
    // Dropped with the panel, and with it the asking.
    let watch = StoredValue::new_local(Some(integrations.watch()));
    on_cleanup(move || watch.set_value(None));
    let leaving = RwSignal::new(None::<Integration>);
    view! {
        <div class="room">
            <section class="integrations" aria-label=words::INTEGRATIONS>
                <div class="integrations__head">
                    <div>
                        <h2>{words::INTEGRATIONS}</h2>
                        <p class="quiet">{words::INTEGRATIONS_TEXT}</p>
                    </div>
                    {refresh(&integrations)}
                </div>
                {failure(&integrations)}
                {list(&integrations, leaving)}
            </section>
            <div class="dock">{server_panel(&room.server(), route)}</div>
            {question(&integrations, leaving)}
        </div>
    }
    .into_any()
}

fn refresh(integrations: &Integrations) -> AnyView {
    let (list, asked) = (integrations.list(), integrations.clone());
    // The looks that nobody asks for are not shown.
    let pressed = RwSignal::new(false);
    let busy = Signal::derive(move || list.with(|list| list.busy) && pressed.get());
    let press = move |()| {
        pressed.set(true);
        asked.refresh();
    };
    view! {
        <Button size=Size::Small busy=busy on_press=Callback::new(press)>
            {words::REFRESH}
        </Button>
    }
    .into_any()
}

fn failure(integrations: &Integrations) -> AnyView {
    let failure = integrations.failure();
    view! {
        <div role="status">
            {move || {
                failure
                    .get()
                    .map(|text| {
                        view! {
                            <p class="integrations__failure">
                                <IconView icon=Icon::Info />
                                <span dir="auto">{text}</span>
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

fn list(integrations: &Integrations, leaving: RwSignal<Option<Integration>>) -> AnyView {
    let (load, failed) = (integrations.list(), integrations.failure());
    let known = {
        let load = load.clone();
        Memo::new(move |_| load.with(|load| load.data.clone()))
    };
    let names = Memo::new(move |_| {
        known.with(|known| {
            let names = known.iter().flatten().map(|one| one.toolkit.clone());
            known.as_ref().map(|_| names.collect::<Vec<_>>())
        })
    });
    let integrations = integrations.clone();
    let content = move || {
        let integrations = integrations.clone();
        match names.get() {
            None if failed.with(Option::is_some) => ().into_any(),
            None => view! { <Skeleton shape=SkeletonShape::Rows count=6 /> }.into_any(),
            Some(names) if names.is_empty() => view! {
                <div class="empty">
                    <Mark />
                    <p class="empty__title">{words::NO_INTEGRATIONS}</p>
                </div>
            }
            .into_any(),
            Some(_) => view! {
                <ul class="integrations__list">
                    <For
                        each=move || names.get().unwrap_or_default()
                        key=String::clone
                        children=move |toolkit| row(&integrations, toolkit, known, leaving)
                    />
                </ul>
            }
            .into_any(),
        }
    };
    content.into_any()
}

fn row(
    integrations: &Integrations,
    toolkit: String,
    known: Memo<Option<Vec<Integration>>>,
    leaving: RwSignal<Option<Integration>>,
) -> AnyView {
    let name = words::service(&toolkit);
    let one = {
        let toolkit = toolkit.clone();
        Memo::new(move |_| {
            known.with(|known| {
                let mut all = known.iter().flatten();
                all.find(|one| one.toolkit == toolkit).cloned()
            })
        })
    };
    let link =
        Memo::new(move |_| one.with(|one| one.as_ref().map_or(Link::Disconnected, |one| one.link)));
    let doing = {
        let (all, toolkit) = (integrations.doing(), toolkit.clone());
        Memo::new(move |_| all.with(|all| all.get(&toolkit).cloned()))
    };
    let state = move || match link.get() {
        Link::Connected => "connected",
        Link::Pending => "pending",
        Link::Failed => "failed",
        Link::Disconnected => "none",
    };
    let integrations = integrations.clone();
    let action = move || {
        action(
            &integrations,
            &toolkit,
            one,
            link.get(),
            doing.get(),
            leaving,
        )
    };
    view! {
        <li class="integrations__row" data-state=state>
            <Monogram name=name.clone() hue=0 size=Size::Small />
            <span class="integrations__name">
                <span class="truncate" dir="auto" title=name.clone()>
                    {name.clone()}
                </span>
                <span class="integrations__state">{move || words::link(link.get())}</span>
            </span>
            <span class="integrations__action">{action}</span>
        </li>
    }
    .into_any()
}

fn action(
    integrations: &Integrations,
    toolkit: &str,
    one: Memo<Option<Integration>>,
    link: Link,
    doing: Option<Doing>,
    leaving: RwSignal<Option<Integration>>,
) -> AnyView {
    if let Some(Doing::At { url }) = doing {
        return view! {
            <span class="quiet small">{words::WAITING}</span>
            <a class="button" data-size="small" href=url target="_blank" rel="external noopener noreferrer">
                {words::GO_ON}
            </a>
        }
        .into_any();
    }
    let busy = doing.is_some();
    if link == Link::Connected {
        return view! {
            <Button
                size=Size::Small
                variant=Variant::Ghost
                label=words::disconnect(toolkit)
                busy=busy
                on_press=Callback::new(move |()| leaving.set(one.get_untracked()))
            >
                {words::DISCONNECT}
            </Button>
        }
        .into_any();
    }
    let (integrations, name) = (integrations.clone(), toolkit.to_owned());
    let text = if link == Link::Failed {
        words::RECONNECT
    } else {
        words::CONNECT
    };
    view! {
        <Button
            size=Size::Small
            label=words::connect(toolkit)
            busy=busy
            on_press=Callback::new(move |()| integrations.connect(&name))
        >
            {text}
        </Button>
    }
    .into_any()
}

fn question(integrations: &Integrations, leaving: RwSignal<Option<Integration>>) -> AnyView {
    // The dialog fades with the words it had.
    let toolkit = Memo::new(move |was: Option<&String>| {
        leaving
            .with(|one| one.as_ref().map(|one| one.toolkit.clone()))
            .unwrap_or_else(|| was.cloned().unwrap_or_default())
    });
    let integrations = integrations.clone();
    let confirm = move |()| {
        if let Some(one) = leaving.get_untracked() {
            integrations.disconnect(&one);
        }
        leaving.set(None);
    };
    view! {
        <ConfirmDialog
            open=Signal::derive(move || leaving.with(Option::is_some))
            title=Signal::derive(move || words::disconnect_question(&toolkit.read()))
            text=Signal::derive(move || words::disconnect_text(&toolkit.read()))
            confirm_label=words::DISCONNECT
            cancel_label=words::KEEP
            danger=true
            on_confirm=Callback::new(confirm)
            on_cancel=Callback::new(move |()| leaving.set(None))
        />
    }
    .into_any()
}
