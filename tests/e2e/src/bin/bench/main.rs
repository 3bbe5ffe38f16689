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
    let outcome = measure(&parts, rounds, &mut report).await;
    report.table();
    if let Err(failure) = &outcome {
        eprintln!("bench: {failure}");
    }
    if outcome.is_ok() && report.is_kept() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn measure(parts: &[&str], rounds: usize, report: &mut Report) -> Outcome<()> {
    let browser = Browser::start().await?;
    let outcome = async {
        let bench = Bench::begin(&browser, &Setup::from_env(), rounds).await?;
        for part in parts {
            match *part {
                "flood" => flood::unpaced(&bench, report).await?,
                "paced" => flood::paced(&bench, report).await?,
                "long" => long::measure(&bench, report).await?,
                "memory" => memory::measure(&bench, report).await?,
                other => profile::take(&bench, other).await?,
            }
        }
        Ok(())
    };
    let outcome = outcome.await;
    if outcome.is_err() {
        browser.keep_evidence("bench").await;
    }
    browser.quit().await?;
    outcome
}
