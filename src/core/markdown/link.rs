//! Which addresses out of untrusted text may be followed or shown.

use super::node::Inline;
use std::fmt;

const MAX_LEN: usize = 4096;

/// An absolute http, https or mailto address that is safe to put into a link. Everything else is shown as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SafeUrl(String);

impl SafeUrl {
    /// Takes the address if it is absolute, has one of the three schemes and hides nothing: no white space, controls, backslashes,
    /// invisible or direction-changing characters, and no user name before the host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LEN || text.chars().any(is_refused) {
            return None;
        }
        let (scheme, rest) = text.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let is_safe = match scheme.as_str() {
            "http" | "https" => has_plain_host(rest),
            "mailto" => is_mail(rest),
            _ => false,
        };
        is_safe.then(|| Self(format!("{scheme}:{rest}")))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The server it leads to, without its port; empty for mail.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match authority.find(']') {
            Some(end) => authority.get(..=end).unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An image inside its own address: PNG, JPEG, WebP or GIF in base64.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DataImage(String);

impl DataImage {
    /// Takes a `data:` address of one of the four kinds. SVG is refused, since it can carry scripts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once(',')?;
        let kind = head.to_ascii_lowercase();
        let kind = kind.strip_prefix("data:image/")?.strip_suffix(";base64")?;
        let payload = body.trim_end_matches('=');
        let is_base64 = payload
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        let has_length =
            !payload.is_empty() && payload.len() % 4 != 1 && body.len() - payload.len() <= 2;
        (matches!(kind, "png" | "jpeg" | "jpg" | "webp" | "gif") && is_base64 && has_length)
            .then(|| Self(format!("data:image/{kind};base64,{body}")))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An image that this browser holds itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobUrl(String);

impl BlobUrl {
    /// Takes a `blob:` address. Those of other origins do not load.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix("blob:")?;
        let is_safe = SafeUrl::parse(inner).is_some() && !inner.starts_with("mailto:");
        is_safe.then(|| Self(text.to_owned()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_refused(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\\' | '<' | '>' | '"' | '`')
        || matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFF}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

fn has_plain_host(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix("//") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[') {
        Some(literal) => {
            let Some((host, port)) = literal.split_once(']') else {
                return false;
            };
            if host.is_empty()
                || !host
                    .chars()
                    .all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))
            {
                return false;
            }
            (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some("")),
            )
        }
        None => {
            let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
            let is_name = host
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
            (if is_name { host } else { "" }, Some(port))
        }
    };
    !host.is_empty()
        && !host.starts_with('.')
        && port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

// Line ends in an address could add headers to the mail.
fn is_mail(rest: &str) -> bool {
    let lower = rest.to_ascii_lowercase();
    let address = rest.split('?').next().unwrap_or_default();
    !address.starts_with('/')
        && address.contains('@')
        && !lower.contains("%0a")
        && !lower.contains("%0d")
}

/// Turns the bare http(s) addresses in texts into links.
pub(super) fn link_bare(inlines: Vec<Inline>) -> Vec<Inline> {
    let has_bare = |inline: &Inline| matches!(inline, Inline::Text(text) if text.contains("://"));
    if !inlines.iter().any(has_bare) {
        return inlines;
    }
    let mut out = Vec::with_capacity(inlines.len());
    for inline in inlines {
        match inline {
            Inline::Text(text) if text.contains("://") => split_text(&text, &mut out),
            other => out.push(other),
        }
    }
    out
}

fn split_text(text: &str, out: &mut Vec<Inline>) {
    let mut plain_from = 0;
    let mut search_from = 0;
    while let Some(found) = text.get(search_from..).and_then(|rest| rest.find("://")) {
        let colon = search_from + found;
        search_from = colon + 3;
        let before = text.get(plain_from..colon).unwrap_or_default();
        let scheme_len = before
            .bytes()
            .rev()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let start = colon - scheme_len;
        let follows_word = text
            .get(plain_from..start)
            .and_then(|before| before.chars().next_back())
            .is_some_and(char::is_alphanumeric);
        let end = start + address_len(text.get(start..).unwrap_or_default());
        let address = text.get(start..end).unwrap_or_default();
        let Some(href) = (!follows_word).then(|| SafeUrl::parse(address)).flatten() else {
            // Past the whole word: looking at every part of it again would take a long word's length squared.
            search_from = end.max(search_from);
            continue;
        };
        if plain_from < start {
            out.push(Inline::Text(
                text.get(plain_from..start).unwrap_or_default().to_owned(),
            ));
        }
        out.push(Inline::Link {
            href: Some(href),
            title: None,
            inlines: vec![Inline::Text(address.to_owned())],
        });
        plain_from = end;
        search_from = end.max(search_from);
    }
    if let Some(rest) = text.get(plain_from..).filter(|rest| !rest.is_empty()) {
        out.push(Inline::Text(rest.to_owned()));
    }
}

// As on GitHub: marks at the end belong to the sentence, and a bracket only if it was not opened inside the address.
fn address_len(text: &str) -> usize {
    let end = text.find(is_refused).unwrap_or(text.len());
    let mut address = text.get(..end).unwrap_or_default();
    let mut depth = address.bytes().filter(|byte| *byte == b')').count();
    let opened = address.bytes().filter(|byte| *byte == b'(').count();
    loop {
        address = match address.chars().next_back() {
            Some(')') if depth > opened => {
                depth -= 1;
                address.strip_suffix(')').unwrap_or_default()
            }
            Some(
                '?' | '!' | '.' | ',' | ':' | ';' | '*' | '_' | '~' | '\'' | ']' | '}' | '|' | '…'
                | '。' | '，' | '）',
            ) => {
                let mut chars = address.chars();
                chars.next_back();
                chars.as_str()
            }
            _ => return address.len(),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn absolute_web_and_mail_addresses_are_links() {
        for (text, want) in [
            ("https://example.org", "https://example.org"),
            (
                "HTTPS://Example.org/A?b=%5C#c",
                "https://Example.org/A?b=%5C#c",
            ),
            ("http://localhost:8000/x", "http://localhost:8000/x"),
            ("http://[::1]:80/", "http://[::1]:80/"),
            (
                "https://bücher.example/größe",
                "https://bücher.example/größe",
            ),
            (
                "https://example.org//x/../@y",
                "https://example.org//x/../@y",
            ),
            (
                "mailto:a@example.org?subject=Hi",
                "mailto:a@example.org?subject=Hi",
            ),
        ] {
            assert_eq!(SafeUrl::parse(text).expect(text).as_str(), want);
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in [
            "",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            " javascript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,<script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://example.org/1",
            "ftp://example.org",
            "//example.org",
            "/.//example.org",
            "/%5Cexample.org",
            "/%09/example.org",
            "/room",
            "room",
            "#part",
            "?query",
            "\\\\example.org",
            "https:example.org",
            "https:/example.org",
            "https:///example.org",
            "https://",
            "https://?x",
            "https://\\example.org",
            "https:\\\\example.org",
            "https://example.org\\@evil.example",
            "https://good.example@evil.example/",
            "https://user:pass@evil.example/",
            "https://exa%6Dple.org",
            "https://example.org:80x/",
            "https://[::1",
            "https://[::1]x/",
            "https://[]/",
            "https://.example.org",
            "https://example.org/a b",
            "https://example.org/\u{00A0}",
            "https://example.org/\n",
            "ht\ntps://example.org",
            "https\t://example.org",
            "https://example.org/\u{202E}gpj.exe",
            "https://example.org/\u{200B}",
            "https://exam\u{00AD}ple.org",
            "\u{FEFF}https://example.org",
            "https://example.org/\u{0085}",
            "https://example.org/\"onclick=",
            "https：//example.org",
            "ｈttps://example.org",
            "https://example。org",
            "https://example.org／x",
            "mailto:",
            "mailto:nobody",
            "mailto://a@example.org",
            "mailto:a@example.org?x=%0D%0ABcc:b@example.org",
            "view-source:https://example.org",
        ] {
            assert_eq!(SafeUrl::parse(text), None, "{text:?}");
        }
        assert_eq!(
            SafeUrl::parse(&format!("https://example.org/{}", "x".repeat(5000))),
            None
        );
    }

    #[test]
    fn only_four_kinds_of_image_may_be_inside_the_text() {
        for text in [
            "data:image/png;base64,iVBORw0KGgo=",
            "DATA:IMAGE/JPEG;BASE64,AAAA",
            "data:image/webp;base64,AAA",
            "data:image/gif;base64,AA==",
        ] {
            assert!(DataImage::parse(text).is_some(), "{text}");
        }
        for text in [
            "data:image/svg+xml;base64,AAAA",
            "data:text/html;base64,AAAA",
            "data:image/png,AAAA",
            "data:image/png;base64,",
            "data:image/png;base64,A",
            "data:image/png;base64,AA===",
            "data:image/png;base64,AA A",
            "data:image/png;base64,AAAA\"onerror=",
            "data:image/png;charset=x;base64,AAAA",
            "https://example.org/a.png",
        ] {
            assert_eq!(DataImage::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_host_of_an_address_is_told_without_its_port() {
        for (text, host) in [
            ("https://a.example:80/x:y", "a.example"),
            ("http://[::1]:80/", "[::1]"),
            ("http://b.example?x", "b.example"),
            ("mailto:a@b.example", ""),
        ] {
            assert_eq!(SafeUrl::parse(text).unwrap().host(), host);
        }
    }

    #[test]
    fn an_image_of_this_browser_has_the_address_of_a_page_in_it() {
        assert!(BlobUrl::parse("blob:https://example.org/0-1-2").is_some());
        for text in [
            "blob:",
            "blob:null/1",
            "blob:javascript:x",
            "blob:mailto:a@b.c",
            "https://a.b",
        ] {
            assert_eq!(BlobUrl::parse(text), None, "{text}");
        }
    }

    fn shape(text: &str) -> String {
        let parts = link_bare(vec![Inline::Text(text.to_owned())]);
        parts
            .iter()
            .map(|part| match part {
                Inline::Text(text) => text.clone(),
                Inline::Link { href, .. } => format!("<{}>", href.as_ref().unwrap()),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn bare_addresses_become_links_without_the_marks_around_them() {
        for (text, want) in [
            (
                "see https://example.org/a_b.",
                "see <https://example.org/a_b>.",
            ),
            ("(https://example.org/a)", "(<https://example.org/a>)"),
            ("https://example.org/a_(b)", "<https://example.org/a_(b)>"),
            ("http://a.b, http://c.d!", "<http://a.b>, <http://c.d>!"),
            ("xhttps://example.org", "xhttps://example.org"),
            ("9http://a.b", "9http://a.b"),
            ("ftp://a.b and ://", "ftp://a.b and ://"),
            ("http://a.b://c", "<http://a.b://c>"),
            (
                "http://a@b)(http://c.d) http://e.f",
                "http://a@b)(http://c.d) <http://e.f>",
            ),
            ("http://x@y.z http://k.l", "http://x@y.z <http://k.l>"),
            ("„https://a.b…", "„<https://a.b>…"),
        ] {
            assert_eq!(shape(text), want, "{text}");
        }
    }

    #[test]
    fn a_long_word_of_addresses_is_looked_at_once() {
        for word in ["http://", "(http://a)", "xhttp://", "://"] {
            let text = word.repeat(100_000);
            assert_eq!(shape(&text), text);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_finder_panic_or_lose_a_letter(text in "(http|https|://|a|é|\\)|\\(|\\.| |/){0,24}") {
            prop_assert_eq!(shape(&text).replace(['<', '>'], ""), text);
        }

        #[test]
        fn what_is_accepted_has_one_of_three_schemes(text in ".*") {
            if let Some(url) = SafeUrl::parse(&text) {
                prop_assert!(["http://", "https://", "mailto:"].iter().any(|scheme| url.as_str().starts_with(scheme)));
            }
        }
    }
}
