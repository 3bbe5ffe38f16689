//! Connecting to a server: the address, the probe, the choice of a provider, and the way out to it.

mod probe;
pub(super) mod trust;
mod waiting;

use std::sync::{Arc, Mutex};

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set, WithUntracked};

use self::probe::probe;
pub use self::waiting::Waiting;
use super::app::App;
use super::server::Server;
use super::task::{lock, spawn};
use super::toast::Tone;
use crate::core::route::Route;
use crate::core::server::id::{self, ServerId};
use crate::core::server::registry::{AuthMode, Provider};
use crate::core::session::return_to::ReturnTo;
use crate::i18n;

/// A server that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its address.
    pub id: ServerId,
    /// What it calls itself, else its host.
    pub name: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// Who signs people in; none: no sign-in is needed.
    pub providers: Vec<Provider>,
    /// An encrypted connection was tried first and failed.
    pub fell_back: bool,
    auth: AuthMode,
    identity: Option<(Option<String>, Option<String>)>,
}

/// A server that whoever serves the app suggests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Its address.
    pub id: ServerId,
    /// What it is called there, else its host.
    pub name: String,
}

/// Why connecting did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectProblem {
    /// What happened.
    pub title: String,
    /// What to do.
    pub text: String,
    /// Whether it is about what was typed.
    pub field: bool,
}

/// Where connecting stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// An address is wanted.
    Address,
    /// Somebody is being asked whether there is a server.
    Probing {
        /// What was typed.
        address: String,
    },
    /// The connection would not be encrypted.
    Insecure {
        /// The server.
        found: Found,
    },
    /// There are several providers.
    Choose {
        /// The server.
        found: Found,
    },
    /// Another known server signs people in with the same client of the same provider.
    Shared {
        /// The server.
        found: Found,
        /// The id of the provider that was chosen.
        provider: String,
        /// Name of the other server.
        other: String,
    },
    /// The server keeps the session itself: what opens it is wanted.
    Key {
        /// The server.
        found: Found,
    },
    /// The browser is on its way to the provider.
    Leaving {
        /// Name of the server.
        name: String,
    },
    /// The sign-in page is open in the person's own browser.
    Outside,
    /// It did not work.
    Failed {
        /// Why.
        problem: ConnectProblem,
    },
}

impl Step {
    /// Whether somebody has to choose something before it goes on.
    #[must_use]
    pub fn is_question(&self) -> bool {
        matches!(
            self,
            Self::Insecure { .. }
                | Self::Choose { .. }
                | Self::Shared { .. }
                | Self::Key { .. }
                | Self::Outside
        )
    }
}

/// The connect page's state. Clones share it.
#[derive(Clone)]
pub struct Connect(Arc<Inner>);

struct Inner {
    address: ArcRwSignal<String>,
    step: ArcRwSignal<Step>,
    waiting: ArcRwSignal<Option<Waiting>>,
    suggestions: ArcRwSignal<Vec<Suggestion>>,
    work: Mutex<Work>,
    app: Mutex<Option<App>>,
}

#[derive(Default)]
struct Work {
    /// Late answers of an earlier attempt are dropped.
    generation: u64,
    return_to: Option<String>,
    asked_for_config: bool,
    suggested: Vec<Suggestion>,
}

impl std::fmt::Debug for Connect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connect")
    }
}

impl Default for Connect {
    fn default() -> Self {
        Self(Arc::new(Inner {
            address: ArcRwSignal::default(),
            step: ArcRwSignal::new(Step::Address),
            waiting: ArcRwSignal::new(None),
            suggestions: ArcRwSignal::default(),
            work: Mutex::default(),
            app: Mutex::default(),
        }))
    }
}

impl Connect {
    pub(super) fn bind(&self, app: &App) {
        *lock(&self.0.app) = Some(app.clone());
    }

    fn app(&self) -> Option<App> {
        lock(&self.0.app).clone()
    }

    /// What is in the address field.
    #[must_use]
    pub fn address(&self) -> ArcRwSignal<String> {
        self.0.address.clone()
    }

    /// Where connecting stands.
    #[must_use]
    pub fn step(&self) -> ArcRwSignal<Step> {
        self.0.step.clone()
    }

    /// The known server that waits for sign-in on this page.
    #[must_use]
    pub fn waiting(&self) -> ArcRwSignal<Option<Waiting>> {
        self.0.waiting.clone()
    }

    /// Servers that whoever serves the app suggests.
    #[must_use]
    pub fn suggestions(&self) -> ArcRwSignal<Vec<Suggestion>> {
        self.0.suggestions.clone()
    }

