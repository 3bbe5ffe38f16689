//! Whether the view goes along with the end of the conversation.

use leptos::ev::{KeyboardEvent, WheelEvent};
use leptos::{ev, html, prelude::*};

use crate::web::dom;

/// How near the end counts as the end, in CSS pixels.
const NEAR: f64 = 64.0;

/// Keeps the end in view while it is wanted there: any move upwards lets go, reaching the end takes hold again.
#[derive(Debug, Clone, Copy)]
pub struct Follow {
    /// The scrolled element.
    pub log: NodeRef<html::Div>,
    is_held: StoredValue<bool>,
    last_top: StoredValue<i32>,
    is_away: RwSignal<bool>,
    seen: RwSignal<usize>,
}

impl Follow {
    /// Holds on to the end until told otherwise.
    pub fn new() -> Self {
        let this = Self {
            log: NodeRef::new(),
            is_held: StoredValue::new(true),
            last_top: StoredValue::new(0),
            is_away: RwSignal::new(false),
            seen: RwSignal::new(0),
        };
        let handle = window_event_listener(ev::resize, move |_| this.settle(None));
        on_cleanup(move || handle.remove());
        this
    }

    /// Whether the end is out of sight (tracked).
    pub fn is_away(self) -> bool {
        self.is_away.get()
    }

    /// How many rows there were when the end was last in view (tracked).
    pub fn seen(self) -> usize {
        self.seen.get()
    }

    /// Goes to the end and stays with it.
    pub fn hold(self) {
        self.is_held.try_set_value(true);
        self.settle(None);
    }

    /// After what is shown, or the room for it, has changed: goes along once that is laid out. `rows` says how many rows there are now.
    pub fn settle(self, rows: Option<usize>) {
        request_animation_frame(move || {
            let Some(log) = self.log.try_get_untracked().flatten() else {
                return;
            };
            if self.is_held.try_get_value() == Some(true) {
                dom::scroll_to_end(&log);
                self.last_top.try_set_value(log.scroll_top());
                if let Some(rows) = rows {
                    self.seen.try_set(rows);
                }
            }
            self.is_away.try_set(dom::distance_to_end(&log) > NEAR);
        });
    }

    /// On every scroll event; `rows` says how many rows there are.
    pub fn scrolled(self, rows: usize) {
        // The browser tells of scrolling a frame later; the view may be gone by then.
        let (Some(log), Some(before)) = (
            self.log.try_get_untracked().flatten(),
            self.last_top.try_get_value(),
        ) else {
            return;
        };
        let (top, distance) = (log.scroll_top(), dom::distance_to_end(&log));
        self.last_top.set_value(top);
        // Content that shrinks moves the view too, and leaves it at the end: that is nobody's wish.
        if top < before && distance > 1.0 {
            self.is_held.set_value(false);
        } else if distance <= 1.0 || (top > before && distance < NEAR) {
            self.is_held.set_value(true);
            self.seen.set(rows);
        }
        self.is_away.set(distance > NEAR);
    }

    /// A wheel that turns upwards lets go before anything has moved.
    pub fn wheeled(self, event: &WheelEvent) {
        if event.delta_y() < 0.0 {
            self.let_go();
        }
    }

    /// So do the keys that go upwards.
    pub fn key(self, event: &KeyboardEvent) {
        if matches!(event.key().as_str(), "ArrowUp" | "PageUp" | "Home") {
            self.let_go();
        }
    }

    fn let_go(self) {
        // Where there is nothing above, no scroll event would ever take hold again.
        if self
            .log
            .get_untracked()
            .is_some_and(|log| log.scroll_top() > 0)
        {
            self.is_held.set_value(false);
        }
    }
}
