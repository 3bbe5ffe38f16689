//! The bridge to the desktop shell; nothing else names it. It passes answers on as they are: what they mean, and how long anybody waits
//! for them, is decided elsewhere.

use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use js_sys::{Function, JSON, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Event};

use super::events::Listener;
use super::window;
use crate::port::{Shell, ShellAnswer};

/// Where a shell puts its bridge.
const BRIDGE: &str = "__TAURI_INTERNALS__";
/// Origins of the page that a shell carries along, on systems that know a scheme of one's own and on those that do not.
const BUNDLED: [&str; 3] = [
    "tauri://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
];
/// The event by which it tells of a link of the app that was opened elsewhere.
const LINK: &str = "enfilade:link";

/// The bridge of this page.
#[derive(Debug)]
struct Bridge;

/// The shell around this page, if there is one. A page that only a shell can show has one, even where its bridge is missing: then
/// every command fails, and what was kept of sessions is still read and written by the rules of a shell.
#[must_use]
pub fn find() -> Option<Arc<dyn Shell>> {
    if invoker().is_none() && !is_bundled() {
        return None;
    }
    Some(Arc::new(Bridge))
}

/// Whether the page is the one that a shell carries along.
fn is_bundled() -> bool {
    let origin = window().location().origin().unwrap_or_default();
    BUNDLED.contains(&origin.as_str())
}

/// The function that calls commands, and what it belongs to.
fn invoker() -> Option<(JsValue, Function)> {
    let bridge = Reflect::get(&window(), &BRIDGE.into()).ok()?;
    let invoke = Reflect::get(&bridge, &"invoke".into()).ok()?;
    Some((bridge, invoke.dyn_into().ok()?))
}

fn json(value: &JsValue) -> Option<String> {
    // Nothing has no JSON.
    let text = JSON::stringify(value).ok()?;
    JsValue::from(text).as_string()
}

fn call(command: &str, args: &str) -> Result<Promise, JsValue> {
    let Some((bridge, invoke)) = invoker() else {
        return Err("the bridge is gone".into());
    };
    let answer = invoke.call2(&bridge, &command.into(), &JSON::parse(args)?)?;
    // A bridge that answers at once is one too.
    Ok(Promise::resolve(&answer))
}

impl Shell for Bridge {
    fn invoke(&self, command: &'static str, args: String) -> LocalBoxFuture<'static, ShellAnswer> {
        let called = call(command, &args);
        async move {
            let outcome = match called {
                Ok(promise) => JsFuture::from(promise).await,
                Err(thrown) => Err(thrown),
            };
            outcome
                .map(|value| json(&value))
                .map_err(|refusal| match refusal.as_string() {
                    Some(text) => text,
                    None => json(&refusal).unwrap_or_default(),
                })
        }
        .boxed_local()
    }

    fn hear_links(&self, heard: Box<dyn Fn(String)>) {
        let listener = Listener::window(LINK, move |event| {
            let link = Reflect::get(&event, &"detail".into());
            if let Some(link) = link.ok().and_then(|link| link.as_string()) {
                heard(link);
            }
        });
        // It belongs to the page, which ends by being unloaded.
        std::mem::forget(listener);
    }

    fn hear_outward(&self, heard: Box<dyn Fn(String)>) {
        let heard = Rc::new(heard);
        for name in ["click", "auxclick"] {
            let heard = heard.clone();
            let listener = Listener::first(name, move |event| {
                if let Some(url) = outward(&event) {
                    event.prevent_default();
                    heard(url);
                }
            });
            std::mem::forget(listener);
        }
    }
}

/// Where a press leads, if it leads out of the app.
fn outward(event: &Event) -> Option<String> {
    let pressed: Element = event.target()?.dyn_into().ok()?;
    let link = pressed.closest("a[href][target=\"_blank\"]").ok()??;
    let url = Reflect::get(&link, &"href".into()).ok()?.as_string()?;
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}
