//! The past of a thread: its end first, the rest when there is time, and all of it told to the next run.

use enfilade::core::agui::run::UserContent;
use enfilade::core::composer::outgoing::{IMAGE_MARK, Image, Outgoing};
use enfilade::port::TransportError;
use enfilade::state::thread::{Older, ThreadState};
use reactive_graph::traits::GetUntracked;
use serde_json::{Value, json};

use crate::fake::{
    Act, Backend, MINUTE, SECOND, Tab, World, content, finished, reply, rows, started, text_end,
    text_start,
};

fn opened(tab: &Tab, backend: &Backend) -> ThreadState {
    let thread = tab.thread(backend, "t-1");
    thread.open();
    tab.settle();
    thread
}

fn talk(from: usize, to: usize) -> Vec<String> {
    (from..=to)
        .flat_map(|n| {
            [
                format!("user:done:question {n}"),
                format!("assistant:done:answer {n}"),
            ]
        })
        .collect()
}

fn send(tab: &Tab, thread: &ThreadState, text: &str) {
    thread.composer().typed(text.into());
    thread.composer().send();
    tab.settle();
}

/// What the newest run was told.
fn told(world: &World, backend: &Backend) -> Value {
    world
        .net
        .last(&format!("POST /{}", backend.last_run()))
        .json()
}

fn words(input: &Value) -> Vec<String> {
    let messages = input["messages"].as_array().unwrap().iter();
    messages
        .map(|message| {
            message["content"]
                .as_str()
                .map_or_else(|| message["content"].to_string(), str::to_owned)
        })
        .collect()
}

#[test]
fn the_last_screen_is_there_after_the_newest_runs() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 40);
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    assert_eq!(rows(&thread), talk(35, 40));
    assert_eq!(thread.older().get_untracked(), Older::More);
    assert_eq!(world.net.count("GET /run-34"), 0);
}

#[test]
fn earlier_runs_come_in_idle_time_above_what_is_read() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 40);
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    let before = thread.order().get_untracked();
    world.advance(SECOND / 4);
    let after = thread.order().get_untracked();
    assert_eq!(rows(&thread), talk(23, 40));
    assert!(after.ends_with(&before), "no row has another name now");
    world.advance(SECOND);
    assert_eq!(rows(&thread), talk(1, 40));
    assert_eq!(thread.older().get_untracked(), Older::None);
    let asked = world.net.log();
    let twice = asked.iter().filter(|sent| sent.url.ends_with("/run-23"));
    assert_eq!(twice.count(), 1);
}

#[test]
fn a_very_long_past_is_loaded_on_demand_only() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 260);
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    world.advance(MINUTE);
    assert_eq!(
        rows(&thread).len(),
        2 * 210,
        "no step begins above the limit"
    );
    assert_eq!(thread.older().get_untracked(), Older::More);
    thread.load_older();
    tab.settle();
    assert_eq!(rows(&thread).len(), 2 * 222);
    thread.load_all();
    tab.settle();
    assert_eq!(rows(&thread), talk(1, 260));
    assert_eq!(thread.older().get_untracked(), Older::None);
    thread.load_older();
    thread.load_all();
    tab.settle();
    assert_eq!(world.net.count("GET /run-1"), 1);
}

#[test]
fn the_idle_loading_waits_while_a_run_streams_and_goes_on_after_it() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 30);
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    send(&tab, &thread, "more");
    let run = harbor.last_run();
    world.advance(10 * SECOND);
    assert_eq!(world.net.count("GET /run-24"), 0);
    thread.load_older();
    tab.settle();
    assert_eq!(
        world.net.count("GET /run-24"),
        1,
        "who scrolls up does not wait"
    );
    assert_eq!(world.net.count("GET /run-12"), 0);
    harbor.emit(&run, &[started(&run), finished(&run)]);
    world.advance(SECOND);
    assert_eq!(thread.older().get_untracked(), Older::None);
    assert_eq!(rows(&thread)[..60], talk(1, 30));
}

