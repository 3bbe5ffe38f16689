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
    let prototype = browser
        .cdp(
            "Runtime.evaluate",
            json!({"expression": "WebAssembly.Memory.prototype"}),
        )
        .await?;
    let memories = browser
        .cdp(
            "Runtime.queryObjects",
            json!({"prototypeObjectId": prototype["result"]["objectId"]}),
        )
        .await?;
    let bytes = browser
        .cdp(
            "Runtime.callFunctionOn",
            json!({
                "objectId": memories["objects"]["objectId"], "returnByValue": true,
                "functionDeclaration": "function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }",
            }),
        )
        .await?;
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or(f64::NAN);
    Ok(Held {
        wasm: number(&bytes["result"]["value"]) / 1e6,
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

/// Two cycles in threads of their own; the second must add nothing.
pub async fn measure(bench: &Bench, report: &mut Report) -> Outcome<()> {
    bench.fresh(Page::App).await?;
    let threads = [bench.seed(MESSAGES).await?, bench.seed(MESSAGES).await?];
    bench.open(Page::App).await?;
    let before = held(bench).await?;
    println!("  before: {before:.1?}");
    let first = cycle(bench, &threads[0]).await?;
    let second = cycle(bench, &threads[1]).await?;
    report.ratio(
        "WASM memory: second cycle beside the first",
        second.wasm,
        first.wasm,
        "MB",
        SLACK,
    );
    report.ratio(
        "JS heap: second cycle beside the first",
        second.heap,
        first.heap,
        "MB",
        1.25,
    );
    report.ratio(
        "nodes after leaving, beside before",
        second.nodes,
        before.nodes + 200.0,
        "",
        SLACK,
    );
    report.ratio(
        "listeners after leaving, beside before",
        second.listeners,
        before.listeners + 20.0,
        "",
        SLACK,
    );
    Ok(())
}
