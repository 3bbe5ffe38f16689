//! The rules of the local server, with a program that does as it is told and a clock that does not wait.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::*;

/// How one start goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Script {
    Missing,
    EndsAtOnce,
    NamesNoPort,
    NeverAnswers,
    Runs,
}

#[derive(Default)]
struct Stage {
    scripts: Mutex<VecDeque<Script>>,
    starts: Mutex<Vec<Instant>>,
    running: AtomicUsize,
    is_silent: AtomicBool,
    crash: Notify,
}

struct Fake(Arc<Stage>);

struct Player {
    script: Script,
    stage: Arc<Stage>,
}

impl Launch for Fake {
    type Process = Player;

    fn launch(&mut self) -> Result<Player, Reason> {
        let mut scripts = self.0.scripts.lock().unwrap();
        let script = match scripts.len() {
            1 => *scripts.front().unwrap(),
            _ => scripts.pop_front().unwrap(),
        };
        if script == Script::Missing {
            return Err(Reason::Missing);
        }
        self.0.starts.lock().unwrap().push(Instant::now());
        self.0.running.fetch_add(1, Ordering::SeqCst);
        Ok(Player {
            script,
            stage: self.0.clone(),
        })
    }
}

impl Process for Player {
    async fn port(&mut self) -> Option<u16> {
        match self.script {
            Script::EndsAtOnce => None,
            Script::NamesNoPort => pending().await,
            _ => Some(4000),
        }
    }

    async fn answers(&self, _: u16) -> bool {
        self.script == Script::Runs && !self.stage.is_silent.load(Ordering::SeqCst)
    }

    async fn ended(&mut self) {
        self.stage.crash.notified().await;
    }

    async fn end(self) {
        self.stage.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn backend(scripts: &[Script]) -> (Backend, Arc<Stage>) {
    let stage = Arc::new(Stage::default());
    stage.scripts.lock().unwrap().extend(scripts);
    let (backend, keeper) = Backend::new(Fake(stage.clone()));
    tokio::spawn(keeper);
    (backend, stage)
}

async fn until(backend: &Backend, wanted: impl Fn(&Health) -> bool) -> Health {
    let mut health = backend.health.clone();
    *health.wait_for(|health| wanted(health)).await.unwrap()
}

async fn running(backend: &Backend) -> Health {
    until(backend, |health| health.state == Phase::Running).await
}

#[tokio::test(start_paused = true)]
async fn it_runs_when_asked_and_not_before_and_once() {
    let (backend, stage) = backend(&[Script::Runs]);
    assert_eq!(backend.health(), STOPPED);
    assert!(stage.starts.lock().unwrap().is_empty());
    backend.start().await.unwrap();
    let health = running(&backend).await;
    assert_eq!(
        (health.port, health.attempt, health.reason),
        (Some(4000), 0, None)
    );
    let again = backend.start().await.unwrap();
    assert_eq!(
        again,
        Started {
            state: Phase::Running,
            port: Some(4000)
        }
    );
    assert_eq!(stage.starts.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_it_and_it_can_be_started_again() {
    let (backend, stage) = backend(&[Script::Runs]);
    backend.stop().await.unwrap();
    backend.start().await.unwrap();
    running(&backend).await;
    assert_eq!(backend.stop().await.unwrap(), Stopped { stopped: true });
    assert_eq!(backend.health(), STOPPED);
    assert_eq!(backend.port(), Port { port: None });
    assert_eq!(stage.running.load(Ordering::SeqCst), 0);
    backend.start().await.unwrap();
    running(&backend).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_program_is_told_and_not_tried_again_by_itself() {
    let (backend, _) = backend(&[Script::Missing, Script::Runs]);
    assert_eq!(backend.start().await.unwrap_err().kind, Kind::Missing);
    let health = backend.health();
    assert_eq!(
        (health.state, health.reason),
        (Phase::Failed, Some(Reason::Missing))
    );
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(backend.health().state, Phase::Failed);
    backend.start().await.unwrap();
    running(&backend).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_again_and_again_is_started_five_times_more_with_longer_pauses() {
    let (backend, stage) = backend(&[Script::EndsAtOnce]);
    backend.start().await.unwrap();
    let health = until(&backend, |health| health.state == Phase::Failed).await;
    assert_eq!(
        (health.attempt, health.reason, health.port),
        (5, Some(Reason::Exited), None)
    );
    let starts = stage.starts.lock().unwrap().clone();
    let pauses: Vec<u64> = starts
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs())
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16]);
    assert_eq!(stage.running.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_says_nothing_is_ended_and_told_as_silent() {
    for script in [Script::NamesNoPort, Script::NeverAnswers] {
        let (backend, stage) = backend(&[script, Script::Runs]);
        backend.start().await.unwrap();
        let health = until(&backend, |health| health.attempt == 1).await;
        assert_eq!(
            (health.state, health.reason),
            (Phase::Starting, Some(Reason::Silent))
        );
        assert_eq!(running(&backend).await.reason, Some(Reason::Silent));
        assert_eq!(stage.running.load(Ordering::SeqCst), 1, "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_followed_by_a_start_and_steady_running_forgets_it() {
    let (backend, stage) = backend(&[Script::Runs]);
    backend.start().await.unwrap();
    for expected in [1, 2] {
        running(&backend).await;
        stage.crash.notify_waiters();
        until(&backend, |health| {
            health.attempt == expected && health.port.is_none()
        })
        .await;
    }
    running(&backend).await;
    sleep(STEADY + CHECKS).await;
    stage.crash.notify_waiters();
    let health = until(&backend, |health| health.port.is_none()).await;
    assert_eq!(health.attempt, 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_falls_silent_is_replaced_after_some_patience() {
    let (backend, stage) = backend(&[Script::Runs]);
    backend.start().await.unwrap();
    running(&backend).await;
    stage.is_silent.store(true, Ordering::SeqCst);
    let since = Instant::now();
    let health = until(&backend, |health| health.port.is_none()).await;
    assert_eq!(health.reason, Some(Reason::Silent));
    assert_eq!(
        since.elapsed().as_secs(),
        CHECKS.as_secs() * u64::from(PATIENCE)
    );
    stage.is_silent.store(false, Ordering::SeqCst);
    running(&backend).await;
}

#[tokio::test(start_paused = true)]
async fn it_can_be_stopped_at_any_time() {
    for script in [
        Script::NamesNoPort,
        Script::NeverAnswers,
        Script::EndsAtOnce,
    ] {
        let (backend, stage) = backend(&[script]);
        backend.start().await.unwrap();
        sleep(Duration::from_millis(500)).await;
        backend.stop().await.unwrap();
        assert_eq!(backend.health(), STOPPED, "{script:?}");
        assert_eq!(stage.running.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn asking_again_cuts_the_pause_short() {
    let (backend, _) = backend(&[
        Script::EndsAtOnce,
        Script::EndsAtOnce,
        Script::EndsAtOnce,
        Script::Runs,
    ]);
    backend.start().await.unwrap();
    until(&backend, |health| health.attempt == 3).await;
    let since = Instant::now();
    backend.start().await.unwrap();
    running(&backend).await;
    assert!(since.elapsed() < Duration::from_secs(1));
}
