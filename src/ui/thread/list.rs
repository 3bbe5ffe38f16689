//! The list of a conversation on the page: the part of it that is drawn, and the view that stays where it is.

mod draw;
mod hold;

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use leptos::prelude::*;

use super::place::Place;
use crate::core::thread::items::{Display, Item, Part, RowKey, Seen, Setting};
use crate::core::thread::message::{Row, RowId, RowKind, RowState};
use crate::core::thread::window::Window;
use crate::core::time::DAY_MS;
use crate::state::thread::ThreadState;
use crate::web::dom::view;

/// Shorter lists are drawn whole.
const SMALL: usize = 80;
/// At least so much is drawn above and below what is seen, in CSS pixels.
const MARGIN: f64 = 600.0;
/// So many of the last items are drawn at first, whatever their heights may be.
const FIRST: usize = 12;
/// How near the end counts as the end, in CSS pixels.
pub const NEAR: f64 = 64.0;
/// So many selected items are kept on the page; of more, only the first and the last.
const SELECTED: usize = 200;
/// Names an item on the page.
pub const MARK: &str = "data-item";

/// What the view holds on to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spot {
    /// The end, wherever that goes.
    End,
    /// An item, so far below the upper edge.
    At(Item, f64),
}

/// An item on the page.
struct Drawn {
    serial: String,
    element: view::Part,
    gap: f64,
    place: Option<(usize, usize)>,
    steps: usize,
    is_step: bool,
    is_last: bool,
    _view: Box<dyn Any>,
}

/// What the views of rows and of the page around them may read.
#[derive(Debug, Clone, Copy)]
pub struct Outlook {
    /// Whether the end is out of sight.
    pub is_away: RwSignal<bool>,
    /// How many messages have come at the end while it was out of sight.
    pub new: RwSignal<usize>,
    /// Whether the beginning of what is loaded is near.
    pub is_near_top: RwSignal<bool>,
    /// Grows with every change of what is on the page.
    pub drawn: RwSignal<u32>,
    /// What is unfolded, by the first row.
    pub open: RwSignal<HashSet<RowId>>,
}

/// The list on the page.
pub struct Board {
    thread: ThreadState,
    owner: Owner,
    pub outlook: Outlook,
    pub display: Display,
    window: Window,
    index: HashMap<Item, usize>,
    heights: HashMap<Item, f64>,
    drawn: HashMap<Item, Drawn>,
    /// The items on the page in its order.
    order: Vec<Item>,
    /// Where the drawn part without what is only kept begins and ends.
    range: Range<usize>,
    after: f64,
    sizes: Option<view::Sizes>,
    log: Option<view::Part>,
    list: Option<view::Part>,
    height: f64,
    pub spot: Spot,
    /// Where somebody was reading, until the row has come.
    pub pending: Option<Place>,
    pub last_top: f64,
    /// The last row when the end was last in view.
    seen: Option<RowKey>,
    serial: u32,
    today: i64,
}

impl Board {
    pub fn new(thread: &ThreadState, outlook: Outlook, pending: Option<Place>, now: i64) -> Self {
        Self {
            thread: thread.clone(),
            owner: Owner::current().unwrap_or_default(),
            outlook,
            display: Display::default(),
            window: Window::default(),
            index: HashMap::new(),
            heights: HashMap::new(),
            drawn: HashMap::new(),
            order: Vec::new(),
            range: 0..0,
            after: 0.0,
            sizes: None,
            log: None,
            list: None,
            height: 0.0,
            spot: Spot::End,
            pending,
            last_top: 0.0,
            seen: None,
            serial: 0,
            today: day_of(now),
        }
    }

    /// Draws into this place from now on.
    pub fn attach(&mut self, log: view::Part, list: view::Part, sizes: view::Sizes) {
        sizes.watch(&log);
        self.height = f64::from(log.client_height());
        self.sizes = Some(sizes);
        self.log = Some(log);
        self.list = Some(list);
        self.draw();
        self.settle_unless_told();
    }

    /// Takes the rows as they are now.
    pub fn take(&mut self, order: &[RowId], is_live: bool, unread: Option<&RowId>) {
        let before = self.display.last();
        let thread = self.thread.clone();
        self.display.take_rows(order, |id| {
            thread.row(id).map(|row| row.with_untracked(seen))
        });
        let open = self.outlook.open;
        let open = open.with_untracked(|open| {
            let keys = open.iter().filter_map(|id| self.display.key(id));
            keys.collect::<HashSet<_>>()
        });
        let is_changed = self.display.arrange(Setting {
            today: self.today,
            is_live,
            unread_after: unread.and_then(|id| self.display.key(id)),
            open: &open,
        });
        if !is_changed {
            return;
        }
        if before.is_some() && self.has_new_question(before) {
            self.spot = Spot::End;
            self.pending = None;
        }
        self.rebuild();
        self.restore_place();
        self.draw();
        self.settle_unless_told();
    }

    /// At the end, the browser tells of what was drawn before it paints: to ask now would make it lay the page out twice.
    fn settle_unless_told(&mut self) {
        if self.spot != Spot::End {
            self.settle();
        }
    }

    /// Whether the person has sent something since.
    fn has_new_question(&self, before: Option<RowKey>) -> bool {
        let is_own =
            |row: &Row| matches!(row.kind, RowKind::User { .. }) && row.state == RowState::Sending;
        self.display.after(before).any(|(key, part)| {
            let row = self.display.id(key).and_then(|id| self.thread.row(id));
            part == Part::Message && row.is_some_and(|row| row.with_untracked(is_own))
        })
    }

    fn rebuild(&mut self) {
        let items = self.display.items();
        let height =
            |(item, guess): (&Item, &f64)| self.heights.get(item).copied().unwrap_or(*guess);
        let heights = items.iter().zip(self.display.guesses()).map(height);
        self.window = Window::new(heights.collect());
        let old = std::mem::take(&mut self.index);
        self.index = items
            .iter()
            .enumerate()
            .map(|(at, item)| (*item, at))
            .collect();
        // What was held on to may be folded away or gone: hold on to what stands there now.
        if let Spot::At(item, below) = self.spot
            && !self.index.contains_key(&item)
        {
            let folded = match item {
                Item::Row(key) | Item::Steps(key) => self.display.item_of(key),
                _ => None,
            };
            let near = || items.get(*old.get(&item)?).or(items.last()).copied();
            self.spot = folded
                .or_else(near)
                .map_or(Spot::End, |item| Spot::At(item, below));
        }
    }

    fn restore_place(&mut self) {
        let found = self.pending.as_ref().and_then(|place| {
            let key = self.display.key(&RowId(place.row.clone()))?;
            Some(Spot::At(self.display.item_of(key)?, place.below))
        });
        if let Some(spot) = found {
            self.spot = spot;
            self.pending = None;
        }
    }
}

fn day_of(at: i64) -> i64 {
    (at + view::local_offset(at)).div_euclid(DAY_MS)
}

fn seen(row: &Row) -> Seen {
    Seen {
        part: Part::of(&row.kind),
        run: row.run.clone(),
        day: row.at.map(day_of),
        guess: guess(&row.kind),
    }
}

/// How high a row may be: lines of text at the usual width.
fn guess(kind: &RowKind) -> f64 {
    let text = match kind {
        RowKind::User { text } | RowKind::Assistant { text } | RowKind::Error { text } => text,
        _ => return 36.0,
    };
    let lines = u32::try_from(text.len() / 75).unwrap_or(u32::MAX);
    60.0 + 24.0 * f64::from(lines)
}
