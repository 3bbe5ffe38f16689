//! The one error of every command, as the page gets it.

use serde::Serialize;

/// What the page can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// There is nothing here that could do it.
    Unavailable,
    /// It is here, and closed until the person opens it.
    Locked,
    /// A file that it needs is not here.
    Missing,
    /// It was tried.
    Failed,
}

/// Why a command did not do what it was asked; no secret is ever part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For the page.
    pub kind: Kind,
    /// For a person who looks for the cause.
    pub message: String,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Something was tried and did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }
}

/// What a command gives.
pub type Outcome<T> = Result<T, Failure>;
