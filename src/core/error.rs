//! What can go wrong with a request, split by what the caller will do about it.

/// Why a request to a server did not give the answer that was asked for.
///
/// Callers branch on the kind and never on the text, which is for people and comes from the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The session is not accepted (HTTP 401 after the one refresh). Already told to the session.
    #[error("the session is not accepted")]
    Unauthorized,
    /// Signed in, but not allowed to do this (HTTP 403). Never about the session.
    #[error("not permitted")]
    PermissionDenied {
        /// What the server says about it.
        detail: Option<String>,
    },
    /// There is no such thing, or it is hidden from this person (HTTP 404).
    #[error("not found")]
    NotFound {
        /// What the server says about it.
        detail: Option<String>,
    },
    /// Too many requests (HTTP 429).
    #[error("too many requests")]
    RateLimited {
        /// How long the server asks to wait, in milliseconds.
        retry_after: Option<u64>,
    },
    /// The server understood and said no (any other 4xx).
    #[error("refused with status {status}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// What the server says about it.
        detail: Option<String>,
    },
    /// The server failed (5xx).
    #[error("server failure with status {status}")]
    Server {
        /// HTTP status.
        status: u16,
        /// What the server says about it.
        detail: Option<String>,
    },
    /// No answer: offline, name not found, TLS, CORS. A browser does not say which.
    #[error("no connection")]
    Network,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// Given up by this side.
    #[error("cancelled")]
    Cancelled,
    /// An answer that does not have the agreed form.
    #[error("unreadable answer: {reason}")]
    Malformed {
        /// What was wrong with it; never the answer itself.
        reason: String,
    },
    /// An error of a JSON-RPC server.
    #[error("rpc error {code}")]
    Rpc {
        /// JSON-RPC error code.
        code: i64,
        /// What the server says about it.
        message: String,
    },
}

impl ApiError {
    /// The error that an HTTP status outside 200..300 stands for. `body` is read for a sentence for
    /// people (wire contract, section 1 "Error bodies"); `retry_after` is in milliseconds.
    #[must_use]
    pub fn from_status(status: u16, body: &str, retry_after: Option<u64>) -> Self {
        let detail = detail(body);
        match status {
            401 => Self::Unauthorized,
            403 => Self::PermissionDenied { detail },
            404 => Self::NotFound { detail },
            429 => Self::RateLimited { retry_after },
            500..=599 => Self::Server { status, detail },
            _ => Self::Rejected { status, detail },
        }
    }

    /// Whether trying the same thing again later may succeed without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Network | Self::Timeout | Self::Server { .. } | Self::RateLimited { .. }
        )
    }

    /// Whether nothing came back from the server at all.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Network | Self::Timeout)
    }
}

/// Longest sentence of a server that is shown, in characters.
const DETAIL_CHARS: usize = 300;

/// The sentence for people in an error body: the first text among `message`, `error`, `detail`;
/// lists are joined; HTML and anything else is dropped.
#[must_use]
pub fn detail(body: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    ["message", "error", "detail"]
        .iter()
        .find_map(|name| sentence(value.get(name)?))
        .map(|text| text.chars().take(DETAIL_CHARS).collect())
}

fn sentence(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| sentence(item.get("msg").unwrap_or(item)))
            .collect::<Vec<_>>()
            .join("; "),
        _ => return None,
    };
    (!text.is_empty() && !text.starts_with('<')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_is_found_in_every_shape_a_server_uses() {
        for (body, want) in [
            (
                r#"{"detail":"unknown room id: nope"}"#,
                Some("unknown room id: nope"),
            ),
            (
                r#"{"detail":["Unknown thread: x","for bob"]}"#,
                Some("Unknown thread: x; for bob"),
            ),
            (
                r#"{"detail":[{"msg":"Field required","loc":["body"]}]}"#,
                Some("Field required"),
            ),
            (
                r#"{"error":"service_unavailable","message":"Back soon"}"#,
                Some("Back soon"),
            ),
            (r#"{"message":"","error":"e"}"#, Some("e")),
            ("<html>429</html>", None),
            (r#"{"detail":"<b>no</b>"}"#, None),
            ("Internal Server Error", None),
            ("", None),
            ("[]", None),
        ] {
            assert_eq!(detail(body).as_deref(), want, "{body}");
        }
    }

    #[test]
    fn a_huge_sentence_is_cut() {
        let body = serde_json::json!({ "detail": "ä".repeat(10_000) }).to_string();
        assert_eq!(
            detail(&body).map(|text| text.chars().count()),
            Some(DETAIL_CHARS)
        );
    }

    #[test]
    fn every_status_has_its_kind() {
        let body = r#"{"detail":"said"}"#;
        let detail = || Some("said".to_owned());
        for (status, want) in [
            (403, ApiError::PermissionDenied { detail: detail() }),
            (404, ApiError::NotFound { detail: detail() }),
            (
                429,
                ApiError::RateLimited {
                    retry_after: Some(7),
                },
            ),
            (
                400,
                ApiError::Rejected {
                    status: 400,
                    detail: detail(),
                },
            ),
            (
                422,
                ApiError::Rejected {
                    status: 422,
                    detail: detail(),
                },
            ),
            (
                500,
                ApiError::Server {
                    status: 500,
                    detail: detail(),
                },
            ),
            (
                502,
                ApiError::Server {
                    status: 502,
                    detail: detail(),
                },
            ),
            (
                503,
                ApiError::Server {
                    status: 503,
                    detail: detail(),
                },
            ),
        ] {
            let error = ApiError::from_status(status, body, Some(7));
            assert_eq!(error, want, "{status}");
            assert_eq!(
                error.is_transient(),
                status == 429 || status >= 500,
                "{status}"
            );
        }
    }

    #[test]
    fn only_401_is_about_the_session() {
        assert_eq!(ApiError::from_status(401, "", None), ApiError::Unauthorized);
        for status in [400, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503] {
            assert_ne!(
                ApiError::from_status(status, "", None),
                ApiError::Unauthorized
            );
        }
    }
}
