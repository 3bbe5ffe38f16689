//! Providers that refuse, answer oddly, or forget what they said.

use enfilade::core::session::machine::{ExpiryReason, SessionState};
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;
use serde_json::{Value, json};

use super::{refresh_token, text};
use crate::fake::{Act, HOUR, MINUTE, SECOND, World, logged, reply, token_body};

#[test]
fn a_lost_answer_after_a_rotation_is_tried_once_and_ends_the_session_at_its_time() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    tab.thread(&harbor, "t-1").composer().typed("half a".into());
    let first = refresh_token(&world, &harbor);
    world.net.once("POST id.harbor.example/token", Act::Lose);
    world.advance(57 * MINUTE);
    let sent = world.net.sent("POST id.harbor.example/token");
    assert_eq!(sent.len(), 2, "the same token once more, and no third time");
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!(refresh_token(&world, &harbor), first);
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn, "while it lives");
    world.advance(4 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired, "not signed out");
    assert_eq!(world.net.count("POST id.harbor.example/token"), 2);
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    assert_eq!(text(&tab, &harbor, "t-1"), "half a");
    let place = harbor.path(Some("t-1"));
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
}

#[test]
fn a_refused_grant_ends_the_session_at_its_time_with_one_notice_and_leaves_the_others_alone() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let before = world.stored(&meadow);
    tab.thread(&harbor, "t-1").composer().typed("half a".into());
    world.net.always(
        "POST id.harbor.example/token",
        reply(400, r#"{"error":"invalid_grant"}"#),
    );
    world.clock.suspend(2 * HOUR);
    let Some(SessionState::Expired { reason, .. }) =
        world.stored(&harbor).map(|session| session.state)
    else {
        panic!("expired")
    };
    assert_eq!(reason, ExpiryReason::InvalidGrant);
    assert_eq!(world.net.count("POST id.harbor.example/token"), 1);
    assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
    assert_eq!(text(&tab, &harbor, "t-1"), "half a");
    assert_eq!(tab.standing(&meadow), Standing::SignedIn);
    let after = world.stored(&meadow).unwrap();
    assert_eq!(after.epoch, before.unwrap().epoch);
}

#[test]
fn every_refusal_of_this_app_is_named_kept_and_not_repeated() {
    for code in [
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "unsupported_grant_type",
        "invalid_request",
    ] {
        for status in [400, 401] {
            let (world, harbor) = World::with_one();
            let tab = world.open();
            let body = json!({ "error": code, "error_description": "<b>look</b>" });
            world
                .net
                .always("POST /token", reply(status, &body.to_string()));
            world.advance(3 * HOUR);
            assert_eq!(world.net.count("POST /token"), 1, "{code}");
            assert!(world.stored(&harbor).unwrap().is_active(), "{code}");
            assert_eq!(tab.visit(&harbor.path(None)), harbor.path(None));
            assert!(tab.left().is_empty(), "no round trip to the provider");
            let said = tab.toasts().join(" ");
            assert!(said.contains(code), "{said}");
            assert!(!said.contains("<b>"), "{said}");
        }
    }
}

#[test]
fn a_page_in_place_of_an_answer_is_neither_a_verdict_nor_quoted() {
    for status in [400, 401, 403, 405, 410] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        harbor.refuse_access();
        world.net.always(
            "POST /token",
            reply(
                status,
                "<html>invalid_grant <script>alert(1)</script></html>",
            ),
        );
        tab.load(&harbor);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn, "{status}");
        let said = format!("{:?} {:?}", logged(), tab.toasts());
        assert!(!said.contains("script"), "{said}");
    }
}

