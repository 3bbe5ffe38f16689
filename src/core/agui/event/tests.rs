use super::*;
use proptest::prelude::*;
use serde_json::json;

const TYPES: [&str; 33] = [
    "RUN_STARTED",
    "RUN_FINISHED",
    "RUN_ERROR",
    "STEP_STARTED",
    "STEP_FINISHED",
    "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_END",
    "TEXT_MESSAGE_CHUNK",
    "REASONING_START",
    "REASONING_END",
    "REASONING_MESSAGE_START",
    "REASONING_MESSAGE_CONTENT",
    "REASONING_MESSAGE_END",
    "REASONING_MESSAGE_CHUNK",
    "REASONING_ENCRYPTED_VALUE",
    "TOOL_CALL_START",
    "TOOL_CALL_ARGS",
    "TOOL_CALL_END",
    "TOOL_CALL_CHUNK",
    "TOOL_CALL_RESULT",
    "STATE_SNAPSHOT",
    "STATE_DELTA",
    "MESSAGES_SNAPSHOT",
    "ACTIVITY_SNAPSHOT",
    "ACTIVITY_DELTA",
    "RAW",
    "CUSTOM",
    "THINKING_START",
    "THINKING_END",
    "THINKING_TEXT_MESSAGE_START",
    "THINKING_TEXT_MESSAGE_CONTENT",
    "THINKING_TEXT_MESSAGE_END",
];

#[test]
fn a_piece_of_text_reads_the_same_by_its_short_way() {
    let general = |data: &str| vec![Event::from_value(serde_json::from_str(data).unwrap())];
    for kind in ["TEXT_MESSAGE_CONTENT", "REASONING_MESSAGE_CONTENT"] {
        let plain = json!({"type": kind, "messageId": "m", "delta": "d", "timestamp": 7});
        let piece = Piece::read(&plain.to_string());
        assert_eq!(
            piece.map(|event| vec![event]),
            Some(general(&plain.to_string()))
        );
        for (field, value) in [
            ("delta", json!("a \"quoted\" line\n and 🌊\u{0}")),
            ("delta", json!("")),
            ("delta", json!(null)),
            ("delta", json!(["d"])),
            ("messageId", json!(null)),
            ("messageId", json!(3)),
            ("timestamp", json!(null)),
            ("timestamp", json!(-1)),
            ("timestamp", json!(1.5)),
            ("timestamp", json!(1e300)),
            ("timestamp", json!(u64::MAX)),
            ("timestamp", json!("7")),
            ("rawEvent", json!({"type": "X", "delta": "e"})),
            ("type", json!(0)),
            ("type", json!("TEXT_MESSAGE_END")),
        ] {
            let mut event = plain.clone();
            event[field] = value;
            let data = event.to_string();
            assert_eq!(parse(&data), general(&data), "{data}");
        }
        let twice = plain.to_string().replace('}', r#","delta":"e"}"#);
        assert_eq!(parse(&twice), general(&twice));
        let list = format!(r#"["{kind}","m","d",7]"#);
        assert!(
            parse(&list)
                .iter()
                .all(|event| matches!(event, Event::Malformed { .. }))
        );
        let cut = plain.to_string().replace('}', "");
        assert!(matches!(&parse(&cut)[..], [Event::Malformed { .. }]));
    }
}

#[test]
fn every_type_of_the_protocol_is_known_and_keeps_its_time() {
    for kind in TYPES {
        let event = Event::from_value(json!({
            "type": kind, "timestamp": 7, "rawEvent": null, "threadId": "t", "runId": "r", "message": "m", "stepName": "s",
            "messageId": "m", "role": "assistant", "delta": if kind == "STATE_DELTA" { json!([]) } else { json!("d") },
            "toolCallId": "c", "toolCallName": "n", "content": "x", "snapshot": {}, "messages": [], "patch": [],
            "activityType": "a", "event": {}, "name": "n", "value": 1,
        }));
        assert!(
            !matches!(event, Event::Unknown { .. } | Event::Malformed { .. }),
            "{kind}: {event:?}"
        );
        assert_eq!(event.timestamp(), Some(7), "{kind}");
        assert_eq!(
            event.is_terminal(),
            kind == "RUN_FINISHED" || kind == "RUN_ERROR",
            "{kind}"
        );
    }
}

#[test]
fn nulls_of_stored_events_count_as_absent() {
    assert_eq!(
        Event::from_value(
            json!({"type":"TOOL_CALL_START","timestamp":null,"rawEvent":null,"toolCallId":"c","toolCallName":"n","parentMessageId":null})
        ),
        Event::ToolCallStart {
            call_id: "c".into(),
            name: "n".into(),
            parent_message_id: None,
            at: None
        }
    );
    assert_eq!(
        Event::from_value(json!({"type":"RUN_ERROR","message":null,"code":null})),
        Event::RunError {
            message: String::new(),
            code: None,
            at: None
        }
    );
}

#[test]
fn a_batch_gives_its_events_in_order_with_bad_ones_in_their_place() {
    let events = parse(
        r#"[{"type":"THINKING_END"}, 7, {"type":"NEW_THING","timestamp":5}, {"no":"type"}, {"type":"TEXT_MESSAGE_END"}]"#,
    );
    assert_eq!(events[0], Event::ThinkingEnd { at: None });
    assert_eq!(
        events[1],
        Event::Malformed {
            raw: "7".into(),
            reason: "not an object".into()
        }
    );
    assert!(matches!(&events[2], Event::Unknown { kind, .. } if kind == "NEW_THING"));
    assert_eq!(events[2].timestamp(), Some(5));
    assert_eq!(
        events[3],
        Event::Malformed {
            raw: r#"{"no":"type"}"#.into(),
            reason: "no type".into()
        }
    );
    assert!(
        matches!(&events[4], Event::Malformed { reason, .. } if reason == "TEXT_MESSAGE_END without messageId")
    );
    assert_eq!(events.len(), 5);
}

#[test]
fn text_that_is_not_json_is_kept() {
    assert!(matches!(&parse("{oops")[..], [Event::Malformed { raw, .. }] if raw == "{oops"));
    assert!(matches!(&parse("")[..], [Event::Malformed { .. }]));
    assert!(parse("[]").is_empty());
}

#[test]
fn a_result_that_is_not_text_becomes_json_text() {
    let event =
        Event::from_value(json!({"type":"TOOL_CALL_RESULT","toolCallId":"c","content":{"a":1}}));
    assert!(matches!(event, Event::ToolCallResult { content, .. } if content == r#"{"a":1}"#));
}

#[test]
fn json_nested_too_deep_is_malformed_and_not_a_crash() {
    assert!(matches!(
        &parse(&"[".repeat(100_000))[..],
        [Event::Malformed { .. }]
    ));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_of_any_field_makes_the_reader_panic(
        kind in 0..TYPES.len(), a in any_json(), b in any_json(), c in any_json(), d in any_json(),
    ) {
        let event = Event::from_value(json!({
            "type": TYPES[kind], "messageId": a.clone(), "toolCallId": b.clone(), "delta": c.clone(), "timestamp": d.clone(),
            "snapshot": a, "messages": b, "content": c, "role": d,
        }));
        let _ = event.timestamp();
        let is_unknown = matches!(event, Event::Unknown { .. });
        prop_assert!(!is_unknown);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".*") {
        let _ = parse(&text);
    }
}
