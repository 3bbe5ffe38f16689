//! Threads and runs of a core, as rooms know them.
//!
//! A core stores neither question nor answer by itself, and knows no runs: whoever shows a conversation stores both. So each question
//! is a run here, named by the id of its message, and its answer is what follows it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use serde_json::Value;

use super::answer::{self, Live};
use super::client::CoreClient;
use crate::api::openhuman::{chat, events, threads};
use crate::core::agui::event::Event;
use crate::core::agui::run::{Cursor, RunInput, UserContent, WireMessage};
use crate::core::error::ApiError;
use crate::core::record::keys;
use crate::core::room::{RoomId, ThreadId};
use crate::core::rpc::redact::Place;
use crate::core::rpc::stored::{Exchange, exchanges};
use crate::core::rpc::thread::{Message, Repair, Sender, ThreadEntry, TurnState, repair};
use crate::core::rpc::turn::Turn;
use crate::core::rpc::turn::event::{TurnEvent, TurnEventKind};
use crate::core::thread::history::{NewThread, StoredRun, ThreadSummary};
use crate::i18n;
use crate::i18n::openhuman as words;
use crate::state::backend::{Abilities, Answer, Backend, RunStream, Runs};
use crate::state::task::{lock, spawn};
use crate::state::thread::ThreadKey;

/// How long another tab may take to ask, or to store an answer, in milliseconds: two calls and their repetitions.
const OTHER_TAB: u32 = 120_000;
/// A question may be sent a moment after it was stored: for so long it is looked whether it was, so often, with this pause between
/// (milliseconds).
const YOUNG: i64 = 10_000;
const LOOKS: u32 = 3;
const LOOK_PAUSE: u32 = 1_000;

/// Speaks to one core. Clones share what they know.
#[derive(Clone)]
pub struct Core(Arc<Inner>);

struct Inner {
    client: CoreClient,
    /// As they were listed last.
    entries: Mutex<HashMap<ThreadId, ThreadEntry>>,
    messages: Mutex<HashMap<ThreadId, Vec<Message>>>,
    /// The answers that are being followed, by run.
    live: Mutex<HashMap<String, Live>>,
}

impl Core {
    pub fn new(client: CoreClient) -> Self {
        Self(Arc::new(Inner {
            client,
            entries: Mutex::default(),
            messages: Mutex::default(),
            live: Mutex::default(),
        }))
    }

    fn client(&self) -> &CoreClient {
        &self.0.client
    }

    /// What the events of this browser go by, in every tab, over reloads. Nobody else can guess it.
    fn listener(&self) -> String {
        let shared = &self.client().0.shared;
        let key = keys::listener(&self.client().0.id);
        shared.get(&key).unwrap_or_else(|| {
            let name = shared.uuid();
            shared.set(&key, &name);
            name
        })
    }

    async fn entry(&self, thread: &ThreadId) -> Result<ThreadEntry, ApiError> {
        let known = lock(&self.0.entries).get(thread).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        self.list().await?;
        let known = lock(&self.0.entries).get(thread).cloned();
        known.ok_or(ApiError::NotFound { detail: None })
    }

    async fn list(&self) -> Result<Vec<ThreadEntry>, ApiError> {
        let answer = self.client().call(threads::list()).await?;
        let mut list = threads::read_list(&answer)?;
        list.retain(|thread| !thread.is_worker);
        let entries = list.iter().map(|entry| (entry.id.clone(), entry.clone()));
        *lock(&self.0.entries) = entries.collect();
        Ok(list)
    }

    async fn messages(&self, thread: &ThreadId) -> Result<Vec<Message>, ApiError> {
        let answer = self.client().call(threads::messages(thread)).await?;
        let messages = threads::read_messages(&answer)?;
        lock(&self.0.messages).insert(thread.clone(), messages.clone());
        Ok(messages)
    }

