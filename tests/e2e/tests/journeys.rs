//! What an owner would try first, in a real browser against running servers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, address_field, button, letters, message_field, server_link};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::{
    asks_for_sign_in, back_to_sign_in, caret_works, choose, growing, is_accessible, is_complete,
    open_thread, start_sign_in, to_thread,
};
use enfilade_e2e::{Browser, Kind, Outcome, Server, Setup, journey};
use serde_json::{Value, json};

fn stored_keys(browser: &Browser) -> impl Future<Output = Outcome<Value>> + '_ {
    browser.script(
        "return Object.keys(localStorage).filter((key) => /session|token/.test(key))",
        vec![],
    )
}

#[tokio::test]
async fn first_sign_in_chats_and_keeps_history_after_a_reload() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "history").await?;
    journey("first_sign_in", |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        let state = if server.has_sign_in { "signed in" } else { "" };
        app.is_listed(&server, state).await?;
        app.open_room(app.rooms().0).await?;
        let thread = app.begin("echo good morning from a browser").await?;
        let answer = app.answers(1).await?;
        ensure(!answer.trim().is_empty(), || "an empty answer".to_owned())?;

        browser.reload().await?;
        app.ready().await?;
        let again = app.answers(1).await?;
        ensure(letters(&again) == letters(&answer), || {
            format!("after the reload: {again:?} instead of {answer:?}")
        })?;
        let path = browser.path().await?;
        ensure(path == thread, || format!("after the reload at {path}"))?;
        let questions = app.messages("user", "").await?.len();
        ensure(questions == 1, || format!("{questions} questions"))
    })
    .await
}

#[tokio::test]
async fn one_session_ends_while_typing_and_nothing_is_lost() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "one_session_ends";
    let Some(second) = setup.server2.clone() else {
        return not_here(name, "it needs a second server");
    };
    let first = Server::first(&setup, "typing").await?;
    // Another person: real servers share a provider, whose revocation meets all sessions of a name.
    let second = Server::at(&setup, &second, &format!("{}2", setup.user)).await?;
    if !first.has_sign_in || !second.has_sign_in {
        return not_here(name, "both servers must have a sign-in");
    }
    // The app asks for nothing while a person types: it learns of the end when it renews a token that runs out.
    first.token_lifetime(20).await?;
    let short = first.clone();
    let outcome = journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&first).await?;
        app.add(&second).await?;
        let (talk, long) = app.rooms();

        // A thread to come back to, then a long answer elsewhere, all by links of the app.
        app.open_room(talk).await?;
        let thread = app.begin("echo before").await?;
        app.answers(1).await?;
        app.to_lobby().await?;
        app.open_room(long).await?;
        let streaming = app.begin("pace 150 long 6 a story").await?;
        growing(&app).await?;
        browser
            .script("window.stayed = 'the same page'", vec![])
            .await?;
        app.to_lobby().await?;
        app.open_room(talk).await?;
        open_thread(&app, &thread).await?;

        let draft = "What I was about to say: ä, 漢字, and \"more\".";
        browser.fill(&message_field(), draft).await?;
        first.expire().await?;
        asks_for_sign_in(&app, &first, &thread).await?;
        first.token_lifetime(600).await?;
        app.is_listed(&first, "session expired").await?;
        app.is_listed(&second, "signed in").await?;

        // The other server's answer goes on while the first one waits.
        browser.click(&server_link(&second)).await?;
        to_thread(&app, long, &streaming).await?;
        growing(&app).await?;
        let same = browser.script("return window.stayed", vec![]).await?;
        ensure(same == "the same page", || {
            "the page was loaded again".to_owned()
        })?;
        back_to_sign_in(&app).await?;

        app.forget_people().await?;
        start_sign_in(&app, &first).await?;
        app.sign_in(&first).await?;
        app.at("the thread that was left", |path| path == thread)
            .await?;
        let has_draft = || async { Ok(browser.value(&message_field()).await? == draft) };
        browser
            .wait_until("the text that was typed", PATIENCE, has_draft)
            .await?;
        caret_works(&browser, draft).await?;
        browser.click(&button("Send")).await?;
        app.answers(2).await?;
        let questions = app.messages("user", "").await?;
        ensure(questions.len() == 2, || {
            format!("{} questions instead of 2", questions.len())
        })?;
        let left = browser.value(&message_field()).await?;
        ensure(left.is_empty(), || format!("still to be sent: {left:?}"))?;

        app.to_lobby().await?;
        to_thread(&app, long, &streaming).await?;
        is_complete(&app, &second, &streaming).await
    })
    .await;
    short.token_lifetime(600).await?;
    outcome
}

#[tokio::test]
async fn sign_in_with_the_query_delivery_form() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "query_delivery";
    if setup.kind == Kind::Real {
        return not_here(
            name,
            "give the server `old` as --server: the first journey covers it",
        );
    }
    let server = Server::first(&setup, "query").await?;
    server.switch("delivery?mode=query").await?;
    let switched = server.clone();
    let outcome = journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        app.is_listed(&server, "signed in").await?;
        let history = browser
            .script("return location.href + document.referrer", vec![])
            .await?;
        ensure(!history.to_string().contains("token="), || {
            "a token is left in the address bar".to_owned()
        })
    })
    .await;
    switched.switch("delivery?mode=fragment").await?;
    outcome
}

/// An alert, or what describes a field that is marked as wrong.
const EXPLAINED: &str = r"
const ids = [...document.querySelectorAll('[aria-invalid=true]')].flatMap((field) =>
  (field.getAttribute('aria-describedby') || field.getAttribute('aria-errormessage') || '').split(/\s+/));
