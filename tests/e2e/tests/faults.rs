//! What goes wrong for a moment ends no session.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, letters};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::dice::Dice;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::WAKE;
use enfilade_e2e::{Browser, Kind, Outcome, Server, Setup, journey};
use serde_json::Value;

const FAULTS: usize = 300;

/// Answers of the provider's token endpoint that say nothing about a session.
const OF_TOKENS: [&str; 14] = [
    "status=500",
    "status=502",
    "status=502&body=html",
    "status=503&retry_after=1",
    "status=503&body=empty",
    "status=429&retry_after=1",
    "status=429&body=html",
    "status=408",
    "status=400&body=html",
    "status=200&body=html",
    "status=200&body=empty",
    "status=200&body=array",
    "status=200&body=half",
    "status=200&body=cut",
];
/// The same of the server.
const OF_API: [&str; 12] = [
    "status=500",
    "status=502",
    "status=502&body=html",
    "status=503&retry_after=1",
    "status=504",
    "status=429&retry_after=1",
    "status=408",
    "status=200&body=html",
    "status=200&body=empty",
    "status=200&body=array",
    "status=200&body=half",
    "status=200&body=cut",
];

/// The states of the listed servers, as they are read out.
const STATES: &str = "return [...document.querySelectorAll('nav a[href]')].map((a) => a.getAttribute('aria-label') || a.textContent).join(' | ')";

/// A click on one of the links of the app.
const WANDER: &str = r"
const links = [...document.querySelectorAll('a[href]')].filter((a) => /^\/(lobby$|room\/)/.test(new URL(a.href).pathname));
if (links.length) links[arguments[0] % links.length].click();
";

async fn faults_left(server: &Server) -> Outcome<u64> {
    let stats = server.get("/test/stats", None).await?;
    Ok(stats["faults_left"].as_u64().unwrap_or(u64::MAX))
}

/// A person who looks around; the session must stand.
async fn wanders_signed_in(browser: &Browser, dice: &mut Dice, fault: &str) -> Outcome<()> {
    let link = Value::from(dice.roll(100));
    browser.script(WANDER, vec![link]).await?;
    let states = browser.script(STATES, vec![]).await?;
    let states = states.as_str().unwrap_or_default();
    let has_ended = states.contains("expired") || states.contains("signed out");
    ensure(!has_ended, || format!("after {fault}: {states}"))
}

#[tokio::test]
async fn hundreds_of_passing_faults_end_no_session() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "passing_faults";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo fails on demand");
    }
    let server = Server::first(&setup, "faults").await?;
    server.switch("reset").await?;
    // So short that almost every look at the clock finds it due.
    server.token_lifetime(1).await?;
    let switched = server.clone();
    let mut dice = Dice::from_env(name);
    let outcome = journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        let mut met = 0;
        while met < FAULTS / 2 {
            let count = 1 + dice.roll(4);
            let fault = dice.pick(&OF_TOKENS);
            server
                .switch(&format!("token-endpoint?count={count}&{fault}"))
                .await?;
            let has_portal = dice.roll(12) == 0;
            if has_portal {
                server.switch("portal?on=1").await?;
                browser.script(WAKE, vec![]).await?;
                server.switch("portal?on=0").await?;
            }
            browser
                .wait_until(&format!("{fault} met"), 2 * PATIENCE, || async {
                    browser.script(WAKE, vec![]).await?;
                    Ok(faults_left(&server).await? == 0)
                })
                .await?;
            met += count;
            wanders_signed_in(&browser, &mut dice, fault).await?;
        }
        // From here on pages are loaded again and again. One that dies while it renews a token that is used up by that is
        // no passing fault, so the token is to last.
        server.token_lifetime(600).await?;
        let lasting = server.issued_tokens().await?.len();
        browser
            .wait_until("a token that lasts", 2 * PATIENCE, || async {
                browser.script(WAKE, vec![]).await?;
                Ok(server.issued_tokens().await?.len() > lasting)
            })
            .await?;
        // The answer has been taken in when the app asks with it.
        app.to_lobby().await?;
        app.is_listed(&server, "signed in").await?;
        while met < FAULTS {
            let count = 1 + dice.roll(4);
            let fault = dice.pick(&OF_API);
            server
                .switch(&format!("fail?count={count}&path=/api/v1&{fault}"))
                .await?;
            let has_portal = dice.roll(12) == 0;
            if has_portal {
                server.switch("portal?on=1").await?;
                browser.reload().await?;
                app.ready().await?;
                server.switch("portal?on=0").await?;
            }
            browser
                .wait_until(&format!("{fault} met"), 2 * PATIENCE, || async {
                    browser.reload().await?;
                    app.ready().await?;
                    Ok(faults_left(&server).await? == 0)
                })
                .await?;
            met += count;
            wanders_signed_in(&browser, &mut dice, fault).await?;
        }
        println!("{name}: {met} faults were met");

        // All is well again: everything works, and nobody had to sign in.
        server
            .switch("fail?status=500&count=0&path=/api/v1")
            .await?;
        server.switch("token-endpoint?status=500&count=0").await?;
        browser
            .wait_until("a server that is signed in", 3 * PATIENCE, || async {
                browser.script(WAKE, vec![]).await?;
                Ok(app.is_listed(&server, "signed in").await.is_ok())
            })
            .await?;
        app.open("/lobby").await?;
        app.is_listed(&server, "signed in").await?;
        app.open_room(app.rooms().0).await?;
        app.begin("echo all is well").await?;
        let answer = app.answers(1).await?;
        ensure(letters(&answer).contains("alliswell"), || {
            format!("the answer: {answer:?}")
        })?;
        let sign_ins = server.token_requests("authorization_code").await?;
        ensure(sign_ins == 1, || format!("{sign_ins} sign-ins"))
    })
    .await;
    switched.switch("reset").await?;
    outcome
}
