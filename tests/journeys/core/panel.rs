//! The services of a core: listed while somebody looks and it makes sense, with what was heard last beside what went wrong.

use std::sync::atomic::Ordering;

use enfilade::core::rpc::integration::{Integration, Link};
use enfilade::state::openhuman::integrations::{Doing, Integrations, Watch};
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use super::{door_in, lantern, server, standing};
use crate::fake::{Core, ENDED, MINUTE, SECOND, Tab, World, logged, reply};

fn panel(tab: &Tab, core: &Core) -> Integrations {
    server(tab, core).integrations().expect("a core")
}

/// A panel that somebody looks at, of a core where one service is connected.
fn looked_at(connected: Option<&str>) -> (World, Core, Tab, Integrations, Watch) {
    let (world, core, tab) = lantern();
    if let Some(toolkit) = connected {
        core.connect(toolkit, "ACTIVE");
    }
    let panel = panel(&tab, &core);
    let watch = panel.watch();
    tab.settle();
    (world, core, tab, panel, watch)
}

/// A service as the list has it.
fn one(panel: &Integrations, toolkit: &str) -> Integration {
    let list = panel.list().get_untracked().data.expect("a list");
    let mut own = list.into_iter().filter(|one| one.toolkit == toolkit);
    own.next().expect("a service of that name")
}

fn links(panel: &Integrations) -> Vec<(String, Link)> {
    let list = panel.list().get_untracked().data.unwrap_or_default();
    list.into_iter()
        .map(|one| (one.toolkit, one.link))
        .collect()
}

fn failure(panel: &Integrations) -> String {
    panel.failure().get_untracked().unwrap_or_default()
}

fn asked(core: &Core) -> usize {
    core.count("composio_list_connections")
}

/// How often it is asked in so many milliseconds.
fn asks(world: &World, core: &Core, milliseconds: i64) -> usize {
    let before = asked(core);
    world.advance(milliseconds);
    asked(core) - before
}

#[test]
fn the_list_is_asked_for_every_five_seconds_while_somebody_looks() {
    let (world, core, tab) = lantern();
    core.connect("gmail", "ACTIVE");
    let panel = panel(&tab, &core);
    assert_eq!(asks(&world, &core, MINUTE), 0, "nobody looks");
    let watch = panel.watch();
    tab.settle();
    assert_eq!(asked(&core), 1);
    let known = [
        ("gmail".to_owned(), Link::Connected),
        ("github".to_owned(), Link::Disconnected),
    ];
    let mut list = links(&panel);
    list.sort_by(|a, b| b.0.cmp(&a.0));
    let mut known = known.to_vec();
    known.sort_by(|a, b| b.0.cmp(&a.0));
    assert_eq!(list, known);
    assert_eq!(asks(&world, &core, 4_900), 0);
    assert_eq!(asks(&world, &core, 200), 1);
    assert_eq!(asks(&world, &core, 50 * SECOND), 10);
    let second = panel.watch();
    assert_eq!(asks(&world, &core, 50 * SECOND), 10, "two ask no oftener");
    drop(second);
    assert_eq!(asks(&world, &core, 50 * SECOND), 10);
    drop(watch);
    assert_eq!(asks(&world, &core, MINUTE), 0);
    let _watch = panel.watch();
    tab.settle();
    assert_eq!(asks(&world, &core, 4 * SECOND), 0);
}

#[test]
fn nothing_is_asked_while_hidden_or_offline() {
    let (world, core, tab, _panel, _watch) = looked_at(None);
    tab.desk.hidden.store(true, Ordering::Relaxed);
    assert_eq!(asks(&world, &core, MINUTE), 0);
    tab.desk.hidden.store(false, Ordering::Relaxed);
    assert_eq!(
        asks(&world, &core, SECOND),
        1,
        "at once when it is shown again"
    );
    tab.set_online(false);
    assert_eq!(asks(&world, &core, MINUTE), 0);
    tab.set_online(true);
    assert!(asks(&world, &core, SECOND) >= 1);
}

