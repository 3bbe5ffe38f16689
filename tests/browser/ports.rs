//! Storage, locks, time and randomness of a real browser.

use std::cell::Cell;
use std::rc::Rc;

use enfilade::port::{Clock, Lock, Random, Store, StoreError};
use enfilade::web::clock::BrowserClock;
use enfilade::web::events::Listener;
use enfilade::web::lock::WebLocks;
use enfilade::web::random::Crypto;
use enfilade::web::storage::LocalStore;
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use wasm_bindgen_test::wasm_bindgen_test;

const KEYS: &str = "enfilade-test/";

/// Takes away what a test has stored; at its start too, because a failed test runs no `drop`.
struct Tidy;

impl Tidy {
    fn start() -> Self {
        Self::tidy();
        Self
    }

    fn tidy() {
        for key in LocalStore.keys(KEYS).unwrap() {
            LocalStore.remove(&key).unwrap();
        }
    }
}

impl Drop for Tidy {
    fn drop(&mut self) {
        Self::tidy();
    }
}

/// Counts what the browser reports as errors of the page, while it lives.
struct Errors {
    count: Rc<Cell<u32>>,
    _listeners: [Listener; 2],
}

impl Errors {
    fn watch() -> Self {
        let count = Rc::new(Cell::new(0));
        let listeners = ["error", "unhandledrejection"].map(|kind| {
            let count = count.clone();
            Listener::window(kind, move |event| {
                event.prevent_default();
                count.set(count.get() + 1);
            })
        });
        Self {
            count,
            _listeners: listeners,
        }
    }

    fn count(&self) -> u32 {
        self.count.get()
    }
}

fn key(name: &str) -> String {
    format!("{KEYS}{name}")
}

#[wasm_bindgen_test]
fn what_is_stored_is_read_listed_and_forgotten() {
    let _tidy = Tidy::start();
    assert_eq!(LocalStore.get(&key("a")), Ok(None));
    LocalStore.set(&key("a"), "eins").unwrap();
    LocalStore.set(&key("b"), "zwei ✓").unwrap();
    LocalStore.set(&key("a"), "one").unwrap();
    assert_eq!(LocalStore.get(&key("a")), Ok(Some("one".to_owned())));
    assert_eq!(LocalStore.get(&key("b")), Ok(Some("zwei ✓".to_owned())));
    let mut keys = LocalStore.keys(KEYS).unwrap();
    keys.sort();
    assert_eq!(keys, [key("a"), key("b")]);
    assert_eq!(LocalStore.keys(&key("b")).unwrap(), [key("b")]);
    LocalStore.remove(&key("a")).unwrap();
    LocalStore.remove(&key("never")).unwrap();
    assert_eq!(LocalStore.get(&key("a")), Ok(None));
    assert_eq!(LocalStore.keys(KEYS).unwrap(), [key("b")]);
}

#[wasm_bindgen_test]
fn a_full_storage_says_so_and_keeps_what_it_has() {
    let _tidy = Tidy::start();
    LocalStore.set(&key("draft"), "short").unwrap();
    let long = "x".repeat(12 * 1024 * 1024);
    assert_eq!(LocalStore.set(&key("draft"), &long), Err(StoreError::Full));
    assert_eq!(LocalStore.get(&key("draft")), Ok(Some("short".to_owned())));
    LocalStore.set(&key("draft"), "still works").unwrap();
}

#[wasm_bindgen_test]
async fn a_lock_shuts_others_out_until_its_guard_is_dropped() {
    let name = || "enfilade-test-shut".to_owned();
    let first = WebLocks.acquire(name(), 5_000).await.expect("a free lock");
    assert!(WebLocks.acquire(name(), 50).await.is_err(), "it is held");
    assert!(
        WebLocks
            .acquire("enfilade-test-other".to_owned(), 5_000)
            .await
            .is_ok(),
        "another name is another lock"
    );
    let second = WebLocks.acquire(name(), 20_000);
    let Either::Right(((), second)) = select(second, BrowserClock.sleep(50)).await else {
        panic!("two hold the lock");
    };
    drop(first);
    let second = second.await.expect("the lock that was given back");
    drop(second);
    assert!(WebLocks.acquire(name(), 5_000).await.is_ok());
}

#[wasm_bindgen_test]
async fn whoever_gave_up_a_lock_neither_takes_it_later_nor_breaks_the_page() {
    let errors = Errors::watch();
    let name = || "enfilade-test-given-up".to_owned();
    let first = WebLocks.acquire(name(), 5_000).await.expect("a free lock");
    assert!(
        WebLocks.acquire(name(), 20).await.is_err(),
        "given up by time"
    );
    let mut waiting = WebLocks.acquire(name(), 20_000);
    assert!((&mut waiting).now_or_never().is_none());
    drop(waiting);
    drop(first);
    let next = WebLocks.acquire(name(), 5_000).await;
    assert!(next.is_ok(), "nobody stands in between");
    BrowserClock.sleep(30).await;
    assert_eq!(
        errors.count(),
        0,
        "nothing is reported as an error of the page"
    );
}

#[wasm_bindgen_test]
async fn a_dropped_sleep_never_wakes_anybody() {
    let errors = Errors::watch();
    let mut sleep = BrowserClock.sleep(20);
    assert!((&mut sleep).now_or_never().is_none());
    drop(sleep);
    // A timer that fires into a callback that is gone is an error of the page.
    BrowserClock.sleep(60).await;
    assert_eq!(errors.count(), 0);
}

#[wasm_bindgen_test]
async fn a_sleep_lasts_and_one_without_end_does_not_end_at_once() {
    let before = BrowserClock.now();
    BrowserClock.sleep(50).await;
    assert!(BrowserClock.now() - before >= 45, "it slept");
    let endless = select(BrowserClock.sleep(u32::MAX), BrowserClock.sleep(40)).await;
    assert!(
        matches!(endless, Either::Right(_)),
        "more than the browser can count"
    );
}

#[wasm_bindgen_test]
async fn a_frame_comes_at_once_or_soon() {
    let waited = select(BrowserClock.frame(), BrowserClock.sleep(5_000)).await;
    assert!(matches!(waited, Either::Left(_)));
}

#[wasm_bindgen_test]
fn no_two_random_values_are_the_same() {
    let values: Vec<[u8; 16]> = (0..50).map(|_| Crypto.bytes()).collect();
    for (at, value) in values.iter().enumerate() {
        assert!(!values[..at].contains(value));
        assert_ne!(*value, [0; 16]);
    }
}
