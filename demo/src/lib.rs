//! Servers to try Enfilade with: three agent servers that keep the Soliplex wire contract, an OpenID Connect provider, and
//! two cores as OpenHuman has them. It shares no types with the app, so that a drift between the two shows.

mod app;
mod auth;
pub mod cli;
mod clock;
mod control;
mod core;
mod error;
mod faults;
mod garbled;
mod http;
mod llm;
mod local;
mod lock;
mod provider;
mod rooms;
mod runs;
mod script;
mod seed;
mod seen;
mod server;
mod static_files;
mod store;
mod stream;
mod threads;
mod token;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tower::Layer as _;
use tower::util::MapRequestLayer;

pub use crate::local::{LocalOptions, left_alone, start_local};

use crate::core::Core;
use crate::faults::Faults;
use crate::llm::Llm;
use crate::provider::{Provider, Realm};
use crate::seen::{Seen, referrer, traffic};
use crate::server::{Profile, Server, Suggested};
use crate::store::Folder;

/// Changes are gathered for so long before they are written.
const SAVE_DELAY: Duration = Duration::from_millis(300);
/// Open connections get so long at the end.
const GRACE: Duration = Duration::from_millis(500);
/// File of the provider.
const PROVIDER_FILE: &str = "provider";

/// A built app to serve.
#[derive(Debug, Clone)]
pub struct AppOptions {
    /// Folder with index.html.
    pub folder: PathBuf,
    /// Port; 0 takes any free one.
    pub port: u16,
}

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of the provider; the servers take the next three, the cores two more. 0 takes any free ones.
    pub base_port: u16,
    /// A built app to serve as well.
    pub app: Option<AppOptions>,
    /// Folder to keep everything in; without it everything is forgotten at the end.
    pub data: Option<PathBuf>,
    /// Endpoint and model of the room "Live model".
    pub llm: Option<(String, String)>,
    /// https origins that tokens may be sent to; loopback ones always may.
    pub allowed_origins: Vec<String>,
    /// Silence on a stream before a keepalive comment.
    pub keepalive: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_port: 8700,
            app: None,
            data: None,
            llm: None,
            allowed_origins: Vec::new(),
            keepalive: Duration::from_secs(15),
        }
    }
}

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program has the port.
    #[error(
        "Port {port} is in use by another program: stop that one, or choose other ports with `{remedy}`."
    )]
    PortInUse {
        /// Port.
        port: u16,
        /// Option to add to the command line.
        remedy: String,
    },
    /// The port cannot be used for another reason.
    #[error("Port {port} cannot be used: {source}.")]
    Port {
        /// Port.
        port: u16,
        /// Reason.
        source: io::Error,
    },
    /// The ports do not fit below 65536.
    #[error("--base-port {0} leaves no room for six ports: choose one below 65531.")]
    BasePort(u16),
    /// The data folder cannot be used.
    #[error("The folder {} cannot be used: {source}.", .folder.display())]
    Data {
        /// Folder.
        folder: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// The app folder has no index.html.
    #[error("{} has no index.html: build the app first, or name the folder it was built into.", .0.display())]
    App(PathBuf),
    /// The model endpoint cannot be used.
    #[error("{0}")]
    Llm(String),
}

/// What is running. Dropping it ends it at once; [`Running::stop`] also waits and writes what is to be kept.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:8700`
    pub provider: String,
    /// Name, address, and whether it asks for a sign-in; Harbor, Meadow, Commons.
    pub servers: Vec<(String, String, bool)>,
    /// Name, address and bearer; Lantern, Quay.
    pub cores: Vec<(String, String, String)>,
    /// Address of the app.
    pub app: Option<String>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    keeper: Option<JoinHandle<()>>,
    last_save: CancellationToken,
}

impl Running {
    /// Ends all streams and servers and writes what is to be kept.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all_ended).await.is_err() {
            self.tasks.shutdown().await;
        }
        self.last_save.cancel();
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked has said so itself.
            let _ = keeper.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        self.last_save.cancel();
    }
}

async fn bind(port: u16, remedy: impl FnOnce() -> String) -> Result<Bound, StartError> {
    let bound = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    };
    bound
        .await
        .map_err(|source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse {
                port,
                remedy: remedy(),
            },
            _ => StartError::Port { port, source },
        })
}

