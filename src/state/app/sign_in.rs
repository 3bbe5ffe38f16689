//! The way out to a provider and the way back.

use reactive_graph::traits::Set;

use super::{App, CallbackState};
use crate::core::record::keys;
use crate::core::route::Route;
use crate::core::secret::Secret;
use crate::core::server::id::ServerId;
use crate::core::server::registry::{AuthMode, Provider};
use crate::core::session::pre_auth::{CallbackAnswer, FlowId, PreAuth, PreAuthError};
use crate::core::session::return_to::ReturnTo;
use crate::core::session::token::{DEFAULT_AT_SIGN_IN, Tokens};
use crate::core::session::verdict::Trips;
use crate::i18n;
use crate::state::task::{lock, spawn};

/// Where the same sign-in is begun anew, with the same way back.
fn once_more(pre_auth: &PreAuth) -> Route {
    Route::Home {
        url: Some(pre_auth.server.as_str().to_owned()),
        return_to: pre_auth.return_to.clone(),
    }
}

impl App {
    /// Sends the browser to the provider; `false` where the sign-in could not be kept for the way back.
    pub(in crate::state) fn leave_for_sign_in(
        &self,
        server: &ServerId,
        identity: (Option<String>, Option<String>),
        provider: &Provider,
        return_to: Option<String>,
    ) -> bool {
        let shared = &self.0.shared;
        self.flush();
        let flow = FlowId::from_random(shared.ports.random.bytes());
        let pre_auth = PreAuth {
            flow: flow.clone(),
            server: server.clone(),
            alias: self.server_by_id(server).map(|server| server.alias()),
            provider: provider.clone(),
            created_at: shared.now(),
            return_to: return_to
                .and_then(|text| ReturnTo::parse(&text).ok())
                .map(|place| place.to_path()),
            name: identity.0,
            description: identity.1,
            // After an end for inactivity the provider must not let in whoever sits there now.
            forced_prompt: shared.get(&keys::prompt(server)).is_some(),
        };
        if let Some(desktop) = shared.desktop() {
            self.sign_in_outside(desktop, pre_auth);
            return true;
        }
        let key = keys::pre_auth(&flow);
        shared.set(&key, &pre_auth.encode());
        if shared.is_volatile(&key) {
            return false;
        }
        let (origin, base) = shared.ports.navigator.base();
        self.leave(&pre_auth.login_url(&origin, &base));
        true
    }

    /// Finishes a sign-in on the callback page.
    pub fn finish_sign_in(&self, flow: &str) {
        if self.0.shared.vault_was_asked() {
            self.finish(flow);
            return;
        }
        // Tokens are not to lie in storage in clear, not even for a moment.
        let (app, flow) = (self.clone(), flow.to_owned());
        spawn(async move {
            app.0.shared.open_vault().await;
            app.finish(&flow);
        });
    }

    pub(super) fn finish(&self, flow: &str) {
        let shared = &self.0.shared;
        let answer = lock(&self.0.answer).take();
        let fail = |(title, text): (String, String), retry| {
            self.0
                .callback
                .set(CallbackState::Failed { title, text, retry })
        };
        let mut late = None;
        let found = FlowId::parse(flow)
            .ok_or(PreAuthError::Missing)
            .and_then(|flow| {
                let key = keys::pre_auth(&flow);
                let text = shared.get(&key);
                let checked = PreAuth::check(text.as_deref(), &flow, shared.now());
                if checked == Err(PreAuthError::Expired) {
                    late = text.and_then(|text| PreAuth::decode(&text));
                }
                // One flow, one try: whatever comes later with the same address is not from this sign-in.
                if answer.is_some() || checked.is_err() {
                    shared.remove(&key);
                }
                checked
            });
        let pre_auth = match (found, &answer) {
            (Ok(pre_auth), _) => pre_auth,
            (Err(PreAuthError::Missing), None) => {
                // Back or reload after the work was done.
                self.0.callback.set(CallbackState::Done);
                self.replace(&Route::Lobby);
                return;
            }
            (Err(error), _) => {
                log::warn!("a sign-in is refused: {error}");
                fail(
                    i18n::sign_in_not_live(matches!(error, PreAuthError::Expired)),
                    late.as_ref().map(once_more),
                );
                return;
            }
        };
        let again = once_more(&pre_auth);
        match answer {
            None => fail(i18n::sign_in_without_answer(), Some(again)),
            Some(CallbackAnswer::Error { code, description }) => {
                log::warn!("the provider has refused a sign-in");
                fail(
                    i18n::sign_in_refused(&code, description.as_deref()),
                    Some(again),
                );
            }
            Some(CallbackAnswer::Tokens {
                access,
                refresh,
                expires_in,
                id_token,
            }) => {
                self.signed_in(pre_auth, access, refresh, id_token, expires_in);
            }
        }
    }

    fn signed_in(
        &self,
        pre_auth: PreAuth,
        access: Secret<String>,
        refresh: Option<Secret<String>>,
        id_token: Option<Secret<String>>,
        expires_in: Option<i64>,
    ) {
        let shared = &self.0.shared;
        let lifetime =
            expires_in.map_or(DEFAULT_AT_SIGN_IN, |seconds| seconds.saturating_mul(1000));
        let tokens = Tokens {
            access,
            refresh,
            id_token,
            expires_at: shared.now() + lifetime,
            lifetime,
            holder: None,
        };
        let server = self.server_by_id(&pre_auth.server).unwrap_or_else(|| {
            let auth = AuthMode::Oidc {
                providers: vec![pre_auth.provider.clone()],
            };
            self.add_server(
                &pre_auth.server,
                auth,
                (pre_auth.name.clone(), pre_auth.description.clone()),
            )
        });
        self.before_sign_in();
        server.session().sign_in(pre_auth.provider, tokens);
        shared.remove(&keys::prompt(server.id()));
        let key = keys::trips(server.id());
        let mut trips = shared.load::<Trips>(&key, 1).unwrap_or_default();
        trips.signed_in(shared.now());
        shared.save(&key, 1, &trips);
        self.0.callback.set(CallbackState::Done);
        self.arrive(&server, pre_auth.return_to.as_deref());
    }
}
