//! Events of a run, as a server sends them, and the bytes in which they come.

use enfilade::port::{ByteStream, TransportError};
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};

use super::tab::Life;

pub type Piece = Option<Result<Vec<u8>, TransportError>>;

/// A body that the test feeds.
pub struct Feed {
    pub pieces: UnboundedReceiver<Piece>,
    pub life: Life,
}

impl ByteStream for Feed {
    fn next(&mut self) -> LocalBoxFuture<'_, Option<Result<Vec<u8>, TransportError>>> {
        async move {
            let piece = self.pieces.next().await;
            self.life.or_never().await;
            piece.flatten()
        }
        .boxed_local()
    }
}

pub fn frame(run: &str, index: usize, event: &Value) -> Vec<u8> {
    format!("id: {run}:{index}\ndata: {event}\n\n").into_bytes()
}

pub fn started(run: &str) -> Value {
    json!({ "type": "RUN_STARTED", "threadId": "t", "runId": run })
}

pub fn text_start(message: &str) -> Value {
    json!({ "type": "TEXT_MESSAGE_START", "messageId": message, "role": "assistant" })
}

pub fn content(message: &str, delta: &str) -> Value {
    json!({ "type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": delta })
}

pub fn text_end(message: &str) -> Value {
    json!({ "type": "TEXT_MESSAGE_END", "messageId": message })
}

pub fn finished(run: &str) -> Value {
    json!({ "type": "RUN_FINISHED", "threadId": "t", "runId": run })
}

pub fn run_error(message: &str) -> Value {
    json!({ "type": "RUN_ERROR", "message": message })
}
