//! The line that stands for what was done on the way to an answer.

use leptos::prelude::*;

use super::list::Outlook;
use crate::core::thread::delegate::Delegate;
use crate::core::thread::message::{RowId, RowState};
use crate::i18n::timeline as words;
use crate::state::thread::ThreadState;
use crate::ui::kit::{Icon, IconView};

/// Unfolds the rows below it, and folds them again.
pub fn steps(thread: &ThreadState, rows: &[RowId], outlook: Outlook) -> AnyView {
    let Some(first) = rows.first().cloned() else {
        return ().into_any();
    };
    let signals: Vec<_> = rows.iter().filter_map(|id| thread.row(id)).collect();
    let count = signals.len();
    let said = Memo::new(move |_| {
        let (mut began, mut ended, mut failed) = (None::<i64>, None::<i64>, 0);
        for row in &signals {
            row.with(|row| {
                began = began.into_iter().chain(row.at).min();
                ended = ended.into_iter().chain(row.ended.or(row.at)).max();
                let has_failed = row.state == RowState::Failed || Delegate::has_failed(&row.kind);
                failed += usize::from(has_failed);
            });
        }
        let time = began.zip(ended).map(|(began, ended)| ended - began);
        (words::steps(count, time, failed), failed > 0)
    });
    let open = outlook.open;
    let is_open = {
        let first = first.clone();
        Memo::new(move |_| open.with(|open| open.contains(&first)))
    };
    let toggle = move |_| {
        open.update(|open| {
            if !open.remove(&first) {
                open.insert(first.clone());
            }
        });
    };
    view! {
        <button
            class="steps"
            type="button"
            aria-expanded=move || is_open.get().to_string()
            data-state=move || if said.read().1 { "failed" } else { "done" }
            on:click=toggle
        >
            <IconView icon=Icon::Tool />
            <span>{move || said.get().0}</span>
        </button>
    }
    .into_any()
}
