//! Follows the stream of one run to its end, over every cut.

use futures_util::future::{Either, select};

use super::client::ApiClient;
use super::shared::Shared;
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
const SILENCE: u32 = 60_000;
/// First pause before an attempt, in milliseconds; doubles up to the last.
const FIRST_PAUSE: u32 = 500;
const LAST_PAUSE: u32 = 8_000;

/// How the following of a run came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The run has ended: its terminal event came.
    Finished,
    /// The server has nothing more, though no terminal event came.
    Empty,
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

/// Follows a run from an open stream, or from its cursor where `body` is `None`.
pub async fn follow(
    shared: &Shared,
    client: &ApiClient,
    request: &ApiRequest,
    mut cursor: Cursor,
    mut body: Option<Box<dyn ByteStream>>,
    tell: &dyn Fn(News),
) -> Ending {
    let mut attempt = 0;
    let mut last = ApiError::Network;
    loop {
        if let Some(stream) = body.take() {
            tell(News::Streaming);
            let before = cursor.index;
            let outcome = drain(shared, stream, &mut cursor, tell).await;
            let moved = cursor.index > before;
            if moved {
                attempt = 0;
            }
            match outcome {
                Drained::Terminal => return Ending::Finished,
                // A polite end without anything new, twice: there is nothing more to be had.
                Drained::Ended if !moved && attempt > 0 => return Ending::Empty,
                Drained::Ended => last = ApiError::Network,
                Drained::Cut(error) => last = error,
            }
        }
        attempt += 1;
        if attempt > ATTEMPTS {
            return Ending::Lost(last);
        }
        tell(News::Resuming(attempt));
        shared
            .ports
            .clock
            .sleep(pause(attempt, shared.random()))
            .await;
        match client
            .open_stream(request.clone(), Some(cursor.header_value()))
            .await
        {
            Ok(stream) => body = Some(stream),
            Err(error) if error.is_transient() => last = error,
            Err(error) => return Ending::Lost(error),
        }
    }
}

enum Drained {
    Terminal,
    Ended,
    Cut(ApiError),
}

async fn drain(
    shared: &Shared,
    mut stream: Box<dyn ByteStream>,
    cursor: &mut Cursor,
    tell: &dyn Fn(News),
) -> Drained {
    let mut decoder = Decoder::new();
    loop {
        let piece = {
            let silence = shared.ports.clock.sleep(SILENCE);
            match select(stream.next(), silence).await {
                Either::Left((piece, _)) => piece,
                Either::Right(((), _)) => return Drained::Cut(ApiError::Timeout),
            }
        };
        let bytes = match piece {
            None => return Drained::Ended,
            Some(Err(_)) => return Drained::Cut(ApiError::Network),
            Some(Ok(bytes)) => bytes,
        };
        let events = read(&mut decoder, &bytes, cursor);
        let terminal = events.iter().any(Event::is_terminal);
        if !events.is_empty() {
            tell(News::Events(events));
        }
        if terminal {
            return Drained::Terminal;
        }
    }
}

/// Full jitter over the upper half, so that many tabs do not come back at once.
fn pause(attempt: u32, random: u64) -> u32 {
    let full = FIRST_PAUSE
        .saturating_mul(1 << attempt.min(10).saturating_sub(1))
        .min(LAST_PAUSE);
    let part = u32::try_from(random % u64::from(full / 2 + 1)).unwrap_or(0);
    full / 2 + part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_are_spread() {
        assert_eq!(pause(1, 0), 250);
        assert_eq!(pause(1, 250), 500);
        assert_eq!(pause(4, 0), 2_000);
        assert!((1..30).all(|attempt| pause(attempt, u64::MAX) <= LAST_PAUSE));
    }
}
