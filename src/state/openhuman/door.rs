//! Opening a core: its core token first, then the account that is signed in there.
//!
//! The session token of the account passes through here on its way to the core and is kept nowhere.

use std::sync::{Arc, Mutex};

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set, WithUntracked};

use super::client::knock;
use super::keeper::holder;
use crate::api::openhuman::session::{self as account, TokenKind};
use crate::core::composer::draft::UserKey;
use crate::core::rpc::cascade::{Asked, Read, Seen};
use crate::core::rpc::classify::RpcErrorKind;
use crate::core::rpc::envelope::{Answer, Call, RpcError};
use crate::core::secret::Secret;
use crate::core::server::id::ServerId;
use crate::core::server::registry::{AuthMode, Provider};
use crate::core::session::machine::Session;
use crate::core::session::token::Tokens;
use crate::i18n::openhuman as words;
use crate::state::app::App;
use crate::state::connect::{Connect, Found, Step};
use crate::state::server::Server;
use crate::state::shell::Desktop;
use crate::state::task::{lock, spawn};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// What opens the process.
    CoreToken,
    /// Who uses it.
    Account,
}

/// Who is signed in at a core.
struct Guest {
    user: String,
    is_local: bool,
}

/// How long a core token is believed, in milliseconds: until the core refuses it.
const FOR_EVER: i64 = i64::MAX / 4;

/// One try at opening a core. Clones share it.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    app: App,
    connect: Connect,
    found: Found,
    core_token: Mutex<Option<Secret<String>>>,
    wants: ArcRwSignal<Wants>,
    busy: ArcRwSignal<bool>,
    problem: ArcRwSignal<Option<String>>,
}

impl Door {
    /// The core that was found, if it is one. A core token that was kept is tried at once.
    #[must_use]
    pub fn at(app: &App, connect: &Connect) -> Option<Self> {
        let Step::Key { found } = connect.step().get_untracked() else {
            return None;
        };
        let kept = app.server_by_id(&found.id).and_then(|server| {
            let session = server.session().signal();
            session.with_untracked(|session| {
                Session::tokens(session).map(|tokens| tokens.access.clone())
            })
        });
        let this = Self(Arc::new(Inner {
            app: app.clone(),
            connect: connect.clone(),
            found,
            core_token: Mutex::new(kept.clone()),
            wants: ArcRwSignal::new(if kept.is_some() {
                Wants::Account
            } else {
                Wants::CoreToken
            }),
            busy: ArcRwSignal::new(false),
            problem: ArcRwSignal::new(None),
        }));
        if let Some(desktop) = app.desktop() {
            this.wait_for_link(desktop);
        }
        if let Some(token) = kept {
            this.work(async move |this| this.open(token).await);
        }
        Some(this)
    }

    /// In a shell the sign-in page of an account may lead back here by a link: what it brings counts only while the account is asked for.
    fn wait_for_link(&self, desktop: &Desktop) {
        let weak = Arc::downgrade(&self.0);
        desktop.on_token(move |token| {
            let Some(this) = weak.upgrade().map(Self) else {
                return false;
            };
            let connect = this.0.connect.step().get_untracked();
            let is_asked = matches!(&connect, Step::Key { found } if found.id == this.0.found.id)
                && this.0.wants.get_untracked() == Wants::Account;
            if is_asked {
                this.enter(&token);
            }
            is_asked
        });
    }

    /// Its address.
    #[must_use]
    pub fn server(&self) -> &ServerId {
        &self.0.found.id
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.found.name.clone()
    }

    /// What is asked for.
    #[must_use]
    pub fn wants(&self) -> ArcRwSignal<Wants> {
        self.0.wants.clone()
    }

    /// Whether the core is being asked.
    #[must_use]
    pub fn busy(&self) -> ArcRwSignal<bool> {
        self.0.busy.clone()
    }

    /// Why it did not work.
    #[must_use]
    pub fn problem(&self) -> ArcRwSignal<Option<String>> {
        self.0.problem.clone()
    }

    /// The core token is asked for again.
    pub fn ask_anew(&self) {
        self.0.problem.set(None);
        self.0.wants.set(Wants::CoreToken);
    }

    /// Hands over what was asked for.
    pub fn enter(&self, text: &str) {
        let text = text.trim();
        if self.0.busy.get_untracked() {
            return;
        }
        if text.is_empty() {
            return self.0.problem.set(Some(words::EMPTY.to_owned()));
        }
        let token = Secret::new(text.to_owned());
        match self.0.wants.get_untracked() {
            Wants::CoreToken => self.work(async move |this| this.open(token).await),
            Wants::Account => self.work(async move |this| this.sign_in(token).await),
        }
    }

