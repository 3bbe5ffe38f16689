//! What a room needs of its server, whatever kind of server that is: the only way from threads and runs to a wire.

mod soliplex;

use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use super::openhuman;
use super::server::Server;
use super::thread::ThreadKey;
use crate::core::agui::event::Event;
use crate::core::agui::run::{Cursor, RunInput};
use crate::core::error::ApiError;
use crate::core::room::{RoomId, ThreadId};
use crate::core::thread::history::{NewThread, RunSummary, StoredRun, ThreadSummary};
use crate::port::ByteStream;

/// An answer that is on its way.
pub type Answer<T> = LocalBoxFuture<'static, Result<T, ApiError>>;

/// A run as it comes.
pub enum RunStream {
    /// AG-UI events in SSE frames, each with the id that [`Cursor`] counts.
    Frames(Box<dyn ByteStream>),
    /// Events, each once, whatever the cursor says.
    Events(Box<dyn EventStream>),
}

/// Events as they come. A server that speaks another language than AG-UI is translated.
pub trait EventStream {
    /// The next ones, none where there was only a sign of life; `None` at the end.
    fn next(&mut self) -> LocalBoxFuture<'_, Option<Result<Vec<Event>, ApiError>>>;
}

/// Looks up what a run was started with.
pub type Lookup = Box<dyn Fn(&str) -> Option<Value>>;

/// The runs of a thread.
pub struct Runs {
    /// Oldest first.
    pub list: Vec<RunSummary>,
    /// What a run was started with, looked up only where its own record is not to be had.
    pub input: Lookup,
}

/// What a kind of server can do, beyond a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Messages may have images.
    pub images: bool,
    /// Answers may be rated.
    pub feedback: bool,
    /// The agent can be connected to other services.
    pub integrations: bool,
}

/// One kind of server, as rooms see it. Every request goes through the server's client, which adds the token and judges refusals.
pub trait Backend: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;
    /// The name of a thread that has none of its own yet.
    fn unnamed(&self) -> &'static str;
    /// The person's threads in a room, newest first.
    fn threads(&self, room: &RoomId) -> Answer<Vec<ThreadSummary>>;
    /// Makes a thread.
    fn create_thread(&self, room: &RoomId) -> Answer<NewThread>;
    /// Gives a thread another name.
    fn rename_thread(&self, room: &RoomId, thread: &ThreadId, name: &str) -> Answer<()>;
    /// Deletes a thread.
    fn delete_thread(&self, room: &RoomId, thread: &ThreadId) -> Answer<()>;
    /// The runs of a thread.
    fn runs(&self, thread: &ThreadKey) -> Answer<Runs>;
    /// What is stored of a run.
    fn run(&self, thread: &ThreadKey, run: &str) -> Answer<StoredRun>;
    /// Makes a run; says its id.
    fn create_run(&self, thread: &ThreadKey) -> Answer<String>;
    /// Starts a run. `earlier` are messages before those of the input.
    fn start(&self, thread: &ThreadKey, input: &RunInput, earlier: &[Value]) -> Answer<RunStream>;
    /// The person stops a run: whether that means anything there is the server's affair.
    fn stop(&self, thread: &ThreadKey);
    /// Takes up the stream of a run behind the cursor.
    fn resume(&self, thread: &ThreadKey, cursor: &Cursor) -> Answer<RunStream>;
    /// Says whether an answer was good, and why; a blank reason is none.
    fn rate(&self, thread: &ThreadKey, run: &str, up: bool, reason: &str) -> Answer<()>;
}

/// How rooms speak to this server.
#[must_use]
pub fn of(server: &Server) -> Arc<dyn Backend> {
    match server.core() {
        Some(client) => Arc::new(openhuman::Core::new(client)),
        None => Arc::new(soliplex::Soliplex::new(server.client().clone())),
    }
}
