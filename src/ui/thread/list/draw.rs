//! Putting the items on the page that are seen or soon will be, and taking the others away.

use std::collections::HashSet;
use std::ops::Range;

use leptos::mount::mount_to;
use leptos::prelude::*;

use super::super::row_item;
use super::{Board, Drawn, FIRST, MARK, SELECTED, SMALL, Spot};
use crate::core::thread::items::Item;
use crate::core::thread::message::RowId;
use crate::web::dom::view;

impl Board {
    /// Puts on the page what belongs there, and takes away what does not.
    pub fn draw(&mut self) {
        let (Some(list), Some(sizes)) = (self.list.clone(), self.sizes.take()) else {
            return;
        };
        self.drop_changed(&sizes);
        let kept = self.kept();
        self.range = self.wanted();
        let mut wanted: Vec<usize> = self.range.clone().chain(kept).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let items: Vec<Item> = {
            let items = self.display.items();
            let items = wanted.iter().filter_map(|at| items.get(*at).copied());
            items.collect()
        };
        self.take_away(&items, &sizes);
        self.put(&items, &list, &sizes);
        self.order = items;
        self.sizes = Some(sizes);
        self.space_out(&wanted, &list);
        self.outlook.drawn.try_update(|drawn| *drawn += 1);
    }

    fn wanted(&self) -> Range<usize> {
        let length = self.window.len();
        if length < SMALL {
            return 0..length;
        }
        let ((from, to), margin) = (self.span(), self.margin());
        let range = self.window.between(from - margin, to + margin);
        match self.spot {
            Spot::End => range.start.min(length - FIRST)..length,
            Spot::At(..) => range,
        }
    }

    /// Where the focus or a selection is, rows stay even out of sight.
    fn kept(&self) -> Vec<usize> {
        let place = |serial: &str| self.index.get(&self.named(serial)?).copied();
        let focus = view::focused(MARK).and_then(|serial| place(&serial));
        let mut kept: Vec<usize> = focus.into_iter().collect();
        let ends = view::selected(MARK).and_then(|(from, to)| Some((place(&from)?, place(&to)?)));
        if let Some((from, to)) = ends {
            let (from, to) = (from.min(to), from.max(to));
            if to - from < SELECTED {
                kept.extend(from..=to);
            } else {
                kept.extend([from, to]);
            }
        }
        kept
    }

    /// The item on the page that is marked with this.
    pub(super) fn named(&self, serial: &str) -> Option<Item> {
        let found = self.drawn.iter().find(|(_, drawn)| drawn.serial == serial);
        found.map(|(item, _)| *item)
    }

    /// A line that stands for other steps than when it was made is made anew.
    fn drop_changed(&mut self, sizes: &view::Sizes) {
        let display = &self.display;
        self.drawn.retain(|item, drawn| {
            let Item::Steps(first) = item else {
                return true;
            };
            let stays = display.steps(*first).len() == drawn.steps;
            if !stays {
                sizes.leave(&drawn.element);
                drawn.element.remove();
            }
            stays
        });
        self.order.retain(|item| self.drawn.contains_key(item));
    }

    fn take_away(&mut self, items: &[Item], sizes: &view::Sizes) {
        let wanted: HashSet<&Item> = items.iter().collect();
        self.order.retain(|item| wanted.contains(item));
        self.drawn.retain(|item, drawn| {
            let stays = wanted.contains(item);
            if !stays {
                sizes.leave(&drawn.element);
                drawn.element.remove();
            }
            stays
        });
    }

    /// What is there already is not moved: it would lose its focus, its selection and its scrolling.
    fn put(&mut self, items: &[Item], list: &view::Part, sizes: &view::Sizes) {
        let mut next: Option<view::Part> = None;
        for item in items.iter().rev() {
            if self.order.last() == Some(item) {
                self.order.pop();
            } else {
                self.order.retain(|other| other != item);
                self.place_before(*item, next.as_ref(), list, sizes);
            }
            let drawn = self.drawn.get(item).map(|drawn| drawn.element.clone());
            next = drawn.or(next);
        }
    }

    fn place_before(
        &mut self,
        item: Item,
        next: Option<&view::Part>,
        list: &view::Part,
        sizes: &view::Sizes,
    ) {
        let is_new = !self.drawn.contains_key(&item);
        if is_new && let Some(drawn) = self.make(item) {
            self.drawn.insert(item, drawn);
        }
        if let Some(drawn) = self.drawn.get(&item) {
            view::insert(list, &drawn.element, next);
            if is_new {
                sizes.watch(&drawn.element);
            }
        }
    }

    fn make(&mut self, item: Item) -> Option<Drawn> {
        let element = view::block("transcript__item")?;
        self.serial += 1;
        let serial = self.serial.to_string();
        let _ = element.set_attribute(MARK, &serial);
        let (thread, outlook, today) = (self.thread.clone(), self.outlook, self.today);
        let rows: Vec<RowId> = match item {
            Item::Row(key) => self.display.id(key).cloned().into_iter().collect(),
            Item::Steps(first) => self.display.steps(first),
            Item::Day(_) | Item::Unread => Vec::new(),
        };
        let (parent, steps) = (element.clone(), rows.len());
        let shown = move || row_item(&thread, item, &rows, outlook, today);
        let view = self.owner.with(|| mount_to(parent, shown));
        Some(Drawn {
            serial,
            element,
            gap: 0.0,
            place: None,
            steps,
            is_last: false,
            _view: Box::new(view),
        })
    }

    /// Leaves room for what is not drawn, and tells each row its place.
    fn space_out(&mut self, wanted: &[usize], list: &view::Part) {
        let (gaps, after) = self.window.gaps(wanted);
        let last = self.window.len().checked_sub(1);
        for ((at, item), gap) in wanted.iter().zip(&self.order).zip(gaps) {
            let place = self.display.position(*at);
            let place = matches!(item, Item::Row(_)).then_some(place);
            if let Some(drawn) = self.drawn.get_mut(item) {
                drawn.space(gap);
                drawn.tell(place, Some(*at) == last);
            }
        }
        if (self.after - after).abs() > 0.01 {
            self.after = after;
            view::set_length(list, "--after", after);
        }
    }
}

impl Drawn {
    fn space(&mut self, gap: f64) {
        if (self.gap - gap).abs() > 0.01 {
            self.gap = gap;
            view::set_length(&self.element, "--before", gap);
        }
    }

    fn tell(&mut self, place: Option<(usize, usize)>, is_last: bool) {
        if std::mem::replace(&mut self.is_last, is_last) != is_last {
            let _ = self
                .element
                .set_attribute("data-last", &is_last.to_string());
        }
        if self.place == place {
            return;
        }
        self.place = place;
        if let (Some(article), Some((position, all))) = (self.element.first_element_child(), place)
        {
            let _ = article.set_attribute("aria-posinset", &position.to_string());
            let _ = article.set_attribute("aria-setsize", &all.to_string());
        }
    }
}
