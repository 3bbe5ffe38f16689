//! The search in a conversation: the bar, and going from match to match. The browser's own finds only what is on
//! the page, which of a long conversation is little; pressed a second time, its keys still open that.

use leptos::ev::KeyboardEvent;
use leptos::{ev, html, prelude::*};

use super::follow::Follow;
use crate::core::thread::find::{Needle, Search, text_of};
use crate::core::thread::message::{Row, RowId, RowState};
use crate::i18n::find as words;
use crate::state::thread::ThreadState;
use crate::ui::kit::{Icon, IconView};
use crate::web::dom::{self, mark, view};

/// So much text is read in one frame.
const PIECE: usize = 120_000;

/// A search that is open.
#[derive(Clone, Copy)]
struct Find {
    thread: StoredValue<ThreadState>,
    follow: Follow,
    field: NodeRef<html::Input>,
    is_open: RwSignal<bool>,
    query: RwSignal<String>,
    /// Number of the match, number of all, and whether there may be more.
    count: RwSignal<(usize, usize, bool)>,
    search: StoredValue<Option<Search>>,
    /// Whether the current match has yet to be brought into view.
    is_going: StoredValue<bool>,
    is_due: StoredValue<bool>,
    came_from: StoredValue<Option<view::Part>, LocalStorage>,
}

/// The bar, which the keys of the browser's search open.
pub fn find_bar(thread: &ThreadState, follow: Follow) -> AnyView {
    let find = Find {
        thread: StoredValue::new(thread.clone()),
        follow,
        field: NodeRef::new(),
        is_open: RwSignal::new(false),
        query: RwSignal::new(String::new()),
        count: RwSignal::new((0, 0, false)),
        search: StoredValue::new(None),
        is_going: StoredValue::new(false),
        is_due: StoredValue::new(false),
        came_from: StoredValue::new_local(None),
    };
    let handle = window_event_listener(ev::keydown, move |event| find.asked(&event));
    on_cleanup(move || {
        handle.remove();
        mark::clear();
    });
    find.keep_up();
    (move || find.is_open.get().then(|| bar(find))).into_any()
}

fn bar(find: Find) -> AnyView {
    let said = move || {
        let (number, all, more) = find.count.get();
        let is_asked = !find.query.read().trim().is_empty();
        is_asked.then(|| words::count(number, all, more))
    };
    view! {
        <div class="find" role="search" aria-label=words::FIND on:keydown=move |event| find.key(&event)>
            <div class="find__bar">
                <IconView icon=Icon::Search />
                <input
                    class="find__field"
                    type="search"
                    dir="auto"
                    autocomplete="off"
                    spellcheck="false"
                    enterkeyhint="search"
                    aria-label=words::FIND
                    placeholder=words::FIND
                    prop:value=move || find.query.get()
                    on:input=move |event| find.look_for(event_target_value(&event))
                    node_ref=find.field
                />
                <span class="find__count" role="status">
                    {said}
                </span>
                {button(words::PREVIOUS, Icon::ArrowUp, move || find.step(false))}
                {button(words::NEXT, Icon::ArrowDown, move || find.step(true))}
                {button(words::CLOSE, Icon::Close, move || find.close())}
            </div>
        </div>
    }
    .into_any()
}

fn button(name: &'static str, icon: Icon, press: impl Fn() + 'static) -> AnyView {
    view! {
        <button
            class="button"
            type="button"
            data-variant="icon"
            data-size="small"
            aria-label=name
            title=name
            on:click=move |_| press()
        >
            <IconView icon=icon />
        </button>
    }
    .into_any()
}

impl Find {
    fn thread(self) -> Option<ThreadState> {
        self.thread.try_get_value()
    }

    /// The keys of the browser's search open ours; with the field in focus they are the browser's again.
    fn asked(self, event: &KeyboardEvent) {
        if event.default_prevented() || !view::asks_to_find(event) || view::has("dialog[open]") {
            return;
        }
        let focus = view::focus_place();
        let field = self.field.get_untracked();
        if field.is_some() && focus.as_deref() == field.as_deref().map(AsRef::as_ref) {
            return;
        }
        event.prevent_default();
        if !self.is_open.get_untracked() {
            self.came_from.set_value(focus);
            self.is_open.set(true);
        }
        // The field is there once the page has taken note of it.
        request_animation_frame(move || {
            if let Some(field) = self.field.try_get_untracked().flatten() {
                let _ = field.focus();
                field.select();
            }
        });
    }

    fn key(self, event: &KeyboardEvent) {
        if dom::is_composing(event) {
            return;
        }
        match event.key().as_str() {
            "Escape" => {
                event.prevent_default();
                event.stop_propagation();
                self.close();
            }
            "Enter" if view::focus_place().is_some_and(|place| place.tag_name() == "INPUT") => {
                event.prevent_default();
                self.step(!event.shift_key());
            }
            _ => {}
        }
    }

    fn look_for(self, text: String) {
        let needle = Needle::new(&text);
        self.query.set(text);
        let from = self.follow.first_in_view();
        let Some((thread, needle)) = self.thread().zip(needle) else {
            self.search.set_value(None);
            self.tell();
            self.mark_soon();
            return;
        };
        let mut search = Search::new(needle);
        thread
            .order()
            .with_untracked(|order| search.take_rows(order, from.as_ref()));
        self.search.set_value(Some(search));
        self.is_going.set_value(true);
        self.tell();
        self.read_on();
    }

