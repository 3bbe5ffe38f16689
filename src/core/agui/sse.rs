//! Bytes of an event stream to frames, by the rules of the WHATWG HTML standard ("Server-sent events"), without I/O.

use thiserror::Error;

const DEFAULT_CAP: usize = 8 * 1024 * 1024;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One dispatched event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The last event id set so far, in this frame or before it; an empty `id` field resets it to `None`.
    pub id: Option<String>,
    /// Whether this frame itself has set the id, rather than one before it.
    pub has_own_id: bool,
    /// The `event` field; `None` stands for the default, `message`.
    pub event: Option<String>,
    /// The `data` lines, joined by line feeds.
    pub data: String,
}

/// Why a frame is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The frame is larger than the cap; the stream goes on after its end.
    #[error("a frame of the stream is larger than the limit")]
    TooLarge,
}

/// Turns chunks of bytes, cut anywhere, into frames.
#[derive(Debug)]
pub struct Decoder {
    cap: usize,
    line: Vec<u8>,
    data: String,
    event: String,
    id: Option<String>,
    has_own_id: bool,
    retry: Option<u64>,
    first_line: bool,
    after_cr: bool,
    /// In a frame over the cap: whether the current line has any bytes, since only a blank line ends the frame.
    skipping: Option<bool>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder with a cap of 8 MiB per frame.
    #[must_use]
    pub fn new() -> Self {
        Self::with_cap(DEFAULT_CAP)
    }

    /// A decoder that refuses frames of more than `cap` bytes.
    #[must_use]
    pub fn with_cap(cap: usize) -> Self {
        Self {
            cap,
            line: Vec::new(),
            data: String::new(),
            event: String::new(),
            id: None,
            has_own_id: false,
            retry: None,
            first_line: true,
            after_cr: false,
            skipping: None,
        }
    }

