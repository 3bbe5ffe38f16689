//! What the shell gives to any page: a window, commands, a local server, a way back from a sign-in; and its faults.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use enfilade_desktop_e2e::person::Person;
use enfilade_desktop_e2e::window::Answer;
use enfilade_desktop_e2e::{Bus, Desk, Window};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::setup::Setup;
use enfilade_e2e::{Found, Outcome, Server};
use serde_json::{Value, json};
use url::Url;

const SERVER: &str = "https://agents.example";
const FLOW: &str = "0123456789abcdef0123456789abcdef";
/// What the page allows a command of the keychain.
const LIMIT: Duration = Duration::from_secs(2);

fn record(text: &str) -> Value {
    json!({"server": SERVER, "record": text})
}

async fn load(window: &Window) -> Outcome<Answer> {
    window
        .call_within(LIMIT, "load_refresh_token", json!({"server": SERVER}))
        .await
}

async fn store(window: &Window, text: &str) -> Outcome<Answer> {
    window
        .call_within(LIMIT, "store_refresh_token", record(text))
        .await
}

async fn clear(window: &Window) -> Outcome<Answer> {
    window
        .call_within(LIMIT, "clear_refresh_token", json!({"server": SERVER}))
        .await
}

fn same(found: &Answer, expected: Value) -> Outcome<()> {
    ensure(found.is(&expected), || {
        format!("{found:?} instead of {expected}")
    })
}

fn refused(found: &Answer, kind: &str) -> Outcome<()> {
    ensure(found.kind() == Some(kind), || {
        format!("{found:?} is not {kind}")
    })
}

#[tokio::test]
async fn the_page_opens_and_a_reload_keeps_its_route() -> Outcome<()> {
    let desk = Desk::new("opens")?;
    let setup = Setup::from_env();
    let window = desk.start(Bus::None, "").await?;
    window.ready().await?;
    let info = window.call("shell_info", json!({})).await?;
    same(
        &info,
        json!({"production": true, "version": "0.1.0", "platform": "linux"}),
    )?;
    let app = window.app(&setup);
    let commons = Server::at(&setup, &std::env::var("ENFILADE_SERVER3").unwrap(), "").await?;
    window.add(&setup, &commons.base).await?;
    app.at("the lobby", |path| path.starts_with("/lobby"))
        .await?;
    app.open_room("Town square").await?;
    let path = window.browser.path().await?;
    for _ in 0..3 {
        window.reload().await?;
        app.at("the same room", |here| here == path).await?;
    }
    window.close().await
}

#[tokio::test]
async fn the_keychain_keeps_a_record_over_reload_and_restart() -> Outcome<()> {
    let desk = Desk::new("keychain")?;
    let window = desk.start(Bus::Keyring, "").await?;
    window.ready().await?;
    same(
        &window.call("check_keychain", json!({})).await?,
        json!({"works": true}),
    )?;
    same(&load(&window).await?, json!({"record": null}))?;
    same(&store(&window, "first").await?, json!({"stored": true}))?;
    same(&store(&window, "second").await?, json!({"stored": true}))?;
    window.reload().await?;
    same(&load(&window).await?, json!({"record": "second"}))?;
    window.close().await?;

    let window = desk.start(Bus::Keyring, "").await?;
    window.ready().await?;
    same(&load(&window).await?, json!({"record": "second"}))?;
    for _ in 0..2 {
        same(&clear(&window).await?, json!({"cleared": true}))?;
    }
    same(&load(&window).await?, json!({"record": null}))?;
    window.close().await
}

