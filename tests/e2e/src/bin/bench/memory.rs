//! What is left of a long thread and of long answers once they were left.

use enfilade_e2e::Outcome;
use serde_json::json;

use crate::page::{Bench, Page};
use crate::report::Report;
use crate::{flood, long};

const MESSAGES: usize = 10_000;
const PIECES: usize = 20_000;
const ANSWERS: usize = 10;
/// Growth from one cycle to the next that counts as none: the browser's own counts move a little.
const SLACK: f64 = 1.05;
const SLACK_HEAP: f64 = 1.25;
/// What the lists of threads may have gained meanwhile.
const NODES: f64 = 200.0;
const LISTENERS: f64 = 20.0;
/// Threads that are opened, talked in and left.
const CYCLES: usize = 3;

/// What the page holds after its garbage was collected.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    wasm: f64,
    heap: f64,
    nodes: f64,
    listeners: f64,
}

async fn held(bench: &Bench) -> Outcome<Held> {
    let browser = &bench.browser;
    bench.quiet().await?;
    for _ in 0..3 {
        browser
            .cdp("HeapProfiler.collectGarbage", json!({}))
            .await?;
    }
    let counters = browser.cdp("Memory.getDOMCounters", json!({})).await?;
    let heap = browser.cdp("Runtime.getHeapUsage", json!({})).await?;
    let wasm = bench.evaluate("bench.wasm()").await?;
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or(f64::NAN);
    Ok(Held {
        wasm: number(&wasm) / 1e6,
        heap: number(&heap["usedSize"]) / 1e6,
        nodes: number(&counters["nodes"]),
        listeners: number(&counters["jsEventListeners"]),
    })
}

async fn cycle(bench: &Bench, thread: &str) -> Outcome<Held> {
    bench.open_thread(thread, &long::ending(MESSAGES)).await?;
    for _ in 0..ANSWERS {
        bench
            .send(&format!("flood {PIECES} go"), &flood::ending(PIECES))
            .await?;
    }
    bench.leave_thread().await?;
    let held = held(bench).await?;
    println!("  after a cycle: {held:.1?}");
    Ok(held)
}

/// Cycles in threads of their own: the first may take room, from the second on none may be added.
pub async fn measure(bench: &Bench, report: &mut Report) -> Outcome<()> {
    bench.fresh(Page::App).await?;
    let mut threads = Vec::new();
    for _ in 0..CYCLES {
        threads.push(bench.seed(MESSAGES).await?);
    }
    bench.open(Page::App).await?;
    let before = held(bench).await?;
    println!("  before: {before:.1?}");
    let (mut second, mut last) = (before, before);
    for thread in &threads {
        second = last;
        last = cycle(bench, thread).await?;
    }
    let name = |what: &str| format!("{what} once a long thread was left, beside the time before");
    report.ratio(&name("WASM memory"), last.wasm, second.wasm, "MB", SLACK);
    report.ratio(&name("JS heap"), last.heap, second.heap, "MB", SLACK_HEAP);
    let (nodes, listeners) = (before.nodes + NODES, before.listeners + LISTENERS);
    report.ratio(
        "nodes after leaving, beside before",
        last.nodes,
        nodes,
        "",
        1.0,
    );
    report.ratio(
        "listeners after leaving, beside before",
        last.listeners,
        listeners,
        "",
        1.0,
    );
    Ok(())
}
