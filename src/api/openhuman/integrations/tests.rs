use super::*;

fn wrapped(value: &Value) -> Answer {
    Answer::from(json!({ "result": value, "logs": ["x"] }))
}

#[test]
fn services_have_one_name_each() {
    let toolkits = read_toolkits(&wrapped(
        &json!({"toolkits":["Gmail","google_drive","gmail",""," ",7]}),
    ))
    .unwrap();
    assert_eq!(toolkits, ["gmail", "googledrive"]);
    assert!(read_toolkits(&wrapped(&json!({}))).is_err());
}

#[test]
fn connections_are_read_with_or_without_their_time() {
    let connections = read_connections(&wrapped(&json!({"connections":[
        {"id":"ca_1","toolkit":"google_sheets","status":"active","createdAt":"1970-01-01T00:00:01Z","accountEmail":"x"},
        {"id":"ca_2","toolkit":"notion"},
        {"toolkit":"no id","status":"ACTIVE"}, 7,
    ]})))
    .unwrap();
    let seen: Vec<_> = connections
        .iter()
        .map(|one| (one.id.as_str(), one.toolkit.as_str(), one.link, one.created))
        .collect();
    assert_eq!(
        seen,
        [
            ("ca_1", "googlesheets", Link::Connected, Some(1_000)),
            ("ca_2", "notion", Link::Disconnected, None)
        ]
    );
    assert!(read_connections(&wrapped(&json!({"connections":null}))).is_err());
}

#[test]
fn a_service_is_connected_at_an_address_of_a_page_only() {
    let read =
        |url: &str| read_authorize(&wrapped(&json!({"connectUrl":url,"connectionId":"ca_2"})));
    let offer = read("https://connect.example/x").unwrap();
    assert_eq!(
        (offer.url.as_str(), offer.connection.as_deref()),
        ("https://connect.example/x", Some("ca_2"))
    );
    for bad in [
        "",
        "javascript:alert(1)",
        "file:///etc",
        "//x",
        " https://x",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_calls_have_the_names_and_parameters_of_the_core() {
    for (call, method, params) in [
        (toolkits(), "openhuman.composio_list_toolkits", Value::Null),
        (
            connections(),
            "openhuman.composio_list_connections",
            Value::Null,
        ),
        (
            authorize("gmail"),
            "openhuman.composio_authorize",
            json!({"toolkit":"gmail"}),
        ),
        (
            delete("ca_1"),
            "openhuman.composio_delete_connection",
            json!({"connection_id":"ca_1"}),
        ),
    ] {
        assert_eq!((call.method, call.params), (method, params));
        assert!(
            !call.in_place,
            "its refusal says something about the session"
        );
    }
    assert_eq!(connections().limit.ms(), 8_000);
}
