//! The end of a session that the server keeps: only what is sure, or found to be so, ends it, once, and nobody else's.

use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use super::{ends, lantern, look, room, server, standing, thread};
use crate::fake::{Act, Core, ENDED, HOUR, NO_SESSION, SECOND, Tab, World, logged, reply};

/// Something asks the core for what needs a session.
fn ask(tab: &Tab, core: &Core) {
    server(tab, core).integrations().unwrap().refresh();
    tab.settle();
}

fn fails(core: &Core, text: &str) {
    core.fail("composio_list_connections", 1, text);
}

/// Lets whatever was begun come to its end.
fn later(world: &World) {
    world.advance(3 * SECOND);
}

#[test]
fn a_sure_text_ends_the_session_once_with_one_notice_and_one_line() {
    let (world, core, tab) = lantern();
    fails(&core, ENDED);
    ask(&tab, &core);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!(
        core.count("auth_clear_session"),
        1,
        "it is told to forget it"
    );
    later(&world);
    assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
    assert_eq!(ends().len(), 1, "{:?}", ends());
    assert_eq!(core.holder(), None);
}

#[test]
fn a_core_that_cannot_be_told_to_forget_does_not_bring_a_dead_session_back() {
    let (world, core, tab) = lantern();
    world
        .net
        .always("RPC auth_clear_session", Act::Fail(TransportError::Network));
    fails(&core, ENDED);
    ask(&tab, &core);
    later(&world);
    assert_eq!(core.holder().as_deref(), Some("ann"));
    tab.app.wake();
    server(&tab, &core).reload_rooms();
    world.advance(10 * SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!(ends().len(), 1);
}

#[test]
fn an_unsure_text_is_looked_into_three_times_and_ends_what_is_not_there() {
    let (world, core, tab) = lantern();
    core.drop_session();
    core.forget_calls();
    ask(&tab, &core);
    assert_eq!(core.count("auth_get_state"), 1);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    world.advance(299);
    assert_eq!(core.count("auth_get_state"), 1);
    world.advance(1);
    assert_eq!(core.count("auth_get_state"), 2);
    world.advance(299);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    world.advance(1);
    assert_eq!(core.count("auth_get_state"), 3);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    later(&world);
    assert_eq!(
        core.count("auth_clear_session"),
        0,
        "there is nothing to forget"
    );
    assert_eq!((tab.toasts().len(), ends().len()), (1, 1));
}

#[test]
fn a_core_that_has_just_started_keeps_the_session() {
    for unread in [1, 2] {
        let (world, core, tab) = lantern();
        fails(&core, NO_SESSION);
        core.restart(unread);
        ask(&tab, &core);
        later(&world);
        assert_eq!(standing(&tab, &core), Standing::SignedIn, "{unread}");
        assert_eq!(core.count("auth_get_state"), unread as usize + 1);
        assert_eq!(core.count("auth_get_me"), 1, "held: it is tried once");
        assert!(tab.toasts().is_empty() && ends().is_empty());
    }
}

#[test]
fn a_page_opened_while_the_core_starts_keeps_the_session() {
    let world = World::new();
    let core = world.opened_core("lantern", "ann");
    core.restart(3);
    let tab = world.open();
    look(&tab, &core);
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert!(tab.toasts().is_empty() && ends().is_empty());
}

#[test]
fn any_failure_of_a_read_keeps_the_session() {
    let broken = [
        Act::Fail(TransportError::Network),
        Act::Fail(TransportError::Timeout),
        reply(502, "<html>bad gateway</html>"),
        reply(200, "<html>please sign in to the portal</html>"),
        reply(500, "{}"),
        reply(401, r#"{"ok":false,"error":"unauthorized"}"#),
        reply(401, "session expired"),
    ];
    for act in broken {
        for good in 0..3 {
            let (world, core, tab) = lantern();
            core.drop_session();
            if good == 0 {
                world.net.always("RPC auth_get_state", act.clone());
            }
            ask(&tab, &core);
            if good > 0 {
                // The reads before it have found nobody.
                world.advance(300 * (good - 1));
                world.net.always("RPC auth_get_state", act.clone());
            }
            later(&world);
            assert_ne!(standing(&tab, &core), Standing::Expired);
            assert!(server(&tab, &core).session().is_active_untracked());
            assert!(ends().is_empty(), "{:?}", ends());
        }
    }
}

#[test]
fn a_held_session_that_is_refused_for_sure_ends() {
    let (world, core, tab) = lantern();
    fails(&core, NO_SESSION);
    core.fail("auth_get_me", 1, ENDED);
    ask(&tab, &core);
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!((tab.toasts().len(), ends().len()), (1, 1));
}

#[test]
fn a_held_session_that_cannot_be_tried_stays() {
    for text in [
        "GET /auth/me failed: error sending request: dns error",
        "session JWT required",
        "GET /auth/me failed (503 Service Unavailable)",
    ] {
        let (world, core, tab) = lantern();
        fails(&core, NO_SESSION);
        core.fail("auth_get_me", 1, text);
        ask(&tab, &core);
        later(&world);
        assert_eq!(standing(&tab, &core), Standing::SignedIn, "{text}");
    }
}

#[test]
fn the_bearer_of_the_process_never_ends_a_session_and_is_told_as_what_it_is() {
    let (world, core, tab) = lantern();
    let new = core.change_bearer();
    ask(&tab, &core);
    server(&tab, &core).reload_rooms();
    tab.settle();
    let told = tab.toasts();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("core token") && told[0].contains("still signed in"),
        "{told:?}"
    );
    world.advance(60 * SECOND);
    for _ in 0..20 {
        ask(&tab, &core);
        world.advance(11 * SECOND);
        assert!(tab.toasts().is_empty(), "{:?}", tab.toasts());
    }
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert!(ends().is_empty());
    let integrations = server(&tab, &core).integrations().unwrap();
    let failure = integrations.failure().get_untracked().unwrap_or_default();
    assert!(failure.contains("core token"), "{failure}");
    // The way that the notice names.
    super::door_in(&tab, &core);
    let stored = world.stored_at(&core.id()).unwrap();
    assert_eq!(stored.tokens().unwrap().access.expose(), &new);
    ask(&tab, &core);
    assert_eq!(integrations.failure().get_untracked(), None);
    core.change_bearer();
    ask(&tab, &core);
    assert_eq!(tab.toasts().len(), 1, "told again when it happens again");
}

/// What is no end of a session, as a method says it.
const NO_END: [&str; 19] = [
    "Discord API error (401): Unauthorized",
    "telegram refused the bot: bad token",
    "OpenAI API error (401 Unauthorized): Incorrect API key provided",
    "Anthropic API error (401 Unauthorized): invalid x-api-key",
    "[composio-direct] list failed: 401 Unauthorized",
    "Backend returned 500 Internal Server Error for POST https://api.test/a: {\"error\":\"401 Unauthorized: Invalid API key\"}",
    "invalid token",
    "my_proxy embedding API error (401 Unauthorized): {\"error\":\"Invalid token\"}",
    "ollama API error (401 Unauthorized): proxy login required",
    "GET /teams failed (403 Forbidden): not a member",
    "GET /agents failed (404 Not Found): <html>no such route</html>",
    "API_KEY_REJECTED: the key was refused on GET /models",
    "backend unavailable in a local session",
    "GET /auth/me failed: error sending request: dns error",
    "rate-limit exceeded: HTTP 429",
    "openhuman.x timed out after 30000ms",
    "INVALID_SESSION_EXPIRED",
    "no backend session token",
    "session JWT required",
];

#[test]
fn whatever_is_no_end_ends_nothing() {
    let (world, core, tab) = lantern();
    for text in NO_END {
        fails(&core, text);
        ask(&tab, &core);
        world.advance(12 * SECOND);
        assert_eq!(standing(&tab, &core), Standing::SignedIn, "{text}");
    }
    for act in [
        reply(401, "who are you"),
        reply(403, "no"),
        reply(429, ""),
        reply(500, "Session expired. Please log in again."),
        reply(502, "<html>bad gateway</html>"),
        reply(200, "<html>portal</html>"),
        Act::Fail(TransportError::Network),
        Act::Fail(TransportError::Timeout),
    ] {
        world.net.once("RPC composio_list_connections", act);
        ask(&tab, &core);
        world.advance(12 * SECOND);
        assert_eq!(standing(&tab, &core), Standing::SignedIn);
    }
    assert!(ends().is_empty(), "{:?}", ends());
}

#[test]
fn signs_within_ten_seconds_of_one_are_dropped_but_a_sure_one_is_not() {
    let (world, core, tab) = lantern();
    fails(&core, NO_SESSION);
    ask(&tab, &core);
    later(&world);
    assert_eq!(core.count("auth_get_state"), 1);
    fails(&core, NO_SESSION);
    ask(&tab, &core);
    later(&world);
    assert_eq!(core.count("auth_get_state"), 1, "within ten seconds");
    world.advance(10 * SECOND);
    fails(&core, NO_SESSION);
    ask(&tab, &core);
    later(&world);
    assert_eq!(core.count("auth_get_state"), 2);
    fails(&core, ENDED);
    ask(&tab, &core);
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::Expired);
}

