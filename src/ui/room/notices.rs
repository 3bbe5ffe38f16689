//! The button that turns notices of the system on and off.

use leptos::prelude::*;

use crate::i18n::unread as words;
use crate::state::unread::{Notices, Wish};
use crate::ui::kit::{Button, Variant};

/// Turns notices on and off.
pub fn notices_button(notices: &Notices) -> AnyView {
    let wish = notices.wish();
    let is_on = Memo::new(move |_| wish.get() == Wish::On);
    let label = Signal::derive(move || {
        let label = if is_on.get() {
            words::NOTIFY_OFF
        } else {
            words::NOTIFY
        };
        label.to_owned()
    });
    let notices = notices.clone();
    view! {
        <Button
            class="notices"
            variant=Variant::Icon
            label=label
            on_press=Callback::new(move |()| notices.toggle())
            attr:data-on=move || is_on.get().then_some("true")
        >
            // Drawn here and not in the set of icons, which comes with the first page.
            <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                <path d="M3 11.5h10c-1-1-1.5-2-1.5-4.5a3.5 3.5 0 0 0-7 0c0 2.5-.5 3.5-1.5 4.5zM6.5 13.8h3"></path>
                <path class="notices__off" d="m2.5 2.5 11 11"></path>
            </svg>
        </Button>
    }
    .into_any()
}
