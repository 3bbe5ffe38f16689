//! The client of one server: the only place where its token is added and its 401s are judged.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, ReadUntracked, Set};

use super::limit::Limit;
use super::session::{Next, ServerSession};
use super::shared::Shared;
use super::task::lock;
use crate::api::{ApiRequest, Verb};
use crate::core::error::ApiError;
use crate::core::secret::Secret;
use crate::core::server::id::ServerId;
use crate::core::session::machine::Epoch;
use crate::port::{ByteStream, HttpRequest, HttpResponse, HttpStream, Method, TransportError};

/// Requests at once to one server, streams aside (`decisions.md` section 8).
const AT_ONCE: usize = 6;

type Hook = Arc<dyn Fn() + Send + Sync>;

/// What to do when nothing answers any more.
#[derive(Clone, Default)]
struct Lost(Arc<Mutex<Option<Hook>>>);

impl std::fmt::Debug for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lost")
    }
}

/// Sends requests to one server. Clones share everything.
#[derive(Debug, Clone)]
pub struct ApiClient {
    shared: Shared,
    base: Arc<str>,
    session: ServerSession,
    limit: Limit,
    unreachable: ArcRwSignal<bool>,
    lost: Lost,
}

/// The status of an answer, whole or streamed.
trait Answer {
    fn status(&self) -> u16;
}

impl Answer for HttpResponse {
    fn status(&self) -> u16 {
        self.status
    }
}

impl Answer for HttpStream {
    fn status(&self) -> u16 {
        self.status
    }
}

/// Where requests to a server go: relative where the server is this page's own origin, absolute else.
#[must_use]
pub fn base_url(server: &ServerId, page_origin: &str) -> String {
    if server.origin() == page_origin {
        server.base_path().to_owned()
    } else {
        server.as_str().to_owned()
    }
}

impl ApiClient {
    /// The client of a server.
    #[must_use]
    pub fn new(shared: &Shared, id: &ServerId, session: ServerSession) -> Self {
        let (origin, _) = shared.ports.navigator.base();
        Self {
            shared: shared.clone(),
            base: base_url(id, &origin).into(),
            session,
            limit: Limit::new(AT_ONCE),
            unreachable: ArcRwSignal::new(false),
            lost: Lost::default(),
        }
    }

    /// Whether the last request got no answer at all.
    #[must_use]
    pub fn unreachable(&self) -> ArcRwSignal<bool> {
        self.unreachable.clone()
    }

    /// Says what to do when the server stops answering, or the session cannot be renewed for now.
    pub fn on_unreachable(&self, hook: impl Fn() + Send + Sync + 'static) {
        *lock(&self.lost.0) = Some(Arc::new(hook));
    }

    /// Sends a request in the session and gives the body of a good answer.
    ///
    /// # Errors
    /// [`ApiError`]; `Unauthorized` is already told to the session.
    pub async fn call(&self, request: ApiRequest) -> Result<String, ApiError> {
        good_body(self.exchange(request).await?)
    }

    /// Sends a request in the session and gives the answer, whatever its status.
    ///
    /// # Errors
    /// [`ApiError`] where there is none, or a refusal that is already told to the session.
    pub async fn exchange(&self, request: ApiRequest) -> Result<HttpResponse, ApiError> {
        let epoch = self.epoch();
        let _permit = self.limit.permit().await;
        let http = self.shared.ports.http.clone();
        self.authorized(epoch, &request, &[], &move |request| http.send(request))
            .await
    }

    /// Opens a stream in the session, from the cursor on where there is one.
    ///
    /// # Errors
    /// [`ApiError`]
    pub async fn open_stream(
        &self,
        request: ApiRequest,
        cursor: Option<String>,
    ) -> Result<Box<dyn ByteStream>, ApiError> {
        let http = self.shared.ports.http.clone();
        let mut headers = vec![("accept", "text/event-stream".to_owned())];
        if let Some(cursor) = cursor {
            headers.push(("last-event-id", cursor));
        }
        let answer = self
            .authorized(self.epoch(), &request, &headers, &move |request| {
                http.stream(request)
            })
            .await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let (status, retry_after, mut body) = (answer.status, answer.retry_after, answer.body);
        let mut text = Vec::new();
        while let Some(Ok(piece)) = body.next().await {
            text.extend(piece);
            if text.len() > 64 * 1024 {
                break;
            }
        }
        Err(ApiError::from_status(
            status,
            &String::from_utf8_lossy(&text),
            retry_after,
        ))
    }

