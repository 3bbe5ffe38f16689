//! The keychain of the shell beside the durable copy: positive answer or it failed, the newest counts.

use enfilade::core::record::keys;
use enfilade::core::session::two_stores;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use crate::fake::{
    Backend, Fault, HOUR, KEYCHAIN, SECOND, Tab, VaultMode, World, logged, refused, unregistered,
};

/// Every way in which a bridge gives no positive answer.
fn failures(command: &str) -> Vec<Fault> {
    let mut all: Vec<Fault> = ["null", "\"\"", "{}", "\"ok\"", ""]
        .iter()
        .map(|text| Fault::Says(Ok(Some((*text).to_owned()))))
        .collect();
    all.extend([
        Fault::Says(Ok(None)),
        Fault::Never,
        Fault::Late(5_000),
        refused("unavailable"),
        refused("locked"),
        unregistered(command),
        Fault::Says(Err("thrown".to_owned())),
    ]);
    all
}

/// A shell with a server that is known and signed in to, both stores in step.
fn shell() -> (World, Backend, Tab) {
    shell_with(VaultMode::Works)
}

fn shell_with(vault: VaultMode) -> (World, Backend, Tab) {
    let world = World::new();
    world.shell.install();
    world.vault.set_mode(vault);
    let harbor = world.backend("harbor");
    world.remember(&harbor);
    let tab = world.open();
    sign_in(&world, &tab, &harbor);
    (world, harbor, tab)
}

fn sign_in(world: &World, tab: &Tab, backend: &Backend) {
    let tokens = backend.tokens(world.clock.time(), HOUR);
    let session = tab.server(backend).session().clone();
    session.sign_in(backend.provider(), tokens);
    world.settle();
}

/// The window is closed, and another one opens.
fn restart(world: &World, tab: &Tab) -> Tab {
    tab.close();
    let tab = world.open();
    world.advance(3 * SECOND);
    tab
}

fn refresh_token(tab: &Tab, backend: &Backend) -> Option<String> {
    let session = tab.server(backend).session().signal().get_untracked();
    let refresh = session.tokens()?.refresh.as_ref()?;
    Some(refresh.expose().clone())
}

fn durable(world: &World, backend: &Backend) -> Option<String> {
    world.disk.read(&keys::session(&backend.id()))
}

fn number(text: Option<&String>) -> u64 {
    two_stores::number(text.map_or("", String::as_str)).0
}

fn warnings() -> usize {
    let of_the_shell = |line: &String| line.starts_with("the shell and ");
    logged().iter().filter(|line| of_the_shell(line)).count()
}

