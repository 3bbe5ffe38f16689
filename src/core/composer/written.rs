//! A message as it stands in the field: text in which a token such as `[Image 1]` holds the place of an image.
//!
//! The token is the image: one whose token is cut is out of the message, and back in it as soon as the token is,
//! by a paste or an undo. Only the first of equal tokens counts; further ones are words.

use std::ops::Range;

use super::image;
use super::outgoing::{IMAGE_MARK, Image, Outgoing};

/// What stands before and behind the number of an image.
const OPEN: &str = "[Image ";
const CLOSE: char = ']';

/// What stands in the text for the image of that number.
#[must_use]
pub fn token(number: u32) -> String {
    format!("{OPEN}{number}{CLOSE}")
}

/// An image that is in a message, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its number within the message.
    pub number: u32,
    /// What is known of it.
    pub content: Content,
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Here(Image),
    /// Its name alone: a draft keeps no bytes.
    Gone(String),
}

impl Slot {
    /// Its file name.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.content {
            Content::Here(image) => &image.name,
            Content::Gone(name) => name,
        }
    }

    fn size(&self) -> usize {
        match &self.content {
            Content::Here(image) => image.size,
            Content::Gone(_) => 0,
        }
    }
}

/// Text and images as they are being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// As typed, with a token for each image.
    pub text: String,
    /// The images, also those whose token is gone for now.
    pub slots: Vec<Slot>,
}

impl Written {
    /// A text without images.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            slots: Vec::new(),
        }
    }

    /// The images that are in the message, in the order of their tokens.
    #[must_use]
    pub fn shown(&self) -> Vec<&Slot> {
        shown(&self.text, &self.slots)
            .into_iter()
            .map(|(_, slot)| slot)
            .collect()
    }

    /// Whether there is neither a word nor an image in it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Without the images whose token is gone.
    #[must_use]
    pub fn tidy(self) -> Self {
        let slots = self.shown().into_iter().cloned().collect();
        Self { slots, ..self }
    }

    /// The number of the next image: never one that an undo could bring back.
    #[must_use]
    pub fn next(&self) -> u32 {
        next(&self.slots)
    }

    /// The message to be sent; `None` where there is nothing in it, or an image of it is not here.
    #[must_use]
    pub fn outgoing(&self) -> Option<Outgoing> {
        if self.is_blank() || state(&self.text, &self.slots) != State::Fine {
            return None;
        }
        let mut out = Outgoing::default();
        let mut end = 0;
        let clean = |text: &str| text.replace(IMAGE_MARK, "");
        for (range, slot) in shown(&self.text, &self.slots) {
            let Content::Here(image) = &slot.content else {
                return None;
            };
            out.text
                .push_str(&clean(self.text.get(end..range.start).unwrap_or_default()));
            out.text.push(IMAGE_MARK);
            out.images.push(image.clone());
            end = range.end;
        }
        out.text
            .push_str(&clean(self.text.get(end..).unwrap_or_default()));
        (!out.text.trim().is_empty()).then_some(out)
    }

    /// Puts what was sent in vain before what is there now.
    pub fn put_before(&mut self, message: &Outgoing) {
        let mut text = String::new();
        let mut images = message.images.iter();
        for (count, piece) in message.text.split(IMAGE_MARK).enumerate() {
            if count > 0
                && let Some(image) = images.next()
            {
                text.push_str(&self.take_in(Content::Here(image.clone())));
            }
            text.push_str(piece);
        }
        self.text = join(&text, &self.text);
    }

    /// Puts another message before this one.
    pub fn put_written_before(&mut self, other: &Self) {
        let mut text = String::new();
        let mut end = 0;
        for (range, slot) in shown(&other.text, &other.slots) {
            text.push_str(other.text.get(end..range.start).unwrap_or_default());
            text.push_str(&self.take_in(slot.content.clone()));
            end = range.end;
        }
        text.push_str(other.text.get(end..).unwrap_or_default());
        self.text = join(&text, &self.text);
    }

    /// Takes in an image and gives the token to put into the text.
    pub fn take_in(&mut self, content: Content) -> String {
        let number = self.next();
        self.slots.push(Slot { number, content });
        token(number)
    }

    /// Forgets images whose token is gone, oldest first, until all have at most so many bytes together.
    pub fn drop_hidden(&mut self, bytes: usize) {
        let shown: Vec<u32> = self.shown().iter().map(|slot| slot.number).collect();
        let mut total: usize = self.slots.iter().map(Slot::size).sum();
        self.slots.retain(|slot| {
            let stays = total <= bytes || shown.contains(&slot.number);
            if !stays {
                total -= slot.size();
            }
            stays
        });
    }

    /// Takes the token of an image out of the text.
    pub fn remove(&mut self, number: u32) {
        if let Some(range) = place(&self.text, number) {
            self.text.replace_range(range, "");
        }
    }
}

