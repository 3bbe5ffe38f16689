//! The methods of a core: names, parameters, wrappers, and who carries them out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::dispatch::{Answer, Wrap};
use super::params::{Input, Params, Type};
use super::{Core, chat, integrations, session, snapshot, threads, usage};

use Wrap::{Bare, Envelope, Logs};

type Run = fn(&Arc<Core>, &Params) -> Answer;

/// A method.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// `openhuman.<namespace>_<function>`
    pub name: &'static str,
    /// Parameters.
    pub inputs: &'static [Input],
    /// Wrapper of the value.
    pub wrap: Wrap,
    /// Does it.
    pub run: Run,
    /// Parameters are not looked at.
    pub takes_anything: bool,
}

impl Method {
    const fn new(name: &'static str, inputs: &'static [Input], wrap: Wrap, run: Run) -> Self {
        Self {
            name,
            inputs,
            wrap,
            run,
            takes_anything: false,
        }
    }

    /// Namespace and function.
    pub fn parts(&self) -> (&'static str, &'static str) {
        let rest = self.name.strip_prefix("openhuman.").unwrap_or(self.name);
        if let Some(function) = rest.strip_prefix("app_state_") {
            return ("app_state", function);
        }
        rest.split_once(['_', '.']).unwrap_or((rest, ""))
    }

    fn to_json(self) -> Value {
        let (namespace, function) = self.parts();
        json!({
            "method": self.name,
            "namespace": namespace,
            "function": function,
            "description": function.replace('_', " "),
            "inputs": self.inputs.iter().map(|input| input.to_json()).collect::<Vec<_>>(),
            "outputs": [{"name": "result", "ty": "Json", "comment": "value", "required": true}],
        })
    }
}

const THREAD: Input = Input::needed("thread_id", Type::Text, "thread");
const LABELS: Input = Input::optional("labels", Type::Texts, "labels");
const CLIENT: Input = Input::needed("client_id", Type::Text, "id of the event stream");
const TOOLKIT: Input = Input::needed("toolkit", Type::Text, "slug of the toolkit");

