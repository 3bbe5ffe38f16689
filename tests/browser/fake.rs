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

use enfilade::core::record::keys;
use enfilade::core::server::registry;
use enfilade::core::session::machine::{Epoch, ExpiryReason, Session};
use enfilade::core::session::stored;
use enfilade::port::{
    Clock, Http, HttpRequest, HttpResponse, HttpStream, Method, Navigator, Ports, Store,
    StoreError, TransportError,
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
pub use self::feed::{content, finished, started, text_end, text_start};

pub const HOUR: i64 = 3_600_000;

/// What the shared feed asks for; a page of these tests is never closed.
mod tab {
    pub struct Life;

    impl Life {
        #[allow(clippy::unused_async, reason = "the feed awaits it")]
        pub async fn or_never(&self) {}
    }
}

/// Answers as its servers do, at once.
struct Servers(Vec<Backend>);

impl Servers {
    fn serve(&self, request: &HttpRequest, streams: bool) -> Out {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        self.0
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

/// The real one, but always online and never leaving the page in which the tests run.
struct Inside;

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
        true
    }
}

/// `harbor`, whose session has ended, and `meadow`, which is open to everyone.
pub struct World {
    pub harbor: Backend,
    pub meadow: Backend,
    pub disk: disk::Disk,
    pub ports: Ports,
}

impl World {
    pub fn new() -> Self {
        let (harbor, meadow) = (Backend::new("harbor"), Backend::new("meadow"));
        meadow.set_open(true);
        let disk = disk::Disk::default();
        disk.put(
            &keys::servers(),
            &registry::encode(&[harbor.record(), meadow.record()]),
        );
        let tokens = harbor.tokens(BrowserClock.now(), HOUR);
        let mut session = Session::signed_in(Epoch(1), harbor.provider(), tokens);
        assert!(session.expire(Epoch(1), ExpiryReason::Refused));
        let key = keys::session(&harbor.id());
        disk.put(&key, &stored::encode(&session, &key, None, [9; 16]));
        let ports = Ports {
            http: Arc::new(Servers(vec![harbor.clone(), meadow.clone()])),
            store: Arc::new(Memory(disk.clone())),
            clock: Arc::new(BrowserClock),
            random: Arc::new(Crypto),
            lock: Arc::new(WebLocks),
            vault: Arc::new(KeyStore),
            navigator: Arc::new(Inside),
        };
        Self {
            harbor,
            meadow,
            disk,
            ports,
        }
    }
}
