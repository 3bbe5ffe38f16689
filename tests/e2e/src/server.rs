//! A server of the journey and its sign-in pages: the demo's, or a real one's.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::browser::{Browser, PATIENCE};
use crate::failure::{Outcome, ensure};
use crate::found::Found;
use crate::setup::{Kind, Setup};

/// One server and the person who uses it.
#[derive(Clone)]
pub struct Server {
    /// Its address.
    pub base: String,
    /// Who signs in.
    pub user: String,
    /// What it calls itself.
    pub name: String,
    /// Whether it asks who is there.
    pub has_sign_in: bool,
    kind: Kind,
    idp: String,
    client: Client,
}

impl Server {
    /// Asks the server for its name and way of signing in.
    pub async fn at(setup: &Setup, base: &str, user: &str) -> Outcome<Self> {
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()?;
        let mut server = Self {
            base: base.to_owned(),
            user: user.to_owned(),
            name: base.split("//").nth(1).unwrap_or(base).to_owned(),
            has_sign_in: false,
            kind: setup.kind,
            idp: setup.idp.clone(),
            client,
        };
        let providers = server.get("/api/login", None).await?;
        server.has_sign_in = providers.as_object().is_some_and(|map| !map.is_empty());
        let identity = server.get("/api/v1/installation/identity", None).await;
        if let Ok(identity) = identity
            && let Some(name) = identity["name"].as_str()
        {
            server.name = name.to_owned();
        }
        Ok(server)
    }

    /// The setup's first server, with a person of this journey's own where names cost nothing.
    pub async fn first(setup: &Setup, journey: &str) -> Outcome<Self> {
        let user = match setup.kind {
            Kind::Demo => format!("{} {journey}", setup.user),
            Kind::Real => setup.user.clone(),
        };
        Self::at(setup, &setup.server1, &user).await
    }