fn profiles() -> [Profile; 3] {
    let profile = |id: &str, name: &str, description: &str, has_sign_in| Profile {
        id: id.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        has_sign_in,
    };
    [
        profile("harbor", "Harbor", "The main demonstration server", true),
        profile(
            "meadow",
            "Meadow",
            "A second server with users and rooms of its own",
            true,
        ),
        profile("commons", "Commons", "A server without sign-in", false),
    ]
}

type Bound = (TcpListener, u16);

/// All sockets: the provider's, the servers', the app's. Bound before anything else, since their ports make the issuers.
struct Sockets {
    provider: Bound,
    servers: Vec<Bound>,
    cores: Vec<Bound>,
    app: Option<(PathBuf, Bound)>,
}

impl Sockets {
    async fn bind(options: &Options) -> Result<Self, StartError> {
        let base = options.base_port;
        if base != 0 && base > u16::MAX - 5 {
            return Err(StartError::BasePort(base));
        }
        let port = |offset: u16| if base == 0 { 0 } else { base + offset };
        let other = || {
            format!(
                "--base-port {}",
                if base >= 60_000 { 8700 } else { base + 10 }
            )
        };
        let provider = bind(port(0), other).await?;
        let mut servers = Vec::new();
        for offset in 1..=3 {
            servers.push(bind(port(offset), other).await?);
        }
        let mut cores = Vec::new();
        for offset in 4..=5 {
            cores.push(bind(port(offset), other).await?);
        }
        let app = match &options.app {
            Some(app) if !app.folder.join("index.html").is_file() => {
                return Err(StartError::App(app.folder.clone()));
            }
            Some(app) => {
                let other = || format!("--app-port {}", app.port.saturating_add(1));
                Some((app.folder.clone(), bind(app.port, other).await?))
            }
            None => None,
        };
        Ok(Self {
            provider,
            servers,
            cores,
            app,
        })
    }
}

/// Starts everything.
///
/// # Errors
/// [`StartError`]; nothing is left running then.
pub async fn start(options: Options) -> Result<Running, StartError> {
    // Here too, for programs that embed the servers and make clients of their own.
    llm::prepare_tls();
    let sockets = Sockets::bind(&options).await?;
    let llm = options
        .llm
        .as_ref()
        .map(|(url, model)| Llm::new(url, model));
    let llm = llm.transpose().map_err(StartError::Llm)?;
    let broken = |source| StartError::Data {
        folder: options.data.clone().unwrap_or_default(),
        source,
    };
    let folder = Folder::open(options.data.clone()).map_err(broken)?;
    let (stop, dirty) = (CancellationToken::new(), Arc::new(Notify::new()));
    let profiles = profiles();
    let suggested: Vec<Suggested> = sockets
        .servers
        .iter()
        .zip(&profiles)
        .map(|((_, port), profile)| Suggested {
            address: address(*port),
            name: profile.name.clone(),
        })
        .collect();
    let profiles = profiles.map(|profile| (profile, Arc::new(Faults::new(options.keepalive))));
    let realms = profiles.iter().map(|(profile, faults)| Realm {
        id: profile.id.clone(),
        title: profile.name.clone(),
        faults: faults.clone(),
    });
    let (provider_listener, provider_port) = sockets.provider;
    let kept = folder.load(PROVIDER_FILE).map_err(broken)?;
    let provider = Arc::new(Provider::new(
        provider_port,
        realms.collect(),
        kept,
        dirty.clone(),
    ));

    let seen = Arc::new(Seen::default());
    let mut tasks = JoinSet::new();
    let mut servers = Vec::new();
    for ((profile, faults), (listener, port)) in profiles.into_iter().zip(sockets.servers) {
        let server = Arc::new(Server {
            rooms: rooms::of(&profile.id, llm.is_some()),
            data: Mutex::new(folder.load(&profile.id).map_err(broken)?),
            profile,
            port,
            provider: provider.clone(),
            faults,
            seen: seen.clone(),
            logins: Mutex::default(),
            allowed_origins: options.allowed_origins.clone(),
            suggested: suggested.clone(),
            llm: llm.clone(),
            dirty: dirty.clone(),
            stop: stop.clone(),
            started: Instant::now(),
            changed: watch::channel(0).0,
        });
        servers.push((listener, server));
    }
    let told = servers.iter().map(|(_, server)| {
        let Profile {
            name, has_sign_in, ..
        } = &server.profile;
        (name.clone(), address(server.port), *has_sign_in)
    });
    let told = told.collect();
    let mut kept_servers = Vec::new();
    for (listener, server) in servers {
        let router = app::router(server.clone()).layer(from_fn_with_state(seen.clone(), traffic));
        tasks.spawn(serve(listener, at_base_paths(router), stop.clone()));
        kept_servers.push(server);
    }
    tasks.spawn(serve(
        provider_listener,
        provider::routes::router(provider.clone()).layer(from_fn_with_state(seen.clone(), traffic)),
        stop.clone(),
    ));
    let mut cores = Vec::new();
    for (profile, (listener, port)) in core::PROFILES.into_iter().zip(sockets.cores) {
        let kept = folder.load(profile.id).map_err(broken)?;
        let core = Arc::new(Core::new(profile, port, kept, dirty.clone(), stop.clone()));
        let router = core::router(core.clone()).layer(from_fn_with_state(seen.clone(), traffic));
        tasks.spawn(serve(listener, at_base_paths(router), stop.clone()));
        cores.push(core);
    }
    let told_cores = cores.iter().map(told_core).collect();
    let app = sockets.app.map(|(folder, (listener, port))| {
        tasks.spawn(serve(
            listener,
            static_files::router(folder, &suggested, seen.clone())
                .layer(from_fn_with_state(seen, referrer)),
            stop.clone(),
        ));
        address(port)
    });
    // The last save waits for the last answer.
    let last_save = CancellationToken::new();
    let keeper = folder.is_kept().then(|| {
        tokio::spawn(keep(
            folder,
            provider,
            kept_servers,
            cores,
            dirty,
            last_save.clone(),
        ))
    });
    let provider = address(provider_port);
    Ok(Running {
        provider,
        servers: told,
        cores: told_cores,
        app,
        tasks,
        keeper,
        stop,
        last_save,
    })
}

