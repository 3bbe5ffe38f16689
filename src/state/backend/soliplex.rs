//! Soliplex servers: AG-UI is their own language, so requests and answers only change their form.

use futures_util::FutureExt;
use serde_json::Value;

use super::{Abilities, Answer, Backend, RunStream, Runs};
use crate::api::{ApiRequest, json, soliplex};
use crate::core::agui::run::{Cursor, RunInput};
use crate::core::error::ApiError;
use crate::core::room::{RoomId, ThreadId};
use crate::core::thread::history::{self, NewThread, StoredRun, ThreadSummary};
use crate::state::client::ApiClient;
use crate::state::thread::ThreadKey;

/// Speaks to one Soliplex server.
pub struct Soliplex(ApiClient);

impl Soliplex {
    pub fn new(client: ApiClient) -> Self {
        Self(client)
    }

    fn ask<T: 'static>(
        &self,
        request: ApiRequest,
        read: impl FnOnce(String) -> Result<T, ApiError> + 'static,
    ) -> Answer<T> {
        let client = self.0.clone();
        async move { read(client.call(request).await?) }.boxed_local()
    }

    fn stream(&self, request: ApiRequest, cursor: Option<String>) -> Answer<RunStream> {
        let client = self.0.clone();
        async move {
            let body = client.open_stream(request, cursor).await?;
            Ok(RunStream::Frames(body))
        }
        .boxed_local()
    }
}

impl Backend for Soliplex {
    fn abilities(&self) -> Abilities {
        Abilities {
            images: true,
            feedback: true,
            integrations: false,
        }
    }

    fn unnamed(&self) -> &'static str {
        soliplex::UNNAMED
    }

    fn threads(&self, room: &RoomId) -> Answer<Vec<ThreadSummary>> {
        self.ask(soliplex::threads(room), |body| {
            soliplex::read_threads(&body)
        })
    }

    fn create_thread(&self, room: &RoomId) -> Answer<NewThread> {
        self.ask(soliplex::create_thread(room), |body| {
            soliplex::read_new_thread(&body)
        })
    }

    fn rename_thread(&self, room: &RoomId, thread: &ThreadId, name: &str) -> Answer<()> {
        self.ask(soliplex::rename_thread(room, thread, name), |_| Ok(()))
    }

    fn delete_thread(&self, room: &RoomId, thread: &ThreadId) -> Answer<()> {
        self.ask(soliplex::delete_thread(room, thread), |_| Ok(()))
    }

    fn runs(&self, key: &ThreadKey) -> Answer<Runs> {
        self.ask(soliplex::thread(&key.room, &key.thread), |body| {
            Ok(Runs {
                list: soliplex::read_runs(&body)?,
                input: Box::new(move |run| history::input_of(&body, run)),
            })
        })
    }

    fn run(&self, key: &ThreadKey, run: &str) -> Answer<StoredRun> {
        self.ask(soliplex::run(&key.room, &key.thread, run), |body| {
            Ok(StoredRun::new(json(&body)?))
        })
    }

    fn create_run(&self, key: &ThreadKey) -> Answer<String> {
        self.ask(soliplex::create_run(&key.room, &key.thread), |body| {
            soliplex::read_new_run(&body)
        })
    }

    fn start(&self, key: &ThreadKey, input: &RunInput, earlier: &[Value]) -> Answer<RunStream> {
        let request = soliplex::stream(&key.room, &key.thread, &input.run_id, input, earlier);
        self.stream(request, None)
    }

    // There is no way to tell it: the run goes on, and its whole answer is stored.
    fn stop(&self, _: &ThreadKey) {}

    fn resume(&self, key: &ThreadKey, cursor: &Cursor) -> Answer<RunStream> {
        // Its body counts for nothing, but has to be whole.
        let input = RunInput::new(&key.thread.0, &cursor.run, Value::Null, Vec::new());
        let request = soliplex::stream(&key.room, &key.thread, &cursor.run, &input, &[]);
        self.stream(request, Some(cursor.header_value()))
    }

    fn rate(&self, key: &ThreadKey, run: &str, up: bool, reason: &str) -> Answer<()> {
        let request = soliplex::feedback(&key.room, &key.thread, run, up, reason);
        self.ask(request, |_| Ok(()))
    }
}
