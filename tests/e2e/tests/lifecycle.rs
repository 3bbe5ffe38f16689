//! The callback of a sign-in and the life of a page: Back, Reload, bookmarks, a second opening, another's address.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, button, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::choose;
use enfilade_e2e::traces::stored_with;
use enfilade_e2e::{Browser, Failure, Found, Kind, Outcome, Server, Setup, journey};
use serde_json::{Value, json};

const FLOW: &str = "0123456789abcdef0123456789abcdef";

/// A callback address with tokens in it, as a server makes it.
fn callback(app: &App, flow: &str, tokens: &[String], mark: &str) -> String {
    let [access, refresh, id] = tokens else {
        panic!("{} tokens", tokens.len());
    };
    format!(
        "{}/auth/callback/{flow}{mark}token={access}&refresh_token={refresh}&expires_in=600&id_token={id}",
        app.origin
    )
}

/// The newest access, refresh and id token of the demo.
async fn newest(server: &Server) -> Outcome<Vec<String>> {
    let tokens = server.issued_tokens().await?;
    Ok(tokens[tokens.len().saturating_sub(3)..].to_vec())
}

/// The flows that wait for their callback, as another tab of the app sees them.
async fn flows(browser: &Browser, app: &App) -> Outcome<Vec<String>> {
    let here = browser.tab().await?;
    browser.new_tab().await?;
    // A picture, so that the app does not start and sweep what it finds.
    browser.open(&format!("{}/favicon.svg", app.origin)).await?;
    let script = "return Object.keys(localStorage).map((key) => key.split('enfilade/pre-auth/')[1]).filter(Boolean)";
    let keys = browser.script(script, vec![]).await?;
    browser.close_tab(&here).await?;
    Ok(enfilade_e2e::server::texts(&keys))
}

/// What the server and its provider were asked so far, apart from the fault switches.
async fn asked(server: &Server) -> Outcome<(Value, Value)> {
    let stats = server.get("/test/stats", None).await?;
    Ok((
        stats["token_requests"].clone(),
        stats["api_requests"].clone(),
    ))
}

async fn is_clean(browser: &Browser, tokens: &[String]) -> Outcome<()> {
    browser
        .wait_until("an address without tokens", PATIENCE, || async {
            let address = browser.address().await?;
            Ok(!address.contains("token=") && !tokens.iter().any(|token| address.contains(token)))
        })
        .await
}

async fn holds_none_of(browser: &Browser, tokens: &[String]) -> Outcome<()> {
    for token in tokens {
        let keys = stored_with(browser, token).await?;
        ensure(keys == json!([]), || format!("a token is stored in {keys}"))?;
    }
    Ok(())
}

async fn to_provider(app: &App, server: &Server) -> Outcome<()> {
    app.connect(&server.base).await?;
    app.browser
        .wait_until("the page of the provider", PATIENCE, || async {
            let away = !app.browser.address().await?.starts_with(&app.origin);
            Ok(away && app.browser.has(&Found::any("textbox")).await?)
        })
        .await
}

async fn lands_in_lobby(app: &App, server: &Server) -> Outcome<()> {
    app.at("the lobby", |path| path.starts_with("/lobby"))
        .await?;
    app.ready().await?;
    app.is_listed(server, "signed in").await
}

#[tokio::test]
async fn a_callback_counts_once_whether_by_back_reload_or_a_second_opening() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "callback_counts_once";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo tells which tokens it has issued");
    }
    let server = Server::first(&setup, "once").await?;
    server.switch("reset").await?;
    journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.open("/").await?;
        to_provider(&app, &server).await?;
        let flows = flows(&browser, &app).await?;
        let [flow] = &flows[..] else {
            return Err(Failure::new(format!("{} flows under way", flows.len())));
        };
        server.sign_in(&browser, &app.origin).await?;
        lands_in_lobby(&app, &server).await?;
        let exchanges = server.token_requests("authorization_code").await?;
        ensure(exchanges == 1, || {
            format!("{exchanges} codes were exchanged")
        })?;
        let tokens = newest(&server).await?;

        // Back to whatever lies before, which is not the callback with its tokens, and forward again.
        browser.back().await?;
        is_clean(&browser, &tokens).await?;
        browser.forward().await?;
        lands_in_lobby(&app, &server).await?;

        // The address of the callback as the history keeps it: opened, and loaded again there.
        for again in ["opened", "loaded again"] {
            let address = format!("{}/auth/callback/{flow}", app.origin);
            if again == "opened" {
                browser.open(&address).await?;
            } else {
                let script = "history.replaceState(null, '', arguments[0])";
                browser.script(script, vec![address.into()]).await?;
                browser.reload().await?;
            }
            lands_in_lobby(&app, &server).await?;
        }

        // The same with its tokens, as an extension or a log might have kept it: refused, and nothing changes.
        let before = asked(&server).await?.0;
        for mark in ["#?", "?", "#"] {
            browser.open(&callback(&app, flow, &tokens, mark)).await?;
            is_clean(&browser, &tokens).await?;
            app.ready().await?;
            let text = browser.text().await?;
            ensure(text.contains("sign"), || {
                format!("nothing is said about the sign-in: {text:?}")
            })?;
            app.open("/lobby").await?;
            lands_in_lobby(&app, &server).await?;
        }
        let after = asked(&server).await?.0;
        ensure(before == after, || {
            format!("the provider was asked: {before} became {after}")
        })
    })
    .await
}

