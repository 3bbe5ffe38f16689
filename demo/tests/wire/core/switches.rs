//! Failures on demand, the bearer, counters and the journal.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::support::lantern;

const PING: &str = "core.ping";

#[tokio::test]
async fn every_listed_text_can_be_answered_by_any_method() {
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    let texts = core.get("/test/texts").await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "openhuman.threads_list", "params": {}});
    for text in texts.as_array().unwrap() {
        let id = text["id"].as_str().unwrap();
        core.switch(&format!("answer?method=openhuman.threads_list&id={id}"))
            .await;
        let answer = core.post(&call).await;
        let expected = text["status"].as_u64().unwrap_or(200);
        assert_eq!(u64::from(answer.status().as_u16()), expected, "{id}");
        if expected == 200 {
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(
                (&answer["error"]["message"], &answer["error"]["data"]),
                (&text["text"], &text["data"]),
                "{id}"
            );
        } else {
            assert_eq!(
                answer.text().await.unwrap(),
                text["text"].as_str().unwrap(),
                "{id}"
            );
        }
    }
    // The texts alone do nothing.
    let state = core.call("openhuman.auth_get_state", json!({})).await;
    assert_eq!(state["isAuthenticated"], true);
}

#[tokio::test]
async fn a_text_can_have_the_consequences_it_would_have_in_a_core() {
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    let is_signed_in = async || {
        let state = core.call("openhuman.auth_get_state", json!({})).await;
        state["isAuthenticated"].as_bool().unwrap()
    };
    core.switch("answer?method=core.ping&id=no-session&session=rule")
        .await;
    core.fault(PING, json!({})).await;
    assert!(is_signed_in().await);
    core.switch("answer?method=core.ping&id=invalid-token&session=rule")
        .await;
    core.fault(PING, json!({})).await;
    assert!(!is_signed_in().await);
}

#[tokio::test]
async fn the_next_answers_can_be_broken_slow_or_of_another_status() {
    let core = lantern().await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": PING});
    core.switch("answer?method=*&status=503&text=busy&count=2")
        .await;
    for _ in 0..2 {
        assert_eq!(
            core.post(&call).await.status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
    assert_eq!(core.post(&call).await.status(), StatusCode::OK);
    core.switch("answer?method=core.ping&raw=%7B%7D").await;
    assert_eq!(core.post(&call).await.text().await.unwrap(), "{}");
    core.switch("answer?method=core.ping&body=html").await;
    assert!(
        core.post(&call)
            .await
            .text()
            .await
            .unwrap()
            .starts_with("<!doctype html>")
    );
    core.switch("answer?method=core.ping&text=no&data=%7B%22kind%22%3A%22ThreadNotFound%22%7D")
        .await;
    assert_eq!(
        core.raw(PING, json!({})).await["error"]["data"]["kind"],
        "ThreadNotFound"
    );
    core.switch("answer?method=core.ping&delay=600000").await;
    let slow = tokio::time::timeout(std::time::Duration::from_millis(200), core.post(&call)).await;
    assert!(slow.is_err());
    assert_eq!(core.call(PING, json!({})).await["ok"], true);
    core.switch("answer?method=/health&status=500").await;
    let address = format!("{}/health", core.address);
    assert_eq!(
        core.client().get(&address).send().await.unwrap().status(),
        500
    );
}

#[tokio::test]
async fn a_late_answer_is_that_of_an_earlier_moment() {
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    let method = "openhuman.auth_get_state";
    core.switch(&format!("answer?method={method}&late=400"))
        .await;
    let clear = async {
        loop {
            let stats = core.get("/test/stats").await;
            if stats["calls"][method]["ok"] == 1 {
                return core.call("openhuman.auth_clear_session", json!({})).await;
            }
        }
    };
    let (late, _) = tokio::join!(core.call(method, json!({})), clear);
    assert_eq!(late["isAuthenticated"], true);
    assert_eq!(core.call(method, json!({})).await["isAuthenticated"], false);
}

#[tokio::test]
async fn an_older_core_lacks_methods() {
    let core = lantern().await;
    core.switch("without?prefix=openhuman.composio_").await;
    let method = "openhuman.composio_list_connections";
    assert_eq!(
        core.fault(method, json!({})).await,
        format!("unknown method: {method}")
    );
    core.switch("without?prefix=openhuman.composio_&on=0").await;
    assert!(
        core.fault(method, json!({}))
            .await
            .contains("no backend session token")
    );
}

#[tokio::test]
async fn a_rotated_bearer_refuses_every_call_until_the_new_one_is_known() {
    let mut core = lantern().await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": PING});
    core.switch("bearer?token=another").await;
    assert_eq!(core.post(&call).await.status(), StatusCode::UNAUTHORIZED);
    core.bearer = "another".to_owned();
    assert_eq!(core.post(&call).await.status(), StatusCode::OK);
    core.switch("bearer").await;
    assert_eq!(core.post(&call).await.status(), StatusCode::UNAUTHORIZED);
    core.switch("bearer?token=another").await;
    core.switch("reset").await;
    assert_eq!(
        core.get("/test/stats").await["bearer"],
        "lantern-demo-bearer"
    );
}

#[tokio::test]
async fn calls_are_counted_and_written_down_without_tokens() {
    let core = lantern().await;
    core.call("openhuman.auth_store_session", json!({"token": "demo-Ann"}))
        .await;
    core.call(PING, json!({})).await;
    core.fault("core.nope", json!({})).await;
    let _listener = core.listen("c-1").await;
    let stats = core.get("/test/stats").await;
    assert_eq!(stats["calls"][PING]["ok"], 1);
    assert_eq!(stats["calls"]["core.nope"]["error"], 1);
    assert_eq!(stats["calls"]["GET /events"]["http 200"], 1);
    assert_eq!(stats["open_streams"], 1);
    assert_eq!(stats["user"], "u-ann");
    let journal = core.get("/test/journal").await;
    assert_eq!(journal[0]["method"], "openhuman.auth_store_session");
    assert!(!journal.to_string().contains("demo-Ann"));
    let later = core.get("/test/journal?since=2").await;
    assert_eq!(later[0]["text"], "unknown method: core.nope");
}

#[tokio::test]
async fn a_page_of_another_origin_has_no_switches() {
    let core = lantern().await;
    let answer = core
        .client()
        .post(format!("{}/test/vanish", core.address))
        .header("origin", "https://elsewhere.example")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_thread_of_any_length_can_be_made() {
    let core = lantern().await;
    let answer = core
        .client()
        .post(format!("{}/test/seed?messages=5&title=Long", core.address))
        .send()
        .await
        .unwrap();
    let thread: Value = answer.json().await.unwrap();
    let messages = core.call("openhuman.threads_messages_list", thread).await;
    assert_eq!(messages["count"], 5);
    assert_eq!(messages["messages"][1]["sender"], "agent");
}
