//! The server that a shell brings along: an address that stays, a port that changes, and states that end no session.

use enfilade::api::shell::Failure;
use enfilade::core::server::id::{LOCAL, ServerId};
use enfilade::core::server::registry;
use enfilade::state::server::{Server, Standing};
use enfilade::state::shell::sidecar::Local;
use reactive_graph::traits::GetUntracked;

use crate::fake::{Backend, Fault, HOUR, SECOND, Tab, World, refused};

const HERE: &str = "http://127.0.0.1:4242";

/// A window of the production shell, whose own server needs no sign-in.
fn world() -> (World, Backend) {
    let world = World::new();
    world.shell.install();
    world.shell.set_production();
    world.shell.set_local("running", Some(4242), None);
    let local = world.backend("lagoon");
    local.set_open(true);
    local.move_to(HERE);
    (world, local)
}

fn local(tab: &Tab) -> Server {
    let id = ServerId::local().unwrap();
    tab.app.server_by_id(&id).expect("this computer")
}

fn state(tab: &Tab) -> Local {
    local(tab).local().expect("in a shell").get_untracked()
}

fn load(world: &World, tab: &Tab) -> bool {
    local(tab).reload_rooms();
    world.settle();
    local(tab).rooms().get_untracked().data.is_some()
}

#[test]
fn the_port_is_asked_for_in_the_production_shell_and_the_server_answers_there() {
    let (world, _) = world();
    let tab = world.open();
    assert_eq!(state(&tab), Local::Running(4242));
    assert!(load(&world, &tab));
    let sent = world.net.log();
    assert!(!sent.is_empty());
    assert!(sent.iter().all(|sent| sent.url.starts_with(HERE)));
    let record = local(&tab).record().get_untracked();
    assert_eq!(record.display_name(), "This computer");
    assert_eq!(tab.visit("/lobby"), "/lobby");
}

#[test]
fn in_development_there_is_no_such_server_and_the_port_is_not_asked_for() {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    world.advance(30 * SECOND);
    assert_eq!(tab.app.servers().get_untracked().len(), 1);
    for command in ["start_backend", "get_backend_port", "check_backend_health"] {
        assert_eq!(world.shell.count(command), 0, "{command}");
    }
}

#[test]
fn a_list_from_the_production_shell_shows_no_such_server_in_development() {
    let (world, _) = world();
    let tab = world.open();
    assert!(load(&world, &tab));
    tab.close();
    let kept = world.disk.read(&enfilade::core::record::keys::servers());
    let kept = registry::decode(&kept.unwrap()).unwrap().servers;
    assert_eq!(kept.len(), 1);
    let other = World::new();
    other.shell.install();
    other.disk.put(
        &enfilade::core::record::keys::servers(),
        &registry::encode(&kept),
    );
    assert!(other.open().app.servers().get_untracked().is_empty());
}

#[test]
fn a_page_on_the_web_asks_its_own_origin_and_knows_of_no_port() {
    let world = World::new();
    let harbor = world.backend("harbor");
    harbor.set_open(true);
    harbor.move_to("https://app.example");
    world.remember(&harbor);
    let tab = world.open();
    tab.load(&harbor);
    let sent = world.net.log();
    assert!(!sent.is_empty());
    assert!(
        sent.iter().all(|sent| !sent.url.starts_with("http")),
        "relative addresses"
    );
    assert!(local_servers(&tab).is_empty());
}

fn local_servers(tab: &Tab) -> Vec<Server> {
    let mut servers = tab.app.servers().get_untracked();
    servers.retain(|server| server.id().is_local());
    servers
}

#[test]
fn with_another_port_it_is_the_same_server() {
    let (world, backend) = world();
    let tab = world.open();
    assert!(load(&world, &tab));
    let (alias, place) = (local(&tab).alias(), "/room/this-computer/echo");
    assert_eq!(tab.visit(place), place);
    tab.close();
    world.shell.set_local("running", Some(5151), None);
    backend.move_to("http://127.0.0.1:5151");
    let tab = world.open();
    assert!(load(&world, &tab));
    assert_eq!(local(&tab).alias(), alias);
    assert_eq!(tab.visit(place), place);
    assert_eq!(local(&tab).id().as_str(), LOCAL);
}

