//! The fault switches and the counters of one server. Routes in [`control`](crate::control).

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::garbled::Garbled;
use crate::lock::lock;

/// Issued tokens that are remembered.
const TOKENS: usize = 10_000;

/// How a stream is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutMode {
    /// The connection breaks off in the middle of the body.
    Rude,
    /// The body ends as if it were complete.
    Polite,
}

/// Drop a stream after so many events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Events sent before.
    pub after: usize,
    /// How.
    pub mode: CutMode,
}

/// An error the next API answers give instead of their own.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Answers still to be spoiled.
    pub count: u32,
    /// HTTP status.
    pub status: u16,
    /// Only paths that begin so.
    pub path: String,
    /// `Retry-After`, seconds.
    pub retry_after: Option<u64>,
    /// In place of the body that goes with the status.
    pub body: Option<Garbled>,
}

/// An error the token endpoint gives.
#[derive(Debug, Clone)]
pub struct TokenFailure {
    /// Answers still to be spoiled.
    pub count: u32,
    /// HTTP status.
    pub status: u16,
    /// OAuth error code, such as `invalid_client`.
    pub error: Option<String>,
    /// `Retry-After`, seconds.
    pub retry_after: Option<u64>,
    /// In place of the body that goes with the status.
    pub body: Option<Garbled>,
}

/// What is switched on.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Lifetime of new access tokens, seconds.
    pub token_lifetime: u64,
    /// Silence on a stream before a keepalive comment.
    pub keepalive: Duration,
    /// API failures, in the order they were asked for.
    pub failures: Vec<Failure>,
    /// Every API answer waits so long.
    pub delay: Duration,
    /// The next streams are cut, one entry each.
    pub cuts: Vec<Cut>,
    /// Every token is refused.
    pub refuse_tokens: bool,
    /// `Some(true)`: no sign-in; `Some(false)`: sign-in; `None`: as the server was made.
    pub without_sign_in: Option<bool>,
    /// Tokens come in the query, before the hash (servers up to 0.81).
    pub query_delivery: bool,
    /// Token endpoint failure.
    pub token_failure: Option<TokenFailure>,
    /// The token endpoint waits so long.
    pub token_hang: Duration,
    /// So many refresh answers are made, then lost on the way.
    pub token_losses: u32,
    /// Server and realm answer everything with a web page, as a network that wants a sign-in of its own does.
    pub portal: bool,
    /// Per user, tokens with a lower serial number are refused.
    pub expired_before: HashMap<String, u64>,
}

