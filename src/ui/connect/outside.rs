//! The page that waits while the person signs in in their own browser.

use leptos::prelude::*;

use crate::i18n::desktop as words;
use crate::state::connect::Connect;
use crate::state::task::spawn;
use crate::state::toast::Tone as Told;
use crate::ui::kit::{Button, Icon, Panel, Tone, Variant};
use crate::ui::use_app;

/// Says that the browser is open, and offers to open it again or to give up.
#[component]
pub fn OutsidePanel(
    /// The state of connecting.
    connect: Connect,
) -> impl IntoView {
    let app = use_app();
    let desktop = app.desktop()?.clone();
    let outside = desktop.outside();
    let not_opened = {
        let outside = outside.clone();
        Memo::new(move |_| outside.read().as_ref().is_some_and(|it| it.not_opened))
    };
    let has_page = {
        let outside = outside.clone();
        Memo::new(move |_| outside.read().as_ref().is_some_and(|it| it.url.is_some()))
    };
    let title = {
        let outside = outside.clone();
        Signal::derive(move || {
            let name = outside.read().as_ref().map(|it| it.name.clone());
            let name = name.unwrap_or_default();
            match (not_opened.get(), has_page.get()) {
                (true, _) => words::NOT_OPENED.to_owned(),
                (false, true) => words::outside_title(&name),
                (false, false) => words::opening(&name),
            }
        })
    };
    let text = Signal::derive(move || {
        Some(match not_opened.get() {
            true => words::NOT_OPENED_TEXT.to_owned(),
            false => words::OUTSIDE_TEXT.to_owned(),
        })
    });
    let tone = Signal::derive(move || match not_opened.get() {
        true => Tone::Caution,
        false => Tone::Info,
    });
    let copy = {
        let toasts = app.toasts();
        move |()| {
            let url = outside
                .read_untracked()
                .as_ref()
                .and_then(|it| it.url.clone());
            let toasts = toasts.clone();
            spawn(async move {
                match crate::web::dom::copy_text(url.unwrap_or_default()).await {
                    true => toasts.tell(Told::Success, words::COPIED),
                    false => toasts.tell(Told::Caution, words::NOT_COPIED),
                }
            });
        }
    };
    let again = move |()| desktop.open_outside();
    Some(
        view! {
            <Panel tone=tone icon=Icon::SignIn title=title text=text>
                <Button
                    variant=Variant::Primary
                    on_press=Callback::new(again)
                    disabled=Signal::derive(move || !has_page.get())
                >
                    {words::OPEN_AGAIN}
                </Button>
                {move || {
                    let copy = copy.clone();
                    (not_opened.get() && has_page.get())
                        .then(|| {
                            view! {
                                <Button icon=Icon::Copy on_press=Callback::new(copy)>
                                    {words::COPY_ADDRESS}
                                </Button>
                            }
                        })
                }}
                <Button
                    variant=Variant::Ghost
                    on_press=Callback::new(move |()| connect.cancel())
                >
                    {words::CANCEL}
                </Button>
            </Panel>
        }
        .into_any(),
    )
}
