//! The model of the two stores: whatever fails in between, a restart ends with the newest session or signed out.

use std::collections::BTreeMap;

use enfilade::core::session::machine::Session;
use enfilade::state::session::ServerSession;
use enfilade::state::task;
use futures_util::FutureExt;
use reactive_graph::traits::GetUntracked;

use crate::fake::{
    Act, Backend, DiskMode, Fault, HOUR, KEYCHAIN, SECOND, Tab, VaultMode, World, refused,
    unregistered,
};
use crate::properties::Dice;

/// Histories of a session that are tried.
const CASES: u64 = 10_000;

/// What happens to a command of the keychain.
fn fault(dice: &mut Dice, command: &'static str) -> Option<Fault> {
    let odd = ["null", "\"\"", "{}", "[]", "", "\"ok\""];
    Some(match dice.below(14) {
        0 => refused("locked"),
        1 => refused("failed"),
        2 => unregistered(command),
        3 => Fault::Says(Ok(None)),
        4 => Fault::Says(Ok(Some(dice.pick(&odd).to_owned()))),
        5 => Fault::Never,
        6 => Fault::Lost,
        7 => Fault::DoesAndSays(Ok(None)),
        8 => Fault::Late(1_500),
        9 => Fault::Late(7_000),
        10 if command == "load_refresh_token" => Fault::Stale,
        _ => return None,
    })
}

/// One server and what is the truth about its session.
struct Truth {
    backend: Backend,
    /// The newest refresh token; `None`: nobody is signed in.
    newest: Option<String>,
}

struct Case {
    world: World,
    tab: Tab,
    truths: Vec<Truth>,
    /// What the history is drawn from.
    seed: u64,
    /// The durable store has worked all along, and the browser has kept its key.
    is_sound: bool,
    /// How often a restart came to which end.
    ends: BTreeMap<&'static str, usize>,
}

fn refresh_token(session: &Session) -> Option<String> {
    let tokens = session.tokens()?;
    tokens.refresh.as_ref().map(|token| token.expose().clone())
}

impl Case {
    fn new(seed: u64, dice: &mut Dice) -> Self {
        let world = World::new();
        world.shell.install();
        let vault = dice.pick(&[
            VaultMode::Works,
            VaultMode::Works,
            VaultMode::Missing,
            VaultMode::Missing,
            VaultMode::Hangs,
        ]);
        world.vault.set_mode(vault);
        let names: &[&str] = if dice.below(4) == 0 {
            &["harbor", "meadow"]
        } else {
            &["harbor"]
        };
        let truths = names
            .iter()
            .map(|name| {
                let backend = world.backend(name);
                world.remember(&backend);
                Truth {
                    backend,
                    newest: None,
                }
            })
            .collect();
        let tab = world.open();
        world.advance(3 * SECOND);
        Self {
            world,
            tab,
            truths,
            seed,
            is_sound: vault == VaultMode::Works,
            ends: BTreeMap::new(),
        }
    }

    fn session(&self, at: usize) -> ServerSession {
        self.tab.server(&self.truths[at].backend).session().clone()
    }

    /// What this page knows is the truth.
    fn note(&mut self) {
        for at in 0..self.truths.len() {
            let session = self.session(at).signal().get_untracked();
            // What is not to be had now may still come.
            if let Some(token) = refresh_token(&session) {
                self.truths[at].newest = Some(token);
            }
        }
    }

    fn faults(&mut self, dice: &mut Dice) {
        self.world.shell.heal();
        for command in KEYCHAIN {
            if let Some(fault) = fault(dice, command) {
                self.world.shell.set(command, fault);
            }
        }
        let mode = match dice.below(8) {
            0 => DiskMode::Tight,
            1 => DiskMode::Full,
            _ => DiskMode::Works,
        };
        self.is_sound &= mode == DiskMode::Works;
        self.world.disk.set_mode(mode);
    }

    fn step(&mut self, dice: &mut Dice) {
        let at = dice.below(self.truths.len());
        let (session, backend) = (self.session(at), self.truths[at].backend.clone());
        match dice.below(8) {
            0..=2 => {
                let tokens = backend.tokens(self.world.clock.time(), HOUR);
                session.sign_in(backend.provider(), tokens);
            }
            3 | 4 => {
                task::spawn(async move { session.refresh(true).map(|_| ()).await });
                self.world.settle();
            }
            5 | 6 => {
                self.world.net.always("POST /revoke", Act::Lose);
                self.tab.app.sign_out(&self.tab.server(&backend));
                self.truths[at].newest = None;
            }
            _ => {
                if dice.below(12) == 0 {
                    self.is_sound = false;
                    self.tab.app.choose_how_to_keep(true);
                }
            }
        }
        self.note();
        if dice.below(3) > 0 {
            self.world.settle();
        }
        if dice.below(4) == 0 {
            let pause = dice.pick(&[SECOND, 3 * SECOND, 20 * SECOND]);
            self.world.advance(pause);
        }
        self.note();
    }

