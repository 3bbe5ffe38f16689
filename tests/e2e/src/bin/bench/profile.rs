//! Where the time goes: a CPU profile of one stream, summed by function. Nothing is judged by it.

use std::collections::HashMap;

use enfilade_e2e::{Failure, Outcome};
use serde_json::json;

use crate::flood::ending;
use crate::long;
use crate::page::{Bench, Page};

/// Lines that are shown.
const SHOWN: usize = 40;

/// `profile-flood-N`, `profile-paced`, `profile-long`, `profile-page`: the functions that take the most time of their own.
pub async fn take(bench: &Bench, what: &str) -> Outcome<()> {
    let page = if what.ends_with("-page") {
        Page::Markdown
    } else {
        Page::App
    };
    bench.fresh(page).await?;
    let thread = bench.seed(10_000).await?;
    bench.open(page).await?;
    let browser = &bench.browser;
    browser.cdp("Profiler.enable", json!({})).await?;
    browser
        .cdp("Profiler.setSamplingInterval", json!({"interval": 200}))
        .await?;
    browser.cdp("Profiler.start", json!({})).await?;
    let taken = match what.trim_end_matches("-page") {
        "profile-paced" => bench.send("flood 5000 rate 500 go", &ending(5000)).await?,
        "profile-long" => bench.open_thread(&thread, &long::ending(10_000)).await?,
        "profile-flood" => bench.send("flood 20000 go", &ending(20_000)).await?,
        other => return Err(Failure::new(format!("there is no part '{other}'"))),
    };
    let profile = browser.cdp("Profiler.stop", json!({})).await?;
    println!("{what}: {taken:.0?}");
    let empty = Vec::new();
    let list = |name: &str| profile["profile"][name].as_array().unwrap_or(&empty);
    let mut names = HashMap::new();
    for node in list("nodes") {
        let frame = &node["callFrame"];
        let file = frame["url"]
            .as_str()
            .unwrap_or_default()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        names.insert(
            node["id"].as_u64(),
            format!(
                "{} {file}",
                frame["functionName"].as_str().unwrap_or_default()
            ),
        );
    }
    let mut own: HashMap<&str, f64> = HashMap::new();
    for (node, time) in list("samples").iter().zip(list("timeDeltas")) {
        let name = names.get(&node.as_u64()).map_or("?", String::as_str);
        *own.entry(name).or_default() += time.as_f64().unwrap_or_default() / 1e3;
    }
    let mut own: Vec<_> = own.into_iter().collect();
    own.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (name, ms) in own.into_iter().take(SHOWN) {
        println!("{ms:>9.1} ms  {name}");
    }
    Ok(())
}
