//! The sources of an answer, folded into one line.

use leptos::prelude::*;

use super::fold::fold;
use super::row::RowContext;
use crate::core::markdown::link::SafeUrl;
use crate::core::thread::message::{Row, RowId, RowKind};
use crate::core::thread::source::Source;
use crate::i18n::rows as words;
use crate::state::thread::opened::Opened;
use crate::ui::kit::{Clamp, Icon, IconView};
use crate::ui::markdown::copy_button;

/// How many lines of a passage are shown at first.
const LINES: u32 = 3;

/// The row of sources.
pub fn sources(context: &RowContext) -> AnyView {
    let count = context.read(|row| of(row).len());
    let line = view! { <span class="fold__name">{move || words::sources(count.get())}</span> };
    let inside = context.clone();
    let body = move || {
        let (row, thread, id) = (inside.row.clone(), inside.thread.clone(), inside.id.clone());
        let all = {
            let row = row.clone();
            move |()| row.with_untracked(|row| words::source_texts(of(row)))
        };
        let list = move || {
            let one = |(place, source): (usize, &Source)| {
                // Passages have no names of their own: they go by their places in the row.
                let passage = RowId(format!("{}/{place}", id.0));
                view! { <li class="source">{source_view(source, thread.opened(), passage)}</li> }
            };
            row.with(|row| of(row).iter().enumerate().map(one).collect_view())
        };
        view! {
            <ol class="sources">{list}</ol>
            <div class="fold__foot">{copy_button(words::COPY_SOURCES, Callback::new(all))}</div>
        }
        .into_any()
    };
    fold(context, Icon::Book, line.into_any(), body)
}

fn of(row: &Row) -> &[Source] {
    match &row.kind {
        RowKind::Sources { sources } => sources,
        _ => &[],
    }
}

fn source_view(source: &Source, opened: Opened, id: RowId) -> AnyView {
    let copied = source.clone();
    let copy = Callback::new(move |()| words::source_text(&copied));
    let link = SafeUrl::parse(&source.uri).filter(|url| url.as_str().starts_with("http"));
    let link = link.map(|url| {
        view! {
            <a
                class="link source__link"
                href=url.as_str().to_owned()
                target="_blank"
                rel="external noopener noreferrer"
            >
                {words::OPEN_SOURCE}
                <IconView icon=Icon::External />
            </a>
        }
    });
    let path = words::headings(&source.headings);
    let path = (!path.is_empty()).then(|| {
        view! {
            <p class="source__path" dir="auto">
                {path}
            </p>
        }
    });
    let pages = words::pages(&source.pages);
    let pages = (!pages.is_empty()).then(|| view! { <span class="source__pages">{pages}</span> });
    view! {
        <span class="source__number">{source.number}</span>
        <div class="source__text">
            <div class="source__head">
                <span class="source__title" dir="auto">
                    {source.title.clone()}
                </span>
                <span class="source__facts">
                    {pages} {link} {copy_button(words::COPY_SOURCE, copy)}
                </span>
            </div>
            {path}
            {passage(source, opened, id)}
        </div>
    }
    .into_any()
}

fn passage(source: &Source, opened: Opened, id: RowId) -> AnyView {
    if source.content.trim().is_empty() {
        return ().into_any();
    }
    let is_open = RwSignal::new(opened.has(&id, "passage"));
    let toggle = move |open| {
        opened.set(&id, "passage", open);
        is_open.set(open);
    };
    let content = source.content.clone();
    view! {
        <Clamp
            lines=LINES
            open=is_open
            on_toggle=Callback::new(toggle)
            more=words::MORE
            less=words::LESS
        >
            <p class="source__passage" dir="auto">
                {content}
            </p>
        </Clamp>
    }
    .into_any()
}
