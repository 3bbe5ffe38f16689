//! The field in which a message is written.

use leptos::{
    ev::{KeyboardEvent, MouseEvent, SubmitEvent},
    html,
    prelude::*,
};

use super::kit::{Icon, IconView};
use crate::i18n::composer as words;
use crate::state::composer::Composer;
use crate::state::thread::RunPhase;
use crate::web::dom;

/// Most lines that are asked for where the browser does not grow the field by itself.
const MAX_LINES: usize = 12;

/// The field, its one button and the line that says how the answer is coming.
///
/// The text belongs to the app: the field shows it and tells of every change.
#[component]
pub fn MessageField(
    /// What is being written.
    composer: Composer,
    /// How the answer is coming.
    #[prop(into)]
    run: Signal<RunPhase>,
    /// What the empty field says.
    #[prop(into)]
    placeholder: Signal<String>,
    /// Called after a message was sent.
    #[prop(into)]
    on_send: Callback<()>,
    /// Called to end the answer.
    #[prop(into)]
    on_stop: Callback<()>,
    /// The field itself, for others to focus.
    field: NodeRef<html::Textarea>,
) -> impl IntoView {
    let is_active = Signal::derive(move || run.get() != RunPhase::Idle);
    let text = composer.text();
    let can_send = composer.can_send();

    let send = {
        let (composer, can_send) = (composer.clone(), can_send.clone());
        Callback::new(move |()| {
            if can_send.get_untracked() && !is_active.get_untracked() {
                composer.send();
                on_send.run(());
            }
            focus_end(field);
        })
    };
    let press = move |event: MouseEvent| {
        if !is_active.get_untracked() {
            send.run(());
        // The second click of a double click on Send is not meant for the Stop that took its place.
        } else if event.detail() < 2 {
            on_stop.run(());
            focus_end(field);
        }
    };
    let key = move |event: KeyboardEvent| {
        let is_plain_enter = event.key() == "Enter" && !event.shift_key() && !event.alt_key();
        if !is_plain_enter || dom::is_composing(&event) {
            return;
        }
        // A touch keyboard has no other way to begin a line.
        if !event.ctrl_key() && !event.meta_key() && dom::is_coarse_pointer() {
            return;
        }
        event.prevent_default();
        if !is_active.get_untracked() {
            send.run(());
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send.run(());
    };

    let typed = {
        let composer = composer.clone();
        move |event| composer.typed(event_target_value(&event))
    };
    let left = {
        let composer = composer.clone();
        move |_| composer.flush()
    };
    on_cleanup({
        let composer = composer.clone();
        move || composer.flush()
    });
    Effect::new(move |_| {
        if field.get().is_some() && !dom::is_coarse_pointer() {
            focus_end(field);
        }
    });

    let rows = {
        let text = text.clone();
        move || text.with(|text| text.split('\n').count().clamp(1, MAX_LINES).to_string())
    };
    let sending = composer.sending();
    let is_waiting = Signal::derive(move || sending.get());
    let label = move || {
        if is_active.get() {
            words::STOP
        } else {
            words::SEND
        }
    };
    view! {
        {error_line(&composer)}
        <form class="composer" on:submit=submit>
            <div class="composer__box">
                <div
                    class="progress-line"
                    data-state=move || progress(&run.get(), is_waiting.get())
                ></div>
                <textarea
                    class="composer__input"
                    aria-label=words::MESSAGE
                    placeholder=move || placeholder.get()
                    dir="auto"
                    rows=rows
                    autocomplete="off"
                    prop:value=move || text.get()
                    on:input=typed
                    on:keydown=key
                    on:blur=left
                    node_ref=field
                ></textarea>
                <div class="composer__bar">
                    <button
                        class="button composer__send"
                        type="button"
                        data-end="true"
                        data-variant=move || if is_active.get() { "quiet" } else { "primary" }
                        data-busy=move || is_waiting.get().then_some("true")
                        aria-label=label
                        title=label
                        disabled=move || !is_active.get() && !can_send.get()
                        on:click=press
                    >
                        <IconView icon=Signal::derive(move || {
                            if is_active.get() { Icon::Stop } else { Icon::ArrowUp }
                        }) />
                    </button>
                </div>
            </div>
            {status_line(&composer, run)}
        </form>
    }
    .into_any()
}

/// Moves the caret to the end of the text, where typing goes on.
pub fn focus_end(field: NodeRef<html::Textarea>) {
    let Some(field) = field.try_get_untracked().flatten() else {
        return;
    };
    let end = u32::try_from(field.value().encode_utf16().count()).unwrap_or(u32::MAX);
    // A browser that refuses either leaves the focus where it was.
    let _ = field.focus();
    let _ = field.set_selection_range(end, end);
}

fn progress(run: &RunPhase, is_waiting: bool) -> Option<&'static str> {
    match run {
        RunPhase::Resuming { .. } => Some("resuming"),
        RunPhase::Idle if !is_waiting => None,
        _ => Some("active"),
    }
}

fn error_line(composer: &Composer) -> AnyView {
    let error = composer.error();
    view! {
        <div role="alert">
            {move || {
                error
                    .get()
                    .map(|text| {
                        view! {
                            <p class="field__error">
                                <IconView icon=Icon::Alert />
                                <span dir="auto">{text}</span>
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

fn status_line(composer: &Composer, run: Signal<RunPhase>) -> AnyView {
    let restored = composer.restored();
    let status = move || match run.get() {
        RunPhase::Resuming { attempt, of } => words::resuming(attempt, of),
        RunPhase::Starting => words::STARTING.to_owned(),
        _ if restored.get() => words::RESTORED.to_owned(),
        _ => String::new(),
    };
    let tone = move || matches!(run.get(), RunPhase::Resuming { .. }).then_some("caution");
    let keys = if dom::is_coarse_pointer() {
        ""
    } else {
        words::KEYS
    };
    view! {
        <div class="composer__status" data-tone=tone>
            <span>{status}</span>
            <span class="composer__keys">{keys}</span>
        </div>
    }
    .into_any()
}
