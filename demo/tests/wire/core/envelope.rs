//! HTTP and the envelope: public paths, bearer, bodies that cannot be read, wrappers, parameters.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::lantern;
use crate::support::world;

#[tokio::test]
async fn a_core_is_known_by_its_name_and_tells_its_methods_to_anybody() {
    let core = lantern().await;
    assert_eq!(core.get("/").await["name"], "openhuman");
    assert_eq!(core.get("/health").await, json!({"ok": true}));
    let schema = core.get("/schema").await;
    let names: Vec<_> = schema["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method["method"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted() && names.contains(&"openhuman.channel_web_chat"));
    let delete = schema["methods"]
        .as_array()
        .unwrap()
        .iter()
        .find(|method| method["method"] == "openhuman.threads_delete")
        .unwrap();
    assert_eq!(delete["inputs"][0]["name"], "thread_id");
    assert_eq!(delete["inputs"][0]["ty"], "String");
    assert_eq!(delete["namespace"], "threads");
}

#[tokio::test]
async fn everything_else_needs_the_bearer_to_the_letter() {
    let core = lantern().await;
    let ask = async |method: Method, path: &str, authorization: Option<String>| {
        let mut request = core
            .client()
            .request(method, format!("{}{path}", core.address));
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        request
            .header(ORIGIN, "https://app.example")
            .send()
            .await
            .unwrap()
    };
    for (path, authorization) in [
        ("/rpc", None),
        ("/rpc", Some("Bearer wrong".to_owned())),
        ("/rpc", Some(format!("bearer {}", core.bearer))),
        (
            "/rpc",
            Some(format!("Bearer {} ", core.bearer.to_uppercase())),
        ),
        ("/nowhere", None),
        ("/health/", None),
    ] {
        let answer = ask(Method::POST, path, authorization).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            (&body["ok"], &body["error"]),
            (&json!(false), &json!("unauthorized"))
        );
    }
    let bearer = || Some(format!("Bearer {}", core.bearer));
    let answer = ask(Method::GET, "/nowhere", bearer()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "not_found");
    let answer = ask(Method::GET, "/rpc", bearer()).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    let answer = ask(Method::OPTIONS, "/rpc", None).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let headers = answer.headers();
    assert_eq!(
        headers["access-control-allow-methods"],
        "GET, POST, OPTIONS"
    );
    assert_eq!(
        headers["access-control-allow-headers"],
        "Content-Type, Authorization"
    );
    assert_eq!(headers["access-control-max-age"], "86400");
    assert!(headers.get("access-control-allow-credentials").is_none());
}

#[tokio::test]
async fn the_bearer_of_one_core_does_not_drive_the_other() {
    let world = world().await;
    let [(_, _, first), (_, address, second)] = &world.running.cores[..] else {
        panic!("two cores");
    };
    for (bearer, expected) in [(first, StatusCode::UNAUTHORIZED), (second, StatusCode::OK)] {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "core.ping"});
        let answer = world
            .client
            .post(format!("{address}/rpc"))
            .header(AUTHORIZATION, format!("Bearer {bearer}"))
            .json(&call)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), expected);
    }
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_before_any_method() {
    let core = lantern().await;
    let long = format!("\"{}\"", "x".repeat(2_200_000));
    let cases = [
        ("{", "application/json", 400),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"core.ping\"}",
            "text/plain",
            415,
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"method\":\"core.ping\"}",
            "application/json",
            422,
        ),
        ("[]", "application/json", 422),
        (long.as_str(), "application/json", 413),
    ];
    for (body, kind, status) in cases {
        let answer = core
            .client()
            .post(format!("{}/rpc", core.address))
            .header(AUTHORIZATION, format!("Bearer {}", core.bearer))
            .header(CONTENT_TYPE, kind)
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap();
        assert!(kind.starts_with("text/plain"), "{kind}");
    }
}

#[tokio::test]
async fn a_method_that_fails_answers_200_with_one_code_and_no_data() {
    let core = lantern().await;
    let answer = core.raw("core.nope", json!({})).await;
    assert_eq!(
        answer["error"],
        json!({"code": -32000, "message": "unknown method: core.nope", "data": null})
    );
    let cases = [
        (
            "openhuman.threads_list",
            json!([]),
            "invalid params: expected object or null, got array",
        ),
        (
            "openhuman.threads_messages_list",
            json!({}),
            "missing required param 'thread_id': thread",
        ),
        (
            "openhuman.threads_list",
            json!({"x": 1}),
            "unknown param 'x' for threads.list",
        ),
        (
            "openhuman.app_state_snapshot",
            json!({"x": 1}),
            "unknown param 'x' for app_state.snapshot",
        ),
    ];
    for (method, params, expected) in cases {
        assert_eq!(core.fault(method, params).await, expected);
    }
    let text = core
        .fault("openhuman.threads_messages_list", json!({"thread_id": 5}))
        .await;
    assert!(
        text.starts_with("invalid params: invalid type: integer"),
        "{text}"
    );
    let answer = core.raw("core.ping", json!({"anything": [1]})).await;
    assert_eq!(answer["result"], json!({"ok": true}));
}

#[tokio::test]
async fn each_method_has_its_wrapper() {
    let core = lantern().await;
    for method in ["core.version", "openhuman.config_resolve_api_url"] {
        let result = &core.raw(method, Value::Null).await["result"];
        assert!(result.get("logs").is_none(), "{method}");
    }
    for method in [
        "openhuman.app_state_snapshot",
        "openhuman.auth_get_state",
        "openhuman.health_snapshot",
    ] {
        let result = &core.raw(method, Value::Null).await["result"];
        assert!(result["logs"].is_array(), "{method}");
        assert!(result["result"].is_object(), "{method}");
    }
    let result = &core.raw("openhuman.threads_list", json!({})).await["result"];
    assert_eq!(result["meta"]["counts"]["num_threads"], 0);
    assert!(result["meta"]["request_id"].is_string());
    assert_eq!(result["data"], json!({"threads": [], "count": 0}));
}
