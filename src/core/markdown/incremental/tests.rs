use super::super::parse::parse;
use super::*;
use proptest::prelude::*;

fn blocks(sections: &[Arc<Section>]) -> Vec<Block> {
    sections
        .iter()
        .flat_map(|section| section.blocks.clone())
        .collect()
}

const ANSWER: &str = "# Title\n\nFirst *paragraph* here.\n\n- a\n- b\n\n  more of b\n\n1. x\n\n2. y\n\n```py\nx = 1\n\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\nlazy\n\n<div>\n\ntext\n\n</div>\n\nlast line\n";

#[test]
fn settled_blocks_are_kept_and_only_the_tail_is_read_again() {
    let mut growing = Incremental::new();
    growing.update("one\n\ntwo\n\nthr");
    let before = growing.sections().to_vec();
    growing.update("one\n\ntwo\n\nthree");
    let after = growing.sections();
    assert!(Arc::ptr_eq(&before[0], &after[0]) && Arc::ptr_eq(&before[1], &after[1]));
    assert!(!Arc::ptr_eq(&before[2], &after[2]));
    assert_eq!(before[2].key, after[2].key);
    assert_eq!(growing.settled_to, 5);
}

#[test]
fn every_prefix_equals_a_full_read() {
    let mut growing = Incremental::new();
    for end in 0..=ANSWER.len() {
        let prefix = &ANSWER[..end];
        assert_eq!(blocks(growing.update(prefix)), parse(prefix), "{prefix:?}");
    }
    assert!(growing.settled_to > ANSWER.len() / 2);
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
    ] {
        let mut growing = Incremental::new();
        for end in 0..=source.len() {
            assert_eq!(
                blocks(growing.update(&source[..end])),
                parse(&source[..end]),
                "{:?}",
                &source[..end]
            );
        }
    }
}

#[test]
fn a_reference_defined_late_reaches_the_text_before_it() {
    let source = "see [r]\n\nmore [r]\n\ntext\n\n[r]: https://example.org\n\nend [r]\n\nx";
    let mut growing = Incremental::new();
    for end in 0..=source.len() {
        assert_eq!(
            blocks(growing.update(&source[..end])),
            parse(&source[..end]),
            "{:?}",
            &source[..end]
        );
    }
    assert!(format!("{:?}", growing.sections()[0]).contains("https://example.org"));
}

#[test]
fn a_text_that_does_not_go_on_from_the_last_starts_anew_with_new_keys() {
    let mut growing = Incremental::new();
    let old = growing.update("one\n\ntwo\n\nthree\n")[0].key;
    let new = growing.update("other\n\ntwo\n");
    assert_eq!(blocks(new), parse("other\n\ntwo\n"));
    assert_ne!(new[0].key, old);
    assert!(growing.update("").is_empty());
}

#[test]
fn the_same_text_again_changes_nothing() {
    let mut growing = Incremental::new();
    let before = growing.update(ANSWER).to_vec();
    assert!(
        growing
            .update(ANSWER)
            .iter()
            .zip(&before)
            .all(|(a, b)| Arc::ptr_eq(a, b))
    );
}

fn pieces() -> impl Strategy<Value = Vec<String>> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![
            "\n", "\n\n", "\n\n", " ", "    ", "\t", "  ", "- ", "* ", "+", "1. ", "2)", "> ", ">", "# ", "---", "***", "===", "```", "~~~", "|", "|---|",
            "a", "b", "*", "_", "`", "[r]", "[r]: /u", "[r]: https://x.y\n", "](x)", "![", "<div>", "</div>", "<!--", "-->", "<pre>", "\r\n", "\r",
            "\\", "&amp;", "https://x.y", "- [ ] ", ":", "\u{FEFF}", "\0", "é", "  \n",
        ])
        .prop_map(str::to_owned),
        1 => "[a-c \n]{0,6}",
    ];
    proptest::collection::vec(piece, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_text_given_in_pieces_equals_the_whole(pieces in pieces()) {
        let mut growing = Incremental::new();
        let mut text = String::new();
        for piece in &pieces {
            text.push_str(piece);
            prop_assert_eq!(blocks(growing.update(&text)), parse(&text), "{:?}", text);
        }
    }
}
