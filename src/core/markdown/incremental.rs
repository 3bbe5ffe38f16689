//! Markdown of a text that grows: what can no longer change is not looked at again.
//!
//! A block is settled once nothing that is added can change it. Of a long block that is still growing, the lines of
//! an open fence, the items of a list and the rows of a table are settled too; another tail that is long is read in
//! turns, so that a frame costs no more because there is much.

mod open;

use std::ops::Range;

use self::open::Open;
use super::node::Block;
use super::parse::{Sections, parse_sections};

/// A tail of this length is read again each time; one of `n` times the length every `n`th time.
const AT_ONCE: usize = 8 * 1024;

/// What has become different. All other top-level blocks are as they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// How many top-level blocks there are.
    pub count: usize,
    /// How many of them, from the first on, are settled.
    pub settled: usize,
    /// What is new, in order.
    pub changes: Vec<Change>,
    /// Whether there is text left to be read another time.
    pub is_behind: bool,
}

/// A top-level block that is new or different.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which one.
    pub at: usize,
    /// How much of its content stays before that of `block`: bytes of code, items of a list, rows of a table.
    pub kept: usize,
    /// The block; without what is kept.
    pub block: Block,
}

impl Patch {
    fn new(settled: usize, count: usize) -> Self {
        Self {
            count,
            settled,
            changes: Vec::new(),
            is_behind: false,
        }
    }

    /// Carries the patch out on the blocks that the patches before it have made.
    pub fn apply(self, blocks: &mut Vec<Block>) {
        blocks.truncate(self.count);
        for change in self.changes {
            match blocks.get_mut(change.at) {
                Some(block) if change.kept > 0 => join(block, change.kept, change.block),
                Some(block) => *block = change.block,
                None => blocks.push(change.block),
            }
        }
    }
}

fn join(block: &mut Block, kept: usize, more: Block) {
    match (block, more) {
        (
            Block::Code { text, is_open, .. },
            Block::Code {
                text: more,
                is_open: more_is_open,
                ..
            },
        ) => {
            text.truncate(kept);
            text.push_str(&more);
            *is_open = more_is_open;
        }
        (Block::List { items, .. }, Block::List { items: more, .. }) => {
            items.truncate(kept);
            items.extend(more);
        }
        (Block::Table { rows, .. }, Block::Table { rows: more, .. }) => {
            rows.truncate(kept);
            rows.extend(more);
        }
        (block, more) => *block = more,
    }
}

/// How far a growing text has been read.
#[derive(Clone, Debug, Default)]
pub struct Incremental {
    edition: Option<u32>,
    /// Bytes read.
    read_to: usize,
    /// How many blocks there are, how many are settled, and the byte the rest begins at.
    count: usize,
    settled: usize,
    settled_to: usize,
    open: Option<Open>,
    settled_names: Names,
    /// Definitions in settled text and in the tail, as last read.
    names: Names,
    /// Something is defined in a way that cannot be said again in front of the tail.
    is_tangled: bool,
    turn: usize,
}

/// What the text defines for all of itself: link references and footnotes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Names {
    references: Vec<String>,
    notes: Vec<String>,
}

impl Names {
    fn add(&mut self, more: &Self) {
        let join = |known: &mut Vec<String>, more: &[String]| {
            for name in more {
                if !known.contains(name) {
                    known.push(name.clone());
                }
            }
        };
        join(&mut self.references, &more.references);
        join(&mut self.notes, &more.notes);
    }

    /// A text that defines all of it and changes nothing else for what comes after.
    fn prefix(&self) -> String {
        let mut prefix = String::new();
        for note in &self.notes {
            prefix.push_str(&format!("[^{note}]: x\n\n"));
        }
        if !prefix.is_empty() {
            // Else what is indented would belong to the last note.
            prefix.push_str("***\n\n");
        }
        for reference in &self.references {
            prefix.push_str(reference);
            prefix.push_str("\n\n");
        }
        prefix
    }
}

/// A part of the text as read: positions are those of the whole text.
struct Tail {
    blocks: Vec<(usize, Block)>,
    /// Where the items or rows of its blocks begin.
    parts: Vec<usize>,
    /// What it defines, each with the byte after it.
    references: Vec<(usize, String)>,
    is_tangled: bool,
}

impl Incremental {
    /// No text yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the text as it is now. As long as `edition` stays, it must begin with the text given before. With
    /// `is_final` all of it is read, else some may be left for the next time.
    pub fn update(&mut self, text: &str, edition: u32, is_final: bool) -> Patch {
        if self.edition != Some(edition) || text.len() < self.read_to {
            *self = Self {
                edition: Some(edition),
                ..Self::default()
            };
        } else if text.len() == self.read_to {
            return Patch::new(self.settled, self.count);
        }
        if let Some(patch) = self.grow_code(text) {
            self.read_to = text.len();
            return patch;
        }
        self.turn += 1;
        let has_names = self.names != self.settled_names;
        let from = self.open.as_ref().map_or(self.settled_to, Open::from);
        let from = if has_names { 0 } else { from };
        if !is_final && self.turn * AT_ONCE < self.read_to.saturating_sub(from) {
            let mut patch = Patch::new(self.settled, self.count);
            patch.is_behind = true;
            return patch;
        }
        self.turn = 0;
        self.read_to = text.len();
        self.grow_parts(text)
            .unwrap_or_else(|| self.read_tail(text))
    }

