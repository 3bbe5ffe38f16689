//! The frame around every page: rail, panel at the side, topbar, notices.

mod drawer;
mod page;
mod rail;
mod server_menu;

use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;

pub use self::drawer::Frame;
pub use self::page::{BarePage, Page, account};
pub use self::rail::Rail;
pub use self::server_menu::ServerMenu;
use super::kit::{ToastItem, Toasts};
use super::late::{self, Piece};
use super::use_app;
use crate::core::server::id::ServerId;
use crate::i18n::shell as words;
use crate::state::toast::{Toast, Tone};
use crate::ui::kit;

/// The colour of a server's edge and monogram, in degrees; it stays as long as its address does.
#[must_use]
pub fn hue(server: &ServerId) -> u16 {
    // FNV-1a, and a multiplication by the golden ratio, so that neighbouring ports lie far apart on the circle.
    let hash = server.as_str().bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let spread = hash.wrapping_mul(0x9e37_79b1) >> 16;
    u16::try_from(spread % 360).unwrap_or(0)
}

/// The frame; the page inside changes, the frame stays.
#[component]
pub fn Shell(
    /// Whether the list of servers is shown.
    #[prop(into)]
    has_rail: Signal<bool>,
    /// Called for every press, so that links lead to places of the app.
    #[prop(into)]
    on_press: Callback<MouseEvent>,
    /// The page.
    children: Children,
) -> impl IntoView {
    let app = use_app();
    let frame = Frame::use_frame();
    let rail = NodeRef::<html::Header>::new();
    frame.manage(rail);
    let items = {
        let list = app.toasts().list();
        Signal::derive(move || list.read().iter().map(toast_item).collect::<Vec<_>>())
    };
    let toasts = app.toasts();
    // From the first time on it stays: a dialog has to close before it goes, or the focus is lost.
    let was_asked = {
        let warned = app.warned();
        Memo::new(move |was: Option<&bool>| was == Some(&true) || warned.read().is_some())
    };
    view! {
        <div
            class="shell"
            data-side=move || (!frame.has_side()).then_some("none")
            data-rail=move || (!has_rail.get()).then_some("none")
            data-open=move || frame.is_open().then_some("true")
            on:click=move |event| on_press.run(event)
            on:keydown=move |event| {
                if event.key() == "Escape" && !event.default_prevented() {
                    frame.close();
                }
            }
        >
            <button class="skip visually-hidden" type="button" on:click=move |_| frame.focus_main()>
                {words::SKIP}
            </button>
            {move || has_rail.get().then(|| late::home(Piece::Rail(rail)))}
            {children()}
            <button
                class="shell__scrim"
                type="button"
                tabindex="-1"
                aria-label=words::CLOSE_MENU
                on:click=move |_| frame.close()
            ></button>
            <p class="visually-hidden" aria-live="polite">
                {move || frame.announced()}
            </p>
            <Toasts
                items=items
                on_dismiss=Callback::new(move |id| toasts.dismiss(id))
                dismiss_label=words::DISMISS
            />
            {move || was_asked.get().then(|| late::home(Piece::StillThere))}
        </div>
    }
    .into_any()
}

fn toast_item(toast: &Toast) -> ToastItem {
    let tone = match toast.tone {
        _ if toast.assertive => kit::Tone::Danger,
        Tone::Info => kit::Tone::Info,
        Tone::Success => kit::Tone::Positive,
        Tone::Caution => kit::Tone::Caution,
        Tone::Danger => kit::Tone::Danger,
    };
    ToastItem {
        id: toast.id,
        tone,
        text: toast.text.clone(),
        action: None,
    }
}
