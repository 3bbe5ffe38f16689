//! Which rooms of a server have something new, as one person on one device has seen them.

use std::collections::BTreeMap;

use crate::core::room::RoomId;

/// Version of the stored marks.
pub const VERSION: u32 = 1;

/// Times by room, in milliseconds since 1970 by the server's clock.
pub type Times = BTreeMap<RoomId, i64>;

/// Whether something happened in a room after everything in it was read. A room that was never seen has nothing new.
#[must_use]
pub fn is_unread(read: &Times, room: &RoomId, activity: &Times) -> bool {
    let times = read.get(room).zip(activity.get(room));
    times.is_some_and(|(read, last)| last > read)
}

/// The server lists these rooms. What has happened in one before it was seen for the first time counts as read, and one
/// that is gone is forgotten. Says whether anything is different now.
pub fn list<'a>(
    read: &mut Times,
    rooms: impl Iterator<Item = &'a RoomId>,
    activity: &Times,
) -> bool {
    let before = std::mem::take(read);
    for room in rooms {
        let last = || activity.get(room).copied().unwrap_or_default();
        let at = before.get(room).copied().unwrap_or_else(last);
        read.insert(room.clone(), at);
    }
    *read != before
}

/// Takes over what another tab knows. Says whether anything is different now.
pub fn merge(read: &mut Times, other: Times) -> bool {
    let mut is_changed = false;
    for (room, at) in other {
        is_changed |= mark(read, &room, at);
    }
    is_changed
}

/// Everything in a room was read up to a time, which never goes back. Says whether anything is different now.
pub fn mark(read: &mut Times, room: &RoomId, at: i64) -> bool {
    let is_later = read.get(room).is_none_or(|known| *known < at);
    if is_later {
        read.insert(room.clone(), at);
    }
    is_later
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomId {
        RoomId::from(name)
    }

    fn times(pairs: &[(&str, i64)]) -> Times {
        pairs.iter().map(|(name, at)| (room(name), *at)).collect()
    }

    fn listed(read: &mut Times, names: &[&str], activity: &Times) -> bool {
        let rooms: Vec<_> = names.iter().map(|name| room(name)).collect();
        list(read, rooms.iter(), activity)
    }

    #[test]
    fn what_happened_before_a_room_was_first_seen_is_not_new() {
        let mut read = Times::new();
        let first = times(&[("a", 5)]);
        assert!(!is_unread(&read, &room("a"), &first), "not seen yet");
        assert!(listed(&mut read, &["a", "b"], &first));
        assert!(!is_unread(&read, &room("a"), &first));
        let later = times(&[("a", 6), ("b", 1)]);
        assert!(is_unread(&read, &room("a"), &later));
        assert!(
            is_unread(&read, &room("b"), &later),
            "the first thing that ever happens there"
        );
        assert!(!listed(&mut read, &["a", "b"], &later), "it stays new");
    }

    #[test]
    fn a_room_whose_activity_is_not_known_has_nothing_new() {
        let read = times(&[("a", 5)]);
        assert!(!is_unread(&read, &room("a"), &Times::new()));
    }

    #[test]
    fn a_room_that_is_gone_is_forgotten() {
        let mut read = times(&[("a", 5), ("b", 7)]);
        assert!(listed(&mut read, &["b"], &Times::new()));
        assert_eq!(read, times(&[("b", 7)]));
    }

    #[test]
    fn a_mark_never_goes_back_whichever_tab_has_made_it() {
        let mut read = times(&[("a", 5)]);
        assert!(mark(&mut read, &room("a"), 9));
        assert!(!mark(&mut read, &room("a"), 7));
        assert!(!merge(&mut read, times(&[("a", 6)])));
        assert!(merge(&mut read, times(&[("a", 8), ("b", 2)])));
        assert_eq!(read, times(&[("a", 9), ("b", 2)]));
    }
}
