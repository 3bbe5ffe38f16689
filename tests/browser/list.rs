//! A long conversation: what of it is on the page, and what stays where it is.

use enfilade::core::route::Route;
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, Event, HtmlElement};

use crate::fake::{content, finished, started, text_end, text_start};
use crate::page::{all, document, every, find, find_in, press, root, text, type_in, until, value};
use crate::pages::Opened;

const STYLE: &str = include_str!("../../style/transcript.css");

/// These pages come without a style sheet: the list has its own, and a height.
fn dress() {
    if document().get_element_by_id("list-style").is_some() {
        return;
    }
    let style = document().create_element("style").unwrap();
    style.set_id("list-style");
    let height = ".transcript { block-size: 400px; flex: none; inline-size: 600px; }";
    style.set_text_content(Some(&format!("{STYLE}\n{height}")));
    document().body().unwrap().append_child(&style).unwrap();
}

/// A thread whose one run has given so many answers, of different lengths.
async fn long_thread(name: &str, answers: usize) -> (Opened, Element) {
    dress();
    let opened = Opened::at(|_| Route::Lobby).await;
    let run = format!("{name}-run");
    opened.meadow.add_run(name, &run, "a long story");
    let mut events = vec![started(&run)];
    for answer in 1..=answers {
        let id = format!("{name}-{answer}");
        let words = format!(
            "Answer {answer}. {}",
            "Some more words. ".repeat(answer % 7 * 9)
        );
        events.extend([text_start(&id), content(&id, &words), text_end(&id)]);
    }
    events.push(finished(&run));
    opened.meadow.emit(&run, &events);
    opened.meadow.end(&run);
    opened.go(&opened.thread(name)).await;
    let log = find("log", "Conversation").await;
    let last = format!("Answer {answers}.");
    until(&last, || shows(&log, &last)).await;
    (opened, log)
}

fn shows(log: &Element, words: &str) -> Option<()> {
    let articles = all(log, "article");
    articles
        .iter()
        .any(|article| text(article).contains(words))
        .then_some(())
}

fn number(of: &Element, name: &str) -> f64 {
    Reflect::get(of, &name.into()).unwrap().as_f64().unwrap()
}

fn to_end(log: &Element) -> f64 {
    number(log, "scrollHeight") - number(log, "clientHeight") - number(log, "scrollTop")
}

/// Where an element begins, below the upper edge of the list.
fn below_edge(log: &Element, element: &Element) -> f64 {
    let top = |of: &Element| {
        let method = Reflect::get(of, &"getBoundingClientRect".into()).unwrap();
        let rect = method
            .unchecked_into::<js_sys::Function>()
            .call0(of)
            .unwrap();
        Reflect::get(&rect, &"top".into())
            .unwrap()
            .as_f64()
            .unwrap()
    };
    top(element) - top(log)
}

/// The first message of which all is in view, by its id, and where it stands.
fn read_now(log: &Element) -> (String, f64) {
    let articles = all(log, "article");
    let first = articles
        .iter()
        .find(|it| below_edge(log, it) >= 0.0)
        .unwrap();
    let id = first.get_attribute("data-message-id").unwrap();
    (id, below_edge(log, first))
}

fn place_of(log: &Element, id: &str) -> Option<f64> {
    let found = all(log, &format!("article[data-message-id='{id}']")).pop()?;
    Some(below_edge(log, &found))
}

async fn frames(count: usize) {
    use enfilade::port::Clock;
    for _ in 0..count {
        enfilade::web::clock::BrowserClock.frame().await;
    }
}

/// Scrolls as a person does: the list hears of it with the next frame.
async fn scroll_to(log: &Element, top: f64) {
    Reflect::set(log, &"scrollTop".into(), &top.into()).unwrap();
    frames(4).await;
}

fn stands(log: &Element, (id, place): &(String, f64)) -> bool {
    place_of(log, id).is_some_and(|now| (now - place).abs() <= 1.0)
}

fn jump() -> Element {
    all(&root(), ".jump").pop().unwrap()
}