#[test]
fn many_signs_at_once_are_one_end() {
    let (world, core, tab) = lantern();
    let threads: Vec<_> = ["a", "b", "c"].map(|id| thread(&tab, &core, id)).into();
    core.fail("composio_list_connections", 9, ENDED);
    core.fail("composio_list_toolkits", 9, ENDED);
    core.fail("threads_list", 9, ENDED);
    core.fail("threads_messages_list", 9, ENDED);
    room(&tab, &core).reload_threads();
    for thread in &threads {
        thread.reload();
    }
    ask(&tab, &core);
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
    assert_eq!((ends().len(), core.count("auth_clear_session")), (1, 1));
}

#[test]
fn a_local_session_never_expires() {
    let world = World::new();
    let core = world.opened_core("lantern", "ann");
    core.hold_local("ann");
    let tab = world.open();
    look(&tab, &core);
    for text in [ENDED, NO_SESSION, "Session expired. Please log in again."] {
        fails(&core, text);
        ask(&tab, &core);
        world.advance(11 * SECOND);
        assert_eq!(standing(&tab, &core), Standing::SignedIn, "{text}");
    }
    assert!(ends().is_empty());
}

#[test]
fn the_end_on_one_core_concerns_nobody_else() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let (lantern, quay) = (
        world.opened_core("lantern", "ann"),
        world.opened_core("quay", "ann"),
    );
    let tab = world.open();
    for core in [&lantern, &quay] {
        look(&tab, core);
    }
    tab.load(&harbor);
    fails(&lantern, ENDED);
    ask(&tab, &lantern);
    later(&world);
    assert_eq!(standing(&tab, &lantern), Standing::Expired);
    assert_eq!(standing(&tab, &quay), Standing::SignedIn);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(quay.holder().as_deref(), Some("ann"));
    assert_eq!((tab.toasts().len(), ends().len()), (1, 1));
    for core in [&lantern, &quay] {
        let place = tab.visit(&core.path(""));
        let asked = place.starts_with("/?url=");
        assert_eq!(asked, core.id() == lantern.id(), "{place}");
    }
    let harbor_room = format!("/room/{}/echo", harbor.alias());
    assert_eq!(tab.visit(&harbor_room), harbor_room);
}

