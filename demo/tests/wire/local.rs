//! The server of the desktop app: who may ask it, and when it ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use enfilade_demo::{LocalOptions, Running, start_local};
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HOST, ORIGIN};
use reqwest::{Client, Method, StatusCode};

use crate::kept::Scratch;

async fn local() -> (Running, String) {
    let options = LocalOptions {
        pages: vec!["http://127.0.0.1:8080".to_owned()],
        ..LocalOptions::default()
    };
    let running = start_local(options).await.unwrap();
    let address = running.servers[0].1.clone();
    (running, address)
}

#[tokio::test]
async fn the_pages_of_the_app_may_ask_and_others_may_not() {
    let (_running, base) = local().await;
    let client = Client::new();
    let rooms = format!("{base}/api/v1/rooms");
    for origin in [
        "tauri://localhost",
        "http://tauri.localhost",
        "http://127.0.0.1:8080",
    ] {
        let answer = client
            .get(&rooms)
            .header(ORIGIN, origin)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{origin}");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
    }
    for origin in [
        "https://evil.example",
        "http://127.0.0.1:3000",
        "null",
        "tauri://localhost.evil",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let request = client.request(method, &rooms).header(ORIGIN, origin);
            let answer = request
                .header("access-control-request-method", "POST")
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin}");
            assert!(!answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        }
    }
}

#[tokio::test]
async fn another_name_for_this_machine_is_refused() {
    let (_running, base) = local().await;
    let client = Client::new();
    let ok = format!("{base}/api/ok");
    assert_eq!(
        client.get(&ok).send().await.unwrap().status(),
        StatusCode::OK
    );
    let named = client
        .get(&ok)
        .header(HOST, "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(named.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_signs_in_and_it_says_who_it_is() {
    let (_running, base) = local().await;
    let text = async |path: &str| {
        reqwest::get(format!("{base}{path}"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    assert_eq!(text("/api/login").await, "{}");
    assert!(
        text("/api/v1/installation/identity")
            .await
            .contains("This computer")
    );
    assert!(text("/api/v1/rooms").await.contains("Desk"));
}

fn program(scratch: &Scratch) -> (Child, BufReader<ChildStdout>, u16) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_enfilade-demo"))
        .args(["--local", "--data"])
        .arg(&scratch.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let port = line
        .trim_end()
        .strip_prefix("listening http://127.0.0.1:")
        .unwrap();
    let port = port.parse().unwrap();
    (child, output, port)
}

#[tokio::test]
async fn the_program_says_one_line_ends_with_its_input_and_keeps_what_was_made() {
    let scratch = Scratch::new();
    let client = Client::new();
    let threads = |port: u16| format!("http://127.0.0.1:{port}/api/v1/rooms/desk/agui");
    let (mut child, output, port) = program(&scratch);
    let made = client
        .post(threads(port))
        .json(&serde_json::json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), StatusCode::OK);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(output.lines().count(), 0, "nothing more was said");

    let (mut child, _output, port) = program(&scratch);
    let kept = client
        .get(threads(port))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(kept.contains("thread_id"), "{kept}");
    drop(child.stdin.take());
    child.wait().unwrap();
}
