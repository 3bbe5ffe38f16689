//! The sentences a core fails with. What the core itself says and what a test can make it say come out of here.

use axum::http::StatusCode;

/// Billing, team and the rest without a session.
pub const NO_SESSION: &str = "no backend session token; run auth_store_session first";
/// Integrations without a session.
pub const NO_SESSION_FOR_INTEGRATIONS: &str =
    "composio unavailable: no backend session token. Sign in to use integrations.";
/// Who-am-I without a session.
pub const JWT_REQUIRED: &str = "session JWT required";
/// Cause of every failure to reach a host.
pub const REFUSED: &str =
    "client error (Connect): tcp connect error: Connection refused (os error 111)";
/// What a turn says when it cannot go on; the cause only reaches the log.
pub const INFERENCE: &str = "Something went wrong while answering. Check <openhuman-link path=\"settings/ai\">your AI settings</openhuman-link> and try again.";
/// Out of credits is an answer, not an error.
pub const TOP_UP: &str = "You are out of credits. Top up under <openhuman-link path=\"settings/billing\">Billing</openhuman-link> to go on.";
/// A turn that the budget does not allow.
pub const BUDGET: &str = "Budget exceeded: the monthly limit of this account is used up";
/// A turn that came too soon.
pub const RATE_LIMIT: &str = "HTTP 429 rate-limit exceeded: try again in 20 seconds";
/// The person's own model key is wrong.
pub const PROVIDER_KEY: &str = "OpenAI API error (401 Unauthorized): Incorrect API key provided: sk-demo. You can find your API key in your account settings.";
/// A turn that was cancelled.
pub const CANCELLED: &str = "Cancelled";
/// A turn that another one replaced.
pub const REPLACED: &str = "Cancelled by newer request";
/// Messages the guard refuses.
pub const BLOCKED: &str = "This message was blocked by a security policy (prompt injection).";
/// Messages the guard holds back.
pub const FLAGGED: &str = "This message was flagged for security review.";
/// A token the hosted service does not know.
pub const INVALID_TOKEN: &str = r#"{"success":false,"error":"Invalid token"}"#;
/// An offline session cannot be made of the token alone.
pub const LOCAL_WITHOUT_USER: &str = "a local session needs a user";

/// Nobody knows the method.
pub fn unknown_method(method: &str) -> String {
    format!("unknown method: {method}")
}

/// `401 Unauthorized`
pub fn status(code: u16) -> String {
    StatusCode::from_u16(code).map_or_else(|_| code.to_string(), |status| status.to_string())
}

/// The hosted service refused, as most modules say it.
pub fn refused(verb: &str, path: &str, code: u16, body: &str) -> String {
    format!("{verb} {path} failed ({}): {body}", status(code))
}

/// The hosted service could not be reached, as most modules say it.
pub fn unreachable(verb: &str, path: &str, url: &str) -> String {
    format!("{verb} {path} failed: error sending request for url ({url}): {REFUSED}")
}

/// The hosted service refused, as integrations say it.
pub fn integration_refused(op: &str, code: u16, verb: &str, url: &str, body: &str) -> String {
    format!(
        "[composio] {op} failed: Backend returned {} for {verb} {url}: {body}",
        status(code)
    )
}

/// The hosted service could not be reached, as integrations say it.
pub fn integration_unreachable(op: &str, verb: &str, url: &str) -> String {
    format!(
        "[composio] {op} failed: {verb} {url} failed: error sending request for url ({url}): {REFUSED}"
    )
}

/// A token was refused at sign-in.
pub fn validation_failed(cause: &str) -> String {
    format!("Session validation failed (GET /auth/me): {cause}")
}

/// Newer cores: the session is over, said in one way for everything.
pub fn sentinel(verb: &str, path: &str) -> String {
    format!("SESSION_EXPIRED: backend rejected session token on {verb} {path}")
}

/// Newer cores: an offline session asks for what only the hosted service has.
pub fn needs_hosted(path: &str) -> String {
    format!("backend unavailable: this is a local session, and {path} needs the hosted service")
}
