//! The rows of a conversation: what unfolds, what can be pressed, and that what a server sends stays text.

use enfilade::core::route::Route;
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

use crate::fake::{content, finished, run_error, started, text_end, text_start};
use crate::page::{all, document, every, find, find_in, name, press, root, text, until};
use crate::pages::Opened;

const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// The newest row of this role, once there is one in this state.
async fn row(role: &str, state: &str) -> Element {
    let selector = format!("article[data-role={role}][data-state={state}]");
    until(&selector, || all(&root(), &selector).pop()).await
}

fn call(id: &str, tool: &str, args: &Value, result: &str) -> Vec<Value> {
    vec![
        json!({"type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": tool}),
        json!({"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": args.to_string()}),
        json!({"type": "TOOL_CALL_END", "toolCallId": id}),
        json!({"type": "TOOL_CALL_RESULT", "messageId": format!("{id}-r"), "toolCallId": id, "content": result}),
    ]
}

/// The one rule without which nothing is too long; taken away with what is returned.
fn short_pages() -> Element {
    let style = document().create_element("style").unwrap();
    let rule = ".clamp[data-open=false] > .clamp__content { max-height: 60px; overflow: clip }";
    style.set_text_content(Some(rule));
    root().append_child(&style).unwrap();
    style
}

async fn unfold(row: &Element) -> Element {
    press(&until("the line", || all(row, "summary").pop()).await);
    until("what is inside", || all(row, ".fold__body > *").pop()).await;
    row.clone()
}

async fn answered(opened: &Opened, events: &[Value]) {
    let run = opened.ask("hello").await;
    let mut all = vec![started(&run)];
    all.extend_from_slice(events);
    opened.meadow.emit(&run, &all);
    let done = [
        text_start("m-9"),
        content("m-9", "Done."),
        text_end("m-9"),
        finished(&run),
    ];
    opened.meadow.emit(&run, &done);
    row("assistant", "done").await;
    find("button", "Send").await;
}

#[wasm_bindgen_test]
async fn a_call_unfolds_to_what_it_was_made_with_and_stays_unfolded() {
    let style = short_pages();
    let opened = Opened::at(|opened| opened.thread("t-rows-call")).await;
    find("textbox", "Message").await;
    let script = (1..=30)
        .map(|line| format!("line {line}"))
        .collect::<Vec<_>>()
        .join("\n");
    let events = call(
        "c-1",
        "run_script",
        &json!({"script": script, "n": 1}),
        HOSTILE,
    );
    answered(&opened, &events).await;
    let tool = row("tool", "done").await;
    assert_eq!(name(&tool), "Tool call: run_script");
    assert!(
        all(&tool, "pre").is_empty(),
        "nothing is made before it is looked at"
    );
    unfold(&tool).await;
    let shown: Vec<String> = all(&tool, "pre").iter().map(text).collect();
    assert_eq!(
        shown[0],
        script.replace('\n', " "),
        "the argument that says it all"
    );
    assert_eq!(shown[1], HOSTILE);
    assert!(all(&tool, "img").is_empty());
    let more = until("the button for the rest", || {
        every(&tool, "button", "Show more").pop()
    })
    .await;
    assert_eq!(
        every(&tool, "button", "Show more").len(),
        1,
        "only where there is a rest"
    );
    press(&more);
    find_in(&tool, "button", "Show less").await;
    find_in(&tool, "button", "Copy arguments").await;

    opened.go(&Route::Lobby).await;
    find("region", "meadow").await;
    opened.go(&opened.thread("t-rows-call")).await;
    let again = row("tool", "done").await;
    until("the same as before", || all(&again, "pre").pop()).await;
    find_in(&again, "button", "Show less").await;
    press(&all(&again, "summary")[0]);
    until("nothing inside", || {
        all(&again, "pre").is_empty().then_some(())
    })
    .await;
    style.remove();
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_verdict_can_be_taken_back_and_given_a_reason() {
    let opened = Opened::at(|opened| opened.thread("t-rows-verdict")).await;
    find("textbox", "Message").await;
    answered(&opened, &[]).await;
    let answer = row("assistant", "done").await;
    let good = find_in(&answer, "button", "Good answer").await;
    let bad = find_in(&answer, "button", "Bad answer").await;
    let is_pressed = |thumb: &Element| thumb.get_attribute("aria-pressed").unwrap() == "true";
    press(&good);
    find_in(&answer, "button", "Tell us why").await;
    assert!(is_pressed(&good) && !is_pressed(&bad));
    press(&good);
    until("no verdict", || (!is_pressed(&good)).then_some(())).await;
    assert!(every(&answer, "button", "Tell us why").is_empty());
    press(&bad);
    press(&find_in(&answer, "button", "Tell us why").await);
    let asked = until("the question", || all(&answer, "dialog[open]").pop()).await;
    press(&find_in(&asked, "button", "Send").await);
    until("no question", || {
        all(&answer, "dialog[open]").is_empty().then_some(())
    })
    .await;
    assert!(is_pressed(&bad) && !is_pressed(&good));
    opened.close().await;
}

#[wasm_bindgen_test]
async fn what_could_not_be_processed_tells_why_and_stays_text() {
    let opened = Opened::at(|opened| opened.thread("t-rows-unknown")).await;
    find("textbox", "Message").await;
    answered(&opened, &[json!({"type": "FIREWORKS", "html": HOSTILE})]).await;
    let notice = row("notice", "done").await;
    assert_eq!(
        text(&all(&notice, "summary")[0]),
        "Could not process 1 event"
    );
    unfold(&notice).await;
    let said = text(&notice);
    assert!(
        said.contains("FIREWORKS") && said.contains(HOSTILE),
        "{said}"
    );
    assert!(all(&notice, "img").is_empty());
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_run_that_failed_can_be_asked_again_once_nothing_runs() {
    let opened = Opened::at(|opened| opened.thread("t-rows-failed")).await;
    find("textbox", "Message").await;
    let run = opened.ask("hello").await;
    let begun = [started(&run), text_start("m"), content("m", "Half an ans")];
    opened.meadow.emit(&run, &begun);
    row("assistant", "streaming").await;
    assert!(every(&root(), "button", "Try again").is_empty());
    opened.meadow.emit(&run, &[run_error("The model is gone.")]);
    let error = row("error", "done").await;
    assert!(
        text(&error).contains("The model is gone."),
        "{}",
        text(&error)
    );
    find_in(&error, "button", "Try again").await;
    let cut = row("assistant", "partial").await;
    assert!(text(&cut).contains("incomplete"), "{}", text(&cut));
    assert_eq!(
        every(&root(), "button", "Try again").len(),
        1,
        "offered once"
    );
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_row_says_when_it_came() {
    let opened = Opened::at(|opened| opened.thread("t-rows-time")).await;
    find("textbox", "Message").await;
    let run = opened.ask("hello").await;
    let long_ago = 951_825_600_000_i64;
    let text_content = json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "Hi", "timestamp": long_ago});
    opened.meadow.emit(
        &run,
        &[
            started(&run),
            text_start("m"),
            text_content,
            text_end("m"),
            finished(&run),
        ],
    );
    let answer = row("assistant", "done").await;
    let time = until("a time", || all(&answer, "time").pop()).await;
    assert_eq!(
        time.get_attribute("datetime").as_deref(),
        Some("2000-02-29T12:00:00.000Z")
    );
    assert!(text(&time).contains("2000"), "{}", text(&time));
    assert!(time.get_attribute("title").unwrap().len() > text(&time).len());
    opened.close().await;
}
