//! Sentences of the rows of a conversation: folds, captions, verdicts, images and sources.

use crate::core::thread::delegate::{Delegate, Progress};
use crate::core::thread::picture::Unshown;
use crate::core::thread::source::Source;
use crate::core::time::DayDistance;

/// Says more of what is shown in part.
pub const MORE: &str = "Show more";
/// Goes back to a part.
pub const LESS: &str = "Show less";
/// Asks for another answer to the same question.
pub const RETRY: &str = "Try again";
/// Fetches a part of the conversation again.
pub const LOAD_AGAIN: &str = "Load again";
/// A tool that failed.
pub const TOOL_FAILED: &str = "failed";
/// Copies what a tool was called with.
pub const COPY_ARGUMENTS: &str = "Copy arguments";
/// Copies what a tool gave back.
pub const COPY_RESULT: &str = "Copy result";
/// What an activity or event brought with it.
pub const CONTENT: &str = "Content";
/// Copies what an activity or event brought with it.
pub const COPY_CONTENT: &str = "Copy content";
/// Copies what the agent thought.
pub const COPY_THOUGHT: &str = "Copy reasoning";
/// An event that could not be read.
pub const UNPROCESSED: &str = "Could not process 1 event";
/// Why an event could not be read.
pub const REASON: &str = "Reason";
/// The run that an event belongs to.
pub const RUN: &str = "Run";
/// The event as it came.
pub const AS_IT_CAME: &str = "As it came";
/// A run that has failed.
pub const RUN_FAILED: &str = "The answer could not be finished";
/// A run that ended without a word.
pub const ENDED_EMPTY: &str = "The run finished without an answer.";
/// A run that was stopped before it said a word.
pub const STOPPED_EMPTY: &str = "Stopped before there was an answer.";
/// A run that failed before it said a word.
pub const FAILED_EMPTY: &str = "The run failed before there was an answer.";
/// Takes a verdict back.
pub const TAKE_BACK: &str = "Press again to take it back";
/// Opens the dialog for a reason.
pub const TELL_WHY: &str = "Tell us why";
/// A verdict that the server has.
pub const NOTED: &str = "Thank you";
/// The field for a reason.
pub const WHY: &str = "What was good or bad about it? You may leave this empty.";
/// Sends a verdict.
pub const SEND: &str = "Send";
/// Closes a dialog without doing anything.
pub const CANCEL: &str = "Cancel";
/// The viewer of images.
pub const IMAGES: &str = "Images of this message";
/// Closes the viewer.
pub const CLOSE: &str = "Close";
/// The image before.
pub const PREVIOUS: &str = "Previous image";
/// The image after.
pub const NEXT: &str = "Next image";
/// Larger.
pub const ZOOM_IN: &str = "Zoom in";
/// Smaller.
pub const ZOOM_OUT: &str = "Zoom out";
/// As large as fits.
pub const ZOOM_RESET: &str = "Fit to the window";
/// Copies one source.
pub const COPY_SOURCE: &str = "Copy source";
/// Copies every source.
pub const COPY_SOURCES: &str = "Copy all sources";
/// Opens a source elsewhere.
pub const OPEN_SOURCE: &str = "Open";

/// When something was, under a message; `time` and `day` come in the person's own language.
#[must_use]
pub fn caption(distance: DayDistance, day: &str, time: &str) -> String {
    match distance {
        DayDistance::Today => time.to_owned(),
        DayDistance::Yesterday => format!("Yesterday · {time}"),
        _ => format!("{day} · {time}"),
    }
}

/// How long something took.
#[must_use]
pub fn lasted(milliseconds: i64) -> String {
    let tenths = milliseconds.max(0) / 100;
    if tenths == 0 {
        return "under 0.1 s".to_owned();
    }
    let (minutes, rest) = (tenths / 600, tenths % 600);
    if minutes == 0 {
        format!("{}.{} s", rest / 10, rest % 10)
    } else {
        format!("{minutes} min {} s", rest / 10)
    }
}

/// An agent that was set to work, where nobody says which.
pub const DELEGATE: &str = "Another agent";

