//! The local server "This computer": started when it is asked for, looked after, ended with the app.
//!
//! A task of its own goes through the phases; whoever asks sees the last one in a `watch` channel. What is started is
//! behind [`Launch`] and [`Process`], so that the rules are tried without a process and without waiting.

mod process;

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

pub use process::{Program, find};

use crate::failure::{Failure, Kind, Outcome};

/// Pauses before it is started once more; after the last one it has failed.
pub const BACK_OFF: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
/// Time to name its port, and again to answer for the first time.
const START: Duration = Duration::from_secs(15);
const FIRST_CHECKS: Duration = Duration::from_millis(100);
const CHECKS: Duration = Duration::from_secs(5);
/// So many checks in a row may fail before it counts as silent.
const PATIENCE: u32 = 3;
/// Whoever ran that long starts with a clean slate.
const STEADY: Duration = Duration::from_secs(60);

/// Where the server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Nobody has asked for it, or it was stopped.
    Stopped,
    /// It does not answer yet, or is about to be started again.
    Starting,
    /// It answers.
    Running,
    /// It is not started again before somebody asks.
    Failed,
}

/// Why it does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Its program is not here.
    Missing,
    /// It ended by itself.
    Exited,
    /// It runs and does not answer.
    Silent,
}

/// All there is to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Its phase.
    pub state: Phase,
    /// Its port, while it answers.
    pub port: Option<u16>,
    /// How often it was started again since it last ran steadily.
    pub attempt: u32,
    /// Why it had to be, or why it failed.
    pub reason: Option<Reason>,
}

const STOPPED: Health = Health {
    state: Phase::Stopped,
    port: None,
    attempt: 0,
    reason: None,
};

/// Starts the server's program.
pub trait Launch: Send + 'static {
    /// What runs then.
    type Process: Process;
    /// Starts it.
    ///
    /// # Errors
    /// The program is not there, or the system refuses.
    fn launch(&mut self) -> Result<Self::Process, Reason>;
}

/// A started program.
pub trait Process: Send + 'static {
    /// The port that it names once it listens; `None` when it ends without.
    fn port(&mut self) -> impl Future<Output = Option<u16>> + Send;
    /// Whether it answers now.
    fn answers(&self, port: u16) -> impl Future<Output = bool> + Send;
    /// Waits until it ends by itself.
    fn ended(&mut self) -> impl Future<Output = ()> + Send;
    /// Ends it, and waits for that.
    fn end(self) -> impl Future<Output = ()> + Send;
}

enum Order {
    Start(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// What starting gives: where it is now.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Started {
    state: Phase,
    port: Option<u16>,
}

/// What asking for the port gives.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    port: Option<u16>,
}

/// What stopping gives.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    stopped: bool,
}

/// The way to the task that looks after the server.
#[derive(Clone)]
pub struct Backend {
    orders: mpsc::Sender<Order>,
    health: watch::Receiver<Health>,
}

impl Backend {
    /// A handle, and the task behind it, which the caller lets run.
    pub fn new(launch: impl Launch) -> (Self, impl Future<Output = ()> + Send) {
        let (orders, asked) = mpsc::channel(8);
        let (tell, health) = watch::channel(STOPPED);
        let keeper = Keeper {
            launch,
            asked,
            tell,
        };
        (Self { orders, health }, keeper.run())
    }

    /// Starts the server unless it runs; answers as soon as its program was started.
    pub async fn start(&self) -> Outcome<Started> {
        self.order(Order::Start).await?;
        let health = self.health();
        match (health.state, health.reason) {
            (Phase::Failed, Some(Reason::Missing)) => Err(Failure::new(
                Kind::Missing,
                "the program of the local server is not where it belongs: install Enfilade again",
            )),
            (Phase::Failed | Phase::Stopped, _) => {
                Err(Failure::failed("the local server cannot be started"))
            }
            (state, _) => Ok(Started {
                state,
                port: health.port,
            }),
        }
    }

    /// Ends the server.
    pub async fn stop(&self) -> Outcome<Stopped> {
        self.order(Order::Stop).await?;
        Ok(Stopped { stopped: true })
    }

    /// The port, while the server answers.
    pub fn port(&self) -> Port {
        Port {
            port: self.health().port,
        }
    }

    /// Where it is now.
    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    async fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) -> Outcome<()> {
        let gone = || Failure::failed("the local server is no longer looked after");
        let (done, was_done) = oneshot::channel();
        self.orders.send(order(done)).await.map_err(|_| gone())?;
        was_done.await.map_err(|_| gone())
    }
}

/// Why looking after one process ended, or a pause.
enum End {
    /// It is to be started again.
    Lost { reason: Reason, was_steady: bool },
    /// Somebody wants it now.
    Wanted,
    /// It is to be stopped; whoever asked for that waits.
    Stop(oneshot::Sender<()>),
    /// Nobody can ask for anything any more.
    Closed,
}

