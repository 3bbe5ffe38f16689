//! What stands between question and answer, folded into one line each: reasoning, tool calls, activities and events.

use std::sync::Arc;

use leptos::{html, prelude::*};

use super::json;
use super::payload::{Naming, payload};
use super::row::RowContext;
use crate::core::thread::delegate::{Delegate, Progress};
use crate::core::thread::message::{Row, RowKind, RowState};
use crate::i18n::{rows, thread as words, tools};
use crate::ui::kit::{Button, Icon, IconView, Size};
use crate::ui::markdown::{copy_button, markdown};

/// The shortest thought, in milliseconds, of which it is said how long it took.
const SHORTEST: i64 = 100;

const ARGUMENTS: Naming = Naming {
    part: "arguments",
    title: words::ARGUMENTS,
    copy: rows::COPY_ARGUMENTS,
};
const RESULT: Naming = Naming {
    part: "result",
    title: words::RESULT,
    copy: rows::COPY_RESULT,
};
const CONTENT: Naming = Naming {
    part: "content",
    title: rows::CONTENT,
    copy: rows::COPY_CONTENT,
};
const AS_IT_CAME: Naming = Naming {
    part: "raw",
    title: rows::AS_IT_CAME,
    copy: rows::COPY_CONTENT,
};

/// One line that unfolds. What is inside is made only while it is looked at: it can be huge.
pub fn fold(
    context: &RowContext,
    icon: Icon,
    line: AnyView,
    body: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    fold_as(context, context.state, icon, line, body)
}

fn fold_as(
    context: &RowContext,
    state: Memo<RowState>,
    icon: Icon,
    line: AnyView,
    body: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    let details = NodeRef::<html::Details>::new();
    let (opened, id) = (context.thread.opened(), context.id.clone());
    let was_open = opened.has(&id, "fold");
    let is_open = RwSignal::new(was_open);
    let toggled = move |_| {
        // The browser tells of it a moment later; the row may be gone by then.
        if let Some(details) = details.try_get_untracked().flatten() {
            let open = details.open();
            if is_open.try_get_untracked() == Some(!open) {
                opened.set(&id, "fold", open);
                is_open.try_set(open);
            }
        }
    };
    view! {
        <details
            class="fold"
            data-state=move || fold_state(state.get())
            open=was_open
            on:toggle=toggled
            node_ref=details
        >
            <summary>
                <IconView icon=icon />
                {line}
            </summary>
            <div class="fold__body">{move || is_open.get().then(&body)}</div>
        </details>
    }
    .into_any()
}

/// What the agent thought.
pub fn reasoning(context: &RowContext) -> AnyView {
    let state = context.state;
    let lasted = context.read(lasted);
    let name = move || match (state.get(), lasted.get()) {
        (RowState::Streaming, _) => words::THINKING.to_owned(),
        (_, Some(lasted)) if lasted >= SHORTEST => rows::thought_for(lasted),
        _ => words::THOUGHT.to_owned(),
    };
    let line = view! { <span class="fold__name">{name}</span> }.into_any();
    let inside = context.clone();
    let body = move || {
        let state = inside.state;
        let is_growing = Signal::derive(move || state.get() == RowState::Streaming);
        let row = inside.row.clone();
        let text = move |()| row.with_untracked(|row| row.kind.text().to_owned());
        view! {
            <div class="fold__prose">{markdown(inside.row.clone(), is_growing)}</div>
            <div class="fold__foot">{copy_button(rows::COPY_THOUGHT, Callback::new(text))}</div>
        }
        .into_any()
    };
    fold(context, Icon::Thought, line, body)
}

/// What the agent did.
pub fn tool_call(context: &RowContext) -> AnyView {
    let name = context.read(|row| call(row).0.to_owned());
    let gist = context.read(|row| json::gist(call(row).1));
    let line = view! {
        <span class="fold__name mono">{move || name.get()}</span>
        <span class="fold__text" dir="auto">
            {move || gist.get()}
        </span>
        {outcome(context)}
    };
    let inside = context.clone();
    let body = move || {
        let args = inside.read(|row| json::arguments(call(row).1).map(Arc::from));
        let result = inside.read(|row| call(row).2.map(|text| Arc::from(json::pretty(text))));
        view! {
            {payload(&inside, ARGUMENTS, args)}
            {payload(&inside, RESULT, result)}
        }
        .into_any()
    };
    view! {
        {fold(context, Icon::Tool, line.into_any(), body)}
        {ask(context)}
    }
    .into_any()
}

