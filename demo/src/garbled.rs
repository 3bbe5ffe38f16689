//! Bodies that are not what was asked for, as broken servers, proxies and hotel networks send them.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

/// What is wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Garbled {
    /// The connection breaks off in the middle of it.
    Cut,
    /// It is a web page.
    Html,
    /// It is empty.
    Empty,
    /// It is an empty JSON list.
    Array,
    /// It is JSON that breaks off in the middle, with a proper end.
    Half,
}

impl Garbled {
    /// An answer with such a body.
    pub fn answer(self, status: StatusCode) -> Response {
        match self {
            Self::Cut => (status, JSON, cut()).into_response(),
            Self::Html => (status, Html(PAGE)).into_response(),
            Self::Empty => (status, JSON, "").into_response(),
            Self::Array => (status, JSON, "[]").into_response(),
            Self::Half => (status, JSON, "{\"access_").into_response(),
        }
    }
}

/// What the sign-in page of a network gives in place of any answer: 200 and a page.
pub fn portal() -> Response {
    Garbled::Html.answer(StatusCode::OK)
}

const PAGE: &str = "<!doctype html><html><head><title>Welcome</title></head><body><h1>Welcome</h1><form action=\"/login\"><button>Accept</button></form></body></html>";

/// A body whose connection breaks off.
pub fn cut() -> Body {
    Body::from_stream(futures_util::stream::unfold(0, |step| async move {
        match step {
            0 => Some((Ok(Bytes::from_static(b"{\"access_")), 1)),
            1 => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Err(std::io::Error::other("fault switch")), 2))
            }
            _ => None,
        }
    }))
}
