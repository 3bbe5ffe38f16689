//! What stands between question and answer, folded into one line each: reasoning and tool calls.

use leptos::{html, prelude::*};

use super::json;
use crate::core::thread::message::{Row, RowKind, RowState};
use crate::i18n::thread as words;
use crate::ui::kit::{Icon, IconView};

/// What the agent thought.
pub fn reasoning(text: Signal<String>, state: Memo<RowState>) -> AnyView {
    let name = move || {
        if state.get() == RowState::Streaming {
            words::THINKING
        } else {
            words::THOUGHT
        }
    };
    view! {
        <details class="fold" data-state=move || fold_state(state.get())>
            <summary>
                <IconView icon=Icon::Thought />
                <span class="fold__name">{name}</span>
            </summary>
            <div class="fold__body">
                <p class="fold__prose" dir="auto">
                    {move || text.get()}
                </p>
            </div>
        </details>
    }
    .into_any()
}

/// What the agent did.
pub fn tool_call(row: ArcRwSignal<Row>, state: Memo<RowState>) -> AnyView {
    let details = NodeRef::<html::Details>::new();
    let is_open = RwSignal::new(false);
    let toggled = move |_| {
        // The browser tells of it a moment later; the row may be gone by then.
        if let Some(details) = details.try_get_untracked().flatten() {
            is_open.try_set(details.open());
        }
    };
    let name = row.with_untracked(|row| call(row).0.to_owned());
    let gist = {
        let row = row.clone();
        Memo::new(move |_| row.with(|row| json::gist(call(row).1)))
    };
    let note = {
        let row = row.clone();
        move || match (state.get(), row.with(|row| call(row).2.is_some())) {
            (RowState::Streaming, _) => Some(words::TOOL_RUNNING),
            (_, false) => Some(words::TOOL_NO_RESULT),
            (_, true) => None,
        }
    };
    // A result can be huge: it is written out only where it is looked at.
    let body = move || is_open.get().then(|| row.with(tool_body));
    view! {
        <details
            class="fold"
            data-state=move || fold_state(state.get())
            on:toggle=toggled
            node_ref=details
        >
            <summary>
                <IconView icon=Icon::Tool />
                <span class="fold__name">{name}</span>
                <span class="fold__text" dir="auto">
                    {move || gist.get()}
                </span>
                {move || note().map(|note| view! { <span class="fold__note">{note}</span> })}
            </summary>
            <div class="fold__body">{body}</div>
        </details>
    }
    .into_any()
}

fn call(row: &Row) -> (&str, &str, Option<&str>) {
    match &row.kind {
        RowKind::ToolCall { name, args, result } => (name, args, result.as_deref()),
        _ => ("", "", None),
    }
}

fn tool_body(row: &Row) -> Vec<AnyView> {
    let (_, args, result) = call(row);
    let args = Some(args).filter(|args| !matches!(args.trim(), "" | "{}"));
    [(words::ARGUMENTS, args), (words::RESULT, result)]
        .into_iter()
        .filter_map(|(title, text)| Some(block(title, &json::pretty(text?))))
        .collect()
}

/// A text as it came, under its name.
pub fn block(title: &str, text: &str) -> AnyView {
    view! {
        <div>
            <p class="small">{title.to_owned()}</p>
            <pre tabindex="0" dir="auto">
                {text.to_owned()}
            </pre>
        </div>
    }
    .into_any()
}

fn fold_state(state: RowState) -> &'static str {
    match state {
        RowState::Sending | RowState::Streaming => "running",
        RowState::Done => "done",
        RowState::Partial => "partial",
        RowState::Failed => "failed",
    }
}
