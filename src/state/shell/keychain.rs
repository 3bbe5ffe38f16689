//! The keychain as the second store of every session: written after the durable copy, read beside it at the start.
//!
//! What counts is decided in [`two_stores`]; here it is asked for and carried out. Nothing waits for the keychain but the start, and that
//! for two seconds at most.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join, join_all};
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set};

use super::Desktop;
use crate::api::shell::{self, Failure};
use crate::core::record::keys;
use crate::core::server::id::ServerId;
use crate::core::session::machine::{Epoch, Session};
use crate::core::session::stored;
use crate::core::session::two_stores::{self, Copy, Keychain, Repair};
use crate::state::session::ServerSession;
use crate::state::shared::Shared;
use crate::state::task::{lock, spawn};

/// How often a keychain that did not answer is asked again for what only it holds.
const TRIES: u32 = 6;

/// What is known of the keychain.
#[derive(Default)]
pub(super) struct Books {
    /// Whether it works, as far as the last word of it goes.
    works: bool,
    /// Both stores have been read: from now on the durable copy is as new as this page.
    settled: bool,
    pages: BTreeMap<ServerId, Page>,
    /// Whether the person is to be asked how sessions are kept here.
    asks: ArcRwSignal<bool>,
}

/// One server's.
#[derive(Default)]
struct Page {
    /// The highest number that was seen or given.
    number: u64,
    /// What the keychain is to hold next, once it has done what it is doing.
    wanted: Option<Wanted>,
    busy: bool,
}

struct Wanted {
    number: u64,
    /// `None`: nothing.
    record: Option<String>,
    /// The durable copy in clear, should the keychain fail where the durable copy only refers to it.
    otherwise: Option<String>,
}

/// How the durable copy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With its tokens sealed.
    Sealed,
    /// Without its tokens: the keychain has them.
    Reference,
    /// With its tokens in clear.
    Clear,
    /// Not at all: the person wants sessions to end with the window.
    Memory,
}

