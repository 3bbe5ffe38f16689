//! The services that a core connects its agent to: listed while somebody looks, connected and disconnected.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use futures_util::future::join;
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Set, Update, WithUntracked};

use super::client::CoreClient;
use crate::api::openhuman::integrations as api;
use crate::core::rpc::classify::RpcErrorKind;
use crate::core::rpc::envelope::{Answer, Call, RpcError};
use crate::core::rpc::integration::{Integration, Link, panel};
use crate::core::rpc::poll::{CONNECTING_FOR, INTEGRATIONS, Next, Note, Poll, World, once_more};
use crate::core::rpc::redact::Place;
use crate::i18n::openhuman as words;
use crate::state::Load;
use crate::state::shared::Shared;
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

/// While nothing is to be asked, the world is looked at this often, in milliseconds: a page that is shown again says so nowhere here.
const LOOK: u32 = 1_000;

/// What is being done about one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// The core is asked where to go on.
    Starting,
    /// The person goes on at this page; the connection shows in the list when it is there.
    At {
        /// The page.
        url: String,
    },
    /// The connection is being given up.
    Ending,
}

/// The integrations of one core. Clones share them.
#[derive(Clone)]
pub struct Integrations(Arc<Inner>);

struct Inner {
    client: CoreClient,
    list: ArcRwSignal<Load<Vec<Integration>>>,
    failure: ArcRwSignal<Option<String>>,
    doing: ArcRwSignal<BTreeMap<String, Doing>>,
    poll: Mutex<Poll>,
    /// Whoever looks at them; without anybody nothing is asked.
    watchers: Mutex<Watchers>,
}

#[derive(Default)]
struct Watchers {
    count: u32,
    runs: bool,
}

/// Keeps the list up to date until it is dropped.
pub struct Watch(Weak<Inner>);

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            let mut watchers = lock(&inner.watchers);
            watchers.count = watchers.count.saturating_sub(1);
        }
    }
}

impl Integrations {
    pub(super) fn new(client: CoreClient) -> Self {
        let session = client.0.session.clone();
        let this = Self(Arc::new(Inner {
            client,
            list: ArcRwSignal::default(),
            failure: ArcRwSignal::default(),
            doing: ArcRwSignal::default(),
            poll: Mutex::new(Poll::every(INTEGRATIONS)),
            watchers: Mutex::default(),
        }));
        let (weak, last) = (Arc::downgrade(&this.0), Mutex::new(session.user()));
        // Whoever comes next, here or by another tab, finds nothing of the one before.
        session.after_change(move || {
            if let Some(this) = weak.upgrade().map(Self) {
                let user = this.0.client.0.session.user();
                if std::mem::replace(&mut *lock(&last), user.clone()) != user {
                    this.forget();
                }
            }
        });
        this
    }

    /// Forgets what belongs to the person before.
    fn forget(&self) {
        self.0.list.set(Load::default());
        self.0.failure.set(None);
        self.0.doing.update(BTreeMap::clear);
        lock(&self.0.poll).connect();
    }

    fn shared(&self) -> &Shared {
        &self.0.client.0.shared
    }

    fn is_signed_in(&self) -> bool {
        self.0.client.0.session.is_active_untracked()
    }

    /// The services, the last ones that were heard of.
    #[must_use]
    pub fn list(&self) -> ArcRwSignal<Load<Vec<Integration>>> {
        self.0.list.clone()
    }

    /// Why there is no newer list.
    #[must_use]
    pub fn failure(&self) -> ArcRwSignal<Option<String>> {
        self.0.failure.clone()
    }

    /// What is being done, by service.
    #[must_use]
    pub fn doing(&self) -> ArcRwSignal<BTreeMap<String, Doing>> {
        self.0.doing.clone()
    }

