//! One clock for all tabs: sessions that nobody uses any more end, after a warning.

use std::sync::{Arc, Mutex};

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, ReadUntracked, Set, Update, WithUntracked};

use super::App;
use crate::core::record::{self, keys};
use crate::core::server::registry::ServerRecord;
use crate::core::session::idle::{self, Limits, Phase};
use crate::core::session::machine::ExpiryReason;
use crate::core::settings::Settings;
use crate::i18n;
use crate::state::server::Server;
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

const VERSION: u32 = 1;
/// Activity is written down at most this often, in milliseconds.
const WRITE_PAUSE: i64 = 5_000;
/// The clock is looked at at least this often, in milliseconds: timers stop while a machine sleeps.
const TICK: i64 = 30_000;
/// After so long without a look the page has slept, and so has whatever was running in it, in milliseconds. Timers
/// of a page that is merely hidden come once a minute.
const SLEPT: i64 = 150_000;

pub(super) struct Idle {
    clock: Mutex<Clock>,
    /// When sessions end, while the person is asked whether they are still there.
    warned: ArcRwSignal<Option<i64>>,
}

#[derive(Default)]
struct Clock {
    /// When somebody last did something, in any tab.
    last: i64,
    /// What is stored of it.
    written: i64,
    looked_at: i64,
    armed: bool,
    turn: u64,
}

impl Idle {
    pub(super) fn new() -> Self {
        Self {
            clock: Mutex::default(),
            warned: ArcRwSignal::new(None),
        }
    }
}

impl App {
    /// Takes in the stored time of the last activity; without one somebody is there now.
    pub(super) fn start_clock(&self) {
        let now = self.now();
        if !self.hear() {
            lock(&self.0.idle.clock).last = now;
        }
    }

    /// A remembered server, whose session is under this clock.
    pub(super) fn take_in(&self, record: ServerRecord) -> Server {
        let server = Server::restore(&self.0.shared, record);
        let weak = Arc::downgrade(&self.0);
        server.session().after_change(move || {
            if let Some(inner) = weak.upgrade() {
                Self(inner).sessions_changed();
            }
        });
        let weak = Arc::downgrade(&self.0);
        server.session().before_use(move || {
            if let Some(inner) = weak.upgrade() {
                Self(inner).look();
            }
        });
        self.0
            .servers
            .update(|servers| servers.push(server.clone()));
        self.sessions_changed();
        server
    }

    /// When sessions end unless somebody says that they are still there, in milliseconds since 1970; `None` while
    /// nobody is asked.
    #[must_use]
    pub fn warned(&self) -> ArcRwSignal<Option<i64>> {
        self.0.idle.warned.clone()
    }

    /// Somebody does something. Cheap: called for every key.
    pub fn touch(&self) {
        // Only an answer to the question counts once it is asked.
        if self.is_asked() || !self.is_watched() {
            return;
        }
        if !matches!(self.phase(), Phase::Watching { .. }) {
            self.look();
        }
        if self.is_watched() && !self.is_asked() {
            self.note_activity();
        }
    }

    /// Somebody says that they are still there.
    pub fn stay_signed_in(&self) {
        // Timers may be late: what is over is over.
        self.look();
        if self.is_asked() {
            lock(&self.0.idle.clock).last = self.now();
            self.write_activity();
            self.warn(None);
            self.watch_clock();
        }
    }

    /// Ends every session at once, from the warning.
    pub fn sign_out_idle(&self) {
        self.look();
        if self.is_asked() {
            self.end_sessions();
            self.toasts().tell(Tone::Info, i18n::idle::signed_out_now());
        }
    }

    /// Before somebody signs in: the first sign-in starts the clock, a further one leaves it alone.
    pub(in crate::state) fn before_sign_in(&self) {
        // Another session may be over by now, and must not live on by this.
        self.look();
        if !self.is_armed() {
            lock(&self.0.idle.clock).last = self.now();
            self.write_activity();
        }
    }

    /// Takes over for how long nobody may do anything, and remembers it.
    pub(super) fn learn_limits(&self, limits: Limits) {
        if self.0.settings.read_untracked().inactivity != limits {
            self.0
                .settings
                .update(|settings| settings.inactivity = limits);
            let text = self.0.settings.with_untracked(Settings::encode);
            self.0.shared.set(&keys::settings(), &text);
            self.watch_clock();
        }
    }

    /// Another tab has noted activity.
    pub(super) fn activity_changed(&self) {
        self.hear();
        // The next look is due at another time, if another tab has said that somebody is there.
        if self.is_asked() {
            self.look();
            self.watch_clock();
        }
    }

    /// Writes down what has not been written yet.
    pub(super) fn write_activity(&self) {
        let last = {
            let mut clock = lock(&self.0.idle.clock);
            if clock.last == clock.written {
                return;
            }
            clock.written = clock.last;
            clock.last
        };
        // What cannot be written holds for this tab only; that storage fails is told elsewhere.
        let _ = self
            .0
            .shared
            .ports
            .store
            .set(&keys::activity(), &record::encode(VERSION, &last));
    }

