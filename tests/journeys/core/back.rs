//! After the end of a session: what the same person finds again, and what another one does not.

use enfilade::core::composer::draft::{DraftKey, UserKey};
use enfilade::core::record::keys;
use enfilade::port::TransportError;
use enfilade::state::openhuman::door::Wants;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use super::{door, ends, lantern, look, room, server, standing};
use crate::fake::{Act, Core, ENDED, HOUR, SECOND, Tab, World};

const PANEL: &str = "?panel=integrations";

/// The session ends in the middle of something.
fn end(world: &World, core: &Core, tab: &Tab) {
    core.fail("composio_list_connections", 1, ENDED);
    server(tab, core).integrations().unwrap().refresh();
    world.advance(SECOND);
    assert_eq!(standing(tab, core), Standing::Expired);
}

/// Signs in at the core with an account, from the page that asks for it.
fn sign_in(tab: &Tab, core: &Core, user: &str, place: &str) {
    let route = enfilade::core::route::Route::parse_href(place);
    tab.app.sign_in(&server(tab, core), Some(route));
    tab.settle();
    let door = door(tab);
    assert_eq!(door.wants().get_untracked(), Wants::Account);
    door.enter(&core.session_token(user));
    tab.settle();
    assert_eq!(standing(tab, core), Standing::SignedIn);
}

fn names(tab: &Tab, core: &Core) -> Option<Vec<String>> {
    let list = server(tab, core)
        .integrations()
        .unwrap()
        .list()
        .get_untracked();
    let data = list.data;
    data.map(|list| list.into_iter().map(|one| one.toolkit).collect())
}

#[test]
fn whoever_signs_in_again_is_back_at_the_panel_with_the_draft() {
    let (world, core, tab) = lantern();
    let panel = core.path(PANEL);
    assert_eq!(tab.visit(&panel), panel);
    server(&tab, &core).integrations().unwrap().refresh();
    tab.settle();
    room(&tab, &core)
        .new_thread()
        .typed("half a question".into());
    end(&world, &core, &tab);
    let asked = tab.visit(&panel);
    assert_eq!(asked, core.sign_in_path(&panel));
    let waiting = tab.app.connect().waiting().get_untracked();
    assert!(waiting.is_some_and(|waiting| waiting.server.id() == &core.id()));
    sign_in(&tab, &core, "ann", &panel);
    assert_eq!(tab.went(), Some(panel.clone()));
    assert_eq!(tab.follow(), panel);
    let text = room(&tab, &core).new_thread().text().get_untracked();
    assert_eq!(text, "half a question");
    assert!(names(&tab, &core).is_some(), "the list is still there");
}

#[test]
fn another_person_finds_nothing_of_the_one_before() {
    let (world, core, tab) = lantern();
    core.connect("gmail", "ACTIVE");
    server(&tab, &core).integrations().unwrap().refresh();
    room(&tab, &core).new_thread().typed("not for ben".into());
    tab.settle();
    assert!(names(&tab, &core).is_some());
    end(&world, &core, &tab);
    sign_in(&tab, &core, "ben", &core.path(""));
    assert_eq!(
        names(&tab, &core),
        None,
        "not even until the new list is there"
    );
    let text = room(&tab, &core).new_thread().text().get_untracked();
    assert_eq!(text, "");
    let profile = server(&tab, &core).profile().get_untracked();
    assert_ne!(profile.map(|profile| profile.name).as_deref(), Some("ann"));
    // What ann wrote waits for ann.
    let ann = UserKey::from_parts(core.id().as_str(), "ann");
    let drafts = world.disk.all(&keys::draft_prefix(&core.id()));
    let mut owners = drafts
        .iter()
        .filter_map(|key| DraftKey::from_storage_key(key));
    assert!(owners.any(|draft| draft.user == ann), "{drafts:?}");
}

#[test]
fn somebody_else_who_signs_in_at_the_core_itself_finds_nothing_either() {
    let (world, core, tab) = lantern();
    server(&tab, &core).integrations().unwrap().refresh();
    room(&tab, &core).new_thread().typed("not for ben".into());
    tab.settle();
    assert!(names(&tab, &core).is_some());
    core.hold("ben");
    server(&tab, &core).reload_rooms();
    world.advance(SECOND);
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
    assert_eq!(names(&tab, &core), None);
    let text = room(&tab, &core).new_thread().text().get_untracked();
    assert_eq!(text, "");
    let profile = server(&tab, &core).profile().get_untracked();
    assert_eq!(profile.map(|profile| profile.name).as_deref(), Some("ben"));
    assert!(ends().is_empty(), "nothing has expired");
}

#[test]
fn a_dead_session_that_the_core_still_holds_is_not_entered_again() {
    let (world, core, tab) = lantern();
    world
        .net
        .once("RPC auth_clear_session", Act::Fail(TransportError::Network));
    end(&world, &core, &tab);
    assert_eq!(core.holder().as_deref(), Some("ann"));
    core.fail("auth_get_me", 9, ENDED);
    tab.app.sign_in(&server(&tab, &core), None);
    tab.settle();
    let at = door(&tab);
    assert_eq!(at.wants().get_untracked(), Wants::Account);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!(core.holder(), None, "it is told once more to forget it");
    at.enter(&core.session_token("ann"));
    tab.settle();
    assert_eq!(standing(&tab, &core), Standing::SignedIn);
}

