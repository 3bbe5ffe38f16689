//! Locks between tabs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use enfilade::port::{Clock, Lock, LockGuard, NotLocked};
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};

use super::FakeClock;

/// Clones share the locks; each tab asks through one of its own.
#[derive(Clone)]
pub struct FakeLocks {
    clock: FakeClock,
    tab: usize,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    missing: bool,
    grants: u64,
    held: HashMap<String, Grant>,
}

/// Who holds a lock, and who waits for it.
struct Grant {
    tab: usize,
    number: u64,
    queue: VecDeque<(usize, oneshot::Sender<Held>)>,
}

struct Held {
    name: String,
    number: u64,
    inner: Arc<Mutex<Inner>>,
}

impl LockGuard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        hand_on(&self.inner, &self.name, self.number);
    }
}

/// The grant of that number is over: the lock is free, or the next one's.
fn hand_on(shared: &Arc<Mutex<Inner>>, name: &str, number: u64) {
    let (next, held) = {
        let mut inner = shared.lock().unwrap();
        let fresh = inner.grants + 1;
        let Some(grant) = inner.held.get_mut(name) else {
            return;
        };
        // A browser has taken it from a tab that died: what is dropped now holds nothing.
        if grant.number != number {
            return;
        }
        grant.queue.retain(|(_, next)| !next.is_canceled());
        let Some((tab, next)) = grant.queue.pop_front() else {
            inner.held.remove(name);
            return;
        };
        (grant.tab, grant.number) = (tab, fresh);
        inner.grants = fresh;
        let held = Held {
            name: name.to_owned(),
            number: fresh,
            inner: shared.clone(),
        };
        (next, held)
    };
    // A deserter's guard is dropped, which hands the lock on.
    let _ = next.send(held);
}

impl FakeLocks {
    pub fn new(clock: FakeClock) -> Self {
        Self {
            clock,
            tab: usize::MAX,
            inner: Arc::default(),
        }
    }

    /// The same locks, asked for by this tab.
    pub fn for_tab(&self, tab: usize) -> Self {
        Self {
            tab,
            ..self.clone()
        }
    }

    /// What a browser does when a tab dies: its locks are free, and it waits for none.
    pub fn died(&self, tab: usize) {
        let held: Vec<(String, u64)> = {
            let mut inner = self.inner.lock().unwrap();
            for grant in inner.held.values_mut() {
                grant.queue.retain(|(waiting, _)| *waiting != tab);
            }
            inner
                .held
                .iter()
                .filter(|(_, grant)| grant.tab == tab)
                .map(|(name, grant)| (name.clone(), grant.number))
                .collect()
        };
        for (name, number) in held {
            hand_on(&self.inner, &name, number);
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
            inner.grants += 1;
            let number = inner.grants;
            match inner.held.get_mut(&name) {
                Some(grant) => {
                    let (sender, receiver) = oneshot::channel();
                    grant.queue.push_back((self.tab, sender));
                    Err(receiver)
                }
                None => {
                    let grant = Grant {
                        tab: self.tab,
                        number,
                        queue: VecDeque::new(),
                    };
                    inner.held.insert(name.clone(), grant);
                    Ok(number)
                }
            }
        };
        let clock = self.clock.clone();
        let inner = self.inner.clone();
        async move {
            let held = match waiting {
                Ok(number) => Held {
                    name,
                    number,
                    inner,
                },
                Err(receiver) => match select(receiver, clock.sleep(timeout)).await {
                    Either::Left((held, _)) => held.map_err(|_| NotLocked::Late)?,
                    Either::Right(_) => return Err(NotLocked::Late),
                },
            };
            Ok(Box::new(held) as Box<dyn LockGuard>)
        }
        .boxed_local()
    }
}
