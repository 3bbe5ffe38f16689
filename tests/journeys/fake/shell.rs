//! A desktop shell: its keychain outlives the windows, its commands can fail in every way that a bridge can.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use enfilade::core::record::keys;
use enfilade::core::server::id::ServerId;
use enfilade::port::{Clock, Shell, ShellAnswer};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, pending};
use serde_json::json;

use super::{Disk, FakeClock};

/// What becomes of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// It does nothing and answers so.
    Says(ShellAnswer),
    /// It does nothing and never answers.
    Never,
    /// It does what it is asked and never answers.
    Lost,
    /// It does what it is asked and answers so.
    DoesAndSays(ShellAnswer),
    /// It does what it is asked after so many milliseconds, and answers then.
    Late(u32),
    /// A load answers with what was there before.
    Stale,
}

/// A call, and what lay in the durable copy of that server then.
#[derive(Debug, Clone)]
pub struct Called {
    pub command: &'static str,
    pub args: BTreeMap<&'static str, String>,
    pub durable: Option<String>,
}

/// Clones share it.
#[derive(Clone)]
pub struct FakeShell {
    clock: FakeClock,
    disk: Disk,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    is_there: bool,
    kept: BTreeMap<String, String>,
    before: BTreeMap<String, String>,
    faults: BTreeMap<&'static str, Fault>,
    calls: Vec<Called>,
}

pub fn refused(kind: &str) -> Fault {
    Fault::Says(Err(json!({ "kind": kind, "message": "m" }).to_string()))
}

/// What Tauri says of a command that is not registered.
pub fn unregistered(command: &str) -> Fault {
    Fault::Says(Err(format!("Command {command} not found")))
}

pub const KEYCHAIN: [&str; 4] = [
    "check_keychain",
    "store_refresh_token",
    "load_refresh_token",
    "clear_refresh_token",
];

impl FakeShell {
    pub fn new(clock: FakeClock, disk: Disk) -> Self {
        Self {
            clock,
            disk,
            inner: Arc::default(),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    /// Windows that open from now on are a shell's.
    pub fn install(&self) {
        self.with(|inner| inner.is_there = true);
    }

    pub fn port(&self) -> Option<Arc<dyn Shell>> {
        self.with(|inner| inner.is_there)
            .then(|| Arc::new(self.clone()) as Arc<dyn Shell>)
    }

    pub fn set(&self, command: &'static str, fault: Fault) {
        self.with(|inner| inner.faults.insert(command, fault));
    }

    /// Every command of the keychain.
    pub fn set_keychain(&self, fault: impl Fn(&str) -> Fault) {
        for command in KEYCHAIN {
            self.set(command, fault(command));
        }
    }

    pub fn heal(&self) {
        self.with(|inner| inner.faults.clear());
    }

    /// What the keychain holds.
    pub fn kept(&self, id: &ServerId) -> Option<String> {
        self.with(|inner| inner.kept.get(id.as_str()).cloned())
    }

    pub fn put(&self, id: &ServerId, record: &str) {
        self.with(|inner| inner.kept.insert(id.as_str().to_owned(), record.to_owned()));
    }

    /// Somebody empties the keychain.
    pub fn empty(&self) {
        self.with(|inner| inner.kept.clear());
    }

    pub fn calls(&self, command: &str) -> Vec<Called> {
        self.with(|inner| {
            let calls = inner.calls.iter();
            calls
                .filter(|call| call.command == command)
                .cloned()
                .collect()
        })
    }

    pub fn count(&self, command: &str) -> usize {
        self.calls(command).len()
    }

    fn carry_out(&self, command: &str, args: &BTreeMap<&'static str, String>) -> ShellAnswer {
        let server = args.get("server").cloned().unwrap_or_default();
        let said = self.with(|inner| match command {
            "check_keychain" => json!({ "works": true }),
            "store_refresh_token" => {
                let old = inner.kept.insert(server.clone(), args["record"].clone());
                if let Some(old) = old {
                    inner.before.insert(server, old);
                }
                json!({ "stored": true })
            }
            "load_refresh_token" => json!({ "record": inner.kept.get(&server) }),
            "clear_refresh_token" => {
                if let Some(old) = inner.kept.remove(&server) {
                    inner.before.insert(server, old);
                }
                json!({ "cleared": true })
            }
            "shell_info" => json!({ "production": false, "version": "0", "platform": "test" }),
            _ => json!(null),
        });
        Ok(Some(said.to_string()))
    }
}

impl Shell for FakeShell {
    fn invoke(
        &self,
        command: &'static str,
        args: Vec<(&'static str, String)>,
    ) -> LocalBoxFuture<'static, ShellAnswer> {
        let args: BTreeMap<_, _> = args.into_iter().collect();
        let server = args
            .get("server")
            .and_then(|server| ServerId::parse(server).ok());
        let durable = server.and_then(|id| self.disk.read(&keys::session(&id)));
        let called = Called {
            command,
            args: args.clone(),
            durable,
        };
        let fault = self.with(|inner| {
            inner.calls.push(called);
            inner.faults.get(command).cloned()
        });
        match fault {
            None => {
                let answer = self.carry_out(command, &args);
                async move { answer }.boxed_local()
            }
            Some(Fault::Says(answer)) => async move { answer }.boxed_local(),
            Some(Fault::Never) => pending().boxed_local(),
            Some(Fault::Lost) => {
                // Nobody hears of it.
                let _ = self.carry_out(command, &args);
                pending().boxed_local()
            }
            Some(Fault::DoesAndSays(answer)) => {
                let _ = self.carry_out(command, &args);
                async move { answer }.boxed_local()
            }
            Some(Fault::Late(pause)) => {
                let (this, late) = (self.clone(), self.clock.sleep(pause));
                let (sender, answer) = futures_channel::oneshot::channel();
                // It goes on when nobody waits any more.
                enfilade::state::task::spawn(async move {
                    late.await;
                    let _ = sender.send(this.carry_out(command, &args));
                });
                async move { answer.await.unwrap() }.boxed_local()
            }
            Some(Fault::Stale) => {
                let server = args.get("server").cloned().unwrap_or_default();
                let old = self.with(|inner| inner.before.get(&server).cloned());
                async move { Ok(Some(json!({ "record": old }).to_string())) }.boxed_local()
            }
        }
    }

    fn hear_links(&self, _: Box<dyn Fn(String)>) {}

    fn hear_outward(&self, _: Box<dyn Fn(String)>) {}
}
