//! The server that the shell brings along: where it answers now, and how it stands when it does not.
//!
//! Everybody else names it by an address that stays ([`LOCAL`]). It is turned into the port of the moment here, request by
//! request, so that a restart of the server is nobody else's business.

use std::sync::Arc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set};

use super::Desktop;
use crate::api::shell::{self, Failure, Health};
use crate::core::server::id::LOCAL;
use crate::port::{Http, HttpRequest, HttpResponse, HttpStream, TransportError};
use crate::state::task::{lock, spawn};

/// How the server on this computer stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Local {
    /// Nobody knows yet whether there is one, or it is on its way.
    #[default]
    Starting,
    /// It answers at this port.
    Running(u16),
    /// It does not run.
    Stopped(Option<Failure>),
    /// There is none: the page comes from a development server.
    Absent,
}

/// How long a request waits for a server that is on its way, in milliseconds.
const START_WAIT: u32 = 20_000;

type Hook = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
pub(super) struct Sidecar {
    state: ArcRwSignal<Local>,
    waiters: Vec<oneshot::Sender<()>>,
    is_watched: bool,
    is_asked: bool,
    on_running: Option<Hook>,
}

impl Local {
    /// Whether its program is not there at all.
    #[must_use]
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::Stopped(Some(Failure::Missing)))
    }

    /// How soon to look again, in milliseconds.
    const fn pause(self) -> Option<u32> {
        match self {
            Self::Starting => Some(500),
            Self::Stopped(_) => Some(3_000),
            Self::Running(_) => Some(15_000),
            Self::Absent => None,
        }
    }
}

impl From<Result<Health, Failure>> for Local {
    fn from(health: Result<Health, Failure>) -> Self {
        match health {
            Ok(Health::Starting) => Self::Starting,
            Ok(Health::Running(port)) => Self::Running(port),
            Ok(Health::Stopped(reason)) => Self::Stopped(reason),
            Err(failure) => Self::Stopped(Some(failure)),
        }
    }
}

impl Desktop {
    /// How the server on this computer stands.
    #[must_use]
    pub fn local(&self) -> ArcRwSignal<Local> {
        lock(&self.0.sidecar).state.clone()
    }

    /// Whether the page is the one that the shell brings along.
    pub(in crate::state) async fn is_production(&self) -> Result<bool, Failure> {
        self.call(shell::shell_info(), shell::read_info).await
    }

    pub(in crate::state) fn set_local(&self, local: Local) {
        // Nobody is called while it is locked.
        let (state, was, waiters, on_running) = {
            let mut sidecar = lock(&self.0.sidecar);
            let was = sidecar.state.get_untracked();
            (
                sidecar.state.clone(),
                was,
                std::mem::take(&mut sidecar.waiters),
                sidecar.on_running.clone(),
            )
        };
        if was != local {
            state.set(local);
        }
        for waiter in waiters {
            // Whoever has given up does not want to know.
            let _ = waiter.send(());
        }
        let runs_anew = matches!(local, Local::Running(_)) && was != local;
        if let Some(hook) = on_running.filter(|_| runs_anew) {
            hook();
        }
    }

    /// Starts the server, and keeps an eye on it for as long as the window lives. `on_running` is called whenever it answers anew; it
    /// must not wait for it.
    pub(in crate::state) fn run_local(&self, on_running: impl Fn() + Send + Sync + 'static) {
        lock(&self.0.sidecar).on_running = Some(Arc::new(on_running));
        self.start_local();
    }

    /// Starts the server, unless it runs.
    pub fn start_local(&self) {
        self.set_local(Local::Starting);
        let is_watched = std::mem::replace(&mut lock(&self.0.sidecar).is_watched, true);
        let this = self.clone();
        spawn(async move {
            let health = this.call(shell::start_backend(), shell::read_health).await;
            this.set_local(health.into());
            if !is_watched {
                this.watch_local().await;
            }
        });
    }

    async fn watch_local(self) {
        while let Some(pause) = self.local().get_untracked().pause() {
            let (sender, changed) = oneshot::channel();
            lock(&self.0.sidecar).waiters.push(sender);
            // What somebody else has found out meanwhile has a pace of its own.
            if let Either::Left(_) = select(self.0.clock.sleep(pause), changed).await {
                self.look_at_local().await;
            }
        }
        lock(&self.0.sidecar).is_watched = false;
    }

    async fn look_at_local(&self) {
        if std::mem::replace(&mut lock(&self.0.sidecar).is_asked, true) {
            return;
        }
        let health = self
            .call(shell::check_backend_health(), shell::read_health)
            .await;
        lock(&self.0.sidecar).is_asked = false;
        let is_running = matches!(self.local().get_untracked(), Local::Running(_));
        // A bridge that is slow for once says nothing about a server that answers.
        if health != Err(Failure::Silent) || !is_running {
            self.set_local(health.into());
        }
    }

    /// The address at which something is to be had, once the port is known. Other servers' addresses stay as they are.
    ///
    /// # Errors
    /// [`TransportError`] where there is no such port now.
    pub async fn resolve(&self, url: &str) -> Result<String, TransportError> {
        let Some(rest) = local_path(url) else {
            return Ok(url.to_owned());
        };
        let mut limit = self.0.clock.sleep(START_WAIT);
        loop {
            match self.local().get_untracked() {
                Local::Running(port) => return Ok(format!("http://127.0.0.1:{port}{rest}")),
                Local::Starting => {}
                Local::Stopped(_) | Local::Absent => return Err(TransportError::Network),
            }
            let (sender, changed) = oneshot::channel();
            lock(&self.0.sidecar).waiters.push(sender);
            match select(changed, limit).await {
                Either::Left((_, rest)) => limit = rest,
                Either::Right(_) => return Err(TransportError::Timeout),
            }
        }
    }

    /// Requests, with the server on this computer at the port that it has.
    pub(in crate::state) fn http(&self, http: &Arc<dyn Http>) -> Arc<dyn Http> {
        Arc::new(LocalHttp {
            http: http.clone(),
            desktop: self.clone(),
        })
    }
}

/// What follows the address of the server on this computer.
fn local_path(url: &str) -> Option<&str> {
    let rest = url.strip_prefix(LOCAL)?;
    (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then_some(rest)
}

type Sending<T> = LocalBoxFuture<'static, Result<T, TransportError>>;
type PassOn<T> = fn(&Arc<dyn Http>, HttpRequest) -> Sending<T>;

struct LocalHttp {
    http: Arc<dyn Http>,
    desktop: Desktop,
}

impl LocalHttp {
    /// Sends once the port is known. What did not get through may have met a server that is gone: that is looked into.
    fn pass_on<T: 'static>(&self, request: HttpRequest, send: PassOn<T>) -> Sending<T> {
        if local_path(&request.url).is_none() {
            return send(&self.http, request);
        }
        let (http, desktop) = (self.http.clone(), self.desktop.clone());
        async move {
            let url = desktop.resolve(&request.url).await?;
            let outcome = send(&http, HttpRequest { url, ..request }).await;
            if outcome.is_err() {
                let desktop = desktop.clone();
                spawn(async move { desktop.look_at_local().await });
            }
            outcome
        }
        .boxed_local()
    }
}

impl Http for LocalHttp {
    fn send(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, TransportError>> {
        self.pass_on(request, |http, request| http.send(request))
    }

    fn stream(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpStream, TransportError>> {
        self.pass_on(request, |http, request| http.stream(request))
    }
}
