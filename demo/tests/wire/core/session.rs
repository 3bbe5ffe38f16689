//! The session of a core, and what needs it: sign-in, expiry, integrations, usage.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::support::{CoreWorld, lantern};

const STORE: &str = "openhuman.auth_store_session";
const CONNECTIONS: &str = "openhuman.composio_list_connections";
const USAGE: &str = "openhuman.team_get_usage";

async fn is_signed_in(core: &CoreWorld) -> bool {
    let state = core.call("openhuman.auth_get_state", json!({})).await;
    state["isAuthenticated"].as_bool().unwrap()
}

#[tokio::test]
async fn without_a_session_each_module_says_so_in_its_own_words() {
    let core = lantern().await;
    let snapshot = core.call("openhuman.app_state_snapshot", json!({})).await;
    assert_eq!(
        snapshot["auth"],
        json!({"isAuthenticated": false, "userId": null, "user": null, "profileId": null})
    );
    assert!(snapshot.get("sessionToken").is_none() && snapshot.get("currentUser").is_none());
    assert!(
        core.fault(CONNECTIONS, json!({}))
            .await
            .starts_with("composio unavailable: no backend session token")
    );
    for method in [
        USAGE,
        "openhuman.billing_get_balance",
        "openhuman.billing_get_current_plan",
    ] {
        assert!(
            core.fault(method, json!({}))
                .await
                .starts_with("no backend session token")
        );
    }
    assert_eq!(
        core.fault("openhuman.auth_get_me", json!({})).await,
        "session JWT required"
    );
    assert_eq!(
        core.fault("openhuman.socket_connect_with_session", json!({}))
            .await,
        "no session token stored"
    );
    let scopes = core
        .call(
            "openhuman.composio_get_user_scopes",
            json!({"toolkit": "gmail"}),
        )
        .await;
    assert_eq!(scopes["admin"], false);
}

#[tokio::test]
async fn a_token_that_was_confirmed_is_stored_and_can_be_read_back() {
    let core = lantern().await;
    let profile = core
        .call(STORE, json!({"token": "demo-Ann Lee", "user": {}}))
        .await;
    assert_eq!(profile["id"], "app-session:default");
    assert_eq!(profile["hasToken"], true);
    let snapshot = core.call("openhuman.app_state_snapshot", json!({})).await;
    assert_eq!(snapshot["auth"]["userId"], "u-ann.lee");
    assert_eq!(snapshot["currentUser"]["firstName"], "Ann");
    // Both are there for clients to drop.
    assert_eq!(snapshot["sessionToken"], "demo-Ann Lee");
    assert!(snapshot["localState"]["encryptionKey"].is_string());
    assert_eq!(
        core.call("openhuman.auth_get_me", json!({})).await["username"],
        "ann.lee"
    );
    assert!(core.call(USAGE, json!({})).await["remainingUsd"].is_number());
    let removed = core.call("openhuman.auth_clear_session", json!({})).await;
    assert_eq!(removed, json!({"removed": true}));
    assert!(!is_signed_in(&core).await);
}

#[tokio::test]
async fn a_refused_token_is_told_by_the_hosted_service_and_ends_the_session_that_was_there() {
    let core = lantern().await;
    core.call(STORE, json!({"token": "demo-Ann"})).await;
    let text = core.fault(STORE, json!({"token": "nonsense"})).await;
    assert!(
        text.starts_with(
            "Session validation failed (GET /auth/me): GET /auth/me failed (401 Unauthorized)"
        ),
        "{text}"
    );
    assert!(!is_signed_in(&core).await);
    assert_eq!(
        core.fault(STORE, json!({"token": " "})).await,
        "token is required"
    );
    let old = core.get("/test/token?user=Ann&seconds=-5").await;
    let text = core.fault(STORE, json!({"token": old["token"]})).await;
    assert!(text.contains("401 Unauthorized"), "{text}");
}

