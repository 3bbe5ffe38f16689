//! The rows: texts with what a client is to make of them.

use serde_json::json;

use super::Kind::*;
use super::{Text, text, with_status};
use crate::core::texts;

const URL: &str = "https://api.example/agent-integrations/composio/connections";
const REFUSED: &str = r#"{"success":false,"error":"Unauthorized"}"#;

/// The ordered table (section 2.1) and its cases (section 11 A).
pub fn ordered() -> Vec<Text> {
    [by_form(), ends(), signed_out(), verbs(), limits(), lost()].concat()
}

/// What its form says, whatever the text.
fn by_form() -> Vec<Text> {
    vec![
        Text {
            data: json!({"kind": "ThreadNotFound", "thread_id": "thread-5f0c"}),
            ..text(
                "thread-not-found",
                "2.1/1 A01",
                ThreadNotFound,
                "thread thread-5f0c not found",
            )
        },
        with_status(
            401,
            text(
                "bearer",
                "2.1/2 N20 J04",
                Configuration,
                r#"{"ok":false,"error":"unauthorized","message":"Missing or wrong core token"}"#,
            ),
        ),
        with_status(
            401,
            text("status-401", "2.1/2 A03 B01 D04", Expired, "Unauthorized"),
        ),
        with_status(
            429,
            text("status-429", "2.1/3 A04", RateLimited, "Too many requests"),
        ),
        text(
            "unknown-method",
            "2.1/4 N22 A24",
            MethodNotFound,
            texts::unknown_method("openhuman.composio_list_connections"),
        ),
    ]
}

/// What says that a session has ended.
fn ends() -> Vec<Text> {
    vec![
        text(
            "expired",
            "2.1/5 A05 B02",
            Expired,
            "Session expired. Please log in again.",
        ),
        text(
            "expired-inside",
            "2.1/5 A06 C06",
            Expired,
            r#"OpenHuman API error (401 Unauthorized): {"error":"Session expired. Please log in again."}"#,
        ),
        text(
            "sentinel",
            "2.1/5 A07 B03 C07 C14",
            Expired,
            texts::sentinel("GET", "/teams/me/usage"),
        ),
        text(
            "sentinel-lower",
            "2.1/5 A08 C07",
            Expired,
            "session_expired",
        ),
    ]
}

/// What says that there is none.
fn signed_out() -> Vec<Text> {
    vec![
        text(
            "no-session-integrations",
            "2.1/6 A09 B06 C10 N12",
            PerhapsExpired,
            texts::NO_SESSION_FOR_INTEGRATIONS,
        ),
        text(
            "no-session",
            "2.1/6 A10 B06 C10 N12",
            PerhapsExpired,
            texts::NO_SESSION,
        ),
        text(
            "no-session-upper",
            "2.1/6 A11 B06 C10",
            PerhapsExpired,
            texts::NO_SESSION.to_uppercase(),
        ),
        text(
            "jwt-required",
            "2.1/7 A12 B05 N12 N15",
            PerhapsExpired,
            texts::JWT_REQUIRED,
        ),
        text(
            "jwt-required-lower",
            "2.1/7 B05",
            PerhapsExpired,
            texts::JWT_REQUIRED.to_lowercase(),
        ),
    ]
}

/// Calls to the account service that were refused.
fn verbs() -> Vec<Text> {
    let refused = |verb: &str| texts::refused(verb, "/teams", 401, REFUSED);
    vec![
        text("verb-get", "2.1/8 A13 B04 C01", Expired, refused("GET")),
        text("verb-post", "2.1/8 A14 B04 C01", Expired, refused("POST")),
        text("verb-put", "2.1/8 A14 B04 C01", Expired, refused("PUT")),
        text("verb-delete", "2.1/8 A14 B04", Expired, refused("DELETE")),
        text("verb-patch", "2.1/8 A14 B04 C01", Expired, refused("PATCH")),
        text("verb-head", "2.1/9 A15", ProviderAuth, refused("HEAD")),
        text(
            "verb-options",
            "2.1/9 A15",
            ProviderAuth,
            refused("OPTIONS"),
        ),
        text("verb-lower", "2.1/9 A16", ProviderAuth, refused("get")),
    ]
}

/// Limits that were reached.
fn limits() -> Vec<Text> {
    vec![
        text("rate-limit", "2.1/10 A22", RateLimited, texts::RATE_LIMIT),
        text("budget", "2.1/11 A23", Budget, texts::BUDGET),
        text(
            "budget-insufficient",
            "2.1/11 A23",
            Budget,
            "Insufficient budget for this request",
        ),
        text(
            "own-timeout",
            "2.1/12 N21 A26",
            Timeout,
            "openhuman.threads_list timed out after 30000ms",
        ),
    ]
}