#[test]
fn whatever_the_bridge_answers_to_a_write_the_durable_copy_is_written() {
    for fault in failures("store_refresh_token") {
        let (world, harbor, tab) = shell();
        world.shell.set("store_refresh_token", fault.clone());
        let before = number(durable(&world, &harbor).as_ref());
        sign_in(&world, &tab, &harbor);
        let token = refresh_token(&tab, &harbor);
        assert!(
            number(durable(&world, &harbor).as_ref()) > before,
            "{fault:?}"
        );
        world.advance(3 * SECOND);
        assert_eq!(warnings(), 1, "one warning: {fault:?}");
        assert!(tab.toasts().is_empty(), "and no error for the person");
        let tab = restart(&world, &tab);
        assert_eq!(refresh_token(&tab, &harbor), token, "{fault:?}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
    }
}

#[test]
fn whatever_the_bridge_answers_to_a_read_the_durable_copy_counts() {
    for fault in failures("load_refresh_token") {
        let (world, harbor, tab) = shell();
        let token = refresh_token(&tab, &harbor);
        world.shell.set("load_refresh_token", fault.clone());
        let tab = restart(&world, &tab);
        assert_eq!(refresh_token(&tab, &harbor), token, "{fault:?}");
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        assert_eq!(warnings(), 1, "{fault:?}");
    }
}

#[test]
fn whatever_the_bridge_answers_to_a_delete_nobody_is_signed_in_any_more() {
    for fault in failures("clear_refresh_token") {
        let (world, harbor, tab) = shell();
        world.shell.set("clear_refresh_token", fault.clone());
        tab.app.sign_out(&tab.server(&harbor));
        world.settle();
        assert!(world.stored_is_signed_out(&harbor), "{fault:?}");
        let tab = restart(&world, &tab);
        assert_eq!(tab.standing(&harbor), Standing::SignedOut, "{fault:?}");
        // Once it can, the keychain forgets.
        world.shell.heal();
        world.advance(10 * SECOND);
        let tab = restart(&world, &tab);
        assert_eq!(tab.standing(&harbor), Standing::SignedOut);
        assert_eq!(world.shell.kept(&harbor.id()), None, "{fault:?}");
    }
}

#[test]
fn a_token_that_only_the_keychain_has_is_used() {
    let (world, harbor, tab) = shell_with(VaultMode::Missing);
    let token = refresh_token(&tab, &harbor);
    let text = durable(&world, &harbor).unwrap();
    assert!(!text.contains("refresh-harbor"), "not in clear: {text}");
    let tab = restart(&world, &tab);
    assert_eq!(refresh_token(&tab, &harbor), token);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn without_a_shell_no_command_is_called() {
    let world = World::new();
    let harbor = world.backend("harbor");
    world.remember(&harbor);
    let tab = world.open();
    sign_in(&world, &tab, &harbor);
    tab.app.sign_out(&tab.server(&harbor));
    world.advance(3 * SECOND);
    for command in KEYCHAIN {
        assert_eq!(world.shell.count(command), 0, "{command}");
    }
}

#[test]
fn what_changes_while_the_bridge_is_missing_is_newer_than_what_the_keychain_holds() {
    for signs_out in [false, true] {
        let (world, harbor, tab) = shell();
        tab.close();
        world.shell.uninstall();
        let tab = world.open();
        assert_eq!(tab.standing(&harbor), Standing::SignedIn);
        if signs_out {
            tab.app.sign_out(&tab.server(&harbor));
        } else {
            sign_in(&world, &tab, &harbor);
        }
        world.settle();
        let token = refresh_token(&tab, &harbor);
        world.shell.install();
        let tab = restart(&world, &tab);
        assert_eq!(refresh_token(&tab, &harbor), token);
        assert_eq!(
            tab.server(&harbor).session().is_active_untracked(),
            !signs_out
        );
        assert_eq!(world.shell.kept(&harbor.id()).is_some(), !signs_out);
    }
}

#[test]
fn the_durable_copy_is_written_and_ended_before_the_keychain_is_called() {
    let (world, harbor, tab) = shell();
    let stored = world.shell.calls("store_refresh_token");
    assert_eq!(stored.len(), 1);
    for call in &stored {
        let record = call.args.get("record");
        assert_eq!(number(call.durable.as_ref()), number(record));
    }
    tab.app.sign_out(&tab.server(&harbor));
    world.settle();
    let cleared = world.shell.calls("clear_refresh_token");
    let then = cleared.last().and_then(|call| call.durable.clone());
    assert!(then.is_some_and(|text| text.contains("signed_out")));
}

#[test]
fn with_nothing_in_either_store_nobody_is_signed_in() {
    let (world, harbor, tab) = shell();
    world.disk.drop_key(&keys::session(&harbor.id()));
    world.shell.empty();
    let tab = restart(&world, &tab);
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
}

#[test]
fn the_keychain_alone_signs_nobody_in_and_forgets() {
    let (world, harbor, tab) = shell();
    world.disk.drop_key(&keys::session(&harbor.id()));
    let tab = restart(&world, &tab);
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(world.shell.kept(&harbor.id()), None);
}

#[test]
fn an_older_token_in_the_keychain_is_not_used_and_put_right() {
    let (world, harbor, tab) = shell();
    let older = world.shell.kept(&harbor.id()).unwrap();
    sign_in(&world, &tab, &harbor);
    let token = refresh_token(&tab, &harbor);
    tab.close();
    world.shell.put(&harbor.id(), &older);
    let tab = restart(&world, &tab);
    assert_eq!(refresh_token(&tab, &harbor), token);
    let repaired = world.shell.kept(&harbor.id());
    assert_eq!(
        number(repaired.as_ref()),
        number(durable(&world, &harbor).as_ref())
    );
    assert!(repaired.is_some_and(|text| text.contains(&token.unwrap())));
}

#[test]
fn a_delete_that_failed_is_tried_again_at_the_next_start_and_undoes_nothing() {
    let (world, harbor, tab) = shell();
    world.shell.set("clear_refresh_token", refused("failed"));
    tab.app.sign_out(&tab.server(&harbor));
    world.settle();
    assert!(world.shell.kept(&harbor.id()).is_some());
    world.shell.heal();
    let tab = restart(&world, &tab);
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(world.shell.kept(&harbor.id()), None);
}

#[test]
fn a_removed_server_is_forgotten_by_the_keychain_too_and_then_by_everybody() {
    let (world, harbor, tab) = shell();
    world.shell.set("clear_refresh_token", refused("failed"));
    tab.app.remove(&tab.server(&harbor));
    world.settle();
    world.shell.heal();
    let tab = restart(&world, &tab);
    assert_eq!(world.shell.kept(&harbor.id()), None, "tried again");
    assert!(durable(&world, &harbor).is_some(), "until it is confirmed");
    let tab = restart(&world, &tab);
    assert_eq!(durable(&world, &harbor), None);
    assert!(tab.app.servers().get_untracked().is_empty());
}

#[test]
fn many_servers_are_asked_for_at_once_and_a_dead_keychain_costs_two_seconds_in_all() {
    let world = World::new();
    world.shell.install();
    for at in 0..12 {
        let backend = world.backend(&format!("s{at}"));
        world.signed_in(&backend, HOUR);
    }
    world.shell.set_keychain(|_| Fault::Never);
    let tab = world.open_at_once(None);
    world.advance(1_999);
    assert!(!tab.app.restored().get_untracked());
    assert_eq!(world.shell.count("load_refresh_token"), 12);
    world.advance(1);
    assert!(tab.app.restored().get_untracked());
    for server in tab.app.servers().get_untracked() {
        assert_eq!(server.standing().get_untracked(), Standing::SignedIn);
    }
}

#[test]
fn a_reload_with_commands_that_are_not_registered_asks_the_server_and_stays_where_it_is() {
    let (world, harbor, tab) = shell();
    let token = tab.access(&harbor);
    world.shell.set_keychain(unregistered);
    tab.close();
    world.net.forget_log();
    let tab = world.open();
    let place = harbor.path(Some("t-1"));
    assert_eq!(tab.visit(&place), place);
    let asked = world.net.sent("GET /api/user_info");
    assert_eq!(asked.len(), 1, "the server is asked with the token");
    assert_eq!(asked[0].bearer, token);
}

#[test]
fn nothing_is_used_before_both_stores_have_answered() {
    let (world, harbor, tab) = shell();
    tab.close();
    world.clock.suspend(2 * HOUR);
    world.net.forget_log();
    world.shell.set("load_refresh_token", Fault::Late(1_500));
    let tab = world.open();
    let place = harbor.path(None);
    assert_eq!(tab.visit(&place), "(splash)");
    assert!(
        world.net.log().is_empty(),
        "no refresh with what may be old"
    );
    world.advance(1_600);
    assert_eq!(tab.visit(&place), place);
    assert_eq!(world.net.count("POST /token"), 1);
}

#[test]
fn a_keychain_that_answers_late_still_brings_the_session_back() {
    let (world, harbor, tab) = shell_with(VaultMode::Missing);
    let token = refresh_token(&tab, &harbor);
    world.shell.set("load_refresh_token", refused("locked"));
    let tab = restart(&world, &tab);
    assert_eq!(
        tab.standing(&harbor),
        Standing::Expired,
        "its tokens are away"
    );
    // The person unlocks it.
    world.shell.heal();
    world.advance(10 * SECOND);
    assert_eq!(refresh_token(&tab, &harbor), token);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn);
}

#[test]
fn without_a_seal_and_a_keychain_the_person_is_asked_once() {
    let (world, harbor, tab) = shell_with(VaultMode::Missing);
    let asks = |tab: &Tab| tab.app.asks_how_to_keep();
    assert!(!asks(&tab), "the keychain works");
    world.shell.set_keychain(unregistered);
    sign_in(&world, &tab, &harbor);
    assert!(asks(&tab), "the keychain has failed");
    let tab = restart(&world, &tab);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn, "kept in clear");
    sign_in(&world, &tab, &harbor);
    assert!(asks(&tab), "not answered yet");
    tab.app.choose_how_to_keep(false);
    assert!(!asks(&tab));
    sign_in(&world, &tab, &harbor);
    assert!(!asks(&restart(&world, &tab)), "once");
}

