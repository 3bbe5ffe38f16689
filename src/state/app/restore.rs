//! The start: what was kept, the key to it, and what has to be renewed before it is shown.

use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture};
use reactive_graph::traits::{GetUntracked, Set};

use super::App;
use crate::core::composer::draft::Draft;
use crate::core::record::keys;
use crate::core::route::Route;
use crate::core::server::registry::{self, ServerRecord};
use crate::core::session::pre_auth;
use crate::i18n;
use crate::state::task::spawn;
use crate::state::toast::Tone;

/// How long the start waits for sessions that have to be renewed first, in milliseconds.
const RESTORE_LIMIT: u32 = 3_000;

impl App {
    pub(super) fn restore(&self) {
        for record in self.read_servers() {
            let server = self.take_in(record);
            // Until it is known what is stored, nothing that comes in between is a verdict.
            server.session().hold();
        }
        let app = self.clone();
        spawn(async move { app.finish_restore().await });
    }

    /// A session whose access token is dead is renewed before anything is shown as signed in, but a provider
    /// that does not answer must not keep the person out for long.
    async fn finish_restore(&self) {
        let shared = &self.0.shared;
        self.open_stores().await;
        let mut servers = self.0.servers.get_untracked();
        // The one whose page is open comes first.
        let here = shared.here();
        let here = here.as_ref().and_then(Route::alias);
        servers.sort_by_key(|server| Some(&server.alias()) != here);
        for server in &servers {
            server.session().adopt_stored();
        }
        // Before any of them is used or shown.
        self.look();
        self.watch_clock();
        let checks = futures_util::future::join_all(
            servers
                .iter()
                .map(|server| shared.in_turn(server.session().check_restored().boxed_local())),
        );
        let limit = shared.ports.clock.sleep(RESTORE_LIMIT);
        futures_util::pin_mut!(checks, limit);
        let late = futures_util::future::select(checks, limit).await;
        for server in &servers {
            server.session().release();
        }
        self.0.restored.set(true);
        if let Some(place) = self.last_place() {
            self.replace(&place);
        }
        if let Either::Right(((), checks)) = late {
            checks.await;
        }
        self.sweep_drafts();
        // What is shown as signed in is asked for, one server after the other.
        for server in &servers {
            server.verify().await;
        }
        // Everybody else gets to the connect page, which asks.
        if self.is_armed() {
            self.0.connect.ask_for_config(self);
        }
    }

    /// Waits until what is stored can be read: for the key of the browser, and for the keychain of a shell.
    fn open_stores(&self) -> LocalBoxFuture<'_, ()> {
        let vault = self.0.shared.open_vault();
        match self.0.shared.desktop() {
            Some(desktop) => self.open_both(desktop, vault.boxed_local()),
            None => vault.boxed_local(),
        }
    }

    /// Removes drafts whose time is over.
    fn sweep_drafts(&self) {
        let (shared, now) = (&self.0.shared, self.now());
        for key in shared.keys(keys::DRAFT_PREFIX) {
            if shared
                .get(&key)
                .is_some_and(|text| Draft::is_over(&text, now))
            {
                shared.remove(&key);
            }
        }
    }

    fn read_servers(&self) -> Vec<ServerRecord> {
        let shared = &self.0.shared;
        let Some(text) = shared.get(&keys::servers()) else {
            return Vec::new();
        };
        match registry::decode(&text) {
            Ok(decoded) => {
                if decoded.skipped > 0 {
                    log::warn!(
                        "{} remembered servers cannot be read and are left out",
                        decoded.skipped
                    );
                }
                decoded.servers
            }
            Err(error) => {
                if !error.is_newer(registry::VERSION) {
                    self.toasts()
                        .tell(Tone::Caution, i18n::servers_unreadable());
                }
                shared.unreadable(&keys::servers(), &text, registry::VERSION, error);
                Vec::new()
            }
        }
    }

    /// Removes sign-ins that were never finished.
    pub(super) fn sweep(&self) {
        let shared = &self.0.shared;
        let found: Vec<(String, String)> = shared
            .keys(keys::PRE_AUTH_PREFIX)
            .into_iter()
            .filter_map(|key| shared.get(&key).map(|text| (key, text)))
            .collect();
        let pairs = found
            .iter()
            .map(|(key, text)| (key.as_str(), text.as_str()));
        for key in pre_auth::sweep(pairs, shared.now()) {
            shared.remove(&key);
        }
    }
}
