//! What identifies a server: its normalised address.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::core::route::{decode_percent, encode_path_char};

/// Why a typed address cannot be used. No variant carries more of the input than a scheme, so none can leak a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing was typed.
    #[error("the address is empty")]
    Empty,
    /// A space, tab or control character stands inside the address.
    #[error("the address has a space in it")]
    InnerSpace,
    /// The scheme is neither `http` nor `https`; empty when the address has none.
    #[error("the address must start with https:// or http://")]
    Scheme(String),
    /// There is no host between the scheme and the path.
    #[error("the address names no host")]
    NoHost,
    /// The port is not a number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    BadPort,
    /// The host has letters outside ASCII; its punycode form (`xn--…`) is needed.
    #[error("the host has letters outside ASCII: use its punycode form (xn--…)")]
    NonAsciiHost,
    /// Anything else that no browser would read the same way as we do.
    #[error("the address is malformed")]
    Malformed,
}

/// A server's identity: `http(s)://host[:port][/base]`, normalised so that equal servers are equal strings.
///
/// Userinfo, query and fragment are dropped, the default port is dropped, the host is lower-cased.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerId(String);

/// Stands for the server that a desktop shell brings along. Nobody is ever asked at this address: the shell knows the port.
pub const LOCAL: &str = "http://this-computer.localhost";

impl ServerId {
    /// Reads an absolute address.
    ///
    /// # Errors
    /// An [`AddressError`] that says what to correct. A missing scheme is `Scheme("")`; see [`candidates`] for typed text.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = cleaned(text)?;
        match explicit_scheme(text)? {
            Some((scheme, rest)) => normalise(&scheme, rest),
            None => Err(AddressError::Scheme(String::new())),
        }
    }

    /// Joins an origin such as `https://host:8443` and a base path such as `/chat/`.
    ///
    /// # Errors
    /// As [`ServerId::parse`].
    pub fn from_parts(origin: &str, base_path: &str) -> Result<Self, AddressError> {
        let base = base_path.trim_matches('/');
        Self::parse(&format!("{}/{base}", origin.trim_end_matches('/')))
    }

    /// The whole address, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port: `https://host:8443`.
    pub fn origin(&self) -> &str {
        self.0.split_at(self.path_start()).0
    }

    /// The path below the origin, without a trailing slash; empty for a server at the root.
    pub fn base_path(&self) -> &str {
        self.0.split_at(self.path_start()).1
    }

    /// The host without its port; an IPv6 address keeps its brackets.
    pub fn host(&self) -> &str {
        let authority = self.host_and_port();
        match authority.rfind(':') {
            Some(colon) if !authority.ends_with(']') => authority.split_at(colon).0,
            _ => authority,
        }
    }

    /// The host, with its port unless that is the scheme's own.
    pub fn host_and_port(&self) -> &str {
        self.origin().split_at(self.authority_start()).1
    }

    /// Whether traffic to it is not encrypted, loopback included.
    pub fn is_insecure(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Whether it runs on this machine: `localhost`, `*.localhost`, `127.0.0.0/8`, `[::1]`.
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(self.host())
    }

    /// The server that a desktop shell brings along: its port changes with every start, its identity does not.
    ///
    /// # Errors
    /// Never; it is an address like any other.
    pub fn local() -> Result<Self, AddressError> {
        Self::parse(LOCAL)
    }

    /// Whether it is the server that a desktop shell brings along.
    pub fn is_local(&self) -> bool {
        self.0 == LOCAL
    }

    /// The absolute URL of a path under the base: `api("/api/v1/rooms")`.
    pub fn api(&self, path: &str) -> String {
        format!("{}/{}", self.0, path.strip_prefix('/').unwrap_or(path))
    }

    fn authority_start(&self) -> usize {
        self.0.find("://").map_or(0, |at| at + 3)
    }

    fn path_start(&self) -> usize {
        let from = self.authority_start();
        self.0
            .split_at(from)
            .1
            .find('/')
            .map_or(self.0.len(), |at| from + at)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ServerId {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<ServerId> for String {
    fn from(id: ServerId) -> Self {
        id.0
    }
}

/// The addresses to try for what a person typed, best first.
///
/// A typed scheme is obeyed. Without one `https` comes before `http`, except on loopback, where servers under
/// development rarely speak TLS.
///
/// # Errors
/// As [`ServerId::parse`].
pub fn candidates(input: &str) -> Result<Vec<ServerId>, AddressError> {
    let text = cleaned(input)?;
    if let Some((scheme, rest)) = explicit_scheme(text)? {
        return Ok(vec![normalise(&scheme, rest)?]);
    }
    if has_bare_http_scheme(text) {
        return Err(AddressError::Malformed);
    }
    let secure = normalise("https", text)?;
    let plain = normalise("http", text)?;
    Ok(if secure.is_loopback() {
        vec![plain, secure]
    } else {
        vec![secure, plain]
    })
}

fn cleaned(text: &str) -> Result<&str, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(AddressError::InnerSpace);
    }
    Ok(text)
}