#[test]
fn the_next_run_is_told_the_whole_conversation_though_only_its_end_is_loaded() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 20);
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    send(&tab, &thread, "and now?");
    let input = told(&world, &harbor);
    let mut expected: Vec<String> = (1..=20)
        .flat_map(|n| [format!("question {n}"), format!("answer {n}")])
        .collect();
    expected.push("and now?".to_owned());
    assert_eq!(words(&input), expected);
    assert_eq!(input["state"], json!({ "turn": 20 }));
    assert_eq!(
        world.net.count("GET /run-14"),
        0,
        "and nothing more was loaded for it"
    );
    let ids: std::collections::BTreeSet<_> = input["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 41, "every message has a name of its own");
    let run = harbor.last_run();
    harbor.emit(
        &run,
        &[
            started(&run),
            text_start("a-3"),
            content("a-3", "fine"),
            text_end("a-3"),
            finished(&run),
        ],
    );
    tab.settle();
    world.advance(MINUTE);
    send(&tab, &thread, "again");
    expected.extend(["fine".to_owned(), "again".to_owned()]);
    let input = told(&world, &harbor);
    assert_eq!(words(&input), expected, "also when it is all there");
    let ids: std::collections::BTreeSet<_> = input["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 43);
}

#[test]
fn images_and_calls_before_what_is_loaded_are_told_as_they_were() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 10);
    let early = json!([
        { "id": "p", "role": "user", "content": [{ "type": "text", "text": "Image 4:" },
            { "type": "image", "source": { "type": "data", "value": "AA", "mimeType": "image/png" }, "metadata": { "soliplex_image_number": 4 } }] },
        { "id": "c", "role": "assistant", "toolCalls": [{ "id": "x", "type": "function", "function": { "name": "clock", "arguments": "{}" } }] },
        { "id": "d", "role": "developer", "content": "be brief" },
        { "id": "tool_result_x", "role": "tool", "toolCallId": "x", "content": "noon" },
    ]);
    for number in 11..=18 {
        let run = format!("run-{number}");
        let mut messages = early.as_array().unwrap().clone();
        let later = (11..=number).map(
            |n| json!({ "id": format!("u-{n}"), "role": "user", "content": format!("question {n}") }),
        );
        messages.extend(later);
        harbor.add_run_with("t-1", &run, json!({ "messages": messages }));
        harbor.emit(&run, &[started(&run), finished(&run)]);
    }
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    let composer = thread.composer();
    composer.put(
        &Outgoing {
            text: format!("look {IMAGE_MARK}"),
            images: vec![Image {
                name: String::new(),
                mime: "image/png",
                size: 1,
                data: "BB".into(),
            }],
        },
        None,
    );
    composer.send();
    tab.settle();
    let messages = told(&world, &harbor)["messages"].clone();
    assert_eq!(
        messages.as_array().unwrap()[..4],
        early.as_array().unwrap()[..]
    );
    let last = messages.as_array().unwrap().last().unwrap()["content"].clone();
    assert_eq!(
        last.pointer("/2/metadata/soliplex_image_number"),
        Some(&json!(5)),
        "numbers of images are not given twice: {last}"
    );
    assert!(matches!(
        serde_json::from_value(last).unwrap(),
        UserContent::Parts(_)
    ));
}

#[test]
fn a_run_that_cannot_be_had_is_a_gap_that_can_be_filled() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 3);
    world.net.always("GET /run-2", reply(500, ""));
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    let mut expected = talk(1, 3);
    expected[3] = "notice:done:".to_owned();
    assert_eq!(rows(&thread), expected);
    thread.retry_gap("run-2");
    tab.settle();
    assert_eq!(rows(&thread), expected);
    assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
    world.net.heal();
    thread.retry_gap("run-2");
    tab.settle();
    assert_eq!(rows(&thread), talk(1, 3));
}

#[test]
fn what_a_gap_hides_is_told_all_the_same() {
    for gap in ["GET /run-2", "GET /run-3"] {
        let (world, harbor) = World::with_one();
        harbor.add_talk("t-1", 3);
        world.net.always(gap, reply(500, ""));
        let tab = world.open();
        let thread = opened(&tab, &harbor);
        send(&tab, &thread, "and?");
        let said = words(&told(&world, &harbor));
        assert_eq!(
            said[..5],
            [
                "question 1",
                "answer 1",
                "question 2",
                "answer 2",
                "question 3"
            ]
        );
        assert_eq!(said.last().unwrap(), "and?");
    }
}

#[test]
fn earlier_runs_that_cannot_be_had_are_asked_for_again_on_demand() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 10);
    let tab = world.open();
    for number in 1..=4 {
        world.net.always(
            &format!("GET /run-{number}"),
            Act::Fail(TransportError::Network),
        );
    }
    let thread = opened(&tab, &harbor);
    world.advance(SECOND);
    assert_eq!(thread.older().get_untracked(), Older::Failed);
    assert_eq!(rows(&thread), talk(5, 10), "what is there stays");
    world.advance(MINUTE);
    assert_eq!(world.net.count("GET /run-1"), 1, "not tried by itself");
    world.net.heal();
    thread.load_older();
    tab.settle();
    assert_eq!(rows(&thread), talk(1, 10));
}

#[test]
fn who_sends_while_the_past_is_on_its_way_keeps_both() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 2);
    let gate = world.net.hold("GET /agui/t-1");
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    send(&tab, &thread, "hello");
    assert_eq!(rows(&thread), ["user:sending:hello"]);
    assert_eq!(harbor.runs(), 2, "it waits for what came before");
    gate.release();
    tab.settle();
    let mut expected = talk(1, 2);
    expected.push("user:done:hello".to_owned());
    assert_eq!(rows(&thread), expected);
    assert_eq!(words(&told(&world, &harbor)).len(), 5);
}

#[test]
fn who_sends_where_the_past_cannot_be_had_gets_the_text_back() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 2);
    world.net.always("GET /agui/t-1", reply(404, "{}"));
    let tab = world.open();
    let thread = opened(&tab, &harbor);
    send(&tab, &thread, "hello");
    assert_eq!(thread.composer().text().get_untracked(), "hello");
    let why = thread.composer().error().get_untracked().unwrap();
    assert!(why.contains("not there any more"), "{why}");
    assert_eq!(harbor.runs(), 2);
}

#[test]
fn coming_back_to_a_thread_asks_for_nothing() {
    let (world, harbor) = World::with_one();
    harbor.add_talk("t-1", 3);
    let tab = world.open();
    opened(&tab, &harbor);
    world.net.forget_log();
    let thread = opened(&tab, &harbor);
    assert_eq!(rows(&thread), talk(1, 3));
    assert!(world.net.log().is_empty());
}
