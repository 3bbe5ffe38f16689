//! A clock that moves only when it is told to.

use std::sync::{Arc, Mutex};

use any_spawner::Executor;
use enfilade::port::Clock;
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

const START: i64 = 1_800_000_000_000;

/// Clones share the time.
#[derive(Clone)]
pub struct FakeClock(Arc<Mutex<Time>>);

struct Time {
    now: i64,
    sleepers: Vec<(i64, oneshot::Sender<()>)>,
    frames: Vec<oneshot::Sender<()>>,
}

impl FakeClock {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Time {
            now: START,
            sleepers: Vec::new(),
            frames: Vec::new(),
        })))
    }

    pub fn time(&self) -> i64 {
        self.0.lock().unwrap().now
    }

    /// The time changes, and no timer has noticed yet.
    pub fn set(&self, now: i64) {
        self.0.lock().unwrap().now = now;
    }

    /// Lets every task run until nothing moves any more; frames are painted, time stands still.
    pub fn settle(&self) {
        loop {
            Executor::poll_local();
            let frames = std::mem::take(&mut self.0.lock().unwrap().frames);
            if frames.is_empty() {
                return;
            }
            for frame in frames {
                let _ = frame.send(());
            }
        }
    }

    /// Moves on, waking each sleeper at its time.
    pub fn advance(&self, milliseconds: i64) {
        self.settle();
        let target = self.time() + milliseconds;
        while let Some(sleeper) = self.next_until(target) {
            let _ = sleeper.send(());
            self.settle();
        }
        self.0.lock().unwrap().now = target;
        self.settle();
    }

    fn next_until(&self, target: i64) -> Option<oneshot::Sender<()>> {
        let mut time = self.0.lock().unwrap();
        time.sleepers.retain(|(_, sleeper)| !sleeper.is_canceled());
        let at = time
            .sleepers
            .iter()
            .enumerate()
            .min_by_key(|(_, (due, _))| *due)
            .map(|(at, _)| at)?;
        if time.sleepers[at].0 > target {
            return None;
        }
        let (due, sleeper) = time.sleepers.remove(at);
        time.now = time.now.max(due);
        Some(sleeper)
    }

    /// Somebody sets the wall clock: it shows another time, and timers take no notice.
    pub fn set_by(&self, milliseconds: i64) {
        let mut time = self.0.lock().unwrap();
        time.now += milliseconds;
        for (due, _) in &mut time.sleepers {
            *due += milliseconds;
        }
    }

    /// The machine sleeps: time passes, timers fire late and all at once.
    pub fn suspend(&self, milliseconds: i64) {
        let due = {
            let mut time = self.0.lock().unwrap();
            time.now += milliseconds;
            let now = time.now;
            let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut time.sleepers)
                .into_iter()
                .partition(|(at, _)| *at <= now);
            time.sleepers = rest;
            due
        };
        for (_, sleeper) in due {
            let _ = sleeper.send(());
        }
        self.settle();
    }
}

impl Clock for FakeClock {
    fn now(&self) -> i64 {
        self.time()
    }

    fn sleep(&self, milliseconds: u32) -> LocalBoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        let mut time = self.0.lock().unwrap();
        let due = time.now + i64::from(milliseconds);
        time.sleepers.push((due, sender));
        receiver.map(|_| ()).boxed_local()
    }

    fn frame(&self) -> LocalBoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap().frames.push(sender);
        receiver.map(|_| ()).boxed_local()
    }
}
