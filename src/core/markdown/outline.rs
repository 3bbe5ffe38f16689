//! Which level a heading of a text has on the page.
//!
//! A text may begin with any level and leave some out; the outline of the page may not. What counts is only which
//! headings a heading stands under, so a text that grows never changes the level of one that was there before.

use super::node::Block;

/// The lowest level there is on a page.
const LOWEST: u8 = 6;

/// A place in the outline: what a heading there stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The level of a heading that stands under none.
    first: u8,
    /// The headings that it stands under, one bit for each level as the text has it. They are never the same level twice.
    above: u8,
}

impl Place {
    /// Where headings that stand under none have this level on the page.
    #[must_use]
    pub fn new(first: u8) -> Self {
        Self { first, above: 0 }
    }

    /// Comes to a heading of a level of the text; gives its level on the page, 1 to 6.
    pub fn enter(&mut self, level: u8) -> u8 {
        let level = level.min(LOWEST);
        self.above &= (1 << level) - 1;
        let found = self.first.saturating_add(self.depth()).clamp(1, LOWEST);
        self.above |= 1 << level;
        found
    }

    /// The place inside of a quotation, an item or a note here. Its headings stand under those above it, and nothing
    /// stands under them that is not in it.
    #[must_use]
    pub fn inside(self) -> Self {
        Self::new(self.first.saturating_add(self.depth()).min(LOWEST))
    }

    fn depth(self) -> u8 {
        u8::try_from(self.above.count_ones()).unwrap_or(LOWEST)
    }
}

/// The outline of a text whose top-level blocks become known, and different, one by one.
#[derive(Clone, Debug)]
pub struct Outline {
    begin: Place,
    /// The headings among the top-level blocks in order, each with the place below it.
    headings: Vec<(usize, Place)>,
}

impl Outline {
    /// No text yet; its outermost headings have this level on the page.
    #[must_use]
    pub fn new(first: u8) -> Self {
        Self {
            begin: Place::new(first),
            headings: Vec::new(),
        }
    }

    /// Where the block with that number stands, which is noted.
    pub fn place(&mut self, at: usize, block: &Block) -> Place {
        let before = self.headings.partition_point(|(known, _)| *known < at);
        let place = before
            .checked_sub(1)
            .and_then(|last| self.headings.get(last))
            .map_or(self.begin, |(_, place)| *place);
        let is_known = self
            .headings
            .get(before)
            .is_some_and(|(known, _)| *known == at);
        if is_known {
            self.headings.remove(before);
        }
        if let Block::Heading { level, .. } = block {
            let mut below = place;
            below.enter(*level);
            self.headings.insert(before, (at, below));
        }
        place
    }

    /// There are only so many blocks.
    pub fn truncate(&mut self, count: usize) {
        let kept = self.headings.partition_point(|(at, _)| *at < count);
        self.headings.truncate(kept);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::markdown::incremental::Incremental;
    use crate::core::markdown::parse::parse;
    use proptest::prelude::*;

    fn levels(source: &[u8]) -> Vec<u8> {
        let mut place = Place::new(2);
        source.iter().map(|level| place.enter(*level)).collect()
    }

    #[test]
    fn an_outline_begins_at_the_given_level_and_leaves_none_out() {
        for (source, shown) in [
            (vec![1, 2, 3, 2, 1], vec![2, 3, 4, 3, 2]),
            (vec![2, 2, 3], vec![2, 2, 3]),
            (vec![3, 1, 3, 2], vec![2, 2, 3, 3]),
            (vec![1, 4, 6, 4, 2, 6], vec![2, 3, 4, 3, 3, 4]),
            (vec![6, 5, 4, 3, 2, 1], vec![2, 2, 2, 2, 2, 2]),
            (vec![1, 2, 3, 4, 5, 6, 6], vec![2, 3, 4, 5, 6, 6, 6]),
        ] {
            assert_eq!(levels(&source), shown, "{source:?}");
        }
    }

    /// The levels of all headings on the page in its order, whatever they are in.
    fn shown(blocks: &[Block]) -> Vec<u8> {
        fn go(blocks: &[Block], place: &mut Place, out: &mut Vec<u8>) {
            for block in blocks {
                match block {
                    Block::Heading { level, .. } => out.push(place.enter(*level)),
                    Block::Quote(blocks) | Block::Note { blocks, .. } => {
                        go(blocks, &mut place.inside(), out);
                    }
                    Block::List { items, .. } => {
                        for item in items {
                            go(&item.blocks, &mut place.inside(), out);
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut out = Vec::new();
        go(blocks, &mut Place::new(2), &mut out);
        out
    }

    #[test]
    fn headings_in_quotations_and_items_stand_under_those_above_them() {
        let text = "# a\n\n> ### b\n\n- # c\n- ## d\n\n  # e\n\n### f\n\n1. > ###### g\n";
        assert_eq!(shown(&parse(text)), [2, 3, 3, 3, 3, 3, 4]);
    }

    /// The places of all top-level blocks, as drawing them patch by patch finds them.
    fn drawn(text: &str, cuts: &[usize]) -> Vec<Place> {
        let (mut reader, mut outline) = (Incremental::new(), Outline::new(2));
        let mut places: Vec<Place> = Vec::new();
        let ends = cuts.iter().map(|cut| text.floor_char_boundary(*cut));
        for (end, is_final) in ends.map(|end| (end, false)).chain([(text.len(), true)]) {
            let patch = reader.update(&text[..end], 0, is_final);
            outline.truncate(patch.count);
            places.truncate(patch.count);
            for change in patch.changes {
                let place = outline.place(change.at, &change.block);
                places.resize(places.len().max(change.at + 1), place);
                places[change.at] = place;
            }
        }
        places
    }

    fn sources() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            "#{1,6} [a-z]{1,3}",
            "> #{1,6} [a-z]",
            "- #{1,6} [a-z]",
            "[a-z ]{0,6}",
            Just("---".to_owned()),
            Just("```".to_owned()),
            Just("[x]: /y".to_owned()),
            Just("see [x]".to_owned()),
        ];
        prop::collection::vec((line, any::<bool>()), 0..24).prop_map(|lines| {
            let lines = lines.into_iter();
            let text = lines.map(|(line, is_apart)| line + if is_apart { "\n\n" } else { "\n" });
            text.collect()
        })
    }

    proptest! {
        #[test]
        fn no_level_is_left_out(text in sources()) {
            let levels = shown(&parse(&text));
            let mut last = 1;
            for level in levels {
                prop_assert!((2..=last + 1).contains(&level) && level <= 6, "{} after {}", level, last);
                last = level;
            }
        }

        #[test]
        fn a_text_that_grows_has_the_outline_of_the_whole(
            text in sources(),
            mut cuts in prop::collection::vec(0..300_usize, 0..12),
        ) {
            cuts.iter_mut().for_each(|cut| *cut = (*cut).min(text.len()));
            cuts.sort_unstable();
            let mut place = Place::new(2);
            let whole: Vec<Place> = parse(&text)
                .iter()
                .map(|block| {
                    let here = place;
                    if let Block::Heading { level, .. } = block {
                        place.enter(*level);
                    }
                    here
                })
                .collect();
            prop_assert_eq!(drawn(&text, &cuts), whole);
        }
    }
}
