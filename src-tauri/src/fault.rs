//! The faults that tests switch on with `ENFILADE_FAULT`, in debug builds and those with the feature `faults` only.

use std::env;
use std::future::{Future, pending};
use std::time::Duration;

use crate::failure::{Failure, Outcome};

/// Commands that ask the keychain.
pub const KEYCHAIN: [&str; 4] = [
    "check_keychain",
    "store_refresh_token",
    "load_refresh_token",
    "clear_refresh_token",
];
/// Longer than the page waits.
const LATE: Duration = Duration::from_secs(3);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The keychain's commands are not registered.
    Absent,
    /// Storing, loading and clearing answer `undefined`.
    Undefined,
    /// They answer `null`.
    Null,
    /// They answer an empty text.
    Empty,
    /// Every answer of the keychain comes too late.
    Late,
    /// No answer comes.
    Never,
    /// Clearing fails.
    DeleteFails,
    /// What the keychain holds is never replaced.
    Stale,
    /// The page finds no way to call commands.
    NoBridge,
}

const WORDS: [(&str, Fault); 9] = [
    ("keychain:absent", Fault::Absent),
    ("keychain:undefined", Fault::Undefined),
    ("keychain:null", Fault::Null),
    ("keychain:empty", Fault::Empty),
    ("keychain:late", Fault::Late),
    ("keychain:never", Fault::Never),
    ("keychain:delete-fails", Fault::DeleteFails),
    ("keychain:stale", Fault::Stale),
    ("bridge:missing", Fault::NoBridge),
];

impl Fault {
    /// The fault that the environment asks for.
    pub fn from_environment() -> Option<Self> {
        if !cfg!(any(debug_assertions, feature = "faults")) {
            return None;
        }
        let word = env::var("ENFILADE_FAULT")
            .ok()
            .filter(|word| !word.is_empty())?;
        let fault = Self::named(&word);
        if fault.is_none() {
            eprintln!("ENFILADE_FAULT: there is no fault '{word}'");
        }
        fault
    }

    /// The fault of that word.
    pub fn named(word: &str) -> Option<Self> {
        let (_, fault) = WORDS.iter().find(|(name, _)| *name == word)?;
        Some(*fault)
    }

    /// Whether a command is as good as not there.
    pub fn hides(self, command: &str) -> bool {
        self == Self::Absent && KEYCHAIN.contains(&command)
    }

    /// A script that the page starts with, once its way to the commands is made.
    pub fn script(self) -> Option<String> {
        let value = match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Empty => "\"\"",
            _ => return None,
        };
        Some(include_str!("fault/answers.js").replace("VALUE", value))
    }

    /// A script that takes the place of the one that makes the way to the commands.
    pub fn instead_of_bridge(self) -> Option<&'static str> {
        // It stands in the page before `invoke` is put there, which fails at it.
        (self == Self::NoBridge).then_some("Object.freeze(window.__TAURI_INTERNALS__);")
    }
}

/// Lets a question to the keychain go as wrong as is asked for.
pub async fn spoil<T>(
    fault: Option<Fault>,
    answer: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    match fault {
        Some(Fault::Late) => tokio::time::sleep(LATE).await,
        Some(Fault::Never) => pending().await,
        _ => {}
    }
    answer.await
}

/// The failure of a fault switch.
pub fn failure() -> Failure {
    Failure::failed("a fault switch is on")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_one_word() {
        for (word, fault) in WORDS {
            assert_eq!(Fault::named(word), Some(fault));
        }
        assert_eq!(Fault::named("keychain:odd"), None);
    }

    #[test]
    fn only_the_commands_of_the_keychain_are_hidden() {
        for command in KEYCHAIN {
            assert!(Fault::Absent.hides(command));
            assert!(!Fault::Null.hides(command));
        }
        assert!(!Fault::Absent.hides("start_backend"));
    }

    #[test]
    fn an_answer_of_nothing_is_made_in_the_page() {
        assert!(Fault::Undefined.script().unwrap().contains("= undefined;"));
        assert!(Fault::Empty.script().unwrap().contains("= \"\";"));
        assert_eq!(Fault::Late.script(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_comes_after_the_page_gave_up_and_another_never() {
        let since = tokio::time::Instant::now();
        assert_eq!(spoil(Some(Fault::Late), async { Ok(1) }).await, Ok(1));
        assert!(since.elapsed() > Duration::from_secs(2));
        let never = spoil(Some(Fault::Never), async { Ok(1) });
        assert!(
            tokio::time::timeout(Duration::from_secs(60), never)
                .await
                .is_err()
        );
    }
}
