//! A long thread: how soon its end is there, what is in the page, and what a key costs.

use std::time::Duration;

use enfilade_e2e::Outcome;

use crate::page::{Bench, Page};
use crate::report::{Report, median, p95};

const FEW: usize = 100;
const MANY: usize = 10_000;
const KEYS: u32 = 60;
/// By then the answer is long enough to cost something.
const INTO_THE_STREAM: Duration = Duration::from_secs(3);
/// Nodes that may be in the page.
const NODES: f64 = 3_000.0;
/// One frame of the screen, in milliseconds.
const FRAME: f64 = 16.0;

/// The last line of a thread that was made.
pub fn ending(messages: usize) -> String {
    format!("This was message {messages} of {messages}.")
}

/// Measures all of it.
pub async fn measure(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let (mut few, mut many, mut nodes, mut keys) = (Vec::new(), Vec::new(), 0.0_f64, Vec::new());
    for round in 0..bench.rounds {
        let sizes = if round % 2 == 0 {
            [FEW, MANY]
        } else {
            [MANY, FEW]
        };
        for size in sizes {
            bench.fresh(Page::App).await?;
            let thread = bench.seed(size).await?;
            bench.open(Page::App).await?;
            let taken = bench.open_thread(&thread, &ending(size)).await?;
            println!("  a thread of {size}: {taken:.0?}");
            if size == FEW {
                few.push(taken.took);
                continue;
            }
            many.push(taken.took);
            keys.extend(bench.keys(KEYS).await?);
            let count = bench.evaluate("bench.nodes()").await?;
            nodes = nodes.max(count.as_f64().unwrap_or(f64::NAN));
        }
    }
    report.ratio(
        "10000 messages: click to last message, beside 100",
        median(many),
        median(few),
        "ms",
        2.0,
    );
    report.limit("10000 messages: nodes in the page", nodes, "", NODES, "");
    // What the browser itself needs for a key here, where there is nothing but a field.
    bench.fresh(Page::Text).await?;
    let mut empty = Vec::new();
    for _ in 0..bench.rounds {
        empty.extend(bench.keys(KEYS).await?);
    }
    tell_keys(report, "10000 messages", keys, ("an empty page", empty));
    let (mut app, mut beside) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        for page in Page::all(round) {
            match page {
                Page::App => app.extend(keys_while_streaming(bench, page).await?),
                Page::Markdown => beside.extend(keys_while_streaming(bench, page).await?),
                Page::Text => {}
            }
        }
    }
    tell_keys(report, "during a stream", app, ("the page", beside));
    Ok(())
}

async fn keys_while_streaming(bench: &Bench, page: Page) -> Outcome<Vec<(f64, f64)>> {
    bench.fresh(page).await?;
    bench.begin_send("flood 10000 rate 500 go").await?;
    tokio::time::sleep(INTO_THE_STREAM).await;
    bench.keys(KEYS).await
}

/// What a key costs is held to a frame. When it is seen depends on when the screen draws its next one too: that is only told,
/// beside what it is elsewhere.
fn tell_keys(
    report: &mut Report,
    when: &str,
    keys: Vec<(f64, f64)>,
    (page, beside): (&str, Vec<(f64, f64)>),
) {
    let (seen, work): (Vec<f64>, Vec<f64>) = keys.into_iter().unzip();
    let (seen_beside, work_beside): (Vec<f64>, Vec<f64>) = beside.into_iter().unzip();
    let name = format!("{when}: work for a key, until it is painted, p95");
    let more = format!("{page}: {:.1} ms", p95(work_beside));
    report.limit(&name, p95(work), "ms", FRAME, more);
    let told = |figures: Vec<f64>| {
        let middle = median(figures.clone());
        format!("{:.1} ms, median {middle:.1} ms", p95(figures))
    };
    let name = format!("{when}: a key on the screen, with the wait for its frame, p95");
    report.tell(&name, told(seen), format!("{page}: {}", told(seen_beside)));
}