#[test]
fn a_late_answer_of_the_session_before_says_nothing_about_this_one() {
    let (world, core, tab) = lantern();
    let gate = world.net.hold("RPC composio_list_connections");
    ask(&tab, &core);
    assert_eq!(gate.waiting(), 1);
    tab.app.sign_out(&server(&tab, &core));
    tab.settle();
    core.hold("ann");
    super::door_in(&tab, &core);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":-32000,"message":"{ENDED}"}}}}"#);
    gate.answer(reply(200, &body));
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert!(ends().is_empty());
}

#[test]
fn what_is_heard_during_a_sign_in_waits_for_its_end() {
    let (world, core, tab) = lantern();
    tab.app.sign_in(&server(&tab, &core), None);
    tab.settle();
    core.drop_session();
    let door = super::door(&tab);
    let gate = world.net.hold("RPC auth_store_session");
    door.enter(&core.session_token("ann"));
    tab.settle();
    assert_eq!(gate.waiting(), 1);
    fails(&core, ENDED);
    ask(&tab, &core);
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::SignedIn, "held back");
    gate.release();
    later(&world);
    assert_eq!(core.holder().as_deref(), Some("ann"));
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert!(ends().is_empty(), "{:?}", ends());
}

#[test]
fn a_sign_in_elsewhere_is_watched_over_here_too() {
    let (world, core, tab) = lantern();
    let other = world.open();
    look(&other, &core);
    // What follows cannot be told to the core: the other tab must not stay deaf because of that.
    world
        .net
        .always("RPC auth_clear_session", Act::Fail(TransportError::Network));
    fails(&core, ENDED);
    ask(&tab, &core);
    later(&world);
    world.deliver();
    assert_eq!(standing(&other, &core), Standing::Expired);
    core.drop_session();
    core.hold("ann");
    super::door_in(&other, &core);
    world.deliver();
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    later(&world);
    world.advance(10 * SECOND);
    fails(&core, ENDED);
    ask(&tab, &core);
    later(&world);
    assert_eq!(
        standing(&tab, &core),
        Standing::Expired,
        "the new session ends as well"
    );
}

