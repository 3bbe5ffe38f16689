//! One tab: an app on fake ports, and what a browser would do with it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use enfilade::core::room::{RoomId, ThreadId};
use enfilade::core::route::Route;
use enfilade::core::session::guard::{Decision, Notice};
use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::core::thread::message::{Row, RowKind};
use enfilade::port::{Clock, DeskSlot, Navigator, Ports, Random, Store, StoreError};
use enfilade::state::app::App;
use enfilade::state::room::RoomState;
use enfilade::state::server::{Server, Standing};
use enfilade::state::thread::ThreadState;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reactive_graph::traits::{Get, GetUntracked};

use super::backend::{Backend, Secret};
use super::net::TabHttp;
use super::{Disk, FakeClock, FakeDesk, World};

/// Ends when the tab is closed: nothing that its tasks wait for ever comes.
#[derive(Clone)]
pub struct Life(Arc<AtomicBool>);

impl Life {
    pub fn is_over(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }

    pub async fn or_never(&self) {
        if self.is_over() {
            futures_util::future::pending::<()>().await;
        }
    }
}

/// A navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    Go { path: String, replace: bool },
    Leave(String),
}

struct TabClock(FakeClock, Life);

impl Clock for TabClock {
    fn now(&self) -> i64 {
        self.0.now()
    }

    fn sleep(&self, milliseconds: u32) -> LocalBoxFuture<'static, ()> {
        let (sleep, life) = (self.0.sleep(milliseconds), self.1.clone());
        async move {
            sleep.await;
            life.or_never().await;
        }
        .boxed_local()
    }

    fn frame(&self) -> LocalBoxFuture<'static, ()> {
        self.0.frame()
    }
}

struct TabStore(Disk, usize, Life);

impl Store for TabStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.0.get(key)
    }

    fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        if self.2.is_over() {
            Ok(())
        } else {
            self.0.set(self.1, key, value)
        }
    }

    fn remove(&self, key: &str) -> Result<(), StoreError> {
        if self.2.is_over() {
            Ok(())
        } else {
            self.0.remove(self.1, key)
        }
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.keys(prefix)
    }
}

/// Seeded, so that every run of a test is the same.
struct FakeRandom(AtomicU64);

