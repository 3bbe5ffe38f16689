//! What was asked before, brought back by the arrow keys.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::Desk;
use crate::core::composer::written::without_tokens;
use crate::core::thread::message::RowKind;
use crate::state::thread::ThreadState;
use crate::web::dom::{self, field};

/// The messages of a thread's person, the latest first.
#[must_use]
pub fn earlier(thread: &ThreadState) -> Callback<usize, Option<String>> {
    let (order, thread) = (thread.order(), thread.clone());
    Callback::new(move |wanted: usize| {
        let text = |row: &crate::core::thread::message::Row| match &row.kind {
            // Its images do not come back.
            RowKind::User { text } => Some(without_tokens(text).trim().to_owned()),
            _ => None,
        };
        order.with_untracked(|order| {
            let said = order.iter().rev().filter_map(|id| {
                let row = thread.row(id)?;
                row.with_untracked(text).filter(|text| !text.is_empty())
            });
            // The same thing said twice in a row is one step.
            let mut last = None;
            said.filter(|text| last.replace(text.clone()).as_ref() != Some(text))
                .nth(wanted)
        })
    })
}

/// The message that was brought back, as long as it is as it was.
#[derive(Clone)]
struct Recalled {
    index: usize,
    text: String,
}

/// ArrowUp in an empty field brings back what was asked before, ArrowDown and Escape lead back. Only an empty field,
/// or what came back unchanged, makes way.
#[derive(Clone)]
pub struct Recall {
    desk: Desk,
    earlier: Option<Callback<usize, Option<String>>>,
    now: StoredValue<Option<Recalled>>,
}

impl Recall {
    pub fn new(desk: &Desk, earlier: Option<Callback<usize, Option<String>>>) -> Self {
        Self {
            desk: desk.clone(),
            earlier,
            now: StoredValue::new(None),
        }
    }

    /// What came back, if it is still what is in the field.
    fn current(&self) -> Option<Recalled> {
        let text = self.desk.composer.text();
        self.now
            .try_get_value()
            .flatten()
            .filter(|now| text.with_untracked(|text| *text == now.text))
    }

    pub fn handled(&self, event: &KeyboardEvent) -> bool {
        let is_plain =
            !event.shift_key() && !event.alt_key() && !event.ctrl_key() && !event.meta_key();
        if !is_plain || dom::is_composing(event) {
            return false;
        }
        let is_done = match event.key().as_str() {
            "ArrowUp" => self.back(),
            "ArrowDown" => self.forth(),
            "Escape" => self.current().is_some_and(|_| self.end()),
            _ => false,
        };
        if is_done {
            event.prevent_default();
        }
        is_done
    }

    fn back(&self) -> bool {
        let index = match self.current() {
            Some(now) if self.caret() == Some(0) => now.index + 1,
            Some(_) => return false,
            None if self.desk.composer.text().with_untracked(String::is_empty) => 0,
            None => return false,
        };
        let Some(text) = self.earlier.and_then(|earlier| earlier.run(index)) else {
            return false;
        };
        self.show(Some(Recalled { index, text }), 0);
        true
    }

    fn forth(&self) -> bool {
        let Some(now) = self.current() else {
            return false;
        };
        let length = now.text.encode_utf16().count();
        if !self
            .caret()
            .is_some_and(|caret| caret == 0 || caret == length)
        {
            return false;
        }
        let Some(index) = now.index.checked_sub(1) else {
            return self.end();
        };
        let Some(text) = self.earlier.and_then(|earlier| earlier.run(index)) else {
            return self.end();
        };
        self.show(Some(Recalled { index, text }), 0);
        true
    }

    /// Back to the empty field.
    fn end(&self) -> bool {
        self.show(None, 0);
        true
    }

    fn caret(&self) -> Option<usize> {
        field::caret(&self.desk.field.try_get_untracked().flatten()?)
    }

    fn show(&self, recalled: Option<Recalled>, caret: usize) {
        let text = recalled
            .as_ref()
            .map_or_else(String::new, |now| now.text.clone());
        if let Some(area) = self.desk.field.try_get_untracked().flatten() {
            area.set_value(&text);
            field::select(&area, caret..caret);
        }
        self.desk.composer.fill(text);
        self.now.try_set_value(recalled);
    }
}
