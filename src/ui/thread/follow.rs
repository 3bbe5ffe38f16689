//! Whether the view goes along with the end of the conversation, or stays with what is being read.

use std::collections::HashSet;

use leptos::ev::{KeyboardEvent, MouseEvent, WheelEvent};
use leptos::{html, prelude::*};

use super::list::{Board, MARK, NEAR, Outlook, Spot};
use super::place::{self, Reading};
use crate::core::thread::message::RowId;
use crate::state::thread::ThreadState;
use crate::web::dom::view;

/// The list of a conversation as handlers and effects reach it. It may be gone by then: the browser tells of
/// scrolling and sizes a frame later.
#[derive(Debug, Clone, Copy)]
pub struct Follow {
    /// The scrolled element.
    pub log: NodeRef<html::Div>,
    /// The element with the rows.
    pub list: NodeRef<html::Div>,
    /// What the page around may read.
    pub outlook: Outlook,
    board: StoredValue<Board, LocalStorage>,
}

impl Follow {
    /// Begins where the last visit ended, and holds on to the end otherwise.
    pub fn new(thread: &ThreadState) -> Self {
        let kept = place::kept(thread.key());
        if kept.place.is_some() {
            thread.come_back();
        }
        let open = kept.open.into_iter().map(RowId).collect::<HashSet<_>>();
        let outlook = Outlook {
            is_away: RwSignal::new(false),
            new: RwSignal::new(0),
            is_near_top: RwSignal::new(false),
            drawn: RwSignal::new(0),
            open: RwSignal::new(open),
        };
        let board = Board::new(thread, outlook, kept.place, view::now());
        let this = Self {
            log: NodeRef::new(),
            list: NodeRef::new(),
            outlook,
            board: StoredValue::new_local(board),
        };
        this.begin();
        this.remember(thread);
        this
    }

    fn begin(self) {
        Effect::new(move |_| {
            if let (Some(log), Some(list)) = (self.log.get(), self.list.get()) {
                let sizes = view::Sizes::new(move |sizes| self.measured(&sizes));
                self.with(|board| board.attach(log.into(), list.into(), sizes));
            }
        });
    }

    /// Keeps the place of reading when the page is left, by whatever way.
    fn remember(self, thread: &ThreadState) {
        let key = thread.key().clone();
        let keep = move || {
            let place = self.board.try_with_value(Board::place);
            let open = self.outlook.open.try_get_untracked();
            if let (Some(place), Some(open)) = (place, open) {
                let open = open.into_iter().map(|row| row.0).collect();
                place::keep(&key, &Reading { place, open });
            }
        };
        let leaves = keep.clone();
        let handle = window_event_listener_untyped("pagehide", move |_| leaves());
        on_cleanup(move || {
            handle.remove();
            keep();
        });
    }

    fn with<T>(self, act: impl FnOnce(&mut Board) -> T) -> Option<T> {
        self.board.try_update_value(act)
    }

    /// Takes the rows as they are now.
    pub fn take(self, order: &[RowId], is_live: bool, unread: Option<&RowId>) {
        self.with(|board| board.take(order, is_live, unread));
    }

    /// What the browser has measured, before it paints.
    fn measured(self, sizes: &[(view::Node, f64)]) {
        let is_covered = self.with(|board| {
            board.measured(sizes);
            board.is_covered()
        });
        self.outlook.drawn.try_update(|drawn| *drawn += 1);
        if is_covered == Some(false) {
            // Not at once: what is added while the browser tells of sizes would be told of too late.
            request_animation_frame(move || self.redraw());
        }
    }

    /// After something around the list has changed: what is read stays where it is.
    pub fn settle_soon(self) {
        request_animation_frame(move || {
            self.with(Board::settle);
        });
    }

    fn redraw(self) {
        self.with(|board| {
            board.draw();
            board.settle();
        });
    }

    /// Goes to the end and stays with it.
    pub fn hold(self) {
        self.with(|board| {
            board.spot = Spot::End;
            board.pending = None;
            board.draw();
            board.settle();
        });
    }

    /// Goes to a row, wherever it is; work that it is folded into is unfolded.
    pub fn go_to(self, row: &RowId) {
        let hidden_in = self.with(|board| board.hidden_in(row)).flatten();
        let Some(first) = hidden_in else {
            self.with(|board| board.go_to(row));
            return;
        };
        self.outlook.open.update(|open| {
            open.insert(first);
        });
        let row = row.clone();
        request_animation_frame(move || {
            self.with(|board| board.go_to(&row));
        });
    }

    /// Brings a place in the window into view that is out of it.
    pub fn reveal(self, (top, bottom): (f64, f64)) {
        self.with(|board| board.reveal(top, bottom));
    }

    /// The rows on the page, with their elements.
    pub fn drawn_rows(self) -> Vec<(RowId, view::Part)> {
        self.with(|board| board.drawn_rows()).unwrap_or_default()
    }

    /// The row at the upper edge of the view.
    pub fn first_in_view(self) -> Option<RowId> {
        self.with(|board| board.first_in_view()).flatten()
    }

    /// On every scroll event.
    pub fn scrolled(self) {
        self.with(Board::scrolled);
    }

    /// A wheel that turns upwards lets go before anything has moved.
    pub fn wheeled(self, event: &WheelEvent) {
        if event.delta_y() < 0.0 {
            self.let_go();
        }
    }

    /// So do the keys that go upwards.
    pub fn key(self, event: &KeyboardEvent) {
        let is_up = match event.key().as_str() {
            "ArrowUp" | "PageUp" | "Home" => true,
            " " => event.shift_key(),
            _ => false,
        };
        if is_up {
            self.let_go();
        }
    }

    /// So does selecting: what is being marked must not run away.
    pub fn pointed(self) {
        let is_held = self.board.try_with_value(|board| board.spot == Spot::End);
        if is_held == Some(true) && view::selected(MARK).is_some() {
            self.let_go();
        }
    }

    /// What is unfolded stays where it was pressed.
    pub fn pressed(self, event: &MouseEvent) {
        if let Some(serial) = view::pressed(event, "summary, [aria-expanded]", MARK) {
            self.with(|board| board.hold_item(&serial));
        }
    }

    fn let_go(self) {
        self.with(Board::let_go);
    }
}

impl Board {
    fn let_go(&mut self) {
        self.pending = None;
        // Where there is nothing above, no scroll event would ever take hold again.
        if self.spot == Spot::End && self.top() > 0.0 {
            self.hold_here();
        }
    }

    fn scrolled(&mut self) {
        let top = self.top();
        let moved = top - self.last_top;
        if moved.abs() < 1.0 {
            return;
        }
        self.last_top = top;
        let distance = self.distance();
        match self.spot {
            // Content that shrinks moves the view too, and leaves it at the end: that is nobody's wish.
            Spot::End if moved < 0.0 && distance > 1.0 => self.stay_here(),
            Spot::End => {}
            Spot::At(..) if distance <= 1.0 || (moved > 0.0 && distance < NEAR) => {
                self.spot = Spot::End;
            }
            Spot::At(..) => self.stay_here(),
        }
        if self.is_covered() {
            self.look_around();
        } else {
            self.draw();
            self.settle();
        }
    }

    fn stay_here(&mut self) {
        self.pending = None;
        self.hold_here();
    }
}
