//! The answer of a core as it comes: its events become those of a run, and what it has said in the end is stored.

use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::client::CoreClient;
use crate::api::openhuman::{events as wire, threads};
use crate::core::agui::event::Event;
use crate::core::agui::sse::Decoder;
use crate::core::error::ApiError;
use crate::core::room::ThreadId;
use crate::core::rpc::cascade::{Source, Verdict};
use crate::core::rpc::classify::RpcErrorKind;
use crate::core::rpc::envelope::RpcError;
use crate::core::rpc::redact::Place;
use crate::core::rpc::thread::{Message, Sender};
use crate::core::rpc::turn::{Outcome, Step, Turn, answer_id};
use crate::core::session::machine::Epoch;
use crate::i18n::openhuman as words;
use crate::port::ByteStream;
use crate::state::backend::{EventStream, RunStream};
use crate::state::task::{lock, spawn};
use crate::state::thread::ThreadKey;

/// A turn that is being followed; it outlives the stream that tells of it.
pub type Live = Arc<Mutex<Turn>>;

/// How often an answer is tried to be stored, and the pause between, in milliseconds.
const TRIES: u32 = 3;
const PAUSE: u32 = 1_000;
/// How long another tab may take to store the same answer, or to ask, in milliseconds.
pub const LOCK_WAIT: u32 = 5_000;

/// The events for these steps of the timeline.
pub fn events(steps: Vec<Step>) -> Vec<Event> {
    steps.into_iter().map(event).collect()
}

fn event(step: Step) -> Event {
    match step {
        Step::Apply(event) => event,
        Step::CallFailed { call, content } => Event::ToolCallResult {
            message_id: None,
            call_id: call,
            content: if content.is_empty() {
                words::CALL_FAILED.to_owned()
            } else {
                format!("{}: {content}", words::CALL_FAILED)
            },
            failed: true,
            at: None,
        },
    }
}

/// A run of which all is known.
pub fn told(events: Vec<Event>) -> RunStream {
    RunStream::Events(Box::new(Told(Some(events))))
}

struct Told(Option<Vec<Event>>);

impl EventStream for Told {
    fn next(&mut self) -> LocalBoxFuture<'_, Option<Result<Vec<Event>, ApiError>>> {
        let events = self.0.take();
        async move { events.map(Ok) }.boxed_local()
    }
}

/// A run that is under way. `over` is called when it has ended.
pub fn stream(
    client: CoreClient,
    key: ThreadKey,
    live: Live,
    bytes: Box<dyn ByteStream>,
    first: Vec<Event>,
    over: impl Fn() + 'static,
) -> RunStream {
    RunStream::Events(Box::new(Answer {
        epoch: client.epoch(),
        client,
        key,
        live,
        bytes,
        decoder: Decoder::new(),
        first: Some(first).filter(|first| !first.is_empty()),
        over: Box::new(over),
    }))
}

struct Answer {
    client: CoreClient,
    epoch: Epoch,
    key: ThreadKey,
    live: Live,
    bytes: Box<dyn ByteStream>,
    decoder: Decoder,
    /// What is known before anything comes.
    first: Option<Vec<Event>>,
    over: Box<dyn Fn()>,
}

impl EventStream for Answer {
    fn next(&mut self) -> LocalBoxFuture<'_, Option<Result<Vec<Event>, ApiError>>> {
        async move {
            if let Some(events) = self.first.take() {
                return Some(Ok(events));
            }
            let outcome = lock(&self.live).outcome().cloned();
            if let Some(outcome) = outcome {
                let last = self.end(outcome).await;
                // What waits for a sign-in is not over.
                if last.is_ok() {
                    (self.over)();
                }
                return Some(last.map(|last| vec![last]));
            }
            Some(match self.bytes.next().await? {
                Ok(bytes) => {
                    let told = self.take(&bytes);
                    if !self.is_given_up() {
                        return Some(Ok(told));
                    }
                    (self.over)();
                    Ok(vec![failed(words::SILENT)])
                }
                Err(error) => Err(error.into()),
            })
        }
        .boxed_local()
    }
}

impl Answer {
    /// What these bytes tell of this turn. The end waits until the answer is stored.
    fn take(&mut self, bytes: &[u8]) -> Vec<Event> {
        let (now, mut told) = (self.client.now(), Vec::new());
        for frame in self.decoder.push(bytes).into_iter().flatten() {
            match wire::read(&frame) {
                Ok(event) => told.extend(events(lock(&self.live).take(&event, now))),
                Err(error) => log::debug!("an event of a core is left out: {error}"),
            }
        }
        told.retain(|event| !event.is_terminal());
        told
    }

