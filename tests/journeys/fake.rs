//! A small world: browser tabs over one storage, servers with their providers, and a clock that obeys.

mod backend;
mod clock;
mod core;
mod desk;
mod disk;
mod feed;
mod locks;
mod net;
mod shell;
mod tab;
mod vault;

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, Once};

pub use self::backend::Backend;
pub use self::clock::FakeClock;
pub use self::core::{Core, ENDED, NO_SESSION};
pub use self::desk::FakeDesk;
pub use self::disk::{Disk, DiskMode};
pub use self::feed::{content, finished, run_error, started, text_end, text_start};
pub use self::locks::FakeLocks;
pub use self::net::{Act, Gate, Net, reply, retry_after, token_body};
pub use self::shell::{FakeShell, Fault, KEYCHAIN, listener, refused, unregistered};
pub use self::tab::{Move, Tab, rows};
pub use self::vault::{FakeVault, VaultMode};

use enfilade::core::record::keys;
use enfilade::core::server::id::ServerId;
use enfilade::core::server::registry::{self, Provider, ServerRecord};
use enfilade::core::session::idle::Limits;
use enfilade::core::session::machine::{Epoch, ExpiryReason, Session, SessionState};
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::core::session::stored;
use enfilade::core::settings::Settings;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

/// Everything outside the app.
pub struct World {
    pub clock: FakeClock,
    pub net: Net,
    pub disk: Disk,
    pub locks: FakeLocks,
    pub vault: FakeVault,
    pub shell: FakeShell,
    /// Tells the tabs of this world from those of another.
    browser: Arc<AtomicBool>,
    remembered: RefCell<Vec<ServerRecord>>,
    epochs: RefCell<u64>,
    tabs: RefCell<Vec<Tab>>,
}

