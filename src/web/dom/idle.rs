//! What can wait until the browser has nothing else to do.

use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use super::super::window;
use super::script::{call, get};

/// How much later it is done where a browser does not tell when it is idle, in milliseconds.
const LATER: f64 = 400.0;

/// Does this when the browser has nothing else to do.
pub fn when_idle(act: impl FnOnce() + 'static) {
    let (window, callback) = (window(), Closure::once_into_js(act));
    if get(&window, "requestIdleCallback").is_function() {
        call(&window, "requestIdleCallback", &[callback]);
    } else {
        call(&window, "setTimeout", &[callback, JsValue::from_f64(LATER)]);
    }
}
