//! What is between the app and its servers: a log of every request, and answers that a test can script.

use std::sync::{Arc, Mutex};

use enfilade::port::{Clock, Http, HttpRequest, HttpResponse, HttpStream, Method, TransportError};
use futures_channel::{mpsc, oneshot};
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};

use super::backend::{Backend, Out, Secret};
use super::core::Core;
use super::feed::{Feed, Piece};
use super::tab::Life;
use super::{FakeClock, backend};

/// One request as it was sent.
#[derive(Clone)]
pub struct Sent {
    pub tab: usize,
    /// When, in milliseconds since 1970.
    pub at: i64,
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub bearer: Option<String>,
    pub body: Option<String>,
    pub refuse_redirects: bool,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.body.as_deref().unwrap()).unwrap()
    }
}

/// What happens to a request instead of what its server would do.
#[derive(Clone)]
pub enum Act {
    Reply(HttpResponse),
    Fail(TransportError),
    /// The server does what it is asked, but its answer never arrives.
    Lose,
    /// Sends the request on to another address; a request that refuses redirects fails.
    Redirect(String),
    /// Waits for the gate.
    Hold(Gate),
    /// The server does what it is asked; its answer waits for the gate.
    Late(Gate),
}

/// A request that hangs until it is let go.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<Vec<oneshot::Sender<Option<Act>>>>>);

impl Gate {
    /// The server answers now.
    pub fn release(&self) {
        self.answer_with(None);
    }

    /// This is the answer.
    pub fn answer(&self, act: Act) {
        self.answer_with(Some(act));
    }

    fn answer_with(&self, act: Option<Act>) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap());
        assert!(!waiting.is_empty(), "nothing waits at the gate");
        for sender in waiting {
            let _ = sender.send(act.clone());
        }
    }

    pub fn waiting(&self) -> usize {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|sender| !sender.is_canceled())
            .count()
    }
}

pub fn reply(status: u16, body: &str) -> Act {
    Act::Reply(HttpResponse {
        status,
        retry_after: None,
        body: body.to_owned(),
        redirected_to: None,
    })
}

pub fn retry_after(status: u16, milliseconds: u64) -> Act {
    Act::Reply(HttpResponse {
        status,
        retry_after: Some(milliseconds),
        body: String::new(),
        redirected_to: None,
    })
}

struct Rule {
    what: String,
    left: Option<u32>,
    act: Act,
}

/// Clones share it.
#[derive(Clone)]
pub struct Net {
    clock: FakeClock,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    log: Vec<Sent>,
    rules: Vec<Rule>,
    faults: usize,
    backends: Vec<Backend>,
    cores: Vec<Core>,
}

/// `POST …/token` is named by `POST /token`, `POST id.harbor.example/token` or the like: a method and how the address
/// ends. The method `*` is every method, so that `* ` is every request. `RPC get_state` is a call of the method that ends so.
fn is_named(sent: &Sent, what: &str) -> bool {
    let Some((verb, end)) = what.split_once(' ') else {
        return false;
    };
    if verb == "RPC" {
        let body = sent.body.as_deref().unwrap_or_default();
        return sent.url.ends_with("/rpc") && body.contains(&format!("{end}\""));
    }
    (verb == "*" || verb == sent.method) && sent.url.ends_with(end)
}

impl Net {
    pub fn new(clock: FakeClock) -> Self {
        Self {
            clock,
            inner: Arc::default(),
        }
    }

    pub fn add(&self, backend: &Backend) {
        self.inner.lock().unwrap().backends.push(backend.clone());
    }

    pub fn add_core(&self, core: &Core) {
        self.inner.lock().unwrap().cores.push(core.clone());
    }

    /// The next such request ends so.
    pub fn once(&self, what: &str, act: Act) {
        self.rule(what, Some(1), act);
    }

    /// Every such request ends so, until [`Net::heal`].
    pub fn always(&self, what: &str, act: Act) {
        self.rule(what, None, act);
    }

