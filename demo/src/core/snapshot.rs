//! What a core is, and the state of the app that it keeps. The snapshot holds secrets, as there.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Core;
use super::data::moment;
use super::dispatch::Answer;
use super::expiry::Generation;
use super::params::Params;
use super::session;
use crate::lock::lock;

fn version_of(core: &Core) -> &'static str {
    match core.switchboard.read(|switches| switches.generation) {
        Generation::Older => "0.53.20",
        Generation::Newer => "0.64.0",
    }
}

/// `core.ping`
pub fn ping(_: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"ok": true}))
}

/// `core.version`
pub fn version(core: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"version": version_of(core)}))
}

/// `update_version`
pub fn build(core: &Arc<Core>, _: &Params) -> Answer {
    let target = "x86_64-unknown-linux-gnu";
    Ok(
        json!({"version": version_of(core), "target_triple": target, "asset_prefix": format!("openhuman-core-{target}")}),
    )
}

/// `health_snapshot`
pub fn health(_: &Arc<Core>, _: &Params) -> Answer {
    let now = moment();
    Ok(json!({
        "pid": std::process::id(), "updated_at": now, "uptime_seconds": 9,
        "components": {"update_checker": {"status": "ok", "updated_at": now, "last_ok": now, "last_error": null, "restart_count": 0}},
    }))
}

/// `config_resolve_api_url`
pub fn api_url(core: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"api_url": core.api_url()}))
}

/// `config_get_client_config`
pub fn client_config(_: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"api_url": null, "default_model": "reasoning-v1", "app_version": "unknown"}))
}

/// `config_set_onboarding_completed`
pub fn set_onboarding(core: &Arc<Core>, params: &Params) -> Answer {
    let is_done: bool = params.get("value")?;
    core.change(|data| data.has_first_steps = !is_done);
    Ok(json!(is_done))
}

/// `app_state_snapshot`
pub fn state(core: &Arc<Core>, _: &Params) -> Answer {
    let session = core.session();
    let is_done = !lock(&core.data).has_first_steps;
    let mut snapshot = json!({
        "auth": session::state_of(session.as_ref()),
        "onboardingCompleted": is_done,
        "chatOnboardingCompleted": is_done,
        "analyticsEnabled": true,
        "meetAutoOrchestratorHandoff": false,
        "localState": {
            "encryptionKey": format!("{}-encryption-key-that-no-client-may-keep", core.profile.id),
            "onboardingTasks": {"enabledTools": [], "connectedSources": [], "updatedAtMs": 1},
        },
        "runtime": {
            "screenIntelligence": {},
            "localAi": {"state": "disabled", "chat_model_id": "gemma", "provider": "ollama"},
            "autocomplete": {"running": false},
            "service": {"state": "Stopped", "label": "com.openhuman.core"},
        },
    });
    // Absent, not null, while nobody is signed in.
    if let Some(session) = session {
        snapshot["sessionToken"] = json!(session.token);
        snapshot["currentUser"] = session.user;
    }
    Ok(snapshot)
}

/// `about_app_list`
pub fn about(_: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!([{"id": "chat", "name": "Chat", "category": "conversation"}]))
}

/// `agent_list_definitions`
pub fn agents(_: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"definitions": [{"id": "orchestrator"}, {"id": "researcher"}]}))
}

/// `local_ai_status`
pub fn local_ai(_: &Arc<Core>, _: &Params) -> Answer {
    Ok(json!({"state": "disabled", "chat_model_id": "gemma", "provider": "ollama"}))
}

/// `GET /`
pub fn root(core: &Core) -> Value {
    json!({
        "name": "openhuman",
        "ok": true,
        "api_server": core.api_url(),
        "endpoints": {"health": "/health", "schema": "/schema", "events": "/events?client_id=<id>", "rpc": "/rpc"},
        "usage": {"jsonrpc": "POST /rpc with Authorization: Bearer <core token>"},
    })
}
