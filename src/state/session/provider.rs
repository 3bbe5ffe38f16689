//! What a session asks of its provider: where, for tokens, and to forget them.

use reactive_graph::traits::ReadUntracked;

use super::{DISCOVERY_TTL, Refreshed, ServerSession};
use crate::api::oidc::{self, Discovery};
use crate::api::timeout;
use crate::core::server::registry::Provider;
use crate::core::session::machine::Stamp;
use crate::core::session::token::{RefreshFailure, TokenAnswer, Tokens, read_token_answer};
use crate::port::{HttpRequest, HttpResponse, Method, TransportError};
use crate::state::task::lock;

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
        let answer = self
            .post_form(
                &discovery.token_endpoint,
                oidc::refresh_form(provider, refresh),
            )
            .await;
        let answer = answer.map_err(|_| RefreshFailure::Transient { retry_after: None })?;
        read_token_answer(answer.status, &answer.body, answer.retry_after)
    }

    async fn post_form(&self, url: &str, body: String) -> Result<HttpResponse, TransportError> {
        let request = HttpRequest {
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
        };
        self.0.shared.ports.http.send(request).await
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
        let request = HttpRequest {
            method: Method::Get,
            url: oidc::discovery_url(provider),
            headers: vec![("accept", "application/json".into())],
            bearer: None,
            body: None,
            timeout: Some(timeout::DISCOVERY),
            refuse_redirects: true,
        };
        let answer = self.0.shared.ports.http.send(request).await;
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
        let answer = self
            .post_form(endpoint, oidc::revoke_form(provider, refresh))
            .await;
        answer.is_ok_and(|answer| answer.status < 400)
    }
}
