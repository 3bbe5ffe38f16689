//! Which threads of a room have something new, as one person on one device has seen them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::RowId;
use crate::core::record::{self, RecordError};
use crate::core::room::ThreadId;

/// Version of the stored marks.
pub const VERSION: u32 = 1;
/// How many threads of a room are remembered one by one.
const MOST: usize = 500;

/// How far a thread was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Until when, in milliseconds since 1970, by the server's clock where that is known.
    pub at: i64,
    /// The last row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
}

/// How far the threads of a room were read. A room that was never seen before has nothing unread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Everything up to then counts as read; `None` until the room is seen for the first time.
    #[serde(default)]
    since: Option<i64>,
    #[serde(default)]
    threads: BTreeMap<ThreadId, Mark>,
}

impl Marks {
    /// Whether something happened in a thread after it was read.
    #[must_use]
    pub fn is_unread(&self, thread: &ThreadId, last_activity: Option<i64>) -> bool {
        let (Some(since), Some(last)) = (self.since, last_activity) else {
            return false;
        };
        let read = self.threads.get(thread).map_or(since, |mark| mark.at);
        last > read.max(since)
    }

    /// The last row that was read of a thread.
    #[must_use]
    pub fn anchor(&self, thread: &ThreadId) -> Option<RowId> {
        let mark = self.threads.get(thread)?;
        mark.row.clone().map(RowId)
    }

    /// The room is opened with these last activities. The first time they all count as read, or those up to the time
    /// at which the room was seen in a list, where that is known; says whether it was the first time.
    pub fn begin(&mut self, activities: impl Iterator<Item = i64>, seen: Option<i64>) -> bool {
        let is_first = self.since.is_none();
        if is_first {
            let last = activities.max().unwrap_or_default();
            self.since = Some(seen.map_or(last, |seen| seen.min(last)));
        }
        is_first
    }

    /// A thread was read up to a time, and a row where that is known. The time never goes back: a device's clock
    /// may be behind that of the server, which says when something happened.
    pub fn read(&mut self, thread: &ThreadId, at: i64, row: Option<RowId>) {
        let mark = self
            .threads
            .entry(thread.clone())
            .or_insert(Mark { at, row: None });
        mark.at = mark.at.max(at);
        if let Some(row) = row {
            mark.row = Some(row.0);
        }
        self.bound();
    }

    /// A thread is gone.
    pub fn forget(&mut self, thread: &ThreadId) {
        self.threads.remove(thread);
    }

    /// Takes over what another tab knows.
    pub fn merge(&mut self, other: Self) {
        self.since = self.since.max(other.since);
        for (thread, mark) in other.threads {
            let known = self.threads.entry(thread).or_insert_with(|| mark.clone());
            if mark.at > known.at {
                *known = mark;
            }
        }
        self.bound();
    }

