use super::*;
use crate::core::rpc::classify::Certainty;

fn answer(id: u64, rest: &Value) -> String {
    let mut answer = json!({ "jsonrpc": "2.0", "id": id });
    for (name, value) in rest.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer.to_string()
}

fn error(text: &str) -> String {
    answer(
        7,
        &json!({ "error": { "code": -32000, "message": text, "data": null } }),
    )
}

#[test]
fn a_limit_is_half_a_minute_and_stays_within_its_bounds() {
    for (ms, want) in [
        (0, 1_000),
        (999, 1_000),
        (60_000, 60_000),
        (7_200_000, 600_000),
        (u64::MAX, 600_000),
    ] {
        assert_eq!(Limit::of(ms).ms(), want, "{ms}");
    }
    assert_eq!(Call::bare("m").limit.ms(), 30_000);
    assert_eq!(Limit::default(), Limit::DEFAULT);
}

#[test]
fn ids_of_two_calls_differ_by_one() {
    let mut ids = Ids::default();
    let first = ids.next_id();
    assert_eq!(ids.next_id(), first + 1);
}

#[test]
fn a_call_has_the_form_of_json_rpc_and_prints_no_values() {
    let call = Call::new("a.b", json!({ "token": "s3cret" }))
        .within(1)
        .in_place();
    let body: Value = serde_json::from_str(&call.body(7)).unwrap();
    assert_eq!(
        body,
        json!({"jsonrpc":"2.0","id":7,"method":"a.b","params":{"token":"s3cret"}})
    );
    let printed = format!("{call:?}");
    assert!(
        !printed.contains("s3cret") && printed.contains("token"),
        "{printed}"
    );
    assert!(call.in_place && call.limit.ms() == 1_000);
}

#[test]
fn both_wrappers_come_off_and_what_was_logged_is_dropped() {
    for (result, want) in [
        (json!({"version":"1"}), json!({"version":"1"})),
        (
            json!({"result":{"a":1},"logs":["/home/ann/x"]}),
            json!({"a":1}),
        ),
        (json!({"result":null,"logs":[]}), Value::Null),
        (
            json!({"data":{"a":1},"meta":{"request_id":"r"}}),
            json!({"a":1}),
        ),
        (
            json!({"result":{"data":[1],"meta":{}},"logs":["x"]}),
            json!([1]),
        ),
        (json!({"result":1}), json!({"result":1})),
        (json!({"data":1}), json!({"data":1})),
        (
            json!({"result":1,"logs":"none"}),
            json!({"result":1,"logs":"none"}),
        ),
        (Value::Null, Value::Null),
    ] {
        let read = read(200, &answer(7, &json!({ "result": result })), 7).unwrap();
        assert_eq!(*read.value(), want);
        assert!(!format!("{read:?}").contains("ann"));
    }
}

#[test]
fn an_error_keeps_its_code_text_and_data() {
    let body = answer(
        7,
        &json!({"error":{"code":-32000,"message":"thread t does not exist","data":{"kind":"ThreadNotFound","threadId":"t"}}}),
    );
    let error = read(200, &body, 7).unwrap_err();
    assert_eq!(
        (error.kind, error.code, error.status),
        (RpcErrorKind::ThreadNotFound, Some(-32000), None)
    );
    assert_eq!(error.message.as_deref(), Some("thread t does not exist"));
    assert!(error.is_about("t") && !error.is_about("u"));
    let unnamed = RpcError::of(RpcErrorKind::ThreadNotFound);
    assert!(unnamed.is_about("t"), "one that names no thread");
    assert!(!RpcError::of(RpcErrorKind::Unknown).is_about("t"));
}

#[test]
fn what_a_server_says_against_a_call_is_not_printed() {
    let body = answer(
        7,
        &json!({"error":{"code":-32000,"message":"/home/ann is full","data":{"path":"/home/ann"}}}),
    );
    let error = read(500, &body, 7).unwrap_err();
    for printed in [format!("{error}"), format!("{error:?}")] {
        assert_eq!(printed, "Unknown (status 500)");
    }
}

#[test]
fn an_error_without_words_has_none() {
    for text in ["", "  "] {
        let error = read(200, &error(text), 7).unwrap_err();
        assert_eq!((error.kind, error.message), (RpcErrorKind::Unknown, None));
    }
    let odd = read(200, &answer(7, &json!({ "error": "no" })), 7).unwrap_err();
    assert_eq!(odd.message.as_deref(), Some("no"));
    let odd = read(200, &answer(7, &json!({ "error": 7 })), 7).unwrap_err();
    assert_eq!(odd.message, None);
}

