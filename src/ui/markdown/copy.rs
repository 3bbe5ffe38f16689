//! The button that copies.

use std::time::Duration;

use leptos::prelude::*;

use crate::i18n::thread as words;
use crate::state::task::spawn;
use crate::ui::kit::{Button, Icon, Size, Variant};
use crate::web::dom;

/// How long the button says what became of it.
const SHOWN: Duration = Duration::from_secs(2);

/// A button that copies a text and says for a moment whether that worked.
pub fn copy_button(label: &'static str, text: Callback<(), String>) -> AnyView {
    copying(label, move || dom::copy_text(text.run(())))
}

/// A button that copies in its own way, which says whether it could.
pub fn copying<F>(label: &'static str, copy: impl Fn() -> F + Send + Sync + 'static) -> AnyView
where
    F: Future<Output = bool> + 'static,
{
    let outcome = RwSignal::new(None::<bool>);
    let name = Signal::derive(move || {
        let name = match outcome.get() {
            None => label,
            Some(true) => words::COPIED,
            Some(false) => words::NOT_COPIED,
        };
        name.to_owned()
    });
    let icon = Signal::derive(move || match outcome.get() {
        None => Icon::Copy,
        Some(true) => Icon::Check,
        Some(false) => Icon::Alert,
    });
    let press = move |()| {
        let copied = copy();
        spawn(async move {
            let is_copied = copied.await;
            outcome.try_set(Some(is_copied));
            set_timeout(move || _ = outcome.try_set(None), SHOWN);
        });
    };
    view! {
        <Button
            variant=Variant::Icon
            size=Size::Small
            icon=icon
            label=name
            on_press=Callback::new(press)
        />
    }
    .into_any()
}
