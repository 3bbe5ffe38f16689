//! Links `enfilade://…` that the system hands to the app: given to the page at once, or kept until it asks.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tauri::{AppHandle, Manager};
use tauri_plugin_deep_link::DeepLinkExt;
use url::Url;

use crate::window;

/// The scheme of our links.
const SCHEME: &str = "enfilade";
const LONGEST: usize = 8_192;

/// What the page gets when it asks.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// A link that came before it asked.
    pub url: Option<String>,
}

#[derive(Default)]
struct State {
    waiting: Option<String>,
    has_asked: bool,
}

/// Links between system and page.
#[derive(Default)]
pub struct Links(Mutex<State>);

impl Links {
    /// A link came. Gives it back for a page that listens already; else it waits, in place of an older one.
    fn arrive(&self, url: String) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.has_asked {
            return Some(url);
        }
        state.waiting = Some(url);
        None
    }

    /// The page asks, and listens from now on.
    pub fn take(&self) -> Taken {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.has_asked = true;
        Taken {
            url: state.waiting.take(),
        }
    }

    /// A page begins to load: it will ask before it listens.
    pub fn page_begins(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.has_asked = false;
    }
}

/// Listens for links from now on, and takes the one that the app was started with.
pub fn listen(app: &AppHandle) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            arrive(&handle, &url);
        }
    });
    match app.deep_link().get_current() {
        Ok(urls) => {
            for url in urls.into_iter().flatten() {
                arrive(app, &url);
            }
        }
        Err(error) => eprintln!("the link that Enfilade was started with cannot be read: {error}"),
    }
}

fn arrive(app: &AppHandle, url: &Url) {
    if !is_ours(url) {
        return;
    }
    if let Some(url) = app.state::<Links>().arrive(url.to_string()) {
        window::tell(app, "enfilade:link", &url);
    }
    window::show(app);
}

fn is_ours(url: &Url) -> bool {
    url.scheme() == SCHEME && url.as_str().len() <= LONGEST
}

/// Makes the system hand our links to this program, where no installer has done that.
pub fn register(app: &AppHandle) {
    if cfg!(debug_assertions) || tauri::is_dev() || cfg!(target_os = "macos") {
        return;
    }
    let app = app.clone();
    // It starts other programs and waits for them.
    std::thread::spawn(move || {
        if let Err(error) = app.deep_link().register(SCHEME) {
            eprintln!("links {SCHEME}:// will not open Enfilade: {error}");
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn taken(links: &Links) -> Option<String> {
        links.take().url
    }

    #[test]
    fn a_link_waits_until_the_page_asks_and_is_given_once() {
        let links = Links::default();
        assert_eq!(links.arrive("enfilade://a".into()), None);
        assert_eq!(links.arrive("enfilade://b".into()), None);
        assert_eq!(taken(&links).as_deref(), Some("enfilade://b"));
        assert_eq!(taken(&links), None);
    }

    #[test]
    fn a_page_that_listens_gets_a_link_at_once_and_only_so() {
        let links = Links::default();
        assert_eq!(taken(&links), None);
        assert_eq!(
            links.arrive("enfilade://c".into()).as_deref(),
            Some("enfilade://c")
        );
        assert_eq!(taken(&links), None);
    }

    #[test]
    fn a_link_during_a_reload_waits_for_the_new_page() {
        let links = Links::default();
        links.take();
        links.page_begins();
        assert_eq!(links.arrive("enfilade://d".into()), None);
        assert_eq!(taken(&links).as_deref(), Some("enfilade://d"));
    }

    #[test]
    fn only_our_own_scheme_counts() {
        assert!(is_ours(
            &Url::parse("enfilade://auth/callback?code=1").unwrap()
        ));
        for other in [
            "https://enfilade.example",
            "file:///etc/passwd",
            "enfilades://x",
        ] {
            assert!(!is_ours(&Url::parse(other).unwrap()), "{other}");
        }
        let long = format!("enfilade://{}", "x".repeat(LONGEST));
        assert!(!is_ours(&Url::parse(&long).unwrap()));
    }
}
