//! What stands above the first row: how it goes with the rows before it.

use leptos::prelude::*;

use super::follow::Follow;
use crate::i18n::{room as room_words, timeline as words};
use crate::state::thread::{Older, ThreadState};
use crate::ui::kit::{Button, Size, Variant};

/// Loads earlier rows when somebody comes near the first, and tells of it.
pub fn older(thread: &ThreadState, follow: Follow) -> AnyView {
    let (state, order) = (thread.older(), thread.order());
    let now = Memo::new(move |_| {
        let is_there = order.with(|order| !order.is_empty());
        is_there.then(|| state.get())
    });
    let near = follow.outlook.is_near_top;
    {
        let thread = thread.clone();
        Effect::new(move |_| {
            if near.get() && now.get() == Some(Older::More) {
                thread.load_older();
            }
        });
    }
    // The line comes and goes above what is read.
    Effect::new(move |_| {
        now.track();
        follow.settle_soon();
    });
    let thread = thread.clone();
    let line = move || match now.get() {
        Some(Older::More | Older::Loading) => {
            view! { <p class="transcript__older">{words::LOADING_OLDER}</p> }.into_any()
        }
        Some(Older::Failed) => {
            let thread = thread.clone();
            let again = Callback::new(move |()| thread.load_older());
            view! {
                <div class="transcript__older" role="status">
                    <span>{words::OLDER_FAILED}</span>
                    <Button variant=Variant::Quiet size=Size::Small on_press=again>
                        {room_words::RETRY}
                    </Button>
                </div>
            }
            .into_any()
        }
        Some(Older::None) | None => ().into_any(),
    };
    line.into_any()
}
