//! Looking for words in a conversation: case and accents make no difference, and a long one is read in pieces.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, TagEnd};

use super::message::{RowId, RowKind};

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle(Vec<char>);

/// A text made ready for the search: each letter with the place it had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    letters: Vec<char>,
    places: Vec<usize>,
}

impl Folded {
    /// Adds a letter that stands at `place`, if it counts.
    pub fn push(&mut self, letter: char, place: usize) {
        let Some(letter) = fold(letter) else {
            return;
        };
        // Blanks and line ends are one blank, as on the page.
        if letter != ' ' || self.letters.last().is_some_and(|last| *last != ' ') {
            self.letters.push(letter);
            self.places.push(place);
        }
    }

    /// Where a letter that was found had its place.
    #[must_use]
    pub fn place(&self, at: usize) -> Option<usize> {
        self.places.get(at).copied()
    }
}

impl Needle {
    /// `None` where there is nothing to look for.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut folded = Folded::default();
        text.trim()
            .chars()
            .for_each(|letter| folded.push(letter, 0));
        (!folded.letters.is_empty()).then_some(Self(folded.letters))
    }

    /// How often a text has it; what overlaps counts once.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        let mut folded = Folded::default();
        text.chars().for_each(|letter| folded.push(letter, 0));
        self.find(&folded).len()
    }

    /// Where a text has it, by letters of `text`.
    #[must_use]
    pub fn find(&self, text: &Folded) -> Vec<Range<usize>> {
        let Some(first) = self.0.first() else {
            return Vec::new();
        };
        let mut found: Vec<Range<usize>> = Vec::new();
        let starts = text.letters.iter().enumerate();
        for (at, _) in starts.filter(|(_, letter)| *letter == first) {
            let is_free = found.last().is_none_or(|last| last.end <= at);
            let rest = text.letters.get(at..).unwrap_or_default();
            if is_free && rest.starts_with(&self.0) {
                found.push(at..at + self.0.len());
            }
        }
        found
    }
}

/// A letter without case and accent; `None` for an accent that stands by itself.
fn fold(letter: char) -> Option<char> {
    if letter.is_ascii() {
        let is_blank = letter.is_ascii_whitespace();
        return Some(if is_blank {
            ' '
        } else {
            letter.to_ascii_lowercase()
        });
    }
    if matches!(letter, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}') {
        return None;
    }
    if letter.is_whitespace() {
        return Some(' ');
    }
    let small = letter.to_lowercase().next().unwrap_or(letter);
    Some(match small {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' => 's',
        'ţ' | 'ť' | 'ŧ' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2013}' => '-',
        other => other,
    })
}

/// What can be read in a row, as plain text.
#[must_use]
pub fn text_of(kind: &RowKind) -> String {
    match kind {
        RowKind::User { text } | RowKind::Reasoning { text } | RowKind::Error { text } => {
            text.clone()
        }
        RowKind::Assistant { text } => plain(text),
        RowKind::ToolCall {
            name, args, result, ..
        } => [name, args, result.as_deref().unwrap_or_default()].join("\n"),
        RowKind::Activity { activity, content } => format!("{activity}\n{content}"),
        RowKind::Event { name, payload } => format!("{name}\n{payload}"),
        RowKind::Unprocessed { kind, payload } => format!("{kind}\n{payload}"),
        RowKind::Sources { sources } => {
            let titles = sources.iter().map(|source| source.title.as_str());
            titles.collect::<Vec<_>>().join("\n")
        }
        RowKind::NoResponse | RowKind::Gap => String::new(),
    }
}

/// Markdown as it reads on the page, without its marks.
fn plain(markdown: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut text = String::with_capacity(markdown.len());
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(part)
            | Event::Code(part)
            | Event::Html(part)
            | Event::InlineHtml(part)
            | Event::InlineMath(part)
            | Event::DisplayMath(part) => text.push_str(&part),
            Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link,
            ) => {}
            Event::SoftBreak | Event::HardBreak | Event::End(_) => text.push('\n'),
            _ => {}
        }
    }
    text
}

