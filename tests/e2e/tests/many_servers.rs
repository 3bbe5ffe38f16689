//! A hundred remembered servers start as one does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use enfilade_e2e::app::{App, button};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::{Browser, Kind, Outcome, Server, Setup, journey};
use serde_json::{Value, json};

const SERVERS: usize = 100;
/// Of them, those whose session has ended.
const EXPIRED: usize = 10;
/// Requests that may wait for an answer at one time, over all servers and providers.
const AT_ONCE: u64 = 12;
/// Answers in the first two seconds: each server is asked for its rooms at least, so all of them at once would be more.
const EARLY: u64 = 50;
/// Every answer takes so long, that requests made at once are seen to be.
const DELAY_MS: u64 = 300;

/// The milliseconds from the start of the page's load until it takes input.
const READY: &str = r"
const done = arguments[arguments.length - 1];
const page = document.documentElement;
const look = () => {
  if (page.dataset.ready !== 'true') return false;
  done(performance.now());
  return true;
};
if (!look()) {
  const eye = new MutationObserver(() => { if (look()) eye.disconnect(); });
  eye.observe(page, { attributes: true });
}
";

async fn start(browser: &Browser, app: &App) -> Outcome<f64> {
    browser.open("about:blank").await?;
    browser.open(&format!("{}/lobby", app.origin)).await?;
    let ready = browser.script_async(READY).await?;
    Ok(ready.as_f64().unwrap_or(f64::MAX))
}

/// The best of several: what else the machine does only ever adds.
async fn quickest(browser: &Browser, app: &App) -> Outcome<f64> {
    let mut best = f64::MAX;
    for _ in 0..4 {
        best = best.min(start(browser, app).await?);
    }
    Ok(best)
}

fn open_server(base: &str, number: usize) -> Value {
    // Under two names: a browser has six connections to a host, which would hide what the app does.
    let base = match number % 2 {
        0 => base.to_owned(),
        _ => base.replace("127.0.0.1", "localhost"),
    };
    json!({
        "id": format!("{base}/s/{number}"), "alias": format!("open-{number}"), "name": format!("Open {number}"),
        "auth": null, "added_at": 5,
    })
}

async fn remember(browser: &Browser, app: &App, servers: &[Value]) -> Outcome<()> {
    // A picture: the app itself does not start there.
    browser.open(&format!("{}/favicon.svg", app.origin)).await?;
    let record = json!({"v": 1, "data": servers}).to_string();
    let script = "localStorage.setItem('enfilade/servers', arguments[0])";
    browser.script(script, vec![record.into()]).await?;
    Ok(())
}

async fn remembered(browser: &Browser) -> Outcome<Vec<Value>> {
    let script = "return JSON.parse(localStorage.getItem('enfilade/servers')).data";
    let servers = browser.script(script, vec![]).await?;
    Ok(servers.as_array().cloned().unwrap_or_default())
}

fn requests(stats: &Value) -> u64 {
    let paths = stats["api_requests"].as_object().into_iter().flatten();
    let counts = paths.filter_map(|(_, by_status)| by_status.as_object());
    counts
        .flatten()
        .filter_map(|(_, count)| count.as_u64())
        .sum()
}

#[tokio::test]
async fn a_hundred_servers_start_like_one_and_ask_a_few_at_a_time() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "hundred_servers";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo answers under a hundred addresses");
    }
    let server = Server::first(&setup, "many").await?;
    // The third of the demo's servers asks nobody for a name.
    let (host, port) = setup.server1.rsplit_once(':').unwrap();
    let open = format!("{host}:{}", port.parse::<u16>().unwrap() + 2);
    let open = Server::at(&setup, &open, &setup.user).await?;
    for server in [&server, &open] {
        server.switch("reset").await?;
    }
    let switched = [server.clone(), open.clone()];
    let outcome = journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        remember(&browser, &app, &[open_server(&open.base, 0)]).await?;
        let one = quickest(&browser, &app).await?;
        remember(&browser, &app, &[]).await?;

        // Ten sign-ins by the app itself: what it stores of them is its own affair.
        app.open("/").await?;
        for number in 0..EXPIRED {
            let address = format!("{}/s/{number}", server.base);
            app.connect(&address).await?;
            // The provider knows who it is after the first time, and lets the person through.
            // Another address with the sign-in of a known one is asked about first.
            if number == 0 {
                app.sign_in(&server).await?;
            } else {
                browser.click(&button("Go on")).await?;
            }
            app.at("the lobby", |path| path.starts_with("/lobby"))
                .await?;
            app.open("/").await?;
        }
        let mut servers = remembered(&browser).await?;
        ensure(servers.len() == EXPIRED, || format!("{} servers", servers.len()))?;
        servers.extend((EXPIRED..SERVERS).map(|number| open_server(&open.base, number)));
        remember(&browser, &app, &servers).await?;
        server.expire().await?;

        for server in [&server, &open] {
            server.switch(&format!("delay?ms={DELAY_MS}")).await?;
        }
        // The sessions are found to have ended, then known to have.
        for when in ["first", "second"] {
            let before = requests(&open.get("/test/stats", None).await?)
                + requests(&server.get("/test/stats", None).await?);
            start(&browser, &app).await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            let stats = open.get("/test/stats", None).await?;
            let after = requests(&stats) + requests(&server.get("/test/stats", None).await?);
            let most = stats["most_open"].as_u64().unwrap_or(u64::MAX);
            println!("{name}: {when} start: {} answers in 2 s, at most {most} at once", after - before);
            ensure(most <= AT_ONCE, || {
                format!("{when} start: {most} requests at once")
            })?;
            ensure(after - before <= EARLY, || {
                format!("{when} start: {} requests in 2 s", after - before)
            })?;
        }
        for server in [&server, &open] {
            server.switch("delay?ms=0").await?;
        }
        let all = quickest(&browser, &app).await?;
        println!("{name}: ready after {one:.0} ms with one server, {all:.0} ms with {SERVERS}");
        ensure(all <= one * 1.5 + 300.0, || {
            format!("ready after {all:.0} ms instead of {one:.0} ms")
        })?;
        // The list comes with a part of its own, after the page takes input.
        let list = "return [...document.querySelectorAll('nav a[href]')].map((a) => a.getAttribute('aria-label') || a.textContent).filter((name) => name.includes('expired')).length";
        browser
            .wait_for("ten servers listed as expired", PATIENCE, || async {
                Ok((browser.script(list, vec![]).await? == EXPIRED).then_some(()))
            })
            .await
    })
    .await;
    for server in switched {
        server.switch("reset").await?;
    }
    outcome
}
