//! Starts the app in a page: reports, effects, state, components.

#[cfg(target_arch = "wasm32")]
fn main() {
    use enfilade::core::route::Route;
    use enfilade::core::session::pre_auth::Callback;
    use enfilade::state::app::App;
    use enfilade::web;

    web::report::install();
    // Fails only where it is initialised already.
    let _ = any_spawner::Executor::init_wasm_bindgen();

    // Tokens leave the address and the history before anything is rendered or loaded.
    let (path, query, fragment) = web::navigator::location();
    let place = place(&path);
    let answer = Callback::at(&place, &query, &fragment);
    if matches!(place, Route::Callback { .. }) {
        web::navigator::clean_address();
    }

    let app = App::start(web::ports(), answer);
    listen(&app);
    enfilade::ui::mount(app);
}

/// The place of a path, whatever else its address says.
#[cfg(target_arch = "wasm32")]
fn place(path: &str) -> enfilade::core::route::Route {
    use enfilade::core::route::Route;

    enfilade::web::dom::inside(path).map_or(Route::NotFound, |path| Route::parse(&path, "", ""))
}

/// What happens to the page is told to the app for as long as the page lives.
#[cfg(target_arch = "wasm32")]
fn listen(app: &enfilade::state::app::App) {
    use enfilade::core::route::Route;
    use enfilade::web;
    use enfilade::web::events::{Listener, is_hidden, storage_key};

    let mut listeners = Vec::new();
    for name in ["online", "offline", "focus", "pageshow"] {
        let app = app.clone();
        listeners.push(Listener::window(name, move |_| app.wake()));
    }
    // A callback address that is opened over one leaves its tokens in the address bar, and finishes nothing.
    listeners.push(Listener::window("hashchange", |_| {
        let (path, ..) = web::navigator::location();
        if matches!(place(&path), Route::Callback { .. }) {
            web::navigator::clean_address();
        }
    }));
    let connect = app.connect();
    listeners.push(Listener::window("pageshow", move |_| connect.shown_again()));
    // Not the moves of a pointer, which a passing lorry makes too. `click` and `input` are all that some screen readers
    // and dictation send.
    for name in [
        "keydown",
        "pointerdown",
        "wheel",
        "touchstart",
        "click",
        "input",
    ] {
        let app = app.clone();
        listeners.push(Listener::first(name, move |event| {
            // A script's own events say nothing of a person.
            if event.is_trusted() {
                app.touch();
            }
        }));
    }
    let other = app.clone();
    listeners.push(Listener::window("storage", move |event| {
        if let Some(key) = storage_key(&event) {
            other.storage_changed(&key);
        }
    }));
    let other = app.clone();
    web::storage::on_written(move |key| other.storage_changed(&key));
    let other = app.clone();
    listeners.push(Listener::window("pagehide", move |_| other.flush()));
    let other = app.clone();
    listeners.extend(Listener::document("visibilitychange", move |_| {
        if is_hidden() {
            other.flush();
        } else {
            other.wake();
        }
    }));
    // They belong to the page, which ends by being unloaded.
    std::mem::forget(listeners);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("Enfilade runs in a browser. Start it with: cargo xtask dev");
    std::process::exit(2);
}
