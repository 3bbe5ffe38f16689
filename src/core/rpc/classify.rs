//! What kind of error it is: the one ordered table of texts, statuses and structures.
//!
//! A session ends only by what is [`Certainty::Confirmed`] or found so by [`super::cascade`]; everything else is told where it was asked.
//! Where other clients of these servers guess, this table doubts:
//!
//! * Only an error that the called method itself has answered ([`Origin::Handler`]) can be sure of an end. The page of a proxy, a stream
//!   and this side's own words cannot, whatever they say.
//! * Texts are anchored. What *begins* with `Session expired` or `SESSION_EXPIRED` is sure; the same words further in may be a vendor's
//!   or a tool's, and are looked into. `GET /path failed (401 Unauthorized)` counts only where 401 is the first status after the path.
//! * A refused bearer of the process (the status 401 with the body of the door) is a fault of configuration.
//! * Texts that only one of the other clients takes for an end (a hosted model's `Invalid token`, `backend rejected session token`,
//!   lower-case `session_expired`, `TOKEN_EXPIRED`) are unconfirmed.
//!
//! Only the first [`LOOKED_AT`] bytes of a text are looked at, each a bounded number of times; a pattern beyond that is not seen, which
//! can cost a hint and never a session.

mod scan;

use serde_json::Value;

use self::scan::{Marks, Needle};

/// How much of a text is looked at, in bytes.
pub const LOOKED_AT: usize = 16 * 1024;

/// How sure it is that a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It may be something else: looked into before anything is done.
    Unconfirmed,
    /// The server itself has said so, in so many words.
    Confirmed,
}

/// What a failed call means, split by what the caller will do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpcErrorKind {
    /// The thread is gone: the selection is repaired.
    ThreadNotFound,
    /// The session that the server holds has ended, or may have: told to the cascade.
    AuthExpired(Certainty),
    /// The bearer of the process is not accepted: told as a fault in how the server was added. Never about the session.
    BearerRejected,
    /// Signed in, but not allowed to: told in place.
    PermissionDenied,
    /// Too many requests: later.
    RateLimited,
    /// Nothing left to spend: told in place.
    BudgetExceeded,
    /// Somebody else's credential was refused: a model's key, a bot's token, an integration. Told in its own panel.
    ProviderAuth,
    /// The server is too old or too new for this method: not asked again on this connection.
    MethodNotFound,
    /// No answer in time.
    Timeout,
    /// No connection, here or further on.
    Transport,
    /// An answer that does not have the agreed form.
    Malformed,
    /// Given up by this side.
    Cancelled,
    /// Anything else.
    Unknown,
}

impl RpcErrorKind {
    /// How sure it is that the session has ended; `None` where the error is about something else.
    #[must_use]
    pub fn expiry(self) -> Option<Certainty> {
        match self {
            Self::AuthExpired(certainty) => Some(certainty),
            _ => None,
        }
    }

    /// Whether trying the same thing again later may succeed without anybody changing anything.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Timeout | Self::Transport | Self::RateLimited)
    }
}

/// Who has said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The called method, as the error of an answer.
    Handler,
    /// Whoever answers HTTP: the server's door, or something in front of it.
    Door,
    /// An event of a turn under way.
    Stream,
    /// This side.
    Here,
}

/// What is known of a failed call.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// Who has said it.
    pub origin: Origin,
    /// HTTP status, where the call got one.
    pub status: Option<u16>,
    /// Code of the error, where it has one.
    pub code: Option<i64>,
    /// What was said: the message of the error, or the body of the answer.
    pub text: &'a str,
    /// What came with the error.
    pub data: Option<&'a Value>,
}

impl<'a> Failure<'a> {
    /// A text and who has said it.
    #[must_use]
    pub fn said(origin: Origin, text: &'a str) -> Self {
        Self {
            origin,
            status: None,
            code: None,
            text,
            data: None,
        }
    }
}

/// The kind of a failure: the first row of the table that matches.
#[must_use]
pub fn classify(failure: &Failure<'_>) -> RpcErrorKind {
    let text = looked_at(failure.text);
    let kind = match failure.status {
        _ if is_missing_thread(failure.data) => RpcErrorKind::ThreadNotFound,
        Some(401) if failure.origin == Origin::Door && is_refused_bearer(text) => {
            RpcErrorKind::BearerRejected
        }
        Some(401) => match by_text(text) {
            sure @ RpcErrorKind::AuthExpired(_) => sure,
            _ => RpcErrorKind::AuthExpired(Certainty::Unconfirmed),
        },
        Some(429) => RpcErrorKind::RateLimited,
        _ if failure.code == Some(METHOD_NOT_FOUND) => RpcErrorKind::MethodNotFound,
        status => match (by_text(text), status) {
            (RpcErrorKind::Unknown, Some(403)) => RpcErrorKind::PermissionDenied,
            (RpcErrorKind::Unknown, Some(502..=504)) => RpcErrorKind::Transport,
            (kind, _) => kind,
        },
    };
    match kind {
        RpcErrorKind::AuthExpired(_) if failure.origin != Origin::Handler => {
            RpcErrorKind::AuthExpired(Certainty::Unconfirmed)
        }
        kind => kind,
    }
}

/// How many steps looking at a text takes: for the test that it grows no faster than the text.
#[must_use]
pub fn work(text: &str) -> usize {
    Marks::of(looked_at(text)).steps
}

