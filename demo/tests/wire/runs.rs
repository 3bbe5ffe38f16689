//! Streams, resuming, stored events, and what surrounds a run.

use std::time::Duration;

use axum::Json;
use enfilade_demo::Options;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Frame, Streamed, World, read, read_while, world, world_with};

#[tokio::test]
async fn a_run_streams_numbered_events_in_order() {
    let world = world().await;
    let talk = world.thread().await;
    let answer = talk.post(&talk.input("pace 1 hello there world")).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-cache, no-store");
    let stream = read(answer).await;
    for (index, (id, _)) in stream.events().iter().enumerate() {
        assert_eq!(*id, format!("{}:{index}", talk.run));
    }
    assert_eq!(stream.text(), "hello there world");
    let types = stream.types();
    assert_eq!(types[..2], ["RUN_STARTED", "TEXT_MESSAGE_START"]);
    assert_eq!(
        types[types.len() - 3..],
        ["TEXT_MESSAGE_END", "STATE_SNAPSHOT", "RUN_FINISHED"]
    );
    let snapshot = stream.events()[types.len() - 2].1;
    assert_eq!(snapshot["snapshot"], json!({"kept": 1}));
    assert!(snapshot.get("timestamp").is_none());
}

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_or_from_the_start() {
    let world = world().await;
    let talk = world.thread().await;
    let whole = talk.say("pace 1 hello there world").await;
    let rest = talk.follow(&format!("{}:3", talk.run)).await;
    assert_eq!(rest.events(), whole.events()[4..]);
    assert_eq!(
        talk.follow(&format!("{}:-1", talk.run)).await.events(),
        whole.events()
    );
    let last = whole.events().len() - 1;
    let nothing = talk.follow(&format!("{}:{last}", talk.run)).await;
    assert!(nothing.frames.is_empty() && nothing.is_clean);
}

#[tokio::test]
async fn a_run_goes_on_without_its_listener_and_another_follows_it_live() {
    let world = world().await;
    let talk = world.thread().await;
    let cut = talk.say("pace 20 cut 4 one two three four five six").await;
    assert!(!cut.is_clean);
    assert_eq!(cut.events().len(), 4);
    let middle = talk.get(&talk.run_path()).await;
    assert_eq!(middle["finished"], Value::Null);
    let rest = talk.follow(&format!("{}:3", talk.run)).await;
    assert!(rest.is_clean);
    assert_eq!(
        format!("{}{}", cut.text(), rest.text()),
        "one two three four five six"
    );
    assert_eq!(rest.types().last(), Some(&"RUN_FINISHED"));
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let world = world_with(Options {
        keepalive: Duration::from_millis(40),
        ..Options::default()
    })
    .await;
    let talk = world.thread().await;
    let stream = talk.say("pace 0 wait 200 hello").await;
    let is_keepalive =
        |frame: &&Frame| matches!(frame, Frame::Comment(text) if text.starts_with("keepalive "));
    assert!(
        stream.frames.iter().filter(is_keepalive).count() >= 2,
        "{:?}",
        stream.frames
    );
    assert_eq!(stream.text(), "hello");
}

#[tokio::test]
async fn a_run_that_was_not_started_sends_only_comments_and_an_unknown_one_breaks_off() {
    let world = world_with(Options {
        keepalive: Duration::from_millis(20),
        ..Options::default()
    })
    .await;
    let mut talk = world.thread().await;
    let request = world
        .call(Method::POST, world.commons(), &talk.run_path(), "")
        .header("last-event-id", "x:-1");
    let answer = request.body("{}").send().await.unwrap();
    let waiting = read_while(answer, |frames| frames.len() < 2).await;
    assert!(waiting.events().is_empty());
    talk.run = "0b2e8b6a-5b4f-4a49-8f6e-0d3f6f3c6b52".to_owned();
    let unknown = talk.follow("x:-1").await;
    assert!(unknown.frames.is_empty() && !unknown.is_clean);
}

#[tokio::test]
async fn stored_events_are_the_sent_ones_with_explicit_nulls() {
    let world = world().await;
    let talk = world.thread().await;
    let sent = talk.say("pace 1 hello").await;
    let run = talk.get(&talk.run_path()).await;
    let stored = run["events"].as_array().unwrap();
    assert_eq!(stored.len(), sent.events().len());
    assert_eq!(stored[0]["rawEvent"], Value::Null);
    assert!(stored[0].as_object().unwrap().contains_key("parentRunId"));
    assert_eq!(run["run_input"]["messages"][0]["content"], "pace 1 hello");
    assert!(run["finished"].is_string());
    assert_eq!(run["usage"]["resolved_model_name"], "demo-script");
    assert_eq!(
        talk.get(&format!("{}/usage", talk.run_path())).await,
        run["usage"]
    );
}

