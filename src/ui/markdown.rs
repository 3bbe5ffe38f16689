//! Markdown as elements of the page.

mod code;
mod copy;
mod draw;
mod formula;
mod picture;
mod press;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::{ev, html, prelude::*};

pub use self::copy::{copy_button, copying};
use crate::core::markdown::incremental::{Change, Incremental, Patch};
use crate::core::markdown::node::Block;
use crate::core::markdown::outline::Outline;
use crate::core::thread::message::Row;
use crate::web::dom::tree::Canvas;

/// The level of an answer's outermost headings: the page has one above them.
const BELOW_PAGE: u8 = 2;
/// The same for a text that stands under a heading of its own.
const BELOW_TITLE: u8 = 3;
/// Of a text that is on show, so many new bytes are drawn in one frame.
const AT_ONCE: usize = 64 * 1024;
/// At first, while everything around it is new too; twice as many in each frame after that, as long as there is more than that.
const AT_FIRST: usize = 8 * 1024;

/// Takes a text and its edition: as long as that stays, the text only grows.
type Reading<'a> = &'a mut dyn FnMut(&str, u32);

/// The text of a row, as markdown. While it grows, finished blocks are not touched, and the last is changed in place.
pub fn markdown(row: ArcRwSignal<Row>, is_growing: Signal<bool>) -> AnyView {
    let text = move |reading: Reading<'_>| {
        row.with(|row| reading(row.kind.text(), row.rewrites));
    };
    drawn(text, is_growing, BELOW_PAGE)
}

/// A markdown text that belongs to no row, below a title.
pub fn markdown_text(text: Signal<String>, is_growing: Signal<bool>) -> AnyView {
    let last = RefCell::new((String::new(), 0));
    let text = move |reading: Reading<'_>| {
        text.with(|text| {
            let mut last = last.borrow_mut();
            match text.strip_prefix(last.0.as_str()) {
                Some(more) => last.0.push_str(more),
                None => *last = (text.clone(), last.1 + 1),
            }
            reading(text, last.1);
        });
    };
    drawn(text, is_growing, BELOW_TITLE)
}

fn drawn(
    text: impl Fn(Reading<'_>) + 'static,
    is_growing: Signal<bool>,
    first_level: u8,
) -> AnyView {
    let text = Rc::new(text);
    let begin = move |root: leptos::web_sys::Element, ()| {
        let Some(canvas) = Canvas::new(root) else {
            return;
        };
        let paper = RefCell::new(Paper {
            canvas,
            reader: Incremental::new(),
            outline: Outline::new(first_level),
            drawn: None,
            is_whole: false,
            waits: 0,
            at_once: AT_FIRST,
        });
        let text = text.clone();
        // A frame in which there is still something to be read, and which one is waited for.
        let turn = RwSignal::new(0_u32);
        let due = Cell::new(0);
        let effect = RenderEffect::new(move |_| {
            let is_final = !is_growing.get();
            let now = turn.get();
            let mut is_behind = false;
            text(&mut |text, edition| {
                is_behind = now >= due.get() && paper.borrow_mut().take(text, edition, is_final);
            });
            if is_behind {
                due.set(now + 1);
                request_animation_frame(move || _ = turn.try_update(|turn| *turn += 1));
            }
        });
        // It ends with the view.
        StoredValue::new_local(effect);
    };
    html::div()
        .class("md")
        .on(ev::click, press::pressed)
        .on(ev::capture(ev::error), press::failed)
        .on(ev::Custom::new("securitypolicyviolation"), press::refused)
        .directive(begin, ())
        .into_any()
}

struct Paper {
    canvas: Canvas,
    reader: Incremental,
    outline: Outline,
    /// The length and the edition of what is drawn; nothing else is kept of a text that is drawn to its end.
    drawn: Option<(usize, u32)>,
    is_whole: bool,
    /// Frames in which nothing was drawn, because there is much to be read again: so much more is drawn after them.
    waits: usize,
    /// So many bytes are drawn in the next frame.
    at_once: usize,
}

impl Paper {
    /// Draws what is new, or as much of it as fits into a frame; tells whether there is more to be read.
    fn take(&mut self, text: &str, edition: u32, is_final: bool) -> bool {
        if self.is_whole && self.drawn == Some((text.len(), edition)) {
            return false;
        }
        // It goes on after all.
        let is_again = std::mem::take(&mut self.is_whole);
        let end = match self.drawn {
            Some((drawn, of)) if of == edition && !is_again => {
                drawn + self.at_once * (self.waits + 1)
            }
            // A flood that has just begun.
            None if !is_final => self.at_once,
            _ => text.len(),
        };
        let part = text.get(..text.floor_char_boundary(end)).unwrap_or(text);
        let is_all = part.len() == text.len();
        self.at_once = match is_all {
            true => AT_FIRST,
            false => AT_ONCE.min(2 * self.at_once),
        };
        let patch = self.reader.update(part, edition, is_final && is_all);
        let Patch {
            count,
            settled,
            changes,
            is_behind,
        } = patch;
        if is_behind {
            self.waits += 1;
            return true;
        }
        self.waits = 0;
        self.drawn = Some((part.len(), edition));
        if is_again || settled < self.canvas.settled() {
            self.canvas.forget();
        }
        self.canvas.truncate(count);
        self.outline.truncate(count);
        let mut has_formulas = false;
        for change in changes {
            has_formulas |= formula::is_in(&change.block);
            self.change(change);
        }
        self.canvas.settle(settled);
        if is_final && is_all {
            self.canvas.forget();
            self.reader = Incremental::new();
            self.outline.truncate(0);
            self.is_whole = true;
        }
        if has_formulas {
            formula::draw_in(self.canvas.root());
        }
        !is_all
    }

    fn change(&mut self, Change { at, kept, block }: Change) {
        let place = self.outline.place(at, &block);
        match &block {
            _ if kept == 0 => self.canvas.set(at, draw::top(&block, place)),
            Block::Code { text, .. } => self.canvas.append_text(at, draw::path(&block), text),
            _ => self
                .canvas
                .set_children(at, draw::path(&block), kept, draw::parts(&block, place)),
        }
    }
}
