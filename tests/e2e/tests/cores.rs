//! Servers that keep the session themselves, beside others: opened, talked to, and one of them ending its session.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use enfilade_e2e::app::{App, address_field, button, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::is_accessible;
use enfilade_e2e::{Browser, Found, Kind, Outcome, Server, Setup, journey};
use serde_json::Value;

/// One core of the demo.
struct Core {
    address: String,
    token: String,
    client: reqwest::Client,
}

impl Core {
    async fn all(setup: &Setup) -> Outcome<Vec<Self>> {
        let mut cores = Vec::new();
        for (address, token) in &setup.cores {
            let core = Self {
                address: address.clone(),
                token: token.clone(),
                client: reqwest::Client::builder().no_proxy().build()?,
            };
            core.switch("reset?data=1").await?;
            cores.push(core);
        }
        Ok(cores)
    }

    async fn switch(&self, switch: &str) -> Outcome<()> {
        let address = format!("{}/test/{switch}", self.address);
        self.client.post(address).send().await?.error_for_status()?;
        Ok(())
    }

    /// How often a method was called.
    async fn calls(&self, method: &str) -> Outcome<u64> {
        let address = format!("{}/test/stats", self.address);
        let text = self.client.get(address).send().await?.text().await?;
        let stats: Value = serde_json::from_str(&text)?;
        let outcomes = stats["calls"][method].as_object();
        let counts = outcomes.into_iter().flatten();
        Ok(counts.filter_map(|(_, count)| count.as_u64()).sum())
    }

    fn host(&self) -> &str {
        self.address.split("//").nth(1).unwrap_or_default()
    }

    /// Adds it on the connect page and signs in there.
    async fn add(&self, app: &App, user: &str) -> Outcome<()> {
        let browser = &app.browser;
        app.open("/").await?;
        browser.fill(&address_field(), &self.address).await?;
        browser.click(&button("Connect")).await?;
        let key = Found::named("textbox", "Core token");
        browser.fill(&key, &self.token).await?;
        browser.click(&button("Open")).await?;
        self.sign_in(browser, user).await?;
        app.at("the lobby", |path| path.starts_with("/lobby"))
            .await?;
        Ok(())
    }

    async fn sign_in(&self, browser: &Browser, user: &str) -> Outcome<()> {
        let field = Found::named("textbox", "Session token");
        browser.fill(&field, &format!("demo-{user}")).await?;
        let form = Found::starting("region", "Nobody is signed in on");
        browser.click(&button("Sign in").within(form)).await
    }

    /// Waits for its page in the list of servers to say this.
    async fn is_listed(&self, browser: &Browser, state: &str) -> Outcome<()> {
        let link = Found::having("link", state).within(Found::named("navigation", "Servers"));
        browser
            .wait_until(&format!("{} {state}", self.host()), PATIENCE, || async {
                for found in browser.all(&link).await? {
                    let name = found.attr("aria-label").await?.unwrap_or_default();
                    if name.starts_with(self.host()) {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
            .await
    }
}

#[tokio::test]
async fn a_core_answers_and_its_conversation_is_there_after_a_reload() -> Outcome<()> {
    let setup = Setup::from_env();
    if setup.kind == Kind::Real {
        return not_here("core_chat", "real cores are not tried");
    }
    let core = Core::all(&setup).await?.swap_remove(0);
    journey("core_chat", |browser| async move {
        let app = App::new(&browser, &setup);
        core.add(&app, "chat").await?;
        app.open_room("Assistant").await?;
        app.begin("good morning, core").await?;
        let answer = app.answers(1).await?;
        ensure(answer.contains("good morning"), || {
            format!("answered {answer:?}")
        })?;
        is_accessible(&browser, "a conversation with a core").await?;
        browser
            .wait_until("the answer, stored", PATIENCE, || async {
                Ok(core.calls("openhuman.threads_message_append").await? == 2)
            })
            .await?;
        browser.reload().await?;
        app.ready().await?;
        let again = app.answers(1).await?;
        ensure(again.contains("good morning"), || {
            format!("after the reload {again:?}")
        })?;
        let questions = app.messages("user", "").await?.len();
        ensure(questions == 1, || format!("{questions} questions"))
    })
    .await
}

#[tokio::test]
async fn the_session_of_one_core_ends_and_everything_else_goes_on() -> Outcome<()> {
    let setup = Setup::from_env();
    if setup.kind == Kind::Real {
        return not_here("core_ends", "real cores are not tried");
    }
    let mut cores = Core::all(&setup).await?;
    let (second, first) = (cores.remove(1), cores.remove(0));
    let server = Server::first(&setup, "cores").await?;
    journey("core_ends", |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        second.add(&app, "bo").await?;
        first.add(&app, "ann").await?;

        let rooms =
            Found::starting("list", "Rooms").within(Found::starting("region", first.host()));
        browser
            .click(&Found::starting("link", "Assistant").within(rooms))
            .await?;
        browser.fill(&message_field(), "half a thought").await?;
        browser.click(&Found::named("link", "Integrations")).await?;
        browser
            .find(&Found::named("button", "Connect Gmail"))
            .await?;
        is_accessible(&browser, "the integrations").await?;
        let panel = browser.path().await?;

        first.switch("vanish").await?;
        let expired = Found::named("region", "Session expired");
        browser
            .wait_for("the page that asks for a sign-in", PATIENCE, || async {
                Ok(browser.has(&expired).await?.then_some(()))
            })
            .await?;
        first.is_listed(&browser, "session expired").await?;
        second.is_listed(&browser, "signed in").await?;
        app.is_listed(&server, "signed in").await?;
        let asked = first.calls("openhuman.composio_list_connections").await?;
        let told = reports(&browser).await?;
        ensure(told == 1, || format!("{told} reports of the end"))?;

        browser
            .click(&button("Sign in").within(expired.clone()))
            .await?;
        first.sign_in(&browser, "ann").await?;
        app.at("the panel again", |path| path == panel).await?;
        let query = browser.address().await?;
        ensure(query.ends_with("?panel=integrations"), || {
            format!("back at {query}")
        })?;
        browser
            .find(&Found::named("button", "Connect Gmail"))
            .await?;
        browser
            .wait_until("two more looks", Duration::from_secs(20), || async {
                let now = first.calls("openhuman.composio_list_connections").await?;
                Ok(now >= asked + 2)
            })
            .await?;

        browser.click(&button("New thread")).await?;
        let draft = browser.value(&message_field()).await?;
        ensure(draft == "half a thought", || {
            format!("the draft is {draft:?}")
        })?;
        second.is_listed(&browser, "signed in").await
    })
    .await
}

/// How often the console was told that a session has ended.
async fn reports(browser: &Browser) -> Outcome<usize> {
    let lines = browser.console().await?;
    let ends = lines.iter().filter(|(_, text)| text.contains("Expired {"));
    Ok(ends.count())
}
