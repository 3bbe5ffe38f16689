//! The person at the system's browser: goes where the app sends it, signs in, and comes back.

use std::time::Duration;

use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::{Browser, Failure, Outcome};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use serde_json::json;
use url::Url;

use crate::desk::Desk;

/// A browser without a page: it follows addresses and keeps cookies.
pub struct Person {
    client: Client,
    cookies: Vec<String>,
    /// What the person types when asked for a name.
    pub name: String,
}

impl Person {
    /// A person of that name.
    pub fn new(name: &str) -> Outcome<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self {
            client,
            cookies: Vec::new(),
            name: name.to_owned(),
        })
    }

    /// Waits for the app to open the system's browser, signs in there, and hands over what comes of it.
    pub async fn sign_in(&mut self, desk: &Desk, browser: &Browser) -> Outcome<()> {
        let opened = browser
            .wait_for("the system's browser", 2 * PATIENCE, || async {
                desk.opened()
            })
            .await?;
        let landing = self.follow(&opened).await?;
        self.hand_over(&landing).await
    }

    /// Goes from the server's sign-in through the provider's form to the address that it ends at.
    pub async fn follow(&mut self, opened: &str) -> Outcome<Url> {
        let mut address = parsed(opened)?;
        let back = value(&address, "return_to")
            .ok_or_else(|| Failure::new(format!("no return_to in {opened}")))?;
        for _ in 0..10 {
            let answer = self.get(&address).await?;
            let answer = if answer.status().is_success() {
                self.type_name(&address).await?
            } else {
                answer
            };
            address = target(&answer, &address)?;
            if address.as_str().starts_with(&back) {
                return Ok(address);
            }
        }
        Err(Failure::new("the sign-in leads nowhere"))
    }

    /// Does what the page at the end of a sign-in does: gives its query and fragment to where it came from.
    pub async fn hand_over(&self, landing: &Url) -> Outcome<()> {
        let mut page = landing.clone();
        page.set_fragment(None);
        let shown = self
            .client
            .get(page.clone())
            .send()
            .await?
            .error_for_status()?;
        let text = shown.text().await?;
        ensure(text.contains("page.js"), || {
            "there is no page to hand over from".to_owned()
        })?;
        let part = |mark: char, part: Option<&str>| {
            part.map_or_else(String::new, |part| format!("{mark}{part}"))
        };
        let answer =
            json!({"query": part('?', landing.query()), "fragment": part('#', landing.fragment())});
        page.set_query(None);
        let address = format!("{page}/answer");
        let origin = landing.origin().ascii_serialization();
        let taken = self
            .client
            .post(address)
            .header(ORIGIN, origin)
            .json(&answer)
            .send()
            .await?;
        ensure(taken.status() == 204, || {
            format!("the answer was not taken: {}", taken.status())
        })
    }

    async fn get(&mut self, address: &Url) -> Outcome<Response> {
        let request = self
            .client
            .get(address.clone())
            .header(COOKIE, self.cookies.join("; "));
        let answer = request.send().await?;
        self.keep_cookies(&answer);
        Ok(answer)
    }

    async fn type_name(&mut self, address: &Url) -> Outcome<Response> {
        let mut form: Vec<(String, String)> = address.query_pairs().into_owned().collect();
        form.push(("name".to_owned(), self.name.clone()));
        let mut action = address.clone();
        action.set_query(None);
        let answer = self.client.post(action).form(&form).send().await?;
        self.keep_cookies(&answer);
        Ok(answer)
    }

    fn keep_cookies(&mut self, answer: &Response) {
        let set = answer.headers().get_all(SET_COOKIE).iter();
        let pairs =
            set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned));
        self.cookies.extend(pairs);
    }
}

fn parsed(address: &str) -> Outcome<Url> {
    Url::parse(address).map_err(|error| Failure::new(format!("{address}: {error}")))
}

fn value(address: &Url, name: &str) -> Option<String> {
    let (_, value) = address.query_pairs().find(|(key, _)| key == name)?;
    Some(value.into_owned())
}

fn target(answer: &Response, from: &Url) -> Outcome<Url> {
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok());
    target.ok_or_else(|| {
        Failure::new(format!(
            "{} at {}{}",
            answer.status(),
            from.authority(),
            from.path()
        ))
    })
}
