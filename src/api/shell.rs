//! The commands of the desktop shell, and what their answers mean: a positive answer, or it failed.
//!
//! A bridge may be missing, answer with nothing, null or an empty text, refuse, or never answer. None of that is a success, and none of it
//! says that there is no session.

use serde_json::{Map, Value, json};

use crate::core::route::query_value;

/// What a command came to: its answer as JSON, or what it was refused with.
type ShellAnswer = Result<Option<String>, String>;

/// How long a command may take, in milliseconds, unless it waits for a person.
pub const LIMIT: u32 = 2_000;

/// A command with its arguments.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub command: &'static str,
    /// Its arguments, a JSON object; a record or a form in it is a secret.
    pub args: String,
    /// How long it may take, in milliseconds; `None`: it waits for a person, or has a limit of its own.
    pub limit: Option<u32>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.command)
    }
}

/// Why a command has not done what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no such thing here: no command, no keychain, no program.
    #[error("it is not there")]
    Missing,
    /// The keychain is locked.
    #[error("it is locked")]
    Locked,
    /// It did not work.
    #[error("it did not work")]
    Failed,
    /// There was no answer that says anything.
    #[error("it gave no answer")]
    Silent,
}

fn call(command: &'static str, args: &[(&'static str, &str)]) -> Call {
    let args: Map<String, Value> = args
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    Call {
        command,
        args: Value::Object(args).to_string(),
        limit: Some(LIMIT),
    }
}

/// The object that was answered, or what its absence means.
fn object(answer: ShellAnswer) -> Result<Value, Failure> {
    match answer {
        Ok(text) => text
            .and_then(|text| serde_json::from_str::<Value>(&text).ok())
            .filter(Value::is_object)
            .ok_or(Failure::Silent),
        Err(refusal) => Err(refused(&refusal)),
    }
}

fn refused(refusal: &str) -> Failure {
    let value: Value = serde_json::from_str(refusal).unwrap_or_default();
    match value.get("kind").and_then(Value::as_str) {
        Some("unavailable" | "missing") => Failure::Missing,
        Some("locked") => Failure::Locked,
        Some(_) => Failure::Failed,
        None if refusal.ends_with("not found") => Failure::Missing,
        None => Failure::Failed,
    }
}

