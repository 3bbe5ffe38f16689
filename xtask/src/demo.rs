//! The demo servers, as the other commands start them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::failure::Outcome;
use crate::http::{must_be_free, wait_until_up};
use crate::process::{Running, run};
use crate::tools::cargo;
use crate::workspace::{root, target};

/// The demo's sign-in provider.
pub const PROVIDER: u16 = 8700;
/// Name, port and sign-in of each demo server.
pub const SERVERS: [(&str, u16, &str); 3] = [
    ("Harbor", 8701, "any name signs in"),
    ("Meadow", 8702, "any name signs in"),
    ("Commons", 8703, "no sign-in"),
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

/// Starts the demo servers with `options` and waits until they answer.
pub fn start(options: &[&str]) -> Outcome<Running> {
    let remedy = "end the program that uses it, perhaps another cargo xtask";
    must_be_free(PROVIDER, "the demo's sign-in provider", remedy)?;
    for (name, port, _) in SERVERS {
        must_be_free(port, &format!("the demo server {name}"), remedy)?;
    }
    let mut demo = Running::start("the demo", command().args(options))?;
    for (name, port, _) in SERVERS {
        wait_until_up(&mut demo, name, port, "/api/login", START)?;
    }
    Ok(demo)
}

/// Starts the demo servers with the release of the app beside them.
pub fn start_with_app(dist: &Path, app_port: u16) -> Outcome<Running> {
    let remedy = "end the program that uses it, or choose another port";
    must_be_free(app_port, "the app", remedy)?;
    let dist = dist.to_string_lossy();
    let mut demo = start(&["--app", &dist, "--app-port", &app_port.to_string()])?;
    wait_until_up(&mut demo, "the app", app_port, "/", START)?;
    Ok(demo)
}
