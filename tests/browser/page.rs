//! The page as a person finds it: by role and name.

use enfilade::port::Clock;
use enfilade::web::clock::BrowserClock;
use wasm_bindgen::JsCast;
use web_sys::{
    Document, Element, Event, EventInit, HtmlElement, HtmlInputElement, HtmlTextAreaElement,
    NodeList,
};

/// How long something may take to come, in milliseconds.
const PATIENCE: i64 = 20_000;
/// How often it is looked for, in milliseconds.
const LOOK: u32 = 15;

pub fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

/// The elements that match, in the order of the page.
pub fn all(within: &Element, selector: &str) -> Vec<Element> {
    let found: NodeList = within.query_selector_all(selector).unwrap();
    (0..found.length())
        .map(|at| found.item(at).unwrap().dyn_into().unwrap())
        .collect()
}

pub fn root() -> Element {
    document().document_element().unwrap()
}

fn selector(role: &str) -> &str {
    match role {
        "alert" => "[role=alert]",
        "article" => "article",
        "button" => "button:not([role])",
        "link" => "a[href]",
        "list" => "ul, ol",
        "log" => "[role=log]",
        "menuitem" => "[role=menuitem]",
        "navigation" => "nav",
        "region" => "section[aria-label], section[aria-labelledby]",
        "status" => "[role=status]",
        "textbox" => "input[type=text], textarea",
        _ => panic!("a role that these tests do not know: {role}"),
    }
}

/// What `aria-describedby` and the like point to, as text.
pub fn texts_of(element: &Element, attribute: &str) -> String {
    let ids = element.get_attribute(attribute).unwrap_or_default();
    let texts = ids.split_whitespace().map(|id| {
        let target = document().get_element_by_id(id);
        text(&target.unwrap_or_else(|| panic!("{attribute} names {id}, which is not there")))
    });
    texts.collect::<Vec<_>>().join(" ")
}

pub fn text(element: &Element) -> String {
    let text = element.text_content().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The accessible name, in the order of the standard (accname 1.2), as far as these pages use it.
pub fn name(element: &Element) -> String {
    if element.has_attribute("aria-labelledby") {
        return texts_of(element, "aria-labelledby");
    }
    if let Some(label) = element.get_attribute("aria-label") {
        return label;
    }
    let labels = element
        .dyn_ref::<HtmlInputElement>()
        .and_then(HtmlInputElement::labels);
    match labels.and_then(|labels| labels.item(0)) {
        Some(label) => text(&label.dyn_into().unwrap()),
        None => text(element),
    }
}

/// Every element of that role and name.
pub fn every(within: &Element, role: &str, wanted: &str) -> Vec<Element> {
    let found = all(within, selector(role));
    found
        .into_iter()
        .filter(|element| name(element) == wanted)
        .collect()
}

/// Waits until there is something.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = BrowserClock.now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        let shown = || all(&root(), ".shell").first().map(text).unwrap_or_default();
        assert!(
            BrowserClock.now() < deadline,
            "{what} has not come; on show: {}",
            shown()
        );
        BrowserClock.sleep(LOOK).await;
    }
}

/// The one element of that role and name, as soon as it is there.
pub async fn find(role: &str, wanted: &str) -> Element {
    find_in(&root(), role, wanted).await
}

/// The same inside another element.
pub async fn find_in(within: &Element, role: &str, wanted: &str) -> Element {
    let what = format!("the {role} “{wanted}”");
    let found = until(&what, || {
        Some(every(within, role, wanted)).filter(|found| !found.is_empty())
    })
    .await;
    assert_eq!(found.len(), 1, "{what} is there once");
    found.into_iter().next().unwrap()
}

pub fn press(element: &Element) {
    element.dyn_ref::<HtmlElement>().unwrap().click();
}

/// What is typed in a field.
pub fn value(field: &Element) -> String {
    match field.dyn_ref::<HtmlInputElement>() {
        Some(field) => field.value(),
        None => field.dyn_ref::<HtmlTextAreaElement>().unwrap().value(),
    }
}

/// Replaces the text of a field as typing does.
pub fn type_in(field: &Element, words: &str) {
    match field.dyn_ref::<HtmlInputElement>() {
        Some(field) => field.set_value(words),
        None => field
            .dyn_ref::<HtmlTextAreaElement>()
            .unwrap()
            .set_value(words),
    }
    let told = EventInit::new();
    told.set_bubbles(true);
    let event = Event::new_with_event_init_dict("input", &told).unwrap();
    field.dispatch_event(&event).unwrap();
}
