//! The question whether somebody is still there, over whatever is on show.

use std::time::Duration;

use leptos::prelude::*;

use super::kit::{Button, Dialog, Variant};
use super::use_app;
use crate::i18n::idle as words;

/// A dialog with the time that is left and two answers.
#[component]
pub fn StillThere() -> impl IntoView {
    let app = use_app();
    let (warned, stay, leave) = (app.warned(), app.clone(), app.clone());
    let is_open = {
        let warned = warned.clone();
        Memo::new(move |_| warned.read().is_some())
    };
    let beat = RwSignal::new(());
    Effect::new(move |_| {
        if !is_open.get() {
            return;
        }
        let ticking = set_interval_with_handle(
            move || {
                let _ = beat.try_set(());
            },
            Duration::from_secs(1),
        );
        match ticking {
            Ok(timer) => on_cleanup(move || timer.clear()),
            Err(_) => log::error!("no timer: the time that is left stands still"),
        }
    });
    // By the wall clock: a timer that comes late does not stretch the time.
    let left = Memo::new(move |_| {
        beat.track();
        warned.get().map_or(0, |deadline| deadline - app.now())
    });
    let foot = move || {
        view! {
            // First, so that the focus comes to it.
            <Button
                variant=Variant::Primary
                on_press=Callback::new(move |()| stay.stay_signed_in())
            >
                {words::STAY}
            </Button>
            <Button on_press=Callback::new(move |()| {
                leave.sign_out_idle();
            })>{words::SIGN_OUT}</Button>
        }
    };
    view! {
        <Dialog open=is_open title=words::TITLE foot=foot>
            <p>{words::WARNING}</p>
            <p
                class="still-there__time"
                dir="ltr"
                role="timer"
                aria-live="off"
                aria-label=move || words::time_left(left.get())
            >
                {move || words::countdown(left.get())}
            </p>
        </Dialog>
    }
    .into_any()
}
