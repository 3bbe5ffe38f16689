//! Keys: those of the field, and those that were pressed elsewhere in the room and are meant for it.

use leptos::ev::{self, InputEvent, KeyboardEvent};
use leptos::prelude::*;

use super::{Desk, focus_end};
use crate::core::composer::written::Touch;
use crate::web::dom::{self, field};

/// Whether a key press sends.
pub fn is_send(event: &KeyboardEvent) -> bool {
    let is_plain_enter = event.key() == "Enter" && !event.shift_key() && !event.alt_key();
    if !is_plain_enter || dom::is_composing(event) {
        return false;
    }
    // A touch keyboard has no other way to begin a line.
    event.ctrl_key() || event.meta_key() || !dom::is_coarse_pointer()
}

fn deletes(event: &KeyboardEvent) -> Option<Touch> {
    if event.meta_key() || dom::is_composing(event) {
        return None;
    }
    match event.key().as_str() {
        "Backspace" => Some(Touch::Before),
        "Delete" if !event.shift_key() => Some(Touch::Behind),
        _ => None,
    }
}

/// A key that deletes takes the token of an image as one character.
pub fn handled(desk: &Desk, event: &KeyboardEvent) -> bool {
    let Some(touch) = deletes(event) else {
        return false;
    };
    let is_done = delete_token(desk, touch);
    if is_done {
        event.prevent_default();
    }
    is_done
}

fn delete_token(desk: &Desk, touch: Touch) -> bool {
    let token = (desk.field.try_get_untracked().flatten()).and_then(|area| {
        let caret = field::caret(&area)?;
        Some((area, desk.composer.token_at(caret, touch)?))
    });
    token.is_some_and(|(area, token)| field::delete(&area, token))
}

/// The same for keyboards that send no such keys.
pub fn before_input(desk: &Desk, event: &InputEvent) {
    let touch = match event.input_type().as_str() {
        "deleteContentBackward" => Touch::Before,
        "deleteContentForward" => Touch::Behind,
        _ => return,
    };
    let caret = desk.field.try_get_untracked().flatten();
    let caret = caret.and_then(|area| field::caret(&area));
    let is_token = caret.is_some_and(|caret| desk.composer.token_at(caret, touch).is_some());
    if is_token && event.cancelable() && !event.is_composing() {
        event.prevent_default();
        let desk = desk.clone();
        // A browser does not edit while it asks whether it may.
        request_animation_frame(move || _ = delete_token(&desk, touch));
    }
}

/// Keeps the caret out of the tokens of images.
#[derive(Clone)]
pub struct Snap {
    desk: Desk,
    last: StoredValue<usize>,
}

impl Snap {
    pub fn new(desk: &Desk) -> Self {
        Self {
            desk: desk.clone(),
            last: StoredValue::new(0),
        }
    }

    /// After the caret may have moved: out of the token, in the direction in which it went.
    pub fn settle(&self) {
        let Some(area) = self.desk.field.try_get_untracked().flatten() else {
            return;
        };
        let Some(caret) = field::caret(&area) else {
            return;
        };
        let before = self.last.try_get_value().unwrap_or_default();
        let place = match self.desk.composer.token_at(caret, Touch::Inside) {
            Some(token) if caret >= before => token.end,
            Some(token) => token.start,
            None => caret,
        };
        if place != caret {
            field::select(&area, place..place);
        }
        self.last.try_set_value(place);
    }
}

/// Brings into the field what was not typed in it. What was typed is not written back, so that nothing fights the
/// caret or an input method.
#[derive(Clone, Copy)]
pub struct Shown {
    is_composing: RwSignal<bool>,
}

impl Shown {
    pub fn new(desk: &Desk) -> Self {
        let is_composing = RwSignal::new(false);
        let (revision, text, field) = (desk.composer.revision(), desk.composer.text(), desk.field);
        Effect::new(move |_| {
            revision.track();
            // A character that is being composed is finished first.
            if is_composing.get() {
                return;
            }
            if let Some(field) = field.get() {
                text.with_untracked(|text| {
                    if field.value() != *text {
                        field.set_value(text);
                    }
                });
            }
        });
        Self { is_composing }
    }

    pub fn compose(self, is_composing: bool) {
        self.is_composing.try_set(is_composing);
    }
}

/// A key that writes goes into the field wherever in the room it is pressed, and so does a paste.
pub fn from_anywhere(desk: &Desk) {
    let area = desk.field;
    let handle = window_event_listener(ev::keydown, move |event| {
        let is_wanted = field::is_printable(&event) || field::is_paste(&event);
        if is_wanted && field::is_free(&event) {
            // The browser writes or pastes into what has the focus by then.
            focus_end(area);
        }
    });
    on_cleanup(move || handle.remove());
}
