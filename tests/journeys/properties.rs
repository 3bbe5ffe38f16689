//! What must hold however faults, people and tabs are mixed. Every mixture is drawn from a seed, so a failure repeats.

mod drafts;
mod mixtures;

use std::collections::BTreeSet;

use enfilade::core::record::keys;
use enfilade::core::secret::Secret;
use enfilade::core::server::registry::Provider;
use enfilade::core::session::machine::{Epoch, On401, Session};
use enfilade::core::session::return_to::ReturnTo;
use enfilade::core::session::token::{RefreshFailure, Tokens, read_token_answer};
use enfilade::core::session::verdict::{AfterFailure, after_failure};
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use proptest::prelude::*;
use reactive_graph::traits::GetUntracked;
use url::Url;

use crate::fake::{Act, Backend, HOUR, MINUTE, SECOND, World, reply, retry_after};
use crate::faults::{ask, error};

/// Faults on the way to a server or a provider, none of which may end a session.
const FAULTS: usize = 10_000;

/// SplitMix64: small, and good enough to mix faults with.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// One of `0..size`.
    pub fn below(&mut self, size: usize) -> usize {
        usize::try_from(self.roll() % size as u64).unwrap()
    }

    pub fn milliseconds(&mut self, most: i64) -> i64 {
        i64::try_from(self.roll() % u64::try_from(most).unwrap()).unwrap()
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

const BODIES: [&str; 16] = [
    "",
    "{}",
    "[]",
    "null",
    "<html>Please accept the terms of this hotel</html>",
    r#"{"access_token":""}"#,
    r#"{"access_token":7,"expires_in":3600}"#,
    r#"{"access_token":"e30.e30"#,
    r#"{"error":"server_error"}"#,
    r#"{"error":"temporarily_unavailable"}"#,
    r#"{"error":"invalid_client"}"#,
    r#"{"error":"invalid_request"}"#,
    r#"{"error":"slow_down","detail":"invalid_grant"}"#,
    r#"{"error":["invalid_grant"]}"#,
    r#"{"detail":"Unauthorized"}"#,
    "\u{0}\u{FFFD}",
];

/// An answer that says nothing about a refresh token. `invalid_grant` is one only with 400 or 401.
fn trouble(dice: &mut Dice) -> (u16, String) {
    let status = dice.pick(&[
        200, 204, 301, 400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504, 529,
    ]);
    let body = dice.pick(&BODIES);
    (status, body.to_owned())
}

fn provider() -> Provider {
    Backend::new("harbor").provider()
}

#[test]
fn ten_thousand_odd_answers_of_a_token_endpoint_end_no_session() {
    let (mut dice, mut ended, mut kept) = (Dice::new(1), 0, 0);
    let tokens = Tokens {
        access: Secret::new("a".into()),
        refresh: Some(Secret::new("r".into())),
        id_token: None,
        expires_at: 5 * HOUR,
        lifetime: HOUR,
        holder: None,
    };
    let mut session = Session::signed_in(Epoch(1), provider(), tokens.clone());
    for _ in 0..FAULTS {
        let now = dice.milliseconds(10 * HOUR);
        // The server has refused the access token, or its time is coming.
        let refused = dice.below(2) == 0;
        if refused {
            assert_eq!(session.on_401(session.stamp()), On401::Refresh);
        }
        let (status, mut body) = trouble(&mut dice);
        if dice.below(4) == 0 {
            let cut = dice.below(body.len() + 1);
            if body.is_char_boundary(cut) {
                body.truncate(cut);
            }
        }
        let wait = (dice.below(3) == 0).then(|| dice.roll());
        let failure = match dice.below(8) {
            0 => RefreshFailure::Transient { retry_after: wait },
            _ => match read_token_answer(status, &body, wait) {
                Ok(_) => panic!("{status} {body} is no answer with a token"),
                Err(failure) => failure,
            },
        };
        if let AfterFailure::Expire(reason) = after_failure(&failure, &tokens, now, refused) {
            session.expire(session.epoch, reason);
        }
        if session.is_active() {
            kept += 1;
        } else {
            ended += 1;
            session = Session::signed_in(Epoch(1), provider(), tokens.clone());
        }
    }
    println!("{FAULTS} odd answers: {kept} sessions kept, {ended} ended");
    assert_eq!((ended, kept), (0, FAULTS));
}

fn fault(dice: &mut Dice) -> Act {
    match dice.below(5) {
        0 => Act::Fail(TransportError::Network),
        1 => Act::Fail(TransportError::Timeout),
        2 => retry_after(
            dice.pick(&[429, 500, 503]),
            u64::try_from(dice.milliseconds(40 * SECOND)).unwrap(),
        ),
        _ => {
            let (status, body) = trouble(dice);
            reply(status, &body)
        }
    }
}

#[test]
fn ten_thousand_faults_on_the_way_end_no_session() {
    let mut dice = Dice::new(2);
    let (mut met, mut ended, mut worlds) = (0, 0, 0);
    while met < FAULTS {
        worlds += 1;
        let (world, harbor) = World::with_one();
        let tabs = [world.open(), world.open()];
        tabs[0]
            .thread(&harbor, "t-1")
            .composer()
            .typed("half a".into());
        for _ in 0..40 {
            // Whatever is asked meets a fault, except that only a server's own 401 speaks of the session.
            for what in ["POST /token", "GET /.well-known/openid-configuration"] {
                world.net.always(what, fault(&mut dice));
            }
            let mut at_server = fault(&mut dice);
            while matches!(&at_server, Act::Reply(answer) if answer.status == 401) {
                at_server = fault(&mut dice);
            }
            let spared = dice.below(3) == 0;
            if !spared {
                world.net.always("GET /agui", at_server.clone());
                world.net.always("GET /api/v1/rooms", at_server);
            }
            if dice.below(2) == 0 {
                harbor.refuse_access();
            }
            for tab in &tabs {
                ask(tab, &harbor, 3);
                tab.server(&harbor).reload_rooms();
            }
            match dice.below(6) {
                0 => tabs[0].app.wake(),
                1 => world.clock.suspend(dice.milliseconds(3 * HOUR)),
                2 => world.deliver(),
                _ => {}
            }
            let pause = dice.milliseconds(5 * MINUTE);
            world.advance(pause);
            for tab in &tabs {
                ended += usize::from(!matches!(
                    tab.standing(&harbor),
                    Standing::SignedIn | Standing::Unreachable
                ));
            }
            ended += usize::from(!world.stored(&harbor).unwrap().is_active());
            world.net.heal();
        }
        met += world.net.faults();
        // And everything goes on once the trouble is over.
        tabs.iter().for_each(|tab| tab.app.wake());
        world.advance(3 * MINUTE);
        for tab in &tabs {
            let rooms = ask(tab, &harbor, 1);
            tab.settle();
            assert_eq!(error(&rooms[0]), None, "world {worlds}");
        }
        let composer = tabs[0].thread(&harbor, "t-1").composer();
        assert_eq!(composer.text().get_untracked(), "half a");
    }
    println!("{met} faults in {worlds} worlds: {ended} sessions ended");
    assert_eq!(ended, 0);
}

#[test]
fn ten_tabs_with_twenty_requests_each_make_one_token_request_at_one_expiry() {
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let (world, harbor) = World::with_one();
        let tabs: Vec<_> = (0..10).map(|_| world.open()).collect();
        // The token is over by the clock, or by the server's word, or both.
        let kind = seed % 3;
        if kind > 0 {
            harbor.refuse_access();
        }
        let gate = (kind != 1).then(|| {
            let gate = world.net.hold("POST /token");
            world.clock.suspend(2 * HOUR);
            gate
        });
        let mut rooms = Vec::new();
        let mut order: Vec<usize> = (0..tabs.len()).collect();
        while !order.is_empty() {
            let tab = order.swap_remove(dice.below(order.len()));
            rooms.extend(ask(&tabs[tab], &harbor, 20));
            if dice.below(2) == 0 {
                world.settle();
            }
            if dice.below(3) == 0 {
                world.deliver();
            }
        }
        world.settle();
        if let Some(gate) = gate {
            assert_eq!(gate.waiting(), 1);
            gate.release();
            world.settle();
        }
        assert_eq!(world.net.count("POST /token"), 1, "seed {seed}");
        assert_eq!(rooms.len(), 200);
        assert!(rooms.iter().all(|room| error(room).is_none()));
        let tokens: BTreeSet<_> = tabs.iter().map(|tab| tab.access(&harbor)).collect();
        assert_eq!(tokens.len(), 1, "all have the same");
        assert!(world.locks.held().is_empty());
    }
}