/// The code that JSON-RPC has for it. The servers known today answer with a text instead.
const METHOD_NOT_FOUND: i64 = -32601;

fn looked_at(text: &str) -> &str {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn is_missing_thread(data: Option<&Value>) -> bool {
    data.and_then(|data| data.get("kind")) == Some(&Value::from("ThreadNotFound"))
}

/// The door says so in a form of its own, which no method ever uses.
fn is_refused_bearer(body: &str) -> bool {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body.get("ok") == Some(&Value::Bool(false))
        && body.get("error") == Some(&Value::from("unauthorized"))
        && body.get("jsonrpc").is_none()
}

/// The rows that look at the text alone, in their order.
fn by_text(text: &str) -> RpcErrorKind {
    let text = text.trim();
    if text.starts_with("unknown method: ") {
        return RpcErrorKind::MethodNotFound;
    }
    let marks = Marks::of(text);
    if let Some(certainty) = expiry(text, &marks) {
        return RpcErrorKind::AuthExpired(certainty);
    }
    let has_401 = marks.has(Needle::Status401) && marks.has(Needle::Unauthorized);
    if has_401 || marks.has(Needle::InvalidToken) || marks.has(Needle::BadToken) {
        return RpcErrorKind::ProviderAuth;
    }
    if is_rate_limit(&marks) {
        return RpcErrorKind::RateLimited;
    }
    if marks.has(Needle::BudgetExceeded) || marks.has(Needle::InsufficientBudget) {
        return RpcErrorKind::BudgetExceeded;
    }
    if marks.own_limit {
        return RpcErrorKind::Timeout;
    }
    let lost = [
        Needle::SendingRequest,
        Needle::ClientConnect,
        Needle::TimedOut,
        Needle::Refused,
    ];
    if lost.into_iter().any(|lost| marks.has(lost)) {
        return RpcErrorKind::Transport;
    }
    if is_gone(text) {
        return RpcErrorKind::ThreadNotFound;
    }
    match first_status(text) {
        Some((403, _)) => RpcErrorKind::PermissionDenied,
        _ => RpcErrorKind::Unknown,
    }
}

fn is_rate_limit(marks: &Marks) -> bool {
    [Needle::RateBlank, Needle::RateDash, Needle::RateOne]
        .into_iter()
        .any(|limit| marks.comes_after(Needle::Status429, limit))
}

/// Whether the text says that a session has ended, and how sure that is.
fn expiry(text: &str, marks: &Marks) -> Option<Certainty> {
    if marks.starts_with(Needle::SessionExpired) || begins_with_sentinel(text) {
        return Some(Certainty::Confirmed);
    }
    if marks.has(Needle::Unauthorized)
        && let Some((401, rest)) = first_status(text)
    {
        return Some(if says_unauthorized(rest) {
            Certainty::Confirmed
        } else {
            Certainty::Unconfirmed
        });
    }
    let hints = [
        Needle::SessionExpired,
        Needle::Sentinel,
        Needle::NoBackendToken,
        Needle::NoStoredToken,
        Needle::JwtRequired,
        Needle::BackendRejected,
    ];
    let is_hint = hints.into_iter().any(|hint| marks.has(hint));
    (is_hint || is_hosted_refusal(text) || has_word(text, "TOKEN_EXPIRED"))
        .then_some(Certainty::Unconfirmed)
}

/// The word by which the servers mark an end: in capitals and on its own, since vendors have codes that contain it.
fn begins_with_sentinel(text: &str) -> bool {
    text.strip_prefix("SESSION_EXPIRED")
        .is_some_and(|rest| !rest.starts_with(is_word_char))
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c| !is_word_char(c)).any(|part| part == word)
}

/// The server's own account service refuses its model calls in these forms. A model of the person's own does in others.
fn is_hosted_refusal(text: &str) -> bool {
    [
        "OpenHuman API error (401",
        "OpenHuman streaming API error (401",
        "Embedding API error (401",
    ]
    .iter()
    .any(|prefix| text.starts_with(prefix))
        && text.contains(r#""error":"Invalid token""#)
}

/// A call to the account service, as the servers tell of it (`GET /teams failed (401 Unauthorized): …`): the first HTTP status after the
/// path, and what follows it. A 500 that wraps the 401 of somebody else is a 500.
fn first_status(text: &str) -> Option<(u16, &str)> {
    let rest = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        .iter()
        .find_map(|verb| text.strip_prefix(verb))?;
    let path = rest.trim_start_matches([' ', '\t']);
    if path.len() == rest.len() || !path.starts_with('/') {
        return None;
    }
    let mut rest = path.get(path.find(char::is_whitespace)?..)?;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = rest.get(at..)?;
        let digits = number.find(|c: char| !c.is_ascii_digit());
        let (number, after) = number.split_at(digits.unwrap_or(number.len()));
        match number.parse::<u16>() {
            Ok(status @ 400..=599) if number.len() == 3 => return Some((status, after)),
            _ => rest = after,
        }
    }
    None
}

fn says_unauthorized(rest: &str) -> bool {
    const WORD: &str = "unauthorized";
    let rest = rest.trim_start_matches([' ', ':', '-', ')', '(']);
    rest.get(..WORD.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(WORD))
}

/// The servers say it in these words where they send nothing with the error.
fn is_gone(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("thread ") else {
        return false;
    };
    ["does not exist", "not found"]
        .iter()
        .filter_map(|end| rest.strip_suffix(end))
        .any(|id| id.split_whitespace().count() == 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
