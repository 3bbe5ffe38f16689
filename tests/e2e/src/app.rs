//! The app as a person uses it: the steps that several journeys share.

use std::time::Duration;

use thirtyfour::WebElement;

use crate::browser::{Browser, PATIENCE};
use crate::failure::Outcome;
use crate::found::Found;
use crate::server::Server;
use crate::setup::{Kind, Setup};

/// How long an answer may take.
pub const ANSWER: Duration = Duration::from_secs(240);

/// The app in a browser.
#[derive(Clone)]
pub struct App {
    /// The browser.
    pub browser: Browser,
    /// The app's origin.
    pub origin: String,
    kind: Kind,
}

/// The address field.
pub fn address_field() -> Found {
    Found::named("textbox", "Server address")
}

/// Where a message is written.
pub fn message_field() -> Found {
    Found::named("textbox", "Message")
}

/// A button.
pub fn button(name: &str) -> Found {
    Found::named("button", name)
}

/// The link of a server in the list of servers; its name goes on with its state.
pub fn server_link(server: &Server) -> Found {
    Found::starting("link", &server.name).within(Found::named("navigation", "Servers"))
}

/// The messages of the open thread.
pub fn conversation() -> Found {
    Found::named("log", "Conversation")
}

impl App {
    /// The app of the setup, not opened yet.
    pub fn new(browser: &Browser, setup: &Setup) -> Self {
        Self {
            browser: browser.clone(),
            origin: setup.app.clone(),
            kind: setup.kind,
        }
    }

    /// Loads a path of the app and waits until it takes input.
    pub async fn open(&self, path: &str) -> Outcome<()> {
        self.browser.open(&format!("{}{path}", self.origin)).await?;
        self.ready().await
    }

    /// Waits until the app takes input.
    pub async fn ready(&self) -> Outcome<()> {
        self.browser
            .wait_until("the app, ready for input", 3 * PATIENCE, || async {
                let ready = "return document.documentElement.dataset.ready === 'true'";
                Ok(self.browser.script(ready, vec![]).await? == true)
            })
            .await
    }

    /// Waits until the path fits.
    pub async fn at(&self, what: &str, fits: impl Fn(&str) -> bool) -> Outcome<String> {
        self.browser
            .wait_for(what, 2 * PATIENCE, || async {
                let here = self.browser.address().await?;
                let path = self.browser.path().await?;
                Ok((here.starts_with(&self.origin) && fits(&path)).then_some(path))
            })
            .await
    }

    /// Types an address into the connect page and presses Connect.
    pub async fn connect(&self, address: &str) -> Outcome<()> {
        self.browser.fill(&address_field(), address).await?;
        self.browser.click(&button("Connect")).await
    }

    /// Adds a server with its sign-in and ends in the lobby.
    pub async fn add(&self, server: &Server) -> Outcome<()> {
        self.open("/").await?;
        self.forget_people().await?;
        self.connect(&server.base).await?;
        if server.has_sign_in {
            self.sign_in(server).await?;
        }
        self.at("the lobby", |path| path.starts_with("/lobby"))
            .await?;
        self.ready().await
    }

    /// From a page that leads to the server's sign-in on its own, through it, back into the app.
    pub async fn sign_in(&self, server: &Server) -> Outcome<()> {
        self.leaves().await?;
        server.sign_in(&self.browser, &self.origin).await?;
        self.ready().await
    }

    /// Makes the provider ask who is there; real servers share one, which would let the last person in.
    ///
    /// To be called before the sign-in begins: a sign-in on its way lives in a cookie too.
    pub async fn forget_people(&self) -> Outcome<()> {
        self.browser.forget_cookies().await
    }

    async fn leaves(&self) -> Outcome<()> {
        self.browser
            .wait_until("the page of the sign-in provider", PATIENCE, || async {
                Ok(!self.browser.address().await?.starts_with(&self.origin))
            })
            .await
    }

    /// Opens a room of the lobby by its name.
    pub async fn open_room(&self, room: &str) -> Outcome<()> {
        let link = Found::starting("link", room).within(Found::starting("list", "Rooms"));
        self.browser.click(&link).await?;
        self.at("the room", |path| path.starts_with("/room/"))
            .await?;
        Ok(())
    }