/// Whether the call waits for the person to allow it.
fn waits(context: &RowContext) -> Memo<bool> {
    let (tools, key) = (context.thread.tools(), context.thread.key().clone());
    let open = context.read(|row| {
        let has_result = call(row).2.is_some();
        (!has_result).then(|| row.message_id.clone())
    });
    Memo::new(move |_| open.with(|id| id.as_ref().is_some_and(|id| tools.waits(&key, id))))
}

/// The way back to the question, which may have been put aside.
fn ask(context: &RowContext) -> AnyView {
    let waits = waits(context);
    let thread = context.thread.clone();
    let button = move || {
        let thread = thread.clone();
        let answer = move |()| thread.tools().bring_back(thread.key());
        waits.get().then(|| {
            view! {
                <div class="fold__ask">
                    <Button size=Size::Small on_press=Callback::new(answer)>
                        {tools::ANSWER}
                    </Button>
                </div>
            }
        })
    };
    button.into_any()
}

/// How a call ended, and how long it took.
fn outcome(context: &RowContext) -> AnyView {
    let state = context.state;
    let has_result = context.read(|row| call(row).2.is_some());
    let lasted = context.read(lasted);
    let waits = waits(context);
    let outcome = move || {
        let (icon, said) = match (state.get(), has_result.get()) {
            _ if waits.get() => (Some(Icon::Clock), Some(tools::WAITS)),
            (RowState::Streaming | RowState::Sending, _) => (None, Some(words::TOOL_RUNNING)),
            (RowState::Failed, _) => (Some(Icon::Alert), Some(rows::TOOL_FAILED)),
            (_, true) => (Some(Icon::Check), None),
            (_, false) => (Some(Icon::Warning), Some(words::TOOL_NO_RESULT)),
        };
        view! {
            <span class="fold__note">
                {icon.map(|icon| view! { <IconView icon=icon /> })} {said}
                {lasted.get().map(|lasted| view! { <span>{rows::lasted(lasted)}</span> })}
            </span>
        }
    };
    outcome.into_any()
}

/// What the agent says it is doing, or an agent that it has set to work.
pub fn activity(context: &RowContext) -> AnyView {
    if context.row.with_untracked(|row| delegate_of(row).is_some()) {
        return delegate(context);
    }
    let name = context.read(|row| match &row.kind {
        RowKind::Activity { activity, content } => json::activity_name(activity, content),
        _ => String::new(),
    });
    let line = view! {
        <span class="fold__name" dir="auto">
            {move || name.get()}
        </span>
    };
    fold(context, Icon::Activity, line.into_any(), content(context))
}

fn content(context: &RowContext) -> impl Fn() -> AnyView + Send + 'static {
    let inside = context.clone();
    move || {
        let content = inside.read(|row| match &row.kind {
            RowKind::Activity { content, .. } => Some(Arc::from(json::pretty(content))),
            _ => None,
        });
        payload(&inside, CONTENT, content)
    }
}

