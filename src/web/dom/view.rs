//! Places and sizes of what is on the page, and what is chosen in it.

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement};

use super::super::window;
use super::script::{call, get, make, number, some};

/// An element that is put into the page by hand.
pub type Part = HtmlElement;

/// Any element.
pub type Node = Element;

/// A new element without content.
#[must_use]
pub fn block(class: &str) -> Option<Part> {
    let element = window().document()?.create_element("div").ok()?;
    let _ = element.set_attribute("class", class);
    element.dyn_into().ok()
}

/// Puts an element into another, before one that is there or at the end.
pub fn insert(parent: &Element, child: &Part, before: Option<&Part>) {
    let before = before.map(|before| before.as_ref());
    if parent.insert_before(child, before).is_err() {
        log::error!("the page refuses an element");
    }
}

/// Puts an element at the end of the page, out of reach of the keyboard, the pointer and screen readers.
pub fn put_behind(element: &Part) {
    let _ = element.set_attribute("inert", "");
    let _ = element.set_attribute("aria-hidden", "true");
    if let Some(body) = window().document().and_then(|document| document.body()) {
        insert(&body, element, None);
    }
}

/// Sets a CSS variable of an element.
pub fn set_length(element: &Part, name: &str, pixels: f64) {
    let _ = element.style().set_property(name, &format!("{pixels}px"));
}

/// Upper and lower edge in the window, in CSS pixels.
#[must_use]
pub fn edges(element: &Element) -> (f64, f64) {
    let rect = call(element, "getBoundingClientRect", &[]);
    (number(&rect, "top"), number(&rect, "bottom"))
}

/// How far an element is scrolled, in CSS pixels with their fractions.
#[must_use]
pub fn scroll_top(element: &Element) -> f64 {
    number(element, "scrollTop")
}

/// Scrolls, at once.
pub fn set_scroll_top(element: &Element, top: f64) {
    let _ = js_sys::Reflect::set(element, &"scrollTop".into(), &top.into());
}

/// Tells of the heights of elements before they are painted, until it is dropped.
pub struct Sizes {
    observer: Option<JsValue>,
    _callback: Closure<dyn FnMut(JsValue)>,
}

impl std::fmt::Debug for Sizes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sizes").finish_non_exhaustive()
    }
}

impl Sizes {
    /// Calls `told` with every element whose size has changed, and its new height.
    #[must_use]
    pub fn new(mut told: impl FnMut(Vec<(Element, f64)>) + 'static) -> Self {
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |entries: JsValue| {
            let entries: Array = entries.unchecked_into();
            let sizes = entries.iter().filter_map(|entry| {
                let element = get(&entry, "target").dyn_into().ok()?;
                Some((element, number(&get(&entry, "contentRect"), "height")))
            });
            told(sizes.collect());
        });
        let observer = make("ResizeObserver", &[callback.as_ref().clone()]);
        Self {
            observer,
            _callback: callback,
        }
    }

    /// Watches an element; its height is told soon.
    pub fn watch(&self, element: &Element) {
        self.tell("observe", &[element.into()]);
    }

    /// Watches it no longer.
    pub fn leave(&self, element: &Element) {
        self.tell("unobserve", &[element.into()]);
    }

    fn tell(&self, what: &str, arguments: &[JsValue]) {
        if let Some(observer) = &self.observer {
            call(observer, what, arguments);
        }
    }
}

impl Drop for Sizes {
    fn drop(&mut self) {
        self.tell("disconnect", &[]);
    }
}

/// The value of this attribute where the focus is.
#[must_use]
pub fn focused(attribute: &str) -> Option<String> {
    nearest(&window().document()?.active_element()?, attribute)
}

/// The values of this attribute where the selection begins and ends, if something is selected.
#[must_use]
pub fn selected(attribute: &str) -> Option<(String, String)> {
    let selection = some(call(&window(), "getSelection", &[]))?;
    if get(&selection, "isCollapsed").is_truthy() {
        return None;
    }
    let end = |name| {
        let node = some(get(&selection, name))?;
        let element = match node.dyn_into::<Element>() {
            Ok(element) => element,
            Err(text) => get(&text, "parentElement").dyn_into().ok()?,
        };
        nearest(&element, attribute)
    };
    Some((end("anchorNode")?, end("focusNode")?))
}

/// The value of this attribute around what was pressed, if that is within one of `selector`.
#[must_use]
pub fn pressed(event: &Event, selector: &str, attribute: &str) -> Option<String> {
    let target: Element = event.target()?.dyn_into().ok()?;
    nearest(&target.closest(selector).ok()??, attribute)
}

fn nearest(element: &Element, attribute: &str) -> Option<String> {
    let found = element.closest(&format!("[{attribute}]")).ok()??;
    found.get_attribute(attribute)
}

/// Where the focus is.
#[must_use]
pub fn focus_place() -> Option<Part> {
    window().document()?.active_element()?.dyn_into().ok()
}

/// Whether the page has one of these.
#[must_use]
pub fn has(selector: &str) -> bool {
    let document = window().document();
    document.is_some_and(|document| matches!(document.query_selector(selector), Ok(Some(_))))
}

/// Whether a key press asks to search the page. On a Mac, Ctrl and F move the caret.
#[must_use]
pub fn asks_to_find(event: &web_sys::KeyboardEvent) -> bool {
    let platform = get(&window().navigator(), "platform").as_string();
    let is_mac = platform.is_some_and(|platform| platform.starts_with("Mac"));
    let is_command = if is_mac {
        event.meta_key()
    } else {
        event.ctrl_key()
    };
    is_command && !event.shift_key() && !event.alt_key() && event.key().eq_ignore_ascii_case("f")
}

/// What time it is, in milliseconds since 1970.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds of this century fit"
)]
pub fn now() -> i64 {
    js_sys::Date::now() as i64
}

/// How far local time is ahead of UTC at a point in time, in milliseconds.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "times of this century, and minutes of a day"
)]
pub fn local_offset(at: i64) -> i64 {
    let minutes = make("Date", &[JsValue::from_f64(at as f64)])
        .map(|date| call(&date, "getTimezoneOffset", &[]))
        .and_then(|minutes| minutes.as_f64());
    -(minutes.unwrap_or_default() as i64) * 60_000
}
