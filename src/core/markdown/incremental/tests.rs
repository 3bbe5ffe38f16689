use super::super::parse::parse;
use super::*;
use proptest::prelude::*;

/// A text read bit by bit, as a view would hold it.
#[derive(Default)]
struct Reader {
    growing: Incremental,
    blocks: Vec<Block>,
}

impl Reader {
    fn read(&mut self, text: &str) -> Patch {
        let settled = self.growing.settled;
        let patch = self.growing.update(text, 0, true);
        let mut changes = patch.changes.iter();
        assert!(
            changes.all(|change| change.kept == 0 || change.at >= settled),
            "a settled block changes in part: {text:?}"
        );
        patch.clone().apply(&mut self.blocks);
        patch
    }

    fn check(&mut self, text: &str) {
        self.read(text);
        assert_eq!(self.blocks, parse(text), "{text:?}");
    }

    fn check_all(source: &str) -> Self {
        let mut reader = Self::default();
        for (end, _) in source.char_indices() {
            reader.check(&source[..end]);
        }
        reader.check(source);
        reader
    }
}

const ANSWER: &str = "# Title\n\nFirst *paragraph* here.\n\n- a\n- b\n\n  more of b\n\n1. x\n\n2. y\n\n```py\nx = 1\n\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\nlazy\n\n<div>\n\ntext\n\n</div>\n\nlast line\n";

#[test]
fn settled_blocks_are_not_looked_at_again() {
    let mut reader = Reader::default();
    reader.read("one\n\ntwo\n\nthr");
    let patch = reader.read("one\n\ntwo\n\nthree");
    let changed: Vec<usize> = patch.changes.iter().map(|change| change.at).collect();
    assert_eq!((patch.count, patch.settled, changed), (3, 1, vec![1, 2]));
}

#[test]
fn every_prefix_equals_a_full_read() {
    let reader = Reader::check_all(ANSWER);
    assert!(reader.growing.settled_to > ANSWER.len() / 2);
}

#[test]
fn a_line_that_is_not_complete_settles_nothing_before_it() {
    for source in [
        "- a\n\n1. x",
        "a\n| b |\n|---|x",
        "a\n| b |\n|---|\n| c |x",
        "> a\n| b |\n|---|x",
        "1. a\n\n2. b",
        "- a\n\n- - -x",
        "* a\n\n* * * x",
        "> a\n---x",
        "a\n***x\n\nb",
        "- a\n\n      b",
        "> a\n```\nx`",
        "[^1]: a\n\n    b\n\nc\n",
    ] {
        Reader::check_all(source);
    }
}

#[test]
fn a_reference_defined_late_reaches_the_text_before_it() {
    let source = "see [r] and [^n]\n\nmore [r]\n\ntext\n\n[r]: https://example.org\n\nend [r]\n\nx\n\n[^n]: note\n\n[q]: https://q.example\n\n    code [r]\n\n[q] [r] [^n]\n\nlast\n";
    let reader = Reader::check_all(source);
    let shown = format!("{:?}", reader.blocks);
    assert!(shown.contains("https://example.org") && shown.contains("NoteRef(\"n\")"));
    assert!(reader.growing.settled > 5, "text settles in spite of them");
}

#[test]
fn a_fence_grows_line_by_line_and_ends_where_it_is_closed() {
    let source = "a\n\n```rust\n\nfn x() {\n\n    ``\n``\n    ```\n```x\n~~~\n}\n\n```\nafter *it*\n\n~~~~\n$$ a\n~~~\n$$\n~~~~ \n\n````";
    Reader::check_all(source);
    let mut reader = Reader::default();
    let mut text = "```\n".to_owned();
    reader.read(&text);
    for _ in 0..1000 {
        text.push_str("a line of code\n");
        let patch = reader.read(&text);
        let Block::Code { text: more, .. } = &patch.changes[0].block else {
            panic!("{patch:?}")
        };
        assert!(more.len() < 20, "only what is new: {more:?}");
    }
    reader.check(&text);
}