/// Connections that were lost, and texts that say nothing.
fn lost() -> Vec<Text> {
    vec![
        text(
            "timed-out",
            "2.1/13 A27 C08",
            Transport,
            "operation timed out after 30s",
        ),
        text(
            "connect-timeout",
            "2.1/13 A28 C15",
            Transport,
            "error sending request for url (https://api.example/teams): client error (Connect): operation timed out",
        ),
        text(
            "sending",
            "2.1/13 A29",
            Transport,
            "error sending request for url (https://api.example/teams)",
        ),
        text("connect", "2.1/13 A29", Transport, "client error (Connect)"),
        text(
            "econnrefused",
            "2.1/13 A29",
            Transport,
            "connect ECONNREFUSED 127.0.0.1:9",
        ),
        text("arbitrary", "2.1/14 A30", Unknown, "the disk is full"),
        text("number-alone", "2.1/14 C11", Unknown, "401"),
        text("word-alone", "2.1/14 C11", Unknown, "unauthorized"),
    ]
}

/// What is a refusal by somebody else than the keeper of the session (section 2.6, N1 to N10).
pub fn scoped() -> Vec<Text> {
    [channels(), vendors(), tokens(), refusals(), hosted()].concat()
}

/// Channels whose bots were refused.
fn channels() -> Vec<Text> {
    vec![
        text(
            "channel-bot",
            "N1 A17 C02",
            ProviderAuth,
            "Discord API error (401): Unauthorized",
        ),
        text(
            "channel-bad-token",
            "N1 A21 C02",
            ProviderAuth,
            "telegram: bad token",
        ),
        text(
            "channel-reworded",
            "N1 C09",
            Unknown,
            "Discord rejected the bot credential; check the channel settings",
        ),
    ]
}

/// Services that refuse a key.
fn vendors() -> Vec<Text> {
    vec![
        text(
            "key-openai",
            "N2 A19 C03",
            ProviderAuth,
            texts::PROVIDER_KEY,
        ),
        text(
            "key-anthropic",
            "N2 A20 C03",
            ProviderAuth,
            r#"Anthropic API error (401 Unauthorized): {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
        ),
        text(
            "integration-direct",
            "N3 C03",
            ProviderAuth,
            "[composio-direct] list_connections failed: HTTP 401 Unauthorized: invalid api key",
        ),
        text(
            "wrapped-vendor",
            "N4 A18 C04",
            ProviderAuth,
            texts::refused(
                "POST",
                "/openai/v1/embeddings",
                500,
                r#"{"error":"vendor answered 401 Unauthorized: Invalid API key"}"#,
            )
            .replacen("POST ", "Backend: POST ", 1),
        ),
    ]
}

/// Tokens of other parts.
fn tokens() -> Vec<Text> {
    vec![
        text("invalid-token", "N5 A21 C05", ProviderAuth, "Invalid Token"),
        text(
            "invalid-token-lower",
            "N5 A21",
            ProviderAuth,
            "invalid token",
        ),
        text(
            "key-embedding",
            "N6",
            ProviderAuth,
            r#"Embedding API error (401 Unauthorized): {"error":{"message":"Incorrect API key provided"}}"#,
        ),
        text(
            "key-streaming",
            "N6",
            ProviderAuth,
            r#"Custom streaming API error (401 Unauthorized): {"error":{"message":"Incorrect API key provided"}}"#,
        ),
        text(
            "local-model-proxy",
            "N7",
            ProviderAuth,
            "Ollama API error (401 Unauthorized): authentication required by proxy",
        ),
    ]
}

/// Refusals that are about something else.
fn refusals() -> Vec<Text> {
    vec![
        text(
            "forbidden",
            "N8 C17 L08",
            Unknown,
            texts::refused(
                "GET",
                "/teams",
                403,
                r#"{"success":false,"error":"Forbidden"}"#,
            ),
        ),
        text(
            "channel-forbidden",
            "N8 C09",
            Unknown,
            "Discord API error (403): Missing Access",
        ),
        text(
            "no-such-route",
            "N9 C18",
            Unknown,
            texts::refused(
                "GET",
                "/teams/me/usage",
                404,
                "<html><body>Cannot GET /teams/me/usage</body></html>",
            ),
        ),
        text(
            "api-key",
            "N10 C19",
            Unknown,
            "API_KEY_REJECTED: the configured API key was refused on GET /models",
        ),
    ]
}

/// What only one of the tables takes for an end.
fn hosted() -> Vec<Text> {
    vec![
        // Texts on which the clients and the core do not agree (section 2.5).
        text(
            "hosted-model",
            "2.4 2.5/2 C13",
            ProviderAuth,
            r#"OpenHuman API error (401 Unauthorized): {"error":"Invalid token"}"#,
        ),
        text(
            "hosted-stream",
            "2.4 2.5/2 C13",
            ProviderAuth,
            r#"OpenHuman streaming API error (401 Unauthorized): {"error":"Invalid token"}"#,
        ),
        text(
            "hosted-embedding",
            "2.4 2.5/2 C13",
            ProviderAuth,
            r#"Embedding API error (401 Unauthorized): {"error":"Invalid token"}"#,
        ),
        text(
            "rejected-without-sentinel",
            "2.4 2.5/3",
            Unknown,
            "backend rejected session token on GET /teams",
        ),
        text(
            "token-expired",
            "2.5/4",
            Unknown,
            r#"{"errorCode":"TOKEN_EXPIRED","message":"Token expired"}"#,
        ),
    ]
}

