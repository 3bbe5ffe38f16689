//! The places of the app, as values.

use crate::core::room::{RoomId, ThreadId};
use crate::core::server::alias::Alias;

/// A place of the app. Paths are relative to the folder the app is served from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/`: connect a server. Both texts come from whoever made the link and are not to be trusted.
    Home {
        /// The address to fill in.
        url: Option<String>,
        /// Where to go afterwards, as text; see [`crate::core::session::return_to::ReturnTo`].
        return_to: Option<String>,
    },
    /// `/lobby`: servers and their rooms.
    Lobby,
    /// `/room/:alias/:room`.
    Room {
        /// The server.
        alias: Alias,
        /// The room.
        room: RoomId,
        /// The query without its `?`, still encoded.
        query: Option<String>,
        /// The fragment, decoded.
        anchor: Option<String>,
    },
    /// `/room/:alias/:room/thread/:thread`.
    Thread {
        /// The server.
        alias: Alias,
        /// The room.
        room: RoomId,
        /// The thread.
        thread: ThreadId,
        /// The query without its `?`, still encoded.
        query: Option<String>,
        /// The fragment, decoded: the message to go to.
        anchor: Option<String>,
    },
    /// `/auth/callback/:flow`: where a sign-in comes back to.
    Callback {
        /// The last segment, unchecked; see [`crate::core::session::pre_auth::FlowId::parse`].
        flow: String,
    },
    /// `/diagnostics`.
    Diagnostics,
    /// `/versions`.
    Versions,
    /// Anything else.
    NotFound,
}

impl Route {
    /// Reads a location. All parts are percent-encoded, as in `window.location`; a leading `?` or `#` is allowed.
    pub fn parse(path: &str, query: &str, fragment: &str) -> Self {
        Self::known(path, query, fragment).unwrap_or(Self::NotFound)
    }

    fn known(path: &str, query: &str, fragment: &str) -> Option<Self> {
        let inner = path.strip_prefix('/')?;
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        let decoded = if inner.is_empty() && path.len() <= 1 {
            vec![]
        } else {
            inner
                .split('/')
                .map(|segment| decode_percent(segment).filter(|text| !text.is_empty()))
                .collect::<Option<Vec<String>>>()?
        };
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        match segments.as_slice() {
            [] => Some(Self::Home {
                url: query_value(query, "url"),
                return_to: query_value(query, "returnTo"),
            }),
            ["lobby"] => Some(Self::Lobby),
            ["room", alias, room] => Some(Self::Room {
                alias: Alias::parse(alias)?,
                room: RoomId::from(*room),
                query: safe_query(query),
                anchor: decoded_anchor(fragment),
            }),
            ["room", alias, room, "thread", thread] => Some(Self::Thread {
                alias: Alias::parse(alias)?,
                room: RoomId::from(*room),
                thread: ThreadId::from(*thread),
                query: safe_query(query),
                anchor: decoded_anchor(fragment),
            }),
            ["auth", "callback", flow] => Some(Self::Callback {
                flow: (*flow).to_owned(),
            }),
            ["diagnostics"] => Some(Self::Diagnostics),
            ["versions"] => Some(Self::Versions),
            _ => None,
        }
    }

    /// Reads a location in one piece: `/room/a/b?x=1#m`.
    pub fn parse_href(href: &str) -> Self {
        let (path, query, fragment) = split_href(href);
        Self::parse(path, query, fragment)
    }

    /// The connect page with nothing filled in.
    pub const fn home() -> Self {
        Self::Home {
            url: None,
            return_to: None,
        }
    }

    /// A room, without query or anchor.
    pub const fn room(alias: Alias, room: RoomId) -> Self {
        Self::Room {
            alias,
            room,
            query: None,
            anchor: None,
        }
    }

    /// A thread, without query or anchor.
    pub const fn thread(alias: Alias, room: RoomId, thread: ThreadId) -> Self {
        Self::Thread {
            alias,
            room,
            thread,
            query: None,
            anchor: None,
        }
    }

