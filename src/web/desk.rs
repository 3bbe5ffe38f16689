//! The page in front of a person.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{BroadcastChannel, Element, EventTarget, MessageEvent, Notification};

use super::events::Listener;
use super::{dom, window};
use crate::port::{Desk, Permission};

/// How many notices are listened to; a press on an older one only brings the page up.
const NOTICES: usize = 20;

/// What this page remembers.
#[derive(Default)]
struct Memory {
    /// Looks at the selection before a press takes it away.
    watch: Vec<Listener>,
    /// The last text that was selected, and the address of the page it is from.
    selected: Option<(String, String)>,
    /// Presses on notices, by their tags.
    notices: VecDeque<(String, Listener)>,
    /// How many threads want the person, by place.
    counts: BTreeMap<String, usize>,
    /// The way to the other tabs, once somebody here listens or tells.
    tabs: Option<Tabs>,
    /// Who listens to them.
    hearers: Vec<Hearer>,
}

/// Hears what other tabs tell; says whether it still listens.
type Hearer = Rc<dyn Fn(&str) -> bool>;

/// The way to the other tabs, and what hears them.
struct Tabs {
    channel: BroadcastChannel,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

/// Its name; not that of the channel on which stored keys are told.
const TABS: &str = "enfilade-rooms";

impl Tabs {
    fn open() -> Option<Self> {
        let channel = BroadcastChannel::new(TABS).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
            if let Some(word) = event.data().as_string() {
                pass_on(&word);
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self {
            channel,
            _heard: heard,
        })
    }
}

/// Tells everybody here who listens; nothing is borrowed meanwhile.
fn pass_on(word: &str) {
    let hearers = MEMORY.with_borrow(|memory| memory.hearers.clone());
    let gone: Vec<_> = hearers.into_iter().filter(|heard| !heard(word)).collect();
    if !gone.is_empty() {
        let is_gone = |one: &Hearer| gone.iter().any(|other| Rc::ptr_eq(one, other));
        MEMORY.with_borrow_mut(|memory| memory.hearers.retain(|one| !is_gone(one)));
    }
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// This page.
#[derive(Debug, Clone, Copy)]
pub struct BrowserDesk(());

impl BrowserDesk {
    /// Begins to remember what is selected in the page.
    #[must_use]
    pub fn new() -> Self {
        let is_new = MEMORY.with_borrow(|memory| memory.watch.is_empty());
        if is_new {
            let watch =
                ["pointerdown", "keydown"].map(|name| Listener::first(name, |_| remember()));
            MEMORY.with_borrow_mut(|memory| memory.watch = Vec::from(watch));
        }
        Self(())
    }
}

impl Default for BrowserDesk {
    fn default() -> Self {
        Self::new()
    }
}

// The names below are looked up one by one: each function that is imported by itself would be one more line in the
// script of the first page, for everybody.

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into())
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

fn call(object: &JsValue, name: &str) -> Option<JsValue> {
    let method: Function = get(object, name)?.dyn_into().ok()?;
    method.call0(object).ok()
}

fn zone() -> Option<String> {
    let format = call(&get(&window(), "Intl")?, "DateTimeFormat")?;
    get(&call(&format, "resolvedOptions")?, "timeZone")?.as_string()
}

/// From `Sat Nov 21 2026 10:53:12 GMT+0100 (CET)`, a form that the language prescribes.
fn offset() -> Option<i32> {
    let now = call(&window(), "Date")?.as_string()?;
    let (_, zone) = now.split_once("GMT")?;
    let (hours, minutes) = (zone.get(1..3)?, zone.get(3..5)?);
    let ahead = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
    Some(if zone.starts_with('-') { -ahead } else { ahead })
}

/// What is selected now, fields and dialogs aside: what is written there is no part of the page.
fn selected() -> Option<String> {
    let selection = call(&window(), "getSelection")?;
    // So is what is selected in a field, seen from outside.
    if get(&selection, "isCollapsed")?.is_truthy() {
        return None;
    }
    let around = get(&get(&selection, "anchorNode")?, "parentElement");
    let around = around.and_then(|around| around.dyn_into::<Element>().ok());
    if around.is_some_and(|around| around.closest("dialog").is_ok_and(|found| found.is_some())) {
        return None;
    }
    call(&selection, "toString")?
        .as_string()
        .filter(|text| !text.trim().is_empty())
}

fn address() -> Option<String> {
    window().location().pathname().ok()
}

fn remember() {
    if let (Some(text), Some(address)) = (selected(), address()) {
        MEMORY.with_borrow_mut(|memory| memory.selected = Some((address, text)));
    }
}

/// What was selected last in the page that is on show.
fn remembered() -> Option<String> {
    let address = address()?;
    MEMORY.with_borrow(|memory| {
        let kept = memory.selected.as_ref().filter(|(of, _)| *of == address)?;
        Some(kept.1.clone())
    })
}

async fn read_clipboard() -> Option<String> {
    let clipboard = get(&window().navigator(), "clipboard")?;
    let reading: Promise = call(&clipboard, "readText")?.dyn_into().ok()?;
    JsFuture::from(reading).await.ok()?.as_string()
}

fn permission(word: Option<JsValue>) -> Permission {
    match word.and_then(|word| word.as_string()).as_deref() {
        Some("granted") => Permission::Granted,
        Some("default") => Permission::Unasked,
        _ => Permission::Denied,
    }
}

async fn ask_permission() -> Option<JsValue> {
    let asking = call(&get(&window(), "Notification")?, "requestPermission")?;
    JsFuture::from(asking.dyn_into::<Promise>().ok()?)
        .await
        .ok()
}

fn notice(title: &str, body: &str, tag: &str) -> Result<Notification, JsValue> {
    let options = Object::new();
    for (name, value) in [("body", body), ("tag", tag)] {
        Reflect::set(&options, &name.into(), &value.into())?;
    }
    Notification::new_with_options(title, options.unchecked_ref())
}

impl Desk for BrowserDesk {
    fn zone(&self) -> String {
        zone().unwrap_or_else(|| String::from("UTC"))
    }