    fn read_tail(&mut self, text: &str) -> Patch {
        self.open = None;
        let before = self.names.clone();
        let mut tail = read(text, self.settled_to, &self.settled_names);
        self.is_tangled |= tail.is_tangled;
        let mut names = self.settled_names.clone();
        names.add(&names_of(&tail));
        let mut patch = Patch::new(self.settled, self.count);
        if names != before && self.settled_to > 0 {
            self.reread(text, &before, &names, &mut patch);
        }
        if self.is_tangled && self.settled_to > 0 {
            self.settled = 0;
            self.settled_to = 0;
            self.settled_names = Names::default();
            patch.changes.clear();
            tail = read(text, 0, &self.settled_names);
        }
        self.names = names;
        self.take(text, tail, 0, &mut patch);
        patch
    }

    /// Reads settled text again: something is defined now that it may refer to.
    fn reread(&self, text: &str, before: &Names, now: &Names, patch: &mut Patch) {
        let settled = text.get(..self.settled_to).unwrap_or_default();
        let old = read(settled, 0, before).blocks;
        let new = read(settled, 0, now).blocks;
        for (at, ((_, old), (_, new))) in old.into_iter().zip(new).enumerate() {
            if old != new {
                patch.changes.push(Change {
                    at,
                    kept: 0,
                    block: closed(new),
                });
            }
        }
    }

    /// Takes blocks that stand after the settled ones; `kept` is what stays of the first.
    fn take(&mut self, text: &str, tail: Tail, kept: usize, patch: &mut Patch) {
        let first = match &self.open {
            Some(open) if kept > 0 => open.at(),
            _ => self.settled,
        };
        let count = tail.blocks.len();
        let mut is_settled_to = None;
        let mut found = None;
        let mut is_after_fence = false;
        let mut is_after_note = false;
        let mut blocks = tail.blocks.into_iter().enumerate().peekable();
        while let Some((position, (start, block))) = blocks.next() {
            if position > 0
                && !self.is_tangled
                && let Some(line) = settled_line(text, start, is_after_fence)
                // What is indented may belong to the note.
                && !(is_after_note && text.get(line..).is_some_and(|line| line.starts_with([' ', '\t', '\r'])))
            {
                is_settled_to = Some((first + position, line));
            }
            // The first stays open while it is not certain what comes after it.
            if position == 0 || position + 1 == count {
                let end = blocks.peek().map_or(text.len(), |(_, (next, _))| *next);
                let parts: Vec<usize> = inside(&tail.parts, start..end).collect();
                let place = (first + position, start);
                found = self.opened(text, place, &block, &parts, kept > 0).or(found);
            }
            is_after_note = matches!(block, Block::Note { .. });
            is_after_fence = is_closed_fence(text, start, &block);
            patch.changes.push(Change {
                at: first + position,
                kept: if position == 0 { kept } else { 0 },
                block,
            });
        }
        if let Some((settled, line)) = is_settled_to {
            self.settle(settled, line, &tail.references, patch);
        }
        self.count = first + count;
        self.open = found.filter(|open| !self.is_tangled && open.at() >= self.settled);
        patch.count = self.count;
        patch.settled = self.settled;
    }

    /// What is settled of a block; where what is open is gone on with, at least what was.
    fn opened(
        &self,
        text: &str,
        place: (usize, usize),
        block: &Block,
        parts: &[usize],
        goes_on: bool,
    ) -> Option<Open> {
        let open = self.open.as_ref().filter(|_| goes_on);
        let ahead = open.map_or((self.settled_to, false), |open| {
            (open.from(), open.must_be_plain())
        });
        let before = open.filter(|open| open.at() == place.0);
        Open::of(text, place, block, parts, before, ahead).or_else(|| before.cloned())
    }

    fn settle(&mut self, count: usize, to: usize, found: &[(usize, String)], patch: &Patch) {
        let references = found.iter().filter(|(end, _)| *end <= to);
        let notes = patch.changes.iter().filter(|change| change.at < count);
        let names = Names {
            references: references.map(|(_, source)| source.clone()).collect(),
            notes: notes.filter_map(|change| note(&change.block)).collect(),
        };
        self.settled_names.add(&names);
        self.settled = count;
        self.settled_to = to;
    }
}

