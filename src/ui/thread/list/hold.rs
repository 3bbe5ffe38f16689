//! Keeping the view where it is, whatever comes, goes or grows around what is read.

use leptos::prelude::*;

use super::{Board, MARGIN, MARK, NEAR, Spot};
use crate::core::thread::items::{Item, Part};
use crate::core::thread::message::RowId;
use crate::ui::thread::place::Place;
use crate::web::dom::view;

impl Board {
    /// Where the view begins and ends, from the beginning of the list.
    pub(super) fn span(&self) -> (f64, f64) {
        let top = match self.spot {
            Spot::At(item, below) => {
                let at = self.index.get(&item).copied().unwrap_or_default();
                self.window.scroll_for(at, below)
            }
            Spot::End => self.window.total() - self.height,
        };
        (top, top + self.height)
    }

    pub(super) fn margin(&self) -> f64 {
        self.height.max(MARGIN)
    }

    /// Whether enough is drawn around what is seen.
    pub fn is_covered(&self) -> bool {
        let (from, to) = self.span();
        let margin = self.margin() / 2.0;
        self.window.covers(&self.range, from - margin, to + margin)
    }

    /// Notes what the browser has measured. Called before the page is painted.
    pub fn measured(&mut self, sizes: &[(view::Node, f64)]) {
        for (element, height) in sizes {
            let Some(serial) = element.get_attribute(MARK) else {
                self.height = *height;
                continue;
            };
            if let Some(item) = self.named(&serial) {
                self.heights.insert(item, *height);
                if let Some(at) = self.index.get(&item) {
                    self.window.set(*at, *height);
                }
            }
        }
        self.settle();
    }

    /// Brings what is held on to where it was.
    pub fn settle(&mut self) {
        let Some(log) = &self.log else {
            return;
        };
        match self.spot {
            Spot::End => view::set_scroll_top(log, f64::from(log.scroll_height())),
            Spot::At(item, below) => {
                if let Some(drawn) = self.drawn.get(&item) {
                    let off = view::edges(&drawn.element).0 - view::edges(log).0 - below;
                    if off.abs() >= 0.5 {
                        view::set_scroll_top(log, view::scroll_top(log) + off);
                    }
                }
            }
        }
        self.last_top = view::scroll_top(log);
        self.look_around();
    }

    /// How far the end is below the lower edge, in CSS pixels.
    pub fn distance(&self) -> f64 {
        self.log.as_ref().map_or(0.0, |log| {
            f64::from(log.scroll_height() - log.client_height()) - view::scroll_top(log)
        })
    }

    /// How far the view is scrolled, in CSS pixels.
    pub fn top(&self) -> f64 {
        self.log.as_ref().map_or(0.0, |log| view::scroll_top(log))
    }

    /// Tells the page around what is in sight.
    pub fn look_around(&mut self) {
        let is_away = self.distance() > NEAR;
        if !is_away {
            self.seen = self.display.last();
        }
        let new = if is_away {
            let new = self.display.after(self.seen);
            new.filter(|(_, part)| *part == Part::Message).count()
        } else {
            0
        };
        let is_near_top = self.top() < 2.0 * self.height;
        tell(self.outlook.is_away, is_away);
        tell(self.outlook.new, new);
        tell(self.outlook.is_near_top, is_near_top);
    }

    /// Holds on to an item where it stands.
    pub fn hold_item(&mut self, serial: &str) {
        let found = self.log.as_ref().and_then(|log| {
            let item = self.named(serial)?;
            let drawn = self.drawn.get(&item)?;
            let below = view::edges(&drawn.element).0 - view::edges(log).0;
            Some(Spot::At(item, below))
        });
        self.spot = found.unwrap_or(self.spot);
    }

    /// The first row of the work that this row is folded into, if it is not on show itself.
    pub fn hidden_in(&self, row: &RowId) -> Option<RowId> {
        let key = self.display.key(row)?;
        match self.display.item_of(key)? {
            Item::Steps(first) => self.display.id(first).cloned(),
            _ => None,
        }
    }

    /// Brings a row into view.
    pub fn go_to(&mut self, row: &RowId) {
        let item = self
            .display
            .key(row)
            .and_then(|key| self.display.item_of(key));
        if let Some(item) = item {
            self.pending = None;
            self.spot = Spot::At(item, self.height / 4.0);
            self.draw();
            self.settle();
        }
    }

    /// Brings a place in the window into view that is out of it; the edges are those of the place.
    pub fn reveal(&mut self, top: f64, bottom: f64) {
        let Some(log) = &self.log else {
            return;
        };
        let (above, below) = view::edges(log);
        if top >= above + 8.0 && bottom <= below - 8.0 {
            return;
        }
        view::set_scroll_top(log, view::scroll_top(log) + top - above - self.height / 3.0);
        self.last_top = view::scroll_top(log);
        self.hold_here();
        self.draw();
        self.settle();
    }

    /// The rows on the page, with their elements.
    pub fn drawn_rows(&self) -> Vec<(RowId, view::Part)> {
        let rows = self.order.iter().filter_map(|item| match item {
            Item::Row(key) => {
                let element = self.drawn.get(item)?.element.clone();
                Some((self.display.id(*key)?.clone(), element))
            }
            _ => None,
        });
        rows.collect()
    }

    /// The row at the upper edge of the view.
    pub fn first_in_view(&self) -> Option<RowId> {
        match self.here()? {
            Spot::At(Item::Row(key) | Item::Steps(key), _) => self.display.id(key).cloned(),
            _ => None,
        }
    }

    /// Holds on to what stands at the upper edge now.
    pub fn hold_here(&mut self) {
        if let Some(spot) = self.here() {
            self.spot = spot;
        }
    }

    fn here(&self) -> Option<Spot> {
        let (log, list) = (self.log.as_ref()?, self.list.as_ref()?);
        let edge = view::edges(log).0;
        // The drawn items stand in order, so the first that reaches into the view is found by halving.
        let first = self.order.partition_point(|item| {
            let drawn = self.drawn.get(item);
            drawn.is_some_and(|drawn| view::edges(&drawn.element).1 <= edge + 1.0)
        });
        let is_lasting = |item: &&Item| matches!(item, Item::Row(_) | Item::Steps(_));
        let item = self.order.get(first..)?.iter().find(is_lasting);
        if let Some((item, drawn)) = item.and_then(|item| Some((*item, self.drawn.get(item)?))) {
            let top = view::edges(&drawn.element).0 - edge;
            if top < self.height {
                return Some(Spot::At(item, top));
            }
        }
        // Nothing is drawn here yet: go by the heights.
        let from = edge - view::edges(list).0;
        let items = self.display.items();
        let mut at = self.window.at(from);
        while items.get(at).is_some_and(|item| !is_lasting(&item)) {
            at += 1;
        }
        Some(Spot::At(*items.get(at)?, self.window.top(at) - from))
    }

    /// Where somebody reads, to be found again; `None` at the end.
    pub fn place(&self) -> Option<Place> {
        if self.pending.is_some() {
            return self.pending.clone();
        }
        match self.spot {
            Spot::At(Item::Row(key) | Item::Steps(key), below) => Some(Place {
                row: self.display.id(key)?.0.clone(),
                below,
            }),
            _ => None,
        }
    }
}

fn tell<T: PartialEq + Clone + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.try_with_untracked(|old| *old != value) == Some(true) {
        signal.try_set(value);
    }
}
