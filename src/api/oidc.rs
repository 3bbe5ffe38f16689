//! OpenID Connect as far as a browser takes part in it: discovery and refresh.

use serde_json::Value;

use crate::core::secret::Secret;
use crate::core::server::registry::Provider;
use crate::core::session::pkce::Proof;

/// Where a provider is asked for what (OpenID Connect Discovery section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Token endpoint.
    pub token_endpoint: String,
    /// Where a sign-out is told (RP-Initiated Logout section 2.1).
    pub end_session_endpoint: Option<String>,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_endpoint: Option<String>,
}

/// Why a discovery document is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// Not a discovery document.
    #[error("this is not a discovery document")]
    Malformed,
    /// It speaks for another issuer than the one configured.
    #[error("it names another issuer")]
    WrongIssuer,
    /// It sends tokens to another origin.
    #[error("it names a token endpoint on another origin")]
    ForeignEndpoint,
}

/// Address of the discovery document.
#[must_use]
pub fn discovery_url(provider: &Provider) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        provider.server_url.trim_end_matches('/')
    )
}

/// Reads a discovery document and holds it to its issuer and its origin (`decisions.md` section 2).
///
/// # Errors
/// [`DiscoveryError`]
pub fn read_discovery(provider: &Provider, body: &str) -> Result<Discovery, DiscoveryError> {
    let value: Value = serde_json::from_str(body).map_err(|_| DiscoveryError::Malformed)?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let issuer = text("issuer").ok_or(DiscoveryError::Malformed)?;
    if issuer.trim_end_matches('/') != provider.server_url.trim_end_matches('/') {
        return Err(DiscoveryError::WrongIssuer);
    }
    let home = origin(&provider.server_url).ok_or(DiscoveryError::Malformed)?;
    let token_endpoint = text("token_endpoint").ok_or(DiscoveryError::Malformed)?;
    if origin(token_endpoint) != Some(home) {
        return Err(DiscoveryError::ForeignEndpoint);
    }
    // The others are a courtesy: one that is elsewhere is left out rather than fatal.
    let own = |name: &str| {
        text(name)
            .filter(|url| origin(url) == Some(home))
            .map(str::to_owned)
    };
    Ok(Discovery {
        token_endpoint: token_endpoint.to_owned(),
        end_session_endpoint: own("end_session_endpoint"),
        revocation_endpoint: own("revocation_endpoint"),
    })
}

/// Scheme, host and port of an absolute http(s) address without user info.
fn origin(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let start = url.len() - rest.len();
    let end = rest
        .find(['/', '?', '#', '\\'])
        .map_or(url.len(), |at| start + at);
    let authority = &url[start..end];
    (!authority.is_empty() && !authority.contains('@')).then(|| &url[..end])
}

/// Form of a refresh (RFC 6749 section 6) by a public client.
#[must_use]
pub fn refresh_form(provider: &Provider, refresh: &Secret<String>) -> String {
    format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}",
        super::segment(refresh.expose()),
        super::segment(&provider.client_id)
    )
}

/// Form of a revocation (RFC 7009 section 2.1).
#[must_use]
pub fn revoke_form(provider: &Provider, refresh: &Secret<String>) -> String {
    format!(
        "token_type_hint=refresh_token&token={}&client_id={}",
        super::segment(refresh.expose()),
        super::segment(&provider.client_id)
    )
}

/// Address that ends the provider's own session (RP-Initiated Logout section 2). The id token hint is
/// what the standard asks for; it is of no use to call the server with. `app` is where the app is served.
#[must_use]
pub fn end_session_url(
    discovery: &Discovery,
    provider: &Provider,
    app: &str,
    id_token: Option<&Secret<String>>,
) -> Option<String> {
    let endpoint = discovery.end_session_endpoint.as_deref()?;
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    let mut url = format!(
        "{endpoint}{joint}post_logout_redirect_uri={}&client_id={}",
        super::segment(app),
        super::segment(&provider.client_id)
    );
    if let Some(hint) = id_token {
        url.push_str("&id_token_hint=");
        url.push_str(&super::segment(hint.expose()));
    }
    Some(url)
}

