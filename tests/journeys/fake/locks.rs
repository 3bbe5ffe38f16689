//! Locks between tabs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use enfilade::port::{Clock, Lock, LockGuard, NotLocked};
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};

use super::FakeClock;

/// Clones share the locks.
#[derive(Clone)]
pub struct FakeLocks {
    clock: FakeClock,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    missing: bool,
    held: HashMap<String, VecDeque<oneshot::Sender<Held>>>,
}

struct Held {
    name: String,
    inner: Arc<Mutex<Inner>>,
}

impl LockGuard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        loop {
            let next = {
                let mut inner = self.inner.lock().unwrap();
                match inner.held.get_mut(&self.name).and_then(VecDeque::pop_front) {
                    Some(next) => next,
                    None => {
                        inner.held.remove(&self.name);
                        return;
                    }
                }
            };
            if next.is_canceled() {
                continue;
            }
            // A deserter's guard is dropped, which hands the lock on.
            let _ = next.send(Held {
                name: self.name.clone(),
                inner: self.inner.clone(),
            });
            return;
        }
    }
}

impl FakeLocks {
    pub fn new(clock: FakeClock) -> Self {
        Self {
            clock,
            inner: Arc::default(),
        }
    }

    /// The browser has none.
    pub fn take_away(&self) {
        self.inner.lock().unwrap().missing = true;
    }

    pub fn held(&self) -> Vec<String> {
        self.inner.lock().unwrap().held.keys().cloned().collect()
    }
}

impl Lock for FakeLocks {
    fn acquire(
        &self,
        name: String,
        timeout: u32,
    ) -> LocalBoxFuture<'static, Result<Box<dyn LockGuard>, NotLocked>> {
        let waiting = {
            let mut inner = self.inner.lock().unwrap();
            if inner.missing {
                return async { Err(NotLocked::Missing) }.boxed_local();
            }
            match inner.held.get_mut(&name) {
                Some(queue) => {
                    let (sender, receiver) = oneshot::channel();
                    queue.push_back(sender);
                    Some(receiver)
                }
                None => {
                    inner.held.insert(name.clone(), VecDeque::new());
                    None
                }
            }
        };
        let clock = self.clock.clone();
        let inner = self.inner.clone();
        async move {
            let held = match waiting {
                None => Held { name, inner },
                Some(receiver) => match select(receiver, clock.sleep(timeout)).await {
                    Either::Left((held, _)) => held.map_err(|_| NotLocked::Late)?,
                    Either::Right(_) => return Err(NotLocked::Late),
                },
            };
            Ok(Box::new(held) as Box<dyn LockGuard>)
        }
        .boxed_local()
    }
}
