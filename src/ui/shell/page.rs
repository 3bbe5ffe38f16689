//! One page: its panel at the side, its topbar, its content.

use leptos::children::ViewFnOnce;
use leptos::html;
use leptos::prelude::*;

use super::{Frame, hue};
use crate::i18n::shell as words;
use crate::state::server::Server;
use crate::ui::kit::{Icon, IconView};
use crate::ui::use_app;

/// A page in the frame.
#[component]
pub fn Page(
    /// What the page shows; heading of the topbar and title of the document.
    #[prop(into)]
    title: Signal<String>,
    /// The server one talks to here.
    #[prop(optional)]
    server: Option<Server>,
    /// Further words beside the title.
    #[prop(optional, into)]
    meta: MaybeProp<String>,
    /// The content of the panel at the side.
    #[prop(optional, into)]
    side: Option<ViewFnOnce>,
    /// The end of the topbar.
    #[prop(optional, into)]
    actions: Option<ViewFnOnce>,
    /// Whether the content fills the height and scrolls by itself.
    #[prop(optional)]
    fixed: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    let frame = Frame::use_frame();
    let bar = topbar(frame, title, server.clone(), meta, actions);
    body(frame, title, server, bar, side, fixed, children)
}

/// A page whose content has its own heading, so that there is no topbar. Apart from [`Page`] so that the
/// first page of all does not bring the others' parts along.
#[component]
pub fn BarePage(
    /// Title of the document.
    #[prop(into)]
    title: Signal<String>,
    /// The content.
    children: Children,
) -> impl IntoView {
    let frame = Frame::use_frame();
    body(frame, title, None, bare_bar(frame), None, false, children)
}

fn body(
    frame: Frame,
    title: Signal<String>,
    server: Option<Server>,
    topbar: AnyView,
    side: Option<ViewFnOnce>,
    fixed: bool,
    children: Children,
) -> AnyView {
    let (aside, main) = (NodeRef::<html::Aside>::new(), NodeRef::<html::Main>::new());
    let full_title = {
        let server = server.clone();
        Signal::derive(move || {
            let server = server.as_ref().map(Server::name);
            title.with(|title| words::document_title(title, server.as_deref()))
        })
    };
    let is_first = frame.enter(full_title, side.is_some().then_some(aside), main);
    Effect::new(move |_| crate::web::dom::set_title(&full_title.read()));
    Effect::new(move |_| {
        // The browser's own start, before the first link of all, is right for the first page.
        if main.get().is_some() && !is_first {
            request_animation_frame(move || take_lost_focus(frame));
        }
    });
    let online = use_app().online();
    let side = side.map(|side| {
        view! {
            <aside class="side" aria-label=words::SIDE tabindex="-1" node_ref=aside>
                {side.run()}
            </aside>
        }
        .into_any()
    });
    let content = children().into_any();
    let content = if fixed {
        content
    } else {
        view! { <div class="main__page">{content}</div> }.into_any()
    };
    view! {
        {side}
        <main class="main" tabindex="-1" on:focusin=move |_| frame.close_quietly() node_ref=main>
            {topbar}
            <p class="main__offline" role="status">
                {move || (!online.get()).then_some(words::OFFLINE)}
            </p>
            {content}
        </main>
    }
    .into_any()
}

fn topbar(
    frame: Frame,
    title: Signal<String>,
    server: Option<Server>,
    meta: MaybeProp<String>,
    actions: Option<ViewFnOnce>,
) -> AnyView {
    let hue = server.as_ref().map(|server| hue(server.id()).to_string());
    let who = server.map(|server| {
        let account = account(&server);
        view! {
            <span dir="auto">{move || server.name()}</span>
            <span dir="auto">{account}</span>
        }
    });
    view! {
        <header class="topbar" style:--hue=hue>
            {menu_button(frame)}
            <h1 class="topbar__title" dir="auto" title=move || title.get()>
                {move || title.get()}
            </h1>
            <div class="topbar__meta">
                {who} {move || meta.get().map(|meta| view! { <span>{meta}</span> })}
            </div>
            {actions
                .map(|actions| view! { <div class="topbar__actions">{actions.run()}</div> })}
        </header>
    }
    .into_any()
}

/// The way to the rail on a narrow screen, where a page has no topbar.
fn bare_bar(frame: Frame) -> AnyView {
    view! {
        <div class="topbar" data-bare="true">
            {menu_button(frame)}
        </div>
    }
    .into_any()
}

fn menu_button(frame: Frame) -> AnyView {
    let opener = NodeRef::<html::Button>::new();
    view! {
        <button
            class="button topbar__menu"
            type="button"
            data-variant="icon"
            aria-label=words::OPEN_MENU
            title=words::OPEN_MENU
            aria-expanded=move || if frame.is_open() { "true" } else { "false" }
            on:click=move |event| {
                // The press reaches the frame too, which would take it for one outside of the panels.
                event.stop_propagation();
                frame.open(opener);
            }
            node_ref=opener
        >
            <IconView icon=Icon::Menu />
        </button>
    }
    .into_any()
}

/// Who one is on a server (tracked).
pub fn account(server: &Server) -> impl Fn() -> Option<String> + Clone + Send + Sync + use<> {
    let (record, profile) = (server.record(), server.profile());
    move || {
        if record.with(|record| record.auth.is_none()) {
            return Some(words::NO_ACCOUNT.to_owned());
        }
        profile.with(|profile| profile.as_ref().map(|profile| profile.name.clone()))
    }
}

/// After a change of page the focus may have gone with the old one: then it goes to the new one, so that the next
/// Tab begins there.
fn take_lost_focus(frame: Frame) {
    let is_lost = document()
        .active_element()
        .is_none_or(|element| element.tag_name() == "BODY");
    if is_lost {
        frame.focus_main();
    }
}