#[test]
fn a_long_list_is_read_from_its_last_item_on() {
    for (item, last) in [
        ("- item *n*\n", "\n- loose\n\npara\n\n"),
        ("1. item `n`\n\n", "   more\n\n\n- other\n"),
        ("* [x] item\n  - inner\n", "text\n***\n"),
        ("- $$a\n", "b$$\n- c\n"),
        ("- $$a$$ and `b`\n", "- $$a\n  b\n- c$$\n"),
        (
            "1. \\(a\\)\n\n   $$\n   b\n   $$\n\n",
            "1. c\n$$\n- d\n$$\n",
        ),
        ("- a\n\n  ```\n  x\n  ```\n", "- [r]\n\n[r]: /u\n"),
    ] {
        let mut reader = Reader::default();
        let mut text = "before\n".to_owned();
        let mut changed = 0;
        for round in 0..40 {
            for c in item.chars().chain((round == 30).then_some('\n')) {
                text.push(c);
                reader.check(&text);
            }
            let patch = reader.read(&(text.clone() + "x"));
            let first = patch.changes.first().map(|change| &change.block);
            if let Some(Block::List { items, .. }) = first {
                changed = items.len();
            }
            text.push('x');
            text.push('\n');
            reader.check(&text);
        }
        assert!(
            changed <= 3 || item.contains("$$a\n"),
            "{item:?}: {changed}"
        );
        for c in last.chars() {
            text.push(c);
            reader.check(&text);
        }
    }
}

#[test]
fn a_long_table_is_read_from_its_last_row_on() {
    let mut reader = Reader::default();
    let mut text = "before\n\n| a | *b* |\n|:-:|---|\n".to_owned();
    for round in 0..40 {
        for c in "| 1 | `x` | c\n".chars() {
            text.push(c);
            reader.check(&text);
        }
        let patch = reader.read(&(text.clone() + "| y"));
        text.push_str("| y |\n");
        reader.check(&text);
        let Block::Table { rows, .. } = &patch.changes[patch.changes.len() - 1].block else {
            panic!("{patch:?}")
        };
        assert!(round < 8 || rows.len() <= 3, "{rows:?}");
    }
    for c in "# end\n\n| a |\n\nb\n".chars() {
        text.push(c);
        reader.check(&text);
    }
}

#[test]
fn a_tail_that_is_long_is_read_in_turns_and_in_the_end_as_a_whole() {
    let mut growing = Incremental::new();
    let mut blocks = Vec::new();
    let mut text = String::new();
    let mut read = 0;
    for _ in 0..1_000 {
        text.push_str(&"word *word* ".repeat(8));
        let patch = growing.update(&text, 0, false);
        read += usize::from(!patch.is_behind);
        patch.apply(&mut blocks);
    }
    assert!((150..400).contains(&read), "{read}");
    growing.update(&text, 0, true).apply(&mut blocks);
    assert_eq!(blocks, parse(&text));
    assert_eq!(growing.update(&text, 0, true).changes, []);
}

#[test]
fn another_edition_of_the_text_is_read_anew() {
    let mut growing = Incremental::new();
    let mut blocks = Vec::new();
    growing
        .update("one\n\ntwo\n\nthree\n", 0, true)
        .apply(&mut blocks);
    growing
        .update("other text\n\nthat is longer\n", 1, true)
        .apply(&mut blocks);
    assert_eq!(blocks, parse("other text\n\nthat is longer\n"));
    growing.update("", 2, true).apply(&mut blocks);
    assert_eq!(blocks, []);
}

#[test]
fn the_same_text_again_changes_nothing() {
    let mut reader = Reader::default();
    reader.read(ANSWER);
    assert_eq!(reader.read(ANSWER).changes, []);
}

fn pieces() -> impl Strategy<Value = Vec<String>> {
    let piece = prop_oneof![
        6 => proptest::sample::select(vec![
            "\n", "\n\n", "\n\n", " ", "    ", "\t", "  ", "- ", "* ", "+", "1. ", "2)", "> ", ">", "# ", "---", "***", "===", "```", "~~~", "|", "|---|",
            "a", "b", "*", "_", "`", "[r]", "[r]: /u", "[r]: https://x.y\n", "](x)", "![", "<div>", "</div>", "<!--", "-->", "<pre>", "\r\n", "\r",
            "\\", "&amp;", "https://x.y", "- [ ] ", ":", "\u{FEFF}", "\0", "é", "  \n", "[^n]", "[^n]: ", "$$", "\\(", "\\)", "\\[", "\\]", "$",
        ])
        .prop_map(str::to_owned),
        1 => proptest::sample::select(vec![
            "- a\n- b\n- c\n- d\n- e\n- f\n- g\n- h\n- i\n", "\n\n1. a\n\n1. b\n1. c\n1. d\n1. e\n1. f\n1. g\n1. h\n1. i\n",
            "\n\n| a | b |\n|---|---|\n|1|\n|2|\n|3|\n|4|\n|5|\n|6|\n|7|\n|8|\n|9|\n", "\n```\ncode\n", "\n\n[^m]: note\n\n", "\n\n[r]: /u\n\n",
        ])
        .prop_map(str::to_owned),
        1 => "[a-c \n]{0,6}",
    ];
    proptest::collection::vec(piece, 0..40)
}

