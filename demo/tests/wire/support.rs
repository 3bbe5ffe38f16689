//! A started set of servers, a client for them, and a reader of event streams.

use std::time::Duration;

use enfilade_demo::{Options, Running, start};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};
use url::Url;

/// What a browser would keep of a sign-in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub token: String,
    pub refresh_token: String,
    /// Address of the app, with the tokens.
    pub landing: String,
    /// Cookie of the provider.
    pub provider_cookie: String,
}

/// Servers and a client that follows no redirect.
pub struct World {
    pub running: Running,
    pub client: Client,
}

/// One frame of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    Event { id: String, data: Value },
    Comment(String),
}

/// A stream read to its end.
pub struct Streamed {
    pub frames: Vec<Frame>,
    /// Whether the body was complete.
    pub is_clean: bool,
}

impl Streamed {
    pub fn events(&self) -> Vec<(&str, &Value)> {
        let mut events = Vec::new();
        for frame in &self.frames {
            if let Frame::Event { id, data } = frame {
                events.push((id.as_str(), data));
            }
        }
        events
    }

    pub fn types(&self) -> Vec<&str> {
        self.events()
            .iter()
            .map(|(_, data)| data["type"].as_str().unwrap())
            .collect()
    }

    pub fn text(&self) -> String {
        let events = self.events();
        let texts = events
            .iter()
            .filter(|(_, data)| data["type"] == "TEXT_MESSAGE_CONTENT");
        texts
            .map(|(_, data)| data["delta"].as_str().unwrap())
            .collect()
    }
}

pub async fn world() -> World {
    world_with(Options::default()).await
}

pub async fn world_with(options: Options) -> World {
    let running = start(Options {
        base_port: 0,
        ..options
    })
    .await
    .unwrap();
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    World { running, client }
}

