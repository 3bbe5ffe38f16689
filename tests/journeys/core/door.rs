//! Opening a core: the token of the process, then the account.

use enfilade::state::connect::Step;
use enfilade::state::openhuman::door::{Door, Wants};
use enfilade::state::server::Standing;
use reactive_graph::traits::{GetUntracked, Set};

use super::{look, server, standing};
use crate::fake::{Core, SECOND, Tab, World, reply};

fn submit(tab: &Tab, address: &str) -> Step {
    tab.app.connect().address().set(address.to_owned());
    tab.app.connect().submit();
    tab.settle();
    tab.app.connect().step().get_untracked()
}

fn door(tab: &Tab) -> Door {
    let door = Door::at(&tab.app, &tab.app.connect()).expect("a core was found");
    tab.settle();
    door
}

fn wants(door: &Door) -> Wants {
    door.wants().get_untracked()
}

fn problem(door: &Door) -> String {
    door.problem().get_untracked().unwrap_or_default()
}

fn enter(tab: &Tab, door: &Door, text: &str) {
    door.enter(text);
    tab.settle();
}

/// At the door of a core that nobody has opened here yet.
fn at_door() -> (World, Core, Tab, Door) {
    let world = World::new();
    let core = world.core("lantern");
    let tab = world.open();
    let step = submit(&tab, &core.origin());
    assert!(matches!(step, Step::Key { .. }), "{step:?}");
    let door = door(&tab);
    (world, core, tab, door)
}

#[test]
fn a_core_is_found_by_its_address_with_or_without_the_place_of_its_calls() {
    for end in ["", "/", "/rpc", "/rpc/"] {
        let world = World::new();
        let core = world.core("lantern");
        let tab = world.open();
        let step = submit(&tab, &format!("{}{end}", core.origin()));
        let Step::Key { found } = step else {
            panic!("{end}: {step:?}");
        };
        assert_eq!(found.id, core.id());
        assert!(
            world.net.log().iter().all(|sent| sent.bearer.is_none()),
            "nothing is sent along before a person enters it"
        );
    }
}

#[test]
fn a_wrong_core_token_is_told_in_the_form_and_ends_nothing() {
    let (world, core, tab, door) = at_door();
    assert_eq!(wants(&door), Wants::CoreToken);
    enter(&tab, &door, "  ");
    assert!(problem(&door).contains("Paste"), "{}", problem(&door));
    enter(&tab, &door, "wrong");
    assert!(problem(&door).contains("does not accept this core token"));
    assert!(problem(&door).contains("Nobody was signed out"));
    assert_eq!(wants(&door), Wants::CoreToken);
    assert!(tab.app.servers().get_untracked().is_empty());
    assert!(tab.toasts().is_empty());
    assert_eq!(world.stored_at(&core.id()), None);
    core.hold("ann");
    enter(&tab, &door, &core.bearer());
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
}

#[test]
fn a_core_where_somebody_is_signed_in_is_open_with_its_token_alone() {
    let (world, core, tab, door) = at_door();
    core.hold("ann");
    enter(&tab, &door, &core.bearer());
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert_eq!(tab.went().as_deref(), Some("/lobby"));
    look(&tab, &core);
    let rooms = server(&tab, &core).rooms().get_untracked();
    assert_eq!(rooms.data.map(|rooms| rooms.len()), Some(1));
    let profile = server(&tab, &core).profile().get_untracked();
    assert_eq!(profile.map(|profile| profile.name).as_deref(), Some("ann"));
    let stored = world.stored_at(&core.id()).unwrap();
    let tokens = stored.tokens().unwrap();
    assert_eq!(tokens.access.expose(), &core.bearer());
    assert_eq!(tokens.refresh, None);
    assert!(!world.disk.holds(&core.bearer()), "it is sealed");
}

#[test]
fn a_session_token_goes_to_the_core_and_is_kept_nowhere_else() {
    let (world, core, tab, door) = at_door();
    enter(&tab, &door, &core.bearer());
    assert_eq!(wants(&door), Wants::Account);
    assert_eq!(problem(&door), "");
    let token = core.session_token("ann");
    enter(&tab, &door, &token);
    assert_eq!(core.holder().as_deref(), Some("ann"));
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    let stored = world.stored_at(&core.id()).unwrap();
    let text = format!("{:?}", stored.tokens().map(|tokens| tokens.access.expose()));
    assert!(!text.contains(&token));
    assert_eq!(core.count("auth_store_session"), 1);
    look(&tab, &core);
    // The world looks for it everywhere when it ends.
}

#[test]
fn the_token_of_a_sign_in_link_is_traded_once_and_then_stored() {
    let (_world, core, tab, door) = at_door();
    enter(&tab, &door, &core.bearer());
    let link = core.login_token("ben");
    enter(&tab, &door, &link);
    assert_eq!(core.holder().as_deref(), Some("ben"));
    assert_eq!(core.count("auth_consume_login_token"), 1);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
}

#[test]
fn a_refused_session_token_is_told_in_the_form() {
    let (_world, core, tab, door) = at_door();
    enter(&tab, &door, &core.bearer());
    enter(&tab, &door, "e30.nobody.sig");
    assert!(
        problem(&door).contains("does not accept this token"),
        "{}",
        problem(&door)
    );
    assert_eq!(wants(&door), Wants::Account);
    assert_eq!(core.count("auth_store_session"), 1, "it is not tried again");
    assert!(tab.app.servers().get_untracked().is_empty());
    let busy = "Session validation failed (GET /auth/me): 503 Service Unavailable";
    core.fail("auth_store_session", 1, busy);
    let token = core.session_token("ann");
    enter(&tab, &door, &token);
    assert!(problem(&door).contains("503"), "{}", problem(&door));
    assert!(!door.busy().get_untracked());
    assert!(tab.app.servers().get_untracked().is_empty());
    enter(&tab, &door, &token);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
}

