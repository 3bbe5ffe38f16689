//! Storage, locks, time and randomness of a real browser.

use std::cell::Cell;
use std::rc::Rc;

use enfilade::port::{Clock, Lock, Random, Store, StoreError, Vault};
use enfilade::web::clock::BrowserClock;
use enfilade::web::events::Listener;
use enfilade::web::lock::WebLocks;
use enfilade::web::random::Crypto;
use enfilade::web::storage::LocalStore;
use enfilade::web::vault::KeyStore;
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use wasm_bindgen::{JsCast, JsValue};
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

#[wasm_bindgen_test]
async fn the_key_to_what_is_stored_is_the_same_every_time_and_cannot_be_exported() {
    let (one, two) = (KeyStore.key().await, KeyStore.key().await);
    let (one, two) = (one.expect("a secure context"), two.expect("a key"));
    let sealed = one.close("secret", "here", [1; 16]).expect("sealed");
    assert_eq!(two.open(&sealed, "here").as_deref(), Some("secret"));

    let kept = js(
        "new Promise((done) => { const open = indexedDB.open('enfilade'); open.onsuccess = () => {
            const get = open.result.transaction('keys').objectStore('keys').get('storage');
            get.onsuccess = () => { open.result.close(); done(`${get.result.extractable} ${get.result.type}`); };
        }; })",
    )
    .await;
    assert_eq!(kept.as_string().as_deref(), Some("false secret"));
}

#[wasm_bindgen_test]
async fn without_indexed_db_there_is_no_key_and_no_panic() {
    let window: JsValue = web_sys::window().expect("a page").into();
    let name = JsValue::from_str("indexedDB");
    let property = js("Object.getOwnPropertyDescriptor(window, 'indexedDB')").await;
    js_sys::Object::<JsValue>::define_property(
        window.unchecked_ref(),
        &name,
        js("({ value: undefined, configurable: true })")
            .await
            .unchecked_ref(),
    );
    let key = KeyStore.key().await;
    js_sys::Object::<JsValue>::define_property(
        window.unchecked_ref(),
        &name,
        property.unchecked_ref(),
    );
    assert!(key.is_none());
    assert!(KeyStore.key().await.is_some(), "it is back");
}

#[wasm_bindgen_test]
async fn a_write_is_told_to_the_other_tabs() {
    let heard = js(
        "window.heard = []; window.other = new BroadcastChannel('enfilade');
         window.other.onmessage = (event) => window.heard.push(event.data); window.heard",
    )
    .await;
    LocalStore
        .set("enfilade-test/told", "text")
        .expect("stored");
    LocalStore.remove("enfilade-test/told").expect("removed");
    let heard: js_sys::Array = heard.unchecked_into();
    for _ in 0..100 {
        if heard.length() == 2 {
            break;
        }
        BrowserClock.sleep(20).await;
    }
    js("window.other.close()").await;
    let heard: Vec<_> = heard.iter().filter_map(|key| key.as_string()).collect();
    assert_eq!(
        heard,
        ["enfilade-test/told", "enfilade-test/told"],
        "the key, never the text"
    );
}

#[wasm_bindgen_test]
async fn a_browser_without_a_channel_between_tabs_is_no_fault() {
    js("window.kept = window.BroadcastChannel; delete window.BroadcastChannel").await;
    let missing = enfilade::web::storage::channel().is_none();
    js("window.BroadcastChannel = function () { throw new Error('no'); }").await;
    let refused = enfilade::web::storage::channel().is_none();
    js("window.BroadcastChannel = window.kept").await;
    assert!(missing && refused);
    LocalStore
        .set("enfilade-test/alone", "text")
        .expect("stored");
    LocalStore.remove("enfilade-test/alone").expect("removed");
}

/// Runs a script of the test and waits for what it gives.
async fn js(script: &str) -> JsValue {
    let value = js_sys::eval(script).expect("a good script");
    wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&value))
        .await
        .expect("no rejection")
}