/// Where a sign-in by code begins (RFC 6749 section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The page.
    pub endpoint: String,
    /// The provider names itself in every answer (RFC 9207 section 3).
    pub names_issuer: bool,
}

/// Reads where a sign-in by code begins; `None` where the page is on another origin. The document has to be held to its issuer first.
#[must_use]
pub fn read_authorization(provider: &Provider, body: &str) -> Option<Authorization> {
    let value: Value = serde_json::from_str(body).ok()?;
    let endpoint = value.get("authorization_endpoint")?.as_str()?;
    if origin(endpoint)? != origin(&provider.server_url)? {
        return None;
    }
    let says = value.get("authorization_response_iss_parameter_supported");
    Some(Authorization {
        endpoint: endpoint.to_owned(),
        names_issuer: says.and_then(Value::as_bool).unwrap_or_default(),
    })
}

/// Address that begins a sign-in by code with its proof (RFC 7636 section 4.3), coming back to `redirect`.
#[must_use]
pub fn authorize_url(
    endpoint: &str,
    provider: &Provider,
    redirect: &str,
    proof: &Proof,
    asks_password: bool,
) -> String {
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    let prompt = if asks_password { "&prompt=login" } else { "" };
    format!(
        "{endpoint}{joint}response_type=code&client_id={}&redirect_uri={}&scope={}&state={}&code_challenge={}&code_challenge_method=S256{prompt}",
        super::segment(&provider.client_id),
        super::segment(redirect),
        super::segment(provider.scope.as_deref().unwrap_or("openid")),
        super::segment(&proof.state),
        proof.challenge(),
    )
}

