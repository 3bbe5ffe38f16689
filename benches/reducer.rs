//! What a piece of text costs the reducer, in conversations of 100 and of 10,000 messages. It fails above the promised time, and where the
//! length of the conversation shows.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement reads the real clock, and runs natively"
)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use enfilade::core::agui::event::{Event, parse};
use enfilade::core::thread::timeline::{Change, Timeline};

/// One batch stands for what comes between two frames; the median of many is what counts on a busy machine.
const BATCH: usize = 500;
const ROUNDS: usize = 200;
const RUN: &str = "3c1f6e52-7f6f-4b8a-9f1d-2f6a4f0c9b11";
/// The promise, for one piece of text.
const LIMIT: Duration = Duration::from_micros(1);
/// How much longer it may take in the long conversation: what caches and clocks make of the same work.
const FLAT: f64 = 1.5;

fn event(kind: &str, rest: &str) -> Event {
    parse(&format!("{{\"type\":\"{kind}\"{rest}}}")).remove(0)
}

/// A conversation of this many messages, its last answer still being written.
fn conversation(messages: usize) -> Timeline {
    let mut timeline = Timeline::new();
    for turn in 0..messages / 2 {
        let (user, run) = (format!("user-{turn}"), format!("run-{turn}"));
        let _ = timeline.push_user(&user, "What is the longest river?", 1);
        let _ = timeline.bind_user(&user, &run);
        for event in [
            event("RUN_STARTED", ",\"timestamp\":1"),
            event("TEXT_MESSAGE_START", ",\"messageId\":\"m\""),
            event(
                "TEXT_MESSAGE_CONTENT",
                ",\"messageId\":\"m\",\"delta\":\"The Nile, by some measures.\"",
            ),
            event("TEXT_MESSAGE_END", ",\"messageId\":\"m\""),
            event("RUN_FINISHED", ""),
        ] {
            let _ = timeline.apply(&event, &run, 1);
        }
    }
    let _ = timeline.push_user("last", "And the widest?", 1);
    let _ = timeline.bind_user("last", RUN);
    let _ = timeline.apply(&event("RUN_STARTED", ",\"timestamp\":1"), RUN, 1);
    timeline
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The time of one event out of a batch, with the note of what changed, as a thread keeps it between two frames.
fn measured(timeline: &mut Timeline, mut make: impl FnMut(usize) -> Event) -> Duration {
    let times = (0..ROUNDS).map(|round| {
        let events: Vec<_> = (0..BATCH).map(|nth| make(round * BATCH + nth)).collect();
        let mut dirty = Change::none();
        let begun = Instant::now();
        for event in &events {
            dirty.merge(timeline.apply(black_box(event), RUN, 1));
        }
        let time = begun.elapsed();
        let _ = black_box(dirty);
        time / u32::try_from(BATCH).unwrap()
    });
    median(times.collect())
}

fn delta(_: usize) -> Event {
    event(
        "TEXT_MESSAGE_CONTENT",
        ",\"messageId\":\"answer\",\"timestamp\":2,\"delta\":\"twenty letters here \"",
    )
}

/// A stream that makes a row with each event.
fn row(nth: usize) -> Event {
    event("CUSTOM", &format!(",\"name\":\"n{nth}\",\"value\":1"))
}

fn main() -> ExitCode {
    let mut all_good = true;
    println!(
        "median of {ROUNDS} batches of {BATCH} events, limit {} ns",
        LIMIT.as_nanos()
    );
    for (what, make) in [
        ("a piece of text", delta as fn(usize) -> Event),
        ("a row of its own", row),
    ] {
        let [short, long] =
            [100, 10_000].map(|messages| measured(&mut conversation(messages), make));
        let flat = long.as_secs_f64() / short.as_secs_f64().max(f64::EPSILON);
        // What makes rows has no promise of its own.
        let is_promised = make(0) == delta(0);
        let good = !is_promised || (short < LIMIT && long < LIMIT && flat < FLAT);
        all_good &= good;
        let mark = if good { "" } else { "  above the limit" };
        println!(
            "{what:<20}{:>8} ns at 100 messages{:>8} ns at 10,000 ({flat:.2} times){mark}",
            short.as_nanos(),
            long.as_nanos()
        );
    }
    let begun = Instant::now();
    black_box(conversation(10_000));
    println!(
        "for scale: 10,000 messages replayed in {:.1} ms",
        begun.elapsed().as_secs_f64() * 1e3
    );
    if all_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