impl Desktop {
    /// Whether both stores have been read.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        lock(&self.0.books).settled
    }

    /// Whether the person is to be asked how sessions are kept, where nothing here protects them.
    #[must_use]
    pub fn asks_how_to_keep(&self) -> ArcRwSignal<bool> {
        lock(&self.0.books).asks.clone()
    }

    /// Asks the keychain whether it works, and for what it holds of each server, all at once.
    pub(in crate::state) async fn ask_keychain(&self, servers: &[ServerId]) -> Vec<Keychain> {
        let loads = join_all(servers.iter().map(|id| self.load(id)));
        let check = self.call(shell::check_keychain(), shell::read_check);
        let (check, held) = join(check, loads).await;
        lock(&self.0.books).works = check.is_ok();
        held
    }

    async fn load(&self, id: &ServerId) -> Keychain {
        let call = shell::load_refresh_token(id.as_str());
        match self.call(call, shell::read_loaded).await {
            Ok(record) => two_stores::read_keychain(record.as_deref(), &keys::session(id)),
            Err(_) => Keychain::Silent,
        }
    }

    /// The servers of which a store may hold something: the known ones, and those that were removed.
    pub(in crate::state) fn kept_servers(shared: &Shared, known: &[ServerId]) -> Vec<ServerId> {
        let mut servers = known.to_vec();
        for key in shared.keys(keys::SESSION_PREFIX) {
            if let Some(id) = keys::session_server(&key).filter(|id| !servers.contains(id)) {
                servers.push(id);
            }
        }
        servers
    }

    /// From now on the durable copy is as new as this page.
    pub(in crate::state) fn set_settled(&self) {
        lock(&self.0.books).settled = true;
    }

    /// Takes the newest of both copies into the session, and puts the other one right.
    pub(in crate::state) fn settle(
        &self,
        shared: &Shared,
        session: &ServerSession,
        held: &Keychain,
    ) {
        let (id, key) = (session.id().clone(), session.storage_key());
        // Somebody was quicker: what was signed in to just now is the newest.
        if session.is_active_untracked() {
            return;
        }
        let Ok(durable) = self.durable(shared, &id) else {
            return;
        };
        let verdict = two_stores::weigh(durable.as_ref(), held);
        self.note(&id, durable.as_ref(), held);
        let (repair, in_clear) = (
            verdict.repair,
            durable.as_ref().is_some_and(|copy| copy.in_clear),
        );
        let number = self.number(&id);
        let newest = verdict.from_keychain;
        let newest = newest.or_else(|| Some(durable?.session));
        if let Some(newest) = newest {
            session.take_over(newest.clone());
            if repair == Repair::WriteDurable {
                self.write_durable(shared, &key, &newest, number);
            } else if in_clear && self.way(shared) != Way::Clear {
                return self.keep(shared, &id, &newest);
            } else if repair == Repair::StoreInKeychain {
                self.store(shared, &id, &newest, number, None);
            }
        }
        if repair == Repair::ClearKeychain {
            self.want(shared, &id, number, None, None);
        }
        let is_wanting = session.lacks_tokens();
        if is_wanting && *held == Keychain::Silent {
            self.ask_again(shared, session);
        }
    }

    /// A removed server: the keychain is to hold nothing of it, and once it says so, nobody has to remember that.
    pub(in crate::state) fn settle_removed(&self, shared: &Shared, id: &ServerId, held: &Keychain) {
        let key = keys::session(id);
        let Ok(durable) = self.durable(shared, id) else {
            return;
        };
        let is_signed_out = durable.is_some_and(|copy| copy.session.user().is_none());
        if is_signed_out && *held == Keychain::Empty {
            shared.remove(&key);
        } else {
            self.keep(shared, id, &Session::signed_out(Epoch(shared.random())));
        }
    }

    /// The durable copy; an error where a newer version of the app owns it.
    fn durable(&self, shared: &Shared, id: &ServerId) -> Result<Option<Copy>, ()> {
        let key = keys::session(id);
        let Some(text) = shared.get(&key) else {
            return Ok(None);
        };
        match two_stores::read_durable(&text, &key, shared.seal().as_ref()) {
            Ok(copy) => Ok(Some(copy)),
            Err(error) => {
                shared.unreadable(&key, &text, stored::VERSION, error);
                if error.is_newer(stored::VERSION) {
                    Err(())
                } else {
                    Ok(None)
                }
            }
        }
    }

    fn note(&self, id: &ServerId, durable: Option<&Copy>, held: &Keychain) {
        let mut books = lock(&self.0.books);
        let page = books.pages.entry(id.clone()).or_default();
        let held = match held {
            Keychain::Holds(copy) => copy.number,
            _ => 0,
        };
        let durable = durable.map_or(0, |copy| copy.number);
        page.number = page.number.max(durable).max(held);
    }

    fn number(&self, id: &ServerId) -> u64 {
        let books = lock(&self.0.books);
        books.pages.get(id).map_or(0, |page| page.number)
    }

    fn next_number(&self, shared: &Shared, id: &ServerId) -> u64 {
        let stored = shared.get(&keys::session(id));
        let mut books = lock(&self.0.books);
        let page = books.pages.entry(id.clone()).or_default();
        page.number = two_stores::next_number(stored.as_deref(), page.number, shared.now());
        page.number
    }

    fn way(&self, shared: &Shared) -> Way {
        if shared.get(&keys::memory_only()).is_some() {
            Way::Memory
        } else if shared.seal().is_some() {
            Way::Sealed
        } else if lock(&self.0.books).works {
            Way::Reference
        } else {
            Way::Clear
        }
    }

    /// Keeps a session in both stores, the durable one first.
    pub(in crate::state) fn keep(&self, shared: &Shared, id: &ServerId, session: &Session) {
        let (key, number) = (keys::session(id), self.next_number(shared, id));
        let way = self.write_durable(shared, &key, session, number);
        let otherwise = (way == Way::Reference).then(|| in_clear(session, &key, number));
        self.store(shared, id, session, number, otherwise);
    }

    fn write_durable(&self, shared: &Shared, key: &str, session: &Session, number: u64) -> Way {
        let way = self.way(shared);
        let has_tokens = session.tokens().is_some();
        let random = shared.ports.random.bytes();
        let text = match way {
            Way::Reference => stored::encode_reference(session),
            _ => stored::encode(session, key, shared.seal().as_ref(), random),
        };
        let text = two_stores::numbered(&text, number);
        if way == Way::Memory && has_tokens {
            shared.set_apart(key, &text, &two_stores::marker(number));
            return way;
        }
        shared.set(key, &text);
        if shared.is_volatile(key) {
            // What is there must not pass for the newest.
            shared.set_apart(key, &text, &two_stores::marker(number));
        }
        if way == Way::Clear && has_tokens {
            self.ask_how_to_keep(shared);
        }
        way
    }

    fn store(
        &self,
        shared: &Shared,
        id: &ServerId,
        session: &Session,
        number: u64,
        otherwise: Option<String>,
    ) {
        let record = if self.way(shared) == Way::Memory {
            None
        } else {
            two_stores::for_keychain(session, &keys::session(id), number)
        };
        self.want(shared, id, number, record, otherwise);
    }

    /// Has the keychain hold this, after what it is doing for this server now.
    fn want(
        &self,
        shared: &Shared,
        id: &ServerId,
        number: u64,
        record: Option<String>,
        otherwise: Option<String>,
    ) {
        let starts = {
            let mut books = lock(&self.0.books);
            let page = books.pages.entry(id.clone()).or_default();
            page.wanted = Some(Wanted {
                number,
                record,
                otherwise,
            });
            !std::mem::replace(&mut page.busy, true)
        };
        if starts {
            let (this, shared, id) = (self.clone(), shared.clone(), id.clone());
            spawn(async move {
                while let Some(wanted) = this.next_wanted(&id) {
                    this.carry_out(&shared, &id, wanted).await;
                }
            });
        }
    }

    fn next_wanted(&self, id: &ServerId) -> Option<Wanted> {
        let mut books = lock(&self.0.books);
        let page = books.pages.get_mut(id)?;
        let wanted = page.wanted.take();
        page.busy = wanted.is_some();
        wanted
    }

    async fn carry_out(&self, shared: &Shared, id: &ServerId, wanted: Wanted) {
        let outcome = match &wanted.record {
            Some(record) => {
                let call = shell::store_refresh_token(id.as_str(), record);
                self.call(call, shell::read_stored).await
            }
            None => {
                let call = shell::clear_refresh_token(id.as_str());
                self.call(call, shell::read_cleared).await
            }
        };
        // What could not be cleared is found again by the next start: the durable copy is newer.
        if wanted.record.is_none() {
            return;
        }
        lock(&self.0.books).works = outcome.is_ok();
        let is_newest = self.number(id) == wanted.number;
        if let (Err(failure), Some(text), true) = (outcome, wanted.otherwise, is_newest) {
            self.keep_otherwise(shared, id, &text, failure);
        }
    }

    /// The keychain has failed, and the durable copy only refers to it.
    fn keep_otherwise(&self, shared: &Shared, id: &ServerId, text: &str, failure: Failure) {
        log::warn!(
            "the session on {} is kept without the keychain: {failure}",
            id.host()
        );
        shared.set(&keys::session(id), text);
        self.ask_how_to_keep(shared);
    }

    /// Asks a keychain that has not answered again for what only it holds.
    fn ask_again(&self, shared: &Shared, session: &ServerSession) {
        let (this, shared, session) = (self.clone(), shared.clone(), session.clone());
        let epoch = session.signal().get_untracked().epoch;
        spawn(async move {
            let mut pause = shell::LIMIT;
            for _ in 0..TRIES {
                this.0.clock.sleep(pause).await;
                pause *= 2;
                let held = this.load(session.id()).await;
                if !session.lacks_tokens() || session.signal().get_untracked().epoch != epoch {
                    return;
                }
                if held != Keychain::Silent {
                    return this.settle(&shared, &session, &held);
                }
            }
        });
    }

    /// Nothing here protects what is kept: says so once, with a choice.
    fn ask_how_to_keep(&self, shared: &Shared) {
        if shared.get(&keys::told_in_clear()).is_none() {
            self.asks_how_to_keep().set(true);
        }
    }

    /// The person has read how sessions are kept. `memory_only`: they are to end with the window.
    pub fn choose_how_to_keep(
        &self,
        shared: &Shared,
        servers: &[ServerSession],
        memory_only: bool,
    ) {
        shared.set(&keys::told_in_clear(), "1");
        self.asks_how_to_keep().set(false);
        if memory_only {
            shared.set(&keys::memory_only(), "1");
            for session in servers {
                self.keep(shared, session.id(), &session.signal().get_untracked());
            }
        }
    }

    /// The start of the keychain's part: what it holds of each of these servers. Boxed, so that the start of a page without a shell
    /// carries none of it.
    pub(in crate::state) fn begin(
        &self,
        servers: Vec<ServerId>,
    ) -> LocalBoxFuture<'static, Vec<(ServerId, Keychain)>> {
        let this = self.clone();
        async move {
            let held = this.ask_keychain(&servers).await;
            servers.into_iter().zip(held).collect()
        }
        .boxed_local()
    }
}

/// Keeps a session in a window whose bridge is missing.
pub(in crate::state) fn keep_alone(shared: &Shared, key: &str, text: &str) {
    let old = shared.get(key);
    let number = two_stores::next_number(old.as_deref(), 0, shared.now());
    let text = two_stores::numbered(text, number);
    shared.set(key, &text);
    if shared.is_volatile(key) {
        shared.set_apart(key, &text, &two_stores::marker(number));
    }
}

/// The durable copy with its tokens in clear.
fn in_clear(session: &Session, key: &str, number: u64) -> String {
    two_stores::numbered(&stored::encode(session, key, None, [0; 16]), number)
}
