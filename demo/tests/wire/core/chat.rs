//! Turns: their events, their snapshots, their ends.

use serde_json::json;

use super::support::{CoreWorld, lantern, names};

async fn signed_in() -> (CoreWorld, String) {
    let core = lantern().await;
    core.switch("sign-in?user=Ann").await;
    let thread = core.thread().await;
    (core, thread)
}

#[tokio::test]
async fn a_turn_is_told_to_its_client_alone_and_stores_nothing() {
    let (core, thread) = signed_in().await;
    let (mut mine, mut other) = (core.listen("c-1").await, core.listen("c-2").await);
    let request = core.say("c-1", &thread, "pace 0 hello there").await;
    let events = mine.turn().await;
    assert_eq!(
        names(&events),
        [
            "inference_start",
            "iteration_start",
            "text_delta",
            "chat_done"
        ]
    );
    for event in &events {
        assert_eq!(event["request_id"], json!(request));
        assert_eq!(
            (&event["client_id"], &event["thread_id"]),
            (&json!("c-1"), &json!(thread))
        );
    }
    assert_eq!(events[1]["message"], "Iteration 1/10");
    assert_eq!(events[1]["round"], 1);
    let live: String = events
        .iter()
        .filter_map(|event| event["delta"].as_str())
        .collect();
    assert_eq!(live, "hello there");
    assert_eq!(events.last().unwrap()["full_response"], "hello there");
    assert!(events.last().unwrap().get("segment_total").is_none());

    let stored = core
        .call(
            "openhuman.threads_messages_list",
            json!({"thread_id": thread}),
        )
        .await;
    assert_eq!(stored["count"], 0);
    let state = core
        .call(
            "openhuman.threads_turn_state_get",
            json!({"thread_id": thread}),
        )
        .await;
    assert_eq!(state, json!({}));
    core.say("c-2", &thread, "pace 0 second").await;
    assert_eq!(other.event().await.unwrap()["client_id"], "c-2");
}

#[tokio::test]
async fn tools_thoughts_and_sub_agents_have_their_events_in_order() {
    let (core, thread) = signed_in().await;
    let mut listener = core.listen("c-1").await;
    core.say("c-1", &thread, "pace 0 think tools agent cite hi")
        .await;
    let events = listener.turn().await;
    let text = names(&events).join(" ");
    assert!(text.starts_with("inference_start iteration_start thinking_delta text_delta tool_args_delta tool_call tool_result tool_args_delta tool_call tool_result iteration_start"), "{text}");
    assert!(text.contains("subagent_spawned subagent_iteration_start subagent_tool_call subagent_tool_result subagent_completed tool_result iteration_start text_delta chat_done"), "{text}");
    let find = |name: &str| events.iter().find(|event| event["event"] == name).unwrap();
    let opening = find("tool_args_delta");
    assert_eq!(
        (&opening["delta"], &opening["tool_name"]),
        (&json!(""), &json!("web_search"))
    );
    let id = &opening["tool_call_id"];
    let args: String = events
        .iter()
        .filter(|event| event["event"] == "tool_args_delta" && event["tool_call_id"] == *id)
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&args).unwrap(),
        find("tool_call")["args"]
    );
    assert!(
        find("tool_result")["output"]
            .as_str()
            .unwrap()
            .contains("output_chars")
    );
    assert_eq!(find("subagent_spawned")["tool_name"], "researcher");
    let done = events.last().unwrap();
    // Of the last round only.
    assert_eq!(done["full_response"], "hi");
    assert_eq!(done["citations"][0]["id"], "m1");
}

