//! The one error of these commands: a sentence for the person at the terminal, with the remedy in it.

use std::fmt;

/// A command's result.
pub type Outcome<T> = Result<T, Failure>;

/// What went wrong and what to do about it, in one sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure told by `sentence`.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Puts what was tried in front of an error of the system.
pub trait Trying<T> {
    /// `trying` reads on from "cannot", for example "read index.html".
    fn trying(self, trying: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: fmt::Display> Trying<T> for Result<T, E> {
    fn trying(self, trying: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Failure(format!("cannot {}: {error}", trying())))
    }
}
