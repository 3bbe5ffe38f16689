//! Errors in words.

use crate::core::error::ApiError;

/// A title, and a sentence that says what is safe and what to do.
#[must_use]
pub fn api_error(error: &ApiError) -> (String, String) {
    let said = |detail: &Option<String>, rest: &str| match detail {
        Some(detail) => format!("The server says: {detail}. {rest}"),
        None => rest.to_owned(),
    };
    let (title, text) = match error {
        ApiError::Unauthorized => (
            "The server asks you to sign in",
            "Nothing you typed is lost. Sign in to go on.".to_owned(),
        ),
        ApiError::PermissionDenied { detail } => (
            "You do not have permission for this",
            said(
                detail,
                "You are still signed in. Ask whoever runs the server for access.",
            ),
        ),
        ApiError::NotFound { detail } => (
            "This is not here",
            said(
                detail,
                "It may have been removed, or it is not visible to you.",
            ),
        ),
        ApiError::RateLimited { retry_after } => (
            "The server asks for a pause",
            match retry_after {
                Some(wait) => format!("Nothing is lost. Try again in {} s.", wait.div_ceil(1000)),
                None => "Nothing is lost. Try again in a moment.".to_owned(),
            },
        ),
        ApiError::Rejected { detail, status } => (
            "The server did not accept this",
            said(detail, &format!("Nothing is lost. (Status {status}.)")),
        ),
        ApiError::Server { detail, status } => (
            "The server has a problem",
            said(
                detail,
                &format!("Nothing is lost. Try again in a moment. (Status {status}.)"),
            ),
        ),
        ApiError::Network => (
            "The server cannot be reached",
            "Nothing is lost, and you are still signed in. Check your connection, then try again."
                .to_owned(),
        ),
        ApiError::Timeout => (
            "The server does not answer",
            "Nothing is lost, and you are still signed in. Try again in a moment.".to_owned(),
        ),
        ApiError::Cancelled => ("This was stopped", "Nothing is lost.".to_owned()),
        ApiError::Malformed { reason } => (
            "The answer could not be read",
            format!(
                "Nothing is lost. The server answered in a form that Enfilade does not know: {reason}."
            ),
        ),
        ApiError::Rpc { message, code } => (
            "The server reports an error",
            format!("{message} (Code {code}.) Nothing is lost."),
        ),
    };
    (title.to_owned(), text)
}

/// The same in one line.
#[must_use]
pub fn api_error_line(error: &ApiError) -> String {
    let (title, text) = api_error(error);
    format!("{title}. {text}")
}

/// A message that the server did not take; its text is back in the field.
#[must_use]
pub fn not_sent(error: &ApiError) -> String {
    match error {
        ApiError::Rejected {
            status: 413 | 422, ..
        } => "The message is too long for this server. It is back in the field: shorten it, or send it in parts."
            .to_owned(),
        ApiError::NotFound { .. } => {
            "This room or thread is not there any more, or is not visible to you. The message is back in the field: copy it before you leave."
                .to_owned()
        }
        _ => api_error_line(error),
    }
}

/// The calls of an agent were carried out, and it cannot be told.
#[must_use]
pub fn not_gone_on(error: &ApiError) -> String {
    format!(
        "The answer could not go on. What came is kept. {}",
        api_error_line(error)
    )
}

/// An agent has called tools of this page over and over.
#[must_use]
pub fn too_deep(runs: u32) -> String {
    format!(
        "The agent has asked this page for help {runs} times in a row. The answer ends here, so that it does not go on for ever. What came is kept."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_told_in_plain_words_with_what_the_server_says() {
        let detail = || Some("Back at noon".to_owned());
        for error in [
            ApiError::Unauthorized,
            ApiError::PermissionDenied { detail: detail() },
            ApiError::NotFound { detail: detail() },
            ApiError::RateLimited {
                retry_after: Some(1_500),
            },
            ApiError::RateLimited { retry_after: None },
            ApiError::Rejected {
                status: 422,
                detail: detail(),
            },
            ApiError::Server {
                status: 503,
                detail: detail(),
            },
            ApiError::Server {
                status: 500,
                detail: None,
            },
            ApiError::Network,
            ApiError::Timeout,
            ApiError::Cancelled,
            ApiError::Malformed {
                reason: "not JSON at line 1".into(),
            },
            ApiError::Rpc {
                code: -1,
                message: "Back at noon".into(),
            },
        ] {
            let said = api_error_line(&error);
            assert!(said.len() > 30, "{said}");
            let lower = said.to_ascii_lowercase();
            for jargon in [
                "token",
                "401",
                "unauthorized",
                "apierror",
                "exception",
                "http",
                "none",
            ] {
                assert!(!lower.contains(jargon), "{said}");
            }
            let shown = format!("{error:?}").contains("noon");
            assert_eq!(said.contains("Back at noon"), shown, "{said}");
            if let ApiError::Rejected { status, .. } | ApiError::Server { status, .. } = error {
                assert!(said.contains(&status.to_string()), "{said}");
            }
        }
    }
}
