//! The thumbs below an answer, and the dialog that asks why.

use leptos::prelude::*;

use crate::i18n::{rows as words, thread as names};
use crate::state::thread::ThreadState;
use crate::state::thread::feedback::{Opinion, UNDO_MS};
use crate::ui::kit::{Button, Dialog, Icon, IconView, Size, Variant};

/// Both thumbs, and what became of a press.
pub fn thumbs(thread: &ThreadState, run: &str) -> AnyView {
    let opinion: Signal<Opinion> = thread.opinion(run).into();
    let (thread, run) = (thread.clone(), run.to_owned());
    let rate = {
        let (thread, run) = (thread.clone(), run.clone());
        Callback::new(move |up: bool| thread.rate(&run, up))
    };
    let explain = {
        let (thread, run) = (thread.clone(), run.clone());
        Callback::new(move |()| thread.explain(&run))
    };
    let why = move || {
        matches!(opinion.get(), Opinion::Pending { .. }).then(|| {
            view! {
                <Button variant=Variant::Ghost size=Size::Small on_press=explain>
                    {words::TELL_WHY}
                </Button>
            }
        })
    };
    let said = move || match opinion.get() {
        Opinion::Sent { .. } => words::NOTED,
        _ => "",
    };
    let asks = Memo::new(move |was: Option<&bool>| {
        was == Some(&true) || matches!(opinion.get(), Opinion::Explaining { .. })
    });
    let dialog = move || asks.get().then(|| reason(&thread, &run, opinion));
    view! {
        {thumb(true, opinion, rate)}
        {thumb(false, opinion, rate)}
        {why}
        <span class="message__said" role="status">
            {said}
        </span>
        {dialog}
    }
    .into_any()
}

fn thumb(up: bool, opinion: Signal<Opinion>, rate: Callback<bool>) -> AnyView {
    let (name, icon) = if up {
        (names::GOOD, Icon::ThumbUp)
    } else {
        (names::BAD, Icon::ThumbDown)
    };
    let is_pressed = move || opinion.get().is_up() == Some(up);
    let is_pending = Memo::new(
        move |_| matches!(opinion.get(), Opinion::Pending { up: given, .. } if given == up),
    );
    let title = move || {
        if is_pending.get() {
            words::TAKE_BACK
        } else {
            name
        }
    };
    view! {
        <button
            class="button thumb"
            type="button"
            data-variant="icon"
            data-size="small"
            aria-label=name
            title=title
            aria-pressed=move || if is_pressed() { "true" } else { "false" }
            on:click=move |_| rate.run(up)
        >
            <IconView icon=icon />
            {move || is_pending.get().then(ring)}
        </button>
    }
    .into_any()
}

/// How much of the time to take a verdict back is left.
fn ring() -> AnyView {
    view! {
        <svg
            class="thumb__ring"
            viewBox="0 0 24 24"
            aria-hidden="true"
            style=("--undo", format!("{UNDO_MS}ms"))
        >
            <circle cx="12" cy="12" r="11" pathLength="100"></circle>
        </svg>
    }
    .into_any()
}

fn reason(thread: &ThreadState, run: &str, opinion: Signal<Opinion>) -> AnyView {
    let text = RwSignal::new(String::new());
    let open = Signal::derive(move || matches!(opinion.get(), Opinion::Explaining { .. }));
    let cancel = {
        let (thread, run) = (thread.clone(), run.to_owned());
        Callback::new(move |()| thread.explain_nothing(&run))
    };
    let send = {
        let (thread, run) = (thread.clone(), run.to_owned());
        Callback::new(move |()| {
            thread.submit_opinion(&run, &text.get_untracked());
            text.set(String::new());
        })
    };
    let foot = move || {
        view! {
            <Button on_press=cancel>{words::CANCEL}</Button>
            <Button variant=Variant::Primary on_press=send>
                {words::SEND}
            </Button>
        }
    };
    view! {
        <Dialog
            open=open
            on_close=cancel
            title=words::TELL_WHY
            close_label=words::CANCEL
            foot=foot
        >
            <label class="field">
                <span class="field__label">{words::WHY}</span>
                <textarea
                    class="field__input"
                    rows="4"
                    dir="auto"
                    prop:value=text
                    on:input=move |event| text.set(event_target_value(&event))
                ></textarea>
            </label>
        </Dialog>
    }
    .into_any()
}
