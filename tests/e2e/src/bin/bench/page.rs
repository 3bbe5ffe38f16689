//! The pages that are measured, and what is asked of each in the same way.

use std::time::Duration;

use enfilade_e2e::app::{App, message_field};
use enfilade_e2e::{Browser, Failure, Outcome, Server, Setup};
use serde::Deserialize;
use serde_json::{Value, json};

const PROBE: &str = include_str!("probe.js");
/// The room in which everything happens: its server asks nobody to sign in.
const ROOM: (&str, &str) = ("town-square", "Town square");
const FIELD: &str = "document.querySelector('textarea')";
const READY: Duration = Duration::from_secs(30);
/// Longest wait for a stream to be painted.
const PATIENCE: Duration = Duration::from_secs(100);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The app.
    App,
    /// One text node.
    Text,
    /// The npm package streaming-markdown.
    Markdown,
}

impl Page {
    /// All of them, in an order that changes with the round.
    pub fn all(round: usize) -> [Self; 3] {
        let mut pages = [Self::Markdown, Self::App, Self::Text];
        pages.rotate_left(round % 3);
        pages
    }
}

/// What a stream or a click took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Taken {
    /// Until the text was painted.
    pub took: f64,
    /// The longest time between two frames.
    pub gap: f64,
    /// The longest task, if one was longer than 50 ms.
    pub longest: f64,
}

/// What the main thread did, in milliseconds of its own time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub tasks: f64,
    pub script: f64,
    pub layout: f64,
    pub style: f64,
}

/// A browser with a measured app in it.
pub struct Bench {
    pub browser: Browser,
    pub rounds: usize,
    app: App,
    server: Server,
    room: String,
}

impl Bench {
    /// Adds the server to the app and finds the room.
    pub async fn begin(browser: &Browser, setup: &Setup, rounds: usize) -> Outcome<Self> {
        let source = json!({ "source": PROBE });
        browser
            .cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await?;
        browser
            .cdp("Performance.enable", json!({"timeDomain": "threadTicks"}))
            .await?;
        let server = Server::at(setup, &setup.server1, &setup.user).await?;
        let app = App::new(browser, setup);
        app.add(&server).await?;
        app.open_room(ROOM.1).await?;
        let room = browser.path().await?;
        Ok(Self {
            browser: browser.clone(),
            rounds,
            app,
            server,
            room,
        })
    }

    /// Loads a page anew, with nothing at the server but what is made after this.
    pub async fn fresh(&self, page: Page) -> Outcome<()> {
        self.browser.open("about:blank").await?;
        self.server.switch("reset?data=1").await?;
        self.open(page).await
    }

    /// Loads a page anew and waits for its field.
    pub async fn open(&self, page: Page) -> Outcome<()> {
        let name = match page {
            Page::App => {
                self.app.open(&self.room).await?;
                return self.has_field().await;
            }
            Page::Text => "text",
            Page::Markdown => "markdown",
        };
        let query = format!("server={}&room={}", self.server.base, ROOM.0);
        let address = format!("{}/bench/{name}.html?{query}", self.app.origin);
        self.browser.open(&address).await?;
        self.has_field().await
    }

    async fn has_field(&self) -> Outcome<()> {
        self.browser.find(&message_field()).await?;
        self.quiet().await
    }

    /// Waits until the main thread has had nothing to do for a while; not for ever, as the machine may be busy itself.
    pub async fn quiet(&self) -> Outcome<()> {
        self.evaluate("bench.quiet()").await?;
        Ok(())
    }

    /// Makes a thread of so many messages and gives its id.
    pub async fn seed(&self, messages: usize) -> Outcome<String> {
        let path = format!("seed?room={}&messages={messages}", ROOM.0);
        let made = self.server.ask(&path).await?;
        let id = made["thread_id"].as_str();
        id.map(str::to_owned)
            .ok_or_else(|| Failure::new("a thread was not made"))
    }

    /// Sends a message and waits until an answer with that ending is painted.
    pub async fn send(&self, message: &str, ending: &str) -> Outcome<Taken> {
        self.type_message(message).await?;
        self.evaluate(&format!("bench.arm({}, 'keydown')", json!(ending)))
            .await?;
        self.press("Enter", "\r", 13).await?;
        let taken = self.evaluate("bench.result").await?;
        self.is_done().await?;
        Ok(serde_json::from_value(taken)?)
    }

    /// Begins a send without waiting for its answer.
    pub async fn begin_send(&self, message: &str) -> Outcome<()> {
        self.type_message(message).await?;
        self.press("Enter", "\r", 13).await
    }

