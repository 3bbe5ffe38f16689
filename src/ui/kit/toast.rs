//! Short messages that come and go, read out by assistive technology.

use leptos::prelude::*;

use super::{
    button::{Button, Size, Variant},
    icon::{Icon, IconView},
    tone::Tone,
};

/// One message.
#[derive(Debug, Clone)]
pub struct ToastItem {
    /// Tells messages apart; never used twice.
    pub id: u64,
    /// [`Tone::Danger`] interrupts a screen reader, the others wait.
    pub tone: Tone,
    /// The message.
    pub text: String,
    /// One thing to do about it: the verb and what it calls.
    pub action: Option<(String, Callback<()>)>,
}

/// The two live regions and their messages. Mounted once, and before the first message, or it is not read out.
#[component]
pub fn Toasts(
    /// The messages, oldest first, owned by the caller.
    #[prop(into)]
    items: Signal<Vec<ToastItem>>,
    /// Called with the id of a message that is done with.
    #[prop(into)]
    on_dismiss: Callback<u64>,
    /// The name of the button that dismisses a message.
    #[prop(into)]
    dismiss_label: Signal<String>,
) -> impl IntoView {
    let region = move |is_urgent: bool| {
        let shown = move || {
            items.with(|items| {
                items
                    .iter()
                    .filter(|item| (item.tone == Tone::Danger) == is_urgent)
                    .cloned()
                    .collect::<Vec<_>>()
            })
        };
        view! {
            <div class="toasts__region" role=if is_urgent { "alert" } else { "status" }>
                <For
                    each=shown
                    key=|item| item.id
                    children=move |item| toast(item, on_dismiss, dismiss_label)
                />
            </div>
        }
        .into_any()
    };
    view! { <div class="toasts">{region(false)} {region(true)}</div> }
}

fn toast(item: ToastItem, on_dismiss: Callback<u64>, dismiss_label: Signal<String>) -> AnyView {
    let id = item.id;
    let icon = match item.tone {
        Tone::Info => Icon::Info,
        Tone::Positive => Icon::Check,
        Tone::Caution => Icon::Warning,
        Tone::Danger => Icon::Alert,
    };
    let action = item.action.map(|(label, callback)| {
        let act = move |()| {
            callback.run(());
            on_dismiss.run(id);
        };
        view! {
            <Button size=Size::Small on_press=Callback::new(act)>
                {label}
            </Button>
        }
    });
    view! {
        <div class="toast" data-tone=item.tone.as_str()>
            <IconView icon=icon />
            <p class="toast__text">{item.text}</p>
            {action}
            <Button
                variant=Variant::Icon
                size=Size::Small
                icon=Icon::Close
                label=dismiss_label
                on_press=Callback::new(move |()| on_dismiss.run(id))
            />
        </div>
    }
    .into_any()
}
