use super::*;
use crate::core::rpc::envelope;

fn thread() -> ThreadId {
    ThreadId("thread-5f0c".into())
}

fn answer(data: &Value) -> Answer {
    let body = json!({"jsonrpc":"2.0","id":1,"result":{"data":data,"meta":{"request_id":"r"}}});
    envelope::read(200, &body.to_string(), 1).unwrap()
}

#[test]
fn threads_are_read_newest_first_and_malformed_ones_left_out() {
    let threads = read_list(&answer(&json!({"threads":[
        {"id":"a","title":" Trip ","isActive":true,"messageCount":2,"createdAt":"1970-01-01T00:00:01Z","lastMessageAt":"1970-01-01T00:00:02Z","labels":["work"]},
        {"id":"b","title":" ","createdAt":"1970-01-01T00:00:09Z","labels":["worker", 7]},
        {"id":"c","createdAt":"nonsense","parentThreadId":"a"},
        {"title":"no id"}, 7,
    ],"count":5})))
    .unwrap();
    let seen: Vec<_> = threads
        .iter()
        .map(|one| {
            (
                one.id.as_str(),
                one.title.as_deref(),
                one.created,
                one.last_activity,
                one.messages,
                one.is_worker,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("b", None, Some(9_000), None, 0, true),
            ("a", Some("Trip"), Some(1_000), Some(2_000), 2, false),
            ("c", None, None, None, 0, true),
        ]
    );
    assert!(read_list(&answer(&json!({}))).is_err());
}

#[test]
fn a_new_title_goes_with_the_time_as_the_core_wrote_it() {
    let entry = read_thread(&answer(
        &json!({"id":"a","title":"x","createdAt":"2026-05-08T09:00:00.123456Z"}),
    ))
    .unwrap();
    let call = rename(&entry, "Trip");
    assert_eq!(
        (call.method, call.params),
        (
            "openhuman.threads_upsert",
            json!({"id":"a","title":"Trip","created_at":"2026-05-08T09:00:00.123456Z"})
        )
    );
    assert!(read_thread(&answer(&json!({"title":"x"}))).is_err());
}

#[test]
fn the_calls_have_the_names_and_parameters_of_the_core() {
    let own = json!({ "thread_id": "thread-5f0c" });
    for (call, method, params) in [
        (list(), "openhuman.threads_list", Value::Null),
        (create(), "openhuman.threads_create_new", json!({})),
        (
            messages(&thread()),
            "openhuman.threads_messages_list",
            own.clone(),
        ),
        (
            turn_state(&thread()),
            "openhuman.threads_turn_state_get",
            own.clone(),
        ),
        (
            generate_title(&thread(), None),
            "openhuman.threads_generate_title",
            own,
        ),
        (
            generate_title(&thread(), Some("Hello")),
            "openhuman.threads_generate_title",
            json!({"thread_id":"thread-5f0c","assistant_message":"Hello"}),
        ),
        (
            delete(&thread(), 1_000),
            "openhuman.threads_delete",
            json!({"thread_id":"thread-5f0c","deleted_at":"1970-01-01T00:00:01.000Z"}),
        ),
    ] {
        assert_eq!((call.method, call.params), (method, params));
    }
}

#[test]
fn messages_are_read_in_their_order_and_agents_have_two_names() {
    let messages = read_messages(&answer(&json!({"messages":[
        {"id":"1","content":"hello","type":"text","extraMetadata":{},"sender":"user","createdAt":"1970-01-01T00:00:01Z"},
        {"id":"2","content":"see <openhuman-link path=\"x\">here</openhuman-link>","type":"text","sender":"agent","createdAt":"nonsense"},
        {"id":"3","content":"hi","sender":"assistant"},
        {"id":"4","content":"{}","sender":"user","extraMetadata":{"tool_name":"web"}},
        {"content":"no id","sender":"user"}, {"id":"5","sender":"user"}, 7,
    ],"count":7})))
    .unwrap();
    let seen: Vec<_> = messages
        .iter()
        .map(|one| {
            (
                one.id.as_str(),
                one.sender,
                one.text.as_str(),
                one.at,
                one.tool.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("1", Sender::Person, "hello", Some(1_000), None),
            ("2", Sender::Agent, "see here", None, None),
            ("3", Sender::Agent, "hi", None, None),
            ("4", Sender::Person, "{}", None, Some("web")),
        ]
    );
    assert!(read_messages(&answer(&json!({"messages":{}}))).is_err());
}

#[test]
fn a_stored_message_has_every_field_the_core_asks_for() {
    let message = Message {
        id: "answer-q".into(),
        sender: Sender::Agent,
        text: "Hello".into(),
        at: None,
        tool: None,
    };
    let call = append(&thread(), &message, 1_000);
    assert_eq!(call.method, "openhuman.threads_message_append");
    assert_eq!(
        call.params,
        json!({"thread_id":"thread-5f0c","message":{"id":"answer-q","content":"Hello","type":"text","extraMetadata":{},"sender":"agent","createdAt":"1970-01-01T00:00:01.000Z"}})
    );
    let back = read_append(&answer(&call.params["message"])).unwrap();
    assert_eq!(
        (back.id, back.sender, back.at),
        (message.id, Sender::Agent, Some(1_000))
    );
    assert!(read_append(&answer(&json!({}))).is_err());
}

#[test]
fn a_turn_under_way_is_read_with_its_calls() {
    let state = read_turn_state(&answer(&json!({"turnState":{
        "threadId":"t","requestId":"q","lifecycle":"streaming","iteration":2,"maxIterations":10,"phase":"tool_use",
        "streamingText":"Let me","thinking":"hm","startedAt":"x","updatedAt":"y",
        "toolTimeline":[
            {"id":"c1","name":"web","round":1,"status":"success","argsBuffer":"{}"},
            {"id":"c2","name":"web","round":2,"status":"running"},
            {"id":"c3","name":"web","round":2,"status":"error"}, {"name":"no id"},
            {"id":"task-1","name":"researcher","round":2,"status":"running","subagent":{"mode":"typed"}}],
    }})))
    .unwrap()
    .unwrap();
    assert_eq!(
        (state.request.as_str(), state.lifecycle, state.round),
        ("q", Lifecycle::Streaming, 2)
    );
    assert_eq!(
        (state.text.as_str(), state.thinking.as_str()),
        ("Let me", "hm")
    );
    let calls: Vec<_> = state
        .calls
        .iter()
        .map(|call| (call.id.as_str(), call.status, call.args.as_deref()))
        .collect();
    assert_eq!(
        calls,
        [
            ("c1", CallStatus::Good, Some("{}")),
            ("c2", CallStatus::Running, None),
            ("c3", CallStatus::Failed, None),
            ("task-1", CallStatus::Running, None)
        ]
    );
    let children = state.calls.iter().map(|call| call.is_child);
    assert_eq!(children.collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn a_turn_that_is_not_there_is_told_apart_from_one_that_cannot_be_read() {
    for none in [json!({}), json!({"turnState":null})] {
        assert_eq!(read_turn_state(&answer(&none)).unwrap(), None);
    }
    for broken in [
        json!({"turnState":{}}),
        json!({"turnState":{"lifecycle":"started"}}),
    ] {
        assert!(read_turn_state(&answer(&broken)).is_err(), "{broken}");
    }
    let lifecycle = |word: &str| {
        let state = json!({"turnState":{"requestId":"q","lifecycle":word}});
        read_turn_state(&answer(&state)).unwrap().unwrap().lifecycle
    };
    assert_eq!(lifecycle("started"), Lifecycle::Started);
    assert_eq!(lifecycle("interrupted"), Lifecycle::Interrupted);
    assert_eq!(
        lifecycle("paused"),
        Lifecycle::Interrupted,
        "a word of a newer core"
    );
}
