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
    /// Called when it was closed, also by Escape; the caller turns `open` off. Without it, it has to be answered:
    /// nothing but the caller's own buttons closes it, and all of it is read out when it comes.
    #[prop(optional, into)]
    on_close: Option<Callback<()>>,
    /// The heading and accessible name.
    #[prop(into)]
    title: Signal<String>,
    /// The name of the button that closes it.
    #[prop(optional, into)]
    close_label: MaybeProp<String>,
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
        if !open.try_get_untracked().unwrap_or(false) {
            return;
        }
        if let Some(on_close) = on_close {
            on_close.try_run(());
        } else if let Some(dialog) = node.try_get_untracked().flatten() {
            // A browser may close it at the second Escape, whatever it was told.
            let _ = dialog.show_modal();
        }
    };
    let cancelled = move |event: leptos::ev::Event| {
        if on_close.is_none() {
            event.prevent_default();
        }
    };
    let body_id = on_close.is_none().then(|| next_id("dialog"));
    let described_by = body_id.clone();
    view! {
        <dialog
            class="dialog"
            data-size=wide.then_some("wide")
            role=on_close.is_none().then_some("alertdialog")
            aria-labelledby=labelled_by
            aria-describedby=described_by
            on:cancel=cancelled
            on:close=closed
            node_ref=node
        >
            <h2 class="dialog__title" id=title_id>
                {move || title.get()}
            </h2>
            <div class="dialog__body" id=body_id>
                {children()}
            </div>
            {foot.map(|foot| view! { <div class="dialog__foot">{foot.run()}</div> })}
            // Last in the order of focus, so that opening does not land on the way out.
            {on_close
                .map(|on_close| {
                    view! {
                        <Button
                            class="dialog__close"
                            variant=Variant::Icon
                            size=Size::Small
                            icon=Icon::Close
                            label=close_label
                            on_press=on_close
                        />
                    }
                })}
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