#[test]
fn a_session_that_has_ended_stays_so_over_a_reload_until_somebody_signs_in() {
    let (world, core, tab) = lantern();
    let panel = core.path(PANEL);
    end(&world, &core, &tab);
    tab.close();
    let again = world.open();
    assert_eq!(standing(&again, &core), Standing::Expired);
    assert_eq!(again.visit(&panel), core.sign_in_path(&panel));
    sign_in(&again, &core, "ann", &panel);
    assert_eq!(again.follow(), panel);
    look(&again, &core);
    assert_eq!(ends().len(), 1);
}

#[test]
fn signing_out_tells_the_core_and_forgets_its_token() {
    let (world, core, tab) = lantern();
    server(&tab, &core).integrations().unwrap().refresh();
    tab.settle();
    let bearer = core.bearer();
    tab.app.sign_out(&server(&tab, &core));
    assert_eq!(standing(&tab, &core), Standing::SignedOut, "at once");
    assert_eq!(names(&tab, &core), None);
    tab.settle();
    assert_eq!(core.holder(), None);
    let sent = world.net.sent("RPC auth_clear_session");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].bearer.as_deref(), Some(bearer.as_str()));
    let stored = world.stored_at(&core.id());
    assert!(stored.is_some_and(|session| session.tokens().is_none()));
    assert!(ends().is_empty());
    world.advance(60 * SECOND);
    assert_eq!(core.count("auth_clear_session"), 1);
}

#[test]
fn a_sign_out_that_the_core_does_not_hear_is_told_and_stands() {
    let (world, core, tab) = lantern();
    world
        .net
        .once("RPC auth_clear_session", Act::Fail(TransportError::Timeout));
    tab.app.sign_out(&server(&tab, &core));
    tab.settle();
    assert_eq!(standing(&tab, &core), Standing::SignedOut);
    assert_eq!(tab.toasts().len(), 1, "{:?}", tab.toasts());
    assert_eq!(world.stored_at(&core.id()).unwrap().tokens(), None);
}

#[test]
fn removing_a_core_only_forgets_it() {
    let (world, core, tab) = lantern();
    room(&tab, &core).new_thread().typed("a draft".into());
    tab.settle();
    world.net.forget_log();
    tab.app.remove(&server(&tab, &core));
    world.advance(60 * SECOND);
    let asked = world.net.log();
    let asked: Vec<&str> = asked.iter().map(|sent| sent.url.as_str()).collect();
    assert!(asked.is_empty(), "nothing is asked of anybody: {asked:?}");
    assert_eq!(core.holder().as_deref(), Some("ann"));
    assert_eq!(world.stored_at(&core.id()), None);
    assert!(!world.disk.holds("a draft"));
    assert!(world.disk.all(&keys::listener(&core.id())).is_empty());
}

#[test]
fn the_panel_of_one_core_stops_and_goes_on_while_everything_else_works() {
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
    let panel = lantern.path(PANEL);
    assert_eq!(tab.visit(&panel), panel);
    let _watches = [&lantern, &quay].map(|core| server(&tab, core).integrations().unwrap().watch());
    world.advance(20 * SECOND);
    lantern.drop_session();
    world.advance(10 * SECOND);
    assert_eq!(standing(&tab, &lantern), Standing::Expired);
    assert_eq!((tab.toasts().len(), ends().len()), (1, 1));
    assert_eq!(tab.visit(&panel), lantern.sign_in_path(&panel));
    lantern.forget_calls();
    quay.forget_calls();
    world.advance(60 * SECOND);
    assert_eq!(lantern.count(""), 0, "nothing is asked of it");
    assert_eq!(quay.count("composio_list_connections"), 12);
    tab.load(&harbor);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    sign_in(&tab, &lantern, "ann", &panel);
    assert_eq!(tab.follow(), panel);
    lantern.forget_calls();
    world.advance(20 * SECOND);
    assert!(lantern.count("composio_list_connections") >= 4);
    assert_eq!(ends().len(), 1);
}

#[test]
fn a_core_that_was_removed_takes_nothing_more() {
    let (world, core, tab) = lantern();
    let known = server(&tab, &core);
    let gate = world.net.hold("RPC app_state_snapshot");
    known.reload_rooms();
    tab.settle();
    tab.app.remove(&known);
    core.hold("ben");
    gate.release();
    world.advance(10 * SECOND);
    assert_eq!(world.stored_at(&core.id()), None);
    assert!(known.profile().get_untracked().is_none());
    assert!(tab.app.servers().get_untracked().is_empty());
}

#[test]
fn whoever_is_asked_for_twice_at_once_is_looked_up_once() {
    let (world, core, tab) = lantern();
    core.forget_calls();
    let gate = world.net.hold("RPC app_state_snapshot");
    for _ in 0..3 {
        server(&tab, &core).reload_rooms();
        tab.settle();
    }
    gate.release();
    tab.settle();
    assert_eq!(core.count("app_state_snapshot"), 1);
}

#[test]
fn an_assistant_that_does_not_know_the_person_yet_says_so_first() {
    let (_world, core, tab) = lantern();
    let welcome = || {
        let rooms = server(&tab, &core).rooms().get_untracked();
        rooms.data.unwrap()[0].welcome.clone()
    };
    assert_eq!(welcome(), None);
    core.set_onboarded(false);
    server(&tab, &core).reload_rooms();
    tab.settle();
    assert!(welcome().is_some_and(|text| text.contains("get to know you")));
}
