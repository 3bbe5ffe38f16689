//! Calls to one core, and what their refusals mean for its session.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures_util::future::join;

use crate::api::openhuman::{request, usage};
use crate::core::error::ApiError;
use crate::core::room::ThreadId;
use crate::core::rpc::cascade::{Cascade, Source, Verdict};
use crate::core::rpc::classify::RpcErrorKind;
use crate::core::rpc::envelope::{Answer, Call, Ids, RpcError, read};
use crate::core::rpc::redact::{Level, Place, Report, report};
use crate::core::secret::Secret;
use crate::core::server::id::ServerId;
use crate::core::session::machine::Epoch;
use crate::i18n::openhuman as words;
use crate::port::{LockGuard, TransportError};
use crate::state::client::ApiClient;
use crate::state::server::Server;
use crate::state::session::ServerSession;
use crate::state::shared::Shared;
use crate::state::task::lock;
use crate::state::toast::Tone;

/// Calls the methods of one core. Clones share it.
#[derive(Clone)]
pub struct CoreClient(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) shared: Shared,
    pub(super) id: ServerId,
    pub(super) session: ServerSession,
    pub(super) cascade: Mutex<Cascade>,
    client: ApiClient,
    ids: Mutex<Ids>,
    /// What this core does not know is not asked of it again.
    missing: Mutex<BTreeSet<&'static str>>,
    /// It does not take the core token any more, which has been told.
    is_shut: Mutex<bool>,
}

impl CoreClient {
    pub(super) fn new(server: &Server) -> Self {
        Self(Arc::new(Inner {
            shared: server.shared().clone(),
            id: server.id().clone(),
            session: server.session().clone(),
            cascade: Mutex::default(),
            client: server.client().clone(),
            ids: Mutex::default(),
            missing: Mutex::default(),
            is_shut: Mutex::default(),
        }))
    }

    /// What carries the calls, and streams.
    #[must_use]
    pub fn api(&self) -> &ApiClient {
        &self.0.client
    }

    /// The sign-in that calls made now belong to.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        lock(&self.0.cascade).epoch()
    }

    pub(super) fn now(&self) -> i64 {
        self.0.shared.now()
    }

    /// Calls a method.
    ///
    /// # Errors
    /// [`RpcError`]; what it says about the session has been told to the session by then.
    pub async fn call(&self, call: Call) -> Result<Answer, RpcError> {
        if lock(&self.0.missing).contains(call.method) {
            return Err(RpcError::of(RpcErrorKind::MethodNotFound));
        }
        let epoch = self.epoch();
        let answer = self.send(&call).await;
        self.note_door(answer.as_ref().err());
        if let Err(error) = &answer {
            if error.kind == RpcErrorKind::MethodNotFound {
                lock(&self.0.missing).insert(call.method);
            }
            if let Some(certainty) = error.kind.expiry().filter(|_| !call.in_place) {
                self.judge(Verdict {
                    certainty,
                    source: Source::Call(call.method),
                    epoch,
                });
            }
        }
        answer
    }

    /// Waits until no tab of this browser asks in this thread or stores an answer there, so many milliseconds at most. Others wait until
    /// the guard is dropped.
    pub(super) async fn alone(&self, thread: &ThreadId, wait: u32) -> Option<Box<dyn LockGuard>> {
        let name = format!("enfilade-core-{}-{thread}", self.0.id.as_str());
        self.0.shared.ports.lock.acquire(name, wait).await.ok()
    }

    /// One line about a failure, as loud as it deserves: of what the server has said nothing gets into it.
    pub(super) fn note(&self, what: &str, kind: RpcErrorKind, place: Place) {
        // The one line about an end is that of the transition.
        if kind.expiry().is_some() {
            return;
        }
        let Report { level, counts } = report(kind, place);
        let end = if counts {
            ", which should not happen"
        } else {
            ""
        };
        log::log!(
            log_level(level),
            "{what} {}: {kind:?}{end}",
            self.0.id.host_and_port()
        );
    }

    /// What the person has left to spend, in words. A part that cannot be had is left out; without a session nothing is asked.
    pub(super) async fn left(&self) -> Option<String> {
        let (usage, plan) = join(self.call(usage::usage()), self.call(usage::plan())).await;
        let usage = usage.map(|answer| usage::read_usage(&answer));
        let plan = plan.ok().and_then(|answer| usage::read_plan(&answer));
        words::left(&usage.unwrap_or_default(), plan.as_deref(), self.now())
    }

    /// It may be another version by now: everything is asked for once more.
    pub(super) fn ask_anew(&self) {
        lock(&self.0.missing).clear();
    }

    /// A refused core token is a fault in how the core was added, told once until it is taken again.
    fn note_door(&self, error: Option<&RpcError>) {
        let is_shut = match error.map(|error| error.kind) {
            None => false,
            Some(RpcErrorKind::BearerRejected) => true,
            // Not every refusal comes from behind the door.
            Some(_) => return,
        };
        if std::mem::replace(&mut *lock(&self.0.is_shut), is_shut) || !is_shut {
            return;
        }
        let notice = words::shut(&self.0.session.server_name());
        self.0.shared.toasts.tell(Tone::Caution, notice);
    }

    /// Calls a method and tells nobody what its refusal means.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, RpcError> {
        let id = lock(&self.0.ids).next_id();
        match self.0.client.exchange(request(call, id)).await {
            Ok(answer) => read(answer.status, &answer.body, id)
                .map_err(|error| error.after(answer.retry_after)),
            Err(ApiError::Timeout) => Err(RpcError::late(call)),
            // There is no session to ask in: it has ended before.
            Err(ApiError::Unauthorized) => Err(RpcError::of(RpcErrorKind::Cancelled)),
            Err(error) => Err(error.into()),
        }
    }
}

/// The level of the log that stands for it.
pub(super) fn log_level(level: Level) -> log::Level {
    match level {
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    }
}

/// Calls a method without a session, with a core token that is being tried, or was used until now.
///
/// # Errors
/// [`RpcError`]; nothing is told to any session.
pub async fn knock(
    shared: &Shared,
    server: &ServerId,
    core_token: &Secret<String>,
    call: Call,
) -> Result<Answer, RpcError> {
    const ONLY: u64 = 1;
    let bearer = Some(core_token.clone());
    let answer = ApiClient::plain(shared, server, request(&call, ONLY), bearer, true);
    match answer.await {
        Ok(answer) => {
            read(answer.status, &answer.body, ONLY).map_err(|error| error.after(answer.retry_after))
        }
        Err(TransportError::Timeout) => Err(RpcError::late(&call)),
        Err(TransportError::Network) => Err(RpcError::of(RpcErrorKind::Transport)),
    }
}
