//! Endpoints as values: what to ask and how to read the answer. Nothing is sent here.

pub mod oidc;
pub mod openhuman;
pub mod shell;
pub mod soliplex;

use serde_json::Value;

use crate::core::error::ApiError;

/// Method of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Deletes.
    Delete,
}

/// How long an answer may take, in milliseconds (`decisions.md` section 8).
pub mod timeout {
    /// Is this a server at all?
    pub const PROBE: u32 = 5_000;
    /// Discovery document of a provider.
    pub const DISCOVERY: u32 = 10_000;
    /// Token endpoint.
    pub const TOKEN: u32 = 30_000;
    /// Everything else.
    pub const API: u32 = 60_000;
}

/// What to ask of a server: the path is below the server's address.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiRequest {
    /// Method.
    pub verb: Verb,
    /// Path from the server's address, with its query, percent-encoded.
    pub path: String,
    /// JSON body, written where it is made: what the first page asks has none.
    pub body: Option<String>,
    /// Limit in milliseconds.
    pub timeout: u32,
}

impl ApiRequest {
    /// Reads from a path.
    #[must_use]
    pub fn get(path: String) -> Self {
        Self {
            verb: Verb::Get,
            path,
            body: None,
            timeout: timeout::API,
        }
    }

    /// Sends a body to a path.
    #[must_use]
    pub fn post(path: String, body: &Value) -> Self {
        Self {
            verb: Verb::Post,
            path,
            body: Some(body.to_string()),
            timeout: timeout::API,
        }
    }

    /// Deletes a path.
    #[must_use]
    pub fn delete(path: String) -> Self {
        Self {
            verb: Verb::Delete,
            path,
            body: None,
            timeout: timeout::API,
        }
    }

    /// With another limit, in milliseconds.
    #[must_use]
    pub fn within(mut self, timeout: u32) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Reads a body as JSON.
///
/// # Errors
/// [`ApiError::Malformed`], which never quotes the body.
pub fn json(body: &str) -> Result<Value, ApiError> {
    serde_json::from_str(body).map_err(|error| ApiError::Malformed {
        reason: format!("not JSON at line {}", error.line()),
    })
}

pub(crate) use crate::core::route::encode_segment as segment;
