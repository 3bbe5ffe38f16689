//! Follows the stream of one run to its end, over every cut.

mod pace;

use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};

use self::pace::{PIECE, Pace};
use super::client::ApiClient;
use super::shared::Shared;
use super::task::lock;
use crate::api::ApiRequest;
use crate::core::agui::event::Event;
use crate::core::agui::reader::read;
use crate::core::agui::run::Cursor;
use crate::core::agui::sse::Decoder;
use crate::core::error::ApiError;
use crate::port::ByteStream;

/// Attempts at one point of failure; the count starts anew whenever something came.
pub const ATTEMPTS: u32 = 5;
/// A stream that says nothing for so long, not even a keepalive, is dead, in milliseconds.
/// A server sends a keepalive after 15 s of silence (wire contract section 7).
const SILENCE: i64 = 60_000;
/// The same when the person, or the network, has just come back: whoever slept has lost the connection without noticing.
const SILENCE_AT_WAKE: i64 = 20_000;
/// A stream that was taken up again brings events within this time, in milliseconds, or its run may never go on.
const QUIET: i64 = 60_000;
/// The last event of such a run is at least so old, in milliseconds.
const LONG_AGO: i64 = 10 * 60_000;
/// First pause before an attempt, in milliseconds; doubles up to the last.
const FIRST_PAUSE: u32 = 500;
const LAST_PAUSE: u32 = 8_000;
/// The pause while the browser says that it is offline, in milliseconds; it ends when the network is back.
const OFFLINE_PAUSE: u32 = 15_000;

/// Cuts short what waits: the person has come back to the page, or the browser to the network. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Mutex<Vec<oneshot::Sender<()>>>>);

impl Wake {
    /// Done at the next ring.
    fn heard(&self) -> LocalBoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = lock(&self.0);
        waiting.retain(|other| !other.is_canceled());
        waiting.push(sender);
        receiver.map(|_| ()).boxed_local()
    }

    /// Wakes whoever waits.
    pub fn ring(&self) {
        // Whoever wakes up may wait again at once, which takes the lock.
        let waiting = std::mem::take(&mut *lock(&self.0));
        for sender in waiting {
            // Whoever has left needs no waking.
            let _ = sender.send(());
        }
    }
}

/// How the following of a run came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The run has ended: its terminal event came.
    Finished,
    /// The server has nothing more, though no terminal event came.
    Empty,
    /// The server keeps the connection and says nothing of a run that was last heard of long ago: after a restart it never will.
    Quiet,
    /// The stream could not be had again.
    Lost(ApiError),
}

/// What the follower tells while it works.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Events, in order, each once.
    Events(Vec<Event>),
    /// The stream is cut; this is the attempt to have it again.
    Resuming(u32),
    /// The stream is there again.
    Streaming,
}

/// A run that is being followed.
pub struct Line<'a> {
    /// Ports.
    pub shared: &'a Shared,
    /// Where it runs.
    pub client: &'a ApiClient,
    /// What its stream is asked for with.
    pub request: &'a ApiRequest,
    /// Cuts pauses short.
    pub wake: &'a Wake,
    /// When the run last said something, in milliseconds since 1970, where it was begun by another page or an earlier one.
    pub last_sign: Option<i64>,
    /// Up to which event the run was known before; -1 if it was not.
    pub known: i64,
}

impl Line<'_> {
    /// The next frame; none where nobody looks, and waiting would only take long.
    fn frame(&self) -> Option<LocalBoxFuture<'static, ()>> {
        let ports = &self.shared.ports;
        let is_hidden = ports.desk.get().is_some_and(|desk| desk.is_hidden());
        (!is_hidden).then(|| ports.clock.frame())
    }
}

/// Follows a run from an open stream, or from its cursor where `body` is `None`.
pub async fn follow(
    line: &Line<'_>,
    cursor: &mut Cursor,
    mut body: Option<Box<dyn ByteStream>>,
    tell: &dyn Fn(News),
) -> Ending {
    let mut attempt = 0;
    let mut sign = line.last_sign;
    loop {
        let stream = match body.take() {
            Some(stream) => Ok(stream),
            None => {
                let at = Some(cursor.header_value());
                line.client.open_stream(line.request.clone(), at).await
            }
        };
        let mut pause = 0;
        let last = match stream {
            Ok(stream) => {
                tell(News::Streaming);
                let before = cursor.index;
                let outcome = drain(line, stream, cursor, &mut sign, tell).await;
                let moved = cursor.index > before;
                // From here on it is a stream that was taken up again.
                sign = sign.or(Some(line.shared.now()));
                if moved {
                    attempt = 0;
                }
                match outcome {
                    Drained::Terminal => return Ending::Finished,
                    Drained::Quiet => return Ending::Quiet,
                    // A polite end without anything new, twice: there is nothing more to be had.
                    Drained::Ended if !moved && attempt > 0 => return Ending::Empty,
                    Drained::Ended => ApiError::Network,
                    Drained::Cut(error) => error,
                }
            }
            Err(ApiError::RateLimited { retry_after }) => {
                let wait = retry_after.unwrap_or_default().min(60_000);
                pause = u32::try_from(wait).unwrap_or(LAST_PAUSE);
                ApiError::RateLimited { retry_after }
            }
            // Somebody has signed in anew while this was on its way.
            Err(error) if error.is_transient() || error == ApiError::Cancelled => error,
            Err(error) => return Ending::Lost(error),
        };
        attempt += 1;
        if attempt > ATTEMPTS {
            return Ending::Lost(last);
        }
        tell(News::Resuming(attempt));
        wait(line, pause_before(attempt, line.shared.random()).max(pause)).await;
    }
}

