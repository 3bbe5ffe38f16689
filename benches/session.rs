//! What a decision of the guard and a verdict on a session cost with a hundred servers. `cargo xtask bench`
//! runs it; it fails above the promised time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    unused_imports,
    missing_docs
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement reads the real clock, and runs natively"
)]

#[path = "../tests/journeys"]
mod journeys {
    pub mod fake;
}

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::session::machine::ExpiryReason;
use enfilade::core::session::stored;
use enfilade::core::session::token::RefreshFailure;
use enfilade::core::session::verdict::after_failure;
use reactive_graph::traits::GetUntracked;

use crate::journeys::fake::{HOUR, World};

const SERVERS: usize = 100;
const ROUNDS: usize = 2_000;
/// The promise.
const LIMIT: Duration = Duration::from_micros(50);

/// The median of many runs: a machine that is busy with something else spoils a mean.
fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn main() -> ExitCode {
    let world = World::new();
    let servers: Vec<_> = (0..SERVERS)
        .map(|number| world.backend(&format!("server{number}")))
        .collect();
    for (number, server) in servers.iter().enumerate() {
        if number % 10 == 0 {
            world.expired(server);
        } else {
            world.signed_in(server, HOUR);
        }
    }
    let begun = Instant::now();
    let tab = world.open();
    let start = begun.elapsed();
    let (last, expired) = (&servers[SERVERS - 1], &servers[SERVERS - 10]);
    let (open, shut) = (
        Route::parse(&last.path(Some("t-1")), "", ""),
        Route::parse(&expired.path(Some("t-1")), "", ""),
    );
    let session = tab.server(last).session().signal().get_untracked();
    let (key, seal) = (keys::session(&last.id()), world.vault.seal());
    let text = stored::encode(&session, &key, seal.as_ref(), [1; 16]);
    let tokens = session.tokens().unwrap();

    let mut all_good = true;
    let mut tell = |what: &str, time: Duration| {
        let good = time < LIMIT;
        all_good &= good;
        let mark = if good { "" } else { "  above the limit" };
        println!("{what:<58}{:>9.2} µs{mark}", time.as_secs_f64() * 1e6);
    };
    println!(
        "{SERVERS} servers, median of {ROUNDS}, limit {} µs",
        LIMIT.as_micros()
    );
    tell(
        "the guard lets a place through",
        median(|| {
            black_box(tab.app.guard(black_box(&open)));
        }),
    );
    tell(
        "the guard sends to the sign-in",
        median(|| {
            black_box(tab.app.guard(black_box(&shut)));
        }),
    );
    tell(
        "a 401 is judged",
        median(|| {
            black_box(session.on_401(black_box(session.stamp())));
        }),
    );
    tell(
        "a failed refresh is judged",
        median(|| {
            black_box(after_failure(
                &RefreshFailure::InvalidGrant,
                tokens,
                black_box(0),
                true,
            ));
        }),
    );
    tell(
        "a session ends",
        median(|| {
            let mut session = session.clone();
            black_box(session.expire(session.epoch, ExpiryReason::Refused));
        }),
    );
    tell(
        "a stored session is opened and compared",
        median(|| {
            let kept = stored::decode(black_box(&text), &key, seal.as_ref()).unwrap();
            black_box(session.yields_to(&kept.session));
        }),
    );
    println!(
        "{:<58}{:>9.2} ms",
        "for scale: all of them restored",
        start.as_secs_f64() * 1e3
    );
    tab.close();
    if all_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