    /// The next such request hangs.
    pub fn hold(&self, what: &str) -> Gate {
        let gate = Gate::default();
        self.rule(what, Some(1), Act::Hold(gate.clone()));
        gate
    }

    fn rule(&self, what: &str, left: Option<u32>, act: Act) {
        self.inner.lock().unwrap().rules.push(Rule {
            what: what.to_owned(),
            left,
            act,
        });
    }

    /// Servers answer for themselves again.
    pub fn heal(&self) {
        self.inner.lock().unwrap().rules.clear();
    }

    pub fn log(&self) -> Vec<Sent> {
        self.inner.lock().unwrap().log.clone()
    }

    pub fn forget_log(&self) {
        self.inner.lock().unwrap().log.clear();
    }

    pub fn sent(&self, what: &str) -> Vec<Sent> {
        self.log()
            .into_iter()
            .filter(|sent| is_named(sent, what))
            .collect()
    }

    pub fn count(&self, what: &str) -> usize {
        self.sent(what).len()
    }

    pub fn last(&self, what: &str) -> Sent {
        self.sent(what)
            .pop()
            .unwrap_or_else(|| panic!("nothing was sent to {what}"))
    }

    /// How many requests have met a rule so far.
    pub fn faults(&self) -> usize {
        self.inner.lock().unwrap().faults
    }

    pub fn secrets(&self) -> Vec<Secret> {
        let inner = self.inner.lock().unwrap();
        let backends = inner.backends.iter().flat_map(Backend::secrets);
        backends
            .chain(inner.cores.iter().flat_map(Core::secrets))
            .collect()
    }

    /// Tokens are never part of an address, and go to whom they are for only.
    pub fn check_secret(&self, secret: &Secret) {
        for sent in self.log() {
            assert!(
                !sent.url.contains(&secret.text),
                "a {} is in the address {}",
                secret.kind,
                sent.url
            );
            if sent.bearer.as_ref() == Some(&secret.text) {
                assert!(matches!(secret.kind, "access token" | "core token"));
                assert!(
                    sent.url.starts_with(&secret.origin),
                    "an {} of {} went to {}",
                    secret.kind,
                    secret.origin,
                    sent.url
                );
                let is_core = secret.kind == "core token";
                assert!(!is_core || sent.refuse_redirects);
            }
            if sent
                .body
                .as_ref()
                .is_some_and(|body| body.contains(&secret.text))
            {
                assert!(matches!(secret.kind, "refresh token" | "session token"));
                assert!(
                    sent.url.starts_with(&secret.issuer),
                    "a {} of {} went to {}",
                    secret.kind,
                    secret.issuer,
                    sent.url
                );
                assert!(
                    sent.refuse_redirects,
                    "a {} may be carried elsewhere",
                    secret.kind
                );
            }
        }
    }

    fn note(&self, tab: usize, request: &HttpRequest) -> Option<Act> {
        let method = name(request.method);
        let mut inner = self.inner.lock().unwrap();
        let sent = Sent {
            tab,
            at: self.clock.time(),
            method,
            url: request.url.clone(),
            headers: request.headers.clone(),
            bearer: request
                .bearer
                .as_ref()
                .map(|bearer| bearer.expose().clone()),
            body: request.body.clone(),
            refuse_redirects: request.refuse_redirects,
        };
        inner.log.push(sent.clone());
        let rule = inner
            .rules
            .iter_mut()
            .find(|rule| rule.left != Some(0) && is_named(&sent, &rule.what))?;
        if let Some(left) = &mut rule.left {
            *left -= 1;
        }
        let act = rule.act.clone();
        inner.faults += 1;
        Some(act)
    }

    /// What the server, or the provider, at that address does.
    fn serve(&self, request: &HttpRequest, streams: bool) -> Out {
        let (backends, cores) = {
            let inner = self.inner.lock().unwrap();
            (inner.backends.clone(), inner.cores.clone())
        };
        let method = name(request.method);
        let core = || {
            cores
                .iter()
                .find_map(|core| core.serve(method, request, streams))
        };
        backends
            .iter()
            .find_map(|backend| backend.serve(method, request, streams, self.clock.time()))
            .or_else(core)
            .unwrap_or(Out::Fail(TransportError::Network))
    }