    async fn type_message(&self, message: &str) -> Outcome<()> {
        self.focus().await?;
        self.evaluate(&format!("{FIELD}.select()")).await?;
        self.browser
            .cdp("Input.insertText", json!({ "text": message }))
            .await?;
        self.quiet().await
    }

    /// The driver holds every element that it was ever asked for, and with it what that was in: so nothing is asked of it once
    /// measuring has begun.
    async fn focus(&self) -> Outcome<()> {
        self.evaluate(&format!("{FIELD}.focus()")).await?;
        Ok(())
    }

    async fn is_done(&self) -> Outcome<()> {
        let done = "[...document.querySelectorAll('[role=log] article[data-role=assistant]')].at(-1)?.dataset.state === 'done'";
        self.browser
            .wait_until("the end of the answer", READY, || async {
                Ok(self.evaluate(done).await? == true)
            })
            .await
    }

    /// Clicks the link of a thread and waits until its last message is painted.
    pub async fn open_thread(&self, id: &str, ending: &str) -> Outcome<Taken> {
        let link = format!("document.querySelector('a[href*=\"{id}\"]')");
        self.browser
            .wait_until("the link of the thread", READY, || async {
                Ok(self.evaluate(&format!("Boolean({link})")).await? == true)
            })
            .await?;
        self.quiet().await?;
        let script = format!(
            "bench.arm({}, 'click'); {link}.click(); bench.result",
            json!(ending)
        );
        Ok(serde_json::from_value(self.evaluate(&script).await?)?)
    }

    /// Leaves a thread for the page of a new one.
    pub async fn leave_thread(&self) -> Outcome<()> {
        let press = "[...document.querySelectorAll('button')].find((button) => button.textContent.trim() === 'New thread').click()";
        self.evaluate(press).await?;
        let room = self.room.clone();
        self.app.at("the room", |path| path == room).await?;
        self.quiet().await
    }

    /// Presses and releases a key as the keyboard would.
    pub async fn press(&self, key: &str, text: &str, code: u32) -> Outcome<()> {
        let event = |kind: &str| json!({"type": kind, "key": key, "text": text, "unmodifiedText": text, "windowsVirtualKeyCode": code});
        self.browser
            .cdp("Input.dispatchKeyEvent", event("keyDown"))
            .await?;
        self.browser
            .cdp(
                "Input.dispatchKeyEvent",
                json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}),
            )
            .await?;
        Ok(())
    }

    /// Types so many letters, one after another, and gives for each the milliseconds until it was painted, and how many
    /// of them were work.
    pub async fn keys(&self, count: u32) -> Outcome<Vec<(f64, f64)>> {
        self.focus().await?;
        self.evaluate(
            "bench.keys.length = 0; bench.isWatching || bench.watchKeys(); bench.isWatching = true",
        )
        .await?;
        for number in 0..count {
            self.press("a", "a", 65).await?;
            // Uneven, so that the presses meet the frames at every point.
            tokio::time::sleep(Duration::from_millis(u64::from(20 + number * 7 % 33))).await;
        }
        let keys = format!(
            "new Promise((then) => {{ const look = () => bench.keys.length >= {count} ? then(bench.keys) : setTimeout(look, 20); look(); }})"
        );
        let found = self.evaluate(&keys).await?;
        Ok(serde_json::from_value(found)?)
    }

    /// The value of an expression in the page, waited for.
    pub async fn evaluate(&self, expression: &str) -> Outcome<Value> {
        let parameters =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.browser.cdp("Runtime.evaluate", parameters);
        let answer = tokio::time::timeout(PATIENCE, answer)
            .await
            .map_err(|_| Failure::new(format!("no answer of the page to: {expression}")))??;
        if let Some(wrong) = answer.get("exceptionDetails") {
            return Err(Failure::new(format!(
                "a script of the measurement: {wrong}"
            )));
        }
        Ok(answer["result"]["value"].clone())
    }

    /// What the main thread has done since the browser was started.
    pub async fn work(&self) -> Outcome<Work> {
        let answer = self
            .browser
            .cdp("Performance.getMetrics", json!({}))
            .await?;
        let metric = |name: &str| {
            let metrics = answer["metrics"].as_array().into_iter().flatten();
            let found = metrics.filter(|metric| metric["name"] == name);
            found
                .filter_map(|metric| metric["value"].as_f64())
                .sum::<f64>()
                * 1e3
        };
        Ok(Work {
            tasks: metric("TaskDuration"),
            script: metric("ScriptDuration"),
            layout: metric("LayoutDuration"),
            style: metric("RecalcStyleDuration"),
        })
    }
}