#[test]
fn code_in_a_settled_list_is_closed_when_a_late_note_has_it_read_again() {
    let mut reader = Reader::default();
    let list = "- [ ] [^n]- a\n- b\n- c\n- d\n- e\n- f\n- g\n- h\n- i\n    ```";
    let text = format!("{list}\n\n1. a\n\n1. b\n");
    reader.check(list);
    reader.check(&text);
    reader.check(&format!("{text}[^n]: "));
}

#[test]
fn what_looks_like_a_quoted_formula_inside_of_code_is_code() {
    Reader::check_all("\n```\ncode\n> \\[\n a\\]");
    Reader::check_all("> ```\n> code \\[\n> a\\]\n> ```\n");
}

/// A long list or table of which most items look the same, something else in it, and what comes after it.
fn long_blocks() -> impl Strategy<Value = String> {
    let usual = proptest::sample::select(vec![
        "- a\n",
        "- a\n\n",
        "* *b*\n",
        "1. c\n",
        "2) `d`\n\n",
        "- [ ] e\n",
        "- a\n  - b\n",
        "- # h\n",
        "- # h\n\n",
        " - a\n",
        "- a\nlazy\n",
        "- a [r]\n",
        "- \\(a\\)\n",
        "1. a\n\n   ```\n   x\n   ```\n",
        "| 1 | `2` |\n",
        "| 1 \n",
        "x | y\n",
    ]);
    let odd = proptest::sample::select(vec![
        "- b\n",
        "-\n",
        "- \n",
        "\n",
        "\n\n",
        "  - inner\n",
        "  * inner\n\n",
        "  1. one\n",
        "   - three\n",
        "    - four\n",
        "lazy\n",
        "  more\n",
        "\n  more\n",
        "     code\n",
        "1. x\n",
        "7. x\n",
        "2) x\n",
        "* x\n",
        "+ x\n",
        "- - x\n",
        "- ```\n",
        "  ```\n",
        "```\n",
        "~~~\n",
        "- > q\n",
        "> q\n",
        "***\n",
        "- - -\n",
        "---\n",
        "===\n",
        "# h\n",
        "- # h\n",
        "- # h\n\n",
        "- [x] t\n",
        "- [r]: /u\n",
        "[r]: /u\n",
        "[r]\n",
        "- [^n]\n",
        "[^n]: n\n",
        "- $$a\n",
        "b$$\n",
        "- `\n",
        "\\[\n",
        "\\]\n",
        "<div>\n",
        "- <!--\n",
        "-->\n",
        "| a | b |\n",
        "|---|---|\n",
        "| c\n",
        "\\| d |\n",
        "\t- tab\n",
        "\ttab\n",
        "- a\r\n",
        "\r\n",
        "para\n\n",
        "\\\n",
        "10. x\n",
    ]);
    let before = proptest::sample::select(vec![
        "",
        "text\n\n",
        "text\n",
        "> q\n",
        "[r]: /r\n\n",
        "[^n]: note\n\n",
        "$$\n",
        "`\n",
        "| a | b |\n|---|---|\n",
        "a | b\n-|-\n",
        "\n| `a | b |\n|---|---|\n",
    ]);
    let rest =
        proptest::collection::vec(prop_oneof![3 => Just(None), 1 => odd.prop_map(Some)], 6..20);
    (before, usual, rest).prop_map(|(before, usual, rest)| {
        let rest: String = rest.into_iter().map(|odd| odd.unwrap_or(usual)).collect();
        before.to_owned() + &usual.repeat(9) + &rest
    })
}

