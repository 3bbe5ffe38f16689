//! Finds maths in a text: `$$…$$`, `\(…\)` and `\[…\]`, never a single dollar.
//!
//! Before the text is read as markdown, each formula is covered by a mark and letters of the same length, so that
//! nothing in it is taken for emphasis, a list or a cell, and every position stays what it was. What turns out to be
//! code, an address or HTML is uncovered again. A formula never goes over a blank line or a fence, which keeps the
//! search within a paragraph: a part of a text is read as it would be in the whole.

use std::borrow::Cow;
use std::ops::Range;

/// Where the marks begin, one for each formula: in one of the two planes that have no letters.
const PLANES: [u32; 2] = [0xF_0000, 0x10_0000];
const MOST: usize = 0xFF00;
const FILLER: char = 'x';

/// A formula in the text, with what opens and closes it.
#[derive(Debug, PartialEq, Eq)]
struct Region {
    range: Range<usize>,
    display: bool,
}

/// A text with its formulas covered.
#[derive(Debug, Default)]
pub(super) struct Cover<'a> {
    source: &'a str,
    regions: Vec<Region>,
    plane: u32,
}

/// A stretch of covered text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Math { source: String, display: bool },
}

/// Whether there may be maths in a text. What says no here is read as if there were no such thing.
pub(super) fn is_possible(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, b"$$" | b"\\(" | b"\\["))
}

/// Whether nothing that is added after a part of the text, which ends where a line begins, can make or undo maths in
/// it: then what comes after it can be read by itself. With `is_open` that is not so for what is before the part.
pub(super) fn is_closed(source: &str, part: Range<usize>, is_open: bool) -> bool {
    let Some(text) = source.get(part.clone()) else {
        return false;
    };
    let place = |range: &Range<usize>| range.start + part.start..range.end + part.start;
    match parts(text).last().map(place) {
        Some(last) if last.end == part.end => {
            let is_known = last.start > part.start || !is_open;
            is_known && scan(source, last, &mut Vec::new())
        }
        Some(_) => true,
        None => true,
    }
}

impl<'a> Cover<'a> {
    /// Looks for formulas; gives the covered text, or `None` where there are none.
    pub(super) fn new(source: &'a str) -> (Self, Option<String>) {
        let mut regions = Vec::new();
        if is_possible(source) {
            for part in parts(source) {
                _ = scan(source, part, &mut regions);
            }
        }
        regions.truncate(MOST);
        let is_free = |plane: &u32| !source.chars().any(|c| index(*plane, c).is_some());
        let plane = match PLANES.iter().find(|plane| is_free(plane)) {
            Some(plane) if !regions.is_empty() => *plane,
            _ => return (Self::default(), None),
        };
        let covered = cover(source, &regions, plane);
        let this = Self {
            source,
            regions,
            plane,
        };
        (this, Some(covered))
    }

    /// The text as it was written.
    pub(super) fn lift<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.lifted(text, true)
    }

    /// The same for what stands in no quotation: there the marks of one are text like any other.
    pub(super) fn lift_unquoted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.lifted(text, false)
    }

    fn lifted<'t>(&self, text: &'t str, is_quoted: bool) -> Cow<'t, str> {
        if self.regions.is_empty() || !text.chars().any(|c| self.index(c).is_some()) {
            return Cow::Borrowed(text);
        }
        let mut lifted = String::with_capacity(text.len());
        self.each(text, |piece, region| match region {
            Some(region) if is_quoted => lifted.push_str(&self.written(&region.range)),
            Some(region) => {
                lifted.push_str(self.source.get(region.range.clone()).unwrap_or_default());
            }
            None => lifted.push_str(piece),
        });
        Cow::Owned(lifted)
    }

    /// The text and its formulas in turn.
    pub(super) fn split<'t>(&self, text: &'t str) -> Vec<Piece<'t>> {
        if self.regions.is_empty() {
            return vec![Piece::Text(text)];
        }
        let mut pieces = Vec::new();
        self.each(text, |piece, region| {
            pieces.push(match region {
                Some(region) => Piece::Math {
                    source: self.formula(region),
                    display: region.display,
                },
                None => Piece::Text(piece),
            });
        });
        pieces
    }

    fn index(&self, c: char) -> Option<usize> {
        index(self.plane, c)
    }

    fn each<'t>(&self, text: &'t str, mut tell: impl FnMut(&'t str, Option<&Region>)) {
        let mut rest = text;
        let mut from = 0;
        while let Some((at, c)) = rest.get(from..).and_then(|tail| {
            tail.char_indices()
                .find(|(_, c)| self.index(*c).is_some())
                .map(|(at, c)| (from + at, c))
        }) {
            let after = at + c.len_utf8();
            let region = self.index(c).and_then(|index| self.regions.get(index));
            let Some(region) = region else {
                from = after;
                continue;
            };
            if at > 0 {
                tell(rest.get(..at).unwrap_or_default(), None);
            }
            tell("", Some(region));
            let end = at + region.range.len();
            rest = rest.get(end..).unwrap_or_default();
            from = 0;
        }
        if !rest.is_empty() {
            tell(rest, None);
        }
    }

    /// As it was written, without the marks of a quotation that its lines began with.
    fn written(&self, range: &Range<usize>) -> Cow<'a, str> {
        let written = self.source.get(range.clone()).unwrap_or_default();
        let before = self.source.get(..range.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        if !written.contains('\n') || !line.trim_start().starts_with('>') {
            return Cow::Borrowed(written);
        }
        let lines: Vec<&str> = written
            .split('\n')
            .enumerate()
            .map(|(place, line)| match place {
                0 => line,
                _ => line.trim_start_matches(['>', ' ', '\t']),
            })
            .collect();
        Cow::Owned(lines.join("\n"))
    }

    fn formula(&self, region: &Region) -> String {
        let written = self.written(&region.range);
        let inner = written.get(2..written.len().saturating_sub(2));
        inner.unwrap_or_default().trim().to_owned()
    }
}