/// Every error text a core can fail with and what the tables of error classification say about it, as `GET /test/texts`
/// gives them: for tests that hold a classifier against what is really sent.
pub fn core_texts() -> serde_json::Value {
    core::texts_json()
}

/// The server also answers below `/s/<name>`, so that one can have a hundred of them.
fn at_base_paths(router: Router) -> Router {
    // Routes are chosen after this, as layers of the router itself would not do.
    let inner = MapRequestLayer::new(without_base_path).layer(router);
    Router::new().fallback_service(inner)
}

fn without_base_path(mut request: Request) -> Request {
    let uri = request.uri();
    let rest = uri
        .path_and_query()
        .and_then(|text| text.as_str().strip_prefix("/s/"))
        .and_then(|rest| rest.find('/').map(|slash| &rest[slash..]))
        .and_then(|rest| rest.parse::<Uri>().ok());
    if let Some(rest) = rest {
        *request.uri_mut() = rest;
    }
    request
}

fn told_core(core: &Arc<Core>) -> (String, String, String) {
    let core::Profile { name, bearer, .. } = core.profile;
    (name.to_owned(), address(core.port), bearer.to_owned())
}

fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        eprintln!("A server ended: {error}");
    }
}

/// Writes changes, gathered, until the end.
async fn keep(
    folder: Folder,
    provider: Arc<Provider>,
    servers: Vec<Arc<Server>>,
    cores: Vec<Arc<Core>>,
    dirty: Arc<Notify>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = dirty.notified() => {}
            () = stop.cancelled() => {}
        }
        tokio::select! {
            () = tokio::time::sleep(SAVE_DELAY) => {}
            () = stop.cancelled() => {}
        }
        let is_last = stop.is_cancelled();
        let mut files = vec![(PROVIDER_FILE.to_owned(), provider.snapshot())];
        files.extend(
            servers
                .iter()
                .map(|server| (server.profile.id.clone(), server.snapshot())),
        );
        files.extend(
            cores
                .iter()
                .map(|core| (core.profile.id.to_owned(), core.snapshot())),
        );
        for (name, bytes) in files {
            let saved = bytes
                .map_err(io::Error::other)
                .and_then(|bytes| folder.save(&name, &bytes));
            if let Err(error) = saved {
                eprintln!("{name}.json was not written: {error}");
            }
        }
        if is_last {
            return;
        }
    }
}