#[tokio::test]
async fn the_snapshot_of_a_turn_lists_its_tools() {
    let (core, thread) = signed_in().await;
    core.say("c-1", &thread, "pace 40 tools agent hi").await;
    let state = core
        .turn_state(&thread, |state| state["activeTool"] == "web_search")
        .await;
    let tool = &state["toolTimeline"][0];
    assert_eq!(
        (&tool["status"], &tool["round"]),
        (&json!("running"), &json!(1))
    );
    assert_eq!(tool["argsBuffer"], r#"{"limit":3,"q":"enfilade"}"#);
    let state = core
        .turn_state(&thread, |state| !state["activeSubagent"].is_null())
        .await;
    assert_eq!(state["toolTimeline"][0]["status"], "success");
    assert_eq!(state["toolTimeline"][1]["status"], "error");
    assert_eq!(state["toolTimeline"][3]["subagent"]["mode"], "typed");
    core.turn_state(&thread, |state| state.is_null()).await;
}

#[tokio::test]
async fn prose_is_sent_again_in_segments_before_the_end() {
    let (core, thread) = signed_in().await;
    let mut listener = core.listen("c-1").await;
    core.say("c-1", &thread, "pace 0 prose emoji hi").await;
    let events = listener.turn().await;
    let segments: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "chat_segment")
        .collect();
    assert_eq!(segments.len(), 5);
    assert_eq!(
        (&segments[0]["segment_index"], &segments[0]["segment_total"]),
        (&json!(0), &json!(5))
    );
    assert!(segments[0]["reaction_emoji"].is_string());
    let done = events.last().unwrap();
    assert_eq!(done["segment_total"], 5);
    assert!(done.get("reaction_emoji").is_none());
}

#[tokio::test]
async fn failures_name_their_type_and_leave_the_session_alone() {
    let (core, thread) = signed_in().await;
    let mut listener = core.listen("c-1").await;
    for (words, kind, part) in [
        ("boom", "inference", "openhuman-link"),
        ("budget", "inference", "Budget exceeded"),
        ("ratelimit", "inference", "429"),
        ("key", "inference", "401 Unauthorized"),
        ("fail timeout", "timeout", "timed out"),
        (
            "fail session_expired",
            "session_expired",
            "session JWT required",
        ),
    ] {
        core.say("c-1", &thread, &format!("pace 0 {words} hi there"))
            .await;
        let events = listener.turn().await;
        let last = events.last().unwrap();
        assert_eq!(
            (&last["event"], &last["error_type"]),
            (&json!("chat_error"), &json!(kind)),
            "{words}"
        );
        assert!(last["message"].as_str().unwrap().contains(part), "{words}");
        let state = core.turn_state(&thread, |state| !state.is_null()).await;
        assert_eq!(state["lifecycle"], "interrupted");
    }
    core.say("c-1", &thread, "pace 0 credits").await;
    let events = listener.turn().await;
    assert!(
        events.last().unwrap()["full_response"]
            .as_str()
            .unwrap()
            .contains("Top up")
    );
    assert_eq!(
        core.call("openhuman.auth_get_state", json!({})).await["isAuthenticated"],
        true
    );
    let cleared = core
        .call(
            "openhuman.threads_turn_state_clear",
            json!({"thread_id": thread}),
        )
        .await;
    assert_eq!(cleared, json!({"cleared": false}));
}

#[tokio::test]
async fn a_question_can_be_refused_at_once() {
    let (core, thread) = signed_in().await;
    let send = "openhuman.channel_web_chat";
    let params =
        |message: &str| json!({"client_id": "c-1", "thread_id": thread, "message": message});
    assert_eq!(core.fault(send, params(" ")).await, "message is required");
    assert!(
        core.fault(send, params("guard hi"))
            .await
            .contains("blocked by a security policy")
    );
    assert!(
        core.fault(send, params("flag hi"))
            .await
            .contains("flagged for security review")
    );
    let mut unknown = params("hi");
    unknown["model"] = json!("x");
    assert_eq!(
        core.fault(send, unknown).await,
        "unknown param 'model' for channel.web_chat"
    );
}

#[tokio::test]
async fn without_a_session_the_question_is_accepted_and_the_turn_fails_without_a_cause() {
    let core = lantern().await;
    let thread = core.thread().await;
    let mut listener = core.listen("c-1").await;
    core.say("c-1", &thread, "hi").await;
    let events = listener.turn().await;
    assert_eq!(names(&events), ["inference_start", "chat_error"]);
    assert_eq!(events[1]["error_type"], "inference");
    assert!(!events[1]["message"].as_str().unwrap().contains("session"));
    core.switch("generation?is=newer").await;
    core.say("c-1", &thread, "hi").await;
    assert_eq!(listener.turn().await[1]["error_type"], "session_expired");
}