    /// One thing at a time; what does not work is told.
    fn work<F: AsyncFnOnce(Self) -> Result<(), String> + 'static>(&self, work: F) {
        self.0.busy.set(true);
        self.0.problem.set(None);
        let this = self.clone();
        spawn(async move {
            let outcome = work(this.clone()).await;
            this.0.busy.set(false);
            if let Err(problem) = outcome {
                this.0.problem.set(Some(problem));
            }
        });
    }

    async fn call(&self, token: &Secret<String>, call: Call) -> Result<Answer, RpcError> {
        knock(self.0.app.shared(), &self.0.found.id, token, call).await
    }

    /// Whether the core takes this token, and who is signed in there.
    async fn open(&self, token: Secret<String>) -> Result<(), String> {
        let name = self.name();
        let state = self.call(&token, account::state()).await;
        let state = match state.and_then(|answer| account::read_state(&answer)) {
            Ok(state) => state,
            Err(error) => {
                if error.kind == RpcErrorKind::BearerRejected {
                    self.0.wants.set(Wants::CoreToken);
                }
                return Err(words::refused(&name, &error));
            }
        };
        if state == Read::Held {
            let guest = self.who(&token).await;
            let guest = guest.map_err(|error| words::refused(&name, &error))?;
            let is_dead = self.has_ended(&token).await;
            *lock(&self.0.core_token) = Some(token);
            if let Some(guest) = guest.filter(|_| !is_dead) {
                self.enter_as(&guest);
                return Ok(());
            }
        } else {
            *lock(&self.0.core_token) = Some(token);
        }
        self.0.wants.set(Wants::Account);
        Ok(())
    }

    /// Whether what the core holds is a session that has ended here, and that it could not be told to forget.
    async fn has_ended(&self, token: &Secret<String>) -> bool {
        let known = self.0.app.server_by_id(&self.0.found.id);
        let is_doubted = known.is_some_and(|server| {
            let session = server.session().signal();
            session.with_untracked(Session::is_expired)
        });
        if !is_doubted {
            return false;
        }
        let error = self.call(token, account::me()).await.err();
        let is_dead = Asked::of(error.map(|error| error.kind)) == Asked::Refused;
        if is_dead {
            // Where that fails too, it is found out again with the next try.
            let _ = self.call(token, account::clear()).await;
        }
        is_dead
    }

    async fn who(&self, token: &Secret<String>) -> Result<Option<Guest>, RpcError> {
        let answer = self.call(token, account::snapshot()).await?;
        let snapshot = account::read_snapshot(&answer)?;
        let is_local = snapshot.seen == Seen::Session { is_local: true };
        Ok(snapshot.user.map(|user| Guest {
            user: user.id,
            is_local,
        }))
    }

    /// Signs in at the core with the token of an account, or the one-time token of a sign-in link.
    async fn sign_in(&self, token: Secret<String>) -> Result<(), String> {
        let Some(core_token) = lock(&self.0.core_token).clone() else {
            self.ask_anew();
            return Ok(());
        };
        let known = self.0.app.server_by_id(&self.0.found.id);
        // What is heard of the old session meanwhile must not send the person elsewhere.
        let client = known.as_ref().and_then(Server::core);
        if let Some(client) = &client {
            client.sign_in_begins(account::kind(&token) == TokenKind::Local);
        }
        let outcome = self.store(&core_token, token).await;
        match outcome {
            Ok(guest) => {
                self.enter_as(&guest);
                Ok(())
            }
            Err(problem) => {
                if let Some(client) = &client {
                    client.sign_in_ends(false);
                }
                Err(problem)
            }
        }
    }

    async fn store(
        &self,
        core_token: &Secret<String>,
        token: Secret<String>,
    ) -> Result<Guest, String> {
        let name = self.name();
        let refused = |error: RpcError| words::not_signed_in(&name, &error);
        let token = match account::kind(&token) {
            // By its form alone it may be either.
            TokenKind::Login => match self.call(core_token, account::exchange(&token)).await {
                Ok(answer) => account::read_exchange(&answer).map_err(refused)?,
                Err(error) if error.kind.is_transient() => return Err(refused(error)),
                Err(_) => token,
            },
            TokenKind::Session | TokenKind::Local => token,
        };
        let store = || self.call(core_token, account::store(&token));
        let mut answer = store().await;
        // It may have been stored all the same; doing it twice does no harm.
        if matches!(&answer, Err(error) if error.kind == RpcErrorKind::Timeout) {
            answer = store().await;
        }
        account::read_store(&answer.map_err(refused)?).map_err(refused)?;
        // A good answer is not enough: the core has to say who is signed in.
        let guest = self.who(core_token).await.map_err(refused)?;
        guest.ok_or_else(|| words::NOT_KEPT.to_owned())
    }

    /// The person is in.
    fn enter_as(&self, guest: &Guest) {
        let Some(access) = lock(&self.0.core_token).clone() else {
            return;
        };
        let (app, found) = (&self.0.app, &self.0.found);
        let server = app.add_server(&found.id, AuthMode::Core, (None, None));
        let who = holder(&server, &guest.user);
        if is_in(&server, &access, &who) {
            // What is under way there goes on.
            return self.0.connect.opened(app, &server);
        }
        app.before_sign_in();
        let tokens = Tokens {
            access,
            refresh: None,
            id_token: None,
            expires_at: FOR_EVER,
            lifetime: FOR_EVER,
            holder: Some(who.clone()),
        };
        server.came(&who, guest.is_local);
        let client = server.core();
        if let Some(client) = &client {
            // A verdict on the session before it says nothing about this one.
            client.sign_in_begins(guest.is_local);
        }
        server.session().sign_in(Provider::core(), tokens);
        if let Some(client) = &client {
            client.sign_in_ends(true);
        }
        self.0.connect.opened(app, &server);
    }
}

/// Whether this person is signed in there already, by this core token.
fn is_in(server: &Server, core_token: &Secret<String>, who: &UserKey) -> bool {
    let session = server.session();
    let is_same = session.signal().with_untracked(|session| {
        session.is_active()
            && session
                .tokens()
                .is_some_and(|tokens| tokens.access == *core_token)
    });
    is_same && session.user() == *who
}
