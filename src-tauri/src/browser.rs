//! What is opened outside of the window: web addresses, in the system's browser.

use std::env;
use std::process::{Command, Stdio};

use serde::Serialize;
use url::Url;

use crate::failure::{Failure, Outcome};

/// The address was handed to the system.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Opened {
    opened: bool,
}

/// Opens a web address in the system's browser.
pub fn open(address: &str) -> Outcome<Opened> {
    let url = checked(address)?;
    hand_over(&url)?;
    Ok(Opened { opened: true })
}

/// An address that may be opened: `http` or `https`, a host, and no name or password in front of it.
fn checked(address: &str) -> Outcome<Url> {
    let url = Url::parse(address).map_err(|_| Failure::failed("this is no address"))?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_plain = url.username().is_empty() && url.password().is_none();
    if is_web && is_plain {
        Ok(url)
    } else {
        Err(Failure::failed(
            "only http and https addresses are opened in the browser",
        ))
    }
}

fn hand_over(url: &Url) -> Outcome<()> {
    let cannot = |error: String| Failure::failed(format!("the system opens no browser: {error}"));
    match browser_of_a_test() {
        None => tauri_plugin_opener::open_url(url.as_str(), None::<&str>)
            .map_err(|error| cannot(error.to_string())),
        Some(program) => {
            let started = Command::new(program)
                .arg(url.as_str())
                .stdin(Stdio::null())
                .spawn();
            let mut child = started.map_err(|error| cannot(error.to_string()))?;
            // Nobody asks how it ends; it must only not stay behind as a process that nobody waits for.
            std::thread::spawn(move || child.wait());
            Ok(())
        }
    }
}

/// A program that a test puts in place of the browser; releases know none.
fn browser_of_a_test() -> Option<std::ffi::OsString> {
    cfg!(any(debug_assertions, feature = "faults"))
        .then(|| env::var_os("ENFILADE_OPEN_WITH"))
        .flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn web_addresses_may_be_opened_and_nothing_else() {
        for good in ["https://a.example/x?y#z", "http://127.0.0.1:8000/login/x"] {
            assert_eq!(checked(good).unwrap().as_str(), good);
        }
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "mailto:a@b.example",
            "enfilade://x",
            "https://name:word@a.example/",
            "https://",
            "/etc/passwd",
            "--help",
            "",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
