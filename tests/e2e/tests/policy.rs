//! The app keeps to the strict content security policy that it is served with.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::{choose, growing};
use enfilade_e2e::{Browser, Kind, Outcome, Server, Setup, journey};
use serde_json::Value;

/// What is only reported: the framework fills templates with markup of its own.
const TRUSTED_TYPES: &str = "require-trusted-types-for";

/// The directives of the enforced policy that were violated, with what was blocked.
async fn enforced(server: &Server) -> Outcome<Vec<String>> {
    let reports = server.get("/test/csp-reports", None).await?;
    let of_policy = |report: &Value| {
        let report = &report["csp-report"];
        let directive = ["effective-directive", "violated-directive"]
            .iter()
            .find_map(|name| report[*name].as_str())
            .unwrap_or("an unreadable report")
            .to_owned();
        let blocked = report["blocked-uri"].as_str().unwrap_or_default();
        (!directive.starts_with(TRUSTED_TYPES)).then(|| format!("{directive}: {blocked}"))
    };
    let reports = reports.as_array().into_iter().flatten();
    Ok(reports.filter_map(of_policy).collect())
}

/// Breaks the policy on purpose and waits for the report, which comes after all earlier ones.
async fn a_violation_is_told(browser: &Browser, server: &Server) -> Outcome<()> {
    let script = "const image = new Image(); image.src = 'https://outside.invalid/x.png'; document.body.append(image)";
    browser.script(script, vec![]).await?;
    browser
        .wait_until("the report of a violation", PATIENCE, || async {
            let told = enforced(server).await?;
            Ok(told.iter().any(|report| report.starts_with("img-src")))
        })
        .await
}

#[tokio::test]
async fn the_policy_is_kept_on_all_ways_through_the_app() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "policy";
    if setup.kind == Kind::Real {
        return not_here(name, "the demo beside it collects no reports of this run");
    }
    let server = Server::first(&setup, "policy").await?;
    let second = setup.server2.clone().unwrap_or_default();
    let second = Server::at(&setup, &second, &server.user).await?;
    server.switch("reset").await?;
    journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.open("/").await?;
        app.connect("not an address").await?;
        app.add(&server).await?;
        app.add(&second).await?;
        app.is_listed(&server, "signed in").await?;

        // Every kind of content: markup, code, tables and links; thinking, tools and citations; a long answer.
        app.to_lobby().await?;
        app.open_room("Markdown showroom").await?;
        app.begin("show me everything").await?;
        app.answers(1).await?;
        app.to_lobby().await?;
        app.open_room("Reasoning and tools").await?;
        app.begin("When is high tide?").await?;
        app.answers(1).await?;
        app.to_lobby().await?;
        app.open_room("Echo").await?;
        app.begin("pace 40 long 3 stream").await?;
        growing(&app).await?;
        app.answers(1).await?;
        app.send(
            "<img src=x onerror=alert(1)> <style>*{color:red}</style> <b style='color:red'>b</b>",
        )
        .await?;
        app.answers(2).await?;
        browser.fill(&message_field(), "a draft").await?;
        browser.reload().await?;
        app.ready().await?;
        browser.resize(390, 800).await?;
        browser.resize(1280, 860).await?;
        app.to_lobby().await?;
        choose(&app, &server, "Sign out").await?;
        app.is_listed(&server, "signed out").await?;

        let broken = enforced(&server).await?;
        ensure(broken.is_empty(), || {
            format!("the policy was broken: {broken:?}")
        })?;
        a_violation_is_told(&browser, &server).await?;
        let broken = enforced(&server).await?;
        ensure(broken.len() == 1, || format!("also reported: {broken:?}"))
    })
    .await
}
