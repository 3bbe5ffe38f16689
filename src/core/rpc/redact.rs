//! What may be said of an error: to people, and in the log.
//!
//! A line of the log is made of a kind, a place and a count. No text of a server gets into it, so nothing has to be taken out of it.

use super::cascade::Transition;
use super::classify::RpcErrorKind;
use crate::core::error::detail;

/// Longest text of a server that is shown, in characters.
const TOLD_CHARS: usize = 300;
/// How much of a text is looked at for it, in characters.
const READ_CHARS: usize = 4_000;
/// Longer runs of letters and digits are no words.
const LONGEST_WORD: usize = 60;

/// Where an error turned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A call that a person or a page has asked for.
    Call,
    /// A call that is made again and again.
    Poll,
    /// A turn under way.
    Turn,
    /// Finding out what a server is and whether it is there.
    Probe,
    /// A sign-in.
    SignIn,
}

/// How loudly it is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks closely.
    Debug,
    /// What happens in the course of things.
    Info,
    /// Worth a look; mends itself or waits for the person.
    Warn,
    /// A fault of a server or of this app.
    Error,
}

/// How an error is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// How loudly it is logged.
    pub level: Level,
    /// Whether it counts as a fault that somebody should look into.
    pub counts: bool,
}

/// How an error of this kind is reported, by where it turned up.
#[must_use]
pub fn report(kind: RpcErrorKind, place: Place) -> Report {
    use RpcErrorKind as Kind;
    let (level, counts) = match (kind, place) {
        (Kind::Cancelled, _) => (Level::Debug, false),
        // The one line about an end is that of the transition.
        (Kind::AuthExpired(_) | Kind::BudgetExceeded, _) => (Level::Info, false),
        // Nobody answers while a server starts; an old server lacks what is only tried.
        (Kind::Transport | Kind::Timeout | Kind::MethodNotFound, Place::Probe) => {
            (Level::Debug, false)
        }
        (Kind::Transport | Kind::Timeout | Kind::RateLimited, _) => (Level::Warn, false),
        (Kind::MethodNotFound, _) => (Level::Warn, true),
        (Kind::BearerRejected, _) => (Level::Warn, false),
        (Kind::ThreadNotFound, _) => (Level::Info, false),
        (Kind::ProviderAuth | Kind::PermissionDenied | Kind::Malformed | Kind::Unknown, _) => {
            (Level::Error, true)
        }
    };
    Report { level, counts }
}

/// How loudly a change of standing is logged: once for each, and never as a fault.
#[must_use]
pub fn level_of(transition: Transition) -> Level {
    match transition {
        Transition::Expired { .. } => Level::Warn,
        Transition::SignedIn | Transition::SignedOut => Level::Info,
    }
}

/// What people are shown of what a server says: one line, short, no HTML, nothing that looks like a token.
#[must_use]
pub fn told(text: &str) -> Option<String> {
    let head: String = text.chars().take(READ_CHARS).collect();
    let text = detail(text).unwrap_or(head);
    let text = text.trim();
    // JSON that has no sentence for people is none itself.
    if text.is_empty() || text.starts_with(['<', '{', '[']) && serde_or_html(text) {
        return None;
    }
    let words: Vec<String> = text.split_whitespace().map(shown).collect();
    let mut told: String = words.join(" ").chars().take(TOLD_CHARS).collect();
    if words.join(" ").chars().nth(TOLD_CHARS).is_some() {
        told.push('…');
    }
    Some(told)
}

fn serde_or_html(text: &str) -> bool {
    text.starts_with('<') || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A word without what looks like a token in it.
fn shown(word: &str) -> String {
    let mut shown = String::with_capacity(word.len());
    let mut run = String::new();
    for c in word.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '~') {
            run.push(c);
            continue;
        }
        shown.push_str(if is_token(&run) { "•••" } else { &run });
        run.clear();
        if c != ' ' {
            shown.push(c);
        }
    }
    shown
}

fn is_token(run: &str) -> bool {
    let has = |is: fn(&char) -> bool| run.chars().any(|c| is(&c));
    run.starts_with("eyJ")
        || (run.len() > LONGEST_WORD && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rpc::classify::Certainty;

    #[test]
    fn an_end_is_no_error_and_somebody_elses_refusal_is_one() {
        use RpcErrorKind as Kind;
        for (kind, place, level, counts) in [
            (
                Kind::AuthExpired(Certainty::Confirmed),
                Place::Call,
                Level::Info,
                false,
            ),
            (
                Kind::AuthExpired(Certainty::Unconfirmed),
                Place::Poll,
                Level::Info,
                false,
            ),
            (Kind::Timeout, Place::Call, Level::Warn, false),
            (Kind::Transport, Place::Poll, Level::Warn, false),
            (Kind::Transport, Place::Probe, Level::Debug, false),
            (Kind::RateLimited, Place::Turn, Level::Warn, false),
            (Kind::MethodNotFound, Place::Probe, Level::Debug, false),
            (Kind::MethodNotFound, Place::Poll, Level::Warn, true),
            (Kind::BearerRejected, Place::Call, Level::Warn, false),
            (Kind::BudgetExceeded, Place::Turn, Level::Info, false),
            (Kind::ThreadNotFound, Place::Call, Level::Info, false),
            (Kind::ProviderAuth, Place::Call, Level::Error, true),
            (Kind::PermissionDenied, Place::Call, Level::Error, true),
            (Kind::Malformed, Place::SignIn, Level::Error, true),
            (Kind::Unknown, Place::Call, Level::Error, true),
            (Kind::Cancelled, Place::Turn, Level::Debug, false),
        ] {
            assert_eq!(
                report(kind, place),
                Report { level, counts },
                "{kind:?} {place:?}"
            );
        }
    }

    #[test]
    fn an_end_is_worth_a_look_and_the_rest_happens_in_the_course_of_things() {
        let expired = Transition::Expired {
            certainty: Certainty::Confirmed,
            source: crate::core::rpc::cascade::Source::Stream,
        };
        assert_eq!(level_of(expired), Level::Warn);
        assert_eq!(level_of(Transition::SignedIn), Level::Info);
        assert_eq!(level_of(Transition::SignedOut), Level::Info);
    }

    #[test]
    fn what_people_are_shown_holds_no_token_and_no_page() {
        for (text, want) in [
            ("", None),
            ("  \n ", None),
            ("<html><body>502</body></html>", None),
            (r#"{"ok":false}"#, None),
            (
                r#"{"ok":false,"error":"unauthorized","message":"bad bearer"}"#,
                Some("bad bearer"),
            ),
            (
                "[composio] list failed:\n no",
                Some("[composio] list failed: no"),
            ),
            (
                "Bearer eyJhbGciOi.eyJzdWIi.c2ln refused",
                Some("Bearer ••• refused"),
            ),
            (
                "GET https://x.test/?token=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef: no",
                Some("GET https://x.test/?token=•••: no"),
            ),
            (
                "thread thread-5f0c41de-aaaa-4bbb does not exist",
                Some("thread thread-5f0c41de-aaaa-4bbb does not exist"),
            ),
        ] {
            assert_eq!(told(text).as_deref(), want, "{text}");
        }
        let long = told(&"word ".repeat(10_000)).unwrap_or_default();
        assert!(
            long.chars().count() == TOLD_CHARS + 1 && long.ends_with('…'),
            "{long}"
        );
    }
}
