//! A server that keeps the session itself, in memory: it answers JSON-RPC and tells its events, and does what a test says.

mod methods;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use enfilade::core::composer::draft::UserKey;
use enfilade::core::secret::Secret as Hidden;
use enfilade::core::server::alias::Alias;
use enfilade::core::server::id::ServerId;
use enfilade::core::server::registry::{AuthMode, ServerRecord};
use enfilade::core::session::token::Tokens;
use enfilade::port::{HttpRequest, HttpResponse, TransportError};
use futures_channel::mpsc::{UnboundedSender, unbounded};
use serde_json::{Value, json};

use super::backend::{Out, Secret};
use super::feed::Piece;

/// What nobody may be without.
pub const NO_SESSION: &str =
    "composio unavailable: no backend session token. Sign in to use integrations.";
/// What a core says for certain.
pub const ENDED: &str = "SESSION_EXPIRED: backend rejected session token on GET /auth/me";

/// Clones share it.
#[derive(Clone)]
pub struct Core(Arc<Mutex<Inner>>);

struct Inner {
    name: String,
    bearer: String,
    session: Option<Held>,
    /// So many reads of the session still say that there is none.
    unread: u32,
    forgetful: bool,
    is_onboarded: bool,
    /// Who is who: session tokens, and sign-in links with the token they are traded for.
    accounts: BTreeMap<String, String>,
    links: BTreeMap<String, String>,
    secrets: Vec<(&'static str, String)>,
    failing: BTreeMap<String, (u32, String)>,
    missing: BTreeSet<String>,
    calls: Vec<(String, Value)>,
    count: u32,
    requests: u32,
    threads: Vec<Value>,
    messages: BTreeMap<String, Vec<Value>>,
    turns: BTreeMap<String, Turn>,
    listeners: Vec<(String, UnboundedSender<Piece>)>,
    toolkits: Vec<String>,
    connections: Vec<Value>,
}

#[derive(Clone)]
struct Held {
    token: String,
    user: String,
}

struct Turn {
    client: String,
    state: Value,
    is_live: bool,
}

fn text(params: &Value, name: &str) -> String {
    params[name].as_str().unwrap_or_default().to_owned()
}

impl Core {
    pub fn new(name: &str) -> Self {
        let bearer = format!("core-{name}-hush");
        Self(Arc::new(Mutex::new(Inner {
            name: name.to_owned(),
            secrets: vec![("core token", bearer.clone())],
            bearer,
            session: None,
            unread: 0,
            forgetful: false,
            is_onboarded: true,
            accounts: BTreeMap::new(),
            links: BTreeMap::new(),
            failing: BTreeMap::new(),
            missing: BTreeSet::new(),
            calls: Vec::new(),
            count: 0,
            requests: 0,
            threads: Vec::new(),
            messages: BTreeMap::new(),
            turns: BTreeMap::new(),
            listeners: Vec::new(),
            toolkits: vec!["gmail".to_owned(), "github".to_owned()],
            connections: Vec::new(),
        })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub fn origin(&self) -> String {
        format!("https://{}.example", self.with(|inner| inner.name.clone()))
    }

    pub fn id(&self) -> ServerId {
        ServerId::parse(&self.origin()).unwrap()
    }

    pub fn alias(&self) -> Alias {
        Alias::derive(self.id().host_and_port(), &BTreeSet::new())
    }

    /// The path of its room, with what follows.
    pub fn path(&self, rest: &str) -> String {
        format!("/room/{}/chat{rest}", self.alias())
    }

    /// The page that asks for sign-in and leads back to `path`.
    pub fn sign_in_path(&self, path: &str) -> String {
        let encode = enfilade::core::route::encode_segment;
        format!("/?url={}&returnTo={}", encode(&self.origin()), encode(path))
    }

    pub fn record(&self) -> ServerRecord {
        ServerRecord {
            id: self.id(),
            alias: self.alias(),
            name: None,
            description: None,
            auth: AuthMode::Core,
            added_at: 0,
        }
    }

    pub fn bearer(&self) -> String {
        self.with(|inner| inner.bearer.clone())
    }

    pub fn tokens(&self, user: &str) -> Tokens {
        Tokens {
            access: Hidden::new(self.bearer()),
            refresh: None,
            id_token: None,
            expires_at: i64::MAX / 4,
            lifetime: i64::MAX / 4,
            holder: Some(UserKey::from_parts(self.id().as_str(), user)),
        }
    }

    /// It was started anew, with another token.
    pub fn change_bearer(&self) -> String {
        self.with(|inner| {
            inner.bearer = format!("{}-new", inner.bearer);
            inner.secrets.push(("core token", inner.bearer.clone()));
            inner.bearer.clone()
        })
    }

    pub fn secrets(&self) -> Vec<Secret> {
        let origin = self.origin();
        self.with(|inner| {
            let own = |(kind, text): &(&'static str, String)| Secret {
                kind,
                text: text.clone(),
                origin: origin.clone(),
                issuer: origin.clone(),
            };
            inner.secrets.iter().map(own).collect()
        })
    }

    fn mint(&self, kind: &'static str, form: impl FnOnce(u32) -> String) -> String {
        self.with(|inner| {
            inner.count += 1;
            let token = form(inner.count);
            inner.secrets.push((kind, token.clone()));
            token
        })
    }

    /// A token of the account service.
    pub fn session_token(&self, user: &str) -> String {
        let token = self.mint("session token", |count| {
            format!("e30.{user}hush{count}.sig")
        });
        self.with(|inner| inner.accounts.insert(token.clone(), user.to_owned()));
        token
    }

    /// A token that no account service knows.
    pub fn local_token(&self, user: &str) -> String {
        let token = self.mint("session token", |count| {
            format!("e30.{user}hush{count}.local")
        });
        self.with(|inner| inner.accounts.insert(token.clone(), user.to_owned()));
        token
    }

    /// The token of a sign-in link.
    pub fn login_token(&self, user: &str) -> String {
        let token = self.session_token(user);
        let link = self.mint("session token", |count| format!("linkhush{count}"));
        self.with(|inner| inner.links.insert(link.clone(), token));
        link
    }

    /// Somebody is signed in there.
    pub fn hold(&self, user: &str) {
        let token = self.session_token(user);
        let user = user.to_owned();
        self.with(|inner| inner.session = Some(Held { token, user }));
    }

    pub fn hold_local(&self, user: &str) {
        let token = self.local_token(user);
        let user = user.to_owned();
        self.with(|inner| inner.session = Some(Held { token, user }));
    }

    /// Nobody is signed in there any more.
    pub fn drop_session(&self) {
        self.with(|inner| inner.session = None);
    }

    pub fn holder(&self) -> Option<String> {
        self.with(|inner| inner.session.as_ref().map(|held| held.user.clone()))
    }

    /// It has just been started: so many reads find no session.
    pub fn restart(&self, unread: u32) {
        self.with(|inner| inner.unread = unread);
        self.cut();
    }

    /// It says that it has stored a session and does not.
    pub fn set_forgetful(&self, forgetful: bool) {
        self.with(|inner| inner.forgetful = forgetful);
    }

    pub fn set_onboarded(&self, is_onboarded: bool) {
        self.with(|inner| inner.is_onboarded = is_onboarded);
    }

    /// The methods whose names end so fail with this text, so many times.
    pub fn fail(&self, method: &str, times: u32, text: &str) {
        self.with(|inner| {
            inner
                .failing
                .insert(method.to_owned(), (times, text.to_owned()))
        });
    }

    pub fn heal(&self) {
        self.with(|inner| {
            inner.failing.clear();
            inner.missing.clear();
        });
    }

    /// It is of a version without this method.
    pub fn lacks(&self, method: &str) {
        self.with(|inner| inner.missing.insert(method.to_owned()));
    }

    /// What was asked, oldest first.
    pub fn calls(&self, method: &str) -> Vec<Value> {
        self.with(|inner| {
            let named = inner
                .calls
                .iter()
                .filter(|(known, _)| known.ends_with(method));
            named.map(|(_, params)| params.clone()).collect()
        })
    }

    pub fn count(&self, method: &str) -> usize {
        self.calls(method).len()
    }

    /// The names of what was asked, of those that these are the ends of.
    pub fn order(&self, methods: &[&str]) -> Vec<String> {
        self.with(|inner| {
            let names = inner.calls.iter().filter_map(|(name, _)| {
                let known = methods.iter().find(|method| name.ends_with(**method));
                known.map(|method| (*method).to_owned())
            });
            names.collect()
        })
    }

    pub fn forget_calls(&self) {
        self.with(|inner| inner.calls.clear());
    }

    pub fn connect(&self, toolkit: &str, status: &str) {
        self.with(|inner| {
            let id = format!("con-{toolkit}");
            inner.connections.retain(|one| one["id"] != json!(id));
            inner
                .connections
                .push(json!({ "id": id, "toolkit": toolkit, "status": status }));
        });
    }

    pub fn connections(&self) -> usize {
        self.with(|inner| inner.connections.len())
    }

    /// A thread that is there already.
    pub fn add_thread(&self, id: &str, title: &str) {
        self.with(|inner| inner.add_thread(id, title));
    }

    pub fn add_message(&self, thread: &str, id: &str, sender: &str, text: &str) {
        let message = json!({ "id": id, "sender": sender, "content": text, "type": "text",
            "extraMetadata": {}, "createdAt": "2027-01-15T08:00:00Z" });
        self.with(|inner| {
            let known = inner.messages.entry(thread.to_owned()).or_default();
            known.push(message);
        });
    }

    /// What is stored of a thread, as `sender:text`.
    pub fn stored(&self, thread: &str) -> Vec<String> {
        self.with(|inner| {
            let messages = inner.messages.get(thread).into_iter().flatten();
            messages
                .map(|one| format!("{}:{}", text(one, "sender"), text(one, "content")))
                .collect()
        })
    }

    pub fn stored_ids(&self, thread: &str) -> Vec<String> {
        self.with(|inner| {
            let messages = inner.messages.get(thread).into_iter().flatten();
            messages.map(|one| text(one, "id")).collect()
        })
    }

    pub fn title(&self, thread: &str) -> String {
        self.with(|inner| {
            let known = inner.threads.iter().find(|one| one["id"] == json!(thread));
            known.map(|one| text(one, "title")).unwrap_or_default()
        })
    }

    /// Whether a turn is under way.
    pub fn is_answering(&self, thread: &str) -> bool {
        self.with(|inner| inner.turns.get(thread).is_some_and(|turn| turn.is_live))
    }

    /// The turn of a thread says something.
    pub fn say(&self, thread: &str, name: &str, fields: Value) {
        self.with(|inner| inner.say(thread, name, fields));
    }

    pub fn delta(&self, thread: &str, delta: &str) {
        self.say(thread, "text_delta", json!({ "round": 1, "delta": delta }));
    }

    /// The turn has ended well: as there, nothing of it is stored.
    pub fn done(&self, thread: &str, answer: &str) {
        self.say(thread, "chat_done", json!({ "full_response": answer }));
        self.with(|inner| inner.turns.remove(thread));
    }

    pub fn chat_error(&self, thread: &str, kind: &str, message: &str) {
        let fields = json!({ "error_type": kind, "message": message });
        self.with(|inner| inner.end(thread, fields));
    }

    /// The process has ended with its turns.
    pub fn kill_turns(&self) {
        self.with(|inner| {
            for turn in inner.turns.values_mut() {
                turn.is_live = false;
                turn.state["lifecycle"] = json!("interrupted");
            }
        });
    }

    /// The streams of events break off.
    pub fn cut(&self) {
        self.with(|inner| {
            for (_, listener) in inner.listeners.drain(..) {
                let _ = listener.unbounded_send(Some(Err(TransportError::Network)));
            }
        });
    }

    /// A sign of life that says nothing.
    pub fn keepalive(&self) {
        self.with(|inner| {
            for (_, listener) in &inner.listeners {
                let _ = listener.unbounded_send(Some(Ok(b":\n\n".to_vec())));
            }
        });
    }

    pub fn listeners(&self) -> usize {
        self.with(|inner| {
            inner
                .listeners
                .retain(|(_, listener)| !listener.is_closed());
            inner.listeners.len()
        })
    }

    pub fn serve(&self, method: &str, request: &HttpRequest, streams: bool) -> Option<Out> {
        let path = request.url.strip_prefix(&self.origin())?;
        if let Some(client) = path.strip_prefix("/events?client_id=") {
            return streams.then(|| self.listen(client));
        }
        if (method, path) == ("GET", "/") {
            return Some(reply(200, &json!({ "name": "openhuman", "ok": true })));
        }
        let bearer = request.bearer.as_ref().map(Hidden::expose);
        if bearer != Some(&self.bearer()) {
            let body = json!({ "ok": false, "error": "unauthorized", "message": "Missing or wrong token" });
            return Some(reply(401, &body));
        }
        if path != "/rpc" {
            return Some(reply(404, &json!({ "ok": false, "error": "not_found" })));
        }
        let call: Value = serde_json::from_str(request.body.as_deref()?).ok()?;
        let (id, name) = (call["id"].clone(), text(&call, "method"));
        let answer = self.with(|inner| inner.call(&name, &call["params"]));
        Some(reply(
            200,
            &match answer {
                Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
                Err(message) => json!({ "jsonrpc": "2.0", "id": id,
                    "error": { "code": -32000, "message": message, "data": null } }),
            },
        ))
    }

    fn listen(&self, client: &str) -> Out {
        let (sender, receiver) = unbounded();
        self.with(|inner| inner.listeners.push((client.to_owned(), sender)));
        Out::Stream(receiver)
    }
}

fn reply(status: u16, body: &Value) -> Out {
    Out::Reply(HttpResponse {
        status,
        retry_after: None,
        body: body.to_string(),
        redirected_to: None,
    })
}
