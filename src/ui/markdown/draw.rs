//! What the nodes of a text look like: nodes become elements one by one, and text stays text.

use super::code::code;
use super::picture::picture;
use crate::core::markdown::node::{Align, Block, Inline, Item};
use crate::core::markdown::outline::Place;
use crate::core::markdown::tree::{Element, Node};
use crate::i18n::thread as words;

/// What followed links do: the app stays where it is, and the other side learns nothing of it.
const REL: &str = "external noopener noreferrer";

/// A block of the outermost level. The direction of its text is found here: further in, `auto` would hide the text
/// from the block around it.
pub fn top(source: &Block, place: Place) -> Node {
    let mut node = block(source, &mut { place });
    let has_text = !matches!(source, Block::Code { .. } | Block::Math(_) | Block::Rule);
    if let Node::Element(element) = &mut node
        && has_text
    {
        element.attributes.push(("dir", "auto".into()));
    }
    node
}

/// Where in a block the children are that can be kept.
pub fn path(block: &Block) -> &'static [usize] {
    match block {
        Block::Code { .. } => &[1, 0, 0],
        Block::Table { .. } => &[0, 1],
        _ => &[],
    }
}

/// The children of a block that are kept or added one by one.
pub fn parts(block: &Block, place: Place) -> Vec<Node> {
    match block {
        Block::List { items, .. } => items.iter().map(|one| item(one, place)).collect(),
        Block::Table { align, head, rows } => {
            let row = |cells: &Vec<_>| row("td", align, head.len(), cells);
            rows.iter().map(row).collect()
        }
        _ => Vec::new(),
    }
}

/// What is in a quotation, a note or an item at this place.
fn inside(source: &[Block], place: Place) -> Vec<Node> {
    let mut place = place.inside();
    source.iter().map(|one| block(one, &mut place)).collect()
}

fn block(node: &Block, place: &mut Place) -> Node {
    match node {
        Block::Paragraph(inlines) => Element::new("p").holding(spans(inlines)).into(),
        Block::Heading { level, inlines } => {
            // How it looks is the text's affair, where it stands in the outline that of the page.
            Element::new(heading(place.enter(*level)))
                .with("data-level", level.to_string())
                .holding(spans(inlines))
                .into()
        }
        Block::Code {
            language,
            text,
            is_open,
        } => code(language.as_deref(), text, *is_open),
        Block::Math(source) => math("div", source, true),
        Block::Note { label, blocks } => note(label, inside(blocks, *place)),
        Block::Quote(blocks) => Element::new("blockquote")
            .holding(inside(blocks, *place))
            .into(),
        Block::List { ordered: None, .. } => Element::new("ul").holding(parts(node, *place)).into(),
        Block::List {
            ordered: Some(first),
            ..
        } => {
            let first = (*first != 1).then(|| first.to_string());
            let list = Element::new("ol").with_some("start", first);
            list.holding(parts(node, *place)).into()
        }
        Block::Table { align, head, .. } => {
            let head_row = row("th", align, head.len(), head);
            let table = Element::new("table").holding([
                Element::new("thead").holding([head_row]).into(),
                Element::new("tbody").holding(parts(node, *place)).into(),
            ]);
            // Focusable, because a wide table is scrolled by keys too.
            Element::new("div")
                .with("class", "md__table")
                .with("tabindex", "0")
                .holding([table.into()])
                .into()
        }
        Block::Rule => Element::new("hr").into(),
        Block::Html(text) => Element::new("p").saying(text.as_str()).into(),
    }
}

fn heading(level: u8) -> &'static str {
    match level {
        1 => "h1",
        2 => "h2",
        3 => "h3",
        4 => "h4",
        5 => "h5",
        _ => "h6",
    }
}