    /// The reconnection time the server asked for, in milliseconds.
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Takes the next bytes and returns what they complete. An incomplete last frame is never returned.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Result<Frame, FrameError>> {
        let mut out = Vec::new();
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, tail) = rest.split_at(end.unwrap_or(rest.len()));
            self.extend_line(part, &mut out);
            rest = match tail.split_first() {
                Some((terminator, next)) => {
                    self.after_cr = *terminator == b'\r';
                    self.end_line(&mut out);
                    next
                }
                None => &[],
            };
        }
        out
    }

    fn extend_line(&mut self, part: &[u8], out: &mut Vec<Result<Frame, FrameError>>) {
        if part.is_empty() {
            return;
        }
        if let Some(has_bytes) = &mut self.skipping {
            *has_bytes = true;
        } else if self.data.len() + self.line.len() + part.len() > self.cap {
            self.skipping = Some(true);
            self.line = Vec::new();
            self.data = String::new();
            self.event.clear();
            out.push(Err(FrameError::TooLarge));
        } else {
            self.line.extend_from_slice(part);
        }
    }

    fn end_line(&mut self, out: &mut Vec<Result<Frame, FrameError>>) {
        let first_line = std::mem::take(&mut self.first_line);
        if let Some(has_bytes) = self.skipping {
            self.skipping = has_bytes.then_some(false);
            self.has_own_id &= has_bytes;
            return;
        }
        let bytes = std::mem::take(&mut self.line);
        // Bad UTF-8 is replaced per line: no sequence can reach over a line end, so the result is that of the whole stream.
        let stripped = if first_line {
            bytes.strip_prefix(BOM).unwrap_or(&bytes)
        } else {
            &bytes
        };
        let line = String::from_utf8_lossy(stripped);
        if line.is_empty() {
            out.extend(self.dispatch().map(Ok));
        } else {
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            self.field(name, value.strip_prefix(' ').unwrap_or(value));
        }
        self.line = bytes;
        self.line.clear();
    }

    fn field(&mut self, name: &str, value: &str) {
        match name {
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "event" => value.clone_into(&mut self.event),
            "id" if !value.contains('\0') => {
                self.id = (!value.is_empty()).then(|| value.to_owned());
                self.has_own_id = true;
            }
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                if let Ok(ms) = value.parse() {
                    self.retry = Some(ms);
                }
            }
            // A comment has an empty name; unknown fields are ignored by the standard.
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<Frame> {
        let event = std::mem::take(&mut self.event);
        let has_own_id = std::mem::take(&mut self.has_own_id);
        if self.data.is_empty() {
            return None;
        }
        let mut data = std::mem::take(&mut self.data);
        data.pop();
        Some(Frame {
            id: self.id.clone(),
            has_own_id,
            event: (!event.is_empty()).then_some(event),
            data,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(id: Option<&str>, event: Option<&str>, data: &str) -> Result<Frame, FrameError> {
        Ok(Frame {
            id: id.map(str::to_owned),
            has_own_id: false,
            event: event.map(str::to_owned),
            data: data.to_owned(),
        })
    }

    fn decode(bytes: &[u8]) -> Vec<Result<Frame, FrameError>> {
        plain(Decoder::new().push(bytes))
    }

    /// Where an id came from has a test of its own.
    fn plain(mut frames: Vec<Result<Frame, FrameError>>) -> Vec<Result<Frame, FrameError>> {
        for frame in frames.iter_mut().flatten() {
            frame.has_own_id = false;
        }
        frames
    }

    const STREAM: &str = "\u{FEFF}id: r:0\ndata: {\"a\":\"Größe 🌊\"}\n\n: keepalive 3\r\n\r\nevent: x\r\nid: r:1\r\ndata: one\r\ndata:  two\r\n\r\n\
        data\rdata\r\rid\ndata:plain\n\nid: gone\nevent: y\n\ndata: \u{FEFF}kept\n\ndata: cut off";

    #[test]
    fn a_stream_cut_at_every_byte_equals_the_uncut_one() {
        let bytes = STREAM.as_bytes();
        let whole = decode(bytes);
        assert_eq!(
            whole,
            [
                frame(Some("r:0"), None, "{\"a\":\"Größe 🌊\"}"),
                frame(Some("r:1"), Some("x"), "one\n two"),
                frame(Some("r:1"), None, "\n"),
                frame(None, None, "plain"),
                frame(Some("gone"), None, "\u{FEFF}kept"),
            ]
        );
        for cut in 0..=bytes.len() {
            let mut decoder = Decoder::new();
            let mut got = decoder.push(&bytes[..cut]);
            got.extend(decoder.push(&bytes[cut..]));
            assert_eq!(plain(got), whole, "cut at {cut}");
        }
        let mut decoder = Decoder::new();
        let single: Vec<_> = bytes
            .iter()
            .flat_map(|byte| decoder.push(&[*byte]))
            .collect();
        assert_eq!(plain(single), whole);
    }

    /// "9.2.6 Interpreting an event stream" of the HTML standard, rule by rule: a stream, and its frames as id, event and data.
    #[test]
    fn the_rules_of_the_standard_for_event_streams_hold_one_by_one() {
        type Want<'a> = &'a [(Option<&'a str>, Option<&'a str>, &'a str)];
        let table: &[(&str, &[u8], Want<'_>)] = &[
            (
                "one leading byte order mark is dropped",
                b"\xEF\xBB\xBFdata: a\n\n",
                &[(None, None, "a")],
            ),
            (
                "a second one is part of the field name",
                b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\n",
                &[],
            ),
            ("lines end with LF", b"data: a\n\n", &[(None, None, "a")]),
            ("lines end with CR", b"data: a\r\r", &[(None, None, "a")]),
            (
                "lines end with CRLF",
                b"data: a\r\n\r\n",
                &[(None, None, "a")],
            ),
            (
                "line ends may be mixed",
                b"data: a\rdata: b\r\n\ndata: c\n\r\n",
                &[(None, None, "a\nb"), (None, None, "c")],
            ),
            (
                "LF CR is two line ends",
                b"data: a\n\rdata: b\n\n",
                &[(None, None, "a"), (None, None, "b")],
            ),
            (
                "other separators end no line",
                "data: a\u{2028}b\x0Bc\u{85}d\n\n".as_bytes(),
                &[(None, None, "a\u{2028}b\x0Bc\u{85}d")],
            ),
            ("a blank line alone dispatches nothing", b"\n\n\r\r\n", &[]),
            (
                "a line that begins with a colon is a comment",
                b": x\n:data: x\ndata: a\n\n",
                &[(None, None, "a")],
            ),
            (
                "a comment does not part the lines of a frame",
                b"data: a\n:\ndata: b\n\n",
                &[(None, None, "a\nb")],
            ),
            (
                "the name ends at the first colon",
                b"data: a: b:c\n\n",
                &[(None, None, "a: b:c")],
            ),
            (
                "one space after the colon is dropped",
                b"data:a\n\ndata:  a\n\n",
                &[(None, None, "a"), (None, None, " a")],
            ),
            ("a tab is not", b"data:\ta\n\n", &[(None, None, "\ta")]),
            (
                "a line without a colon is a name without a value",
                b"data\n\n",
                &[(None, None, "")],
            ),
            (
                "data lines are joined by LF",
                b"data: a\ndata\ndata: b\n\n",
                &[(None, None, "a\n\nb")],
            ),
            (
                "only the last LF is dropped",
                b"data\ndata\n\n",
                &[(None, None, "\n")],
            ),
            (
                "without data nothing is dispatched and the type is forgotten",
                b"event: x\n\ndata: a\n\n",
                &[(None, None, "a")],
            ),
            (
                "the last event field counts",
                b"event: x\nevent: y\ndata: a\n\n",
                &[(None, Some("y"), "a")],
            ),
            (
                "an empty event field is none",
                b"event: x\nevent\ndata: a\n\n",
                &[(None, None, "a")],
            ),
            (
                "the type holds for one frame",
                b"event: x\ndata: a\n\ndata: b\n\n",
                &[(None, Some("x"), "a"), (None, None, "b")],
            ),
            (
                "an id holds until the next",
                b"id: 1\ndata: a\n\ndata: b\n\n",
                &[(Some("1"), None, "a"), (Some("1"), None, "b")],
            ),
            (
                "an empty id resets it",
                b"id: 1\ndata: a\n\nid\ndata: b\n\n",
                &[(Some("1"), None, "a"), (None, None, "b")],
            ),
            (
                "an id with a NUL is ignored",
                b"id: 1\nid: 2\0\ndata: a\n\n",
                &[(Some("1"), None, "a")],
            ),
            (
                "an id may come after the data",
                b"data: a\nid: 1\n\n",
                &[(Some("1"), None, "a")],
            ),
            (
                "names are compared exactly",
                b"Data: a\n data: b\ndata : c\ndata: d\n\n",
                &[(None, None, "d")],
            ),
            (
                "unknown fields are ignored",
                b"foo: a\nretry: x\ndata: b\n\n",
                &[(None, None, "b")],
            ),
            (
                "a NUL in data stays",
                b"data: a\0b\n\n",
                &[(None, None, "a\0b")],
            ),
            (
                "bad UTF-8 is replaced",
                b"data: \xC3(\n\n",
                &[(None, None, "\u{FFFD}(")],
            ),
            (
                "what the end of the stream leaves open is dropped",
                b"data: a\n\ndata: b\n",
                &[(None, None, "a")],
            ),
        ];
        for (rule, bytes, want) in table {
            let want: Vec<_> = want
                .iter()
                .map(|(id, event, data)| frame(*id, *event, data))
                .collect();
            assert_eq!(decode(bytes), want, "{rule}");
            let mut decoder = Decoder::new();
            let single = bytes
                .iter()
                .flat_map(|byte| decoder.push(&[*byte]))
                .collect();
            assert_eq!(plain(single), want, "{rule}, byte by byte");
        }
    }

    #[test]
    fn a_frame_says_whether_the_id_is_its_own() {
        let own = |bytes: &[u8]| -> Vec<bool> {
            let frames = Decoder::with_cap(24).push(bytes);
            frames
                .into_iter()
                .flatten()
                .map(|frame| frame.has_own_id)
                .collect()
        };
        assert_eq!(
            own(b"id: 1\ndata: a\n\ndata: b\n\ndata: c\nid\n\n"),
            [true, false, true]
        );
        assert_eq!(
            own(b"id: 1\n\ndata: b\n\n"),
            [false],
            "that of a frame without data"
        );
        assert_eq!(
            own(b"id: 1\ndata: 01234567890123456789\n\ndata: b\n\n"),
            [false],
            "that of a refused frame"
        );
    }

    #[test]
    fn a_byte_order_mark_counts_only_at_the_start() {
        assert_eq!(
            decode("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n".as_bytes()),
            [frame(None, None, "a")]
        );
    }

    #[test]
    fn an_id_with_a_nul_is_ignored() {
        assert_eq!(
            decode(b"id: a\nid: b\0c\ndata: x\n\n"),
            [frame(Some("a"), None, "x")]
        );
    }

    #[test]
    fn only_whole_numbers_set_the_retry_time() {
        let mut decoder = Decoder::new();
        decoder
            .push(b"retry: soon\nretry: -1\nretry: 1.5\nretry: 99999999999999999999999\nretry:\n");
        assert_eq!(decoder.retry(), None);
        decoder.push(b"retry: 1500\nretry: x\n");
        assert_eq!(decoder.retry(), Some(1500));
    }

    #[test]
    fn a_frame_without_data_is_not_dispatched_but_keeps_its_id() {
        let mut decoder = Decoder::new();
        assert!(decoder.push(b"event: lost\nid: r:7\n\n").is_empty());
        assert_eq!(decoder.id.as_deref(), Some("r:7"));
        assert_eq!(
            decoder.push(b"data: x\n\n"),
            [frame(Some("r:7"), None, "x")]
        );
    }

    #[test]
    fn an_empty_data_field_is_a_frame() {
        assert_eq!(decode(b"data:\n\n"), [frame(None, None, "")]);
    }

    #[test]
    fn an_incomplete_last_frame_is_dropped() {
        assert!(decode(b"data: a\n").is_empty());
    }

    #[test]
    fn only_one_space_after_the_colon_is_dropped_and_names_are_exact() {
        assert_eq!(
            decode(b"data:  a: b\nDATA: c\n data: d\n\n"),
            [frame(None, None, " a: b")]
        );
    }

    #[test]
    fn bad_utf8_is_replaced_and_does_not_break_the_stream() {
        assert_eq!(
            decode(b"data: a\xF0\x9F\n\ndata: b\n\n"),
            [frame(None, None, "a\u{FFFD}"), frame(None, None, "b")]
        );
    }

    #[test]
    fn a_frame_over_the_cap_is_one_error_and_the_next_frame_is_read() {
        let stream =
            "id: r:1\ndata: 0123456789\ndata: 0123456789\ndata: x\n\nid: r:2\ndata: ok\n\n";
        let want = [Err(FrameError::TooLarge), frame(Some("r:2"), None, "ok")];
        for cut in 0..stream.len() {
            let mut decoder = Decoder::with_cap(24);
            let mut got = decoder.push(&stream.as_bytes()[..cut]);
            got.extend(decoder.push(&stream.as_bytes()[cut..]));
            assert_eq!(plain(got), want, "cut at {cut}");
        }
    }

    #[test]
    fn comments_do_not_add_up_to_the_cap() {
        let mut decoder = Decoder::with_cap(24);
        for _ in 0..50 {
            assert!(decoder.push(b": keepalive\n\n").is_empty());
        }
        assert_eq!(decoder.push(b"data: ok\n\n"), [frame(None, None, "ok")]);
    }

    proptest! {
        #[test]
        fn random_bytes_decode_the_same_however_they_are_cut(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(1_usize..9, 1..60),
        ) {
            let mut stream = b"data: a\nid:1\n".to_vec();
            stream.extend(&bytes);
            stream.extend(b"\n\ndata: z\n\n");
            let whole = Decoder::with_cap(64).push(&stream);
            let mut decoder = Decoder::with_cap(64);
            let mut got = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (part, tail) = rest.split_at((*cut).min(rest.len()));
                got.extend(decoder.push(part));
                rest = tail;
            }
            prop_assert_eq!(got, whole);
        }
    }
}
