//! A markdown text in the page while it grows.

use enfilade::ui::markdown::markdown_text;
use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement, Node};

use crate::page::{all, document, press, until};

/// A text in a place of its own, which goes with it.
struct Shown {
    text: RwSignal<String>,
    is_growing: RwSignal<bool>,
    place: HtmlElement,
    mounted: Option<Box<dyn std::any::Any>>,
    _owner: Owner,
}

impl Shown {
    fn new(text: &str, is_growing: bool) -> Self {
        let owner = Owner::new();
        owner.set();
        let (text, is_growing) = (RwSignal::new(text.to_owned()), RwSignal::new(is_growing));
        let place = document().create_element("div").unwrap();
        document().body().unwrap().append_child(&place).unwrap();
        let place: HtmlElement = place.unchecked_into();
        let mounted = mount_to(place.clone(), move || {
            markdown_text(text.into(), is_growing.into())
        });
        Self {
            text,
            is_growing,
            place,
            mounted: Some(Box::new(mounted)),
            _owner: owner,
        }
    }

    fn root(&self) -> Element {
        self.place.first_element_child().unwrap()
    }

    /// What is in the page, as elements and texts.
    fn shape(&self) -> String {
        shape(&self.root())
    }

    /// Adds to the text and waits until that is shown.
    async fn add(&self, more: &str) {
        self.text.update(|text| text.push_str(more));
        let want = whole(&self.text.get_untracked());
        until("the text as it is now", || {
            (self.shape() == want).then_some(())
        })
        .await;
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.mounted.take();
        self.place.remove();
    }
}

fn shape(node: &Node) -> String {
    let Some(element) = node.dyn_ref::<Element>() else {
        return node.text_content().unwrap();
    };
    let children = element.child_nodes();
    let inner: String = (0..children.length())
        .map(|at| shape(&children.item(at).unwrap()))
        .collect();
    format!("<{}>{inner}</>", element.local_name())
}

/// The shape of a text that is drawn at once.
fn whole(text: &str) -> String {
    let text = text.to_owned();
    Shown::new(&text, false).shape()
}

const ANSWER: &str = "# Title\n\nSome *words* and `code`, ![a](https://example.org/a.png).\n\n- a\n- b\n\n  loose\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n1. [x] one\n2. two\n   - three\n\n```rs\nlet a = 1;\n\nlet b;\n```\n\n> quote[^1] [r]\n\n#### Deep\n\n> ## in it\n\n- # in an item\n- more\n\n## Second\n\n[^1]: note\n\n[r]: https://example.org\n\nend";

#[wasm_bindgen_test]
async fn a_text_that_grows_ends_as_one_that_was_there_at_once() {
    let shown = Shown::new("", true);
    for piece in ANSWER.as_bytes().chunks(3) {
        shown.add(std::str::from_utf8(piece).unwrap()).await;
    }
    shown.is_growing.set(false);
    shown.add("").await;
    shown.is_growing.set(true);
    shown.add("\n\nand it goes on").await;
}

#[wasm_bindgen_test]
async fn headings_leave_no_level_of_the_page_out_and_look_as_the_text_has_them() {
    let shown = Shown::new("", true);
    let text = "### a\n\n# b\n\n> ##### c\n\n###### d\n\n## e\n\n### f\n\nend";
    for piece in text.split_inclusive("\n\n") {
        shown.add(piece).await;
    }
    let headings = all(&shown.root(), "[data-level]");
    let told: Vec<_> = headings
        .iter()
        .map(|heading| {
            (
                heading.local_name(),
                heading.get_attribute("data-level").unwrap(),
            )
        })
        .collect();
    let told: Vec<_> = told
        .iter()
        .map(|(tag, level)| (tag.as_str(), level.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("h3", "3"),
            ("h3", "1"),
            ("h4", "5"),
            ("h4", "6"),
            ("h4", "2"),
            ("h5", "3")
        ]
    );
}

#[wasm_bindgen_test]
async fn a_long_text_grows_in_parts_and_those_that_are_done_may_be_passed_over() {
    let shown = Shown::new("", true);
    for number in 0..80 {
        shown.add(&format!("block {number}\n\n")).await;
    }
    let first = all(&shown.root(), "p").remove(0);
    let still = all(&shown.root(), "[data-still]");
    assert_eq!(still.len(), 3);
    assert_eq!(all(&shown.root(), ".md > * > p").len(), 80);
    // It is written anew, shorter, and grows again.
    shown.text.set("other\n\n".to_owned());
    shown.add("words").await;
    assert_eq!(all(&shown.root(), ".md > *").len(), 1);
    shown.add(&"\n\nword".repeat(90)).await;
    assert!(!first.is_connected());
    shown.is_growing.set(false);
    shown.add("").await;
}

