//! One row of a conversation.

use leptos::prelude::*;

use super::fold;
use crate::core::thread::message::{Row, RowId, RowKind, RowState};
use crate::i18n::thread as words;
use crate::state::thread::ThreadState;
use crate::ui::kit::{Icon, IconView};
use crate::ui::markdown::{copy_button, markdown};

/// A row; only what changed in it is drawn again.
pub fn row_view(thread: &ThreadState, id: &RowId) -> AnyView {
    let Some(row) = thread.row(id) else {
        return ().into_any();
    };
    let (role, message, label) = row.with_untracked(|row| {
        let role = row.kind.role();
        let label = match &row.kind {
            RowKind::ToolCall { name, .. } => words::tool_call(name),
            _ => words::author(role).to_owned(),
        };
        (role, row.message_id.clone(), label)
    });
    let state = {
        let row = row.clone();
        Memo::new(move |_| row.with(|row| row.state))
    };
    let content = content(thread, row, role, state);
    view! {
        <article
            class="message"
            data-role=role
            data-message-id=message
            data-state=move || state.get().as_str()
            aria-label=label
        >
            {content}
        </article>
    }
    .into_any()
}

fn content(
    thread: &ThreadState,
    row: ArcRwSignal<Row>,
    role: &str,
    state: Memo<RowState>,
) -> AnyView {
    let text: Signal<String> = {
        let row = row.clone();
        Memo::new(move |_| row.with(|row| text_of(&row.kind).to_owned())).into()
    };
    match role {
        "user" => user(text, state),
        "assistant" => answer(thread, &row, text, state),
        "reasoning" => fold::reasoning(text, state),
        "tool" => fold::tool_call(row, state),
        "error" => view! {
            <div class="message__body">
                <IconView icon=Icon::Alert />
                <p dir="auto">{move || text.get()}</p>
            </div>
        }
        .into_any(),
        _ => (move || row.with(notice)).into_any(),
    }
}

fn text_of(kind: &RowKind) -> &str {
    match kind {
        RowKind::User { text }
        | RowKind::Assistant { text }
        | RowKind::Reasoning { text }
        | RowKind::Error { text } => text,
        _ => "",
    }
}

fn user(text: Signal<String>, state: Memo<RowState>) -> AnyView {
    view! {
        <div class="message__body" dir="auto">
            {move || text.get()}
        </div>
        {note(state, RowState::Failed, words::NOT_SENT)}
        <div class="message__actions">{copy_text_button(text)}</div>
    }
    .into_any()
}

fn answer(
    thread: &ThreadState,
    row: &ArcRwSignal<Row>,
    text: Signal<String>,
    state: Memo<RowState>,
) -> AnyView {
    let is_growing = Signal::derive(move || state.get() == RowState::Streaming);
    let thread = thread.clone();
    let run = row.with_untracked(|row| row.run.clone());
    let thumbs = move || {
        let run = run.clone().filter(|_| state.get() == RowState::Done);
        run.map(|run| feedback(&thread, run))
    };
    view! {
        <div class="message__body">{markdown(row.clone(), is_growing)}</div>
        {note(state, RowState::Partial, words::PARTIAL)}
        <div class="message__actions">{copy_text_button(text)} {thumbs}</div>
    }
    .into_any()
}

fn copy_text_button(text: Signal<String>) -> AnyView {
    copy_button(words::COPY, Callback::new(move |()| text.get_untracked()))
}

fn note(state: Memo<RowState>, when: RowState, said: &'static str) -> AnyView {
    (move || (state.get() == when).then(|| view! { <p class="message__note">{said}</p> }))
        .into_any()
}

fn feedback(thread: &ThreadState, run: String) -> AnyView {
    let given = RwSignal::new(None::<bool>);
    let thread = thread.clone();
    let give = Callback::new(move |is_good: bool| {
        if given.get_untracked() != Some(is_good) {
            given.set(Some(is_good));
            thread.rate(&run, is_good);
        }
    });
    [
        (true, words::GOOD, Icon::ThumbUp),
        (false, words::BAD, Icon::ThumbDown),
    ]
    .map(|(is_good, name, icon)| {
        view! {
            <button
                class="button"
                type="button"
                data-variant="icon"
                data-size="small"
                aria-label=name
                title=name
                aria-pressed=move || if given.get() == Some(is_good) { "true" } else { "false" }
                on:click=move |_| give.run(is_good)
            >
                <IconView icon=icon />
            </button>
        }
        .into_any()
    })
    .into_iter()
    .collect_view()
    .into_any()
}

fn notice(row: &Row) -> AnyView {
    let said = match &row.kind {
        RowKind::Unprocessed { kind, payload } => {
            return view! {
                <details class="fold">
                    <summary>
                        <IconView icon=Icon::Info />
                        <span class="fold__text">{words::unprocessed(kind)}</span>
                    </summary>
                    <div class="fold__body">{fold::block(kind, &super::json::pretty(payload))}</div>
                </details>
            }
            .into_any();
        }
        RowKind::NoResponse => words::NO_RESPONSE,
        _ => words::GAP,
    };
    view! {
        <div class="message__body">
            <IconView icon=Icon::Info />
            <p>{said}</p>
        </div>
    }
    .into_any()
}
