//! Time, timers and frames.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, select};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::window;
use crate::port::Clock;

/// Where a page is hidden no frame is painted: go on after this long, in milliseconds.
const HIDDEN_FRAME: i32 = 120;

/// The browser's clock.
#[derive(Debug)]
pub struct BrowserClock;

impl Clock for BrowserClock {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of this century fit"
    )]
    fn now(&self) -> i64 {
        js_sys::Date::now() as i64
    }

    fn sleep(&self, milliseconds: u32) -> LocalBoxFuture<'static, ()> {
        Timer::timeout(i32::try_from(milliseconds).unwrap_or(i32::MAX)).boxed_local()
    }

    fn frame(&self) -> LocalBoxFuture<'static, ()> {
        // Begun now, so that who asks first is served first.
        select(Timer::frame(), Timer::timeout(HIDDEN_FRAME))
            .map(|_| ())
            .boxed_local()
    }
}

/// A timer of the browser that is cancelled when it is dropped.
pub struct Timer {
    id: i32,
    kind: Kind,
    done: oneshot::Receiver<()>,
    _callback: Closure<dyn FnMut()>,
}

#[derive(Clone, Copy)]
enum Kind {
    Timeout,
    Frame,
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timer")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Timer {
    /// Done after this many milliseconds.
    #[must_use]
    pub fn timeout(milliseconds: i32) -> Self {
        Self::start(Kind::Timeout, |callback| {
            window().set_timeout_with_callback_and_timeout_and_arguments_0(callback, milliseconds)
        })
    }

    fn frame() -> Self {
        Self::start(Kind::Frame, |callback| {
            window().request_animation_frame(callback)
        })
    }

    fn start(
        kind: Kind,
        ask: impl FnOnce(&js_sys::Function) -> Result<i32, wasm_bindgen::JsValue>,
    ) -> Self {
        let (sender, done) = oneshot::channel();
        let mut sender = Some(sender);
        let callback = Closure::<dyn FnMut()>::new(move || {
            if let Some(sender) = sender.take() {
                // Nobody waits: dropped meanwhile.
                let _ = sender.send(());
            }
        });
        let id = ask(callback.as_ref().unchecked_ref()).unwrap_or_default();
        Self {
            id,
            kind,
            done,
            _callback: callback,
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.done.poll_unpin(cx).map(|_| ())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        match self.kind {
            Kind::Timeout => window().clear_timeout_with_handle(self.id),
            // A frame that was painted already is cancelled without effect.
            Kind::Frame => {
                let _ = window().cancel_animation_frame(self.id);
            }
        }
    }
}
