//! Markdown of a text that grows: blocks that can no longer change are kept, only the tail is read again.

use super::node::Block;
use super::parse::{Sections, parse_sections};
use std::sync::Arc;

/// A top-level block of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Stays the same while the text grows, also for the block that is growing; new after a text that does not go on from the last.
    pub key: u64,
    /// What to render; at least one block.
    pub blocks: Vec<Block>,
}

/// The sections of a growing text. An unchanged section is the same `Arc` as before.
#[derive(Clone, Debug, Default)]
pub struct Incremental {
    text: String,
    sections: Vec<Arc<Section>>,
    /// How many sections are settled, and the byte the rest begins at.
    settled: usize,
    settled_to: usize,
    has_references: bool,
    generation: u64,
}

impl Incremental {
    /// No text yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sections of the text last given.
    #[must_use]
    pub fn sections(&self) -> &[Arc<Section>] {
        &self.sections
    }

    /// Takes the whole text as it is now. Cheap if it begins with the text given before.
    pub fn update(&mut self, text: &str) -> &[Arc<Section>] {
        match text.strip_prefix(self.text.as_str()) {
            Some("") => return &self.sections,
            Some(more) => self.text.push_str(more),
            None => {
                *self = Self {
                    text: text.to_owned(),
                    generation: self.generation + 1,
                    ..Self::default()
                };
            }
        }
        let tail = self.text.get(self.settled_to..).unwrap_or_default();
        let mut parsed = parse_sections(tail);
        // A reference defined in the tail can turn settled text into links.
        if parsed.has_references && !self.has_references {
            self.has_references = true;
            self.settled = 0;
            if self.settled_to > 0 {
                self.settled_to = 0;
                parsed = parse_sections(&self.text);
            }
        }
        self.take(parsed);
        &self.sections
    }

    fn take(&mut self, parsed: Sections) {
        let from = self.settled_to;
        let first = self.settled;
        let count = parsed.blocks.len();
        for (position, (start, block)) in parsed.blocks.into_iter().enumerate() {
            let place = first + position;
            if !self.has_references
                && position > 0
                && let Some(line) = self.settled_line(from + start)
            {
                self.settled = place;
                self.settled_to = line;
            }
            let section = Section {
                key: (self.generation << 32) + place as u64,
                blocks: vec![block],
            };
            match self.sections.get_mut(place) {
                Some(known) if **known == section => {}
                Some(known) => *known = Arc::new(section),
                None => self.sections.push(Arc::new(section)),
            }
        }
        self.sections.truncate(first + count);
    }

    /// The start of the line a block begins on, if nothing that is added to the text can join the block to what is before it: there is a
    /// blank line before it and its own first line is complete. (`- a`, blank, `1` may yet become an item; `a`, `---` a longer word.)
    fn settled_line(&self, start: usize) -> Option<usize> {
        let before = self.text.get(..start)?;
        let line = before.rfind('\n')? + 1;
        let is_blank = |text: &str| {
            text.bytes()
                .all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
        };
        let above = before.get(..line)?.strip_suffix('\n')?;
        let above = above.rsplit('\n').next()?;
        let is_apart = is_blank(above) && is_blank(before.get(line..)?);
        (is_apart && self.text.get(start..)?.contains('\n')).then_some(line)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