#[test]
fn while_it_is_not_certain_what_comes_after_a_long_block_it_is_not_read_again() {
    for (block, after) in [
        ("- a\n".repeat(40), "\nand a line after it"),
        ("- a\n\n".repeat(40), "1"),
        ("1. a\n".repeat(40), "# heading\ntext"),
        ("- a\n".repeat(40) + "- b\n  $$ x", "\n"),
        ("- a\n".repeat(40) + "- b\n  $$ x\n", "- c\n"),
        (
            "| a |\n|---|\n".to_owned() + &"| b |\n".repeat(40),
            "1. item",
        ),
        (
            "| a |\n|---|\n".to_owned() + &"| b |\n".repeat(40),
            "\ntext",
        ),
        (
            "| a |\n|---|\n".to_owned() + &"| b |\n".repeat(40),
            "> quote",
        ),
    ] {
        let mut reader = Reader::default();
        let mut text = block;
        reader.check(&text);
        for c in after.chars() {
            text.push(c);
            let patch = reader.read(&text);
            let most = patch.changes.iter().map(|change| match &change.block {
                Block::List { items, .. } => items.len(),
                Block::Table { rows, .. } => rows.len(),
                _ => 0,
            });
            assert!(most.max() <= Some(2), "{patch:?}");
            reader.check(&text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn a_long_block_given_in_small_steps_equals_the_whole(text in long_blocks(), step in 1..6_usize) {
        let mut reader = Reader::default();
        for end in (0..text.len()).step_by(step).chain([text.len()]) {
            let part = &text[..text.floor_char_boundary(end)];
            reader.read(part);
            prop_assert_eq!(&reader.blocks, &parse(part), "{:?}", part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_text_given_in_pieces_equals_the_whole(pieces in pieces()) {
        let mut reader = Reader::default();
        let mut text = String::new();
        for piece in &pieces {
            text.push_str(piece);
            reader.read(&text);
            prop_assert_eq!(&reader.blocks, &parse(&text), "{:?}", text);
        }
    }
}

#[test]
fn space_between_items_without_text_reaches_the_items_before_them() {
    let items = "- a\n".repeat(12);
    for more in [
        "- # h\n\n- # g\n- b\n- c\n",
        "- ```\n  x\n  ```\n\n-\n- b\n\nc\n",
    ] {
        Reader::check_all(&(items.clone() + more));
    }
}

#[test]
fn an_item_whose_line_becomes_another_belongs_to_the_one_before_it() {
    for (before, line, rest) in [
        ("- a\n  - b\n", "-", "->\n- b"),
        ("- a\n", "-", "--\n- b"),
        ("- a\n", "- - ", "-\n- b"),
        ("1. a\n", "1.", "x\n1. b"),
    ] {
        let mut reader = Reader::default();
        let text = before.repeat(9) + line;
        reader.check(&text);
        reader.check(&(text + rest));
    }
}

#[test]
fn what_may_be_code_or_maths_reaches_over_the_items_that_were_settled() {
    for (block, rest) in [
        ("- a\n", "- x ` y\n- z\n- w\n- v\n- $$m$$ ` n\n- o\n"),
        ("- a\n", "- x ` y\n- z\n\n- w\n- $$m$$ ` n\n- o\n"),
        ("- a\n", "- $$m$$\n- x `` y\n- z\n- w $$m$$ `` n\n- o\n"),
        ("- a\n", "- t\n  \\[ x\n- b\n- c\n- d \\] e\n- f\n"),
        ("- a\n", "- ` $$m$$\n- b\n- c\n- ` d\n- e\n"),
        ("- \\(a\\)\n", "- t\n  $$ x\n- b\n- c\n- $$ d\n- e\n"),
        (
            "| a |\n|---|\n| b |\n| c |\n",
            "| x ` y |\n| z |\n| w |\n| $$m$$ ` n |\n",
        ),
        (
            "| ` |\n|---|\n| b |\n| c |\n",
            "| $$m$$ ` |\n| z |\n| w |\n| $$m$$ ` n |\n",
        ),
        (
            "$$ p\n| a |\n|---|\n| b |\n| c |\n",
            "| x\n| y $$ z\n| $$m$$ ` n |\n",
        ),
    ] {
        let (first, more) = block.split_at(block.find("| c").unwrap_or(0));
        Reader::check_all(&(first.to_owned() + &more.repeat(12) + rest));
    }
}