#[test]
fn an_old_refusal_does_not_end_a_session_that_another_tab_has_just_begun() {
    let (world, core, tab) = lantern();
    let other = world.open();
    look(&other, &core);
    let gate = world.net.hold("RPC composio_list_connections");
    ask(&tab, &core);
    other.app.sign_out(&server(&other, &core));
    other.settle();
    core.hold("ann");
    super::door_in(&other, &core);
    // This tab has not heard of it yet.
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":2,"error":{{"code":-32000,"message":"{ENDED}"}}}}"#);
    gate.answer(reply(200, &body.replace("\"id\":2", &id_of(&world))));
    later(&world);
    assert_eq!(
        core.holder().as_deref(),
        Some("ann"),
        "it is not cleared there"
    );
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert_eq!(standing(&other, &core), Standing::SignedIn);
    assert!(ends().is_empty(), "{:?}", ends());
}

fn id_of(world: &World) -> String {
    let sent = world.net.last("RPC composio_list_connections");
    format!("\"id\":{}", sent.json()["id"])
}

#[test]
fn no_secret_is_in_what_a_core_makes_the_app_say() {
    let (world, core, tab) = lantern();
    let token = core.session_token("ann");
    fails(
        &core,
        &format!("could not use {token} for {}", core.bearer()),
    );
    ask(&tab, &core);
    world.advance(SECOND);
    let said = format!(
        "{:?} {:?}",
        logged(),
        server(&tab, &core)
            .integrations()
            .unwrap()
            .failure()
            .get_untracked()
    );
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn what_is_heard_before_anything_is_known_waits_for_the_first_look() {
    let world = World::new();
    let core = world.opened_core("lantern", "ann");
    let tab = world.open();
    fails(&core, ENDED);
    ask(&tab, &core);
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert_eq!(core.holder().as_deref(), Some("ann"));
    look(&tab, &core);
    later(&world);
    assert_eq!(core.count("auth_get_me"), 1, "it is looked into");
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert!(ends().is_empty());
}

#[test]
fn whoever_comes_back_to_the_page_is_told_at_once() {
    let (world, core, tab) = lantern();
    world.advance(HOUR);
    world
        .net
        .once("RPC auth_get_state", Act::Fail(TransportError::Network));
    tab.app.wake();
    later(&world);
    assert_ne!(standing(&tab, &core), Standing::Expired);
    world.advance(HOUR);
    core.drop_session();
    tab.app.wake();
    later(&world);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!((tab.toasts().len(), ends().len()), (1, 1));
}
