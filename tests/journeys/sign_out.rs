//! Signing out and removing: here at once, elsewhere as far as it goes.

use enfilade::core::record::keys;
use enfilade::core::server::registry;
use enfilade::port::TransportError;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Act, HOUR, MINUTE, SECOND, World, reply};

#[test]
fn a_sign_out_is_visible_before_anybody_is_asked() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.load(&harbor);
    world.net.forget_log();
    let gate = world.net.hold("GET /.well-known/openid-configuration");
    tab.app.sign_out(&tab.server(&harbor));
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert!(world.stored_is_signed_out(&harbor));
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_none());
    assert!(world.net.log().is_empty());
    tab.settle();
    assert_eq!(gate.waiting(), 1);
    assert!(tab.left().is_empty());
    gate.release();
    tab.settle();
    assert_eq!(harbor.revoked().len(), 1, "the refresh token is revoked");
    assert_eq!(tab.left().len(), 1);
}

#[test]
fn the_end_session_address_names_the_person_by_hint_only() {
    let (world, harbor) = World::with_one();
    let session = world.stored(&harbor).unwrap();
    let tokens = session.tokens().unwrap().clone();
    let tab = world.open();
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    let url = tab.left().pop().unwrap();
    assert!(
        url.starts_with(
            "https://id.harbor.example/logout?post_logout_redirect_uri=https%3A%2F%2Fapp.example&"
        ),
        "{url}"
    );
    assert!(url.contains(&format!(
        "id_token_hint={}",
        tokens.id_token.unwrap().expose()
    )));
    assert!(
        !url.contains(tokens.access.expose()) && !url.contains(tokens.refresh.unwrap().expose())
    );
}

#[test]
fn a_provider_that_is_down_is_told_of_and_the_sign_out_stands() {
    for (what, act) in [
        (
            "GET /.well-known/openid-configuration",
            Act::Fail(TransportError::Network),
        ),
        ("GET /.well-known/openid-configuration", reply(503, "")),
        ("POST /revoke", Act::Fail(TransportError::Timeout)),
        ("POST /revoke", reply(500, "")),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        world.net.always(what, act);
        tab.app.sign_out(&tab.server(&harbor));
        tab.settle();
        assert_eq!(tab.standing(&harbor), Standing::SignedOut);
        assert!(tab.left().is_empty());
        assert!(
            tab.toasts()
                .iter()
                .any(|text| text.contains("could not be told")),
            "{:?}",
            tab.toasts()
        );
        assert!(!tab.server(&harbor).busy().get_untracked());
        assert_eq!(world.open().standing(&harbor), Standing::SignedOut);
    }
}

#[test]
fn a_provider_that_never_answers_does_not_keep_the_server_busy_for_ever() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let _gate = world.net.hold("GET /.well-known/openid-configuration");
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert!(tab.server(&harbor).busy().get_untracked());
    world.advance(10 * SECOND);
    assert!(!tab.server(&harbor).busy().get_untracked());
    assert_eq!(tab.toasts().len(), 1);
}

#[test]
fn the_page_is_not_left_while_another_server_is_answering() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let thread = tab.thread(&meadow, "t-1");
    thread.composer().typed("count".into());
    thread.composer().send();
    tab.settle();
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert!(tab.left().is_empty());
    assert_eq!(harbor.revoked().len(), 1);
    assert_eq!(tab.toasts().len(), 1);
}

#[test]
fn what_is_written_elsewhere_is_saved_before_the_page_is_left() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    tab.thread(&meadow, "t-1").composer().typed("half a".into());
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(tab.left().len(), 1);
    tab.close();
    assert_eq!(
        world
            .open()
            .thread(&meadow, "t-1")
            .composer()
            .text()
            .get_untracked(),
        "half a"
    );
}

#[test]
fn an_expired_session_can_be_signed_out_too() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    tab.app.sign_out(&tab.server(&harbor));
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(harbor.revoked().len(), 1);
}

#[test]
fn removing_deletes_the_keys_of_that_server_only() {
    let world = World::new();
    let (harbor, harbor2, meadow) = (
        world.backend("harbor"),
        world.backend("harbor2"),
        world.backend("meadow"),
    );
    for backend in [&harbor, &harbor2, &meadow] {
        world.signed_in(backend, HOUR);
        world
            .disk
            .put(&keys::trips(&backend.id()), r#"{"v":1,"data":[1]}"#);
    }
    let tab = world.open();
    for backend in [&harbor, &harbor2, &meadow] {
        tab.thread(backend, "t-1").composer().typed("text".into());
    }
    tab.app.flush();
    let before = world.disk.all("").len();
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    assert_eq!(
        world.disk.all("").len(),
        before - 2,
        "session, trips and draft are gone, a retired name has come"
    );
    assert!(
        world
            .disk
            .all("")
            .iter()
            .all(|key| !key.contains("harbor.example"))
    );
    assert!(
        world.stored(&harbor2).unwrap().is_active() && world.stored(&meadow).unwrap().is_active()
    );
    let listed = registry::decode(&world.disk.read(&keys::servers()).unwrap())
        .unwrap()
        .servers;
    assert_eq!(listed.len(), 2);
    assert_eq!(harbor.revoked().len(), 1);
    assert!(tab.left().is_empty());
    world.advance(HOUR);
    assert!(
        world
            .disk
            .all("")
            .iter()
            .all(|key| !key.contains("harbor.example")),
        "nothing comes back"
    );
}

#[test]
fn a_refresh_that_is_answered_after_a_removal_is_dropped() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let gate = world.net.hold("POST /token");
    world.advance(55 * MINUTE);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    gate.release();
    tab.settle();
    assert_eq!(world.disk.read(&keys::session(&harbor.id())), None);
}
