//! Asking the agent of a core. The answer comes as events ([`super::events`]).

use serde_json::json;

use super::{is_done, need};
use crate::core::room::ThreadId;
use crate::core::rpc::envelope::{Answer, Call, RpcError};

/// Starts a turn. `client` names the stream of events that tells of it; open that first, and store the question. The core has a
/// model of its own for it.
#[must_use]
pub fn send(client: &str, thread: &ThreadId, message: &str) -> Call {
    Call::new(
        "openhuman.channel_web_chat",
        json!({ "client_id": client, "thread_id": thread.0, "message": message }),
    )
}

/// Reads the request by which the turn goes from now on.
///
/// # Errors
/// [`RpcError`] where it was not accepted.
pub fn read_send(answer: &Answer) -> Result<String, RpcError> {
    if !is_done(answer, "accepted") {
        return Err(RpcError::malformed("the question was not accepted"));
    }
    need(answer.value(), "request_id")
}

/// Stops the turn of this client in a thread.
#[must_use]
pub fn cancel(client: &str, thread: &ThreadId) -> Call {
    Call::new(
        "openhuman.channel_web_cancel",
        json!({ "client_id": client, "thread_id": thread.0 }),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
