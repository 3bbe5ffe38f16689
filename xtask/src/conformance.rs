//! `cargo xtask conformance`, and the browser journeys that `cargo xtask test` runs too.

use std::process::Command;

use crate::browser::{self, Driver, Programs};
use crate::build;
use crate::cli::Conformance;
use crate::demo;
use crate::failure::{Failure, Outcome};
use crate::http::free_port;
use crate::process::run_reading;
use crate::summary::Tally;
use crate::tools::{self, cargo};
use crate::workspace::dist;

/// What the journeys run against.
pub struct Journeys<'a> {
    /// `demo` or `real`: how a session is made to expire, and what the rooms are called.
    pub kind: &'a str,
    /// Servers, one or two.
    pub servers: Vec<String>,
    /// Who signs in.
    pub user: &'a str,
    /// Port of the app.
    pub app_port: u16,
}

/// Runs the browser journeys against running servers.
pub fn run_conformance(options: &Conformance) -> Outcome<()> {
    let journeys = Journeys {
        kind: "real",
        servers: options.servers.clone(),
        user: &options.user,
        app_port: options.app_port,
    };
    let programs = browser::need(options.browser)?;
    let mut tally = Tally::default();
    let passed = run_journeys(&journeys, &programs, &mut tally);
    println!(
        "\n{}: {} passed, {} failed, {} skipped",
        options.browser.name(),
        tally.done(),
        tally.failed,
        tally.skipped
    );
    passed
}

/// The journeys against the demo servers.
pub fn run_demo_journeys(programs: &Programs, tally: &mut Tally) -> Outcome<()> {
    let journeys = Journeys {
        kind: "demo",
        servers: demo::ports(demo::TEST_PORT)
            .take(2)
            .map(|port| format!("http://127.0.0.1:{port}"))
            .collect(),
        user: "Robin",
        app_port: free_port()?,
    };
    run_journeys(&journeys, programs, tally)
}

fn run_journeys(journeys: &Journeys<'_>, programs: &Programs, tally: &mut Tally) -> Outcome<()> {
    if !dist().join("index.html").is_file() {
        println!("there is no dist/ yet: building it");
        build::run_build()?;
    }
    demo::build()?;
    let _demo = demo::start_with_app(&dist(), journeys.app_port)?;
    let driver = Driver::start(programs)?;
    let axe = tools::need_axe()?;
    let mut command = cargo();
    command.args([
        "test",
        "--package",
        "enfilade-e2e",
        "--no-fail-fast",
        "--",
        "--test-threads=1",
        "--show-output",
    ]);
    command.env("ENFILADE_AXE", axe);
    set_environment(&mut command, journeys, programs, driver.port);
    let passed = run_reading("the journeys", &mut command, |line| tally.read(line))?;
    if passed {
        Ok(())
    } else {
        Err(Failure::new(
            "a journey failed: target/e2e/ has a picture of the page, its text and its console",
        ))
    }
}

fn set_environment(
    command: &mut Command,
    journeys: &Journeys<'_>,
    programs: &Programs,
    driver: u16,
) {
    command
        .env("ENFILADE_KIND", journeys.kind)
        .env("ENFILADE_USER", journeys.user)
        .env(
            "ENFILADE_APP",
            format!("http://127.0.0.1:{}", journeys.app_port),
        )
        .env("ENFILADE_DRIVER", format!("http://127.0.0.1:{driver}"))
        .env("ENFILADE_BROWSER", programs.browser.name());
    for (number, server) in journeys.servers.iter().enumerate() {
        command.env(format!("ENFILADE_SERVER{}", number + 1), server);
    }
    let cores = demo::core_ports(demo::TEST_PORT).zip(demo::CORES);
    for (number, (port, (_, bearer))) in cores.enumerate() {
        let token = bearer.trim_start_matches("bearer ");
        command.env(
            format!("ENFILADE_CORE{}", number + 1),
            format!("http://127.0.0.1:{port} {token}"),
        );
    }
    if let Some(binary) = &programs.binary {
        command.env("ENFILADE_BINARY", binary);
    }
}
