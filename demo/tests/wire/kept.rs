//! What outlives the process with a data folder.

use std::path::PathBuf;

use enfilade_demo::{Options, StartError, start};
use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::core::support::lantern_with;
use crate::support::world_with;

/// A folder that goes when the test does.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("enfilade-demo-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn threads_and_sign_ins_outlive_a_restart() {
    let scratch = Scratch::new();
    let options = || Options {
        data: Some(scratch.0.clone()),
        ..Options::default()
    };
    let world = world_with(options()).await;
    let talk = world.thread().await;
    talk.say("pace 0 hello").await;
    let (path, run_path) = (talk.path(), talk.run_path());
    let ann = world.sign_in("Ann").await;
    world.running.stop().await;

    let world = world_with(options()).await;
    assert_eq!(
        world.status(world.commons(), &path, "").await,
        StatusCode::OK
    );
    assert_eq!(
        world.status(world.commons(), &run_path, "").await,
        StatusCode::OK
    );
    assert_eq!(
        world.refresh(&ann.refresh_token).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_session_and_the_threads_of_a_core_outlive_a_restart() {
    let scratch = Scratch::new();
    let options = || Options {
        data: Some(scratch.0.clone()),
        ..Options::default()
    };
    let core = lantern_with(options()).await;
    core.switch("sign-in?user=Ann").await;
    let thread = core.thread().await;
    core.say("c-1", &thread, "pace 600000 hi").await;
    core.turn_state(&thread, |state| state["lifecycle"] == "streaming")
        .await;
    core.world.running.stop().await;

    let core = lantern_with(options()).await;
    let list = core.call("openhuman.threads_list", json!({})).await;
    assert_eq!(list["threads"][0]["id"], json!(thread));
    core.turn_state(&thread, |state| state["lifecycle"] == "interrupted")
        .await;
    let me = core.call("openhuman.auth_get_me", json!({})).await;
    assert_eq!(me["username"], "ann");
}

#[tokio::test]
async fn a_port_in_use_is_told_with_its_remedy() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = start(Options {
        base_port: port.min(65_530),
        ..Options::default()
    })
    .await
    .unwrap_err();
    if port <= 65_530 {
        assert!(matches!(error, StartError::PortInUse { .. }));
        let text = error.to_string();
        assert!(
            text.contains(&port.to_string()) && text.contains("--base-port"),
            "{text}"
        );
    }
}