/// A search that is carried out piece by piece, over rows that may still be coming.
#[derive(Clone, Debug)]
pub struct Search {
    needle: Needle,
    /// How often each row has it, for the rows that were read.
    counts: HashMap<RowId, usize>,
    /// Rows that may change are read again each time.
    open: HashSet<RowId>,
    /// Rows that are to be read, the next one last.
    queue: Vec<RowId>,
    /// The rows with matches in their order, and how many come before each.
    hits: Vec<(RowId, usize)>,
    total: usize,
    current: Option<(RowId, usize)>,
}

impl Search {
    /// Looks for this; nothing is read yet.
    #[must_use]
    pub fn new(needle: Needle) -> Self {
        Self {
            needle,
            counts: HashMap::new(),
            open: HashSet::new(),
            queue: Vec::new(),
            hits: Vec::new(),
            total: 0,
            current: None,
        }
    }

    /// What is looked for.
    #[must_use]
    pub fn needle(&self) -> &Needle {
        &self.needle
    }

    /// Takes the rows as they are now: those from `from` on are read first, then those above, upwards.
    pub fn take_rows(&mut self, order: &[RowId], from: Option<&RowId>) {
        for row in self.open.drain() {
            self.counts.remove(&row);
        }
        let start = from.and_then(|from| order.iter().position(|row| row == from));
        let (above, below) = order.split_at(start.unwrap_or_default());
        let is_new = |row: &&RowId| !self.counts.contains_key(*row);
        let queue = above.iter().chain(below.iter().rev());
        self.queue = queue.filter(is_new).cloned().collect();
        self.gather(order);
    }

    /// Reads rows until about `bytes` of text are read; `look` tells a row's text and whether it is complete.
    /// Returns whether everything is read.
    pub fn read(
        &mut self,
        order: &[RowId],
        bytes: usize,
        mut look: impl FnMut(&RowId) -> Option<(String, bool)>,
    ) -> bool {
        let mut left = bytes;
        let mut has_found = false;
        while left > 0
            && let Some(row) = self.queue.pop()
        {
            let Some((text, is_complete)) = look(&row) else {
                continue;
            };
            // An empty row takes time too.
            left = left.saturating_sub(text.len() + 64);
            let count = self.needle.count(&text);
            if count > 0 {
                has_found = true;
                self.current.get_or_insert_with(|| (row.clone(), 0));
            }
            if !is_complete {
                self.open.insert(row.clone());
            }
            self.counts.insert(row, count);
        }
        if has_found {
            self.gather(order);
        }
        self.queue.is_empty()
    }

    fn gather(&mut self, order: &[RowId]) {
        self.total = 0;
        self.hits.clear();
        for row in order {
            let count = self.counts.get(row).copied().unwrap_or_default();
            if count > 0 {
                self.hits.push((row.clone(), self.total));
                self.total += count;
            }
        }
    }

    /// Whether everything is read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many matches there are, as far as is known.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Whether this row has any.
    #[must_use]
    pub fn is_hit(&self, row: &RowId) -> bool {
        self.counts.get(row).is_some_and(|count| *count > 0)
    }

    /// The match that one is at: its row, and which of the row's matches it is.
    #[must_use]
    pub fn current(&self) -> Option<&(RowId, usize)> {
        self.current.as_ref()
    }

    /// Its number among all, from one; nought where there is none.
    #[must_use]
    pub fn number(&self) -> usize {
        let current = self.current.as_ref().and_then(|(row, nth)| {
            let (_, before) = self.hits.iter().find(|(hit, _)| hit == row)?;
            Some(before + nth + 1)
        });
        current.unwrap_or_default().min(self.total)
    }

    /// Goes to the next match, or the one before, and round at the ends.
    pub fn step(&mut self, is_forward: bool) {
        if self.total == 0 {
            self.current = None;
            return;
        }
        let number = match (self.number(), is_forward) {
            (0, true) => 0,
            (number, true) => number % self.total,
            (number, false) => (number + self.total - 2) % self.total,
        };
        let at = self.hits.partition_point(|(_, before)| *before <= number);
        let hit = at.checked_sub(1).and_then(|at| self.hits.get(at));
        self.current = hit.map(|(row, before)| (row.clone(), number - before));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
