//! Signing in through the person's own browser, and links of the app that are opened there.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reactive_graph::traits::{GetUntracked, Set};

use super::{App, CallbackState};
use crate::api::oidc;
use crate::core::record::keys;
use crate::core::route::query_value;
use crate::core::session::pkce::{self, Proof};
use crate::core::session::pre_auth::{Callback, CallbackAnswer, FlowId, PreAuth, PreAuthError};
use crate::core::session::token::read_token_answer;
use crate::i18n;
use crate::state::connect::Step;
use crate::state::session::provider;
use crate::state::shell::Desktop;
use crate::state::shell::browser::{Outside, Redeem};
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

/// What links of the app begin with.
const SCHEME: &str = "enfilade://";
/// What comes back from a sign-in by link.
const CALLBACK: &str = "auth/callback/";

impl App {
    /// The sign-in that happens in the person's browser, and what can be done about it.
    #[must_use]
    pub fn desktop(&self) -> Option<&Desktop> {
        self.0.shared.desktop()
    }

    /// Opens the sign-in page in the person's browser and waits for it to come back. What was kept for the flow makes it live.
    pub(super) fn sign_in_outside(&self, desktop: &Desktop, pre_auth: PreAuth) {
        self.end_outside();
        let shared = &self.0.shared;
        shared.set(&keys::pre_auth(&pre_auth.flow), &pre_auth.encode());
        let name = match self.server_by_id(&pre_auth.server) {
            Some(server) => server.session().server_name(),
            None => pre_auth.name.clone().unwrap_or_else(|| {
                let host = pre_auth.server.host_and_port();
                host.to_owned()
            }),
        };
        desktop.set_outside(Outside {
            flow: pre_auth.flow.clone(),
            name,
            url: None,
            not_opened: false,
        });
        self.0.connect.step().set(Step::Outside);
        let (app, desktop) = (self.clone(), desktop.clone());
        spawn(async move { app.go_outside(&desktop, pre_auth).await });
    }

    async fn go_outside(&self, desktop: &Desktop, pre_auth: PreAuth) {
        let flow = pre_auth.flow.clone();
        let listener = desktop.listen(&flow).await;
        let (back, listens) = match listener {
            Ok(address) => (address, true),
            // The link of the app leads back too, where the system knows it.
            Err(_) => (format!("{SCHEME}{CALLBACK}{flow}"), false),
        };
        let by_code = if listens {
            self.code_url(desktop, &pre_auth, &back).await
        } else {
            None
        };
        let url = by_code.unwrap_or_else(|| pre_auth.login_url_to(&back));
        let url = desktop.resolve(&url).await.ok();
        if !desktop.waits_for(&flow) {
            return;
        }
        let not_opened = url.is_none();
        if let Some(outside) = desktop.outside().get_untracked() {
            desktop.set_outside(Outside {
                url,
                not_opened,
                ..outside
            });
        }
        desktop.open_outside();
        if listens {
            self.wait_outside(desktop, &flow).await;
        }
    }

    async fn wait_outside(&self, desktop: &Desktop, flow: &FlowId) {
        match desktop.came_back(flow).await {
            Ok(Some((query, fragment))) => self.came_back(flow, &query, &fragment),
            Ok(None) if desktop.waits_for(flow) => {
                self.end_outside();
                let (title, text) = i18n::sign_in_not_live(true);
                self.0.connect.fail((title, text), false);
            }
            // A link may still come; else it is given up by hand.
            Ok(None) | Err(_) => {}
        }
    }

