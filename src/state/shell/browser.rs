//! The person's own browser: links that lead out of the app, and sign-ins that happen there (RFC 8252).

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set, Update, WithUntracked};
use serde_json::Value;

use super::Desktop;
use crate::api::shell::{self, Failure};
use crate::core::server::registry::Provider;
use crate::core::session::pkce::Proof;
use crate::core::session::pre_auth::FlowId;
use crate::port::{HttpResponse, TransportError};
use crate::state::task::{lock, spawn};

/// A sign-in that happens in the person's browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Which one.
    pub flow: FlowId,
    /// Name of the server.
    pub name: String,
    /// The sign-in page, once it is known.
    pub url: Option<String>,
    /// The browser could not be opened.
    pub not_opened: bool,
}

/// What a sign-in by code needs when it comes back.
#[derive(Debug, Clone)]
pub(in crate::state) struct Redeem {
    pub(in crate::state) proof: Proof,
    pub(in crate::state) redirect: String,
    pub(in crate::state) token_endpoint: String,
    pub(in crate::state) names_issuer: bool,
}

type TakeToken = Box<dyn Fn(String) -> bool + Send + Sync>;

#[derive(Default)]
pub(super) struct Browser {
    outside: ArcRwSignal<Option<Outside>>,
    redeem: Option<Redeem>,
    /// Issuer and client of each provider at which an address of this machine is registered to come back to.
    loopback: Vec<(String, String)>,
    take_token: Option<TakeToken>,
}

impl Desktop {
    /// The sign-in that happens in the person's browser now.
    #[must_use]
    pub fn outside(&self) -> ArcRwSignal<Option<Outside>> {
        lock(&self.0.browser).outside.clone()
    }

    pub(in crate::state) fn set_outside(&self, outside: Outside) {
        self.outside().set(Some(outside));
    }

    /// Whether this sign-in is the one that the window waits for.
    pub(in crate::state) fn waits_for(&self, flow: &FlowId) -> bool {
        let is_it = |outside: &Option<Outside>| outside.as_ref().is_some_and(|it| it.flow == *flow);
        self.outside().with_untracked(is_it)
    }

    /// Nobody waits for a sign-in any more; which one it was.
    pub(in crate::state) fn end_outside(&self) -> Option<FlowId> {
        let flow = self.outside().get_untracked()?.flow;
        lock(&self.0.browser).redeem = None;
        self.outside().set(None);
        let (this, call) = (self.clone(), shell::end_sign_in(flow.as_str()));
        spawn(async move {
            // The listener ends by itself after ten minutes.
            let _ = this.call(call, |_| Ok(())).await;
        });
        Some(flow)
    }

    pub(in crate::state) fn set_redeem(&self, redeem: Redeem) {
        lock(&self.0.browser).redeem = Some(redeem);
    }

    pub(in crate::state) fn take_redeem(&self) -> Option<Redeem> {
        lock(&self.0.browser).redeem.take()
    }

    /// Opens a place on this machine to come back to.
    pub(in crate::state) async fn listen(&self, flow: &FlowId) -> Result<String, Failure> {
        let flow = flow.to_string();
        let call = shell::begin_sign_in(&flow);
        let answer = self.call(call, Ok).await?;
        shell::read_begun(answer, &flow)
    }

    /// Waits for the browser to come back; `None` where nobody waits any more.
    pub(in crate::state) async fn came_back(
        &self,
        flow: &FlowId,
    ) -> Result<Option<(String, String)>, Failure> {
        let call = shell::wait_sign_in(flow.as_str());
        self.call(call, shell::read_came_back).await
    }

    /// Opens an address in the person's browser.
    pub(in crate::state) async fn open(&self, url: &str) -> bool {
        let call = shell::open_in_browser(url);
        self.call(call, shell::read_opened).await.is_ok()
    }

    /// Opens the sign-in page, once more too.
    pub fn open_outside(&self) {
        let Some(url) = self.outside().get_untracked().and_then(|it| it.url) else {
            return;
        };
        let this = self.clone();
        spawn(async move {
            let is_open = this.open(&url).await;
            this.outside().update(|outside| {
                if let Some(outside) = outside.as_mut().filter(|it| it.url.as_ref() == Some(&url)) {
                    outside.not_opened = !is_open;
                }
            });
        });
    }

    /// Learns from the configuration (`"loopback": [{"issuer": …, "client_id": …}]`) where a code flow may come back to this machine.
    pub(in crate::state) fn learn_loopback(&self, config: &Value) {
        let listed = config.get("loopback").and_then(Value::as_array);
        let text = |entry: &Value, name: &str| Some(entry.get(name)?.as_str()?.to_owned());
        let known = listed
            .into_iter()
            .flatten()
            .filter_map(|entry| Some((text(entry, "issuer")?, text(entry, "client_id")?)));
        lock(&self.0.browser).loopback = known.collect();
    }

    /// Whether an address of this machine is registered at the provider.
    pub(in crate::state) fn is_registered(&self, provider: &Provider) -> bool {
        let issuer = |text: &str| text.trim_end_matches('/').to_owned();
        lock(&self.0.browser)
            .loopback
            .iter()
            .any(|(known, client)| {
                issuer(known) == issuer(&provider.server_url) && *client == provider.client_id
            })
    }

    /// Somebody waits for a token that a link may bring; says whether it still does.
    pub(in crate::state) fn on_token(&self, take: impl Fn(String) -> bool + Send + Sync + 'static) {
        lock(&self.0.browser).take_token = Some(Box::new(take));
    }

    /// Hands over a token that a link has brought; `false` where nobody waits for one.
    pub(in crate::state) fn offer_token(&self, token: String) -> bool {
        let Some(take) = lock(&self.0.browser).take_token.take() else {
            return false;
        };
        let is_taken = take(token);
        // Whoever waits goes on waiting: the first link may have been of no use.
        let mut browser = lock(&self.0.browser);
        browser.take_token.get_or_insert(take);
        is_taken
    }

    /// Asks a token endpoint past the page, to which it need not answer; `None` where the shell has no such command.
    pub(in crate::state) fn request_token(
        &self,
        endpoint: &str,
        form: &str,
    ) -> LocalBoxFuture<'static, Option<Result<HttpResponse, TransportError>>> {
        let (this, call) = (self.clone(), shell::request_token(endpoint, form));
        async move {
            match this.call(call, shell::read_token).await {
                Ok((status, body, retry_after)) => Some(Ok(HttpResponse {
                    status,
                    retry_after,
                    body,
                    redirected_to: None,
                })),
                Err(Failure::Missing) => None,
                // It may have been sent: a token that is good for one time only is not sent again at once.
                Err(Failure::Silent) => Some(Err(TransportError::Timeout)),
                Err(_) => Some(Err(TransportError::Network)),
            }
        }
        .boxed_local()
    }
}
