//! The harness itself, against a page it serves: it must see what is there and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::setup::evidence;
use enfilade_e2e::steps::is_accessible;
use enfilade_e2e::{Browser, Engine, Failure, Found, Outcome, journey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PAGE: &str = r#"<!doctype html><html lang="en"><title>Harness</title>
<nav aria-label="Servers"><ul>
  <li><a href="/one"><b>Harbor</b> <span class="far">signed in</span></a></li>
  <li><a href="/two"><img alt="Meadow" src="data:,"> session expired</a></li>
</ul></nav>
<nav aria-labelledby="threads-title"><h2 id="threads-title">Threads</h2><button>New <i aria-hidden="true">+</i>thread</button></nav>
<section aria-label="Session expired"><button>Sign in</button></section>
<section><button hidden>Sign in</button><div aria-hidden="true"><button>Sign in</button></div></section>
<div role="log" aria-label="Conversation"><article data-role="user">Hello</article><article data-role="assistant">Hi</article></div>
<label for="address">Server address</label><input id="address">
<label>Message <textarea></textarea></label>
<button id="late">Show</button>
<script>
  document.getElementById('late').onclick = () => setTimeout(() => {
    document.body.insertAdjacentHTML('beforeend', '<p role="status">Here now</p>');
    console.error('said in the console');
  }, 300);
</script></html>"#;

async fn served() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PAGE}",
                    PAGE.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    format!("http://{address}")
}

async fn count(browser: &Browser, wanted: Found, expected: usize) -> Outcome<()> {
    let found = browser.all(&wanted).await?.len();
    ensure(found == expected, || {
        format!("{wanted}: {found} instead of {expected}")
    })
}

#[tokio::test]
async fn elements_are_found_by_role_and_name_and_hidden_ones_are_not() -> Outcome<()> {
    let address = served().await;
    journey("harness_find", |browser| async move {
        browser.open(&address).await?;
        let servers = || Found::named("navigation", "Servers");
        let threads = || Found::named("navigation", "Threads");
        count(&browser, Found::any("navigation"), 2).await?;
        count(&browser, Found::any("link").within(servers()), 2).await?;
        count(&browser, Found::any("link").within(threads()), 0).await?;
        count(&browser, Found::named("link", "Harbor signed in"), 1).await?;
        count(&browser, Found::starting("link", "Meadow"), 1).await?;
        count(&browser, Found::having("link", "expired"), 1).await?;
        count(&browser, Found::named("link", "Harbor"), 0).await?;
        count(&browser, Found::named("button", "New thread"), 1).await?;
        count(&browser, Found::named("button", "Sign in"), 1).await?;
        count(&browser, Found::named("region", "Session expired"), 1).await?;
        count(&browser, Found::any("region"), 1).await?;
        let log = Found::named("log", "Conversation");
        count(&browser, Found::any("article").within(log), 2).await?;
        count(&browser, Found::named("textbox", "Server address"), 1).await?;
        count(&browser, Found::named("textbox", "Message"), 1).await
    })
    .await
}

#[tokio::test]
async fn text_is_typed_replaced_and_read_back_also_at_320_pixels() -> Outcome<()> {
    let address = served().await;
    journey("harness_type", |browser| async move {
        browser.resize(320, 640).await?;
        browser.open(&address).await?;
        let field = Found::named("textbox", "Message");
        browser.fill(&field, "first").await?;
        browser.fill(&field, "second ä").await?;
        browser.type_here("!").await?;
        let value = browser.value(&field).await?;
        ensure(value == "second ä!", || {
            format!("the field holds {value:?}")
        })?;
        let width = browser.script("return outerWidth", vec![]).await?;
        ensure(width.as_u64().is_some_and(|width| width < 600), || {
            format!("the window is {width} wide")
        })
    })
    .await
}

#[tokio::test]
async fn a_condition_is_awaited_and_told_when_it_does_not_come() -> Outcome<()> {
    let address = served().await;
    journey("harness_wait", |browser| async move {
        browser.open(&address).await?;
        browser.click(&Found::named("button", "Show")).await?;
        browser.find(&Found::any("status")).await?;
        let short = Duration::from_millis(300);
        let never = browser
            .wait_until("pigs that fly", short, || async { Ok(false) })
            .await;
        let told = never.err().map(|failure| failure.to_string());
        ensure(
            told.as_deref()
                .is_some_and(|told| told.contains("pigs that fly")),
            || format!("told: {told:?}"),
        )?;
        if browser.engine == Engine::WebKit {
            return not_here("harness_console", "the driver has no way to the console");
        }
        let console = browser.console().await?;
        ensure(
            console
                .iter()
                .any(|(_, text)| text.contains("said in the console")),
            || format!("the console: {console:?}"),
        )
    })
    .await
}

#[tokio::test]
async fn a_failed_journey_leaves_a_picture_the_text_and_the_console() -> Outcome<()> {
    let address = served().await;
    let name = "harness_evidence";
    let failed = journey(name, |browser| async move {
        browser
            .open(&format!("{address}/place?token=secret"))
            .await?;
        browser.find(&Found::named("button", "Show")).await?;
        Err(Failure::new("on purpose"))
    })
    .await;
    ensure(
        failed.is_err_and(|why| why.to_string() == "on purpose"),
        || "the failure was lost".to_owned(),
    )?;
    let kept = |extension: &str| std::fs::read(evidence().join(format!("{name}.{extension}")));
    let text = String::from_utf8(kept("txt").unwrap()).unwrap();
    ensure(text.contains("/place\n") && text.contains("Hello"), || {
        text.clone()
    })?;
    ensure(!text.contains("secret"), || "a token was kept".to_owned())?;
    ensure(kept("png").unwrap().starts_with(b"\x89PNG"), || {
        "no picture".to_owned()
    })?;
    kept("console.txt").unwrap();
    Ok(())
}

#[tokio::test]
async fn a_panic_in_a_journey_is_a_failure_and_ends_the_browser() -> Outcome<()> {
    let failed = journey("harness_panic", |_| async { panic!("on purpose") }).await;
    ensure(
        failed.is_err_and(|why| why.to_string().contains("broke off")),
        || "the panic was lost".to_owned(),
    )
}

#[tokio::test]
async fn a_page_with_an_accessibility_fault_does_not_pass() -> Outcome<()> {
    let address = served().await;
    journey("harness_axe", |browser| async move {
        browser.open(&address).await?;
        browser
            .script(
                "document.querySelector('#address').labels[0].remove()",
                vec![],
            )
            .await?;
        match is_accessible(&browser, "a field without a name").await {
            Ok(()) => Err(Failure::new("the fault was not found")),
            Err(found) => ensure(found.to_string().contains("label: #address"), || {
                format!("another fault was found: {found}")
            }),
        }
    })
    .await
}
