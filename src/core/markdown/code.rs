//! Tells apart what code is made of, for colours: words, texts, numbers and comments, by rules so general that a few
//! of them do for all common languages. Nothing is understood, and nothing is lost.

mod language;

use self::language::{Language, Layout, language};

/// Longer code is left as it is.
const MOST: usize = 50_000;

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything else.
    Plain,
    /// A word of the language.
    Keyword,
    /// The name of a type.
    Type,
    /// A text in quotation marks.
    Text,
    /// A number, or another value that has a word.
    Number,
    /// A comment.
    Comment,
    /// The name of a function, a key, a property or an attribute.
    Name,
    /// A line that was added.
    Added,
    /// A line that was taken away.
    Removed,
}

/// The pieces of code in a language of that name; together they are the code.
#[must_use]
pub fn colours<'t>(name: &str, code: &'t str) -> Vec<(Kind, &'t str)> {
    match language(name) {
        Some(language) if code.len() <= MOST => {
            let mut reader = Reader {
                code,
                at: 0,
                plain_from: 0,
                pieces: Vec::new(),
                language,
            };
            reader.read();
            reader.pieces
        }
        _ => vec![(Kind::Plain, code)],
    }
}

struct Reader<'t> {
    code: &'t str,
    at: usize,
    plain_from: usize,
    pieces: Vec<(Kind, &'t str)>,
    language: &'static Language,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.code.get(self.at..).unwrap_or_default()
    }

    /// The next `length` bytes are of that kind.
    fn take(&mut self, kind: Kind, length: usize) {
        let end = self.at + length;
        if kind != Kind::Plain {
            self.flush();
            let piece = self.code.get(self.at..end).unwrap_or_default();
            self.pieces.push((kind, piece));
            self.plain_from = end;
        }
        self.at = end;
    }

    fn flush(&mut self) {
        let plain = self.code.get(self.plain_from..self.at);
        if let Some(plain) = plain.filter(|plain| !plain.is_empty()) {
            self.pieces.push((Kind::Plain, plain));
        }
        self.plain_from = self.at;
    }

    fn read(&mut self) {
        match self.language.layout {
            Layout::Words => {
                while !self.rest().is_empty() {
                    self.token();
                }
            }
            Layout::Marks => self.marks(),
            Layout::Lines(kind) => {
                for line in self.code.split_inclusive('\n') {
                    self.take(kind(line), line.len());
                }
            }
        }
        self.flush();
    }

    fn token(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return;
        };
        if let Some(length) = self.comment(rest) {
            self.take(Kind::Comment, length);
        } else if let Some(length) = self.text(rest, first) {
            let is_key = self.language.has_keys && follows_colon(rest, length);
            self.take(if is_key { Kind::Name } else { Kind::Text }, length);
        } else if first.is_ascii_digit() {
            let length = prefix(rest, |c| {
                c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
            });
            self.take(Kind::Number, length);
        } else if self.begins_word(first) {
            let length = self.word_length(rest);
            let word = rest.get(..length).unwrap_or_default();
            let after = rest.get(length..).unwrap_or_default();
            self.take(self.word(word, after), length);
        } else {
            self.take(Kind::Plain, first.len_utf8());
        }
    }

    fn comment(&self, rest: &str) -> Option<usize> {
        let language = self.language;
        if let Some((open, close)) = language.block_comment
            && let Some(inner) = rest.strip_prefix(open)
        {
            let end = inner.find(close).map(|end| end + close.len());
            return Some(open.len() + end.unwrap_or(inner.len()));
        }
        let mark = language
            .line_comment
            .iter()
            .find(|mark| rest.starts_with(**mark))?;
        // In a shell a mark amid a word is none.
        let before = self.code.get(..self.at)?.chars().next_back();
        let is_apart = !mark.starts_with('#') || before.is_none_or(char::is_whitespace);
        is_apart.then(|| rest.find('\n').unwrap_or(rest.len()))
    }

    fn text(&self, rest: &str, first: char) -> Option<usize> {
        if !self.language.quotes.contains(first) {
            return None;
        }
        let triple = rest.get(..3 * first.len_utf8())?;
        if self.language.has_triples && triple.chars().all(|c| c == first) {
            let inner = rest.get(3..)?;
            return Some(inner.find(triple).map_or(rest.len(), |end| end + 6));
        }
        let is_long = first == '`';
        // A lifetime of Rust.
        let mut near = rest.chars().skip(1);
        if self.language.is_char_short
            && first == '\''
            && near.next() != Some('\\')
            && near.next() != Some('\'')
        {
            return None;
        }
        let mut is_escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '\n' if !is_long => return self.lone(first, at),
                _ if c == first => return Some(at + 1),
                _ => {}
            }
        }
        self.lone(first, rest.len())
    }

    /// A text without an end goes to the end of its line; a lone apostrophe is nothing.
    fn lone(&self, first: char, length: usize) -> Option<usize> {
        (first != '\'').then_some(length)
    }

    fn begins_word(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_' || self.language.word_marks.contains(c)
    }

    fn word_length(&self, rest: &str) -> usize {
        let marks = self.language.word_marks;
        prefix(rest, |c| {
            c.is_alphanumeric() || c == '_' || marks.contains(c)
        })
    }

    fn word(&self, word: &str, after: &str) -> Kind {
        let language = self.language;
        let lower;
        let known = match language.ignores_case {
            true => {
                lower = word.to_ascii_lowercase();
                lower.as_str()
            }
            false => word,
        };
        let is_key = language.has_keys
            && after
                .trim_start_matches([' ', '\t'])
                .starts_with(['=', ':']);
        let is_call = after.starts_with(['(', '!']) && !after.starts_with("!=");
        let is_in = |words: &str| words.split(' ').any(|other| other == known);
        if is_in(language.values) {
            Kind::Number
        } else if is_in(language.keywords) {
            Kind::Keyword
        } else if is_in(language.types) {
            Kind::Type
        } else if is_key || is_call {
            Kind::Name
        } else if language.has_types && is_type(word) {
            Kind::Type
        } else {
            Kind::Plain
        }
    }

    /// HTML and XML.
    fn marks(&mut self) {
        while let Some(first) = self.rest().chars().next() {
            let rest = self.rest();
            if let Some(length) = self.comment(rest) {
                self.take(Kind::Comment, length);
            } else if first == '<' && rest.get(1..).is_some_and(begins_mark) {
                self.mark();
            } else {
                self.take(Kind::Plain, first.len_utf8());
            }
        }
    }

    fn mark(&mut self) {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
        let length = 1 + prefix(self.rest().get(1..).unwrap_or_default(), |c| {
            matches!(c, '/' | '!' | '?')
        });
        self.take(Kind::Plain, length);
        self.take(Kind::Keyword, prefix(self.rest(), is_name));
        while let Some(first) = self.rest().chars().next() {
            match first {
                '>' => return self.take(Kind::Plain, 1),
                '"' | '\'' => {
                    let inner = self.rest().get(1..).unwrap_or_default();
                    let length = inner.find(first).map_or(inner.len(), |end| end + 1);
                    self.take(Kind::Text, 1 + length);
                }
                _ if is_name(first) => self.take(Kind::Name, prefix(self.rest(), is_name)),
                _ => self.take(Kind::Plain, first.len_utf8()),
            }
        }
    }
}