impl World {
    pub fn new() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            any_spawner::Executor::init_futures_executor().expect("first executor");
            log::set_logger(&LOG).expect("first logger");
            log::set_max_level(log::LevelFilter::Trace);
        });
        LINES.with(|lines| lines.lock().unwrap().clear());
        let clock = FakeClock::new();
        let disk = Disk::default();
        let world = Self {
            net: Net::new(clock.clone()),
            locks: FakeLocks::new(clock.clone()),
            shell: FakeShell::new(clock.clone(), disk.clone()),
            clock,
            disk,
            vault: FakeVault::default(),
            browser: Arc::default(),
            remembered: RefCell::default(),
            epochs: RefCell::new(100),
            tabs: RefCell::default(),
        };
        // Journeys let hours pass in which nobody touches anything.
        world.set_limits(0, 0);
        world
    }

    /// Remembers for how long nobody may do anything, in minutes.
    pub fn set_limits(&self, warn_after: i64, sign_out_after: i64) {
        let settings = Settings {
            inactivity: Limits {
                warn_after_ms: warn_after * MINUTE,
                sign_out_after_ms: sign_out_after * MINUTE,
            },
            ..Settings::default()
        };
        self.disk.put(&keys::settings(), &settings.encode());
    }

    /// A world with two servers, both known and signed in for an hour.
    pub fn with_two() -> (Self, Backend, Backend) {
        let world = Self::new();
        let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
        world.signed_in(&harbor, HOUR);
        world.signed_in(&meadow, HOUR);
        (world, harbor, meadow)
    }

    /// A world with one server, signed in for an hour.
    pub fn with_one() -> (Self, Backend) {
        let world = Self::new();
        let harbor = world.backend("harbor");
        world.signed_in(&harbor, HOUR);
        (world, harbor)
    }

    /// A server at `https://<name>.example` with a provider at `https://id.<name>.example`.
    pub fn backend(&self, name: &str) -> Backend {
        let backend = Backend::new(name);
        self.net.add(&backend);
        backend
    }

    /// Puts the server on the list that the app restores.
    pub fn remember(&self, backend: &Backend) {
        self.remember_record(backend.record());
    }

    fn remember_record(&self, record: ServerRecord) {
        let mut list = self.remembered.borrow_mut();
        if !list.iter().any(|known| known.id == record.id) {
            list.push(record);
        }
        self.disk.put(&keys::servers(), &registry::encode(&list));
    }

    /// A server that keeps the session itself, at `https://<name>.example`.
    pub fn core(&self, name: &str) -> Core {
        let core = Core::new(name);
        self.net.add_core(&core);
        core
    }

    /// The same, known and opened; `user` is signed in there.
    pub fn opened_core(&self, name: &str, user: &str) -> Core {
        let core = self.core(name);
        core.hold(user);
        self.keep_core(&core, user);
        core
    }

    /// Remembers the core with a session of this user.
    pub fn keep_core(&self, core: &Core, user: &str) {
        self.remember_record(core.record());
        let session = Session::signed_in(self.epoch(), Provider::core(), core.tokens(user));
        self.keep_at(&core.id(), &session);
    }

    pub fn epoch(&self) -> Epoch {
        *self.epochs.borrow_mut() += 1;
        Epoch(*self.epochs.borrow())
    }

    /// Remembers the server with a session whose access token lives that long from now.
    pub fn signed_in(&self, backend: &Backend, lifetime: i64) -> Session {
        let session = Session::signed_in(
            self.epoch(),
            backend.provider(),
            backend.tokens(self.clock.time(), lifetime),
        );
        self.keep(backend, &session);
        session
    }

    /// The same, without a refresh token.
    pub fn signed_in_briefly(&self, backend: &Backend, lifetime: i64) -> Session {
        let mut tokens = backend.tokens(self.clock.time(), lifetime);
        tokens.refresh = None;
        let session = Session::signed_in(self.epoch(), backend.provider(), tokens);
        self.keep(backend, &session);
        session
    }

    /// Remembers the server with a session that has ended by itself.
    pub fn expired(&self, backend: &Backend) -> Session {
        let mut session = self.signed_in(backend, HOUR);
        assert!(session.expire(session.epoch, ExpiryReason::Refused));
        self.keep(backend, &session);
        session
    }

    pub fn keep(&self, backend: &Backend, session: &Session) {
        self.remember(backend);
        self.keep_at(&backend.id(), session);
    }

    fn keep_at(&self, id: &ServerId, session: &Session) {
        let key = keys::session(id);
        let text = stored::encode(session, &key, self.vault.seal().as_ref(), [9; 16]);
        self.disk.put(&key, &text);
    }

    /// The stored session.
    pub fn stored(&self, backend: &Backend) -> Option<Session> {
        self.stored_at(&backend.id())
    }

    pub fn stored_at(&self, id: &ServerId) -> Option<Session> {
        let key = keys::session(id);
        let text = self.disk.read(&key)?;
        stored::decode(&text, &key, self.vault.seal().as_ref())
            .ok()
            .map(|kept| kept.session)
    }

    pub fn stored_is_signed_out(&self, backend: &Backend) -> bool {
        matches!(
            self.stored(backend).map(|session| session.state),
            Some(SessionState::SignedOut)
        )
    }

    /// A tab, started and at rest.
    pub fn open(&self) -> Tab {
        let tab = self.open_at_once(None);
        self.settle();
        tab
    }

    /// A tab that comes back from a provider.
    pub fn open_with(&self, answer: CallbackAnswer) -> Tab {
        let tab = self.open_at_once(Some(answer));
        self.settle();
        tab
    }

    /// A tab in its first moment.
    pub fn open_at_once(&self, answer: Option<CallbackAnswer>) -> Tab {
        let number = self.tabs.borrow().len();
        let tab = Tab::start(self, number, answer);
        self.tabs.borrow_mut().push(tab.clone());
        tab
    }

    /// What the browser does when one tab writes: the others hear of it.
    pub fn deliver(&self) {
        let tabs = self.tabs.borrow().clone();
        for (writer, key) in self.disk.take_written() {
            for tab in tabs
                .iter()
                .filter(|tab| tab.number != writer && tab.is_open())
            {
                tab.app.storage_changed(&key);
            }
        }
        self.settle();
    }

    pub fn settle(&self) {
        self.clock.settle();
    }

    pub fn advance(&self, milliseconds: i64) {
        self.clock.advance(milliseconds);
    }

    /// Every secret that was ever given out must not be where people or logs can see it.
    fn check_secrets(&self) {
        let lines = LINES.with(|lines| lines.lock().unwrap().clone());
        let sealed = self.vault.seal().is_some();
        for secret in self.net.secrets() {
            assert!(
                !sealed || !self.disk.holds(&secret.text),
                "a {} is stored in clear",
                secret.kind
            );
            for line in &lines {
                assert!(
                    !line.contains(&secret.text),
                    "a {} is in the log: {line}",
                    secret.kind
                );
            }
            for tab in self.tabs.borrow().iter() {
                tab.check_secret(&secret);
            }
            self.net.check_secret(&secret);
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_secrets();
        }
        for tab in self.tabs.borrow().iter() {
            tab.close();
        }
    }
}

thread_local! {
    static LINES: Mutex<Vec<String>> = const { Mutex::new(Vec::new()) };
}

static LOG: Log = Log;

struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.with(|lines| lines.lock().unwrap().push(record.args().to_string()));
    }

    fn flush(&self) {}
}

/// What the log has said in this test.
pub fn logged() -> Vec<String> {
    LINES.with(|lines| lines.lock().unwrap().clone())
}
