//! A desktop shell: its keychain outlives the windows, its commands can fail in every way that a bridge can.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use enfilade::core::record::keys;
use enfilade::core::server::id::ServerId;
use enfilade::port::{Clock, InShell, Shell, ShellAnswer};
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, pending};
use serde_json::{Value, json};

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
    pub args: BTreeMap<String, String>,
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
    /// Whether windows are a shell's, and whether its bridge is there.
    is_there: Option<bool>,
    kept: BTreeMap<String, String>,
    before: BTreeMap<String, String>,
    faults: BTreeMap<&'static str, Fault>,
    calls: Vec<Called>,
    is_production: bool,
    /// How the server on this computer stands.
    local: Value,
    flows: BTreeMap<String, Option<oneshot::Sender<Value>>>,
    gone: Vec<oneshot::Sender<Value>>,
    link: Option<String>,
}

type Hearer = Box<dyn Fn(String)>;

thread_local! {
    /// Who hears links of the app, and presses on links out of it.
    static HEARERS: RefCell<[Option<Hearer>; 2]> = const { RefCell::new([None, None]) };
}

/// Where a sign-in comes back to on this machine.
pub fn listener(flow: &str) -> String {
    format!("http://127.0.0.1:4300/{flow}")
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
        self.with(|inner| inner.is_there = Some(true));
    }

    /// The bridge is missing in windows that open from now on.
    pub fn uninstall(&self) {
        self.with(|inner| inner.is_there = Some(false));
    }

    pub fn port(&self) -> InShell<Arc<dyn Shell>> {
        match self.with(|inner| inner.is_there) {
            None => InShell::default(),
            Some(is_there) => {
                InShell::new(is_there.then(|| Arc::new(self.clone()) as Arc<dyn Shell>))
            }
        }
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

    /// The page is the one that the shell brings along.
    pub fn set_production(&self) {
        self.with(|inner| inner.is_production = true);
    }

    pub fn set_local(&self, state: &str, port: Option<u16>, reason: Option<&str>) {
        let said = json!({ "state": state, "port": port, "attempt": 1, "reason": reason });
        self.with(|inner| inner.local = said);
    }

    /// The browser comes back to the listener of this flow; whether there is one.
    pub fn come_back(&self, flow: &str, query: &str, fragment: &str) -> bool {
        let said = json!({ "query": query, "fragment": fragment });
        let waiter = self.with(|inner| inner.flows.remove(flow)).flatten();
        waiter.is_some_and(|waiter| waiter.send(said).is_ok())
    }

    /// The flows that somebody listens for.
    pub fn flows(&self) -> Vec<String> {
        self.with(|inner| inner.flows.keys().cloned().collect())
    }

    /// The listener has waited long enough.
    pub fn time_out(&self, flow: &str) {
        let waiter = self.with(|inner| inner.flows.remove(flow)).flatten();
        let _ = waiter.map(|waiter| waiter.send(json!({ "ended": true })));
    }

    /// What was opened in the person's browser.
    pub fn opened(&self) -> Vec<String> {
        let calls = self.calls("open_in_browser");
        calls.iter().map(|call| call.args["url"].clone()).collect()
    }

    /// A link of the app is opened elsewhere.
    pub fn open_link(&self, link: &str) {
        hear(0, link);
    }

    /// The app was opened by this link.
    pub fn set_link(&self, link: &str) {
        self.with(|inner| inner.link = Some(link.to_owned()));
    }

    /// Somebody presses a link that leads out of the app.
    pub fn press(&self, url: &str) {
        hear(1, url);
    }

    fn wait(&self, flow: &str) -> LocalBoxFuture<'static, ShellAnswer> {
        let (sender, answer) = oneshot::channel();
        let is_known = self.with(|inner| match inner.flows.get_mut(flow) {
            Some(waiter) => {
                // A window that is gone hears nothing.
                inner.gone.extend(waiter.replace(sender));
                true
            }
            None => false,
        });
        async move {
            if !is_known {
                return Err(json!({ "kind": "failed", "message": "no such flow" }).to_string());
            }
            let said = answer.await.unwrap_or_else(|_| json!({ "ended": true }));
            Ok(Some(said.to_string()))
        }
        .boxed_local()
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

    fn carry_out(&self, command: &str, args: &BTreeMap<String, String>) -> ShellAnswer {
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
            "shell_info" => {
                json!({ "production": inner.is_production, "version": "0", "platform": "test" })
            }
            "start_backend" | "check_backend_health" => inner.local.clone(),
            "begin_sign_in" => {
                let flow = args["flow"].clone();
                inner.flows.insert(flow.clone(), None);
                json!({ "address": listener(&flow) })
            }
            "end_sign_in" => {
                inner.flows.remove(&args["flow"]);
                json!({ "ended": true })
            }
            "open_in_browser" => json!({ "opened": true }),
            "notify" => json!({ "shown": true }),
            "take_link" => json!({ "url": inner.link.take() }),
            _ => json!(null),
        });
        Ok(Some(said.to_string()))
    }
}

fn hear(which: usize, text: &str) {
    let heard = HEARERS.with_borrow_mut(|hearers| hearers[which].take());
    if let Some(heard) = heard {
        heard(text.to_owned());
        HEARERS.with_borrow_mut(|hearers| hearers[which] = Some(heard));
    }
}

impl Shell for FakeShell {
    fn invoke(&self, command: &'static str, args: String) -> LocalBoxFuture<'static, ShellAnswer> {
        let args: BTreeMap<String, Value> = serde_json::from_str(&args).unwrap();
        let args: BTreeMap<String, String> = args
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect();
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
            None if command == "wait_sign_in" => self.wait(&args["flow"]),
            None if command == "request_token" => {
                async { Err("Command request_token not found".to_owned()) }.boxed_local()
            }
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
                let (sender, answer) = oneshot::channel();
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

    fn hear_links(&self, heard: Box<dyn Fn(String)>) {
        HEARERS.with_borrow_mut(|hearers| hearers[0] = Some(heard));
    }

    fn hear_outward(&self, heard: Box<dyn Fn(String)>) {
        HEARERS.with_borrow_mut(|hearers| hearers[1] = Some(heard));
    }
}
