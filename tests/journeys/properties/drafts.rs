//! What somebody writes, while tabs are killed at any moment of writing, expiry, sign-in and return.

use enfilade::core::session::pre_auth::CallbackAnswer;
use enfilade::state::composer::Composer;
use enfilade::state::server::Standing;
use reactive_graph::traits::GetUntracked;

use super::Dice;
use crate::fake::{Backend, HOUR, MINUTE, Tab, World};
use crate::faults::{kill, leave, refuse};

/// Tabs killed at a random moment.
const KILLS: usize = 1_000;
/// A pause in typing after which everything is saved, in milliseconds.
const PAUSE: i64 = 300;
/// Without such a pause it is saved this often, in milliseconds.
const AT_LEAST_EVERY: i64 = 2_000;

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Thread(&'static str),
    NewThread,
}

impl Place {
    fn path(self, backend: &Backend) -> String {
        match self {
            Self::Thread(thread) => backend.path(Some(thread)),
            Self::NewThread => backend.path(None),
        }
    }

    fn composer(self, tab: &Tab, backend: &Backend) -> Composer {
        match self {
            Self::Thread(thread) => tab.thread(backend, thread).composer(),
            Self::NewThread => tab.room(backend).new_thread(),
        }
    }
}

/// Somebody who writes in one place, and what must be left of it if the tab died now.
struct Writer<'a> {
    world: &'a World,
    harbor: &'a Backend,
    place: Place,
    tab: Tab,
    /// In the field.
    text: String,
    /// In storage, by the rules.
    safe: String,
    /// Since when storage lags behind, and the last key.
    dirty: Option<(i64, i64)>,
    /// When each length of the text was reached.
    keys: Vec<(i64, usize)>,
    callback: Option<String>,
    steps: Vec<String>,
}

