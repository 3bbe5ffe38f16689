//! The field as a person uses it: keys from anywhere, tokens of images, input methods, what was asked before.

use js_sys::{Array, Function};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlButtonElement, HtmlTextAreaElement};

use crate::fake::{content, finished, started, text_end, text_start};
use crate::page::{all, document, every, find, find_in, press, root, text, type_in, until, value};
use crate::pages::Opened;

/// A key press, as an event alone; whether it was left to the browser.
fn key(target: &Element, name: &str, more: &str) -> bool {
    let script = format!(
        "return target.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true, {more} }}))"
    );
    let made = Function::new_with_args("target, key", &script);
    let done = made.call2(&JsValue::NULL, target, &name.into()).unwrap();
    done.as_bool().unwrap()
}

fn area(field: &Element) -> HtmlTextAreaElement {
    field.clone().dyn_into().unwrap()
}

fn is_focused(field: &Element) -> bool {
    document().active_element().as_ref() == Some(field)
}

/// Puts files on the clipboard and pastes them: names, each with what is in it.
fn paste(field: &Element, files: &[(&str, &[u8])]) {
    let list = Array::new();
    for (name, bytes) in files {
        let bytes = js_sys::Uint8Array::from(*bytes);
        list.push(&Array::of2(&(*name).into(), &bytes));
    }
    let script = "const data = new DataTransfer();
        for (const [name, bytes] of files) data.items.add(new File([bytes], name, { type: 'image/png' }));
        field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))";
    let made = Function::new_with_args("field, files", script);
    made.call2(&JsValue::NULL, field, &list).unwrap();
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn chips() -> Vec<String> {
    let chips = all(&root(), "ul[aria-label=Images] li");
    chips.iter().map(text).collect()
}

async fn shows(wanted: &[&str]) {
    let what = format!("the images {wanted:?}");
    until(&what, || (chips() == wanted).then_some(())).await;
}

async fn settles(what: &str, field: &Element, wanted: &str) {
    until(what, || (value(field) == wanted).then_some(())).await;
}

