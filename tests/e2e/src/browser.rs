//! One browser with an empty profile: opening, finding, typing, waiting.

use std::fs;
use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
pub use thirtyfour::WindowHandle as Tab;
use thirtyfour::{Key, WebDriver, WebElement};

use crate::engine::{self, Console};
use crate::failure::{Failure, Outcome};
use crate::found::Found;
use crate::setup::{self, Engine};

const FIND: &str = include_str!("find.js");
const POLL: Duration = Duration::from_millis(100);
/// How long a page may take to show what is expected of it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running browser. Clones drive the same one.
#[derive(Clone)]
pub struct Browser {
    driver: WebDriver,
    /// Which browser it is.
    pub engine: Engine,
    console: Console,
}

impl Browser {
    /// Starts the browser of this run; the driver gives each one an empty profile.
    pub async fn start() -> Outcome<Self> {
        let engine = Engine::from_env();
        let (driver, console) = engine::start(engine).await?;
        Ok(Self {
            driver,
            engine,
            console,
        })
    }

    /// A window of the desktop shell, which its own driver has opened.
    #[must_use]
    pub const fn of_window(driver: WebDriver) -> Self {
        Self {
            driver,
            engine: Engine::WebKit,
            console: Console::Unheard,
        }
    }

    /// Ends the browser.
    pub async fn quit(self) -> Outcome<()> {
        Ok(self.driver.quit().await?)
    }

