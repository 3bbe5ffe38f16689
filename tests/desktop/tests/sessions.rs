//! A session in the desktop shell: it lives through every reload and restart, whatever the keychain and the bridge do,
//! and ends at a sign-out for good.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_desktop_e2e::person::Person;
use enfilade_desktop_e2e::window::Answer;
use enfilade_desktop_e2e::{Bus, Desk, Window};
use enfilade_e2e::app::message_field;
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::setup::Setup;
use enfilade_e2e::steps::choose;
use enfilade_e2e::{Found, Outcome, Server};
use serde_json::{Value, json};

const RELOADS: usize = 20;
const RESTARTS: usize = 5;
const DRAFT: &str = "not sent yet, and not lost";

/// What is asked of one journey.
struct Session {
    desk: Desk,
    setup: Setup,
    server: Server,
    bus: Bus,
}

impl Session {
    async fn new(name: &str, bus: Bus) -> Outcome<Self> {
        let setup = Setup::from_env();
        let server = Server::first(&setup, name).await?;
        Ok(Self {
            desk: Desk::new(&format!("session-{name}"))?,
            setup,
            server,
            bus,
        })
    }

    async fn start(&self, fault: &str) -> Outcome<Window> {
        let window = self.desk.start(self.bus, fault).await?;
        window.ready().await?;
        Ok(window)
    }

    /// From the connect page through the system's browser into a room, with a draft in it; gives the room's path.
    async fn sign_in(&self, window: &Window) -> Outcome<String> {
        let app = window.app(&self.setup);
        window.add(&self.setup, &self.server.base).await?;
        let mut person = Person::new(&self.server.user)?;
        person.sign_in(&self.desk, &window.browser).await?;
        app.at("the lobby", |path| path.starts_with("/lobby"))
            .await?;
        app.open_room("Echo").await?;
        window.browser.fill(&message_field(), DRAFT).await?;
        self.is_in(window, &window.browser.path().await?).await?;
        window.browser.path().await
    }

    /// Signed in, at the same place, with the draft; and never asked to sign in.
    async fn is_in(&self, window: &Window, path: &str) -> Outcome<()> {
        let app = window.app(&self.setup);
        app.at(path, |here| here == path).await?;
        app.is_listed(&self.server, "signed in").await?;
        let what = "the draft in the composer";
        window
            .browser
            .wait_until(what, PATIENCE, || async {
                Ok(window.browser.value(&message_field()).await? == DRAFT)
            })
            .await?;
        let asked = window
            .browser
            .has(&Found::starting("button", "Sign in"))
            .await?;
        ensure(!asked, || "the page asks for a sign-in".to_owned())
    }

    /// How often this server has answered a request that only a session may make.
    async fn verified(&self) -> Outcome<u64> {
        let stats = self.server.get("/test/stats", None).await?;
        Ok(stats["api_requests"]["GET /api/user_info"]["200"]
            .as_u64()
            .unwrap_or(0))
    }

    async fn reloads(&self, window: &Window, path: &str) -> Outcome<()> {
        for _ in 0..RELOADS {
            let before = self.verified().await?;
            window.reload().await?;
            self.is_in(window, path).await?;
            window
                .browser
                .wait_until("the call that verifies the session", PATIENCE, || async {
                    Ok(self.verified().await? > before)
                })
                .await?;
        }
        Ok(())
    }

    async fn restarts(&self, mut window: Window, path: &str, fault: &str) -> Outcome<Window> {
        for _ in 0..RESTARTS {
            window.close().await?;
            window = self.start(fault).await?;
            self.is_in(&window, path).await?;
        }
        Ok(window)
    }

    async fn sign_out(&self, window: &Window) -> Outcome<()> {
        let app = window.app(&self.setup);
        choose(&app, &self.server, "Sign out").await?;
        app.is_listed(&self.server, "signed out").await
    }

    /// Signed out, over a reload and two restarts, with faults and without.
    async fn stays_out(&self, window: Window, fault: &str) -> Outcome<Window> {
        let mut window = window;
        window.reload().await?;
        self.is_out(&window).await?;
        for fault in [fault, ""] {
            window.close().await?;
            window = self.start(fault).await?;
            self.is_out(&window).await?;
        }
        Ok(window)
    }

    async fn is_out(&self, window: &Window) -> Outcome<()> {
        window
            .app(&self.setup)
            .is_listed(&self.server, "signed out")
            .await
    }

    /// What the keychain holds for the server.
    async fn in_keychain(&self, window: &Window) -> Outcome<Value> {
        let load = window
            .call("load_refresh_token", json!({"server": self.server.base}))
            .await?;
        match load {
            Answer::Value(value) => Ok(value["record"].clone()),
            other => Ok(json!(format!("{other:?}"))),
        }
    }
}

/// Signs in with that fault, reloads, restarts, signs out.
async fn lives_through(name: &str, bus: Bus, fault: &str) -> Outcome<()> {
    let session = Session::new(name, bus).await?;
    let window = session.start(fault).await?;
    let path = session.sign_in(&window).await?;
    session.reloads(&window, &path).await?;
    let window = session.restarts(window, &path, fault).await?;
    session.sign_out(&window).await?;
    session.stays_out(window, fault).await?.close().await
}

#[tokio::test]
async fn a_session_lives_with_a_keychain_that_works() -> Outcome<()> {
    lives_through("works", Bus::Keyring, "").await
}

#[tokio::test]
async fn a_session_lives_without_a_secret_service() -> Outcome<()> {
    lives_through("no-secrets", Bus::NoSecrets, "").await
}

#[tokio::test]
async fn a_session_lives_without_the_commands_of_the_keychain() -> Outcome<()> {
    lives_through("absent", Bus::Keyring, "keychain:absent").await
}