/// What is known of the work of such an agent, in one line.
#[must_use]
pub fn delegate(agent: &Delegate) -> String {
    let is_running = agent.progress == Progress::Running;
    let tool = agent.tool.as_ref().filter(|_| is_running);
    let round = agent.round.filter(|_| is_running);
    let used = (!is_running && agent.message.is_none()).then_some(agent.used);
    let parts = [
        agent.message.clone(),
        tool.map(|tool| format!("uses {tool}")),
        round.map(|(round, of)| match of {
            Some(of) => format!("round {round} of {of}"),
            None => format!("round {round}"),
        }),
        used.and_then(|used| match used {
            0 => None,
            1 => Some("used 1 tool".to_owned()),
            _ => Some(format!("used {used} tools")),
        }),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Reasoning that is over, and how long it took.
#[must_use]
pub fn thought_for(milliseconds: i64) -> String {
    format!("Thought for {}", lasted(milliseconds))
}

/// The rest of a long text, with the size of the whole in bytes.
#[must_use]
pub fn show_all(bytes: usize) -> String {
    format!("Show all ({})", size(bytes))
}

fn size(bytes: usize) -> String {
    if bytes < 1_000_000 {
        format!("{} kB", bytes.div_ceil(1000))
    } else {
        format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
    }
}

/// The name of an image of a message.
#[must_use]
pub fn image(number: Option<u64>) -> String {
    number.map_or_else(|| "Image".to_owned(), |number| format!("Image {number}"))
}

/// What pressing an image does.
#[must_use]
pub fn look_at(number: Option<u64>) -> String {
    format!("{}: look at it", image(number))
}

/// Why something in a message is not shown.
#[must_use]
pub fn unshown(why: &Unshown) -> String {
    match why {
        Unshown::Undecodable => "This image cannot be read.".to_owned(),
        Unshown::Kind(kind) => format!("This kind of attachment cannot be shown here ({kind})."),
        Unshown::Elsewhere => {
            "This image is stored somewhere else and is not fetched from there.".to_owned()
        }
    }
}

/// Which of several images is on show.
#[must_use]
pub fn place(at: usize, of: usize) -> String {
    format!("{at} of {of}")
}

/// How many sources an answer rests on.
#[must_use]
pub fn sources(count: usize) -> String {
    match count {
        1 => "1 source".to_owned(),
        _ => format!("{count} sources"),
    }
}

/// The pages of a passage, with neighbours joined; empty without any.
#[must_use]
pub fn pages(pages: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for page in pages {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*page) => *last = *page,
            _ => ranges.push((*page, *page)),
        }
    }
    let said: Vec<String> = ranges
        .iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}–{last}")
            }
        })
        .collect();
    match pages.len() {
        0 => String::new(),
        1 => format!("page {}", said.join(", ")),
        _ => format!("pages {}", said.join(", ")),
    }
}

/// The headings above a passage.
#[must_use]
pub fn headings(headings: &[String]) -> String {
    headings.join(" › ")
}

/// A source as it is copied.
#[must_use]
pub fn source_text(source: &Source) -> String {
    let head = [
        source.title.clone(),
        headings(&source.headings),
        pages(&source.pages),
        source.uri.clone(),
        source.chunk.clone(),
    ];
    let mut lines: Vec<String> = head.into_iter().filter(|line| !line.is_empty()).collect();
    lines.push(String::new());
    lines.push(source.content.clone());
    lines.join("\n")
}

/// All sources as they are copied.
#[must_use]
pub fn source_texts(sources: &[Source]) -> String {
    let texts: Vec<String> = sources.iter().map(source_text).collect();
    texts.join("\n\n---\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_at_work_says_what_about_and_how_far_it_is() {
        let of = |content: &str| {
            let agent = Delegate::read(crate::core::thread::delegate::ACTIVITY, content);
            agent.map(|agent| delegate(&agent)).unwrap_or_default()
        };
        for (content, want) in [
            (r#"{"state":"running"}"#, ""),
            (
                r#"{"state":"running","message":"Researching","tool":"web","round":1,"rounds":6,"tools":[{}]}"#,
                "Researching · uses web · round 1 of 6",
            ),
            (r#"{"state":"running","round":2}"#, "round 2"),
            (
                r#"{"state":"done","message":"Found two","tool":"web","round":1,"tools":[{}]}"#,
                "Found two",
            ),
            (r#"{"state":"done","tools":[{}]}"#, "used 1 tool"),
            (r#"{"state":"failed","tools":[{},{}]}"#, "used 2 tools"),
            (r#"{"state":"failed"}"#, ""),
        ] {
            assert_eq!(of(content), want, "{content}");
        }
    }

    #[test]
    fn times_are_told_by_how_far_back_they_are() {
        assert_eq!(caption(DayDistance::Today, "Mar 3", "15:30"), "15:30");
        assert_eq!(
            caption(DayDistance::Yesterday, "Mar 3", "15:30"),
            "Yesterday · 15:30"
        );
        assert_eq!(
            caption(DayDistance::ThisWeek, "Mon", "15:30"),
            "Mon · 15:30"
        );
    }

    #[test]
    fn short_times_have_one_decimal() {
        for (milliseconds, said) in [
            (-5, "under 0.1 s"),
            (0, "under 0.1 s"),
            (99, "under 0.1 s"),
            (100, "0.1 s"),
            (3_249, "3.2 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 0 s"),
            (192_400, "3 min 12 s"),
        ] {
            assert_eq!(lasted(milliseconds), said);
        }
    }

    #[test]
    fn neighbouring_pages_are_joined() {
        assert_eq!(pages(&[]), "");
        assert_eq!(pages(&[12]), "page 12");
        assert_eq!(pages(&[1, 2, 3, 7]), "pages 1–3, 7");
        assert_eq!(pages(&[u64::MAX, 0]), format!("pages {}, 0", u64::MAX));
    }

    #[test]
    fn a_source_is_copied_with_what_is_known_of_it() {
        let source = Source {
            number: 1,
            title: "Harbour handbook".into(),
            uri: "file:///handbook.pdf".into(),
            link: None,
            headings: vec!["Tides".into(), "The north pier".into()],
            pages: vec![12, 13],
            content: "The ferry leaves.".into(),
            chunk: "c-1".into(),
        };
        assert_eq!(
            source_text(&source),
            "Harbour handbook\nTides › The north pier\npages 12–13\nfile:///handbook.pdf\nc-1\n\nThe ferry leaves."
        );
        let bare = Source {
            title: "B".into(),
            content: "b".into(),
            ..Source::default()
        };
        assert!(source_texts(&[source, bare]).ends_with("leaves.\n\n---\n\nB\n\nb"));
    }
}
