//! The tools of this app: what agents may call, and what a person is asked before.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use enfilade::core::room::{RoomId, ThreadId};
use enfilade::core::tool::Definition;
use enfilade::state::task::spawn;
use enfilade::state::thread::ThreadKey;
use enfilade::state::tools::{Answer, Approval, Tool, ToolCall, ToolOutcome, Tools};
use futures_util::FutureExt;
use reactive_graph::graph::untrack;
use reactive_graph::traits::GetUntracked;
use serde_json::{Value, json};

use crate::fake::{Backend, SECOND, Tab, World};

/// The tools of a room in which somebody looks at the thread `t-1`.
struct Room {
    world: World,
    harbor: Backend,
    tab: Tab,
    tools: Tools,
    outcomes: Arc<Mutex<Vec<(String, ToolOutcome)>>>,
}

impl Room {
    fn new() -> Self {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let tools = tab.room(&harbor).tools();
        let room = Self {
            world,
            harbor,
            tab,
            tools,
            outcomes: Arc::default(),
        };
        room.look_at("t-1");
        room
    }

    fn look_at(&self, thread: &str) {
        self.tab.visit(&self.harbor.path(Some(thread)));
        self.tools.look(&self.key(thread));
        self.tab.settle();
    }

    fn key(&self, thread: &str) -> ThreadKey {
        ThreadKey {
            server: self.harbor.id(),
            room: RoomId::from("echo"),
            thread: ThreadId::from(thread),
        }
    }

    /// Calls a tool and lets things go their way.
    fn call_in(&self, thread: &str, id: &str, name: &str, args: &str) {
        let (tools, key, outcomes) = (self.tools.clone(), self.key(thread), self.outcomes.clone());
        let call = ToolCall {
            id: id.into(),
            name: name.into(),
            args: args.into(),
        };
        spawn(async move {
            let outcome = tools.call(&key, &call).await;
            outcomes.lock().unwrap().push((call.id, outcome));
        });
        self.tab.settle();
    }

    fn call(&self, name: &str, args: &str) -> ToolOutcome {
        self.call_in("t-1", "call", name, args);
        self.outcome("call").expect("an outcome")
    }

    fn outcome(&self, id: &str) -> Option<ToolOutcome> {
        let mut outcomes = self.outcomes.lock().unwrap();
        let at = outcomes.iter().position(|(of, _)| of == id)?;
        Some(outcomes.remove(at).1)
    }

    fn waiting(&self) -> Vec<Approval> {
        self.tools.waiting().get_untracked()
    }

    fn answer(&self, answer: Answer) {
        let first = self.waiting().first().expect("a question").id;
        self.tools.answer(first, answer);
        self.tab.settle();
    }

    fn select(&self, text: &str) {
        *self.tab.desk.selection.lock().unwrap() = Some(text.into());
    }

    fn copy(&self, text: &str) {
        *self.tab.desk.clipboard.lock().unwrap() = Some(text.into());
    }
}

fn good(text: &str) -> ToolOutcome {
    ToolOutcome {
        content: text.into(),
        is_error: false,
    }
}

/// A tool that asks, and counts how often it was used.
fn counting(name: &'static str, used: &Arc<AtomicUsize>) -> Tool {
    let used = used.clone();
    Tool {
        definition: Definition {
            name,
            description: "Counts.",
            parameters: json!({ "type": "object", "properties": {} }),
        },
        needs_approval: true,
        glance: None,
        timeout: 5_000,
        run: Arc::new(move |_| {
            let count = used.fetch_add(1, Ordering::Relaxed) + 1;
            async move { Ok(count.to_string()) }.boxed_local()
        }),
    }
}

#[test]
fn the_tools_are_declared_with_a_schema_that_servers_take() {
    let room = Room::new();
    let definitions = room.tools.definitions();
    let names: Vec<&str> = definitions
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(
        names,
        ["get_current_time", "get_page_selection", "read_clipboard"]
    );
    for tool in &definitions {
        assert_eq!(tool["parameters"]["type"], "object");
        assert!(tool["parameters"]["properties"].is_object());
        assert!(tool["description"].as_str().unwrap().len() > 20);
        assert_eq!(
            tool.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["description", "name", "parameters"],
            "servers refuse what they do not know"
        );
        assert!(room.tools.knows(tool["name"].as_str().unwrap()));
    }
    assert!(!room.tools.knows("search"));
}