#[test]
fn a_restart_of_it_is_noticed_by_the_first_request_that_fails_and_everything_goes_on() {
    let (world, backend) = world();
    let tab = world.open();
    assert!(load(&world, &tab));
    backend.move_to("http://127.0.0.1:5151");
    world.shell.set_local("starting", None, None);
    local(&tab).reload_rooms();
    world.settle();
    assert_eq!(state(&tab), Local::Starting);
    world.shell.set_local("running", Some(5151), None);
    world.advance(5 * SECOND);
    assert_eq!(state(&tab), Local::Running(5151));
    assert_eq!(
        local(&tab).standing().get_untracked(),
        Standing::Open,
        "it is there again"
    );
    assert!(load(&world, &tab));
}

#[test]
fn a_request_waits_for_a_server_that_is_on_its_way() {
    let (world, _) = world();
    world.shell.set_local("starting", None, None);
    let tab = world.open();
    assert_eq!(state(&tab), Local::Starting);
    local(&tab).reload_rooms();
    world.advance(4 * SECOND);
    assert!(world.net.log().is_empty(), "nobody is asked anywhere");
    world.shell.set_local("running", Some(4242), None);
    world.advance(SECOND);
    assert!(local(&tab).rooms().get_untracked().data.is_some());
}

#[test]
fn a_server_that_does_not_start_is_told_as_that_and_ends_no_session() {
    for (fault, reason) in [
        (refused("missing"), Failure::Missing),
        (refused("failed"), Failure::Failed),
        (Fault::Never, Failure::Silent),
        (Fault::Says(Ok(None)), Failure::Silent),
    ] {
        let (world, backend) = world();
        let tab = world.open();
        backend.set_open(false);
        local(&tab).reload_rooms();
        world.settle();
        // Somebody has signed in there.
        let tokens = backend.tokens(world.clock.time(), HOUR);
        let session = local(&tab).session().clone();
        session.sign_in(backend.provider(), tokens);
        world.settle();
        tab.close();
        world.shell.set("start_backend", fault.clone());
        world.shell.set("check_backend_health", fault.clone());
        let tab = world.open();
        world.advance(3 * SECOND);
        assert_eq!(state(&tab), Local::Stopped(Some(reason)), "{fault:?}");
        let session = local(&tab).session().clone();
        assert!(session.is_active_untracked(), "the token is kept");
        let place = "/room/this-computer/echo";
        assert_eq!(tab.visit(place), place, "and nobody is sent away");
        // Somebody tries again.
        world.shell.heal();
        local(&tab).start_local();
        world.advance(SECOND);
        assert_eq!(state(&tab), Local::Running(4242));
    }
}

#[test]
fn a_token_for_this_computer_goes_to_the_port_that_the_shell_names_and_nowhere_else() {
    let (world, backend) = world();
    let tab = world.open();
    backend.set_open(false);
    local(&tab).reload_rooms();
    world.settle();
    let tokens = backend.tokens(world.clock.time(), HOUR);
    let token = tokens.access.expose().clone();
    let session = local(&tab).session().clone();
    session.sign_in(backend.provider(), tokens);
    world.settle();
    world.net.forget_log();
    local(&tab).reload_rooms();
    world.settle();
    let carried: Vec<_> = world
        .net
        .log()
        .into_iter()
        .filter(|sent| sent.bearer.as_ref() == Some(&token))
        .collect();
    assert!(!carried.is_empty());
    assert!(
        carried
            .iter()
            .all(|sent| sent.url.starts_with(&format!("{HERE}/")))
    );
}

#[test]
fn its_start_delays_nobody_else() {
    let (world, _) = world();
    world.shell.set("start_backend", Fault::Never);
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    tab.load(&harbor);
    assert!(tab.server(&harbor).rooms().get_untracked().data.is_some());
}