/// Form that redeems a code (RFC 6749 section 4.1.3, RFC 7636 section 4.5) by a public client.
#[must_use]
pub fn code_form(
    provider: &Provider,
    code: &Secret<String>,
    verifier: &Secret<String>,
    redirect: &str,
) -> String {
    format!(
        "grant_type=authorization_code&code={}&code_verifier={}&client_id={}&redirect_uri={}",
        super::segment(code.expose()),
        super::segment(verifier.expose()),
        super::segment(&provider.client_id),
        super::segment(redirect)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn provider() -> Provider {
        Provider {
            id: "p".into(),
            title: "P".into(),
            server_url: "https://id.example/realms/lab".into(),
            client_id: "lab web".into(),
            scope: None,
        }
    }

    fn document(issuer: &str, token: &str) -> String {
        serde_json::json!({ "issuer": issuer, "token_endpoint": token, "end_session_endpoint": "https://evil.example/out" }).to_string()
    }

    #[test]
    fn a_document_of_another_issuer_is_refused() {
        let provider = provider();
        let good = read_discovery(
            &provider,
            &document("https://id.example/realms/lab/", "https://id.example/token"),
        )
        .unwrap();
        assert_eq!(good.token_endpoint, "https://id.example/token");
        assert_eq!(good.end_session_endpoint, None, "on another origin");
        assert_eq!(
            read_discovery(
                &provider,
                &document(
                    "https://id.example/realms/other",
                    "https://id.example/token"
                )
            ),
            Err(DiscoveryError::WrongIssuer)
        );
    }

    #[test]
    fn a_token_endpoint_elsewhere_is_refused() {
        for endpoint in [
            "https://evil.example/token",
            "http://id.example/token",
            "https://id.example@evil.example/token",
            "https://id.example:444/token",
            "https://id.example.evil.example/token",
            "https:/id.example/token",
            "/token",
            "",
        ] {
            assert_eq!(
                read_discovery(
                    &provider(),
                    &document("https://id.example/realms/lab", endpoint)
                ),
                Err(DiscoveryError::ForeignEndpoint),
                "{endpoint}"
            );
        }
        for body in ["", "[]", "<html>", r#"{"issuer":1}"#] {
            assert_eq!(
                read_discovery(&provider(), body),
                Err(DiscoveryError::Malformed),
                "{body}"
            );
        }
    }

    #[test]
    fn endpoints_of_the_own_origin_are_taken_and_missing_ones_are_none() {
        let home = "https://id.example";
        let mut document = serde_json::json!({ "issuer": "https://id.example/realms/lab", "token_endpoint": format!("{home}/token"),
            "end_session_endpoint": format!("{home}/out"), "revocation_endpoint": format!("{home}/revoke") });
        let read = |document: &Value| read_discovery(&provider(), &document.to_string());
        let good = read(&document).unwrap();
        assert_eq!(good.token_endpoint, "https://id.example/token");
        assert_eq!(
            good.end_session_endpoint.as_deref(),
            Some("https://id.example/out")
        );
        assert_eq!(
            good.revocation_endpoint.as_deref(),
            Some("https://id.example/revoke")
        );
        document["end_session_endpoint"] = Value::Null;
        document["revocation_endpoint"] = "https://evil.example/revoke".into();
        let good = read(&document).unwrap();
        assert_eq!(
            (good.end_session_endpoint, good.revocation_endpoint),
            (None, None)
        );
        document["token_endpoint"] = Value::Null;
        assert_eq!(read(&document), Err(DiscoveryError::Malformed));
    }

    #[test]
    fn the_address_of_a_sign_out_keeps_the_query_of_its_endpoint() {
        let mut discovery = Discovery {
            token_endpoint: "https://id.example/token".into(),
            end_session_endpoint: Some("https://id.example/out?tenant=lab".into()),
            revocation_endpoint: None,
        };
        let url = |discovery: &Discovery, hint: Option<&Secret<String>>| {
            end_session_url(discovery, &provider(), "https://app.example", hint)
        };
        let bare = "https://id.example/out?tenant=lab&post_logout_redirect_uri=https%3A%2F%2Fapp.example&client_id=lab%20web";
        assert_eq!(url(&discovery, None).as_deref(), Some(bare));
        let hint = Secret::new("i+d".to_owned());
        assert_eq!(
            url(&discovery, Some(&hint)),
            Some(format!("{bare}&id_token_hint=i%2Bd"))
        );
        discovery.end_session_endpoint = None;
        assert_eq!(url(&discovery, Some(&hint)), None);
    }

    #[test]
    fn a_sign_in_by_code_begins_at_the_providers_own_origin_and_carries_its_proof() {
        let document = |endpoint: &str| {
            serde_json::json!({ "authorization_endpoint": endpoint, "authorization_response_iss_parameter_supported": true }).to_string()
        };
        let read = |endpoint: &str| read_authorization(&provider(), &document(endpoint));
        let good = read("https://id.example/auth").unwrap();
        assert!(good.names_issuer);
        for endpoint in ["https://evil.example/auth", "http://id.example/auth", ""] {
            assert_eq!(read(endpoint), None, "{endpoint}");
        }
        let proof = Proof {
            verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into()),
            state: "s1".into(),
        };
        let back = "http://127.0.0.1:4242/0f";
        let url = authorize_url(&good.endpoint, &provider(), back, &proof, true);
        assert_eq!(
            url,
            "https://id.example/auth?response_type=code&client_id=lab%20web&redirect_uri=http%3A%2F%2F127.0.0.1%3A4242%2F0f&scope=openid&state=s1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=login"
        );
        let code = Secret::new("c&1".to_owned());
        assert_eq!(
            code_form(&provider(), &code, &proof.verifier, back),
            "grant_type=authorization_code&code=c%261&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=lab%20web&redirect_uri=http%3A%2F%2F127.0.0.1%3A4242%2F0f"
        );
    }

    #[test]
    fn a_form_keeps_odd_characters_apart() {
        let form = refresh_form(&provider(), &Secret::new("a+b&c=d".into()));
        assert_eq!(
            form,
            "grant_type=refresh_token&refresh_token=a%2Bb%26c%3Dd&client_id=lab%20web"
        );
    }
}
