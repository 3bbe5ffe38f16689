//! The switches at the start of a message.

use super::show::Show;

/// Switches a message can begin with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// `pace MS`: pause between two pieces.
    pub pace: Option<u64>,
    /// `long N`: sections of the answer.
    pub long: Option<usize>,
    /// `wait MS`: silence before the answer.
    pub wait: u64,
    /// `boom`: fails half-way.
    pub boom: bool,
    /// `cut N`: the stream is dropped after N events.
    pub cut: Option<usize>,
    /// `show KIND`: what comes with the answer.
    pub show: Vec<Show>,
    /// `flood N`: instead of the room's answer, N pieces of Markdown, as fast as they are taken.
    pub flood: Option<usize>,
    /// `rate N`: so many of those pieces in a second.
    pub rate: Option<u64>,
}

/// Longest answer that can be asked for.
const MOST_SECTIONS: usize = 500;
/// Longest pause that can be asked for, milliseconds.
const LONGEST_PAUSE: u64 = 600_000;

impl Modifiers {
    /// Takes the switches off the front of a message.
    pub fn take(text: &str) -> (Self, String) {
        let mut modifiers = Self::default();
        let mut rest = text.trim_start();
        while let Some(after) = modifiers.take_one(rest) {
            rest = after.trim_start();
        }
        (modifiers, rest.trim_end().to_owned())
    }

    /// Takes one switch off the front; what is left, if there was one.
    pub fn take_one<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (word, after) = split_word(text);
        if word == "boom" {
            self.boom = true;
            return Some(after);
        }
        let (number, rest) = split_word(after.trim_start());
        if word == "show" {
            self.show.extend(Show::named(number)?);
            return Some(rest);
        }
        let number: u64 = number.parse().ok()?;
        let count = usize::try_from(number).unwrap_or(usize::MAX);
        match word {
            "pace" => self.pace = Some(number.min(LONGEST_PAUSE)),
            "long" => self.long = Some(count.min(MOST_SECTIONS)),
            "wait" => self.wait = number.min(LONGEST_PAUSE),
            "cut" => self.cut = Some(count),
            "flood" => self.flood = Some(count),
            "rate" => self.rate = Some(number.max(1)),
            _ => return None,
        }
        Some(rest)
    }
}

/// The first word and the rest.
pub fn split_word(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_taken_off_the_front() {
        let (modifiers, rest) = Modifiers::take("pace 5 long 2 boom cut 7 wait 9 hello long 3");
        assert_eq!(
            modifiers,
            Modifiers {
                pace: Some(5),
                long: Some(2),
                wait: 9,
                boom: true,
                cut: Some(7),
                ..Modifiers::default()
            }
        );
        assert_eq!(rest, "hello long 3");
        let (modifiers, rest) = Modifiers::take("flood 20 rate 0 and go");
        assert_eq!((modifiers.flood, modifiers.rate), (Some(20), Some(1)));
        assert_eq!(rest, "and go");
        assert_eq!(Modifiers::take("wait for me").1, "wait for me");
        let (modifiers, rest) = Modifiers::take("show raw show steps show me");
        assert_eq!(modifiers.show, [Show::Raw, Show::Steps]);
        assert_eq!(rest, "show me");
    }
}
