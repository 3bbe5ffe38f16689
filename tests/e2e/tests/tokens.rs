//! Tokens are in their store and nowhere else, whatever happens to a session.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::{WAKE, asks_for_sign_in, choose, start_sign_in};
use enfilade_e2e::traces::{is_store, places};
use enfilade_e2e::{Browser, Kind, Outcome, Server, Setup, journey};

/// Whether the records of sessions may hold tokens as they are: not once they are encrypted at rest.
const CLEAR_IN_STORE: bool = true;

/// The browser itself remembers, in the timing of the page's load, the address that brought the tokens. No script can take
/// it out of there; it goes with the page, and nothing else of the origin can read it.
const OF_THIS_LOAD: &str = "timings";

/// What the page that took the tokens in is allowed, which is the one thing more than others.
async fn only_in_store_since_sign_in(
    browser: &Browser,
    server: &Server,
    when: &str,
) -> Outcome<()> {
    let mut found = places(browser, server).await?;
    found.retain(|place| place != OF_THIS_LOAD);
    judge(&found, when)
}

async fn only_in_store(browser: &Browser, server: &Server, when: &str) -> Outcome<()> {
    judge(&places(browser, server).await?, when)
}

fn judge(found: &[String], when: &str) -> Outcome<()> {
    let wrong: Vec<&String> = found
        .iter()
        .filter(|place| !(CLEAR_IN_STORE && is_store(place)))
        .collect();
    ensure(wrong.is_empty(), || {
        format!("{when}: a token is in {wrong:?}")
    })?;
    ensure(!CLEAR_IN_STORE || !found.is_empty(), || {
        format!("{when}: not even the store has a token: the search is broken")
    })
}

#[tokio::test]
async fn tokens_are_nowhere_but_in_their_store() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "tokens_nowhere_else";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo tells which tokens it has issued");
    }
    let server = Server::first(&setup, "secret").await?;
    server.switch("reset").await?;
    server.token_lifetime(20).await?;
    let switched = server.clone();
    let outcome = journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        only_in_store_since_sign_in(&browser, &server, "after the sign-in").await?;

        app.open_room(app.rooms().0).await?;
        let thread = app.begin("long 2").await?;
        app.answers(1).await?;
        only_in_store_since_sign_in(&browser, &server, "after an answer").await?;

        browser
            .wait_until("a refresh", 2 * PATIENCE, || async {
                browser.script(WAKE, vec![]).await?;
                Ok(server.token_requests("refresh_token").await? > 0)
            })
            .await?;
        only_in_store_since_sign_in(&browser, &server, "after a refresh").await?;
        browser.reload().await?;
        app.ready().await?;
        only_in_store(&browser, &server, "after a reload").await?;

        browser.fill(&message_field(), "a draft").await?;
        server.expire().await?;
        asks_for_sign_in(&app, &server, &thread).await?;
        only_in_store(&browser, &server, "after the session's end").await?;

        server.token_lifetime(600).await?;
        app.forget_people().await?;
        start_sign_in(&app, &server).await?;
        app.sign_in(&server).await?;
        app.at("the thread that was left", |path| path == thread)
            .await?;
        only_in_store_since_sign_in(&browser, &server, "after the second sign-in").await?;

        app.to_lobby().await?;
        choose(&app, &server, "Sign out").await?;
        app.is_listed(&server, "signed out").await?;
        let left = places(&browser, &server).await?;
        ensure(left.is_empty(), || {
            format!("after the sign-out: a token is in {left:?}")
        })
    })
    .await;
    switched.switch("reset").await?;
    outcome
}

/// Servers up to 0.81 put the tokens where they reach the app's own server, and the log of whoever runs that.
#[tokio::test]
async fn tokens_in_the_query_leave_no_trace_either() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "tokens_in_the_query";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo tells which tokens it has issued");
    }
    let server = Server::first(&setup, "query").await?;
    server.switch("reset").await?;
    server.switch("delivery?mode=query").await?;
    let switched = server.clone();
    let outcome = journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        only_in_store_since_sign_in(&browser, &server, "after the sign-in").await
    })
    .await;
    switched.switch("reset").await?;
    outcome
}
