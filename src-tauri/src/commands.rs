//! What the page can ask for. Each command answers with something positive, or fails.

use std::time::Duration;

use tauri::State;
use tauri::async_runtime::spawn_blocking;
use tokio::time::timeout;

use crate::backend::{Backend, Health, Port, Started, Stopped};
use crate::browser::{self, Opened};
use crate::failure::{Failure, Outcome};
use crate::fault::{self, Fault, spoil};
use crate::info::{self, Info};
use crate::keychain::{Cleared, Keychain, Loaded, Stored, Works};
use crate::link::{Links, Taken};
use crate::notice::{self, Shown};
use crate::sign_in::{Begun, Ended, SignIns, Waited};
use crate::token_request::{self, Answered, Form};

/// The system may ask the person before it answers.
const SYSTEM: Duration = Duration::from_secs(10);
/// A little more than a request for tokens gives itself.
const TOKEN: Duration = Duration::from_secs(35);

/// The fault that is switched on.
pub struct Switched(pub Option<Fault>);

/// Tries the keychain with an entry of its own.
#[tauri::command]
pub async fn check_keychain(
    keychain: State<'_, Keychain>,
    fault: State<'_, Switched>,
) -> Outcome<Works> {
    spoil(fault.0, keychain.check()).await
}

/// Keeps the record of a server.
#[tauri::command]
pub async fn store_refresh_token(
    keychain: State<'_, Keychain>,
    fault: State<'_, Switched>,
    server: String,
    record: String,
) -> Outcome<Stored> {
    let store = async {
        let is_stuck =
            fault.0 == Some(Fault::Stale) && keychain.load(server.clone()).await?.is_some();
        if is_stuck {
            return Err(fault::failure());
        }
        keychain.store(server, record).await
    };
    spoil(fault.0, store).await
}

/// The record of a server.
#[tauri::command]
pub async fn load_refresh_token(
    keychain: State<'_, Keychain>,
    fault: State<'_, Switched>,
    server: String,
) -> Outcome<Loaded> {
    spoil(fault.0, keychain.load(server)).await
}

/// Removes the record of a server.
#[tauri::command]
pub async fn clear_refresh_token(
    keychain: State<'_, Keychain>,
    fault: State<'_, Switched>,
    server: String,
) -> Outcome<Cleared> {
    if fault.0 == Some(Fault::DeleteFails) {
        return Err(fault::failure());
    }
    spoil(fault.0, keychain.clear(server)).await
}

/// Starts the local server.
#[tauri::command]
pub async fn start_backend(backend: State<'_, Backend>) -> Outcome<Started> {
    backend.start().await
}

/// The port of the local server.
#[tauri::command]
pub fn get_backend_port(backend: State<'_, Backend>) -> Port {
    backend.port()
}

/// Ends the local server.
#[tauri::command]
pub async fn stop_backend(backend: State<'_, Backend>) -> Outcome<Stopped> {
    backend.stop().await
}

/// Where the local server is in its life.
#[tauri::command]
pub fn check_backend_health(backend: State<'_, Backend>) -> Health {
    backend.health()
}

/// Listens for the browser's return from a sign-in.
#[tauri::command]
pub async fn begin_sign_in(sign_ins: State<'_, SignIns>, flow: String) -> Outcome<Begun> {
    sign_ins.begin(flow).await
}

/// Waits for that return.
#[tauri::command]
pub async fn wait_sign_in(sign_ins: State<'_, SignIns>, flow: String) -> Outcome<Waited> {
    Ok(sign_ins.wait(&flow).await)
}

/// Listens no longer.
#[tauri::command]
pub fn end_sign_in(sign_ins: State<'_, SignIns>, flow: String) -> Ended {
    sign_ins.end(&flow)
}

/// Asks a provider for tokens.
#[tauri::command]
pub async fn request_token(endpoint: String, form: Form) -> Outcome<Answered> {
    of_the_system(TOKEN, move || token_request::send(&endpoint, &form)).await
}

/// Opens a web address in the system's browser.
#[tauri::command]
pub async fn open_in_browser(url: String) -> Outcome<Opened> {
    of_the_system(SYSTEM, move || browser::open(&url)).await
}

/// Shows a notice.
#[tauri::command]
pub async fn notify(title: String, body: String) -> Outcome<Shown> {
    of_the_system(SYSTEM, move || notice::show(&title, &body)).await
}

/// What this shell is.
#[tauri::command]
pub fn shell_info() -> Info {
    info::info()
}

/// A link that came before the page asked.
#[tauri::command]
pub fn take_link(links: State<'_, Links>) -> Taken {
    links.take()
}

/// Waits for the system on a thread made for that, and not for ever.
async fn of_the_system<T: Send + 'static>(
    limit: Duration,
    act: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    match timeout(limit, spawn_blocking(act)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure::failed("the shell broke while it asked the system")),
        Err(_) => Err(Failure::failed("no answer came in time")),
    }
}
