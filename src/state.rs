//! Signals, and the tasks that change them. Compiles and is tested natively: every effect goes through a port.

pub mod app;
pub mod backend;
pub mod client;
pub mod composer;
pub mod connect;
mod lease;
pub mod limit;
pub mod openhuman;
pub mod room;
pub mod server;
pub mod session;
pub mod shared;
pub mod shell;
pub mod stream;
pub mod task;
pub mod thread;
pub mod toast;
pub mod tools;
pub mod unread;

use crate::core::error::ApiError;

/// Something fetched: the last good data stays beside the error and beside the next attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Load<T> {
    /// The last good answer.
    pub data: Option<T>,
    /// Why the last attempt failed.
    pub error: Option<ApiError>,
    /// Whether an attempt is under way.
    pub busy: bool,
}

impl<T> Default for Load<T> {
    fn default() -> Self {
        Self {
            data: None,
            error: None,
            busy: false,
        }
    }
}

impl<T> Load<T> {
    /// Takes the outcome of an attempt.
    pub fn settle(&mut self, outcome: Result<T, ApiError>) {
        self.busy = false;
        match outcome {
            Ok(data) => {
                self.data = Some(data);
                self.error = None;
            }
            // Given up by this side: neither good nor bad news.
            Err(ApiError::Cancelled) => {}
            Err(error) => self.error = Some(error),
        }
    }
}
