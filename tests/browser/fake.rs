//! Two servers in memory behind real effects: what the pages are tried with.

#[allow(dead_code, reason = "shared with the journeys, which use the rest")]
#[path = "../journeys/fake/backend.rs"]
mod backend;
#[path = "../journeys/fake/disk.rs"]
#[allow(dead_code, reason = "shared with the journeys, which use the rest")]
pub mod disk;
#[allow(dead_code, reason = "shared with the journeys, which use the rest")]
#[path = "../journeys/fake/feed.rs"]
mod feed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use enfilade::core::record::keys;
use enfilade::core::server::registry;
use enfilade::core::session::machine::{Epoch, ExpiryReason, Session};
use enfilade::core::session::pre_auth::{FlowId, PreAuth};
use enfilade::core::session::stored;
use enfilade::port::{
    Clock, DeskSlot, Http, HttpRequest, HttpResponse, HttpStream, InShell, Method, Navigator,
    Ports, Store, StoreError, TransportError,
};
use enfilade::web::clock::BrowserClock;
use enfilade::web::lock::WebLocks;
use enfilade::web::navigator::Browser;
use enfilade::web::random::Crypto;
use enfilade::web::vault::KeyStore;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

pub use self::backend::Backend;
use self::backend::Out;
pub use self::feed::{content, finished, run_error, started, text_end, text_start};

const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

/// What the shared feed asks for; a page of these tests is never closed.
mod tab {
    pub struct Life;

    impl Life {
        #[allow(clippy::unused_async, reason = "the feed awaits it")]
        pub async fn or_never(&self) {}
    }
}

/// What a test changes about the world.
#[derive(Clone, Default)]
pub struct Weather {
    /// Meadow does not answer.
    is_meadow_silent: Arc<AtomicBool>,
    /// The browser has no network.
    is_offline: Arc<AtomicBool>,
}

impl Weather {
    pub fn silence_meadow(&self, is_silent: bool) {
        self.is_meadow_silent.store(is_silent, Ordering::Relaxed);
    }

    pub fn go_offline(&self, is_offline: bool) {
        self.is_offline.store(is_offline, Ordering::Relaxed);
    }
}

/// Answers as its servers do, at once.
struct Servers {
    all: Vec<Backend>,
    weather: Weather,
    /// With a status, the lists of rooms fail with it.
    rooms_fail: Arc<AtomicU16>,
}

impl Servers {
    fn serve(&self, request: &HttpRequest, streams: bool) -> Out {
        if request.url.starts_with("https://meadow.")
            && self.weather.is_meadow_silent.load(Ordering::Relaxed)
        {
            return Out::Fail(TransportError::Network);
        }
        // A server that says it signs people in where harbor does.
        if let Some(path @ "/api/login") = request.url.strip_prefix("https://orchard.example") {
            let harbor = HttpRequest {
                url: format!("https://harbor.example{path}"),
                ..request.clone()
            };
            return self.serve(&harbor, streams);
        }
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let status = self.rooms_fail.load(Ordering::Relaxed);
        if status != 0 && request.url.ends_with("/api/v1/rooms") {
            return Out::Reply(HttpResponse {
                status,
                retry_after: None,
                redirected_to: None,
                body: String::new(),
            });
        }
        self.all
            .iter()
            .find_map(|server| server.serve(method, request, streams, BrowserClock.now()))
            .unwrap_or(Out::Fail(TransportError::Network))
    }
}

