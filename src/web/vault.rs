//! The key to what is stored: derived from one that WebCrypto keeps and that cannot be exported.
//!
//! A signing key (HMAC-SHA-256, not extractable) lies in IndexedDB, the only storage that takes keys as such.
//! What it makes of a fixed text is the key of the seal: whoever copies the profile's localStorage has nothing.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CryptoKey, IdbDatabase, IdbOpenDbRequest, IdbRequest, IdbTransactionMode, SubtleCrypto,
};

use super::window;
use crate::core::seal::{KEY, Seal};
use crate::port::Vault;

const DATABASE: &str = "enfilade";
const STORE: &str = "keys";
const NAME: &str = "storage";
/// What the key of the seal is made from; another text would be another key.
const PURPOSE: &str = "tokens of sessions";

/// `crypto.subtle` and IndexedDB, where the browser has both (a secure context).
#[derive(Debug)]
pub struct KeyStore;

impl Vault for KeyStore {
    fn key(&self) -> LocalBoxFuture<'static, Option<Seal>> {
        // The error's text says nothing that a person could use.
        async { open().await.ok().flatten() }.boxed_local()
    }
}

async fn open() -> Result<Option<Seal>, JsValue> {
    let subtle = Reflect::get(&window().crypto()?.into(), &"subtle".into())?;
    let Ok(subtle) = subtle.dyn_into::<SubtleCrypto>() else {
        return Ok(None);
    };
    let Some(factory) = window().indexed_db()? else {
        return Ok(None);
    };
    let request = factory.open(DATABASE)?;
    let database = opened(&request).await?.dyn_into::<IdbDatabase>()?;
    let key = match kept(&database, None).await? {
        Some(key) => Some(key),
        None => {
            let made = make(&subtle).await?;
            // Another tab may have made one meanwhile: the first one kept is everybody's.
            kept(&database, Some(&made)).await?
        }
    };
    database.close();
    let Some(key) = key else { return Ok(None) };
    let signed = subtle.sign_with_str_and_u8_array("HMAC", &key, PURPOSE.as_bytes())?;
    let bytes = Uint8Array::new(&JsFuture::from(signed).await?);
    if bytes.length() as usize != KEY {
        return Ok(None);
    }
    let mut key = [0; KEY];
    bytes.copy_to(&mut key);
    Ok(Some(Seal::new(key)))
}

/// Makes a key that signs and can never be read.
async fn make(subtle: &SubtleCrypto) -> Result<CryptoKey, JsValue> {
    let algorithm = Object::new();
    for (name, value) in [("name", "HMAC"), ("hash", "SHA-256")] {
        Reflect::set(&algorithm, &name.into(), &value.into())?;
    }
    let uses = Array::of1(&"sign".into());
    let made = subtle.generate_key_with_object(&algorithm, false, &uses)?;
    JsFuture::from(made).await?.dyn_into()
}

/// The key that is kept, after keeping `new` if there was none; in one transaction, so that tabs agree.
async fn kept(
    database: &IdbDatabase,
    new: Option<&CryptoKey>,
) -> Result<Option<CryptoKey>, JsValue> {
    let mode = if new.is_some() {
        IdbTransactionMode::Readwrite
    } else {
        IdbTransactionMode::Readonly
    };
    let store = database
        .transaction_with_str_and_mode(STORE, mode)?
        .object_store(STORE)?;
    let found = done(&store.get(&NAME.into())?).await?;
    if let Ok(key) = found.dyn_into::<CryptoKey>() {
        return Ok(Some(key));
    }
    let Some(new) = new else { return Ok(None) };
    done(&store.put_with_key(new, &NAME.into())?).await?;
    Ok(Some(new.clone()))
}

/// Waits for a database; makes its store the first time.
async fn opened(request: &IdbOpenDbRequest) -> Result<JsValue, JsValue> {
    let asked = request.clone();
    let upgrade = Closure::<dyn FnMut()>::new(move || {
        if let Ok(database) = asked.result().and_then(JsCast::dyn_into::<IdbDatabase>) {
            // It is there already where another tab was quicker.
            let _ = database.create_object_store(STORE);
        }
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    done(request).await
}

/// Waits for an answer of the database.
async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let tell = Closure::<dyn FnMut()>::new(move || {
        if let Some(sender) = sender.borrow_mut().take() {
            // Whoever asked has given up.
            let _ = sender.send(());
        }
    });
    let tell_function = tell.as_ref().unchecked_ref();
    request.set_onsuccess(Some(tell_function));
    request.set_onerror(Some(tell_function));
    // The closure lives as long as this wait; a sender that is dropped ends it too.
    let _ = receiver.await;
    let answer = request.result();
    request.set_onsuccess(None);
    request.set_onerror(None);
    answer
}
