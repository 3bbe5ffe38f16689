use super::*;
use proptest::prelude::*;

fn count(words: &str, text: &str) -> usize {
    Needle::new(words).map_or(0, |needle| needle.count(text))
}

fn row(n: usize) -> RowId {
    RowId(n.to_string())
}

fn rows(numbers: impl IntoIterator<Item = usize>) -> Vec<RowId> {
    numbers.into_iter().map(row).collect()
}

fn search(words: &str) -> Search {
    Search::new(Needle::new(words).unwrap())
}

/// Row `n` says "tide" as often as `n` can be divided by ten.
fn look(id: &RowId) -> Option<(String, bool)> {
    let n: usize = id.0.parse().unwrap();
    let times = if n == 0 {
        0
    } else {
        (n.is_multiple_of(10) as usize) + (n.is_multiple_of(100) as usize)
    };
    Some(("Tide ".repeat(times) + "and nothing else", true))
}

#[test]
fn case_and_accents_and_kinds_of_blanks_make_no_difference() {
    for (words, text, times) in [
        ("tide", "Tide tables, TIDES", 2),
        ("cafe", "Café CAFE\u{301} cafés", 3),
        ("über", "Uber ÜBER uber", 3),
        ("two words", "two\n  words", 1),
        ("don't", "don’t", 1),
        ("aa", "aaaaa", 2),
        ("漢字", "漢字と漢字", 2),
        ("  tide ", "tide", 1),
        ("tide", "", 0),
        ("", "tide", 0),
        ("   ", "a b", 0),
    ] {
        assert_eq!(count(words, text), times, "{words:?} in {text:?}");
    }
}

#[test]
fn what_is_found_has_the_place_that_it_was_given() {
    let mut folded = Folded::default();
    for (at, letter) in "E\u{301}t  é".char_indices() {
        folded.push(letter, at);
    }
    let needle = Needle::new("e").unwrap();
    let found: Vec<_> = needle
        .find(&folded)
        .into_iter()
        .map(|it| folded.place(it.start))
        .collect();
    assert_eq!(found, [Some(0), Some(6)]);
}

#[test]
fn answers_are_searched_as_they_read() {
    let kind = |text: &str| RowKind::Assistant {
        text: text.to_owned(),
    };
    for (words, text) in [
        ("very important word", "a **very _important_ word** here"),
        ("snake_case", "use snake_case"),
        ("read the log", "[read the](https://example.org) `log`"),
        ("let x = 1;", "```rust\nlet x = 1;\n```"),
        ("high low", "| high | low |\n|---|---|\n| 1 | 2 |"),
    ] {
        assert_eq!(
            count(words, &text_of(&kind(text))),
            1,
            "{words:?} in {text:?}"
        );
    }
    assert_eq!(
        count("example.org", &text_of(&kind("[a](https://example.org)"))),
        0
    );
    assert_eq!(count("**", &text_of(&kind("**a**"))), 0);
}

#[test]
fn calls_are_searched_with_what_went_in_and_came_out() {
    let kind = RowKind::ToolCall {
        name: "look_up".to_owned(),
        args: r#"{"place":"Ostend"}"#.to_owned(),
        result: Some("high water".to_owned()),
    };
    for words in ["look_up", "ostend", "high water"] {
        assert_eq!(count(words, &text_of(&kind)), 1, "{words}");
    }
}

#[test]
fn the_first_match_is_the_one_below_where_one_reads_else_the_nearest_above() {
    let order = rows(1..300);
    let mut below = search("tide");
    below.take_rows(&order, Some(&row(41)));
    assert!(below.read(&order, usize::MAX, look));
    assert_eq!(below.current(), Some(&(row(50), 0)));
    let mut above = search("tide");
    above.take_rows(&order, Some(&row(295)));
    assert!(above.read(&order, usize::MAX, look));
    assert_eq!(above.current(), Some(&(row(290), 0)));
}

#[test]
fn steps_go_through_all_matches_and_round() {
    let order = rows(95..112);
    let mut search = search("tide");
    search.take_rows(&order, None);
    search.read(&order, usize::MAX, look);
    assert_eq!(search.total(), 3);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push((search.number(), search.current().unwrap().clone()));
        search.step(true);
    }
    let first = (1, (row(100), 0));
    assert_eq!(
        seen,
        [first.clone(), (2, (row(100), 1)), (3, (row(110), 0)), first]
    );
    search.step(false);
    search.step(false);
    assert_eq!(search.number(), 3);
}

#[test]
fn older_rows_that_come_later_change_the_numbers_and_not_the_match() {
    let mut search = search("tide");
    let order = rows(105..125);
    search.take_rows(&order, None);
    search.read(&order, usize::MAX, look);
    assert_eq!((search.number(), search.total()), (1, 2));
    let order = rows(1..125);
    search.take_rows(&order, None);
    assert!(!search.is_complete());
    search.read(&order, usize::MAX, look);
    assert_eq!(search.current(), Some(&(row(110), 0)));
    assert_eq!((search.number(), search.total()), (12, 13));
}

#[test]
fn a_row_that_still_grows_is_read_again() {
    let order = rows([1]);
    let mut search = search("tide");
    search.take_rows(&order, None);
    search.read(&order, usize::MAX, |_| Some(("the ti".to_owned(), false)));
    assert_eq!(search.total(), 0);
    search.take_rows(&order, None);
    search.read(&order, usize::MAX, |_| Some(("the tide".to_owned(), true)));
    assert_eq!(search.total(), 1);
    search.take_rows(&order, None);
    assert!(search.is_complete());
}

#[test]
fn without_a_match_there_is_nothing_to_go_to() {
    let order = rows(1..9);
    let mut search = search("tide");
    search.take_rows(&order, None);
    search.read(&order, usize::MAX, look);
    search.step(true);
    assert_eq!(
        (search.number(), search.total(), search.current()),
        (0, 0, None)
    );
}

proptest! {
    #[test]
    fn pieces_of_any_size_find_the_same(pieces in prop::collection::vec(1_usize..5000, 1..40), from in 0_usize..330) {
        let order = rows(1..320);
        let mut whole = search("tide");
        whole.take_rows(&order, Some(&row(from)));
        whole.read(&order, usize::MAX, look);
        let mut parts = search("tide");
        parts.take_rows(&order, Some(&row(from)));
        let mut pieces = pieces.into_iter().cycle();
        while !parts.read(&order, pieces.next().unwrap(), look) {}
        prop_assert_eq!(parts.total(), whole.total());
        prop_assert_eq!(parts.current(), whole.current());
        prop_assert_eq!(parts.number(), whole.number());
    }

    #[test]
    fn any_text_is_searched_without_panic(words in ".*", text in ".*") {
        count(&words, &text);
        let _ = text_of(&RowKind::Assistant { text });
    }

    #[test]
    fn a_word_is_found_in_any_case_wherever_it_stands(before in "[ .,0-9]*", after in "[ .,0-9]*", word in "[a-z]{1,8}") {
        let text = format!("{before}{}{after}", word.to_uppercase());
        prop_assert_eq!(count(&word, &text), 1);
    }
}
