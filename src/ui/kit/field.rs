//! A line of text with its label, hint and error.

use leptos::{html, prelude::*};

use super::{
    button::Size,
    icon::{Icon, IconView},
    next_id,
};

/// A labelled text field; hint and error are tied to it for assistive technology.
#[component]
pub fn TextField(
    /// The visible label and accessible name.
    #[prop(into)]
    label: Signal<String>,
    /// The text, owned by the caller.
    #[prop(into)]
    value: Signal<String>,
    /// Called with the whole text at every change.
    #[prop(into)]
    on_input: Callback<String>,
    /// Whether the label is for readers only.
    #[prop(optional)]
    hide_label: bool,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// What is wrong and how to mend it.
    #[prop(optional, into)]
    error: MaybeProp<String>,
    /// An example.
    #[prop(optional, into)]
    placeholder: MaybeProp<String>,
    /// The HTML input type; `text` if absent.
    #[prop(optional)]
    kind: Option<&'static str>,
    /// The HTML `autocomplete` value; `off` if absent.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// How large it is.
    #[prop(optional)]
    size: Size,
    /// Whether it cannot be used now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// The input element, to focus it.
    #[prop(optional)]
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let id = next_id("field");
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let described = {
        let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
        move || match (error.get().is_some(), hint.get().is_some()) {
            (true, true) => Some(format!("{error_id} {hint_id}")),
            (true, false) => Some(error_id.clone()),
            (false, true) => Some(hint_id.clone()),
            (false, false) => None,
        }
    };
    view! {
        <div class="field">
            <label
                class="field__label"
                class=("visually-hidden", hide_label)
                for=id.clone()
            >
                {move || label.get()}
            </label>
            <input
                class="field__input"
                id=id
                type=kind.unwrap_or("text")
                autocomplete=autocomplete.unwrap_or("off")
                autocapitalize="off"
                spellcheck="false"
                dir="auto"
                data-size=size.as_str()
                placeholder=move || placeholder.get()
                disabled=disabled
                aria-invalid=move || error.get().map(|_| "true")
                aria-describedby=described
                prop:value=move || value.get()
                on:input=move |event| on_input.run(event_target_value(&event))
                node_ref=node_ref
            />
            <div aria-live="polite">
                {move || {
                    error
                        .get()
                        .map(|text| {
                            view! {
                                <p class="field__error" id=error_id.clone()>
                                    <IconView icon=Icon::Alert />
                                    <span>{text}</span>
                                </p>
                            }
                        })
                }}
            </div>
            {move || {
                hint.get()
                    .map(|text| {
                        view! {
                            <p class="field__hint" id=hint_id.clone()>
                                {text}
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}
