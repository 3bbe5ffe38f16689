//! A server and its provider, in memory: they check tokens and keep runs as the wire contract says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use enfilade::core::secret::Secret as Hidden;
use enfilade::core::server::alias::Alias;
use enfilade::core::server::id::ServerId;
use enfilade::core::server::registry::{AuthMode, Provider, ServerRecord};
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::core::session::token::Tokens;
use enfilade::port::{HttpRequest, HttpResponse, TransportError};
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use serde_json::{Value, json};

use super::feed::{Piece, content, finished, frame, started, text_end, text_start};

/// What comes back.
pub enum Out {
    Reply(HttpResponse),
    Fail(TransportError),
    Stream(UnboundedReceiver<Piece>),
}

/// Something that nobody may see.
#[derive(Clone)]
pub struct Secret {
    pub kind: &'static str,
    pub text: String,
    pub origin: String,
    pub issuer: String,
}

/// Clones share it.
#[derive(Clone)]
pub struct Backend(Arc<Mutex<Inner>>);

struct Inner {
    name: String,
    origin: Option<String>,
    open: bool,
    providers: usize,
    title: Option<String>,
    user: String,
    personal: bool,
    count: u32,
    access: BTreeSet<String>,
    /// Whose each token is.
    owners: BTreeMap<String, String>,
    refresh: BTreeSet<String>,
    expires_in: Value,
    rotates: bool,
    revoked: Vec<String>,
    secrets: Vec<(&'static str, String)>,
    runs: Vec<Run>,
    overlap: usize,
}

struct Run {
    id: String,
    number: usize,
    thread: String,
    is_started: bool,
    is_finished: bool,
    input: Value,
    events: Vec<Value>,
    listeners: Vec<UnboundedSender<Piece>>,
}

pub fn token_body(access: &str, refresh: Option<&str>) -> String {
    json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 }).to_string()
}

fn base64url(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (at, byte)| {
            word | u32::from(*byte) << (16 - 8 * at)
        });
        for at in 0..=chunk.len() {
            encoded.push(char::from(DIGITS[(word >> (18 - 6 * at) & 63) as usize]));
        }
    }
    encoded
}