    /// The path to it with query and fragment, every part percent-encoded.
    pub fn to_path(&self) -> String {
        match self {
            Self::Home { url, return_to } => {
                let pairs = [("url", url), ("returnTo", return_to)];
                let query: Vec<String> = pairs
                    .into_iter()
                    .filter_map(|(key, value)| {
                        let value = value.as_deref().filter(|value| !value.is_empty())?;
                        Some(format!("{key}={}", encode_segment(value)))
                    })
                    .collect();
                if query.is_empty() {
                    "/".to_owned()
                } else {
                    format!("/?{}", query.join("&"))
                }
            }
            Self::Lobby => "/lobby".to_owned(),
            Self::Room {
                alias,
                room,
                query,
                anchor,
            } => {
                let path = format!("/room/{alias}/{}", encode_segment(room.as_str()));
                with_tail(path, query.as_deref(), anchor.as_deref())
            }
            Self::Thread {
                alias,
                room,
                thread,
                query,
                anchor,
            } => {
                let room = encode_segment(room.as_str());
                let thread = encode_segment(thread.as_str());
                let path = format!("/room/{alias}/{room}/thread/{thread}");
                with_tail(path, query.as_deref(), anchor.as_deref())
            }
            Self::Callback { flow } => format!("/auth/callback/{}", encode_segment(flow)),
            Self::Diagnostics => "/diagnostics".to_owned(),
            Self::Versions => "/versions".to_owned(),
            Self::NotFound => "/not-found".to_owned(),
        }
    }

    /// The server it belongs to, if it belongs to one.
    pub const fn alias(&self) -> Option<&Alias> {
        match self {
            Self::Room { alias, .. } | Self::Thread { alias, .. } => Some(alias),
            _ => None,
        }
    }

    /// Whether anyone may see it without a session. `NotFound` shows nothing private, so a slip in an address is
    /// told and not turned into a sign-in.
    pub const fn is_public(&self) -> bool {
        !matches!(self, Self::Lobby | Self::Room { .. } | Self::Thread { .. })
    }

    /// Whether it needs a connected server, no matter which.
    pub const fn needs_any_server(&self) -> bool {
        !self.is_public() && self.alias().is_none()
    }
}

fn with_tail(mut path: String, query: Option<&str>, anchor: Option<&str>) -> String {
    if let Some(query) = query.and_then(safe_query) {
        path.push('?');
        path.push_str(&query);
    }
    if let Some(anchor) = anchor.filter(|anchor| !anchor.is_empty()) {
        path.push('#');
        path.push_str(&encode_segment(anchor));
    }
    path
}

/// Splits an app-relative address into path, query and fragment, without their marks.
pub fn split_href(href: &str) -> (&str, &str, &str) {
    let (rest, fragment) = href.split_once('#').unwrap_or((href, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    (path, query, fragment)
}

/// The first non-empty value of a key in a query string, with `%` and `+` decoded.
pub fn query_value(query: &str, key: &str) -> Option<String> {
    let query = query.strip_prefix('?').unwrap_or(query);
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| decode_form(name) == key)
        .map(|(_, value)| decode_form(value))
        .find(|value| !value.is_empty())
}

/// Decodes a form value: `+` is a space, a malformed `%` stands for itself.
fn decode_form(text: &str) -> String {
    decode_lenient(&text.replace('+', " "))
}

/// Decodes a percent-encoded text once, as lenient servers do: a malformed `%` stands for itself, bytes that are not
/// UTF-8 become U+FFFD.
pub(crate) fn decode_lenient(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = match tail {
            [high, low, tail @ ..] if *first == b'%' => hex_pair(*high, *low).zip(Some(tail)),
            _ => None,
        };
        let (byte, tail) = escape.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A query that can be put back into an address as it is: every character that means something elsewhere is encoded.
fn safe_query(query: &str) -> Option<String> {
    // All of them, or a query that begins with `?` would lose one at each reading.
    let query = query.trim_start_matches('?');
    if query.is_empty() || decode_percent(query).is_none() {
        return None;
    }
    let mut safe = String::with_capacity(query.len());
    for c in query.chars() {
        match c {
            '/' | '?' => safe.push(c),
            _ => encode_path_char(c, &mut safe),
        }
    }
    Some(safe)
}

fn decoded_anchor(fragment: &str) -> Option<String> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    decode_percent(fragment).filter(|anchor| !anchor.is_empty())
}

/// Percent-encodes a text so that it can stand as one path segment, query value or part of a storage key.
pub fn encode_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            push_escape(byte, &mut encoded);
        }
    }
    encoded
}

