//! The fault switches.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::world;

const ROOMS: &str = "/api/v1/rooms";

#[tokio::test]
async fn an_expired_user_is_refused_until_a_refresh() {
    let world = world().await;
    let ann = world.sign_in("Ann").await;
    let bob = world.sign_in("Bob").await;
    world.switch(world.harbor(), "expire?user=Ann").await;
    assert_eq!(
        world.status(world.harbor(), ROOMS, &ann.token).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        world.status(world.harbor(), ROOMS, &bob.token).await,
        StatusCode::OK
    );
    let fresh: Value = world
        .refresh(&ann.refresh_token)
        .await
        .json()
        .await
        .unwrap();
    let token = fresh["access_token"].as_str().unwrap();
    assert_eq!(
        world.status(world.harbor(), ROOMS, token).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn revoked_users_cannot_refresh_but_keep_their_access_token() {
    let world = world().await;
    let ann = world.sign_in("Ann").await;
    world.switch(world.harbor(), "revoke?user=ann").await;
    assert_eq!(
        world.refresh(&ann.refresh_token).await.status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        world.status(world.harbor(), ROOMS, &ann.token).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn all_tokens_can_be_refused_also_new_ones() {
    let world = world().await;
    let ann = world.sign_in("Ann").await;
    world.switch(world.harbor(), "refuse-tokens?on=1").await;
    assert_eq!(
        world.status(world.harbor(), ROOMS, &ann.token).await,
        StatusCode::UNAUTHORIZED
    );
    let fresh: Value = world
        .refresh(&ann.refresh_token)
        .await
        .json()
        .await
        .unwrap();
    let token = fresh["access_token"].as_str().unwrap();
    assert_eq!(
        world.status(world.harbor(), ROOMS, token).await,
        StatusCode::UNAUTHORIZED
    );
    world.switch(world.harbor(), "refuse-tokens?on=0").await;
    assert_eq!(
        world.status(world.harbor(), ROOMS, token).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_lifetime_of_tokens_can_be_set() {
    let world = world().await;
    world
        .switch(world.harbor(), "token-lifetime?seconds=0")
        .await;
    let ann = world.sign_in("Ann").await;
    assert!(ann.landing.contains("expires_in=0"));
    assert_eq!(
        world.status(world.harbor(), ROOMS, &ann.token).await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn so_many_answers_fail_on_that_path_only() {
    let world = world().await;
    world
        .switch(
            world.commons(),
            "fail?count=2&status=503&path=/api/v1/rooms&retry_after=7",
        )
        .await;
    assert_eq!(
        world.status(world.commons(), "/api/ok", "").await,
        StatusCode::OK
    );
    let answer = world
        .call(Method::GET, world.commons(), ROOMS, "")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(
        answer.json::<Value>().await.unwrap()["error"],
        "service_unavailable"
    );
    assert_eq!(
        world.status(world.commons(), ROOMS, "").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        world.status(world.commons(), ROOMS, "").await,
        StatusCode::OK
    );
    let stats = world.stats(world.commons()).await;
    assert_eq!(stats["api_requests"]["GET /api/v1/rooms"]["503"], 2);
    assert_eq!(stats["api_requests"]["GET /api/v1/rooms"]["200"], 1);
}

#[tokio::test]
async fn answers_can_be_delayed_and_everything_reset() {
    let world = world().await;
    world.switch(world.commons(), "delay?ms=150").await;
    let start = Instant::now();
    world.status(world.commons(), "/api/ok", "").await;
    assert!(start.elapsed() >= Duration::from_millis(150));
    world
        .switch(world.commons(), "fail?count=9&status=500")
        .await;
    world.switch(world.commons(), "reset").await;
    assert_eq!(
        world.status(world.commons(), "/api/ok", "").await,
        StatusCode::OK
    );
    assert_eq!(
        world.stats(world.commons()).await["api_requests"]["GET /api/ok"]["200"],
        1
    );
}

#[tokio::test]
async fn the_next_stream_is_cut_politely_or_rudely() {
    let world = world().await;
    for (mode, is_clean) in [("polite", true), ("rude", false)] {
        world
            .switch(world.commons(), &format!("cut?after=3&mode={mode}"))
            .await;
        let talk = world.thread().await;
        let cut = talk.say("pace 1 one two three four").await;
        assert_eq!((cut.events().len(), cut.is_clean), (3, is_clean), "{mode}");
        let rest = talk.follow(&format!("{}:2", talk.run)).await;
        assert_eq!(rest.types().last(), Some(&"RUN_FINISHED"));
    }
    assert_eq!(world.stats(world.commons()).await["runs_started"], 2);
}

#[tokio::test]
async fn a_server_can_turn_sign_in_off_and_on() {
    let world = world().await;
    world.switch(world.harbor(), "auth-mode?mode=none").await;
    assert_eq!(
        world.status(world.harbor(), ROOMS, "").await,
        StatusCode::OK
    );
    let answer = world
        .call(Method::GET, world.harbor(), "/api/login", "")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), serde_json::json!({}));
    world.switch(world.harbor(), "auth-mode?mode=oidc").await;
    assert_eq!(
        world.status(world.harbor(), ROOMS, "").await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_token_endpoint_can_fail_hang_and_lose_its_answer() {
    let world = world().await;
    let ann = world.sign_in("Ann").await;
    world
        .switch(
            world.harbor(),
            "token-endpoint?status=429&count=1&retry_after=5",
        )
        .await;
    let busy = world.refresh(&ann.refresh_token).await;
    assert_eq!(busy.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(busy.headers()["retry-after"], "5");

    world
        .switch(world.harbor(), "token-endpoint?hang=120")
        .await;
    let start = Instant::now();
    let fresh: Value = world
        .refresh(&ann.refresh_token)
        .await
        .json()
        .await
        .unwrap();
    assert!(start.elapsed() >= Duration::from_millis(120));

    world
        .switch(world.harbor(), "token-endpoint?hang=0&lose=1")
        .await;
    let newer = fresh["refresh_token"].as_str().unwrap();
    assert!(world.refresh(newer).await.bytes().await.is_err());
    assert_eq!(world.refresh(newer).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_page_from_elsewhere_cannot_reach_the_switches() {
    let world = world().await;
    let path = format!("{}/test/reset", world.commons());
    let answer = world
        .client
        .post(path)
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_token_that_was_issued_is_listed_until_a_reset() {
    let world = world().await;
    let ann = world.sign_in("Ann").await;
    let fresh: Value = world
        .refresh(&ann.refresh_token)
        .await
        .json()
        .await
        .unwrap();
    let address = format!("{}/test/tokens", world.harbor());
    let listed = async || -> Vec<String> {
        let answer = world.client.get(&address).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let tokens = listed().await;
    assert_eq!(tokens.len(), 6);
    let refreshed = fresh["refresh_token"].as_str().unwrap();
    for token in [ann.token.as_str(), &ann.refresh_token, refreshed] {
        assert!(tokens.iter().any(|listed| listed == token));
    }
    world.switch(world.harbor(), "reset").await;
    assert!(listed().await.is_empty());
}

#[tokio::test]
async fn bodies_can_be_garbled_with_any_status() {
    let world = world().await;
    let ann = world.sign_in("Ann").await;
    let rooms = format!("{}{ROOMS}", world.harbor());
    let ask = async || {
        let request = world.client.get(&rooms).bearer_auth(&ann.token);
        request.send().await.unwrap()
    };
    for (kind, status, text) in [
        ("array", 200, "[]"),
        ("empty", 200, ""),
        ("half", 200, "{\"access_"),
    ] {
        let switch = format!("fail?status={status}&body={kind}");
        world.switch(world.harbor(), &switch).await;
        let answer = ask().await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.text().await.unwrap(), text);
    }
    world
        .switch(world.harbor(), "fail?status=502&body=html")
        .await;
    let answer = ask().await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert!(answer.text().await.unwrap().contains("<h1>Welcome"));
    world
        .switch(world.harbor(), "fail?status=200&body=cut")
        .await;
    assert!(ask().await.text().await.is_err());
    world
        .switch(world.harbor(), "token-endpoint?status=200&body=array")
        .await;
    let garbled = world.refresh(&ann.refresh_token).await;
    assert_eq!(garbled.text().await.unwrap(), "[]");
    assert_eq!(
        world.refresh(&ann.refresh_token).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_portal_answers_everything_with_a_page_and_leaves_the_session_alone() {
    let world = world().await;
    let ann = world.sign_in("Ann").await;
    world.switch(world.harbor(), "portal?on=1").await;
    let refreshed = world.refresh(&ann.refresh_token).await;
    assert_eq!(refreshed.status(), StatusCode::OK);
    assert!(refreshed.text().await.unwrap().contains("<h1>Welcome"));
    world.switch(world.harbor(), "portal?on=0").await;
    assert_eq!(
        world.refresh(&ann.refresh_token).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_server_answers_below_base_paths_too() {
    let world = world().await;
    let address = format!("{}/s/17/api/v1/installation/identity", world.harbor());
    let answer: Value = world
        .client
        .get(address)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["name"], "Harbor");
}