impl Writer<'_> {
    fn now(&self) -> i64 {
        self.world.clock.time()
    }

    fn saved(&mut self) {
        if self.dirty.take().is_some() {
            self.safe.clone_from(&self.text);
            // Nothing but spaces is not worth keeping.
            if self.safe.trim().is_empty() {
                self.safe.clear();
            }
        }
    }

    fn wait(&mut self, milliseconds: i64) {
        if let Some((_, key)) = self.dirty
            && self.now() + milliseconds >= key + PAUSE
        {
            self.saved();
        }
        self.world.advance(milliseconds);
    }

    fn types(&mut self, words: &str) {
        self.text.push_str(words);
        let now = self.now();
        self.keys.push((now, self.text.len()));
        let since = self.dirty.map_or(now, |(since, _)| since);
        self.dirty = Some((since, now));
        if now - since >= AT_LEAST_EVERY {
            self.saved();
        }
        self.place
            .composer(&self.tab, self.harbor)
            .typed(self.text.clone());
    }

    fn standing(&self) -> Standing {
        self.tab.standing(self.harbor)
    }

    /// The session ends: by a refusal, by its time, or because another tab signs out.
    fn ends(&mut self, dice: &mut Dice) {
        self.saved();
        match dice.below(3) {
            0 => {
                refuse(self.harbor);
                self.tab.load(self.harbor);
            }
            1 => {
                self.harbor.refuse_refresh();
                self.world.clock.suspend(HOUR + MINUTE);
                self.tab.app.wake();
                self.world.settle();
            }
            _ => {
                let other = self.world.open();
                other.app.sign_out(&other.server(self.harbor));
                self.world.settle();
                self.world.deliver();
                kill(self.world, &other);
            }
        }
        assert_ne!(self.standing(), Standing::SignedIn);
    }

    /// The browser goes to the provider: the page is unloaded.
    fn goes(&mut self) {
        let path = self.place.path(self.harbor);
        assert_eq!(self.tab.visit(&path), self.harbor.sign_in_path(&path));
        self.callback = Some(leave(self.world, &self.tab, self.harbor, &path));
        self.saved();
        kill(self.world, &self.tab);
    }

    fn comes_back(&mut self, answer: CallbackAnswer) {
        let good = matches!(answer, CallbackAnswer::Tokens { .. });
        let callback = self.callback.take().expect("away");
        self.tab = self.world.open_with(answer);
        let arrived = self.tab.visit(&callback);
        if good {
            assert_eq!(arrived, self.place.path(self.harbor));
            self.finds();
        }
    }

    /// The field holds what was saved, and nothing that was typed long enough ago is missing.
    fn finds(&mut self) {
        let field = self.place.composer(&self.tab, self.harbor).text();
        assert_eq!(field.get_untracked(), self.safe, "{:?}", self.steps);
        self.text.clone_from(&self.safe);
        self.dirty = None;
        self.keys.clear();
    }

    fn dies(&mut self) {
        kill(self.world, &self.tab);
        let now = self.now();
        let long_ago = |(at, _): &&(i64, usize)| now - at >= AT_LEAST_EVERY + PAUSE;
        if self.text.trim().is_empty() {
            self.text.clear();
            self.keys.clear();
        }
        let owed = self.keys.iter().rev().find(long_ago).map_or(0, |key| key.1);
        assert!(
            self.safe.len() >= owed || self.text[..owed].trim().is_empty(),
            "{:?}",
            self.steps
        );
        if self.dirty.is_none_or(|(_, key)| now >= key + PAUSE) {
            assert_eq!(self.safe, self.text, "{:?}", self.steps);
        }
        self.dirty = None;
        self.keys.clear();
    }

    /// A new tab at the same place, signed in again where that is needed.
    fn starts_again(&mut self) {
        let path = self.place.path(self.harbor);
        self.tab = self.world.open();
        if self.tab.visit(&path) != path {
            self.goes();
            self.comes_back(self.harbor.answer());
        }
        assert_eq!(self.standing(), Standing::SignedIn);
        self.finds();
    }

    fn step(&mut self, dice: &mut Dice) {
        let step = if self.callback.is_some() {
            10 + dice.below(2)
        } else if self.standing() != Standing::SignedIn {
            // Whoever was signed out has no field to write in any more.
            if self.standing() == Standing::SignedOut || dice.below(3) == 0 {
                7
            } else {
                dice.below(8)
            }
        } else {
            dice.below(7) + 2 * usize::from(dice.below(5) == 0)
        };
        self.steps.push(format!("{step}@{}", self.now()));
        match step {
            0..=4 => {
                let words = dice.pick(&["a", " ", "tide", "\n", "\u{e4}\u{1f980}", "\"\\"]);
                self.types(words);
                let pause = dice.pick(&[0, 40, 120, 250, 299, 300, 301, 900]);
                self.wait(pause);
            }
            5 => self.wait(dice.milliseconds(3_000)),
            6 => {
                self.world.deliver();
                self.tab.app.wake();
                self.world.settle();
            }
            7 if self.standing() != Standing::SignedIn => self.goes(),
            7 | 8 => self.ends(dice),
            10 => self.comes_back(self.harbor.answer()),
            _ => self.comes_back(CallbackAnswer::Error {
                code: "access_denied".into(),
                description: None,
            }),
        }
    }
}