    /// The page was opened with this query. A known server is prepared; an unknown one only fills the
    /// field, so that a link cannot make anybody connect anywhere.
    pub fn open(&self, url: Option<&str>, return_to: Option<&str>) {
        let Some(app) = self.app() else { return };
        self.ask_for_config(&app);
        self.suggest(&app);
        let generation = self.next_generation();
        lock(&self.0.work).return_to = return_to.map(str::to_owned);
        self.0.step.set(Step::Address);
        self.0.waiting.set(None);
        let Some(url) = url else { return };
        let known = ServerId::parse(url)
            .ok()
            .and_then(|id| app.server_by_id(&id));
        let Some(server) = known else {
            self.0.address.set(url.chars().take(2048).collect());
            return;
        };
        if server.session().is_open() || server.session().is_active_untracked() {
            app.arrive(&server, return_to);
            return;
        }
        let place = return_to
            .and_then(|text| ReturnTo::parse(text).ok())
            .filter(|place| place.for_server(&server.alias()));
        self.0
            .waiting
            .set(Some(self.describe(&app, &server, place.as_ref())));
        // It may have changed how one signs in, or need no sign-in any more.
        let this = self.clone();
        spawn(async move {
            server.reconcile().await;
            app.save_servers();
            if server.session().is_open() && this.is_current(generation) {
                let return_to = lock(&this.0.work).return_to.clone();
                app.arrive(&server, return_to.as_deref());
            }
        });
    }

    /// Reads the configuration, once.
    pub(super) fn ask_for_config(&self, app: &App) {
        if std::mem::replace(&mut lock(&self.0.work).asked_for_config, true) {
            return;
        }
        let (this, app) = (self.clone(), app.clone());
        spawn(async move {
            let found = app.fetch_config().await;
            lock(&this.0.work).suggested = found;
            this.suggest(&app);
        });
    }

    /// Suggests what is not known yet.
    fn suggest(&self, app: &App) {
        let mut list = lock(&self.0.work).suggested.clone();
        list.retain(|suggestion| app.server_by_id(&suggestion.id).is_none());
        if self.0.suggestions.with_untracked(|old| *old != list) {
            self.0.suggestions.set(list);
        }
    }

    fn next_generation(&self) -> u64 {
        let mut work = lock(&self.0.work);
        work.generation += 1;
        work.generation
    }

    fn is_current(&self, generation: u64) -> bool {
        lock(&self.0.work).generation == generation
    }

    pub(super) fn fail(&self, (title, text): (String, String), field: bool) {
        self.0.step.set(Step::Failed {
            problem: ConnectProblem { title, text, field },
        });
    }

    /// Gives up and goes back to the address.
    pub fn cancel(&self) {
        self.next_generation();
        if let Some(app) = self.app().filter(|app| app.desktop().is_some()) {
            app.end_outside();
        }
        self.0.step.set(Step::Address);
    }

    /// The page is on show again after the browser had left it: whoever comes back by the back button
    /// finds a page that works.
    pub fn shown_again(&self) {
        if matches!(self.0.step.get_untracked(), Step::Leaving { .. }) {
            self.cancel();
        }
    }

    /// Connects to what is in the field.
    pub fn submit(&self) {
        let Some(app) = self.app() else { return };
        if matches!(
            self.0.step.get_untracked(),
            Step::Probing { .. } | Step::Leaving { .. } | Step::Outside
        ) {
            return;
        }
        let address = self.0.address.get_untracked();
        let generation = self.next_generation();
        let candidates = match id::candidates(&address) {
            Ok(candidates) => candidates,
            Err(error) => return self.fail(i18n::bad_address(&error), true),
        };
        self.0.step.set(Step::Probing { address });
        let this = self.clone();
        spawn(async move {
            let outcome = probe(&app, &candidates).await;
            if !this.is_current(generation) {
                return;
            }
            match outcome {
                Ok(found) => {
                    // Where it answers from in the end is what counts from now on.
                    if !candidates.contains(&found.id) {
                        this.0.address.set(found.id.as_str().to_owned());
                    }
                    this.found(&app, found, false);
                }
                Err(problem) => this.fail(problem, true),
            }
        });
    }

    /// `again`: a session that is still good is to be replaced by a new one.
    fn found(&self, app: &App, found: Found, again: bool) {
        let known = app.server_by_id(&found.id);
        if let Some(server) = &known {
            server.learn(found.auth.clone(), found.identity.clone());
            app.save_servers();
            // A core may have been started with another token since: that is tried, and asked for where it has to be.
            let is_signed_in =
                server.session().is_active_untracked() && !again && !found.auth.is_core();
            if is_signed_in || server.session().is_open() {
                let return_to = lock(&self.0.work).return_to.clone();
                self.0.step.set(Step::Address);
                app.arrive(server, return_to.as_deref());
                return;
            }
        }
        // Somebody who has used the server before has read the warning.
        if known.is_none() && found.id.is_insecure() && !found.id.is_loopback() {
            self.0.step.set(Step::Insecure { found });
            return;
        }
        self.choose_provider(app, found);
    }