    async fn has(&self, thread: &ThreadId, message: &str) -> bool {
        let messages = self.messages(thread).await;
        messages.is_ok_and(|messages| messages.iter().any(|known| known.id == message))
    }

    async fn listen(&self) -> Result<Box<dyn crate::port::ByteStream>, ApiError> {
        let request = events::stream(&self.listener());
        self.client().api().open_stream(request, None).await
    }

    async fn ask(self, key: ThreadKey, run: String, text: String) -> Result<RunStream, ApiError> {
        // What is said before somebody listens is lost.
        let bytes = self.listen().await?;
        // To other tabs, a question that is not sent yet looks like one whose answer was missed.
        let _alone = self.client().alone(&key.thread, answer::LOCK_WAIT).await;
        let (client, now) = (self.client(), self.client().now());
        let question = Message {
            id: run.clone(),
            sender: Sender::Person,
            text: text.clone(),
            at: Some(now),
            tool: None,
        };
        let stored = client.call(threads::append(&key.thread, &question, now));
        let stored = stored
            .await
            .and_then(|answer| threads::read_append(&answer));
        if let Err(error) = stored {
            // It may have arrived without our hearing of it: then it must not be asked twice.
            let is_there = error.kind.is_transient() && self.has(&key.thread, &run).await;
            if !is_there {
                return Err(error.into());
            }
        }
        let sent = chat::send(&self.listener(), &key.thread, &text);
        let sent = client.call(sent).await;
        match sent.and_then(|answer| chat::read_send(&answer)) {
            Ok(request) => {
                let turn = Turn::new(key.thread.clone(), &request, now);
                Ok(self.follow(&key, run, turn, bytes, Vec::new()))
            }
            // The question is stored by now: it stands, without an answer.
            Err(error) => Ok(answer::told(vec![answer::failed(
                &i18n::errors::api_error_line(&error.into()),
            )])),
        }
    }

    fn follow(
        &self,
        key: &ThreadKey,
        run: String,
        turn: Turn,
        bytes: Box<dyn crate::port::ByteStream>,
        first: Vec<Event>,
    ) -> RunStream {
        let live: Live = Arc::new(Mutex::new(turn));
        lock(&self.0.live).insert(run.clone(), live.clone());
        let this = self.clone();
        let over = move || {
            lock(&this.0.live).remove(&run);
        };
        answer::stream(self.client().clone(), key.clone(), live, bytes, first, over)
    }

    async fn found(&self, thread: &ThreadId) -> Result<Found, ApiError> {
        // In this order: an answer that is stored in between is not taken for a missed one.
        let state = self.client().call(threads::turn_state(thread)).await?;
        Ok(Found {
            state: threads::read_turn_state(&state)?,
            messages: self.messages(thread).await?,
        })
    }

    /// What a core has of a thread. A question that seems to have no answer may be on its way to the core, or its answer to be stored:
    /// where a tab of this browser is at it, that is waited for, and a question just asked elsewhere is looked at a few times more.
    async fn settled(
        &self,
        thread: &ThreadId,
        run: &str,
        is_sent: bool,
    ) -> Result<Found, ApiError> {
        let mut found = self.found(thread).await?;
        for _ in 0..LOOKS {
            if found.unanswered(run).is_none() {
                break;
            }
            let other = self.client().alone(thread, OTHER_TAB).await;
            drop(other);
            found = self.found(thread).await?;
            let at = found.unanswered(run).and_then(|question| question.at);
            let age = at.map(|at| self.client().now() - at);
            if is_sent || !age.is_some_and(|age| (0..YOUNG).contains(&age)) {
                break;
            }
            self.client().0.shared.ports.clock.sleep(LOOK_PAUSE).await;
        }
        Ok(found)
    }

