#![allow(clippy::unwrap_used)]
use super::*;

fn said(text: &str) -> ShellAnswer {
    Ok(Some(text.to_owned()))
}

/// What a bridge may answer that says nothing.
fn nothing() -> Vec<ShellAnswer> {
    let empty = [
        "null",
        "\"\"",
        "\"ok\"",
        "true",
        "0",
        "[]",
        "",
        "{",
        "undefined",
    ];
    let mut all: Vec<_> = empty.into_iter().map(said).collect();
    all.push(Ok(None));
    all.push(Err(String::new()));
    all.push(Err("Command store_refresh_token not found".to_owned()));
    all.push(Err(r#"{"kind":"locked","message":"x"}"#.to_owned()));
    all
}

#[test]
fn only_a_positive_answer_is_a_success() {
    for answer in nothing() {
        let all = [
            read_check(answer.clone()),
            read_stored(answer.clone()),
            read_cleared(answer.clone()),
            read_opened(answer.clone()),
            read_loaded(answer.clone()).map(|_| ()),
            read_info(answer.clone()).map(|_| ()),
            read_health(answer.clone()).map(|_| ()),
            read_begun(answer.clone(), "f").map(|_| ()),
            read_came_back(answer.clone()).map(|_| ()),
            read_link(answer.clone()).map(|_| ()),
        ];
        for read in all {
            assert!(read.is_err(), "{answer:?}");
        }
    }
    for odd in [
        "{}",
        r#"{"stored":null}"#,
        r#"{"stored":false}"#,
        r#"{"stored":"true"}"#,
    ] {
        assert!(read_stored(said(odd)).is_err(), "{odd}");
    }
    assert_eq!(read_stored(said(r#"{"stored":true}"#)), Ok(()));
    assert_eq!(read_cleared(said(r#"{"cleared":true}"#)), Ok(()));
    assert_eq!(read_check(said(r#"{"works":true}"#)), Ok(()));
}

#[test]
fn nothing_there_is_told_from_no_answer() {
    assert_eq!(read_loaded(said(r#"{"record":null}"#)), Ok(None));
    assert_eq!(
        read_loaded(said(r#"{"record":"x"}"#)),
        Ok(Some("x".to_owned()))
    );
    for odd in [r#"{"record":""}"#, "{}", r#"{"record":7}"#] {
        assert_eq!(read_loaded(said(odd)), Err(Failure::Silent), "{odd}");
    }
}

#[test]
fn a_refusal_says_why() {
    for (refusal, failure) in [
        (r#"{"kind":"unavailable","message":"m"}"#, Failure::Missing),
        (r#"{"kind":"missing","message":"m"}"#, Failure::Missing),
        (r#"{"kind":"locked","message":"m"}"#, Failure::Locked),
        (r#"{"kind":"failed","message":"m"}"#, Failure::Failed),
        ("Command check_keychain not found", Failure::Missing),
        ("anything", Failure::Failed),
        ("", Failure::Failed),
    ] {
        assert_eq!(read_check(Err(refusal.to_owned())), Err(failure));
    }
}

#[test]
fn a_server_runs_only_where_its_port_is_known() {
    let read = |text: &str| read_health(said(text)).unwrap();
    assert_eq!(
        read(r#"{"state":"running","port":4242}"#),
        Health::Running(4242)
    );
    for text in [
        r#"{"state":"starting","port":null}"#,
        r#"{"state":"running","port":null}"#,
        r#"{"state":"running","port":0}"#,
        r#"{"state":"running","port":70000}"#,
    ] {
        assert_eq!(read(text), Health::Starting, "{text}");
    }
    assert_eq!(
        read(r#"{"state":"failed","port":null,"attempt":3,"reason":"missing"}"#),
        Health::Stopped(Some(Failure::Missing))
    );
    assert_eq!(
        read(r#"{"state":"stopped","port":null,"attempt":0,"reason":null}"#),
        Health::Stopped(None)
    );
}

#[test]
fn a_sign_in_comes_back_to_this_machine_and_this_flow_only() {
    let read = |address: &str| {
        let answer = serde_json::json!({ "address": address }).to_string();
        read_begun(said(&answer), "0f")
    };
    assert_eq!(
        read("http://127.0.0.1:4242/0f").as_deref(),
        Ok("http://127.0.0.1:4242/0f")
    );
    for odd in [
        "http://127.0.0.1:4242/00",
        "http://127.0.0.1/0f",
        "http://127.0.0.1:x/0f",
        "http://127.0.0.1:80@evil.example/0f",
        "http://evil.example:4242/0f",
        "https://127.0.0.1:4242/0f",
        "",
    ] {
        assert!(read(odd).is_err(), "{odd}");
    }
}

#[test]
fn what_came_back_is_told_from_an_end() {
    assert_eq!(read_came_back(said(r#"{"ended":true}"#)), Ok(None));
    let came = read_came_back(said(r##"{"query":"","fragment":"#?token=t"}"##)).unwrap();
    assert_eq!(came, Some((String::new(), "#?token=t".to_owned())));
}

#[test]
fn a_record_is_never_printed() {
    let call = store_refresh_token("https://h.example", "hush");
    assert!(!format!("{call:?}").contains("hush"));
}

#[test]
fn a_token_request_carries_its_form_field_by_field() {
    let call = request_token(
        "https://id.example/token",
        "grant_type=refresh_token&refresh_token=a%2Bb%26c&client_id=lab%20web",
    );
    let args: serde_json::Value = serde_json::from_str(&call.args).unwrap();
    assert_eq!(
        args,
        serde_json::json!({
            "endpoint": "https://id.example/token",
            "form": {"client_id": "lab web", "grant_type": "refresh_token", "refresh_token": "a+b&c"},
        })
    );
    let read = |text: &str| read_token(said(text));
    assert_eq!(
        read(r#"{"status":429,"body":"x","retry_after":"3"}"#),
        Ok((429, "x".to_owned(), Some(3000)))
    );
    assert_eq!(
        read(r#"{"status":200,"body":"{}","retry_after":null}"#),
        Ok((200, "{}".to_owned(), None))
    );
    for odd in ["{}", r#"{"status":"200"}"#, r#"{"status":70000}"#] {
        assert!(read(odd).is_err(), "{odd}");
    }
}
