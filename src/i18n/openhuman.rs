//! Sentences about opening a server that keeps the session itself.

use crate::core::rpc::account::Usage;
use crate::core::rpc::classify::RpcErrorKind;
use crate::core::rpc::envelope::RpcError;
use crate::core::rpc::integration::Link;

/// The field for what opens the process.
pub const CORE_TOKEN: &str = "Core token";
/// Where it is found.
pub const CORE_TOKEN_HINT: &str = "The core was started with it as OPENHUMAN_CORE_TOKEN, or keeps it in the file core.token in its data folder. It is stored encrypted in this browser and sent to this core only.";
/// The field for the account.
pub const SESSION_TOKEN: &str = "Session token";
/// Where it is found.
pub const SESSION_TOKEN_HINT: &str = "The token of your account, or the one-time token of a sign-in link. The core keeps it; this browser does not.";
/// Hands over the core token.
pub const OPEN: &str = "Open";
/// Hands over the session token.
pub const SIGN_IN: &str = "Sign in";
/// Wants to enter another core token.
pub const OTHER_TOKEN: &str = "Use another core token";
/// Nothing was entered.
pub const EMPTY: &str = "Paste the token here first.";
/// The core does not say that anybody is signed in, although it took the token.
pub const NOT_KEPT: &str = "The core took the token but does not say that anybody is signed in. Nothing here has changed. Try once more, or look at the core's own log.";

/// What is wanted first.
#[must_use]
pub fn core_title(server: &str) -> String {
    format!("{server} is an OpenHuman core")
}

/// Why the core token is asked for.
#[must_use]
pub fn core_text(server: &str) -> String {
    format!(
        "To use {server}, enter its core token. It says that you may use this process; your account comes after it."
    )
}

/// What is wanted second.
#[must_use]
pub fn account_title(server: &str) -> String {
    format!("Nobody is signed in on {server}")
}

/// Why the session token is asked for.
#[must_use]
pub fn account_text(server: &str) -> String {
    format!("{server} accepts your core token. Sign in to your account there to go on.")
}

/// Why a core does not let anybody in.
#[must_use]
pub fn refused(server: &str, error: &RpcError) -> String {
    let said = error.message.as_deref().unwrap_or_default();
    match error.kind {
        RpcErrorKind::BearerRejected => format!(
            "{server} does not accept this core token. It may have been started anew with another one. Nobody was signed out."
        ),
        RpcErrorKind::Transport | RpcErrorKind::Timeout => format!(
            "{server} does not answer. Nothing here has changed: look whether the core is running, then try again."
        ),
        RpcErrorKind::RateLimited => {
            format!("{server} asks to wait a moment. Try again a little later.")
        }
        RpcErrorKind::MethodNotFound => {
            format!("{server} is of a version that cannot do this. Sign in on the core itself.")
        }
        _ if said.is_empty() => format!("{server} did not accept this. Nothing here has changed."),
        _ => format!("{server} did not accept this: {said}"),
    }
}

/// The process takes the token no more with which it was opened.
#[must_use]
pub fn shut(server: &str) -> String {
    format!(
        "{server} does not accept your core token any more; it may have been started with another one. You are still signed in there. Choose “Add a server” and enter its address again to give the new token."
    )
}

/// The account's token was not accepted.
#[must_use]
pub fn not_signed_in(server: &str, error: &RpcError) -> String {
    if matches!(
        error.kind,
        RpcErrorKind::AuthExpired(_) | RpcErrorKind::ProviderAuth
    ) {
        return format!(
            "The account service of {server} does not accept this token. It may be too old: get a new one and paste it here."
        );
    }
    refused(server, error)
}

/// The one room of a core.
pub const ROOM: &str = "Assistant";
/// What it is.
pub const ROOM_TEXT: &str = "Your OpenHuman assistant, with its threads and integrations.";
/// The invitation to write to an assistant that does not know the person yet.
pub const FIRST_STEPS: &str = "Your assistant wants to get to know you first. Until then it has few tools: say hello, and answer what it asks.";
/// A thread without a title yet.
pub const UNNAMED: &str = "New Thread";
/// A turn broke off at the core, or was stopped there.
pub const INTERRUPTED: &str =
    "The answer broke off before it was whole. What came of it is shown here. You can ask again.";