    fn offset(&self) -> i32 {
        offset().unwrap_or_default()
    }

    fn selection(&self) -> Option<String> {
        selected().or_else(remembered)
    }

    fn clipboard(&self) -> LocalBoxFuture<'static, Result<String, ()>> {
        async { read_clipboard().await.ok_or(()) }.boxed_local()
    }

    fn is_hidden(&self) -> bool {
        super::events::is_hidden()
    }

    fn permission(&self) -> Permission {
        permission(get(&window(), "Notification").and_then(|of| get(&of, "permission")))
    }

    fn ask_permission(&self) -> LocalBoxFuture<'static, Permission> {
        async { permission(ask_permission().await) }.boxed_local()
    }

    fn notify(&self, title: &str, body: &str, tag: &str, on_press: Box<dyn Fn()>) {
        let notice = match notice(title, body, tag) {
            Ok(notice) => notice,
            Err(error) => {
                // Some browsers of phones only let a service worker do it.
                log::warn!("the browser shows no notice: {error:?}");
                return;
            }
        };
        let target: EventTarget = notice.clone().unchecked_into();
        let press = Listener::on(target, "click", move |_| {
            call(&window(), "focus");
            on_press();
            call(&notice, "close");
        });
        MEMORY.with_borrow_mut(|memory| {
            memory.notices.retain(|(other, _)| other != tag);
            if memory.notices.len() == NOTICES {
                memory.notices.pop_front();
            }
            memory.notices.push_back((tag.to_owned(), press));
        });
    }

    fn tell_tabs(&self, word: &str) {
        MEMORY.with_borrow_mut(|memory| {
            if memory.tabs.is_none() {
                memory.tabs = Tabs::open();
            }
            if let Some(tabs) = &memory.tabs {
                // A channel that was closed with its page has nobody to tell.
                let _ = tabs.channel.post_message(&word.into());
            }
        });
    }

    fn hear_tabs(&self, heard: Box<dyn Fn(&str) -> bool>) {
        MEMORY.with_borrow_mut(|memory| {
            if memory.tabs.is_none() {
                memory.tabs = Tabs::open();
            }
            memory.hearers.push(Rc::from(heard));
        });
    }

    fn badge(&self, place: &str, count: usize) {
        let sum: usize = MEMORY.with_borrow_mut(|memory| {
            memory.counts.insert(place.to_owned(), count);
            memory.counts.values().sum()
        });
        dom::set_badge(match sum {
            0 => String::new(),
            sum => format!("({sum}) "),
        });
    }
}