fn is_true(answer: ShellAnswer, name: &str) -> Result<(), Failure> {
    let said = object(answer)?.get(name).and_then(Value::as_bool);
    if said == Some(true) {
        Ok(())
    } else {
        Err(Failure::Failed)
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whether the keychain can be used at all: something is written, read back and removed.
#[must_use]
pub fn check_keychain() -> Call {
    call("check_keychain", &[])
}

/// Whether it works.
///
/// # Errors
/// [`Failure`]
pub fn read_check(answer: ShellAnswer) -> Result<(), Failure> {
    is_true(answer, "works")
}

/// Keeps a record for a server.
#[must_use]
pub fn store_refresh_token(server: &str, record: &str) -> Call {
    call(
        "store_refresh_token",
        &[("server", server), ("record", record)],
    )
}

/// Whether it is kept.
///
/// # Errors
/// [`Failure`]
pub fn read_stored(answer: ShellAnswer) -> Result<(), Failure> {
    is_true(answer, "stored")
}

/// Asks for the record of a server.
#[must_use]
pub fn load_refresh_token(server: &str) -> Call {
    call("load_refresh_token", &[("server", server)])
}

/// The record; `None` only where the keychain has said itself that there is none.
///
/// # Errors
/// [`Failure`]
pub fn read_loaded(answer: ShellAnswer) -> Result<Option<String>, Failure> {
    match object(answer)?.get("record") {
        Some(Value::Null) => Ok(None),
        Some(Value::String(record)) if !record.is_empty() => Ok(Some(record.clone())),
        _ => Err(Failure::Silent),
    }
}

/// Forgets the record of a server.
#[must_use]
pub fn clear_refresh_token(server: &str) -> Call {
    call("clear_refresh_token", &[("server", server)])
}

/// Whether it is forgotten.
///
/// # Errors
/// [`Failure`]
pub fn read_cleared(answer: ShellAnswer) -> Result<(), Failure> {
    is_true(answer, "cleared")
}

/// What the shell is.
#[must_use]
pub fn shell_info() -> Call {
    call("shell_info", &[])
}

/// Whether the page is the one that the shell brings along, and not that of a development server.
///
/// # Errors
/// [`Failure`]
pub fn read_info(answer: ShellAnswer) -> Result<bool, Failure> {
    let info = object(answer)?;
    info.get("production")
        .and_then(Value::as_bool)
        .ok_or(Failure::Silent)
}

/// How the server on this machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It is on its way.
    Starting,
    /// It answers at this port.
    Running(u16),
    /// It does not run; why, where the shell says so.
    Stopped(Option<Failure>),
}

/// Starts the server on this machine, unless it runs.
#[must_use]
pub fn start_backend() -> Call {
    call("start_backend", &[])
}

/// Asks how the server on this machine stands.
#[must_use]
pub fn check_backend_health() -> Call {
    call("check_backend_health", &[])
}

/// How it stands.
///
/// # Errors
/// [`Failure`]
pub fn read_health(answer: ShellAnswer) -> Result<Health, Failure> {
    let said = object(answer)?;
    let port = said.get("port").and_then(Value::as_u64);
    let port = port.and_then(|port| u16::try_from(port).ok());
    let reason = said.get("reason").and_then(Value::as_str);
    match said.get("state").and_then(Value::as_str) {
        Some("running") => Ok(match port.filter(|port| *port > 0) {
            Some(port) => Health::Running(port),
            None => Health::Starting,
        }),
        Some("starting") => Ok(Health::Starting),
        Some("stopped" | "failed") => Ok(Health::Stopped(reason.map(|reason| match reason {
            "missing" => Failure::Missing,
            "silent" => Failure::Silent,
            _ => Failure::Failed,
        }))),
        _ => Err(Failure::Silent),
    }
}

/// Opens a place on this machine that a sign-in can come back to.
#[must_use]
pub fn begin_sign_in(flow: &str) -> Call {
    call("begin_sign_in", &[("flow", flow)])
}

/// Its address: on the loopback interface, and of this very flow.
///
/// # Errors
/// [`Failure`]
pub fn read_begun(answer: ShellAnswer, flow: &str) -> Result<String, Failure> {
    let address = text(&object(answer)?, "address").ok_or(Failure::Silent)?;
    let rest = address
        .strip_prefix("http://127.0.0.1:")
        .or_else(|| address.strip_prefix("http://[::1]:"));
    let (port, path) = rest
        .and_then(|rest| rest.split_once('/'))
        .ok_or(Failure::Failed)?;
    if port.parse::<u16>().is_ok() && path == flow {
        Ok(address)
    } else {
        Err(Failure::Failed)
    }
}

/// Waits for the browser to come back.
#[must_use]
pub fn wait_sign_in(flow: &str) -> Call {
    Call {
        limit: None,
        ..call("wait_sign_in", &[("flow", flow)])
    }
}

/// Query and fragment that the browser came back with; `None` where nobody waits any more.
///
/// # Errors
/// [`Failure`]
pub fn read_came_back(answer: ShellAnswer) -> Result<Option<(String, String)>, Failure> {
    let said = object(answer)?;
    if said.get("ended").and_then(Value::as_bool) == Some(true) {
        return Ok(None);
    }
    let part = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    match (part("query"), part("fragment")) {
        (None, None) => Err(Failure::Silent),
        (query, fragment) => Ok(Some((
            query.unwrap_or_default(),
            fragment.unwrap_or_default(),
        ))),
    }
}

/// Nobody waits any more.
#[must_use]
pub fn end_sign_in(flow: &str) -> Call {
    call("end_sign_in", &[("flow", flow)])
}

/// Opens an address in the person's browser.
#[must_use]
pub fn open_in_browser(url: &str) -> Call {
    call("open_in_browser", &[("url", url)])
}

/// Whether it was opened.
///
/// # Errors
/// [`Failure`]
pub fn read_opened(answer: ShellAnswer) -> Result<(), Failure> {
    is_true(answer, "opened")
}

/// Asks for the link that the app was opened with.
#[must_use]
pub fn take_link() -> Call {
    call("take_link", &[])
}

/// The link, if there is one.
///
/// # Errors
/// [`Failure`]
pub fn read_link(answer: ShellAnswer) -> Result<Option<String>, Failure> {
    Ok(text(&object(answer)?, "url"))
}

/// Tells the person something outside the window.
#[must_use]
pub fn notify(title: &str, body: &str) -> Call {
    call("notify", &[("title", title), ("body", body)])
}

/// Whether it was told.
///
/// # Errors
/// [`Failure`]
pub fn read_shown(answer: ShellAnswer) -> Result<(), Failure> {
    is_true(answer, "shown")
}

/// Asks a token endpoint, which may answer to no page but to everybody else. `form` is as it would be sent.
#[must_use]
pub fn request_token(endpoint: &str, form: &str) -> Call {
    let mut fields = Map::new();
    for pair in form.split('&').filter(|pair| !pair.is_empty()) {
        let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
        let value = query_value(pair, name).unwrap_or_default();
        fields.insert(name.to_owned(), Value::from(value));
    }
    Call {
        command: "request_token",
        args: json!({ "endpoint": endpoint, "form": fields }).to_string(),
        // The token request's own.
        limit: Some(super::timeout::TOKEN),
    }
}

/// Status, body, and the milliseconds of a `Retry-After` that counts them in seconds.
pub type TokenReply = (u16, String, Option<u64>);

/// What the token endpoint has answered.
///
/// # Errors
/// [`Failure`]
pub fn read_token(answer: ShellAnswer) -> Result<TokenReply, Failure> {
    let said = object(answer)?;
    let status = said.get("status").and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok());
    let body = said.get("body").and_then(Value::as_str);
    let wait = said.get("retry_after").and_then(Value::as_str);
    let wait = wait.and_then(|wait| wait.trim().parse::<u64>().ok());
    Ok((
        status.ok_or(Failure::Silent)?,
        body.unwrap_or_default().to_owned(),
        wait.and_then(|seconds| seconds.checked_mul(1000)),
    ))
}

#[cfg(test)]
mod tests;