#[test]
fn who_wants_it_so_is_signed_in_until_the_window_is_closed_and_no_longer() {
    let (world, harbor, tab) = shell_with(VaultMode::Missing);
    world.shell.set_keychain(unregistered);
    sign_in(&world, &tab, &harbor);
    tab.app.choose_how_to_keep(true);
    world.settle();
    let token = refresh_token(&tab, &harbor).unwrap();
    assert!(!world.disk.holds(&token));
    world.advance(59 * 60 * SECOND);
    assert_eq!(tab.standing(&harbor), Standing::SignedIn, "and renewed");
    world.shell.heal();
    let tab = restart(&world, &tab);
    assert_eq!(tab.standing(&harbor), Standing::SignedOut);
    assert_eq!(world.shell.kept(&harbor.id()), None);
}

#[test]
fn what_lay_in_clear_is_taken_away_once_the_keychain_has_it() {
    let (world, harbor, tab) = shell_with(VaultMode::Missing);
    world.shell.set_keychain(unregistered);
    sign_in(&world, &tab, &harbor);
    let token = refresh_token(&tab, &harbor).unwrap();
    assert!(world.disk.holds(&token));
    world.shell.heal();
    let tab = restart(&world, &tab);
    assert!(!world.disk.holds(&token));
    assert_eq!(refresh_token(&tab, &harbor), Some(token));
    assert_eq!(restart(&world, &tab).standing(&harbor), Standing::SignedIn);
}

#[test]
fn a_core_is_kept_like_any_other_server() {
    let world = World::new();
    world.shell.install();
    world.vault.set_mode(VaultMode::Missing);
    let core = world.opened_core("desk", "ann");
    let tab = world.open();
    let id = core.id();
    let server = tab.app.server_by_id(&id).unwrap();
    assert!(server.session().is_active_untracked());
    let kept = world.shell.kept(&id).unwrap();
    assert!(kept.contains("#ann"), "with whose it is");
    for secret in core.secrets() {
        let (is_door, text) = (secret.kind == "core token", &secret.text);
        assert!(!world.disk.holds(text), "{}", secret.kind);
        assert_eq!(kept.contains(text), is_door, "{}", secret.kind);
    }
    let tab = restart(&world, &tab);
    let server = tab.app.server_by_id(&id).unwrap();
    assert!(server.session().is_active_untracked());
}
