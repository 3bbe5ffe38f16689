//! The page in front of a person, with the notices of the system where a shell can show them.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, ready};

use super::Desktop;
use crate::api::shell;
use crate::port::{Desk, Permission};
use crate::state::task::spawn;

/// A page in a shell.
struct ShellDesk {
    page: Arc<dyn Desk>,
    desktop: Desktop,
}

impl Desktop {
    /// The page, with notices that go through the shell.
    #[must_use]
    pub fn desk(&self, page: Arc<dyn Desk>) -> Arc<dyn Desk> {
        Arc::new(ShellDesk {
            page,
            desktop: self.clone(),
        })
    }
}

impl Desk for ShellDesk {
    fn zone(&self) -> String {
        self.page.zone()
    }

    fn offset(&self) -> i32 {
        self.page.offset()
    }

    fn selection(&self) -> Option<String> {
        self.page.selection()
    }

    fn clipboard(&self) -> LocalBoxFuture<'static, Result<String, ()>> {
        self.page.clipboard()
    }

    fn is_hidden(&self) -> bool {
        self.page.is_hidden()
    }

    // Whoever has installed the app has allowed it; the system's own settings have the last word.
    fn permission(&self) -> Permission {
        Permission::Granted
    }

    fn ask_permission(&self) -> LocalBoxFuture<'static, Permission> {
        ready(Permission::Granted).boxed_local()
    }

    fn notify(&self, title: &str, body: &str, _: &str, _: Box<dyn Fn()>) {
        let (desktop, call) = (self.desktop.clone(), shell::notify(title, body));
        spawn(async move {
            // A notice that is not shown is in the list of threads all the same.
            let _ = desktop.call(call, shell::read_shown).await;
        });
    }

    fn tell_tabs(&self, word: &str) {
        self.page.tell_tabs(word);
    }

    fn hear_tabs(&self, heard: Box<dyn Fn(&str) -> bool>) {
        self.page.hear_tabs(heard);
    }

    fn badge(&self, place: &str, count: usize) {
        self.page.badge(place, count);
    }
}
