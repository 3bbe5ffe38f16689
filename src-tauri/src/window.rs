//! The one window: what it shows, where it may go, and how it is spoken to.

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use url::Url;

use crate::browser;
use crate::fault::Fault;
use crate::link::Links;

/// Label of the window, as the capability names it.
pub const LABEL: &str = "main";

/// Opens the window.
///
/// # Errors
/// The system gives none.
pub fn open(app: &AppHandle, fault: Option<Fault>) -> tauri::Result<()> {
    let dev = app
        .config()
        .build
        .dev_url
        .clone()
        .filter(|_| tauri::is_dev());
    let mut builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Enfilade")
        .inner_size(1180.0, 800.0)
        .min_inner_size(360.0, 480.0)
        .on_navigation(move |url| {
            let is_own = is_own(url, dev.as_ref());
            if !is_own {
                open_outside(url);
            }
            is_own
        })
        .on_new_window(|url, _| {
            open_outside(&url);
            NewWindowResponse::Deny
        })
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                window.state::<Links>().page_begins();
            }
        });
    if let Some(script) = fault.and_then(Fault::script) {
        builder = builder.initialization_script(script);
    }
    builder.build()?;
    Ok(())
}

/// Brings the window to the front.
pub fn show(app: &AppHandle) {
    with(app, |window| {
        window.show()?;
        window.unminimize()?;
        window.set_focus()
    });
}

/// Dispatches an event with a text to the page.
pub fn tell(app: &AppHandle, event: &str, detail: &str) {
    let script = format!(
        "window.dispatchEvent(new CustomEvent({}, {{ detail: {} }}));",
        serde_json::Value::from(event),
        serde_json::Value::from(detail),
    );
    with(app, |window| window.eval(script));
}

/// Does something with the window, if it is there; a failure is only told in the log.
pub fn with(app: &AppHandle, act: impl FnOnce(WebviewWindow) -> tauri::Result<()>) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    if let Err(error) = act(window) {
        eprintln!("the window did not do as it was told: {error}");
    }
}

/// Whether an address is one of the app's own pages: the bundle, or the development server.
fn is_own(url: &Url, dev: Option<&Url>) -> bool {
    if let Some(dev) = dev {
        return url.origin() == dev.origin();
    }
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Where a scheme of one's own cannot be had.
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

fn open_outside(url: &Url) {
    if let Err(failure) = browser::open(url.as_str()) {
        eprintln!("a link was not followed: {failure}");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn own(url: &str, dev: Option<&str>) -> bool {
        let dev = dev.map(|dev| Url::parse(dev).unwrap());
        is_own(&Url::parse(url).unwrap(), dev.as_ref())
    }

    #[test]
    fn the_window_stays_with_the_app() {
        assert!(own("tauri://localhost/lobby?x#y", None));
        for other in [
            "https://example.org/",
            "tauri://elsewhere/",
            "http://127.0.0.1:8080/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
        ] {
            assert!(!own(other, None), "{other}");
        }
    }

    #[test]
    fn in_development_the_app_is_at_its_server_only() {
        let dev = Some("http://127.0.0.1:8080");
        assert!(own("http://127.0.0.1:8080/lobby", dev));
        for other in [
            "http://127.0.0.1:8081/",
            "https://127.0.0.1:8080/",
            "tauri://localhost/",
        ] {
            assert!(!own(other, dev), "{other}");
        }
    }
}
