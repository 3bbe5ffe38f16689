//! Markdown as elements: nodes become elements one by one, and text stays text.

mod code;
mod copy;

use std::sync::Arc;

use leptos::{html, prelude::*};

pub use self::copy::{copy_button, copying};
use crate::core::markdown::incremental::{Incremental, Section};
use crate::core::markdown::node::{Align, Block, ImageSrc, Inline, Item};
use crate::core::markdown::parse::parse;
use crate::core::thread::message::Row;
use crate::i18n::thread as words;

/// What followed links do: the app stays where it is, and the other side learns nothing of it.
const REL: &str = "external noopener noreferrer";

/// The text of a row, as markdown. While it grows, finished blocks are left alone and the last one is changed in place.
pub fn markdown(row: ArcRwSignal<Row>, is_growing: Signal<bool>) -> AnyView {
    let text = Memo::new(move |_| row.with(|row| row.kind.text().to_owned()));
    markdown_text(text.into(), is_growing)
}

/// A markdown text that belongs to no row.
pub fn markdown_text(text: Signal<String>, is_growing: Signal<bool>) -> AnyView {
    // Once it has grown it stays as it is: another way of drawing it would take the selection away.
    let has_grown = Memo::new(move |was: Option<&bool>| was == Some(&true) || is_growing.get());
    let content = move || {
        if has_grown.get() {
            growing(text)
        } else {
            (move || text.with(|text| top(&parse(text)))).into_any()
        }
    };
    view! { <div class="md">{content}</div> }.into_any()
}

fn growing(text: Signal<String>) -> AnyView {
    let reader = StoredValue::new(Incremental::new());
    let sections = Memo::new_with_compare(
        move |_| {
            let read = |reader: &mut Incremental| text.with(|text| reader.update(text).to_vec());
            reader.try_update_value(read).unwrap_or_default()
        },
        |_, _| true,
    );
    let keys = move || {
        sections.with(|sections| {
            sections
                .iter()
                .map(|section| section.key)
                .enumerate()
                .collect::<Vec<_>>()
        })
    };
    view! {
        <For each=keys key=|(_, key)| *key children=move |(place, _)| section(sections, place) />
    }
    .into_any()
}

fn section(sections: Memo<Vec<Arc<Section>>>, place: usize) -> AnyView {
    let own = Memo::new_with_compare(
        move |_| sections.with(|sections| sections.get(place).cloned()),
        |old, new| match (old.and_then(Option::as_ref), new.and_then(Option::as_ref)) {
            (Some(old), Some(new)) => !Arc::ptr_eq(old, new),
            _ => true,
        },
    );
    (move || own.with(|own| own.as_ref().map(|own| top(&own.blocks)))).into_any()
}

// The direction of a text is found per block of the outermost level: inside, `auto` would hide the text from the block around it.
fn top(blocks: &[Block]) -> Vec<AnyView> {
    blocks
        .iter()
        .map(|node| block(node, Some("auto")))
        .collect()
}

fn inner(blocks: &[Block]) -> Vec<AnyView> {
    blocks.iter().map(|node| block(node, None)).collect()
}

fn block(node: &Block, dir: Option<&'static str>) -> AnyView {
    match node {
        Block::Paragraph(inlines) => element("P", dir, spans(inlines)),
        Block::Heading { level, inlines } => element(heading(*level), dir, spans(inlines)),
        Block::Code { language, text } => code::code_block(language.clone(), text.clone()),
        Block::Quote(blocks) => element("BLOCKQUOTE", dir, inner(blocks)),
        Block::List {
            ordered: None,
            items,
        } => element("UL", dir, items.iter().map(item).collect()),
        Block::List {
            ordered: Some(first),
            items,
        } => {
            let items: Vec<AnyView> = items.iter().map(item).collect();
            html::ol()
                .start((*first != 1).then(|| first.to_string()))
                .dir(dir)
                .child(items)
                .into_any()
        }
        Block::Table { align, head, rows } => table(align, head, rows, dir),
        Block::Rule => html::hr().into_any(),
        Block::Html(text) => element("P", dir, vec![text.clone().into_any()]),
    }
}

