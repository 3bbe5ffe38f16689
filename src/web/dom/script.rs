//! Calls of the browser by name, for what is used by a late part only: typed bindings would make the first
//! download bigger, wherever they are used.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A property, or `undefined`.
pub(super) fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A property that is a number, or nought.
pub(super) fn number(of: &JsValue, name: &str) -> f64 {
    get(of, name).as_f64().unwrap_or_default()
}

/// Calls a method; `undefined` where there is none or it throws.
pub(super) fn call(of: &JsValue, name: &str, arguments: &[JsValue]) -> JsValue {
    let Ok(method) = get(of, name).dyn_into::<Function>() else {
        return JsValue::UNDEFINED;
    };
    let arguments: Array = arguments.iter().collect();
    Reflect::apply(&method, of, &arguments).unwrap_or(JsValue::UNDEFINED)
}

/// Makes an object of a class of the window, where there is such a class.
pub(super) fn make(class: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let class = get(&js_sys::global(), class).dyn_into::<Function>().ok()?;
    let arguments: Array = arguments.iter().collect();
    Reflect::construct(&class, &arguments).ok()
}

/// What is there, if it is.
pub(super) fn some(value: JsValue) -> Option<JsValue> {
    (!value.is_undefined() && !value.is_null()).then_some(value)
}
