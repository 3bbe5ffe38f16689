//! The button.

use leptos::prelude::*;

use super::icon::{Icon, IconView};

/// What a button is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    /// The one action that a place is for.
    Primary,
    /// Any other action.
    #[default]
    Quiet,
    /// An action that destroys.
    Danger,
    /// An action that should not draw the eye.
    Ghost,
    /// An icon alone; needs a `label`.
    Icon,
}

impl Variant {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Quiet => "quiet",
            Self::Danger => "danger",
            Self::Ghost => "ghost",
            Self::Icon => "icon",
        }
    }
}

/// How much room a control takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Size {
    /// In rows and on messages.
    Small,
    /// Everywhere else.
    #[default]
    Normal,
    /// The one control of a page.
    Large,
}

impl Size {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Normal => "normal",
            Self::Large => "large",
        }
    }
}

/// A button. While busy it keeps the focus, and a press does nothing.
#[component]
pub fn Button(
    /// What it is for.
    #[prop(optional)]
    variant: Variant,
    /// How large it is.
    #[prop(optional)]
    size: Size,
    /// An icon before the text, or alone with [`Variant::Icon`].
    #[prop(optional, into)]
    icon: MaybeProp<Icon>,
    /// The accessible name and tooltip where the visible text does not say it.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// Whether it submits the form around it.
    #[prop(optional)]
    submit: bool,
    /// Whether its action is on its way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Whether it cannot be used now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
    /// Called on a press by mouse, finger or key.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
    /// The text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let class = if class.is_empty() {
        String::from("button")
    } else {
        format!("button {class}")
    };
    let press = move |event: leptos::ev::MouseEvent| {
        if busy.get_untracked() {
            event.prevent_default();
        } else if let Some(callback) = on_press {
            callback.run(());
        }
    };
    view! {
        <button
            class=class
            type=if submit { "submit" } else { "button" }
            data-variant=variant.as_str()
            data-size=size.as_str()
            data-busy=move || busy.get().then_some("true")
            aria-disabled=move || busy.get().then_some("true")
            aria-label=move || label.get()
            title=move || label.get()
            disabled=disabled
            on:click=press
        >
            {move || icon.get().map(|icon| view! { <IconView icon=icon /> })}
            {children.map(|children| children())}
        </button>
    }
    .into_any()
}