static METHODS: [Method; 46] = [
    Method {
        takes_anything: true,
        ..Method::new("core.ping", &[], Bare, snapshot::ping)
    },
    Method::new("core.version", &[], Bare, snapshot::version),
    Method::new("openhuman.update_version", &[], Logs, snapshot::build),
    Method::new("openhuman.health_snapshot", &[], Logs, snapshot::health),
    Method::new("openhuman.app_state_snapshot", &[], Logs, snapshot::state),
    Method::new(
        "openhuman.config_resolve_api_url",
        &[],
        Bare,
        snapshot::api_url,
    ),
    Method::new(
        "openhuman.config_get_client_config",
        &[],
        Logs,
        snapshot::client_config,
    ),
    Method::new(
        "openhuman.config_set_onboarding_completed",
        &[Input::needed("value", Type::Bool, "done")],
        Logs,
        snapshot::set_onboarding,
    ),
    Method::new("openhuman.auth_get_state", &[], Logs, session::state),
    Method::new(
        "openhuman.auth_get_session_token",
        &[],
        Logs,
        session::token,
    ),
    Method::new(
        "openhuman.auth_store_session",
        &[
            Input::needed("token", Type::Text, "session token"),
            Input::optional("user_id", Type::Text, "user id"),
            Input::optional("user", Type::Json, "user"),
        ],
        Logs,
        session::store,
    ),
    Method::new("openhuman.auth_clear_session", &[], Logs, session::clear),
    Method::new(
        "openhuman.auth_consume_login_token",
        &[Input::needed("loginToken", Type::Text, "one-time token")],
        Logs,
        session::consume,
    ),
    Method::new("openhuman.auth_get_me", &[], Logs, session::me),
    Method::new("openhuman.threads_list", &[], Envelope, threads::list),
    Method::new(
        "openhuman.threads_create_new",
        &[LABELS],
        Envelope,
        threads::create,
    ),
    Method::new(
        "openhuman.threads_upsert",
        &[
            Input::needed("id", Type::Text, "thread"),
            Input::needed("title", Type::Text, "title"),
            Input::needed("created_at", Type::Text, "RFC 3339"),
            LABELS,
        ],
        Envelope,
        threads::upsert,
    ),
    Method::new(
        "openhuman.threads_messages_list",
        &[THREAD],
        Envelope,
        threads::messages,
    ),
    Method::new(
        "openhuman.threads_message_append",
        &[THREAD, Input::needed("message", Type::Json, "message")],
        Envelope,
        threads::append,
    ),
    Method::new(
        "openhuman.threads_message_update",
        &[
            THREAD,
            Input::needed("message_id", Type::Text, "message"),
            Input::optional("extra_metadata", Type::Json, "metadata"),
        ],
        Envelope,
        threads::update,
    ),
    Method::new(
        "openhuman.threads_generate_title",
        &[
            THREAD,
            Input::optional("assistant_message", Type::Text, "the answer"),
        ],
        Envelope,
        threads::title,
    ),
    Method::new(
        "openhuman.threads_update_labels",
        &[THREAD, Input::needed("labels", Type::Texts, "labels")],
        Envelope,
        threads::label,
    ),
    Method::new(
        "openhuman.threads_delete",
        &[THREAD, Input::needed("deleted_at", Type::Text, "RFC 3339")],
        Envelope,
        threads::delete,
    ),
    Method::new("openhuman.threads_purge", &[], Envelope, threads::purge),
    Method::new(
        "openhuman.threads_turn_state_get",
        &[THREAD],
        Envelope,
        threads::turn_state,
    ),
    Method::new(
        "openhuman.threads_turn_state_clear",
        &[THREAD],
        Envelope,
        threads::clear_turn_state,
    ),
    Method::new(
        "openhuman.threads_turn_state_list",
        &[],
        Envelope,
        threads::turn_states,
    ),
    Method::new(
        "openhuman.channel_web_chat",
        &[
            CLIENT,
            THREAD,
            Input::needed("message", Type::Text, "question"),
            Input::optional("model_override", Type::Text, "model"),
            Input::optional("temperature", Type::Number, "temperature"),
        ],
        Logs,
        chat::send,
    ),
    Method::new(
        "openhuman.channel_web_cancel",
        &[CLIENT, THREAD],
        Logs,
        chat::cancel,
    ),
    Method::new(
        "openhuman.composio_list_toolkits",
        &[],
        Logs,
        integrations::toolkits,
    ),
    Method::new(
        "openhuman.composio_list_connections",
        &[],
        Logs,
        integrations::connections,
    ),
    Method::new(
        "openhuman.composio_authorize",
        &[TOOLKIT],
        Logs,
        integrations::authorize,
    ),
    Method::new(
        "openhuman.composio_delete_connection",
        &[Input::needed("connection_id", Type::Text, "connection")],
        Logs,
        integrations::delete,
    ),
    Method::new(
        "openhuman.composio_get_user_scopes",
        &[TOOLKIT],
        Bare,
        integrations::scopes,
    ),
    Method::new(
        "openhuman.composio_set_user_scopes",
        &[
            TOOLKIT,
            Input::needed("read", Type::Bool, "may read"),
            Input::needed("write", Type::Bool, "may write"),
            Input::needed("admin", Type::Bool, "may administer"),
        ],
        Bare,
        integrations::set_scopes,
    ),
    Method::new(
        "openhuman.composio_list_tools",
        &[Input::optional("toolkits", Type::Texts, "slugs")],
        Logs,
        integrations::tools,
    ),
    Method::new(
        "openhuman.composio_get_user_profile",
        &[Input::needed("connection_id", Type::Text, "connection")],
        Logs,
        integrations::user_profile,
    ),
    Method::new(
        "openhuman.composio_sync",
        &[
            Input::needed("connection_id", Type::Text, "connection"),
            Input::optional("reason", Type::Text, "why"),
        ],
        Logs,
        integrations::sync,
    ),
    Method::new(
        "openhuman.socket_connect_with_session",
        &[],
        Bare,
        session::socket,
    ),
    Method::new("openhuman.team_get_usage", &[], Logs, usage::usage),
    Method::new("openhuman.team_list_teams", &[], Logs, usage::teams),
    Method::new("openhuman.billing_get_current_plan", &[], Logs, usage::plan),
    Method::new("openhuman.billing_get_balance", &[], Logs, usage::balance),
    Method::new("openhuman.about_app_list", &[], Logs, snapshot::about),
    Method::new(
        "openhuman.agent_list_definitions",
        &[],
        Logs,
        snapshot::agents,
    ),
    Method::new("openhuman.local_ai_status", &[], Logs, snapshot::local_ai),
];

/// The method of that name; there are no aliases.
pub fn named(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// `GET /schema`
pub fn schema() -> Value {
    let mut methods: Vec<_> = METHODS.iter().collect();
    methods.sort_by_key(|method| method.name);
    let methods: Vec<_> = methods.into_iter().map(|method| method.to_json()).collect();
    json!({ "methods": methods })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_name_falls_into_namespace_and_function() {
        let parts = |name| named(name).unwrap().parts();
        assert_eq!(
            parts("openhuman.threads_create_new"),
            ("threads", "create_new")
        );
        assert_eq!(
            parts("openhuman.app_state_snapshot"),
            ("app_state", "snapshot")
        );
        assert_eq!(parts("core.ping"), ("core", "ping"));
    }

    #[test]
    fn no_method_is_there_twice() {
        let mut names: Vec<_> = METHODS.iter().map(|method| method.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METHODS.len());
    }
}
