//! The start in a desktop shell: the address of its server, both stores, and only then is anybody shown as signed in or out.

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join3};
use reactive_graph::traits::{Get, GetUntracked, Update, WithUntracked};

use super::App;
use crate::api::shell::Failure;
use crate::core::record::keys;
use crate::core::route::Route;
use crate::core::server::id::ServerId;
use crate::core::server::registry::AuthMode;
use crate::core::session::return_to::ReturnTo;
use crate::i18n::desktop as words;
use crate::state::shell::Desktop;
use crate::state::shell::sidecar::Local;
use crate::state::task::spawn;

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
            let (production, (), held) = join3(desktop.is_production(), vault, asked).await;
            self.bring_local(desktop, production);
            for (id, held) in &held {
                match self.server_by_id(id) {
                    Some(server) => desktop.settle(shared, server.session(), held),
                    None => desktop.settle_removed(shared, id, held),
                }
            }
            desktop.set_settled();
            self.take_up(desktop);
        }
        .boxed_local()
    }

    /// The server on this computer is on the list of every window that the shell itself has brought, and of no other.
    fn bring_local(&self, desktop: &Desktop, production: Result<bool, Failure>) {
        let Ok(id) = ServerId::local() else { return };
        match production {
            Ok(true) => {
                if self.server_by_id(&id).is_none() {
                    let name = words::THIS_COMPUTER.to_owned();
                    self.add_server(&id, AuthMode::None, (Some(name), None));
                }
                let app = self.clone();
                desktop.run_local(move || app.local_runs(&id));
            }
            Ok(false) => {
                desktop.set_local(Local::Absent);
                self.0
                    .servers
                    .update(|servers| servers.retain(|server| !server.id().is_local()));
            }
            Err(failure) => desktop.set_local(Local::Stopped(Some(failure))),
        }
    }

    /// It answers, perhaps for the first time: how one signs in there is asked, and what was missing is loaded.
    fn local_runs(&self, id: &ServerId) {
        let Some(server) = self.server_by_id(id) else {
            return;
        };
        let app = self.clone();
        spawn(async move {
            server.reconcile().await;
            app.save_servers();
            server.look_again();
        });
    }

    /// A window that opens anew goes on where the last one was, if one can be there.
    pub(super) fn last_place(&self) -> Option<Route> {
        let shared = &self.0.shared;
        shared.desktop()?;
        if !matches!(shared.here(), Some(Route::Home { url: None, .. })) {
            return None;
        }
        let is_in = self.0.servers.with_untracked(|servers| {
            let is_in = |server: &crate::state::server::Server| {
                server.session().is_active_untracked() || server.session().is_open()
            };
            servers.iter().any(is_in)
        });
        let kept = shared.get(&keys::last_place());
        let place = kept.and_then(|text| ReturnTo::parse(&text).ok());
        match place {
            Some(place) => Some(place.route().clone()),
            None if is_in => Some(Route::Lobby),
            None => None,
        }
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
