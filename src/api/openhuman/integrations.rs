//! The services that a core connects the agent to, through the account service: all of it needs a session.

use serde_json::{Value, json};

use super::{need, text};
use crate::core::rpc::envelope::{Answer, Call, RpcError};
use crate::core::rpc::integration::{Connection, Link, slug};
use crate::core::rpc::poll::PART_LIMIT;
use crate::core::time::parse_rfc3339;

/// The account service may take a minute, in milliseconds.
const SLOW: u64 = 60_000;

/// Which services there are.
#[must_use]
pub fn toolkits() -> Call {
    Call::bare("openhuman.composio_list_toolkits").within(PART_LIMIT)
}

/// Reads the services, each once.
///
/// # Errors
/// [`RpcError`] where there is no list.
pub fn read_toolkits(answer: &Answer) -> Result<Vec<String>, RpcError> {
    let mut toolkits: Vec<String> = Vec::new();
    for name in list(answer, "toolkits")?
        .iter()
        .filter_map(Value::as_str)
        .map(slug)
    {
        if !name.is_empty() && !toolkits.contains(&name) {
            toolkits.push(name);
        }
    }
    Ok(toolkits)
}

fn list<'a>(answer: &'a Answer, name: &str) -> Result<&'a Vec<Value>, RpcError> {
    let list = answer.value().get(name).and_then(Value::as_array);
    list.ok_or_else(|| RpcError::malformed(&format!("there is no list of {name}")))
}

/// Which of them the person has connected.
#[must_use]
pub fn connections() -> Call {
    Call::bare("openhuman.composio_list_connections").within(PART_LIMIT)
}

/// Reads the connections; malformed ones are left out.
///
/// # Errors
/// [`RpcError`] where there is no list.
pub fn read_connections(answer: &Answer) -> Result<Vec<Connection>, RpcError> {
    let read = |value: &Value| {
        Some(Connection {
            id: text(value, "id")?,
            toolkit: slug(&text(value, "toolkit")?),
            link: Link::read(
                value
                    .get("status")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            ),
            created: text(value, "createdAt").and_then(|at| parse_rfc3339(&at)),
        })
    };
    Ok(list(answer, "connections")?
        .iter()
        .filter_map(read)
        .collect())
}

/// Begins to connect a service: the person goes on elsewhere.
#[must_use]
pub fn authorize(toolkit: &str) -> Call {
    Call::new(
        "openhuman.composio_authorize",
        json!({ "toolkit": toolkit }),
    )
    .within(SLOW)
}

/// Where the person goes on, and the connection that is to come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Page of the service, to be opened in another tab. Only http and https are taken.
    pub url: String,
    /// The connection.
    pub connection: Option<String>,
}

/// Reads where the person goes on.
///
/// # Errors
/// [`RpcError`] without an address of a page.
pub fn read_authorize(answer: &Answer) -> Result<Offer, RpcError> {
    let url = need(answer.value(), "connectUrl")?;
    let lower = url.to_ascii_lowercase();
    if !(lower.starts_with("https://") || lower.starts_with("http://")) {
        return Err(RpcError::malformed(
            "the address to connect at is not that of a page",
        ));
    }
    Ok(Offer {
        url,
        connection: text(answer.value(), "connectionId"),
    })
}

/// Takes a connection away.
#[must_use]
pub fn delete(connection: &str) -> Call {
    Call::new(
        "openhuman.composio_delete_connection",
        json!({ "connection_id": connection }),
    )
    .within(SLOW)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
