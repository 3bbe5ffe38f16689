//! Formulas: found in a text once it is shown, and drawn by a part that comes when it is first needed.

use crate::core::markdown::node::{Block, Inline};
use crate::i18n::thread as words;
use crate::state::task::spawn;
use crate::ui::late;
use crate::web::dom::tree;

/// Whether there are formulas in a block.
pub fn is_in(block: &Block) -> bool {
    match block {
        Block::Math(_) => true,
        Block::Paragraph(inlines) | Block::Heading { inlines, .. } => any(inlines),
        Block::Quote(blocks) | Block::Note { blocks, .. } => blocks.iter().any(is_in),
        Block::List { items, .. } => items.iter().any(|item| item.blocks.iter().any(is_in)),
        Block::Table { head, rows, .. } => {
            head.iter().any(|cell| any(cell)) || rows.iter().flatten().any(|cell| any(cell))
        }
        Block::Code { .. } | Block::Rule | Block::Html(_) => false,
    }
}

fn any(inlines: &[Inline]) -> bool {
    inlines.iter().any(|inline| match inline {
        Inline::Math { .. } => true,
        Inline::Emphasis(inlines)
        | Inline::Strong(inlines)
        | Inline::Strike(inlines)
        | Inline::Link { inlines, .. } => any(inlines),
        _ => false,
    })
}

/// Draws the formulas in an element that are not drawn yet.
pub fn draw_in(root: &leptos::web_sys::Element) {
    for place in tree::all(root, ".md__math:not([data-state])") {
        let source = place.get_attribute("data-tex").unwrap_or_default();
        let is_large = place.has_attribute("data-large");
        tree::set(&place, "data-state", "waiting");
        spawn(async move {
            match late::maths(source, is_large).await {
                Some(Ok(nodes)) => {
                    tree::fill(&place, &nodes);
                    tree::set(&place, "data-state", "drawn");
                }
                Some(Err(error)) => {
                    tree::set(&place, "title", &words::bad_formula(&error));
                    tree::set(&place, "data-state", "failed");
                }
                // Asked for again with the next formula.
                None => tree::unset(&place, "data-state"),
            }
        });
    }
}
