use serde_json::json;

use super::*;
use RpcErrorKind as Kind;

const SURE: Kind = Kind::AuthExpired(Certainty::Confirmed);
const UNSURE: Kind = Kind::AuthExpired(Certainty::Unconfirmed);

fn said(text: &str) -> Kind {
    classify(&Failure::said(Origin::Handler, text))
}

fn at_the_door(status: u16, text: &str) -> Kind {
    classify(&Failure {
        status: Some(status),
        ..Failure::said(Origin::Door, text)
    })
}

#[test]
fn a_thread_that_is_gone_comes_before_everything_and_only_in_this_spelling() {
    let kind = |data: &Value, status| {
        classify(&Failure {
            status,
            data: Some(data),
            ..Failure::said(Origin::Handler, "Session expired")
        })
    };
    let data = json!({ "kind": "ThreadNotFound" });
    assert_eq!(kind(&data, None), Kind::ThreadNotFound);
    assert_eq!(kind(&data, Some(401)), Kind::ThreadNotFound);
    for other in [
        json!({"kind":"threadNotFound"}),
        json!("ThreadNotFound"),
        json!([]),
    ] {
        assert_eq!(kind(&other, None), SURE, "{other}");
    }
    assert_eq!(
        said("thread thread-5f0c does not exist"),
        Kind::ThreadNotFound
    );
    assert_eq!(said("thread 7 not found"), Kind::ThreadNotFound);
    assert_eq!(said("thread of the story was not found"), Kind::Unknown);
    assert_eq!(said("tool: thread 7 not found"), Kind::Unknown);
}

#[test]
fn the_bearer_of_the_process_is_a_fault_of_configuration() {
    let body = r#"{"ok":false,"error":"unauthorized","message":"missing or wrong bearer"}"#;
    assert_eq!(at_the_door(401, body), Kind::BearerRejected);
    for text in [
        "Session expired",
        "SESSION_EXPIRED: x",
        "GET /x failed (401 Unauthorized)",
    ] {
        let body = json!({"ok":false,"error":"unauthorized","message":text}).to_string();
        assert_eq!(at_the_door(401, &body), Kind::BearerRejected, "{text}");
    }
}

#[test]
fn another_401_of_the_door_is_looked_into() {
    for body in [
        "",
        "<html>401 Authorization Required</html>",
        "Session expired",
        "{}",
        r#"{"error":"unauthorized"}"#,
    ] {
        assert_eq!(at_the_door(401, body), UNSURE, "{body}");
    }
}