async fn answered(opened: &Opened, run: &str, message: &str) {
    let whole = [
        started(run),
        text_start(message),
        content(message, "well"),
        text_end(message),
        finished(run),
    ];
    opened.meadow.emit(run, &whole);
    until("the end of the run", || {
        every(&root(), "button", "Stop").is_empty().then_some(())
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_key_that_writes_goes_into_the_field_from_anywhere_in_the_room() {
    let opened = Opened::at(|opened| opened.thread("t-keys")).await;
    let field = find("textbox", "Message").await;
    let body: Element = document().body().unwrap().into();
    for (name, more, goes) in [
        ("a", "", true),
        ("\u{e9}", "", true),
        (
            "@",
            "ctrlKey: true, altKey: true, modifierAltGraph: true",
            true,
        ),
        ("v", "ctrlKey: true", true),
        ("a", "ctrlKey: true", false),
        ("v", "ctrlKey: true, shiftKey: true", false),
        ("a", "metaKey: true", false),
        ("Escape", "", false),
        ("F1", "", false),
        ("Process", "keyCode: 229", false),
    ] {
        area(&field).blur().unwrap();
        assert!(key(&body, name, more), "{name} is left to the browser");
        assert_eq!(is_focused(&field), goes, "{name} {more}");
    }
    let add = find("button", "Add images").await;
    for (name, goes) in [(" ", false), ("Enter", false), ("x", true)] {
        add.dyn_ref::<HtmlButtonElement>().unwrap().focus().unwrap();
        key(&add, name, "");
        assert_eq!(is_focused(&field), goes, "{name:?} on a button");
    }
    let dialog = document().create_element("dialog").unwrap();
    root().append_child(&dialog).unwrap();
    dialog.set_attribute("open", "").unwrap();
    area(&field).blur().unwrap();
    key(&body, "a", "");
    assert!(!is_focused(&field), "nothing is typed behind a dialog");
    dialog.remove();
    opened.close().await;
}

#[wasm_bindgen_test]
async fn an_image_is_a_token_that_goes_as_one() {
    let opened = Opened::at(|opened| opened.thread("t-images")).await;
    let field = find("textbox", "Message").await;
    type_in(&field, "see");
    area(&field).focus().unwrap();
    paste(
        &field,
        &[("cat.png", PNG), ("line.svg", b"<svg/>"), ("dog.txt", PNG)],
    );
    settles("both tokens", &field, "see [Image 1] [Image 2] ").await;
    shows(&["Image 1cat.png", "Image 2dog.txt"]).await;
    let note = "Not added: line.svg. PNG, JPEG, WebP and GIF images can be sent.";
    until("the note", || {
        let told = all(&root(), "[role=status]");
        told.iter().any(|one| text(one) == note).then_some(())
    })
    .await;

    area(&field).set_selection_range(23, 23).unwrap();
    assert!(!key(&field, "Backspace", ""), "taken from the browser");
    settles("one token less", &field, "see [Image 1]  ").await;
    shows(&["Image 1cat.png"]).await;
    assert!(key(&field, "Backspace", ""), "a space is the browser's");
    area(&field).set_selection_range(4, 4).unwrap();
    assert!(!key(&field, "Delete", ""));
    settles("no token", &field, "see   ").await;
    shows(&[]).await;
    type_in(&field, "[Image 2] again");
    shows(&["Image 2dog.txt"]).await;
    press(&find("button", "Remove image 2").await);
    settles("its token gone", &field, " again").await;
    type_in(&field, "");
    opened.close().await;
}

#[wasm_bindgen_test]
async fn enter_that_ends_a_composition_sends_nothing() {
    let opened = Opened::at(|opened| opened.thread("t-ime")).await;
    let field = find("textbox", "Message").await;
    let before = opened.meadow.runs();
    type_in(&field, "\u{6f22}\u{5b57}");
    // Chromium and Firefox tell of the key before the end of the composition, Safari after it.
    key(&field, "Enter", "isComposing: true");
    key(&field, "Enter", "keyCode: 229");
    assert_eq!(value(&field), "\u{6f22}\u{5b57}");
    key(&field, "Enter", "shiftKey: true");
    assert_eq!(value(&field), "\u{6f22}\u{5b57}");
    assert_eq!(opened.meadow.runs(), before);
    key(&field, "Enter", "");
    settles("an empty field", &field, "").await;
    until("the run", || (opened.meadow.runs() > before).then_some(())).await;
    answered(&opened, &opened.meadow.last_run(), "m-ime").await;
    opened.close().await;
}

#[wasm_bindgen_test]
async fn the_arrows_bring_back_what_was_asked_and_lose_nothing() {
    let opened = Opened::at(|opened| opened.thread("t-recall")).await;
    for (words, message) in [("first", "m-r1"), ("second", "m-r2")] {
        let run = opened.ask(words).await;
        answered(&opened, &run, message).await;
    }
    let field = find("textbox", "Message").await;
    let presses = |names: &[&str]| {
        for name in names {
            key(&field, name, "");
        }
        value(&field)
    };
    assert_eq!(presses(&["ArrowUp"]), "second");
    assert_eq!(presses(&["ArrowUp"]), "first");
    assert_eq!(presses(&["ArrowUp"]), "first", "there is nothing before it");
    assert_eq!(presses(&["ArrowDown"]), "second");
    assert_eq!(presses(&["ArrowDown"]), "");
    assert_eq!(presses(&["ArrowUp", "ArrowUp", "Escape"]), "");
    type_in(&field, "my own");
    assert_eq!(presses(&["ArrowUp", "Escape", "ArrowDown"]), "my own");
    type_in(&field, "");
    assert_eq!(presses(&["ArrowUp"]), "second");
    type_in(&field, "second, edited");
    assert_eq!(
        presses(&["ArrowUp", "Escape", "ArrowDown"]),
        "second, edited"
    );
    type_in(&field, "");
    opened.close().await;
}

#[wasm_bindgen_test]
async fn what_is_sent_during_an_answer_waits_where_it_can_be_seen() {
    let opened = Opened::at(|opened| opened.thread("t-line")).await;
    let run = opened.ask("first").await;
    find("button", "Stop").await;
    assert!(every(&root(), "button", "Send").is_empty());
    let field = find("textbox", "Message").await;
    type_in(&field, "second");
    find("button", "Send").await;
    find("button", "Stop").await;
    key(&field, "Enter", "");
    settles("an empty field", &field, "").await;
    type_in(&field, "third");
    key(&field, "Enter", "");
    let list = find("list", "Waiting messages").await;
    let rows = until("two rows", || {
        Some(all(&list, "li")).filter(|rows| rows.len() == 2)
    })
    .await;
    assert!(text(&rows[0]).starts_with("second"));
    press(&find_in(&rows[0], "button", "Edit").await);
    settles("the text", &field, "second").await;
    until("one row", || (all(&list, "li").len() == 1).then_some(())).await;
    press(&find_in(&rows[1], "button", "Remove").await);
    until("no list", || {
        every(&root(), "list", "Waiting messages")
            .is_empty()
            .then_some(())
    })
    .await;
    type_in(&field, "");
    answered(&opened, &run, "m-line").await;
    assert_eq!(opened.meadow.last_run(), run, "nothing was sent");
    opened.close().await;
}

#[wasm_bindgen_test]
async fn what_comes_from_elsewhere_waits_for_the_end_of_a_composition() {
    let opened = Opened::at(|opened| opened.thread("t-compose")).await;
    let field = find("textbox", "Message").await;
    let tell = |name: &str| {
        let script = "field.dispatchEvent(new CompositionEvent(name, { bubbles: true }))";
        let made = Function::new_with_args("field, name", script);
        made.call2(&JsValue::NULL, &field, &name.into()).unwrap();
    };
    tell("compositionstart");
    type_in(&field, "ka");
    let server = opened.app.server_by_id(&opened.meadow.id()).unwrap();
    let thread = server.room(&"echo".into()).thread(&"t-compose".into());
    thread.composer().fill("from elsewhere ka".into());
    for _ in 0..3 {
        any_spawner::Executor::tick().await;
    }
    assert_eq!(value(&field), "ka", "nobody interrupts");
    tell("compositionend");
    settles("the other text", &field, "from elsewhere ka").await;
    type_in(&field, "");
    opened.close().await;
}
