//! Modal dialogs, built on the browser's own.

use leptos::{children::ViewFnOnce, html, prelude::*};

use super::{
    button::{Button, Size, Variant},
    icon::Icon,
    next_id,
};

/// A modal dialog. The browser holds the focus inside, closes it on Escape and gives the focus back.
///
/// Its content stays mounted while it is closed, so that nothing typed into it is lost.
#[component]
pub fn Dialog(
    /// Whether it is shown, owned by the caller.
    #[prop(into)]
    open: Signal<bool>,
    /// Called when it was closed, also by Escape; the caller turns `open` off.
    #[prop(into)]
    on_close: Callback<()>,
    /// The heading and accessible name.
    #[prop(into)]
    title: Signal<String>,
    /// The name of the button that closes it.
    #[prop(into)]
    close_label: Signal<String>,
    /// Whether it is for a list or table.
    #[prop(optional)]
    wide: bool,
    /// The row of buttons.
    #[prop(optional, into)]
    foot: Option<ViewFnOnce>,
    /// The content.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let title_id = next_id("dialog");
    let labelled_by = title_id.clone();
    Effect::new(move |_| {
        let open = open.get();
        let Some(dialog) = node.get() else { return };
        if open && !dialog.open() {
            // Refused only where the element is not in a document: shown without the modal layer then.
            if dialog.show_modal().is_err() {
                dialog.set_open(true);
            }
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    let closed = move |_| {
        if open.try_get_untracked().unwrap_or(false) {
            on_close.try_run(());
        }
    };
    view! {
        <dialog
            class="dialog"
            data-size=wide.then_some("wide")
            aria-labelledby=labelled_by
            on:close=closed
            node_ref=node
        >
            <h2 class="dialog__title" id=title_id>
                {move || title.get()}
            </h2>
            <div class="dialog__body">{children()}</div>
            {foot.map(|foot| view! { <div class="dialog__foot">{foot.run()}</div> })}
            // Last in the order of focus, so that opening does not land on the way out.
            <Button
                class="dialog__close"
                variant=Variant::Icon
                size=Size::Small
                icon=Icon::Close
                label=close_label
                on_press=on_close
            />
        </dialog>
    }
    .into_any()
}

/// Asks before something that cannot be taken back. Escape and the close button mean "cancel".
#[component]
pub fn ConfirmDialog(
    /// Whether it is shown, owned by the caller.
    #[prop(into)]
    open: Signal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What will happen, and what is safe.
    #[prop(into)]
    text: Signal<String>,
    /// The verb that does it.
    #[prop(into)]
    confirm_label: Signal<String>,
    /// The way out.
    #[prop(into)]
    cancel_label: Signal<String>,
    /// Whether it destroys.
    #[prop(optional)]
    danger: bool,
    /// Whether it is on its way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Called when the person agrees.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// Called when the person does not.
    #[prop(into)]
    on_cancel: Callback<()>,
) -> impl IntoView {
    let variant = if danger {
        Variant::Danger
    } else {
        Variant::Primary
    };
    let foot = move || {
        view! {
            <Button on_press=on_cancel>{move || cancel_label.get()}</Button>
            <Button variant=variant busy=busy on_press=on_confirm>
                {move || confirm_label.get()}
            </Button>
        }
    };
    view! {
        <Dialog open=open on_close=on_cancel title=title close_label=cancel_label foot=foot>
            <p>{move || text.get()}</p>
        </Dialog>
    }
}
