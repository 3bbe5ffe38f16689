//! The stream of events of a core.

use serde_json::Value;

use super::{ApiRequest, segment, text, without_pseudo_links};
use crate::core::agui::sse::Frame;
use crate::core::room::ThreadId;
use crate::core::rpc::envelope::RpcError;
use crate::core::rpc::turn::event::{Child, TurnEvent, TurnEventKind};

/// The stream of what is told to this client. It asks for no bearer and is sent none: whoever knows the name can listen, so it must be
/// random. What is said before it is open is lost.
#[must_use]
pub fn stream(client: &str) -> ApiRequest {
    ApiRequest::get(format!("/events?client_id={}", segment(client)))
}

/// Reads one frame.
///
/// # Errors
/// [`RpcError`] where it is not an event of a turn, or lacks what it needs.
pub fn read(frame: &Frame) -> Result<TurnEvent, RpcError> {
    let value: Value = serde_json::from_str(&frame.data)
        .map_err(|_| RpcError::malformed("an event that is not JSON"))?;
    let name = text(&value, "event").or_else(|| frame.event.clone());
    // The same events have a second name where they come another way.
    let name = name.unwrap_or_default().replace(':', "_");
    let fields = Fields(&value);
    let kind = match name.strip_prefix("subagent_") {
        Some(step) => fields.child(step)?,
        None => fields.kind(&name)?,
    };
    Ok(TurnEvent {
        thread: ThreadId(fields.need("thread_id")?),
        request: text(&value, "request_id").unwrap_or_default(),
        kind: kind.unwrap_or(TurnEventKind::Unknown { name }),
    })
}

struct Fields<'a>(&'a Value);

type Kind = Result<Option<TurnEventKind>, RpcError>;

impl Fields<'_> {
    fn kind(&self, name: &str) -> Kind {
        Ok(Some(match name {
            "inference_start" => TurnEventKind::Began,
            "iteration_start" => TurnEventKind::Round {
                round: self.round(),
            },
            "text_delta" => TurnEventKind::Text {
                round: self.round(),
                delta: self.delta()?,
            },
            "thinking_delta" => TurnEventKind::Thinking {
                round: self.round(),
                delta: self.delta()?,
            },
            "tool_args_delta" => TurnEventKind::CallArgs {
                round: self.round(),
                call: self.need("tool_call_id")?,
                name: text(self.0, "tool_name"),
                delta: self.delta()?,
            },
            "tool_call" => TurnEventKind::Call {
                round: self.round(),
                call: self.need("tool_call_id")?,
                name: self.need("tool_name")?,
                args: self.0.get("args").filter(|args| !args.is_null()).cloned(),
            },
            "tool_result" => TurnEventKind::CallResult {
                call: self.need("tool_call_id")?,
                name: text(self.0, "tool_name").unwrap_or_default(),
                is_good: self.is_good(),
                output: text(self.0, "output").unwrap_or_default(),
            },
            _ => return self.end(name),
        }))
    }

    fn end(&self, name: &str) -> Kind {
        Ok(Some(match name {
            "chat_segment" => TurnEventKind::Segment {
                index: self
                    .number("segment_index")
                    .ok_or_else(|| missing("segment_index"))?,
                total: self.number("segment_total"),
                text: self.answer()?,
            },
            "chat_done" => TurnEventKind::Done {
                text: self.answer()?,
            },
            "chat_error" => TurnEventKind::Failed {
                error: text(self.0, "error_type").unwrap_or_default(),
                message: without_pseudo_links(&text(self.0, "message").unwrap_or_default()),
            },
            "proactive_message" => TurnEventKind::Proactive {
                text: self.answer()?,
            },
            _ => return Ok(None),
        }))
    }

    fn child(&self, step: &str) -> Kind {
        let (tool, message) = (
            || text(self.0, "tool_name").unwrap_or_default(),
            || text(self.0, "message"),
        );
        let call = || self.need("tool_call_id");
        let inner = self.0.get("subagent").unwrap_or(&Value::Null);
        let number = |name: &str| Fields(inner).number(name);
        let step = match step {
            "spawned" => Child::Spawned {
                agent: tool(),
                message: message(),
            },
            "iteration_start" => Child::Round {
                round: number("child_iteration").unwrap_or_default(),
                of: number("child_max_iterations"),
            },
            "tool_call" => Child::Call {
                call: call()?,
                name: tool(),
            },
            "tool_result" => Child::CallResult {
                call: call()?,
                name: tool(),
                is_good: self.is_good(),
            },
            "completed" => Child::Completed {
                message: message(),
                elapsed: number("elapsed_ms"),
            },
            "failed" => Child::Failed { message: message() },
            _ => return Ok(None),
        };
        let task = self.need("skill_id")?;
        Ok(Some(TurnEventKind::Child { task, step }))
    }

    fn need(&self, name: &'static str) -> Result<String, RpcError> {
        text(self.0, name).ok_or_else(|| missing(name))
    }

    /// Blanks are text too.
    fn delta(&self) -> Result<String, RpcError> {
        let delta = self.0.get("delta").and_then(Value::as_str);
        delta.map(str::to_owned).ok_or_else(|| missing("delta"))
    }

    fn answer(&self) -> Result<String, RpcError> {
        let answer = self.0.get("full_response").and_then(Value::as_str);
        answer
            .map(without_pseudo_links)
            .ok_or_else(|| missing("full_response"))
    }

    fn round(&self) -> u32 {
        self.number("round").unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<u32> {
        u32::try_from(self.0.get(name)?.as_u64()?).ok()
    }

    fn is_good(&self) -> bool {
        self.0.get("success") != Some(&Value::Bool(false))
    }
}

fn missing(name: &str) -> RpcError {
    RpcError::malformed(&format!("an event without {name}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
