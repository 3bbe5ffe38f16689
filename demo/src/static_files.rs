//! A built app folder, served as it should be in production: strict headers, caching, pre-compressed files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use crate::app::config_json;
use crate::seen::Seen;
use crate::server::Suggested;

/// Shortest run of hexadecimal digits in a file name that is taken for a content hash.
const HASH_LENGTH: usize = 8;

/// Where browsers report what the policy forbids. What a stricter one would forbid is reported too.
const REPORTS: &str = "/csp-report";

#[derive(Debug)]
struct Site {
    folder: PathBuf,
    config: String,
    seen: Arc<Seen>,
}

/// Routes of the app port.
pub fn router(folder: PathBuf, servers: &[Suggested], seen: Arc<Seen>) -> Router {
    let site = Arc::new(Site {
        folder,
        config: config_json(servers).to_string(),
        seen,
    });
    Router::new()
        .route(REPORTS, post(report))
        .fallback(any(serve))
        .with_state(site)
}

async fn report(State(site): State<Arc<Site>>, body: Bytes) -> StatusCode {
    site.seen.report(&body);
    StatusCode::NO_CONTENT
}

async fn serve(State(site): State<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = if path == "/config.json" {
        (
            [(header::CONTENT_TYPE, "application/json")],
            site.config.clone(),
        )
            .into_response()
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
            "Method Not Allowed",
        )
            .into_response()
    } else if is_page(&path) && path != "/" {
        page(&site, request).await
    } else {
        file(&site, request).await
    };
    let policy = policy(&site.folder);
    let is_html = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"));
    let is_lasting = response.status().is_success() && !is_html && is_hashed(&path);
    let caching = if is_lasting {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

const FIXED: [(&str, &str); 7] = [
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
    (
        "content-security-policy-report-only",
        "require-trusted-types-for 'script'; report-uri /csp-report",
    ),
];

/// Whether a path is a route of the app: no file extension, and not of the server's own namespaces.
fn is_page(path: &str) -> bool {
    let is_reserved = ["/api", "/messages"].iter().any(|name| {
        path.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let last = path.rsplit('/').next().unwrap_or_default();
    !is_reserved && !last.contains('.')
}

/// `app-0f3a91c2d4e5b6a7.js`, `app-0f3a…_bg.wasm`, `style.0f3a91c2.css`
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split(['-', '_', '.']).any(|part| {
        part.len() >= HASH_LENGTH
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}

async fn file(site: &Site, request: Request) -> Response {
    let files = ServeDir::new(&site.folder)
        .precompressed_br()
        .precompressed_gzip();
    match files.oneshot(request).await {
        Ok(response) => response.map(Body::new).into_response(),
        Err(never) => match never {},
    }
}

/// index.html for a route of the app; the address bar keeps the route.
async fn page(site: &Site, mut request: Request) -> Response {
    *request.uri_mut() = Uri::from_static("/index.html");
    file(site, request).await
}

fn policy(folder: &Path) -> String {
    // Read each time: a rebuild while the server runs changes the inline script and its hash.
    let html = std::fs::read_to_string(folder.join("index.html")).unwrap_or_default();
    let hashes: String = inline_scripts(&html)
        .iter()
        .map(|script| {
            format!(
                " 'sha256-{}'",
                STANDARD.encode(Sha256::digest(script.as_bytes()))
            )
        })
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self' https: http://127.0.0.1:* http://localhost:*; worker-src 'self'; \
         manifest-src 'self'; form-action 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; \
         object-src 'none'; report-uri {REPORTS}"
    )
}

/// The texts of the script elements without `src`, byte for byte as the browser hashes them.
fn inline_scripts(html: &str) -> Vec<&str> {
    let lower = html.to_ascii_lowercase();
    let mut scripts = Vec::new();
    let mut position = 0;
    while let Some(start) = lower
        .get(position..)
        .and_then(|rest| rest.find("<script"))
        .map(|found| position + found)
    {
        let Some(open) = lower[start..].find('>').map(|found| start + found + 1) else {
            break;
        };
        let Some(end) = lower[open..].find("</script").map(|found| open + found) else {
            break;
        };
        let tag = &lower[start..open];
        let has_source = tag
            .split(|letter: char| letter.is_whitespace())
            .any(|part| part.starts_with("src="));
        if !has_source && end > open {
            scripts.push(&html[open..end]);
        }
        position = end;
    }
    scripts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inline_script_is_found_and_no_other() {
        let html = "<head><SCRIPT type=\"module\">let a = 1;\n</SCRIPT><script src='/x.js'></script><script>b</script>";
        assert_eq!(inline_scripts(html), ["let a = 1;\n", "b"]);
        assert!(inline_scripts("<script").is_empty());
    }

    #[test]
    fn only_routes_of_the_app_fall_back_to_the_page() {
        for path in [
            "/room/harbor/echo",
            "/auth/callback/f1",
            "/apiary",
            "/settings/",
        ] {
            assert!(is_page(path), "{path}");
        }
        for path in [
            "/app.js",
            "/api",
            "/api/login",
            "/messages/status.json",
            "/messages/x",
            "/x/y.wasm",
        ] {
            assert!(!is_page(path), "{path}");
        }
    }

    #[test]
    fn hashed_names_last() {
        for path in [
            "/enfilade-0f3a91c2d4e5b6a7.js",
            "/a/enfilade-0f3a91c2d4e5b6a7_bg.wasm",
            "/main.0f3a91c2.css",
        ] {
            assert!(is_hashed(path), "{path}");
        }
        for path in [
            "/index.html",
            "/boot.js",
            "/manifest.json",
            "/facade-effaced.js",
            "/icon-512.png",
        ] {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