fn prefix(text: &str, is_in: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_in(c)).unwrap_or(text.len())
}

fn begins_mark(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?'))
}

fn follows_colon(rest: &str, length: usize) -> bool {
    let after = rest.get(length..).unwrap_or_default();
    after.trim_start_matches([' ', '\t']).starts_with(':')
}

fn is_type(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_none_or(char::is_lowercase)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 20] = [
        "rust", "python", "js", "tsx", "json", "bash", "html", "xml", "css", "sql", "go", "java",
        "c", "c++", "yaml", "toml", "diff", "markdown", "kotlin", "csharp",
    ];

    fn shown(name: &str, code: &str) -> String {
        colours(name, code)
            .into_iter()
            .map(|(kind, piece)| match kind {
                Kind::Plain => piece.to_owned(),
                kind => {
                    let mark = format!("{kind:?}").chars().next().unwrap();
                    format!("{}<{piece}>", if kind == Kind::Number { '#' } else { mark })
                }
            })
            .collect()
    }

    #[test]
    fn common_languages_are_told_apart() {
        for (name, code, want) in [
            (
                "rust",
                "fn a<'x>(b: &'x str) -> Option<u8> { b'c'; 1_0u8 } // end",
                "K<fn> a<'x>(b: &'x T<str>) -> T<Option><T<u8>> { bT<'c'>; #<1_0u8> } C<// end>",
            ),
            (
                "Python",
                "@a\ndef f(x): return \"\"\"a\n\"b\"\"\" # c\n",
                "@a\nK<def> N<f>(x): K<return> T<\"\"\"a\n\"b\"\"\"> C<# c>\n",
            ),
            (
                "ts",
                "const a = `x ${1}\n` ?? null; /* b\n */",
                "K<const> a = T<`x ${1}\n`> ?? #<null>; C</* b\n */>",
            ),
            (
                "json",
                "{\"a\": [1, \"b\", true]}",
                "{N<\"a\">: [#<1>, T<\"b\">, #<true>]}",
            ),
            ("sh", "echo \"$a#b\" # c", "K<echo> T<\"$a#b\"> C<# c>"),
            (
                "html",
                "<!-- x --><a href=\"u\">1 < 2</a>",
                "C<<!-- x -->><K<a> N<href>=T<\"u\">>1 < 2</K<a>>",
            ),
            (
                "css",
                "@media { a-b { color: #fff; } }",
                "K<@media> { a-b { N<color>: #fff; } }",
            ),
            (
                "sql",
                "Select 1 FROM t -- c",
                "K<Select> #<1> K<FROM> t C<-- c>",
            ),
            ("yaml", "a-b: 'c' # d\n", "N<a-b>: T<'c'> C<# d>\n"),
            ("toml", "a = true\n", "N<a> = #<true>\n"),
            ("diff", " a\n+b\n-c\n", " a\nA<+b\n>R<-c\n>"),
            ("none", "fn", "fn"),
        ] {
            assert_eq!(shown(name, code), want, "{name}");
        }
    }

    #[test]
    fn long_code_is_left_alone() {
        let code = "fn ".repeat(20_000);
        assert_eq!(colours("rust", &code), [(Kind::Plain, code.as_str())]);
    }

    #[test]
    fn text_without_end_is_read_once() {
        for piece in ["'", "\"", "/*", "`", "<a", "'a ", "\"\"\"", "#"] {
            for name in NAMES {
                let code = piece.repeat(MOST / piece.len());
                let read: String = colours(name, &code)
                    .iter()
                    .map(|(_, piece)| *piece)
                    .collect();
                assert_eq!(read, code);
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(code in "([a-zA-Z0-9_'\"`/*#<>=!:\\\\ \\n$@-]|é|fn|\"\"\"|<!--|-->){0,60}") {
            for name in NAMES {
                let read: String = colours(name, &code).iter().map(|(_, piece)| *piece).collect();
                prop_assert_eq!(&read, &code);
            }
        }
    }
}
