//! Tokens are in their store and nowhere else, whatever happens to a session.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::{WAKE, asks_for_sign_in, choose, start_sign_in};
use enfilade_e2e::traces::{is_store, places};
use enfilade_e2e::{Browser, Engine, Kind, Outcome, Server, Setup, journey};

/// Whether the records of sessions may hold tokens as they are: they are sealed at rest where the browser can do that.
const CLEAR_IN_STORE: bool = false;

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

/// The search itself: puts half of a token into each kind of place and finds it there.
async fn a_token_is_found(browser: &Browser, server: &Server) -> Outcome<()> {
    let token = server.issued_tokens().await?.remove(0);
    let half = token.split('.').nth(1).unwrap_or_default().to_owned();
    let spread = r"
        const done = arguments[arguments.length - 1];
        const [half] = window.spread;
        sessionStorage.setItem('spread', half);
        localStorage.setItem('spread', half);
        window.name = half;
        document.body.title = half;
        console.log(half);
        const opening = indexedDB.open('spread');
        opening.onupgradeneeded = () => opening.result.createObjectStore('store').put({ deep: new TextEncoder().encode(half) }, 1);
        opening.onsuccess = () => { opening.result.close(); done(true); };";
    let hand_over = "window.spread = [arguments[0]]";
    browser.script(hand_over, vec![half.into()]).await?;
    browser.script_async(spread).await?;
    let found = places(browser, server).await?;
    for place in [
        "session storage",
        "local storage: spread",
        "window.name",
        "attributes",
        "the console",
        "IndexedDB spread/store",
    ] {
        // The driver of WebKit has no way to the console.
        let is_unheard = place == "the console" && browser.engine == Engine::WebKit;
        ensure(
            is_unheard || found.iter().any(|found| found == place),
            || format!("the search does not look into {place}: {found:?}"),
        )?;
    }
    let tidy = "delete window.spread; sessionStorage.removeItem('spread'); localStorage.removeItem('spread'); window.name = ''; document.body.removeAttribute('title'); indexedDB.deleteDatabase('spread')";
    browser.script(tidy, vec![]).await?;
    Ok(())
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
        a_token_is_found(&browser, &server).await?;

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
