//! The code flow, refreshing, signing out.

use reqwest::header::COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::{RETURN_TO, landed, location, world};

#[tokio::test]
async fn tokens_land_in_the_fragment_and_open_the_server() {
    let world = world().await;
    let providers: Value = world
        .call(Method::GET, world.harbor(), "/api/login", "")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(providers["harbor"]["server_url"], world.issuer());
    assert_eq!(
        world.status(world.harbor(), "/api/v1/rooms", "").await,
        StatusCode::UNAUTHORIZED
    );

    let session = world.sign_in("Ann Lee").await;
    assert!(
        session.landing.starts_with(&format!("{RETURN_TO}#?token=")),
        "{}",
        session.landing
    );
    let names: Vec<_> = landed(&session.landing)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["token", "refresh_token", "expires_in", "id_token"]);
    assert_eq!(
        world
            .status(world.harbor(), "/api/v1/rooms", &session.token)
            .await,
        StatusCode::OK
    );

    let answer = world
        .call(
            Method::GET,
            world.harbor(),
            "/api/user_info",
            &session.token,
        )
        .send()
        .await
        .unwrap();
    let profile: Value = answer.json().await.unwrap();
    assert_eq!(profile["preferred_username"], "ann.lee");
    assert_eq!(profile["azp"], "enfilade-harbor");
    assert_eq!(profile["iss"], world.issuer());
}

#[tokio::test]
async fn tokens_of_an_older_server_land_in_the_query_without_an_id_token() {
    let world = world().await;
    world.switch(world.harbor(), "delivery?mode=query").await;
    let session = world.sign_in("Ann").await;
    assert!(
        session.landing.starts_with(&format!("{RETURN_TO}?token=")),
        "{}",
        session.landing
    );
    assert!(!session.landing.contains("id_token"));
    assert_eq!(
        world
            .status(world.harbor(), "/api/v1/rooms", &session.token)
            .await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn tokens_of_one_server_do_not_open_another() {
    let world = world().await;
    let session = world.sign_in("Ann").await;
    let meadow = world.running.servers[1].1.clone();
    assert_eq!(
        world.status(&meadow, "/api/v1/rooms", &session.token).await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_second_sign_in_goes_straight_through_unless_a_login_is_asked_for() {
    let world = world().await;
    let session = world.sign_in("Ann").await;
    let visit = async |more: &str| {
        let (authorize, _) = world.begin(more).await;
        world
            .client
            .get(authorize)
            .header(COOKIE, &session.provider_cookie)
            .send()
            .await
            .unwrap()
    };
    let answer = visit("").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(location(&answer).contains("code="));
    assert_eq!(visit("&prompt=login").await.status(), StatusCode::OK);
    world
        .switch(world.harbor(), "revoke?user=Ann&session=1")
        .await;
    assert_eq!(visit("").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_callback_needs_its_session_and_is_good_once() {
    let world = world().await;
    let (authorize, session) = world.begin("").await;
    let (address, _) = world.type_name(&authorize, "Ann").await;

    let without = world.client.get(&address).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::BAD_REQUEST);
    let body: Value = without.json().await.unwrap();
    assert_eq!(body["detail"], "no return_to stored in session");

    let (_, other_session) = world.begin("").await;
    assert_eq!(
        world.callback(&address, &other_session).await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        world.callback(&address, &session).await.status(),
        StatusCode::TEMPORARY_REDIRECT
    );
    assert_eq!(
        world.callback(&address, &session).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_cancelled_sign_in_ends_at_the_server() {
    let world = world().await;
    let (authorize, session) = world.begin("").await;
    let page = world
        .client
        .get(&authorize)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let cancel = page
        .split("<a href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    assert!(cancel.contains("error=access_denied"));
    assert_eq!(
        world.callback(&cancel, &session).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_dev_proxy_is_seen_through() {
    let world = world().await;
    let answer = world
        .client
        .get(format!(
            "{}/api/login/harbor?return_to=%2Fauth%2Fcallback%2Ff",
            world.harbor()
        ))
        .header("x-forwarded-host", "localhost:8080")
        .send()
        .await
        .unwrap();
    let authorize = location(&answer);
    assert!(
        authorize.contains("redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fapi%2Fauth%2Fharbor"),
        "{authorize}"
    );
    let (callback, _) = world.type_name(&authorize, "Ann").await;
    assert!(
        callback.starts_with("http://localhost:8080/api/auth/harbor?"),
        "{callback}"
    );
}

#[tokio::test]
async fn a_return_address_elsewhere_is_refused() {
    let world = world().await;
    for bad in [
        "https%3A%2F%2Fevil.example%2F",
        "javascript%3Aalert(1)",
        "http%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
    ] {
        let path = format!("/api/login/harbor?return_to={bad}");
        let answer = world
            .call(Method::GET, world.harbor(), &path, "")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["detail"], "authn bad request");
    }
    let unknown = world
        .status(world.harbor(), "/api/login/other?return_to=%2F", "")
        .await;
    assert_eq!(unknown, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_family() {
    let world = world().await;
    let session = world.sign_in("Ann").await;
    let first: Value = world
        .refresh(&session.refresh_token)
        .await
        .json()
        .await
        .unwrap();
    let newer = first["refresh_token"].as_str().unwrap();
    assert_ne!(newer, session.refresh_token);
    let token = first["access_token"].as_str().unwrap();
    assert_eq!(
        world.status(world.harbor(), "/api/v1/rooms", token).await,
        StatusCode::OK
    );

    let reuse = world.refresh(&session.refresh_token).await;
    assert_eq!(reuse.status(), StatusCode::BAD_REQUEST);
    let body: Value = reuse.json().await.unwrap();
    assert_eq!(body["error"], "invalid_grant");
    assert_eq!(world.refresh(newer).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        world.stats(world.harbor()).await["token_requests"]["refresh_token"],
        3
    );
}

#[tokio::test]
async fn discovery_names_endpoints_of_its_own_origin_to_any_page() {
    let world = world().await;
    let url = format!("{}/.well-known/openid-configuration", world.issuer());
    let answer = world
        .client
        .get(url)
        .header("origin", "http://localhost:8080")
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "http://localhost:8080"
    );
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["issuer"], world.issuer());
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "end_session_endpoint",
        "revocation_endpoint",
    ] {
        assert!(
            document[name]
                .as_str()
                .unwrap()
                .starts_with(&world.issuer()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_end_of_a_session_goes_back_to_the_app_and_ends_its_tokens() {
    let world = world().await;
    let session = world.sign_in("Ann").await;
    let url = format!(
        "{}/logout?post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A8080&client_id=enfilade-harbor",
        world.issuer()
    );
    let answer = world
        .client
        .get(url)
        .header(COOKIE, &session.provider_cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&answer), "http://localhost:8080/");
    assert_eq!(
        world.refresh(&session.refresh_token).await.status(),
        StatusCode::BAD_REQUEST
    );
}
