//! The app: the servers, the connection revision, and everything that concerns more than one of them.

mod idle;
mod outside;
mod restore;
mod shell;
mod sign_in;
mod sign_out;
mod tabs;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reactive_graph::computed::ArcMemo;
use reactive_graph::owner::use_context;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Get, GetUntracked, Set, Update, With, WithUntracked};

use super::connect::{Connect, Suggestion};
use super::server::Server;
use super::shared::Shared;
use super::task::{lock, spawn};
use super::toast::Toasts;
use crate::core::record::keys;
use crate::core::route::Route;
use crate::core::server::alias::{Alias, Retired};
use crate::core::server::id::ServerId;
use crate::core::server::registry::{self, AuthMode, ServerRecord};
use crate::core::session::guard::{self, Decision, Door, Revision};
use crate::core::session::idle::Limits;
use crate::core::session::pre_auth::CallbackAnswer;
use crate::core::session::return_to::ReturnTo;
use crate::core::settings::{self, Settings, Theme};
use crate::port::{HttpRequest, Method, Ports};

/// How the end of a sign-in stands.
#[derive(Debug, Clone, PartialEq)]
pub enum CallbackState {
    /// Being looked at.
    Working,
    /// It did not work.
    Failed {
        /// What happened.
        title: String,
        /// What to do.
        text: String,
        /// Where to try again.
        retry: Option<Route>,
    },
    /// Done; the app is going on.
    Done,
}

/// How often relative times are brought up to date, in milliseconds.
const CLOCK_TICK: u32 = 30_000;

/// The whole app. Clones share it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    shared: Shared,
    servers: ArcRwSignal<Vec<Server>>,
    revision: ArcMemo<Revision>,
    restored: ArcRwSignal<bool>,
    settings: ArcRwSignal<Settings>,
    connect: Connect,
    callback: ArcRwSignal<CallbackState>,
    answer: Mutex<Option<CallbackAnswer>>,
    tick: ArcRwSignal<i64>,
    idle: idle::Idle,
    online: ArcRwSignal<bool>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

/// The app of this page.
///
/// # Panics
/// Outside the app's component tree: a bug.
#[must_use]
#[expect(clippy::expect_used, reason = "a component outside the app is a bug")]
pub fn use_app() -> App {
    use_context::<App>().expect("App is provided by ui::mount")
}

impl App {
    /// Restores everything that was kept. `answer` is what came back from a sign-in with this page's
    /// address, which has been cleaned of it by now.
    #[must_use]
    pub fn start(ports: Ports, answer: Option<CallbackAnswer>) -> Self {
        let shared = Shared::new(ports);
        let settings = shared
            .load::<Settings>(&keys::settings(), settings::VERSION)
            .unwrap_or_default();
        let servers = ArcRwSignal::new(Vec::new());
        let revision = {
            let servers = servers.clone();
            ArcMemo::new(move |_| {
                let doors = servers.with(|servers: &Vec<Server>| {
                    servers
                        .iter()
                        .map(|server| Door {
                            alias: server.alias(),
                            id: server.id().clone(),
                            connected: server.is_connected(),
                        })
                        .collect()
                });
                Revision(doors)
            })
        };
        let online = shared.ports.navigator.online();
        let app = Self(Arc::new(Inner {
            servers,
            revision,
            restored: ArcRwSignal::new(false),
            settings: ArcRwSignal::new(settings),
            connect: Connect::default(),
            callback: ArcRwSignal::new(CallbackState::Working),
            answer: Mutex::new(answer),
            tick: shared.tick.clone(),
            idle: idle::Idle::new(),
            online: ArcRwSignal::new(online),
            shared,
        }));
        app.0.connect.bind(&app);
        // On the way back from a provider even a sign-in that took too long is still to be told as such.
        if lock(&app.0.answer).is_none() {
            app.sweep();
        }
        if let Some(desktop) = app.0.shared.desktop() {
            app.hear_shell(desktop);
        }
        app.start_clock();
        app.restore();
        app.keep_time();
        app
    }

    /// Leaves the app for another address, with everything saved and nothing held back from other tabs.
    pub(in crate::state) fn leave(&self, url: &str) {
        self.flush();
        for server in self.0.servers.get_untracked() {
            server.session().let_go();
        }
        self.0.shared.ports.navigator.leave(url);
    }