#[tokio::test]
async fn a_turn_ends_when_it_is_cancelled_or_another_one_begins() {
    let (core, thread) = signed_in().await;
    let mut listener = core.listen("c-1").await;
    let first = core.say("c-1", &thread, "pace 600000 hi").await;
    let second = core.say("c-1", &thread, "pace 600000 hi").await;
    let events = listener.turn().await;
    let last = events.last().unwrap();
    assert_eq!(
        (&last["request_id"], &last["error_type"]),
        (&json!(first), &json!("cancelled"))
    );
    assert_eq!(last["message"], "Cancelled by newer request");

    core.turn_state(&thread, |state| state["requestId"] == json!(second))
        .await;
    let cancel = "openhuman.channel_web_cancel";
    let params = json!({"client_id": "c-1", "thread_id": thread});
    let answer = core.call(cancel, params.clone()).await;
    assert_eq!(
        (&answer["cancelled"], &answer["request_id"]),
        (&json!(true), &json!(second))
    );
    let events = listener.turn().await;
    assert_eq!(events.last().unwrap()["message"], "Cancelled");
    core.turn_state(&thread, |state| state["lifecycle"] == "interrupted")
        .await;
    let answer = core.call(cancel, params).await;
    assert_eq!(
        (&answer["cancelled"], &answer["request_id"]),
        (&json!(false), &json!(null))
    );
}

#[tokio::test]
async fn a_dropped_turn_goes_on_unheard_and_can_be_seen_in_its_snapshot_until_it_ends() {
    let (core, thread) = signed_in().await;
    let mut listener = core.listen("c-1").await;
    core.say("c-1", &thread, "pace 0 drop one two three four")
        .await;
    let events = listener.turn().await;
    assert_eq!(
        names(&events),
        ["inference_start", "iteration_start", "text_delta"]
    );
    let mut again = core.listen("c-1").await;
    let state = core
        .turn_state(&thread, |state| {
            state["streamingText"] == "one two three four"
        })
        .await;
    assert_eq!(state["lifecycle"], "streaming");
    core.turn_state(&thread, |state| state.is_null()).await;
    core.say("c-1", &thread, "pace 0 next").await;
    assert_eq!(again.turn().await.last().unwrap()["full_response"], "next");
}

#[tokio::test]
async fn a_cut_stream_loses_only_what_comes_while_nobody_listens() {
    let (core, thread) = signed_in().await;
    let mut listener = core.listen("c-1").await;
    core.say(
        "c-1",
        &thread,
        "cut 3 pace 100 one two three four five six seven eight nine ten",
    )
    .await;
    assert_eq!(listener.turn().await.len(), 3);
    let mut again = core.listen("c-1").await;
    let events = again.turn().await;
    assert_eq!(
        events.last().unwrap()["full_response"],
        "one two three four five six seven eight nine ten"
    );
}

#[tokio::test]
async fn a_restart_interrupts_turns_and_streams() {
    let (core, thread) = signed_in().await;
    let mut listener = core.listen("c-1").await;
    core.say("c-1", &thread, "pace 600000 hi").await;
    core.turn_state(&thread, |state| state["lifecycle"] == "streaming")
        .await;
    core.switch("restart").await;
    assert_eq!(
        names(&listener.turn().await),
        ["inference_start", "iteration_start"]
    );
    let states = core
        .call("openhuman.threads_turn_state_list", json!({}))
        .await;
    assert_eq!(states["turnStates"][0]["lifecycle"], "interrupted");
}

#[tokio::test]
async fn silence_is_filled_with_comments_and_messages_of_their_own_accord_have_their_own_stream() {
    let core = lantern().await;
    core.switch("keepalive?ms=20").await;
    let mut listener = core.listen("system").await;
    assert!(listener.frame().await.unwrap().starts_with(':'));
    core.switch("proactive?text=Good%20morning").await;
    let event = listener.event().await.unwrap();
    assert_eq!(event["full_response"], "Good morning");
    assert_eq!(event["thread_id"], "proactive:daily");
    let address = format!("{}/events", core.address);
    let answer = core.client().get(address).send().await.unwrap();
    assert_eq!(answer.status(), 400);
}
