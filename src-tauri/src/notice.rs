//! Notices that the system shows while the window is out of sight.

use serde::Serialize;

use crate::failure::{Failure, Kind, Outcome};

const LONGEST_TITLE: usize = 120;
const LONGEST_BODY: usize = 400;

/// The system took the notice.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    shown: bool,
}

/// Shows a notice; waits for the system, so not on the main thread.
pub fn show(title: &str, body: &str) -> Outcome<Shown> {
    let mut notice = notify_rust::Notification::new();
    notice
        .appname("Enfilade")
        .summary(&shortened(title, LONGEST_TITLE))
        .body(&plain(&shortened(body, LONGEST_BODY)));
    notice.show().map_err(|error| {
        Failure::new(
            Kind::Unavailable,
            format!("the system shows no notices: {error}"),
        )
    })?;
    Ok(Shown { shown: true })
}

fn shortened(text: &str, most: usize) -> String {
    let mut letters = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut short: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// Where the system takes tags in a notice for markup, they are written so that they are seen instead.
fn plain(text: &str) -> String {
    if takes_markup() {
        escaped(text)
    } else {
        text.to_owned()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(all(unix, not(target_os = "macos")))]
fn takes_markup() -> bool {
    notify_rust::get_capabilities()
        .is_ok_and(|known| known.iter().any(|word| word == "body-markup"))
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
const fn takes_markup() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_one_short_line_of_text() {
        assert_eq!(shortened("a\nb", 10), "a b");
        assert_eq!(shortened("abcdef", 3), "abc…");
        assert_eq!(escaped("<a href=x>&"), "&lt;a href=x&gt;&amp;");
    }
}