    /// Goes on with a turn, in the state in which the core says it is.
    async fn take_up(self, key: ThreadKey, run: String) -> Result<RunStream, ApiError> {
        let bytes = self.listen().await?;
        let known = lock(&self.0.live).get(&run).cloned();
        let known = known.map(|live| lock(&live).clone());
        if let Some(turn) = known.as_ref().filter(|turn| turn.outcome().is_some()) {
            // All of it has come: only storing it was cut off.
            return Ok(self.follow(&key, run, turn.clone(), bytes, Vec::new()));
        }
        let found = self.settled(&key.thread, &run, known.is_some()).await?;
        let (asked, state) = found.of(&run);
        let now = self.client().now();
        Ok(match (repair(asked, state), state) {
            (Repair::Follow, Some(state)) => match known {
                Some(turn) if turn.request() == state.request => {
                    self.follow(&key, run, turn, bytes, Vec::new())
                }
                _ => {
                    let (turn, steps) = Turn::resume(key.thread.clone(), state, now);
                    self.follow(&key, run, turn, bytes, answer::events(steps))
                }
            },
            (Repair::Interrupted, Some(state)) => {
                let (_, steps) = Turn::resume(key.thread.clone(), state, now);
                let mut events = answer::events(steps);
                events.push(answer::failed(words::INTERRUPTED));
                answer::told(events)
            }
            (Repair::Missed { .. }, _) => answer::told(vec![answer::failed(words::MISSED)]),
            _ => {
                let mut turn = known.unwrap_or_else(|| Turn::new(key.thread.clone(), &run, now));
                let done = TurnEvent {
                    thread: key.thread.clone(),
                    request: turn.request().to_owned(),
                    kind: TurnEventKind::Done {
                        text: said(asked, &run),
                    },
                };
                answer::told(answer::events(turn.take(&done, now)))
            }
        })
    }
}

/// What a core has of a thread.
struct Found {
    messages: Vec<Message>,
    state: Option<TurnState>,
}

impl Found {
    /// The messages up to the end of a run, and the turn that answers it: what is under way answers the newest question.
    fn of(&self, run: &str) -> (&[Message], Option<&TurnState>) {
        let (asked, is_last) = until_end(&self.messages, run);
        (asked, self.state.as_ref().filter(|_| is_last))
    }

    /// The newest question, if it is that of this run and seems to have no answer.
    fn unanswered(&self, run: &str) -> Option<&Message> {
        let (asked, state) = self.of(run);
        let is_last = asked.len() == self.messages.len();
        let is_missed = is_last && matches!(repair(asked, state), Repair::Missed { .. });
        asked.last().filter(|_| is_missed)
    }
}

/// The messages up to the end of a run, and whether it is the last one.
fn until_end<'a>(messages: &'a [Message], run: &str) -> (&'a [Message], bool) {
    let own = messages.iter().position(|message| message.id == run);
    let behind = own.map_or(messages.len(), |own| own + 1);
    let is_next = |message: &Message| message.sender == Sender::Person && message.tool.is_none();
    let rest = messages.get(behind..).unwrap_or_default();
    match rest.iter().position(is_next) {
        Some(next) => (messages.get(..behind + next).unwrap_or_default(), false),
        None => (messages, true),
    }
}

/// What was answered behind this message.
fn said(messages: &[Message], run: &str) -> String {
    let answers = messages.iter().skip_while(|message| message.id != run);
    let answers = answers.filter(|message| message.sender == Sender::Agent);
    let texts = answers.filter(|message| message.tool.is_none());
    let texts: Vec<&str> = texts.map(|message| message.text.as_str()).collect();
    texts.join("\n\n")
}

impl Backend for Core {
    fn abilities(&self) -> Abilities {
        Abilities {
            images: false,
            feedback: false,
            integrations: true,
        }
    }

