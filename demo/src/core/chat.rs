//! Sending a question and taking it back. Neither question nor answer is stored: the client appends both.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Core;
use super::dispatch::{Answer, Fault};
use super::expiry::Generation;
use super::params::Params;
use super::talk::{Talk, Words};
use super::texts;

/// Begins what the guard takes for an attack.
const ATTACK: &str = "ignore all previous instructions";

fn required(params: &Params, name: &str) -> Result<String, Fault> {
    let text = params.text(name)?;
    if text.trim().is_empty() {
        return Err(Fault::new(format!("{name} is required")));
    }
    Ok(text)
}

/// `channel_web_chat`: answers at once, the turn runs in the background
pub fn send(core: &Arc<Core>, params: &Params) -> Answer {
    let (client, thread) = (
        required(params, "client_id")?,
        required(params, "thread_id")?,
    );
    let message = required(params, "message")?;
    params.get::<Option<String>>("model_override")?;
    params.get::<Option<f64>>("temperature")?;
    if message.to_lowercase().contains(ATTACK) {
        return Err(Fault::new(texts::BLOCKED));
    }
    if let Some(refusal) = Words::take(&message).0.refusal {
        return Err(Fault::new(refusal));
    }
    core.abort_turn(&client, &thread, texts::REPLACED);
    let talk = unavailable(core).unwrap_or_else(|| Talk::about(&message));
    let request = core.begin_turn(&client, &thread, talk);
    Ok(json!({"accepted": true, "client_id": client, "thread_id": thread, "request_id": request}))
}

/// The turn of a core that cannot reach its model.
fn unavailable(core: &Core) -> Option<Talk> {
    let is_newer = core.switchboard.read(|switches| switches.generation) == Generation::Newer;
    let refused = match core.session() {
        None => texts::JWT_REQUIRED.to_owned(),
        Some(session) if session.is_local => return None,
        Some(session) if session.is_dead => {
            // A 401 of the model ends the session of newer cores only.
            if is_newer {
                core.clear_session();
            }
            texts::sentinel("POST", "/openai/v1/chat/completions")
        }
        Some(_) if core.switchboard.hosted_failure().is_some() => {
            return Some(Talk::failing("inference", texts::INFERENCE));
        }
        Some(_) => return None,
    };
    Some(if is_newer {
        Talk::failing("session_expired", refused)
    } else {
        Talk::failing("inference", texts::INFERENCE)
    })
}

/// `channel_web_cancel`
pub fn cancel(core: &Arc<Core>, params: &Params) -> Answer {
    let (client, thread) = (
        required(params, "client_id")?,
        required(params, "thread_id")?,
    );
    let request = core.abort_turn(&client, &thread, texts::CANCELLED);
    Ok(json!({
        "cancelled": request.is_some(), "client_id": client, "thread_id": thread,
        "request_id": request.map_or(Value::Null, Value::String),
    }))
}