#[tokio::test]
async fn a_callback_of_somebody_else_signs_nobody_in() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "callback_of_another";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo tells which tokens it has issued");
    }
    let other = Server::first(&setup, "other").await?;
    other.switch("reset").await?;
    let their = other.clone();
    let theirs = setup.clone();
    journey("callback_of_another_first", |browser| async move {
        App::new(&browser, &theirs).add(&their).await
    })
    .await?;
    let tokens = newest(&other).await?;
    journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        let before = asked(&other).await?;
        for mark in ["#?", "?", "#"] {
            // From elsewhere, as a redirect comes: a change of the fragment alone would load nothing.
            browser.open("about:blank").await?;
            browser.open(&callback(&app, FLOW, &tokens, mark)).await?;
            is_clean(&browser, &tokens).await?;
            app.ready().await?;
            holds_none_of(&browser, &tokens).await?;
        }
        // A sign-in of one's own is under way: an address with another flow's name does not get into it.
        app.open("/").await?;
        to_provider(&app, &other).await?;
        let flows = flows(&browser, &app).await?;
        ensure(flows.len() == 1, || format!("{flows:?} under way"))?;
        browser.open(&callback(&app, FLOW, &tokens, "#?")).await?;
        is_clean(&browser, &tokens).await?;
        app.ready().await?;
        holds_none_of(&browser, &tokens).await?;
        let after = asked(&other).await?;
        ensure(before.0 == after.0, || {
            format!("the provider was asked: {} became {}", before.0, after.0)
        })?;
        let private = after.1.as_object().into_iter().flatten().find(|(path, _)| {
            path.contains("/v1/rooms") && before.1.get(path.as_str()) != after.1.get(path.as_str())
        });
        ensure(private.is_none(), || {
            format!("the server was asked: {private:?}")
        })
    })
    .await
}

#[tokio::test]
async fn a_bookmark_of_a_callback_in_a_fresh_profile_is_a_plain_page() -> Outcome<()> {
    let setup = Setup::from_env();
    journey("callback_bookmark", |browser| async move {
        let app = App::new(&browser, &setup);
        for address in [
            format!("/auth/callback/{FLOW}"),
            format!("/auth/callback/{FLOW}?error=access_denied&error_description=%3Cb%3Eno"),
            "/auth/callback/short".to_owned(),
        ] {
            app.open(&address).await?;
            browser
                .wait_until("a way on", PATIENCE, || async {
                    let links = Found::any("link").within(Found::any("main"));
                    Ok(browser.has(&button("Connect")).await? || browser.has(&links).await?)
                })
                .await?;
            let script =
                "return Object.keys(localStorage).filter((key) => /session|pre-auth/.test(key))";
            let stored = browser.script(script, vec![]).await?;
            ensure(stored == json!([]), || {
                format!("{address}: stored {stored}")
            })?;
            let path = browser.path().await?;
            ensure(!path.contains("error"), || {
                format!("{address} stays as {path}")
            })?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_reload_at_any_step_of_the_sign_in_is_survived() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "reload_at_any_step";
    let server = Server::first(&setup, "reload").await?;
    if !server.has_sign_in {
        return not_here(name, "the server has no sign-in");
    }
    journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.open("/").await?;
        app.forget_people().await?;
        browser.reload().await?;
        app.ready().await?;
        app.connect(&server.base).await?;
        // At once, wherever it is by now: still here, on the way, or there.
        browser.reload().await?;
        let is_here = browser.address().await?.starts_with(&app.origin);
        if is_here {
            app.ready().await?;
            to_provider(&app, &server).await?;
        }
        browser.reload().await?;
        server.sign_in(&browser, &app.origin).await?;
        // While the callback is at work, and after it.
        for _ in 0..4 {
            browser.reload().await?;
        }
        lands_in_lobby(&app, &server).await?;
        app.open_room(app.rooms().0).await?;
        browser.reload().await?;
        app.ready().await?;
        browser.find(&button("New thread")).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_that_comes_back_by_the_back_button_knows_of_a_sign_out_elsewhere() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "back_after_sign_out";
    let server = Server::first(&setup, "back").await?;
    if !server.has_sign_in {
        return not_here(name, "the server has no sign-in");
    }
    journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        app.open_room(app.rooms().0).await?;
        app.begin("echo a private word").await?;
        app.answers(1).await?;
        browser
            .fill(&message_field(), "a draft to come back to")
            .await?;
        browser
            .script("window.stayed = 'the same page'", vec![])
            .await?;
        let here = browser.tab().await?;
        browser.open(&format!("{}/api/ok", server.base)).await?;

        browser.new_tab().await?;
        app.open("/lobby").await?;
        choose(&app, &server, "Sign out").await?;
        if setup.kind == Kind::Real {
            app.open("/lobby").await?;
        }
        app.is_listed(&server, "signed out").await?;
        browser.close_tab(&here).await?;

        browser.back().await?;
        app.ready().await?;
        browser
            .wait_until("a page without private words", PATIENCE, || async {
                Ok(!browser.text().await?.contains("a private word"))
            })
            .await?;
        let stayed = browser
            .script("return window.stayed || null", vec![])
            .await?;
        let way = if stayed.is_null() {
            "loaded again"
        } else {
            "restored whole"
        };
        println!("{name}: the page was {way}");
        app.is_listed(&server, "signed out").await
    })
    .await
}