    /// Goes to the lobby by a link of the app.
    pub async fn to_lobby(&self) -> Outcome<()> {
        let script = "const link = [...document.querySelectorAll('a[href]')].find((a) => new URL(a.href).pathname.endsWith('/lobby')); if (!link) return false; link.click(); return true";
        self.browser
            .wait_until("a link to the lobby", PATIENCE, || async {
                Ok(self.browser.script(script, vec![]).await? == true)
            })
            .await?;
        self.at("the lobby", |path| path.starts_with("/lobby"))
            .await?;
        Ok(())
    }

    /// Begins a thread and sends its first message; gives the thread's path.
    pub async fn begin(&self, message: &str) -> Outcome<String> {
        self.browser.click(&button("New thread")).await?;
        self.send(message).await?;
        self.at("the new thread", |path| path.contains("/thread/"))
            .await
    }

    /// Writes a message and sends it.
    pub async fn send(&self, message: &str) -> Outcome<()> {
        self.browser.fill(&message_field(), message).await?;
        self.browser.click(&button("Send")).await
    }

    /// The messages of a role, in a state, in the order of the transcript. An empty word fits all.
    pub async fn messages(&self, role: &str, state: &str) -> Outcome<Vec<WebElement>> {
        let articles = Found::any("article").within(conversation());
        let mut fitting = Vec::new();
        for article in self.browser.all(&articles).await? {
            let fits = |wanted: &str, found: Option<String>| {
                wanted.is_empty() || found.as_deref() == Some(wanted)
            };
            if fits(role, article.attr("data-role").await?)
                && fits(state, article.attr("data-state").await?)
            {
                fitting.push(article);
            }
        }
        Ok(fitting)
    }

    /// Waits for so many finished answers and gives the text of the last.
    pub async fn answers(&self, count: usize) -> Outcome<String> {
        self.browser
            .wait_for(&format!("answer {count}, done"), ANSWER, || async {
                let done = self.messages("assistant", "done").await?;
                match done.last() {
                    Some(last) if done.len() >= count => Ok(Some(last.text().await?)),
                    _ => Ok(None),
                }
            })
            .await
    }

    /// The text of the newest answer, finished or not.
    pub async fn newest_answer(&self) -> Outcome<String> {
        let answers = self.messages("assistant", "").await?;
        match answers.last() {
            Some(last) => Ok(last.text().await?),
            None => Ok(String::new()),
        }
    }

    /// Whether a server is listed with this state.
    pub async fn is_listed(&self, server: &Server, state: &str) -> Outcome<()> {
        let what = format!("{} listed as {state}", server.name);
        let link = Found::having("link", state).within(Found::named("navigation", "Servers"));
        self.browser
            .wait_until(&what, PATIENCE, || async {
                for found in self.browser.all(&link).await? {
                    let text = "return arguments[0].getAttribute('aria-label') || arguments[0].textContent";
                    let name = self.browser.script(text, vec![found.to_json()?]).await?;
                    if name.as_str().is_some_and(|name| name.trim().starts_with(&server.name)) {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
            .await
    }

    /// A room for a short talk on the first server, and one for a long answer on the second.
    pub const fn rooms(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::Demo => ("Echo", "Garden desk"),
            Kind::Real => ("Plain Chat", "Harbour Desk"),
        }
    }
}

/// The headings of a markdown text, outside of code blocks.
pub fn headings(markdown: &str) -> Vec<String> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code && line.starts_with('#') {
            found.push(line.trim_start_matches('#').trim().to_owned());
        }
    }
    found
}

/// Letters and digits only: what a text says, whatever it looks like.
pub fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_in_code_are_none() {
        let text = "# One\ntext # no\n```sh\n# a comment\n```\n## Two *b*\n";
        assert_eq!(headings(text), ["One", "Two *b*"]);
    }

    #[test]
    fn letters_leave_the_look_out() {
        assert_eq!(letters("**Käse** 1,\n2"), "Käse12");
    }
}
