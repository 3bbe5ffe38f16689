//! What else goes through the shell: links out of the app, notices, and the place of the last window.

use std::sync::Arc;

use enfilade::port::Permission;
use enfilade::state::server::Standing;

use crate::fake::{Fault, HOUR, SECOND, World, refused};

#[test]
fn a_link_out_of_the_app_opens_in_the_persons_browser_and_a_failure_is_told() {
    let world = World::new();
    world.shell.install();
    let tab = world.open();
    world.shell.press("https://docs.example/a?b=1");
    world.settle();
    assert_eq!(world.shell.opened(), ["https://docs.example/a?b=1"]);
    assert!(tab.toasts().is_empty() && tab.moves().is_empty());
    world.shell.set("open_in_browser", refused("failed"));
    world.shell.press("https://docs.example/a");
    world.settle();
    assert_eq!(tab.toasts().len(), 1);
}

#[test]
fn notices_go_through_the_shell_and_need_no_permission_of_the_page() {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    let desktop = tab.app.desktop().unwrap();
    let desk = desktop.desk(Arc::new(tab.desk.clone()));
    assert_eq!(desk.permission(), Permission::Granted);
    for fault in [None, Some(Fault::Never), Some(refused("failed"))] {
        if let Some(fault) = fault {
            world.shell.set("notify", fault);
        }
        desk.notify("Harbor", "has answered", "t", Box::new(|| ()));
        world.advance(3 * SECOND);
    }
    let told = world.shell.calls("notify");
    assert_eq!(told.len(), 3);
    assert_eq!(told[0].args["title"], "Harbor");
    assert_eq!(told[0].args["body"], "has answered");
    assert!(tab.toasts().is_empty());
}

#[test]
fn a_window_that_opens_anew_goes_on_where_the_last_one_was() {
    let world = World::new();
    world.shell.install();
    let harbor = world.backend("harbor");
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    assert_eq!(tab.visit(&place), place);
    tab.close();
    let tab = world.open_at_once(None);
    tab.visit("/");
    world.advance(3 * SECOND);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    assert_eq!(tab.went(), Some(place));
}

#[test]
fn on_the_web_a_page_at_the_root_stays_there() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let place = harbor.path(None);
    assert_eq!(tab.visit(&place), place);
    tab.close();
    let tab = world.open_at_once(None);
    tab.visit("/");
    world.advance(3 * SECOND);
    assert_eq!(tab.went(), None);
}
