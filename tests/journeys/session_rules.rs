//! What a session is at every moment: without anybody, restored, renewed, and gone.

use enfilade::core::record::keys;
use enfilade::core::secret::Secret;
use enfilade::core::session::machine::{Epoch, ExpiryReason, Session};
use enfilade::core::session::token::TokenAnswer;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{HOUR, MINUTE, SECOND, World, logged, reply};

#[test]
fn a_session_of_nobody_has_no_tokens_no_user_and_no_end() {
    let mut nobody = Session::signed_out(Epoch(7));
    assert!(!nobody.is_active() && !nobody.is_expired());
    assert_eq!(
        (nobody.tokens(), nobody.provider(), nobody.user()),
        (None, None, None)
    );
    assert!(!nobody.expire(Epoch(7), ExpiryReason::Refused));
    let answer = TokenAnswer {
        access: Secret::new("a".into()),
        refresh: None,
        id_token: None,
        lifetime: HOUR,
    };
    assert!(nobody.refreshed(nobody.stamp(), answer, 0).is_err());
    assert_eq!(nobody, Session::signed_out(Epoch(7)));
}

#[test]
fn after_a_sign_out_nothing_is_asked_in_its_name() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    world.net.forget_log();
    assert_eq!(tab.access(&harbor), None);
    tab.load(&harbor);
    let server = tab.server(&harbor);
    enfilade::state::task::spawn(async move { server.verify().await });
    world.advance(3 * HOUR);
    assert!(world.net.log().is_empty(), "not even for new tokens");
}

#[test]
fn starting_writes_nothing_and_a_server_without_a_session_is_signed_out() {
    let (world, harbor) = World::with_one();
    let meadow = world.backend("meadow");
    world.remember(&meadow);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(tab.standing(&meadow), Standing::SignedOut);
    assert!(world.disk.take_written().is_empty());
}

#[test]
fn what_cannot_be_read_is_not_in_the_log() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.thread(&harbor, "t-1")
        .composer()
        .typed("Ann's own words, and more".into());
    tab.app.flush();
    tab.close();
    let session = keys::session(&harbor.id());
    let draft = world.disk.all(keys::DRAFT_PREFIX).pop().unwrap();
    for key in [&session, &draft] {
        let text = world.disk.read(key).unwrap();
        world.disk.put(key, &text[..text.len() * 3 / 4]);
    }
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    let _ = tab.thread(&harbor, "t-1");
    let lines = logged();
    assert!(
        lines.iter().any(|line| line.contains(&session)),
        "the key is named: {lines:?}"
    );
    assert!(
        lines.iter().all(|line| !line.contains("Ann's own")),
        "{lines:?}"
    );
    // The world looks for tokens in the log when it ends.
}

#[test]
fn the_lobby_opens_for_whoever_is_connected_anywhere_and_public_places_for_everyone() {
    let world = World::new();
    let callback = "/auth/callback/0123456789abcdef0123456789abcdef";
    for path in ["/", "/diagnostics", "/versions"] {
        assert_eq!(world.open().visit(path), path);
    }
    assert_eq!(
        world.open().visit(callback),
        "/",
        "nothing came back: nowhere else to go"
    );
    assert_eq!(world.open().visit("/lobby"), "/", "there is no server");
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    world.remember(&harbor);
    assert_eq!(world.open().visit("/lobby"), "/", "nobody is signed in");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    assert_eq!(tab.visit("/lobby"), "/lobby");
    assert_eq!(tab.visit("/"), "/", "more servers can be added");
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(tab.visit("/lobby"), "/");
    meadow.set_open(true);
    world.remember(&meadow);
    assert_eq!(
        world.open().visit("/lobby"),
        "/lobby",
        "no sign-in is needed there"
    );
}

#[test]
fn a_refresh_that_succeeds_after_the_session_has_ended_brings_it_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    let session = tab.server(&harbor).session().clone();
    session.mark_expired(
        session.signal().get_untracked().epoch,
        ExpiryReason::Refused,
    );
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    let old = tab.access(&harbor);
    gate.release();
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_ne!(tab.access(&harbor), old);
    assert!(world.stored(&harbor).unwrap().is_active());
}

#[test]
fn without_a_refresh_token_the_last_minutes_of_a_token_are_used() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in_briefly(&harbor, HOUR);
    let tab = world.open();
    world.advance(56 * MINUTE);
    tab.load(&harbor);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    harbor.refuse_access();
    tab.load(&harbor);
    assert_eq!(
        tab.standing(&harbor),
        Standing::Expired,
        "until the server refuses it"
    );
    assert_eq!(world.net.count("POST /token"), 0);
}

#[test]
fn a_token_of_three_minutes_is_renewed_once_for_ten_requests() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    harbor.set_expires_in(180.into());
    harbor.refuse_access();
    tab.load(&harbor);
    assert_eq!(world.net.count("POST /token"), 1);
    world.advance(136 * SECOND);
    for _ in 0..10 {
        tab.load(&harbor);
        world.advance(SECOND);
    }
    assert_eq!(
        world.net.count("POST /token"),
        2,
        "a quarter of its life ahead, and once"
    );
}

#[test]
fn a_401_while_the_refresh_of_an_earlier_sign_in_is_under_way_is_no_verdict_by_itself() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    assert_eq!(gate.waiting(), 1);
    tab.server(&harbor)
        .session()
        .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
    world.net.once("GET /api/v1/rooms", reply(401, "{}"));
    tab.load(&harbor);
    gate.release();
    tab.settle();
    assert_eq!(world.net.count("POST /token"), 2, "one for each sign-in");
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
}