#[tokio::test]
async fn a_thread_without_a_name_gets_one_after_its_first_run() {
    let world = world().await;
    let talk = world.thread().await;
    talk.say("pace 0 how high is the tide").await;
    assert_eq!(
        talk.get(&talk.path()).await["metadata"]["name"],
        "New Thread"
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    while talk.get(&talk.path()).await["metadata"]["name"] != "How high is the tide" {
        assert!(Instant::now() < deadline, "no title came");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn threads_are_renamed_listed_and_deleted() {
    let world = world().await;
    let talk = world.thread().await;
    let meta = world.call(
        Method::POST,
        world.commons(),
        &format!("{}/meta", talk.path()),
        "",
    );
    let renamed = meta.json(&json!({"name": "Tides"})).send().await.unwrap();
    assert_eq!(renamed.status(), StatusCode::RESET_CONTENT);
    let list = talk.get("/api/v1/rooms/town-square/agui").await;
    assert_eq!(list["threads"][0]["metadata"]["name"], "Tides");
    assert_eq!(list["threads"][0]["runs"], Value::Null);
    for _ in 0..2 {
        let gone = world
            .call(Method::DELETE, world.commons(), &talk.path(), "")
            .send()
            .await
            .unwrap();
        assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(
        world.status(world.commons(), &talk.path(), "").await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_second_run_continues_the_thread_and_takes_feedback() {
    let world = world().await;
    let mut talk = world.thread().await;
    let first = talk.run.clone();
    let created = world
        .call(Method::POST, world.commons(), &talk.path(), "")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    let run: Value = created.json().await.unwrap();
    assert_eq!(run["run_input"], Value::Null);
    talk.run = run["run_id"].as_str().unwrap().to_owned();
    talk.say("pace 0 again").await;
    let thread = talk.get(&talk.path()).await;
    assert_eq!(thread["runs"][&talk.run]["events"], Value::Null);
    assert_eq!(thread["runs"].as_object().unwrap().len(), 2);
    assert!(thread["runs"][&first]["finished"].is_null());

    let path = format!("{}/feedback", talk.run_path());
    assert_eq!(
        world.status(world.commons(), &path, "").await,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    let verdict = json!({"feedback": "thumbs_up", "reason": "clear"});
    let given = world
        .call(Method::POST, world.commons(), &path, "")
        .json(&verdict)
        .send()
        .await
        .unwrap();
    assert_eq!(given.status(), StatusCode::RESET_CONTENT);
    assert_eq!(talk.get(&path).await, verdict);
}

#[tokio::test]
async fn a_run_that_fails_ends_with_an_error_event_and_no_title() {
    let world = world().await;
    let talk = world.thread().await;
    let stream = talk.say("pace 0 boom one two three").await;
    assert_eq!(stream.types().last(), Some(&"RUN_ERROR"));
    assert!(stream.is_clean);
}

/// The stream of a first message in the room "Live model" at Commons.
async fn live(world: &World) -> Streamed {
    let base = "/api/v1/rooms/live/agui";
    let answer = world
        .call(Method::POST, world.commons(), base, "")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    let thread: Value = answer.json().await.unwrap();
    let run = thread["runs"].as_object().unwrap().keys().next().unwrap();
    let id = thread["thread_id"].as_str().unwrap();
    let input = json!({
        "threadId": id, "runId": run, "state": {}, "tools": [], "context": [], "forwardedProps": {},
        "messages": [{"id": "u", "role": "user", "content": "hello"}],
    });
    let path = format!("{base}/{id}/{run}");
    read(
        world
            .call(Method::POST, world.commons(), &path, "")
            .json(&input)
            .send()
            .await
            .unwrap(),
    )
    .await
}

#[tokio::test]
async fn an_unreachable_model_is_an_error_of_the_run() {
    let llm = Some(("http://127.0.0.1:9/v1".to_owned(), "m".to_owned()));
    let world = world_with(Options {
        llm,
        ..Options::default()
    })
    .await;
    let stream = live(&world).await;
    assert_eq!(
        stream.types(),
        ["RUN_STARTED", "STATE_SNAPSHOT", "RUN_ERROR"]
    );
    assert_eq!(
        stream.events()[2].1["message"],
        "No answer: the model cannot be reached."
    );
}

#[tokio::test]
async fn a_model_thinks_and_answers_in_its_room() {
    let answer = async |Json(asked): Json<Value>| {
        assert_eq!(
            asked["messages"],
            json!([{"role": "user", "content": "hello"}])
        );
        assert_eq!(
            (&asked["model"], &asked["stream"]),
            (&json!("m"), &json!(true))
        );
        let line = |delta: Value| format!("data: {}\n\n", json!({"choices": [{"delta": delta}]}));
        let thought = line(json!({"reasoning_content": "Hm."}));
        let (first, second) = (
            line(json!({"content": "Good "})),
            line(json!({"content": "day"})),
        );
        format!("{thought}{first}{second}data: [DONE]\n\n")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/v1/chat/completions", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let world = world_with(Options {
        llm: Some((url, "m".to_owned())),
        ..Options::default()
    })
    .await;
    let stream = live(&world).await;
    assert_eq!(stream.text(), "Good day");
    assert_eq!(
        stream.types()[1..3],
        ["REASONING_START", "REASONING_MESSAGE_START"]
    );
    assert_eq!(stream.types().last(), Some(&"RUN_FINISHED"));
}
