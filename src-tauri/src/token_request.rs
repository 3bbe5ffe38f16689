//! Requests for tokens that the page cannot make itself: a provider that does not know its origin refuses them.
//!
//! Only refreshing and the exchange of a code go this way, so that it opens nothing else to the page.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::tls::{RootCerts, TlsConfig};
use url::{Host, Url};

use crate::failure::{Failure, Outcome};

const LIMIT: Duration = Duration::from_secs(30);
const LONGEST_ANSWER: u64 = 256 * 1024;
const GRANTS: [&str; 2] = ["refresh_token", "authorization_code"];

/// What is sent. It has no `Debug` that would show it.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Form(BTreeMap<String, String>);

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Form(…)")
    }
}

/// What the provider answered, whatever its status.
#[derive(Serialize)]
pub struct Answered {
    status: u16,
    body: String,
    retry_after: Option<String>,
}

impl fmt::Debug for Answered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Answered({})", self.status)
    }
}

/// Sends the form to a token endpoint and waits for its answer; not on the main thread.
pub fn send(endpoint: &str, form: &Form) -> Outcome<Answered> {
    let endpoint = checked(endpoint)?;
    check_grant(form)?;
    // Whom the system trusts, so that a company's own authority is trusted as in its browsers.
    let trust = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let agent: Agent = Agent::config_builder()
        .tls_config(trust)
        .timeout_global(Some(LIMIT))
        // A redirect would carry the token to somewhere else.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("enfilade-desktop/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let pairs = form
        .0
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let mut answer = agent
        .post(endpoint.as_str())
        .header("accept", "application/json")
        .send_form(pairs)
        .map_err(|error| cannot(&error))?;
    let retry_after = text(answer.headers(), "retry-after");
    let body = answer
        .body_mut()
        .with_config()
        .limit(LONGEST_ANSWER)
        .read_to_string();
    Ok(Answered {
        status: answer.status().as_u16(),
        body: body.map_err(|error| cannot(&error))?,
        retry_after,
    })
}

/// Errors of the connection name addresses at the most, never what was sent.
fn cannot(error: &ureq::Error) -> Failure {
    Failure::failed(format!("the token endpoint was not reached: {error}"))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// An endpoint that tokens may be sent to: `https`, or this machine.
fn checked(endpoint: &str) -> Outcome<Url> {
    let url = Url::parse(endpoint).map_err(|_| Failure::failed("this is no address"))?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    let is_plain = url.username().is_empty() && url.password().is_none();
    if is_safe && is_plain {
        Ok(url)
    } else {
        Err(Failure::failed(
            "tokens are only sent over https, or to this computer",
        ))
    }
}

fn check_grant(form: &Form) -> Outcome<()> {
    let grant = form.0.get("grant_type");
    if grant.is_some_and(|grant| GRANTS.contains(&grant.as_str())) {
        Ok(())
    } else {
        Err(Failure::failed(
            "only a refresh and the exchange of a code go this way",
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;

    fn form(grant: &str) -> Form {
        let pairs = [
            ("grant_type", grant),
            ("refresh_token", "rt-secret/+"),
            ("client_id", "web"),
        ];
        Form(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
    }

    /// Answers one request; gives what was asked.
    fn provider(answer: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}/token", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut part = [0; 4096];
            while !String::from_utf8_lossy(&asked).contains("rt-secret") {
                let count = stream.read(&mut part).unwrap();
                asked.extend_from_slice(part.get(..count).unwrap());
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        });
        (address, served)
    }

    #[test]
    fn a_form_is_sent_and_the_answer_given_back_whatever_its_status() {
        let (endpoint, served) = provider(
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        );
        let answer = send(&endpoint, &form("refresh_token")).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (429, "{}"));
        assert_eq!(answer.retry_after.as_deref(), Some("7"));
        let asked = served.join().unwrap().to_lowercase();
        assert!(asked.starts_with("post /token http/1.1"), "{asked}");
        assert!(
            asked.contains("content-type: application/x-www-form-urlencoded"),
            "{asked}"
        );
        assert!(asked.contains("refresh_token=rt-secret%2f%2b"), "{asked}");
        assert!(!asked.contains("\norigin:"), "{asked}");
    }

    #[test]
    fn a_redirect_is_an_answer_and_not_followed() {
        let (endpoint, served) = provider(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
        assert_eq!(
            send(&endpoint, &form("authorization_code")).unwrap().status,
            307
        );
        served.join().unwrap();
    }

    #[test]
    fn nothing_is_sent_in_the_clear_and_nothing_but_for_tokens() {
        for endpoint in [
            "http://a.example/token",
            "ftp://127.0.0.1/",
            "https://u:p@a.example/",
            "x",
        ] {
            assert!(
                send(endpoint, &form("refresh_token")).is_err(),
                "{endpoint}"
            );
        }
        for grant in ["password", "client_credentials", ""] {
            assert!(
                send("http://127.0.0.1:1/", &form(grant)).is_err(),
                "{grant}"
            );
        }
        assert!(checked("https://a.example/token").is_ok());
        assert!(checked("http://[::1]:80/token").is_ok());
    }

    #[test]
    fn neither_errors_nor_debug_texts_hold_what_was_sent() {
        let failure = send("http://127.0.0.1:1/token", &form("refresh_token")).unwrap_err();
        assert!(!format!("{failure:?} {:?}", form("refresh_token")).contains("rt-secret"));
    }
}