#[test]
fn an_end_stops_the_asking_and_a_sign_in_wakes_it() {
    let (world, core, tab, panel, _watch) = looked_at(None);
    let before = links(&panel);
    core.fail("composio_list_connections", 1, ENDED);
    world.advance(5 * SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!(asks(&world, &core, 10 * MINUTE), 0);
    assert_eq!(links(&panel), before, "what was heard last stays");
    core.hold("ann");
    door_in(&tab, &core);
    assert_eq!(asks(&world, &core, SECOND), 1);
    assert_eq!(asks(&world, &core, 10 * SECOND), 2);
    assert_eq!(failure(&panel), "");
}

#[test]
fn failures_are_asked_after_less_and_less_with_one_line_and_a_count() {
    let (world, core, tab, panel, _watch) = looked_at(Some("gmail"));
    let before = links(&panel);
    core.fail(
        "composio_list_connections",
        u32::MAX,
        "the service is out for lunch",
    );
    world.advance(6 * SECOND);
    assert!(
        failure(&panel).contains("out for lunch"),
        "{}",
        failure(&panel)
    );
    assert_eq!(links(&panel), before, "the last good list stays");
    let first = asks(&world, &core, 5 * MINUTE);
    assert!(first < 60, "{first}");
    for _ in 0..300 {
        world.advance(5 * MINUTE);
    }
    let lines: Vec<String> = logged()
        .into_iter()
        .filter(|line| line.contains("integrations"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains("lunch"), "no text of a server is logged");
    core.heal();
    world.advance(10 * MINUTE);
    assert_eq!(failure(&panel), "");
    let last = logged().pop().unwrap_or_default();
    let count: usize = last
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .expect("a count");
    assert!(count >= 253, "{last}");
    assert!(tab.toasts().is_empty());
}

#[test]
fn a_core_without_integrations_is_asked_once() {
    for method in ["composio_list_toolkits", "composio_list_connections"] {
        let (world, core, tab) = lantern();
        core.lacks(method);
        let panel = panel(&tab, &core);
        let _watch = panel.watch();
        tab.settle();
        assert!(failure(&panel).contains("without integrations"));
        assert_eq!(core.count(method), 1);
        world.advance(60 * MINUTE);
        assert_eq!(core.count(method), 1);
        let lines = logged();
        let lines = lines.iter().filter(|line| line.contains("integrations"));
        assert_eq!(lines.count(), 1);
        // It is another version by now, and the person looks again.
        core.heal();
        panel.refresh();
        tab.settle();
        assert_eq!((failure(&panel).as_str(), links(&panel).len()), ("", 2));
        assert_eq!(asks(&world, &core, 10 * SECOND), 2);
    }
}

#[test]
fn a_hiccup_is_asked_after_once_more_before_anything_is_said() {
    let (world, core, tab) = lantern();
    let panel = panel(&tab, &core);
    world
        .net
        .once("RPC composio_list_connections", reply(502, ""));
    let _watch = panel.watch();
    tab.settle();
    assert_eq!(failure(&panel), "");
    world.advance(SECOND);
    assert_eq!((failure(&panel).as_str(), links(&panel).len()), ("", 2));
}

#[test]
fn a_service_is_connected_elsewhere_and_noticed_here() {
    let (world, core, tab, panel, _watch) = looked_at(None);
    let gate = world.net.hold("RPC composio_authorize");
    panel.connect("github");
    tab.settle();
    let doing = || panel.doing().get_untracked().get("github").cloned();
    assert_eq!(doing(), Some(Doing::Starting));
    panel.connect("github");
    tab.settle();
    assert_eq!(gate.waiting(), 1, "once");
    gate.release();
    tab.settle();
    let url = "https://connect.example/github".to_owned();
    assert_eq!(doing(), Some(Doing::At { url }));
    world.advance(6 * SECOND);
    assert!(links(&panel).contains(&("github".to_owned(), Link::Pending)));
    assert!(doing().is_some());
    core.connect("github", "ACTIVE");
    world.advance(6 * SECOND);
    assert!(links(&panel).contains(&("github".to_owned(), Link::Connected)));
    assert_eq!(doing(), None);
}

#[test]
fn what_nobody_finishes_elsewhere_is_offered_again() {
    let (world, core, _tab, panel, _watch) = looked_at(None);
    panel.connect("github");
    world.advance(4 * MINUTE);
    assert!(!panel.doing().get_untracked().is_empty());
    world.advance(2 * MINUTE);
    assert!(panel.doing().get_untracked().is_empty());
    assert_eq!(core.connections(), 1);
}

#[test]
fn a_connection_is_given_up_once_and_its_failure_told() {
    let (world, core, tab, panel, _watch) = looked_at(Some("gmail"));
    let gmail = one(&panel, "gmail");
    core.fail("composio_delete_connection", 1, "not now");
    panel.disconnect(&gmail);
    tab.settle();
    assert_eq!(tab.toasts().len(), 1);
    assert!(
        tab.toasts()[0].contains("still connected"),
        "{:?}",
        tab.toasts()
    );
    assert!(panel.doing().get_untracked().is_empty());
    panel.disconnect(&gmail);
    panel.disconnect(&gmail);
    tab.settle();
    assert_eq!(core.connections(), 0);
    assert_eq!(core.count("composio_delete_connection"), 2);
    assert!(links(&panel).contains(&("gmail".to_owned(), Link::Disconnected)));
    world.advance(SECOND);
    panel.connect("gmail");
    core.fail("composio_authorize", 1, "the service is out for lunch");
    panel.connect("github");
    tab.settle();
    assert!(
        tab.toasts()
            .iter()
            .any(|text| text.contains("not connected"))
    );
}

#[test]
fn who_comes_by_another_tab_finds_no_list_of_the_one_before() {
    let (world, core, tab) = lantern();
    let panel = panel(&tab, &core);
    panel.refresh();
    tab.settle();
    assert_eq!(links(&panel).len(), 2);
    let other = world.open();
    other.app.sign_out(&server(&other, &core));
    world.deliver();
    assert_eq!(standing(&tab, &core), Standing::SignedOut);
    assert!(links(&panel).is_empty());
    assert_eq!(core.count("auth_clear_session"), 1, "it is told once");
}

#[test]
fn a_list_that_is_given_up_because_of_an_end_is_no_failure_of_the_list() {
    let (world, core, tab, panel, _watch) = looked_at(None);
    world
        .net
        .once("RPC composio_list_connections", reply(502, ""));
    panel.refresh();
    tab.settle();
    // Before it is asked for once more.
    core.fail("threads_list", 1, ENDED);
    super::room(&tab, &core).reload_threads();
    world.advance(2 * SECOND);
    assert_eq!(standing(&tab, &core), Standing::Expired);
    assert_eq!(failure(&panel), "");
    assert!(!panel.list().get_untracked().busy);
    assert_eq!(links(&panel).len(), 2);
}

#[test]
fn a_list_that_was_never_had_is_an_error_and_no_wait() {
    let (world, core, tab) = lantern();
    core.fail("composio_list_toolkits", 9, "out for lunch");
    core.fail("composio_list_connections", 9, "out for lunch");
    let panel = panel(&tab, &core);
    let _watch = panel.watch();
    world.advance(SECOND);
    let list = panel.list().get_untracked();
    assert!(list.data.is_none() && !list.busy);
    assert!(failure(&panel).contains("out for lunch"));
}

#[test]
fn a_connection_that_was_given_up_stays_so_though_the_list_cannot_be_had() {
    let (world, core, tab, panel, _watch) = looked_at(Some("gmail"));
    let gmail = one(&panel, "gmail");
    core.fail("composio_list_connections", 2, "out for lunch");
    panel.disconnect(&gmail);
    world.advance(SECOND);
    assert_eq!(core.connections(), 0);
    assert!(tab.toasts().is_empty(), "{:?}", tab.toasts());
    assert!(failure(&panel).contains("out for lunch"));
    world.advance(MINUTE);
    assert!(links(&panel).contains(&("gmail".to_owned(), Link::Disconnected)));
}
