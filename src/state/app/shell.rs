//! The start in a desktop shell: both stores are read before anybody is shown as signed in or out.

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join};
use reactive_graph::traits::{Get, GetUntracked};

use super::App;
use crate::core::server::id::ServerId;
use crate::state::shell::Desktop;

impl App {
    /// Asks the keychain beside the browser's own key; then the newest of both copies counts.
    pub(super) fn open_both<'a>(
        &'a self,
        desktop: &'a Desktop,
        vault: LocalBoxFuture<'a, ()>,
    ) -> LocalBoxFuture<'a, ()> {
        async move {
            let shared = &self.0.shared;
            let known: Vec<ServerId> = self
                .0
                .servers
                .get_untracked()
                .iter()
                .map(|server| server.id().clone())
                .collect();
            let asked = desktop.begin(Desktop::kept_servers(shared, &known));
            let ((), held) = join(vault, asked).await;
            for (id, held) in &held {
                match self.server_by_id(id) {
                    Some(server) => desktop.settle(shared, server.session(), held),
                    None => desktop.settle_removed(shared, id, held),
                }
            }
            desktop.set_settled();
        }
        .boxed_local()
    }

    /// Whether the person is to be asked how sessions are kept here (tracked).
    #[must_use]
    pub fn asks_how_to_keep(&self) -> bool {
        let desktop = self.0.shared.desktop();
        desktop.is_some_and(|desktop| desktop.asks_how_to_keep().get())
    }

    /// The person has chosen how sessions are kept where nothing here protects them.
    pub fn choose_how_to_keep(&self, memory_only: bool) {
        let shared = &self.0.shared;
        let Some(desktop) = shared.desktop() else {
            return;
        };
        let servers = self.0.servers.get_untracked();
        let sessions: Vec<_> = servers
            .iter()
            .map(|server| server.session().clone())
            .collect();
        desktop.choose_how_to_keep(shared, &sessions, memory_only);
    }
}
