//! The node tree as HTML for the clipboard. It is only ever handed to other programs, never put into our page.

use super::node::{Align, Block, ImageSrc, Inline, Item};

/// The blocks as HTML with plain, meaningful elements.
#[must_use]
pub fn to_html(blocks: &[Block]) -> String {
    let mut out = String::new();
    blocks.iter().for_each(|node| block(&mut out, node));
    out
}

fn block(out: &mut String, node: &Block) {
    match node {
        Block::Paragraph(inlines) => wrap(out, "p", |out| spans(out, inlines)),
        Block::Heading { level, inlines } => {
            wrap(out, &format!("h{}", (*level).clamp(1, 6)), |out| {
                spans(out, inlines);
            });
        }
        Block::Code { text, .. } => wrap(out, "pre", |out| {
            wrap(out, "code", |out| escape(out, text));
        }),
        Block::Quote(blocks) => wrap(out, "blockquote", |out| {
            blocks.iter().for_each(|node| block(out, node));
        }),
        Block::List {
            ordered: None,
            items,
        } => wrap(out, "ul", |out| {
            items.iter().for_each(|one| item(out, one));
        }),
        Block::List {
            ordered: Some(first),
            items,
        } => {
            out.push_str(&format!("<ol start=\"{first}\">"));
            items.iter().for_each(|one| item(out, one));
            out.push_str("</ol>");
        }
        Block::Table { align, head, rows } => wrap(out, "table", |out| {
            wrap(out, "thead", |out| row(out, "th", align, head));
            wrap(out, "tbody", |out| {
                rows.iter().for_each(|cells| row(out, "td", align, cells));
            });
        }),
        Block::Rule => out.push_str("<hr>"),
        // As LaTeX: few programs take MathML, and everybody who writes formulas reads this.
        Block::Math(source) => wrap(out, "p", |out| escape(out, source)),
        Block::Note { label, blocks } => {
            wrap(out, "p", |out| escape(out, &format!("[{label}]")));
            blocks.iter().for_each(|node| block(out, node));
        }
        Block::Html(text) => wrap(out, "p", |out| escape(out, text)),
    }
}

fn item(out: &mut String, item: &Item) {
    wrap(out, "li", |out| {
        if let Some(checked) = item.checked {
            out.push_str(if checked { "[x] " } else { "[ ] " });
        }
        for node in &item.blocks {
            match node {
                Block::Paragraph(inlines) if item.tight => spans(out, inlines),
                _ => block(out, node),
            }
        }
    });
}

fn row(out: &mut String, tag: &str, align: &[Align], cells: &[Vec<Inline>]) {
    wrap(out, "tr", |out| {
        for (column, cell) in cells.iter().enumerate() {
            let align = match align.get(column) {
                Some(Align::Left) => " align=\"left\"",
                Some(Align::Center) => " align=\"center\"",
                Some(Align::Right) => " align=\"right\"",
                Some(Align::None) | None => "",
            };
            out.push_str(&format!("<{tag}{align}>"));
            spans(out, cell);
            out.push_str(&format!("</{tag}>"));
        }
    });
}

fn spans(out: &mut String, inlines: &[Inline]) {
    inlines.iter().for_each(|node| span(out, node));
}

fn span(out: &mut String, node: &Inline) {
    match node {
        Inline::Text(text) | Inline::Html(text) => escape(out, text),
        Inline::Code(text) => wrap(out, "code", |out| escape(out, text)),
        Inline::Math { source, .. } => escape(out, source),
        Inline::NoteRef(label) => wrap(out, "sup", |out| escape(out, &format!("[{label}]"))),
        Inline::Emphasis(inlines) => wrap(out, "em", |out| spans(out, inlines)),
        Inline::Strong(inlines) => wrap(out, "strong", |out| spans(out, inlines)),
        Inline::Strike(inlines) => wrap(out, "del", |out| spans(out, inlines)),
        Inline::Link {
            href: Some(href),
            inlines,
            ..
        } => {
            open(out, "<a href=\"", href.as_str());
            spans(out, inlines);
            out.push_str("</a>");
        }
        Inline::Link {
            href: None,
            inlines,
            ..
        } => spans(out, inlines),
        Inline::Image {
            src: ImageSrc::Data(src),
            alt,
        } => {
            out.push_str("<img src=\"");
            escape(out, src.as_str());
            open(out, "\" alt=\"", alt);
        }
        // Not fetched here, so not fetched by whatever it is pasted into either.
        Inline::Image { alt, .. } => escape(out, alt),
        Inline::SoftBreak => out.push('\n'),
        Inline::HardBreak => out.push_str("<br>"),
    }
}

fn wrap(out: &mut String, tag: &str, content: impl FnOnce(&mut String)) {
    out.push_str(&format!("<{tag}>"));
    content(out);
    out.push_str(&format!("</{tag}>"));
}

/// The last attribute of an element, and the end of its tag.
fn open(out: &mut String, start: &str, value: &str) {
    out.push_str(start);
    escape(out, value);
    out.push_str("\">");
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::markdown::parse::parse;
    use proptest::prelude::*;

    fn html(text: &str) -> String {
        to_html(&parse(text))
    }

    #[test]
    fn markup_becomes_elements_that_mean_the_same() {
        for (text, wanted) in [
            (
                "a **b** *c* `d` ~~e~~",
                "<p>a <strong>b</strong> <em>c</em> <code>d</code> <del>e</del></p>",
            ),
            ("## x", "<h2>x</h2>"),
            ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
            ("3. a", "<ol start=\"3\"><li>a</li></ol>"),
            ("- [x] a", "<ul><li>[x] a</li></ul>"),
            ("```rust\na < b\n```", "<pre><code>a &lt; b</code></pre>"),
            ("> a", "<blockquote><p>a</p></blockquote>"),
            (
                "[a](https://b.example/?c&d)",
                "<p><a href=\"https://b.example/?c&amp;d\">a</a></p>",
            ),
            (
                "| a | b |\n| --- | ---: |\n| 1 | 2 |",
                "<table><thead><tr><th>a</th><th align=\"right\">b</th></tr></thead><tbody><tr><td>1</td><td align=\"right\">2</td></tr></tbody></table>",
            ),
        ] {
            assert_eq!(html(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_was_text_stays_text() {
        assert_eq!(
            html("<script>alert(1)</script>"),
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
        );
        assert_eq!(html("[a](javascript:alert(1))"), "<p>a</p>");
        assert!(!html("![a](https://b.example/c.png)").contains("<img"));
    }

    proptest! {
        #[test]
        fn no_text_gets_a_tag_of_its_own_through(text in ".{0,80}") {
            let known = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "code", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "hr", "br", "a", "img", "em", "strong", "del"];
            for tag in html(&text).split('<').skip(1) {
                let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
                prop_assert!(known.contains(&name.as_str()), "{name}");
            }
        }
    }
}
