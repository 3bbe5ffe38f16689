//! What a room is.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Longest room name that is shown, in characters.
pub const MAX_NAME_CHARS: usize = 300;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Wraps the server's text for it, unchanged.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The server's text for it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A room's id on its server: any text at all.
    RoomId
}

text_id! {
    /// A thread's id on its server: a UUID where the server keeps to the contract, kept as text.
    ThreadId
}

/// A room of a server: an agent with a name and a way to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id on the server.
    pub id: RoomId,
    /// Its name, or its id where the server gives none; cut at [`MAX_NAME_CHARS`].
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What to show in an empty thread.
    pub welcome: Option<String>,
    /// First questions to offer.
    pub suggestions: Vec<String>,
}

impl Room {
    fn from_value(id: &str, value: &Value) -> Option<Self> {
        let fields = value.as_object()?;
        let is_text_or_absent = |name: &str| {
            fields
                .get(name)
                .is_none_or(|field| field.is_string() || field.is_null())
        };
        if id.is_empty() || !is_text_or_absent("id") || !is_text_or_absent("name") {
            return None;
        }
        let text = |name: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.trim().is_empty())
        };
        let suggestions = fields
            .get("suggestions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
            .collect();
        Some(Self {
            id: RoomId::from(id),
            name: shown_name(text("name").unwrap_or(id)),
            description: text("description").map(str::to_owned),
            welcome: text("welcome_message").map(str::to_owned),
            suggestions,
        })
    }
}

fn shown_name(name: &str) -> String {
    let name = name.trim();
    let mut shown: String = name
        .chars()
        .take(MAX_NAME_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if name.chars().nth(MAX_NAME_CHARS).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// Reads the answer of `GET /api/v1/rooms`: an object keyed by room id, whose order is the server's display order.
///
/// Returns the rooms and how many malformed or repeated entries were left out.
///
/// # Errors
/// A sentence without any of the answer's text, when the answer as a whole is not such an object.
pub fn rooms_from_json(text: &str) -> Result<(Vec<Room>, usize), String> {
    let Entries(entries) = serde_json::from_str(text).map_err(|error| {
        format!(
            "the room list is not a JSON object (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    let mut rooms: Vec<Room> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut skipped = 0;
    for (id, value) in &entries {
        match Room::from_value(id, value) {
            Some(room) if seen.insert(id.as_str()) => rooms.push(room),
            _ => skipped += 1,
        }
    }
    Ok((rooms, skipped))
}

/// An object's entries in source order, which `serde_json::Map` would sort.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object keyed by room id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(text: &str) -> (Vec<String>, usize) {
        let (rooms, skipped) = rooms_from_json(text).unwrap();
        let ids = rooms.iter().map(|room| room.id.to_string()).collect();
        (ids, skipped)
    }

    #[test]
    fn rooms_keep_the_order_of_the_server() {
        let (rooms, _) = ids(r#"{"zoo":{"name":"Z"},"bar":{"name":"B"},"moo":{"name":"M"}}"#);
        assert_eq!(rooms, ["zoo", "bar", "moo"]);
    }

    #[test]
    fn a_whole_room_is_read() {
        let text = r#"{"river-lab":{"id":"river-lab","name":"River lab","description":"Ask about rivers",
            "welcome_message":"Hello!","suggestions":["Longest river?", 7, "  "],"quizzes":{"q":{}},"agent":null}}"#;
        let (rooms, skipped) = rooms_from_json(text).unwrap();
        assert_eq!(skipped, 0);
        assert_eq!(
            rooms,
            [Room {
                id: RoomId::from("river-lab"),
                name: "River lab".to_owned(),
                description: Some("Ask about rivers".to_owned()),
                welcome: Some("Hello!".to_owned()),
                suggestions: vec!["Longest river?".to_owned()],
            }]
        );
    }

    #[test]
    fn a_malformed_room_does_not_take_the_others_with_it() {
        for bad in [
            r#""bad":null"#,
            r#""bad":[]"#,
            r#""bad":"text""#,
            r#""bad":{"name":5}"#,
            r#""bad":{"id":{}}"#,
            r#""":{"name":"no id"}"#,
            r#""a":{"name":"again"}"#,
        ] {
            let text = format!(r#"{{"a":{{"name":"A"}},{bad},"z":{{"name":"Z"}}}}"#);
            assert_eq!(
                ids(&text),
                (vec!["a".to_owned(), "z".to_owned()], 1),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_room_without_a_name_is_called_by_its_id() {
        for name in ["{}", r#"{"name":null}"#, r#"{"name":" \t"}"#] {
            let (rooms, _) = rooms_from_json(&format!(r#"{{"lab":{name}}}"#)).unwrap();
            assert_eq!(rooms.first().unwrap().name, "lab", "{name}");
        }
    }

    #[test]
    fn a_huge_name_is_cut_for_display() {
        let exact = "ä".repeat(MAX_NAME_CHARS);
        let (rooms, _) = rooms_from_json(&format!(
            r#"{{"a":{{"name":"{exact}"}},"b":{{"name":"{exact}ä"}}}}"#
        ))
        .unwrap();
        let names: Vec<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
        assert_eq!(names.first(), Some(&exact.as_str()));
        let cut = names.last().unwrap();
        assert_eq!(cut.chars().count(), MAX_NAME_CHARS);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn an_answer_that_is_no_object_is_an_error_without_its_text() {
        for bad in ["", "[]", "null", r#""my secret""#, r#"{"a":{}"#, "<html>"] {
            let error = rooms_from_json(bad).unwrap_err();
            assert!(error.contains("not a JSON object"), "{bad}: {error}");
            assert!(!error.contains("secret"));
        }
        assert_eq!(rooms_from_json("{}"), Ok((vec![], 0)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = rooms_from_json(&text);
        }
    }
}