/// Waits, longer while there is no network. A server on the same machine may be there even so.
async fn wait(line: &Line<'_>, pause: u32) {
    let ports = &line.shared.ports;
    let pause = if ports.navigator.online() {
        pause
    } else {
        pause.max(OFFLINE_PAUSE)
    };
    select(line.wake.heard(), ports.clock.sleep(pause)).await;
}

enum Drained {
    Terminal,
    Ended,
    Quiet,
    Cut(ApiError),
}

async fn drain(
    line: &Line<'_>,
    mut stream: Box<dyn ByteStream>,
    cursor: &mut Cursor,
    sign: &mut Option<i64>,
    tell: &dyn Fn(News),
) -> Drained {
    let mut decoder = Decoder::new();
    let mut last_event = line.shared.now();
    let mut alarm = Alarm::new(line);
    let mut pace = Pace::default();
    loop {
        let bytes = match alarm.or(stream.next()).await {
            Err(error) => return Drained::Cut(error),
            Ok(None) => return Drained::Ended,
            Ok(Some(Err(_))) => return Drained::Cut(ApiError::Network),
            Ok(Some(Ok(bytes))) => bytes,
        };
        for piece in bytes.chunks(PIECE) {
            // Asked for first: so the next frame begins with what has come meanwhile, and then shows it.
            let frame = line.frame();
            let begun = line.shared.now();
            let events = read(&mut decoder, piece, cursor);
            if events.is_empty() {
                let long_ago = sign.is_some_and(|sign| begun - sign >= LONG_AGO);
                if long_ago && begun - last_event >= QUIET {
                    return Drained::Quiet;
                }
                continue;
            }
            last_event = begun;
            if sign.is_some() {
                let said = events.iter().filter_map(Event::timestamp).max();
                // What is only repeated is no sign of life.
                let fresh = (cursor.index > line.known).then_some(begun);
                *sign = (*sign).max(said.or(fresh));
            }
            let terminal = events.iter().any(Event::is_terminal);
            tell(News::Events(events));
            if terminal {
                return Drained::Terminal;
            }
            if pace.is_enough(bytes.len(), line.shared.now() - begun)
                && let Some(frame) = frame
            {
                frame.await;
            }
        }
    }
}

/// Goes off when nothing has come for too long. One timer serves many pieces: streams bring thousands a second.
struct Alarm<'a, 'b> {
    line: &'a Line<'b>,
    heard: i64,
    timer: LocalBoxFuture<'static, ()>,
    wake: LocalBoxFuture<'static, ()>,
}

impl<'a, 'b> Alarm<'a, 'b> {
    fn new(line: &'a Line<'b>) -> Self {
        Self {
            line,
            heard: line.shared.now(),
            timer: Self::timer(line, SILENCE),
            wake: line.wake.heard(),
        }
    }

    fn timer(line: &Line<'_>, wait: i64) -> LocalBoxFuture<'static, ()> {
        let wait = u32::try_from(wait.clamp(1, SILENCE)).unwrap_or(1);
        line.shared.ports.clock.sleep(wait)
    }

    /// The outcome of `work`, unless that takes too long.
    async fn or<T>(&mut self, mut work: LocalBoxFuture<'_, T>) -> Result<T, ApiError> {
        loop {
            let went_off = select(&mut self.timer, &mut self.wake);
            let timer_went_off = match select(&mut work, went_off).await {
                Either::Left((outcome, _)) => {
                    self.heard = self.line.shared.now();
                    return Ok(outcome);
                }
                Either::Right((Either::Left(_), _)) => true,
                Either::Right((Either::Right(_), _)) => false,
            };
            let silent = self.line.shared.now() - self.heard;
            if timer_went_off {
                if silent >= SILENCE {
                    return Err(ApiError::Timeout);
                }
                self.timer = Self::timer(self.line, SILENCE - silent);
            } else {
                if silent >= SILENCE_AT_WAKE {
                    return Err(ApiError::Network);
                }
                self.wake = self.line.wake.heard();
            }
        }
    }
}

/// Full jitter over the upper half, so that many tabs do not come back at once.
fn pause_before(attempt: u32, random: u64) -> u32 {
    let full = FIRST_PAUSE
        .saturating_mul(1 << attempt.min(10).saturating_sub(1))
        .min(LAST_PAUSE);
    let part = u32::try_from(random % u64::from(full / 2 + 1)).unwrap_or(0);
    full / 2 + part
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::task::{ArcWake, waker};
    use std::task::Context;

    /// Whoever is woken here looks whether the lock is free.
    struct Looks(Wake, Mutex<Vec<bool>>);

    impl ArcWake for Looks {
        fn wake_by_ref(this: &Arc<Self>) {
            let is_free = this.0.0.try_lock().is_ok();
            lock(&this.1).push(is_free);
        }
    }

    #[test]
    fn whoever_is_woken_may_wait_again_at_once() {
        let wake = Wake::default();
        let looks = Arc::new(Looks(wake.clone(), Mutex::default()));
        let mut heard = wake.heard();
        let waker = waker(looks.clone());
        assert!(
            heard
                .as_mut()
                .poll_unpin(&mut Context::from_waker(&waker))
                .is_pending()
        );
        wake.ring();
        assert_eq!(*lock(&looks.1), [true]);
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_are_spread() {
        assert_eq!(pause_before(1, 0), 250);
        assert_eq!(pause_before(1, 250), 500);
        assert_eq!(pause_before(4, 0), 2_000);
        assert!((1..30).all(|attempt| pause_before(attempt, u64::MAX) <= LAST_PAUSE));
    }
}
