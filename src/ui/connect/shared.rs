//! The question before a sign-in that another known server uses too.

use leptos::prelude::*;

use crate::i18n::connect as words;
use crate::state::connect::{Connect, Step};
use crate::ui::kit::{Button, Panel, Tone, Variant};

/// Asks whether to go on; nothing has left the page by then.
#[component]
pub fn SharedQuestion(
    /// The state of connecting.
    connect: Connect,
) -> impl IntoView {
    let step = connect.step();
    move || {
        let (name, other) = match &*step.read() {
            Step::Shared { found, other, .. } => (found.name.clone(), other.clone()),
            _ => return None,
        };
        let (cancel, go_on) = (connect.clone(), connect.clone());
        Some(view! {
            <Panel
                tone=Tone::Caution
                title=words::shared_title(&name, &other)
                text=words::shared_text(&name, &other)
            >
                <Button
                    variant=Variant::Primary
                    on_press=Callback::new(move |()| cancel.cancel())
                >
                    {words::CANCEL}
                </Button>
                <Button on_press=Callback::new(move |()| go_on.accept_shared())>
                    {words::GO_ON}
                </Button>
            </Panel>
        })
    }
}
