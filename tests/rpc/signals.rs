//! What servers say when no session has ended, and how each comes.

use enfilade::core::room::ThreadId;
use enfilade::core::rpc::classify::RpcErrorKind as Kind;
use enfilade::core::rpc::envelope::{Call, RpcError, read};
use enfilade::core::rpc::turn::event::{TurnEvent, TurnEventKind};
use enfilade::core::rpc::turn::{Outcome, Turn};
use serde_json::json;

use super::UNSURE;

/// How a signal reaches this side.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// The error of a method.
    Method,
    /// An answer of HTTP with this status.
    Door(u16),
    /// The end of a turn, with this type of error.
    Turn(&'static str),
    /// The limit of a call has passed.
    Late,
}

/// A signal that is no end: its number, how it comes, what it says, and what it is.
pub type Signal = (&'static str, Way, &'static str, Kind);

const BEARER: &str = r#"{"ok":false,"error":"unauthorized","message":"missing or wrong bearer"}"#;
const WRAPPED: &str = r#"Backend returned 500 Internal Server Error for POST https://api.test/audio: {"error":"401 Unauthorized: Invalid API key"}"#;

pub const SIGNALS: [Signal; 46] = [
    (
        "N1",
        Way::Method,
        "Discord API error (401): Unauthorized",
        Kind::ProviderAuth,
    ),
    (
        "N1",
        Way::Method,
        "telegram refused the bot: bad token",
        Kind::ProviderAuth,
    ),
    (
        "N1",
        Way::Method,
        "the channel refused its credentials; check its settings",
        Kind::Unknown,
    ),
    (
        "N2",
        Way::Method,
        "OpenAI API error (401 Unauthorized): Incorrect API key provided",
        Kind::ProviderAuth,
    ),
    (
        "N2",
        Way::Method,
        "Anthropic API error (401 Unauthorized): invalid x-api-key",
        Kind::ProviderAuth,
    ),
    (
        "N2",
        Way::Turn("inference"),
        "OpenAI API error (401 Unauthorized): no",
        Kind::ProviderAuth,
    ),
    (
        "N3",
        Way::Method,
        "[composio-direct] list failed: 401 Unauthorized",
        Kind::ProviderAuth,
    ),
    ("N4", Way::Method, WRAPPED, Kind::ProviderAuth),
    (
        "N4",
        Way::Method,
        "POST /audio failed (500 Internal Server Error): 401 Unauthorized: Invalid API key",
        Kind::ProviderAuth,
    ),
    ("N5", Way::Method, "invalid token", Kind::ProviderAuth),
    ("N5", Way::Method, "Invalid Token", Kind::ProviderAuth),
    (
        "N6",
        Way::Method,
        r#"my_proxy embedding API error (401 Unauthorized): {"error":"Invalid token"}"#,
        Kind::ProviderAuth,
    ),
    (
        "N6",
        Way::Method,
        "my_proxy streaming API error (401 Unauthorized): wrong key",
        Kind::ProviderAuth,
    ),
    (
        "N7",
        Way::Method,
        "ollama API error (401 Unauthorized): proxy login required",
        Kind::ProviderAuth,
    ),
    (
        "N8",
        Way::Method,
        "GET /teams failed (403 Forbidden): not a member",
        Kind::PermissionDenied,
    ),
    (
        "N8",
        Way::Method,
        "Backend returned 403 Forbidden for GET https://api.test/teams",
        Kind::Unknown,
    ),
    ("N8", Way::Door(403), "forbidden", Kind::PermissionDenied),
    (
        "N9",
        Way::Method,
        "GET /agents failed (404 Not Found): <html>no such route</html>",
        Kind::Unknown,
    ),
    (
        "N9",
        Way::Door(404),
        "<html>404 page not found</html>",
        Kind::Unknown,
    ),
    (
        "N10",
        Way::Method,
        "API_KEY_REJECTED: the key was refused on GET /models",
        Kind::Unknown,
    ),
    (
        "N11",
        Way::Method,
        "backend unavailable in a local session",
        Kind::Unknown,
    ),
    ("N12", Way::Method, "session jwt required", UNSURE),
    (
        "N12",
        Way::Method,
        "composio unavailable: no backend session token. Sign in first",
        UNSURE,
    ),
    ("N12", Way::Method, "NO SESSION TOKEN STORED", UNSURE),
    (
        "N15",
        Way::Turn("session_expired"),
        "Session expired. Please log in again.",
        UNSURE,
    ),
    (
        "N15",
        Way::Turn("inference"),
        "SESSION_EXPIRED: backend rejected session token",
        UNSURE,
    ),
    (
        "N18",
        Way::Door(502),
        "<html>bad gateway</html>",
        Kind::Transport,
    ),
    ("N18", Way::Door(503), "back soon", Kind::Transport),
    (
        "N18",
        Way::Door(500),
        "Internal Server Error",
        Kind::Unknown,
    ),
    (
        "N18",
        Way::Method,
        "GET /auth/me failed: error sending request: dns error",
        Kind::Transport,
    ),
    (
        "N18",
        Way::Method,
        "GET /auth/me failed (503 Service Unavailable)",
        Kind::Unknown,
    ),
    (
        "N19",
        Way::Method,
        "error sending request for url (http://127.0.0.1:7788/): client error (Connect)",
        Kind::Transport,
    ),
    (
        "N19",
        Way::Method,
        "connect ECONNREFUSED 127.0.0.1:7788",
        Kind::Transport,
    ),
    ("N20", Way::Door(401), BEARER, Kind::BearerRejected),
    (
        "N20",
        Way::Door(401),
        "<html>401 Authorization Required</html>",
        UNSURE,
    ),
    ("N20", Way::Door(401), "", UNSURE),
    ("N21", Way::Late, "", Kind::Timeout),
    (
        "N21",
        Way::Method,
        "openhuman.auth_get_me timed out after 30000ms",
        Kind::Timeout,
    ),
    (
        "N22",
        Way::Method,
        "unknown method: openhuman.composio_list_toolkits",
        Kind::MethodNotFound,
    ),
    (
        "N23",
        Way::Method,
        "auth profiles cannot be decrypted: aead::Error",
        Kind::Unknown,
    ),
    (
        "N24",
        Way::Method,
        "the config file cannot be read: permission denied (os error 13)",
        Kind::Unknown,
    ),
    (
        "N25",
        Way::Method,
        "tool failed: unknown method: x",
        Kind::Unknown,
    ),
    (
        "N25",
        Way::Method,
        "the page says 401, and that you are unauthorized",
        Kind::ProviderAuth,
    ),
    (
        "N25",
        Way::Method,
        "tool output: GET /me failed (401 Unauthorized)",
        Kind::ProviderAuth,
    ),
    ("N25", Way::Method, "the page says: Session expired", UNSURE),
    (
        "N25",
        Way::Method,
        "vendor code INVALID_SESSION_EXPIRED",
        UNSURE,
    ),
];

/// What a signal is, all the way from the bytes of an answer or an event.
pub fn kind_of(way: Way, text: &str) -> Kind {
    let failed = |status: u16, body: &str| read(status, body, 1).unwrap_err().kind;
    match way {
        Way::Method => {
            let error = json!({ "code": -32000, "message": text, "data": null });
            failed(
                200,
                &json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string(),
            )
        }
        Way::Door(status) => failed(status, text),
        Way::Late => RpcError::late(&Call::bare("core.ping")).kind,
        Way::Turn(error) => {
            let thread = ThreadId("t".into());
            let mut turn = Turn::new(thread.clone(), "q", 0);
            let kind = TurnEventKind::Failed {
                error: error.into(),
                message: text.into(),
            };
            let request = "q".into();
            let _ = turn.take(
                &TurnEvent {
                    thread,
                    request,
                    kind,
                },
                0,
            );
            match turn.outcome() {
                Some(Outcome::Failed { kind, .. }) => *kind,
                other => panic!("{other:?}"),
            }
        }
    }
}