impl Random for FakeRandom {
    fn bytes(&self) -> [u8; 16] {
        let seed = self.0.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 16];
        for (half, chunk) in bytes.chunks_mut(8).enumerate() {
            let mut word = seed
                .wrapping_mul(2)
                .wrapping_add(half as u64)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word ^= word >> 27;
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

#[derive(Clone)]
struct FakeNavigator {
    moves: Arc<Mutex<Vec<Move>>>,
    online: Arc<AtomicBool>,
    folder: Arc<Mutex<String>>,
}

impl Navigator for FakeNavigator {
    fn base(&self) -> (String, String) {
        (
            "https://app.example".into(),
            self.folder.lock().unwrap().clone(),
        )
    }

    fn go(&self, path: &str, replace: bool) {
        self.moves.lock().unwrap().push(Move::Go {
            path: path.to_owned(),
            replace,
        });
    }

    fn leave(&self, url: &str) {
        self.moves.lock().unwrap().push(Move::Leave(url.to_owned()));
    }

    fn online(&self) -> bool {
        self.online.load(Ordering::Relaxed)
    }
}

/// Clones share it.
#[derive(Clone)]
pub struct Tab {
    pub app: App,
    pub number: usize,
    pub desk: FakeDesk,
    clock: FakeClock,
    life: Life,
    navigator: FakeNavigator,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Tab {
    pub fn start(world: &World, number: usize, answer: Option<CallbackAnswer>) -> Self {
        let life = Life(Arc::new(AtomicBool::new(true)));
        let navigator = FakeNavigator {
            moves: Arc::default(),
            online: Arc::new(AtomicBool::new(true)),
            folder: Arc::default(),
        };
        let ports = Ports {
            http: Arc::new(TabHttp {
                net: world.net.clone(),
                tab: number,
                life: life.clone(),
            }),
            store: Arc::new(TabStore(world.disk.clone(), number, life.clone())),
            clock: Arc::new(TabClock(world.clock.clone(), life.clone())),
            random: Arc::new(FakeRandom(AtomicU64::new(1 + 1_000_000 * number as u64))),
            lock: Arc::new(world.locks.for_tab(number)),
            vault: Arc::new(world.vault.clone()),
            navigator: Arc::new(navigator.clone()),
            desk: DeskSlot::default(),
            shell: world.shell.port(),
        };
        let desk = FakeDesk {
            tab: (world.browser.clone(), number),
            ..FakeDesk::default()
        };
        ports.desk.install(Arc::new(desk.clone()));
        let app = App::start(ports, answer);
        Self {
            app,
            number,
            clock: world.clock.clone(),
            life,
            navigator,
            notices: Arc::default(),
            desk,
        }
    }

    /// The tab crashes: nothing is saved, nothing goes on.
    pub fn close(&self) {
        self.life.0.store(false, Ordering::Relaxed);
    }

    pub fn is_open(&self) -> bool {
        !self.life.is_over()
    }

    pub fn set_online(&self, online: bool) {
        self.navigator.online.store(online, Ordering::Relaxed);
        self.app.wake();
        self.clock.settle();
    }

    /// The app is served from this folder of its origin.
    pub fn serve_from(&self, folder: &str) {
        *self.navigator.folder.lock().unwrap() = folder.to_owned();
    }

    pub fn settle(&self) {
        self.clock.settle();
    }

    pub fn server(&self, backend: &Backend) -> Server {
        self.app
            .server_by_id(&backend.id())
            .expect("a known server")
    }

    pub fn standing(&self, backend: &Backend) -> Standing {
        self.server(backend).standing().get()
    }

    pub fn access(&self, backend: &Backend) -> Option<String> {
        let session = self.server(backend).session().signal().get_untracked();
        session
            .tokens()
            .map(|tokens| tokens.access.expose().clone())
    }

    pub fn room(&self, backend: &Backend) -> RoomState {
        self.server(backend).room(&RoomId::from("echo"))
    }

    pub fn thread(&self, backend: &Backend, thread: &str) -> ThreadState {
        self.room(backend).thread(&ThreadId::from(thread))
    }

    /// Loads the rooms and waits for them.
    pub fn load(&self, backend: &Backend) {
        self.server(backend).reload_rooms();
        self.settle();
    }

    pub fn moves(&self) -> Vec<Move> {
        self.navigator.moves.lock().unwrap().clone()
    }

    /// Where the app was last told to go.
    pub fn went(&self) -> Option<String> {
        self.moves().into_iter().rev().find_map(|step| match step {
            Move::Go { path, .. } => Some(path),
            Move::Leave(_) => None,
        })
    }

    /// Where the browser was sent.
    pub fn left(&self) -> Vec<String> {
        self.moves()
            .into_iter()
            .filter_map(|step| match step {
                Move::Leave(url) => Some(url),
                Move::Go { .. } => None,
            })
            .collect()
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap().clone()
    }

    pub fn toasts(&self) -> Vec<String> {
        self.app
            .toasts()
            .list()
            .get_untracked()
            .into_iter()
            .map(|toast| toast.text)
            .collect()
    }

    /// Goes to an address as a browser with the app in it does, over all redirects; says where that ends.
    pub fn visit(&self, path: &str) -> String {
        let mut route = Route::parse_href(path);
        for _ in 0..8 {
            match self.app.guard(&route) {
                Decision::Wait => return "(splash)".to_owned(),
                Decision::Go {
                    route: next,
                    notice,
                } => {
                    self.notices.lock().unwrap().extend(notice);
                    self.app.replace(&next);
                    route = next;
                }
                Decision::Stay => match self.arrive(&route) {
                    Some(next) => route = next,
                    None => return route.to_path(),
                },
            }
        }
        panic!("the app goes round in circles at {}", route.to_path());
    }

    /// What the page at that place does first; where it leads, if it leads on.
    fn arrive(&self, route: &Route) -> Option<Route> {
        let before = self.moves().len();
        match route {
            Route::Home { url, return_to } => self
                .app
                .connect()
                .open(url.as_deref(), return_to.as_deref()),
            Route::Callback { flow } => self.app.finish_sign_in(flow),
            _ => {}
        }
        self.settle();
        self.moves()
            .into_iter()
            .skip(before)
            .rev()
            .find_map(|step| match step {
                Move::Go { path, .. } => Some(Route::parse_href(&path)),
                Move::Leave(_) => None,
            })
    }

    /// Goes where the app was last told to go.
    pub fn follow(&self) -> String {
        self.visit(&self.went().expect("told to go somewhere"))
    }

    pub fn check_secret(&self, secret: &Secret) {
        for step in self.moves() {
            let text = match &step {
                Move::Go { path, .. } => path.clone(),
                // What the standard asks for, and of no use to call the server with.
                Move::Leave(url) if secret.kind == "id token" => {
                    url.replace(&format!("id_token_hint={}", secret.text), "")
                }
                Move::Leave(url) => url.clone(),
            };
            assert!(
                !text.contains(&secret.text),
                "a {} is in the address {text}",
                secret.kind
            );
        }
        let connect = self.app.connect();
        let mut said = format!(
            "{:?} {:?} {:?}",
            self.app,
            self.app.callback().get_untracked(),
            self.app.toasts()
        );
        said += &format!(
            "{:?} {:?} {:?}",
            connect,
            connect.step().get_untracked(),
            connect.waiting().get_untracked()
        );
        for server in self.app.servers().get_untracked() {
            said += &format!(
                "{server:?} {:?} {:?}",
                server.session(),
                server.session().signal().get_untracked()
            );
            said += &format!(
                "{:?} {:?} {:?}",
                server.client(),
                server.record().get_untracked(),
                server.rooms().get_untracked()
            );
        }
        assert!(
            !said.contains(&secret.text),
            "a {} is in: {said}",
            secret.kind
        );
    }
}

/// The rows as `role:state:text`.
pub fn rows(thread: &ThreadState) -> Vec<String> {
    let rows: Vec<Row> = thread
        .order()
        .get_untracked()
        .iter()
        .filter_map(|id| thread.row(id))
        .map(|row| row.get_untracked())
        .collect();
    rows.iter()
        .map(|row| {
            let text = match &row.kind {
                RowKind::User { text }
                | RowKind::Assistant { text }
                | RowKind::Error { text }
                | RowKind::Reasoning { text } => text.clone(),
                RowKind::ToolCall { name, .. } => name.clone(),
                RowKind::Unprocessed { kind, .. } => kind.clone(),
                RowKind::Activity { activity, .. } => activity.clone(),
                RowKind::Event { name, .. } => name.clone(),
                RowKind::Sources { sources } => sources.len().to_string(),
                RowKind::NoResponse | RowKind::Gap => String::new(),
            };
            format!("{}:{}:{text}", row.kind.role(), row.state.as_str())
        })
        .collect()
}