/// Splits off the scheme, if one was typed. `host/?next=http://x` has none: its `://` belongs to the query.
fn explicit_scheme(text: &str) -> Result<Option<(String, &str)>, AddressError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(None);
    };
    if scheme.contains(['/', '?', '#']) {
        return Ok(None);
    }
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    match scheme.as_str() {
        "http" | "https" => Ok(Some((scheme, rest))),
        _ if is_scheme => Err(AddressError::Scheme(scheme)),
        _ => Err(AddressError::Malformed),
    }
}

/// `http:host` and `https:/host` are slips of the pen, not a host called "http".
fn has_bare_http_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(before, after)| {
        let is_http = before.eq_ignore_ascii_case("http") || before.eq_ignore_ascii_case("https");
        let is_port = after.starts_with(|c: char| c.is_ascii_digit())
            && after
                .split(['/', '?', '#'])
                .next()
                .is_some_and(|port| port.chars().all(|c| c.is_ascii_digit()));
        is_http && !is_port
    })
}

fn normalise(scheme: &str, rest: &str) -> Result<ServerId, AddressError> {
    let (authority, tail) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let path = tail.split(['?', '#']).next().unwrap_or_default();
    // A browser reads a backslash as a slash, which would move the end of the host.
    if authority.contains('\\') || path.contains('\\') {
        return Err(AddressError::Malformed);
    }
    let host_port = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = split_port(host_port)?;
    let host = normal_host(host)?;
    let port = match (scheme, port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    let path = normal_path(path)?;
    Ok(ServerId(format!("{scheme}://{host}{port}{path}")))
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), AddressError> {
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']').ok_or(AddressError::Malformed)?;
        let (host, after) = text.split_at(end + 1);
        match after.strip_prefix(':') {
            Some(port) => (host, port),
            None if after.is_empty() => (host, ""),
            None => return Err(AddressError::Malformed),
        }
    } else {
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(AddressError::Malformed),
            Some(pair) => pair,
            None => (text, ""),
        }
    };
    if host.is_empty() {
        return Err(AddressError::NoHost);
    }
    if port.is_empty() {
        return Ok((host, None));
    }
    let is_number = port.chars().all(|c| c.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if is_number && number > 0 => Ok((host, Some(number))),
        _ => Err(AddressError::BadPort),
    }
}

fn normal_host(host: &str) -> Result<String, AddressError> {
    if !host.is_ascii() {
        return Err(AddressError::NonAsciiHost);
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let address: Ipv6Addr = inner.parse().map_err(|_| AddressError::Malformed)?;
        return Ok(format!("[{}]", ipv6_text(address)));
    }
    let host = host.to_ascii_lowercase();
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(&host).split('.').collect();
    let is_name = host.len() <= 253
        && labels.iter().all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    if !is_name {
        return Err(AddressError::Malformed);
    }
    // Browsers read a host with a numeric last label as an IPv4 address, in forms (octal, hex, short) that hide it.
    let last = labels.last().copied().unwrap_or_default();
    let is_numeric = last.bytes().all(|b| b.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if is_numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(AddressError::Malformed);
    }
    Ok(host)
}

/// The form browsers use in `location.origin`, which has no dotted tail for mapped IPv4 addresses.
fn ipv6_text(address: Ipv6Addr) -> String {
    match address.to_ipv4_mapped() {
        Some(_) => {
            let [.., high, low] = address.segments();
            format!("::ffff:{high:x}:{low:x}")
        }
        None => address.to_string(),
    }
}