    async fn authorized<A: Answer>(
        &self,
        mut epoch: Epoch,
        request: &ApiRequest,
        headers: &[(&'static str, String)],
        send: &dyn Fn(HttpRequest) -> LocalBoxFuture<'static, Result<A, TransportError>>,
    ) -> Result<A, ApiError> {
        let mut tried = false;
        let user = self.session.user();
        loop {
            let (bearer, stamp) = match self.session.bearer().await {
                Ok(bearer) => bearer,
                Err(next) => return Err(self.refused(next)),
            };
            // A server that keeps the session itself wants its token with calls; what it only lets read is open to everybody.
            let is_open_there = self.session.is_kept_there() && request.verb == Verb::Get;
            let bearer = bearer.filter(|_| !is_open_there);
            // Somebody else may have signed in while this waited: what one person asks is never
            // asked in the name of another.
            if stamp.epoch != epoch {
                return Err(ApiError::Cancelled);
            }
            let wire = HttpRequest {
                method: method(request.verb),
                url: format!("{}{}", self.base, request.path),
                headers: headers
                    .iter()
                    .cloned()
                    .chain(content_type(request))
                    .collect(),
                bearer,
                body: request.body.clone(),
                timeout: Some(request.timeout),
                refuse_redirects: true,
            };
            let answer = send(wire).await;
            self.note_reach(answer.is_err());
            let answer = answer?;
            if self.epoch() != epoch {
                // The same person has signed in anew: what was to be read is still wanted.
                let is_back = self.session.is_active_untracked() && self.session.user() == user;
                if is_back && request.verb == Verb::Get && !tried {
                    tried = true;
                    epoch = self.epoch();
                    continue;
                }
                return Err(ApiError::Cancelled);
            }
            if answer.status() != 401 || self.session.is_open() || self.session.is_kept_there() {
                return Ok(answer);
            }
            match self.session.on_401(stamp, tried).await {
                Next::Retry => tried = true,
                other => return Err(self.refused(other)),
            }
        }
    }

    /// The sign-in that requests made now belong to.
    fn epoch(&self) -> Epoch {
        self.session.signal().read_untracked().epoch
    }

    fn note_reach(&self, unreachable: bool) {
        if self.unreachable.get_untracked() != unreachable {
            self.unreachable.set(unreachable);
            if unreachable {
                self.tell_lost();
            }
        }
    }

    fn tell_lost(&self) {
        let hook = lock(&self.lost.0).clone();
        if let Some(hook) = hook {
            hook();
        }
    }

    /// The error of a request that the session does not carry.
    fn refused(&self, next: Next) -> ApiError {
        match next {
            Next::Ended => ApiError::Unauthorized,
            Next::Stale | Next::Retry => ApiError::Cancelled,
            Next::NotNow => {
                if self.session.is_lapsed_now() {
                    self.tell_lost();
                }
                ApiError::Network
            }
        }
    }

    /// Asks without a session a server that is known: what another one says in its place does not count.
    ///
    /// # Errors
    /// [`ApiError`]; `Network` also for a redirect.
    pub async fn ask(
        shared: &Shared,
        server: &ServerId,
        request: ApiRequest,
    ) -> Result<String, ApiError> {
        good_body(Self::plain(shared, server, request, None, true).await?)
    }

    /// Sends a request without a session; with a token only where it is just being tried, or was good until now. Redirects are
    /// followed only where somebody has just typed the address.
    pub(super) fn plain(
        shared: &Shared,
        server: &ServerId,
        request: ApiRequest,
        bearer: Option<Secret<String>>,
        refuse_redirects: bool,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, TransportError>> {
        let (origin, _) = shared.ports.navigator.base();
        shared.ports.http.send(HttpRequest {
            method: method(request.verb),
            url: format!("{}{}", base_url(server, &origin), request.path),
            headers: content_type(&request),
            bearer,
            body: request.body,
            timeout: Some(request.timeout),
            refuse_redirects,
        })
    }

    /// Whether the server answers at all; notes it.
    pub fn poke(&self, server: &ServerId) -> LocalBoxFuture<'static, bool> {
        let (this, server) = (self.clone(), server.clone());
        async move {
            let answer = Self::ask(&this.shared, &server, crate::api::soliplex::login()).await;
            let there = !matches!(answer, Err(ApiError::Network | ApiError::Timeout));
            this.note_reach(!there);
            there
        }
        .boxed_local()
    }
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::Get,
        Verb::Post => Method::Post,
        Verb::Delete => Method::Delete,
    }
}

fn content_type(request: &ApiRequest) -> Vec<(&'static str, String)> {
    let json = || ("content-type", "application/json".to_owned());
    request.body.iter().map(|_| json()).collect()
}

/// The body of a good answer, or the error that its status stands for.
pub(super) fn good_body(answer: HttpResponse) -> Result<String, ApiError> {
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    Err(ApiError::from_status(
        answer.status,
        &answer.body,
        answer.retry_after,
    ))
}
