use super::builder::MAX_DEPTH;
use super::*;
use crate::core::markdown::node::{Align, ImageSrc, Inline, Item};
use proptest::prelude::*;

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

fn paragraph(words: &str) -> Block {
    Block::Paragraph(vec![text(words)])
}

fn only(source: &str) -> Vec<Inline> {
    match &parse(source)[..] {
        [Block::Paragraph(inlines)] => inlines.clone(),
        other => panic!("{other:?}"),
    }
}

fn depth(block: &Block) -> usize {
    match block {
        Block::Quote(blocks) => 1 + blocks.iter().map(depth).max().unwrap_or(0),
        Block::List { items, .. } => {
            1 + items
                .iter()
                .flat_map(|item| &item.blocks)
                .map(depth)
                .max()
                .unwrap_or(0)
        }
        Block::Paragraph(inlines) => inlines.iter().map(inline_depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn inline_depth(inline: &Inline) -> usize {
    match inline {
        Inline::Emphasis(inlines)
        | Inline::Strong(inlines)
        | Inline::Strike(inlines)
        | Inline::Link { inlines, .. } => 1 + inlines.iter().map(inline_depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn blocks_come_in_order() {
    let blocks = parse(
        "# A\n\nb\n\n> q\n\n---\n\n```rust,ignore\nfn x() {}\n```\n\n    indented\n\n<div>\nx\n</div>\n",
    );
    assert_eq!(
        blocks,
        [
            Block::Heading {
                level: 1,
                inlines: vec![text("A")]
            },
            paragraph("b"),
            Block::Quote(vec![paragraph("q")]),
            Block::Rule,
            Block::Code {
                language: Some("rust".into()),
                text: "fn x() {}".into(),
                is_open: false
            },
            Block::Code {
                language: None,
                text: "indented".into(),
                is_open: false
            },
            Block::Html("<div>\nx\n</div>\n".into()),
        ]
    );
}

#[test]
fn lists_keep_numbers_ticks_tightness_and_nesting() {
    let item = |words: &str, checked, tight| Item {
        checked,
        blocks: vec![paragraph(words)],
        tight,
    };
    assert_eq!(
        parse("3. a\n4. b"),
        [Block::List {
            ordered: Some(3),
            items: vec![item("a", None, true), item("b", None, true)]
        }]
    );
    assert_eq!(
        parse("- [x] a\n- [ ] b"),
        [Block::List {
            ordered: None,
            items: vec![item("a", Some(true), true), item("b", Some(false), true)]
        }]
    );
    assert_eq!(
        parse("- [x] a\n\n- b"),
        [Block::List {
            ordered: None,
            items: vec![item("a", Some(true), false), item("b", None, false)]
        }]
    );
    let inner = Block::List {
        ordered: None,
        items: vec![item("b", None, true)],
    };
    assert_eq!(
        parse("- a\n  - b\n- c"),
        [Block::List {
            ordered: None,
            items: vec![
                Item {
                    checked: None,
                    blocks: vec![paragraph("a"), inner],
                    tight: true
                },
                item("c", None, true)
            ]
        }]
    );
}

#[test]
fn a_table_has_head_rows_and_alignment() {
    assert_eq!(
        parse("| a | b |\n|:-:|--:|\n| 1 | **2** |\n| 3<br>4 |\n"),
        [Block::Table {
            align: vec![Align::Center, Align::Right],
            head: vec![vec![text("a")], vec![text("b")]],
            rows: vec![
                vec![vec![text("1")], vec![Inline::Strong(vec![text("2")])]],
                vec![vec![text("3"), Inline::HardBreak, text("4")], vec![]],
            ],
        }]
    );
}

#[test]
fn emphasis_code_and_breaks_are_nodes() {
    assert_eq!(
        only("*a* **b** ~~c~~ `d`\ne  \nf"),
        [
            Inline::Emphasis(vec![text("a")]),
            text(" "),
            Inline::Strong(vec![text("b")]),
            text(" "),
            Inline::Strike(vec![text("c")]),
            text(" "),
            Inline::Code("d".into()),
            Inline::SoftBreak,
            text("e"),
            Inline::HardBreak,
            text("f"),
        ]
    );
}

#[test]
fn html_is_kept_as_text() {
    assert_eq!(
        only("a <b onclick=x>b</b>"),
        [
            text("a "),
            Inline::Html("<b onclick=x>".into()),
            text("b"),
            Inline::Html("</b>".into())
        ]
    );
    assert_eq!(
        parse("<script>alert(1)</script>"),
        [Block::Html("<script>alert(1)</script>".into())]
    );
    assert_eq!(only("&lt;b&gt; &amp;"), [text("<b> &")]);
}

#[test]
fn unsafe_links_keep_only_their_text() {
    for source in [
        "[x](javascript:alert(1))",
        "[x](<java\tscript:a>)",
        "[x](//evil.example)",
        "[x](/.//x)",
        "[x](/%5Cx)",
        "[x](data:text/html,a)",
    ] {
        assert_eq!(
            only(source),
            [Inline::Link {
                href: None,
                title: None,
                inlines: vec![text("x")]
            }],
            "{source}"
        );
    }
    assert!(matches!(
        &only("<vbscript:x>")[..],
        [Inline::Link { href: None, .. }]
    ));
    assert!(matches!(
        &only("[x](java&#115;cript:alert)")[..],
        [Inline::Link { href: None, .. }]
    ));
}

#[test]
fn safe_links_mail_and_bare_addresses_are_links() {
    let link = |source: &str| match &only(source)[..] {
        [
            Inline::Link {
                href: Some(href),
                title,
                inlines,
            },
        ] => (href.to_string(), title.clone(), inlines.clone()),
        other => panic!("{source}: {other:?}"),
    };
    assert_eq!(
        link("[x](https://a.example 'T')"),
        (
            "https://a.example".into(),
            Some("T".into()),
            vec![text("x")]
        )
    );
    assert_eq!(
        link("<a@b.example>"),
        ("mailto:a@b.example".into(), None, vec![text("a@b.example")])
    );
    assert_eq!(
        link("https://a.example/x_y_z&c"),
        (
            "https://a.example/x_y_z&c".into(),
            None,
            vec![text("https://a.example/x_y_z&c")]
        )
    );
    assert_eq!(
        link("[https://a.example](https://b.example)").2,
        [text("https://a.example")]
    );
    assert_eq!(
        link("[*https://a.example*](https://b.example)").2,
        [Inline::Emphasis(vec![text("https://a.example")])]
    );
    assert_eq!(link("[r]\n\n[r]: https://c.example").0, "https://c.example");
}

#[test]
fn remote_images_are_addresses_and_only_safe_data_is_shown() {
    let src = |source: &str| match &only(source)[..] {
        [Inline::Image { src, alt }] => (src.clone(), alt.clone()),
        other => panic!("{source}: {other:?}"),
    };
    assert!(
        matches!(src("![a *b* `c`](https://a.example/x.png)"), (ImageSrc::Remote(_), alt) if alt == "a b c")
    );
    assert!(matches!(
        src("![a](data:image/png;base64,AAAA)"),
        (ImageSrc::Data(_), _)
    ));
    for refused in [
        "![a](data:image/svg+xml;base64,AAAA)",
        "![a](javascript:x)",
        "![a](/x.png)",
        "![a](mailto:a@b.c)",
    ] {
        assert_eq!(src(refused), (ImageSrc::Refused, "a".into()), "{refused}");
    }
    assert!(matches!(src("![a ![b](x) c](y)"), (ImageSrc::Refused, alt) if alt == "a b c"));
}

#[test]
fn nesting_without_end_is_flattened_and_loses_no_text() {
    for source in [
        format!("{}deep", "> ".repeat(100_000)),
        format!("{}deep", ">".repeat(100_000)),
        format!("{}deep", "- ".repeat(5_000)),
        format!("{}deep{}", "*".repeat(20_000), "*".repeat(20_000)),
        format!("{}deep{}", "**a ".repeat(2_000), " a**".repeat(2_000)),
        format!("{}deep{}", "[".repeat(20_000), "](x)".repeat(20_000)),
        format!("{}deep{}", "![".repeat(2_000), "](x)".repeat(2_000)),
    ] {
        let blocks = parse(&source);
        assert!(
            blocks.iter().map(depth).max().unwrap() <= MAX_DEPTH + 1,
            "{}",
            &source[..9]
        );
        assert!(format!("{blocks:?}").contains("deep"), "{}", &source[..9]);
    }
}

#[test]
fn the_odds_of_the_standard_hold() {
    assert_eq!(parse(""), []);
    assert_eq!(parse("\n \n"), []);
    assert_eq!(only("\\*a\\*"), [text("*a*")]);
    assert_eq!(only("snake_case_word"), [text("snake_case_word")]);
    assert_eq!(only("\u{0}"), [text("\u{FFFD}")]);
    assert_eq!(
        parse("a\n==="),
        [Block::Heading {
            level: 1,
            inlines: vec![text("a")]
        }]
    );
    assert_eq!(
        parse("```\nopen"),
        [Block::Code {
            language: None,
            text: "open".into(),
            is_open: true
        }]
    );
    assert_eq!(
        parse("~~~\na\n\nb\n~~~"),
        [Block::Code {
            language: None,
            text: "a\n\nb".into(),
            is_open: false
        }]
    );
    assert_eq!(
        parse("> a\nb"),
        [Block::Quote(vec![Block::Paragraph(vec![
            text("a"),
            Inline::SoftBreak,
            text("b")
        ])])]
    );
    assert_eq!(
        parse("-"),
        [Block::List {
            ordered: None,
            items: vec![Item {
                checked: None,
                blocks: vec![],
                tight: true
            }]
        }]
    );
    assert_eq!(only("$x$ [^1]"), [text("$x$ [^1]")]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(source in "([>*_`~|\\[\\]()!<&# \\t\\r\\n\\-+1.:=a-c]|é|://|http|    ){0,80}") {
        let blocks = parse(&source);
        prop_assert!(blocks.iter().all(|block| depth(block) <= MAX_DEPTH));
    }
}
