//! Style sheets: the files of `style/` as one small file.

use crate::failure::{Failure, Outcome};

/// Joins `(name, text)` sheets in order and takes out what a browser does not need.
pub fn bundle(sheets: &[(String, String)]) -> Outcome<String> {
    let mut bundle = String::new();
    for (name, text) in sheets {
        let small = minify(text);
        if small.contains("@import") {
            return Err(Failure::new(format!(
                "{name} uses @import: list the file in index.html instead, as <link data-trunk rel=\"css\">"
            )));
        }
        bundle.push_str(&small);
    }
    Ok(bundle)
}

/// Removes comments and the whitespace that has no meaning. Strings are left alone.
fn minify(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    let mut space = false;
    while let Some(next) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
            space = true;
        } else if next.is_whitespace() {
            rest = &rest[next.len_utf8()..];
            space = true;
        } else {
            let piece = if matches!(next, '"' | '\'') {
                &rest[..string_length(rest, next)]
            } else {
                &rest[..next.len_utf8()]
            };
            push(&mut out, piece, std::mem::take(&mut space));
            rest = &rest[piece.len()..];
        }
    }
    out
}

fn push(out: &mut String, piece: &str, space: bool) {
    // Not before ':' or '(' and not around '+': `a :hover`, `and (`, `calc(1px + 2px)` need their spaces.
    const NONE_BEFORE: [&str; 6] = ["{", "}", ";", ",", ")", "!"];
    const NONE_AFTER: [char; 7] = ['{', '}', ';', ',', ':', '(', '!'];
    if space && !out.is_empty() && !NONE_BEFORE.contains(&piece) && !out.ends_with(NONE_AFTER) {
        out.push(' ');
    }
    if piece == "}" && out.ends_with(';') {
        out.pop();
    }
    out.push_str(piece);
}

/// Bytes of the string at the start of `text`, with both quotes.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_idle_whitespace_go() {
        assert_eq!(
            minify(
                "/* look */\n@layer reset, kit;\n\n.a ,\n.b > i {\n  color : red ;\n  margin: 0 auto;\n}\n"
            ),
            "@layer reset,kit;.a,.b > i{color :red;margin:0 auto}"
        );
    }

    #[test]
    fn whitespace_with_a_meaning_stays() {
        assert_eq!(minify("a :hover{b:c}"), "a :hover{b:c}");
        assert_eq!(
            minify("@media screen and (width > 30rem) { a { inset: calc( 1px + (2px - 3%) ) } }"),
            "@media screen and (width > 30rem){a{inset:calc(1px + (2px - 3%))}}"
        );
        assert_eq!(minify("a{margin:0/**/auto}"), "a{margin:0 auto}");
        assert_eq!(minify("a .b , c{}"), "a .b,c{}");
    }

    #[test]
    fn strings_are_left_alone() {
        assert_eq!(
            minify(r#"a::before { content: "  { /* \" */ }  "; }"#),
            r#"a::before{content:"  { /* \" */ }  "}"#
        );
        assert_eq!(
            minify("a{content:\"never closed "),
            "a{content:\"never closed "
        );
    }

    #[test]
    fn sheets_are_joined_in_their_order_and_may_not_import() {
        let sheet = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(
            bundle(&[sheet("b.css", "b { }"), sheet("a.css", "a { }")]).unwrap(),
            "b{}a{}"
        );
        let failure = bundle(&[sheet("style/x.css", "@import 'y.css';")]).unwrap_err();
        assert!(failure.to_string().starts_with("style/x.css uses @import"));
    }
}
