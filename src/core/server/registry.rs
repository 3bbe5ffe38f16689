//! The stored list of known servers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::fields::{number, optional_text, text};
use crate::core::record::{self, RecordError};
use crate::core::server::alias::Alias;
use crate::core::server::id::ServerId;

/// Version of the stored list.
pub const VERSION: u32 = 1;

/// A server that was added, whether or not anyone is signed in to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerRecord {
    /// Its identity.
    pub id: ServerId,
    /// Its name in routes.
    pub alias: Alias,
    /// The name it gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it says it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How to sign in, as of the last successful probe.
    pub auth: AuthMode,
    /// When it was added, in milliseconds since the Unix epoch.
    pub added_at: i64,
}

impl ServerRecord {
    fn read(entry: &Value) -> Option<Self> {
        Some(Self {
            id: ServerId::parse(&text(entry, "id")?).ok()?,
            alias: Alias::parse(&text(entry, "alias")?)?,
            name: optional_text(entry, "name")?,
            description: optional_text(entry, "description")?,
            auth: AuthMode::read(entry.get("auth")?)?,
            added_at: number(entry, "added_at")?,
        })
    }

    /// What to call it on screen: its own name, else `host[:port]`.
    pub fn display_name(&self) -> &str {
        self.name
            .as_deref()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| self.id.host_and_port())
    }
}

/// How a server lets people in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "Option<Vec<Provider>>")]
pub enum AuthMode {
    /// Everyone may come in without an account.
    None,
    /// The server keeps the session itself; whoever has its core token may use it.
    Core,
    /// OpenID Connect, with at least one provider to choose from.
    Oidc {
        /// In the server's order.
        providers: Vec<Provider>,
    },
}

// Stored as the list of providers, or null: serde's tagged enums weigh three times as much in the download.
impl From<AuthMode> for Option<Vec<Provider>> {
    fn from(auth: AuthMode) -> Self {
        match auth {
            AuthMode::None => None,
            // A list without providers has no other meaning.
            AuthMode::Core => Some(Vec::new()),
            AuthMode::Oidc { providers } => Some(providers),
        }
    }
}

impl AuthMode {
    fn read(stored: &Value) -> Option<Self> {
        let providers = match stored {
            Value::Null => return Some(Self::None),
            Value::Array(providers) if providers.is_empty() => return Some(Self::Core),
            Value::Array(providers) => providers.iter().map(Provider::read),
            _ => return None,
        };
        Some(Self::Oidc {
            providers: providers.collect::<Option<_>>()?,
        })
    }

    /// Whether no account is needed.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether the server keeps the session itself.
    pub fn is_core(&self) -> bool {
        matches!(self, Self::Core)
    }
}

/// An identity provider a server accepts, from `GET /api/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Provider {
    /// The server's name for it, used in login paths.
    pub id: String,
    /// What people know it by.
    pub title: String,
    /// Its issuer URL.
    pub server_url: String,
    /// The app's client id there.
    pub client_id: String,
    /// Space-separated scopes to ask for; a server may leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl Provider {
    /// Stands for a server that keeps the session itself: nobody else vouches for the person.
    pub fn core() -> Self {
        Self {
            id: "core".to_owned(),
            title: String::new(),
            server_url: String::new(),
            client_id: String::new(),
            scope: None,
        }
    }

    /// Reads the stored form.
    pub fn read(stored: &Value) -> Option<Self> {
        Some(Self {
            id: text(stored, "id")?,
            title: text(stored, "title")?,
            server_url: text(stored, "server_url")?,
            client_id: text(stored, "client_id")?,
            scope: optional_text(stored, "scope")?,
        })
    }
}

impl TryFrom<Value> for Provider {
    type Error = &'static str;

    fn try_from(stored: Value) -> Result<Self, Self::Error> {
        Self::read(&stored).ok_or("not a provider")
    }
}

/// A stored list as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The readable servers, in stored order.
    pub servers: Vec<ServerRecord>,
    /// How many entries were malformed or repeated another's id or alias.
    pub skipped: usize,
}

/// The stored form of a list of servers.
pub fn encode(servers: &[ServerRecord]) -> String {
    record::encode(VERSION, &servers)
}

