//! Streams of real servers, cut at every byte and at every event, and taken up again.

use enfilade::core::agui::event::Event;
use enfilade::core::agui::reader::read;
use enfilade::core::agui::run::Cursor;
use enfilade::core::agui::sse::Decoder;
use enfilade::core::thread::message::{Row, RowKind};
use enfilade::core::thread::timeline::Timeline;
use std::fs;
use std::path::Path;

const RUN: &str = "run";
/// The clock of this side: not that of the servers.
const NOW: i64 = 7;

struct Recording {
    name: String,
    bytes: Vec<u8>,
    /// Each frame with its index in the run; comments belong to the frame after them.
    frames: Vec<Vec<u8>>,
}

fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay/streams");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let all: Vec<_> = paths
        .iter()
        .map(|path| {
            let bytes = fs::read(path).unwrap();
            let text = String::from_utf8(bytes.clone()).unwrap();
            let blocks = text.split_inclusive("\n\n");
            Recording {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                frames: blocks
                    .filter(|block| block.contains("data:"))
                    .map(|block| block.as_bytes().to_vec())
                    .collect(),
                bytes,
            }
        })
        .collect();
    assert!(all.len() > 10, "the recordings are found");
    all
}

impl Recording {
    /// What a server answers to a cursor; it may send some again.
    fn after(&self, cursor: &Cursor, again: usize) -> Vec<u8> {
        let next = usize::try_from(cursor.index + 1).unwrap();
        self.frames[next.saturating_sub(again)..].concat()
    }

    fn uncut(&self) -> Timeline {
        let mut follower = Follower::new();
        follower.take(&mut Decoder::new(), &self.bytes);
        follower.timeline
    }
}

#[derive(Clone)]
struct Follower {
    timeline: Timeline,
    cursor: Cursor,
}

impl Follower {
    fn new() -> Self {
        let mut timeline = Timeline::new();
        let _ = timeline.push_user("u", "question", None);
        let _ = timeline.bind_user("u", RUN);
        Self {
            timeline,
            cursor: Cursor::start(RUN),
        }
    }

    fn take(&mut self, decoder: &mut Decoder, bytes: &[u8]) -> usize {
        let events = read(decoder, bytes, &mut self.cursor);
        for event in &events {
            let _ = self.timeline.apply(event, RUN, NOW);
        }
        events.len()
    }

    /// The stream is lost, and had again from the cursor.
    fn resume(&mut self, recording: &Recording, again: usize) {
        let _ = self.timeline.interrupt(RUN);
        let rest = recording.after(&self.cursor, again);
        self.take(&mut Decoder::new(), &rest);
    }

    fn assert_is(&self, uncut: &Timeline, what: &str) {
        assert_eq!(self.timeline.rows(), uncut.rows(), "{what}");
        assert_eq!(self.timeline.state(), uncut.state(), "{what}");
        assert_eq!(self.timeline.wire_messages(), uncut.wire_messages());
    }
}

/// One line for each row: what it is and how it begins.
fn outline(timeline: &Timeline) -> Vec<String> {
    let line = |row: &Row| {
        let text = match &row.kind {
            RowKind::ToolCall { name, result, .. } => {
                format!("{name} {}", if result.is_some() { "done" } else { "open" })
            }
            RowKind::Sources { sources } => {
                let labels: Vec<_> = sources.iter().map(|source| source.label()).collect();
                labels.join(", ")
            }
            _ => String::new(),
        };
        let role = row.kind.role();
        format!("{role} {} {text}", row.state.as_str())
            .trim()
            .to_owned()
    };
    timeline.rows().iter().skip(1).map(line).collect()
}

fn texts(timeline: &Timeline) -> Vec<String> {
    let text = |row: &Row| match &row.kind {
        RowKind::Assistant { text } | RowKind::Reasoning { text } => Some(text.clone()),
        _ => None,
    };
    timeline.rows().iter().filter_map(text).collect()
}

#[test]
fn recorded_runs_become_the_rows_that_are_expected() {
    for recording in recordings() {
        let want: &[&str] = match recording.name.split_once('-').unwrap().1 {
            "think-long" | "fine-think-long" | "whole-think-long" => {
                &["reasoning done", "assistant done"]
            }
            "tools" | "fine-tools" | "whole-tools" => &[
                "tool done get_current_datetime done",
                "tool done get_current_user done",
                "assistant done",
            ],
            "fine-sources" | "whole-sources" => &[
                "tool done search done",
                "tool done cite done",
                "assistant done",
                "sources done danube.pdf, rhine.html",
            ],
            "cut" | "fine-cut" | "whole-cut" => &["assistant partial", "error done"],
            "error" => &["error done"],
            "keepalive" | "client-tool-next" => &["assistant done"],
            "client-tool" => &["tool partial pick_colour open"],
            other => panic!("nothing is expected of {other}"),
        };
        let timeline = recording.uncut();
        assert_eq!(outline(&timeline), want, "{}", recording.name);
        assert!(timeline.is_finished(RUN), "{}", recording.name);
        for row in &timeline.rows()[1..] {
            let is_open = matches!(row.kind, RowKind::ToolCall { result: None, .. });
            assert!(
                is_open || (row.ended.is_some() && row.ended >= row.at),
                "{row:?}"
            );
        }
    }
}