#[test]
fn the_time_is_told_without_a_question() {
    let room = Room::new();
    let outcome = room.call("get_current_time", "");
    assert!(!outcome.is_error);
    let told: Value = serde_json::from_str(&outcome.content).unwrap();
    assert_eq!(
        told,
        json!({
            "local": "2027-01-15T09:00:00+01:00",
            "utc": "2027-01-15T08:00:00Z",
            "timezone": "Europe/Vienna",
            "weekday": "Friday",
        })
    );
    assert!(room.waiting().is_empty());
}

#[test]
fn a_wrong_call_is_an_error_that_the_agent_can_read() {
    let room = Room::new();
    room.select("text");
    for (name, args, want) in [
        ("get_current_time", "{", "not valid JSON"),
        ("get_current_time", "[1]", "must be a JSON object"),
        (
            "get_page_selection",
            r#"{"max_characters":"all"}"#,
            "\"max_characters\" must be an integer",
        ),
        (
            "get_page_selection",
            r#"{"max_characters":0}"#,
            "at least 1",
        ),
        ("fly", "{}", "no tool \"fly\""),
    ] {
        let outcome = room.call(name, args);
        assert!(outcome.is_error, "{name} {args}");
        assert!(outcome.content.contains(want), "{outcome:?}");
    }
    assert!(
        room.waiting().is_empty(),
        "nobody is asked about a call that cannot be carried out"
    );
    assert!(
        !room
            .call("get_current_time", r#"{"style":"short"}"#)
            .is_error,
        "what nobody asked for does no harm"
    );
}

#[test]
fn what_is_shown_in_the_question_is_what_is_shared() {
    let room = Room::new();
    room.select("a line of the answer");
    room.call_in("t-1", "call", "get_page_selection", "{}");
    assert_eq!(room.outcome("call"), None, "the person is asked first");
    let asked = room.waiting();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].tool, "get_page_selection");
    assert_eq!(asked[0].shares.as_deref(), Some("a line of the answer"));
    room.select("something else, while the question was open");
    room.answer(Answer::Once);
    assert_eq!(room.outcome("call"), Some(good("a line of the answer")));
    assert!(room.waiting().is_empty());
    room.call_in("t-1", "again", "get_page_selection", "{}");
    assert_eq!(room.waiting().len(), 1, "once is once");
}

#[test]
fn only_as_much_is_shown_and_shared_as_was_asked_for() {
    let room = Room::new();
    room.select("abcdef");
    room.call_in(
        "t-1",
        "call",
        "get_page_selection",
        r#"{"max_characters":2}"#,
    );
    let shown = room.waiting()[0].shares.clone().unwrap();
    assert!(shown.starts_with("ab\n\n[Cut here: 4 of 6"), "{shown}");
    room.answer(Answer::Once);
    assert_eq!(room.outcome("call"), Some(good(&shown)));
}

#[test]
fn nobody_is_asked_where_there_is_nothing_to_share() {
    let room = Room::new();
    for text in [None, Some("  \n")] {
        *room.tab.desk.selection.lock().unwrap() = text.map(str::to_owned);
        let outcome = room.call("get_page_selection", "{}");
        assert!(outcome.is_error && outcome.content.contains("not selected"));
    }
}

#[test]
fn a_no_is_a_result_that_the_agent_can_read() {
    let room = Room::new();
    room.copy("secret");
    room.call_in("t-1", "call", "read_clipboard", "{}");
    room.answer(Answer::Deny);
    let outcome = room.outcome("call").unwrap();
    assert!(outcome.is_error);
    assert!(outcome.content.contains("did not allow"), "{outcome:?}");
    assert!(!outcome.content.contains("secret"));
}

#[test]
fn a_yes_for_the_thread_counts_for_that_tool_and_that_thread_alone() {
    let room = Room::new();
    room.copy("copied");
    room.select("selected");
    room.call_in("t-1", "one", "read_clipboard", "{}");
    room.answer(Answer::ForThread);
    assert_eq!(room.outcome("one"), Some(good("copied")));
    room.call_in("t-1", "two", "read_clipboard", "{}");
    assert_eq!(room.outcome("two"), Some(good("copied")), "not asked again");
    room.call_in("t-1", "three", "get_page_selection", "{}");
    assert_eq!(room.waiting().len(), 1, "another tool asks");
    room.answer(Answer::Deny);
    room.look_at("t-2");
    room.call_in("t-2", "four", "read_clipboard", "{}");
    assert_eq!(room.waiting().len(), 1, "another thread asks");
}

