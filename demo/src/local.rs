//! One server for this machine alone, as the desktop app carries it along: "This computer", without a sign-in.
//!
//! Any page in any browser can reach a port of this machine. So only the pages of the app may ask, by their origin, and
//! only under the address itself: a name that an attacker lets point here is refused.

use std::collections::HashSet;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::faults::Faults;
use crate::llm::{self, Llm};
use crate::provider::Provider;
use crate::seen::Seen;
use crate::server::{Profile, Server};
use crate::store::Folder;
use crate::{Running, StartError, address, app, bind, keep, rooms, serve};

/// Id of the server, of its file, and of its set of rooms.
pub const ID: &str = "this-computer";
const NAME: &str = "This computer";
const KEEPALIVE: Duration = Duration::from_secs(15);
/// The app's pages: bundled, on systems that know a scheme of one's own and on those that do not.
const PAGES: [&str; 3] = [
    "tauri://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
];

/// How to start it.
#[derive(Debug, Clone, Default)]
pub struct LocalOptions {
    /// Folder to keep threads in; without it they are forgotten at the end.
    pub data: Option<PathBuf>,
    /// Endpoint and model of the room "Live model".
    pub llm: Option<(String, String)>,
    /// Origins of further pages that may ask, such as a development server.
    pub pages: Vec<String>,
}

/// Starts it on a port that the system chooses.
///
/// # Errors
/// [`StartError`]; nothing is left running then.
pub async fn start_local(options: LocalOptions) -> Result<Running, StartError> {
    llm::prepare_tls();
    let broken = |source| StartError::Data {
        folder: options.data.clone().unwrap_or_default(),
        source,
    };
    let (listener, port) = bind(0, String::new).await?;
    let llm = options
        .llm
        .as_ref()
        .map(|(url, model)| Llm::new(url, model));
    let llm = llm.transpose().map_err(StartError::Llm)?;
    let folder = Folder::open(options.data.clone()).map_err(broken)?;
    let (stop, dirty) = (CancellationToken::new(), Arc::new(Notify::new()));
    // Nobody signs in, so nobody listens at this one.
    let provider = Arc::new(Provider::new(
        0,
        Vec::new(),
        folder.load("provider").map_err(broken)?,
        dirty.clone(),
    ));
    let server = Arc::new(Server {
        rooms: rooms::of(ID, llm.is_some()),
        data: Mutex::new(folder.load(ID).map_err(broken)?),
        profile: profile(),
        port,
        provider: provider.clone(),
        faults: Arc::new(Faults::new(KEEPALIVE)),
        seen: Arc::new(Seen::default()),
        logins: Mutex::default(),
        allowed_origins: Vec::new(),
        suggested: Vec::new(),
        llm,
        dirty: dirty.clone(),
        stop: stop.clone(),
        started: Instant::now(),
        changed: watch::channel(0).0,
    });
    let router = guarded(app::router(server.clone()), port, &options.pages);
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, router, stop.clone()));
    let last_save = CancellationToken::new();
    let keeper = folder.is_kept().then(|| {
        let last = last_save.clone();
        tokio::spawn(keep(
            folder,
            provider,
            vec![server],
            Vec::new(),
            dirty,
            last,
        ))
    });
    Ok(Running {
        provider: String::new(),
        servers: vec![(NAME.to_owned(), address(port), false)],
        cores: Vec::new(),
        app: None,
        stop,
        tasks,
        keeper,
        last_save,
    })
}

fn profile() -> Profile {
    Profile {
        id: ID.to_owned(),
        name: NAME.to_owned(),
        description: "The server that came with the app".to_owned(),
        has_sign_in: false,
    }
}

/// Who may ask, and under which address.
struct Guests {
    hosts: [String; 2],
    origins: HashSet<String>,
}

fn guarded(router: Router, port: u16, pages: &[String]) -> Router {
    let guests = Arc::new(Guests {
        hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        origins: PAGES
            .iter()
            .map(|page| (*page).to_owned())
            .chain(pages.iter().cloned())
            .collect(),
    });
    router.layer(from_fn_with_state(guests, admit))
}

async fn admit(State(guests): State<Arc<Guests>>, request: Request, next: Next) -> Response {
    if guests.may_ask(request.headers()) {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "This server is for the app on this computer only.",
        )
            .into_response()
    }
}

impl Guests {
    fn may_ask(&self, headers: &HeaderMap) -> bool {
        let text = |name| {
            headers
                .get(name)
                .map(|value| value.to_str().unwrap_or_default())
        };
        let is_here =
            text(header::HOST).is_some_and(|host| self.hosts.iter().any(|own| own == host));
        is_here && text(header::ORIGIN).is_none_or(|origin| self.origins.contains(origin))
    }
}

/// Waits until whoever started this program closes its input: it does so even when it is killed.
pub async fn left_alone() {
    let (done, ended) = oneshot::channel();
    // A thread, and not a task: a read of the input cannot be called off, and must not hold up the end.
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut bytes = [0; 256];
        while !matches!(input.read(&mut bytes), Ok(0) | Err(_)) {}
        done.send(())
    });
    // An error is a thread that is gone, which means the same.
    let _ = ended.await;
}
