//! What must be installed for the desktop shell: looked for, and named with the line that installs it.

use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::process::output;
use crate::tools::tool;

/// How a package shows that it is there.
pub enum Sign {
    /// `pkg-config` knows this library.
    Library(&'static str),
    /// This program can be found.
    Program(&'static str),
}

/// A Debian package and its sign.
pub type Package = (&'static str, Sign);

/// What a build needs.
pub const BUILD: &[Package] = &[
    ("build-essential", Sign::Program("cc")),
    ("pkg-config", Sign::Program("pkg-config")),
    ("libwebkit2gtk-4.1-dev", Sign::Library("webkit2gtk-4.1")),
    ("libdbus-1-dev", Sign::Library("dbus-1")),
];
/// What the journeys need besides.
pub const TRY: &[Package] = &[
    ("webkit2gtk-driver", Sign::Program("WebKitWebDriver")),
    ("xvfb", Sign::Program("xvfb-run")),
    ("dbus-daemon", Sign::Program("dbus-run-session")),
    ("gnome-keyring", Sign::Program("gnome-keyring-daemon")),
];

impl Sign {
    fn is_there(&self) -> bool {
        match self {
            Self::Library(name) => {
                output(tool("pkg-config").args(["--modversion", name])).is_some()
            }
            // Not all of them know `--version`.
            Self::Program(name) => {
                output(Command::new("sh").args(["-c", "command -v \"$0\"", name])).is_some()
            }
        }
    }
}

/// Fails, naming what is missing and how it is installed, where the system is known.
pub fn need(purpose: &str, lists: &[&[Package]]) -> Outcome<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing: Vec<&str> = lists
        .iter()
        .flat_map(|list| list.iter())
        .filter(|(_, sign)| !sign.is_there())
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(told(purpose, &missing))
    }
}

fn told(purpose: &str, missing: &[&str]) -> Failure {
    let names = missing.join(" ");
    Failure::new(format!(
        "{purpose} cannot be built here yet, {} missing: on Debian and Ubuntu, sudo apt-get install {names}",
        if missing.len() == 1 {
            "a package is"
        } else {
            "packages are"
        }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_line_that_installs_it() {
        let text = told("the desktop shell", &["libdbus-1-dev", "xvfb"]).to_string();
        assert!(
            text.ends_with("sudo apt-get install libdbus-1-dev xvfb"),
            "{text}"
        );
        assert!(!Sign::Program("no-such-program-here").is_there());
        assert!(!Sign::Library("no-such-library-here").is_there());
        assert!(Sign::Program("sh").is_there());
    }
}
