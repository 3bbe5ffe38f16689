//! Requests, refusals, renewals, sign-ins, sign-outs, other tabs and sleep, in any order.

use enfilade::core::record::keys;
use enfilade::core::session::machine::{Epoch, Session, SessionState};
use enfilade::port::TransportError;
use reactive_graph::traits::GetUntracked;

use super::Dice;
use crate::fake::{Act, Backend, Gate, HOUR, MINUTE, Tab, World, reply};
use crate::faults::{ask, kill, refuse};

/// Mixtures of [`STEPS`] steps each.
const MIXTURES: u64 = 200;
const STEPS: usize = 60;

struct Mixture {
    world: World,
    harbor: Backend,
    tabs: Vec<Tab>,
    tokens: Vec<Gate>,
    answers: Vec<Gate>,
    /// Who has signed in last, if nobody has signed out since.
    last: Option<(String, Epoch)>,
    before: Option<Session>,
    steps: Vec<String>,
}

impl Mixture {
    fn new(seed: u64) -> Self {
        let world = World::new();
        let harbor = world.backend("harbor");
        harbor.set_personal();
        let session = world.signed_in(&harbor, HOUR);
        let tabs = (0..2 + seed % 2).map(|_| world.open()).collect();
        Self {
            last: Some(("ann".to_owned(), session.epoch)),
            before: world.stored(&harbor),
            world,
            harbor,
            tabs,
            tokens: Vec::new(),
            answers: Vec::new(),
            steps: vec![format!("seed {seed}")],
        }
    }

    fn note(&mut self, what: String) {
        self.steps.push(what);
    }

    fn step(&mut self, dice: &mut Dice) {
        let number = dice.below(self.tabs.len());
        let tab = self.tabs[number].clone();
        match dice.below(17) {
            0..=2 => {
                self.note(format!("tab {number} asks"));
                tab.server(&self.harbor).reload_rooms();
                ask(&tab, &self.harbor, 2);
            }
            3 | 4 => {
                self.note("the server takes the access tokens no longer".into());
                self.harbor.refuse_access();
            }
            16 => {
                self.note("the session ends on every side".into());
                refuse(&self.harbor);
            }
            5 => {
                self.note("the next renewal hangs".into());
                self.tokens.push(self.world.net.hold("POST /token"));
            }
            6 => {
                self.note("the next answer hangs".into());
                self.answers.push(self.world.net.hold("GET /api/v1/rooms"));
            }
            7 | 8 => self.answer_renewal(dice),
            9 => self.answer_request(dice),
            10 => {
                let user = dice.pick(&["ann", "bob"]);
                self.note(format!("{user} signs in in tab {number}"));
                self.harbor.set_user(user);
                let tokens = self.harbor.tokens(self.world.clock.time(), HOUR);
                let session = tab.server(&self.harbor).session().clone();
                session.sign_in(self.harbor.provider(), tokens);
                let epoch = session.signal().get_untracked().epoch;
                self.last = Some((user.to_owned(), epoch));
            }
            11 => {
                self.note(format!("tab {number} signs out"));
                tab.app.sign_out(&tab.server(&self.harbor));
                self.last = None;
            }
            12 => {
                if dice.below(2) == 0 {
                    self.note("the tabs hear of each other".into());
                    self.world.deliver();
                } else {
                    self.note(format!("tab {number} hears of the others"));
                    tab.app.storage_changed(&keys::session(&self.harbor.id()));
                }
            }
            13 => {
                let time = dice.pick(&[MINUTE, 10 * MINUTE, 56 * MINUTE, 2 * HOUR]);
                self.note(format!("{time} ms pass"));
                if dice.below(2) == 0 {
                    self.world.clock.suspend(time);
                } else {
                    self.world.advance(time);
                }
            }
            14 => {
                self.note(format!("tab {number} is looked at"));
                tab.app.wake();
            }
            _ => {
                self.note(format!("tab {number} dies, and another is opened"));
                kill(&self.world, &tab);
                self.tabs[number] = self.world.open_at_once(None);
            }
        }
        self.world.settle();
    }

