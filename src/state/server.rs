//! One server: its session, its rooms, and who is signed in.

pub mod keeper;
mod local;
mod names;
mod news;
mod reach;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use reactive_graph::computed::ArcMemo;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Get, GetUntracked, ReadUntracked, Set, Update, With, WithUntracked};

use self::keeper::Keeper;
pub use self::news::News;
use super::Load;
use super::client::ApiClient;
use super::session::ServerSession;
use super::shared::Shared;
use super::task::{lock, spawn};
use crate::api::soliplex;
use crate::core::composer::draft::UserKey;
use crate::core::error::ApiError;
use crate::core::room::{Room, RoomId, ThreadId};
use crate::core::server::alias::Alias;
use crate::core::server::id::ServerId;
use crate::core::server::profile::Profile;
use crate::core::server::registry::{AuthMode, ServerRecord};
use crate::core::session::machine::ExpiryReason;
use crate::i18n;
use crate::port::DeskSlot;

/// What a server has to know of an open room. It reaches rooms only through this, so that everything a
/// room needs (streams, timelines, their pages) can be loaded when the first room is opened.
pub trait Tenant: Any + Send + Sync {
    /// Saves everything that is being written there.
    fn flush(&self);
    /// Another tab has written a draft.
    fn draft_changed(&self, key: &str);
    /// The server is being removed: nothing that is being written there is kept.
    fn close(&self);
    /// Whether a run is live there.
    fn is_running(&self) -> bool;
    /// Lets go of live runs; they go on at the server.
    fn let_go(&self);
    /// The session is back: what failed for its lack is tried again.
    fn reconnected(&self);
    /// The person has come back to the page, or the network to the browser.
    fn woken(&self);
    /// The server says that something happened there then.
    fn moved(&self, last_activity: i64);
    /// The name of a thread, where it is known.
    fn thread_name(&self, thread: &ThreadId) -> Option<String>;
}

/// How a server stands, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Signed in.
    SignedIn,
    /// No sign-in needed.
    Open,
    /// The session has ended by itself.
    Expired,
    /// Nobody is signed in.
    SignedOut,
    /// Signed in or open, but nothing answers there now, or the session cannot be renewed just now.
    Unreachable,
}

impl Standing {
    /// In words, as accessible names say it (`decisions.md` section 10).
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::SignedIn | Self::Open => "signed in",
            Self::Expired => "session expired",
            Self::SignedOut => "signed out",
            Self::Unreachable => "unreachable",
        }
    }

    /// As a `data-state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn | Self::Open => "signed-in",
            Self::Expired => "expired",
            Self::SignedOut => "signed-out",
            Self::Unreachable => "unreachable",
        }
    }
}

/// How often coming back to the page asks the server about the session, in milliseconds.
const VERIFY_PAUSE: i64 = 60_000;

/// One server. Clones share it.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    shared: Shared,
    id: ServerId,
    alias: Alias,
    record: ArcRwSignal<ServerRecord>,
    session: ServerSession,
    client: ApiClient,
    standing: ArcMemo<Standing>,
    busy: ArcRwSignal<bool>,
    trying: ArcRwSignal<bool>,
    profile: ArcRwSignal<Option<Profile>>,
    rooms: ArcRwSignal<Load<Vec<Room>>>,
    activity: ArcRwSignal<BTreeMap<RoomId, i64>>,
    /// What belongs to the person who is, or was last, signed in.
    personal: Mutex<Personal>,
}

#[derive(Default)]
struct Personal {
    user: Option<UserKey>,
    rooms: BTreeMap<RoomId, Arc<dyn Tenant>>,
    /// What is new in the rooms, once a page has asked for it. Of any kind, so that what it is made of is loaded with
    /// that page.
    news: Option<Arc<dyn Any + Send + Sync>>,
    /// How the rooms are loaded anew, once a page has asked for them. A pointer, so that what it needs is
    /// loaded with that page.
    reload: Option<fn(&Server)>,
    /// How a server that is away is waited for, likewise.
    watch: Option<fn(&Server, u32)>,
    keeper: Option<Arc<dyn Keeper>>,
    verified_at: i64,
    watches_reach: bool,
    /// A later watch takes the place of an earlier one.
    reach_turn: u64,
    /// The server has been removed.
    is_closed: bool,
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Server {}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Server").field(&self.0.id.as_str()).finish()
    }
}

