//! What servers that are asked by JSON-RPC say when nobody's session has ended, in every order and wrapping: it ends none.
//!
//! The numbers `N1` to `N25` are those of the list of such signals. They go the whole way: from the bytes of an answer or an event to the
//! table of texts and on to what is done about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;
mod signals;

use enfilade::core::rpc::cascade::{Asked, Read, Standing};
use enfilade::core::rpc::classify::{
    Certainty, Failure, LOOKED_AT, Origin, RpcErrorKind as Kind, classify, work,
};
use enfilade::core::rpc::envelope::read;
use enfilade::core::session::machine::Epoch;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::scene::Scene;
use self::signals::{SIGNALS, Way, kind_of};

const UNSURE: Kind = Kind::AuthExpired(Certainty::Unconfirmed);
const SURE: Kind = Kind::AuthExpired(Certainty::Confirmed);

/// What is sure of an end, where it is said by a method and now.
const ENDS: [&str; 4] = [
    "Session expired. Please log in again.",
    "SESSION_EXPIRED: backend rejected session token on GET /auth/me",
    "GET /teams failed (401 Unauthorized): {}",
    "POST /agent failed (401 Unauthorized)",
];

/// What a signal may come wrapped in. None of these is a signal by itself.
const WRAPPERS: [(&str, &str); 9] = [
    ("", ""),
    ("tool failed: ", ""),
    ("[composio] list_connections failed: ", " (after 2 tries)"),
    ("{\"success\":false,\"error\":\"", "\"}"),
    ("\"", "\""),
    ("> quoted\n", "\n> end"),
    (
        "Backend returned 500 Internal Server Error for GET https://api.test/x: ",
        "",
    ),
    ("caused by: caused by: ", ""),
    ("ä € 𝄞 ", " 𝄞"),
];

#[test]
fn what_is_no_end_has_its_kind_and_ends_nothing() {
    for (number, way, text, want) in SIGNALS {
        let kind = kind_of(way, text);
        assert_eq!(kind, want, "{number} {way:?} {text}");
        let mut scene = Scene::signed_in();
        for _ in 0..5 {
            scene.tell(kind, scene.cascade.epoch());
            scene.now += 11_000;
        }
        assert_eq!(scene.ends, 0, "{number} {text}");
        assert!(matches!(
            scene.cascade.standing(),
            Standing::SignedIn { .. }
        ));
    }
}

#[test]
fn every_signal_of_the_list_is_here_or_is_about_a_moment() {
    // Before the first snapshot, during a sign-in, on a narrow read, with an old token: it is not the text that tells those.
    let moments = [13, 14, 16, 17];
    for number in (1..=25).filter(|number| !moments.contains(number)) {
        let name = format!("N{number}");
        assert!(SIGNALS.iter().any(|(known, ..)| *known == name), "{name}");
    }
}

#[test]
fn an_end_in_a_moment_that_proves_nothing_ends_nothing() {
    for text in ENDS {
        assert_eq!(kind_of(Way::Method, text), SURE, "{text}");
        // N13
        let mut scene = Scene::new();
        scene.tell(SURE, scene.cascade.epoch());
        scene.snapshot();
        assert_eq!(scene.ends, 0, "before the first snapshot: {text}");
        // N14
        scene.cascade.sign_in_begins(false, scene.now);
        scene.tell(SURE, scene.cascade.epoch());
        let actions = scene.cascade.sign_in_ends(true, scene.now);
        scene.carry_out(actions);
        assert_eq!(scene.ends, 0, "during a sign-in: {text}");
        // N17
        scene.tell(SURE, Epoch(0));
        assert_eq!(scene.ends, 0, "with an old token: {text}");
        // The same now, of this session, is the end.
        scene.tell(SURE, scene.cascade.epoch());
        assert_eq!(scene.ends, 1, "{text}");
    }
}

/// What may happen while a session lives.
#[derive(Debug, Clone)]
enum Happening {
    Signal(usize, Vec<usize>),
    EndInTheWrongMoment(usize),
    Pause(i64),
    Snapshot,
    SignInBegins,
    SignInEnds(bool),
    Tick,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0..SIGNALS.len(), proptest::collection::vec(0..WRAPPERS.len(), 0..4))
            .prop_map(|(signal, wrappers)| Happening::Signal(signal, wrappers)),
        2 => (0..ENDS.len()).prop_map(Happening::EndInTheWrongMoment),
        3 => prop_oneof![0_i64..1_000, 0_i64..60_000, -5_000_i64..0].prop_map(Happening::Pause),
        1 => Just(Happening::Snapshot),
        1 => Just(Happening::SignInBegins),
        2 => any::<bool>().prop_map(Happening::SignInEnds),
        1 => Just(Happening::Tick),
    ]
}