pub fn location(response: &Response) -> String {
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

fn cookie_of(response: &Response) -> String {
    response.headers()[SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

/// The tokens out of a landing address, in the query or in the fragment.
pub fn landed(landing: &str) -> Vec<(String, String)> {
    let url = Url::parse(landing).unwrap();
    let query = url.query().map(str::to_owned);
    let fragment = url
        .fragment()
        .and_then(|fragment| fragment.split_once('?'))
        .map(|(_, query)| query.to_owned());
    let text = query
        .filter(|query| query.contains("token="))
        .or(fragment)
        .unwrap_or_default();
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

pub const RETURN_TO: &str = "http://localhost:8080/auth/callback/flow1";

impl World {
    pub fn harbor(&self) -> &str {
        &self.running.servers[0].1
    }

    pub fn commons(&self) -> &str {
        &self.running.servers[2].1
    }

    pub fn issuer(&self) -> String {
        format!("{}/harbor", self.running.provider)
    }

    pub async fn switch(&self, server: &str, path: &str) {
        let answer = self
            .client
            .post(format!("{server}/test/{path}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
    }

    pub async fn stats(&self, server: &str) -> Value {
        self.client
            .get(format!("{server}/test/stats"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// To the provider's authorize address; gives it and the server's session cookie.
    pub async fn begin(&self, more: &str) -> (String, String) {
        let return_to: String =
            url::form_urlencoded::byte_serialize(RETURN_TO.as_bytes()).collect();
        let url = format!(
            "{}/api/login/harbor?return_to={return_to}{more}",
            self.harbor()
        );
        let answer = self.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND);
        (location(&answer), cookie_of(&answer))
    }

    /// Types a name into the provider's form; gives the callback address and the provider's cookie.
    pub async fn type_name(&self, authorize: &str, name: &str) -> (String, String) {
        let page = self.client.get(authorize).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.text().await.unwrap().contains("Your name"));
        let mut form: Vec<(String, String)> = Url::parse(authorize)
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect();
        form.push(("name".to_owned(), name.to_owned()));
        let answer = self
            .client
            .post(authorize.split('?').next().unwrap())
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        (location(&answer), cookie_of(&answer))
    }

    pub async fn callback(&self, address: &str, session: &str) -> Response {
        self.client
            .get(address)
            .header(COOKIE, session)
            .send()
            .await
            .unwrap()
    }

    pub async fn sign_in(&self, name: &str) -> SignedIn {
        let (authorize, session) = self.begin("").await;
        let (address, provider_cookie) = self.type_name(&authorize, name).await;
        let answer = self.callback(&address, &session).await;
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
        let landing = location(&answer);
        let tokens = landed(&landing);
        let value = |name: &str| {
            tokens
                .iter()
                .find(|(key, _)| key == name)
                .unwrap()
                .1
                .clone()
        };
        SignedIn {
            token: value("token"),
            refresh_token: value("refresh_token"),
            landing,
            provider_cookie,
        }
    }

    pub async fn refresh(&self, refresh_token: &str) -> Response {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", "enfilade-harbor"),
        ];
        self.client
            .post(format!("{}/token", self.issuer()))
            .form(&form)
            .send()
            .await
            .unwrap()
    }

    pub fn call(&self, method: Method, server: &str, path: &str, token: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{server}{path}"));
        if token.is_empty() {
            request
        } else {
            request.bearer_auth(token)
        }
    }

    pub async fn status(&self, server: &str, path: &str, token: &str) -> StatusCode {
        self.call(Method::GET, server, path, token)
            .send()
            .await
            .unwrap()
            .status()
    }

    /// A thread at Commons with its first run.
    pub async fn thread(&self) -> Talk<'_> {
        let base = "/api/v1/rooms/town-square/agui";
        let body = json!({"metadata": {"name": "New Thread", "description": ""}});
        let answer = self
            .call(Method::POST, self.commons(), base, "")
            .json(&body)
            .send()
            .await
            .unwrap();
        let thread: Value = answer.json().await.unwrap();
        let run = thread["runs"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap()
            .clone();
        Talk {
            world: self,
            thread: thread["thread_id"].as_str().unwrap().to_owned(),
            run,
        }
    }
}

/// A thread and one run of it.
pub struct Talk<'a> {
    world: &'a World,
    pub thread: String,
    pub run: String,
}

impl Talk<'_> {
    pub fn path(&self) -> String {
        format!("/api/v1/rooms/town-square/agui/{}", self.thread)
    }

    pub fn run_path(&self) -> String {
        format!("{}/{}", self.path(), self.run)
    }

    pub fn input(&self, text: &str) -> Value {
        json!({
            "threadId": self.thread, "runId": self.run, "state": {"kept": 1}, "tools": [], "context": [],
            "messages": [{"id": "user-1", "role": "user", "content": text}], "forwardedProps": {},
        })
    }

    pub async fn post(&self, body: &Value) -> Response {
        let request = self
            .world
            .call(Method::POST, self.world.commons(), &self.run_path(), "");
        request
            .header("accept", "text/event-stream")
            .json(body)
            .send()
            .await
            .unwrap()
    }

    pub async fn say(&self, text: &str) -> Streamed {
        read(self.post(&self.input(text)).await).await
    }

    pub async fn follow(&self, last_event_id: &str) -> Streamed {
        let request = self
            .world
            .call(Method::POST, self.world.commons(), &self.run_path(), "");
        let answer = request
            .header("last-event-id", last_event_id)
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        read(answer).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self
            .world
            .call(Method::GET, self.world.commons(), path, "")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }
}

/// Reads until the body ends or breaks off.
pub async fn read(response: Response) -> Streamed {
    read_while(response, |_| true).await
}

/// Reads until the body ends, breaks off, or `go_on` says no.
pub async fn read_while(mut response: Response, go_on: impl Fn(&[Frame]) -> bool) -> Streamed {
    let mut text = String::new();
    loop {
        let frames = frames(&text);
        if !go_on(&frames) {
            return Streamed {
                frames,
                is_clean: true,
            };
        }
        match response.chunk().await {
            Ok(Some(chunk)) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
            Ok(None) => {
                return Streamed {
                    frames,
                    is_clean: true,
                };
            }
            Err(error) => {
                assert!(!error.is_timeout(), "the stream never ended: {text}");
                return Streamed {
                    frames,
                    is_clean: false,
                };
            }
        }
    }
}

fn frames(text: &str) -> Vec<Frame> {
    let complete = text.rfind("\n\n").map_or("", |end| &text[..end]);
    complete
        .split("\n\n")
        .filter(|frame| !frame.is_empty())
        .map(frame)
        .collect()
}

fn frame(text: &str) -> Frame {
    if let Some(comment) = text.strip_prefix(": ") {
        return Frame::Comment(comment.to_owned());
    }
    let (id, data) = text.split_once('\n').unwrap();
    Frame::Event {
        id: id.strip_prefix("id: ").unwrap().to_owned(),
        data: serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap(),
    }
}
