//! Mutual exclusion between tabs by the Web Locks API.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortController;

use super::clock::Timer;
use super::window;
use crate::port::{Lock, LockGuard, NotLocked};

#[wasm_bindgen]
extern "C" {
    // `web_sys` has it only behind a flag for unstable interfaces.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "locks"], js_name = request)]
    fn request(name: &str, options: &JsValue, callback: &Function) -> Result<Promise, JsValue>;
}

/// `navigator.locks`, where the browser has it (a secure context).
#[derive(Debug)]
pub struct WebLocks;

impl Lock for WebLocks {
    fn acquire(
        &self,
        name: String,
        timeout: u32,
    ) -> LocalBoxFuture<'static, Result<Box<dyn LockGuard>, NotLocked>> {
        acquire(name, timeout).boxed_local()
    }
}

/// What one tab has written to localStorage is seen by the others a moment later: a lock is given back so many
/// milliseconds after its guard is dropped, or the next tab would use a refresh token that is spent.
const ARRIVES: i32 = 150;

thread_local! {
    // A request that is given up is rejected later than its guard is dropped, so this outlives every guard.
    static IGNORE: Closure<dyn FnMut(JsValue)> = Closure::new(|_| {});
}

struct Held {
    release: Option<Function>,
    abort: AbortController,
    lingers: bool,
    _callback: Closure<dyn FnMut(JsValue) -> Promise>,
}

impl LockGuard for Held {
    fn at_once(&mut self) {
        self.lingers = false;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Leaves the queue, where it still waits; a lock that was granted takes no notice.
        self.abort.abort();
        if let Some(release) = &self.release {
            let wait =
                || window().set_timeout_with_callback_and_timeout_and_arguments_0(release, ARRIVES);
            if !self.lingers || wait().is_err() {
                // Resolving a promise cannot fail.
                let _ = release.call0(&JsValue::NULL);
            }
        }
    }
}

async fn acquire(name: String, timeout: u32) -> Result<Box<dyn LockGuard>, NotLocked> {
    let Some((asked, guard)) = ask(&name) else {
        return Err(NotLocked::Missing);
    };
    match select(
        asked,
        Timer::timeout(i32::try_from(timeout).unwrap_or(i32::MAX)),
    )
    .await
    {
        Either::Left((Ok(()), _)) => Ok(Box::new(guard)),
        _ => Err(NotLocked::Late),
    }
}

/// Joins the queue for a lock; `None` where there are no locks.
fn ask(name: &str) -> Option<(oneshot::Receiver<()>, Held)> {
    let locks = Reflect::get(&window().navigator(), &JsValue::from_str("locks")).ok()?;
    if locks.is_undefined() || locks.is_null() {
        return None;
    }
    let abort = AbortController::new().ok()?;
    let options = Object::new();
    Reflect::set(&options, &JsValue::from_str("signal"), &abort.signal()).ok()?;

    // The lock is held for as long as the promise that the callback returns is pending.
    let release: Rc<RefCell<Option<Function>>> = Rc::default();
    let slot = release.clone();
    let held = Promise::new(&mut move |resolve, _| *slot.borrow_mut() = Some(resolve));
    let (sender, granted) = oneshot::channel();
    let mut sender = Some(sender);
    let callback = Closure::<dyn FnMut(JsValue) -> Promise>::new(move |_| {
        if let Some(sender) = sender.take() {
            // Given up meanwhile: the guard is gone and has released it.
            let _ = sender.send(());
        }
        held.clone()
    });
    // An aborted request rejects; without a handler the browser would report it as an error of ours.
    let asked = request(name, &options, callback.as_ref().unchecked_ref()).ok()?;
    IGNORE.with(|ignore| {
        let _ = asked.catch(ignore);
    });
    let guard = Held {
        release: release.borrow_mut().take(),
        abort,
        lingers: true,
        _callback: callback,
    };
    Some((granted, guard))
}