#[test]
fn an_envelope_of_data_may_hold_an_error() {
    let body = answer(
        7,
        &json!({"result":{"data":null,"meta":{},"error":{"code":"E","message":"unknown method: x"}}}),
    );
    assert_eq!(
        read(200, &body, 7).unwrap_err().kind,
        RpcErrorKind::MethodNotFound
    );
}

#[test]
fn the_answer_to_another_call_is_none_and_says_nothing() {
    for body in [
        answer(8, &json!({ "result": 1 })),
        answer(8, &json!({"error":{"message":"Session expired"}})),
        json!({"jsonrpc":"2.0","id":null,"error":{"message":"Session expired"}}).to_string(),
        json!({"jsonrpc":"2.0","id":"7","result":1}).to_string(),
        json!({"jsonrpc":"2.0","id":7}).to_string(),
    ] {
        assert_eq!(
            read(200, &body, 7).unwrap_err().kind,
            RpcErrorKind::Malformed,
            "{body}"
        );
    }
}

#[test]
fn a_page_where_an_answer_should_be_is_never_looked_at_for_a_meaning() {
    for body in [
        "",
        "<html>Session expired</html>",
        "Session expired",
        "[]",
        "7",
        r#"{"ok":true}"#,
    ] {
        let error = read(200, body, 7).unwrap_err();
        assert_eq!(error.kind, RpcErrorKind::Malformed, "{body}");
        assert!(!error.message.unwrap().contains("expired"));
    }
}

#[test]
fn a_refusal_of_the_door_keeps_its_status() {
    let error = read(503, "back soon", 7).unwrap_err();
    assert_eq!(
        (error.kind, error.status, error.message.as_deref()),
        (RpcErrorKind::Transport, Some(503), Some("back soon"))
    );
    let error = read(
        401,
        r#"{"ok":false,"error":"unauthorized","message":"wrong bearer"}"#,
        7,
    )
    .unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_deref()),
        (RpcErrorKind::BearerRejected, Some("wrong bearer"))
    );
    assert_eq!(
        ApiError::from(error),
        ApiError::Rejected {
            status: 401,
            detail: Some("wrong bearer".into())
        }
    );
}

#[test]
fn an_answer_with_a_bad_status_counts_as_the_methods_own() {
    let error = read(401, &error("Session expired"), 7).unwrap_err();
    assert_eq!(error.kind, RpcErrorKind::AuthExpired(Certainty::Confirmed));
    assert_eq!(error.status, Some(401));
    let unsure = RpcErrorKind::AuthExpired(Certainty::Unconfirmed);
    for text in ["no", "bad token", "session jwt required"] {
        assert_eq!(
            read(401, &self::error(text), 7).unwrap_err().kind,
            unsure,
            "{text}"
        );
    }
}

#[test]
fn no_answer_in_time_names_the_call_and_its_limit() {
    let error = RpcError::late(&Call::bare("core.ping"));
    assert_eq!(error.kind, RpcErrorKind::Timeout);
    assert_eq!(
        error.message.as_deref(),
        Some("core.ping timed out after 30000ms")
    );
}

#[test]
fn a_request_without_an_answer_says_nothing_about_the_session() {
    for (error, kind) in [
        (ApiError::Network, RpcErrorKind::Transport),
        (ApiError::Timeout, RpcErrorKind::Timeout),
        (ApiError::Cancelled, RpcErrorKind::Cancelled),
        (ApiError::Unauthorized, RpcErrorKind::Transport),
        (
            ApiError::RateLimited {
                retry_after: Some(7),
            },
            RpcErrorKind::RateLimited,
        ),
    ] {
        let error = RpcError::from(error);
        assert_eq!((error.kind, error.kind.expiry()), (kind, None));
    }
}

#[test]
fn a_view_is_told_of_an_end_only_where_it_is_one() {
    let as_api = |kind| {
        ApiError::from(RpcError {
            message: Some("m".into()),
            ..RpcError::of(kind)
        })
    };
    assert_eq!(
        as_api(RpcErrorKind::AuthExpired(Certainty::Confirmed)),
        ApiError::Unauthorized
    );
    assert_eq!(
        as_api(RpcErrorKind::AuthExpired(Certainty::Unconfirmed)),
        ApiError::Rpc {
            code: 0,
            message: "m".into()
        }
    );
    assert_eq!(
        as_api(RpcErrorKind::PermissionDenied),
        ApiError::PermissionDenied {
            detail: Some("m".into())
        }
    );
    assert_eq!(as_api(RpcErrorKind::Transport), ApiError::Network);
    assert!(as_api(RpcErrorKind::Timeout).is_transient());
}
