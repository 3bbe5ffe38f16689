//! The event stream of a run: stored events first, then the live ones, with ids and keepalive comments.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::watch;
use uuid::Uuid;

use crate::faults::{Cut, CutMode};
use crate::lock::lock;
use crate::server::Server;

/// Time the last frames get to leave before the connection breaks off.
const FLUSH: Duration = Duration::from_millis(60);
/// Events that wait are sent together, up to about so many bytes.
const CHUNK: usize = 32 * 1024;

/// One listener.
struct Feed {
    server: Arc<Server>,
    thread: Uuid,
    run: Uuid,
    next: usize,
    sent: usize,
    cut: Option<Cut>,
    changed: watch::Receiver<u64>,
    is_broken: bool,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.server.faults.stream_closed();
    }
}

enum Look {
    /// What is there, and how many events it is.
    Frames(Bytes, usize),
    Ended,
    Nothing,
    Unknown,
}

/// The answer to a run request: frames from `next` on. The content type is the `Accept` of the request.
pub fn response(
    server: Arc<Server>,
    (thread, run): (Uuid, Uuid),
    next: usize,
    cut: Option<Cut>,
    accept: Option<HeaderValue>,
) -> Response {
    server.faults.stream_opened();
    let changed = server.changed.subscribe();
    let feed = Feed {
        server,
        thread,
        run,
        next,
        sent: 0,
        cut,
        changed,
        is_broken: false,
    };
    let body = Body::from_stream(unfold(feed, |mut feed| async move {
        let frame = feed.frame().await?;
        Some((frame, feed))
    }));
    let headers = [
        (
            header::CONTENT_TYPE,
            accept.unwrap_or_else(|| HeaderValue::from_static("*/*")),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-store"),
        ),
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (headers, body).into_response()
}

impl Feed {
    async fn frame(&mut self) -> Option<io::Result<Bytes>> {
        if self.is_broken {
            return None;
        }
        match self.cut {
            Some(cut) if self.sent >= cut.after => match cut.mode {
                CutMode::Polite => return None,
                CutMode::Rude => return Some(self.break_off().await),
            },
            _ => {}
        }
        let silence = self.server.faults.read(|switches| switches.keepalive);
        let keepalive = tokio::time::sleep(silence);
        tokio::pin!(keepalive);
        loop {
            // Marked as seen before looking, so that a change in between is not missed.
            self.changed.borrow_and_update();
            match self.look() {
                Look::Frames(frames, count) => {
                    self.next += count;
                    self.sent += count;
                    return Some(Ok(frames));
                }
                Look::Ended => return None,
                Look::Unknown => return Some(self.break_off().await),
                Look::Nothing => {}
            }
            tokio::select! {
                () = self.server.stop.cancelled() => return None,
                () = &mut keepalive => {
                    let uptime = self.server.started.elapsed().as_secs_f64();
                    return Some(Ok(Bytes::from(format!(": keepalive {uptime:.1}\n\n"))));
                }
                changed = self.changed.changed() => if changed.is_err() { return None },
            }
        }
    }

    async fn break_off(&mut self) -> io::Result<Bytes> {
        self.is_broken = true;
        tokio::time::sleep(FLUSH).await;
        Err(io::Error::other("cut on purpose"))
    }

    fn look(&self) -> Look {
        let data = lock(&self.server.data);
        let Some(run) = data
            .threads
            .get(&self.thread)
            .and_then(|thread| thread.run(self.run))
        else {
            return Look::Unknown;
        };
        let most = self
            .cut
            .map_or(usize::MAX, |cut| cut.after.saturating_sub(self.sent));
        let waiting = run.events.get(self.next..).unwrap_or_default();
        let (mut frames, mut count) = (Vec::new(), 0);
        for event in waiting.iter().take(most) {
            if frames.len() >= CHUNK {
                break;
            }
            let head = format!("id: {}:{}\ndata: ", self.run, self.next + count);
            frames.extend_from_slice(head.as_bytes());
            frames.extend_from_slice(event.to_string().as_bytes());
            frames.extend_from_slice(b"\n\n");
            count += 1;
        }
        match count {
            0 if run.finished.is_some() => Look::Ended,
            0 => Look::Nothing,
            _ => Look::Frames(Bytes::from(frames), count),
        }
    }
}
