//! The messages that wait for their turn, above the field.

use leptos::prelude::*;

use super::{Desk, focus_end, small};
use crate::core::composer::written::{Content, Slot};
use crate::i18n::composer as words;
use crate::state::composer::Waiting;
use crate::ui::kit::{Button, Icon, IconView, Size};

/// How much of a message is shown, in characters.
const START: usize = 200;

pub fn waiting_list(desk: &Desk) -> AnyView {
    let waiting = desk.composer.waiting();
    let (is_any, first_is_held) = {
        let (any, first) = (waiting.clone(), waiting.clone());
        (
            Memo::new(move |_| any.with(|list| !list.is_empty())),
            Memo::new(move |_| {
                first.with(|list| list.first().is_some_and(|first| !first.is_released))
            }),
        )
    };
    let ids = move || waiting.get();
    let desk = desk.clone();
    let note = {
        let desk = desk.clone();
        move || {
            if first_is_held.get() || !(desk.is_active() || desk.composer.sending().get()) {
                words::HELD_NOTE
            } else {
                words::WAITING_NOTE
            }
        }
    };
    let list = move || {
        let (desk, ids, note) = (desk.clone(), ids.clone(), note.clone());
        let row = move |waiting: Waiting| waiting_row(&desk, &waiting);
        is_any.get().then(|| {
            view! {
                <div class="composer__waiting">
                    <p class="composer__waiting-note">
                        <IconView icon=Icon::Clock />
                        {note}
                    </p>
                    <ul aria-label=words::WAITING>
                        // A message that waits does not change but for its release, which the note tells.
                        <For each=ids key=|waiting| waiting.id.clone() children=row />
                    </ul>
                </div>
            }
        })
    };
    list.into_any()
}

fn start_of(text: &str) -> String {
    let mut start: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = start.char_indices().nth(START) {
        start.truncate(end);
        start.push('…');
    }
    start
}

fn waiting_row(desk: &Desk, waiting: &Waiting) -> AnyView {
    let (composer, field) = (desk.composer.clone(), desk.field);
    let id = waiting.id.clone();
    let is_gone = |slot: &Slot| matches!(slot.content, Content::Gone(_));
    let is_whole = !waiting.written.slots.iter().any(is_gone);
    let send_now = {
        let (desk, composer, id) = (desk.clone(), composer.clone(), id.clone());
        move || {
            let is_free = !desk.is_active() && !composer.sending().get();
            let (composer, id) = (composer.clone(), id.clone());
            (is_free && is_whole).then(|| {
                view! {
                    <Button
                        size=Size::Small
                        on_press=Callback::new(move |()| {
                            composer.send_now(&id);
                            focus_end(field);
                        })
                    >
                        {words::SEND_NOW}
                    </Button>
                }
            })
        }
    };
    let edit = {
        let (composer, id) = (composer.clone(), id.clone());
        move || {
            composer.edit_waiting(&id);
            request_animation_frame(move || focus_end(field));
        }
    };
    let remove = move || {
        composer.remove_waiting(&id);
        focus_end(field);
    };
    // The start is enough, however long the whole is.
    let start: String = waiting.written.text.chars().take(4 * START).collect();
    let images = waiting.written.slots.len();
    view! {
        <li class="composer__waiting-row">
            <span class="composer__waiting-text" dir="auto">
                {start_of(&start)}
            </span>
            {(images > 0)
                .then(|| view! { <span class="composer__count">{words::images(images)}</span> })}
            {(!is_whole)
                .then(|| {
                    view! {
                        <span class="composer__count" data-tone="caution" title=words::HAS_MISSING>
                            <IconView icon=Icon::Warning />
                            <span class="visually-hidden">{words::HAS_MISSING}</span>
                        </span>
                    }
                })}
            {send_now}
            {small(Icon::Edit, words::EDIT, edit)}
            {small(Icon::Close, words::REMOVE, remove)}
        </li>
    }
    .into_any()
}