    /// The window is gone, and another one opens: what is shown is the newest, or nobody.
    fn restart(&mut self, dice: &mut Dice) {
        self.tab.close();
        if dice.below(3) == 0 {
            self.faults(dice);
        }
        if dice.below(10) == 0 {
            // The browser has lost its key.
            let mode = self.world.vault.mode();
            if mode == VaultMode::Works {
                self.world.vault.set_mode(VaultMode::Renewed);
                self.is_sound = false;
            }
        }
        // Now and then the bridge is missing.
        let is_bare = dice.below(6) == 0;
        if is_bare {
            self.world.shell.uninstall();
        } else {
            self.world.shell.install();
        }
        self.world.net.forget_log();
        self.world
            .net
            .always("POST /token", crate::fake::reply(503, ""));
        self.tell("end");
        self.tab = self.world.open_at_once(None);
        for pause in [0, 2 * SECOND, 30 * SECOND] {
            self.world.advance(pause);
            self.check();
        }
        self.world.net.heal();
        self.note();
    }

    fn tell(&self, what: &str) {
        if one().is_none() {
            return;
        }
        for truth in &self.truths {
            let id = truth.backend.id();
            let key = enfilade::core::record::keys::session(&id);
            println!(
                "{what} of {id}: newest {:?}\n  disk {:?}\n  keychain {:?}",
                truth.newest,
                self.world.disk.read(&key),
                self.world.shell.kept(&id)
            );
        }
    }

    fn check(&mut self) {
        for at in 0..self.truths.len() {
            let session = self.session(at).signal().get_untracked();
            let (token, truth) = (refresh_token(&session), &self.truths[at].newest);
            let seed = self.seed;
            // Shown as signed in are only those whose tokens count.
            assert!(
                token.is_none() || token == *truth,
                "case {seed}: {token:?} is used, but the newest is {truth:?}"
            );
            if truth.is_none() {
                assert!(session.tokens().is_none(), "case {seed}: revived");
            }
            let is_restored = self.tab.app.restored().get_untracked();
            assert!(
                !is_restored || !self.is_sound || token == *truth,
                "case {seed}: signed out although one store was sound"
            );
            for sent in self.world.net.sent("POST /token") {
                let newest = self.truths.iter().filter_map(|truth| truth.newest.as_ref());
                let body = sent.body.unwrap_or_default();
                assert!(
                    newest.clone().any(|token| body.contains(token.as_str())),
                    "case {seed}: an older token was sent"
                );
            }
            let end = match (truth, token) {
                (None, _) => "signed out, rightly",
                (Some(_), Some(_)) => "the newest",
                (Some(_), None) => "to sign in again",
            };
            *self.ends.entry(end).or_default() += 1;
        }
    }
}

/// One history is told step by step with `CASE=<seed>`.
fn one() -> Option<u64> {
    std::env::var("CASE").ok()?.parse().ok()
}

fn run(seed: u64) -> BTreeMap<&'static str, usize> {
    let mut dice = Dice::new(seed);
    let mut case = Case::new(seed, &mut dice);
    for _ in 0..=dice.below(2) {
        for _ in 0..=dice.below(4) {
            case.faults(&mut dice);
            case.step(&mut dice);
            case.tell("step");
        }
        case.restart(&mut dice);
    }
    case.tab.close();
    std::mem::take(&mut case.ends)
}

#[test]
fn ten_thousand_histories_over_two_stores_end_with_the_newest_session_or_signed_out() {
    let mut ends = BTreeMap::<_, usize>::new();
    for seed in one().map_or(0..CASES, |seed| seed..seed + 1) {
        for (end, count) in run(seed) {
            *ends.entry(end).or_default() += count;
        }
    }
    println!("{CASES} histories: {ends:?}");
    // The test is worth something only where sessions do come back.
    let of = |end| ends.get(end).copied().unwrap_or_default();
    assert!(one().is_some() || of("the newest") > 5_000, "{ends:?}");
}
