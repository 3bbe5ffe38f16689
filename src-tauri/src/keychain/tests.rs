//! The keychain's thread over a store in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

use keyring_core::mock;

use super::*;

const SERVER: &str = "https://soliplex.example";
const SECRET: &str = "{\"version\":7,\"token\":\"rt-secret\"}";

fn keychain_of(store: Arc<mock::Store>) -> Keychain {
    Keychain::new(Box::new(move || Ok(store.clone())), Duration::from_secs(5))
}

fn keychain() -> (Keychain, Arc<mock::Store>) {
    let store = mock::Store::new().unwrap();
    (keychain_of(store.clone()), store)
}

fn fail_next(store: &mock::Store, account: &str, error: Error) {
    let entry =
        keyring_core::api::CredentialStoreApi::build(store, SERVICE, account, None).unwrap();
    let credential: &mock::Cred = entry.as_any().downcast_ref().unwrap();
    credential.set_error(error);
}

fn broken() -> Error {
    Error::PlatformFailure("the bus went away".into())
}

async fn load(keychain: &Keychain) -> Outcome<Option<String>> {
    Ok(keychain.load(SERVER.to_owned()).await?.record)
}

#[tokio::test]
async fn what_is_stored_is_loaded_until_it_is_cleared() {
    let (keychain, _) = keychain();
    assert_eq!(load(&keychain).await.unwrap(), None);
    for record in ["first", SECRET] {
        let stored = keychain.store(SERVER.to_owned(), record.to_owned()).await;
        assert_eq!(stored.unwrap(), Stored { stored: true });
    }
    assert_eq!(load(&keychain).await.unwrap().as_deref(), Some(SECRET));
    for _ in 0..2 {
        let cleared = keychain.clear(SERVER.to_owned()).await.unwrap();
        assert_eq!(cleared, Cleared { cleared: true });
    }
    assert_eq!(load(&keychain).await.unwrap(), None);
}

#[tokio::test]
async fn servers_have_entries_of_their_own() {
    let (keychain, _) = keychain();
    keychain
        .store("https://a".into(), "of a".into())
        .await
        .unwrap();
    keychain
        .store("https://b".into(), "of b".into())
        .await
        .unwrap();
    keychain.clear("https://a".into()).await.unwrap();
    let b = keychain.load("https://b".into()).await.unwrap();
    assert_eq!(b.record.as_deref(), Some("of b"));
}

#[tokio::test]
async fn the_check_leaves_nothing_behind() {
    let (keychain, store) = keychain();
    assert_eq!(keychain.check().await.unwrap(), Works { works: true });
    let entry =
        keyring_core::api::CredentialStoreApi::build(&*store, SERVICE, PROBE, None).unwrap();
    assert!(matches!(entry.get_password(), Err(Error::NoEntry)));
}

#[tokio::test]
async fn a_system_without_a_keychain_is_told_and_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (counter, store) = (asked.clone(), mock::Store::new().unwrap());
    let open = move || match counter.fetch_add(1, Ordering::SeqCst) {
        0 => Err(Error::NoDefaultStore),
        1 => Err(broken()),
        _ => Ok(store.clone() as Arc<CredentialStore>),
    };
    let keychain = Keychain::new(Box::new(open), LIMIT);
    for _ in 0..2 {
        assert_eq!(keychain.check().await.unwrap_err().kind, Kind::Unavailable);
    }
    keychain.check().await.unwrap();
    keychain.check().await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3, "what was found is kept");
}

#[tokio::test]
async fn a_locked_keychain_is_told_as_locked() {
    let (keychain, store) = keychain();
    fail_next(&store, SERVER, Error::NoStorageAccess("no result".into()));
    assert_eq!(load(&keychain).await.unwrap_err().kind, Kind::Locked);
}

#[tokio::test]
async fn a_connection_that_broke_is_made_anew_once() {
    let (keychain, store) = keychain();
    keychain.store(SERVER.into(), SECRET.into()).await.unwrap();
    fail_next(&store, SERVER, broken());
    assert_eq!(load(&keychain).await.unwrap().as_deref(), Some(SECRET));
}

#[tokio::test]
async fn no_error_and_no_debug_text_holds_the_record() {
    let (keychain, store) = keychain();
    let secret = SECRET.as_bytes().to_vec();
    for error in [
        Error::BadEncoding(secret.clone()),
        Error::BadDataFormat(secret, "odd".into()),
        Error::Invalid("password".into(), SECRET.into()),
    ] {
        fail_next(&store, SERVER, error);
        let failure = load(&keychain).await.unwrap_err();
        assert!(!format!("{failure:?}{failure}").contains("rt-secret"));
    }
    keychain.store(SERVER.into(), SECRET.into()).await.unwrap();
    let loaded = keychain.load(SERVER.into()).await.unwrap();
    assert_eq!(format!("{loaded:?}"), "Loaded(a record)");
}

#[tokio::test]
async fn odd_servers_and_records_are_refused_before_the_keychain_is_asked() {
    let keychain = Keychain::new(Box::new(|| panic!("asked")), LIMIT);
    for server in [
        "",
        PROBE,
        "https://a\u{0}b",
        &"x".repeat(LONGEST_SERVER + 1),
    ] {
        assert_eq!(
            keychain.load(server.into()).await.unwrap_err().kind,
            Kind::Failed
        );
        assert_eq!(
            keychain.clear(server.into()).await.unwrap_err().kind,
            Kind::Failed
        );
    }
    for record in ["", &"x".repeat(LONGEST_RECORD + 1)] {
        let stored = keychain.store(SERVER.into(), record.into()).await;
        assert_eq!(stored.unwrap_err().kind, Kind::Failed);
    }
}

/// Holds the keychain's thread until it is opened.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        let mut open = self.0.lock().unwrap();
        while !*open {
            open = self.1.wait(open).unwrap();
        }
    }
}

#[tokio::test]
async fn a_keychain_that_hangs_fails_in_time_and_does_nothing_late() {
    let (gate, store) = (Arc::new(Gate::default()), mock::Store::new().unwrap());
    let (held, found) = (gate.clone(), store.clone());
    let open = move || {
        held.pass();
        Ok(found.clone() as Arc<CredentialStore>)
    };
    let keychain = Keychain::new(Box::new(open), Duration::from_millis(50));
    let (first, second) = tokio::join!(
        keychain.load(SERVER.into()),
        keychain.store(SERVER.into(), "late".into()),
    );
    assert_eq!(first.unwrap_err().kind, Kind::Failed);
    assert_eq!(second.unwrap_err().kind, Kind::Failed);
    gate.open();
    let patient = Keychain {
        limit: Duration::from_secs(5),
        ..keychain
    };
    assert_eq!(
        load(&patient).await.unwrap(),
        None,
        "the late write was not begun"
    );
}