/// Texts that browsers, routers or servers have taken for a way out, beyond those in `core`.
const TRICKS: &[&str] = &[
    "/\t//evil.example",
    "/%09//evil.example",
    "//\u{2025}evil.example",
    "///\tevil.example",
    "/\u{b}/evil.example",
    "/\u{c}/evil.example",
    "//evil.example:80/%2e%2e",
    "//evil.example@app.example",
    "//app.example@evil.example/lobby",
    "//[::1]/",
    "//0x7f.1/",
    "//2130706433/",
    "//evil\u{3002}example",
    "//\u{ff45}vil.example",
    "/\\t/evil.example",
    "/\u{5c}\u{5c}\u{5c}evil.example",
    "/..;/lobby",
    "/..;//evil.example",
    "/%2e%2e;/lobby",
    "/;/evil.example",
    "/.;/lobby",
    "/lobby/%2e%2e%2f%2e%2e%2fevil",
    "/%5c%5cevil.example",
    "/%5C/evil.example",
    "/%2f%2fevil.example/%2f..",
    "/%2F/%2Fevil.example",
    "/%E2%81%84/evil.example",
    "/%u2215evil.example",
    "/%25%35%43evil.example",
    "/%2525252fevil.example",
    "/x:/evil.example",
    "/javascript:alert(1)",
    "/javascript://%0aalert(1)",
    "javascript:/*/lobby*/alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "view-source:https://app.example/lobby",
    "intent://evil.example#Intent;end",
    "https:evil.example",
    "https:///evil.example",
    "https:\\evil.example",
    "hTTps://evil.example",
    "app.example/lobby",
    "app.example@evil.example",
    ".evil.example",
    "-evil.example",
    ":80/lobby",
    "?returnTo=//evil.example",
    "#//evil.example",
    "/?returnTo=//evil.example",
    "/?url=https%3A%2F%2Fevil.example",
    "/auth/callback/0123456789abcdef0123456789abcdef",
    "/auth/callback/x#token=evil",
    "/api/logout",
    "/room/harbor/echo/..",
    "/room/harbor/%2e%2e/%2e%2e/evil",
    "/room/harbor/echo//thread/t",
    "/room//evil.example/echo",
    "/room/%2f%2fevil.example/echo",
    "/room/harbor/echo/thread/..%2f..",
    "/room/harbor/echo\u{2029}",
    "/room/harbor/\u{200c}echo",
    "/room/harbor/echo#\u{2066}x",
];

