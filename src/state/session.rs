//! The session of one server: the one funnel for its end, the one refresh at a time, and its record.

mod again;
mod kept;
mod outlook;
pub(in crate::state) mod provider;
mod refresh;
mod suspect;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use futures_util::future::AbortHandle;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, ReadUntracked, With, WithUntracked};

use super::shared::Shared;
use super::task::lock;
use super::toast::Tone;
use crate::api::oidc::Discovery;
use crate::api::timeout;
use crate::core::composer::draft::UserKey;
use crate::core::record::keys;
use crate::core::secret::Secret;
use crate::core::server::id::ServerId;
use crate::core::server::registry::{AuthMode, Provider, ServerRecord};
use crate::core::session::machine::{Epoch, ExpiryReason, On401, Session, Stamp};
use crate::core::session::token::{Backoff, Tokens};
use crate::core::session::verdict::Debounce;
use crate::i18n;

/// How long a discovery document is believed, in milliseconds.
const DISCOVERY_TTL: i64 = 60 * 60 * 1000;
/// How long one tab waits for another tab's refresh, in milliseconds: longer than a token request may take.
const LOCK_WAIT: u32 = timeout::TOKEN + timeout::DISCOVERY;
/// The watch looks at the clock at least this often, in milliseconds: timers stop while a machine sleeps.
const TICK: i64 = 30_000;

/// What came of a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// There are new tokens.
    Fresh,
    /// The session stays as it is; later perhaps.
    Kept,
    /// The session has ended.
    Ended,
}

/// What to do after a 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask again with the current token.
    Retry,
    /// The session has ended; it is already marked so.
    Ended,
    /// The request belongs to a session that is gone.
    Stale,
    /// The session stays, but could not be renewed now.
    NotNow,
}

/// With less life than this left in a token, requests wait for the next one, in milliseconds.
const LAST_SECONDS: i64 = 10_000;

type Hook = Box<dyn Fn() + Send + Sync>;

/// The session of one server. Clones share it.
#[derive(Clone)]
pub struct ServerSession(Arc<Inner>);

struct Inner {
    shared: Shared,
    id: ServerId,
    record: ArcRwSignal<ServerRecord>,
    session: ArcRwSignal<Session>,
    refreshing: ArcRwSignal<bool>,
    flight: Mutex<Flight>,
    discovery: Mutex<HashMap<String, (Discovery, i64)>>,
    before_end: Mutex<Vec<Hook>>,
    after_change: Mutex<Vec<Hook>>,
    before_use: Mutex<Option<Hook>>,
    ask_server: Mutex<Option<Hook>>,
}

#[derive(Default)]
struct Flight {
    waiters: Option<Vec<oneshot::Sender<Refreshed>>>,
    backoff: Backoff,
    /// Ends the refresh under way: its session is gone, and the lock must not outlast it.
    cancel: Option<AbortHandle>,
    /// No more attempts ahead of time: they cannot succeed before something changes.
    stopped: bool,
    /// The server has refused the access token that is to be renewed.
    refused: bool,
    /// The provider has refused the refresh token of this stamp: asking again is of no use.
    spent: Option<Stamp>,
    setback: Option<outlook::Setback>,
    watch: u64,
    /// What keeps other tabs from renewing the same tokens now.
    held: Option<oneshot::Sender<()>>,
    /// Verdicts on this session wait: it is being restored or signed in to.
    holds: u32,
    /// A verdict came while they waited.
    suspected: Option<Epoch>,
    debounce: Debounce,
}

impl std::fmt::Debug for ServerSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerSession")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

impl ServerSession {
    /// Restores the session of a server from its record; expired is restored as expired.
    #[must_use]
    pub fn restore(shared: &Shared, id: &ServerId, record: ArcRwSignal<ServerRecord>) -> Self {
        let session = Self::restored(shared, id);
        let this = Self(Arc::new(Inner {
            shared: shared.clone(),
            id: id.clone(),
            record,
            session: ArcRwSignal::new(session),
            refreshing: ArcRwSignal::new(false),
            flight: Mutex::default(),
            discovery: Mutex::default(),
            before_end: Mutex::default(),
            after_change: Mutex::default(),
            before_use: Mutex::default(),
            ask_server: Mutex::default(),
        }));
        if shared.vault_was_asked() {
            this.adopt_stored();
        }
        this.watch();
        this
    }