    /// Loads an address, leaving the page that is open.
    pub async fn open(&self, address: &str) -> Outcome<()> {
        Ok(self.driver.goto(address).await?)
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Outcome<()> {
        Ok(self.driver.refresh().await?)
    }

    /// The browser's Back button.
    pub async fn back(&self) -> Outcome<()> {
        Ok(self.driver.back().await?)
    }

    /// The browser's Forward button.
    pub async fn forward(&self) -> Outcome<()> {
        Ok(self.driver.forward().await?)
    }

    /// Opens an empty tab and goes to it.
    pub async fn new_tab(&self) -> Outcome<Tab> {
        let tab = self.driver.new_tab().await?;
        self.to_tab(&tab).await?;
        Ok(tab)
    }

    /// The tab that is driven.
    pub async fn tab(&self) -> Outcome<Tab> {
        Ok(self.driver.window().await?)
    }

    /// Drives another tab.
    pub async fn to_tab(&self, tab: &Tab) -> Outcome<()> {
        Ok(self.driver.switch_to_window(tab.clone()).await?)
    }

    /// Closes the tab that is driven and goes to another.
    pub async fn close_tab(&self, then: &Tab) -> Outcome<()> {
        self.driver.close_window().await?;
        self.to_tab(then).await
    }

    /// Ends the process of the tab that is driven, as a crash does: no event reaches its page. Goes to another tab.
    pub async fn crash_tab(&self, then: &Tab) -> Outcome<()> {
        if self.engine != Engine::Chromium {
            return Err(Failure::new("this browser's driver lets no page crash"));
        }
        // An error is what a crash looks like from outside.
        let went = self.driver.goto("chrome://crash").await;
        self.to_tab(then).await?;
        match went {
            Err(_) => Ok(()),
            Ok(()) => Err(Failure::new("the tab did not crash")),
        }
    }

    /// Sets the window's size in CSS pixels, for example 320 by 640.
    pub async fn resize(&self, width: u32, height: u32) -> Outcome<()> {
        Ok(self.driver.set_window_rect(0, 0, width, height).await?)
    }

    /// The address bar.
    pub async fn address(&self) -> Outcome<String> {
        Ok(self.driver.current_url().await?.to_string())
    }

    /// Path, query and fragment of the address bar.
    pub async fn path(&self) -> Outcome<String> {
        let address = self.driver.current_url().await?;
        let mut path = address.path().to_owned();
        for (mark, part) in [('?', address.query()), ('#', address.fragment())] {
            if let Some(part) = part {
                path.push(mark);
                path.push_str(part);
            }
        }
        Ok(path)
    }

    /// Sends a command of Chromium's DevTools.
    pub async fn cdp(&self, method: &str, parameters: Value) -> Outcome<Value> {
        Ok(self.driver.cdp().send_raw(method, parameters).await?)
    }

    /// Runs a function body in the page; `return` gives its value.
    pub async fn script(&self, body: &str, arguments: Vec<Value>) -> Outcome<Value> {
        Ok(self.driver.execute(body, arguments).await?.json().clone())
    }

    /// Runs a function body in the page; it gives its value to the last of its arguments, a function.
    pub async fn script_async(&self, body: &str) -> Outcome<Value> {
        Ok(self
            .driver
            .execute_async(body, vec![])
            .await?
            .json()
            .clone())
    }

    /// The page's text as a person sees it.
    pub async fn text(&self) -> Outcome<String> {
        let text = self
            .script(
                "return document.body ? document.body.innerText : ''",
                vec![],
            )
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Forgets all cookies, so that a sign-in provider asks who is there.
    pub async fn forget_cookies(&self) -> Outcome<()> {
        match self.engine {
            Engine::Chromium => {
                let clear = "Network.clearBrowserCookies";
                self.driver.cdp().send_raw(clear, json!({})).await?;
            }
            // The classic command only reaches the cookies for the address that is open.
            Engine::Firefox => {
                let bidi = self.driver.bidi().await?;
                bidi.storage().delete_all_cookies().await?;
            }
            // Here it reaches all of the host's, which provider and app share in these journeys.
            Engine::WebKit => self.driver.delete_all_cookies().await?,
        }
        Ok(())
    }

    /// The elements that fit now, in the order of the page.
    pub async fn all(&self, wanted: &Found) -> Outcome<Vec<WebElement>> {
        let mut chain = vec![wanted];
        while let Some(outer) = chain.last().and_then(|found| found.within.as_deref()) {
            chain.push(outer);
        }
        let mut scopes = vec![Value::Null];
        let mut elements = Vec::new();
        for found in chain.into_iter().rev() {
            elements.clear();
            for scope in &scopes {
                let arguments = vec![
                    json!(found.role),
                    json!(found.name),
                    json!(found.how.word()),
                    scope.clone(),
                ];
                elements.extend(self.driver.execute(FIND, arguments).await?.elements()?);
            }
            scopes = elements
                .iter()
                .map(WebElement::to_json)
                .collect::<Result<_, _>>()?;
        }
        Ok(elements)
    }

    /// Whether such an element is there now.
    pub async fn has(&self, wanted: &Found) -> Outcome<bool> {
        Ok(!self.all(wanted).await?.is_empty())
    }

    /// Waits for the first such element.
    pub async fn find(&self, wanted: &Found) -> Outcome<WebElement> {
        self.wait_for(&wanted.to_string(), PATIENCE, || async {
            Ok(self.all(wanted).await?.into_iter().next())
        })
        .await
    }

    /// Waits for the first such element and clicks it, again while the page is still moving.
    pub async fn click(&self, wanted: &Found) -> Outcome<()> {
        self.wait_for(&format!("a click on {wanted}"), PATIENCE, || async {
            let Some(element) = self.all(wanted).await?.into_iter().next() else {
                return Ok(None);
            };
            if !is_still(&element).await? {
                return Ok(None);
            }
            Ok(element.click().await.ok())
        })
        .await
    }

    /// Replaces the text of a field.
    pub async fn fill(&self, wanted: &Found, text: &str) -> Outcome<()> {
        let field = self.find(wanted).await?;
        field.click().await?;
        // Keys, as a person would: `clear` skips the events that an app listens to.
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(Key::Backspace + "").await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// Types at the caret of whatever has the focus.
    pub async fn type_here(&self, text: &str) -> Outcome<()> {
        Ok(self.driver.action_chain().send_keys(text).perform().await?)
    }

    /// Presses a key while Control is held.
    pub async fn press_with_control(&self, key: char) -> Outcome<()> {
        let held = self.driver.action_chain().key_down(Key::Control);
        let chain = held.send_keys(key).key_up(Key::Control);
        Ok(chain.perform().await?)
    }

    /// The text in a field.
    pub async fn value(&self, wanted: &Found) -> Outcome<String> {
        let field = self.find(wanted).await?;
        Ok(field.prop("value").await?.unwrap_or_default())
    }

    /// Waits until `condition` gives something; `what` is named when it does not in time.
    ///
    /// Errors in between do not count: an element may vanish while it is looked at.
    pub async fn wait_for<T, F>(
        &self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut() -> F,
    ) -> Outcome<T>
    where
        F: Future<Output = Outcome<Option<T>>>,
    {
        let until = Instant::now() + limit;
        loop {
            let last = condition().await;
            if let Ok(Some(value)) = last {
                return Ok(value);
            }
            if Instant::now() > until {
                let why = last
                    .err()
                    .map_or(String::new(), |error| format!(" ({error})"));
                return Err(Failure::new(format!(
                    "{what}: not within {} s{why}",
                    limit.as_secs()
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// As [`wait_for`](Self::wait_for), for a condition that is true or not.
    pub async fn wait_until<F>(
        &self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut() -> F,
    ) -> Outcome<()>
    where
        F: Future<Output = Outcome<bool>>,
    {
        self.wait_for(what, limit, || {
            let holds = condition();
            async move { Ok(holds.await?.then_some(())) }
        })
        .await
    }

    /// Keeps a picture, the text, the address without its query, and the console under `target/e2e/NAME.*`.
    pub async fn keep_evidence(&self, name: &str) {
        let folder = setup::evidence();
        if fs::create_dir_all(&folder).is_err() {
            return;
        }
        let at = |extension: &str| folder.join(format!("{name}.{extension}"));
        // Evidence is the best that can be had: a dead browser gives none.
        if let Ok(picture) = self.driver.screenshot_as_png().await {
            let _ = fs::write(at("png"), picture);
        }
        let place = self.driver.current_url().await;
        // The query may hold a token.
        let place = place.map_or_else(
            |error| error.to_string(),
            |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
        );
        let text = self.text().await.unwrap_or_else(|error| error.to_string());
        let _ = fs::write(at("txt"), format!("{place}\n\n{text}\n"));
        if let Ok(entries) = self.console().await {
            let lines: Vec<String> = entries
                .iter()
                .map(|(level, text)| format!("{level} {}", without_queries(text)))
                .collect();
            let _ = fs::write(at("console.txt"), lines.join("\n") + "\n");
        }
    }

    /// What the page wrote to the console since the last call, as level and text.
    pub async fn console(&self) -> Outcome<Vec<(String, String)>> {
        self.console.take(&self.driver).await
    }
}

/// Whether an element stays where it is: what loads above it would move another one under the click.
pub async fn is_still(element: &WebElement) -> Outcome<bool> {
    let place = element.rect().await?;
    tokio::time::sleep(2 * POLL).await;
    let later = element.rect().await?;
    Ok((place.x, place.y) == (later.x, later.y))
}

/// A console line with its addresses cut before query and fragment, which may hold tokens and codes.
fn without_queries(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.find("://") {
        Some(_) => word.split(['?', '#']).next().unwrap_or_default(),
        None => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_addresses_stay_out_of_the_evidence() {
        assert_eq!(
            without_queries("SEVERE http://a/b#?token=x - really? \"http://c/d?code=y\" #1"),
            "SEVERE http://a/b - really? \"http://c/d #1"
        );
    }
}
