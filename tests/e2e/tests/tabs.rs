//! Many tabs of one browser, one session.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, button};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::{Failure, Found, Kind, Outcome, Server, Setup, journey};
use serde_json::{Value, json};

const TABS: usize = 10;
/// Requests that each tab makes at the same time.
const REQUESTS: u64 = 20;

/// At a word to all tabs, opens one thread after the other, which asks the server for each, and counts the requests.
const HURRY: &str = r"
const [server] = arguments;
const original = window.fetch;
window.asked = 0;
window.failed = [];
window.fetch = function (request, ...rest) {
  const url = request instanceof Request ? request.url : String(request);
  if (url.startsWith(server + '/api/')) window.asked += 1;
  const begun = Math.round(performance.now());
  return original.call(window, request, ...rest).catch((error) => {
    window.failed.push(`${request.method} ${url}: ${error} after ${Math.round(performance.now()) - begun} ms`);
    throw error;
  });
};
const paths = [...document.querySelectorAll(`nav a[href*='/thread/']`)].map((a) => a.getAttribute('href'));
// Timers of hidden tabs are slow; messages are not.
const pause = () => new Promise((resume) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = resume;
  port2.postMessage(0);
});
window.word = new BroadcastChannel('hurry');
window.word.onmessage = async () => {
  for (const path of paths) {
    document.querySelector(`nav a[href='${path}']`)?.click();
    for (let turns = 0; turns < 20; turns += 1) await pause();
  }
};
return paths.length;
";

fn sum(answers: &Value, fits: impl Fn(u16) -> bool) -> u64 {
    let paths = answers.as_object().into_iter().flatten();
    let counts = paths.filter_map(|(_, by_status)| by_status.as_object());
    counts
        .flatten()
        .filter(|(status, _)| status.parse().is_ok_and(&fits))
        .filter_map(|(_, count)| count.as_u64())
        .sum()
}

#[tokio::test]
async fn ten_tabs_with_twenty_requests_each_renew_the_session_once() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "ten_tabs";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo counts what it is asked");
    }
    let server = Server::first(&setup, "tabs").await?;
    server.switch("reset").await?;
    journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        app.open_room(app.rooms().0).await?;
        let room = browser.path().await?;
        let (_, id) = room.rsplit_once('/').unwrap();
        let token = server.issued_tokens().await?.remove(0);
        for _ in 0..REQUESTS {
            let path = format!("/api/v1/rooms/{id}/agui");
            server.create(&path, &token).await?;
        }
        let links = || async {
            let threads = Found::any("link").within(Found::named("navigation", "Threads"));
            let count = browser.all(&threads).await?.len();
            Ok(u64::try_from(count).is_ok_and(|count| count >= REQUESTS))
        };
        let mut tabs = Vec::new();
        for number in 0..TABS {
            if number > 0 {
                browser.new_tab().await?;
            }
            tabs.push(browser.tab().await?);
            app.open(&room).await?;
            browser.wait_until("the threads", PATIENCE, links).await?;
        }
        let signed_in = server.token_requests("authorization_code").await?;
        let before = server.get("/test/stats", None).await?;
        let refused_before = sum(&before["api_requests"], |status| status == 401);

        // The access token is refused from now on; the session behind it is good.
        let user = server.user.replace(' ', "%20");
        server.switch(&format!("expire?user={user}")).await?;
        // Slow answers, so that requests of many tabs are on their way with the token that is refused.
        server.switch("delay?ms=200").await?;
        server.switch("token-endpoint?hang=2000").await?;
        for tab in &tabs {
            browser.to_tab(tab).await?;
            browser.script(HURRY, vec![json!(server.base)]).await?;
        }
        let say = "new BroadcastChannel('hurry').postMessage('now')";
        browser.script(say, vec![]).await?;
        let mut asked = 0;
        for tab in &tabs {
            browser.to_tab(tab).await?;
            browser
                .wait_until("the requests of a tab", 2 * PATIENCE, || async {
                    let asked = browser.script("return window.asked", vec![]).await?;
                    Ok(asked.as_u64().is_some_and(|asked| asked >= REQUESTS))
                })
                .await?;
            asked += browser
                .script("return window.asked", vec![])
                .await?
                .as_u64()
                .unwrap_or(0);
            if let Err(failure) = app.is_listed(&server, "signed in").await {
                let failed = browser.script("return window.failed", vec![]).await?;
                return Err(Failure::new(format!(
                    "{failure}; failed requests: {failed}"
                )));
            }
        }
        server.switch("delay?ms=0").await?;
        let after = server.get("/test/stats", None).await?;
        let refused = sum(&after["api_requests"], |status| status == 401) - refused_before;
        println!("{name}: {asked} requests of {TABS} tabs, {refused} of them refused");
        // Browsers have six connections to a host at most, for all tabs together.
        ensure(refused > 1, || {
            format!("{refused} requests met the expiry: nothing was tried")
        })?;
        let renewed = server.token_requests("refresh_token").await?;
        ensure(renewed == 1, || {
            format!("{renewed} token requests instead of 1")
        })?;
        let again = server.token_requests("authorization_code").await?;
        ensure(again == signed_in, || "somebody signed in again".to_owned())?;

        // Every tab works on.
        for tab in tabs.iter().take(2) {
            browser.to_tab(tab).await?;
            app.to_lobby().await?;
            app.open_room(app.rooms().0).await?;
            browser.find(&button("New thread")).await?;
        }
        Ok(())
    })
    .await
}