    /// Rows that come or go while the search is open are taken into account, and what is drawn anew is marked anew.
    fn keep_up(self) {
        let Some((order, run)) = self.thread().map(|thread| (thread.order(), thread.run())) else {
            return;
        };
        Effect::new(move |_| {
            if !self.is_open.get() {
                return;
            }
            run.track();
            let has_search = order.with(|order| {
                self.search
                    .try_update_value(|search| {
                        let search = search.as_mut()?;
                        search.take_rows(order, None);
                        Some(true)
                    })
                    .flatten()
            });
            if has_search == Some(true) {
                self.read_on();
            }
        });
        let drawn = self.follow.outlook.drawn;
        Effect::new(move |_| {
            drawn.track();
            if self.is_open.get() {
                self.mark_soon();
            }
        });
    }

    /// Reads on, a piece in each frame.
    fn read_on(self) {
        let Some(thread) = self.thread() else {
            return;
        };
        let look = |id: &RowId| {
            let row = thread.row(id)?;
            let is_complete = |row: &Row| row.state != RowState::Streaming;
            Some(row.with_untracked(|row| (text_of(&row.kind), is_complete(row))))
        };
        let order = thread.order();
        let goes_on = order.with_untracked(|order| {
            self.search.try_update_value(|search| {
                let search = search.as_mut()?;
                let had = search.current().is_some();
                let is_done = search.read(order, PIECE, look);
                Some((is_done, !had && search.current().is_some()))
            })
        });
        let Some((is_done, is_first)) = goes_on.flatten() else {
            return;
        };
        self.tell();
        if is_first {
            self.go();
        }
        self.mark_soon();
        if !is_done {
            request_animation_frame(move || self.read_on());
        }
    }

    fn tell(self) {
        let count = self.search.try_with_value(|search| {
            let search = search.as_ref()?;
            let more = !search.is_complete();
            Some((search.number(), search.total(), more))
        });
        self.count.try_set(count.flatten().unwrap_or((0, 0, false)));
    }

    fn step(self, is_forward: bool) {
        self.search.try_update_value(|search| {
            if let Some(search) = search {
                search.step(is_forward);
            }
        });
        self.tell();
        self.go();
    }

    /// Goes to the current match.
    fn go(self) {
        let current = self
            .search
            .try_with_value(|search| search.as_ref()?.current().cloned());
        if let Some((row, _)) = current.flatten() {
            self.is_going.set_value(true);
            let is_drawn = self.follow.drawn_rows().iter().any(|(id, _)| *id == row);
            if !is_drawn {
                self.follow.go_to(&row);
            }
            self.mark_soon();
        }
    }

    fn close(self) {
        self.is_open.set(false);
        self.search.set_value(None);
        self.query.set(String::new());
        self.count.set((0, 0, false));
        mark::clear();
        self.outline(None);
        let back = self.came_from.try_update_value(Option::take).flatten();
        let log = self.follow.log.get_untracked();
        match (back.filter(|back| back.is_connected()), log) {
            (Some(back), _) => dom::focus(&back),
            (None, Some(log)) => dom::focus(&log),
            _ => {}
        }
    }

    /// Marks what is on the page, once in a frame.
    fn mark_soon(self) {
        if self
            .is_due
            .try_update_value(|due| std::mem::replace(due, true))
            == Some(false)
        {
            request_animation_frame(move || {
                self.is_due.try_set_value(false);
                self.mark();
            });
        }
    }

    fn mark(self) {
        if self.is_open.try_get_untracked() != Some(true) {
            return;
        }
        let rows = self.follow.drawn_rows();
        let asked = self.search.try_with_value(|search| {
            let search = search.as_ref()?;
            let hits = rows.iter().filter(|(row, _)| search.is_hit(row));
            let hits: Vec<_> = hits.cloned().collect();
            Some((search.needle().clone(), hits, search.current().cloned()))
        });
        let Some((needle, hits, current)) = asked.flatten() else {
            mark::clear();
            self.outline(None);
            return;
        };
        let (mut all, mut at) = (Vec::new(), None);
        for (row, element) in hits {
            let found = mark::matches(&element, &needle);
            if let Some((_, nth)) = current.as_ref().filter(|(current, _)| *current == row) {
                // What is folded away or drawn otherwise than it is written may have fewer.
                at = Some((element, found.get(*nth).or(found.last()).cloned()));
            }
            all.extend(found);
        }
        let current = at.as_ref().and_then(|(_, found)| found.as_ref());
        mark::mark(&all, current);
        let is_seen = mark::can_mark() && current.is_some_and(|found| found.edges().is_some());
        self.outline(at.as_ref().map(|(row, _)| row).filter(|_| !is_seen));
        if let Some((element, found)) = at
            && self.is_going.try_get_value() == Some(true)
        {
            self.bring(&element, found.as_ref());
        }
    }

    /// Brings the current match into view, out of what it may be folded into.
    fn bring(self, element: &view::Part, found: Option<&mark::Match>) {
        match found.and_then(mark::Match::edges) {
            Some(edges) => {
                self.is_going.set_value(false);
                self.follow.reveal(edges);
            }
            None if mark::unfold(element) => self.mark_soon(),
            None => {
                self.is_going.set_value(false);
                self.follow.reveal(view::edges(element));
            }
        }
    }

    /// Where the match itself cannot be marked, its row is.
    fn outline(self, found: Option<&view::Part>) {
        for (_, element) in self.follow.drawn_rows() {
            let is_found = found == Some(&element);
            let _ = element.set_attribute("data-found", if is_found { "true" } else { "false" });
        }
    }
}
