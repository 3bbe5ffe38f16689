//! The guard and the connection revision.

use enfilade::core::session::guard::Notice;
use reactive_graph::traits::Get;
use serde_json::json;

use crate::fake::{HOUR, MINUTE, Move, World};

const THREAD: &str = "7f8c1b1e-2b52-4f5e-9c53-6d8b9a0c1d2e";

#[test]
fn only_the_expired_servers_place_asks_for_sign_in_and_the_other_stays() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let place = format!("{}?x=1#m3", harbor.path(Some(THREAD)));
    assert_eq!(tab.visit(&place), place);
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    assert_eq!(tab.visit(&place), harbor.sign_in_path(&place));
    assert_eq!(
        tab.visit(&meadow.path(Some(THREAD))),
        meadow.path(Some(THREAD))
    );
    assert_eq!(tab.visit("/lobby"), "/lobby");
}

#[test]
fn a_redirect_of_the_guard_leaves_no_step_back() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open();
    tab.visit(&harbor.path(None));
    assert_eq!(
        tab.moves(),
        [Move::Go {
            path: harbor.sign_in_path(&harbor.path(None)),
            replace: true
        }]
    );
}

#[test]
fn an_unknown_alias_leads_to_the_lobby_with_a_notice() {
    let (world, _) = World::with_one();
    let tab = world.open();
    assert_eq!(tab.visit("/room/gone-example/echo"), "/lobby");
    assert_eq!(tab.notices(), [Notice::UnknownServer]);
}

#[test]
fn nothing_is_decided_before_the_sessions_are_restored() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.expired(&harbor);
    let tab = world.open_at_once(None);
    assert_eq!(tab.visit(&harbor.path(None)), "(splash)");
    assert_eq!(tab.visit("/lobby"), "(splash)");
    assert!(tab.moves().is_empty());
    assert_eq!(
        tab.visit("/diagnostics"),
        "/diagnostics",
        "public places need no session"
    );
    world.settle();
    assert_eq!(
        tab.visit(&harbor.path(None)),
        harbor.sign_in_path(&harbor.path(None))
    );
}

#[test]
fn the_lobby_needs_any_connected_server() {
    let world = World::new();
    let (harbor, meadow) = (world.backend("harbor"), world.backend("meadow"));
    world.expired(&harbor);
    world.expired(&meadow);
    assert_eq!(world.open().visit("/lobby"), "/");
    world.signed_in(&meadow, HOUR);
    assert_eq!(world.open().visit("/lobby"), "/lobby");
}

#[test]
fn a_rotation_leaves_the_revision_alone() {
    let (world, harbor, _) = World::with_two();
    let tab = world.open();
    let before = tab.app.revision().get();
    let access = tab.access(&harbor);
    world.advance(56 * MINUTE);
    assert_ne!(tab.access(&harbor), access);
    assert_eq!(tab.app.revision().get(), before);
}

#[test]
fn a_rotation_does_not_wake_whoever_reads_the_revision() {
    use reactive_graph::effect::Effect;
    use reactive_graph::owner::Owner;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let (world, harbor, _) = World::with_two();
    let tab = world.open();
    let owner = Owner::new();
    let runs = Arc::new(AtomicUsize::new(0));
    owner.with(|| {
        let (revision, runs) = (tab.app.revision(), runs.clone());
        Effect::new(move |_: Option<()>| {
            revision.get();
            runs.fetch_add(1, Ordering::Relaxed);
        });
    });
    world.settle();
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    world.advance(56 * MINUTE);
    assert_eq!(
        (world.net.count("POST /token"), runs.load(Ordering::Relaxed)),
        (2, 1)
    );
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    drop(owner);
}

#[test]
fn a_flip_an_addition_and_a_removal_change_the_revision() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    let first = tab.app.revision().get();
    harbor.refuse_access();
    harbor.refuse_refresh();
    tab.load(&harbor);
    let flipped = tab.app.revision().get();
    assert_ne!(flipped, first);
    tab.app.remove(&tab.server(&meadow));
    tab.settle();
    let removed = tab.app.revision().get();
    assert_ne!(removed, flipped);
    assert_eq!(removed.0.len(), 1);

    let orchard = world.backend("orchard");
    orchard.set_open(true);
    tab.app.connect().open(Some(&orchard.origin()), None);
    tab.app.connect().submit();
    tab.settle();
    let added = tab.app.revision().get();
    assert_eq!(added.0.len(), 2);
    assert!(
        added
            .0
            .iter()
            .any(|door| door.id == orchard.id() && door.connected)
    );
}

#[test]
fn a_server_that_answers_badly_does_not_change_the_revision() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let before = tab.app.revision().get();
    world.net.always(
        "GET /api/v1/rooms",
        crate::fake::reply(500, &json!({ "detail": "x" }).to_string()),
    );
    tab.load(&harbor);
    assert_eq!(tab.app.revision().get(), before);
}

#[test]
fn after_a_sign_out_the_place_is_left_without_asking_for_sign_in() {
    let (world, harbor, _) = World::with_two();
    let tab = world.open();
    tab.visit(&harbor.path(None));
    tab.app.sign_out(&tab.server(&harbor));
    assert_eq!(tab.follow(), "/lobby");
}