#[test]
fn a_yes_for_the_thread_also_answers_what_the_same_tool_asks_beside_it() {
    let room = Room::new();
    room.copy("copied");
    for id in ["one", "two"] {
        room.call_in("t-1", id, "read_clipboard", "{}");
    }
    assert_eq!(room.waiting().len(), 2);
    room.answer(Answer::ForThread);
    assert!(room.waiting().is_empty());
    for id in ["one", "two"] {
        assert_eq!(room.outcome(id), Some(good("copied")));
    }
}

#[test]
fn nothing_is_read_for_a_thread_that_is_not_on_show() {
    let room = Room::new();
    room.select("of the first thread");
    room.call_in("t-1", "one", "get_page_selection", "{}");
    room.answer(Answer::ForThread);
    assert_eq!(room.outcome("one"), Some(good("of the first thread")));
    room.look_at("t-2");
    room.select("of the second thread");
    room.call_in("t-1", "two", "get_page_selection", "{}");
    assert_eq!(
        room.outcome("two"),
        None,
        "the yes was not for another page's text"
    );
    assert_eq!(room.waiting()[0].shares, None);
    room.select("of the first thread, later");
    room.look_at("t-1");
    assert_eq!(
        room.outcome("two"),
        Some(good("of the first thread, later"))
    );
}

#[test]
fn a_question_waits_until_somebody_is_there_to_answer_it() {
    let room = Room::new();
    room.look_at("t-2");
    room.select("elsewhere");
    room.call_in("t-1", "call", "get_page_selection", "{}");
    room.world.advance(3_600 * SECOND);
    assert_eq!(room.outcome("call"), None, "the time to answer is theirs");
    assert!(room.tools.is_waiting(&room.key("t-1")));
    assert!(!room.tools.is_waiting(&room.key("t-2")));
    room.select("here");
    room.look_at("t-1");
    assert_eq!(room.waiting()[0].shares.as_deref(), Some("here"));
    room.answer(Answer::Once);
    assert_eq!(room.outcome("call"), Some(good("here")));
}

#[test]
fn coming_back_to_nothing_selected_answers_the_question() {
    let room = Room::new();
    room.look_at("t-2");
    room.call_in("t-1", "call", "get_page_selection", "{}");
    assert_eq!(room.waiting().len(), 1);
    room.look_at("t-1");
    assert!(room.outcome("call").unwrap().is_error);
    assert!(room.waiting().is_empty());
}

#[test]
fn stop_denies_what_waits_in_its_thread_and_nothing_else() {
    let room = Room::new();
    let used = Arc::default();
    room.tools.register(counting("count", &used));
    room.call_in("t-1", "one", "count", "{}");
    room.call_in("t-2", "two", "count", "{}");
    room.tools.cancel(&room.key("t-1"));
    room.tab.settle();
    assert!(room.outcome("one").unwrap().is_error);
    assert_eq!(room.outcome("two"), None);
    assert_eq!(room.waiting().len(), 1);
    assert_eq!(used.load(Ordering::Relaxed), 0);
}

#[test]
fn a_call_that_is_dropped_takes_its_question_back() {
    let room = Room::new();
    let (tools, key) = (room.tools.clone(), room.key("t-1"));
    let call = ToolCall {
        id: "call".into(),
        name: "read_clipboard".into(),
        args: "{}".into(),
    };
    let task = enfilade::state::task::spawn_abortable(async move {
        tools.call(&key, &call).await;
    });
    room.tab.settle();
    let id = room.waiting()[0].id;
    task.abort();
    room.tab.settle();
    assert!(room.waiting().is_empty());
    room.tools.answer(id, Answer::Once);
}

#[test]
fn questions_are_asked_in_order_and_a_tool_that_asks_nothing_does_not_wait() {
    let room = Room::new();
    room.copy("copied");
    room.select("selected");
    room.call_in("t-1", "one", "read_clipboard", "{}");
    room.call_in("t-1", "two", "get_page_selection", "{}");
    room.call_in("t-1", "three", "get_current_time", "{}");
    assert!(!room.outcome("three").unwrap().is_error);
    let order: Vec<String> = room.waiting().into_iter().map(|asked| asked.tool).collect();
    assert_eq!(order, ["read_clipboard", "get_page_selection"]);
    room.answer(Answer::Deny);
    assert!(room.outcome("one").unwrap().is_error);
    assert_eq!(
        room.outcome("two"),
        None,
        "the second waits for its own answer"
    );
    room.answer(Answer::Once);
    assert_eq!(room.outcome("two"), Some(good("selected")));
}