/// What has nothing to do with a refusal (section 2.6, N11 to N25).
pub fn elsewhere() -> Vec<Text> {
    [moments(), away(), broken()].concat()
}

/// Moments in which an end proves nothing.
fn moments() -> Vec<Text> {
    vec![
        text(
            "local-session",
            "N11 C20",
            Unknown,
            texts::needs_hosted("/teams/me/usage"),
        ),
        text(
            "narrow-read",
            "N16",
            ProviderAuth,
            texts::integration_refused(
                "list_triggers",
                401,
                "GET",
                "https://api.example/agent-integrations/composio/triggers",
                REFUSED,
            ),
        ),
    ]
}

/// A service or a core that cannot be reached.
fn away() -> Vec<Text> {
    vec![
        text(
            "who-am-i-503",
            "N18 H08",
            Unknown,
            texts::validation_failed(&texts::refused("GET", "/auth/me", 503, "upstream is down")),
        ),
        text(
            "who-am-i-timeout",
            "N18 H06",
            Transport,
            texts::validation_failed(
                "GET /auth/me failed: error sending request: operation timed out",
            ),
        ),
        text(
            "who-am-i-dns",
            "N18",
            Transport,
            texts::validation_failed(
                "GET /auth/me failed: error sending request: dns error: failed to lookup address information",
            ),
        ),
        text(
            "loopback-refused",
            "N19",
            Transport,
            texts::unreachable("GET", "/health", "http://127.0.0.1:7788/health"),
        ),
    ]
}

/// A core with a fault of its own, and texts that quote.
fn broken() -> Vec<Text> {
    vec![
        text(
            "undecryptable",
            "N23 H09",
            Unknown,
            "failed to decrypt auth-profiles.json: the key does not fit",
        ),
        text(
            "config-unreadable",
            "N24 H10",
            Unknown,
            "failed to load config.toml: TOML parse error at line 3, column 1",
        ),
        text(
            "quoted-method",
            "N25 A25",
            Unknown,
            "tool failed: unknown method: web_search",
        ),
        text(
            "quoted-401",
            "N25",
            ProviderAuth,
            "the page said: 401 Unauthorized, ask an administrator",
        ),
        text(
            "config-timeout",
            "2.1/13",
            Transport,
            "config load timed out",
        ),
        text("empty", "2.1/14 C08", Unknown, ""),
    ]
}

/// What the core itself says when it is driven into it (the contract, sections 2 and 4 to 6).
pub fn produced() -> Vec<Text> {
    [integrations(), signing_in(), threads(), parameters()].concat()
}

/// Integrations.
fn integrations() -> Vec<Text> {
    vec![
        text(
            "integration-401",
            "contract/5 C03",
            ProviderAuth,
            texts::integration_refused("list_connections", 401, "GET", URL, texts::INVALID_TOKEN),
        ),
        text(
            "integration-503",
            "contract/5",
            Unknown,
            texts::integration_refused("list_connections", 503, "GET", URL, "upstream is down"),
        ),
        text(
            "integration-unreachable",
            "contract/5 2.1/13",
            Transport,
            texts::integration_unreachable("list_connections", "GET", URL),
        ),
    ]
}

/// Signing in.
fn signing_in() -> Vec<Text> {
    let unconfirmed = texts::refused("GET", "/auth/me", 401, texts::INVALID_TOKEN);
    let newer = texts::sentinel("GET", "/auth/me");
    vec![
        text(
            "sign-in-refused",
            "contract/4 N14",
            ProviderAuth,
            texts::validation_failed(&unconfirmed),
        ),
        text(
            "sign-in-refused-newer",
            "contract/4 N14 2.1/5",
            Expired,
            texts::validation_failed(&newer),
        ),
        text(
            "socket-unsigned",
            "contract/4",
            Unknown,
            "no session token stored",
        ),
    ]
}

/// Threads and turns.
fn threads() -> Vec<Text> {
    vec![
        text(
            "thread-missing",
            "contract/6 C16",
            Unknown,
            "thread thread-5f0c does not exist",
        ),
        text(
            "message-missing",
            "contract/6 C16",
            Unknown,
            "message msg_a1 not found in thread thread-5f0c",
        ),
        text("blocked", "contract/6", Unknown, texts::BLOCKED),
        text("flagged", "contract/6", Unknown, texts::FLAGGED),
        text("inference", "contract/6", Unknown, texts::INFERENCE),
    ]
}

/// Parameters, and a door that is shut.
fn parameters() -> Vec<Text> {
    vec![
        text(
            "missing-param",
            "contract/2 C22",
            Unknown,
            "missing required param 'thread_id': thread",
        ),
        text(
            "unknown-param",
            "contract/2 C22",
            Unknown,
            "unknown param 'model' for channel.web_chat",
        ),
        text(
            "wrong-type",
            "contract/2 C22",
            Unknown,
            "invalid params: invalid type: integer `5`, expected a string",
        ),
        with_status(503, text("status-503", "D07", Unknown, "upstream is down")),
    ]
}
