//! What pages and frame tell each other: whether there is a panel at the side, whether it is open, where one was.

use std::collections::BTreeMap;

use leptos::html;
use leptos::prelude::*;

use crate::core::route::Route;
use crate::core::server::alias::Alias;

/// The frame around the page of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    route: Memo<Route>,
    /// The last place on each server, since the app was loaded.
    last: Memo<BTreeMap<Alias, Route>>,
    /// The server's section that the lobby is to show.
    section: RwSignal<Option<String>>,
    side: RwSignal<Option<NodeRef<html::Aside>>>,
    main: StoredValue<Option<NodeRef<html::Main>>>,
    title: RwSignal<Option<Signal<String>>>,
    is_open: RwSignal<bool>,
    /// The button that opened the panels, to give the focus back to.
    opener: StoredValue<Option<NodeRef<html::Button>>>,
}

impl Frame {
    /// A frame for the place of the moment; belongs to the root.
    #[must_use]
    pub fn new(route: Memo<Route>) -> Self {
        let last = Memo::new(move |was: Option<&BTreeMap<Alias, Route>>| {
            let mut last = was.cloned().unwrap_or_default();
            let now = route.get();
            if let Some(alias) = now.alias() {
                last.insert(alias.clone(), now.clone());
            }
            last
        });
        let here = document()
            .location()
            .and_then(|location| location.hash().ok())
            .unwrap_or_default();
        let section =
            Some(here.trim_start_matches('#').to_owned()).filter(|alias| !alias.is_empty());
        Self {
            route,
            last,
            section: RwSignal::new(section),
            side: RwSignal::new(None),
            main: StoredValue::new(None),
            title: RwSignal::new(None),
            is_open: RwSignal::new(false),
            opener: StoredValue::new(None),
        }
    }

    /// The frame of the page around.
    ///
    /// # Panics
    /// Outside of the root, which is a bug.
    #[must_use]
    pub fn use_frame() -> Self {
        match use_context() {
            Some(frame) => frame,
            None => panic!("Frame::use_frame() was called outside of the root"),
        }
    }

    /// The place of the moment.
    #[must_use]
    pub fn route(self) -> Memo<Route> {
        self.route
    }

    /// The last place on a server (tracked).
    #[must_use]
    pub fn last_place(self, alias: &Alias) -> Option<Route> {
        self.last.with(|last| last.get(alias).cloned())
    }

    /// Asks the lobby for one server's section, after a link to it.
    pub fn show_section(self, route: &Route, anchor: &str) {
        if *route == Route::Lobby && !anchor.is_empty() {
            self.section.set(Some(anchor.to_owned()));
        }
    }

    /// The section to show (tracked).
    #[must_use]
    pub fn section(self) -> Option<String> {
        self.section.get()
    }

    /// The section is on show: it is not scrolled to again.
    pub fn section_shown(self) {
        // Read with the section itself, so it must not wake its reader.
        if let Some(mut section) = self.section.try_write_untracked() {
            *section = None;
        }
    }

    /// Whether the page has a panel at the side (tracked).
    #[must_use]
    pub fn has_side(self) -> bool {
        self.side.read().is_some()
    }

    /// Whether the panels are open on a narrow screen (tracked).
    #[must_use]
    pub fn is_open(self) -> bool {
        self.is_open.get()
    }

    /// What a screen reader is told about the page (tracked).
    #[must_use]
    pub fn announced(self) -> String {
        // The title of a page that is just being left is gone already.
        self.title
            .get()
            .and_then(|title| title.try_get())
            .unwrap_or_default()
    }

    /// Takes over a page that is being built; `true` for the first page since the app was loaded.
    pub(super) fn enter(
        self,
        title: Signal<String>,
        side: Option<NodeRef<html::Aside>>,
        main: NodeRef<html::Main>,
    ) -> bool {
        let is_first = self.main.get_value().is_none();
        self.title.set(Some(title));
        self.side.set(side);
        self.main.set_value(Some(main));
        is_first
    }

    /// Opens the panels; `opener` gets the focus back.
    pub(super) fn open(self, opener: NodeRef<html::Button>) {
        self.opener.set_value(Some(opener));
        self.is_open.set(true);
    }

    /// Closes the panels and gives the focus back.
    pub fn close(self) {
        if !self.is_open.get_untracked() {
            return;
        }
        self.is_open.set(false);
        if let Some(button) = self
            .opener
            .get_value()
            .and_then(|node| node.try_get_untracked().flatten())
        {
            // Hidden on a wide screen, where the focus may stay where it is.
            let _ = button.focus();
        }
    }

    /// Closes the panels because the focus has gone into the page by itself.
    pub(super) fn close_quietly(self) {
        if self.is_open.get_untracked() {
            self.is_open.set(false);
        }
    }

    /// Puts the focus on the page itself.
    pub fn focus_main(self) {
        if let Some(main) = self
            .main
            .get_value()
            .and_then(|node| node.try_get_untracked().flatten())
        {
            // An element with a tabindex takes the focus wherever it is shown.
            let _ = main.focus();
        }
    }

    /// Moves the focus into the panels when they open, and closes them when one goes somewhere.
    pub(super) fn manage(self, rail: NodeRef<html::Header>) {
        Effect::new(move |_| {
            if !self.is_open.get() {
                return;
            }
            // The panels are hidden until the frame after this one, and what is hidden takes no focus.
            request_animation_frame(move || {
                let side = self
                    .side
                    .try_get_untracked()
                    .flatten()
                    .and_then(|node| node.try_get_untracked().flatten());
                let _ = match (side, rail.try_get_untracked().flatten()) {
                    (Some(side), _) => side.focus(),
                    (None, Some(rail)) => rail.focus(),
                    (None, None) => Ok(()),
                };
            });
        });
        let is_open = self.is_open;
        let route = self.route;
        Effect::watch(
            move || route.get(),
            move |_, _, _| is_open.set(false),
            false,
        );
    }
}