#[tokio::test]
async fn a_session_lives_with_a_bridge_that_answers_undefined() -> Outcome<()> {
    lives_through("undefined", Bus::Keyring, "keychain:undefined").await
}

#[tokio::test]
async fn a_session_lives_with_a_bridge_that_answers_null() -> Outcome<()> {
    lives_through("null", Bus::Keyring, "keychain:null").await
}

#[tokio::test]
async fn a_session_lives_with_a_bridge_that_answers_an_empty_text() -> Outcome<()> {
    lives_through("empty", Bus::Keyring, "keychain:empty").await
}

#[tokio::test]
async fn a_session_lives_with_a_bridge_that_answers_late() -> Outcome<()> {
    lives_through("late", Bus::Keyring, "keychain:late").await
}

#[tokio::test]
async fn a_session_lives_with_a_bridge_that_never_answers() -> Outcome<()> {
    lives_through("never", Bus::Keyring, "keychain:never").await
}

#[tokio::test]
async fn a_session_lives_when_the_bridge_goes_missing_and_is_not_revived_by_its_return()
-> Outcome<()> {
    const MISSING: &str = "bridge:missing";
    let session = Session::new("bridge", Bus::Keyring).await?;
    let window = session.start("").await?;
    let path = session.sign_in(&window).await?;
    window.close().await?;
    let window = session.start(MISSING).await?;
    session.is_in(&window, &path).await?;
    session.reloads(&window, &path).await?;
    let window = session.restarts(window, &path, MISSING).await?;
    session.sign_out(&window).await?;
    let window = session.stays_out(window, MISSING).await?;
    is_cleared(&session, &window).await?;
    window.close().await
}

/// The keychain holds no token any more: nothing, or the mark of a sign-out.
async fn is_cleared(session: &Session, window: &Window) -> Outcome<()> {
    window
        .browser
        .wait_until("a keychain without the token", PATIENCE, || async {
            let held = session.in_keychain(window).await?;
            Ok(held.is_null() || held.as_str().is_some_and(|held| !held.contains("refresh")))
        })
        .await
}

#[tokio::test]
async fn a_session_lives_with_a_keychain_that_holds_an_older_token_and_repairs_it() -> Outcome<()> {
    const STALE: &str = "keychain:stale";
    let session = Session::new("stale", Bus::Keyring).await?;
    let window = session.start("").await?;
    let path = session.sign_in(&window).await?;
    let older = session.in_keychain(&window).await?;
    ensure(older.is_string(), || format!("the keychain holds {older}"))?;
    window.close().await?;

    let window = session.start(STALE).await?;
    let refreshed = session.server.token_requests("refresh_token").await?;
    let user = session.server.user.replace(' ', "%20");
    session
        .server
        .switch(&format!("expire?user={user}"))
        .await?;
    window.reload().await?;
    window
        .browser
        .wait_until("a new token", PATIENCE, || async {
            Ok(session.server.token_requests("refresh_token").await? > refreshed)
        })
        .await?;
    session.is_in(&window, &path).await?;
    session.reloads(&window, &path).await?;
    let window = session.restarts(window, &path, STALE).await?;
    let held = session.in_keychain(&window).await?;
    ensure(held == older, || {
        "the fault switch let the keychain be written".to_owned()
    })?;
    window.close().await?;

    let window = session.start("").await?;
    session.is_in(&window, &path).await?;
    window
        .browser
        .wait_until("the keychain repaired", PATIENCE, || async {
            Ok(session.in_keychain(&window).await? != older)
        })
        .await?;
    session.sign_out(&window).await?;
    session.stays_out(window, "").await?.close().await
}

#[tokio::test]
async fn a_sign_out_holds_when_the_keychain_cannot_delete_and_is_made_good_later() -> Outcome<()> {
    const FAILS: &str = "keychain:delete-fails";
    let session = Session::new("delete", Bus::Keyring).await?;
    let window = session.start(FAILS).await?;
    let path = session.sign_in(&window).await?;
    session.reloads(&window, &path).await?;
    let window = session.restarts(window, &path, FAILS).await?;
    session.sign_out(&window).await?;
    let window = session.stays_out(window, FAILS).await?;
    is_cleared(&session, &window).await?;
    window.close().await
}

#[tokio::test]
async fn closing_the_browser_leaves_a_usable_app() -> Outcome<()> {
    let session = Session::new("closed", Bus::None).await?;
    let window = session.start("").await?;
    window.add(&session.setup, &session.server.base).await?;
    let first = window
        .browser
        .wait_for("the browser", PATIENCE, || async { session.desk.opened() })
        .await?;
    ensure(first.starts_with(&session.server.base), || {
        format!("it opened {first}")
    })?;
    window
        .browser
        .click(&Found::starting("button", "Cancel"))
        .await?;
    session.sign_in(&window).await?;
    window.close().await
}

#[tokio::test]
async fn no_log_and_no_plain_storage_holds_a_token() -> Outcome<()> {
    let session = Session::new("secrets", Bus::Keyring).await?;
    let window = session.start("").await?;
    session.sign_in(&window).await?;
    let kept = window
        .browser
        .script(
            "return JSON.stringify(Object.entries(localStorage))",
            vec![],
        )
        .await?;
    window.close().await?;
    let log = session.desk.log()?;
    let tokens = session.server.issued_tokens().await?;
    ensure(tokens.len() > 1, || "no tokens were issued".to_owned())?;
    for token in tokens {
        ensure(!log.contains(&token), || "the log holds a token".to_owned())?;
        let is_plain = kept.as_str().is_some_and(|kept| kept.contains(&token));
        ensure(!is_plain, || {
            "the page's storage holds a plain token".to_owned()
        })?;
    }
    Ok(())
}