    /// The core is there, and says nothing of this turn any more.
    fn is_given_up(&self) -> bool {
        let live = lock(&self.live);
        live.outcome().is_none() && self.client.now() >= live.gives_up_at()
    }

    /// The last event of the run; an error where it is known only after the next sign-in.
    async fn end(&self, outcome: Outcome) -> Result<Event, ApiError> {
        Ok(match outcome {
            Outcome::Answered { text } => {
                if text.trim().is_empty() || self.keep(text).await {
                    return Ok(Event::RunFinished {
                        result: None,
                        at: None,
                    });
                }
                // Threads belong to whoever is signed in: it is stored when they are back.
                if !self.client.0.session.is_active_untracked() {
                    return Err(ApiError::Unauthorized);
                }
                failed(words::NOT_STORED)
            }
            Outcome::Cancelled => failed(words::CANCELLED),
            Outcome::Failed { kind, message } => {
                if let Some(certainty) = kind.expiry() {
                    self.client.judge(Verdict {
                        certainty,
                        source: Source::Stream,
                        epoch: self.epoch,
                    });
                }
                self.client.note("an answer of", kind, Place::Turn);
                let more = match kind {
                    RpcErrorKind::BudgetExceeded => self.client.left().await,
                    kind => words::advice(kind).map(str::to_owned),
                };
                let told = message.unwrap_or_else(|| words::FAILED.to_owned());
                failed(&more.map_or_else(|| told.clone(), |more| format!("{told}\n\n{more}")))
            }
        })
    }

    /// Stores the answer, also where nobody follows it any more; whether that worked.
    async fn keep(&self, text: String) -> bool {
        let storing = Storing {
            client: self.client.clone(),
            thread: self.key.thread.clone(),
            request: lock(&self.live).request().to_owned(),
        };
        let (sender, receiver) = oneshot::channel();
        spawn(async move {
            // Whoever has gone away needs no answer.
            let _ = sender.send(storing.store(&text).await.is_ok());
        });
        receiver.await.unwrap_or_default()
    }
}

/// An answer that is being stored.
struct Storing {
    client: CoreClient,
    thread: ThreadId,
    request: String,
}

impl Storing {
    /// Once, whoever else listens.
    async fn store(&self, text: &str) -> Result<(), RpcError> {
        let _held = self.client.alone(&self.thread, LOCK_WAIT).await;
        let id = answer_id(&self.request);
        let mut last = Ok(false);
        for at in 0..TRIES {
            if at > 0 {
                self.client.0.shared.ports.clock.sleep(PAUSE).await;
            }
            last = self.store_once(&id, text).await;
            // It may have arrived without our hearing of it.
            last = last.map(|is_new| is_new || at > 0);
            match &last {
                Err(error) if error.kind.is_transient() => {}
                // The threads of a person are not there while nobody is signed in: that is found out before the next try.
                Err(error) if error.kind == RpcErrorKind::ThreadNotFound => {
                    self.client.verify().await;
                }
                _ => break,
            }
        }
        // Whoever has stored it asks, and nobody else.
        if last == Ok(true) {
            let (client, call) = (
                self.client.clone(),
                threads::generate_title(&self.thread, Some(text)),
            );
            spawn(async move {
                // Without a title the thread keeps the one that it was made with.
                let _ = client.call(call).await;
            });
        }
        last.map(|_| ())
    }

    /// `false` where somebody else has stored it before.
    async fn store_once(&self, id: &str, text: &str) -> Result<bool, RpcError> {
        let (thread, now) = (&self.thread, self.client.now());
        let answer = self.client.call(threads::messages(thread)).await?;
        let stored = threads::read_messages(&answer)?;
        if stored.iter().any(|message| message.id == id) {
            return Ok(false);
        }
        let message = Message {
            id: id.to_owned(),
            sender: Sender::Agent,
            text: text.to_owned(),
            at: Some(now),
            tool: None,
        };
        let stored = self.client.call(threads::append(thread, &message, now));
        threads::read_append(&stored.await?)?;
        Ok(true)
    }
}

/// The run has failed, for this reason.
pub fn failed(message: &str) -> Event {
    Event::RunError {
        message: message.to_owned(),
        code: None,
        at: None,
    }
}