/// Reads a stored list, leaving out the entries that cannot be read.
///
/// # Errors
/// A [`RecordError`] when the list as a whole is unreadable.
pub fn decode(text: &str) -> Result<Decoded, RecordError> {
    let Value::Array(entries) = record::decode(VERSION, text)? else {
        return Err(RecordError::Corrupt);
    };
    let mut decoded = Decoded::default();
    let mut ids = BTreeSet::new();
    let mut aliases = BTreeSet::new();
    for entry in entries {
        match ServerRecord::read(&entry) {
            Some(server) if !ids.contains(&server.id) && !aliases.contains(&server.alias) => {
                ids.insert(server.id.clone());
                aliases.insert(server.alias.clone());
                decoded.servers.push(server);
            }
            _ => decoded.skipped += 1,
        }
    }
    Ok(decoded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn server(address: &str, alias: &str) -> ServerRecord {
        ServerRecord {
            id: ServerId::parse(address).unwrap(),
            alias: Alias::parse(alias).unwrap(),
            name: None,
            description: None,
            auth: AuthMode::None,
            added_at: 5,
        }
    }

    #[test]
    fn a_server_without_a_name_is_shown_by_its_host_and_port() {
        let mut lab = server("https://Lab.example:8443/base", "lab");
        assert_eq!(lab.display_name(), "lab.example:8443");
        lab.name = Some("  ".to_owned());
        assert_eq!(lab.display_name(), "lab.example:8443");
        lab.name = Some(" The lab ".to_owned());
        assert_eq!(lab.display_name(), "The lab");
    }

    #[test]
    fn the_stored_form_of_the_list_stays_as_it_is() {
        let mut lab = server("https://lab.example", "lab");
        lab.name = Some("Lab".to_owned());
        lab.auth = AuthMode::Oidc {
            providers: vec![Provider {
                id: "campus".to_owned(),
                title: "Campus".to_owned(),
                server_url: "https://id.example".to_owned(),
                client_id: "web".to_owned(),
                scope: None,
            }],
        };
        let text = encode(&[lab.clone(), server("http://localhost:8000", "local")]);
        assert_eq!(
            text,
            concat!(
                r#"{"v":1,"data":[{"id":"https://lab.example","alias":"lab","name":"Lab","#,
                r#""auth":[{"id":"campus","title":"Campus","#,
                r#""server_url":"https://id.example","client_id":"web"}],"added_at":5},"#,
                r#"{"id":"http://localhost:8000","alias":"local","auth":null,"added_at":5}]}"#
            )
        );
        let decoded = decode(&text).unwrap();
        assert_eq!(decoded.servers.first(), Some(&lab));
        assert_eq!((decoded.servers.len(), decoded.skipped), (2, 0));
    }

    #[test]
    fn a_server_that_keeps_the_session_itself_is_told_from_all_others() {
        let mut desk = server("http://localhost:7788", "desk");
        desk.auth = AuthMode::Core;
        let decoded = decode(&encode(std::slice::from_ref(&desk))).unwrap();
        assert_eq!((decoded.servers, decoded.skipped), (vec![desk], 0));
    }

    #[test]
    fn a_malformed_entry_does_not_take_its_neighbours_with_it() {
        let good = r#"{"id":"https://a.example","alias":"a","auth":null,"added_at":1}"#;
        let last = r#"{"id":"https://b.example","alias":"b","auth":null,"added_at":1}"#;
        for bad in [
            "null",
            "7",
            r#"{"id":"ftp://x","alias":"x","auth":null,"added_at":1}"#,
            r#"{"id":"https://x","alias":"X/..","auth":null,"added_at":1}"#,
            r#"{"id":"https://x","alias":"x","auth":"magic","added_at":1}"#,
            r#"{"id":"https://a.example","alias":"z","auth":null,"added_at":1}"#,
            r#"{"id":"https://z.example","alias":"a","auth":null,"added_at":1}"#,
        ] {
            let decoded = decode(&format!(r#"{{"v":1,"data":[{good},{bad},{last}]}}"#)).unwrap();
            let aliases: Vec<&str> = decoded.servers.iter().map(|s| s.alias.as_str()).collect();
            assert_eq!(aliases, ["a", "b"], "{bad}");
            assert_eq!(decoded.skipped, 1, "{bad}");
        }
    }

    #[test]
    fn an_unreadable_list_is_reported_and_not_taken_for_an_empty_one() {
        assert_eq!(decode("{"), Err(RecordError::Corrupt));
        assert_eq!(decode(r#"{"v":1,"data":{}}"#), Err(RecordError::Corrupt));
        assert_eq!(
            decode(r#"{"v":2,"data":[]}"#),
            Err(RecordError::OtherVersion(2))
        );
    }
}
