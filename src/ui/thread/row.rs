//! One row of a conversation.

use leptos::prelude::*;

use super::{actions, fold, image, sources};
use crate::core::thread::message::{Row, RowId, RowKind, RowState};
use crate::i18n::{rows, thread as words};
use crate::state::thread::ThreadState;
use crate::ui::kit::{Button, Icon, IconView, Size};
use crate::ui::markdown::markdown;

/// A row and the thread it belongs to, as the views of its parts need them.
#[derive(Clone)]
pub struct RowContext {
    /// The thread.
    pub thread: ThreadState,
    /// The name of the row.
    pub id: RowId,
    /// The row.
    pub row: ArcRwSignal<Row>,
    /// How complete it is.
    pub state: Memo<RowState>,
    /// The run that it belongs to.
    pub run: Memo<Option<String>>,
}

impl RowContext {
    fn new(thread: &ThreadState, id: &RowId) -> Option<Self> {
        let row = thread.row(id)?;
        let state = {
            let row = row.clone();
            Memo::new(move |_| row.with(|row| row.state))
        };
        let run = {
            let row = row.clone();
            Memo::new(move |_| row.with(|row| row.run.clone()))
        };
        Some(Self {
            thread: thread.clone(),
            id: id.clone(),
            row,
            state,
            run,
        })
    }

    /// Something read from the row, told of only when it changes.
    pub fn read<T>(&self, read: impl Fn(&Row) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        let row = self.row.clone();
        Memo::new(move |_| row.with(&read))
    }
}

/// A row; only what changed in it is drawn again.
pub fn row_view(thread: &ThreadState, id: &RowId) -> AnyView {
    let Some(context) = RowContext::new(thread, id) else {
        return ().into_any();
    };
    let (role, message, label) = context.row.with_untracked(|row| {
        let role = row.kind.role();
        let label = match &row.kind {
            RowKind::ToolCall { name, .. } => words::tool_call(name),
            _ => words::author(role).to_owned(),
        };
        (role, row.message_id.clone(), label)
    });
    let state = context.state;
    view! {
        <article
            class="message"
            data-role=role
            data-message-id=message
            data-state=move || state.get().as_str()
            aria-label=label
        >
            {content(&context, role)}
        </article>
    }
    .into_any()
}

fn content(context: &RowContext, role: &str) -> AnyView {
    match role {
        "user" => user(context),
        "assistant" => answer(context),
        "reasoning" => fold::reasoning(context),
        "tool" => fold::tool_call(context),
        "activity" => fold::activity(context),
        "event" => fold::event(context),
        "sources" => sources::sources(context),
        "error" => error(context),
        _ => notice(context),
    }
}

fn user(context: &RowContext) -> AnyView {
    view! {
        {image::message(context)}
        {note(context.state, RowState::Failed, words::NOT_SENT)}
        {actions::below(context, actions::text_copy(context))}
    }
    .into_any()
}

fn answer(context: &RowContext) -> AnyView {
    let state = context.state;
    // What is whole when it comes is drawn over some frames too.
    let is_first = context
        .row
        .with_untracked(|row| context.thread.is_just_done(row));
    let is_first = RwSignal::new(is_first);
    if is_first.get_untracked() {
        request_animation_frame(move || _ = is_first.try_set(false));
    }
    let is_growing = Signal::derive(move || is_first.get() || state.get() == RowState::Streaming);
    let buttons = view! {
        {actions::rich_copy(context)}
        {actions::thumbs(context)}
    };
    view! {
        <div class="message__body">{markdown(context.row.clone(), is_growing)}</div>
        {note(state, RowState::Partial, words::PARTIAL)}
        {actions::retry(context)}
        {actions::below(context, buttons.into_any())}
    }
    .into_any()
}

/// What is wrong with a message, while it is in this state.
fn note(state: Memo<RowState>, when: RowState, said: &'static str) -> AnyView {
    let shown = move || {
        (state.get() == when).then(|| {
            view! {
                <p class="message__note">
                    <IconView icon=Icon::Warning />
                    {said}
                </p>
            }
        })
    };
    shown.into_any()
}

fn error(context: &RowContext) -> AnyView {
    let text = context.read(|row| row.kind.text().to_owned());
    view! {
        <div class="message__body">
            <IconView icon=Icon::Alert />
            <div class="message__words">
                <p class="message__title">{rows::RUN_FAILED}</p>
                <p dir="auto">{move || text.get()}</p>
                {actions::retry(context)}
            </div>
        </div>
        {actions::below(context, actions::text_copy(context))}
    }
    .into_any()
}

fn notice(context: &RowContext) -> AnyView {
    enum Notice {
        Unprocessed,
        NoResponse,
        Gap,
    }
    let notice = context.row.with_untracked(|row| match row.kind {
        RowKind::Unprocessed { .. } => Notice::Unprocessed,
        RowKind::Gap => Notice::Gap,
        _ => Notice::NoResponse,
    });
    match notice {
        Notice::Unprocessed => fold::unprocessed(context),
        Notice::NoResponse => no_response(context),
        Notice::Gap => gap(context),
    }
}

fn no_response(context: &RowContext) -> AnyView {
    let state = context.state;
    let said = move || match state.get() {
        RowState::Partial => rows::STOPPED_EMPTY,
        RowState::Failed => rows::FAILED_EMPTY,
        _ => rows::ENDED_EMPTY,
    };
    let icon = Signal::derive(move || match state.get() {
        RowState::Partial => Icon::Stop,
        RowState::Failed => Icon::Alert,
        _ => Icon::Message,
    });
    view! {
        <div class="message__body">
            <IconView icon=icon />
            <div class="message__words">
                <p>{said}</p>
                {actions::retry(context)}
            </div>
        </div>
        {actions::below(context, ().into_any())}
    }
    .into_any()
}

fn gap(context: &RowContext) -> AnyView {
    let (thread, run) = (context.thread.clone(), context.run);
    let again = Callback::new(move |()| match run.get_untracked() {
        Some(run) => thread.retry_gap(&run),
        None => thread.reload(),
    });
    view! {
        <div class="message__body">
            <IconView icon=Icon::Info />
            <div class="message__words">
                <p>{words::GAP}</p>
                <p>
                    <Button size=Size::Small icon=Icon::Refresh on_press=again>
                        {rows::LOAD_AGAIN}
                    </Button>
                </p>
            </div>
        </div>
    }
    .into_any()
}