#[test]
fn a_store_that_cannot_be_read_back_is_no_sign_in() {
    let (_world, core, tab, door) = at_door();
    enter(&tab, &door, &core.bearer());
    core.set_forgetful(true);
    let token = core.session_token("ann");
    enter(&tab, &door, &token);
    assert!(problem(&door).contains("does not say that anybody is signed in"));
    assert!(tab.app.servers().get_untracked().is_empty());
    core.set_forgetful(false);
    enter(&tab, &door, &token);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
}

#[test]
fn a_core_token_that_was_kept_is_tried_at_once() {
    let world = World::new();
    let core = world.opened_core("lantern", "ann");
    core.drop_session();
    let tab = world.open();
    look(&tab, &core);
    world.advance(SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    let calls = core.count("");
    tab.app.sign_in(&server(&tab, &core), None);
    tab.settle();
    let at = door(&tab);
    assert_eq!(
        wants(&at),
        Wants::Account,
        "the core token is not asked for"
    );
    let token = core.session_token("ann");
    enter(&tab, &at, &token);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert!(core.count("") > calls);
}

#[test]
fn a_kept_core_token_that_is_not_good_any_more_is_asked_for() {
    let world = World::new();
    let core = world.opened_core("lantern", "ann");
    let tab = world.open();
    look(&tab, &core);
    let new = core.change_bearer();
    tab.app.sign_in(&server(&tab, &core), None);
    tab.settle();
    let at = door(&tab);
    assert_eq!(wants(&at), Wants::CoreToken);
    assert!(problem(&at).contains("started anew"), "{}", problem(&at));
    assert_eq!(
        standing(&tab, &core),
        Standing::SignedIn,
        "nothing has ended"
    );
    enter(&tab, &at, &new);
    let stored = world.stored_at(&core.id()).unwrap();
    assert_eq!(stored.tokens().unwrap().access.expose(), &new);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
}

#[test]
fn a_core_that_does_not_answer_is_told_as_such_and_keeps_what_was_entered() {
    let (world, core, tab, door) = at_door();
    enter(&tab, &door, &core.bearer());
    world.net.once(
        "RPC auth_store_session",
        crate::fake::Act::Fail(enfilade::port::TransportError::Network),
    );
    let token = core.session_token("ann");
    enter(&tab, &door, &token);
    assert!(
        problem(&door).contains("does not answer"),
        "{}",
        problem(&door)
    );
    assert_eq!(wants(&door), Wants::Account);
    world
        .net
        .once("RPC auth_store_session", reply(502, "<html>bad</html>"));
    enter(&tab, &door, &token);
    assert!(problem(&door).contains("does not answer"));
    enter(&tab, &door, &token);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
}

#[test]
fn whoever_is_in_already_comes_in_again_without_a_new_session() {
    let world = World::new();
    let core = world.opened_core("lantern", "ann");
    let tab = world.open();
    look(&tab, &core);
    let before = world.stored_at(&core.id()).unwrap();
    super::door_in(&tab, &core);
    assert_eq!(tab.went().as_deref(), Some("/lobby"));
    let after = server(&tab, &core).session().signal().get_untracked();
    assert_eq!(after.epoch, before.epoch, "what is under way goes on");
}

#[test]
fn a_session_without_an_account_never_ends_by_what_is_said() {
    let (world, core, tab, door) = at_door();
    enter(&tab, &door, &core.bearer());
    let token = core.local_token("ann");
    enter(&tab, &door, &token);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    // Nothing else has been asked yet.
    core.fail("composio_list_connections", 9, crate::fake::ENDED);
    server(&tab, &core).integrations().unwrap().refresh();
    world.advance(20 * SECOND);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert_eq!(core.holder().as_deref(), Some("ann"));
}

#[test]
fn a_held_session_that_an_account_sign_in_replaces_is_the_old_ones_no_more() {
    let (world, core, tab, door) = at_door();
    core.hold("ann");
    enter(&tab, &door, &core.bearer());
    tab.app.sign_in(&server(&tab, &core), None);
    tab.settle();
    core.drop_session();
    let at = super::door(&tab);
    assert_eq!(wants(&at), Wants::Account);
    let token = core.session_token("ben");
    enter(&tab, &at, &token);
    let user = server(&tab, &core).session().user();
    assert!(user.as_str().contains("ben"), "{}", user.as_str());
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    world.advance(SECOND);
    assert!(super::ends().is_empty());
}

#[test]
fn a_sign_in_that_takes_too_long_is_tried_once_more() {
    let (world, core, tab, door) = at_door();
    enter(&tab, &door, &core.bearer());
    let late = || crate::fake::Act::Fail(enfilade::port::TransportError::Timeout);
    world.net.once("RPC auth_store_session", late());
    let token = core.session_token("ann");
    enter(&tab, &door, &token);
    assert_eq!(problem(&door), "");
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert_eq!(world.net.count("RPC auth_store_session"), 2);
    // Twice is enough.
    tab.app.sign_out(&server(&tab, &core));
    world.advance(SECOND);
    submit(&tab, &core.origin());
    let door = super::door(&tab);
    enter(&tab, &door, &core.bearer());
    world.net.always("RPC auth_store_session", late());
    enter(&tab, &door, &token);
    assert_eq!(world.net.count("RPC auth_store_session"), 4);
    assert!(
        problem(&door).contains("does not answer"),
        "{}",
        problem(&door)
    );
}
