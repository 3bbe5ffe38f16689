//! What came in on any port, for tests that look for what should not: referrers, reports of the policy, requests at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};

use crate::lock::lock;

/// Reports kept; a page in a loop must not fill the memory.
const REPORTS: usize = 1000;

/// What was seen since the last reset. All ports share it.
#[derive(Debug, Default)]
pub struct Seen {
    referrers: Mutex<BTreeSet<String>>,
    reports: Mutex<Vec<Value>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Seen {
    /// Keeps a report of a content security policy, as the browser sent it.
    pub fn report(&self, body: &[u8]) {
        let report = serde_json::from_slice(body)
            .unwrap_or_else(|_| json!({"unreadable": String::from_utf8_lossy(body)}));
        let mut reports = lock(&self.reports);
        if reports.len() < REPORTS {
            reports.push(report);
        }
    }

    /// The reports, in the order in which they came.
    pub fn reports(&self) -> Vec<Value> {
        lock(&self.reports).clone()
    }

    /// The `Referer` headers, each once.
    pub fn referrers(&self) -> BTreeSet<String> {
        lock(&self.referrers).clone()
    }

    /// The largest number of requests to servers and provider that waited for an answer at one time.
    pub fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }

    /// Forgets everything.
    pub fn reset(&self) {
        lock(&self.referrers).clear();
        lock(&self.reports).clear();
        self.most_open
            .store(self.open.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn note_referrer(&self, request: &Request) {
        if let Some(referrer) = request.headers().get(header::REFERER) {
            let text = String::from_utf8_lossy(referrer.as_bytes()).into_owned();
            lock(&self.referrers).insert(text);
        }
    }

    fn begin(self: &Arc<Self>) -> Open {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
        Open(self.clone())
    }
}

/// A request under way. Dropped with its handler, also when the browser gives up.
struct Open(Arc<Seen>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Around every answer of the app's port.
pub async fn referrer(State(seen): State<Arc<Seen>>, request: Request, next: Next) -> Response {
    seen.note_referrer(&request);
    next.run(request).await
}

/// Around every answer of servers and provider.
pub async fn traffic(State(seen): State<Arc<Seen>>, request: Request, next: Next) -> Response {
    seen.note_referrer(&request);
    let is_counted =
        request.method() != Method::OPTIONS && !request.uri().path().starts_with("/test/");
    let _open = is_counted.then(|| seen.begin());
    next.run(request).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn the_largest_number_at_one_time_stays_when_requests_end() {
        let seen = Arc::new(Seen::default());
        let first = seen.begin();
        drop(seen.begin());
        assert_eq!(seen.most_open(), 2);
        seen.reset();
        assert_eq!(seen.most_open(), 1);
        drop(first);
        drop(seen.begin());
        assert_eq!(seen.most_open(), 1);
    }

    #[test]
    fn a_report_that_cannot_be_read_is_kept_all_the_same() {
        let seen = Seen::default();
        seen.report(b"{\"csp-report\": {}}");
        seen.report(b"nonsense");
        assert_eq!(seen.reports()[0], json!({"csp-report": {}}));
        assert_eq!(seen.reports()[1]["unreadable"], "nonsense");
    }
}