impl Server {
    /// A remembered server with its restored session.
    #[must_use]
    pub fn restore(shared: &Shared, record: ServerRecord) -> Self {
        let (id, alias) = (record.id.clone(), record.alias.clone());
        let record = ArcRwSignal::new(record);
        let session = ServerSession::restore(shared, &id, record.clone());
        let client = ApiClient::new(shared, &id, session.clone());
        let standing = {
            let (record, session, unreachable) =
                (record.clone(), session.clone(), client.unreachable());
            ArcMemo::new(move |_| {
                let open = record.with(|record| record.auth == AuthMode::None);
                let (active, expired) = session
                    .signal()
                    .with(|session| (session.is_active(), session.is_expired()));
                let is_away = || unreachable.get() || (!open && session.is_lapsed());
                match (open || active, expired) {
                    (true, _) if is_away() => Standing::Unreachable,
                    (true, _) if open => Standing::Open,
                    (true, _) => Standing::SignedIn,
                    (false, true) => Standing::Expired,
                    (false, false) => Standing::SignedOut,
                }
            })
        };
        let server = Self(Arc::new(Inner {
            shared: shared.clone(),
            id,
            alias,
            record,
            session,
            client,
            standing,
            busy: ArcRwSignal::new(false),
            trying: ArcRwSignal::new(false),
            profile: ArcRwSignal::default(),
            rooms: ArcRwSignal::default(),
            activity: ArcRwSignal::default(),
            personal: Mutex::default(),
        }));
        let weak = Arc::downgrade(&server.0);
        server.0.session.before_end(move || {
            if let Some(inner) = weak.upgrade() {
                Self(inner).flush();
            }
        });
        let weak = Arc::downgrade(&server.0);
        server.0.session.after_change(move || {
            if let Some(inner) = weak.upgrade() {
                Self(inner).session_changed();
            }
        });
        let weak = Arc::downgrade(&server.0);
        server.0.session.on_suspicion(move || {
            if let Some(inner) = weak.upgrade() {
                let this = Self(inner);
                lock(&this.0.personal).verified_at = 0;
                spawn(async move { this.verify().await });
            }
        });
        let weak = Arc::downgrade(&server.0);
        server.0.client.on_unreachable(move || {
            if let Some(inner) = weak.upgrade() {
                Self(inner).lost_reach();
            }
        });
        lock(&server.0.personal).user = Some(server.0.session.user());
        server
    }

    /// Its address, which is its identity.
    #[must_use]
    pub fn id(&self) -> &ServerId {
        &self.0.id
    }

    /// Its name in routes.
    #[must_use]
    pub fn alias(&self) -> Alias {
        self.0.alias.clone()
    }

    /// What is remembered of it.
    #[must_use]
    pub fn record(&self) -> ArcRwSignal<ServerRecord> {
        self.0.record.clone()
    }

