//! What somebody has typed survives the death of its page at any moment.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Instant;

use enfilade_e2e::app::{App, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::dice::Dice;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::{WAKE, asks_for_sign_in, start_sign_in};
use enfilade_e2e::traces::stored_with;
use enfilade_e2e::{Browser, Engine, Found, Kind, Outcome, Server, Setup, journey};
use serde_json::{Value, json};

const ROUNDS: usize = 50;
/// In the browsers after the first, where a round shows little that is new.
const ROUNDS_ELSEWHERE: usize = 12;

/// When the page dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Within 300 ms of the last letter.
    JustTyped,
    /// Later than that: the draft is stored.
    Stored,
    /// While the app finds out that the session has ended.
    Expiring,
    /// On the page that asks for a sign-in.
    Asking,
    /// On the page of the sign-in provider.
    Provider,
    /// On the way back from there.
    Callback,
}

/// How the page dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// Its tab is closed.
    Closed,
    /// Another address is opened in its place.
    Left,
    /// It is loaded again.
    Reloaded,
    /// Its process ends, and no event tells it.
    Crashed,
}

const STEPS: [Step; 6] = [
    Step::JustTyped,
    Step::Stored,
    Step::Expiring,
    Step::Asking,
    Step::Provider,
    Step::Callback,
];
const WORDS: [&str; 16] = [
    "hello",
    "naïve",
    "straße",
    "漢字かな",
    "한국어",
    "שלום עולם",
    "مرحبا بالعالم",
    "🦀",
    "👩‍👩‍👧‍👦",
    "e\u{301}te\u{301}",
    "\u{202e}right to left\u{202c}",
    "<b>&amp;</b>",
    "{\"a\": [1, \"\\n\"]}",
    "100 %",
    "`code`",
    "\u{200b}zero\u{2060}width",
];
const GAPS: [&str; 4] = [" ", "\n", "\n\n", "\t"];

fn some_text(dice: &mut Dice, number: usize) -> String {
    let mut text = format!("Round {number}");
    for _ in 0..=dice.roll(12) {
        text.push_str(dice.pick::<&str>(&GAPS));
        text.push_str(dice.pick::<&str>(&WORDS));
    }
    text
}

/// Puts a text into the field as an input method does, all at once: in place of what is there, or behind it.
const TYPE: &str = r"
const [text, anew] = arguments;
const field = document.querySelector('textarea');
field.focus();
if (anew) field.select(); else field.setSelectionRange(field.value.length, field.value.length);
return document.execCommand('insertText', false, text);
";

async fn types(browser: &Browser, text: &str, anew: bool) -> Outcome<()> {
    browser.find(&message_field()).await?;
    let typed = browser.script(TYPE, vec![json!(text), json!(anew)]).await?;
    ensure(typed == true, || "the field takes no text".to_owned())
}

async fn is_stored(browser: &Browser, text: &str) -> Outcome<()> {
    // As it stands in a JSON record inside of the storage.
    let quoted = serde_json::to_string(text)?;
    let inner = quoted.trim_matches('"');
    browser
        .wait_until("the stored draft", PATIENCE, || async {
            let keys = stored_with(browser, inner).await?;
            Ok(keys.as_array().is_some_and(|keys| !keys.is_empty()))
        })
        .await
}

struct Round<'a> {
    app: &'a App,
    server: &'a Server,
    thread: &'a str,
    /// A tab that no round touches.
    anchor: &'a enfilade_e2e::browser::Tab,
}