#[wasm_bindgen_test]
async fn what_is_there_stays_the_same_element_while_more_comes() {
    let shown = Shown::new("first *part*\n\nlast", true);
    let part = shown.root().first_element_child().unwrap();
    let first = part.first_element_child().unwrap();
    let last = part.last_element_child().unwrap();
    let text = last.first_child().unwrap();
    shown.add(" words").await;
    assert!(text.is_connected() && text.text_content().unwrap() == "last words");
    shown.add("\n\n```\ncode\n").await;
    let code = all(&shown.root(), "pre code").pop().unwrap();
    let code = code.first_child().unwrap();
    shown.add("more\nand more").await;
    assert_eq!(code.text_content().unwrap(), "code\nmore\nand more");
    assert!(first.is_connected() && text.is_connected() && code.is_connected());
}

#[wasm_bindgen_test]
fn nothing_of_a_text_becomes_markup_or_is_fetched() {
    let shown = Shown::new(
        "a <script>x</script> <b>b</b> [l](javascript:x) ![p](https://example.org/p.png) https://example.org/a\n\n<iframe src=x></iframe>",
        false,
    );
    let root = shown.root();
    assert_eq!(all(&root, "script, b, iframe, img").len(), 0);
    let links = all(&root, "a");
    assert_eq!(links.len(), 1);
    assert_eq!(
        links[0].get_attribute("rel").unwrap(),
        "external noopener noreferrer"
    );
    assert_eq!(links[0].get_attribute("target").unwrap(), "_blank");
    let button = all(&root, "button").pop().unwrap();
    assert_eq!(
        button.text_content().unwrap(),
        "Show image from example.org"
    );
}

#[wasm_bindgen_test]
async fn an_image_that_does_not_come_says_so() {
    let shown = Shown::new("![harbour](data:image/png;base64,AAAA)", false);
    let root = shown.root();
    let said = until("the reason", || {
        let text = root.text_content().unwrap();
        (!text.is_empty()).then_some(text)
    })
    .await;
    assert_eq!(said, "Image: harbour. It could not be loaded.");
}

#[wasm_bindgen_test]
async fn a_formula_is_drawn_and_one_that_is_none_keeps_its_source() {
    let shown = Shown::new("\\(x^2\\) and \\(\\frac{1}\\) and $5", false);
    let root = shown.root();
    let drawn = until("the formula", || all(&root, "math").pop()).await;
    assert_eq!(drawn.get_attribute("alttext").unwrap(), "x^2");
    assert_eq!(
        drawn.namespace_uri().unwrap(),
        "http://www.w3.org/1998/Math/MathML"
    );
    let failed = until("the other", || all(&root, "[data-state=failed]").pop()).await;
    assert_eq!(failed.text_content().unwrap(), "\\frac{1}");
    assert!(
        failed
            .get_attribute("title")
            .unwrap()
            .contains("shown as its source")
    );
}

#[wasm_bindgen_test]
fn a_note_is_gone_to_and_back() {
    let shown = Shown::new("text[^a]\n\n[^a]: what it says", false);
    let root = shown.root();
    let (there, back) = (
        all(&root, "[data-act=note]").pop().unwrap(),
        all(&root, "[data-act=back]").pop().unwrap(),
    );
    press(&there);
    let active = document().active_element().unwrap();
    assert!(active.text_content().unwrap().contains("what it says"));
    press(&back);
    assert_eq!(document().active_element().unwrap(), there);
}

#[wasm_bindgen_test]
async fn what_comes_all_at_once_is_drawn_over_some_frames() {
    let shown = Shown::new("first", true);
    let more = "\n\nSome more words.".repeat(4_000);
    shown.text.update(|text| text.push_str(&more));
    shown.is_growing.set(false);
    let drawn = until("some of it", || {
        let drawn = all(&shown.root(), "p").len();
        (drawn > 1).then_some(drawn)
    })
    .await;
    assert!(drawn < 4_001, "{drawn}");
    shown.add("").await;
    assert_eq!(all(&shown.root(), "p").len(), 4_001);
}

#[wasm_bindgen_test]
async fn of_a_long_list_or_table_only_what_is_new_is_drawn_and_the_rest_stays() {
    for (begin, part, parts) in [
        ("", "- an *item*\n", "li"),
        ("1. one\n\n", "1. an item\n\n   more\n\n", "li"),
        ("| a | b |\n|---|---|\n", "| 1 | `2` |\n", "tbody tr"),
    ] {
        let shown = Shown::new("", true);
        shown.add(&(begin.to_owned() + &part.repeat(60))).await;
        let drawn = all(&shown.root(), parts);
        for place in &drawn {
            place.set_attribute("data-seen", "").unwrap();
        }
        for more in [part, part, "\n\nThe line", " after it", "\n\nend"] {
            shown.add(more).await;
        }
        let now = all(&shown.root(), parts);
        assert_eq!(now.len(), drawn.len() + 2, "{part}");
        assert_eq!(now.get(..drawn.len()), Some(&drawn[..]), "{part}");
        assert_eq!(all(&shown.root(), "[data-seen]"), drawn, "{part}");
    }
}
