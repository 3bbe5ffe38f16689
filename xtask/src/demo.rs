//! The demo servers, as the other commands start them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::failure::Outcome;
use crate::http::{must_be_free, wait_until_up};
use crate::process::{Running, run};
use crate::tools::cargo;
use crate::workspace::{root, target};

/// Port of the sign-in provider in `cargo xtask dev`; the servers take the next ones.
pub const DEV_PORT: u16 = 8700;
/// The same for tests, so that they run beside `cargo xtask dev`.
pub const TEST_PORT: u16 = 8710;
/// Name and sign-in of each demo server, in the order of their ports.
pub const SERVERS: [(&str, &str); 3] = [
    ("Harbor", "any name signs in"),
    ("Meadow", "any name signs in"),
    ("Commons", "no sign-in"),
];
/// Name and bearer of each demo core, in the order of their ports, which follow those of the servers.
pub const CORES: [(&str, &str); 2] = [
    ("Lantern", "bearer lantern-demo-bearer"),
    ("Quay", "bearer quay-demo-bearer"),
];

const START: Duration = Duration::from_secs(30);

/// Builds the demo.
pub fn build() -> Outcome<()> {
    run(
        "the build of the demo servers",
        cargo().args(["build", "--package", "enfilade-demo"]),
    )
}

/// A demo command without options yet.
fn command() -> Command {
    let name = format!("enfilade-demo{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(target().join("debug").join(name));
    command.current_dir(root());
    command
}

/// The demo servers' ports behind that of their provider.
pub fn ports(base: u16) -> impl Iterator<Item = u16> {
    (1u16..)
        .take(SERVERS.len())
        .map(move |number| base + number)
}

/// The demo cores' ports behind those of the servers.
pub fn core_ports(base: u16) -> impl Iterator<Item = u16> {
    (1u16..)
        .skip(SERVERS.len())
        .take(CORES.len())
        .map(move |number| base + number)
}

/// Starts the demo servers with `options` and waits until they answer.
pub fn start(base: u16, options: &[&str]) -> Outcome<Running> {
    let remedy = "end the program that uses it, perhaps another cargo xtask";
    must_be_free(base, "the demo's sign-in provider", remedy)?;
    for port in ports(base) {
        must_be_free(port, "a demo server", remedy)?;
    }
    for port in core_ports(base) {
        must_be_free(port, "a demo core", remedy)?;
    }
    let mut command = command();
    command.args(["--base-port", &base.to_string()]);
    let mut demo = Running::start("the demo", command.args(options))?;
    for port in ports(base) {
        wait_until_up(&mut demo, "the demo", port, "/api/login", START)?;
    }
    for port in core_ports(base) {
        wait_until_up(&mut demo, "the demo", port, "/health", START)?;
    }
    Ok(demo)
}

/// Starts the demo servers of a test with the release of the app beside them.
pub fn start_with_app(dist: &Path, app_port: u16) -> Outcome<Running> {
    let remedy = "end the program that uses it, or choose another port";
    must_be_free(app_port, "the app", remedy)?;
    let dist = dist.to_string_lossy();
    let app_port_text = app_port.to_string();
    let options = ["--app", &dist, "--app-port", &app_port_text];
    let mut demo = start(TEST_PORT, &options)?;
    wait_until_up(&mut demo, "the app", app_port, "/", START)?;
    Ok(demo)
}
