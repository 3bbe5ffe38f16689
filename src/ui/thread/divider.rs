//! Lines between the rows: a new day, and what is new.

use leptos::prelude::*;

use crate::i18n::timeline as words;

/// The day that begins; both counted from 1970 where the person is.
pub fn day(day: i64, today: i64) -> AnyView {
    divider(words::day(day, today), "day")
}

/// What follows came since the last visit.
pub fn unread() -> AnyView {
    divider(words::NEW_MESSAGES.to_owned(), "unread")
}

fn divider(said: String, kind: &'static str) -> AnyView {
    view! {
        <p class="divider" data-kind=kind>
            <span>{said}</span>
        </p>
    }
    .into_any()
}
