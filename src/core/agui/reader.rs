//! The bytes of a run's stream to its events, over every cut: each event once.

use super::event::{self, Event};
use super::run::Cursor;
use super::sse::{Decoder, Frame};

/// Takes the next bytes of a stream, cut anywhere, and returns the events they complete. One that the cursor has seen, as when the stream was
/// cut and had again, is left out. Each stream needs a decoder of its own: half a frame of the last one comes again.
pub fn read(decoder: &mut Decoder, bytes: &[u8], cursor: &mut Cursor) -> Vec<Event> {
    let mut events = Vec::new();
    for frame in decoder.push(bytes) {
        match frame {
            Ok(frame) if is_new(&frame, cursor) => events.extend(event::parse(&frame.data)),
            Ok(_) => {}
            Err(error) => events.push(Event::Malformed {
                raw: String::new(),
                reason: error.to_string(),
            }),
        }
    }
    events
}

/// A frame without an id of its own cannot be told from a new one.
fn is_new(frame: &Frame, cursor: &mut Cursor) -> bool {
    let Some(id) = frame.id.as_ref().filter(|_| frame.has_own_id) else {
        return true;
    };
    let is_new = !cursor.seen(id);
    cursor.advance(id);
    is_new
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_comes_again_after_a_cut_is_left_out() {
        let mut cursor = Cursor::start("r");
        let first =
            b"id: r:0\ndata: {\"type\":\"A\"}\n\nid: r:1\ndata: {\"type\":\"B\"}\n\nid: r:2\nda";
        assert_eq!(read(&mut Decoder::new(), first, &mut cursor).len(), 2);
        assert_eq!(cursor.header_value(), "r:1");
        let second = b"id: r:1\ndata: {\"type\":\"B\"}\n\nid: r:2\ndata: {\"type\":\"C\"}\n\n";
        let events = read(&mut Decoder::new(), second, &mut cursor);
        assert!(matches!(&events[..], [Event::Unknown { kind, .. }] if kind == "C"));
    }

    #[test]
    fn frames_without_ids_all_count() {
        let (mut decoder, mut cursor) = (Decoder::new(), Cursor::start("r"));
        let mut count = |bytes: &[u8]| read(&mut decoder, bytes, &mut cursor).len();
        assert_eq!(count(b"data: 1\n\ndata: 2\n\n"), 2);
        assert_eq!(count(b"id: r:0\ndata: 3\n\ndata: 4\n\n"), 2);
        assert_eq!(cursor.index, 0);
    }
}
