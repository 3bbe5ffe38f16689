//! `cargo xtask test`: the checks and tests, in order, until one fails.

use std::time::Instant;

use crate::browser::{self, Browser};
use crate::build;
use crate::cli::{Part, Test};
use crate::conformance::run_demo_journeys;
use crate::desktop;
use crate::failure::{Failure, Outcome};
use crate::process::{interrupted, run, run_reading};
use crate::summary::{Result, Tally, summary};
use crate::tools::{self, cargo};
use crate::workspace::WASM;

/// One line of the summary: a part, in a browser where it runs in several.
struct Stage {
    part: Part,
    browser: Browser,
}

impl Stage {
    fn name(&self) -> String {
        match self.part {
            Part::E2e => format!("e2e in {}", self.browser.name()),
            part => part.name().to_owned(),
        }
    }
}

fn stages(options: &Test) -> Vec<Stage> {
    let mut stages = Vec::new();
    for &part in &options.parts {
        let browsers: &[Browser] = match part {
            Part::E2e => &options.browsers,
            _ => &[Browser::Chromium],
        };
        stages.extend(browsers.iter().map(|&browser| Stage { part, browser }));
    }
    stages
}

/// Runs the parts in order; the first failing one is the last, but for the journeys in the other browsers.
pub fn run_test(options: &Test) -> Outcome<()> {
    let mut results = Vec::new();
    let mut failed = None;
    for stage in stages(options) {
        let name = stage.name();
        if failed.is_some_and(|part| part != stage.part) || interrupted() {
            results.push((name, Result::NotRun));
            continue;
        }
        println!("\n== {name} ==");
        let start = Instant::now();
        let mut tally = Tally::default();
        let error = run_stage(&stage, &mut tally).err();
        if error.is_some() {
            tally.failed = tally.failed.max(1);
            failed = Some(stage.part);
        }
        results.push((
            name,
            Result::Ran {
                tally,
                seconds: start.elapsed().as_secs(),
                error: error.map(|error| error.to_string()),
            },
        ));
    }
    print!("{}", summary(&results));
    match failed {
        None if interrupted() => Err(Failure::new("interrupted")),
        None => Ok(()),
        // The counting line stays the last one: the reason stands in the summary above it.
        Some(_) => std::process::exit(1),
    }
}

fn run_stage(stage: &Stage, tally: &mut Tally) -> Outcome<()> {
    match stage.part {
        Part::Fmt => whole(tally, format),
        Part::Clippy => whole(tally, clippy),
        Part::Native => native(tally),
        Part::Browser => in_browser(tally),
        Part::Build => whole(tally, build::run_build),
        Part::E2e => run_demo_journeys(&browser::need(stage.browser)?, tally),
        Part::Desktop => desktop::test(tally),
    }
}

/// A part that counts as one test.
fn whole(tally: &mut Tally, part: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    let outcome = part();
    *tally = Tally::one(outcome.is_ok());
    outcome
}

fn format() -> Outcome<()> {
    run(
        "the format check",
        cargo().args(["fmt", "--all", "--check"]),
    )
    .map_err(|failure| Failure::new(format!("{failure}; cargo fmt --all puts it right")))
}

fn clippy() -> Outcome<()> {
    const STRICT: [&str; 3] = ["--", "-D", "warnings"];
    run(
        "clippy",
        cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(STRICT),
    )?;
    tools::need_wasm_target()?;
    run(
        "clippy for WASM",
        cargo()
            .args(["clippy", "--package", "enfilade", "--target", WASM])
            .args(["--lib", "--bins", "--test", "browser"])
            .args(STRICT),
    )
}

fn native(tally: &mut Tally) -> Outcome<()> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--exclude", "enfilade-e2e"]);
    command.args(["--exclude", "enfilade-desktop-e2e"]);
    tested(run_reading("the native tests", &mut command, |line| {
        tally.read(line);
    })?)
}

fn in_browser(tally: &mut Tally) -> Outcome<()> {
    tools::need_wasm_target()?;
    tools::need_wasm_bindgen()?;
    let programs = browser::need(Browser::Chromium)?;
    let mut command = cargo();
    command
        .args(["test", "--package", "enfilade", "--target", WASM])
        .args(["--test", "browser"])
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            "wasm-bindgen-test-runner",
        )
        .env("CHROMEDRIVER", &programs.driver)
        .env(
            "WASM_BINDGEN_TEST_WEBDRIVER_JSON",
            browser::webdriver_json(&programs)?,
        )
        // The defaults, 5 and 20 s, are too short for a loaded machine.
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    tested(run_reading("the browser tests", &mut command, |line| {
        tally.read(line);
    })?)
}

fn tested(passed: bool) -> Outcome<()> {
    if passed {
        Ok(())
    } else {
        Err(Failure::new("see the failures above"))
    }
}
