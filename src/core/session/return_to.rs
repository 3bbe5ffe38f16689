//! The way back after a sign-in, as a value that cannot leave the app.

use thiserror::Error;

use crate::core::route::{Route, decode_lenient, decode_percent, split_href};
use crate::core::server::alias::Alias;

/// Longest accepted text, in characters; its rebuilt form may be no longer either.
const MAX_LEN: usize = 2048;

/// Which rule a text broke. It carries nothing of the text, so it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("return path refused: {}", self.rule())]
pub enum ReturnToError {
    /// It is empty or too long.
    Length,
    /// It does not begin with `/`.
    Start,
    /// It holds a control, a space or an invisible character.
    Character,
    /// It holds a backslash.
    Backslash,
    /// Its path holds `//`.
    DoubleSlash,
    /// It holds a `%` that does not begin an escape, or escapes that are not UTF-8.
    Percent,
    /// A segment is, or decodes to, something that a browser or a server may resolve.
    Segment,
    /// Its query or fragment decodes to a control.
    HiddenControl,
    /// It is no place of the app.
    UnknownRoute,
    /// It is a place that belongs to signing in itself.
    SignInRoute,
}

impl ReturnToError {
    /// The rule's name, for the log.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Start => "start",
            Self::Character => "character",
            Self::Backslash => "backslash",
            Self::DoubleSlash => "double-slash",
            Self::Percent => "percent",
            Self::Segment => "segment",
            Self::HiddenControl => "hidden-control",
            Self::UnknownRoute => "unknown-route",
            Self::SignInRoute => "sign-in-route",
        }
    }
}

/// Where to go after a sign-in. It exists only for a known place of the app that is not part of signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(Route);

impl ReturnTo {
    /// Reads a text that came from an address, from storage or from a link.
    ///
    /// # Errors
    /// The first rule it breaks; the caller goes to the lobby and logs the rule's name.
    pub fn parse(text: &str) -> Result<Self, ReturnToError> {
        check_characters(text)?;
        let (path, query, fragment) = split_href(text);
        if path.contains("//") {
            return Err(ReturnToError::DoubleSlash);
        }
        if decode_percent(text).is_none() {
            return Err(ReturnToError::Percent);
        }
        for segment in path.split('/') {
            check_segment(segment)?;
        }
        for tail in [query, fragment] {
            if decodings(tail).any(|text| text.chars().any(char::is_control)) {
                return Err(ReturnToError::HiddenControl);
            }
        }
        let route = Route::parse(path, query, fragment);
        match route {
            Route::Lobby
            | Route::Room { .. }
            | Route::Thread { .. }
            | Route::Diagnostics
            | Route::Versions => {}
            Route::Home { .. } | Route::Callback { .. } => return Err(ReturnToError::SignInRoute),
            Route::NotFound => return Err(ReturnToError::UnknownRoute),
        }
        // It is stored in its rebuilt form and read again after the sign-in, so that form must pass too.
        if route.to_path().len() > MAX_LEN {
            return Err(ReturnToError::Length);
        }
        Ok(Self(route))
    }

    /// The way back to a place; `None` where it may not be returned to. Held to the same rules as text.
    pub fn from_route(route: &Route) -> Option<Self> {
        Self::parse(&route.to_path()).ok()
    }

    /// The place itself.
    pub const fn route(&self) -> &Route {
        &self.0
    }

    /// The path to follow, rebuilt from the typed value.
    pub fn to_path(&self) -> String {
        self.0.to_path()
    }

    /// Whether it may be followed after a sign-in to this server: its place is that server's, or no server's.
    pub fn for_server(&self, alias: &Alias) -> bool {
        self.0.alias().is_none_or(|own| own == alias)
    }
}