/// An agent at work for this one: who, what about, and how it stands.
fn delegate(context: &RowContext) -> AnyView {
    let known = context.read(delegate_of);
    let own = context.state;
    let state = Memo::new(
        move |_| match known.read().as_ref().map(|known| known.progress) {
            Some(Progress::Done) => RowState::Done,
            Some(Progress::Failed) => RowState::Failed,
            // The answer is over, and nothing more was heard of it.
            Some(Progress::Running) if own.get() == RowState::Done => RowState::Partial,
            _ => own.get(),
        },
    );
    let name = move || known.with(|known| known.as_ref().and_then(|known| known.agent.clone()));
    let said = move || known.with(|known| known.as_ref().map(rows::delegate));
    let elapsed = move || known.with(|known| known.as_ref().and_then(|known| known.elapsed));
    let outcome = move || {
        let (icon, said) = match state.get() {
            RowState::Streaming | RowState::Sending => (None, Some(words::TOOL_RUNNING)),
            RowState::Failed => (Some(Icon::Alert), Some(rows::TOOL_FAILED)),
            RowState::Done => (Some(Icon::Check), None),
            RowState::Partial => (Some(Icon::Warning), Some(words::TOOL_NO_RESULT)),
        };
        view! {
            <span class="fold__note">
                {icon.map(|icon| view! { <IconView icon=icon /> })} {said}
                {elapsed().map(|elapsed| view! { <span>{rows::lasted(elapsed)}</span> })}
            </span>
        }
    };
    let line = view! {
        <span class="fold__name" dir="auto">
            {move || name().unwrap_or_else(|| rows::DELEGATE.to_owned())}
        </span>
        <span class="fold__text" dir="auto">
            {said}
        </span>
        {outcome}
    };
    fold_as(
        context,
        state,
        Icon::Activity,
        line.into_any(),
        content(context),
    )
}

fn delegate_of(row: &Row) -> Option<Delegate> {
    match &row.kind {
        RowKind::Activity { activity, content } => Delegate::read(activity, content),
        _ => None,
    }
}

/// Something that happened.
pub fn event(context: &RowContext) -> AnyView {
    let name = context.read(|row| event_of(row).0.to_owned());
    let line = move || {
        view! {
            <span class="fold__text" dir="auto">
                {move || name.get()}
            </span>
        }
        .into_any()
    };
    let is_bare = context.read(|row| matches!(event_of(row).1.trim(), "" | "{}" | "null"));
    let context = context.clone();
    let shown = move || {
        if is_bare.get() {
            return view! {
                <p class="fold fold__plain">
                    <IconView icon=Icon::Server />
                    {line()}
                </p>
            }
            .into_any();
        }
        let inside = context.clone();
        let body = move || {
            let content = inside.read(|row| Some(Arc::from(json::pretty(event_of(row).1))));
            payload(&inside, CONTENT, content)
        };
        fold(&context, Icon::Server, line(), body)
    };
    shown.into_any()
}

/// An event that was not understood.
pub fn unprocessed(context: &RowContext) -> AnyView {
    let line = view! { <span class="fold__text">{rows::UNPROCESSED}</span> }.into_any();
    let inside = context.clone();
    let body = move || {
        let reason = inside.read(|row| unread(row).0.to_owned());
        let run = inside.run;
        let raw = inside.read(|row| {
            let text = json::pretty(unread(row).1);
            Some(text).filter(|text| !text.is_empty()).map(Arc::from)
        });
        view! {
            <dl class="facts">
                <dt>{rows::REASON}</dt>
                <dd dir="auto">{move || reason.get()}</dd>
                <dt>{rows::RUN}</dt>
                <dd class="mono">{move || run.get()}</dd>
            </dl>
            {payload(&inside, AS_IT_CAME, raw)}
        }
        .into_any()
    };
    fold(context, Icon::Info, line, body)
}

fn call(row: &Row) -> (&str, &str, Option<&str>) {
    match &row.kind {
        RowKind::ToolCall { name, args, result } => (name, args, result.as_deref()),
        _ => ("", "", None),
    }
}

fn event_of(row: &Row) -> (&str, &str) {
    match &row.kind {
        RowKind::Event { name, payload } => (name, payload),
        _ => ("", ""),
    }
}

fn unread(row: &Row) -> (&str, &str) {
    match &row.kind {
        RowKind::Unprocessed { kind, payload } => (kind, payload),
        _ => ("", ""),
    }
}

/// How long the row took, once it is over and both ends are known.
fn lasted(row: &Row) -> Option<i64> {
    let is_over = !matches!(row.state, RowState::Streaming | RowState::Sending);
    Some(row.ended? - row.at?).filter(|_| is_over)
}

fn fold_state(state: RowState) -> &'static str {
    match state {
        RowState::Sending | RowState::Streaming => "running",
        RowState::Done => "done",
        RowState::Partial => "partial",
        RowState::Failed => "failed",
    }
}