fn item(item: &Item, place: Place) -> Node {
    let tick = item.checked.map(|is_done| {
        let tick = Element::new("input")
            .with("type", "checkbox")
            .with("disabled", "")
            .with(
                "aria-label",
                if is_done { words::DONE } else { words::TO_DO },
            );
        match is_done {
            true => tick.with("checked", "").whole().into(),
            false => tick.whole().into(),
        }
    });
    let mut children: Vec<Node> = tick.into_iter().collect();
    let mut place = place.inside();
    for node in &item.blocks {
        match node {
            Block::Paragraph(inlines) if item.tight => children.extend(spans(inlines)),
            _ => children.push(block(node, &mut place)),
        }
    }
    let is_task = item.checked.is_some();
    Element::new("li")
        .with_some("class", is_task.then_some("md__task"))
        .holding(children)
        .into()
}

fn row(tag: &'static str, align: &[Align], columns: usize, cells: &[Vec<Inline>]) -> Node {
    let cells = (0..columns.max(cells.len())).map(|column| {
        let align = match align.get(column) {
            Some(Align::Left) => Some("left"),
            Some(Align::Center) => Some("center"),
            Some(Align::Right) => Some("right"),
            Some(Align::None) | None => None,
        };
        let content = cells.get(column).map(|cell| spans(cell));
        Element::new(tag)
            .with_some("data-align", align)
            .holding(content.unwrap_or_default())
            .into()
    });
    Element::new("tr").holding(cells).into()
}

fn note(label: &str, blocks: Vec<Node>) -> Node {
    let back = Element::new("button")
        .with("type", "button")
        .with("class", "md__ref")
        .with("data-act", "back")
        .with("data-to", label.to_owned())
        .with("aria-label", words::note_back(label))
        .saying(label);
    let text = Element::new("div").holding(blocks);
    Element::new("div")
        .with("class", "md__note")
        .with("role", "note")
        .with("aria-label", words::note(label))
        .with("tabindex", "-1")
        .with("data-note", label.to_owned())
        .holding([back.into(), text.into()])
        .into()
}

/// A formula. Until it is drawn, and where it cannot be, its source is shown.
fn math(tag: &'static str, source: &str, is_large: bool) -> Node {
    let element = Element::new(tag)
        .with("class", "md__math")
        .with("data-tex", source.to_owned())
        .holding([Element::new("code").saying(source).into()]);
    match is_large {
        true => element.with("data-large", "true").with("tabindex", "0"),
        false => element,
    }
    .whole()
    .into()
}

fn spans(inlines: &[Inline]) -> Vec<Node> {
    inlines.iter().map(span).collect()
}

fn span(node: &Inline) -> Node {
    let around = |tag, inlines: &[Inline]| Element::new(tag).holding(spans(inlines)).into();
    match node {
        Inline::Text(text) | Inline::Html(text) => Node::Text(text.clone()),
        Inline::Code(text) => Element::new("code").saying(text.as_str()).into(),
        Inline::Math { source, display } => math("span", source, *display),
        Inline::NoteRef(label) => {
            let jump = Element::new("button")
                .with("type", "button")
                .with("class", "md__ref")
                .with("data-act", "note")
                .with("data-to", label.clone())
                .with("aria-label", words::note(label))
                .saying(label.as_str());
            Element::new("sup").holding([jump.into()]).into()
        }
        Inline::Emphasis(inlines) => around("em", inlines),
        Inline::Strong(inlines) => around("strong", inlines),
        Inline::Strike(inlines) => around("del", inlines),
        Inline::Link {
            href: Some(href),
            title,
            inlines,
        } => link(href.as_str(), title.as_deref(), spans(inlines)).into(),
        Inline::Link {
            href: None,
            inlines,
            ..
        } => around("span", inlines),
        Inline::Image { src, alt } => picture(src, alt),
        Inline::SoftBreak => Node::Text(String::from("\n")),
        Inline::HardBreak => Element::new("br").into(),
    }
}

/// A link that leaves the app.
pub fn link(href: &str, title: Option<&str>, children: Vec<Node>) -> Element {
    Element::new("a")
        .with("href", href.to_owned())
        .with_some("title", title.map(str::to_owned))
        .with("target", "_blank")
        .with("rel", REL)
        .holding(children)
}
