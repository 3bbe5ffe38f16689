//! Finding out which of several addresses is a server, and where it answers from in the end.

use super::Found;
use crate::api::{openhuman, soliplex};
use crate::core::error::ApiError;
use crate::core::server::id::ServerId;
use crate::core::server::registry::AuthMode;
use crate::i18n;
use crate::state::app::App;
use crate::state::client::{ApiClient, good_body};

/// Finds out which of these addresses is a server: the next is asked only where nothing answers.
pub(super) async fn probe(app: &App, candidates: &[ServerId]) -> Result<Found, (String, String)> {
    let (page, _) = app.shared().ports.navigator.base();
    let mut tried = Vec::new();
    let mut last = ApiError::Network;
    for id in candidates {
        tried.push(id.as_str().to_owned());
        let request = soliplex::login();
        let path = request.path.clone();
        let answer = ApiClient::plain(app.shared(), id, request, None, false).await;
        let end = answer
            .as_ref()
            .ok()
            .and_then(|answer| answer.redirected_to.as_deref());
        let id = match end {
            None => id.clone(),
            Some(end) => {
                landed(end, &path).ok_or_else(|| i18n::leads_elsewhere(id.as_str(), host(end)))?
            }
        };
        let auth = answer
            .map_err(ApiError::from)
            .and_then(good_body)
            .and_then(|body| soliplex::read_login(&body));
        match auth {
            Ok(auth) => {
                let identity = ApiClient::ask(app.shared(), &id, soliplex::identity())
                    .await
                    .ok();
                let fell_back = id.is_insecure() && tried.len() > 1;
                let found = found(id, auth, identity.as_deref());
                return Ok(Found { fell_back, ..found });
            }
            Err(error) if error.is_unreachable() => last = error,
            Err(error) => {
                if let Some(id) = core(app, &id).await {
                    let fell_back = id.is_insecure() && tried.len() > 1;
                    let found = found(id, AuthMode::Core, None);
                    return Ok(Found { fell_back, ..found });
                }
                last = error;
                break;
            }
        }
    }
    let mixed = page.starts_with("https://")
        && candidates
            .iter()
            .all(|id| id.is_insecure() && !id.is_loopback());
    Err(i18n::probe_failed(&last, &tried, mixed))
}

/// The server that keeps the session itself, if this is one: it names itself to everybody. Its address is often given with the
/// place of its calls.
async fn core(app: &App, id: &ServerId) -> Option<ServerId> {
    let id = ServerId::parse(openhuman::base(id.as_str())).ok()?;
    let answer = ApiClient::ask(app.shared(), &id, openhuman::root()).await;
    answer
        .is_ok_and(|body| openhuman::is_core(&body))
        .then_some(id)
}

fn found(id: ServerId, auth: AuthMode, identity: Option<&str>) -> Found {
    let identity = identity.map(soliplex::read_identity);
    let (name, description) = identity.clone().unwrap_or_default();
    let providers = match &auth {
        AuthMode::None | AuthMode::Core => Vec::new(),
        AuthMode::Oidc { providers } => providers.clone(),
    };
    Found {
        name: name.unwrap_or_else(|| id.host_and_port().to_owned()),
        id,
        description,
        providers,
        fell_back: false,
        auth,
        identity,
    }
}

/// The server whose `path` a request has ended at after redirects.
fn landed(end: &str, path: &str) -> Option<ServerId> {
    let end = end.split(['?', '#']).next().unwrap_or_default();
    ServerId::parse(end.strip_suffix(path)?).ok()
}

/// Host and port of an address, to show it: the rest may be long, or nobody else's business.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_to_the_same_path_names_the_server_it_ended_at() {
        for (end, id) in [
            ("https://h.example/api/login", Some("https://h.example")),
            (
                "https://h.example/base/api/login?x=1#y",
                Some("https://h.example/base"),
            ),
            (
                "http://h.example:8000/api/login",
                Some("http://h.example:8000"),
            ),
            ("https://h.example/sign-in", None),
            ("https://h.example/api/login/", None),
            ("https://h.example/sign-in?next=/api/login", None),
            ("about:blank/api/login", None),
        ] {
            let found = landed(end, "/api/login");
            assert_eq!(found.as_ref().map(ServerId::as_str), id, "{end}");
        }
    }

    #[test]
    fn only_the_host_of_an_address_is_shown() {
        assert_eq!(
            host("https://portal.example:8443/a?secret=1"),
            "portal.example:8443"
        );
        assert_eq!(host("https://me:pass@portal.example"), "portal.example");
    }
}
