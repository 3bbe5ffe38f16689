//! The pages of the hosted service: allowing an integration, signing in, and the address that trades a login token.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::{Core, integrations, session};
use crate::provider::Person;
use crate::provider::page::{document, escape, notice};

/// The page on which a person lets an integration be used.
pub async fn connect(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Response {
    let Some(connection) = integrations::find(&core, &id) else {
        return gone();
    };
    let (toolkit, name) = (escape(&shown(&connection.toolkit)), core.profile.name);
    document(
        StatusCode::OK,
        &format!("Connect {toolkit}"),
        &format!(
            r#"<h1>Connect {toolkit}</h1>
<p>{name} asks to use {toolkit} for you. This is a demonstration: nothing is connected to anything.</p>
<form method="post">
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="refuse" class="quiet">Refuse</button>
</form>"#
        ),
    )
}

/// `Google calendar`
fn shown(toolkit: &str) -> String {
    let mut letters = toolkit.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .collect::<String>()
        .replace('_', " ")
}

#[derive(Deserialize)]
pub struct Decision {
    decision: String,
}

/// What the person decided there.
pub async fn decided(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
    Form(decision): Form<Decision>,
) -> Response {
    let is_allowed = decision.decision == "allow";
    let status = if is_allowed { "ACTIVE" } else { "FAILED" };
    let Some(connection) = integrations::decide(&core, &id, status) else {
        return gone();
    };
    let toolkit = shown(&connection.toolkit);
    let title = if is_allowed {
        "Connected"
    } else {
        "Not connected"
    };
    let text = format!("{toolkit}: this page can be closed.");
    notice(StatusCode::OK, title, &text)
}

fn gone() -> Response {
    notice(
        StatusCode::NOT_FOUND,
        "Nothing to connect",
        "This connection is not known any more. Begin again in the app.",
    )
}

/// The sign-in of the hosted service: it asks for a name.
pub async fn sign_in(Path(_provider): Path<String>) -> Response {
    document(
        StatusCode::OK,
        "Sign in",
        r#"<h1>Sign in</h1>
<p>This is a demonstration. Any name signs in, and there is no password.</p>
<form method="post">
<label for="name">Your name</label>
<input id="name" name="name" type="text" autocomplete="username" maxlength="80" required autofocus>
<button type="submit">Sign in</button>
</form>"#,
    )
}

#[derive(Deserialize)]
pub struct Name {
    name: String,
}

/// Where the real one would turn to the desktop app. Here the link and a token to paste are shown.
pub async fn signed_in(State(core): State<Arc<Core>>, Form(name): Form<Name>) -> Response {
    let Some(person) = Person::named(&name.name) else {
        return notice(
            StatusCode::BAD_REQUEST,
            "That is no name",
            "Go back and type one.",
        );
    };
    let session_token = session::issue(&core, &person, None);
    let login = session::issue_login(&core, person);
    document(
        StatusCode::OK,
        "Signed in",
        &format!(
            r#"<h1>Signed in</h1>
<p><a href="openhuman://auth?token={login}">Open the app</a></p>
<p>or paste this token there:</p>
<p><label for="token">Session token</label> <input id="token" type="text" readonly value="{session_token}"></p>"#
        ),
    )
}

#[derive(Deserialize)]
pub struct Login {
    token: Option<String>,
}

/// `GET /auth/telegram?token=…`
pub async fn telegram(State(core): State<Arc<Core>>, Query(login): Query<Login>) -> Response {
    let page = |status, text: &str| {
        (
            status,
            Html(format!("<html><body><p>{text}</p></body></html>")),
        )
            .into_response()
    };
    let login = login.token.unwrap_or_default();
    if login.trim().is_empty() {
        return page(StatusCode::BAD_REQUEST, "The login token is missing.");
    }
    match session::trade_and_store(&core, login.trim()) {
        Ok(()) => page(
            StatusCode::OK,
            "You are signed in. This page can be closed.",
        ),
        Err(fault) if fault.text.contains("401") || fault.text.contains("SESSION_EXPIRED") => {
            page(StatusCode::BAD_REQUEST, "The login token has expired.")
        }
        Err(_) => page(StatusCode::INTERNAL_SERVER_ERROR, "The sign-in failed."),
    }
}