    /// Goes on although the connection will not be encrypted.
    pub fn accept_insecure(&self) {
        if let (Step::Insecure { found }, Some(app)) = (self.0.step.get_untracked(), self.app()) {
            self.choose_provider(&app, found);
        }
    }

    fn choose_provider(&self, app: &App, found: Found) {
        if found.auth.is_core() {
            return self.0.step.set(Step::Key { found });
        }
        let return_to = lock(&self.0.work).return_to.clone();
        match found.providers.as_slice() {
            [] => {
                let server = app.add_server(
                    &found.id,
                    found.auth.clone(),
                    found.identity.clone().unwrap_or_default(),
                );
                self.0.step.set(Step::Address);
                self.0.address.set(String::new());
                app.arrive(&server, return_to.as_deref());
            }
            [only] => {
                let only = only.clone();
                self.leave(app, &found, &only);
            }
            _ => self.0.step.set(Step::Choose { found }),
        }
    }

    /// Signs in with one of several providers.
    pub fn choose(&self, provider_id: &str) {
        let (Step::Choose { found }, Some(app)) = (self.0.step.get_untracked(), self.app()) else {
            return;
        };
        let Some(provider) = found
            .providers
            .iter()
            .find(|provider| provider.id == provider_id)
            .cloned()
        else {
            return;
        };
        self.leave(&app, &found, &provider);
    }

    fn leave(&self, app: &App, found: &Found, provider: &Provider) {
        if let Some(other) = trust::shared_with(app, &found.id, provider) {
            self.0.step.set(Step::Shared {
                found: found.clone(),
                provider: provider.id.clone(),
                other,
            });
            return;
        }
        let return_to = lock(&self.0.work).return_to.clone();
        self.0.step.set(Step::Leaving {
            name: found.name.clone(),
        });
        let identity = found.identity.clone().unwrap_or_default();
        if !app.leave_for_sign_in(&found.id, identity, provider, return_to) {
            let (title, text) = i18n::sign_in_cannot_be_kept();
            // The step is told on the connect page only.
            if !is_home(app) {
                app.toasts().tell(Tone::Danger, format!("{title}. {text}"));
            }
            self.fail((title, text), false);
        }
    }

    /// Goes on although another server uses the same sign-in; this is not asked again.
    pub fn accept_shared(&self) {
        if let (
            Step::Shared {
                found, provider, ..
            },
            Some(app),
        ) = (self.0.step.get_untracked(), self.app())
            && let Some(chosen) = found.providers.iter().find(|known| known.id == provider)
        {
            trust::trust(app.shared(), &found.id, chosen);
            self.leave(&app, &found, chosen);
        }
    }

    /// A server that keeps the session itself is open.
    pub(super) fn opened(&self, app: &App, server: &Server) {
        let return_to = lock(&self.0.work).return_to.take();
        self.0.step.set(Step::Address);
        self.0.address.set(String::new());
        app.arrive(server, return_to.as_deref());
    }

    /// Signs in to the server that waits on this page, or to any other; several providers are offered here.
    pub(super) fn sign_in(&self, app: &App, server: &Server, return_to: Option<String>) {
        let generation = self.next_generation();
        let (this, app, server) = (self.clone(), app.clone(), server.clone());
        server.busy().set(true);
        // What is heard of the old session meanwhile must not send the person elsewhere.
        server.session().hold();
        spawn(async move {
            let again = server.session().is_active_untracked();
            if !again && server.session().revive().await {
                server.busy().set(false);
                server.session().release();
                app.arrive(&server, return_to.as_deref());
                return;
            }
            let outcome = probe(&app, std::slice::from_ref(server.id())).await;
            server.busy().set(false);
            server.session().release();
            if !this.is_current(generation) {
                return;
            }
            lock(&this.0.work).return_to = return_to;
            match outcome {
                Ok(found) if found.id != *server.id() => {
                    // Nobody has asked to sign in over there.
                    this.0.address.set(found.id.as_str().to_owned());
                    let text =
                        i18n::server_moved(&server.session().server_name(), found.id.as_str());
                    app.toasts().tell(Tone::Caution, text);
                    app.go(&Route::home());
                }
                Ok(mut found) => {
                    if again {
                        trust::keep_to_the_same(&server, &mut found);
                    }
                    this.found(&app, found, again);
                    let is_asking = this.0.step.with_untracked(Step::is_question);
                    if is_asking && !is_home(&app) {
                        app.go(&Route::home());
                    }
                }
                Err((title, text)) => {
                    app.toasts().tell(Tone::Danger, format!("{title}. {text}"));
                }
            }
        });
    }
}

fn is_home(app: &App) -> bool {
    matches!(app.shared().here(), Some(Route::Home { .. }))
}