    /// Its name (tracked).
    #[must_use]
    pub fn name(&self) -> String {
        self.0
            .record
            .with(|record| record.display_name().to_owned())
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> String {
        if self.local().is_some() {
            return i18n::desktop::ON_THIS_COMPUTER.to_owned();
        }
        self.0.id.host_and_port().to_owned()
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> ArcMemo<Standing> {
        self.0.standing.clone()
    }

    /// Whether it can be used now (tracked).
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.session.is_connected()
    }

    /// Its session.
    #[must_use]
    pub fn session(&self) -> &ServerSession {
        &self.0.session
    }

    /// Its client.
    #[must_use]
    pub fn client(&self) -> &ApiClient {
        &self.0.client
    }

    /// What the page can do, once the part of the app that needs it is there.
    #[must_use]
    pub fn desk(&self) -> &DeskSlot {
        &self.shared().ports.desk
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// Whether signing in or out is under way.
    #[must_use]
    pub fn busy(&self) -> ArcRwSignal<bool> {
        self.0.busy.clone()
    }

    /// Who is signed in.
    #[must_use]
    pub fn profile(&self) -> ArcRwSignal<Option<Profile>> {
        self.0.profile.clone()
    }

    /// Its rooms.
    #[must_use]
    pub fn rooms(&self) -> ArcRwSignal<Load<Vec<Room>>> {
        self.0.rooms.clone()
    }

    /// When something last happened in each room, in milliseconds since 1970.
    #[must_use]
    pub fn activity(&self) -> ArcRwSignal<BTreeMap<RoomId, i64>> {
        self.0.activity.clone()
    }

    /// A room that is open; the same one whenever it is asked for.
    pub(super) fn tenant(&self, id: &RoomId) -> Option<Arc<dyn Tenant>> {
        lock(&self.0.personal).rooms.get(id).cloned()
    }

    /// Takes in a room that was opened; gives the one that is there already, if any.
    pub(super) fn take_in(&self, id: &RoomId, room: Arc<dyn Tenant>) -> Arc<dyn Tenant> {
        lock(&self.0.personal)
            .rooms
            .entry(id.clone())
            .or_insert(room)
            .clone()
    }

    pub(super) fn tenants(&self) -> Vec<Arc<dyn Tenant>> {
        lock(&self.0.personal).rooms.values().cloned().collect()
    }

    /// Loads the rooms unless they are there or on their way.
    pub fn load_rooms(&self) {
        self.attend();
        lock(&self.0.personal).reload = Some(Self::reload_rooms);
        let (idle, connected) = (
            self.0.rooms.with_untracked(|rooms| {
                rooms.data.is_none() && !rooms.busy && rooms.error.is_none()
            }),
            self.0.session.is_active_untracked() || self.0.session.is_open(),
        );
        if idle && connected {
            self.reload_rooms();
        }
    }

    fn reload_wanted(&self) {
        let reload = lock(&self.0.personal).reload;
        if let Some(reload) = reload {
            reload(self);
        }
    }

    /// Loads the rooms, the activity and the profile anew.
    pub fn reload_rooms(&self) {
        lock(&self.0.personal).watch = Some(Self::watch_reach);
        if self.0.rooms.with_untracked(|rooms| rooms.busy) {
            return;
        }
        self.0.rooms.update(|rooms| rooms.busy = true);
        let this = self.clone();
        spawn(async move {
            let work = this.ask_for_rooms().boxed_local();
            this.0.shared.in_turn(work).await;
        });
    }

    /// Takes in the rooms, or why they could not be had.
    pub(super) fn settle_rooms(&self, rooms: Result<Vec<Room>, ApiError>) {
        if let Ok(rooms) = &rooms {
            lock(&self.0.personal).verified_at = self.0.shared.now();
            self.note_rooms(rooms);
        }
        self.0.rooms.update(|load| load.settle(rooms));
    }

    async fn ask_for_rooms(&self) {
        if let Some(keeper) = self.keeper() {
            return keeper.look(self).await;
        }
        let epoch = self.0.session.signal().read_untracked().epoch;
        let rooms = self
            .0
            .client
            .call(soliplex::rooms())
            .await
            .and_then(|body| soliplex::read_rooms(&body));
        let good = rooms.is_ok();
        if matches!(rooms, Err(ApiError::Unauthorized)) && self.0.session.is_open() {
            self.reconcile().await;
        }
        self.settle_rooms(rooms);
        if !good || self.0.session.signal().read_untracked().epoch != epoch {
            return;
        }
        self.ask_for_news().await;
        if self.0.session.is_open() {
            return;
        }
        // A name is a courtesy: without it the page says less, but works.
        if let Ok(body) = self.0.client.call(soliplex::user_info()).await
            && self.0.session.signal().read_untracked().epoch == epoch
        {
            self.0.profile.set(soliplex::read_profile(&body));
        }
    }

    /// Asks the server again what it is called and how one signs in.
    pub async fn reconcile(&self) {
        let shared = &self.0.shared;
        let Ok(body) = ApiClient::ask(shared, &self.0.id, soliplex::login()).await else {
            return;
        };
        let Ok(auth) = soliplex::read_login(&body) else {
            return;
        };
        let identity = ApiClient::ask(shared, &self.0.id, soliplex::identity())
            .await
            .ok();
        self.learn(auth, identity.as_deref().map(soliplex::read_identity));
    }

    /// Takes over what a probe has found.
    pub fn learn(&self, auth: AuthMode, identity: Option<(Option<String>, Option<String>)>) {
        let mut record = self.0.record.get_untracked();
        record.auth = auth;
        // The one on this computer keeps the name that says so.
        if let Some(identity) = identity.filter(|_| self.local().is_none()) {
            (record.name, record.description) = identity;
        }
        if self.0.record.with_untracked(|old| *old != record) {
            self.0.record.set(record);
            self.session_changed();
        }
    }

    /// Asks the server whether the session still holds, at most once a minute: somebody who comes back to
    /// the page is told at once, and not when the next message is sent.
    pub async fn verify(&self) {
        let now = self.0.shared.now();
        if self.0.session.is_open() || !self.0.session.is_active_untracked() {
            return;
        }
        {
            let mut personal = lock(&self.0.personal);
            if (0..VERIFY_PAUSE).contains(&(now - personal.verified_at)) {
                return;
            }
            personal.verified_at = now;
        }
        let keeper = self.keeper();
        let ask = async {
            if let Some(keeper) = keeper {
                keeper.verify(self).await;
            } else {
                // The verdict is the client's: a 401 has gone through the funnel, anything else says nothing.
                let _ = self.0.client.call(soliplex::user_info()).await;
            }
        };
        self.0.shared.in_turn(ask.boxed_local()).await;
    }

    /// Another tab has written a draft.
    pub(super) fn draft_changed(&self, key: &str) {
        for room in self.tenants() {
            room.draft_changed(key);
        }
    }

    /// Whether any of its threads has a live run.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.tenants().iter().any(|room| room.is_running())
    }

    /// Saves everything that is being written here.
    pub fn flush(&self) {
        for room in self.tenants() {
            room.flush();
        }
    }

    /// The server is being removed: nothing that is still on its way is kept for it.
    pub(super) fn close(&self) {
        lock(&self.0.personal).is_closed = true;
        for room in self.tenants() {
            room.close();
            // Where nobody signs in, no end of a session does it.
            room.let_go();
        }
    }

    /// Ends every run that is being followed here; they go on at the server.
    pub fn let_go(&self) {
        for room in self.tenants() {
            room.let_go();
        }
    }

    fn session_changed(&self) {
        let user = self.0.session.user();
        let connected = self.0.session.is_active_untracked() || self.0.session.is_open();
        // Whoever comes after a long absence may be somebody else.
        let signed_out = !connected
            && matches!(
                self.0.session.signal().read_untracked().expiry(),
                None | Some(ExpiryReason::Inactive)
            );
        let (other, reload) = {
            let mut personal = lock(&self.0.personal);
            // Also where the other person's session has ended already: what is on show is not theirs. Rooms
            // that were made while nobody was signed in are nobody's: the next person gets new ones.
            let other = personal.user.replace(user.clone());
            let other = !signed_out && other.is_some_and(|old| old != user);
            (other, personal.reload)
        };
        if other || signed_out {
            // What one person had open is not for the next.
            self.forget_names();
            self.let_go();
            {
                let mut personal = lock(&self.0.personal);
                personal.rooms.clear();
                personal.news = None;
            }
            self.0.rooms.set(Load::default());
            self.0.activity.set(BTreeMap::new());
            self.0.profile.set(None);
        }
        if connected {
            self.0.rooms.update(|rooms| rooms.error = None);
            if let Some(reload) = reload {
                reload(self);
            }
            for room in self.tenants() {
                room.reconnected();
            }
        }
    }
}