impl Round<'_> {
    /// Up to the moment at which the page is to die.
    async fn up_to(&self, step: Step) -> Outcome<()> {
        let browser = &self.app.browser;
        match step {
            Step::JustTyped | Step::Stored => {}
            Step::Expiring => {
                self.server.expire().await?;
                browser.script(WAKE, vec![]).await?;
            }
            Step::Asking | Step::Provider | Step::Callback => {
                self.server.expire().await?;
                asks_for_sign_in(self.app, self.server, self.thread).await?;
            }
        }
        if matches!(step, Step::Provider | Step::Callback) {
            start_sign_in(self.app, self.server).await?;
            browser
                .wait_until("the page of the provider", PATIENCE, || async {
                    let away = !browser.address().await?.starts_with(&self.app.origin);
                    Ok(away && browser.has(&Found::any("textbox")).await?)
                })
                .await?;
        }
        if step == Step::Callback {
            self.server.answer_page(browser).await?;
        }
        Ok(())
    }

    async fn dies(&self, death: Death) -> Outcome<()> {
        let browser = &self.app.browser;
        match death {
            Death::Left => browser.open("about:blank").await,
            Death::Reloaded => browser.reload().await,
            Death::Closed => {
                browser.close_tab(self.anchor).await?;
                browser.new_tab().await.map(|_| ())
            }
            Death::Crashed => {
                browser.crash_tab(self.anchor).await?;
                browser.new_tab().await.map(|_| ())
            }
        }
    }

    /// Back at the thread, through a sign-in if one is asked for, to the text in its place.
    async fn comes_back(&self) -> Outcome<String> {
        let (app, browser) = (self.app, &self.app.browser);
        app.open(self.thread).await?;
        let is_back = || async {
            if browser.path().await? == self.thread {
                return Ok(browser.has(&message_field()).await?.then_some(true));
            }
            Ok(browser.path().await?.contains("returnTo=").then_some(false))
        };
        // The session may end under the eyes of the page that has just come back.
        for _ in 0..3 {
            let back = browser
                .wait_for("the thread or the sign-in", 2 * PATIENCE, is_back)
                .await?;
            if !back {
                start_sign_in(app, self.server).await?;
                // The provider may still know the person, and let them through without a page of its own.
                browser
                    .wait_until("the thread that was left", 3 * PATIENCE, || async {
                        let is_here = browser.address().await?.starts_with(&app.origin);
                        if !is_here {
                            self.server.answer_page(browser).await?;
                        }
                        Ok(is_here && browser.path().await? == self.thread)
                    })
                    .await?;
            }
        }
        browser.value(&message_field()).await
    }
}

#[tokio::test]
async fn no_draft_is_lost_in_fifty_deaths_of_its_page() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "fifty_drafts";
    if setup.kind == Kind::Real {
        return not_here(
            name,
            "it ends a session some thirty times, which takes the demo's switches",
        );
    }
    let server = Server::first(&setup, "drafts").await?;
    server.switch("reset").await?;
    // The app learns of an end when it renews a token, soon: it looks by itself once a minute only.
    server.token_lifetime(6).await?;
    let switched = server.clone();
    let mut dice = Dice::from_env(name);
    let outcome = journey(name, |browser| async move {
        let app = App::new(&browser, &setup);
        app.add(&server).await?;
        app.open_room(app.rooms().0).await?;
        let thread = app.begin("echo the beginning").await?;
        app.answers(1).await?;
        let anchor = browser.tab().await?;
        browser.open("about:blank").await?;
        browser.new_tab().await?;
        app.open(&thread).await?;
        let round = Round {
            app: &app,
            server: &server,
            thread: &thread,
            anchor: &anchor,
        };
        let rounds = if browser.engine == Engine::Chromium { ROUNDS } else { ROUNDS_ELSEWHERE };
        let mut deaths = vec![Death::Closed, Death::Left, Death::Reloaded];
        if browser.engine == Engine::Chromium {
            // The others' drivers refuse the address that ends a page's process.
            deaths.push(Death::Crashed);
        }
        let mut before = String::new();
        let (mut cut, mut counts) = (0, Value::Object(serde_json::Map::new()));
        let mut deck = Vec::new();
        for number in 0..rounds {
            // Every pair comes up before one comes up again.
            if deck.is_empty() {
                deck.extend(STEPS.iter().flat_map(|&step| deaths.iter().map(move |&death| (step, death))));
            }
            let (step, death) = deck.swap_remove(dice.roll(deck.len()));
            let (first, rest) = (some_text(&mut dice, number), some_text(&mut dice, number));
            let what = format!("round {number}, {step:?} and {death:?}");
            types(&browser, &first, true).await?;
            is_stored(&browser, &first).await?;
            types(&browser, &rest, false).await?;
            let typed = Instant::now();
            let text = format!("{first}{rest}");
            if step == Step::Stored {
                is_stored(&browser, &text).await?;
            }
            round.up_to(step).await?;
            round.dies(death).await?;
            let is_young = typed.elapsed().as_millis() < 600;
            let found = round.comes_back().await?;
            let key = format!("{step:?} {death:?}");
            counts[&key] = json!(counts[&key].as_u64().unwrap_or(0) + 1);
            // A draft is stored 300 ms after the last letter, or when the page learns that it is being left or that its
            // session ends. A crash tells it nothing: then the letters of the last moment may be missing, no others.
            let may_be_cut = death == Death::Crashed && is_young && step != Step::Stored;
            if may_be_cut && found == first {
                cut += 1;
            } else {
                ensure(found == text, || {
                    format!("{what}: {found:?} instead of {text:?}; before it {before:?}")
                })?;
            }
            before = text;
        }
        println!("{name}: {cut} of {rounds} lost what was typed in the last moment before a crash; {counts}");
        Ok(())
    })
    .await;
    switched.switch("reset").await?;
    outcome
}
