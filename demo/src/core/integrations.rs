//! Integrations: toolkits that can be connected on a page of the hosted service, and what was connected.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Core;
use super::data::{Connection, moment};
use super::dispatch::{Answer, Fault};
use super::hosted::Request;
use super::params::Params;
use crate::lock::lock;

/// What the hosted service allows.
pub const TOOLKITS: [&str; 6] = [
    "gmail",
    "google_calendar",
    "notion",
    "slack",
    "github",
    "linear",
];

const CONNECTIONS: &str = "/agent-integrations/composio/connections";

/// A parameter that must not be blank.
fn filled(params: &Params, name: &str) -> Result<String, Fault> {
    let text = params.text(name)?.trim().to_lowercase();
    if text.is_empty() {
        return Err(Fault::new(format!("'{name}' must not be empty")));
    }
    Ok(text)
}

/// `composio_list_toolkits`
pub fn toolkits(core: &Arc<Core>, _: &Params) -> Answer {
    let path = "/agent-integrations/composio/toolkits";
    Request::integration("list_toolkits", "GET", path).session(core)?;
    Ok(json!({ "toolkits": TOOLKITS }))
}

/// `composio_list_connections`
pub fn connections(core: &Arc<Core>, _: &Params) -> Answer {
    Request::integration("list_connections", "GET", CONNECTIONS).session(core)?;
    Ok(json!({"connections": lock(&core.data).user().connections}))
}

/// A connection of the user in use; gives its id.
pub fn add(core: &Core, toolkit: &str, status: &str) -> String {
    core.change(|data| {
        data.connections_made += 1;
        let id = format!("ca_{}", data.connections_made);
        data.user().connections.push(Connection {
            id: id.clone(),
            toolkit: toolkit.to_owned(),
            status: status.to_owned(),
            created_at: moment(),
        });
        id
    })
}

/// `composio_authorize`
pub fn authorize(core: &Arc<Core>, params: &Params) -> Answer {
    let toolkit = filled(params, "toolkit")?;
    let path = "/agent-integrations/composio/authorize";
    let question = Request::integration("authorize", "POST", path);
    question.session(core)?;
    if !TOOLKITS.contains(&toolkit.as_str()) {
        let body = format!(r#"{{"success":false,"error":"Toolkit '{toolkit}' is not enabled"}}"#);
        return Err(question.refused(core, 400, &body));
    }
    let id = add(core, &toolkit, "INITIATED");
    Ok(json!({"connectUrl": format!("{}/connect/{id}", core.api_url()), "connectionId": id}))
}

/// The person answered on the page; whether there is such a connection.
pub fn decide(core: &Core, id: &str, status: &str) -> Option<Connection> {
    core.change(|data| {
        let all = data
            .users
            .values_mut()
            .flat_map(|user| &mut user.connections);
        let connection = all.into_iter().find(|connection| connection.id == id)?;
        connection.status = status.to_owned();
        Some(connection.clone())
    })
}

/// The connection of that id, whoever it belongs to.
pub fn find(core: &Core, id: &str) -> Option<Connection> {
    let data = lock(&core.data);
    let mut all = data.users.values().flat_map(|user| &user.connections);
    all.find(|connection| connection.id == id).cloned()
}

/// `composio_delete_connection`
pub fn delete(core: &Arc<Core>, params: &Params) -> Answer {
    let id = filled(params, "connection_id")?;
    let question = Request::integration("delete_connection", "DELETE", CONNECTIONS);
    question.session(core)?;
    let is_gone = core.change(|data| {
        let connections = &mut data.user().connections;
        let before = connections.len();
        connections.retain(|connection| connection.id != id);
        connections.len() < before
    });
    if is_gone {
        Ok(json!({"deleted": true}))
    } else {
        Err(question.refused(
            core,
            404,
            r#"{"success":false,"error":"Connection not found"}"#,
        ))
    }
}

/// `composio_get_user_scopes`: local, without a session
pub fn scopes(core: &Arc<Core>, params: &Params) -> Answer {
    let toolkit = filled(params, "toolkit")?;
    let scopes = lock(&core.data).user().scopes.get(&toolkit).cloned();
    Ok(scopes.unwrap_or_else(|| json!({"read": true, "write": true, "admin": false})))
}

/// `composio_set_user_scopes`
pub fn set_scopes(core: &Arc<Core>, params: &Params) -> Answer {
    let toolkit = filled(params, "toolkit")?;
    let (read, write): (bool, bool) = (params.get("read")?, params.get("write")?);
    let scopes = json!({"read": read, "write": write, "admin": params.get::<bool>("admin")?});
    core.change(|data| data.user().scopes.insert(toolkit, scopes.clone()));
    Ok(scopes)
}

/// `composio_list_tools`
pub fn tools(core: &Arc<Core>, params: &Params) -> Answer {
    let chosen: Option<Vec<String>> = params.get("toolkits")?;
    let path = "/agent-integrations/composio/tools";
    Request::integration("list_tools", "GET", path).session(core)?;
    let is_chosen = |toolkit: &&&str| {
        chosen
            .as_ref()
            .is_none_or(|chosen| chosen.iter().any(|name| name == **toolkit))
    };
    let tools: Vec<Value> = TOOLKITS
        .iter()
        .filter(is_chosen)
        .map(|toolkit| json!({"type": "function", "function": {"name": format!("{}_SEARCH", toolkit.to_uppercase()), "description": "Searches"}}))
        .collect();
    Ok(json!({ "tools": tools }))
}

/// `composio_get_user_profile`
pub fn user_profile(core: &Arc<Core>, params: &Params) -> Answer {
    let id = filled(params, "connection_id")?;
    let question = Request::integration("get_user_profile", "GET", CONNECTIONS);
    let session = question.session(core)?;
    let connection = find(core, &id).ok_or_else(|| {
        question.refused(
            core,
            404,
            r#"{"success":false,"error":"Connection not found"}"#,
        )
    })?;
    Ok(json!({"toolkit": connection.toolkit, "connection_id": id, "email": session.user["email"]}))
}

/// `composio_sync`
pub fn sync(core: &Arc<Core>, params: &Params) -> Answer {
    let id = filled(params, "connection_id")?;
    Request::integration("sync", "POST", CONNECTIONS).session(core)?;
    Ok(json!({"connection_id": id, "items_ingested": 0}))
}
