//! What of the reference output is compared, by rule:
//!
//! * line ends between blocks do not count;
//! * an address that is not safe to follow is left out, others are compared without percent signs, the
//!   scheme in small letters;
//! * of an image only its text counts: the app has its own rules for what is loaded;
//! * a bare address becomes a link here and none there: a link whose text is its address counts as its text, unless
//!   the markdown has it in angle brackets;
//! * `<br>` in the text is a line end here.

use enfilade::core::markdown::link::SafeUrl;

pub fn plain(html: &str, markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find('>').map_or(rest.len(), |end| end + 1);
        let (mark, after) = rest.split_at(end);
        rest = after;
        if mark.starts_with("<a ")
            && let Some(close) = rest.find("</a>")
        {
            let inner = &rest[..close];
            let (mark, address) = link(mark);
            let is_bare = address.as_deref() == Some(inner) && !is_bracketed(markdown, inner);
            if is_bare {
                out.push_str(inner);
                rest = &rest[close + 4..];
            } else {
                out.push_str(&mark);
            }
        } else if mark.starts_with("<img ") {
            let alt = attribute(mark, "alt").unwrap_or_default();
            out.push_str(&format!("<img alt=\"{alt}\" />"));
        } else if matches!(mark, "<br>" | "<br/>" | "<br />") {
            out.push_str("<br />");
        } else {
            out.push_str(mark);
        }
    }
    out.push_str(rest);
    joined(&out)
}

/// Line ends beside the marks of blocks are only there to be read.
fn joined(html: &str) -> String {
    let mut html = html.to_owned();
    for name in [
        "p",
        "li",
        "ul",
        "ol",
        "blockquote",
        "pre",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr /",
    ] {
        for mark in [format!("<{name}>"), format!("</{name}>")] {
            html = html
                .replace(&format!("{mark}\n"), &mark)
                .replace(&format!("\n{mark}"), &mark);
        }
    }
    html.replace("<br />\n", "<br />").trim().to_owned()
}

fn is_bracketed(markdown: &str, address: &str) -> bool {
    markdown.contains(&format!("<{}>", unescaped(address)))
}

fn link(mark: &str) -> (String, Option<String>) {
    let address = attribute(mark, "href").map(|href| unescaped(&href));
    let safe = address.filter(|href| SafeUrl::parse(&decoded(href)).is_some());
    let href = safe
        .as_deref()
        .and_then(|href| SafeUrl::parse(&decoded(href)));
    let href = href.map(|href| format!(" href=\"{href}\""));
    let title = attribute(mark, "title").map(|title| format!(" title=\"{title}\""));
    (
        format!(
            "<a{}{}>",
            href.unwrap_or_default(),
            title.unwrap_or_default()
        ),
        safe,
    )
}

fn attribute(mark: &str, name: &str) -> Option<String> {
    let (_, rest) = mark.split_once(&format!(" {name}=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// Without percent signs: the reference writes addresses with them, a browser does when it follows one.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
