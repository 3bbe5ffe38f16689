//! Looks after the session that a core keeps: who is signed in, and whether anybody still is.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reactive_graph::traits::{GetUntracked, Set};

use super::client::{CoreClient, knock};
use super::integrations::Integrations;
use crate::api::openhuman::session as account;
use crate::core::composer::draft::UserKey;
use crate::core::error::ApiError;
use crate::core::room::{Room, RoomId};
use crate::core::rpc::account::Snapshot;
use crate::core::rpc::cascade::Seen;
use crate::core::rpc::identity::{Flip, Person};
use crate::core::server::profile::Profile;
use crate::core::session::token::Tokens;
use crate::i18n::openhuman as words;
use crate::state::server::Server;
use crate::state::server::keeper::Keeper;
use crate::state::task::lock;

/// The one place of a core where one talks to it.
const ROOM: &str = "chat";

/// Looks after one core. Clones share it.
#[derive(Clone)]
pub(super) struct CoreKeeper {
    client: CoreClient,
    integrations: Integrations,
    person: Arc<Mutex<Person>>,
}

impl CoreKeeper {
    pub(super) fn new(server: &Server) -> Self {
        let session = server.session();
        let seed = session.is_active_untracked().then(|| session.user());
        let client = CoreClient::new(server);
        Self {
            integrations: Integrations::new(client.clone()),
            client,
            person: Arc::new(Mutex::new(Person::new(
                seed.map(|user| user.as_str().to_owned()),
            ))),
        }
    }

    pub(super) fn client(&self) -> CoreClient {
        self.client.clone()
    }

    pub(super) fn integrations(&self) -> Integrations {
        self.integrations.clone()
    }

    /// Somebody has signed in here.
    pub(super) fn came(&self, holder: &UserKey, is_local: bool) {
        self.client.ask_anew();
        let _ = lock(&self.person).take(Some(holder.as_str()), is_local);
    }

    /// Says whether the person has been through the first conversation.
    async fn read_snapshot(&self, server: &Server) -> Result<bool, ApiError> {
        let epoch = self.client.epoch();
        let answer = self.client.call(account::snapshot()).await?;
        let snapshot = account::read_snapshot(&answer)?;
        if self.client.epoch() != epoch {
            return Err(ApiError::Cancelled);
        }
        self.client.saw(snapshot.seen, epoch);
        self.meet(server, &snapshot);
        Ok(snapshot.is_onboarded)
    }

    /// Whoever is signed in now may be somebody else than before.
    fn meet(&self, server: &Server, snapshot: &Snapshot) {
        let is_local = snapshot.seen == Seen::Session { is_local: true };
        let Some(user) = &snapshot.user else { return };
        let holder = holder(server, &user.id);
        let flip = lock(&self.person).take(Some(holder.as_str()), is_local);
        let session = server.session();
        if flip == Flip::Other && session.is_active_untracked() && session.user() != holder {
            let now = session.signal().get_untracked();
            if let (Some(provider), Some(tokens)) = (now.provider(), now.tokens()) {
                let tokens = Tokens {
                    holder: Some(holder),
                    ..tokens.clone()
                };
                session.sign_in(provider.clone(), tokens);
            }
        }
        let name = user.name.clone().or_else(|| user.email.clone());
        server.profile().set(Some(Profile {
            name: name.unwrap_or_else(|| user.id.clone()),
            email: user.name.as_ref().and(user.email.clone()),
        }));
    }
}

/// Whose drafts and threads these are.
pub(super) fn holder(server: &Server, user: &str) -> UserKey {
    UserKey::from_parts(server.id().as_str(), user)
}

impl Keeper for CoreKeeper {
    fn look(&self, server: &Server) -> LocalBoxFuture<'static, ()> {
        let (this, server) = (self.clone(), server.clone());
        async move {
            let outcome = this.read_snapshot(&server).await;
            let room = |is_onboarded: bool| Room {
                id: RoomId::from(ROOM),
                name: words::ROOM.to_owned(),
                description: Some(words::ROOM_TEXT.to_owned()),
                welcome: (!is_onboarded).then(|| words::FIRST_STEPS.to_owned()),
                suggestions: Vec::new(),
            };
            server.settle_rooms(outcome.map(|is_onboarded| vec![room(is_onboarded)]));
        }
        .boxed_local()
    }

    fn verify(&self, _: &Server) -> LocalBoxFuture<'static, ()> {
        let client = self.client.clone();
        async move { client.verify().await }.boxed_local()
    }

    fn end(&self, server: &Server, tokens: Tokens) -> LocalBoxFuture<'static, bool> {
        let (this, server) = (self.clone(), server.clone());
        this.client.signs_out();
        async move {
            let (shared, id) = (server.shared(), server.id());
            knock(shared, id, &tokens.access, account::clear())
                .await
                .is_ok()
        }
        .boxed_local()
    }
}