fn index(plane: u32, c: char) -> Option<usize> {
    let index = (c as u32).checked_sub(plane)? as usize;
    (index < MOST).then_some(index)
}

fn cover(source: &str, regions: &[Region], plane: u32) -> String {
    let mut covered = String::with_capacity(source.len());
    let mut from = 0;
    for (mark, region) in (plane..).zip(regions) {
        covered.push_str(source.get(from..region.range.start).unwrap_or_default());
        let mark = char::from_u32(mark).unwrap_or(FILLER);
        covered.push(mark);
        let filler = region.range.len() - mark.len_utf8();
        covered.extend(std::iter::repeat_n(FILLER, filler));
        from = region.range.end;
    }
    covered.push_str(source.get(from..).unwrap_or_default());
    covered
}

/// Stretches of lines that are neither blank nor fences.
fn parts(source: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    let mut from = 0;
    for line in source.split_inclusive('\n') {
        let range = from..from + line.len();
        from = range.end;
        let inner = line.trim_start_matches(['>', ' ', '\t']);
        let is_apart =
            inner.trim_end().is_empty() || inner.starts_with("```") || inner.starts_with("~~~");
        match parts.last_mut() {
            _ if is_apart => open = false,
            Some(part) if open => part.end = range.end,
            _ => {
                parts.push(range);
                open = true;
            }
        }
    }
    parts
}

/// Finds the formulas in a part; tells whether all is found whatever comes after it.
fn scan(source: &str, part: Range<usize>, regions: &mut Vec<Region>) -> bool {
    let mut is_certain = true;
    let bytes = source.as_bytes();
    let at = |place: usize| {
        (place < part.end)
            .then(|| bytes.get(place).copied())
            .flatten()
    };
    let mut place = part.start;
    // Up to where it is known that nothing closes: nothing is looked through twice.
    let mut none_to = [0_usize; 3];
    let mut lone_runs: Vec<usize> = Vec::new();
    while let Some(byte) = at(place) {
        let (kind, closer) = match (byte, at(place + 1)) {
            (b'\\', Some(b'(')) => (0, b')'),
            (b'\\', Some(b'[')) => (1, b']'),
            (b'$', Some(b'$')) => (2, b'$'),
            (b'\\', _) => {
                place += 2;
                continue;
            }
            (b'`', _) => {
                let run = run_of(b'`', place, &at);
                place += run;
                if !lone_runs.contains(&run) {
                    match code_end(run, place, &at) {
                        Some(end) => place = end,
                        None => {
                            lone_runs.push(run);
                            is_certain = false;
                        }
                    }
                }
                continue;
            }
            _ => {
                place += 1;
                continue;
            }
        };
        let run = run_of(b'$', place, &at);
        if kind == 2 && run != 2 {
            place += run;
            continue;
        }
        let known = none_to.get(kind).copied().unwrap_or_default();
        if place < known {
            place += 2;
            continue;
        }
        match closing(source, place, closer, &at) {
            Ok(end) if !is_blank(source, place + 2..end - 2) => {
                regions.push(Region {
                    range: place..end,
                    display: kind > 0 && stands_alone(source, &(place..end)),
                });
                place = end;
            }
            Ok(_) => place += 2,
            Err(stop) => {
                is_certain &= stop < part.end;
                if let Some(known) = none_to.get_mut(kind) {
                    *known = stop;
                }
                place += 2;
            }
        }
    }
    is_certain
}