/// The number of the next image beside these.
#[must_use]
pub fn next(slots: &[Slot]) -> u32 {
    let highest = slots.iter().map(|slot| slot.number).max();
    highest.unwrap_or(0).saturating_add(1)
}

/// Two texts with an empty line between them.
#[must_use]
pub fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.trim().is_empty()) {
        (_, true) => first.to_owned(),
        (true, _) => second.to_owned(),
        _ => format!("{first}\n\n{second}"),
    }
}

/// Whether the images of a message let it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They do.
    Fine,
    /// One is known by its name alone.
    Missing,
    /// They are too many or too large together, as an undo may bring about.
    TooMuch,
}

/// How it stands with the images of a text.
#[must_use]
pub fn state(text: &str, slots: &[Slot]) -> State {
    if slots.is_empty() {
        return State::Fine;
    }
    let shown = shown(text, slots);
    let bytes: usize = shown.iter().map(|(_, slot)| slot.size()).sum();
    if shown.len() > image::MOST || bytes > image::MOST_BYTES {
        State::TooMuch
    } else if shown
        .iter()
        .any(|(_, slot)| matches!(slot.content, Content::Gone(_)))
    {
        State::Missing
    } else {
        State::Fine
    }
}

/// How many images are in a text, and how many bytes they have.
#[must_use]
pub fn load(text: &str, slots: &[Slot]) -> (usize, usize) {
    let shown = shown(text, slots);
    (shown.len(), shown.iter().map(|(_, slot)| slot.size()).sum())
}

/// The images that a text has a token of, with the place of each in bytes, in order.
#[must_use]
pub fn shown<'a>(text: &str, slots: &'a [Slot]) -> Vec<(Range<usize>, &'a Slot)> {
    if slots.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(Range<usize>, &Slot)> = Vec::new();
    for (range, number) in tokens(text) {
        if found.iter().any(|(_, slot)| slot.number == number) {
            continue;
        }
        if let Some(slot) = slots.iter().find(|slot| slot.number == number) {
            found.push((range, slot));
        }
    }
    found
}

/// The direction of a text, by its first letter: `rtl` for Hebrew, Arabic and their neighbours.
#[must_use]
pub fn direction(text: &str) -> &'static str {
    let is_rtl = |letter: char| matches!(letter, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}');
    match text.chars().find(|letter| letter.is_alphabetic()) {
        Some(letter) if is_rtl(letter) => "rtl",
        _ => "ltr",
    }
}

/// A text as its words alone.
#[must_use]
pub fn without_tokens(text: &str) -> String {
    let mut words = String::new();
    let mut end = 0;
    for (range, _) in tokens(text) {
        words.push_str(text.get(end..range.start).unwrap_or_default());
        end = range.end;
    }
    words.push_str(text.get(end..).unwrap_or_default());
    words.replace(IMAGE_MARK, "")
}

fn place(text: &str, number: u32) -> Option<Range<usize>> {
    tokens(text)
        .find(|(_, found)| *found == number)
        .map(|(range, _)| range)
}

fn tokens(text: &str) -> impl Iterator<Item = (Range<usize>, u32)> {
    text.match_indices(OPEN).filter_map(move |(start, _)| {
        let rest = text.get(start + OPEN.len()..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u32 = rest.get(..digits)?.parse().ok()?;
        // `[Image 01]` is no token: each image has one spelling.
        let is_plain = !rest.starts_with('0') && rest.get(digits..)?.starts_with(CLOSE);
        is_plain.then(|| (start..start + OPEN.len() + digits + 1, number))
    })
}

/// The token that a caret is in (`Touch::Inside`), at the end of, or at the start of; both in UTF-16 units, as
/// browsers count.
#[must_use]
pub fn token_at(text: &str, slots: &[Slot], caret: usize, touch: Touch) -> Option<Range<usize>> {
    let (mut bytes, mut units) = (0, 0);
    for (range, _) in shown(text, slots) {
        units += text.get(bytes..range.start)?.encode_utf16().count();
        bytes = range.start;
        let place = units..units + range.len();
        let is_it = match touch {
            Touch::Inside => place.start < caret && caret < place.end,
            Touch::Before => place.start < caret && caret <= place.end,
            Touch::Behind => place.start <= caret && caret < place.end,
        };
        if is_it {
            return Some(place);
        }
    }
    None
}

/// Where the token of an image is, in UTF-16 units.
#[must_use]
pub fn place_of(text: &str, slots: &[Slot], number: u32) -> Option<Range<usize>> {
    let shown = shown(text, slots);
    let (range, _) = shown.into_iter().find(|(_, slot)| slot.number == number)?;
    let start = text.get(..range.start)?.encode_utf16().count();
    Some(start..start + range.len())
}

/// Where a token is, as seen from the caret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Around it.
    Inside,
    /// Around it, or ending where it stands.
    Before,
    /// Around it, or beginning where it stands.
    Behind,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
