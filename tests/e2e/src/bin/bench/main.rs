//! Measures the app in a browser, beside two plain pages that get the same streams from the same server.
//! `cargo xtask bench` starts what it needs; it fails where a promise is broken.

mod flood;
mod long;
mod memory;
mod page;
mod profile;
mod report;

use std::env;
use std::process::ExitCode;

use enfilade_e2e::{Browser, Outcome, Setup};

use crate::page::Bench;
use crate::report::Report;

/// The parts, by the word that `ENFILADE_BENCH` may name.
const PARTS: [&str; 4] = ["flood", "paced", "long", "memory"];

#[tokio::main]
async fn main() -> ExitCode {
    let rounds = if env::var_os("ENFILADE_QUICK").is_some() {
        1
    } else {
        3
    };
    let wanted = env::var("ENFILADE_BENCH").unwrap_or_default();
    let parts: Vec<&str> = match wanted.as_str() {
        "" => PARTS.to_vec(),
        some => some.split(' ').collect(),
    };
    let mut report = Report::default();
    for part in parts {
        if let Err(failure) = measure(part, rounds, &mut report).await {
            report.failed(part, &failure);
        }
    }
    report.table();
    if report.is_kept() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Each part in a browser of its own: one that breaks down takes nothing else with it.
async fn measure(part: &str, rounds: usize, report: &mut Report) -> Outcome<()> {
    let browser = Browser::start().await?;
    let outcome = async {
        let bench = Bench::begin(&browser, &Setup::from_env(), rounds).await?;
        match part {
            "flood" => flood::unpaced(&bench, report).await,
            "paced" => flood::paced(&bench, report).await,
            "long" => long::measure(&bench, report).await,
            "memory" => memory::measure(&bench, report).await,
            other => profile::take(&bench, other).await,
        }
    };
    let outcome = outcome.await;
    if outcome.is_err() {
        browser.keep_evidence(&format!("bench-{part}")).await;
    }
    // A browser that broke down cannot be ended either: what is told is why it did.
    let ended = browser.quit().await;
    outcome.and(ended)
}
