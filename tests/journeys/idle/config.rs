//! What whoever serves the app says about it.

use enfilade::core::record::keys;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;
use serde_json::json;

use super::is_asked;
use crate::fake::{HOUR, MINUTE, SECOND, World, reply};

#[test]
fn the_configuration_is_read_once_in_idle_time_and_known_at_the_next_start() {
    let (world, harbor) = World::with_one();
    let config = |warn: i64, end: i64| {
        json!({ "servers": ["https://meadow.example"], "inactivity": { "warn_after_minutes": warn, "sign_out_after_minutes": end } })
            .to_string()
    };
    world
        .net
        .always("GET /config.json", reply(200, &config(2, 1)));
    let tab = world.open();
    let order: Vec<String> = world
        .net
        .log()
        .iter()
        .map(|sent| sent.url.clone())
        .collect();
    assert!(order.last().unwrap().ends_with("/config.json"), "{order:?}");
    tab.visit("/");
    assert_eq!(tab.app.connect().suggestions().get_untracked().len(), 1);
    assert_eq!(
        world.net.count("GET /config.json"),
        1,
        "one reading for all"
    );
    world.advance(2 * MINUTE);
    assert!(is_asked(&tab));
    world.advance(MINUTE);
    assert_eq!(tab.standing(&harbor), Standing::Expired);
    assert!(
        tab.toasts()[0].contains("after 3 minutes"),
        "{:?}",
        tab.toasts()
    );
    tab.close();

    world.net.heal();
    world.disk.drop_key(&keys::activity());
    world.signed_in(&harbor, HOUR);
    let tab = world.open();
    tab.app.touch();
    world.advance(2 * MINUTE);
    assert!(is_asked(&tab), "remembered although it could not be read");
    tab.close();
}

#[test]
fn a_configuration_that_is_gone_gives_the_defaults_and_one_that_is_broken_changes_nothing() {
    for (answer, asks) in [
        (reply(404, ""), true),
        (reply(200, "{}"), true),
        (reply(200, "<!doctype html>"), false),
        (reply(503, "{}"), false),
    ] {
        let (world, _) = World::with_one();
        world.set_limits(0, 0);
        world.net.always("GET /config.json", answer);
        let tab = world.open();
        world.advance(10 * MINUTE);
        assert_eq!(is_asked(&tab), asks);
        tab.close();
    }
}

#[test]
fn somebody_without_a_session_asks_for_the_configuration_once() {
    let world = World::new();
    let tab = world.open();
    assert_eq!(world.net.count("GET /config.json"), 0);
    tab.visit("/");
    tab.visit("/");
    assert_eq!(world.net.count("GET /config.json"), 1);
}

#[test]
fn what_one_tab_has_read_of_the_configuration_holds_in_the_others() {
    let (world, _) = World::with_one();
    let one = world.open();
    let config = json!({ "inactivity": { "warn_after_minutes": 1, "sign_out_after_minutes": 1 } });
    world
        .net
        .always("GET /config.json", reply(200, &config.to_string()));
    world.open();
    world.deliver();
    world.advance(MINUTE);
    assert!(is_asked(&one));
}

#[test]
fn times_shorter_than_the_pause_between_two_looks_are_kept_too() {
    let (world, harbor) = World::with_one();
    let config =
        json!({ "inactivity": { "warn_after_minutes": 0.05, "sign_out_after_minutes": 5 } });
    world
        .net
        .always("GET /config.json", reply(200, &config.to_string()));
    let (one, two) = (world.open(), world.open());
    for _ in 0..4 {
        world.deliver();
        assert!(!is_asked(&one) && !is_asked(&two));
        world.advance(3 * SECOND);
        assert!(is_asked(&one) && is_asked(&two));
        one.app.stay_signed_in();
    }
    assert_eq!(one.standing(&harbor), Standing::SignedIn);
}

#[test]
fn nothing_happens_where_it_is_turned_off() {
    for (warn_after, sign_out_after) in [(0, 0), (0, 5), (10, 0), (-1, 5), (10, -1)] {
        let (world, harbor) = World::with_one();
        world.set_limits(warn_after, sign_out_after);
        let tab = world.open();
        for _ in 0..30 {
            world.advance(4 * MINUTE);
            assert!(!is_asked(&tab));
        }
        tab.app.wake();
        tab.settle();
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        tab.close();
        world.clock.suspend(10 * HOUR);
        assert_eq!(world.open().standing(&harbor), Standing::SignedIn);
    }
}
