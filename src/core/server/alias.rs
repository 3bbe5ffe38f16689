//! The short name of a server in routes.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::ServerId;

/// Longest alias, in characters.
const MAX_LEN: usize = 64;
/// Longest alias made from a name; leaves room for a `-2`.
const MAX_DERIVED_LEN: usize = 48;

/// A server's name in routes: lower-case ASCII letters, digits and dashes, unique, stable over restarts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Alias(String);

impl Alias {
    /// Makes an alias from a server's name or `host[:port]` that is none of `taken`.
    ///
    /// `taken` should hold the aliases of removed servers too, as long as links to them may be around.
    pub fn derive(name_or_host: &str, taken: &BTreeSet<Alias>) -> Self {
        let stem = stem(name_or_host);
        let first = Self(stem.clone());
        if !taken.contains(&first) {
            return first;
        }
        // One more number than there are taken aliases: one of them must be free.
        (2..taken.len() + 3)
            .map(|number| Self(format!("{stem}-{number}")))
            .find(|alias| !taken.contains(alias))
            .unwrap_or(first)
    }

    /// Reads an alias from a route or from storage; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_alias = !text.is_empty()
            && text.len() <= MAX_LEN
            && !text.starts_with('-')
            && !text.ends_with('-')
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        is_alias.then(|| Self(text.to_owned()))
    }

    /// The alias as it stands in a path; it never needs escaping.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn stem(text: &str) -> String {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let mut stem = String::new();
    for c in text.chars() {
        if stem.len() >= MAX_DERIVED_LEN {
            break;
        }
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            stem.push(c);
        } else if !stem.is_empty() && !stem.ends_with('-') {
            stem.push('-');
        }
    }
    let stem = stem.trim_end_matches('-');
    if stem.is_empty() {
        "server".to_owned()
    } else {
        stem.to_owned()
    }
}

/// How many names of removed servers are remembered.
const MAX_RETIRED: usize = 200;

/// The names of servers that were removed: a link to one of them must never lead to another server. Of the
/// server only a mark is kept, enough to give it its name back when it is added again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Retired(Vec<(Alias, u64)>);

impl Retired {
    /// Version of the stored record.
    pub const VERSION: u32 = 1;

    /// Notes that a server with this name was removed.
    pub fn add(&mut self, alias: Alias, server: &ServerId) {
        self.0.retain(|(known, _)| *known != alias);
        self.0.push((alias, mark(server)));
        let excess = self.0.len().saturating_sub(MAX_RETIRED);
        self.0.drain(..excess);
    }

    /// The name that this server once had, if it is remembered.
    pub fn of(&self, server: &ServerId) -> Option<Alias> {
        let mark = mark(server);
        self.0
            .iter()
            .find(|(_, known)| *known == mark)
            .map(|(alias, _)| alias.clone())
    }

    /// All of them.
    pub fn aliases(&self) -> impl Iterator<Item = &Alias> {
        self.0.iter().map(|(alias, _)| alias)
    }
}

/// FNV-1a, 64 bit.
fn mark(server: &ServerId) -> u64 {
    server
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Alias {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an alias")
    }
}

impl From<Alias> for String {
    fn from(alias: Alias) -> Self {
        alias.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn none() -> BTreeSet<Alias> {
        BTreeSet::new()
    }

    #[test]
    fn an_alias_is_made_of_the_host_and_the_port() {
        for (text, alias) in [
            ("chat.example.org", "chat-example-org"),
            ("localhost:8000", "localhost-8000"),
            ("[::1]:8000", "1-8000"),
            ("Lab Assistant (Süd)", "lab-assistant-s-d"),
            ("https://chat.example.org", "chat-example-org"),
            ("日本", "server"),
            ("---", "server"),
            ("", "server"),
        ] {
            assert_eq!(Alias::derive(text, &none()).as_str(), alias, "{text}");
        }
    }

    #[test]
    fn a_taken_alias_gets_a_number() {
        let mut taken = none();
        for expected in ["lab", "lab-2", "lab-3"] {
            let alias = Alias::derive("lab", &taken);
            assert_eq!(alias.as_str(), expected);
            taken.insert(alias);
        }
    }

    #[test]
    fn only_what_needs_no_escaping_is_an_alias() {
        let long = "a".repeat(65);
        for bad in [
            "", "A", "a b", "a/b", "..", "a.b", "a%2f", "ä", "-a", "a-", &long,
        ] {
            assert_eq!(Alias::parse(bad), None, "{bad}");
        }
        assert_eq!(Alias::parse("lab-2").unwrap().as_str(), "lab-2");
    }

    proptest! {
        #[test]
        fn a_derived_alias_can_be_read_back_and_is_never_taken(names in proptest::collection::vec(any::<String>(), 1..12)) {
            let mut taken = none();
            for name in names {
                let alias = Alias::derive(&name, &taken);
                prop_assert_eq!(Alias::parse(alias.as_str()), Some(alias.clone()));
                prop_assert!(taken.insert(alias));
            }
        }
    }
}
