use serde_json::json;

use super::*;

#[test]
fn an_address_is_taken_with_and_without_the_place_of_the_calls() {
    for (typed, want) in [
        ("http://127.0.0.1:7788/rpc", "http://127.0.0.1:7788"),
        (" http://127.0.0.1:7788/rpc/ ", "http://127.0.0.1:7788"),
        ("https://core.example/", "https://core.example"),
        ("https://core.example/a/rpc", "https://core.example/a"),
        ("https://core.example/rpcx", "https://core.example/rpcx"),
    ] {
        assert_eq!(base(typed), want);
    }
}

#[test]
fn a_call_is_posted_with_its_limit_and_no_bearer() {
    let request = request(&Call::bare("core.ping").within(5_000), 3);
    assert_eq!(
        (request.verb, request.path.as_str(), request.timeout),
        (Verb::Post, "/rpc", 5_000)
    );
    let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({"jsonrpc":"2.0","id":3,"method":"core.ping","params":null})
    );
}

#[test]
fn a_core_is_known_by_its_name() {
    let body =
        r#"{"name":"openhuman","ok":true,"api_server":"https://api.example","endpoints":{}}"#;
    assert!(is_core(body));
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"name":"OpenHuman"}"#,
        r#"{"name":"other","ok":true}"#,
    ] {
        assert!(!is_core(body), "{body}");
    }
}

#[test]
fn links_of_another_app_leave_their_text() {
    for (text, want) in [
        (
            r#"Top up <openhuman-link path="/billing">here</openhuman-link>."#,
            "Top up here.",
        ),
        ("a < b and <b>bold</b>", "a < b and <b>bold</b>"),
        (
            "<openhuman-link never closed",
            "<openhuman-link never closed",
        ),
        ("ä<", "ä<"),
        ("", ""),
    ] {
        assert_eq!(without_pseudo_links(text), want);
    }
}
