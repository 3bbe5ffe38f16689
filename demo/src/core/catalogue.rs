//! Every text a core can fail with, and the row of the error tables each one stands for, so that the classifier of a
//! client can be held against what is really sent. Kinds and certainty are those of the tables, not of any client.

mod rows;

use axum::Json;
use serde_json::{Value, json};

use super::expiry::Generation;

/// What a client is to make of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ThreadNotFound,
    /// Confirmed: clear at once.
    Expired,
    /// Unconfirmed: look again first.
    PerhapsExpired,
    /// The bearer of the process is wrong: never an expiry.
    Configuration,
    RateLimited,
    MethodNotFound,
    ProviderAuth,
    Budget,
    Timeout,
    Transport,
    Unknown,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::ThreadNotFound => "thread_not_found",
            Self::Expired | Self::PerhapsExpired => "auth_expired",
            Self::Configuration => "configuration",
            Self::RateLimited => "rate_limited",
            Self::MethodNotFound => "method_not_found",
            Self::ProviderAuth => "provider_auth",
            Self::Budget => "budget_exceeded",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Unknown => "unknown",
        }
    }

    fn certainty(self) -> Option<&'static str> {
        match self {
            Self::Expired => Some("confirmed"),
            Self::PerhapsExpired => Some("unconfirmed"),
            _ => None,
        }
    }
}

/// A text and where it stands in the tables.
#[derive(Debug, Clone)]
pub struct Text {
    /// For `/test/answer?id=…`.
    pub id: &'static str,
    /// Rows and cases, with blanks between them.
    rows: &'static str,
    kind: Kind,
    /// Of the error; of the body where there is a status.
    pub text: String,
    /// HTTP status other than 200.
    pub status: Option<u16>,
    /// `data` of the error.
    pub data: Value,
}

fn text(id: &'static str, rows: &'static str, kind: Kind, text: impl Into<String>) -> Text {
    Text {
        id,
        rows,
        kind,
        text: text.into(),
        status: None,
        data: Value::Null,
    }
}

fn with_status(status: u16, text: Text) -> Text {
    Text {
        status: Some(status),
        ..text
    }
}

/// All of them.
pub fn texts() -> Vec<Text> {
    let parts = [
        rows::ordered(),
        rows::scoped(),
        rows::elsewhere(),
        rows::produced(),
    ];
    parts.into_iter().flatten().collect()
}

/// The text of that id.
pub fn named(id: &str) -> Option<Text> {
    texts().into_iter().find(|text| text.id == id)
}

impl Text {
    fn to_json(&self) -> Value {
        let drops =
            |generation: Generation| self.status.is_none() && generation.drops_session(&self.text);
        json!({
            "id": self.id,
            "rows": self.rows.split(' ').collect::<Vec<_>>(),
            "text": self.text,
            "status": self.status,
            "data": self.data,
            "kind": self.kind.name(),
            "certainty": self.kind.certainty(),
            "drops_session": {
                "older": drops(Generation::Older),
                "newer": drops(Generation::Newer),
            },
        })
    }
}

/// As JSON, for programs that hold a classifier against them.
pub fn to_json() -> Value {
    Value::Array(texts().iter().map(Text::to_json).collect())
}

/// `GET /test/texts`
pub async fn list() -> Json<Value> {
    Json(to_json())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Situations, not texts: the moment, the token or the listener makes the difference.
    const NOT_TEXTS: [u8; 3] = [13, 14, 17];

    fn rows() -> BTreeSet<&'static str> {
        texts()
            .iter()
            .flat_map(|text| text.rows.split(' '))
            .collect()
    }

    #[test]
    fn every_row_of_the_tables_has_a_text() {
        let rows = rows();
        for row in 1..=14 {
            assert!(rows.contains(format!("2.1/{row}").as_str()), "2.1/{row}");
        }
        for row in (1..=25).filter(|row| !NOT_TEXTS.contains(row)) {
            assert!(rows.contains(format!("N{row}").as_str()), "N{row}");
        }
        // A02 is A01 with a status.
        for case in (1..=30).filter(|case| *case != 2) {
            assert!(rows.contains(format!("A{case:02}").as_str()), "A{case:02}");
        }
    }

    #[test]
    fn no_id_is_there_twice() {
        let all = texts();
        let ids: BTreeSet<_> = all.iter().map(|text| text.id).collect();
        assert_eq!(ids.len(), all.len());
    }

    #[test]
    fn a_newer_core_keeps_its_session_at_what_is_no_expiry() {
        for entry in rows::scoped().into_iter().chain(rows::elsewhere()) {
            let is_listed = entry.rows.starts_with('N');
            if is_listed {
                assert!(
                    !Generation::Newer.drops_session(&entry.text),
                    "{}",
                    entry.id
                );
            }
        }
    }
}
