//! What measurements ask for: floods, and threads that were made.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{World, world};

async fn seeded(world: &World, query: &str) -> String {
    let request = world
        .client
        .post(format!("{}/test/seed?{query}", world.commons()));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    format!(
        "/api/v1/rooms/town-square/agui/{}",
        answer["thread_id"].as_str().unwrap()
    )
}

async fn get(world: &World, path: &str) -> Value {
    let request = world.call(Method::GET, world.commons(), path, "");
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_flood_is_one_numbered_event_for_each_piece() {
    let world = world().await;
    let talk = world.thread().await;
    let stream = talk.say("flood 2000 go").await;
    assert!(stream.is_clean);
    let events = stream.events();
    for (index, (id, _)) in events.iter().enumerate() {
        assert_eq!(*id, format!("{}:{index}", talk.run));
    }
    let types = stream.types();
    let contents = types.iter().filter(|kind| **kind == "TEXT_MESSAGE_CONTENT");
    assert_eq!(contents.count(), 2000);
    assert_eq!(types.last(), Some(&"RUN_FINISHED"));
    assert!(stream.text().ends_with("That was the flood of 2000."));
}

#[tokio::test]
async fn a_flood_is_cut_after_the_event_that_was_named() {
    let world = world().await;
    let talk = world.thread().await;
    let cut = talk.say("flood 300 cut 17 go").await;
    assert_eq!((cut.events().len(), cut.is_clean), (17, false));
    let rest = talk.follow(&format!("{}:16", talk.run)).await;
    assert_eq!(rest.types().last(), Some(&"RUN_FINISHED"));
    assert_eq!(cut.events().len() + rest.events().len(), 300 + 5);
}

#[tokio::test]
async fn a_flood_keeps_its_rate() {
    let world = world().await;
    let talk = world.thread().await;
    let begun = Instant::now();
    talk.say("flood 300 rate 600 go").await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_seeded_thread_has_a_finished_run_for_every_two_messages() {
    let world = world().await;
    let path = seeded(&world, "room=town-square&messages=10").await;
    let thread = get(&world, &path).await;
    let runs = thread["runs"].as_object().unwrap();
    assert_eq!(runs.len(), 5);
    let days: HashSet<_> = runs
        .values()
        .map(|run| run["created"].to_string())
        .collect();
    assert_eq!(days.len(), 5);
    for (id, run) in runs {
        assert!(run["finished"].is_string());
        assert_eq!(run["run_input"]["messages"].as_array().unwrap().len(), 1);
        let whole = get(&world, &format!("{path}/{id}")).await;
        let last = whole["events"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["type"], "RUN_FINISHED");
    }
    let all = get(&world, "/api/v1/rooms/town-square/agui").await;
    assert_eq!(all["threads"][0]["metadata"]["name"], json!("Seed of 10"));
}

#[tokio::test]
async fn a_seeded_thread_can_be_one_run_with_all_messages() {
    let world = world().await;
    let path = seeded(&world, "room=town-square&messages=7&shape=one").await;
    let thread = get(&world, &path).await;
    let (id, _) = thread["runs"].as_object().unwrap().iter().next().unwrap();
    let run = get(&world, &format!("{path}/{id}")).await;
    let events = run["events"].as_array().unwrap();
    let begun = events
        .iter()
        .filter(|event| event["type"] == "TEXT_MESSAGE_START");
    assert_eq!(begun.count(), 6);
    let deltas = events.iter().filter_map(|event| event["delta"].as_str());
    assert!(
        deltas
            .collect::<String>()
            .ends_with("This was message 7 of 7.")
    );
}

#[tokio::test]
async fn a_long_seeded_thread_is_answered_soon() {
    let world = world().await;
    let path = seeded(&world, "room=town-square&messages=10000").await;
    let begun = Instant::now();
    let thread = get(&world, &path).await;
    assert_eq!(thread["runs"].as_object().unwrap().len(), 5000);
    // Unoptimised and on a busy machine: what grows with the square of the number would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_thread_is_seeded_for_the_person_that_is_named() {
    let world = world().await;
    let signed_in = world.sign_in("Ann Lee").await;
    let seed = format!(
        "{}/test/seed?room=echo&messages=4&user=Ann%20Lee",
        world.harbor()
    );
    let answer: Value = world
        .client
        .post(seed)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let path = format!(
        "/api/v1/rooms/echo/agui/{}",
        answer["thread_id"].as_str().unwrap()
    );
    assert_eq!(
        world.status(world.harbor(), &path, &signed_in.token).await,
        StatusCode::OK
    );
    let unknown = format!("{}/test/seed?room=nowhere&messages=4", world.harbor());
    let answer = world.client.post(unknown).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