#[test]
fn a_message_at_a_time_and_token_by_token_come_to_the_same_text() {
    let all = recordings();
    let find = |name: &str| all.iter().find(|recording| recording.name == name).unwrap();
    for kind in ["think-long", "sources", "cut"] {
        let fine = find(&format!("0.87-fine-{kind}")).uncut();
        let whole = find(&format!("0.87-whole-{kind}")).uncut();
        assert_eq!(texts(&fine), texts(&whole), "{kind}");
    }
}

#[test]
fn a_stream_cut_at_every_byte_and_resumed_ends_like_the_uncut_one() {
    for recording in recordings() {
        let (uncut, name) = (recording.uncut(), &recording.name);
        let (mut follower, mut decoder) = (Follower::new(), Decoder::new());
        let is_short = recording.bytes.len() < 2_000;
        for cut in 0..=recording.bytes.len() {
            let byte = cut
                .checked_sub(1)
                .map_or(&[][..], |last| &recording.bytes[last..cut]);
            let before = follower.cursor.clone();
            let has_moved = follower.take(&mut decoder, byte) > 0;
            assert_eq!(has_moved, before != follower.cursor, "{name} at byte {cut}");
            // Within a frame nothing moves, neither rows nor cursor: one such cut is like the other, and short streams try them all.
            if has_moved || is_short || cut == 0 {
                let mut resumed = follower.clone();
                resumed.resume(&recording, 0);
                resumed.assert_is(&uncut, &format!("{name} cut at byte {cut}"));
            }
        }
        follower.assert_is(&uncut, name);
    }
}

#[test]
fn what_a_server_sends_again_changes_nothing() {
    for recording in recordings() {
        let uncut = recording.uncut();
        for cut in 0..=recording.frames.len() {
            let what = format!("{} cut after event {cut}", recording.name);
            let mut follower = Follower::new();
            follower.take(&mut Decoder::new(), &recording.frames[..cut].concat());
            for again in [1, 3, cut] {
                let mut resumed = follower.clone();
                resumed.resume(&recording, again);
                resumed.assert_is(&uncut, &what);
            }
            // The whole run once more, by a follower that has forgotten how far it was.
            follower.cursor = Cursor::start(RUN);
            follower.resume(&recording, 0);
            follower.assert_is(&uncut, &what);
        }
    }
}

#[test]
fn a_stream_cut_at_two_events_and_resumed_ends_like_the_uncut_one() {
    for recording in recordings() {
        let (uncut, frames) = (recording.uncut(), &recording.frames);
        for first in 0..frames.len() {
            let mut follower = Follower::new();
            follower.take(&mut Decoder::new(), &frames[..first].concat());
            for second in (first..frames.len()).step_by(5) {
                let mut twice = follower.clone();
                let _ = twice.timeline.interrupt(RUN);
                twice.take(&mut Decoder::new(), &frames[first..second].concat());
                twice.resume(&recording, 0);
                twice.assert_is(&uncut, &format!("{} {first} {second}", recording.name));
            }
        }
    }
}

#[test]
fn a_run_that_is_taken_up_from_its_beginning_after_a_reload_ends_like_the_uncut_one() {
    for recording in recordings() {
        let uncut = recording.uncut();
        for cut in 0..=recording.frames.len() {
            let mut follower = Follower::new();
            follower.take(&mut Decoder::new(), &recording.frames[..cut].concat());
            // The view goes on with the rows it has.
            let mut view = follower.timeline.rows().to_vec();
            let _ = follower.timeline.restart_run(RUN);
            follower.cursor = Cursor::start(RUN);
            follower.take(&mut Decoder::new(), &recording.bytes);
            for row in follower.timeline.rows() {
                match view.iter_mut().find(|known| known.id == row.id) {
                    Some(known) => known.catch_up(row),
                    None => view.push(row.clone()),
                }
            }
            view.iter()
                .for_each(|row| assert_eq!(follower.timeline.row(&row.id), Some(row)));
            let mut rows = follower.timeline.rows().to_vec();
            rows.iter_mut().for_each(|row| row.rewrites = 0);
            assert_eq!(rows, uncut.rows(), "{} {cut}", recording.name);
            assert_eq!(follower.timeline.state(), uncut.state());
        }
    }
}

#[test]
fn the_result_of_a_client_tool_is_read_back_from_the_run_after_it() {
    let all = recordings();
    let find = |name: &str| all.iter().find(|recording| recording.name == name).unwrap();
    let mut follower = Follower::new();
    follower.take(&mut Decoder::new(), &find("0.87-client-tool").bytes);
    let calls = follower.timeline.pending_calls(RUN);
    let [(call, name, args)] = &calls[..] else {
        panic!("{calls:?}");
    };
    assert_eq!(
        (name.as_str(), args.as_str()),
        ("pick_colour", "{\"of\": \"sky\"}")
    );
    let mut here = follower.timeline.clone();
    let _ = here.settle_call(RUN, call, "blue", false, NOW);
    assert!(here.pending_calls(RUN).is_empty());
    // What the next run is sent with is where a reload finds the result.
    let _ = follower.timeline.adopt_tool_results(&here.wire_messages());
    assert_eq!(outline(&follower.timeline), ["tool done pick_colour done"]);
    let mut cursor = Cursor::start("next");
    let next = read(
        &mut Decoder::new(),
        &find("0.87-client-tool-next").bytes,
        &mut cursor,
    );
    for event in &next {
        let _ = follower.timeline.apply(event, "next", NOW);
    }
    assert!(next.iter().any(Event::is_terminal));
    assert_eq!(
        outline(&follower.timeline),
        ["tool done pick_colour done", "assistant done"]
    );
    assert_eq!(follower.timeline.wire_messages().len(), 4);
}