/// Nothing was heard of a turn for a long time.
pub const SILENT: &str = "The core has said nothing more of this answer for ten minutes. What came of it is shown here. You can ask again.";
/// Nobody was there when the answer came, or the question never got as far as the agent.
pub const MISSED: &str = "This question has no answer here. It came while nobody was listening, and the core does not keep it; or the question was never taken. You can ask again.";
/// The answer is on show but not stored.
pub const NOT_STORED: &str = "The core could not store this answer. It is shown here until the page is closed: copy what you need, or ask again.";
/// The turn was stopped by somebody else.
pub const CANCELLED: &str = "The answer was stopped, in another place or by a newer question.";
/// The turn has failed without a word.
pub const FAILED: &str = "The core could not answer. You can ask again.";
/// What the person can do about an answer that failed, where its kind says so.
#[must_use]
pub fn advice(kind: RpcErrorKind) -> Option<&'static str> {
    match kind {
        RpcErrorKind::RateLimited => Some(
            "Too much was asked in a short time. Your question is stored: ask again in a few minutes.",
        ),
        RpcErrorKind::ProviderAuth => Some(
            "A key that the core uses elsewhere was refused; you are still signed in. The key is changed in the settings of the core.",
        ),
        RpcErrorKind::Transport | RpcErrorKind::Timeout => {
            Some("The core could not reach what it needs for an answer. You can ask again.")
        }
        _ => None,
    }
}

/// What is left to spend, below an answer that failed for want of it; `None` where nothing is known of it.
#[must_use]
pub fn left(usage: &Usage, plan: Option<&str>, now: i64) -> Option<String> {
    const LONGEST_PLAN: usize = 40;
    let left = usage.remaining.map(|left| match usage.budget {
        Some(budget) => format!("Left to spend: {} of {}.", dollars(left), dollars(budget)),
        None => format!("Left to spend: {}.", dollars(left)),
    });
    let ends = usage.ends.map(|ends| ends - now).filter(|wait| *wait > 0);
    let ends = ends.map(|wait| format!("A new cycle begins {}.", within(wait)));
    let plan = plan.map(|plan| plan.chars().take(LONGEST_PLAN).collect::<String>());
    let plan = plan.map(|plan| format!("Your plan: {plan}."));
    let all = [left, ends, plan].into_iter().flatten();
    let all = all.collect::<Vec<_>>().join(" ");
    (!all.is_empty()).then_some(all)
}

fn dollars(cents: i64) -> String {
    let cents = cents.max(0);
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// How long it is until then, in milliseconds.
fn within(wait: i64) -> String {
    const HOUR: i64 = 3_600_000;
    let hours = wait.saturating_add(HOUR - 1) / HOUR;
    match hours {
        ..=1 => "within an hour".to_owned(),
        2..=47 => format!("in {hours} hours"),
        _ => format!("in {} days", hours / 24),
    }
}

/// A tool has failed.
pub const CALL_FAILED: &str = "The tool failed";

/// Heading of the services.
pub const INTEGRATIONS: &str = "Integrations";
/// What they are.
pub const INTEGRATIONS_TEXT: &str =
    "Services that your assistant may use for you. What you connect here is kept by the core.";
/// Begins to connect a service.
pub const CONNECT: &str = "Connect";
/// Connects one anew whose connection has failed.
pub const RECONNECT: &str = "Connect again";
/// Gives up a connection.
pub const DISCONNECT: &str = "Disconnect";
/// Keeps a connection after all.
pub const KEEP: &str = "Keep it";
/// Leads to the page of the service.
pub const GO_ON: &str = "Continue in a new tab";
/// Below that link.
pub const WAITING: &str = "This page notices when you are done there.";
/// The core has no services to offer.
pub const NO_INTEGRATIONS: &str = "This core offers no integrations.";
/// Asks again.
pub const REFRESH: &str = "Look again";

/// A service, as people write it.
#[must_use]
pub fn service(toolkit: &str) -> String {
    let known = match toolkit {
        "gmail" => "Gmail",
        "github" => "GitHub",
        "googlecalendar" => "Google Calendar",
        "googledrive" => "Google Drive",
        "googlesheets" => "Google Sheets",
        "linkedin" => "LinkedIn",
        "whatsapp" => "WhatsApp",
        "youtube" => "YouTube",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let words = toolkit.split(['_', '-']).filter(|word| !word.is_empty());
    let words = words.map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    });
    words.collect::<Vec<String>>().join(" ")
}

