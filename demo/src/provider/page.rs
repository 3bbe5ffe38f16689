//! The sign-in page and the pages for what went wrong: plain HTML, no script.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");

/// Text made safe for HTML, also within quotes.
pub fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut safe, letter| {
            match letter {
                '&' => safe.push_str("&amp;"),
                '<' => safe.push_str("&lt;"),
                '>' => safe.push_str("&gt;"),
                '"' => safe.push_str("&quot;"),
                '\'' => safe.push_str("&#39;"),
                other => safe.push(other),
            }
            safe
        })
}

/// The form that asks for a name; `hidden` is sent along.
pub fn sign_in(
    realm: &str,
    action: &str,
    hidden: &[(String, String)],
    cancel: &str,
    problem: Option<&str>,
) -> Response {
    let fields: String = hidden
        .iter()
        .map(|(name, value)| {
            format!(
                r#"<input type="hidden" name="{}" value="{}">"#,
                escape(name),
                escape(value)
            )
        })
        .collect();
    let (described, problem) = problem.map_or((String::new(), String::new()), |text| {
        (
            r#" aria-invalid="true" aria-describedby="problem""#.to_owned(),
            format!(
                r#"<p id="problem" class="problem" role="alert">{}</p>"#,
                escape(text)
            ),
        )
    });
    let realm = escape(realm);
    document(
        StatusCode::OK,
        &format!("Sign in to {realm}"),
        &format!(
            r#"<p class="mark" aria-hidden="true"><span></span><span></span><span></span></p>
<h1>Sign in to {realm}</h1>
<p>This is a demonstration. Any name signs in, and there is no password.</p>
<form method="post" action="{}">{fields}
<label for="name">Your name</label>
<input id="name" name="name" type="text" autocomplete="username" autocapitalize="words" spellcheck="false" maxlength="80" required autofocus{described}>
{problem}<button type="submit">Sign in</button>
</form>
<p class="aside"><a href="{}">Cancel</a></p>"#,
            escape(action),
            escape(cancel),
        ),
    )
}

/// A page that only tells something.
pub fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    document(
        status,
        title,
        &format!("<h1>{}</h1>\n<p>{}</p>", escape(title), escape(text)),
    )
}

/// A page around `body`, which is HTML, as `title` is.
pub fn document(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"#
    );
    let style_hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    // No form-action: browsers apply it to the redirect after the form too, and that one leaves this origin.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style_hash}'; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (
            HeaderName::from_static("x-frame-options"),
            "DENY".to_owned(),
        ),
    ];
    (status, headers, Html(html)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_values_is_only_text() {
        assert_eq!(
            escape(r#"<b a="x">'&"#),
            "&lt;b a=&quot;x&quot;&gt;&#39;&amp;"
        );
    }
}
