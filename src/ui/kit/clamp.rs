//! A long content, of which a few lines are shown until more is asked for.

use leptos::{ev, html, prelude::*};

/// Shows the first lines of its content, and a button for the rest where there is a rest.
#[component]
pub fn Clamp(
    /// How many lines are shown.
    lines: u32,
    /// Whether all is shown, owned by the caller.
    #[prop(into)]
    open: Signal<bool>,
    /// Called to show all, or less again.
    #[prop(into)]
    on_toggle: Callback<bool>,
    /// The button that shows all.
    more: &'static str,
    /// The button that shows less.
    less: &'static str,
    /// Changes when the content does.
    #[prop(optional, into)]
    version: MaybeProp<usize>,
    /// The content.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let overflows = RwSignal::new(open.get_untracked());
    let measure = move || {
        request_animation_frame(move || {
            let is_closed = open.try_get_untracked() == Some(false);
            if let Some(node) = node.try_get_untracked().flatten()
                && is_closed
            {
                let is_cut = node.scroll_height() > node.client_height() + 1;
                if overflows.try_get_untracked() != Some(is_cut) {
                    overflows.try_set(is_cut);
                }
            }
        });
    };
    Effect::new(move |_| {
        node.track();
        let _ = version.get();
        if !open.get() {
            measure();
        }
    });
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let is_open = move || if open.get() { "true" } else { "false" };
    let button = move || {
        overflows.get().then(|| {
            view! {
                <button
                    class="button clamp__toggle"
                    type="button"
                    data-variant="ghost"
                    data-size="small"
                    aria-expanded=is_open
                    on:click=move |_| on_toggle.run(!open.get_untracked())
                >
                    {move || if open.get() { less } else { more }}
                </button>
            }
        })
    };
    view! {
        <div class="clamp" data-open=is_open style=("--clamp-lines", lines.to_string())>
            <div class="clamp__content" node_ref=node>
                {children()}
            </div>
            {button}
        </div>
    }
    .into_any()
}
