//! A core to call, and a listener on its event stream.

use std::time::Duration;

use enfilade_demo::Options;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{World, world_with};

/// Most time an event may take: less than the silence that a comment fills.
const PATIENCE: Duration = Duration::from_secs(8);

pub struct CoreWorld {
    pub world: World,
    pub address: String,
    pub bearer: String,
}

pub async fn lantern() -> CoreWorld {
    lantern_with(Options::default()).await
}

pub async fn lantern_with(options: Options) -> CoreWorld {
    let world = world_with(options).await;
    let (_, address, bearer) = world.running.cores[0].clone();
    CoreWorld {
        world,
        address,
        bearer,
    }
}

impl CoreWorld {
    pub fn client(&self) -> &Client {
        &self.world.client
    }

    pub async fn post(&self, body: &Value) -> Response {
        self.client()
            .post(format!("{}/rpc", self.address))
            .header(AUTHORIZATION, format!("Bearer {}", self.bearer))
            .json(body)
            .send()
            .await
            .unwrap()
    }

    /// Result or error of a call.
    pub async fn raw(&self, method: &str, params: Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let answer = self.post(&call).await;
        assert_eq!(answer.status(), StatusCode::OK, "{method}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["id"], 7);
        answer
    }

    /// The value of a call without its wrappers.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.raw(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        let result = &answer["result"];
        let result = if result["logs"].is_array() {
            &result["result"]
        } else {
            result
        };
        if result["meta"].is_object() {
            return result["data"].clone();
        }
        result.clone()
    }

    /// The text a call fails with.
    pub async fn fault(&self, method: &str, params: Value) -> String {
        let answer = self.raw(method, params).await;
        assert_eq!(answer["error"]["code"], -32000, "{method}: {answer}");
        answer["error"]["message"].as_str().unwrap().to_owned()
    }

    pub async fn switch(&self, path: &str) {
        self.world.switch(&self.address, path).await;
    }

    pub async fn get(&self, path: &str) -> Value {
        let address = format!("{}{path}", self.address);
        let answer = self.client().get(address).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    /// A thread with a question in it.
    pub async fn thread(&self) -> String {
        let thread = self.call("openhuman.threads_create_new", json!({})).await;
        thread["id"].as_str().unwrap().to_owned()
    }

    pub async fn listen(&self, client_id: &str) -> Listener {
        let address = format!("{}/events?client_id={client_id}", self.address);
        let response = self.client().get(address).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Listener {
            response,
            rest: String::new(),
        }
    }

    /// Sends a question; the id of the request.
    pub async fn say(&self, client_id: &str, thread: &str, message: &str) -> String {
        let params = json!({"client_id": client_id, "thread_id": thread, "message": message});
        let ack = self.call("openhuman.channel_web_chat", params).await;
        assert_eq!(ack["accepted"], true);
        ack["request_id"].as_str().unwrap().to_owned()
    }

    /// The snapshot of a turn, once it is as wanted.
    pub async fn turn_state(&self, thread: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let params = json!({"thread_id": thread});
        let wait = async {
            loop {
                let answer = self
                    .call("openhuman.threads_turn_state_get", params.clone())
                    .await;
                if is_wanted(&answer["turnState"]) {
                    return answer["turnState"].clone();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap()
    }
}

/// A reader of an event stream.
pub struct Listener {
    response: Response,
    rest: String,
}

impl Listener {
    /// The next frame as it came; nothing when the stream broke off.
    pub async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.rest.split_once("\n\n") {
                let frame = frame.to_owned();
                self.rest = rest.to_owned();
                return Some(frame);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk());
            let chunk = chunk.await.unwrap().ok()??;
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event; its name was checked against its payload.
    pub async fn event(&mut self) -> Option<Value> {
        loop {
            let frame = self.frame().await?;
            if frame.starts_with(':') {
                continue;
            }
            let (name, data) = frame.split_once('\n').unwrap();
            let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(name.strip_prefix("event: "), data["event"].as_str());
            return Some(data);
        }
    }

    /// All events up to the end of the turn.
    pub async fn turn(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            let is_last = event["event"] == "chat_done" || event["event"] == "chat_error";
            events.push(event);
            if is_last {
                break;
            }
        }
        events
    }
}

/// Names, repetitions left out.
pub fn names(events: &[Value]) -> Vec<&str> {
    let mut names: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    names.dedup();
    names
}
