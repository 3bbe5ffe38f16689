//! Order and filtering of what the lobby lists.

pub mod unread;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::core::room::{Room, RoomId};

/// How rooms are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomSort {
    /// As the server lists them.
    #[default]
    Server,
    /// By name, ignoring case.
    Name,
    /// Last used first; rooms never used come last, in the server's order.
    Recent,
}

/// Whether a room has every word of the query in its name, description or id, ignoring case. An empty query matches.
pub fn matches(room: &Room, query: &str) -> bool {
    let text = format!(
        "{}\n{}\n{}",
        room.name,
        room.description.as_deref().unwrap_or_default(),
        room.id
    )
    .to_lowercase();
    query
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// The rooms that match a query, in the given order.
pub fn filter<'a>(rooms: &'a [Room], query: &str) -> Vec<&'a Room> {
    rooms.iter().filter(|room| matches(room, query)).collect()
}

/// Orders rooms that stand in the server's order. `last_used` gives milliseconds since the Unix epoch.
pub fn sort(rooms: &mut [Room], by: RoomSort, last_used: impl Fn(&RoomId) -> Option<i64>) {
    match by {
        RoomSort::Server => {}
        RoomSort::Name => rooms.sort_by_cached_key(|room| room.name.to_lowercase()),
        RoomSort::Recent => rooms.sort_by_key(|room| Reverse(last_used(&room.id))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn room(id: &str, name: &str, description: &str) -> Room {
        Room {
            id: RoomId::from(id),
            name: name.to_owned(),
            description: Some(description.to_owned()),
            welcome: None,
            suggestions: vec![],
        }
    }

    fn rooms() -> Vec<Room> {
        vec![
            room("r1", "zebra", "Stripes"),
            room("r2", "Äpfel", "Obst aus der Region"),
            room("r3", "Bridge", "Rivers and crossings"),
        ]
    }

    fn ids<'a>(rooms: impl IntoIterator<Item = &'a Room>) -> Vec<&'a str> {
        rooms.into_iter().map(|room| room.id.as_str()).collect()
    }

    #[test]
    fn every_word_must_be_found_in_any_case() {
        let rooms = rooms();
        for (query, expected) in [
            ("", vec!["r1", "r2", "r3"]),
            ("   ", vec!["r1", "r2", "r3"]),
            ("BRIDGE", vec!["r3"]),
            ("crossings bridge", vec!["r3"]),
            ("bridge stripes", vec![]),
            ("äPFEL", vec!["r2"]),
            ("R1", vec!["r1"]),
        ] {
            assert_eq!(ids(filter(&rooms, query)), expected, "{query}");
        }
    }

    #[test]
    fn a_word_does_not_match_across_fields() {
        assert!(!matches(&room("r", "ab", "cd"), "abcd"));
        assert!(!matches(&room("r", "ab", "cd"), "bc"));
    }

    #[test]
    fn names_are_ordered_without_regard_to_case() {
        let mut rooms = rooms();
        sort(&mut rooms, RoomSort::Name, |_| None);
        assert_eq!(ids(&rooms), ["r3", "r1", "r2"]);
        sort(&mut rooms, RoomSort::Server, |_| None);
        assert_eq!(ids(&rooms), ["r3", "r1", "r2"]);
    }

    #[test]
    fn the_last_used_room_comes_first_and_unused_rooms_keep_their_order() {
        let mut rooms = rooms();
        sort(&mut rooms, RoomSort::Recent, |id| match id.as_str() {
            "r3" => Some(9),
            _ => None,
        });
        assert_eq!(ids(&rooms), ["r3", "r1", "r2"]);
    }
}