/// How a service stands.
#[must_use]
pub fn link(link: Link) -> &'static str {
    match link {
        Link::Connected => "Connected",
        Link::Pending => "Waiting for you",
        Link::Failed => "Connection failed",
        Link::Disconnected => "Not connected",
    }
}

/// Connects one of several services.
#[must_use]
pub fn connect(toolkit: &str) -> String {
    format!("Connect {}", service(toolkit))
}

/// Gives up one of several connections.
#[must_use]
pub fn disconnect(toolkit: &str) -> String {
    format!("Disconnect {}", service(toolkit))
}

/// The question before a connection is given up.
#[must_use]
pub fn disconnect_question(toolkit: &str) -> String {
    format!("Disconnect {}?", service(toolkit))
}

/// What that means.
#[must_use]
pub fn disconnect_text(toolkit: &str) -> String {
    format!(
        "Your assistant can no longer use {}. Your data there stays, and you can connect it again.",
        service(toolkit)
    )
}

/// Why there is no newer list.
#[must_use]
pub fn no_list(error: &RpcError) -> String {
    match error.kind {
        RpcErrorKind::MethodNotFound => {
            "This core is of a version without integrations. Everything else works.".to_owned()
        }
        RpcErrorKind::Transport | RpcErrorKind::Timeout => {
            "The core cannot be asked now. What you see is what it said last; it is asked again by itself.".to_owned()
        }
        RpcErrorKind::BearerRejected => {
            "The core does not accept your core token any more. You are still signed in: choose “Add a server” and enter its address again to give the new token.".to_owned()
        }
        RpcErrorKind::AuthExpired(_) => {
            "Enfilade is looking into whether you are still signed in.".to_owned()
        }
        _ => {
            let said = error.message.as_deref().unwrap_or_default();
            format!("The list could not be had. It is asked for again by itself. {said}")
                .trim()
                .to_owned()
        }
    }
}

/// A service was not connected.
#[must_use]
pub fn not_connected(toolkit: &str, error: &RpcError) -> String {
    told(&format!("{} was not connected.", service(toolkit)), error)
}

/// A connection was not given up.
#[must_use]
pub fn not_disconnected(toolkit: &str, error: &RpcError) -> String {
    told(&format!("{} is still connected.", service(toolkit)), error)
}

fn told(what: &str, error: &RpcError) -> String {
    match error.message.as_deref() {
        Some(said) => format!("{what} The core says: {said}"),
        None => format!("{what} Try again in a moment."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_as_far_as_it_is_known() {
        const HOUR: i64 = 3_600_000;
        let usage = |remaining, budget, ends| Usage {
            remaining,
            budget,
            ends,
        };
        for (usage, plan, want) in [
            (usage(None, None, None), None, None),
            (
                usage(Some(725), None, None),
                None,
                Some("Left to spend: $7.25."),
            ),
            (
                usage(Some(-3), Some(2_000), Some(72 * HOUR)),
                Some("BASIC"),
                Some(
                    "Left to spend: $0.00 of $20.00. A new cycle begins in 3 days. Your plan: BASIC.",
                ),
            ),
            (
                usage(None, Some(5), Some(HOUR)),
                None,
                Some("A new cycle begins within an hour."),
            ),
            (
                usage(None, None, Some(5 * HOUR - 1)),
                None,
                Some("A new cycle begins in 5 hours."),
            ),
            // What lies behind us says nothing.
            (
                usage(None, None, Some(-1)),
                Some("FREE"),
                Some("Your plan: FREE."),
            ),
            (
                usage(Some(i64::MAX), None, Some(i64::MIN)),
                None,
                Some("Left to spend: $92233720368547758.07."),
            ),
        ] {
            assert_eq!(left(&usage, plan, 0).as_deref(), want);
        }
    }
}
