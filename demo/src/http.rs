//! Small pieces of HTTP that several modules need: cookies, cross-origin headers, own address.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Whether a URL names this machine.
pub fn is_loopback(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// The origin the browser sees: a dev proxy replaces `Host` and keeps the original in `x-forwarded-host`.
pub fn own_origin(headers: &HeaderMap, port: u16) -> String {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let first = |list: &str| list.split(',').next().unwrap_or_default().trim().to_owned();
    let host = text("x-forwarded-host").or_else(|| text("host")).map(first);
    let scheme = text("x-forwarded-proto")
        .map(first)
        .filter(|scheme| scheme == "https");
    format!(
        "{}://{}",
        scheme.unwrap_or_else(|| "http".to_owned()),
        host.filter(|host| !host.is_empty())
            .unwrap_or_else(|| format!("127.0.0.1:{port}"))
    )
}

/// The answer to a preflight; `None` when the request is none.
pub fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let origin = headers.get(header::ORIGIN)?;
    if method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = (StatusCode::OK, "OK").into_response();
    let answer = response.headers_mut();
    allow_any_origin(answer, Some(origin.clone()));
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
    );
    answer.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    Some(response)
}

/// Echoes the origin, with credentials.
pub fn allow_any_origin(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn the_forwarded_host_wins_over_the_host_a_proxy_wrote() {
        let mut headers = HeaderMap::new();
        assert_eq!(own_origin(&headers, 8701), "http://127.0.0.1:8701");
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1"));
        assert_eq!(own_origin(&headers, 8701), "http://127.0.0.1");
        headers.insert(
            "x-forwarded-host",
            HeaderValue::from_static("localhost:8080"),
        );
        assert_eq!(own_origin(&headers, 8701), "http://localhost:8080");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, expected) in [
            ("http://127.0.0.1:1/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:5/x", true),
            ("http://localhost.example.org/x", false),
            ("http://10.0.0.1/x", false),
            ("ftp://127.0.0.1/x", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("a=1; session_8701=xyz; b=2"),
        );
        assert_eq!(cookie(&headers, "session_8701").as_deref(), Some("xyz"));
        assert_eq!(cookie(&headers, "session"), None);
    }
}