    /// A GET of its API.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Outcome<Value> {
        let mut request = self.client.get(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let text = request.send().await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// A POST of an empty object to its API.
    pub async fn create(&self, path: &str, token: &str) -> Outcome<()> {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.bearer_auth(token).json(&serde_json::json!({}));
        request.send().await?.error_for_status()?;
        Ok(())
    }

    async fn post(&self, address: &str) -> Outcome<()> {
        let request = self.client.request(Method::POST, address);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Turns a fault switch of the demo, for example `delivery?mode=query`.
    pub async fn switch(&self, switch: &str) -> Outcome<()> {
        self.post(&format!("{}/test/{switch}", self.base)).await
    }

    /// Asks a switch of the demo that answers with something, for example `seed?room=echo&messages=10`.
    pub async fn ask(&self, switch: &str) -> Outcome<Value> {
        let request = self.client.post(format!("{}/test/{switch}", self.base));
        let text = request.send().await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Gives new access tokens a life of so many seconds; real servers have theirs from `ACCESS_TTL`.
    pub async fn token_lifetime(&self, seconds: u32) -> Outcome<()> {
        match self.kind {
            Kind::Demo => {
                self.switch(&format!("token-lifetime?seconds={seconds}"))
                    .await
            }
            Kind::Real => Ok(()),
        }
    }

    /// Ends the user's session: no access token is taken any more and none can be fetched. The browser is not told.
    ///
    /// A real server takes an access token until it expires by itself, so it needs a short `ACCESS_TTL`.
    pub async fn expire(&self) -> Outcome<()> {
        match self.kind {
            Kind::Demo => {
                let user = percent_encoded(&self.user);
                self.switch(&format!("revoke?user={user}&session=1"))
                    .await?;
                self.switch(&format!("expire?user={user}")).await
            }
            Kind::Real => {
                let user = percent_encoded(&self.user);
                self.post(&format!("{}/test/revoke?user={user}", self.idp))
                    .await
            }
        }
    }

    /// How long after [`expire`](Self::expire) the app may still be let in.
    pub const fn grace(&self) -> Duration {
        match self.kind {
            Kind::Demo => Duration::from_secs(60),
            Kind::Real => Duration::from_secs(150),
        }
    }

    /// Walks the pages of server and provider until the browser is back at `app`.
    pub async fn sign_in(&self, browser: &Browser, app: &str) -> Outcome<()> {
        let what = format!("the sign-in of {} at {}", self.user, self.name);
        browser
            .wait_until(&what, 3 * PATIENCE, || async {
                if browser.address().await?.starts_with(&format!("{app}/")) {
                    return browser.has(&Found::any("main")).await;
                }
                self.answer_page(browser).await?;
                Ok(false)
            })
            .await
    }

    /// Fills the page of the server or provider that is open and sends it.
    pub async fn answer_page(&self, browser: &Browser) -> Outcome<()> {
        let arguments = vec![Value::from(self.user.as_str())];
        let filled = browser.script(ANSWER, arguments).await?;
        ensure(filled != Value::Bool(false), || {
            "a page without a form".to_owned()
        })
    }

    /// The token the app sends to this server, read from a request that it makes.
    pub async fn token_in(&self, browser: &Browser) -> Outcome<Option<String>> {
        if !self.has_sign_in {
            return Ok(None);
        }
        let token = browser
            .wait_for("a request with a token", 4 * PATIENCE, || async {
                let sent = browser
                    .script(SENT, vec![self.base.as_str().into()])
                    .await?;
                Ok(sent.as_str().map(str::to_owned))
            })
            .await?;
        Ok(Some(token))
    }

    /// How many requests the demo's provider got for that grant, such as `refresh_token`, since the last reset.
    pub async fn token_requests(&self, grant: &str) -> Outcome<u64> {
        let stats = self.get("/test/stats", None).await?;
        Ok(stats["token_requests"][grant].as_u64().unwrap_or(0))
    }

    /// Every token that the demo has issued since the last reset.
    pub async fn issued_tokens(&self) -> Outcome<Vec<String>> {
        let tokens = self.get("/test/tokens", None).await?;
        Ok(texts(&tokens))
    }

    /// The assistant's text of the newest run of a thread, as the server stored it, once it is finished.
    pub async fn stored_answer(
        &self,
        token: Option<&str>,
        room: &str,
        thread: &str,
    ) -> Outcome<Option<String>> {
        let path = format!("/api/v1/rooms/{room}/agui/{thread}");
        let thread = self.get(&path, token).await?;
        let runs = thread["runs"].as_object();
        let newest = runs
            .into_iter()
            .flatten()
            .max_by_key(|(_, run)| run["created"].as_str().unwrap_or_default().to_owned());
        let Some((id, _)) = newest else {
            return Ok(None);
        };
        let run = self.get(&format!("{path}/{id}"), token).await?;
        if run["finished"].is_null() {
            return Ok(None);
        }
        let events = run["events"].as_array().cloned().unwrap_or_default();
        let text = events
            .iter()
            .filter(|event| event["type"] == "TEXT_MESSAGE_CONTENT")
            .filter_map(|event| event["delta"].as_str());
        Ok(Some(text.collect()))
    }
}

/// Fills the first form of a sign-in page and sends it: a name, any password, or just its button.
const ANSWER: &str = r"
const form = document.querySelector('form');
if (!form) return false;
if (form.dataset.sent) return true;
for (const field of form.querySelectorAll('input')) {
  if (field.type === 'password') field.value = 'x';
  else if (field.type === 'text') field.value = arguments[0];
}
form.dataset.sent = '1';
const button = form.querySelector('button[value=continue]') || form.querySelector('button, input[type=submit]');
button.click();
return true;
";

/// Listens to the requests of the page from now on, makes the app send some, and gives the token of one to the server.
const SENT: &str = r"
if (!window.sentTokens) {
  const sent = window.sentTokens = {};
  const original = window.fetch;
  window.fetch = function (request, ...rest) {
    const token = request instanceof Request && request.headers.get('authorization');
    if (token) sent[request.url] = token.replace(/^Bearer /, '');
    return original.call(window, request, ...rest);
  };
}
window.dispatchEvent(new Event('online'));
const url = Object.keys(window.sentTokens).find((url) => url.startsWith(arguments[0] + '/'));
return url ? window.sentTokens[url] : null;
";

/// The texts in a JSON list.
pub fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_for_an_address() {
        assert_eq!(percent_encoded("Robin Ä&b"), "Robin%20%C3%84%26b");
    }
}
