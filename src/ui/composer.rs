//! The field in which a message is written.

mod images;
mod keys;
mod recall;
mod status;
mod waiting;

use leptos::{
    ev::{KeyboardEvent, MouseEvent, SubmitEvent},
    html,
    prelude::*,
};

use self::images::{Picker, image_row};
use self::recall::Recall;
pub use self::recall::earlier;
use self::status::{error_line, progress, status_line};
use self::waiting::waiting_list;
use super::kit::{Button, Icon, IconView, Variant};
use crate::i18n::composer as words;
use crate::state::composer::Composer;
use crate::state::thread::RunPhase;
use crate::web::dom;

/// Most lines that are asked for where the browser does not grow the field by itself.
const MAX_LINES: usize = 12;

/// What the parts of the composer work on.
#[derive(Clone)]
struct Desk {
    composer: Composer,
    field: NodeRef<html::Textarea>,
    run: Signal<RunPhase>,
}

impl Desk {
    /// Whether a run is active (tracked).
    fn is_active(&self) -> bool {
        self.run.get() != RunPhase::Idle
    }
}

/// What is being written: the text and its images, what waits for its turn, and the line that says how the answer is
/// coming.
///
/// The text belongs to the app: the field tells of every key, and takes over only what was not typed in it.
#[component]
pub fn MessageField(
    /// What is being written.
    composer: Composer,
    /// How the answer is coming.
    #[prop(into)]
    run: Signal<RunPhase>,
    /// What the empty field says.
    #[prop(into)]
    placeholder: Signal<String>,
    /// Called after a message was sent.
    #[prop(into)]
    on_send: Callback<()>,
    /// Called to end the answer.
    #[prop(into)]
    on_stop: Callback<()>,
    /// What was asked before in this place, the latest first.
    #[prop(optional, into)]
    earlier: Option<Callback<usize, Option<String>>>,
    /// The field itself, for others to focus.
    field: NodeRef<html::Textarea>,
) -> impl IntoView {
    let desk = Desk {
        composer: composer.clone(),
        field,
        run,
    };
    let picker = Picker::new(&desk);
    let send = {
        let (composer, picker) = (composer.clone(), picker.clone());
        Callback::new(move |()| {
            if composer.can_send().get_untracked() {
                picker.dismiss();
                composer.send();
                on_send.run(());
            }
            focus_end(field);
        })
    };
    keys::from_anywhere(&desk);
    picker.take_dropped();
    on_cleanup({
        let composer = composer.clone();
        move || composer.flush()
    });
    Effect::new(move |_| {
        if field.get().is_some() && !dom::is_coarse_pointer() {
            focus_end(field);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send.run(());
    };
    let sending = composer.sending();
    let is_waiting = Signal::derive(move || sending.get());
    view! {
        {error_line(&composer)}
        {picker.note()}
        <form class="composer" on:submit=submit>
            {waiting_list(&desk)}
            <div class="composer__box" data-drop=picker.is_over()>
                <div
                    class="progress-line"
                    data-state=move || progress(&run.get(), is_waiting.get())
                ></div>
                {image_row(&desk, &picker)}
                {text_area(&desk, &picker, placeholder, Recall::new(&desk, earlier), send)}
                <div class="composer__bar">
                    {picker.button()} {buttons(&desk, is_waiting, send, on_stop)}
                </div>
            </div>
            {status_line(&desk)}
        </form>
    }
    .into_any()
}

fn text_area(
    desk: &Desk,
    picker: &Picker,
    placeholder: Signal<String>,
    recall: Recall,
    send: Callback<()>,
) -> AnyView {
    let (composer, field) = (desk.composer.clone(), desk.field);
    let text = composer.text();
    let rows = {
        let text = text.clone();
        Memo::new(move |_| text.with(|text| text.split('\n').take(MAX_LINES).count()))
    };
    let shown = keys::Shown::new(desk);
    let key = {
        let (desk, recall) = (desk.clone(), recall.clone());
        move |event: KeyboardEvent| {
            if keys::handled(&desk, &event) || recall.handled(&event) || !keys::is_send(&event) {
                return;
            }
            event.prevent_default();
            send.run(());
        }
    };
    let typed = {
        let composer = composer.clone();
        move |event| composer.typed(event_target_value(&event))
    };
    let pasted = {
        let picker = picker.clone();
        move |event| picker.pasted(&event)
    };
    let (before, left) = (desk.clone(), composer.clone());
    let snap = keys::Snap::new(desk);
    let snapped = snap.clone();
    view! {
        <textarea
            class="composer__input"
            aria-label=words::MESSAGE
            placeholder=move || placeholder.get()
            dir="auto"
            rows=move || rows.get().to_string()
            autocomplete="off"
            prop:value=composer.text().get_untracked()
            on:input=typed
            on:beforeinput=move |event| keys::before_input(&before, &event)
            on:keydown=key
            on:keyup=move |_| snap.settle()
            on:pointerup=move |_| snapped.settle()
            on:paste=pasted
            on:compositionstart=move |_| shown.compose(true)
            on:compositionend=move |_| shown.compose(false)
            on:blur=move |_| left.flush()
            node_ref=field
        ></textarea>
    }
    .into_any()
}

/// Send and Stop: one of them, or both while there is something to be sent during a run.
fn buttons(
    desk: &Desk,
    is_waiting: Signal<bool>,
    send: Callback<()>,
    on_stop: Callback<()>,
) -> AnyView {
    let (desk, field) = (desk.clone(), desk.field);
    let is_active = {
        let desk = desk.clone();
        Memo::new(move |_| desk.is_active())
    };
    let has_text = {
        let text = desk.composer.text();
        Memo::new(move |_| text.with(|text| !text.trim().is_empty()))
    };
    let can_send = desk.composer.can_send();
    let stop = move |event: MouseEvent| {
        // The second click of a double click on Send is not meant for the Stop that took its place.
        if event.detail() < 2 {
            on_stop.run(());
            focus_end(field);
        }
    };
    let stop_button = move || {
        is_active.get().then(|| {
            view! {
                <button
                    class="button composer__stop"
                    type="button"
                    data-variant="quiet"
                    aria-label=words::STOP
                    title=words::STOP
                    on:click=stop
                >
                    <IconView icon=Icon::Stop />
                </button>
            }
        })
    };
    let send_button = {
        let can_send = can_send.clone();
        move || {
            let can_send = can_send.clone();
            (!is_active.get() || has_text.get()).then(|| {
                view! {
                    <button
                        class="button composer__send"
                        type="button"
                        data-variant="primary"
                        data-busy=move || is_waiting.get().then_some("true")
                        aria-label=words::SEND
                        title=move || {
                            if is_active.get() { words::SEND_LATER } else { words::SEND }
                        }
                        disabled=move || !can_send.get()
                        on:click=move |_| send.run(())
                    >
                        <IconView icon=Icon::ArrowUp />
                    </button>
                }
            })
        }
    };
    view! { <div class="composer__end">{stop_button} {send_button}</div> }.into_any()
}

/// A button of an icon that stands in a row of the composer.
fn small(
    icon: Icon,
    label: impl Into<String>,
    press: impl Fn() + Send + Sync + 'static,
) -> AnyView {
    let label = label.into();
    view! {
        <Button
            variant=Variant::Icon
            size=super::kit::Size::Small
            icon=icon
            label=label
            on_press=Callback::new(move |()| press())
        />
    }
    .into_any()
}

/// Moves the caret to the end of the text, where typing goes on.
pub fn focus_end(field: NodeRef<html::Textarea>) {
    let Some(field) = field.try_get_untracked().flatten() else {
        return;
    };
    // Every browser takes this for the end of the text, which need not be copied to be counted.
    let end = u32::MAX;
    // A browser that refuses either leaves the focus where it was.
    let _ = field.focus();
    let _ = field.set_selection_range(end, end);
}
