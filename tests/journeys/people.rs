//! Two people at one browser: nothing of the one is the other's.

use enfilade::core::record::keys;
use enfilade::core::secret::Secret;
use enfilade::core::session::token::Tokens;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Backend, HOUR, MINUTE, Tab, World, reply, rows, started};

fn sign_in(world: &World, tab: &Tab, backend: &Backend, user: &str) {
    backend.set_user(user);
    tab.server(backend)
        .session()
        .sign_in(backend.provider(), backend.tokens(world.clock.time(), HOUR));
    tab.settle();
}

fn start_run(tab: &Tab, backend: &Backend) -> String {
    let thread = tab.thread(backend, "t-1");
    thread.composer().typed("count".into());
    thread.composer().send();
    tab.settle();
    let run = backend.last_run();
    backend.emit(&run, &[started(&run)]);
    run
}

#[test]
fn the_next_person_finds_no_run_no_row_and_no_name_of_the_last_also_after_an_expiry() {
    for is_expired in [false, true] {
        let (world, harbor, meadow) = World::with_two();
        let tab = world.open();
        let (run, other) = (start_run(&tab, &harbor), start_run(&tab, &meadow));
        tab.load(&harbor);
        if is_expired {
            harbor.refuse_access();
            harbor.refuse_refresh();
            tab.load(&harbor);
            assert_eq!(tab.standing(&harbor), Standing::Expired);
            assert_eq!(harbor.listeners(&run), 1, "an end by itself cuts nothing");
        }
        sign_in(&world, &tab, &harbor, "bob");
        assert_eq!(harbor.listeners(&run), 0);
        assert!(rows(&tab.thread(&harbor, "t-1")).is_empty());
        assert!(tab.room(&harbor).running().get_untracked().is_empty());
        let profile = tab.server(&harbor).profile().get_untracked();
        assert!(profile.is_none_or(|profile| profile.name == "bob"));
        assert_eq!(
            meadow.listeners(&other),
            1,
            "the other server does not notice"
        );
        assert_eq!(rows(&tab.thread(&meadow, "t-1")), ["user:done:count"]);
    }
}

#[test]
fn the_same_person_signing_in_again_keeps_everything() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let run = start_run(&tab, &harbor);
    sign_in(&world, &tab, &harbor, "ann");
    assert_eq!(harbor.listeners(&run), 1);
    assert_eq!(rows(&tab.thread(&harbor, "t-1")), ["user:done:count"]);
}

#[test]
fn what_comes_late_for_ann_does_not_touch_bob() {
    for (status, body) in [
        (200, r#"{"access_token":"late","expires_in":3600}"#),
        (400, r#"{"error":"invalid_grant"}"#),
    ] {
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let gate = world.net.hold("POST /token");
        world.advance(55 * MINUTE);
        assert_eq!(gate.waiting(), 1);
        tab.app.sign_out(&tab.server(&harbor));
        tab.settle();
        sign_in(&world, &tab, &harbor, "bob");
        let (bob, stored) = (tab.access(&harbor), world.stored(&harbor));
        gate.answer(reply(status, body));
        tab.settle();
        world.advance(30 * MINUTE);
        assert_eq!(tab.standing(&harbor), Standing::SignedIn, "{body}");
        assert_eq!(tab.access(&harbor), bob);
        assert_eq!(world.stored(&harbor), stored);
    }
}

#[test]
fn removing_a_server_removes_the_drafts_of_everybody_and_ends_its_runs() {
    let (world, harbor, meadow) = World::with_two();
    let tab = world.open();
    for user in ["ann", "bob"] {
        sign_in(&world, &tab, &harbor, user);
        tab.thread(&harbor, "t-2").composer().typed("text".into());
        tab.app.flush();
    }
    let run = start_run(&tab, &harbor);
    assert_eq!(harbor.listeners(&run), 1);
    tab.thread(&meadow, "t-2").composer().typed("text".into());
    tab.app.flush();
    assert_eq!(world.disk.all(keys::DRAFT_PREFIX).len(), 3);
    tab.app.remove(&tab.server(&harbor));
    tab.settle();
    assert_eq!(world.disk.all(keys::DRAFT_PREFIX).len(), 1);
    assert_eq!(harbor.listeners(&run), 0);
    assert!(tab.app.server_by_id(&harbor.id()).is_none());
}

#[test]
fn whose_token_names_nobody_finds_the_draft_again_all_the_same() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let opaque = |text: &str| Tokens {
        access: Secret::new(text.to_owned()),
        ..harbor.tokens(world.clock.time(), HOUR)
    };
    let session = tab.server(&harbor).session().clone();
    session.sign_in(harbor.provider(), opaque("opaque-one"));
    harbor.refuse_refresh();
    let composer = tab.thread(&harbor, "t-1").composer();
    composer.typed("half a thought".into());
    composer.send();
    tab.settle();
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert_eq!(world.disk.all(keys::DRAFT_PREFIX).len(), 1);
    tab.close();
    let tab = world.open();
    let session = tab.server(&harbor).session().clone();
    session.sign_in(harbor.provider(), opaque("opaque-two"));
    let text = tab.thread(&harbor, "t-1").composer().text();
    assert_eq!(text.get_untracked(), "half a thought");
}
