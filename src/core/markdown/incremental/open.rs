//! The last block of a text that grows, of which a part is settled already.

use std::ops::Range;

use super::{Change, Incremental, Patch, Tail, read_after};
use crate::core::markdown::math;
use crate::core::markdown::node::{Block, Item};

/// Fewer items or rows are read again as a whole.
const FEW: usize = 8;

/// A block whose beginning is settled.
#[derive(Clone, Debug)]
pub(super) enum Open {
    /// A fence at the edge of the text that is not closed yet.
    Code {
        at: usize,
        fence: u8,
        run: usize,
        language: Option<String>,
        /// Where its code begins, the line that is being written, and what is shown.
        from: usize,
        line: usize,
        shown_to: usize,
    },
    /// A list; its settled items end at `from`.
    List {
        at: usize,
        ordered: Option<u64>,
        is_loose: bool,
        kept: usize,
        from: usize,
        must_be_plain: bool,
    },
    /// A table; its settled rows end at `from`.
    Table {
        at: usize,
        head: Range<usize>,
        kept: usize,
        from: usize,
        /// Whether maths that come after it may reach into it.
        must_be_plain: bool,
    },
}

impl Open {
    pub(super) fn at(&self) -> usize {
        match self {
            Self::Code { at, .. } | Self::List { at, .. } | Self::Table { at, .. } => *at,
        }
    }

    pub(super) fn from(&self) -> usize {
        match self {
            Self::Code { line, .. } => *line,
            Self::List { from, .. } | Self::Table { from, .. } => *from,
        }
    }

    pub(super) fn must_be_plain(&self) -> bool {
        match self {
            Self::Code { .. } => false,
            Self::List { must_be_plain, .. } | Self::Table { must_be_plain, .. } => *must_be_plain,
        }
    }

    /// What can be settled of a block: `parts` says where its items or rows begin. `before` is given where the
    /// block only goes on from what was settled of it, `ahead` says where what was read began and whether maths
    /// there may reach into what is before it.
    pub(super) fn of(
        text: &str,
        (at, start): (usize, usize),
        block: &Block,
        parts: &[usize],
        before: Option<&Self>,
        (ahead, is_open): (usize, bool),
    ) -> Option<Self> {
        let line = line_of(text, start)?;
        let kept = match before {
            Some(Self::List { kept, .. } | Self::Table { kept, .. }) => *kept,
            _ => 0,
        };
        let settled = |count: usize, head: Range<usize>| {
            let from = line_of(text, *parts.last()?)?;
            if count != parts.len() || count + kept <= FEW || from < head.end {
                return None;
            }
            // A head is read again by itself, so maths may not reach over its edges.
            let (mut is_open, mut at) = (is_open, ahead);
            for cut in [head.start, head.end, from] {
                if cut > at {
                    is_open = !math::is_closed(text, at..cut, is_open);
                    at = cut;
                }
            }
            let is_good = !is_open || !math::is_possible(text.get(ahead..)?);
            is_good.then(|| (kept + count - 1, from, is_open))
        };
        match block {
            Block::Code {
                is_open: true,
                language,
                ..
            } if line == start => code(text, at, start, language.clone()),
            Block::List { ordered, items } => {
                let (kept, from, must_be_plain) = settled(items.len(), ahead..ahead)?;
                let is_loose = match before {
                    Some(Self::List { is_loose, .. }) => *is_loose,
                    _ => !items.iter().find(|item| has_text(item))?.tight,
                };
                Some(Self::List {
                    at,
                    ordered: *ordered,
                    is_loose,
                    kept,
                    from,
                    must_be_plain,
                })
            }
            Block::Table { rows, .. } => {
                let head = match before {
                    Some(Self::Table { head, .. }) => head.clone(),
                    _ => {
                        let lines = text.get(line..)?.split_inclusive('\n').take(2);
                        line..line + lines.map(str::len).sum::<usize>()
                    }
                };
                let new = if before.is_some() {
                    ahead..ahead
                } else {
                    head.clone()
                };
                let (kept, from, must_be_plain) = settled(rows.len(), new)?;
                Some(Self::Table {
                    at,
                    head,
                    kept,
                    from,
                    must_be_plain,
                })
            }
            _ => None,
        }
    }
}

/// The start of the line, if there is nothing but spaces before the place.
fn line_of(text: &str, place: usize) -> Option<usize> {
    let before = text.get(..place)?;
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    before
        .get(line..)?
        .bytes()
        .all(|byte| byte == b' ')
        .then_some(line)
}

fn code(text: &str, at: usize, start: usize, language: Option<String>) -> Option<Open> {
    let block = text.get(start..)?;
    let fence = block.bytes().next()?;
    let run = block.bytes().take_while(|byte| *byte == fence).count();
    let from = start + block.find('\n')? + 1;
    let code = text.get(from..)?;
    if !matches!(fence, b'`' | b'~') || code.contains(['\r', '\0']) {
        return None;
    }
    Some(Open::Code {
        at,
        fence,
        run,
        language,
        from,
        line: code.rfind('\n').map_or(from, |end| from + end + 1),
        shown_to: from + shown(code).len(),
    })
}

