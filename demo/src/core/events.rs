//! The event stream: every listener gets the events of its client id from now on. Nothing is repeated, nothing numbered.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::Core;

/// Time the last frames get to leave before the connection breaks off.
const FLUSH: Duration = Duration::from_millis(60);

/// What goes to the listeners.
#[derive(Debug, Clone)]
pub enum Signal {
    /// An event for one client id.
    Event {
        /// Who may hear it.
        client: String,
        /// Name.
        name: String,
        /// One line of JSON.
        data: Arc<Value>,
    },
    /// The streams of that client id break off; of all without one.
    Cut(Option<String>),
}

#[derive(Deserialize)]
pub struct Listener {
    client_id: String,
}

struct Feed {
    core: Arc<Core>,
    client: String,
    signals: broadcast::Receiver<Signal>,
    is_broken: bool,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.core.switchboard.stream_closed();
    }
}

/// `GET /events`
pub async fn listen(State(core): State<Arc<Core>>, Query(listener): Query<Listener>) -> Response {
    core.switchboard.stream_opened();
    let feed = Feed {
        signals: core.signals.subscribe(),
        core,
        client: listener.client_id,
        is_broken: false,
    };
    let body = Body::from_stream(unfold(feed, |mut feed| async move {
        let frame = feed.frame().await?;
        Some((frame, feed))
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

impl Feed {
    async fn frame(&mut self) -> Option<io::Result<Bytes>> {
        if self.is_broken {
            return None;
        }
        let silence = self.core.switchboard.read(|switches| switches.keepalive);
        let comment = tokio::time::sleep(silence);
        tokio::pin!(comment);
        loop {
            let signal = tokio::select! {
                () = self.core.stop.cancelled() => return None,
                () = &mut comment => return Some(Ok(Bytes::from_static(b":\n\n"))),
                signal = self.signals.recv() => signal,
            };
            match signal {
                Ok(Signal::Event { client, name, data }) if client == self.client => {
                    return Some(Ok(Bytes::from(format!("event: {name}\ndata: {data}\n\n"))));
                }
                Ok(Signal::Cut(client)) if client.as_ref().is_none_or(|id| *id == self.client) => {
                    return Some(Err(self.break_off().await));
                }
                // A slow reader is not told what it lost.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn break_off(&mut self) -> io::Error {
        self.is_broken = true;
        tokio::time::sleep(FLUSH).await;
        io::Error::other("cut on purpose")
    }
}

impl Core {
    /// Tells the listeners of a client id. The payload repeats the name.
    pub fn tell(&self, client: &str, name: &str, data: Value) {
        let signal = Signal::Event {
            client: client.to_owned(),
            name: name.to_owned(),
            data: Arc::new(data),
        };
        // Nobody listening is no failure: the event is lost, as there.
        let _ = self.signals.send(signal);
    }

    /// Breaks off the streams of a client id, or all.
    pub fn cut(&self, client: Option<String>) {
        let _ = self.signals.send(Signal::Cut(client));
    }
}
