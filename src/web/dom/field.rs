//! A field as a person edits it: what is done here can be undone there.

use std::ops::Range;

use js_sys::JsString;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDocument, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use crate::web::window;

fn document() -> Option<HtmlDocument> {
    window().document()?.dyn_into().ok()
}

fn edit(command: &str, text: &str) -> bool {
    let done = document()
        .map(|document| document.exec_command_with_show_ui_and_value(command, false, text));
    matches!(done, Some(Ok(true)))
}

fn units(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The selection, in UTF-16 units.
#[must_use]
pub fn selection(field: &HtmlTextAreaElement) -> Range<usize> {
    let unit = |place: Result<Option<u32>, _>| match place {
        Ok(Some(place)) => place as usize,
        _ => 0,
    };
    unit(field.selection_start())..unit(field.selection_end())
}

/// Where the caret is, in UTF-16 units; `None` while something is selected.
#[must_use]
pub fn caret(field: &HtmlTextAreaElement) -> Option<usize> {
    let selection = selection(field);
    selection.is_empty().then_some(selection.start)
}

/// The characters before and behind the selection.
#[must_use]
pub fn around(field: &HtmlTextAreaElement) -> (Option<char>, Option<char>) {
    let (text, selection) = (JsString::from(field.value()), selection(field));
    let at = |start: u32| {
        let unit = text.char_code_at(start);
        // Half of a pair is no white space, which is all that is asked of it.
        char::from_u32(if unit.is_nan() {
            return None;
        } else {
            unit as u32
        })
        .or(Some('x'))
    };
    let before = selection.start.checked_sub(1);
    (
        before.and_then(|before| at(units(before))),
        at(units(selection.end)),
    )
}

/// Selects a part.
pub fn select(field: &HtmlTextAreaElement, part: Range<usize>) {
    let _ = field.set_selection_range(units(part.start), units(part.end));
}

/// Types a text in place of what is selected; the field tells of it as of any input. `false` where the browser refuses.
pub fn type_text(field: &HtmlTextAreaElement, text: &str) -> bool {
    field.focus().is_ok() && edit("insertText", text)
}

/// Deletes a part, likewise.
pub fn delete(field: &HtmlTextAreaElement, part: Range<usize>) -> bool {
    if field.focus().is_err() {
        return false;
    }
    select(field, part);
    edit("delete", "")
}

/// Whether something lies above the page: a dialog, a menu, a panel that was drawn in.
fn is_covered() -> bool {
    let Some(document) = window().document() else {
        return true;
    };
    // A browser without popovers does not know the second one.
    [
        "dialog[open]",
        ":popover-open",
        ".shell[data-open=true] > .shell__scrim",
    ]
    .into_iter()
    .filter_map(|selector| document.query_selector(selector).ok().flatten())
    .any(|found| !found.matches(".shell__scrim").unwrap_or(false) || is_drawn(&found))
}

fn is_drawn(element: &Element) -> bool {
    element
        .dyn_ref::<HtmlElement>()
        .is_some_and(|element| element.offset_width() > 0)
}

/// What takes keys for itself.
const OWN_KEYS: &str = "input, textarea, select, [contenteditable], [role=menu], [role=menuitem], [role=listbox], [role=slider], [role=tablist]";
/// What the space bar presses, or scrolls.
const OWN_SPACE: &str = "button, summary, a[href], audio, video, [role=button], [tabindex]";

/// Whether a key that nobody asked for may go into a field: nothing lies above the page, and what has the focus does
/// not want it.
#[must_use]
pub fn is_free(event: &KeyboardEvent) -> bool {
    if event.default_prevented() || super::is_composing(event) || is_covered() {
        return false;
    }
    let Some(document) = window().document() else {
        return false;
    };
    let Some(active) = document.active_element() else {
        return true;
    };
    let within = |selector: &str| active.closest(selector).ok().flatten();
    let is_body = document.body().is_some_and(|body| *body == active);
    is_body || (within(OWN_KEYS).is_none() && (event.key() != " " || within(OWN_SPACE).is_none()))
}

/// Whether a key writes a character. AltGr does, which Windows also tells as Control and Alt.
#[must_use]
pub fn is_printable(event: &KeyboardEvent) -> bool {
    let key = event.key();
    let mut characters = key.chars();
    let is_character = characters.next().is_some_and(|first| !first.is_control())
        // One character may have marks; the names of other keys are plain words.
        && (characters.next().is_none() || !key.is_ascii());
    let is_chord = event.meta_key() || event.ctrl_key();
    is_character && (!is_chord || event.get_modifier_state("AltGraph"))
}

/// Whether a key press is the chord that pastes.
#[must_use]
pub fn is_paste(event: &KeyboardEvent) -> bool {
    let is_v = event.key().eq_ignore_ascii_case("v");
    is_v && event.ctrl_key() != event.meta_key() && !event.alt_key() && !event.shift_key()
}
