//! What the rooms and threads of a server are called, also after the page was loaded anew.

use reactive_graph::traits::WithUntracked;

use super::Server;
use crate::core::record::keys;
use crate::core::room::{Room, RoomId, ThreadId};
use crate::core::route::{Route, encode_segment};
use crate::core::thread::history::ThreadSummary;

/// Version of the stored text, in its first line. Then comes `<room> <name>` or `<room>/<thread> <name>` on each
/// line, ids encoded: a text costs the first load of the page less than any other form.
const VERSION: &str = "1\n";
/// So many rooms, and so many threads of each, are kept by name.
const MOST: usize = 100;
/// A longer name is cut after so many letters.
const LONGEST: usize = 100;

impl Server {
    /// The name of a room, as far as it is or was known.
    #[must_use]
    pub fn room_name(&self, room: &RoomId) -> Option<String> {
        let known = self.0.rooms.with_untracked(|rooms| {
            let rooms = rooms.data.as_ref()?;
            let known = rooms.iter().find(|known| known.id == *room)?;
            Some(known.name.clone())
        });
        known.or_else(|| self.kept_name(&encode_segment(room.as_str())))
    }

    /// The name of a thread, as far as it is or was known.
    #[must_use]
    pub fn thread_name(&self, room: &RoomId, thread: &ThreadId) -> Option<String> {
        let open = self.tenant(room).and_then(|room| room.thread_name(thread));
        open.or_else(|| self.kept_name(&key(room, thread)))
    }

    fn kept_name(&self, key: &str) -> Option<String> {
        let names = self.names();
        let mut pairs = names.lines().filter_map(|line| line.split_once(' '));
        let (_, name) = pairs.find(|(known, _)| *known == key)?;
        Some(name.to_owned())
    }

    fn names(&self) -> String {
        let text = self.0.shared.get(&keys::names(&self.0.id));
        text.and_then(|text| text.strip_prefix(VERSION).map(str::to_owned))
            .unwrap_or_default()
    }

    /// Notes what the rooms are called now; rooms that are gone are forgotten with their threads.
    pub(super) fn note_rooms(&self, rooms: &[Room]) {
        let (old, mut names) = (self.names(), String::new());
        for room in rooms.iter().take(MOST) {
            let id = encode_segment(room.id.as_str());
            names += &line(&id, &room.name);
            let threads = old.lines().filter(|line| is_thread_of(line, &id));
            for thread in threads {
                names.push_str(thread);
                names.push('\n');
            }
        }
        self.keep_names(&names);
    }

    /// Notes what the threads of a room are called now: the newest, and the one on show.
    pub(in crate::state) fn note_threads(&self, room: &RoomId, threads: &[ThreadSummary]) {
        let (old, id) = (self.names(), encode_segment(room.as_str()));
        let mut names = String::new();
        for line in old.lines().filter(|line| !is_thread_of(line, &id)) {
            names.push_str(line);
            names.push('\n');
        }
        let here = self.0.shared.here();
        let is_here =
            |id: &ThreadId| matches!(&here, Some(Route::Thread { thread, .. }) if thread == id);
        for (at, thread) in threads.iter().enumerate() {
            if let Some(name) = &thread.name
                && (at < MOST || is_here(&thread.id))
            {
                names += &line(&key(room, &thread.id), name);
            }
        }
        self.keep_names(&names);
    }

    fn keep_names(&self, names: &str) {
        if names != self.names() {
            let key = keys::names(&self.0.id);
            self.0.shared.set(&key, &format!("{VERSION}{names}"));
        }
    }

    /// The names are one person's.
    pub(super) fn forget_names(&self) {
        self.0.shared.remove(&keys::names(&self.0.id));
    }
}

fn key(room: &RoomId, thread: &ThreadId) -> String {
    format!(
        "{}/{}",
        encode_segment(room.as_str()),
        encode_segment(thread.as_str())
    )
}

fn line(key: &str, name: &str) -> String {
    let mut line = format!("{key} ");
    // A name is one line.
    line.extend(
        name.chars()
            .filter(|letter| !letter.is_control())
            .take(LONGEST),
    );
    line.push('\n');
    line
}

/// Whether a line names a thread of the room with that encoded id.
fn is_thread_of(line: &str, room: &str) -> bool {
    line.strip_prefix(room)
        .is_some_and(|rest| rest.starts_with('/'))
}