    fn answer_renewal(&mut self, dice: &mut Dice) {
        if self.tokens.is_empty() {
            return;
        }
        let gate = self.tokens.swap_remove(dice.below(self.tokens.len()));
        if gate.waiting() == 0 {
            return;
        }
        let (name, act) = match dice.below(6) {
            0 => ("transient", Some(Act::Fail(TransportError::Network))),
            1 => ("transient", Some(reply(503, ""))),
            2 => (
                "invalid_grant",
                Some(reply(400, r#"{"error":"invalid_grant"}"#)),
            ),
            3 => ("lost", Some(Act::Lose)),
            _ => ("good", None),
        };
        self.note(format!("the renewal is answered: {name}"));
        match act {
            Some(act) => gate.answer(act),
            None => gate.release(),
        }
    }

    fn answer_request(&mut self, dice: &mut Dice) {
        if self.answers.is_empty() {
            return;
        }
        let gate = self.answers.swap_remove(dice.below(self.answers.len()));
        if gate.waiting() == 0 {
            return;
        }
        let refused = dice.below(2) == 0;
        self.note(format!("the late answer comes; refused: {refused}"));
        if refused {
            gate.answer(reply(401, "{}"));
        } else {
            gate.release();
        }
    }

    fn owner(&self, session: &Session) -> Option<String> {
        let access = session.tokens()?.access.expose();
        Some(self.harbor.owner(Some(access)))
    }

    fn check(&mut self) {
        let stored = self.world.stored(&self.harbor);
        self.check_stored(stored.as_ref().expect("a record"));
        for tab in &self.tabs {
            self.check_tab(tab);
        }
        self.before = stored;
    }

    /// The record is the last sign-in's or sign-out's, and only ever goes forward.
    fn check_stored(&self, stored: &Session) {
        let steps = &self.steps;
        match (&self.last, &stored.state) {
            (None, SessionState::SignedOut) => {}
            (None, _) => panic!("a signed-out session has come back: {steps:#?}"),
            (Some(_), SessionState::SignedOut) => panic!("nobody has signed out: {steps:#?}"),
            (Some((user, epoch)), _) => {
                assert_eq!(stored.epoch, *epoch, "an older sign-in: {steps:#?}");
                assert_eq!(self.owner(stored).as_ref(), Some(user), "{steps:#?}");
            }
        }
        let Some(before) = self.before.as_ref().filter(|old| old.epoch == stored.epoch) else {
            return;
        };
        assert!(stored.version >= before.version, "older: {steps:#?}");
        if stored.version == before.version {
            assert_eq!(stored.tokens(), before.tokens(), "{steps:#?}");
            assert!(
                !before.is_expired() || !stored.is_active(),
                "alive without a renewal: {steps:#?}"
            );
        }
    }

    /// Nothing of one person is on show, or sent, in the session of another.
    fn check_tab(&self, tab: &Tab) {
        let steps = &self.steps;
        let server = tab.server(&self.harbor);
        let session = server.session().signal().get_untracked();
        let rooms = server.rooms().get_untracked().data.unwrap_or_default();
        let own = rooms
            .iter()
            .find(|room| room.id.0 == "own")
            .map(|room| room.name.clone());
        let profile = server.profile().get_untracked().map(|profile| profile.name);
        let Some(owner) = self.owner(&session) else {
            assert_eq!((own, profile), (None, None), "{steps:#?}");
            return;
        };
        for shown in own.iter().chain(&profile) {
            assert_eq!(*shown, owner, "{steps:#?}");
        }
        let named = format!("#{owner}");
        let user = session.user().expect("a user");
        assert!(user.as_str().ends_with(&named), "{steps:#?}");
    }

    /// In the end every tab that is looked at shows what is stored, and a living session works.
    fn finish(&mut self) {
        for gate in self.tokens.drain(..).chain(self.answers.drain(..)) {
            if gate.waiting() > 0 {
                gate.release();
            }
            self.world.settle();
        }
        self.world.net.heal();
        self.world.deliver();
        self.check();
        self.note("everything is over".into());
        for tab in &self.tabs {
            tab.app.wake();
            self.world.settle();
        }
        self.world.deliver();
        self.world.advance(3 * MINUTE);
        self.world.deliver();
        self.check();
        let stored = || self.world.stored(&self.harbor).expect("a record");
        for tab in &self.tabs {
            let signal = tab.server(&self.harbor).session().signal();
            assert_eq!(
                signal.get_untracked().stamp(),
                stored().stamp(),
                "{:#?}",
                self.steps
            );
            let rooms = ask(tab, &self.harbor, 1);
            self.world.settle();
            let error = rooms[0].threads().get_untracked().error;
            assert_eq!(
                error.is_none(),
                stored().is_active(),
                "{error:?} {:#?}",
                self.steps
            );
            self.world.deliver();
        }
    }
}

fn mix(without_locks: bool) {
    let (mut renewals, mut ends) = (0, 0);
    for seed in 0..MIXTURES {
        let mut dice = Dice::new(seed);
        let mut mixture = Mixture::new(seed);
        if without_locks {
            mixture.world.locks.take_away();
        }
        for _ in 0..STEPS {
            mixture.step(&mut dice);
            mixture.check();
            ends += usize::from(mixture.before.as_ref().is_some_and(Session::is_expired));
        }
        mixture.finish();
        renewals += mixture.world.net.count("POST /token");
        // Looking for every secret everywhere takes far longer than the mixture itself.
        if seed % 8 > 0 {
            for tab in &mixture.tabs {
                tab.close();
            }
            std::mem::forget(mixture.world);
        }
    }
    println!(
        "{MIXTURES} mixtures of {STEPS} steps: {renewals} renewals, {ends} steps with an ended session"
    );
    // A tab that waits for a note in storage waits longer than one that waits for a lock.
    let enough = if without_locks { 200 } else { 300 };
    assert!(
        renewals > enough && ends > 200,
        "{renewals} renewals, {ends} steps with an ended session"
    );
}

#[test]
fn no_mixture_brings_people_tokens_or_sessions_together_that_do_not_belong() {
    mix(false);
}

#[test]
fn no_mixture_does_so_where_the_browser_has_no_locks() {
    mix(true);
}
