//! A block of code: its language, and what one does with it.

use crate::core::markdown::code::{Kind, colours};
use crate::core::markdown::tree::{Element, Node};
use crate::i18n::thread as words;
use crate::ui::kit::Icon;

/// Code in a box. Whether its lines are broken is kept by the checkbox itself, so that growing code does not undo it.
pub fn code(language: Option<&str>, text: &str, is_open: bool) -> Node {
    let label = Element::new("span")
        .with("class", "truncate")
        .saying(language.unwrap_or(words::CODE));
    let wrap = Element::new("label")
        .with("class", "md__wrap")
        .with("title", words::WRAP)
        .holding([
            Element::new("input")
                .with("type", "checkbox")
                .with("class", "visually-hidden")
                .with("aria-label", words::WRAP)
                .into(),
            icon(Icon::Wrap),
        ]);
    let copy = Element::new("button")
        .with("class", "button")
        .with("type", "button")
        .with("data-variant", "icon")
        .with("data-size", "small")
        .with("data-act", "copy")
        .with("aria-label", words::COPY_CODE)
        .with("title", words::COPY_CODE)
        .holding([icon(Icon::Copy)])
        .whole();
    let head = Element::new("div").with("class", "md__code-head").holding([
        label.into(),
        wrap.into(),
        copy.into(),
    ]);
    let shown = Element::new("code").holding(match (language, is_open) {
        (Some(language), false) => coloured(language, text),
        _ => vec![Node::Text(text.to_owned())],
    });
    let box_of_lines = Element::new("pre")
        .with("tabindex", "0")
        .holding([shown.into()]);
    Element::new("div")
        .with("class", "md__code")
        .holding([head.into(), box_of_lines.into()])
        .into()
}

fn coloured(language: &str, text: &str) -> Vec<Node> {
    colours(language, text)
        .into_iter()
        .map(|(kind, piece)| {
            let name = match kind {
                Kind::Plain => return Node::Text(piece.to_owned()),
                Kind::Keyword => "keyword",
                Kind::Type => "type",
                Kind::Text => "text",
                Kind::Number => "number",
                Kind::Comment => "comment",
                Kind::Name => "name",
                Kind::Added => "added",
                Kind::Removed => "removed",
            };
            Element::new("span")
                .with("data-code", name)
                .saying(piece)
                .into()
        })
        .collect()
}

/// An icon of the set; always beside a name in words.
pub fn icon(icon: Icon) -> Node {
    let path = Element::new("path").with("d", icon.path());
    Element::new("svg")
        .with("class", "icon")
        .with("viewBox", "0 0 16 16")
        .with("aria-hidden", "true")
        .holding([path.into()])
        .into()
}
