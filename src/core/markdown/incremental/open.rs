//! The last block of a text that grows, of which a part is settled already.

use std::ops::Range;

use super::{Change, Incremental, Patch, read};
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
    /// A list; its last item begins at `from`.
    List {
        at: usize,
        ordered: Option<u64>,
        is_loose: bool,
        kept: usize,
        from: usize,
    },
    /// A table; its last row begins at `from`.
    Table {
        at: usize,
        head: Range<usize>,
        kept: usize,
        from: usize,
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

    /// What can be settled of the last block: `parts` says where its items or rows begin. `before` is given where
    /// the block only goes on from what was settled of it, `is_plain` if no maths can reach over its items.
    pub(super) fn of(
        text: &str,
        at: usize,
        (start, block): (usize, &Block),
        parts: &[usize],
        before: Option<&Self>,
        is_plain: bool,
    ) -> Option<Self> {
        let line = line_of(text, start)?;
        let kept = match before {
            Some(Self::List { kept, .. } | Self::Table { kept, .. }) => *kept,
            _ => 0,
        };
        match block {
            Block::Code {
                is_open: true,
                language,
                ..
            } if line == start => code(text, at, start, language.clone()),
            Block::List { ordered, items } => {
                let from = line_of(text, *parts.last()?)?;
                let is_loose = match before {
                    Some(Self::List { is_loose, .. }) => *is_loose,
                    _ => !items.iter().find(|item| has_text(item))?.tight,
                };
                let is_good = is_plain && items.len() == parts.len();
                (is_good && items.len() + kept > FEW).then(|| Self::List {
                    at,
                    ordered: *ordered,
                    is_loose,
                    kept: kept + items.len() - 1,
                    from,
                })
            }
            Block::Table { rows, .. } => {
                let from = line_of(text, *parts.last()?)?;
                let head = text.get(line..)?.split_inclusive('\n').take(2);
                let head = line..line + head.map(str::len).sum::<usize>();
                let is_good = is_plain && rows.len() == parts.len();
                (is_good && from >= head.end && rows.len() + kept > FEW).then(|| Self::Table {
                    at,
                    head,
                    kept: kept + rows.len() - 1,
                    from,
                })
            }
            _ => None,
        }
    }
}

pub(super) fn is_plain(text: &str, from: usize) -> bool {
    text.get(from..)
        .is_some_and(|tail| !math::is_possible(tail))
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
        let (tail, kept) = match self.open.as_ref()? {
            Open::Code { .. } => return None,
            Open::List {
                ordered,
                is_loose: was_loose,
                kept,
                from,
                ..
            } => {
                if !is_plain(text, *from) {
                    return None;
                }
                let mut tail = read(text, *from, &self.settled_names);
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
                if number.is_some() != ordered.is_some() {
                    return None;
                }
                *number = *ordered;
                if *was_loose {
                    // A list that has space between its items has it everywhere.
                    for item in items {
                        item.tight &= !has_text(item);
                    }
                } else if items.iter().any(|item| !item.tight) {
                    return None;
                }
                (tail, *kept)
            }
            Open::Table {
                head, kept, from, ..
            } => {
                if !is_plain(text, *from) {
                    return None;
                }
                (self.read_rows(text, head, *from)?, *kept)
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

    fn read_rows(&self, text: &str, head: &Range<usize>, from: usize) -> Option<super::Tail> {
        let mut short = text.get(head.clone())?.to_owned();
        let shift = short.len();
        short.push_str(text.get(from..)?);
        let mut tail = read(&short, 0, &self.settled_names);
        if !matches!(tail.blocks.first()?, (0, Block::Table { .. })) {
            return None;
        }
        let place = |at: usize| (at + from).saturating_sub(shift);
        for (start, _) in tail.blocks.iter_mut().skip(1) {
            *start = place(*start);
        }
        if let Some((start, _)) = tail.blocks.first_mut() {
            *start = head.start;
        }
        tail.parts = tail.parts.into_iter().map(place).collect();
        Some(tail)
    }
}