    fn unnamed(&self) -> &'static str {
        words::UNNAMED
    }

    fn threads(&self, _: &RoomId) -> Answer<Vec<ThreadSummary>> {
        let this = self.clone();
        async move {
            let list = this.list().await?;
            Ok(list.into_iter().map(summary).collect())
        }
        .boxed_local()
    }

    fn create_thread(&self, _: &RoomId) -> Answer<NewThread> {
        let client = self.client().clone();
        async move {
            let made = client.call(threads::create()).await?;
            Ok(NewThread {
                id: threads::read_thread(&made)?.id,
                run: None,
                state: None,
            })
        }
        .boxed_local()
    }

    fn rename_thread(&self, _: &RoomId, thread: &ThreadId, name: &str) -> Answer<()> {
        let (this, thread, name) = (self.clone(), thread.clone(), name.to_owned());
        async move {
            let entry = this.entry(&thread).await?;
            this.client().call(threads::rename(&entry, &name)).await?;
            Ok(())
        }
        .boxed_local()
    }

    fn delete_thread(&self, _: &RoomId, thread: &ThreadId) -> Answer<()> {
        let client = self.client().clone();
        let call = threads::delete(thread, client.now());
        async move {
            client.call(call).await?;
            Ok(())
        }
        .boxed_local()
    }

    fn runs(&self, key: &ThreadKey) -> Answer<Runs> {
        let (this, thread) = (self.clone(), key.thread.clone());
        async move {
            let messages = this.messages(&thread).await?;
            Ok(Runs {
                list: exchanges(&messages)
                    .iter()
                    .map(|run| run.summary())
                    .collect(),
                input: Box::new(|_| None),
            })
        }
        .boxed_local()
    }

    fn run(&self, key: &ThreadKey, run: &str) -> Answer<StoredRun> {
        let (this, thread, run) = (self.clone(), key.thread.clone(), run.to_owned());
        async move {
            let find = |messages: &[Message]| {
                let runs = exchanges(messages);
                let found = runs.iter().find(|known| known.id == run);
                found.map(Exchange::stored)
            };
            let known = lock(&this.0.messages).get(&thread).cloned();
            let known = known.and_then(|messages| find(&messages));
            // What was listed stays as it is, unless it has no answer yet.
            if let Some(known) = known.filter(|known| known.is_finished) {
                return Ok(known);
            }
            // A question that never got there is one that was not begun.
            Ok(find(&this.messages(&thread).await?).unwrap_or_default())
        }
        .boxed_local()
    }

    fn create_run(&self, _: &ThreadKey) -> Answer<String> {
        let run = self.client().0.shared.uuid();
        async move { Ok(run) }.boxed_local()
    }

    fn start(&self, key: &ThreadKey, input: &RunInput, _: &[Value]) -> Answer<RunStream> {
        let text = input
            .messages
            .iter()
            .rev()
            .find_map(|message| match message {
                WireMessage::User { content, .. } => Some(text_of(content)),
                _ => None,
            });
        let text = text.unwrap_or_default();
        self.clone()
            .ask(key.clone(), input.run_id.clone(), text)
            .boxed_local()
    }

    fn stop(&self, key: &ThreadKey) {
        let (client, call) = (
            self.client().clone(),
            chat::cancel(&self.listener(), &key.thread),
        );
        spawn(async move {
            if let Err(error) = client.call(call).await {
                client.note("a stop on", error.kind, Place::Call);
            }
        });
    }

    fn resume(&self, key: &ThreadKey, cursor: &Cursor) -> Answer<RunStream> {
        self.clone()
            .take_up(key.clone(), cursor.run.clone())
            .boxed_local()
    }

    fn rate(&self, _: &ThreadKey, _: &str, _: bool, _: &str) -> Answer<()> {
        async { Err(ApiError::NotFound { detail: None }) }.boxed_local()
    }
}

fn summary(entry: ThreadEntry) -> ThreadSummary {
    ThreadSummary {
        id: entry.id,
        name: entry.title,
        created: entry.created,
        last_activity: entry.last_activity,
    }
}

fn text_of(content: &UserContent) -> String {
    match content {
        UserContent::Text(text) => text.clone(),
        UserContent::Parts(parts) => {
            let texts = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
    }
}
