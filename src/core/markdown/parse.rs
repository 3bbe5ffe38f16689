//! Markdown (GitHub flavour) to nodes. Never fails, whatever the text.

mod builder;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

use self::builder::Builder;
use super::math::Cover;
use super::node::Block;

/// Reads a whole text.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    parse_sections(text)
        .blocks
        .into_iter()
        .map(|(_, block)| block)
        .collect()
}

/// The top-level blocks of a text with the byte each begins at.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) blocks: Vec<(usize, Block)>,
    /// Where the items or rows of the blocks begin.
    pub(super) parts: Vec<usize>,
    /// Where the definitions of link references are; they reach over the whole text.
    pub(super) definitions: Vec<Range<usize>>,
}

pub(super) fn parse_sections(text: &str) -> Sections {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES;
    let (cover, covered) = Cover::new(text);
    let parser = Parser::new_ext(covered.as_deref().unwrap_or(text), options);
    let definitions = parser.reference_definitions().iter();
    let mut definitions: Vec<Range<usize>> =
        definitions.map(|(_, found)| found.span.clone()).collect();
    definitions.sort_unstable_by_key(|span| span.start);
    let mut sections = Sections {
        definitions,
        ..Sections::default()
    };
    let mut builder = Builder::new(&cover);
    let mut start = 0;
    let mut written_to = None;
    let mut depth = 0_usize;
    for (event, range) in parser.into_offset_iter() {
        if depth == 0 {
            start = range.start;
        }
        match event {
            Event::Start(tag) => {
                if depth == 1 && matches!(tag, Tag::Item | Tag::TableRow) {
                    sections.parts.push(range.start);
                }
                depth += 1;
                written_to = None;
                builder.start(tag);
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if tag == TagEnd::CodeBlock {
                    builder.code_is_open(is_open(text, &range, written_to));
                }
                builder.end();
            }
            Event::Text(_) => {
                written_to = Some(range.end);
                builder.leaf(event);
            }
            other => builder.leaf(other),
        }
        if depth == 0 {
            let blocks = builder.take_blocks().into_iter();
            sections.blocks.extend(blocks.map(|block| (start, block)));
        }
    }
    sections
}

/// Whether a fence is still to be closed: nothing comes after it, and no line of it after its code closes it.
fn is_open(text: &str, range: &Range<usize>, written_to: Option<usize>) -> bool {
    let code = text.get(range.clone()).unwrap_or_default();
    if !code.starts_with(['`', '~']) {
        return false;
    }
    let first = code.find('\n').map_or(range.end, |end| range.start + end);
    let rest = text.get(written_to.unwrap_or(first)..range.end);
    let closes = rest.is_some_and(|rest| rest.contains("```") || rest.contains("~~~"));
    let after = text.get(range.end..).unwrap_or_default();
    after.trim().is_empty() && !closes
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