fn is_blank(source: &str, range: Range<usize>) -> bool {
    source
        .get(range)
        .is_none_or(|inner| inner.trim_matches(['>', ' ', '\n', '\r', '\t']).is_empty())
}

fn run_of(byte: u8, from: usize, at: &impl Fn(usize) -> Option<u8>) -> usize {
    (from..)
        .take_while(|place| at(*place) == Some(byte))
        .count()
}

fn code_end(run: usize, from: usize, at: &impl Fn(usize) -> Option<u8>) -> Option<usize> {
    let mut place = from;
    while let Some(byte) = at(place) {
        if byte != b'`' {
            place += 1;
            continue;
        }
        let found = run_of(b'`', place, at);
        place += found;
        if found == run {
            return Some(place);
        }
    }
    None
}

/// Where the formula that opens at `open` ends, or up to where nothing closes it.
fn closing(
    source: &str,
    open: usize,
    closer: u8,
    at: &impl Fn(usize) -> Option<u8>,
) -> Result<usize, usize> {
    let begins_line = begins_line(source, open);
    let mut place = open + 2;
    while let Some(byte) = at(place) {
        match (byte, at(place + 1)) {
            (b'$', Some(b'$')) if closer == b'$' => return Ok(place + 2),
            (b'\\', Some(next)) if next == closer && closer != b'$' => return Ok(place + 2),
            (b'\\', _) => place += 2,
            // A line that may begin a block of its own ends a formula that began amid a line.
            (b'\n', _) if !begins_line && begins_block(source, place + 1) => return Err(place),
            _ => place += 1,
        }
    }
    Err(place)
}

fn begins_line(source: &str, place: usize) -> bool {
    let before = source.get(..place).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.trim_start_matches(['>', ' ', '\t']).is_empty()
}

/// Whether nothing but a mark of the sentence stands beside a formula.
fn stands_alone(source: &str, range: &Range<usize>) -> bool {
    let after = source.get(range.end..).unwrap_or_default();
    let line = after.split('\n').next().unwrap_or_default();
    begins_line(source, range.start) && matches!(line.trim(), "" | "." | "," | ";")
}

fn begins_block(source: &str, line: usize) -> bool {
    let rest = source.get(line..).unwrap_or_default();
    let inner = rest.trim_start_matches([' ', '\t']);
    inner.starts_with(|c: char| {
        matches!(c, '-' | '+' | '*' | '>' | '#' | '|' | '=' | '_' | '<') || c.is_ascii_digit()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn formulas(text: &str) -> Vec<String> {
        let (cover, covered) = Cover::new(text);
        let covered = covered.unwrap_or_else(|| text.to_owned());
        assert_eq!(covered.len(), text.len());
        assert_eq!(cover.lift(&covered), text);
        cover
            .split(&covered)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Math { source, .. } => Some(source),
                Piece::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn three_kinds_of_brackets_hold_maths() {
        assert_eq!(
            formulas("a \\(x_1 * y\\) b $$\\frac{1}{2}$$ c\n\\[\nz\n\\]"),
            ["x_1 * y", "\\frac{1}{2}", "z"]
        );
        assert_eq!(formulas("$$\na \\\\\n- b\n$$"), ["a \\\\\n- b"]);
    }

    #[test]
    fn what_is_no_maths_stays_text() {
        for text in [
            "it costs $5 and $6",
            "`$$x$$`",
            "`` \\(x` ``\\)",
            "\\\\(x\\\\)",
            "\\$$x$$",
            "$$x",
            "$$x\n\ny$$",
            "$$$$",
            "$$ $$",
            "$$$x$$$",
            "\\(x\n```\ny\\)",
            "a \\(x\n- y\\)",
            "\\(x\\]",
        ] {
            assert_eq!(formulas(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_mark_that_was_in_the_text_stays() {
        let text = "\u{F0000}x \u{F0001}xxx\n\n$$a$$ b";
        assert_eq!(formulas(text), ["a"]);
    }

    #[test]
    fn a_long_text_that_never_closes_is_looked_through_once() {
        for text in ["\\(", "$$a ", "\\[ \\( ", "` ", "``` a `` ` "] {
            let text = text.repeat(50_000);
            assert!(formulas(&text).len() <= 50_000);
        }
    }
}
