//! Markdown as elements of the page.

mod code;
mod copy;
mod draw;
mod formula;
mod picture;
mod press;

use std::cell::RefCell;
use std::rc::Rc;

use leptos::{ev, html, prelude::*};

pub use self::copy::{copy_button, copying};
use crate::core::markdown::incremental::{Change, Incremental, Patch};
use crate::core::markdown::node::Block;
use crate::core::thread::message::Row;
use crate::web::dom::tree::Canvas;

/// Takes a text and its edition: as long as that stays, the text only grows.
type Reading<'a> = &'a mut dyn FnMut(&str, u32);

/// The text of a row, as markdown. While it grows, finished blocks are not touched, and the last is changed in place.
pub fn markdown(row: ArcRwSignal<Row>, is_growing: Signal<bool>) -> AnyView {
    let text = move |reading: Reading<'_>| {
        row.with(|row| reading(row.kind.text(), row.rewrites));
    };
    drawn(text, is_growing)
}

/// A markdown text that belongs to no row.
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
    drawn(text, is_growing)
}

fn drawn(text: impl Fn(Reading<'_>) + 'static, is_growing: Signal<bool>) -> AnyView {
    let text = Rc::new(text);
    let begin = move |root: leptos::web_sys::Element, ()| {
        let Some(canvas) = Canvas::new(root) else {
            return;
        };
        let paper = RefCell::new(Paper {
            canvas,
            reader: Incremental::new(),
        });
        let text = text.clone();
        // A frame in which there is still something to be read.
        let turn = RwSignal::new(0_u32);
        let effect = RenderEffect::new(move |_| {
            turn.track();
            let is_final = !is_growing.get();
            let mut is_behind = false;
            text(&mut |text, edition| {
                is_behind = paper.borrow_mut().take(text, edition, is_final);
            });
            if is_behind {
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
}

impl Paper {
    /// Draws what is new; tells whether there is more to be read.
    fn take(&mut self, text: &str, edition: u32, is_final: bool) -> bool {
        let patch = self.reader.update(text, edition, is_final);
        let Patch {
            count,
            settled,
            changes,
            is_behind,
        } = patch;
        if is_behind {
            return true;
        }
        self.canvas.truncate(count);
        let mut has_formulas = false;
        for change in changes {
            has_formulas |= formula::is_in(&change.block);
            self.change(change);
        }
        self.canvas.settle(if is_final { count } else { settled });
        if has_formulas {
            formula::draw_in(self.canvas.root());
        }
        false
    }

    fn change(&mut self, Change { at, kept, block }: Change) {
        match &block {
            _ if kept == 0 => self.canvas.set(at, draw::top(&block)),
            Block::Code { text, .. } => self.canvas.append_text(at, draw::path(&block), text),
            _ => self
                .canvas
                .set_children(at, draw::path(&block), kept, draw::parts(&block)),
        }
    }
}