#[test]
fn a_question_can_be_put_aside_and_brought_back() {
    let room = Room::new();
    let (used, key) = (Arc::default(), room.key("t-1"));
    room.tools.register(counting("count", &used));
    let in_front = |room: &Room| untrack(|| room.tools.in_front(&key)).map(|asked| asked.call);
    room.call_in("t-1", "one", "count", "{}");
    room.call_in("t-1", "two", "count", "{}");
    assert_eq!(in_front(&room).as_deref(), Some("one"));
    let (first, second) = (room.waiting()[0].id, room.waiting()[1].id);
    room.tools.put_aside(first);
    assert_eq!(in_front(&room).as_deref(), Some("two"));
    room.tools.put_aside(second);
    assert_eq!(in_front(&room), None);
    assert_eq!(room.waiting().len(), 2, "both go on waiting");
    assert!(untrack(|| room.tools.waits(&key, "one")));
    assert!(!untrack(|| room.tools.waits(&room.key("t-2"), "one")));
    assert!(!untrack(|| room.tools.waits(&key, "three")));
    room.world.advance(3_600 * SECOND);
    room.tools.bring_back(&key);
    assert_eq!(in_front(&room).as_deref(), Some("one"));
    room.answer(Answer::Deny);
    assert!(!untrack(|| room.tools.waits(&key, "one")));
    assert_eq!(in_front(&room).as_deref(), Some("two"));
    assert_eq!(used.load(Ordering::Relaxed), 0);
    room.tools.put_aside(first);
    room.tools.put_aside(second);
    room.tools.cancel(&key);
    assert_eq!(in_front(&room), None);
}

#[test]
fn an_answer_given_twice_counts_once() {
    let room = Room::new();
    let used = Arc::default();
    room.tools.register(counting("count", &used));
    room.call_in("t-1", "one", "count", "{}");
    let id = room.waiting()[0].id;
    room.tools.answer(id, Answer::Once);
    room.tools.answer(id, Answer::ForThread);
    room.tab.settle();
    assert_eq!(used.load(Ordering::Relaxed), 1);
    room.call_in("t-1", "two", "count", "{}");
    assert_eq!(room.waiting().len(), 1, "the late answer allowed nothing");
}

#[test]
fn a_tool_that_takes_too_long_is_given_up() {
    let room = Room::new();
    room.tools.register(Tool {
        needs_approval: false,
        run: Arc::new(|_| futures_util::future::pending().boxed_local()),
        ..counting("hang", &Arc::default())
    });
    room.call_in("t-1", "call", "hang", "{}");
    room.world.advance(4_999);
    assert_eq!(room.outcome("call"), None);
    room.world.advance(1);
    let outcome = room.outcome("call").unwrap();
    assert!(outcome.is_error && outcome.content.contains("within 5 seconds"));
}

#[test]
fn a_browser_that_refuses_the_clipboard_is_told_from_a_person_who_does() {
    let room = Room::new();
    room.call_in("t-1", "call", "read_clipboard", "{}");
    room.answer(Answer::Once);
    let outcome = room.outcome("call").unwrap();
    assert!(
        outcome.is_error && outcome.content.contains("browser"),
        "{}",
        outcome.content
    );
}

#[test]
fn a_huge_result_is_cut_and_says_so() {
    let room = Room::new();
    room.copy(&"x".repeat(1_000_000));
    room.call_in("t-1", "call", "read_clipboard", "{}");
    room.answer(Answer::Once);
    let outcome = room.outcome("call").unwrap();
    assert!(outcome.content.len() <= 64 * 1024);
    assert!(outcome.content.ends_with("characters are left out.]"));
}

#[test]
fn signing_out_answers_with_no_and_allows_nothing_any_more() {
    let room = Room::new();
    let used = Arc::default();
    room.tools.register(counting("count", &used));
    room.call_in("t-1", "one", "count", "{}");
    room.answer(Answer::ForThread);
    room.call_in("t-2", "two", "count", "{}");
    room.tab.server(&room.harbor).session().sign_out();
    room.tab.settle();
    assert!(room.outcome("two").unwrap().is_error);
    assert!(room.waiting().is_empty());
    room.call_in("t-1", "three", "count", "{}");
    assert_eq!(room.outcome("three"), None, "it asks again");
}

#[test]
fn a_question_outlives_the_session() {
    let room = Room::new();
    room.copy("copied");
    room.call_in("t-1", "call", "read_clipboard", "{}");
    room.harbor.refuse_access();
    room.harbor.refuse_refresh();
    room.tab.load(&room.harbor);
    assert_eq!(room.outcome("call"), None, "nothing is answered for them");
    assert_eq!(room.waiting().len(), 1);
}
