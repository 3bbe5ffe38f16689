//! Marking words on the page where they stand, by the browser's own highlights: no element is added for it.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

use super::super::window;
use super::script::{call, get, make, number, some};
use crate::core::thread::find::{Folded, Needle};

/// All matches, and the one that one is at: the names that the style sheet knows them by.
const NAMES: [&str; 2] = ["find", "find-current"];
/// Within these a line of text goes on.
const LINES: &str =
    "p,li,td,th,pre,h1,h2,h3,h4,h5,h6,dt,dd,summary,blockquote,figcaption,div,article";
/// What is on the page but not in the text.
const OUTSIDE: &str =
    "button,.visually-hidden,[aria-hidden=true],.message__meta,.message__note,.code__head";
/// `NodeFilter.SHOW_TEXT`
const TEXTS: f64 = 4.0;

/// A match on the page.
#[derive(Debug, Clone)]
pub struct Match(JsValue);

impl Match {
    /// Its upper and lower edge in the window; `None` where it is not shown.
    #[must_use]
    pub fn edges(&self) -> Option<(f64, f64)> {
        let rect = call(&self.0, "getBoundingClientRect", &[]);
        let is_shown = number(&rect, "height") > 0.0;
        is_shown.then(|| (number(&rect, "top"), number(&rect, "bottom")))
    }
}

/// The matches in an element, in the order of its text.
#[must_use]
pub fn matches(within: &Element, needle: &Needle) -> Vec<Match> {
    let mut nodes: Vec<JsValue> = Vec::new();
    let mut spots: Vec<(usize, usize)> = Vec::new();
    let mut text = Folded::default();
    let mut line = JsValue::NULL;
    let Some(document) = window().document() else {
        return Vec::new();
    };
    let walker = call(
        &document,
        "createTreeWalker",
        &[within.into(), TEXTS.into()],
    );
    while let Some(node) = some(call(&walker, "nextNode", &[])) {
        let Ok(parent) = get(&node, "parentElement").dyn_into::<Element>() else {
            continue;
        };
        if !matches!(parent.closest(OUTSIDE), Ok(None)) {
            continue;
        }
        let here = parent.closest(LINES).ok().flatten().map(JsValue::from);
        let here = here.unwrap_or(JsValue::NULL);
        if here != line {
            // A line that ends is a blank: words of two paragraphs do not run together.
            text.push('\n', usize::MAX);
            line = here;
        }
        let mut units = 0;
        for letter in get(&node, "data").as_string().unwrap_or_default().chars() {
            text.push(letter, spots.len());
            spots.push((nodes.len(), units));
            units += letter.len_utf16();
        }
        // Where the last letter of this text ends.
        spots.push((nodes.len(), units));
        nodes.push(node);
    }
    let spot = |at: usize| spots.get(text.place(at)?).copied();
    let found = needle.find(&text).into_iter().filter_map(|found| {
        let (first, from) = spot(found.start)?;
        let (last, _) = spot(found.end.checked_sub(1)?)?;
        let (_, to) = spots.get(text.place(found.end - 1)? + 1).copied()?;
        range(nodes.get(first)?, from, nodes.get(last)?, to)
    });
    found.collect()
}

fn range(first: &JsValue, from: usize, last: &JsValue, to: usize) -> Option<Match> {
    let range = make("Range", &[])?;
    let units = |at: usize| u32::try_from(at).map(JsValue::from).ok();
    call(&range, "setStart", &[first.clone(), units(from)?]);
    call(&range, "setEnd", &[last.clone(), units(to)?]);
    Some(Match(range))
}

/// Whether the browser can mark without changing the page.
#[must_use]
pub fn can_mark() -> bool {
    registry().is_some()
}

fn registry() -> Option<JsValue> {
    some(get(&get(&js_sys::global(), "CSS"), "highlights"))
}

/// Marks these, and the one that one is at more strongly; nothing else is marked any more.
pub fn mark(all: &[Match], current: Option<&Match>) {
    let Some(registry) = registry() else {
        return;
    };
    let ranges = |matches: &mut dyn Iterator<Item = &Match>| {
        matches.map(|found| found.0.clone()).collect::<Array>()
    };
    let sets = [ranges(&mut all.iter()), ranges(&mut current.into_iter())];
    for (priority, (name, ranges)) in NAMES.into_iter().zip(sets).enumerate() {
        let Some(highlight) = make("Highlight", &[]) else {
            return;
        };
        let _ = js_sys::Reflect::set(
            &highlight,
            &"priority".into(),
            &u32::try_from(priority).unwrap_or_default().into(),
        );
        for range in ranges.iter() {
            call(&highlight, "add", &[range]);
        }
        call(&registry, "set", &[name.into(), highlight]);
    }
}

/// Marks nothing any more.
pub fn clear() {
    if let Some(registry) = registry() {
        for name in NAMES {
            call(&registry, "delete", &[name.into()]);
        }
    }
}

/// Opens what is folded within an element; whether there was something.
pub fn unfold(within: &Element) -> bool {
    let folds = call(within, "querySelectorAll", &["details:not([open])".into()]);
    let folds: Array = Array::from(&folds);
    for fold in folds.iter() {
        let _ = js_sys::Reflect::set(&fold, &"open".into(), &true.into());
    }
    folds.length() > 0
}