#[wasm_bindgen_test]
async fn a_long_conversation_begins_at_its_end_and_only_what_is_near_is_on_the_page() {
    let (opened, log) = long_thread("t-long", 300).await;
    until("the end", || (to_end(&log) <= 1.0).then_some(())).await;
    let articles = all(&log, "article");
    assert!(
        articles.len() < 80,
        "{} of 301 are on the page",
        articles.len()
    );
    let last = articles.last().unwrap();
    assert_eq!(last.get_attribute("aria-posinset").as_deref(), Some("301"));
    assert_eq!(last.get_attribute("aria-setsize").as_deref(), Some("301"));
    scroll_to(&log, 0.0).await;
    until("the beginning", || shows(&log, "a long story")).await;
    assert!(all(&log, "article").len() < 80);
    assert!(
        shows(&log, "Answer 300.").is_none(),
        "the end is not on the page now"
    );
    opened.close().await;
}

#[wasm_bindgen_test]
async fn what_is_read_stays_while_rows_are_drawn_and_measured_above() {
    let (opened, log) = long_thread("t-stay", 300).await;
    until("the end", || (to_end(&log) <= 1.0).then_some(())).await;
    for _ in 0..25 {
        let before = read_now(&log);
        let top = number(&log, "scrollTop");
        scroll_to(&log, top - 90.0).await;
        let now = place_of(&log, &before.0).unwrap();
        assert!(
            (now - before.1 - 90.0).abs() <= 1.5,
            "{before:?} stands at {now}"
        );
    }
    opened.close().await;
}

#[wasm_bindgen_test]
async fn an_answer_is_followed_until_somebody_looks_up_and_again_after_the_jump() {
    let (opened, log) = long_thread("t-follow", 100).await;
    let run = opened.ask("go on").await;
    until("the end", || (to_end(&log) <= 1.0).then_some(())).await;
    let say = |words: &str| opened.meadow.emit(&run, &[content("more", words)]);
    opened
        .meadow
        .emit(&run, &[started(&run), text_start("more")]);
    say("It begins. ");
    until("the beginning", || shows(&log, "It begins.")).await;
    say(&"And it goes on. ".repeat(60));
    until("more", || shows(&log, "And it goes on.")).await;
    frames(3).await;
    assert!(to_end(&log) <= 1.0, "{} are left below", to_end(&log));

    let top = number(&log, "scrollTop");
    scroll_to(&log, top - 200.0).await;
    let read = read_now(&log);
    say(&"It grows below. ".repeat(90));
    until("still more", || shows(&log, "It grows below.")).await;
    frames(3).await;
    assert!(
        stands(&log, &read),
        "{read:?} is at {:?}",
        place_of(&log, &read.0)
    );
    assert_eq!(jump().get_attribute("data-shown").as_deref(), Some("true"));
    opened.meadow.emit(
        &run,
        &[
            text_end("more"),
            text_start("new"),
            content("new", "One more."),
            text_end("new"),
            finished(&run),
        ],
    );
    until("the count", || {
        (text(&jump()) == "1 new message").then_some(())
    })
    .await;

    press(&jump());
    until("the end", || (to_end(&log) <= 1.0).then_some(())).await;
    until("no button", || {
        (jump().get_attribute("data-shown")? == "false").then_some(())
    })
    .await;
    opened.close().await;
}

#[wasm_bindgen_test]
async fn an_own_message_brings_the_end_into_view() {
    let (opened, log) = long_thread("t-own", 100).await;
    scroll_to(&log, 300.0).await;
    assert!(to_end(&log) > 100.0);
    let run = opened.ask("my question").await;
    until("the question", || shows(&log, "my question")).await;
    until("the end", || (to_end(&log) <= 1.0).then_some(())).await;
    opened.meadow.emit(&run, &[started(&run), finished(&run)]);
    opened.meadow.end(&run);
    // An end that nobody sees would be news to the tests that follow.
    until("the end of the answer", || {
        every(&root(), "button", "Stop").is_empty().then_some(())
    })
    .await;
    opened.close().await;
}