    /// As a browser follows a redirect: the bearer goes along to the same origin only.
    fn redirected(&self, tab: usize, request: HttpRequest, streams: bool, url: String) -> Out {
        let origin = |url: &str| url.split('/').take(3).collect::<Vec<_>>().join("/");
        let is_same = origin(&request.url) == origin(&url);
        let request = HttpRequest {
            bearer: request.bearer.filter(|_| is_same),
            url: url.clone(),
            ..request
        };
        let out = match self.note(tab, &request) {
            Some(Act::Reply(answer)) => Out::Reply(answer),
            Some(_) => Out::Fail(TransportError::Network),
            None => self.serve(&request, streams),
        };
        match out {
            Out::Reply(answer) => Out::Reply(HttpResponse {
                redirected_to: Some(url),
                ..answer
            }),
            other => other,
        }
    }

    async fn carry(self, tab: usize, request: HttpRequest, streams: bool) -> Out {
        let mut act = self.note(tab, &request);
        let mut done = None;
        if let Some(Act::Late(_)) = &act {
            done = Some(self.serve(&request, streams));
        }
        if let Some(Act::Hold(gate) | Act::Late(gate)) = &act {
            let (sender, receiver) = oneshot::channel();
            gate.0.lock().unwrap().push(sender);
            let limit = match request.timeout {
                Some(limit) => self.clock.sleep(limit),
                None => futures_util::future::pending().boxed_local(),
            };
            act = match select(receiver, limit).await {
                Either::Left((answer, _)) => {
                    answer.unwrap_or(Some(Act::Fail(TransportError::Network)))
                }
                Either::Right(_) => Some(Act::Fail(TransportError::Timeout)),
            };
        }
        match act {
            None | Some(Act::Hold(_) | Act::Late(_)) => {
                done.unwrap_or_else(|| self.serve(&request, streams))
            }
            Some(Act::Reply(answer)) => Out::Reply(answer),
            Some(Act::Fail(error)) => Out::Fail(error),
            Some(Act::Lose) => {
                self.serve(&request, streams);
                Out::Fail(TransportError::Network)
            }
            Some(Act::Redirect(_)) if request.refuse_redirects => {
                Out::Fail(TransportError::Network)
            }
            Some(Act::Redirect(url)) => self.redirected(tab, request, streams, url),
        }
    }
}

fn name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Delete => "DELETE",
    }
}

/// The requests of one tab.
pub struct TabHttp {
    pub net: Net,
    pub tab: usize,
    pub life: Life,
}

impl Http for TabHttp {
    fn send(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, TransportError>> {
        let (net, tab, life) = (self.net.clone(), self.tab, self.life.clone());
        async move {
            life.or_never().await;
            let out = net.carry(tab, request, false).await;
            life.or_never().await;
            match out {
                Out::Reply(answer) => Ok(answer),
                Out::Fail(error) => Err(error),
                Out::Stream(_) => Ok(HttpResponse {
                    status: 200,
                    retry_after: None,
                    body: String::new(),
                    redirected_to: None,
                }),
            }
        }
        .boxed_local()
    }

    fn stream(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpStream, TransportError>> {
        let (net, tab, life) = (self.net.clone(), self.tab, self.life.clone());
        async move {
            life.or_never().await;
            let out = net.carry(tab, request, true).await;
            life.or_never().await;
            let (status, retry_after, pieces) = match out {
                Out::Fail(error) => return Err(error),
                Out::Stream(pieces) => (200, None, pieces),
                Out::Reply(answer) => {
                    let (sender, pieces) = mpsc::unbounded::<Piece>();
                    let _ = sender.unbounded_send(Some(Ok(answer.body.into_bytes())));
                    (answer.status, answer.retry_after, pieces)
                }
            };
            Ok(HttpStream {
                status,
                retry_after,
                body: Box::new(Feed { pieces, life }),
            })
        }
        .boxed_local()
    }
}

pub use backend::token_body;