impl Backend {
    pub fn new(name: &str) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            name: name.to_owned(),
            origin: None,
            open: false,
            providers: 1,
            title: None,
            user: "ann".to_owned(),
            personal: false,
            count: 0,
            access: BTreeSet::new(),
            owners: BTreeMap::new(),
            refresh: BTreeSet::new(),
            expires_in: json!(3600),
            rotates: true,
            revoked: Vec::new(),
            secrets: Vec::new(),
            runs: Vec::new(),
            overlap: 0,
        })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub fn name(&self) -> String {
        self.with(|inner| inner.name.clone())
    }

    fn title(&self) -> String {
        self.with(|inner| inner.title.clone().unwrap_or(inner.name.clone()))
    }

    pub fn origin(&self) -> String {
        let moved = self.with(|inner| inner.origin.clone());
        moved.unwrap_or_else(|| format!("https://{}.example", self.name()))
    }

    /// It answers at another address from now on.
    pub fn move_to(&self, origin: &str) {
        self.with(|inner| inner.origin = Some(origin.to_owned()));
    }

    pub fn issuer(&self) -> String {
        format!("https://id.{}.example", self.name())
    }

    pub fn id(&self) -> ServerId {
        ServerId::parse(&self.origin()).unwrap()
    }

    pub fn alias(&self) -> Alias {
        Alias::derive(&self.name(), &BTreeSet::new())
    }

    /// The path of its room `echo`, or of a thread in it.
    pub fn path(&self, thread: Option<&str>) -> String {
        let alias = self.alias();
        match thread {
            Some(thread) => format!("/room/{alias}/echo/thread/{thread}"),
            None => format!("/room/{alias}/echo"),
        }
    }

    /// The page that asks for sign-in and leads back to `path`.
    pub fn sign_in_path(&self, path: &str) -> String {
        let encode = enfilade::core::route::encode_segment;
        format!("/?url={}&returnTo={}", encode(&self.origin()), encode(path))
    }

    pub fn provider(&self) -> Provider {
        self.provider_named("main")
    }

    fn provider_named(&self, id: &str) -> Provider {
        Provider {
            id: id.into(),
            title: format!("Accounts {id}"),
            server_url: self.issuer(),
            client_id: "web".into(),
            scope: None,
        }
    }

    pub fn record(&self) -> ServerRecord {
        let auth = if self.with(|inner| inner.open) {
            AuthMode::None
        } else {
            AuthMode::Oidc {
                providers: vec![self.provider()],
            }
        };
        ServerRecord {
            id: self.id(),
            alias: self.alias(),
            name: Some(self.name()),
            description: None,
            auth,
            added_at: 0,
        }
    }

    pub fn set_open(&self, open: bool) {
        self.with(|inner| inner.open = open);
    }

    pub fn set_providers(&self, count: usize) {
        self.with(|inner| inner.providers = count);
    }

    pub fn set_user(&self, user: &str) {
        self.with(|inner| inner.user = user.to_owned());
    }

    /// It calls itself so.
    pub fn set_title(&self, title: &str) {
        self.with(|inner| inner.title = Some(title.to_owned()));
    }

    /// Everybody has a room of their own, named after them, and the provider renews for whom it has signed in,
    /// whoever would sign in now.
    pub fn set_personal(&self) {
        self.with(|inner| inner.personal = true);
    }

    /// Whose token this is; nobody's: the one who would sign in now.
    pub fn owner(&self, token: Option<&str>) -> String {
        self.with(|inner| {
            token
                .and_then(|token| inner.owners.get(token))
                .unwrap_or(&inner.user)
                .clone()
        })
    }

    /// `expires_in` of the answers to come, in seconds and any form.
    pub fn set_expires_in(&self, value: Value) {
        self.with(|inner| inner.expires_in = value);
    }

    pub fn set_rotates(&self, rotates: bool) {
        self.with(|inner| inner.rotates = rotates);
    }

    /// A resumed stream begins so many events too early.
    pub fn set_overlap(&self, events: usize) {
        self.with(|inner| inner.overlap = events);
    }

    /// The server takes none of the access tokens given out so far.
    pub fn refuse_access(&self) {
        self.with(|inner| inner.access.clear());
    }

    /// The provider takes none of the refresh tokens given out so far.
    pub fn refuse_refresh(&self) {
        self.with(|inner| inner.refresh.clear());
    }

    pub fn revoked(&self) -> Vec<String> {
        self.with(|inner| inner.revoked.clone())
    }

    pub fn secrets(&self) -> Vec<Secret> {
        let (origin, issuer) = (self.origin(), self.issuer());
        self.with(|inner| {
            let own = |(kind, text): &(&'static str, String)| Secret {
                kind,
                text: text.clone(),
                origin: origin.clone(),
                issuer: issuer.clone(),
            };
            inner.secrets.iter().map(own).collect()
        })
    }

    pub fn mint_access(&self, user: &str) -> String {
        let issuer = self.issuer();
        self.with(|inner| {
            inner.count += 1;
            let claims = json!({ "iss": issuer, "sub": user, "n": inner.count }).to_string();
            let token = format!("e30.{}.sig{}", base64url(&claims), inner.count);
            inner.secrets.push(("access token", token.clone()));
            inner.access.insert(token.clone());
            inner.owners.insert(token.clone(), user.to_owned());
            token
        })
    }

    fn mint(&self, kind: &'static str) -> String {
        self.with(|inner| {
            inner.count += 1;
            let word = kind.split(' ').next().unwrap_or_default();
            let token = format!("{word}-{}-{}-hush", inner.name, inner.count);
            inner.secrets.push((kind, token.clone()));
            if kind == "refresh token" {
                inner.refresh.insert(token.clone());
            }
            token
        })
    }

    fn mint_refresh(&self, user: &str) -> String {
        let token = self.mint("refresh token");
        self.with(|inner| inner.owners.insert(token.clone(), user.to_owned()));
        token
    }

    fn user(&self) -> String {
        self.with(|inner| inner.user.clone())
    }

    pub fn tokens(&self, now: i64, lifetime: i64) -> Tokens {
        Tokens {
            access: Hidden::new(self.mint_access(&self.user())),
            refresh: Some(Hidden::new(self.mint_refresh(&self.user()))),
            id_token: Some(Hidden::new(self.mint("id token"))),
            expires_at: now + lifetime,
            lifetime,
            holder: None,
        }
    }

    /// What comes back to the callback page after a good sign-in.
    pub fn answer(&self) -> CallbackAnswer {
        let tokens = self.tokens(0, 0);
        CallbackAnswer::Tokens {
            access: tokens.access,
            refresh: tokens.refresh,
            expires_in: Some(3600),
            id_token: tokens.id_token,
        }
    }

    /// A run that is already there.
    pub fn add_run(&self, thread: &str, run: &str, question: &str) {
        let message = json!({ "id": format!("q-{run}"), "role": "user", "content": question });
        self.add_run_with(thread, run, json!({ "messages": [message], "state": {} }));
    }

    /// A run that is already there, started with all this.
    pub fn add_run_with(&self, thread: &str, run: &str, input: Value) {
        self.with(|inner| {
            let number = inner.runs.len();
            inner.runs.push(Run {
                number,
                id: run.to_owned(),
                thread: thread.to_owned(),
                is_started: true,
                is_finished: false,
                input,
                events: Vec::new(),
                listeners: Vec::new(),
            });
        });
    }

    /// The agent goes on: stored, and sent to whoever listens.
    pub fn emit(&self, run: &str, events: &[Value]) {
        self.with(|inner| {
            let run = inner
                .runs
                .iter_mut()
                .find(|known| known.id == run)
                .expect("a run");
            for event in events {
                let bytes = frame(&run.id, run.events.len(), event);
                run.is_finished |=
                    matches!(event["type"].as_str(), Some("RUN_FINISHED" | "RUN_ERROR"));
                run.events.push(event.clone());
                run.listeners
                    .retain(|listener| listener.unbounded_send(Some(Ok(bytes.clone()))).is_ok());
            }
        });
    }

    /// Bytes as they are, to whoever listens.
    pub fn emit_raw(&self, run: &str, bytes: &[u8]) {
        self.with(|inner| {
            let run = inner
                .runs
                .iter_mut()
                .find(|known| known.id == run)
                .expect("a run");
            run.listeners
                .retain(|listener| listener.unbounded_send(Some(Ok(bytes.to_vec()))).is_ok());
        });
    }

    /// The connection breaks.
    pub fn cut(&self, run: &str) {
        self.end_streams(run, &Some(Err(TransportError::Network)));
    }

    /// The connection ends politely, though the run has not.
    pub fn end(&self, run: &str) {
        self.end_streams(run, &None);
    }

    fn end_streams(&self, run: &str, piece: &Piece) {
        self.with(|inner| {
            let run = inner
                .runs
                .iter_mut()
                .find(|known| known.id == run)
                .expect("a run");
            for listener in std::mem::take(&mut run.listeners) {
                let _ = listener.unbounded_send(piece.clone());
            }
        });
    }

    /// How many connections listen to the run.
    pub fn listeners(&self, run: &str) -> usize {
        self.with(|inner| {
            inner
                .runs
                .iter()
                .filter(|known| known.id == run)
                .flat_map(|run| &run.listeners)
                .filter(|listener| !listener.is_closed())
                .count()
        })
    }

    /// The newest run.
    pub fn last_run(&self) -> String {
        self.with(|inner| inner.runs.last().expect("a run").id.clone())
    }

    /// A talk of so many questions and answers, each run told of everything before it.
    pub fn add_talk(&self, thread: &str, runs: usize) {
        let mut messages = Vec::new();
        for number in 1..=runs {
            let run = format!("run-{number}");
            let user = json!({ "id": format!("u-{number}"), "role": "user", "content": format!("question {number}") });
            messages.push(user);
            let input = json!({ "messages": messages, "state": { "turn": number } });
            self.add_run_with(thread, &run, input);
            let (message, text) = (format!("a-{number}"), format!("answer {number}"));
            self.emit(
                &run,
                &[
                    started(&run),
                    text_start(&message),
                    content(&message, &text),
                    text_end(&message),
                    finished(&run),
                ],
            );
            messages.push(json!({ "id": message, "role": "assistant", "content": text }));
        }
    }

    pub fn runs(&self) -> usize {
        self.with(|inner| inner.runs.iter().filter(|run| run.is_started).count())
    }

    pub fn serve(
        &self,
        method: &str,
        request: &HttpRequest,
        streams: bool,
        _now: i64,
    ) -> Option<Out> {
        let answer = |status: u16, body: Value| {
            Some(Out::Reply(HttpResponse {
                status,
                retry_after: None,
                body: body.to_string(),
                redirected_to: None,
            }))
        };
        if let Some(path) = request.url.strip_prefix(&self.issuer()) {
            let (status, body) =
                self.serve_provider(path, request.body.as_deref().unwrap_or_default());
            return answer(status, body);
        }
        let path = request.url.strip_prefix(&self.origin())?;
        match path {
            "/api/login" => {
                let listed = self.with(|inner| if inner.open { 0 } else { inner.providers });
                let names = ["main", "second", "third"];
                let map: serde_json::Map<String, Value> = names
                    .iter()
                    .take(listed)
                    .map(|id| {
                        (
                            (*id).to_owned(),
                            serde_json::to_value(self.provider_named(id)).unwrap(),
                        )
                    })
                    .collect();
                return answer(200, Value::Object(map));
            }
            "/api/v1/installation/identity" => {
                return answer(200, json!({ "name": self.title(), "description": null }));
            }
            _ => {}
        }
        let allowed = self.with(|inner| {
            let bearer = request.bearer.as_ref().map(Hidden::expose);
            inner.open || bearer.is_some_and(|bearer| inner.access.contains(bearer))
        });
        if !allowed {
            return answer(401, json!({ "detail": "JWT validation failed" }));
        }
        self.serve_api(method, path, request, streams)
    }

    fn serve_provider(&self, path: &str, form: &str) -> (u16, Value) {
        let issuer = self.issuer();
        let field = |name: &str| enfilade::core::route::query_value(form, name).unwrap_or_default();
        match path {
            "/.well-known/openid-configuration" => (
                200,
                json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token"),
                    "end_session_endpoint": format!("{issuer}/logout"), "revocation_endpoint": format!("{issuer}/revoke") }),
            ),
            "/token" => {
                let old = field("refresh_token");
                if !self.with(|inner| inner.refresh.contains(&old)) {
                    return (400, json!({ "error": "invalid_grant" }));
                }
                let user = if self.with(|inner| inner.personal) {
                    self.owner(Some(&old))
                } else {
                    self.user()
                };
                let access = self.mint_access(&user);
                let mut body = json!({ "access_token": access });
                if self.with(|inner| inner.rotates) {
                    self.with(|inner| inner.refresh.remove(&old));
                    body["refresh_token"] = self.mint_refresh(&user).into();
                }
                let expires_in = self.with(|inner| inner.expires_in.clone());
                if !expires_in.is_null() {
                    body["expires_in"] = expires_in;
                }
                (200, body)
            }
            "/revoke" => {
                let token = field("token");
                self.with(|inner| {
                    inner.refresh.remove(&token);
                    inner.revoked.push(token);
                });
                (200, json!({}))
            }
            _ => (404, json!({ "detail": "Not Found" })),
        }
    }

    fn serve_api(
        &self,
        method: &str,
        path: &str,
        request: &HttpRequest,
        streams: bool,
    ) -> Option<Out> {
        let answer = |status: u16, body: Value| {
            Some(Out::Reply(HttpResponse {
                status,
                retry_after: None,
                body: body.to_string(),
                redirected_to: None,
            }))
        };
        let owner = self.owner(
            request
                .bearer
                .as_ref()
                .map(|bearer| bearer.expose().as_str()),
        );
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').skip(2).collect();
        match (method, segments.as_slice()) {
            ("GET", ["rooms"]) => {
                let mut rooms = json!({ "echo": { "id": "echo", "name": "Echo" } });
                if self.with(|inner| inner.personal) {
                    rooms["own"] = json!({ "id": "own", "name": owner });
                }
                answer(200, rooms)
            }
            ("GET", ["stats", "rooms"]) => answer(200, json!({})),
            ("GET", _) if path == "/api/user_info" => {
                answer(200, json!({ "preferred_username": owner }))
            }
            ("GET", ["rooms", _, "agui"]) => answer(200, json!({ "threads": self.thread_list() })),
            ("POST", ["rooms", _, "agui"]) => {
                let thread = self.with(|inner| {
                    inner.count += 1;
                    format!("t-{}", inner.count)
                });
                let run = self.new_run(&thread);
                answer(
                    200,
                    json!({ "thread_id": thread, "runs": { run.clone(): { "run_id": run } } }),
                )
            }
            ("GET", ["rooms", _, "agui", thread]) => answer(200, self.thread(thread)),
            ("POST", ["rooms", _, "agui", thread]) => {
                answer(200, json!({ "run_id": self.new_run(thread) }))
            }
            ("POST", ["rooms", _, "agui", _, _, "feedback"]) => answer(205, json!(null)),
            ("GET", ["rooms", _, "agui", _, run]) => {
                let found = self.with(|inner| {
                    inner
                        .runs
                        .iter()
                        .find(|known| known.id == *run)
                        .map(Run::stored)
                });
                found.map_or_else(
                    || answer(404, json!({ "detail": "Unknown run" })),
                    |run| answer(200, run),
                )
            }
            ("POST", ["rooms", _, "agui", _, run]) if streams => self.open_stream(run, request),
            _ => answer(404, json!({ "detail": "Not Found" })),
        }
    }

    fn new_run(&self, thread: &str) -> String {
        self.with(|inner| {
            inner.count += 1;
            let id = format!("r-{}", inner.count);
            let number = inner.runs.len();
            inner.runs.push(Run {
                number,
                id: id.clone(),
                thread: thread.to_owned(),
                is_started: false,
                is_finished: false,
                input: Value::Null,
                events: Vec::new(),
                listeners: Vec::new(),
            });
            id
        })
    }

    fn thread_list(&self) -> Vec<Value> {
        let ids: BTreeSet<String> =
            self.with(|inner| inner.runs.iter().map(|run| run.thread.clone()).collect());
        ids.into_iter()
            .map(|id| json!({ "thread_id": id, "metadata": { "name": format!("About {id}") } }))
            .collect()
    }

    fn thread(&self, thread: &str) -> Value {
        self.with(|inner| {
            let runs: Vec<&Run> = inner
                .runs
                .iter()
                .filter(|run| run.thread == thread)
                .collect();
            let map: serde_json::Map<String, Value> = runs
                .iter()
                .map(|run| (run.id.clone(), run.summary()))
                .collect();
            json!({ "thread_id": thread, "runs": map })
        })
    }

    fn open_stream(&self, run: &str, request: &HttpRequest) -> Option<Out> {
        let answer = |status: u16, body: Value| {
            Some(Out::Reply(HttpResponse {
                status,
                retry_after: None,
                body: body.to_string(),
                redirected_to: None,
            }))
        };
        let cursor = request
            .headers
            .iter()
            .find(|(name, _)| *name == "last-event-id")
            .map(|(_, value)| value.clone());
        self.with(|inner| {
            let overlap = inner.overlap;
            let Some(run) = inner.runs.iter_mut().find(|known| known.id == run) else {
                return answer(404, json!([format!("Unknown run: {run}")]));
            };
            let first = match cursor {
                None if run.is_started => return answer(400, json!(["Run already started"])),
                None => {
                    run.is_started = true;
                    run.input =
                        serde_json::from_str(request.body.as_deref().unwrap_or("null")).unwrap();
                    0
                }
                Some(cursor) => {
                    let index: i64 = cursor.rsplit(':').next().unwrap().parse().unwrap();
                    usize::try_from(index + 1).unwrap().saturating_sub(overlap)
                }
            };
            let (sender, receiver) = unbounded();
            for (index, event) in run.events.iter().enumerate().skip(first) {
                sender
                    .unbounded_send(Some(Ok(frame(&run.id, index, event))))
                    .unwrap();
            }
            if run.is_finished {
                sender.unbounded_send(None).unwrap();
            } else {
                run.listeners.push(sender);
            }
            Some(Out::Stream(receiver))
        })
    }
}

impl Run {
    fn summary(&self) -> Value {
        let finished = self.is_finished.then_some("2027-01-15T08:00:00Z");
        json!({ "run_id": self.id, "created": format!("2027-01-15T08:00:00.{:03}Z", self.number), "finished": finished, "run_input": self.input })
    }

    fn stored(&self) -> Value {
        let mut value = self.summary();
        value["events"] = Value::Array(self.events.clone());
        value
    }
}