    /// Its server.
    #[must_use]
    pub fn id(&self) -> &ServerId {
        &self.0.id
    }

    /// The session as a signal.
    #[must_use]
    pub fn signal(&self) -> ArcRwSignal<Session> {
        self.0.session.clone()
    }

    /// Whether a refresh is under way.
    #[must_use]
    pub fn refreshing(&self) -> ArcRwSignal<bool> {
        self.0.refreshing.clone()
    }

    /// Whether the server can be used now (tracked): signed in, or no sign-in needed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let open = self.0.record.with(|record| record.auth == AuthMode::None);
        self.0.session.with(Session::is_active) || open
    }

    /// Whether people sign in at all here.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0
            .record
            .with_untracked(|record| record.auth == AuthMode::None)
    }

    /// Whether the server keeps the session itself: what is sent to it only opens its door, and a refusal of that says nothing
    /// about the session.
    #[must_use]
    pub fn is_kept_there(&self) -> bool {
        self.0.record.with_untracked(|record| record.auth.is_core())
    }

    /// What its server is called (untracked).
    #[must_use]
    pub fn server_name(&self) -> String {
        self.0
            .record
            .with_untracked(|record| record.display_name().to_owned())
    }

    /// Whose drafts and other local things these are.
    #[must_use]
    pub fn user(&self) -> UserKey {
        if self.is_open() {
            return UserKey::anonymous();
        }
        self.0
            .session
            .with_untracked(Session::user)
            .unwrap_or_else(UserKey::server_bucket)
    }

    /// Runs before the session leaves "signed in", while what was typed can still be filed under its user.
    pub fn before_end(&self, hook: impl Fn() + Send + Sync + 'static) {
        lock(&self.0.before_end).push(Box::new(hook));
    }

    /// Runs after the session has changed its standing.
    pub fn after_change(&self, hook: impl Fn() + Send + Sync + 'static) {
        lock(&self.0.after_change).push(Box::new(hook));
    }

    /// Runs before a token is used; it may end the session. It must not use one itself.
    pub fn before_use(&self, hook: impl Fn() + Send + Sync + 'static) {
        *lock(&self.0.before_use) = Some(Box::new(hook));
    }

    fn about_to_use(&self) {
        if let Some(hook) = lock(&self.0.before_use).as_ref() {
            hook();
        }
    }

    /// Whether there are tokens that can be used, now or with the next start.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        self.0.session.with_untracked(|session| {
            session.tokens().is_some()
                || (session.expiry() == Some(ExpiryReason::Sealed)
                    && self.0.shared.vault_was_asked())
        })
    }

    /// The token to send, refreshed ahead of time where that is due, and the stamp of the request.
    ///
    /// # Errors
    /// [`Next::Ended`] without a living session: nothing is sent then. [`Next::NotNow`] where the token's
    /// time is over and the provider cannot be reached.
    pub async fn bearer(&self) -> Result<(Option<Secret<String>>, Stamp), Next> {
        if self.is_open() {
            return Ok((None, self.0.session.read_untracked().stamp()));
        }
        self.about_to_use();
        let now = self.0.shared.now();
        if self.refresh_is_due(now) {
            let refreshed = self.begin_refresh(false);
            // A token with some life left is good for this request: a slow provider must not hold it up.
            let ends = self
                .0
                .session
                .with_untracked(|session| session.tokens().map_or(0, |tokens| tokens.expires_at));
            if ends - now < LAST_SECONDS {
                // The outcome shows in the session.
                let _ = refreshed.await;
            }
        }
        let session = self.0.session.get_untracked();
        match session.tokens() {
            Some(tokens) if session.is_active() => {
                if tokens.is_dead(self.0.shared.now()) && tokens.refresh.is_some() {
                    return Err(Next::NotNow);
                }
                Ok((Some(tokens.access.clone()), session.stamp()))
            }
            _ => Err(Next::Ended),
        }
    }

    fn refresh_is_due(&self, now: i64) -> bool {
        let session = self.0.session.read_untracked();
        let Some(tokens) = session.tokens().filter(|_| session.is_active()) else {
            return false;
        };
        let due = tokens.refresh_due_at().is_some_and(|due| now >= due);
        let flight = lock(&self.0.flight);
        let dead = tokens.is_dead(now);
        due && (flight.waiters.is_some()
            || (flight.backoff.allows(now) && (!flight.stopped || dead)))
    }

    /// What a 401 to a request with this stamp leads to. `tried` says that this request has already been
    /// repeated after a refresh.
    pub async fn on_401(&self, stamp: Stamp, tried: bool) -> Next {
        let step = self.0.session.read_untracked().on_401(stamp);
        match step {
            On401::Stale => Next::Stale,
            On401::RetryWithCurrent if !tried => Next::Retry,
            On401::Refresh if !tried => match self.renew(stamp).await {
                Refreshed::Fresh => Next::Retry,
                Refreshed::Kept => Next::NotNow,
                Refreshed::Ended => Next::Ended,
            },
            On401::RetryWithCurrent => Next::NotNow,
            On401::Refresh | On401::Expire if self.is_held() => {
                self.suspect(stamp.epoch);
                Next::NotNow
            }
            On401::Refresh | On401::Expire => {
                self.mark_expired(stamp.epoch, ExpiryReason::Refused);
                if self.is_active_untracked() {
                    Next::Stale
                } else {
                    Next::Ended
                }
            }
        }
    }

    /// The one funnel: ends the session of that epoch, keeps its tokens, and lets everything that is
    /// being written be saved first.
    pub fn mark_expired(&self, epoch: Epoch, reason: ExpiryReason) {
        // Another tab may have signed in anew: its record must not be written over.
        self.adopt_stored();
        let mut session = self.0.session.get_untracked();
        if !session.expire(epoch, reason) {
            return;
        }
        lock(&self.0.flight).debounce.confirmed(self.0.shared.now());
        // Where the server keeps the session, whoever has looked into it tells more.
        if !self.is_kept_there() {
            log::info!("the session on {} has ended: {reason:?}", self.0.id.host());
        }
        self.put(session, true);
        let notice = i18n::session_ended(&self.server_name());
        self.0.shared.toasts.tell(Tone::Caution, notice);
    }

    /// Starts a session with fresh tokens.
    pub fn sign_in(&self, provider: Provider, tokens: Tokens) {
        let epoch = Epoch(self.0.shared.random());
        {
            let mut flight = lock(&self.0.flight);
            flight.backoff.succeeded();
            flight.stopped = false;
            flight.refused = false;
            flight.spent = None;
        }
        self.put(Session::signed_in(epoch, provider, tokens), true);
        self.tell_if_in_clear();
        self.watch();
    }

    /// Ends the session here and now, and hands over what is needed to end it elsewhere too.
    pub fn sign_out(&self) -> Option<(Provider, Tokens)> {
        let session = self.0.session.get_untracked();
        self.put(Session::signed_out(Epoch(self.0.shared.random())), true);
        Some((session.provider()?.clone(), session.tokens()?.clone()))
    }

    /// Ends the session, also an expired one, because nobody has used the app for long: its tokens are forgotten
    /// here, and nobody else is asked.
    pub(super) fn end_inactive(&self) {
        let mut session = self.0.session.get_untracked();
        if session.end_inactive(Epoch(self.0.shared.random())) {
            log::info!(
                "the session on {} has ended: nobody was there",
                self.0.id.host()
            );
            self.put(session, true);
        }
    }

    /// Ends waiting periods: the machine woke up, or came online.
    pub fn wake(&self) {
        lock(&self.0.flight).backoff.wake();
        self.watch();
    }

    /// Whether somebody is signed in (untracked).
    #[must_use]
    pub fn is_active_untracked(&self) -> bool {
        self.0.session.with_untracked(Session::is_active)
    }

    /// The stored place of this session.
    #[must_use]
    pub fn storage_key(&self) -> String {
        keys::session(&self.0.id)
    }
}