fn check_characters(text: &str) -> Result<(), ReturnToError> {
    if text.is_empty() || text.chars().nth(MAX_LEN).is_some() {
        return Err(ReturnToError::Length);
    }
    if !text.starts_with('/') {
        return Err(ReturnToError::Start);
    }
    if text.contains('\\') {
        return Err(ReturnToError::Backslash);
    }
    if text.chars().any(|c| c == ' ' || is_hidden(c)) {
        return Err(ReturnToError::Character);
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), ReturnToError> {
    let is_bad = |text: &str| {
        let is_dots = !text.is_empty() && text.chars().all(is_dot);
        is_dots || text.chars().any(|c| is_slash(c) || is_hidden(c))
    };
    if is_bad(segment) || decodings(segment).any(|text| is_bad(&text)) {
        return Err(ReturnToError::Segment);
    }
    Ok(())
}

/// What a text decodes to, once, twice and so on, until it no longer changes. Each step reads as leniently as the most
/// lenient of those who might decode it later.
fn decodings(text: &str) -> impl Iterator<Item = String> {
    let next = |text: &str| Some(decode_lenient(text)).filter(|plain| plain != text);
    std::iter::successors(next(text), move |text| next(text))
}

/// Controls, spaces other than the plain one, and everything that takes no room or turns the reading direction.
fn is_hidden(c: char) -> bool {
    (c.is_whitespace() && c != ' ')
        || c.is_control()
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
            | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFF
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

fn is_slash(c: char) -> bool {
    matches!(
        c,
        '/' | '\\'
            | '\u{2044}'
            | '\u{2215}'
            | '\u{2216}'
            | '\u{2571}'
            | '\u{2572}'
            | '\u{27CB}'
            | '\u{27CD}'
            | '\u{29F5}'
            | '\u{29F8}'
            | '\u{29F9}'
            | '\u{2AFB}'
            | '\u{2AFD}'
            | '\u{FE68}'
            | '\u{FF0F}'
            | '\u{FF3C}'
            | '\u{1735}'
            | '\u{2F03}'
            | '\u{31D3}'
    )
}

fn is_dot(c: char) -> bool {
    matches!(
        c,
        '.' | '\u{B7}'
            | '\u{2024}'
            | '\u{2025}'
            | '\u{2026}'
            | '\u{3002}'
            | '\u{FE19}'
            | '\u{FE52}'
            | '\u{FF0E}'
            | '\u{FF61}'
            | '\u{701}'
            | '\u{702}'
            | '\u{A4F8}'
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::ReturnToError as Rule;
    use super::*;
    use crate::core::room::RoomId;
    use proptest::prelude::*;

    const BAD: &[(&str, Rule)] = &[
        // Absolute addresses, other schemes, no leading slash.
        ("", Rule::Length),
        ("lobby", Rule::Start),
        ("../admin", Rule::Start),
        ("./lobby", Rule::Start),
        ("https://evil.example/", Rule::Start),
        ("http://evil.example", Rule::Start),
        ("HTTPS:evil.example", Rule::Start),
        ("https:/evil.example", Rule::Start),
        ("javascript:alert(1)", Rule::Start),
        ("javascript://x/%0aalert(1)", Rule::Start),
        ("JaVaScRiPt:alert(1)", Rule::Start),
        ("data:text/html,x", Rule::Start),
        ("blob:https://app.example/x", Rule::Start),
        ("file:///etc/passwd", Rule::Start),
        ("tauri://localhost/", Rule::Start),
        ("?url=https://evil.example", Rule::Start),
        ("#/lobby", Rule::Start),
        ("\u{FEFF}/lobby", Rule::Start),
        (" /lobby", Rule::Start),
        ("\t/lobby", Rule::Start),
        ("\0/lobby", Rule::Start),
        ("%2Flobby", Rule::Start),
        ("%2F%2Fevil.example", Rule::Start),
        ("\\\\evil.example", Rule::Start),
        ("\u{FF0F}\u{FF0F}evil.example", Rule::Start),
        ("@evil.example", Rule::Start),
        // Protocol-relative, and what a browser turns into it.
        ("//evil.example", Rule::DoubleSlash),
        ("///evil.example", Rule::DoubleSlash),
        ("////evil.example", Rule::DoubleSlash),
        ("//user:pw@evil.example", Rule::DoubleSlash),
        ("//evil.example/lobby", Rule::DoubleSlash),
        ("//", Rule::DoubleSlash),
        ("/.//x", Rule::DoubleSlash),
        ("/..//x", Rule::DoubleSlash),
        ("/lobby//", Rule::DoubleSlash),
        ("/lobby/..//evil.example", Rule::DoubleSlash),
        ("/room//r", Rule::DoubleSlash),
        ("/room/a//evil.example", Rule::DoubleSlash),
        ("/%2e//evil.example", Rule::DoubleSlash),
        ("/\\evil.example", Rule::Backslash),
        ("/\\/evil.example", Rule::Backslash),
        ("/\\\\evil.example", Rule::Backslash),
        ("/lobby\\..\\x", Rule::Backslash),
        ("/lobby?x=\\", Rule::Backslash),
        ("/lobby#\\", Rule::Backslash),
        // Characters that browsers remove, skip or hide.
        ("/\t/evil.example", Rule::Character),
        ("/\n/evil.example", Rule::Character),
        ("/\r/evil.example", Rule::Character),
        ("/\r\n/evil.example", Rule::Character),
        ("/lobby\r\nSet-Cookie:x", Rule::Character),
        ("/lob\tby", Rule::Character),
        ("/lobby\n", Rule::Character),
        ("/lobby ", Rule::Character),
        ("/ /evil.example", Rule::Character),
        ("/\0/evil.example", Rule::Character),
        ("/lobby\u{1}", Rule::Character),
        ("/lobby\u{1f}", Rule::Character),
        ("/lobby\u{7f}", Rule::Character),
        ("/lobby\u{80}", Rule::Character),
        ("/lobby\u{85}", Rule::Character),
        ("/lobby\u{9f}", Rule::Character),
        ("/lobby\u{a0}", Rule::Character),
        ("/lobby\u{ad}", Rule::Character),
        ("/lobby\u{1680}", Rule::Character),
        ("/lobby\u{180e}", Rule::Character),
        ("/lobby\u{2000}", Rule::Character),
        ("/lobby\u{200b}", Rule::Character),
        ("/\u{200b}/evil.example", Rule::Character),
        ("/lobby\u{200d}", Rule::Character),
        ("/lobby\u{200e}", Rule::Character),
        ("/lobby\u{200f}", Rule::Character),
        ("/lobby\u{2028}", Rule::Character),
        ("/lobby\u{2029}", Rule::Character),
        ("/\u{202e}ybbol", Rule::Character),
        ("/lobby\u{202f}", Rule::Character),
        ("/lobby\u{205f}", Rule::Character),
        ("/lobby\u{2060}", Rule::Character),
        ("/lobby\u{2066}", Rule::Character),
        ("/lobby\u{2069}", Rule::Character),
        ("/lobby\u{3000}", Rule::Character),
        ("/lobby\u{3164}", Rule::Character),
        ("/lobby\u{fe0f}", Rule::Character),
        ("/lobby\u{feff}", Rule::Character),
        ("/lobby\u{fffd}", Rule::Character),
        ("/lobby\u{ffff}", Rule::Character),
        ("/lobby\u{e0041}", Rule::Character),
        ("/lobby?x=\u{202e}", Rule::Character),
        ("/lobby#\u{200b}", Rule::Character),
        // Escapes that are none.
        ("/%", Rule::Percent),
        ("/lobby%", Rule::Percent),
        ("/lobby%2", Rule::Percent),
        ("/lobby%zz", Rule::Percent),
        ("/lobby%u002f", Rule::Percent),
        ("/lobby%+1", Rule::Percent),
        ("/%ff/evil.example", Rule::Percent),
        ("/%c0%af/evil.example", Rule::Percent),
        ("/%e0%80%af/evil.example", Rule::Percent),
        ("/room/a/%ed%a0%80", Rule::Percent),
        ("/lobby?x=%zz", Rule::Percent),
        ("/lobby#%", Rule::Percent),
        // Segments that mean more than they say.
        ("/.", Rule::Segment),
        ("/..", Rule::Segment),
        ("/./lobby", Rule::Segment),
        ("/../lobby", Rule::Segment),
        ("/lobby/.", Rule::Segment),
        ("/lobby/..", Rule::Segment),
        ("/room/a/../b", Rule::Segment),
        ("/room/a/..?x", Rule::Segment),
        ("/%2e%2e/", Rule::Segment),
        ("/%2e/lobby", Rule::Segment),
        ("/%2E%2E/lobby", Rule::Segment),
        ("/.%2e/lobby", Rule::Segment),
        ("/%252e", Rule::Segment),
        ("/%252e%252e/lobby", Rule::Segment),
        ("/%25252e/lobby", Rule::Segment),
        ("/%25%32%65/lobby", Rule::Segment),
        ("/room/a/%2e%2e", Rule::Segment),
        ("/room/a/%2f", Rule::Segment),
        ("/%2f/evil.example", Rule::Segment),
        ("/%2F%2Fevil.example", Rule::Segment),
        ("/%252f%252fevil.example", Rule::Segment),
        ("/room/a/b%2f..%2fc", Rule::Segment),
        ("/%5Cx", Rule::Segment),
        ("/%5C%5Cevil.example", Rule::Segment),
        ("/%255Cevil.example", Rule::Segment),
        ("/room/a/%255c%25", Rule::Segment),
        ("/%09/x", Rule::Segment),
        ("/%2509/x", Rule::Segment),
        ("/%0a/x", Rule::Segment),
        ("/%0d%0a/x", Rule::Segment),
        ("/%00/x", Rule::Segment),
        ("/lobby%00", Rule::Segment),
        ("/lobby%0d%0aSet-Cookie:x", Rule::Segment),
        ("/room/a/%7f", Rule::Segment),
        ("/room/a/%c2%85", Rule::Segment),
        ("/room/a/%c2%a0", Rule::Segment),
        ("/room/a/%e2%80%8b", Rule::Segment),
        ("/room/a/%e2%80%ae", Rule::Segment),
        ("/room/a/%ef%bb%bf", Rule::Segment),
        ("/room/a/%25ff", Rule::Segment),
        ("/\u{ff0f}evil.example", Rule::Segment),
        ("/\u{ff3c}evil.example", Rule::Segment),
        ("/\u{2215}evil.example", Rule::Segment),
        ("/\u{2044}evil.example", Rule::Segment),
        ("/\u{29f8}evil.example", Rule::Segment),
        ("/\u{2216}evil.example", Rule::Segment),
        ("/\u{fe68}evil.example", Rule::Segment),
        ("/%ef%bc%8fevil.example", Rule::Segment),
        ("/%e2%88%95evil.example", Rule::Segment),
        ("/\u{ff0e}\u{ff0e}/lobby", Rule::Segment),
        ("/\u{2025}/lobby", Rule::Segment),
        ("/\u{3002}/lobby", Rule::Segment),
        ("/.\u{2024}/lobby", Rule::Segment),
        ("/%ef%bc%8e/lobby", Rule::Segment),
        // Controls in what follows the path.
        ("/lobby?x=%00", Rule::HiddenControl),
        ("/lobby?x=%0d%0a", Rule::HiddenControl),
        ("/lobby#%09", Rule::HiddenControl),
        ("/lobby#%2500", Rule::HiddenControl),
        // Not a place of the app.
        ("/api/v1/rooms", Rule::UnknownRoute),
        ("/api/login/campus", Rule::UnknownRoute),
        ("/logout", Rule::UnknownRoute),
        ("/not-found", Rule::UnknownRoute),
        ("/@evil.example", Rule::UnknownRoute),
        ("/evil.example", Rule::UnknownRoute),
        ("/https:evil.example", Rule::UnknownRoute),
        ("/;@evil.example", Rule::UnknownRoute),
        ("/LOBBY", Rule::UnknownRoute),
        ("/lobby;x", Rule::UnknownRoute),
        ("/room", Rule::UnknownRoute),
        ("/room/a", Rule::UnknownRoute),
        ("/room/UPPER/r", Rule::UnknownRoute),
        ("/room/a/r/thread", Rule::UnknownRoute),
        ("/room/a/r/delete", Rule::UnknownRoute),
        ("/auth/logout", Rule::UnknownRoute),
        ("/auth/callback", Rule::UnknownRoute),
        // Part of signing in.
        ("/", Rule::SignInRoute),
        ("/?url=https://evil.example", Rule::SignInRoute),
        ("/?returnTo=/lobby", Rule::SignInRoute),
        ("/#x", Rule::SignInRoute),
        ("/auth/callback/x", Rule::SignInRoute),
        ("/auth/callback/x/", Rule::SignInRoute),
        ("/%61uth/callback/x", Rule::SignInRoute),
        ("/auth/callback/x?token=t", Rule::SignInRoute),
    ];

    const GOOD: &[(&str, &str)] = &[
        ("/lobby", "/lobby"),
        ("/lobby/", "/lobby"),
        ("/lobby?x=1#y", "/lobby"),
        ("/%6Cobby", "/lobby"),
        ("/diagnostics", "/diagnostics"),
        ("/versions", "/versions"),
        ("/room/a/r1", "/room/a/r1"),
        ("/room/a/r1?focus=last", "/room/a/r1?focus=last"),
        ("/room/a/r1?from=//x", "/room/a/r1?from=//x"),
        ("/room/a/r1?next=https://x", "/room/a/r1?next=https://x"),
        ("/room/a/r1#//x", "/room/a/r1#%2F%2Fx"),
        ("/room/a/my%20room", "/room/a/my%20room"),
        ("/room/a/100%25", "/room/a/100%25"),
        ("/room/a/r\u{e4}um", "/room/a/r%C3%A4um"),
        ("/room/a/r%C3%A4um", "/room/a/r%C3%A4um"),
        ("/room/a/v1.2", "/room/a/v1.2"),
        ("/room/a/..b", "/room/a/..b"),
        ("/room/a/a:b@c", "/room/a/a%3Ab%40c"),
        ("/room/a/r/thread/0b0e-1#m-7", "/room/a/r/thread/0b0e-1#m-7"),
        (
            "/room/thread/thread/thread/thread",
            "/room/thread/thread/thread/thread",
        ),
    ];

    #[test]
    fn every_known_trick_is_refused_by_the_rule_made_for_it() {
        assert!(BAD.len() > 80);
        for (text, rule) in BAD {
            assert_eq!(ReturnTo::parse(text), Err(*rule), "{text:?}");
        }
    }

    #[test]
    fn every_way_back_is_followed_in_its_rebuilt_form() {
        for (text, path) in GOOD {
            let back = ReturnTo::parse(text).unwrap_or_else(|rule| panic!("{text}: {rule}"));
            assert_eq!(back.to_path(), *path, "{text}");
        }
    }

    #[test]
    fn a_path_may_have_2048_characters_and_not_one_more() {
        let longest = format!("/room/a/{}", "r".repeat(2040));
        assert!(ReturnTo::parse(&longest).is_ok());
        assert_eq!(ReturnTo::parse(&format!("{longest}r")), Err(Rule::Length));
        let grows = format!("/room/a/{}", "\u{e4}".repeat(1000));
        assert_eq!(ReturnTo::parse(&grows), Err(Rule::Length));
    }

    #[test]
    fn the_error_names_the_rule_and_nothing_of_the_text() {
        let error = ReturnTo::parse("https://secret.example").unwrap_err();
        assert_eq!(error.rule(), "start");
        assert_eq!(error.to_string(), "return path refused: start");
        assert!(!format!("{error:?}").contains("secret"));
    }

    #[test]
    fn a_place_of_one_server_is_not_followed_after_signing_in_to_another() {
        let (a, b) = (Alias::parse("a").unwrap(), Alias::parse("b").unwrap());
        let thread = ReturnTo::parse("/room/a/r/thread/t").unwrap();
        assert!(thread.for_server(&a));
        assert!(!thread.for_server(&b));
        assert!(ReturnTo::parse("/lobby").unwrap().for_server(&b));
    }

    #[test]
    fn a_route_is_held_to_the_same_rules_as_text() {
        let alias = Alias::parse("a").unwrap();
        let room = |id: &str| Route::room(alias.clone(), RoomId::from(id));
        let good = room("my room?");
        assert_eq!(ReturnTo::from_route(&good).unwrap().route(), &good);
        for id in ["..", "a/b", "a\\b", "\u{202e}", ""] {
            assert_eq!(ReturnTo::from_route(&room(id)), None, "{id:?}");
        }
        for route in [
            Route::home(),
            Route::NotFound,
            Route::Callback {
                flow: "x".to_owned(),
            },
        ] {
            assert_eq!(ReturnTo::from_route(&route), None, "{route:?}");
        }
    }

    /// Where a browser ends up: the steps of the URL standard that can change the host or the path.
    fn browser_path(href: &str) -> Option<String> {
        let trimmed = href.trim_matches(|c: char| c <= ' ');
        let text: String = trimmed
            .chars()
            .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
            .collect();
        let end = text.find(['?', '#']).unwrap_or(text.len());
        let path = text.split_at(end).0.replace('\\', "/");
        if !path.starts_with('/') || path.starts_with("//") {
            return None;
        }
        let mut resolved: Vec<&str> = Vec::new();
        for segment in path.split('/').skip(1) {
            match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
                "." => {}
                ".." => {
                    resolved.pop();
                }
                _ => resolved.push(segment),
            }
        }
        Some(format!("/{}", resolved.join("/")))
    }

    fn stays_put(text: &str) -> Result<(), TestCaseError> {
        let Ok(back) = ReturnTo::parse(text) else {
            return Ok(());
        };
        let path = back.to_path();
        let (plain, _, _) = split_href(&path);
        prop_assert!(
            path.is_ascii() && !path.bytes().any(|b| b <= b' ' || b == b'\\' || b == 0x7f)
        );
        let (typed, _, _) = split_href(text);
        prop_assert!(browser_path(text).is_some_and(|browser| browser == typed));
        prop_assert!(browser_path(&path).is_some_and(|browser| browser == plain));
        prop_assert!(!plain.contains("//"));
        prop_assert_eq!(ReturnTo::parse(&path), Ok(back));
        Ok(())
    }

    #[test]
    fn the_browser_model_of_these_tests_sees_the_tricks() {
        for text in ["//x", "/\\x", "/\t/x", "x", "https://x"] {
            assert_eq!(browser_path(text), None, "{text:?}");
        }
        assert_eq!(browser_path("/lobby/%2E%2e/x?y").as_deref(), Some("/x"));
    }

    proptest! {
        #[test]
        fn no_accepted_text_leaves_the_origin(text in any::<String>()) {
            stays_put(&text)?;
            stays_put(&format!("/{text}"))?;
            stays_put(&format!("/room/a/{text}"))?;
        }

        #[test]
        fn no_accepted_mixture_of_tricks_leaves_the_origin(
            parts in proptest::collection::vec(
                prop::sample::select(vec![
                    "/", "//", "\\", ".", "..", "%2e", "%2f", "%5c", "%25", "2e", "%", "\t", " ", "@", ":", "?", "#",
                    "lobby", "room", "a", "thread", "\u{ff0f}", "\u{202e}", "%0a", "\u{e4}", "x",
                ]),
                0..10,
            ),
            start in prop::sample::select(vec!["", "/", "/lobby", "/room/a/", "/room/a/r/thread/", "/room/a/r?", "/room/a/r#"]),
        ) {
            stays_put(&format!("{start}{}", parts.concat()))?;
        }
    }
}
