//! Our nodes as HTML, as the reference would write it. HTML in the text, which the app shows as text, is written as
//! it is: so it can be compared whether it was found.

use enfilade::core::markdown::node::{Align, Block, Inline, Item};

pub fn html(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect()
}

fn block(node: &Block) -> String {
    match node {
        Block::Paragraph(inlines) => format!("<p>{}</p>\n", spans(inlines)),
        Block::Heading { level, inlines } => {
            format!("<h{level}>{}</h{level}>\n", spans(inlines))
        }
        Block::Code { language, text, .. } => {
            let class = language
                .as_ref()
                .map(|name| format!(" class=\"language-{}\"", escape(name)));
            let end = if text.is_empty() { "" } else { "\n" };
            format!(
                "<pre><code{}>{}{end}</code></pre>\n",
                class.unwrap_or_default(),
                escape(text)
            )
        }
        Block::Quote(blocks) => format!("<blockquote>\n{}</blockquote>\n", html(blocks)),
        Block::List { ordered, items } => {
            let (open, close) = match ordered {
                None => ("<ul>".to_owned(), "</ul>"),
                Some(1) => ("<ol>".to_owned(), "</ol>"),
                Some(first) => (format!("<ol start=\"{first}\">"), "</ol>"),
            };
            let items: String = items.iter().map(item).collect();
            format!("{open}\n{items}{close}\n")
        }
        Block::Table { align, head, rows } => table(align, head, rows),
        Block::Rule => "<hr />\n".to_owned(),
        Block::Html(text) => text.clone(),
        Block::Math(source) => format!("<p>$${}$$</p>\n", escape(source)),
        Block::Note { label, blocks } => format!("<note {label}>{}</note>\n", html(blocks)),
    }
}

fn item(item: &Item) -> String {
    let tick = item
        .checked
        .map(|is_done| format!("[{}]", if is_done { "x" } else { " " }));
    let blocks: String = item
        .blocks
        .iter()
        .map(|node| match node {
            Block::Paragraph(inlines) if item.tight => spans(inlines),
            _ => block(node),
        })
        .collect();
    format!("<li>{}{blocks}</li>\n", tick.unwrap_or_default())
}

fn table(align: &[Align], head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>]) -> String {
    let row = |cells: &[Vec<Inline>]| {
        let cells: String = cells
            .iter()
            .map(|cell| format!("<td>{}</td>", spans(cell)))
            .collect();
        format!("<tr>{cells}</tr>")
    };
    let rows: String = rows.iter().map(|cells| row(cells)).collect();
    format!("<table {align:?}>{}{rows}</table>", row(head))
}

fn spans(inlines: &[Inline]) -> String {
    inlines.iter().map(span).collect()
}

fn span(node: &Inline) -> String {
    match node {
        Inline::Text(text) => escape(text),
        Inline::Code(text) => format!("<code>{}</code>", escape(text)),
        Inline::Math { source, .. } => format!("$${}$$", escape(source)),
        Inline::NoteRef(label) => format!("[^{label}]"),
        Inline::Emphasis(inlines) => format!("<em>{}</em>", spans(inlines)),
        Inline::Strong(inlines) => format!("<strong>{}</strong>", spans(inlines)),
        Inline::Strike(inlines) => format!("<del>{}</del>", spans(inlines)),
        Inline::Link {
            href,
            title,
            inlines,
        } => {
            let href = href
                .as_ref()
                .map(|href| format!(" href=\"{}\"", escape(href.as_str())));
            let title = title
                .as_ref()
                .map(|title| format!(" title=\"{}\"", escape(title)));
            format!(
                "<a{}{}>{}</a>",
                href.unwrap_or_default(),
                title.unwrap_or_default(),
                spans(inlines)
            )
        }
        Inline::Image { alt, .. } => format!("<img alt=\"{}\" />", escape(alt)),
        Inline::SoftBreak => "\n".to_owned(),
        Inline::HardBreak => "<br />\n".to_owned(),
        Inline::Html(text) => text.clone(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