    /// Drops the oldest marks; what they said goes on for all threads, so that nothing lights up again.
    fn bound(&mut self) {
        while self.threads.len() > MOST {
            let oldest = self.threads.iter().min_by_key(|(_, mark)| mark.at);
            let Some((thread, at)) = oldest.map(|(thread, mark)| (thread.clone(), mark.at)) else {
                return;
            };
            self.threads.remove(&thread);
            self.since = self.since.max(Some(at));
        }
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> String {
        record::encode(VERSION, self)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`RecordError`] for what cannot be read.
    pub fn decode(text: &str) -> Result<Self, RecordError> {
        record::decode(VERSION, text)
    }
}

/// Longest preview, in characters.
const PREVIEW: usize = 100;

/// The beginning of a message in one line, without the marks of Markdown; `None` where nothing is left.
#[must_use]
pub fn preview(text: &str) -> Option<String> {
    // No more is looked at than could be shown, however long the text is.
    let head = text.get(..text.floor_char_boundary(1_000))?;
    let words = head.split_whitespace().filter_map(|word| {
        let word = word.trim_matches(['#', '*', '_', '`', '>', '|', '~']);
        let is_rule = word
            .chars()
            .all(|c| matches!(c, '-' | '=' | ':' | '+' | '|'));
        (!is_rule).then_some(word)
    });
    let line = words.collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return None;
    }
    match line.char_indices().nth(PREVIEW) {
        Some((end, _)) => Some(format!("{}…", line.get(..end)?.trim_end())),
        None => Some(line),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn thread(name: &str) -> ThreadId {
        ThreadId::from(name)
    }

    fn seen(activities: &[i64]) -> Marks {
        let mut marks = Marks::default();
        assert!(marks.begin(activities.iter().copied(), None));
        marks
    }

    #[test]
    fn a_room_that_is_seen_for_the_first_time_has_nothing_unread() {
        assert!(!Marks::default().is_unread(&thread("a"), Some(5)));
        let mut marks = seen(&[3, 9]);
        assert!(!marks.is_unread(&thread("a"), Some(9)));
        assert!(marks.is_unread(&thread("a"), Some(10)));
        assert!(!marks.is_unread(&thread("a"), None));
        assert!(
            !marks.begin([20].into_iter(), None),
            "the first time is once"
        );
        assert!(marks.is_unread(&thread("a"), Some(10)));
    }

    #[test]
    fn what_came_after_the_room_was_seen_in_a_list_is_unread_when_it_is_opened() {
        let mut marks = Marks::default();
        assert!(marks.begin([3, 9].into_iter(), Some(5)));
        assert!(!marks.is_unread(&thread("a"), Some(3)));
        assert!(marks.is_unread(&thread("b"), Some(9)));
        let mut marks = Marks::default();
        assert!(marks.begin([3].into_iter(), Some(5)));
        assert!(marks.is_unread(&thread("a"), Some(4)));
    }

    #[test]
    fn a_thread_is_unread_until_it_was_read_and_again_when_more_comes() {
        let mut marks = seen(&[1]);
        marks.read(&thread("a"), 10, Some(RowId("m".into())));
        assert!(!marks.is_unread(&thread("a"), Some(10)));
        assert!(marks.is_unread(&thread("a"), Some(11)));
        assert!(marks.is_unread(&thread("b"), Some(10)));
        assert_eq!(marks.anchor(&thread("a")), Some(RowId("m".into())));
        assert_eq!(marks.anchor(&thread("b")), None);
        marks.read(&thread("a"), 12, None);
        assert_eq!(
            marks.anchor(&thread("a")),
            Some(RowId("m".into())),
            "where the row is not known the last one stays"
        );
        marks.read(&thread("a"), 5, Some(RowId("n".into())));
        assert!(!marks.is_unread(&thread("a"), Some(12)));
        assert_eq!(marks.anchor(&thread("a")), Some(RowId("n".into())));
        marks.forget(&thread("a"));
        assert_eq!(marks.anchor(&thread("a")), None);
    }

    #[test]
    fn the_marks_of_two_tabs_become_one() {
        let mut one = seen(&[1]);
        one.read(&thread("a"), 10, Some(RowId("one".into())));
        let mut two = seen(&[2]);
        two.read(&thread("a"), 12, Some(RowId("two".into())));
        two.read(&thread("b"), 4, None);
        one.merge(two.clone());
        assert_eq!(one.anchor(&thread("a")), Some(RowId("two".into())));
        assert!(!one.is_unread(&thread("b"), Some(4)));
        let merged = one.clone();
        one.merge(two);
        assert_eq!(one, merged);
    }

    #[test]
    fn marks_that_are_dropped_leave_nothing_unread_behind() {
        let mut marks = seen(&[0]);
        for at in 1..=700 {
            marks.read(&thread(&format!("t{at}")), at, None);
        }
        assert_eq!(marks.threads.len(), MOST);
        assert!((1..=700).all(|at| !marks.is_unread(&thread(&format!("t{at}")), Some(at))));
    }

    #[test]
    fn the_stored_form_stays_as_it_is() {
        let mut marks = seen(&[7]);
        marks.read(&thread("a"), 10, Some(RowId("m".into())));
        marks.read(&thread("b"), 9, None);
        let text = r#"{"v":1,"data":{"since":7,"threads":{"a":{"at":10,"row":"m"},"b":{"at":9}}}}"#;
        assert_eq!(marks.encode(), text);
        assert_eq!(Marks::decode(text), Ok(marks));
        assert_eq!(Marks::decode("x"), Err(RecordError::Corrupt));
        assert_eq!(
            Marks::decode(r#"{"v":2,"data":{}}"#),
            Err(RecordError::OtherVersion(2))
        );
    }

    #[test]
    fn a_preview_is_one_line_without_marks() {
        for (text, want) in [
            (
                "## The **tide** today\n\n- high at `16:37`",
                "The tide today high at 16:37",
            ),
            ("> quoted\n---\n| a | b |", "quoted a b"),
            ("| a | b |\n|---|:--|\n| c | d |", "a b c d"),
            ("hello", "hello"),
        ] {
            assert_eq!(preview(text).as_deref(), Some(want));
        }
        for text in ["", "  \n", "***", "---"] {
            assert_eq!(preview(text), None, "{text}");
        }
        let long = preview(&"word ".repeat(1_000)).unwrap();
        assert_eq!(long.chars().count(), 100, "{long}");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_preview_long_or_panic(text in any::<String>()) {
            if let Some(preview) = preview(&text) {
                prop_assert!(preview.chars().count() <= PREVIEW + 1);
                prop_assert!(!preview.contains('\n'));
            }
        }
    }
}