impl Http for Servers {
    fn send(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, TransportError>> {
        let out = self.serve(&request, false);
        async move {
            match out {
                Out::Reply(answer) => Ok(answer),
                Out::Fail(error) => Err(error),
                Out::Stream(_) => Err(TransportError::Network),
            }
        }
        .boxed_local()
    }

    fn stream(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpStream, TransportError>> {
        let out = self.serve(&request, true);
        async move {
            match out {
                Out::Stream(pieces) => Ok(HttpStream {
                    status: 200,
                    retry_after: None,
                    body: Box::new(feed::Feed {
                        pieces,
                        life: tab::Life,
                    }),
                }),
                Out::Reply(_) | Out::Fail(_) => Err(TransportError::Network),
            }
        }
        .boxed_local()
    }
}

/// Storage of this page alone.
struct Memory(disk::Disk);

impl Store for Memory {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.0.get(key)
    }

    fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.0.set(0, key, value)
    }

    fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.0.remove(0, key)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.keys(prefix)
    }
}

/// The real one, but online as the test wants and never leaving the page in which the tests run.
struct Inside(Weather);

impl Navigator for Inside {
    fn base(&self) -> (String, String) {
        Browser.base()
    }

    fn go(&self, path: &str, replace: bool) {
        Browser.go(path, replace);
    }

    fn leave(&self, url: &str) {
        panic!("a test leaves the page for {url}");
    }

    fn online(&self) -> bool {
        !self.0.is_offline.load(Ordering::Relaxed)
    }
}

/// `harbor`, whose session has ended, `meadow`, which is open to everyone, and `garden`, whose session is about
/// to end and cannot be renewed.
pub struct World {
    pub harbor: Backend,
    pub meadow: Backend,
    /// The status with which lists of rooms fail; 0: they do not.
    pub rooms_fail: Arc<AtomicU16>,
    pub garden: Backend,
    pub weather: Weather,
    pub disk: disk::Disk,
    pub ports: Ports,
}

/// The flow of a sign-in to `harbor` that is under way.
pub const FLOW: &str = "0123456789abcdef0123456789abcdef";

impl World {
    pub fn new() -> Self {
        let [harbor, meadow, garden] = ["harbor", "meadow", "garden"].map(Backend::new);
        let weather = Weather::default();
        meadow.set_open(true);
        let disk = disk::Disk::default();
        disk.put(
            &keys::servers(),
            &registry::encode(&[harbor.record(), meadow.record(), garden.record()]),
        );
        let tokens = harbor.tokens(BrowserClock.now(), HOUR);
        let mut session = Session::signed_in(Epoch(1), harbor.provider(), tokens);
        assert!(session.expire(Epoch(1), ExpiryReason::Refused));
        let key = keys::session(&harbor.id());
        disk.put(&key, &stored::encode(&session, &key, None, [9; 16]));
        let pre_auth = PreAuth {
            flow: FlowId::parse(FLOW).unwrap(),
            server: harbor.id(),
            alias: None,
            provider: harbor.provider(),
            created_at: BrowserClock.now(),
            return_to: None,
            name: None,
            description: None,
            forced_prompt: false,
        };
        disk.put(&keys::pre_auth(&pre_auth.flow), &pre_auth.encode());
        let rooms_fail = Arc::default();
        let mut tokens = garden.tokens(BrowserClock.now(), 4 * MINUTE);
        tokens.refresh = None;
        let session = Session::signed_in(Epoch(2), garden.provider(), tokens);
        let key = keys::session(&garden.id());
        disk.put(&key, &stored::encode(&session, &key, None, [8; 16]));
        let ports = Ports {
            http: Arc::new(Servers {
                all: vec![harbor.clone(), meadow.clone(), garden.clone()],
                weather: weather.clone(),
                rooms_fail: Arc::clone(&rooms_fail),
            }),
            store: Arc::new(Memory(disk.clone())),
            clock: Arc::new(BrowserClock),
            random: Arc::new(Crypto),
            lock: Arc::new(WebLocks),
            vault: Arc::new(KeyStore),
            navigator: Arc::new(Inside(weather.clone())),
            desk: DeskSlot::default(),
            shell: InShell::default(),
        };
        Self {
            meadow,
            rooms_fail,
            garden,
            weather,
            harbor,
            disk,
            ports,
        }
    }
}