#[test]
fn an_answer_without_a_token_keeps_the_old_ones() {
    for body in [
        "",
        " ",
        "null",
        "7",
        "[]",
        r#"["access_token"]"#,
        r#""access_token""#,
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":null,"refresh_token":"r"}"#,
        r#"{"access_token":5}"#,
        r#"{"access_token":{"a":1}}"#,
        r#"{"ACCESS_TOKEN":"a"}"#,
        r#"{"refresh_token":"r","expires_in":3600}"#,
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let before = world.stored(&harbor);
        world.net.once("POST /token", reply(200, body));
        world.advance(55 * MINUTE);
        assert_eq!(world.net.count("POST /token"), 1);
        assert_eq!(world.stored(&harbor), before, "{body}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn, "{body}");
    }
}

#[test]
fn no_lifetime_however_odd_leads_to_a_storm() {
    for (value, most) in [
        (json!("3600"), 2),
        (json!(3600.0), 2),
        (json!(0), 200),
        (json!(-5), 200),
        (json!(-1e300), 200),
        (json!(0.001), 400),
        (json!(1), 400),
        (json!(1e12), 1),
        (json!(1e300), 1),
        (json!(i64::MAX), 1),
        (json!(u64::MAX), 1),
        (json!("1e400"), 3),
        (json!("soon"), 3),
        (json!(""), 3),
        (json!(true), 3),
        (json!([3600]), 3),
        (Value::Null, 3),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        harbor.set_expires_in(value.clone());
        world.advance(55 * MINUTE + HOUR);
        let tried = world.net.count("POST /token");
        assert!((1..=most).contains(&tried), "{value}: {tried}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn, "{value}");
        let lifetime = world.stored(&harbor).unwrap().tokens().unwrap().lifetime;
        assert!((0..=30 * 24 * HOUR).contains(&lifetime), "{value}");
    }
}

#[test]
fn tokens_of_another_person_are_not_stored_and_noted_in_the_log() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let before = world.stored(&harbor);
    harbor.set_user("bob");
    world.advance(56 * MINUTE);
    assert_eq!(world.net.count("POST /token"), 1);
    assert_eq!(world.stored(&harbor), before);
    assert!(
        logged().iter().any(|line| line.contains("another user")),
        "{:?}",
        logged()
    );
    world.advance(5 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(
        world.net.count("POST /token"),
        1,
        "and it is not asked again"
    );
}

#[test]
fn a_token_that_lives_for_half_a_minute_is_renewed_once_per_life() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.set_expires_in(json!(30));
    world.advance(56 * MINUTE);
    world.net.forget_log();
    world.advance(HOUR);
    let tried = world.net.count("POST /token");
    assert!((120..=240).contains(&tried), "{tried}");
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
}

#[test]
fn lifetimes_that_shrink_towards_the_end_lead_to_no_storm() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let mut left = 3600.0_f64;
    harbor.set_expires_in(json!(left));
    let mut seen = 0;
    for _ in 0..3 * 360 {
        world.advance(10 * SECOND);
        let tried = world.net.count("POST /token");
        assert!(tried - seen <= 2, "within ten seconds: {}", tried - seen);
        if tried > seen {
            left /= 2.0;
            harbor.set_expires_in(json!(left));
            seen = tried;
        }
    }
    assert!(seen > 12, "it has shrunk to nothing: {left}");
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    harbor.refuse_refresh();
    world.advance(3 * MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
}

#[test]
fn a_provider_without_its_document_is_asked_at_the_known_address() {
    for trouble in [
        reply(404, "{}"),
        reply(500, ""),
        reply(200, "<html>"),
        Act::Fail(enfilade::port::TransportError::Timeout),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.advance(56 * MINUTE);
        assert_eq!(world.net.count("POST /token"), 1);
        world
            .net
            .always("GET /.well-known/openid-configuration", trouble);
        world.advance(2 * HOUR);
        assert!(
            world.net.count("GET /.well-known/openid-configuration") > 1,
            "it was asked for anew"
        );
        assert_eq!(world.net.count("POST /token"), 3);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

#[test]
fn a_provider_whose_document_was_never_seen_keeps_the_session_waiting() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world
        .net
        .always("GET /.well-known/openid-configuration", reply(503, ""));
    world.advance(3 * HOUR);
    assert_eq!(world.net.count("POST /token"), 0);
    assert!(world.stored(&harbor).unwrap().is_active());
    world.net.heal();
    world.advance(2 * MINUTE);
    tab.load(&harbor);
    assert_eq!(tab.server(&harbor).rooms().get_untracked().error, None);
}

#[test]
fn an_opaque_token_in_place_of_a_named_one_keeps_the_session() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    world.net.once(
        "POST /token",
        reply(200, &token_body("opaque-hush", Some("next-hush"))),
    );
    world.advance(56 * MINUTE);
    assert_eq!(tab.access(&harbor).as_deref(), Some("opaque-hush"));
    assert_eq!(refresh_token(&world, &harbor).as_deref(), Some("next-hush"));
}