fn inside(parts: &[usize], range: Range<usize>) -> impl Iterator<Item = usize> {
    parts
        .iter()
        .copied()
        .filter(move |part| range.contains(part))
}

fn note(block: &Block) -> Option<String> {
    match block {
        Block::Note { label, .. } => Some(label.clone()),
        _ => None,
    }
}

fn names_of(tail: &Tail) -> Names {
    Names {
        references: tail
            .references
            .iter()
            .map(|(_, name)| name.clone())
            .collect(),
        notes: tail
            .blocks
            .iter()
            .filter_map(|(_, block)| note(block))
            .collect(),
    }
}

/// What was settled is not open, though nothing comes after it where it is read by itself.
fn closed(mut block: Block) -> Block {
    close(&mut block);
    block
}

fn close(block: &mut Block) {
    match block {
        Block::Code { is_open, .. } => *is_open = false,
        Block::Quote(blocks) | Block::Note { blocks, .. } => blocks.iter_mut().for_each(close),
        Block::List { items, .. } => {
            let blocks = items.iter_mut().flat_map(|item| &mut item.blocks);
            blocks.for_each(close);
        }
        _ => {}
    }
}

/// Reads the text from a byte on, with what is defined before.
fn read(text: &str, from: usize, names: &Names) -> Tail {
    let own = text.get(from..).unwrap_or_default();
    let prefix = names.prefix();
    let shift = prefix.len();
    let sections = if prefix.is_empty() {
        parse_sections(own)
    } else {
        parse_sections(&(prefix + own))
    };
    let Sections {
        blocks,
        parts,
        definitions,
    } = sections;
    let place = |at: usize| (at + from).saturating_sub(shift);
    let mut references = Vec::new();
    let mut is_tangled = false;
    for Range { start, end } in definitions {
        if start < shift {
            continue;
        }
        let source = text.get(place(start)..place(end)).unwrap_or_default();
        // Its lines may begin with the marks of a quotation.
        is_tangled |= source.trim().contains('\n');
        references.push((place(end), source.trim().to_owned()));
    }
    let blocks = blocks.into_iter().filter(|(start, _)| *start >= shift);
    let blocks: Vec<_> = blocks.map(|(start, block)| (place(start), block)).collect();
    is_tangled |= blocks.iter().any(|(_, block)| has_inner_note(block));
    Tail {
        blocks,
        parts: parts.into_iter().map(place).collect(),
        references,
        is_tangled,
    }
}

/// The same with some lines in front of it that what it begins with belongs to.
fn read_after(head: &str, text: &str, from: usize, names: &Names) -> Tail {
    let own = text.get(from..).unwrap_or_default();
    let mut tail = read(&[head, own].concat(), 0, names);
    let place = |at: usize| (at + from).saturating_sub(head.len());
    for (start, _) in &mut tail.blocks {
        *start = place(*start).max(from);
    }
    tail.parts.retain(|part| *part >= head.len());
    tail.parts.iter_mut().for_each(|part| *part = place(*part));
    for (end, _) in &mut tail.references {
        *end = place(*end);
    }
    tail
}

/// Footnotes inside of other blocks are rare, and not looked for in settled text.
fn has_inner_note(block: &Block) -> bool {
    let any = |blocks: &[Block]| {
        blocks
            .iter()
            .any(|block| matches!(block, Block::Note { .. }) || has_inner_note(block))
    };
    match block {
        Block::Quote(blocks) | Block::Note { blocks, .. } => any(blocks),
        Block::List { items, .. } => items.iter().any(|item| any(&item.blocks)),
        _ => false,
    }
}

/// Whether a block is a fence at the edge of the text that is closed.
fn is_closed_fence(text: &str, start: usize, block: &Block) -> bool {
    let is_fence = text
        .get(start..)
        .is_some_and(|code| code.starts_with(['`', '~']));
    let before = text.get(..start).unwrap_or_default();
    is_fence
        && matches!(block, Block::Code { is_open: false, .. })
        && (before.is_empty() || before.ends_with('\n'))
}

/// The start of the line a block begins on, if nothing that is added to the text can join the block to what is before it: there is a
/// blank line before it and its own first line is complete. (`- a`, blank, `1` may yet become an item; `a`, `---` a longer word.)
/// Nothing ever joins a fence that is closed.
fn settled_line(text: &str, start: usize, is_after_fence: bool) -> Option<usize> {
    let before = text.get(..start)?;
    let line = before.rfind('\n')? + 1;
    let is_blank = |text: &str| {
        text.bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
    };
    if is_after_fence {
        return is_blank(before.get(line..)?).then_some(line);
    }
    let above = before.get(..line)?.strip_suffix('\n')?;
    let above = above.rsplit('\n').next()?;
    let is_apart = is_blank(above) && is_blank(before.get(line..)?);
    (is_apart && text.get(start..)?.contains('\n')).then_some(line)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
