//! A message that stays in its place until it is dealt with.

use leptos::prelude::*;

use super::{
    icon::{Icon, IconView},
    next_id,
    tone::Tone,
};

/// A named region with an icon, a title, a text and room for actions.
#[component]
pub fn Panel(
    /// How serious it is.
    #[prop(optional, into)]
    tone: Signal<Tone>,
    /// The icon; chosen by the tone if absent.
    #[prop(optional, into)]
    icon: MaybeProp<Icon>,
    /// What happened.
    #[prop(into)]
    title: Signal<String>,
    /// What is safe, and what to do.
    #[prop(optional, into)]
    text: MaybeProp<String>,
    /// The accessible name of the region, where it is not the title.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// The actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let title_id = next_id("panel");
    let labelled_by = title_id.clone();
    let icon = Signal::derive(move || {
        icon.get().unwrap_or(match tone.get() {
            Tone::Info => Icon::Info,
            Tone::Positive => Icon::Check,
            Tone::Caution => Icon::Warning,
            Tone::Danger => Icon::Alert,
        })
    });
    view! {
        <section
            class="panel"
            data-tone=move || tone.get().as_str()
            data-enter="true"
            aria-label=move || label.get()
            aria-labelledby=move || label.get().is_none().then(|| labelled_by.clone())
        >
            <div class="panel__icon">
                <IconView icon=icon />
            </div>
            <div class="panel__content">
                <p class="panel__title" id=title_id>
                    {move || title.get()}
                </p>
                {move || text.get().map(|text| view! { <p class="panel__text">{text}</p> })}
            </div>
            {children.map(|children| view! { <div class="panel__action">{children()}</div> })}
        </section>
    }
    .into_any()
}