impl Switches {
    fn new(keepalive: Duration) -> Self {
        Self {
            token_lifetime: 600,
            keepalive,
            failures: Vec::new(),
            delay: Duration::ZERO,
            cuts: Vec::new(),
            refuse_tokens: false,
            without_sign_in: None,
            query_delivery: false,
            token_failure: None,
            token_hang: Duration::ZERO,
            token_losses: 0,
            portal: false,
            expired_before: HashMap::new(),
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    token_requests: BTreeMap<String, u64>,
    api_requests: BTreeMap<String, BTreeMap<u16, u64>>,
    runs_started: u64,
    streams_opened: u64,
    tokens: Vec<String>,
}

/// Switches and counters of one server; shared with its realm of the provider.
#[derive(Debug)]
pub struct Faults {
    switches: Mutex<Switches>,
    counters: Mutex<Counters>,
    open_streams: AtomicUsize,
    keepalive: Duration,
}

impl Faults {
    /// All off.
    pub fn new(keepalive: Duration) -> Self {
        Self {
            switches: Mutex::new(Switches::new(keepalive)),
            counters: Mutex::default(),
            open_streams: AtomicUsize::new(0),
            keepalive,
        }
    }

    /// Reads the switches.
    pub fn read<T>(&self, read: impl FnOnce(&Switches) -> T) -> T {
        read(&lock(&self.switches))
    }

    /// Changes the switches.
    pub fn change<T>(&self, change: impl FnOnce(&mut Switches) -> T) -> T {
        change(&mut lock(&self.switches))
    }

    /// All off, all counters zero.
    pub fn reset(&self) {
        *lock(&self.switches) = Switches::new(self.keepalive);
        *lock(&self.counters) = Counters::default();
    }

    /// The failure that is due for this path, used up by the call.
    pub fn take_failure(&self, path: &str) -> Option<Failure> {
        let mut switches = lock(&self.switches);
        let index = switches
            .failures
            .iter()
            .position(|failure| path.starts_with(&failure.path))?;
        let failure = switches.failures.get_mut(index)?;
        failure.count = failure.count.saturating_sub(1);
        let due = failure.clone();
        switches.failures.retain(|failure| failure.count > 0);
        Some(due)
    }

    /// The cut that is due for a stream, used up by the call.
    pub fn take_cut(&self) -> Option<Cut> {
        let mut switches = lock(&self.switches);
        (!switches.cuts.is_empty()).then(|| switches.cuts.remove(0))
    }

    /// The token failure that is due, used up by the call.
    pub fn take_token_failure(&self) -> Option<TokenFailure> {
        let mut switches = lock(&self.switches);
        let failure = switches.token_failure.as_mut()?;
        failure.count = failure.count.saturating_sub(1);
        let due = failure.clone();
        if due.count == 0 {
            switches.token_failure = None;
        }
        Some(due)
    }

    /// Whether this token answer is to be lost; used up by the call.
    pub fn take_token_loss(&self) -> bool {
        let mut switches = lock(&self.switches);
        let is_lost = switches.token_losses > 0;
        switches.token_losses = switches.token_losses.saturating_sub(1);
        is_lost
    }

    /// Counts a token request.
    pub fn count_token_request(&self, grant: &str) {
        *lock(&self.counters)
            .token_requests
            .entry(grant.to_owned())
            .or_default() += 1;
    }

    /// Remembers tokens that were issued, so that a test can look for them where they must not be.
    pub fn issued(&self, tokens: impl IntoIterator<Item = String>) {
        let mut counters = lock(&self.counters);
        counters.tokens.extend(tokens);
        let excess = counters.tokens.len().saturating_sub(TOKENS);
        counters.tokens.drain(..excess);
    }

    /// The tokens issued since the last reset, oldest first.
    pub fn tokens(&self) -> Vec<String> {
        lock(&self.counters).tokens.clone()
    }

    /// Counts an API answer.
    pub fn count_answer(&self, method: &str, path: &str, status: u16) {
        let mut counters = lock(&self.counters);
        *counters
            .api_requests
            .entry(format!("{method} {path}"))
            .or_default()
            .entry(status)
            .or_default() += 1;
    }

    /// Counts a started run.
    pub fn count_run(&self) {
        lock(&self.counters).runs_started += 1;
    }

    /// Counts a stream in; [`Faults::stream_closed`] counts it out.
    pub fn stream_opened(&self) {
        lock(&self.counters).streams_opened += 1;
        self.open_streams.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a stream out.
    pub fn stream_closed(&self) {
        self.open_streams.fetch_sub(1, Ordering::Relaxed);
    }

    /// The counters as `GET /test/stats` gives them.
    pub fn stats(&self) -> Value {
        let faults_left = self.read(|switches| {
            let api: u32 = switches.failures.iter().map(|failure| failure.count).sum();
            let tokens = switches.token_failure.as_ref();
            api + tokens.map_or(0, |failure| failure.count)
        });
        let counters = lock(&self.counters);
        json!({
            "faults_left": faults_left,
            "token_requests": counters.token_requests,
            "api_requests": counters.api_requests,
            "runs_started": counters.runs_started,
            "streams_opened": counters.streams_opened,
            "open_streams": self.open_streams.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_failure_is_used_up_and_only_meets_its_path() {
        let faults = Faults::new(Duration::from_secs(15));
        faults.change(|switches| {
            switches.failures.push(Failure {
                count: 2,
                status: 503,
                path: "/api/v1/rooms".into(),
                retry_after: None,
                body: None,
            });
        });
        assert!(faults.take_failure("/api/login").is_none());
        assert_eq!(faults.take_failure("/api/v1/rooms/a").unwrap().status, 503);
        assert!(faults.take_failure("/api/v1/rooms").is_some());
        assert!(faults.take_failure("/api/v1/rooms").is_none());
    }

    #[test]
    fn a_reset_turns_everything_off() {
        let faults = Faults::new(Duration::from_secs(15));
        faults.change(|switches| switches.refuse_tokens = true);
        faults.count_run();
        faults.reset();
        assert!(!faults.read(|switches| switches.refuse_tokens));
        assert_eq!(faults.stats()["runs_started"], 0);
    }
}