fn wrapped(text: &str, wrappers: &[usize]) -> String {
    wrappers.iter().fold(text.to_owned(), |text, at| {
        let (before, after) = WRAPPERS[*at];
        format!("{before}{text}{after}")
    })
}

fn any_read() -> impl Strategy<Value = Read> {
    prop_oneof![Just(Read::Held), Just(Read::Gone), Just(Read::Failed)]
}

/// The kinds that the call that needs the session may fail with while that session lives.
fn any_asked() -> impl Strategy<Value = Asked> {
    (0..SIGNALS.len() + 1).prop_map(|at| {
        let signal = SIGNALS.get(at).map(|(_, way, text, _)| kind_of(*way, text));
        Asked::of(signal)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_what_is_no_end_ends_a_session(
        happenings in proptest::collection::vec(happening(), 0..60),
        reads in proptest::collection::vec(any_read(), 1..6),
        asked in proptest::collection::vec(any_asked(), 1..6),
        is_known in any::<bool>(),
    ) {
        let mut scene = if is_known { Scene::signed_in() } else { Scene::new() };
        (scene.reads, scene.asked) = (reads, asked);
        let mut is_window = false;
        for happening in happenings {
            match happening {
                Happening::Signal(at, wrappers) => {
                    let (_, way, text, _) = SIGNALS[at];
                    let kind = kind_of(way, &wrapped(text, &wrappers));
                    prop_assert_ne!(kind, SURE, "{} {:?}", text, wrappers);
                    scene.tell(kind, scene.cascade.epoch());
                }
                Happening::EndInTheWrongMoment(at) => {
                    let kind = kind_of(Way::Method, ENDS[at]);
                    let is_held = scene.cascade.wakes_at().is_some_and(|end| scene.now < end && end - scene.now <= 40_000)
                        || scene.cascade.standing() == Standing::Unknown;
                    let epoch = scene.cascade.epoch();
                    scene.tell(kind, if is_held { epoch } else { Epoch(epoch.0.wrapping_sub(1)) });
                }
                Happening::Pause(ms) => scene.now += ms,
                Happening::Snapshot => scene.snapshot(),
                Happening::SignInBegins => {
                    is_window = true;
                    scene.cascade.sign_in_begins(false, scene.now);
                }
                Happening::SignInEnds(stored) if is_window => {
                    is_window = false;
                    let actions = scene.cascade.sign_in_ends(stored, scene.now);
                    scene.carry_out(actions);
                }
                Happening::SignInEnds(_) => {}
                Happening::Tick => {
                    let actions = scene.cascade.tick(scene.now);
                    scene.carry_out(actions);
                }
            }
            prop_assert_eq!(scene.ends, 0);
            prop_assert!(!matches!(scene.cascade.standing(), Standing::Expired | Standing::SignedOut));
        }
    }

}

proptest! {
    #[test]
    fn any_bytes_have_a_kind_and_only_a_method_can_be_sure(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        status in proptest::option::of(prop_oneof![Just(401_u16), Just(429), 0_u16..700]),
        code in proptest::option::of(any::<i64>()),
    ) {
        let text = String::from_utf8_lossy(&bytes);
        for origin in [Origin::Handler, Origin::Door, Origin::Stream, Origin::Here] {
            let failure = Failure { status, code, ..Failure::said(origin, &text) };
            let is_sure = classify(&failure) == SURE;
            prop_assert!(!is_sure || origin == Origin::Handler);
        }
        let _ = read(status.unwrap_or(200), &text, 1);
    }

    #[test]
    fn only_what_begins_as_an_end_does_is_sure(
        noise in "[a-zA-Z0-9 /:._\\-{}\"()]{0,40}",
        end in 0..ENDS.len(),
    ) {
        let text = format!("{noise}{}", ENDS[end]);
        let begins = ["SESSION_EXPIRED", "GET", "POST", "PUT", "DELETE", "PATCH"];
        let is_end = begins.iter().any(|start| text.trim().starts_with(start))
            || text.trim().to_ascii_lowercase().starts_with("session expired");
        prop_assert!(kind_of(Way::Method, &text) != SURE || is_end, "{}", text);
    }
}

/// What the cores of the demo say, and what the tables that other clients go by make of it. `demo/tests/texts.rs` keeps the file.
const CORE_TEXTS: &str = include_str!("../core_texts.json");

/// Where we make something else of a text than those tables do: never surer of an end, sometimes closer to the matter.
const OTHERWISE: [(&str, Kind); 13] = [
    // Nobody of the server's own has said so.
    ("status-401", UNSURE),
    // Not how an end begins.
    ("expired-inside", UNSURE),
    ("sentinel-lower", UNSURE),
    ("sign-in-refused-newer", UNSURE),
    // Only some of the other clients take these for an end.
    ("hosted-model", UNSURE),
    ("hosted-stream", UNSURE),
    ("hosted-embedding", UNSURE),
    ("rejected-without-sentinel", UNSURE),
    ("token-expired", UNSURE),
    ("socket-unsigned", UNSURE),
    ("forbidden", Kind::PermissionDenied),
    ("thread-missing", Kind::ThreadNotFound),
    ("status-503", Kind::Transport),
];

fn kind_in_the_tables(text: &Value) -> Kind {
    match (text["kind"].as_str().unwrap(), text["certainty"].as_str()) {
        ("auth_expired", Some("confirmed")) => SURE,
        ("auth_expired", _) => UNSURE,
        ("thread_not_found", _) => Kind::ThreadNotFound,
        ("configuration", _) => Kind::BearerRejected,
        ("rate_limited", _) => Kind::RateLimited,
        ("method_not_found", _) => Kind::MethodNotFound,
        ("provider_auth", _) => Kind::ProviderAuth,
        ("budget_exceeded", _) => Kind::BudgetExceeded,
        ("timeout", _) => Kind::Timeout,
        ("transport", _) => Kind::Transport,
        ("unknown", _) => Kind::Unknown,
        other => panic!("{other:?}"),
    }
}

fn kind_here(text: &Value) -> Kind {
    let said = text["text"].as_str().unwrap();
    if let Some(status) = text["status"].as_u64() {
        return kind_of(Way::Door(u16::try_from(status).unwrap()), said);
    }
    let error = json!({ "code": -32000, "message": said, "data": text["data"] });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string();
    read(200, &body, 1).unwrap_err().kind
}

#[test]
fn what_a_core_says_is_what_the_tables_make_of_it_or_less_sure() {
    let texts: Vec<Value> = serde_json::from_str(CORE_TEXTS).unwrap();
    assert!(texts.len() > 80);
    for text in &texts {
        let id = text["id"].as_str().unwrap();
        let (ours, theirs) = (kind_here(text), kind_in_the_tables(text));
        match OTHERWISE.iter().find(|(known, _)| *known == id) {
            Some((_, otherwise)) => {
                assert_eq!(ours, *otherwise, "{id}");
                assert_ne!(ours, theirs, "{id} is no exception");
                assert_ne!(ours, SURE, "{id}");
            }
            None => assert_eq!(ours, theirs, "{id}: {}", text["text"]),
        }
    }
    for (id, _) in OTHERWISE {
        assert!(texts.iter().any(|text| text["id"] == id), "{id}");
    }
}

/// What makes a search that begins again and again slow.
const STUBBORN: [&str; 12] = [
    "a",
    "n",
    "s",
    "no backend session toke",
    "session ",
    "session_expire",
    "timed out after ",
    "timed out after 1",
    "1",
    "401401",
    "GET /",
    "unauthorize",
];

#[test]
fn the_work_grows_no_faster_than_the_text_and_ends_where_nothing_is_looked_at() {
    for piece in STUBBORN {
        let text = |bytes: usize| {
            piece
                .repeat(bytes / piece.len() + 1)
                .chars()
                .take(bytes)
                .collect::<String>()
        };
        let cost = |bytes: usize| work(&text(bytes));
        let (small, large) = (cost(LOOKED_AT / 16), cost(LOOKED_AT));
        assert!(large <= small * 17, "{piece}: {small} and {large}");
        assert!(large <= LOOKED_AT * 40, "{piece}: {large}");
        assert_eq!(cost(LOOKED_AT * 50), large, "{piece}");
    }
}