    /// Somebody looks: the list is kept up to date until the watch is dropped.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let begins = {
            let mut watchers = lock(&self.0.watchers);
            watchers.count += 1;
            !std::mem::replace(&mut watchers.runs, true)
        };
        if begins {
            lock(&self.0.poll).wake();
            let weak = Arc::downgrade(&self.0);
            spawn(async move { keep(weak).await });
        }
        Watch(Arc::downgrade(&self.0))
    }

    /// Asks at once, also where asking was given up.
    pub fn refresh(&self) {
        lock(&self.0.poll).connect();
        self.0.client.ask_anew();
        let this = self.clone();
        spawn(async move { this.ask().await });
    }

    fn world(&self) -> World {
        let ports = &self.shared().ports;
        World {
            is_signed_in: self.is_signed_in(),
            is_visible: !ports.desk.get().is_some_and(|desk| desk.is_hidden()),
            is_online: ports.navigator.online(),
        }
    }

    fn now(&self) -> i64 {
        self.shared().now()
    }

    /// Asks if it is time; says how long to wait then, `None` where nobody looks any more.
    async fn step(&self) -> Option<u32> {
        let next = {
            if lock(&self.0.watchers).count == 0 {
                lock(&self.0.watchers).runs = false;
                return None;
            }
            let mut poll = lock(&self.0.poll);
            poll.world(self.world());
            poll.next(self.now())
        };
        match next {
            Next::Now => {
                self.ask().await;
                Some(1)
            }
            Next::At(at) => u32::try_from(at - self.now())
                .ok()
                .map(|wait| wait.clamp(1, LOOK)),
            Next::Waiting | Next::Asleep | Next::Stopped => Some(LOOK),
        }
    }

    async fn ask(&self) {
        let begun = {
            let mut poll = lock(&self.0.poll);
            poll.world(self.world());
            poll.begin(self.now())
        };
        let Some(number) = begun else { return };
        self.0.list.update(|list| list.busy = true);
        let answers = join(self.part(api::toolkits()), self.part(api::connections())).await;
        let outcome = match answers {
            (Ok(toolkits), Ok(connections)) => api::read_toolkits(&toolkits)
                .and_then(|toolkits| Ok(panel(&toolkits, &api::read_connections(&connections)?))),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        let random = self.shared().random();
        let (note, is_wanted) = {
            let mut poll = lock(&self.0.poll);
            let is_wanted = poll.is_wanted(number);
            let told = outcome.as_ref().map(|_| ());
            (poll.end(number, told, self.now(), random), is_wanted)
        };
        self.report(note);
        if is_wanted {
            self.settle(outcome);
        }
    }

    /// One half of the list. A failure that may pass is tried once more before it counts.
    async fn part(&self, call: Call) -> Result<Answer, RpcError> {
        let first = self.0.client.call(call.clone()).await;
        let pause = first
            .as_ref()
            .err()
            .and_then(|error| once_more(error.kind, 0));
        match pause {
            None => first,
            Some(pause) => {
                self.shared().ports.clock.sleep(pause).await;
                self.0.client.call(call).await
            }
        }
    }

    fn settle(&self, outcome: Result<Vec<Integration>, RpcError>) {
        // Given up by this side, it says nothing about the list.
        if matches!(&outcome, Err(error) if error.kind == RpcErrorKind::Cancelled) {
            return self.0.list.update(|list| list.busy = false);
        }
        let failure = outcome.as_ref().err().map(words::no_list);
        if self.0.failure.with_untracked(|old| *old != failure) {
            self.0.failure.set(failure);
        }
        if let Ok(list) = &outcome {
            self.0.doing.update(|doing| {
                doing.retain(|toolkit, doing| {
                    let link = list.iter().find(|one| one.toolkit == *toolkit);
                    let link = link.map_or(Link::Disconnected, |one| one.link);
                    !matches!(
                        (doing, link),
                        (Doing::At { .. }, Link::Connected | Link::Failed)
                    )
                });
            });
        }
        self.0
            .list
            .update(|load| load.settle(outcome.map_err(Into::into)));
    }

    /// One line for a row of failures, and one when it works again.
    fn report(&self, note: Option<Note>) {
        let host = self.0.client.0.id.host_and_port();
        match note {
            None => {}
            Some(Note::Failing(kind)) => {
                self.0.client.note("the integrations of", kind, Place::Poll);
            }
            Some(Note::Works { failures }) => {
                log::info!("the integrations of {host} are there again after {failures} failures");
            }
            Some(Note::Stopped(kind)) => {
                let what = "not asked for any more, the integrations of";
                self.0.client.note(what, kind, Place::Poll);
            }
        }
    }

    /// Begins to connect a service; the person goes on at a page of that service.
    pub fn connect(&self, toolkit: &str) {
        if self.begin(toolkit, Doing::Starting) {
            let (this, toolkit) = (self.clone(), toolkit.to_owned());
            spawn(async move {
                let answer = this.0.client.call(api::authorize(&toolkit)).await;
                match answer.and_then(|answer| api::read_authorize(&answer)) {
                    Ok(offer) => {
                        this.note(&toolkit, Some(Doing::At { url: offer.url }));
                        this.forget_later(&toolkit).await;
                    }
                    Err(error) => this.fail(&toolkit, &words::not_connected(&toolkit, &error)),
                }
            });
        }
    }

    /// What was begun at a service is not waited for for ever.
    async fn forget_later(&self, toolkit: &str) {
        let before = self
            .0
            .doing
            .with_untracked(|doing| doing.get(toolkit).cloned());
        let clock = self.shared().ports.clock.clone();
        clock
            .sleep(u32::try_from(CONNECTING_FOR).unwrap_or(u32::MAX))
            .await;
        if self
            .0
            .doing
            .with_untracked(|doing| doing.get(toolkit).cloned())
            == before
        {
            self.note(toolkit, None);
        }
    }

    /// Gives up a connection.
    pub fn disconnect(&self, one: &Integration) {
        let Some(connection) = one.connection.clone() else {
            return;
        };
        if self.begin(&one.toolkit, Doing::Ending) {
            let (this, toolkit) = (self.clone(), one.toolkit.clone());
            spawn(async move {
                match this.0.client.call(api::delete(&connection)).await {
                    // Also where there was nothing to give up any more: the list says what there is.
                    Ok(_) => {
                        this.note(&toolkit, None);
                        this.refresh();
                    }
                    Err(error) => this.fail(&toolkit, &words::not_disconnected(&toolkit, &error)),
                }
            });
        }
    }

    fn begin(&self, toolkit: &str, doing: Doing) -> bool {
        let is_busy = self.0.doing.with_untracked(|all| {
            matches!(all.get(toolkit), Some(Doing::Starting | Doing::Ending))
        });
        if !is_busy {
            self.note(toolkit, Some(doing));
        }
        !is_busy
    }

    fn note(&self, toolkit: &str, doing: Option<Doing>) {
        self.0.doing.update(|all| {
            match doing {
                Some(doing) => all.insert(toolkit.to_owned(), doing),
                None => all.remove(toolkit),
            };
        });
    }

    fn fail(&self, toolkit: &str, text: &str) {
        self.note(toolkit, None);
        // The end of the session has its own notice.
        if self.is_signed_in() {
            let toasts = &self.shared().toasts;
            toasts.tell(Tone::Danger, text.to_owned());
        }
    }
}

async fn keep(weak: Weak<Inner>) {
    loop {
        let (wait, clock) = {
            let Some(this) = weak.upgrade().map(Integrations) else {
                return;
            };
            let clock = this.shared().ports.clock.clone();
            match this.step().await {
                Some(wait) => (wait, clock),
                None => return,
            }
        };
        clock.sleep(wait).await;
    }
}
