//! Errors in the shapes of the backend, and cross-origin headers.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::world;

const ORIGIN: &str = "http://localhost:8080";

#[tokio::test]
async fn errors_are_texts_lists_or_validations() {
    let world = world().await;
    let talk = world.thread().await;
    let unknown = "0b2e8b6a-5b4f-4a49-8f6e-0d3f6f3c6b52";
    let cases = [
        (
            "/api/v1/rooms/nope".to_owned(),
            404,
            json!("unknown room id: nope"),
        ),
        (
            format!("/api/v1/rooms/town-square/agui/{unknown}"),
            404,
            json!([format!("Unknown thread: UUID {unknown} for user <unknown>")]),
        ),
        (
            format!("/api/v1/rooms/markdown/agui/{}", talk.thread),
            400,
            json!(["Thread room ID 'town-square' does not match room ID 'markdown'"]),
        ),
        (
            format!("{}/{unknown}", talk.path()),
            404,
            json!([format!("Unknown run: UUID {unknown}")]),
        ),
        (
            "/api/user_info".to_owned(),
            404,
            json!("system in no-auth mode"),
        ),
        ("/messages/status.json".to_owned(), 404, json!("Not Found")),
        ("/api/nothing".to_owned(), 404, json!("Not Found")),
        (
            "/api/auth/commons/logout".to_owned(),
            405,
            json!("Method Not Allowed"),
        ),
    ];
    for (path, status, detail) in cases {
        let answer = world
            .call(Method::GET, world.commons(), &path, "")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(
            answer.json::<Value>().await.unwrap(),
            json!({ "detail": detail }),
            "{path}"
        );
    }
    let invalid = world.call(
        Method::GET,
        world.commons(),
        "/api/v1/rooms/town-square/agui/nope",
        "",
    );
    let invalid = invalid.send().await.unwrap();
    assert_eq!(invalid.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let body: Value = invalid.json().await.unwrap();
    assert_eq!(body["detail"][0]["loc"], json!(["path", "thread_id"]));
    let empty = world
        .call(
            Method::POST,
            world.commons(),
            "/api/v1/rooms/town-square/agui",
            "",
        )
        .send()
        .await
        .unwrap();
    assert_eq!(empty.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_run_is_refused_for_wrong_ids_missing_fields_and_a_second_start() {
    let world = world().await;
    let talk = world.thread().await;
    let mut wrong = talk.input("pace 0 hi");
    wrong["runId"] = json!(talk.thread);
    let answer = talk.post(&wrong).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.json::<Value>().await.unwrap()["detail"],
        "Invalid run input"
    );

    let mut incomplete = talk.input("pace 0 hi");
    incomplete.as_object_mut().unwrap().remove("context");
    let answer = talk.post(&incomplete).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; charset=utf-8"
    );

    assert_eq!(talk.say("pace 0 hi").await.text(), "hi");
    let answer = talk.post(&talk.input("pace 0 hi")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let expected = json!({"detail": [format!("Run already started: UUID {}", talk.run)]});
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

#[tokio::test]
async fn any_origin_is_echoed_except_on_an_unhandled_fault() {
    let world = world().await;
    for (path, status) in [
        ("/api/ok", 200),
        ("/api/v1/rooms", 401),
        ("/api/nothing", 404),
    ] {
        let answer = world
            .call(Method::GET, world.harbor(), path, "")
            .header("origin", ORIGIN)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(
            answer.headers()["access-control-allow-origin"],
            ORIGIN,
            "{path}"
        );
        assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
        assert!(
            !answer
                .headers()
                .contains_key("access-control-expose-headers")
        );
    }
    world.switch(world.harbor(), "fail?status=500").await;
    let answer = world
        .call(Method::GET, world.harbor(), "/api/ok", "")
        .header("origin", ORIGIN)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_preflight_allows_what_it_is_asked_for() {
    let world = world().await;
    let asked = "authorization,content-type,last-event-id";
    let answer = world
        .call(
            Method::OPTIONS,
            world.harbor(),
            "/api/v1/rooms/echo/agui",
            "",
        )
        .header("origin", ORIGIN)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", asked)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["access-control-allow-headers"], asked);
    assert_eq!(answer.headers()["access-control-allow-origin"], ORIGIN);
    assert_eq!(answer.headers()["access-control-max-age"], "600");
    assert!(
        answer.headers()["access-control-allow-methods"]
            .to_str()
            .unwrap()
            .contains("DELETE")
    );
}