    /// The address of a sign-in by code, where an address of this machine is registered for that.
    fn code_url<'a>(
        &'a self,
        desktop: &'a Desktop,
        pre_auth: &'a PreAuth,
        back: &'a str,
    ) -> LocalBoxFuture<'a, Option<String>> {
        async move {
            let provider = &pre_auth.provider;
            self.fetch_config().await;
            if !desktop.is_registered(provider) {
                return None;
            }
            let document = provider::discovery_document(&self.0.shared, provider).await;
            let body = document.ok().filter(|answer| answer.status == 200)?.body;
            let discovery = oidc::read_discovery(provider, &body).ok()?;
            let authorization = oidc::read_authorization(provider, &body)?;
            let random = || self.0.shared.ports.random.bytes();
            let proof = Proof::from_random([random(), random()], random());
            let url = oidc::authorize_url(
                &authorization.endpoint,
                provider,
                back,
                &proof,
                pre_auth.forced_prompt,
            );
            desktop.set_redeem(Redeem {
                proof,
                redirect: back.to_owned(),
                token_endpoint: discovery.token_endpoint,
                names_issuer: authorization.names_issuer,
            });
            Some(url)
        }
        .boxed_local()
    }

    /// Nobody waits for the browser any more, and what still comes from it is refused.
    pub(in crate::state) fn end_outside(&self) {
        let flow = self.0.shared.desktop().and_then(Desktop::end_outside);
        if let Some(flow) = flow {
            self.0.shared.remove(&keys::pre_auth(&flow));
        }
    }

    /// The browser is back. Without a live sign-in of that name nothing happens at all.
    fn came_back(&self, flow: &FlowId, query: &str, fragment: &str) {
        let shared = &self.0.shared;
        let text = shared.get(&keys::pre_auth(flow));
        let live = match PreAuth::check(text.as_deref(), flow, shared.now()) {
            Ok(live) => Some(live),
            Err(PreAuthError::Expired) => None,
            Err(error) => {
                log::warn!("what came back from a browser is ignored: {error}");
                return;
            }
        };
        let redeem = shared.desktop().and_then(|desktop| {
            let is_current = desktop.waits_for(flow);
            is_current.then(|| desktop.take_redeem()).flatten()
        });
        let answer = Callback::from_location(query, fragment);
        let is_error = matches!(answer, Some(CallbackAnswer::Error { .. }));
        match (redeem, live) {
            (Some(redeem), Some(live)) if !is_error => {
                let (app, query) = (self.clone(), query.to_owned());
                spawn(async move { app.redeem(live, redeem, &query).await });
            }
            _ => self.conclude(flow, answer),
        }
    }

    /// Gets the tokens for a code.
    async fn redeem(&self, live: PreAuth, redeem: Redeem, query: &str) {
        let provider = &live.provider;
        let code = pkce::read_code(
            query,
            &redeem.proof,
            &provider.server_url,
            redeem.names_issuer,
        );
        let code = match code {
            Ok(code) => code,
            Err(error) => {
                log::warn!("a code is not redeemed: {error}");
                return self.give_up(i18n::desktop::code_refused());
            }
        };
        let form = oidc::code_form(provider, &code, &redeem.proof.verifier, &redeem.redirect);
        let answer = provider::ask_for_tokens(&self.0.shared, &redeem.token_endpoint, form).await;
        let tokens = answer
            .ok()
            .and_then(|answer| read_token_answer(answer.status, &answer.body, None).ok());
        let Some(tokens) = tokens else {
            let name = live.name.as_deref();
            let name = name.unwrap_or_else(|| live.server.host_and_port());
            return self.give_up(i18n::desktop::code_not_redeemed(name));
        };
        let answer = CallbackAnswer::Tokens {
            access: tokens.access,
            refresh: tokens.refresh,
            expires_in: Some(tokens.lifetime / 1000),
            id_token: tokens.id_token,
        };
        self.conclude(&live.flow, Some(answer));
    }

    fn give_up(&self, why: (String, String)) {
        self.end_outside();
        self.0.connect.fail(why, false);
    }

    /// Finishes a sign-in as the callback page does; what is wrong is told where the person is.
    fn conclude(&self, flow: &FlowId, answer: Option<CallbackAnswer>) {
        *lock(&self.0.answer) = answer;
        self.finish(flow.as_str());
        self.end_outside();
        // One flow, one try, also without an answer.
        self.0.shared.remove(&keys::pre_auth(flow));
        match self.0.callback.get_untracked() {
            CallbackState::Failed { title, text, .. } => {
                self.0.callback.set(CallbackState::Working);
                self.0.connect.fail((title, text), false);
            }
            _ => self.0.connect.step().set(Step::Address),
        }
    }

    /// Listens to the shell: links of the app, presses on links out of it, and sign-ins that were under way when the page was loaded
    /// anew.
    pub(super) fn hear_shell(&self, desktop: &Desktop) {
        let app = self.clone();
        desktop
            .shell()
            .hear_links(Box::new(move |link| app.open_link(&link)));
        let (app, outward) = (self.clone(), desktop.clone());
        desktop.shell().hear_outward(Box::new(move |url| {
            let (app, desktop) = (app.clone(), outward.clone());
            spawn(async move {
                if !desktop.open(&url).await {
                    let toasts = app.toasts();
                    toasts.tell(Tone::Danger, i18n::desktop::LINK_NOT_OPENED);
                }
            });
        }));
    }

    /// What was under way when the page was loaded: the link that the app was opened with, and sign-ins.
    pub(super) fn take_up(&self, desktop: &Desktop) {
        let shared = &self.0.shared;
        for key in shared.keys(keys::PRE_AUTH_PREFIX) {
            let flow = key.strip_prefix(keys::PRE_AUTH_PREFIX);
            if let Some(flow) = flow.and_then(FlowId::parse) {
                let (app, desktop) = (self.clone(), desktop.clone());
                spawn(async move { app.wait_outside(&desktop, &flow).await });
            }
        }
        let (app, desktop) = (self.clone(), desktop.clone());
        spawn(async move {
            if let Some(link) = desktop.take_link().await {
                app.open_link(&link);
            }
        });
    }

    /// A link of the app was opened elsewhere. Only what somebody here waits for has any effect.
    pub(in crate::state) fn open_link(&self, link: &str) {
        let Some(rest) = link.strip_prefix(SCHEME) else {
            return;
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        if let Some(flow) = path.strip_prefix(CALLBACK).and_then(FlowId::parse) {
            self.came_back(&flow, query, fragment);
        } else if path == "auth"
            && let Some(token) = query_value(query, "token")
            && let Some(desktop) = self.0.shared.desktop()
            && desktop.offer_token(token)
        {
            log::info!("a link has brought a token that was waited for");
        } else {
            log::warn!("a link of the app is ignored: nobody waits for it");
        }
    }
}