#[test]
fn a_status_of_the_door_has_its_kind() {
    for (status, body, kind) in [
        (429, "Session expired", Kind::RateLimited),
        (403, "no", Kind::PermissionDenied),
        (
            404,
            r#"{"ok":false,"error":"not_found","message":"no such path"}"#,
            Kind::Unknown,
        ),
        (404, "<html>not found</html>", Kind::Unknown),
        (500, r#"{"ok":false,"error":"server_error"}"#, Kind::Unknown),
        (502, "<html>", Kind::Transport),
        (503, "back soon", Kind::Transport),
        (504, "", Kind::Transport),
        (502, "Session expired. Sign in to the proxy", UNSURE),
        (413, "length limit exceeded", Kind::Unknown),
    ] {
        assert_eq!(at_the_door(status, body), kind, "{status} {body}");
    }
}

#[test]
fn a_method_that_is_not_there_is_told_by_its_prefix() {
    assert_eq!(said("unknown method: openhuman.x"), Kind::MethodNotFound);
    assert_eq!(said("tool failed: unknown method: x"), Kind::Unknown);
    assert_eq!(said("Unknown method: x"), Kind::Unknown);
    let coded = Failure {
        code: Some(-32601),
        ..Failure::said(Origin::Handler, "Method not found")
    };
    assert_eq!(classify(&coded), Kind::MethodNotFound);
}

#[test]
fn words_that_only_an_end_begins_with_are_sure() {
    for text in [
        "Session expired. Please log in again.",
        "session expired",
        "  Session Expired",
        "SESSION_EXPIRED",
        "SESSION_EXPIRED: backend rejected session token on GET /auth/me",
        "GET /teams failed (401 Unauthorized): {}",
        "POST /a/b failed (401 Unauthorized)",
        "PUT /a: 401 unauthorized",
        "DELETE  /a - HTTP/1.1 401 Unauthorized",
        "PATCH /teams/500/members failed (401 Unauthorized)",
    ] {
        assert_eq!(said(text), SURE, "{text}");
    }
}

#[test]
fn the_same_words_further_in_are_looked_into() {
    for text in [
        "call failed: Session expired. Please log in again.",
        "OpenHuman API error (500): {\"error\":\"Session expired\"}",
        "[composio] list failed: SESSION_EXPIRED: x",
        "session_expired",
        "SESSION_EXPIRED_TOKEN refused by the vendor",
        "composio unavailable: no backend session token, please sign in",
        "no backend session token; run `openhuman login`",
        "NO BACKEND SESSION TOKEN",
        "no session token stored",
        "session JWT required",
        "SESSION JWT REQUIRED",
        "backend rejected session token on GET /auth/me",
        "GET /teams failed (401): who is unauthorized",
        r#"OpenHuman API error (401 Unauthorized): {"success":false,"error":"Invalid token"}"#,
        r#"OpenHuman streaming API error (401 Unauthorized): {"error":"Invalid token"}"#,
        r#"Embedding API error (401 Unauthorized): {"error":"Invalid token"}"#,
        r#"{"errorCode":"TOKEN_EXPIRED"}"#,
    ] {
        assert_eq!(said(text), UNSURE, "{text}");
    }
}

#[test]
fn half_of_a_hosted_refusal_is_none() {
    for (text, kind) in [
        (
            "OpenHuman API error (401 Unauthorized): no",
            Kind::ProviderAuth,
        ),
        (
            r#"OpenHuman API error (500): {"error":"Invalid token"}"#,
            Kind::ProviderAuth,
        ),
        (
            r#"x OpenHuman API error (401): {"error":"Invalid token"}"#,
            Kind::ProviderAuth,
        ),
        (
            r#"OpenHuman API error (401): {"error":"invalid Token"}"#,
            Kind::ProviderAuth,
        ),
        ("OpenHuman API error (401", Kind::Unknown),
    ] {
        assert_eq!(said(text), kind, "{text}");
    }
}

#[test]
fn a_path_counts_only_after_a_verb_and_with_401_as_its_first_status() {
    for text in [
        "HEAD /a failed (401 Unauthorized)",
        "OPTIONS /a failed (401 Unauthorized)",
        "get /a failed (401 Unauthorized)",
        "GETS /a failed (401 Unauthorized)",
        "GET a failed (401 Unauthorized)",
        "tool said: GET /a failed (401 Unauthorized)",
        "POST /v1/audio failed (500 Internal Server Error): 401 Unauthorized: Invalid API key",
        "GET /a/401 failed (403 Forbidden): unauthorized, 401",
    ] {
        assert_eq!(said(text), Kind::ProviderAuth, "{text}");
    }
    assert_eq!(
        said("GET /a/4015 failed: unauthorized"),
        Kind::Unknown,
        "a number of its own"
    );
    assert_eq!(
        said("GET /a failed (403 Forbidden)"),
        Kind::PermissionDenied
    );
    assert_eq!(said("GET /401unauthorized"), Kind::ProviderAuth);
}

#[test]
fn what_is_left_has_the_kind_of_its_row() {
    for (text, kind) in [
        ("Discord API error (401): Unauthorized", Kind::ProviderAuth),
        ("unauthorized, said the 401", Kind::ProviderAuth),
        ("Invalid Token", Kind::ProviderAuth),
        ("bad token", Kind::ProviderAuth),
        ("401", Kind::Unknown),
        ("unauthorized", Kind::Unknown),
        ("HTTP 429 rate-limit exceeded", Kind::RateLimited),
        ("429: RateLimit", Kind::RateLimited),
        ("rate limit, see 429", Kind::Unknown),
        ("rate limit 429 rate limit", Kind::RateLimited),
        ("Budget exceeded for this cycle", Kind::BudgetExceeded),
        ("Insufficient budget: top up", Kind::BudgetExceeded),
        ("openhuman.x timed out after 30000ms", Kind::Timeout),
        ("operation timed out after 30s", Kind::Transport),
        ("timed out after ms", Kind::Transport),
        (
            "error sending request for url: client error (Connect): operation timed out",
            Kind::Transport,
        ),
        ("client error (Connect)", Kind::Transport),
        ("ECONNREFUSED", Kind::Transport),
        ("message m not found in thread t", Kind::Unknown),
        ("missing required param 'thread_id': x", Kind::Unknown),
        (
            "invalid params: expected object or null, got array",
            Kind::Unknown,
        ),
        ("a bird in the hand", Kind::Unknown),
        ("", Kind::Unknown),
    ] {
        assert_eq!(said(text), kind, "{text}");
    }
}

#[test]
fn only_the_method_itself_can_be_sure() {
    for text in [
        "Session expired",
        "SESSION_EXPIRED: x",
        "GET /a failed (401 Unauthorized)",
    ] {
        for origin in [Origin::Door, Origin::Stream, Origin::Here] {
            assert_eq!(
                classify(&Failure::said(origin, text)),
                UNSURE,
                "{origin:?} {text}"
            );
        }
    }
}

#[test]
fn what_lies_beyond_the_part_that_is_looked_at_is_not_seen() {
    let text = format!("{}session jwt required", "ä".repeat(LOOKED_AT / 2));
    assert_eq!(said(&text), Kind::Unknown);
    assert_eq!(
        said(&format!("ä{}", "ä".repeat(LOOKED_AT))),
        Kind::Unknown,
        "cut within a letter"
    );
    let text = format!("{} session jwt required", "ä".repeat(100));
    assert_eq!(said(&text), UNSURE);
}
