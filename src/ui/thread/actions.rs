//! What stands below a row and what one does with it: its time, copying, verdicts, asking again.

use leptos::prelude::*;

use super::caption::caption;
use super::feedback;
use super::row::RowContext;
use crate::core::markdown::parse::parse;
use crate::core::markdown::rich::to_html;
use crate::core::thread::message::{Row, RowKind, RowState};
use crate::i18n::{rows as words, thread};
use crate::state::thread::RunPhase;
use crate::ui::kit::{Button, Icon, Size};
use crate::ui::markdown::{copy_button, copying};
use crate::web::dom::copy::copy_rich;

/// The line below a row: when it came, and its buttons.
pub fn below(context: &RowContext, buttons: AnyView) -> AnyView {
    view! {
        <div class="message__foot">
            {caption(&context.row)} <div class="message__actions">{buttons}</div>
        </div>
    }
    .into_any()
}

/// Copies the text of a row as it is.
pub fn text_copy(context: &RowContext) -> AnyView {
    let row = context.row.clone();
    let text = move |()| row.with_untracked(|row| row.kind.text().to_owned());
    copy_button(thread::COPY, Callback::new(text))
}

/// Copies the text of a row as markdown, and with its looks for programs that take them.
pub fn rich_copy(context: &RowContext) -> AnyView {
    let row = context.row.clone();
    let copy = move || {
        let text = row.with_untracked(|row| row.kind.text().to_owned());
        let html = to_html(&parse(&text));
        async move { copy_rich(text, &html).await }
    };
    copying(thread::COPY, copy)
}

/// The thumbs, once there is a whole answer of a known run: below the last text of it, since they are about the run.
pub fn thumbs(context: &RowContext) -> AnyView {
    let (thread, state, run) = (context.thread.clone(), context.state, context.run);
    if !thread.takes_feedback() {
        return ().into_any();
    }
    let is_last = is_last(context, |row| matches!(row.kind, RowKind::Assistant { .. }));
    let run = Memo::new(move |_| {
        run.get()
            .filter(|_| state.get() == RowState::Done && is_last.get())
    });
    let shown = move || run.get().map(|run| feedback::thumbs(&thread, &run));
    shown.into_any()
}

/// Asks for another answer where this row is the end of a run that went wrong, and nothing is running.
pub fn retry(context: &RowContext) -> AnyView {
    let (phase, run) = (context.thread.run(), context.run);
    let went_wrong = context.read(went_wrong);
    let is_last = is_last(context, |row| {
        !matches!(
            row.kind,
            RowKind::Sources { .. }
                | RowKind::Event { .. }
                | RowKind::Activity { .. }
                | RowKind::Unprocessed { .. }
        )
    });
    let offered = Memo::new(move |_| {
        let is_free = went_wrong.get() && phase.get() == RunPhase::Idle;
        run.get().filter(|_| is_free && is_last.get())
    });
    let thread = context.thread.clone();
    let button = move || {
        offered.get().map(|run| {
            let thread = thread.clone();
            let again = Callback::new(move |()| thread.retry(&run));
            view! {
                <p class="message__retry">
                    <Button size=Size::Small icon=Icon::Refresh on_press=again>
                        {words::RETRY}
                    </Button>
                </p>
            }
        })
    };
    button.into_any()
}

/// Whether no later row of the same run counts.
fn is_last(context: &RowContext, counts: fn(&Row) -> bool) -> Memo<bool> {
    let (order, thread) = (context.thread.order(), context.thread.clone());
    let (id, run) = (context.id.clone(), context.run);
    Memo::new(move |_| {
        let run = run.get();
        order.with(|order| {
            let place = order.iter().rposition(|known| *known == id);
            let later = order.get(place.map_or(order.len(), |place| place + 1)..);
            let mut later = later.unwrap_or_default().iter().map_while(|next| {
                let next = thread.row(next)?;
                next.with_untracked(|next| (next.run == run).then(|| counts(next)))
            });
            !later.any(|counts| counts)
        })
    })
}

fn went_wrong(row: &Row) -> bool {
    match (&row.kind, row.state) {
        (RowKind::Error { .. } | RowKind::NoResponse, _) => true,
        (RowKind::Gap | RowKind::Unprocessed { .. }, _) => false,
        (_, RowState::Partial | RowState::Failed) => true,
        _ => false,
    }
}
