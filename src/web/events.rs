//! Events of the window and the document.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventTarget, StorageEvent};

use super::window;

/// Listens until dropped.
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    capture: bool,
    callback: Closure<dyn FnMut(Event)>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Listener").field(&self.name).finish()
    }
}

impl Listener {
    fn new(
        target: EventTarget,
        name: &'static str,
        capture: bool,
        handler: impl FnMut(Event) + 'static,
    ) -> Self {
        let callback = Closure::<dyn FnMut(Event)>::new(handler);
        if target
            .add_event_listener_with_callback_and_bool(
                name,
                callback.as_ref().unchecked_ref(),
                capture,
            )
            .is_err()
        {
            log::error!("cannot listen for {name}");
        }
        Self {
            target,
            name,
            capture,
            callback,
        }
    }

    /// Listens on anything that has events.
    #[must_use]
    pub fn on(
        target: EventTarget,
        name: &'static str,
        handler: impl FnMut(Event) + 'static,
    ) -> Self {
        Self::new(target, name, false, handler)
    }

    /// Listens on the window.
    #[must_use]
    pub fn window(name: &'static str, handler: impl FnMut(Event) + 'static) -> Self {
        Self::new(window().into(), name, false, handler)
    }

    /// Listens on the window before anybody else, also where others keep an event to themselves. Browsers do not
    /// wait for listeners of the window before they scroll.
    #[must_use]
    pub fn first(name: &'static str, handler: impl FnMut(Event) + 'static) -> Self {
        Self::new(window().into(), name, true, handler)
    }

    /// Listens on the document; `None` in a page without one.
    #[must_use]
    pub fn document(name: &'static str, handler: impl FnMut(Event) + 'static) -> Option<Self> {
        Some(Self::new(window().document()?.into(), name, false, handler))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The target may be gone already.
        let _ = self.target.remove_event_listener_with_callback_and_bool(
            self.name,
            self.callback.as_ref().unchecked_ref(),
            self.capture,
        );
    }
}

/// The key that another tab has written to.
#[must_use]
pub fn storage_key(event: &Event) -> Option<String> {
    event.dyn_ref::<StorageEvent>()?.key()
}

/// Whether the page is hidden.
#[must_use]
pub fn is_hidden() -> bool {
    window()
        .document()
        .is_some_and(|document| document.hidden())
}
