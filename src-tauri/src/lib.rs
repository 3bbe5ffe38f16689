//! Enfilade in a window of its own.
//!
//! The page is the web app, bundled or from a development server. It may call the commands of [`commands`] and nothing
//! else: `capabilities/main.json` lists them, and opens no shell, no files and no plugin.
//!
//! | module | owns |
//! | --- | --- |
//! | [`keychain`] | the refresh tokens in the keychain of the system |
//! | [`backend`] | the local server "This computer" |
//! | [`sign_in`] | where the system's browser comes back to |
//! | [`token_request`] | requests for tokens that a page cannot make |
//! | [`link`] | links `enfilade://` |
//! | [`browser`], [`notice`] | what leaves the window |
//! | [`window`], [`menu`], [`info`] | the window |
//! | [`fault`] | what tests switch on |
#![forbid(unsafe_code)]

pub mod backend;
pub mod browser;
pub mod commands;
pub mod failure;
pub mod fault;
pub mod info;
pub mod keychain;
pub mod link;
pub mod menu;
pub mod notice;
pub mod sign_in;
pub mod token_request;
pub mod window;

use std::time::Duration;

use tauri::ipc::Invoke;
use tauri::{App, AppHandle, Manager, RunEvent};
use tauri_plugin_window_state::StateFlags;

use backend::{Backend, Program};
use commands::Switched;
use fault::Fault;
use keychain::Keychain;

/// The local server gets so long to write its files when the app ends.
const GOODBYE: Duration = Duration::from_secs(5);

/// Opens the window and stays until it is closed.
///
/// # Errors
/// The system gives no window, or the configuration is broken.
pub fn run() -> tauri::Result<()> {
    let fault = Fault::from_environment();
    let mut builder = tauri::Builder::default();
    if let Some(script) = fault.and_then(Fault::instead_of_bridge) {
        builder = builder.invoke_system(script);
    }
    builder
        // First: a second start ends here and hands over what it was started with.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            window::show(app)
        }))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(window_state())
        .menu(menu::menu)
        .on_menu_event(|app, event| menu::chosen(app, &event))
        .manage(Keychain::of_the_system())
        .manage(sign_in::SignIns::default())
        .manage(link::Links::default())
        .manage(menu::Zoom::default())
        .manage(Switched(fault))
        .invoke_handler(handler(fault))
        .setup(move |app| set_up(app, fault))
        .build(tauri::generate_context!())?
        .run(|app, event| {
            if let RunEvent::Exit = event {
                say_goodbye(app);
            }
        });
    Ok(())
}

/// Size and place are remembered; that it is shown at all is not in question.
fn window_state() -> tauri::plugin::TauriPlugin<tauri::Wry> {
    tauri_plugin_window_state::Builder::default()
        .with_state_flags(
            StateFlags::SIZE
                | StateFlags::POSITION
                | StateFlags::MAXIMIZED
                | StateFlags::FULLSCREEN,
        )
        .build()
}

fn set_up(app: &App, fault: Option<Fault>) -> Result<(), Box<dyn std::error::Error>> {
    let handle = app.handle();
    let (backend, keeper) = Backend::new(program(handle)?);
    tauri::async_runtime::spawn(keeper);
    app.manage(backend);
    link::listen(handle);
    link::register(handle);
    window::open(handle, fault)?;
    Ok(())
}

/// The local server, which keeps its threads beside the app's own files.
fn program(app: &AppHandle) -> tauri::Result<Program> {
    let data = app.path().app_local_data_dir()?.join("this-computer");
    Ok(Program {
        file: backend::find(),
        arguments: vec!["--local".into(), "--data".into(), data.into()],
    })
}

fn say_goodbye(app: &AppHandle) {
    let backend = app.state::<Backend>();
    let stopped = tauri::async_runtime::block_on(async {
        tokio::time::timeout(GOODBYE, backend.stop()).await
    });
    if stopped.is_err() {
        eprintln!("the local server is still busy; it ends by itself");
    }
}

/// All commands, but those that a fault hides: they are answered as commands that were never registered.
fn handler(fault: Option<Fault>) -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    let registered: Box<dyn Fn(Invoke<tauri::Wry>) -> bool + Send + Sync> =
        Box::new(tauri::generate_handler![
            commands::check_keychain,
            commands::store_refresh_token,
            commands::load_refresh_token,
            commands::clear_refresh_token,
            commands::start_backend,
            commands::get_backend_port,
            commands::stop_backend,
            commands::check_backend_health,
            commands::begin_sign_in,
            commands::wait_sign_in,
            commands::end_sign_in,
            commands::request_token,
            commands::open_in_browser,
            commands::notify,
            commands::shell_info,
            commands::take_link,
        ]);
    move |invoke| {
        let is_hidden = fault.is_some_and(|fault| fault.hides(invoke.message.command()));
        !is_hidden && registered(invoke)
    }
}