#[test]
fn a_thousand_killed_tabs_lose_no_draft() {
    let (mut kills, mut seed) = (0, 0);
    let (mut while_away, mut while_ended, mut in_a_burst) = (0, 0, 0);
    while kills < KILLS {
        seed += 1;
        let mut dice = Dice::new(seed);
        let (world, harbor, meadow) = World::with_two();
        let tab = world.open();
        // What is written elsewhere stays untouched all the while.
        let elsewhere = [
            tab.thread(&meadow, "t-1").composer(),
            tab.thread(&harbor, "t-9").composer(),
        ];
        for composer in &elsewhere {
            composer.typed("elsewhere".into());
        }
        world.advance(PAUSE);
        let place = dice.pick(&[Place::Thread("t-1"), Place::Thread("t-2"), Place::NewThread]);
        tab.visit(&place.path(&harbor));
        let mut writer = Writer {
            world: &world,
            harbor: &harbor,
            place,
            tab,
            text: String::new(),
            safe: String::new(),
            dirty: None,
            keys: Vec::new(),
            callback: None,
            steps: vec![format!("seed {seed}")],
        };
        for _ in 0..8 {
            for _ in 0..dice.below(24) {
                writer.step(&mut dice);
            }
            kills += 1;
            while_away += usize::from(writer.callback.is_some());
            while_ended +=
                usize::from(writer.callback.is_none() && writer.standing() != Standing::SignedIn);
            in_a_burst += usize::from(writer.dirty.is_some());
            writer.dies();
            // The way back that was open is not taken: the person opens the app anew.
            writer.callback = None;
            writer.starts_again();
        }
        for (tab, backend, thread) in [(&writer.tab, &meadow, "t-1"), (&writer.tab, &harbor, "t-9")]
        {
            let text = tab.thread(backend, thread).composer().text();
            assert_eq!(text.get_untracked(), "elsewhere", "seed {seed}");
        }
        kill(&world, &writer.tab);
    }
    println!(
        "{kills} tabs killed, {while_away} of them at the provider, {while_ended} after the end of the session, {in_a_burst} in the middle of a word: 0 drafts lost"
    );
    assert!(while_away > 20 && while_ended > 20 && in_a_burst > 100);
}

#[test]
fn a_thousand_tabs_killed_while_sending_lose_no_message() {
    let (mut back, mut there) = (0, 0);
    for seed in 0..u64::try_from(KILLS).unwrap() {
        let mut dice = Dice::new(seed);
        let (world, harbor) = World::with_one();
        let tab = world.open();
        let place = dice.pick(&[Place::Thread("t-1"), Place::NewThread]);
        if dice.below(4) == 0 {
            harbor.refuse_access();
        }
        // The tab dies while this request is on its way: before the server has it, or after.
        let what = dice.pick(&["POST /agui", "POST /agui/t-1", "POST /token"]);
        let gate = world.net.hold(what);
        let composer = place.composer(&tab, &harbor);
        composer.typed("a question".into());
        if dice.below(2) == 0 {
            world.advance(PAUSE);
        }
        composer.send();
        world.settle();
        let waits = gate.waiting() > 0;
        kill(&world, &tab);
        if waits && dice.below(2) == 0 {
            gate.release();
            world.settle();
        }
        let tab = world.open();
        if tab.standing(&harbor) != Standing::SignedIn {
            // The answer with the next refresh token went down with the tab.
            assert_eq!(tab.standing(&harbor), Standing::Expired);
            tab.server(&harbor)
                .session()
                .sign_in(harbor.provider(), harbor.tokens(world.clock.time(), HOUR));
            tab.settle();
        }
        let found = place.composer(&tab, &harbor).text().get_untracked();
        let accepted = harbor.runs() == 1;
        assert!(
            accepted || found == "a question" || in_its_thread(&tab, &harbor),
            "seed {seed}: lost"
        );
        assert!(
            !accepted || found.is_empty() || waits,
            "seed {seed}: doubled"
        );
        there += usize::from(accepted);
        back += usize::from(!accepted);
    }
    println!(
        "{KILLS} tabs killed while sending: {there} messages accepted, {back} given back, 0 lost"
    );
    assert!(there > 100 && back > 100);
}

/// A thread was made for it already: the text waits there.
fn in_its_thread(tab: &Tab, backend: &Backend) -> bool {
    let room = tab.room(backend);
    room.load_threads();
    tab.settle();
    let threads = room.threads().get_untracked().data.unwrap_or_default();
    threads.iter().any(|thread| {
        let composer = room.thread(&thread.id).composer();
        composer.text().get_untracked() == "a question"
    })
}