const places = [...document.querySelectorAll('[role=alert]'), ...ids.map((id) => document.getElementById(id))];
return places.some((place) => place && place.checkVisibility() && place.innerText.trim().length > 10);
";

#[tokio::test]
async fn bad_addresses_are_explained() -> Outcome<()> {
    let setup = Setup::from_env();
    journey("bad_addresses", |browser| async move {
        let app = App::new(&browser, &setup);
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}", listener.local_addr().unwrap())
        };
        let no_server = setup.app.replace("127.0.0.1", "localhost") + "/nothing/here";
        for address in [
            "not an address at all",
            "http://",
            "javascript:alert(1)",
            &closed,
            &no_server,
        ] {
            app.open("/").await?;
            app.connect(address).await?;
            browser
                .wait_until(
                    &format!("an explanation of {address:?}"),
                    PATIENCE,
                    || async { Ok(browser.script(EXPLAINED, vec![]).await? == true) },
                )
                .await?;
            let kept = browser.value(&address_field()).await?;
            ensure(kept == address, || format!("{address:?} became {kept:?}"))?;
            let path = browser.path().await?;
            ensure(path.starts_with('/') && !path.starts_with("/lobby"), || {
                format!("{address:?} led to {path}")
            })?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_callback_without_a_live_flow_is_refused() -> Outcome<()> {
    let setup = Setup::from_env();
    journey("dead_callback", |browser| async move {
        let app = App::new(&browser, &setup);
        let forms = [
            "/auth/callback/abc#?token=stolen&refresh_token=stolen2&expires_in=600",
            "/auth/callback/abc?token=stolen&refresh_token=stolen2&expires_in=600",
        ];
        for form in forms {
            app.open(form).await?;
            browser
                .wait_until("an address without a token", PATIENCE, || async {
                    Ok(!browser.address().await?.contains("stolen"))
                })
                .await?;
            let said = browser.text().await?;
            ensure(said.to_lowercase().contains("sign"), || {
                format!("nothing is said about the sign-in: {said:?}")
            })?;
            let stored = browser
                .script(
                    "return JSON.stringify({ ...localStorage, ...sessionStorage })",
                    vec![],
                )
                .await?;
            ensure(!stored.to_string().contains("stolen"), || {
                "the token was stored".to_owned()
            })?;
            let keys = stored_keys(&browser).await?;
            ensure(keys == json!([]), || format!("stored: {keys}"))?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_server_can_be_signed_out_and_removed() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "sign_out_and_remove";
    let server = Server::first(&setup, "leaving").await?;
    if !server.has_sign_in {
        return not_here(name, "the server has no sign-in");
    }
    journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        app.is_listed(&server, "signed in").await?;
        choose(&app, &server, "Sign out").await?;
        if setup.kind == Kind::Real {
            // A real provider has a page that asks whether one is sure.
            app.open("/lobby").await?;
        }
        app.is_listed(&server, "signed out").await?;
        browser.reload().await?;
        app.ready().await?;
        app.is_listed(&server, "signed out").await?;
        choose(&app, &server, "Remove").await?;
        browser
            .wait_until("a list without the server", PATIENCE, || async {
                Ok(!browser.has(&server_link(&server)).await?)
            })
            .await?;
        browser.reload().await?;
        app.ready().await?;
        ensure(!browser.has(&server_link(&server)).await?, || {
            "the server came back".to_owned()
        })
    })
    .await
}

#[tokio::test]
async fn unsafe_return_to_is_refused() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "return").await?;
    journey("unsafe_return_to", |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        let forms = [
            "//evil.example/x",
            "https://evil.example/",
            "/\\evil.example",
            "/room/../../evil",
            "/%2e%2e/lobby",
            "/auth/callback/abc",
            "/room/another-server/echo",
            "javascript:alert(1)",
        ];
        for form in forms {
            let encode = "return '/?url=' + encodeURIComponent(arguments[0]) + '&returnTo=' + encodeURIComponent(arguments[1])";
            let path = browser
                .script(encode, vec![json!(server.base), json!(form)])
                .await?;
            app.open(path.as_str().unwrap_or("/")).await?;
            if !browser.path().await?.starts_with("/lobby") {
                // Known and signed in: if that does not connect by itself, the button does.
                let connect = button("Connect");
                if browser.has(&connect).await? {
                    let _ = browser.click(&connect).await;
                }
            }
            app.at(&format!("the lobby after {form}"), |path| path.starts_with("/lobby"))
                .await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_page_is_accessible_in_light_and_dark_and_on_a_narrow_screen() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "access").await?;
    journey("accessible", |browser| async move {
        let app = App::new(&browser, &setup);
        app.open("/").await?;
        is_accessible(&browser, "connect").await?;
        app.connect("not an address").await?;
        is_accessible(&browser, "connect with an error").await?;
        app.add(&server).await?;
        app.is_listed(&server, if server.has_sign_in { "signed in" } else { "" })
            .await?;
        for theme in ["light", "dark"] {
            app.to_lobby().await?;
            browser
                .script(
                    "document.documentElement.dataset.theme = arguments[0]",
                    vec![theme.into()],
                )
                .await?;
            is_accessible(&browser, &format!("lobby, {theme}")).await?;
            app.open_room(app.rooms().0).await?;
            is_accessible(&browser, &format!("room, {theme}")).await?;
            app.begin("long 2").await?;
            app.answers(1).await?;
            is_accessible(&browser, &format!("thread, {theme}")).await?;
        }
        browser.resize(390, 800).await?;
        is_accessible(&browser, "thread, narrow").await
    })
    .await
}
