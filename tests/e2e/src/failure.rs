//! Why a journey stopped.

use std::fmt;

use thirtyfour::bidi::BidiError;
use thirtyfour::error::WebDriverError;

/// The result of a step.
pub type Outcome<T> = Result<T, Failure>;

/// What was expected and what was there, for the person who reads the test's output.
pub struct Failure(String);

impl Failure {
    /// A failure told by `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<WebDriverError> for Failure {
    fn from(error: WebDriverError) -> Self {
        Self(format!("the browser: {error}"))
    }
}

impl From<BidiError> for Failure {
    fn from(error: BidiError) -> Self {
        Self(format!("the browser: {error}"))
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        // An address may hold a secret.
        Self(format!("a request of the test: {}", error.without_url()))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(format!("a file or program of the test: {error}"))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self(format!("an answer that is no JSON: {error}"))
    }
}

/// Fails with `text` unless `holds`.
pub fn ensure(holds: bool, text: impl FnOnce() -> String) -> Outcome<()> {
    if holds { Ok(()) } else { Err(Failure(text())) }
}
