//! The tools that this app offers to agents, and what a person has allowed.
//!
//! A tool that reads something of the person's asks them first. The question belongs to the app: leaving the page
//! keeps it, and coming back shows it again. What would be shared is read when the question is put, so that exactly
//! what was shown is what an agent gets.

mod set;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use futures_util::future::{Either, LocalBoxFuture, select};
use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{Read, Update, With, WithUntracked};
use serde_json::{Map, Value};

use super::server::Server;
use super::task::lock;
use super::thread::ThreadKey;
use crate::core::route::Route;
use crate::core::tool::{Definition, cut};
use crate::i18n::tools as words;
use crate::port::Ports;

/// How long a tool may take where it says nothing else, in milliseconds. The person's own time to answer is not
/// part of it.
pub const TIMEOUT: u32 = 60_000;

/// A call of one of our tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The id the server gave it.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Its arguments, JSON text as it came.
    pub args: String,
}

/// What a call came to; a failure is told to the agent as well.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolOutcome {
    /// The text of the result.
    pub content: String,
    /// Whether it failed, was refused or took too long.
    pub is_error: bool,
}

impl fmt::Debug for ToolOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A result may be what somebody has on their clipboard.
        f.debug_struct("ToolOutcome")
            .field("is_error", &self.is_error)
            .finish_non_exhaustive()
    }
}

/// What a tool works with.
pub struct Job {
    /// Effects.
    pub ports: Ports,
    /// The arguments, which fit the schema.
    pub arguments: Map<String, Value>,
    /// What the person was shown when they were asked, where the tool has a glance.
    pub shown: Option<String>,
}

/// Carries a call out: the result, or what went wrong in words for the agent.
pub type Executor =
    Arc<dyn Fn(Job) -> LocalBoxFuture<'static, Result<String, String>> + Send + Sync>;
/// Reads what a tool would share, for the person to see before they answer; or why there is nothing to share.
pub type Glance = fn(&Ports, &Map<String, Value>) -> Result<String, String>;

/// A tool.
#[derive(Clone)]
pub struct Tool {
    /// Name, description and arguments.
    pub definition: Definition,
    /// Whether the person is asked first.
    pub needs_approval: bool,
    /// What would be shared, where that can be shown.
    pub glance: Option<Glance>,
    /// How long it may take, in milliseconds.
    pub timeout: u32,
    /// Does it.
    pub run: Executor,
}

/// A question to the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Approval {
    /// Tells it from every other question of this room.
    pub id: u64,
    /// The thread whose agent asks.
    pub thread: ThreadKey,
    /// The call, by the id that the server gave it.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// Its arguments, JSON text as it came.
    pub args: String,
    /// What would be shared, once it has been read.
    pub shares: Option<String>,
}

impl fmt::Debug for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Approval")
            .field("id", &self.id)
            .field("tool", &self.tool)
            .finish_non_exhaustive()
    }
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes, this time.
    Once,
    /// Yes, and the same tool in this thread needs not ask again until the page is closed.
    ForThread,
    /// No.
    Deny,
}

/// Is told of a question, and whether it is new or gone.
type Hook = Arc<dyn Fn(&Approval, bool) + Send + Sync>;

/// How a question ends.
enum Verdict {
    Allowed { shown: Option<String> },
    Refused(String),
}

/// The tools of a room. Clones share what was allowed and what waits for an answer.
#[derive(Clone)]
pub struct Tools(Arc<Inner>);

struct Inner {
    server: Server,
    tools: Mutex<Vec<Tool>>,
    /// In the order in which they were asked.
    waiting: ArcRwSignal<Vec<Approval>>,
    /// Those that the person has put aside for now.
    aside: ArcRwSignal<BTreeSet<u64>>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    count: u64,
    senders: BTreeMap<u64, oneshot::Sender<Verdict>>,
    allowed: BTreeSet<(ThreadKey, String)>,
    on_change: Option<Hook>,
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tools")
    }
}