#[tokio::test]
async fn a_login_token_is_good_once_and_is_traded_or_opens_the_session_itself() {
    let core = lantern().await;
    let login = core.get("/test/login-token?user=Ann").await["token"].clone();
    let consume = "openhuman.auth_consume_login_token";
    let traded = core.call(consume, json!({"loginToken": login})).await;
    assert!(!is_signed_in(&core).await);
    assert!(
        core.fault(consume, json!({"loginToken": login}))
            .await
            .contains("401 Unauthorized")
    );
    core.call(STORE, json!({"token": traded["jwtToken"]})).await;
    core.call("openhuman.auth_clear_session", json!({})).await;

    let login = core.get("/test/login-token?user=Ann").await["token"].clone();
    let open = async |token: &str| {
        let address = format!("{}/auth/telegram?token={token}", core.address);
        core.client().get(address).send().await.unwrap().status()
    };
    assert_eq!(open("").await, StatusCode::BAD_REQUEST);
    assert_eq!(open(login.as_str().unwrap()).await, StatusCode::OK);
    assert!(is_signed_in(&core).await);
    assert_eq!(open(login.as_str().unwrap()).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_integration_is_connected_on_a_page_of_the_hosted_service() {
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    let toolkits = core
        .call("openhuman.composio_list_toolkits", json!({}))
        .await;
    assert!(
        toolkits["toolkits"]
            .as_array()
            .unwrap()
            .contains(&json!("gmail"))
    );
    let authorize = "openhuman.composio_authorize";
    let begun = core.call(authorize, json!({"toolkit": "gmail"})).await;
    let status =
        async || core.call(CONNECTIONS, json!({})).await["connections"][0]["status"].clone();
    assert_eq!(status().await, "INITIATED");
    let page = begun["connectUrl"].as_str().unwrap();
    let html = core
        .client()
        .get(page)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(html.contains("Allow") && html.contains("Gmail"));
    let answer = core
        .client()
        .post(page)
        .form(&[("decision", "allow")])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(status().await, "ACTIVE");
    let delete = "openhuman.composio_delete_connection";
    let id = json!({"connection_id": begun["connectionId"]});
    assert_eq!(
        core.call(delete, id.clone()).await,
        json!({"deleted": true})
    );
    assert!(core.fault(delete, id).await.starts_with(
        "[composio] delete_connection failed: Backend returned 404 Not Found for DELETE http"
    ));
    assert!(
        core.fault(authorize, json!({"toolkit": "abacus"}))
            .await
            .contains("Backend returned 400")
    );
    assert_eq!(
        core.fault(authorize, json!({"toolkit": " "})).await,
        "'toolkit' must not be empty"
    );
}

#[tokio::test]
async fn a_session_that_vanished_leaves_the_threads_and_a_dead_one_is_dropped_at_the_first_refusal()
{
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    let thread = core.thread().await;
    core.switch("vanish").await;
    assert!(!is_signed_in(&core).await);
    assert!(
        core.fault(CONNECTIONS, json!({}))
            .await
            .contains("no backend session token")
    );
    let list = core.call("openhuman.threads_list", json!({})).await;
    assert_eq!(list["threads"][0]["id"], json!(thread));

    core.switch("sign-in?user=Ann").await;
    core.switch("dead").await;
    assert!(is_signed_in(&core).await);
    let text = core.fault(USAGE, json!({})).await;
    assert!(
        text.starts_with("GET /teams/me/usage failed (401 Unauthorized)"),
        "{text}"
    );
    assert!(!is_signed_in(&core).await);
    assert!(
        core.fault(USAGE, json!({}))
            .await
            .starts_with("no backend session token")
    );
    assert_eq!(
        core.call("openhuman.threads_list", json!({})).await["count"],
        0
    );
}

#[tokio::test]
async fn a_newer_core_says_it_with_its_sentinel_and_keeps_offline_sessions() {
    let core = lantern().await;
    core.switch("generation?is=newer").await;
    core.switch("sign-in?user=Ann").await;
    core.switch("dead").await;
    let text = core.fault(CONNECTIONS, json!({})).await;
    assert!(
        text.starts_with("SESSION_EXPIRED: backend rejected session token on GET /"),
        "{text}"
    );
    assert!(!is_signed_in(&core).await);

    let offline = json!({"token": "a.b.local"});
    assert_eq!(
        core.fault(STORE, offline).await,
        "a local session needs a user"
    );
    core.call(STORE, json!({"token": "a.b.local", "user": {"_id": "me"}}))
        .await;
    let text = core.fault(USAGE, json!({})).await;
    assert!(text.starts_with("backend unavailable"), "{text}");
    core.switch("answer?method=openhuman.team_get_usage&id=sentinel&session=rule")
        .await;
    assert!(
        core.fault(USAGE, json!({}))
            .await
            .starts_with("SESSION_EXPIRED")
    );
    assert!(is_signed_in(&core).await);
}

#[tokio::test]
async fn a_restart_finds_its_session_only_after_some_reads() {
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    core.switch("restart?count=2").await;
    assert!(
        core.fault(CONNECTIONS, json!({}))
            .await
            .contains("no backend session token")
    );
    assert!(!is_signed_in(&core).await);
    assert!(is_signed_in(&core).await);
    core.switch("unreadable?ms=600000").await;
    assert!(!is_signed_in(&core).await);
    core.switch("unreadable").await;
    assert!(is_signed_in(&core).await);
}

#[tokio::test]
async fn a_hosted_service_that_fails_is_worded_by_each_module() {
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    core.switch("hosted?status=503").await;
    assert!(
        core.fault(USAGE, json!({}))
            .await
            .starts_with("GET /teams/me/usage failed (503 Service Unavailable)")
    );
    assert!(
        core.fault(CONNECTIONS, json!({}))
            .await
            .starts_with("[composio] list_connections failed: Backend returned 503")
    );
    core.switch("hosted?status=0").await;
    assert!(
        core.fault(STORE, json!({"token": "demo-Bob"}))
            .await
            .contains("client error (Connect)")
    );
    core.switch("hosted?status=200").await;
    assert!(is_signed_in(&core).await);
    let usage: Value = core.call(USAGE, json!({})).await;
    assert!(usage["cycleBudgetUsd"].is_number());
}

#[tokio::test]
async fn a_sign_in_that_is_told_to_have_worked_can_be_lost() {
    let core = lantern().await;
    core.switch("lose-store").await;
    let profile = core.call(STORE, json!({"token": "demo-Ann"})).await;
    assert_eq!(profile["hasToken"], true);
    assert!(!is_signed_in(&core).await);
    core.call(STORE, json!({"token": "demo-Ann"})).await;
    assert!(is_signed_in(&core).await);
}
