//! Where the tokens of a sign-in have left traces in the browser or at the servers.

use serde_json::Value;

use crate::browser::Browser;
use crate::failure::{Failure, Outcome, ensure};
use crate::server::{Server, texts};

const READ: &str = include_str!("traces.js");
const STORE: &str = "local storage: enfilade/session/";

/// The parts by which a token is known: whole ones, and those that a shortened or taken apart one still has.
///
/// The header of a signed token is the same in all of them and proves nothing.
pub fn needles(tokens: &[String]) -> Vec<String> {
    let mut needles: Vec<String> = Vec::new();
    for token in tokens {
        let parts: Vec<&str> = token.split('.').collect();
        let own = match parts[..] {
            [_, payload, signature] => vec![payload, signature],
            [_, secret] => vec![secret],
            _ => vec![token.as_str()],
        };
        needles.extend(own.into_iter().map(str::to_owned));
    }
    needles
}

/// The places that hold a token, by name only: what is printed must not hold one either.
pub async fn places(browser: &Browser, server: &Server) -> Outcome<Vec<String>> {
    let needles = needles(&server.issued_tokens().await?);
    ensure(!needles.is_empty(), || {
        "the demo has issued no token: there is nothing to look for".to_owned()
    })?;
    let mut searched = Vec::new();
    let read = browser.script_async(READ).await?;
    for pair in read.as_array().into_iter().flatten() {
        let text = |index: usize| pair[index].as_str().unwrap_or_default().to_owned();
        searched.push((text(0), text(1)));
    }
    if let Some((_, error)) = searched.iter().find(|(place, _)| place == "error") {
        return Err(Failure::new(format!("the page cannot be read: {error}")));
    }
    for (_, line) in browser.console().await? {
        searched.push(("the console".to_owned(), line));
    }
    for referrer in texts(&server.get("/test/referrers", None).await?) {
        searched.push(("a referrer".to_owned(), referrer));
    }
    let mut places: Vec<String> = searched
        .into_iter()
        .filter(|(_, text)| needles.iter().any(|needle| text.contains(needle)))
        .map(|(place, _)| place)
        .collect();
    places.dedup();
    Ok(places)
}

/// Whether a place is the record of a session.
pub fn is_store(place: &str) -> bool {
    place.starts_with(STORE)
}

/// The keys and values of the page's local storage that hold this text; empty where it is nowhere.
pub async fn stored_with(browser: &Browser, text: &str) -> Outcome<Value> {
    let script = "return Object.entries({ ...localStorage, ...sessionStorage }).filter((pair) => pair.join().includes(arguments[0])).map(([key]) => key)";
    browser.script(script, vec![text.into()]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_own_parts() {
        let tokens = ["head.payload.sign", "id.secret", "opaque"].map(str::to_owned);
        assert_eq!(needles(&tokens), ["payload", "sign", "secret", "opaque"]);
    }
}
