//! What the buttons inside of a text do, and what becomes of its images. Listened for at the outermost element: the
//! text may have thousands of them.

use std::time::Duration;

use leptos::ev::{CustomEvent, ErrorEvent, MouseEvent};
use leptos::prelude::*;

use super::code::icon;
use super::picture;
use crate::i18n::thread as words;
use crate::state::task::spawn;
use crate::ui::kit::Icon;
use crate::web::dom::{self, tree};

/// How long a button says what became of it.
const SHOWN: Duration = Duration::from_secs(2);

/// A press somewhere in the text.
pub fn pressed(event: MouseEvent) {
    let Some(button) = tree::around(&event, "[data-act]") else {
        return;
    };
    match button.get_attribute("data-act").as_deref() {
        Some("copy") => copy(button),
        Some("picture") => load(&button),
        Some("note") => tree::go_to(&button, "data-note", ".md__note"),
        Some("back") => tree::go_to(&button, "data-to", "[data-act=note]"),
        _ => {}
    }
}

fn copy(button: leptos::web_sys::Element) {
    let text = tree::text_beside(&button, ".md__code", "pre");
    spawn(async move {
        let is_copied = dom::copy_text(text).await;
        let (name, shown) = match is_copied {
            true => (words::COPIED, Icon::Check),
            false => (words::NOT_COPIED, Icon::Alert),
        };
        say(&button, name, shown);
        set_timeout(move || say(&button, words::COPY_CODE, Icon::Copy), SHOWN);
    });
}

fn say(button: &leptos::web_sys::Element, name: &'static str, shown: Icon) {
    tree::set(button, "aria-label", name);
    tree::set(button, "title", name);
    tree::fill(button, &[icon(shown)]);
}

fn load(button: &leptos::web_sys::Element) {
    let Some(frame) = button.parent_element() else {
        return;
    };
    let address = frame.get_attribute("data-address").unwrap_or_default();
    let alt = frame.get_attribute("data-alt").unwrap_or_default();
    tree::fill(&frame, &[picture::image(&address, &alt)]);
}

/// An image has not come.
pub fn failed(event: ErrorEvent) {
    tell(&event, false);
}

/// The policy of the page has refused something.
pub fn refused(event: CustomEvent) {
    tell(&event, true);
}

fn tell(event: &leptos::ev::Event, is_refused: bool) {
    let Some(frame) = tree::around(event, ".md__picture") else {
        return;
    };
    let is_refused = is_refused || frame.has_attribute("data-refused");
    let address = frame.get_attribute("data-address");
    let alt = frame.get_attribute("data-alt").unwrap_or_default();
    if is_refused {
        tree::set(&frame, "data-refused", "true");
    }
    tree::fill(
        &frame,
        &picture::missing(address.as_deref(), &alt, is_refused),
    );
}
