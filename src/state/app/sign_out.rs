//! Signing out of a server, and forgetting it.

use futures_util::future::LocalBoxFuture;
use reactive_graph::traits::{Set, Update, WithUntracked};

use super::App;
use crate::core::composer::draft::{DraftKey, UserKey};
use crate::core::record::keys;
use crate::core::route::Route;
use crate::core::server::alias::Retired;
use crate::i18n;
use crate::state::connect::trust;
use crate::state::server::Server;
use crate::state::task::spawn;
use crate::state::toast::Tone;

impl App {
    /// Signs out of a server: here at once, then at the provider as far as it can be reached.
    pub fn sign_out(&self, server: &Server) {
        self.step_aside(server);
        let user = server.session().user();
        let ended = server.session().sign_out();
        if user == UserKey::server_bucket() {
            // Nothing tells whose drafts these are: the next person must not find them.
            self.forget_drafts(server, Some(&user));
        }
        let Some((provider, tokens)) = ended else {
            return;
        };
        server.attend();
        if let Some(keeper) = server.keeper() {
            return self.end_there(server, keeper.end(server, tokens));
        }
        // The session knows its own sign-in; without one it has to be noted.
        trust::trust(&self.0.shared, server.id(), &provider);
        let (app, server) = (self.clone(), server.clone());
        server.busy().set(true);
        spawn(async move {
            let session = server.session();
            let discovery = session.discover(&provider).await;
            let name = session.server_name();
            let mut told = false;
            if let Ok(discovery) = &discovery {
                told = session.revoke(&provider, discovery, &tokens).await;
            }
            server.busy().set(false);
            if !told {
                app.toasts()
                    .tell(Tone::Caution, i18n::provider_not_told(&name));
                return;
            }
            let (origin, folder) = app.0.shared.ports.navigator.base();
            let end = discovery.ok().and_then(|discovery| {
                crate::api::oidc::end_session_url(
                    &discovery,
                    &provider,
                    &format!("{origin}{folder}"),
                    tokens.id_token.as_ref(),
                )
            });
            match end {
                // It would come back to an address that no browser knows.
                Some(_) if app.desktop().is_some() => app
                    .toasts()
                    .tell(Tone::Success, i18n::desktop::signed_out(&name)),
                // Leaving the page would cut what other servers are just answering.
                Some(_) if app.is_any_running() => app
                    .toasts()
                    .tell(Tone::Info, i18n::provider_session_left(&name)),
                Some(url) => app.leave(&url),
                None => app.toasts().tell(Tone::Success, i18n::signed_out(&name)),
            }
        });
    }

    /// Has a server that keeps the session itself end it too.
    fn end_there(&self, server: &Server, end: LocalBoxFuture<'static, bool>) {
        let (toasts, server) = (self.toasts(), server.clone());
        server.busy().set(true);
        spawn(async move {
            let was_heard = end.await;
            server.busy().set(false);
            let name = server.session().server_name();
            if was_heard {
                toasts.tell(Tone::Success, i18n::signed_out(&name));
            } else {
                toasts.tell(Tone::Caution, i18n::server_not_told(&name));
            }
        });
    }

    /// Forgets a server and everything that was kept for it.
    pub fn remove(&self, server: &Server) {
        self.step_aside(server);
        server.close();
        let ended = server.session().sign_out();
        self.0
            .servers
            .update(|servers| servers.retain(|other| other != server));
        self.save_servers();
        let shared = &self.0.shared;
        let mut retired = self.retired();
        retired.add(server.alias(), server.id());
        shared.save(&keys::retired(), Retired::VERSION, &retired);
        // In a shell it says what the keychain is to forget, until that is done.
        if shared.desktop().is_none() {
            shared.remove(&keys::session(server.id()));
        }
        shared.remove(&keys::trips(server.id()));
        shared.remove(&keys::lease(server.id()));
        self.forget_drafts(server, None);
        shared.remove(&keys::pause(server.id()));
        shared.remove(&keys::names(server.id()));
        shared.remove(&keys::listener(server.id()));
        shared.remove(&keys::trusted(server.id()));
        for prefix in [
            keys::read_prefix(server.id()),
            keys::undone_prefix(server.id()),
        ] {
            for key in shared.keys(&prefix) {
                shared.remove(&key);
            }
        }
        // A core goes on being used by whoever else has its token: it is only forgotten here.
        if let Some((provider, tokens)) = ended
            && !server.session().is_kept_there()
        {
            let server = server.clone();
            spawn(async move {
                if let Ok(discovery) = server.session().discover(&provider).await {
                    // Best effort: the server is gone from here either way.
                    let _ = server
                        .session()
                        .revoke(&provider, &discovery, &tokens)
                        .await;
                }
            });
        }
    }

    /// Forgets the drafts for a server: one person's, or everybody's.
    fn forget_drafts(&self, server: &Server, user: Option<&UserKey>) {
        let shared = &self.0.shared;
        for key in shared.keys(&keys::draft_prefix(server.id())) {
            let draft = DraftKey::from_storage_key(&key);
            if user.is_none_or(|user| draft.is_some_and(|draft| draft.user == *user)) {
                shared.remove(&key);
            }
        }
    }

    /// Leaves the pages of a server that is about to go, so that the guard does not ask for sign-in.
    fn step_aside(&self, server: &Server) {
        let here = self.0.shared.here();
        if here.as_ref().and_then(Route::alias) == Some(&server.alias()) {
            let other = self.0.servers.with_untracked(|servers| {
                servers.iter().any(|other| {
                    other != server
                        && (other.session().is_open() || other.session().is_active_untracked())
                })
            });
            self.replace(&if other { Route::Lobby } else { Route::home() });
        }
    }

    pub(super) fn is_any_running(&self) -> bool {
        self.0
            .servers
            .with_untracked(|servers| servers.iter().any(Server::is_running))
    }
}