struct Keeper<L> {
    launch: L,
    asked: mpsc::Receiver<Order>,
    tell: watch::Sender<Health>,
}

impl<L: Launch> Keeper<L> {
    async fn run(mut self) {
        while let Some(order) = self.asked.recv().await {
            let stopped = match order {
                Order::Start(done) => self.keep_running(done).await,
                Order::Stop(done) => Some(done),
            };
            if let Some(done) = stopped {
                self.tell.send_replace(STOPPED);
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    /// Runs it until it has failed, or is to be stopped: then gives whom to tell.
    async fn keep_running(&mut self, started: oneshot::Sender<()>) -> Option<oneshot::Sender<()>> {
        let mut started = Some(started);
        let (mut attempt, mut last) = (0, None);
        loop {
            self.phase(Phase::Starting, attempt, last);
            let launched = self.launch.launch();
            if let Err(Reason::Missing) = launched {
                self.phase(Phase::Failed, attempt, Some(Reason::Missing));
            }
            if let Some(started) = started.take() {
                // Whoever asked may have gone.
                let _ = started.send(());
            }
            let end = match launched {
                Err(Reason::Missing) => return None,
                Err(reason) => End::Lost {
                    reason,
                    was_steady: false,
                },
                Ok(process) => self.attend(process, attempt, last).await,
            };
            let reason = match end {
                End::Lost { reason, was_steady } => {
                    attempt = if was_steady { 0 } else { attempt };
                    reason
                }
                End::Stop(done) => return Some(done),
                End::Wanted | End::Closed => return None,
            };
            last = Some(reason);
            let Some(pause) = BACK_OFF.get(attempt as usize) else {
                self.phase(Phase::Failed, attempt, last);
                return None;
            };
            attempt += 1;
            self.phase(Phase::Starting, attempt, last);
            match self.pause(*pause).await {
                End::Stop(done) => return Some(done),
                End::Closed => return None,
                // Its time has come, or somebody did not want to wait for that.
                End::Lost { .. } | End::Wanted => {}
            }
        }
    }

    fn phase(&self, state: Phase, attempt: u32, reason: Option<Reason>) {
        self.tell.send_replace(Health {
            state,
            port: None,
            attempt,
            reason,
        });
    }

    /// Looks after one process to its end, which is certain afterwards.
    async fn attend(&mut self, mut process: L::Process, attempt: u32, last: Option<Reason>) -> End {
        let end = tokio::select! {
            end = watch_over(&mut process, attempt, last, &self.tell) => end,
            end = stopped(&mut self.asked) => end,
        };
        process.end().await;
        end
    }

    async fn pause(&mut self, time: Duration) -> End {
        tokio::select! {
            () = sleep(time) => End::Wanted,
            end = next(&mut self.asked) => end,
        }
    }
}

/// The next order, told to whoever gave it if that was to start.
async fn next(asked: &mut mpsc::Receiver<Order>) -> End {
    match asked.recv().await {
        Some(Order::Start(done)) => {
            // Whoever asked may have gone.
            let _ = done.send(());
            End::Wanted
        }
        Some(Order::Stop(done)) => End::Stop(done),
        None => End::Closed,
    }
}

/// Waits for the order to stop: what runs is started already.
async fn stopped(asked: &mut mpsc::Receiver<Order>) -> End {
    loop {
        match next(asked).await {
            End::Wanted => {}
            end => return end,
        }
    }
}

async fn watch_over(
    process: &mut impl Process,
    attempt: u32,
    last: Option<Reason>,
    tell: &watch::Sender<Health>,
) -> End {
    let lost = |reason, since: Option<Instant>| End::Lost {
        reason,
        was_steady: since.is_some_and(|since| since.elapsed() >= STEADY),
    };
    let port = match timeout(START, process.port()).await {
        Ok(Some(port)) => port,
        Ok(None) => return lost(Reason::Exited, None),
        Err(_) => return lost(Reason::Silent, None),
    };
    match timeout(START, first_answer(process, port)).await {
        Ok(true) => {}
        Ok(false) => return lost(Reason::Exited, None),
        Err(_) => return lost(Reason::Silent, None),
    }
    let since = Instant::now();
    tell.send_replace(Health {
        state: Phase::Running,
        port: Some(port),
        attempt,
        reason: last,
    });
    let mut silences = 0;
    while silences < PATIENCE {
        tokio::select! {
            () = process.ended() => return lost(Reason::Exited, Some(since)),
            () = sleep(CHECKS) => {}
        }
        silences = if process.answers(port).await {
            0
        } else {
            silences + 1
        };
    }
    lost(Reason::Silent, Some(since))
}

/// Whether it answered before it ended.
async fn first_answer(process: &mut impl Process, port: u16) -> bool {
    while !process.answers(port).await {
        tokio::select! {
            () = process.ended() => return false,
            () = sleep(FIRST_CHECKS) => {}
        }
    }
    true
}

#[cfg(test)]
#[path = "backend/tests.rs"]
mod tests;