fn normal_path(path: &str) -> Result<String, AddressError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut normal = String::new();
    for segment in path.split('/').skip(1) {
        // Browsers resolve dot segments and keep empty ones, so either would give one server two identities.
        let plain = decode_percent(segment).ok_or(AddressError::Malformed)?;
        if matches!(plain.as_str(), "" | "." | "..") || plain.chars().any(char::is_control) {
            return Err(AddressError::Malformed);
        }
        normal.push('/');
        for c in segment.chars() {
            encode_path_char(c, &mut normal);
        }
    }
    Ok(normal)
}

fn is_loopback_host(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> ServerId {
        ServerId::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn equal_servers_are_equal_however_they_are_typed() {
        for (typed, expected) in [
            ("https://h.example", "https://h.example"),
            ("https://h.example/", "https://h.example"),
            ("  HTTPS://H.Example:443/ ", "https://h.example"),
            ("http://h.example:80", "http://h.example"),
            ("http://h.example:443", "http://h.example:443"),
            ("https://h.example:08443", "https://h.example:8443"),
            ("https://h.example:", "https://h.example"),
            ("https://user:pw@h.example/x?y=1#z", "https://h.example/x"),
            ("https://a@b@h.example", "https://h.example"),
            ("https://h.example?x=https://other/", "https://h.example"),
            ("https://h.example/Chat/", "https://h.example/Chat"),
            ("https://h.example/a/b", "https://h.example/a/b"),
            ("https://h.example/\u{e4}|", "https://h.example/%C3%A4%7C"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://[::1]:8000/", "http://[::1]:8000"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("http://[::FFFF:127.0.0.1]", "http://[::ffff:7f00:1]"),
            (
                "https://xn--bcher-kva.example",
                "https://xn--bcher-kva.example",
            ),
            ("https://my_host", "https://my_host"),
            ("https://h.example.", "https://h.example."),
        ] {
            assert_eq!(id(typed).as_str(), expected, "{typed}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_told() {
        use AddressError::{BadPort, Empty, InnerSpace, Malformed, NoHost, NonAsciiHost, Scheme};
        for (typed, error) in [
            ("", Empty),
            (" \t ", Empty),
            ("https://h .example", InnerSpace),
            ("https://h.example/a\tb", InnerSpace),
            ("https://h\u{a0}x", InnerSpace),
            ("https://h\u{7f}", InnerSpace),
            ("h.example", Scheme(String::new())),
            ("javascript:alert(1)", Scheme(String::new())),
            ("ftp://h.example", Scheme("ftp".to_owned())),
            ("FILE:///x", Scheme("file".to_owned())),
            ("1x://h", Malformed),
            ("://h", Malformed),
            ("https://", NoHost),
            ("https:///x", NoHost),
            ("https://:8000", NoHost),
            ("https://user@", NoHost),
            ("https://?x", NoHost),
            ("https://h:x", BadPort),
            ("https://h:0", BadPort),
            ("https://h:65536", BadPort),
            ("https://h:+80", BadPort),
            ("https://h:-1", BadPort),
            ("https://h:1:2", Malformed),
            ("https://b\u{fc}cher.example", NonAsciiHost),
            ("https://\u{ff48}.example", NonAsciiHost),
            ("https://h\u{200b}.example", NonAsciiHost),
            ("https://evil.example\\@good.example", Malformed),
            ("https://h.example\\x", Malformed),
            ("https://h.example/a\\b", Malformed),
            ("https://h%2eexample", Malformed),
            ("https://a..b", Malformed),
            ("https://.", Malformed),
            ("https://[::1", Malformed),
            ("https://[::1]x", Malformed),
            ("https://[fe80::1%25eth0]", Malformed),
            ("https://::1", Malformed),
            ("https://127.1", Malformed),
            ("https://0x7f.1", Malformed),
            ("https://2130706433", Malformed),
            ("https://1.2.3.256", Malformed),
            ("https://h.example/a//b", Malformed),
            ("https://h.example//", Malformed),
            ("https://h.example/../x", Malformed),
            ("https://h.example/%2e%2E/x", Malformed),
            ("https://h.example/%zz", Malformed),
            ("https://h.example/%0a", Malformed),
        ] {
            assert_eq!(ServerId::parse(typed), Err(error), "{typed:?}");
        }
    }

    #[test]
    fn an_error_never_repeats_what_may_be_a_password() {
        for typed in [
            "https://u:hunter2@",
            "u:hunter2@h://x",
            "https://u:hunter2@h:x",
        ] {
            let error = ServerId::parse(typed).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{typed}");
        }
    }

    #[test]
    fn the_parts_of_an_address_are_found() {
        let lab = id("https://Lab.example:8443/a/b/");
        assert_eq!(lab.origin(), "https://lab.example:8443");
        assert_eq!(lab.base_path(), "/a/b");
        assert_eq!(lab.host(), "lab.example");
        assert_eq!(lab.host_and_port(), "lab.example:8443");
        assert_eq!(
            lab.api("/api/login"),
            "https://lab.example:8443/a/b/api/login"
        );
        assert_eq!(
            lab.api("api/login"),
            "https://lab.example:8443/a/b/api/login"
        );
        let six = id("http://[::1]:8000");
        assert_eq!((six.host(), six.base_path()), ("[::1]", ""));
        assert_eq!(id("http://[::1]").host(), "[::1]");
        assert_eq!(six.api("/api/ok"), "http://[::1]:8000/api/ok");
    }

    #[test]
    fn an_id_is_made_of_an_origin_and_a_base() {
        for (origin, base, expected) in [
            ("https://h.example", "", "https://h.example"),
            ("https://h.example", "/", "https://h.example"),
            ("https://h.example/", "/chat/", "https://h.example/chat"),
            ("https://h.example", "a/b", "https://h.example/a/b"),
        ] {
            assert_eq!(
                ServerId::from_parts(origin, base).unwrap().as_str(),
                expected
            );
        }
        assert!(ServerId::from_parts("null", "/").is_err());
    }

    #[test]
    fn plain_http_is_insecure_and_loopback_is_recognised() {
        assert!(id("http://localhost:8000").is_insecure());
        assert!(!id("https://localhost").is_insecure());
        for local in [
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "localhost.",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]:1",
        ] {
            assert!(id(&format!("http://{local}")).is_loopback(), "{local}");
        }
        for remote in [
            "localhost.example",
            "notlocalhost",
            "128.0.0.1",
            "[::2]",
            "127.0.0.1.example",
        ] {
            assert!(!id(&format!("http://{remote}")).is_loopback(), "{remote}");
        }
    }

    fn tried(input: &str) -> Vec<String> {
        let found = candidates(input).unwrap_or_else(|error| panic!("{input}: {error}"));
        found.into_iter().map(String::from).collect()
    }

    #[test]
    fn a_typed_scheme_is_the_only_one_tried() {
        assert_eq!(tried("HTTP://h.example/x/"), ["http://h.example/x"]);
        assert_eq!(tried("https://localhost"), ["https://localhost"]);
        assert_eq!(
            candidates("ws://h"),
            Err(AddressError::Scheme("ws".to_owned()))
        );
    }

    #[test]
    fn a_bare_host_is_tried_with_https_first() {
        assert_eq!(
            tried(" Lab.example:8443 "),
            ["https://lab.example:8443", "http://lab.example:8443"]
        );
        assert_eq!(
            tried("h.example/x?next=http://y"),
            ["https://h.example/x", "http://h.example/x"]
        );
        assert_eq!(
            tried("http:8000").last().map(String::as_str),
            Some("http://http:8000")
        );
    }

    #[test]
    fn a_bare_loopback_host_is_tried_with_http_first() {
        for host in ["localhost:8000", "127.0.0.1", "[::1]"] {
            assert_eq!(
                tried(host),
                [format!("http://{host}"), format!("https://{host}")]
            );
        }
    }

    #[test]
    fn a_slip_in_the_scheme_is_not_taken_for_a_host() {
        for input in ["http:h.example", "https:/h.example", "HTTP:"] {
            assert_eq!(candidates(input), Err(AddressError::Malformed), "{input}");
        }
        assert_eq!(candidates("//h.example"), Err(AddressError::NoHost));
        assert_eq!(candidates("  "), Err(AddressError::Empty));
    }

    proptest! {
        #[test]
        fn an_accepted_address_is_its_own_normal_form(
            text in "(https?://)?[a-zA-Z0-9.:@\\[\\]/?#%\\\\_-]{0,24}",
        ) {
            for id in candidates(&text).unwrap_or_default() {
                prop_assert_eq!(ServerId::parse(id.as_str()), Ok(id.clone()));
                prop_assert_eq!(format!("{}{}", id.origin(), id.base_path()), id.as_str());
                let stored = serde_json::to_string(&id).unwrap();
                prop_assert_eq!(serde_json::from_str::<ServerId>(&stored).unwrap(), id);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = (candidates(&text), ServerId::parse(&format!("https://{text}")));
        }
    }
}
