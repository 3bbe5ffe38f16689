//! The menu: what a window of its own needs and a browser would bring along.

use std::sync::{Mutex, PoisonError};

use tauri::menu::{AboutMetadata, Menu, MenuBuilder, MenuEvent, MenuItemBuilder, SubmenuBuilder};
use tauri::{AppHandle, Manager};

use crate::window;

const QUIT: &str = "quit";
const RELOAD: &str = "reload";
const LARGER: &str = "larger";
const SMALLER: &str = "smaller";
const USUAL: &str = "usual";
const FULL: &str = "full-screen";
const STEP: f64 = 0.1;

/// How large the page is shown, in tenths of its usual size.
pub struct Zoom(Mutex<f64>);

impl Default for Zoom {
    fn default() -> Self {
        Self(Mutex::new(1.0))
    }
}

/// The menu of the window, or of the app where windows have none.
///
/// # Errors
/// The system makes none.
pub fn menu(app: &AppHandle) -> tauri::Result<Menu<tauri::Wry>> {
    let item = |id: &str, text: &str, keys: &str| {
        MenuItemBuilder::with_id(id, text)
            .accelerator(keys)
            .build(app)
    };
    let about = AboutMetadata {
        name: Some("Enfilade".to_owned()),
        version: Some(app.package_info().version.to_string()),
        comments: Some("One lobby for every agent server you use".to_owned()),
        ..AboutMetadata::default()
    };
    let own = SubmenuBuilder::new(app, "Enfilade")
        .about_with_text("About Enfilade", Some(about))
        .separator()
        .item(&item(RELOAD, "Reload", "CmdOrCtrl+R")?)
        .separator();
    let own = if cfg!(target_os = "macos") {
        own.hide()
            .hide_others()
            .separator()
            .quit_with_text("Quit Enfilade")
    } else {
        // The item that menus have for it does nothing on some systems, and ends the program on the spot on others.
        own.item(&item(QUIT, "Quit", "Ctrl+Q")?)
    };
    let view = SubmenuBuilder::new(app, "View")
        .item(&item(LARGER, "Larger", "CmdOrCtrl+=")?)
        .item(&item(SMALLER, "Smaller", "CmdOrCtrl+-")?)
        .item(&item(USUAL, "Usual size", "CmdOrCtrl+0")?)
        .separator()
        .item(&item(
            FULL,
            "Full screen",
            if cfg!(target_os = "macos") {
                "Ctrl+Cmd+F"
            } else {
                "F11"
            },
        )?)
        .build()?;
    let menu = MenuBuilder::new(app).item(&own.build()?);
    // Elsewhere the page itself knows these keys, and an item of that name would take them away from it.
    let menu = if cfg!(target_os = "macos") {
        let edit = SubmenuBuilder::new(app, "Edit").undo().redo().separator();
        menu.item(&edit.cut().copy().paste().select_all().build()?)
    } else {
        menu
    };
    menu.item(&view).build()
}

/// Does what was chosen.
pub fn chosen(app: &AppHandle, event: &MenuEvent) {
    match event.id().as_ref() {
        QUIT => app.exit(0),
        RELOAD => window::with(app, |window| window.reload()),
        FULL => window::with(app, |window| {
            window.set_fullscreen(!window.is_fullscreen()?)
        }),
        LARGER => zoom(app, |size| size + STEP),
        SMALLER => zoom(app, |size| size - STEP),
        USUAL => zoom(app, |_| 1.0),
        _ => {}
    }
}

fn zoom(app: &AppHandle, change: impl Fn(f64) -> f64) {
    let zoom = app.state::<Zoom>();
    let mut size = zoom.0.lock().unwrap_or_else(PoisonError::into_inner);
    *size = change(*size).clamp(0.5, 3.0);
    let wanted = *size;
    drop(size);
    window::with(app, |window| window.set_zoom(wanted));
}
