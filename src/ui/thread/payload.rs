//! A text as it came from a server, in monospace: short at first, and never as anything but text.

use std::sync::Arc;

use leptos::prelude::*;

use super::row::RowContext;
use crate::i18n::rows as words;
use crate::ui::kit::{Button, Clamp, Size, Variant};
use crate::ui::markdown::copy_button;

/// How many lines are shown at first.
const LINES: u32 = 8;
/// How many bytes are shown before somebody asks for all of them: a page that lays out megabytes stands still.
const SHOWN: usize = 100_000;

/// The name of a payload, of its copy button, and of the part of the row it is.
#[derive(Clone, Copy)]
pub struct Naming {
    /// What it is remembered by when it is unfolded.
    pub part: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// The button that copies it.
    pub copy: &'static str,
}

/// A payload under its name; nothing as long as there is no text.
pub fn payload(context: &RowContext, naming: Naming, text: Memo<Option<Arc<str>>>) -> AnyView {
    let is_there = Memo::new(move |_| text.with(Option::is_some));
    let context = context.clone();
    let shown = move || is_there.get().then(|| there(&context, naming, text));
    shown.into_any()
}

fn there(context: &RowContext, naming: Naming, text: Memo<Option<Arc<str>>>) -> AnyView {
    let (opened, id) = (context.thread.opened(), context.id.clone());
    let is_open = RwSignal::new(opened.has(&id, naming.part));
    let toggle = move |open| {
        opened.set(&id, naming.part, open);
        is_open.set(open);
    };
    let is_whole = RwSignal::new(false);
    let length = move || text.with(|text| text.as_ref().map_or(0, |text| text.len()));
    let shown = move || {
        let text = text.get().unwrap_or_default();
        let end = if is_whole.get() {
            text.len()
        } else {
            text.floor_char_boundary(SHOWN)
        };
        text.get(..end).unwrap_or_default().to_owned()
    };
    let is_long = Memo::new(move |_| is_open.get() && length() > SHOWN && !is_whole.get());
    let rest = move || {
        is_long.get().then(|| {
            view! {
                <Button
                    variant=Variant::Ghost
                    size=Size::Small
                    on_press=Callback::new(move |()| is_whole.set(true))
                >
                    {words::show_all(length())}
                </Button>
            }
        })
    };
    let copied = Callback::new(move |()| {
        let text = text.get_untracked();
        text.as_deref().unwrap_or_default().to_owned()
    });
    view! {
        <div class="payload">
            <div class="payload__head">
                <span class="payload__title">{naming.title}</span>
                {copy_button(naming.copy, copied)}
            </div>
            <Clamp
                lines=LINES
                open=is_open
                on_toggle=Callback::new(toggle)
                more=words::MORE
                less=words::LESS
                version=Signal::derive(move || Some(length()))
            >
                <pre class="payload__text" dir="auto">
                    {shown}
                </pre>
            </Clamp>
            {rest}
        </div>
    }
    .into_any()
}