    fn keep_time(&self) {
        let (weak, clock) = (Arc::downgrade(&self.0), self.0.shared.ports.clock.clone());
        spawn(async move {
            loop {
                clock.sleep(CLOCK_TICK).await;
                let Some(inner) = weak.upgrade() else { return };
                inner.tick.set(clock.now());
            }
        });
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// The servers, in the order in which they were added.
    #[must_use]
    pub fn servers(&self) -> ArcRwSignal<Vec<Server>> {
        self.0.servers.clone()
    }

    /// The server of that name in routes.
    #[must_use]
    pub fn server(&self, alias: &Alias) -> Option<Server> {
        self.0.servers.with_untracked(|servers| {
            servers
                .iter()
                .find(|server| server.alias() == *alias)
                .cloned()
        })
    }

    /// The server at that address.
    #[must_use]
    pub fn server_by_id(&self, id: &ServerId) -> Option<Server> {
        self.0
            .servers
            .with_untracked(|servers| servers.iter().find(|server| server.id() == id).cloned())
    }

    /// The connection revision: changes when any server's connectedness does, and with additions and
    /// removals; never with a mere refresh.
    #[must_use]
    pub fn revision(&self) -> ArcMemo<Revision> {
        self.0.revision.clone()
    }

    /// Whether the sessions have been restored.
    #[must_use]
    pub fn restored(&self) -> ArcRwSignal<bool> {
        self.0.restored.clone()
    }

    /// Notices.
    #[must_use]
    pub fn toasts(&self) -> Toasts {
        self.0.shared.toasts.clone()
    }

    /// What the person has chosen.
    #[must_use]
    pub fn settings(&self) -> ArcRwSignal<Settings> {
        self.0.settings.clone()
    }

    /// Chooses light, dark or what the system says.
    pub fn set_theme(&self, theme: Theme) {
        self.0.settings.update(|settings| settings.theme = theme);
        let text = self.0.settings.with_untracked(Settings::encode);
        self.0.shared.set(&keys::settings(), &text);
    }

    /// The connect page's state.
    #[must_use]
    pub fn connect(&self) -> Connect {
        self.0.connect.clone()
    }

    /// How the end of a sign-in stands.
    #[must_use]
    pub fn callback(&self) -> ArcRwSignal<CallbackState> {
        self.0.callback.clone()
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.0.shared.now()
    }

    /// The time, brought up to date every half minute.
    #[must_use]
    pub fn clock_tick(&self) -> ArcRwSignal<i64> {
        self.0.tick.clone()
    }

    /// Whether the browser believes to be online.
    #[must_use]
    pub fn online(&self) -> ArcRwSignal<bool> {
        self.0.online.clone()
    }

    /// Goes to a place.
    pub fn go(&self, route: &Route) {
        self.0.shared.go(route, false);
    }

    /// Goes to a place, leaving no step back.
    pub fn replace(&self, route: &Route) {
        self.0.shared.go(route, true);
    }

    /// Whether a place may be shown (tracked); notes it as the place on show.
    #[must_use]
    pub fn guard(&self, route: &Route) -> Decision {
        self.0.shared.arrived(route);
        let restored = self.0.restored.get();
        self.0
            .revision
            .with(|revision| guard::decide(route, revision, restored))
    }

    /// The one arrival rule: after every way of finishing a connect one goes to the place one came from,
    /// if it is this server's or no server's, else to the lobby.
    pub fn arrive(&self, server: &Server, return_to: Option<&str>) {
        let route = match return_to.map(ReturnTo::parse) {
            Some(Ok(place)) if place.for_server(&server.alias()) => place.route().clone(),
            Some(Ok(_)) => {
                log::warn!("the way back is not followed: it leads to another server");
                Route::Lobby
            }
            Some(Err(error)) => {
                log::warn!("the way back is not followed: {}", error.rule());
                Route::Lobby
            }
            None => Route::Lobby,
        };
        self.replace(&route);
    }

    /// "Sign in", wherever it is offered: first with what is left of the session, then at the provider.
    pub fn sign_in(&self, server: &Server, return_to: Option<Route>) {
        // Somebody has asked for it; and what has been left alone for too long is not used again.
        self.touch();
        let return_to = return_to
            .as_ref()
            .and_then(ReturnTo::from_route)
            .map(|place| place.to_path());
        self.0.connect.sign_in(self, server, return_to);
    }

    /// Adds a server that was found with what it says of itself, or gives the one that is known.
    pub(super) fn add_server(
        &self,
        id: &ServerId,
        auth: AuthMode,
        identity: (Option<String>, Option<String>),
    ) -> Server {
        if let Some(known) = self.server_by_id(id) {
            known.learn(auth, Some(identity));
            self.save_servers();
            return known;
        }
        let (name, description) = identity;
        // One by one: collecting sorts first, and brings the sorting into the download.
        let mut taken = BTreeSet::new();
        self.0.servers.with_untracked(|servers| {
            for server in servers {
                taken.insert(server.alias());
            }
        });
        let retired = self.retired();
        let known = retired.of(id).filter(|alias| !taken.contains(alias));
        let alias = known.unwrap_or_else(|| {
            for alias in retired.aliases() {
                taken.insert(alias.clone());
            }
            Alias::derive(name.as_deref().unwrap_or(id.host_and_port()), &taken)
        });
        let record = ServerRecord {
            id: id.clone(),
            alias,
            name,
            description,
            auth,
            added_at: self.now(),
        };
        let server = self.take_in(record);
        self.save_servers();
        server
    }

    fn retired(&self) -> Retired {
        let shared = &self.0.shared;
        shared
            .load(&keys::retired(), Retired::VERSION)
            .unwrap_or_default()
    }

    pub(super) fn save_servers(&self) {
        let records: Vec<ServerRecord> = self.0.servers.with_untracked(|servers| {
            servers
                .iter()
                .map(|server| server.record().get_untracked())
                .collect()
        });
        self.0
            .shared
            .set(&keys::servers(), &registry::encode(&records));
    }

    /// Saves everything that is being written: the page is being hidden or left.
    pub fn flush(&self) {
        self.write_activity();
        for server in self.0.servers.get_untracked() {
            server.flush();
        }
    }

    /// The page is looked at again, or the browser says that it is online (or not).
    pub fn wake(&self) {
        // First of all: what has ended while the machine slept is not used again.
        self.look();
        let online = self.0.shared.ports.navigator.online();
        if self.0.online.get_untracked() != online {
            self.0.online.set(online);
        }
        self.0.tick.set(self.now());
        if !online {
            return;
        }
        for server in self.0.servers.get_untracked() {
            server.session().adopt_stored();
            server.session().wake();
            server.look_again();
            spawn(async move { server.verify().await });
        }
    }

    /// Reads what whoever serves the app has to say: how long nobody may do anything, which is taken over, and
    /// the addresses it suggests.
    pub(super) async fn fetch_config(&self) -> Vec<Suggestion> {
        let (origin, base) = self.0.shared.ports.navigator.base();
        let request = HttpRequest {
            method: Method::Get,
            url: format!("{base}/config.json"),
            headers: Vec::new(),
            bearer: None,
            body: None,
            timeout: Some(crate::api::timeout::PROBE),
            refuse_redirects: false,
        };
        let Ok(answer) = self.0.shared.ports.http.send(request).await else {
            return Vec::new();
        };
        let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if let Some(desktop) = self.0.shared.desktop() {
            desktop.learn_loopback(&value);
        }
        // Any other answer may come from something in between, and changes nothing.
        if answer.status == 404 || (answer.status == 200 && value.is_object()) {
            let inactivity = value.get("inactivity").unwrap_or(&serde_json::Value::Null);
            self.learn_limits(Limits::from_config(inactivity));
        }
        let listed = value.get("servers").and_then(serde_json::Value::as_array);
        listed
            .into_iter()
            .flatten()
            .take(12)
            .filter_map(|entry| {
                let text = |name: &str| entry.get(name).and_then(serde_json::Value::as_str);
                let address = entry.as_str().or_else(|| text("address"))?;
                let id = ServerId::parse(if address == "/" { &origin } else { address }).ok()?;
                let name = text("name").unwrap_or(id.host_and_port()).to_owned();
                Some(Suggestion { id, name })
            })
            .collect()
    }
}
