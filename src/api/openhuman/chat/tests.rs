use serde_json::Value;

use super::*;

fn thread() -> ThreadId {
    ThreadId("t".into())
}

#[test]
fn a_question_names_client_and_thread_and_nothing_else() {
    let call = send("c-1", &thread(), "hi");
    assert_eq!(
        (call.method, call.params),
        (
            "openhuman.channel_web_chat",
            json!({"client_id":"c-1","thread_id":"t","message":"hi"})
        )
    );
}

#[test]
fn a_question_is_accepted_with_the_name_of_its_turn_or_not_at_all() {
    let read = |value: Value| read_send(&Answer::from(json!({"result":value,"logs":["x"]})));
    assert_eq!(
        read(json!({"accepted":true,"client_id":"c","thread_id":"t","request_id":"q"})).unwrap(),
        "q"
    );
    for bad in [
        json!({"accepted":false,"request_id":"q"}),
        json!({"accepted":true}),
        json!({"accepted":true,"request_id":null}),
        json!(true),
    ] {
        assert!(read(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_stop_names_client_and_thread() {
    let call = cancel("c-1", &thread());
    assert_eq!(
        (call.method, call.params),
        (
            "openhuman.channel_web_cancel",
            json!({"client_id":"c-1","thread_id":"t"})
        )
    );
}