    /// One look at the clock, and what follows from it. How long until the next, in milliseconds; `None` where
    /// nothing is to come.
    pub(super) fn look(&self) -> Option<u32> {
        if !self.is_watched() {
            self.warn(None);
            return None;
        }
        let now = self.now();
        let looked_at = std::mem::replace(&mut lock(&self.0.idle.clock).looked_at, now);
        let is_awake = (0..SLEPT).contains(&(now - looked_at));
        if is_awake && !self.is_asked() && self.is_any_running() {
            self.note_activity();
        }
        if !matches!(self.phase(), Phase::Watching { .. }) {
            // Another tab may know better. Sessions first: whoever signs in notes the activity before.
            self.adopt_sessions();
            self.hear();
        }
        let next = match self.phase() {
            Phase::Off => return None,
            Phase::Watching { until } => {
                self.warn(None);
                self.write_activity();
                until
            }
            Phase::Warned { deadline } => {
                self.warn(self.is_armed().then_some(deadline));
                deadline
            }
            Phase::Over => {
                self.end_sessions();
                return None;
            }
        };
        u32::try_from((next - now).clamp(1, TICK)).ok()
    }

    fn is_asked(&self) -> bool {
        self.0.idle.warned.with_untracked(Option::is_some)
    }

    fn phase(&self) -> Phase {
        let limits = self.0.settings.read_untracked().inactivity;
        let now = self.now();
        let mut clock = lock(&self.0.idle.clock);
        // A time to come is from a clock that was set back since.
        clock.last = clock.last.min(now);
        idle::phase(clock.last, now, limits)
    }

    /// Whether somebody is signed in where one signs in at all.
    pub(super) fn is_armed(&self) -> bool {
        self.any_session(|server| {
            server.session().is_active_untracked() && !server.session().is_open()
        })
    }

    /// Whether there is anything to end: also what an expired session has kept can be used again.
    fn is_watched(&self) -> bool {
        self.0.settings.read_untracked().inactivity.is_on()
            && self.any_session(|server| server.session().has_tokens())
    }

    fn any_session(&self, is: impl Fn(&Server) -> bool) -> bool {
        self.0
            .servers
            .with_untracked(|servers| servers.iter().any(is))
    }

    fn adopt_sessions(&self) {
        for server in self.0.servers.get_untracked() {
            server.session().adopt_stored();
        }
    }

    fn note_activity(&self) {
        let now = self.now();
        let is_due = {
            let mut clock = lock(&self.0.idle.clock);
            clock.last = now;
            !(0..WRITE_PAUSE).contains(&(now - clock.written))
        };
        if is_due {
            self.write_activity();
        }
    }

    /// Takes over what another tab has noted; `false` where there is nothing.
    fn hear(&self) -> bool {
        let text = self.0.shared.ports.store.get(&keys::activity());
        let stored = text.ok().flatten();
        let stored = stored.and_then(|text| record::decode::<i64>(VERSION, &text).ok());
        let mut clock = lock(&self.0.idle.clock);
        if let Some(stored) = stored {
            clock.written = stored;
            clock.last = clock.last.max(stored);
        }
        stored.is_some()
    }

    fn warn(&self, deadline: Option<i64>) {
        if self.0.idle.warned.get_untracked() != deadline {
            self.0.idle.warned.set(deadline);
        }
    }

    pub(super) fn watch_clock(&self) {
        let turn = {
            let mut clock = lock(&self.0.idle.clock);
            clock.turn += 1;
            clock.turn
        };
        if !self.is_watched() {
            self.warn(None);
            return;
        }
        let (weak, clock) = (Arc::downgrade(&self.0), self.0.shared.ports.clock.clone());
        spawn(async move {
            loop {
                let wait = {
                    let Some(inner) = weak.upgrade() else { return };
                    let app = Self(inner);
                    if lock(&app.0.idle.clock).turn != turn {
                        return;
                    }
                    match app.look() {
                        Some(wait) => wait,
                        None => return,
                    }
                };
                clock.sleep(wait).await;
            }
        });
    }

    /// A session has flipped, here or in another tab. Ends nothing itself: it runs while the session changes.
    fn sessions_changed(&self) {
        let is_armed = self.is_armed();
        let was_armed = std::mem::replace(&mut lock(&self.0.idle.clock).armed, is_armed);
        let has_ended = || {
            self.any_session(|server| {
                let session = server.session().signal();
                session.read_untracked().expiry() == Some(ExpiryReason::Inactive)
            })
        };
        if was_armed && !is_armed && self.phase() == Phase::Over && has_ended() {
            let minutes = self.0.settings.read_untracked().inactivity.minutes();
            // Whoever comes back hours later is to find it.
            self.toasts()
                .tell_until_seen(Tone::Info, i18n::idle::signed_out_idle(minutes));
        }
        self.watch_clock();
    }

    fn end_sessions(&self) {
        self.flush();
        for server in self.0.servers.get_untracked() {
            if server.session().has_tokens() {
                // Before the end: what is lost in between must not let anybody in without a password.
                self.0.shared.set(&keys::prompt(server.id()), "1");
                server.session().end_inactive();
            }
        }
        self.warn(None);
    }
}
