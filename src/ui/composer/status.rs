//! What is said below and above the field: how the answer is coming, what went wrong.

use leptos::prelude::*;

use super::{Desk, small};
use crate::core::composer::written::State;
use crate::i18n::composer as words;
use crate::state::composer::Composer;
use crate::state::thread::RunPhase;
use crate::ui::kit::{Icon, IconView};
use crate::ui::markdown::copy_button;
use crate::ui::use_app;
use crate::web::dom;

/// An error that is longer than this can be copied, in characters.
const LONG_ERROR: usize = 160;
/// A message that is longer than this has its length told, in bytes.
const LONG_TEXT: usize = 20_000;

pub fn progress(run: &RunPhase, is_waiting: bool) -> Option<&'static str> {
    match run {
        RunPhase::Resuming { .. } => Some("resuming"),
        RunPhase::Idle if !is_waiting => None,
        _ => Some("active"),
    }
}

pub fn error_line(composer: &Composer) -> AnyView {
    let (error, composer) = (composer.error(), composer.clone());
    let line = move |text: String| {
        let (composer, copied) = (composer.clone(), text.clone());
        let is_long = text.chars().nth(LONG_ERROR).is_some();
        let copy = is_long
            .then(|| copy_button(words::COPY_ERROR, Callback::new(move |()| copied.clone())));
        view! {
            <p class="field__error composer__error">
                <IconView icon=Icon::Alert />
                <span dir="auto">{text}</span>
                {copy}
                {small(Icon::Close, words::DISMISS, move || composer.dismiss_error())}
            </p>
        }
    };
    view! { <div role="alert">{move || error.get().map(&line)}</div> }.into_any()
}

pub fn status_line(desk: &Desk) -> AnyView {
    let (run, restored, state) = (
        desk.run,
        desk.composer.restored(),
        desk.composer.image_state(),
    );
    let online = use_app().online();
    let status = move || match (run.get(), state.get()) {
        (RunPhase::Resuming { attempt, of }, _) => words::resuming(attempt, of),
        (RunPhase::Queued, _) => words::QUEUED.to_owned(),
        _ if !online.get() => words::OFFLINE.to_owned(),
        (_, State::Missing) => words::MISSING.to_owned(),
        (_, State::TooMuch) => words::too_much(),
        (RunPhase::Starting, _) => words::STARTING.to_owned(),
        _ if restored.get() => words::RESTORED.to_owned(),
        _ => String::new(),
    };
    let tone = {
        let state = desk.composer.image_state();
        move || {
            let is_caution =
                matches!(run.get(), RunPhase::Resuming { .. }) || state.get() != State::Fine;
            is_caution.then_some("caution")
        }
    };
    let text = desk.composer.text();
    let length = Memo::new(move |_| {
        text.with(|text| (text.len() > LONG_TEXT).then(|| text.chars().count()))
    });
    let desk = desk.clone();
    let keys = move || match length.get() {
        Some(count) if count > LONG_TEXT => words::characters(count),
        _ if dom::is_coarse_pointer() => String::new(),
        _ if desk.is_active() => words::KEYS_LATER.to_owned(),
        _ => words::KEYS.to_owned(),
    };
    let is_long = move || {
        length
            .get()
            .is_some_and(|count| count > LONG_TEXT)
            .then_some("true")
    };
    view! {
        <div class="composer__status" data-tone=tone>
            <span>{status}</span>
            <span class="composer__keys" data-long=is_long>
                {keys}
            </span>
        </div>
    }
    .into_any()
}