#[wasm_bindgen_test]
async fn the_place_of_reading_is_found_again_after_a_walk_through_the_app() {
    let (opened, log) = long_thread("t-place", 200).await;
    until("the end", || (to_end(&log) <= 1.0).then_some(())).await;
    let middle = number(&log, "scrollHeight") / 2.0;
    scroll_to(&log, middle).await;
    let read = read_now(&log);
    opened.go(&Route::Lobby).await;
    find("region", "meadow").await;
    opened.go(&opened.thread("t-place")).await;
    let log = find("log", "Conversation").await;
    until("the same place", || stands(&log, &read).then_some(())).await;
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_message_with_the_focus_stays_on_the_page_and_keeps_it() {
    let (opened, log) = long_thread("t-focus", 300).await;
    until("the end", || (to_end(&log) <= 1.0).then_some(())).await;
    let button = all(&log, "article button").pop().unwrap();
    button.dyn_ref::<HtmlElement>().unwrap().focus().unwrap();
    scroll_to(&log, 2000.0).await;
    scroll_to(&log, 500.0).await;
    assert!(button.is_connected());
    assert!(button.is_same_node(document().active_element().map(Into::into).as_ref()));
    button.dyn_ref::<HtmlElement>().unwrap().blur().unwrap();
    scroll_to(&log, 2500.0).await;
    scroll_to(&log, 4500.0).await;
    until("no more of it", || (!button.is_connected()).then_some(())).await;
    opened.close().await;
}

fn press_keys(target: &Element, key: &str, has_control: bool) -> bool {
    let init = Object::new();
    for (name, value) in [
        ("bubbles", true),
        ("cancelable", true),
        ("ctrlKey", has_control),
    ] {
        Reflect::set(&init, &name.into(), &value.into()).unwrap();
    }
    Reflect::set(&init, &"key".into(), &key.into()).unwrap();
    let class = Reflect::get(&js_sys::global(), &"KeyboardEvent".into()).unwrap();
    let class: js_sys::Function = class.unchecked_into();
    let event = Reflect::construct(&class, &Array::of2(&"keydown".into(), &init));
    target
        .dispatch_event(&event.unwrap().unchecked_into::<Event>())
        .unwrap()
}

#[wasm_bindgen_test]
async fn a_search_finds_what_is_not_on_the_page_and_leaves_as_it_came() {
    let (opened, log) = long_thread("t-find", 300).await;
    let field = find("textbox", "Message").await;
    field.dyn_ref::<HtmlElement>().unwrap().focus().unwrap();
    assert!(
        !press_keys(&field, "f", true),
        "the browser's search is held back"
    );
    let asked = until("the field", || all(&root(), "input[type=search]").pop()).await;
    until("the focus", || {
        asked
            .is_same_node(document().active_element().map(Into::into).as_ref())
            .then_some(())
    })
    .await;
    assert!(
        press_keys(&asked, "f", true),
        "a second time it is the browser's"
    );

    let search = all(&root(), "[role=search]").pop().unwrap();
    let said = || text(&all(&search, "[role=status]").pop().unwrap());
    type_in(&asked, "ANSWER 7.");
    until("one match", || (said() == "1 of 1").then_some(())).await;
    until("its row", || shows(&log, "Answer 7.")).await;
    type_in(&asked, "answer 12");
    until("all matches", || (said() == "1 of 11").then_some(())).await;
    press_keys(&asked, "Enter", false);
    until("the next", || (said() == "2 of 11").then_some(())).await;
    press(&find_in(&search, "button", "Previous match").await);
    press(&find_in(&search, "button", "Previous match").await);
    until("round to the last", || (said() == "11 of 11").then_some(())).await;
    type_in(&asked, "nothing like it");
    until("word of it", || (said() == "No matches").then_some(())).await;
    assert_eq!(value(&asked), "nothing like it");

    press_keys(&asked, "Escape", false);
    until("no bar", || {
        all(&root(), "[role=search]").is_empty().then_some(())
    })
    .await;
    assert!(field.is_same_node(document().active_element().map(Into::into).as_ref()));
    opened.close().await;
}
