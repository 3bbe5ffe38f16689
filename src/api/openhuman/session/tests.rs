use super::*;

const TOKEN: &str = "eyJh.eyJz.c2ln";
const KEY: &str = "k3y-of-the-local-data";

fn snapshot_of(change: impl Fn(&mut Value)) -> Result<Snapshot, RpcError> {
    let mut value = json!({
        "auth": { "isAuthenticated": true, "userId": "u-9", "user": { "_id": "u-9", "firstName": "Mia" }, "profileId": "p" },
        "sessionToken": TOKEN,
        "currentUser": { "_id": "u-9", "firstName": "Mia", "lastName": "Lee", "email": "mia@example.test" },
        "onboardingCompleted": true, "chatOnboardingCompleted": true,
        "localState": { "encryptionKey": KEY, "primaryWalletAddress": "0x1" },
        "runtime": { "service": { "state": { "Unknown": "x" } } },
    });
    change(&mut value);
    read_snapshot(&Answer::from(
        json!({ "result": value, "logs": ["/home/mia"] }),
    ))
}

#[test]
fn a_snapshot_says_who_is_signed_in_and_holds_no_secret() {
    let snapshot = snapshot_of(|_| {}).unwrap();
    assert_eq!(snapshot.seen, Seen::Session { is_local: false });
    let user = snapshot.user.clone().unwrap();
    assert_eq!(
        (
            user.id.as_str(),
            user.name.as_deref(),
            user.email.as_deref()
        ),
        ("u-9", Some("Mia Lee"), Some("mia@example.test"))
    );
    let printed = format!("{snapshot:?}");
    for secret in [TOKEN, KEY, "eyJ", "home", "0x1"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn neither_is_a_secret_in_what_an_answer_prints_before_it_is_read() {
    let body = json!({"jsonrpc":"2.0","id":1,"result":{"result":{"sessionToken":TOKEN,"localState":{"encryptionKey":KEY}},"logs":["x"]}});
    let answer = crate::core::rpc::envelope::read(200, &body.to_string(), 1).unwrap();
    let printed = format!("{answer:?} {:?}", read_snapshot(&answer));
    assert!(
        !printed.contains(TOKEN) && !printed.contains(KEY),
        "{printed}"
    );
}

#[test]
fn nobody_is_signed_in_without_a_token_whatever_is_said_beside_it() {
    for snapshot in [
        snapshot_of(|value| value["sessionToken"] = json!(" ")),
        snapshot_of(|value| value["auth"]["isAuthenticated"] = json!(false)),
        snapshot_of(|value| {
            value["auth"] =
                json!({"isAuthenticated":false,"userId":null,"user":null,"profileId":null});
            value
                .as_object_mut()
                .unwrap()
                .retain(|name, _| name == "auth");
        }),
    ] {
        let snapshot = snapshot.unwrap();
        assert_eq!((snapshot.seen, snapshot.user), (Seen::Nobody, None));
    }
}

#[test]
fn a_core_that_does_not_hand_out_its_token_is_believed() {
    let snapshot = snapshot_of(|value| {
        value.as_object_mut().unwrap().remove("sessionToken");
    });
    assert_eq!(snapshot.unwrap().seen, Seen::Session { is_local: false });
}

#[test]
fn a_local_session_is_told_by_the_third_part_of_its_token() {
    for (token, is_local) in [
        ("a.b.local", true),
        ("  a.b.local ", true),
        ("a.b.Local", false),
        ("a.b.c.local", false),
        ("a.local", false),
        ("local", false),
        ("a.b.c", false),
    ] {
        let snapshot = snapshot_of(|value| value["sessionToken"] = json!(token)).unwrap();
        assert_eq!(snapshot.seen, Seen::Session { is_local }, "{token}");
    }
}

#[test]
fn a_user_is_found_wherever_the_core_has_put_one() {
    let name = |change: fn(&mut Value)| {
        snapshot_of(change)
            .unwrap()
            .user
            .map(|user| (user.id, user.name))
    };
    assert_eq!(
        name(|value| value["currentUser"] = Value::Null),
        Some(("u-9".into(), Some("Mia".into())))
    );
    assert_eq!(
        name(|value| {
            value["currentUser"] = json!({});
            value["auth"]["user"] = json!(7);
        }),
        Some(("u-9".into(), None))
    );
    assert_eq!(
        name(|value| value["currentUser"] = json!({"id":"x","displayName":"Mia L"})),
        Some(("x".into(), Some("Mia L".into())))
    );
}

#[test]
fn a_snapshot_that_does_not_say_it_is_none() {
    for answer in [
        json!({}),
        json!([]),
        Value::Null,
        json!({"auth":{"isAuthenticated":"yes"}}),
    ] {
        assert!(
            read_snapshot(&Answer::from(answer.clone())).is_err(),
            "{answer}"
        );
        assert!(
            read_state(&Answer::from(answer.clone())).is_err(),
            "{answer}"
        );
    }
}

#[test]
fn the_first_conversation_is_taken_for_done_unless_the_core_says_otherwise() {
    assert!(snapshot_of(|_| {}).unwrap().is_onboarded);
    assert!(
        !snapshot_of(|value| value["chatOnboardingCompleted"] = json!(false))
            .unwrap()
            .is_onboarded
    );
    assert!(
        snapshot_of(|value| value["chatOnboardingCompleted"] = Value::Null)
            .unwrap()
            .is_onboarded
    );
}

#[test]
fn the_state_says_whether_a_session_is_held() {
    let read = |held: bool| {
        read_state(&Answer::from(
            json!({"result":{"isAuthenticated":held},"logs":["x"]}),
        ))
        .unwrap()
    };
    assert_eq!((read(true), read(false)), (Read::Held, Read::Gone));
}

#[test]
fn a_sign_in_sends_the_token_and_prints_it_nowhere() {
    let secret = Secret::new(TOKEN.to_owned());
    for call in [store(&secret), exchange(&secret)] {
        assert!(call.in_place, "a refusal is about this token");
        assert!(call.body(1).contains(TOKEN) && !format!("{call:?}").contains(TOKEN));
    }
    assert_eq!(store(&secret).params, json!({"token":TOKEN,"user":{}}));
    assert_eq!(exchange(&secret).params, json!({"loginToken":TOKEN}));
}

#[test]
fn only_a_positive_answer_is_a_sign_in() {
    assert!(
        read_store(&Answer::from(
            json!({"result":{"id":"p","hasToken":true},"logs":["x"]})
        ))
        .is_ok()
    );
    for answer in [
        json!({}),
        Value::Null,
        json!({"hasToken":false}),
        json!({"hasToken":"true"}),
    ] {
        assert!(
            read_store(&Answer::from(answer.clone())).is_err(),
            "{answer}"
        );
    }
    let token = read_exchange(&Answer::from(json!({ "jwtToken": TOKEN }))).unwrap();
    assert_eq!(
        (token.expose().as_str(), format!("{token:?}").as_str()),
        (TOKEN, "•••")
    );
    assert!(read_exchange(&Answer::from(json!({"jwtToken":" "}))).is_err());
}

#[test]
fn the_calls_have_the_names_and_parameters_of_the_core() {
    for (call, method) in [
        (snapshot(), "openhuman.app_state_snapshot"),
        (state(), "openhuman.auth_get_state"),
        (me(), "openhuman.auth_get_me"),
        (clear(), "openhuman.auth_clear_session"),
    ] {
        assert_eq!((call.method, call.params), (method, Value::Null));
    }
    assert!(me().in_place && clear().in_place);
}
