//! What a session asks of its provider: where, for tokens, and to forget them.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reactive_graph::traits::ReadUntracked;

use super::{DISCOVERY_TTL, Refreshed, ServerSession};
use crate::api::oidc::{self, Discovery};
use crate::api::timeout;
use crate::core::server::registry::Provider;
use crate::core::session::machine::Stamp;
use crate::core::session::token::{RefreshFailure, TokenAnswer, Tokens, read_token_answer};
use crate::port::{HttpRequest, HttpResponse, Method, TransportError};
use crate::state::shared::Shared;
use crate::state::task::lock;

type Answering = LocalBoxFuture<'static, Result<HttpResponse, TransportError>>;

fn post_form(shared: &Shared, url: &str, body: String) -> Answering {
    shared.ports.http.send(HttpRequest {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".into()),
            ("accept", "application/json".into()),
        ],
        bearer: None,
        body: Some(body),
        timeout: Some(timeout::TOKEN),
        refuse_redirects: true,
    })
}

/// Asks a token endpoint: through the shell where there is one, since many answer to no page but their own.
pub(in crate::state) fn ask_for_tokens(shared: &Shared, endpoint: &str, form: String) -> Answering {
    let Some(desktop) = shared.desktop() else {
        return post_form(shared, endpoint, form);
    };
    let asked = desktop.request_token(endpoint, &form);
    let (shared, endpoint) = (shared.clone(), endpoint.to_owned());
    async move {
        match asked.await {
            Some(answer) => answer,
            None => post_form(&shared, &endpoint, form).await,
        }
    }
    .boxed_local()
}

/// Asks a provider where it is asked for what.
pub(in crate::state) fn discovery_document(shared: &Shared, provider: &Provider) -> Answering {
    shared.ports.http.send(HttpRequest {
        method: Method::Get,
        url: oidc::discovery_url(provider),
        headers: vec![("accept", "application/json".into())],
        bearer: None,
        body: None,
        timeout: Some(timeout::DISCOVERY),
        refuse_redirects: true,
    })
}

impl ServerSession {
    /// Renews the token of that stamp, which the server has refused.
    pub(super) async fn renew(&self, stamp: Stamp) -> Refreshed {
        let refreshed = self.refresh(true).await;
        if refreshed == Refreshed::Fresh && self.0.session.read_untracked().stamp() == stamp {
            // That was the refresh of an earlier sign-in, which was still under way.
            return self.refresh(true).await;
        }
        refreshed
    }

    pub(super) async fn request_tokens(
        &self,
        provider: &Provider,
        tokens: &Tokens,
    ) -> Result<TokenAnswer, RefreshFailure> {
        let refresh = tokens
            .refresh
            .as_ref()
            .ok_or(RefreshFailure::NoRefreshToken)?;
        let discovery = self.discover(provider).await?;
        let form = oidc::refresh_form(provider, refresh);
        let answer = ask_for_tokens(&self.0.shared, &discovery.token_endpoint, form).await;
        let answer = answer.map_err(|_| RefreshFailure::Transient { retry_after: None })?;
        read_token_answer(answer.status, &answer.body, answer.retry_after)
    }

    /// Where the provider is asked for tokens; kept for an hour, and longer where it cannot be asked anew.
    ///
    /// # Errors
    /// [`RefreshFailure`]: transient without an answer, configuration where the document breaks a rule.
    pub async fn discover(&self, provider: &Provider) -> Result<Discovery, RefreshFailure> {
        let now = self.0.shared.now();
        let kept = lock(&self.0.discovery).get(&provider.server_url).cloned();
        if let Some((discovery, at)) = &kept
            && (0..DISCOVERY_TTL).contains(&(now - at))
        {
            return Ok(discovery.clone());
        }
        let answer = discovery_document(&self.0.shared, provider).await;
        let fallback = |failure| kept.map(|(discovery, _)| discovery).ok_or(failure);
        match answer {
            Ok(answer) if answer.status == 200 => {
                match oidc::read_discovery(provider, &answer.body) {
                    Ok(discovery) => {
                        lock(&self.0.discovery)
                            .insert(provider.server_url.clone(), (discovery.clone(), now));
                        Ok(discovery)
                    }
                    Err(oidc::DiscoveryError::Malformed) => fallback(RefreshFailure::Malformed),
                    Err(error) => Err(RefreshFailure::Configuration(error.to_string())),
                }
            }
            Ok(answer) => fallback(RefreshFailure::Transient {
                retry_after: answer.retry_after,
            }),
            Err(_) => fallback(RefreshFailure::Transient { retry_after: None }),
        }
    }

    /// Asks the provider to forget a refresh token (RFC 7009); `false` where it did not.
    pub async fn revoke(
        &self,
        provider: &Provider,
        discovery: &Discovery,
        tokens: &Tokens,
    ) -> bool {
        let (Some(endpoint), Some(refresh)) = (&discovery.revocation_endpoint, &tokens.refresh)
        else {
            return true;
        };
        let form = oidc::revoke_form(provider, refresh);
        let answer = post_form(&self.0.shared, endpoint, form).await;
        answer.is_ok_and(|answer| answer.status < 400)
    }
}