/// Appends a character of an encoded path: what may stand in a segment and `%` as it is, the rest percent-encoded.
pub(crate) fn encode_path_char(c: char, into: &mut String) {
    let is_plain = c.is_ascii_alphanumeric() || "-_.~!$&()*+,;=:@%".contains(c);
    if is_plain {
        into.push(c);
    } else {
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            push_escape(byte, into);
        }
    }
}

fn push_escape(byte: u8, into: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    into.push('%');
    into.extend(DIGITS.get(usize::from(byte >> 4)));
    into.extend(DIGITS.get(usize::from(byte & 15)));
}

/// Decodes a percent-encoded text once; `None` for a malformed sequence or bytes that are not UTF-8.
pub fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let [high, low, tail @ ..] = tail else {
                return None;
            };
            bytes.push(hex_pair(*high, *low)?);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let value = char::from(high).to_digit(16)? << 4 | char::from(low).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lab() -> Alias {
        Alias::parse("lab").unwrap()
    }

    #[test]
    fn every_path_of_the_table_leads_to_its_route() {
        let room = RoomId::from("river lab");
        let thread = ThreadId::from("t1");
        for (href, route) in [
            ("/", Route::home()),
            ("/lobby", Route::Lobby),
            ("/lobby/", Route::Lobby),
            ("/lobby?x=1#y", Route::Lobby),
            ("/room/lab/river%20lab", Route::room(lab(), room.clone())),
            (
                "/room/lab/river%20lab/thread/t1",
                Route::thread(lab(), room, thread),
            ),
            (
                "/auth/callback/abc",
                Route::Callback {
                    flow: "abc".to_owned(),
                },
            ),
            ("/diagnostics", Route::Diagnostics),
            ("/versions", Route::Versions),
        ] {
            assert_eq!(Route::parse_href(href), route, "{href}");
        }
    }

    #[test]
    fn everything_else_is_not_found() {
        for href in [
            "",
            "lobby",
            "//",
            "//lobby",
            "/lobby//",
            "/Lobby",
            "/room",
            "/room/lab",
            "/room/lab/",
            "/room//x",
            "/room/lab//thread/t",
            "/auth/callback//",
            "/room/LAB/x",
            "/room/l%2Fb/x",
            "/room/lab/%zz",
            "/room/lab/%ff",
            "/room/lab/x/thread",
            "/room/lab/x/thread/",
            "/room/lab/x/info",
            "/auth/callback",
            "/auth/callback/a/b",
            "/api/v1/rooms",
            "/not-found",
            "/.//x",
            "https://evil.example/lobby",
        ] {
            assert_eq!(Route::parse_href(href), Route::NotFound, "{href}");
        }
    }

    #[test]
    fn the_connect_page_carries_address_and_way_back_whole() {
        let route = Route::Home {
            url: Some("https://lab.example:8443/a b?x=1&y#z".to_owned()),
            return_to: Some("/room/lab/r%201?focus=last&x=%2B#m+1".to_owned()),
        };
        let path = route.to_path();
        assert_eq!(
            path,
            "/?url=https%3A%2F%2Flab.example%3A8443%2Fa%20b%3Fx%3D1%26y%23z\
             &returnTo=%2Froom%2Flab%2Fr%25201%3Ffocus%3Dlast%26x%3D%252B%23m%2B1"
        );
        assert_eq!(Route::parse_href(&path), route);
        assert_eq!(Route::home().to_path(), "/");
    }

    #[test]
    fn an_empty_value_counts_as_missing_and_plus_is_a_space() {
        assert_eq!(
            Route::parse("/", "?url=&url=a+b%20c&returnTo=", ""),
            Route::Home {
                url: Some("a b c".to_owned()),
                return_to: None
            }
        );
    }

    #[test]
    fn a_thread_keeps_its_query_and_its_anchor() {
        let href = "/room/lab/r/thread/t?from=/x?y&q=%C3%A4#message%201";
        let route = Route::parse_href(href);
        let Route::Thread { query, anchor, .. } = &route else {
            panic!("{route:?}");
        };
        assert_eq!(query.as_deref(), Some("from=/x?y&q=%C3%A4"));
        assert_eq!(anchor.as_deref(), Some("message 1"));
        assert_eq!(route.to_path(), href);
        assert_eq!(
            Route::parse("/room/lab/r", "?a=1", "#m").to_path(),
            "/room/lab/r?a=1#m"
        );
    }

    #[test]
    fn an_unsafe_query_is_encoded_and_a_malformed_one_dropped() {
        assert_eq!(
            Route::parse("/room/lab/r", "a=<b>\"'\u{a}ä", "").to_path(),
            "/room/lab/r?a=%3Cb%3E%22%27%0A%C3%A4"
        );
        assert_eq!(
            Route::parse("/room/lab/r", "a=%zz", "%").to_path(),
            "/room/lab/r"
        );
        assert_eq!(
            Route::parse_href("/room/lab/r???a").to_path(),
            "/room/lab/r?a"
        );
        assert_eq!(Route::parse_href("/room/lab/r???").to_path(), "/room/lab/r");
        let handmade = Route::Room {
            alias: lab(),
            room: RoomId::from("r"),
            query: Some("a#b".to_owned()),
            anchor: None,
        };
        assert_eq!(handmade.to_path(), "/room/lab/r?a%23b");
    }

    #[test]
    fn only_rooms_threads_and_the_lobby_are_private() {
        for (href, is_public, needs_any) in [
            ("/", true, false),
            ("/auth/callback/x", true, false),
            ("/diagnostics", true, false),
            ("/versions", true, false),
            ("/nowhere", true, false),
            ("/lobby", false, true),
            ("/room/lab/r", false, false),
            ("/room/lab/r/thread/t", false, false),
        ] {
            let route = Route::parse_href(href);
            assert_eq!(route.is_public(), is_public, "{href}");
            assert_eq!(route.needs_any_server(), needs_any, "{href}");
            assert_eq!(
                route.alias().is_some(),
                href.starts_with("/room/"),
                "{href}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_a_route_writes_it_also_reads(
            room in "\\PC{1,12}",
            thread in "[a-z/%?#+ \\\\.ä]{1,12}",
            query in proptest::option::of("[a-z]=[a-z%]?"),
            anchor in proptest::option::of("\\PC{1,8}"),
        ) {
            let query = query.filter(|query| !query.contains('%'));
            let route = Route::Thread {
                alias: lab(),
                room: RoomId::from(room),
                thread: ThreadId::from(thread),
                query,
                anchor,
            };
            prop_assert_eq!(Route::parse_href(&route.to_path()), route);
        }

        #[test]
        fn a_parsed_location_is_stable(path in "/[a-z/%2.]{0,20}", query in any::<String>(), fragment in any::<String>()) {
            let once = Route::parse(&path, &query, &fragment);
            prop_assert_eq!(Route::parse_href(&once.to_path()), once);
        }

        #[test]
        fn encoding_a_text_can_be_undone(text in any::<String>()) {
            prop_assert_eq!(decode_percent(&encode_segment(&text)), Some(text));
        }
    }
}
