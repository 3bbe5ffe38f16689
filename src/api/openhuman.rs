//! The API of an OpenHuman core: JSON-RPC over HTTP, and one stream of events.
//!
//! Each method is a [`Call`], sent by [`request`] and taken apart by [`envelope::read`](crate::core::rpc::envelope::read); its reader takes the
//! [`Answer`]. Readers pass over what they do not know, and are strict about what is needed. The process bearer is not in here: whoever
//! sends a request adds it. The body of [`session::store`] and [`session::exchange`] holds a secret and must not be recorded.

pub mod chat;
pub mod events;
pub mod integrations;
pub mod session;
pub mod threads;
pub mod usage;

use serde_json::Value;

use super::{ApiRequest, Verb, json, segment, timeout};
use crate::core::rpc::envelope::{Answer, Call, RpcError};

/// Where calls go, below the address of the core.
const RPC: &str = "/rpc";

/// The address of a core, from what a person has typed or pasted: without the place of the calls.
#[must_use]
pub fn base(typed: &str) -> &str {
    let typed = typed.trim().trim_end_matches('/');
    typed
        .strip_suffix(RPC)
        .unwrap_or(typed)
        .trim_end_matches('/')
}

/// The request that makes a call.
#[must_use]
pub fn request(call: &Call, id: u64) -> ApiRequest {
    ApiRequest {
        verb: Verb::Post,
        path: RPC.to_owned(),
        body: Some(call.body(id)),
        timeout: call.limit.ms(),
    }
}

/// Whether this is a core at all; needs no bearer.
#[must_use]
pub fn root() -> ApiRequest {
    ApiRequest::get("/".to_owned()).within(timeout::PROBE)
}

/// Whether this is what a core says of itself to everybody.
#[must_use]
pub fn is_core(body: &str) -> bool {
    json(body).is_ok_and(|value| value.get("name").and_then(Value::as_str) == Some("openhuman"))
}

/// A text that must be there and not be blank.
fn need(object: &Value, name: &str) -> Result<String, RpcError> {
    text(object, name).ok_or_else(|| RpcError::malformed(&format!("there is no {name}")))
}

/// A text that is not blank.
fn text(object: &Value, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Whether something was done, as the server answers it: `{"deleted":true}`.
fn is_done(answer: &Answer, name: &str) -> bool {
    answer.value().get(name) == Some(&Value::Bool(true))
}

/// What stands in for links of the app of the same name: its text stays, the rest is of no use here.
fn without_pseudo_links(text: &str) -> String {
    const TAGS: [&str; 2] = ["<openhuman-link", "</openhuman-link"];
    const LONGEST_TAG: usize = 500;
    let mut rest = text;
    let mut shown = String::with_capacity(text.len());
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let is_tag = TAGS.iter().any(|tag| from.starts_with(tag));
        // A tag is short: a text full of open ones must not be gone through for each.
        let end = from
            .char_indices()
            .take(LONGEST_TAG)
            .find(|(_, c)| *c == '>');
        let end = end.filter(|_| is_tag).map(|(end, _)| end);
        rest = match end {
            Some(end) => from.get(end + 1..).unwrap_or_default(),
            None => {
                shown.push('<');
                from.get(1..).unwrap_or_default()
            }
        };
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