/// The code that is seen: without the last line end, and without a last line of a few spaces.
fn shown(code: &str) -> &str {
    let end = code.rfind('\n').map_or(0, |end| end + 1);
    let last = code.get(end..).unwrap_or_default();
    let code = match last.len() < 4 && last.bytes().all(|byte| byte == b' ') {
        true => code.get(..end).unwrap_or_default(),
        false => code,
    };
    code.strip_suffix('\n').unwrap_or(code)
}

fn has_text(item: &Item) -> bool {
    let is_text = |block: &Block| matches!(block, Block::Paragraph(_) | Block::Math(_));
    item.blocks.iter().any(is_text)
}

fn closes(line: &str, fence: u8, run: usize) -> bool {
    let trimmed = line.trim_end_matches([' ', '\t', '\n']);
    let marks = trimmed.trim_start_matches(' ');
    trimmed.len() - marks.len() <= 3
        && marks.len() >= run
        && marks.bytes().all(|byte| byte == fence)
}

impl Incremental {
    /// Inside an open fence only its end is looked for.
    pub(super) fn grow_code(&mut self, text: &str) -> Option<Patch> {
        let Some(Open::Code {
            at,
            fence,
            run,
            language,
            from,
            line,
            shown_to,
        }) = &mut self.open
        else {
            return None;
        };
        let tail = text.get(*line..)?;
        if tail.contains(['\r', '\0'])
            || tail
                .split_inclusive('\n')
                .any(|line| closes(line, *fence, *run))
        {
            return None;
        }
        let shown = *from + shown(text.get(*from..)?).len();
        let change = Change {
            at: *at,
            kept: *shown_to - *from,
            block: Block::Code {
                language: language.clone(),
                text: text.get(*shown_to..shown)?.to_owned(),
                is_open: true,
            },
        };
        *shown_to = shown;
        *line += tail.rfind('\n').map_or(0, |end| end + 1);
        let mut patch = Patch::new(self.settled, self.count);
        patch.changes.push(change);
        Some(patch)
    }

    /// Of a long list or table only the last item or row is read again, and what is new.
    pub(super) fn grow_parts(&mut self, text: &str) -> Option<Patch> {
        if self.names != self.settled_names {
            return None;
        }
        let open = self.open.as_ref()?;
        if open.must_be_plain() && math::is_possible(text.get(open.from()..)?) {
            return None;
        }
        let (tail, kept) = match open {
            Open::Code { .. } => return None,
            Open::List {
                ordered,
                is_loose,
                kept,
                from,
                ..
            } => (self.read_items(text, *ordered, *is_loose, *from)?, *kept),
            Open::Table {
                head, kept, from, ..
            } => {
                let head = text.get(head.clone())?;
                let tail = read_after(head, text, *from, &self.settled_names);
                if !matches!(tail.blocks.first()?, (_, Block::Table { .. })) {
                    return None;
                }
                (tail, *kept)
            }
        };
        if tail.is_tangled || !tail.references.is_empty() {
            return None;
        }
        if tail
            .blocks
            .iter()
            .any(|(_, block)| matches!(block, Block::Note { .. }))
        {
            return None;
        }
        let mut patch = Patch::new(self.settled, self.count);
        self.take(text, tail, kept, &mut patch);
        Some(patch)
    }

    /// An item is put in front of those that are read again, which tells whether there is space between them:
    /// not every item shows that.
    fn read_items(
        &self,
        text: &str,
        ordered: Option<u64>,
        was_loose: bool,
        from: usize,
    ) -> Option<Tail> {
        let probe = probe(text.get(from..)?)?;
        let mut tail = read_after(&probe, text, from, &self.settled_names);
        let (
            _,
            Block::List {
                ordered: number,
                items,
            },
        ) = tail.blocks.first_mut()?
        else {
            return None;
        };
        let is_loose = !items.first()?.tight;
        // What was an item while its line was not complete may be part of the one before it.
        let is_item = line_of(text, *tail.parts.first()?) == Some(from);
        if items.len() < 2 || !is_item || is_loose && !was_loose {
            return None;
        }
        items.remove(0);
        *number = ordered;
        if was_loose {
            // A list that has space between its items has it everywhere.
            for item in items {
                item.tight &= !has_text(item);
            }
        }
        Some(tail)
    }
}

/// An item that the list may have before the one that the text begins with.
fn probe(text: &str) -> Option<String> {
    let marker = text.trim_start_matches(' ');
    let space = text.len() - marker.len();
    let mark = marker.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = if mark.len() < marker.len() { "1" } else { "" };
    let mark = mark.chars().next()?;
    Some(format!("{:space$}{number}{mark} x\n", ""))
}