#[tokio::test]
async fn without_a_secret_service_every_command_says_so_and_the_page_opens() -> Outcome<()> {
    for (name, bus) in [("no-secrets", Bus::NoSecrets), ("no-bus", Bus::None)] {
        let desk = Desk::new(name)?;
        let window = desk.start(bus, "").await?;
        window.ready().await?;
        refused(
            &window.call("check_keychain", json!({})).await?,
            "unavailable",
        )?;
        refused(&store(&window, "x").await?, "unavailable")?;
        refused(&load(&window).await?, "unavailable")?;
        refused(&clear(&window).await?, "unavailable")?;
        window.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn commands_that_are_not_registered_are_refused_by_name() -> Outcome<()> {
    let desk = Desk::new("absent")?;
    let window = desk.start(Bus::Keyring, "keychain:absent").await?;
    window.ready().await?;
    let found = load(&window).await?;
    let expected = Answer::Refused(json!("Command load_refresh_token not found"));
    ensure(found == expected, || format!("{found:?}"))?;
    ensure(
        matches!(
            window.call("shell_info", json!({})).await?,
            Answer::Value(_)
        ),
        || "the other commands are gone too".to_owned(),
    )?;
    window.close().await
}

#[tokio::test]
async fn answers_of_nothing_are_what_the_page_gets() -> Outcome<()> {
    for (word, expected) in [
        ("undefined", json!("undefined")),
        ("null", Value::Null),
        ("empty", json!("")),
    ] {
        let desk = Desk::new(word)?;
        let window = desk
            .start(Bus::Keyring, &format!("keychain:{word}"))
            .await?;
        window.ready().await?;
        same(
            &window.call("check_keychain", json!({})).await?,
            json!({"works": true}),
        )?;
        for found in [
            store(&window, "x").await?,
            load(&window).await?,
            clear(&window).await?,
        ] {
            same(&found, expected.clone())?;
        }
        window.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_keychain_that_is_late_or_silent_does_not_keep_the_page() -> Outcome<()> {
    for word in ["late", "never"] {
        let desk = Desk::new(word)?;
        let window = desk
            .start(Bus::Keyring, &format!("keychain:{word}"))
            .await?;
        window.ready().await?;
        ensure(load(&window).await? == Answer::Silent, || {
            format!("{word}: an answer in time")
        })?;
        window.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_stale_keychain_keeps_the_older_record_and_a_failing_delete_keeps_it_too() -> Outcome<()>
{
    let desk = Desk::new("stale")?;
    let window = desk.start(Bus::Keyring, "keychain:stale").await?;
    window.ready().await?;
    same(&store(&window, "older").await?, json!({"stored": true}))?;
    refused(&store(&window, "newer").await?, "failed")?;
    same(&load(&window).await?, json!({"record": "older"}))?;
    window.close().await?;

    let window = desk.start(Bus::Keyring, "keychain:delete-fails").await?;
    window.ready().await?;
    refused(&clear(&window).await?, "failed")?;
    same(&load(&window).await?, json!({"record": "older"}))?;
    window.close().await
}

#[tokio::test]
async fn without_a_bridge_the_page_opens_all_the_same() -> Outcome<()> {
    let desk = Desk::new("no-bridge")?;
    let window = desk.start(Bus::Keyring, "bridge:missing").await?;
    window.ready().await?;
    let kind = window
        .browser
        .script("return typeof window.__TAURI_INTERNALS__.invoke", vec![])
        .await?;
    ensure(kind == "undefined", || format!("invoke is a {kind}"))?;
    window.close().await
}

#[tokio::test]
async fn the_page_may_ask_for_nothing_that_is_not_listed() -> Outcome<()> {
    let desk = Desk::new("listed")?;
    let window = desk.start(Bus::None, "").await?;
    window.ready().await?;
    for command in [
        "plugin:window|close",
        "plugin:event|listen",
        "plugin:opener|open_url",
        "plugin:deep-link|get_current",
        "plugin:shell|execute",
        "plugin:fs|read_file",
        "run",
    ] {
        let found = window.call(command, json!({})).await?;
        let is_refused = matches!(&found, Answer::Refused(text) if text.as_str().is_some_and(|text| text.contains("not allowed")));
        ensure(is_refused, || format!("{command}: {found:?}"))?;
    }
    for url in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "enfilade://x",
        "",
    ] {
        refused(
            &window.call("open_in_browser", json!({"url": url})).await?,
            "failed",
        )?;
    }
    ensure(desk.opened()?.is_none(), || {
        "something was opened".to_owned()
    })?;
    window.close().await
}

#[tokio::test]
async fn a_page_of_another_origin_gets_no_bridge() -> Outcome<()> {
    let desk = Desk::new("origin")?;
    let window = desk.start(Bus::None, "").await?;
    window.ready().await?;
    let framed = r"const [done] = arguments;
        addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective));
        const frame = document.createElement('iframe');
        frame.src = 'https://example.org/';
        document.body.append(frame)";
    let refused = window.browser.script_async(framed).await?;
    ensure(refused == "frame-src", || format!("refused by {refused}"))?;
    let bridge = "const frame = document.querySelector('iframe'); try { return typeof frame.contentWindow.__TAURI_INTERNALS__ } catch { return 'undefined' }";
    let found = window.browser.script(bridge, vec![]).await?;
    ensure(found == "undefined", || format!("its bridge is a {found}"))?;
    window.close().await
}

#[tokio::test]
async fn other_addresses_open_outside_and_the_window_stays() -> Outcome<()> {
    let desk = Desk::new("outside")?;
    let window = desk.start(Bus::None, "").await?;
    window.ready().await?;
    let before = window.browser.address().await?;
    let leave = "window.location.href = arguments[0]";
    let link = r"const link = document.createElement('a');
        Object.assign(link, { href: arguments[0], target: '_blank', rel: 'noopener', textContent: 'Outside' });
        Object.assign(link.style, { position: 'fixed', insetBlockStart: '0', zIndex: '9' });
        document.body.append(link)";
    for (how, address) in [
        (leave, "https://example.org/a"),
        (link, "https://example.org/b"),
    ] {
        window.browser.script(how, vec![json!(address)]).await?;
        if how == link {
            window
                .browser
                .click(&Found::named("link", "Outside"))
                .await?;
        }
        let what = format!("{address} opened outside");
        let opened = window
            .browser
            .wait_for(&what, PATIENCE, || async { desk.opened() })
            .await?;
        ensure(opened == address, || {
            format!("{opened} instead of {address}")
        })?;
        let here = window.browser.address().await?;
        ensure(here == before, || format!("the window went to {here}"))?;
    }
    window.close().await
}

async fn runs(window: &Window, not: Option<u64>) -> Outcome<u16> {
    let port = window
        .browser
        .wait_for("the local server", PATIENCE, || async {
            let health = window.call("check_backend_health", json!({})).await?;
            let Answer::Value(health) = health else {
                return Ok(None);
            };
            let port = health["port"].as_u64().filter(|port| Some(*port) != not);
            Ok(port.filter(|_| health["state"] == "running"))
        })
        .await?;
    Ok(u16::try_from(port).unwrap())
}

async fn is_gone(window_browser: &enfilade_e2e::Browser, port: u16) -> Outcome<()> {
    window_browser
        .wait_until("the end of the local server", PATIENCE, || async {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err())
        })
        .await
}

/// The process that listens there.
fn listener(port: u16) -> String {
    let list = Command::new("sh")
        .args([
            "-c",
            &format!("ss -ltnpH 'sport = :{port}' | sed 's/.*pid=\\([0-9]*\\).*/\\1/'"),
        ])
        .output()
        .unwrap();
    String::from_utf8(list.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn the_local_server_starts_when_asked_restarts_when_killed_and_ends_with_the_app()
-> Outcome<()> {
    let desk = Desk::new("sidecar")?;
    let window = desk.start(Bus::None, "").await?;
    window.ready().await?;
    same(
        &window.call("get_backend_port", json!({})).await?,
        json!({"port": null}),
    )?;
    let started = window.call("start_backend", json!({})).await?;
    ensure(
        matches!(&started, Answer::Value(value) if value["state"] != "failed"),
        || format!("{started:?}"),
    )?;
    let port = runs(&window, None).await?;
    let rooms = format!(
        "const done = arguments[0]; fetch('http://127.0.0.1:{port}/api/v1/rooms').then((answer) => answer.json()).then((rooms) => done(Object.keys(rooms)), (error) => done(String(error)))"
    );
    let rooms = window.browser.script_async(&rooms).await?;
    ensure(rooms[0] == "desk", || format!("the page reads {rooms}"))?;

    assert!(
        Command::new("kill")
            .args(["-KILL", &listener(port)])
            .status()
            .unwrap()
            .success()
    );
    let next = runs(&window, Some(u64::from(port))).await?;
    same(
        &window.call("stop_backend", json!({})).await?,
        json!({"stopped": true}),
    )?;
    is_gone(&window.browser, next).await?;
    window.call("start_backend", json!({})).await?;
    let last = runs(&window, None).await?;
    let browser = window.browser.clone();
    window.close().await?;
    is_gone(&browser, last).await
}

#[tokio::test]
async fn a_sign_in_comes_back_through_the_listener_once() -> Outcome<()> {
    let desk = Desk::new("listener")?;
    let window = desk.start(Bus::None, "").await?;
    window.ready().await?;
    let begun = window.call("begin_sign_in", json!({"flow": FLOW})).await?;
    let Answer::Value(begun) = begun else {
        panic!("{begun:?}")
    };
    let address = Url::parse(begun["address"].as_str().unwrap()).unwrap();
    assert_eq!(address.path(), format!("/{FLOW}"));
    let mut landing = address.clone();
    landing.set_fragment(Some("?token=at&refresh_token=rt"));
    let person = Person::new("Robin")?;
    let waiting = window.call("wait_sign_in", json!({"flow": FLOW}));
    let (answer, handed) = tokio::join!(waiting, person.hand_over(&landing));
    handed?;
    same(
        &answer?,
        json!({"query": "", "fragment": "#?token=at&refresh_token=rt"}),
    )?;
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, address.port().unwrap())).is_err());
    window.reload().await?;
    same(
        &window.call("wait_sign_in", json!({"flow": FLOW})).await?,
        json!({"query": "", "fragment": "#?token=at&refresh_token=rt"}),
    )?;
    same(
        &window.call("end_sign_in", json!({"flow": FLOW})).await?,
        json!({"ended": true}),
    )?;
    same(
        &window.call("wait_sign_in", json!({"flow": FLOW})).await?,
        json!({"ended": true}),
    )?;
    let log = desk.log()?;
    ensure(!log.contains("refresh_token=rt"), || {
        "the log holds a token".to_owned()
    })?;
    window.close().await
}

#[tokio::test]
async fn a_second_start_hands_its_link_to_the_first_once() -> Outcome<()> {
    let desk = Desk::new("link")?;
    let window = desk.start(Bus::NoSecrets, "").await?;
    window.ready().await?;
    window.call("take_link", json!({})).await?;
    let listen = "window.links = []; window.addEventListener('enfilade:link', (event) => window.links.push(event.detail))";
    window.browser.script(listen, vec![]).await?;
    ensure(desk.start_again("enfilade://open/room?x=1")?, || {
        "the second start failed".to_owned()
    })?;
    window
        .browser
        .wait_until("the link in the page", PATIENCE, || async {
            let links = window.browser.script("return window.links", vec![]).await?;
            Ok(links == json!(["enfilade://open/room?x=1"]))
        })
        .await?;
    same(
        &window.call("take_link", json!({})).await?,
        json!({"url": null}),
    )?;
    // One that is no link of ours only brings the window to the front.
    ensure(desk.start_again("https://example.org/")?, || {
        "the second start failed".to_owned()
    })?;
    let links = window
        .browser
        .script("return window.links.length", vec![])
        .await?;
    ensure(links == 1, || format!("{links} links"))?;
    window.close().await
}
