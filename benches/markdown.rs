//! What it costs to go on with a text, depending on how much of it is settled or how long its last block is.
//! `cargo xtask bench` runs it; it fails above the promise.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement reads the real clock, and runs natively"
)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use enfilade::core::markdown::incremental::Incremental;

const ROUNDS: usize = 1_000;
/// The promise: with a hundred times the text, a step takes at most this many times as long.
const LIMIT: f64 = 2.0;
/// A step that is too short to be told from noise is good whatever the ratio.
const NOTHING: Duration = Duration::from_micros(3);

/// A name, what makes so many bytes of settled text, and what is added to it.
type Case = (&'static str, fn(usize) -> String, &'static str);

const SECTION: &str = "## A heading\n\nA paragraph with *some* `markup` and [a link](https://example.org), as long as most of them are.\n\n- one\n- two\n\n```rust\nfn main() {}\n```\n\n";

/// The median of the steps in which a text grows by a few letters. Nothing is put off to a later step.
fn step(mut text: String, more: &str) -> Duration {
    text.reserve(more.len() * ROUNDS);
    let mut growing = Incremental::new();
    growing.update(&text, 0, true);
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            text.push_str(more);
            let begun = Instant::now();
            black_box(growing.update(black_box(&text), 0, true));
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn times(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len() + 1)
}

fn main() -> ExitCode {
    let cases: [Case; 9] = [
        (
            "a paragraph after settled text",
            |bytes| times(SECTION, bytes) + "The last paragraph begins ",
            "w ",
        ),
        (
            "an open fence",
            |bytes| "```rust\n".to_owned() + &times("let a = b(c);\n", bytes),
            "x;\n",
        ),
        (
            "a list",
            |bytes| times("- an item with *some* words\n", bytes) + "- ",
            "w ",
        ),
        (
            "a nested list with space in it",
            |bytes| times("1. an *item*\n\n   - one\n   - two\n\n", bytes) + "1. ",
            "w ",
        ),
        (
            "a list with formulas",
            |bytes| times("- where \\(a\\) is $$b$$\n", bytes) + "- ",
            "w ",
        ),
        (
            "a list that grows by an item",
            |bytes| times("- an item\n", bytes),
            "- an item\n",
        ),
        (
            "a line after a list",
            |bytes| times("- an item\n", bytes) + "\nText ",
            "w ",
        ),
        (
            "a table",
            |bytes| "| a | b |\n|---|---|\n".to_owned() + &times("| one | `two` |\n", bytes) + "| ",
            "w ",
        ),
        (
            "text after references and notes",
            |bytes| {
                "[r]: https://example.org\n\n[^n]: A note.\n\n".to_owned()
                    + &times(SECTION, bytes)
                    + "The last [r] paragraph [^n] "
            },
            "w ",
        ),
    ];
    println!("a step, median of {ROUNDS}; limit: {LIMIT} times as long with 100 times the text");
    let mut all_good = true;
    for (what, text, more) in cases {
        let (short, long) = (step(text(10_000), more), step(text(1_000_000), more));
        let ratio = long.as_secs_f64() / short.as_secs_f64();
        let good = ratio <= LIMIT || long < NOTHING;
        all_good &= good;
        let mark = if good { "" } else { "  above the limit" };
        println!(
            "{what:<34}{:>9.2} µs at 10 kB{:>9.2} µs at 1 MB{ratio:>7.2}{mark}",
            short.as_secs_f64() * 1e6,
            long.as_secs_f64() * 1e6,
        );
    }
    if all_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