/// The places that may be returned to, and what is followed.
const PLACES: [&str; 12] = [
    "/lobby",
    "/diagnostics",
    "/versions",
    "/room/harbor/echo",
    "/room/harbor/echo?x=1",
    "/room/harbor/echo?x=//evil.example",
    "/room/harbor/echo#m3",
    "/room/harbor/echo/thread/t-1",
    "/room/harbor/echo/thread/t-1?x=1#m3",
    "/room/harbor/b%C3%BCro",
    "/room/harbor/my%20room",
    "/room/harbor-2/echo",
];

/// Holds the text, and what would be followed, against the URL standard.
fn stays_at_home(text: &str) -> Result<bool, TestCaseError> {
    let home = Url::parse("https://app.example/room/x/y?z#w").unwrap();
    let Ok(back) = ReturnTo::parse(text) else {
        return Ok(false);
    };
    let path = back.to_path();
    for href in [text, path.as_str()] {
        let there = home.join(href).expect("an address");
        prop_assert_eq!(there.origin(), home.origin());
        prop_assert!(there.username().is_empty() && there.password().is_none());
        prop_assert!(!there.path().starts_with("//"), "{}", there.path());
        // What the standard makes of it is what was checked: nothing is resolved or removed on the way.
        let plain = href.split(['?', '#']).next().unwrap_or_default();
        let folders = |path: &str| path.matches('/').count();
        prop_assert_eq!(folders(there.path()), folders(plain));
        if href == path {
            prop_assert_eq!(there.path(), plain);
        }
        // Under a desktop shell's origin as well.
        let shell = Url::parse("tauri://localhost/lobby").unwrap();
        let there = shell.join(href).expect("an address");
        prop_assert_eq!(
            (there.scheme(), there.host_str()),
            ("tauri", Some("localhost"))
        );
    }
    Ok(true)
}

#[test]
fn every_known_way_out_is_refused_and_every_way_back_is_accepted() {
    for text in TRICKS {
        assert!(ReturnTo::parse(text).is_err(), "{text:?}");
    }
    for text in PLACES {
        assert!(matches!(stays_at_home(text), Ok(true)), "{text}");
    }
    println!("{} refused, {} accepted", TRICKS.len(), PLACES.len());
}

#[test]
fn no_way_back_leads_to_a_server_other_than_the_one_signed_in_to() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let before = world.disk.all(keys::SESSION_PREFIX);
    for text in TRICKS.iter().chain(&PLACES) {
        tab.app.arrive(&tab.server(&meadow), Some(text));
        let went = tab.went().unwrap();
        assert!(
            !went.contains("evil") || went.contains("?x="),
            "{text}: {went}"
        );
        assert!(
            !went.starts_with(&format!("/room/{}/", harbor.alias())),
            "{text}"
        );
    }
    assert!(tab.left().is_empty());
    assert_eq!(world.disk.all(keys::SESSION_PREFIX), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_accepted_way_back_leaves_the_origin(text in any::<String>()) {
        stays_at_home(&text)?;
        stays_at_home(&format!("/{text}"))?;
        stays_at_home(&format!("/room/harbor/{text}"))?;
        stays_at_home(&format!("/room/harbor/echo?{text}"))?;
        stays_at_home(&format!("/room/harbor/echo#{text}"))?;
    }

    #[test]
    fn no_accepted_mixture_leaves_the_origin(
        start in prop::sample::select(vec!["", "/", "/lobby", "/room/harbor/", "/room/harbor/echo/thread/"]),
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "/", "//", "\\", ".", "..", ";", "%2e", "%2E", "%2f", "%5C", "%25", "%09", "%0a", "%00", "%c3%bc", "%e2%81%84",
                "\t", "\n", " ", "@", ":", "?", "#", "&", "=", "lobby", "room", "thread", "evil.example", "https:", "javascript:",
                "\u{ff0f}", "\u{2215}", "\u{3002}", "\u{200b}", "\u{feff}", "\u{e4}", "x", "1",
            ]),
            0..12,
        ),
    ) {
        stays_at_home(&format!("{start}{}", parts.concat()))?;
    }
}