/// An element by its name, in capitals: that is how the browser gives names back, and what tells a changed element from a new one.
fn element(tag: &'static str, dir: Option<&'static str>, children: Vec<AnyView>) -> AnyView {
    html::custom(tag).dir(dir).child(children).into_any()
}

fn heading(level: u8) -> &'static str {
    match level {
        1 => "H1",
        2 => "H2",
        3 => "H3",
        4 => "H4",
        5 => "H5",
        _ => "H6",
    }
}

fn item(item: &Item) -> AnyView {
    let mut children = Vec::new();
    for node in &item.blocks {
        match node {
            Block::Paragraph(inlines) if item.tight => children.extend(spans(inlines)),
            _ => children.push(block(node, None)),
        }
    }
    if let Some(checked) = item.checked {
        let tick = html::input()
            .r#type("checkbox")
            .disabled(true)
            .checked(checked)
            .aria_label(if checked { words::DONE } else { words::TO_DO })
            .into_any();
        children.insert(0, tick);
    }
    element("LI", None, children)
}

fn table(
    align: &[Align],
    head: &[Vec<Inline>],
    rows: &[Vec<Vec<Inline>>],
    dir: Option<&'static str>,
) -> AnyView {
    let row = |tag: &'static str, cells: &[Vec<Inline>]| {
        let filled = cells.len().max(head.len());
        let cells = (0..filled)
            .map(|column| {
                let content = cells
                    .get(column)
                    .map(|cell| spans(cell))
                    .unwrap_or_default();
                let align = match align.get(column) {
                    Some(Align::Left) => Some("left"),
                    Some(Align::Center) => Some("center"),
                    Some(Align::Right) => Some("right"),
                    Some(Align::None) | None => None,
                };
                html::custom(tag)
                    .attr("data-align", align)
                    .child(content)
                    .into_any()
            })
            .collect();
        element("TR", None, cells)
    };
    let head = element("THEAD", None, vec![row("TH", head)]);
    let body = element(
        "TBODY",
        None,
        rows.iter().map(|cells| row("TD", cells)).collect(),
    );
    let table = element("TABLE", None, vec![head, body]);
    // Focusable, because a wide table is scrolled by keys too.
    html::div()
        .class("md__table")
        .tabindex("0")
        .dir(dir)
        .child(table)
        .into_any()
}

fn spans(inlines: &[Inline]) -> Vec<AnyView> {
    inlines.iter().map(span).collect()
}

fn span(node: &Inline) -> AnyView {
    match node {
        Inline::Text(text) | Inline::Html(text) => text.clone().into_any(),
        Inline::Code(text) => element("CODE", None, vec![text.clone().into_any()]),
        Inline::Emphasis(inlines) => element("EM", None, spans(inlines)),
        Inline::Strong(inlines) => element("STRONG", None, spans(inlines)),
        Inline::Strike(inlines) => element("DEL", None, spans(inlines)),
        Inline::Link {
            href: Some(href),
            title,
            inlines,
        } => link(href.as_str(), title.clone(), spans(inlines)),
        Inline::Link {
            href: None,
            inlines,
            ..
        } => element("SPAN", None, spans(inlines)),
        Inline::Image {
            src: ImageSrc::Data(src),
            alt,
        } => html::img()
            .src(src.as_str().to_owned())
            .alt(alt.clone())
            .into_any(),
        Inline::Image {
            src: ImageSrc::Remote(url),
            alt,
        } => link(url.as_str(), None, vec![words::image(alt).into_any()]),
        Inline::Image {
            src: ImageSrc::Refused,
            alt,
        } => words::image(alt).into_any(),
        Inline::SoftBreak => String::from("\n").into_any(),
        Inline::HardBreak => html::br().into_any(),
    }
}

fn link(href: &str, title: Option<String>, children: Vec<AnyView>) -> AnyView {
    html::a()
        .href(href.to_owned())
        .title(title)
        .target("_blank")
        .rel(REL)
        .child(children)
        .into_any()
}