impl Tools {
    /// The tools there are.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        Self(Arc::new(Inner {
            server: server.clone(),
            tools: Mutex::new(set::all()),
            waiting: ArcRwSignal::default(),
            aside: ArcRwSignal::default(),
            work: Mutex::default(),
        }))
    }

    /// Adds a tool; it takes the place of one with the same name.
    pub fn register(&self, tool: Tool) {
        let mut tools = lock(&self.0.tools);
        tools.retain(|known| known.definition.name != tool.definition.name);
        tools.push(tool);
    }

    /// How they are declared to a server (AG-UI `Tool`: name, description, JSON Schema of the parameters).
    #[must_use]
    pub fn definitions(&self) -> Vec<Value> {
        let tools = lock(&self.0.tools);
        tools.iter().map(|tool| tool.definition.to_wire()).collect()
    }

    /// Whether a tool of that name is ours.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether the person is asked before this tool is used.
    #[must_use]
    pub fn asks(&self, name: &str) -> bool {
        self.find(name).is_some_and(|tool| tool.needs_approval)
    }

    /// The questions that wait, oldest first.
    #[must_use]
    pub fn waiting(&self) -> ArcRwSignal<Vec<Approval>> {
        self.0.waiting.clone()
    }

    /// The question to put to the person who looks at this thread, if one waits that was not put aside (tracked).
    #[must_use]
    pub fn in_front(&self, thread: &ThreadKey) -> Option<Approval> {
        let waiting = self.0.waiting.read();
        let aside = self.0.aside.read();
        let mut here = waiting.iter().filter(|asked| asked.thread == *thread);
        here.find(|asked| !aside.contains(&asked.id)).cloned()
    }

    /// Whether a call of this thread waits for an answer (tracked).
    #[must_use]
    pub fn waits(&self, thread: &ThreadKey, call: &str) -> bool {
        let is_it = |asked: &Approval| asked.call == call && asked.thread == *thread;
        self.0.waiting.with(|waiting| waiting.iter().any(is_it))
    }

    /// The person wants to see the conversation first: the question goes on waiting, out of the way.
    pub fn put_aside(&self, id: u64) {
        if self.asked(id).is_some() {
            self.0.aside.update(|aside| {
                aside.insert(id);
            });
        }
    }

    /// What was put aside in this thread is put to the person again.
    pub fn bring_back(&self, thread: &ThreadKey) {
        for asked in self.asked_in(thread) {
            self.back_in_front(asked.id);
        }
    }

    fn back_in_front(&self, id: u64) {
        if self.0.aside.with_untracked(|aside| aside.contains(&id)) {
            self.0.aside.update(|aside| {
                aside.remove(&id);
            });
        }
    }

    /// Whether this thread waits for an answer (untracked).
    #[must_use]
    pub fn is_waiting(&self, thread: &ThreadKey) -> bool {
        let waiting = &self.0.waiting;
        waiting.with_untracked(|waiting| waiting.iter().any(|asked| asked.thread == *thread))
    }

    /// Is told whenever a question comes (`true`) or goes.
    pub(super) fn on_change(&self, hook: impl Fn(&Approval, bool) + Send + Sync + 'static) {
        lock(&self.0.work).on_change = Some(Arc::new(hook));
    }

    /// Carries a call out, after asking the person where the tool needs that. Never fails: what goes wrong is the
    /// outcome. Dropping it takes the question back.
    pub async fn call(&self, thread: &ThreadKey, call: &ToolCall) -> ToolOutcome {
        let outcome = self.carry_out(thread, call).await;
        let is_error = outcome.is_err();
        let (Ok(text) | Err(text)) = outcome;
        ToolOutcome {
            content: cut(&text, None),
            is_error,
        }
    }

    async fn carry_out(&self, thread: &ThreadKey, call: &ToolCall) -> Result<String, String> {
        let tool = self
            .find(&call.name)
            .ok_or_else(|| words::no_such_tool(&call.name))?;
        let arguments = tool
            .definition
            .read_arguments(&call.args)
            .map_err(|misfit| misfit.to_string())?;
        let shown = if tool.needs_approval {
            self.permit(thread, call, &tool, &arguments).await?
        } else {
            None
        };
        let ports = self.ports().clone();
        let limit = ports.clock.sleep(tool.timeout);
        let work = (tool.run)(Job {
            ports,
            arguments,
            shown,
        });
        match select(work, limit).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(words::too_slow(tool.timeout / 1_000)),
        }
    }

    /// Waits for the person's yes; what they were shown comes back with it.
    async fn permit(
        &self,
        thread: &ThreadKey,
        call: &ToolCall,
        tool: &Tool,
        arguments: &Map<String, Value>,
    ) -> Result<Option<String>, String> {
        let mut shares = None;
        // Somebody who looks at another page would be asked about what is selected there.
        if self.is_on_show(thread) {
            shares = self.glance(tool, arguments)?;
            if self.is_allowed(thread, &call.name) {
                return Ok(shares);
            }
        }
        let (sender, answer) = oneshot::channel();
        let question = self.ask(thread, call, shares, sender);
        let verdict = answer.await;
        drop(question);
        match verdict {
            Ok(Verdict::Allowed { shown }) => match shown {
                Some(shown) => Ok(Some(shown)),
                None => self.glance(tool, arguments),
            },
            Ok(Verdict::Refused(why)) => Err(why),
            Err(oneshot::Canceled) => Err(words::denied()),
        }
    }

    fn ask(
        &self,
        thread: &ThreadKey,
        call: &ToolCall,
        shares: Option<String>,
        sender: oneshot::Sender<Verdict>,
    ) -> Question {
        let id = {
            let mut work = lock(&self.0.work);
            work.count += 1;
            let id = work.count;
            work.senders.insert(id, sender);
            id
        };
        let approval = Approval {
            id,
            thread: thread.clone(),
            call: call.id.clone(),
            tool: call.name.clone(),
            args: call.args.clone(),
            shares,
        };
        self.0
            .waiting
            .update(|waiting| waiting.push(approval.clone()));
        self.changed(&approval, true);
        Question {
            tools: self.clone(),
            id,
        }
    }

    /// Takes the person's answer. A yes for the thread also answers what else the same tool asks there.
    pub fn answer(&self, id: u64, answer: Answer) {
        let Some(asked) = self.asked(id) else { return };
        match answer {
            Answer::Deny => self.settle(id, Verdict::Refused(words::denied())),
            Answer::Once => self.settle(id, allowed(&asked)),
            Answer::ForThread => {
                let key = (asked.thread.clone(), asked.tool.clone());
                lock(&self.0.work).allowed.insert(key);
                self.settle(id, allowed(&asked));
                self.look(&asked.thread);
            }
        }
    }

    /// The thread is on show: what its questions would share is read now, and those that need no answer any more
    /// are settled.
    pub fn look(&self, thread: &ThreadKey) {
        for asked in self.asked_in(thread) {
            let Some(tool) = self.find(&asked.tool) else {
                continue;
            };
            let arguments = tool.definition.read_arguments(&asked.args);
            let mut asked = asked;
            if asked.shares.is_none() {
                match self.glance(&tool, &arguments.unwrap_or_default()) {
                    Ok(shares) => asked.shares = shares,
                    Err(why) => {
                        self.settle(asked.id, Verdict::Refused(why));
                        continue;
                    }
                }
            }
            if self.is_allowed(thread, &asked.tool) {
                self.settle(asked.id, allowed(&asked));
            } else if asked.shares.is_some() {
                self.show_shares(&asked);
            }
        }
    }

    fn show_shares(&self, asked: &Approval) {
        let is_known = self
            .asked(asked.id)
            .is_some_and(|known| known.shares == asked.shares);
        if !is_known {
            self.0.waiting.update(|waiting| {
                if let Some(known) = waiting.iter_mut().find(|known| known.id == asked.id) {
                    known.shares.clone_from(&asked.shares);
                }
            });
        }
    }

    /// Answers everything that waits in this thread with no: its run was stopped.
    pub fn cancel(&self, thread: &ThreadKey) {
        for asked in self.asked_in(thread) {
            self.settle(asked.id, Verdict::Refused(words::denied()));
        }
    }

    /// Whoever was asked is gone: everything that waits is answered with no, and nothing is allowed any more.
    pub(super) fn let_go(&self) {
        lock(&self.0.work).allowed.clear();
        let waiting = self.0.waiting.with_untracked(Vec::clone);
        for asked in waiting {
            self.settle(asked.id, Verdict::Refused(words::denied()));
        }
    }

    fn settle(&self, id: u64, verdict: Verdict) {
        let sender = lock(&self.0.work).senders.remove(&id);
        if let Some(sender) = sender {
            // Nobody waits any more: the run was stopped this very moment.
            let _ = sender.send(verdict);
        }
        self.take_back(id);
    }

    fn take_back(&self, id: u64) {
        lock(&self.0.work).senders.remove(&id);
        let Some(asked) = self.asked(id) else { return };
        self.0
            .waiting
            .update(|waiting| waiting.retain(|asked| asked.id != id));
        self.back_in_front(id);
        self.changed(&asked, false);
    }

    fn changed(&self, asked: &Approval, is_new: bool) {
        let hook = lock(&self.0.work).on_change.clone();
        if let Some(hook) = hook {
            hook(asked, is_new);
        }
    }

    fn asked(&self, id: u64) -> Option<Approval> {
        self.0
            .waiting
            .with_untracked(|waiting| waiting.iter().find(|asked| asked.id == id).cloned())
    }

    fn asked_in(&self, thread: &ThreadKey) -> Vec<Approval> {
        self.0.waiting.with_untracked(|waiting| {
            let here = waiting.iter().filter(|asked| asked.thread == *thread);
            here.cloned().collect()
        })
    }

    fn find(&self, name: &str) -> Option<Tool> {
        let tools = lock(&self.0.tools);
        tools
            .iter()
            .find(|tool| tool.definition.name == name)
            .cloned()
    }

    fn glance(
        &self,
        tool: &Tool,
        arguments: &Map<String, Value>,
    ) -> Result<Option<String>, String> {
        tool.glance
            .map(|glance| glance(self.ports(), arguments))
            .transpose()
    }

    fn is_allowed(&self, thread: &ThreadKey, tool: &str) -> bool {
        let key = (thread.clone(), tool.to_owned());
        lock(&self.0.work).allowed.contains(&key)
    }

    fn is_on_show(&self, key: &ThreadKey) -> bool {
        match self.0.server.shared().here() {
            Some(Route::Thread {
                alias,
                room,
                thread,
                ..
            }) => alias == self.0.server.alias() && room == key.room && thread == key.thread,
            _ => false,
        }
    }

    fn ports(&self) -> &Ports {
        &self.0.server.shared().ports
    }
}

fn allowed(asked: &Approval) -> Verdict {
    Verdict::Allowed {
        shown: asked.shares.clone(),
    }
}

/// A question that is asked as long as somebody waits for its answer.
struct Question {
    tools: Tools,
    id: u64,
}

impl Drop for Question {
    fn drop(&mut self) {
        self.tools.take_back(self.id);
    }
}
